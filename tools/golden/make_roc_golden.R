# Writes tests/unit/data/stats/roc_data.csv (random cases) and roc_golden.csv (what pROC and Hmisc say about them).
#   Rscript tools/golden/make_roc_golden.R tests/unit/data/stats
# Made with R 4.2.2, pROC 1.18.0, Hmisc 4.8-0. Columns of the second: quantity, arguments, value.
suppressMessages({ library(pROC); library(Hmisc) })
dir <- commandArgs(TRUE)[1]
set.seed(5)
n <- 150
y <- rbinom(n, 1, 0.4)
d <- data.frame(y = y, smooth = round(rnorm(n, y * 0.9), 6), coarse = round(rnorm(n, y * 1.1) * 2), weak = round(rnorm(n, y * 0.2), 6),
                group = sample(0:2, n, TRUE))
d$old <- round(plogis(-0.5 + 0.8 * d$smooth), 6)
d$new <- round(plogis(-0.8 + 0.9 * d$smooth + 0.25 * d$coarse), 6)
write.csv(d, file.path(dir, "roc_data.csv"), row.names = FALSE, quote = FALSE)
con <- file(file.path(dir, "roc_golden.csv"), "w")
out <- function(what, arg, v) writeLines(paste(what, arg, ifelse(is.infinite(v), ifelse(v > 0, "inf", "-inf"), sprintf("%.17g", v)), sep = ","), con)
writeLines("quantity,argument,value", con)
R <- function(s, sub = TRUE) roc(d$y[sub], d[[s]][sub], direction = "<", levels = 0:1, quiet = TRUE)
scores <- c("smooth", "coarse", "weak")
for (s in scores) {
  r <- R(s)
  out("auc", s, as.numeric(auc(r))); out("var", s, var(r))
  out("lo", s, ci.auc(r)[1]); out("hi", s, ci.auc(r)[3]); out("hi99", s, ci.auc(r, conf.level = 0.99)[3])
  for (a in list(c(1, 0.8), c(0.9, 0.35), c(0.6, 0.15))) for (f in c("specificity", "sensitivity")) for (k in c(FALSE, TRUE)) {
    v <- suppressWarnings(as.numeric(auc(r, partial.auc = a, partial.auc.focus = f, partial.auc.correct = k)))
    out("pauc", sprintf("%s %s %g %g %d", s, f, a[2], a[1], k), v)
  }
  out("thresholds", s, length(r$thresholds))
  for (i in unique(round(seq(1, length(r$thresholds), length.out = 9)))) {
    out("threshold", paste(s, i - 1), r$thresholds[i]); out("sens", paste(s, i - 1), r$sensitivities[i]); out("spec", paste(s, i - 1), r$specificities[i])
  }
  for (m in c("youden", "closest.topleft")) for (w in list(c(1, 0.5), c(3, 0.2), c(0.5, 0.3))) {
    b <- coords(r, "best", best.method = m, best.weights = w, ret = c("threshold", "sens", "spec"), transpose = FALSE)
    b <- b[which.max(b$specificity), ]
    out("cut", sprintf("%s %s %g %g", s, m, w[1], w[2]), b$threshold)
    out("cut_spec", sprintf("%s %s %g %g", s, m, w[1], w[2]), b$specificity)
  }
  for (p in c(0, 0.111, 0.5, 0.77, 0.9, 0.987, 1)) out("sens_at", paste(s, p), max(coords(r, p, input = "specificity", ret = "sens", transpose = FALSE)))
}
for (p in list(c("smooth", "coarse"), c("smooth", "weak"), c("weak", "coarse"))) {
  a <- R(p[1]); b <- R(p[2]); t <- roc.test(a, b, method = "delong", paired = TRUE)
  out("cov", paste(p, collapse = " "), cov(a, b))
  out("paired_z", paste(p, collapse = " "), t$statistic); out("paired_p", paste(p, collapse = " "), t$p.value)
  out("paired_lo", paste(p, collapse = " "), t$conf.int[1]); out("paired_hi", paste(p, collapse = " "), t$conf.int[2])
  g <- d$group == 0; t <- roc.test(R(p[1], g), R(p[2], !g), method = "delong", paired = FALSE)
  out("unpaired_t", paste(p, collapse = " "), t$statistic); out("unpaired_df", paste(p, collapse = " "), t$parameter); out("unpaired_p", paste(p, collapse = " "), t$p.value)
}
i <- improveProb(d$old, d$new, d$y)
for (k in c("nri", "se.nri", "nri.ev", "se.nri.ev", "nri.ne", "se.nri.ne", "idi", "se.idi", "improveSens", "improveSpec")) out("continuous", k, i[[k]])
cut <- c(0.3, 0.6); o <- findInterval(d$old, cut); w <- findInterval(d$new, cut)
i <- improveProb(o / 2, w / 2, d$y)
for (k in c("nri", "se.nri", "nri.ev", "se.nri.ev", "nri.ne", "se.nri.ne")) out("categorical", k, i[[k]])
close(con)
