# Reference values for tests/unit/check_nomogram.c: Rscript tools/golden/make_nomogram_golden.R > tests/unit/data/stats/nomogram.csv
# Needs SENTINODE_DATA; R 4.2.2, rms 6.5-0. Rows: model, axis, tick, value. The axes "scale", "intercept", "max" hold one number.
# Also 400 calls of pretty(): model "pretty", axis "lo hi n", tick "first", "last", "count".
suppressMessages(library(rms))
dir <- file.path(Sys.getenv("SENTINODE_DATA"), "stats")
out <- function(m, a, t, v) cat(sprintf('%s,"%s","%s",%.17g\n', m, a, t, v), sep = "")
cat("model,axis,tick,value\n")
run <- function(id, d, f, ...) {
  dd <<- datadist(d); options(datadist = "dd")
  fit <- eval(bquote(lrm(.(f), data = d, tol = 1e-13, maxit = 100, eps = 1e-14)))
  n <- nomogram(fit, ...)
  sc <- NA
  for (a in setdiff(names(n), c("total.points", "lp"))) {
    x <- n[[a]]; tick <- x[[1]]
    out(id, a, as.character(tick), x$points)
    j <- which.max(x$points); k <- which.min(x$points)
    if (x$points[j] > 0) sc <- (x$points[j] - x$points[k]) / (x$Xbeta[j] - x$Xbeta[k])
  }
  out(id, "scale", "", sc)
}
a <- read.csv(file.path(dir, "aSAH.csv")); a$Poor <- as.numeric(a$outcome == "Poor")
a$gender <- factor(a$gender); d <- a[c("Poor", "age", "s100b", "gender")]
run("aSAH", d, Poor ~ age + s100b + gender)
run("aSAH_rcs", d, Poor ~ rcs(age, 4) + s100b + gender)
run("aSAH_interaction", d, Poor ~ age * gender + s100b)
b <- read.csv(file.path(dir, "MASS_birthwt.csv")); b$race <- factor(b$race); d <- b[c("low", "age", "lwt", "race", "smoke", "ptl")]
run("birthwt", d, low ~ age + lwt + race + smoke + ptl)
run("birthwt_interaction", d, low ~ rcs(age, 3) * race + lwt * smoke, interact = list(smoke = c(0, 1)))
set.seed(1)
for (i in 1:400) {
  lo <- signif(runif(1, -10, 10) * 10^sample(-6:6, 1), sample(1:6, 1)); w <- signif(runif(1) * 10^sample(-5:6, 1), sample(1:6, 1)); hi <- lo + w
  if (i %% 20 == 0) hi <- lo
  n <- sample(c(1, 2, 3, 5, 7, 10, 10, 10, 17, 20), 1); p <- pretty(c(lo, hi), n)
  out("pretty", sprintf("%.17g %.17g %d", lo, hi, n), c("first", "last", "count"), c(p[1], p[length(p)], length(p)))
}
