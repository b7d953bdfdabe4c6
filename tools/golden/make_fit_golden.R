# Reference values for tests/unit/check_fit.c: Rscript tools/golden/make_fit_golden.R > tests/unit/data/stats/fit.csv
# Needs SENTINODE_DATA; R 4.2.2 with stats, Hmisc, rms. Rows: model, quantity, term, value.
# Nothing here shares code or method with the program: coefficients by glm(), profile limits by uniroot() over glm()
# with an offset, Firth by optim() and Newton's method with a numerical Jacobian on the penalised score.
suppressMessages({library(Hmisc); library(rms)})
dir <- file.path(Sys.getenv("SENTINODE_DATA"), "stats")
tight <- glm.control(epsilon = 1e-15, maxit = 100)
out <- function(model, quantity, term, value) cat(sprintf('%s,%s,"%s",%.17g\n', model, quantity, term, value), sep = "")
cat("model,quantity,term,value\n")

# X: named list of effects, each a matrix with named columns
ml <- function(id, y, X) {
  M <- do.call(cbind, X); effect <- rep(names(X), sapply(X, ncol))
  full <- glm(y ~ M, family = binomial, control = tight)
  full <- glm(y ~ M, family = binomial, control = tight, start = coef(full)) # vcov() is of the weights one step before the last
  names <- c("(intercept)", colnames(M)); b <- coef(full); V <- vcov(full); se <- sqrt(diag(V))
  out(id, "coef", names, b); out(id, "se", names, se); out(id, "z", names, b / se); out(id, "p", names, 2 * pnorm(-abs(b / se)))
  out(id, "wald_lo", names, b - qnorm(.975) * se); out(id, "wald_hi", names, b + qnorm(.975) * se)
  out(id, "loglik", "", as.numeric(logLik(full))); out(id, "null_loglik", "", as.numeric(logLik(glm(y ~ 1, family = binomial, control = tight))))
  out(id, "aic", "", AIC(full)); out(id, "bic", "", BIC(full))
  out(id, "lr_all", "", full$null.deviance - full$deviance)
  out(id, "lr_all_p", "", pchisq(full$null.deviance - full$deviance, ncol(M), lower.tail = FALSE))
  n <- length(y); r2 <- 1 - exp(-(full$null.deviance - full$deviance) / n)
  out(id, "cox_snell", "", r2); out(id, "nagelkerke", "", r2 / (1 - exp(-full$null.deviance / n)))
  out(id, "brier", "", mean((fitted(full) - y)^2))
  out(id, "auc", "", as.numeric(somers2(round(fitted(full), 12), y)["C"]))
  out(id, "max_cook", "", max(cooks.distance(full)))
  one <- cbind(1, M)
  for (j in seq_along(b)) { # profile limits
    pl <- function(v) if (ncol(one) > 1) glm.fit(one[, -j, drop = FALSE], y, offset = one[, j] * v, family = binomial(), control = tight)$deviance else NA
    f <- function(v) pl(v) - full$deviance - qchisq(.95, 1)
    for (s in c(-1, 1)) {
      far <- b[j] + s * 2 * se[j]; while (f(far) < 0) far <- far + s * se[j]
      out(id, if (s < 0) "profile_lo" else "profile_hi", names[j], uniroot(f, sort(c(b[j] + s * 0.5 * se[j], far)), tol = 1e-14)$root)
    }
  }
  C <- cov2cor(V[-1, -1, drop = FALSE])
  for (e in names(X)) {
    k <- which(effect == e)
    less <- glm(y ~ M[, -k], family = binomial, control = tight)
    out(id, "lr", e, less$deviance - full$deviance)
    out(id, "lr_p", e, pchisq(less$deviance - full$deviance, length(k), lower.tail = FALSE))
    out(id, "wald", e, drop(b[k + 1] %*% solve(V[k + 1, k + 1]) %*% b[k + 1]))
    if (length(k) < ncol(M)) out(id, "gvif", e, det(C[k, k, drop = FALSE]) * det(C[-k, -k, drop = FALSE]) / det(C))
  }
}

