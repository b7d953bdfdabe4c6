# Golden data of tests/unit/check_calibration.c, from R's glm, rms, Hmisc, lowess and loess on made-up samples.
#   Rscript tools/golden/make_calibration_golden.R tests/unit/data
# Made with R 4.2.2, rms 6.5-0, Hmisc 4.8-0. Afterwards make_calibration_golden.py adds scikit-learn's and statsmodels' figures.
suppressMessages(library(rms))
out <- commandArgs(TRUE)[1]
state <- 20250917
lcg <- function(n) vapply(seq_len(n), function(i) { state <<- (state * 1103515245 %% 2^31 + 12345) %% 2^31; state / 2^31 }, 0)
tight <- glm.control(epsilon = 1e-15, maxit = 100)

# R's vcov() has the weights of the step before the last (1e-8 off): the information is taken at the estimates instead.
information <- function(X, eta) solve(crossprod(X * sqrt(plogis(eta) * plogis(-eta))))

mixed <- local({ lp <- -1 + 2.2 * qnorm((lcg(200) * 0.998) + 0.001); data.frame(p = round(plogis(lp), 6), y = as.numeric(lcg(200) < plogis(0.4 + 0.6 * lp))) })
graded <- local({ g <- 1 + floor(lcg(120) * 7); data.frame(p = g / 10, y = as.numeric(lcg(120) < g / 9)) })
small <- local({ p <- round(0.05 + 0.9 * lcg(25), 3); data.frame(p = p, y = as.numeric(lcg(25) < p)) })
samples <- list(mixed = mixed, graded = graded, small = small)

data <- values <- curves <- NULL
put <- function(sample, name, value) values <<- rbind(values, data.frame(sample = sample, name = name, value = unname(value)))
quantiles <- c(min = 0, q05 = 0.05, q25 = 0.25, median = 0.5, q75 = 0.75, q95 = 0.95, max = 1)

