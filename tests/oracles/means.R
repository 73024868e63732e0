# Oracles for bopstats.inference.means and .heterogeneity: t.test, survey, sandwich, oneway.test.
# Run:  Rscript means.R   (writes means_data.csv and means_expected.csv)
#
# Groups a to d; clusters 1 to 12 of the design, most of which cross groups.

suppressPackageStartupMessages({library(survey); library(sandwich)})

header <- function(file, what) {
  packages <- paste("survey", packageVersion("survey"), "sandwich", packageVersion("sandwich"))
  cat(sprintf("# %s\n# %s; %s; written %s by means.R\n", what, R.version.string, packages, Sys.Date()), file = file)
}
write_table <- function(data, file, what, digits = "%.17g") {
  header(file, what)
  text <- as.data.frame(lapply(data, function(x) if (is.double(x)) sprintf(digits, x) else x))
  suppressWarnings(write.table(text, file, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
}

set.seed(20)
n <- 70
d <- data.frame(
  group = sample(c("a", "b", "c", "d"), n, TRUE, c(0.4, 0.3, 0.2, 0.1)),
  cluster = sample(1:12, n, TRUE),
  weight = round(rgamma(n, 2) + 0.2, 3),
  copies = sample(1:4, n, TRUE)
)
effect <- rnorm(12, sd = 0.5)
d$benefit <- round(rexp(n) - 0.6 + effect[d$cluster] + 0.3 * (d$group == "b"), 4)
write_table(d, "means_data.csv", "Data of means_expected.csv", "%.15g")

out <- list()
add <- function(what, group, name, value) {
  out[[length(out) + 1]] <<- data.frame(what = what, group = group, name = name, value = as.numeric(value))
}

student <- function(what, group, x) {
  two <- t.test(x, conf.level = 0.9)
  add(what, group, "mean", two$estimate)
  add(what, group, "std_err", two$stderr)
  add(what, group, "df", two$parameter)
  add(what, group, "low", two$conf.int[1])
  add(what, group, "high", two$conf.int[2])
  add(what, group, "p_benefit", t.test(x, mu = 0.2, alternative = "greater")$p.value)
  add(what, group, "p_harm", t.test(x, mu = 0.2, alternative = "less")$p.value)
}
groups <- sort(unique(d$group))
expanded <- d[rep(seq_len(n), d$copies), ]
for (g in groups) {
  student("plain", g, d$benefit[d$group == g])
  student("freq", g, expanded$benefit[expanded$group == g])
}
student("plain", "population", d$benefit)
student("freq", "population", expanded$benefit)

one <- function(what, group, design) {
  found <- svymean(~benefit, design)
  add(what, group, "mean", coef(found))
  add(what, group, "std_err", SE(found))
  add(what, group, "df", degf(design))
}
rows <- svydesign(ids = ~1, weights = ~weight, data = d)
one("prob", "population", rows)
for (g in groups) {
  # The group's rows as a design of their own, and as a domain of the whole design.
  one("prob", g, svydesign(ids = ~1, weights = ~weight, data = d[d$group == g, ]))
  one("prob domain", g, subset(rows, group == g))
}

clustered <- function(what, formula, data, model_weights) {
  design <- svydesign(ids = ~cluster, weights = formula, data = data)
  one(what, "population", design)
  add(what, "population", "vcovCL", sqrt(vcovCL(lm(benefit ~ 1, data, weights = model_weights), data$cluster)))
  for (g in groups) one(what, g, subset(design, group == g))
  domains <- svyby(~benefit, ~group, design, svymean, covmat = TRUE)
  all <- lm(benefit ~ 0 + group, data, weights = model_weights)
  robust <- vcovCL(all, data$cluster, type = "HC0", cadjust = TRUE)
  for (g in groups) for (h in groups) {
    add(what, g, paste0("cov_", h), vcov(domains)[g, h])
    add(what, g, paste0("vcovCL_", h), robust[paste0("group", g), paste0("group", h)])
  }
  test <- regTermTest(svyglm(benefit ~ group, design), ~group, method = "Wald")
  add(what, "population", "wald", test$Ftest * test$df)
}
d$one <- 1
expanded$one <- 1
clustered("cluster", ~one, d, rep(1, n))
clustered("cluster prob", ~weight, d, d$weight)
clustered("cluster freq", ~one, expanded, rep(1, nrow(expanded)))

welch <- oneway.test(benefit ~ group, d)
add("heterogeneity", "population", "welch_f", welch$statistic)
add("heterogeneity", "population", "welch_df", welch$parameter[2])
add("heterogeneity", "population", "welch_p", welch$p.value)
means <- c(0.02, 0.01, -0.03, 0.05); errors <- c(0.01, 0.02, 0.01, 0.03)
fixed <- lm(means ~ 1, weights = 1 / errors^2)
add("heterogeneity", "population", "q", deviance(fixed))
add("heterogeneity", "population", "q_p", pchisq(deviance(fixed), 3, lower.tail = FALSE))
# DerSimonian and Laird's estimate solves E Q(tau2) = Q for weights held at 1/s^2.
expected <- function(tau2) {
  v <- 1 / errors^2
  p <- diag(v) - outer(v, v) / sum(v)
  sum(diag(p %*% diag(errors^2 + tau2))) - deviance(fixed)
}
add("heterogeneity", "population", "tau2", uniroot(expected, c(0, 10), tol = 1e-14)$root)
# Gail and Simon's example: difference in disease-free survival at three years, NSABP trial.
rd <- c(0.163, -0.114, -0.047, -0.151); se <- c(0.0788, 0.0689, 0.0614, 0.0547)
tail_of <- function(q, m) sum(dbinom(1:m, m, 0.5) * pchisq(q, 1:m, lower.tail = FALSE))
q_minus <- sum(((rd / se)^2)[rd < 0]); q_plus <- sum(((rd / se)^2)[rd > 0])
add("gail_simon", "population", "harm", tail_of(q_minus, 4))
add("gail_simon", "population", "benefit", tail_of(q_plus, 4))
add("gail_simon", "population", "interaction", tail_of(min(q_minus, q_plus), 3))

write_table(do.call(rbind, out), "means_expected.csv", "Means, errors, tests")
