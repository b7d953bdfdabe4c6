# Times pROC on cases.csv (y, score): Rscript stats_proc.R cases.csv REPLICATES. Prints lower limits and seconds, one line each.
suppressMessages(library(pROC))
args <- commandArgs(TRUE)
d <- read.csv(args[1], colClasses = "numeric")
timed <- function(name, f) {
  t <- system.time(v <- f())["elapsed"]
  cat(sprintf("%s %.17g %.6f\n", name, v, t))
}
set.seed(1)
timed("delong", function() ci.auc(roc(d$y, d$score, direction = "<", levels = 0:1, quiet = TRUE), method = "delong")[1])
k <- as.integer(args[2])
if (k > 0)
  timed("bootstrap", function() ci.auc(roc(d$y, d$score, direction = "<", levels = 0:1, quiet = TRUE), method = "bootstrap", boot.n = k, progress = "none")[1])