for (k in names(samples)) {
  d <- samples[[k]]
  d <- d[order(d$p, d$y), ]
  p <- d$p; y <- d$y; lp <- qlogis(p); n <- length(p); prev <- mean(y)
  data <- rbind(data, data.frame(sample = k, samples[[k]]))
  f0 <- glm(y ~ 1 + offset(lp), family = binomial, control = tight)
  f1 <- glm(y ~ lp, family = binomial, control = tight)
  v0 <- information(cbind(rep(1, n)), coef(f0) + lp); v1 <- information(cbind(1, lp), predict(f1))
  put(k, "citl", coef(f0)); put(k, "citl_se", sqrt(v0))
  put(k, "intercept", coef(f1)[1]); put(k, "intercept_se", sqrt(v1[1, 1])); put(k, "slope", coef(f1)[2]); put(k, "slope_se", sqrt(v1[2, 2]))
  ll <- function(eta) sum(y * eta - log1p(exp(eta)))
  cox <- -2 * (ll(lp) - ll(predict(f1)))
  put(k, "cox_chisq", cox); put(k, "cox_p", pchisq(cox, 2, lower.tail = FALSE))
  put(k, "lr_chisq", f1$null.deviance + 2 * ll(lp))
  v <- val.prob(p, y, pl = FALSE)
  for (name in c("D", "D:Chi-sq", "U", "U:Chi-sq", "Q", "Brier", "Intercept", "Slope", "Emax", "E90", "Eavg", "S:z", "S:p")) put(k, paste0("val.prob_", name), v[[name]])
  sq <- (p - y)^2
  put(k, "brier_se", sd(sq) / sqrt(n)); put(k, "brier_scaled", 1 - mean(sq) / (prev * (1 - prev)))
  # the delta method by numbers: scaled Brier as a function of the means of (p - y)^2 and y
  V <- cov(cbind(sq, y)) / n
  g <- c(-1 / (prev * (1 - prev)), mean(sq) * (1 - 2 * prev) / (prev * (1 - prev))^2)
  put(k, "brier_scaled_se", sqrt(drop(t(g) %*% V %*% g)))
  put(k, "oe", sum(y) / sum(p)); put(k, "oe_lo", exp(log(sum(y) / sum(p)) - qnorm(0.975) * sqrt((1 - prev) / sum(y))))
  tt <- t.test(p[y == 1], p[y == 0])
  put(k, "discrimination", diff(rev(tt$estimate))); put(k, "discrimination_se", tt$stderr)
  for (g in c(10, 5)) {
    q <- cut(p, unique(quantile(p, 0:g / g)), include.lowest = TRUE)
    O <- tapply(y, q, sum); E <- tapply(p, q, sum); N <- tapply(y, q, length)
    keep <- !is.na(N)
    x2 <- sum(((O - E)^2 / (E * (1 - E / N)))[keep])
    put(k, sprintf("hl_groups_%d", g), sum(keep)); put(k, sprintf("hl_chisq_%d", g), x2)
    put(k, sprintf("hl_p_%d", g), pchisq(x2, sum(keep) - 2, lower.tail = FALSE)); put(k, sprintf("hl_external_p_%d", g), pchisq(x2, sum(keep), lower.tail = FALSE))
    if (g == 5) for (i in which(keep)) {
      w <- suppressWarnings(prop.test(O[[i]], N[[i]], correct = FALSE))$conf.int
      put(k, sprintf("group_%d_n", i), N[[i]]); put(k, sprintf("group_%d_mean", i), E[[i]] / N[[i]])
      put(k, sprintf("group_%d_rate", i), O[[i]] / N[[i]]); put(k, sprintf("group_%d_lo", i), w[1]); put(k, sprintf("group_%d_hi", i), w[2])
    }
  }
  for (cl in 0:1) {
    x <- p[y == cl]
    for (q in names(quantiles)) put(k, sprintf("spread_%d_%s", cl, q), quantile(x, quantiles[[q]]))
    put(k, sprintf("spread_%d_sd", cl), sd(x)); put(k, sprintf("spread_%d_bw", cl), bw.nrd0(x))
  }
  put(k, "temperature_slope", coef(glm(y ~ 0 + lp, family = binomial, control = tight)))

  at <- min(p) + (max(p) - min(p)) * (0:20) / 20
  at[21] <- max(p)
  cv <- data.frame(sample = k, at = at)
  distance <- function(name, smooth) {
    e <- abs(p - smooth)
    put(k, paste0(name, "_ici"), mean(e)); put(k, paste0(name, "_e50"), median(e))
    put(k, paste0(name, "_e90"), quantile(e, 0.9)); put(k, paste0(name, "_emax"), max(e))
  }
  l <- lowess(p, y, iter = 0)
  cv$lowess <- approx(l, xout = at, ties = mean)$y
  distance("lowess", approx(l, xout = p, ties = mean)$y)
  for (surface in c("interpolate", "direct")) {
    f <- suppressWarnings(loess(y ~ p, degree = 2, span = 0.75, control = loess.control(surface = surface, statistics = "exact")))
    name <- if (surface == "direct") "loess-direct" else "loess"
    pr <- suppressWarnings(predict(f, data.frame(p = at), se = TRUE))
    cv[[name]] <- pr$fit
    cv[[paste0(name, "_lo")]] <- pr$fit - qt(0.975, pr$df) * pr$se.fit
    cv[[paste0(name, "_hi")]] <- pr$fit + qt(0.975, pr$df) * pr$se.fit
    distance(name, suppressWarnings(predict(f, data.frame(p = p))))
  }
  for (nk in 3:5) {
    if (k == "small" && nk == 5) next
    kn <- rcspline.eval(lp, nk = nk, knots.only = TRUE)
    X <- rcspline.eval(lp, knots = kn, inclx = TRUE)
    f <- glm(y ~ X, family = binomial, control = tight)
    A <- cbind(1, rcspline.eval(qlogis(at), knots = kn, inclx = TRUE))
    eta <- drop(A %*% coef(f)); se <- sqrt(rowSums((A %*% information(cbind(1, X), predict(f))) * A))
    name <- paste0("rcs", nk)
    cv[[name]] <- plogis(eta); cv[[paste0(name, "_lo")]] <- plogis(eta - qnorm(0.975) * se); cv[[paste0(name, "_hi")]] <- plogis(eta + qnorm(0.975) * se)
    distance(name, fitted(f))
    put(k, paste0(name, "_knots"), length(kn))
  }
  curves <- merge(curves, cv, all = TRUE, sort = FALSE)
  if (is.null(curves) || !nrow(curves)) curves <- cv
}
write <- function(t, file) {
  num <- vapply(t, is.numeric, TRUE)
  t[num] <- lapply(t[num], function(v) ifelse(is.na(v), "NA", sprintf("%.17g", v)))
  write.csv(t, file.path(out, file), row.names = FALSE, quote = FALSE)
}
write(data, "calibration.csv"); write(values, "calibration_values.csv"); write(curves, "calibration_curves.csv")
