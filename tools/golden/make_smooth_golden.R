# Golden data of tests/unit/check_smooth.c: R's lowess and loess on small made-up samples.
#   Rscript tools/golden/make_smooth_golden.R tests/unit/data
# Made with R 4.2.2. The samples come from a linear congruential generator, so that any R makes the same ones.
out <- commandArgs(TRUE)[1]
state <- 20250901
lcg <- function(n) vapply(seq_len(n), function(i) { state <<- (state * 1103515245 %% 2^31 + 12345) %% 2^31; state / 2^31 }, 0)
rounded <- function(v) sprintf("%.17g", v)

samples <- list(
  plain = list(x = round(lcg(113), 3)),                          # a reader's usual case
  graded = list(x = floor(lcg(60) * 7) / 6), # seven distinct values: ties everywhere
  few = list(x = round(lcg(9), 2)),
  clumps = list(x = c(round(lcg(90) * 0.05, 4), 0.4 + lcg(20) * 0.1, rep(0.9, 40))),
  large = list(x = 1e4 + round(lcg(40) * 1e3))                   # far from zero
)
for (k in names(samples)) {
  x <- samples[[k]]$x
  t <- (x - min(x)) / diff(range(x))
  samples[[k]]$y <- if (k == "large") round(sin(6 * t) + lcg(length(x)), 4) else as.numeric(lcg(length(x)) < t^1.5)
}

rows <- NULL
stats <- NULL
for (k in names(samples)) {
  x <- samples[[k]]$x
  y <- samples[[k]]$y
  o <- order(x)
  d <- data.frame(sample = k, x = x, y = y)
  for (s in list(c(2/3, 0, -1), c(2/3, 3, -1), c(0.4, 2, 0))) {
    delta <- if (s[3] < 0) 0.01 * diff(range(x)) else s[3]
    l <- lowess(x, y, f = s[1], iter = s[2], delta = delta)
    d[[sprintf("lowess_%.2f_%d_%g", s[1], s[2], s[3])]][o] <- l$y
  }
  for (surface in c("interpolate", "direct"))
    for (s in list(c(2, 0.75), c(1, 0.75), c(0, 0.9), c(2, 1.5), c(1, 0.4))) {
      name <- sprintf("%s_%d_%.2f", surface, s[1], s[2])
      fit <- suppressWarnings(try(loess(y ~ x, degree = s[1], span = s[2],
                                        control = loess.control(surface = surface, statistics = "exact")), silent = TRUE))
      if (inherits(fit, "try-error")) {
        d[[name]] <- NA
        d[[paste0("se_", name)]] <- NA
        stats <- rbind(stats, data.frame(sample = k, fit = name, trace = NA, delta1 = NA, delta2 = NA, s = NA, vertices = NA, self_error = NA))
        next
      }
      # Among ties R's operator can contradict its own fit by rounding (weights of 1e-46 at a neighbourhood's rim): then its
      # statistics are no reference, and the test counts that row as one.
      L <- suppressWarnings(sapply(seq_along(x), function(j) {
        e <- as.numeric(seq_along(x) == j)
        fitted(loess(e ~ x, degree = s[1], span = s[2], control = loess.control(surface = surface, statistics = "exact")))
      }))
      p <- suppressWarnings(predict(fit, data.frame(x = x), se = TRUE))
      d[[name]] <- p$fit
      d[[paste0("se_", name)]] <- p$se.fit
      stats <- rbind(stats, data.frame(sample = k, fit = name, trace = fit$trace.hat, delta1 = fit$one.delta, delta2 = fit$two.delta,
                                       s = fit$s, vertices = if (surface == "direct") 0 else fit$kd$parameter[["nv"]],
                                       self_error = max(abs(L %*% y - fitted(fit)))))
    }
  rows <- rbind(rows, d)
}
for (f in c("rows", "stats")) {
  t <- get(f)
  num <- vapply(t, is.numeric, TRUE)
  t[num] <- lapply(t[num], function(v) ifelse(is.na(v), "NA", rounded(v)))
  write.csv(t, file.path(out, if (f == "rows") "smooth.csv" else "smooth_stats.csv"), row.names = FALSE, quote = FALSE)
}
