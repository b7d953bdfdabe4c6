# Times pROC on cases.csv (y, score): Rscript stats_proc.R cases.csv REPLICATES. Prints "name value seconds", one line each: the
# whole way to DeLong's lower limit (curve included), and the bootstrap alone, which begins from the finished curve.
suppressMessages(library(pROC))
args <- commandArgs(TRUE)
d <- read.csv(args[1], colClasses = "numeric")
timed <- function(name, f) {
  t <- system.time(v <- f())["elapsed"]
  cat(sprintf("%s %.17g %.6f\n", name, v, t))
}
curve <- function() roc(d$y, d$score, direction = "<", levels = 0:1, quiet = TRUE)
set.seed(1)
timed("delong", function() ci.auc(curve(), method = "delong")[1])
r <- curve()
timed("bootstrap", function() ci.auc(r, method = "bootstrap", boot.n = as.integer(args[2]), progress = "none")[1])