firth <- function(id, y, X, profile = TRUE) {
  M <- cbind("(intercept)" = 1, do.call(cbind, X)); p <- ncol(M)
  pl <- function(b) { e <- drop(M %*% b); w <- plogis(e) * plogis(-e)
    sum(ifelse(y == 1, plogis(e, log.p = TRUE), plogis(-e, log.p = TRUE))) + 0.5 * as.numeric(determinant(t(M) %*% (M * w))$modulus) }
  U <- function(b) { e <- drop(M %*% b); m <- plogis(e); w <- m * plogis(-e)
    h <- w * rowSums((M %*% solve(t(M) %*% (M * w))) * M); drop(t(M) %*% (y - m + h * (0.5 - m))) }
  size <- pmax(apply(abs(M), 2, max), 1e-8)
  solve_at <- function(fixed, at, start) { # maximum with coefficient `fixed` (0: none) at `at`
    free <- setdiff(seq_len(p), fixed); put <- function(v) { b <- numeric(p); b[free] <- v / size[free]; if (fixed) b[fixed] <- at; b }
    if (!length(free)) return(put(numeric(0)))
    v <- optim(start[free] * size[free], function(v) -pl(put(v)), function(v) -(U(put(v)) / size)[free], method = "BFGS",
               control = list(reltol = 1e-16, maxit = 5000))$par
    for (k in 1:12) {
      g <- function(v) (U(put(v)) / size)[free]
      J <- sapply(seq_along(v), function(j) { d <- replace(numeric(length(v)), j, 1e-5); (g(v + d) - g(v - d)) / 2e-5 })
      v <- v - solve(matrix(J, length(v)), g(v))
    }
    put(v)
  }
  b <- solve_at(0, 0, numeric(p)); e <- drop(M %*% b); w <- plogis(e) * plogis(-e)
  I <- t(M) %*% (M * w); se <- sqrt(diag(solve(I))); top <- pl(b)
  stopifnot(max(abs(U(b) / size)) < 1e-10)
  out(id, "coef", colnames(M), b); out(id, "se", colnames(M), se)
  for (j in seq_len(p)) {
    s <- b; s[j] <- 0
    if (j > 1) out(id, "lr", colnames(M)[j], 2 * (top - pl(solve_at(j, 0, s))))
    if (profile) for (side in c(-1, 1)) {
      f <- function(v) { s <- b; s[j] <- v; 2 * (top - pl(solve_at(j, v, s))) - qchisq(.95, 1) }
      far <- b[j] + side * 2 * se[j]; while (f(far) < 0) far <- far + side * 2 * se[j]
      out(id, if (side < 0) "profile_lo" else "profile_hi", colnames(M)[j], uniroot(f, sort(c(b[j] + side * 0.3 * se[j], far)), tol = 1e-13)$root)
    }
  }
  flic <- glm(y ~ 1, offset = drop(M[, -1, drop = FALSE] %*% b[-1]), family = binomial, control = tight)
  out(id, "flic", "(intercept)", coef(flic))
  h <- w * rowSums((M %*% solve(I)) * M); aug <- rbind(M, M, M); g <- rep(c(0, 1, 1), each = length(y))
  flac <- suppressWarnings(glm(c(y, y, 1 - y) ~ aug[, -1] + g, weights = c(rep(1, length(y)), h / 2, h / 2), family = binomial, control = tight))
  out(id, "flac", colnames(M), coef(flac)[1:p])
}

col <- function(name, v) structure(matrix(v, ncol = 1), dimnames = list(NULL, name))
levels_of <- function(name, v) { f <- factor(v); M <- sapply(levels(f)[-1], function(l) as.numeric(f == l)); colnames(M) <- paste0(name, "=", levels(f)[-1]); M }
spline_of <- function(name, v, k) { M <- rcspline.eval(v, nk = k, inclx = TRUE); colnames(M) <- paste0(name, sapply(0:(ncol(M) - 1), function(i) strrep("'", i))); M }

