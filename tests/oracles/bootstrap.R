# Oracle for bopstats.inference.bootstrap_limits: boot.ci on all n^n resamples, so without Monte
# Carlo noise. Run:  Rscript bootstrap.R   (writes bootstrap_enumerated.csv)
#
# boot.ci counts the resamples strictly below the estimate. Those level with it (the permutations
# of the sample, in the main) are split here into one half below and one half above.

suppressPackageStartupMessages(library(boot))

samples <- list(
  skew = list(x = c(0.1, 0.35, 0.8, 1.9, 5.3), w = rep(1, 5)),
  left = list(x = c(-4.2, -0.3, 0.15, 0.4, 0.62, 0.7), w = rep(1, 6)),
  four = list(x = c(-1.1, 0.2, 0.9, 3.7), w = rep(1, 4)),
  weighted = list(x = c(0.1, 0.35, 0.8, 1.9, 5.3), w = c(2.5, 1, 0.7, 3.1, 1.2)),
  heavy = list(x = c(-2, 0.3, 0.4, 1.1, 1.7, 2.6), w = c(0.4, 5, 1, 2, 0.9, 3.3))
)
rows <- list()
for (name in names(samples)) {
  x <- samples[[name]]$x; w <- samples[[name]]$w; n <- length(x)
  index <- as.matrix(expand.grid(rep(list(seq_len(n)), n)))
  ratio <- function(i) sum(w[i] * x[i]) / sum(w[i])
  t0 <- ratio(seq_len(n))
  t <- apply(index, 1, ratio)
  level <- which(abs(t - t0) < 1e-12)
  stopifnot(length(level) %% 2 == 0)
  half <- length(level) / 2
  t[level[seq_len(half)]] <- t0 - 1e-14
  t[level[-seq_len(half)]] <- t0 + 1e-14
  object <- boot(x, function(data, i) ratio(i), R = 2)
  object$t <- matrix(t); object$t0 <- t0; object$R <- length(t)
  influence <- if (all(w == 1)) empinf(data = x, statistic = function(d, i) mean(d[i]), type = "jack", stype = "i") else
    n * w * (x - t0) / sum(w)
  for (conf in c(0.5, 0.8, 0.9)) {
    ci <- boot.ci(object, conf = conf, type = c("perc", "bca"), L = influence)
    rows[[length(rows) + 1]] <- data.frame(
      sample = name, alpha = 1 - conf, estimate = t0,
      acceleration = sum(influence^3) / (6 * sum(influence^2)^1.5),
      percentile_low = ci$percent[4], percentile_high = ci$percent[5],
      bca_low = ci$bca[4], bca_high = ci$bca[5], x = paste(x, collapse = " "), w = paste(w, collapse = " ")
    )
  }
}
file <- "bootstrap_enumerated.csv"
cat(sprintf("# Percentile and BCa limits of a (weighted) mean over all n^n resamples\n# %s; boot %s; written %s by bootstrap.R\n",
            R.version.string, packageVersion("boot"), Sys.Date()), file = file)
text <- as.data.frame(lapply(do.call(rbind, rows), function(x) if (is.double(x)) sprintf("%.17g", x) else x))
suppressWarnings(write.table(text, file, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
