# Golden data of tests/unit/check_dca.c: decision curves of the data sets of R's dcurves, counted in the plainest way.
#   Rscript tools/golden/make_dca_golden.R DATA/stats tests/unit/data
# Made with R 4.2.2. dcurves itself treats risk >= t, rmda risk > t; case-control numbers take the prevalence 0.15 of dcurves' vignette.
args <- commandArgs(TRUE)
d <- read.csv(file.path(args[1], "dcurves_df_binary.csv"))
y <- as.logical(d$cancer)
cc <- read.csv(file.path(args[1], "dcurves_dca.csv"))
t <- (1:99) / 100
nb <- function(treat, y, t) (sum(treat & y) - sum(treat & !y) * t / (1 - t)) / length(y)
each <- function(f) vapply(t, f, 0)
rows <- data.frame(
  t = t,
  all = each(function(t) nb(rep(TRUE, length(y)), y, t)),
  marker_ge = each(function(t) nb(d$cancerpredmarker >= t, y, t)),
  family = each(function(t) nb(d$famhistory == 1, y, t)),
  # round(x, 2) makes ties with the thresholds
  rounded_ge = each(function(t) nb(round(round(d$cancerpredmarker, 2) * 100) >= round(t * 100), y, t)),
  rounded_gt = each(function(t) nb(round(round(d$cancerpredmarker, 2) * 100) > round(t * 100), y, t)),
  opt_out = each(function(t) { s <- d$cancerpredmarker < t; (sum(s & !y) - sum(s & y) * (1 - t) / t) / length(y) }),
  external = each(function(t) { p <- cc$cancerpredmarker >= t; e <- cc$casecontrol == 1; mean(p[e]) * 0.15 - mean(p[!e]) * 0.85 * t / (1 - t) }),
  flagged = each(function(t) 1000 * mean(d$cancerpredmarker >= t)),
  flagged_events = each(function(t) 1000 * mean(d$cancerpredmarker >= t & y)))
rows[] <- lapply(rows, function(v) sprintf("%.17g", v))
write.csv(rows, file.path(args[2], "dca.csv"), row.names = FALSE, quote = FALSE)
