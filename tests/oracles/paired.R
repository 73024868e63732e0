# Oracles for bopstats.inference.paired, base R only. Run:  Rscript paired.R  (writes paired_*.csv)
#
# Nothing here follows the Python code's route: Tango's restricted estimate is a root found by
# uniroot of the likelihood equation (not the closed form), Clopper-Pearson limits come from
# binom.test, tail sums run over the whole sample space, and the supremum over the nuisance
# parameter is a dense grid followed by optimize().

options(digits = 17)

header <- function(file, what) {
  cat(sprintf("# %s\n# %s; written %s by paired.R\n", what, R.version.string, Sys.Date()), file = file)
}
write_table <- function(data, file, what) {
  header(file, what)
  text <- as.data.frame(lapply(data, function(x) if (is.double(x)) sprintf("%.17g", x) else x))
  suppressWarnings(write.table(text, file, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
}

root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-15, maxiter = 10000)$root

# p_minus that maximises b log(x + D) + c log(x) + (n - b - c) log(1 - D - 2x)
restricted <- function(n, b, c, D) {
  low <- max(0, -D); high <- (1 - D) / 2
  slope <- function(x) {
    (if (b > 0) b / (x + D) else 0) + (if (c > 0) c / x else 0) -
      (if (n > b + c) 2 * (n - b - c) / (1 - D - 2 * x) else 0)
  }
  edge <- 1e-14 * (high - low)
  if (slope(low + edge) <= 0) return(low)
  if (slope(high - edge) >= 0) return(high)
  root(slope, low + edge, high - edge)
}
score <- function(n, b, c, D) {
  x <- restricted(n, b, c, D)
  (b - c - n * D) / sqrt(n * (2 * x + D - D^2))
}
tango_low <- function(n, b, c, level) {
  if (c == n) return(-1)
  z <- qnorm(level, lower.tail = FALSE)
  estimate <- (b - c) / n
  root(function(D) score(n, b, c, D) - z, -1 + 1e-12, estimate - 1e-12)
}
bounds_low <- function(n, b, c, level) {
  low <- binom.test(b, n, alternative = "greater", conf.level = 1 - level / 2)$conf.int[1]
  upp <- binom.test(c, n, alternative = "less", conf.level = 1 - level / 2)$conf.int[2]
  low - upp
}

cells <- rbind(
  c(10, 0, 0), c(10, 3, 0), c(10, 9, 1), c(10, 10, 0), c(12, 4, 4), c(21, 1, 7), c(30, 2, 1),
  c(30, 8, 0), c(30, 14, 15), c(44, 0, 1), c(50, 7, 3), c(160, 40, 20), c(161, 6, 16),
  c(1000, 3, 9), c(1000, 150, 130), c(20000, 4, 0)
)
rows <- list()
for (i in seq_len(nrow(cells))) for (alpha in c(0.05, 0.2, 0.001)) for (null in c(0, -0.05, 0.02)) {
  n <- cells[i, 1]; b <- cells[i, 2]; c <- cells[i, 3]; level <- alpha / 2
  test <- function(x, m, p) if (m == 0) 1 else binom.test(x, m, p, alternative = "greater")$p.value
  rows[[length(rows) + 1]] <- data.frame(
    n = n, n_plus = b, n_minus = c, alpha = alpha, null = null,
    tango_low = tango_low(n, b, c, level), tango_high = -tango_low(n, c, b, level),
    tango_benefit = if (b + c == 0 && null == 0) 0.5 else pnorm(score(n, b, c, null), lower.tail = FALSE),
    tango_harm = if (b + c == 0 && null == 0) 0.5 else pnorm(score(n, b, c, null)),
    bounds_low = bounds_low(n, b, c, level), bounds_high = -bounds_low(n, c, b, level),
    cp_low = binom.test(b, n, conf.level = 1 - alpha)$conf.int[1],
    cp_high = binom.test(b, n, conf.level = 1 - alpha)$conf.int[2],
    mcnemar_benefit = test(b, b + c, 0.5), mcnemar_harm = test(c, b + c, 0.5),
    mcnemar_score = if (b + c == 0) NA else
      mcnemar.test(matrix(c(n - b - c, b, c, 0), 2), correct = FALSE)$p.value
  )
}
write_table(do.call(rbind, rows), "paired_limits.csv", "Tango, Clopper-Pearson bounds, McNemar")

# Exact unconditional: R(x) by Tango's lower limit at 0.025, q up to its 1 - 1e-6 upper limit, more
# than M changes counted as in R.
gamma <- 1e-6
exact <- function(n, b, c) {
  all <- expand.grid(b = 0:n, c = 0:n)
  all <- all[all$b + all$c <= n, ]
  order <- mapply(function(y, z) tango_low(n, y, z, 0.025), all$b, all$c)
  mine <- order[all$b == b & all$c == c]
  Q <- if (b + c == n) 1 else binom.test(b + c, n, alternative = "less", conf.level = 1 - gamma)$conf.int[2]
  M <- if (Q == 1) n else qbinom(gamma, n, Q, lower.tail = FALSE)
  inside <- all[order >= mine - 1e-10 | all$b + all$c > M, ]
  power <- function(p, k) ifelse(k == 0, 0, k * log(p))
  weight <- lfactorial(n) - lfactorial(inside$b) - lfactorial(inside$c) - lfactorial(n - inside$b - inside$c)
  tail <- function(q, D) {
    sum(exp(weight + power((q + D) / 2, inside$b) + power((q - D) / 2, inside$c) +
              power(1 - q, n - inside$b - inside$c)))
  }
  worst <- function(D) {
    q <- abs(D) + (Q - abs(D)) * seq(0, 1, length.out = 801)^2
    values <- sapply(q, tail, D = D)
    i <- which.max(values)
    span <- c(q[max(1, i - 1)], q[min(801, i + 1)])
    max(values[i], optimize(tail, span, D = D, maximum = TRUE, tol = 1e-10)$objective)
  }
  list(
    p = function(D) min(1, gamma + worst(D)),
    low = function(level) root(function(D) log(worst(D)) - log(level - gamma), -Q * (1 - 1e-9), Q * (1 - 1e-9))
  )
}
cells <- rbind(
  c(5, 0, 0), c(5, 1, 1), c(8, 5, 1), c(10, 0, 3), c(10, 9, 1), c(15, 7, 0), c(20, 2, 1),
  c(20, 5, 5), c(30, 0, 0), c(30, 8, 0), c(30, 15, 10), c(45, 3, 2)
)
rows <- list()
for (i in seq_len(nrow(cells))) {
  n <- cells[i, 1]; b <- cells[i, 2]; c <- cells[i, 3]
  up <- exact(n, b, c); down <- exact(n, c, b)
  for (alpha in c(0.05, 0.2)) {
    rows[[length(rows) + 1]] <- data.frame(
      n = n, n_plus = b, n_minus = c, alpha = alpha, low = up$low(alpha / 2), high = -down$low(alpha / 2),
      p_benefit_zero = up$p(0), p_harm_zero = down$p(0),
      p_benefit_minus = up$p(-0.05), p_harm_minus = down$p(0.05)
    )
  }
}
write_table(do.call(rbind, rows), "paired_exact.csv", "Exact unconditional limits; p at null 0 and -0.05")
