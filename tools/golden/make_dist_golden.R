# Writes tests/unit/data/stats/dist.csv: distribution functions as R has them, 17 digits.
#   Rscript tools/golden/make_dist_golden.R > tests/unit/data/stats/dist.csv
# Made with R 4.2.2. Columns: function of stats/dist.h, its arguments (unused ones empty), value.
set.seed(20251)
out <- function(fn, x, a, b, v) {
  ok <- is.finite(v) & (v == 0 | abs(v) > 1e-300)
  f <- function(z) ifelse(is.na(z), "", trimws(formatC(z, digits = 17, format = "g")))
  cat(paste(fn, f(x), f(a), f(b), f(v), sep = ",")[ok], sep = "\n")
}
# R's qbeta and qf stop early (relative errors to 1e-8): three Newton steps on R's own pbeta, in log(x).
qb <- function(p, a, b) {
  x <- qbeta(p, a, b)
  for (i in 1:3) x <- x * exp(-(pbeta(x, a, b, log.p = TRUE) - log(p)) * exp(pbeta(x, a, b, log.p = TRUE) - dbeta(x, a, b, log = TRUE)) / x)
  x
}
cat("function,x,a,b,value\n")
n <- 40
x <- c(0, -1, 1, 1.959963984540054, -8, 8, 37, -37, 1e-10, runif(n - 9, -9, 38))
out("norm_cdf", x, NA, NA, pnorm(x)); out("norm_sf", x, NA, NA, pnorm(x, lower.tail = FALSE)); out("norm_pdf", x, NA, NA, dnorm(x))
p <- c(0.5, 0.975, 0.025, 1e-300, 1e-16, 0.5 + 1e-12, 1 - 1e-15, runif(13), exp(-runif(20, 0, 600)))
out("norm_quantile", p, NA, NA, qnorm(p))
df <- c(1, 2, 3, 8, 0.5, exp(runif(n - 5, 0, 7))); x <- c(3.84, 0.01, 200, 10.4, 1, pmax(1e-3, df[6:n] + runif(n - 5, -4, 12) * sqrt(df[6:n])))
out("chisq_cdf", x, df, NA, pchisq(x, df)); out("chisq_sf", x, df, NA, pchisq(x, df, lower.tail = FALSE))
p <- c(0.5, 0.95, 0.025, 1e-8, 0.999, runif(n - 5)); out("chisq_quantile", p, df, NA, qchisq(p, df))
df <- c(1, 2, 30, 0.7, 111, exp(runif(n - 5, 0, 9))); t <- c(12.7, 0, -1e-8, 5, -2.2, runif(n - 5, -9, 15))
out("t_cdf", t, df, NA, pt(t, df)); out("t_sf", t, df, NA, pt(t, df, lower.tail = FALSE)); out("t_quantile", p, df, NA, qt(p, df))
a <- exp(runif(n, -0.7, 6)); b <- exp(runif(n, -0.7, 6)); x <- pmin(pmax(a / (a + b) + runif(n, -6, 6) * sqrt(a * b / (a + b + 1)) / (a + b), 1e-5), 1 - 1e-5)
out("beta_cdf", x, a, b, pbeta(x, a, b)); out("beta_sf", x, a, b, pbeta(x, a, b, lower.tail = FALSE)); out("beta_quantile", p, a, b, qb(p, a, b))
f <- exp(runif(n, -2, 3)); out("f_cdf", f, a, b, pf(f, a, b)); out("f_sf", f, a, b, pf(f, a, b, lower.tail = FALSE)); z <- qb(p, a / 2, b / 2); y <- qb(1 - p, b / 2, a / 2); out("f_quantile", p, a, b, b / a * ifelse(p < 0.5, z / (1 - z), (1 - y) / y))
m <- floor(exp(runif(n, 0, 8))); q <- runif(n); k <- pmin(m, pmax(0, round(m * q + runif(n, -5, 5) * sqrt(m * q * (1 - q)))))
out("binom_pmf", k, m, q, dbinom(k, m, q)); out("binom_cdf", k, m, q, pbinom(k, m, q)); out("binom_sf", k, m, q, pbinom(k, m, q, lower.tail = FALSE))
x <- exp(runif(n, -6, 12)); out("lgamma", x, NA, NA, lgamma(x))