b <- read.csv(file.path(dir, "MASS_birthwt.csv"))
race <- levels_of("race", b$race)
ml("birthwt", b$low, list(age = col("age", b$age), lwt = col("lwt", b$lwt), race = race, smoke = col("smoke", b$smoke), ptl = col("ptl", b$ptl),
                          ht = col("ht", b$ht), ui = col("ui", b$ui)))
inter <- race * b$smoke; colnames(inter) <- paste0(colnames(race), ":smoke")
ml("birthwt_rcs", b$low, list("rcs(age)" = spline_of("age", b$age, 4), lwt = col("lwt", b$lwt), race = race, smoke = col("smoke", b$smoke), "race:smoke" = inter))
a <- read.csv(file.path(dir, "aSAH.csv"))
poor <- as.numeric(a$outcome == "Poor")
ml("aSAH", poor, list(age = col("age", a$age), s100b = col("s100b", a$s100b), gender = levels_of("gender", a$gender)))
ml("aSAH_rcs", poor, list("rcs(age)" = spline_of("age", a$age, 3), "rcs(s100b)" = spline_of("s100b", a$s100b, 5)))
p <- read.csv(file.path(dir, "MASS_Pima.tr.csv"))
ml("Pima", as.numeric(p$type == "Yes"), sapply(c("npreg", "glu", "bp", "skin", "bmi", "ped", "age"), function(n) col(n, p[[n]]), simplify = FALSE))
s <- read.csv(file.path(dir, "MASS_biopsy.csv")); s <- s[complete.cases(s), ]
ml("biopsy", as.numeric(s$class == "malignant"), sapply(paste0("V", 1:9), function(n) col(n, s[[n]]), simplify = FALSE))

firth("aSAH_firth", poor, list(age = col("age", a$age), s100b = col("s100b", a$s100b), gender = levels_of("gender", a$gender)))
firth("birthwt_firth", b$low, list(lwt = col("lwt", b$lwt), race = race, ht = col("ht", b$ht)))
firth("separated_firth", as.numeric(a$s100b > 0.3), list(s100b = col("s100b", a$s100b)), profile = FALSE)

# selection: backward by AIC as step() does it, and by the largest likelihood-ratio p above 0.05
pick <- function(id, d, y, terms) {
  full <- glm(reformulate(terms, y), data = d, family = binomial, control = tight)
  kept <- attr(terms(step(full, direction = "backward", trace = 0)), "term.labels")
  out(id, "kept_aic", terms, as.numeric(terms %in% kept))
  f <- full
  repeat { t <- drop1(f, test = "Chisq"); q <- t[["Pr(>Chi)"]][-1]; if (!length(q) || max(q) <= 0.05) break; f <- update(f, paste(". ~ . -", rownames(t)[-1][which.max(q)])) }
  out(id, "kept_p", terms, as.numeric(terms %in% attr(terms(f), "term.labels")))
}
b$race <- factor(b$race)
pick("birthwt_select", b, "low", c("age", "lwt", "race", "smoke", "ptl", "ht", "ui"))
p$y <- as.numeric(p$type == "Yes")
pick("Pima_select", p, "y", c("npreg", "glu", "bp", "skin", "bmi", "ped", "age"))

# knots of restricted cubic splines
for (v in list(list("age", b$age), list("lwt", b$lwt), list("ftv", b$ftv), list("s100b", a$s100b), list("ndka", a$ndka), list("skin", p$skin), list("V1", s$V1), list("V7", s$V7)))
  for (k in 3:7) {
    t <- tryCatch(suppressWarnings(rcspline.eval(v[[2]], nk = k, knots.only = TRUE)), error = function(e) NULL)
    if (!is.null(t)) out(paste0("knots_", v[[1]], "_", k), "knot", seq_along(t), t)
  }
