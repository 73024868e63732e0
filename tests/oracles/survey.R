# Oracles for designs with strata: survey's domain means, covariances, design effects, svyglm.
# Run:  Rscript survey.R   (writes survey_data.csv and survey_expected.csv)
#
# Groups a to d; strata 1 to 5 of two to five clusters each, numbered through; most cross groups.

suppressPackageStartupMessages(library(survey))

header <- function(file, what) {
  packages <- paste("survey", packageVersion("survey"))
  cat(sprintf("# %s\n# %s; %s; written %s by survey.R\n", what, R.version.string, packages, Sys.Date()), file = file)
}
write_table <- function(data, file, what, digits = "%.17g") {
  header(file, what)
  text <- as.data.frame(lapply(data, function(x) if (is.double(x)) sprintf(digits, x) else x))
  suppressWarnings(write.table(text, file, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
}

set.seed(31)
clusters <- c(2, 3, 5, 2, 4)
of_cluster <- rep(1:5, clusters)
n <- 120
d <- data.frame(cluster = sample(seq_along(of_cluster), n, TRUE))
d$stratum <- of_cluster[d$cluster]
d$group <- sample(c("a", "b", "c", "d"), n, TRUE, c(0.4, 0.3, 0.2, 0.1))
d$weight <- round(rgamma(n, 2) + 0.2 + 0.3 * d$stratum, 3)
d$copies <- sample(1:4, n, TRUE)
effect <- rnorm(length(of_cluster), sd = 0.5)
d$benefit <- round(rexp(n) - 0.6 + effect[d$cluster] + 0.4 * d$stratum + 0.3 * (d$group == "b"), 4)
d$x <- round(rnorm(n), 4)
d$event <- rbinom(n, 1, plogis(0.4 * d$x - 0.5 + 0.5 * (d$group == "b") + effect[d$cluster]))
d$mu <- round(plogis(0.8 * d$x - 0.3), 6)
write_table(d, "survey_data.csv", "Data of survey_expected.csv", "%.15g")
d$one <- 1
expanded <- d[rep(seq_len(n), d$copies), ]

out <- list()
add <- function(what, group, name, value) {
  out[[length(out) + 1]] <<- data.frame(what = what, group = group, name = name, value = as.numeric(value))
}
groups <- sort(unique(d$group))

one <- function(what, group, design) {
  found <- svymean(~benefit, design, deff = "replace")
  add(what, group, "mean", coef(found))
  add(what, group, "std_err", SE(found))
  add(what, group, "df", degf(design))
  add(what, group, "deff", deff(found))
  add(what, group, "variance", svyvar(~benefit, design)[1])
}
# R keeps the working weights from before its last step: until nothing changes any more.
tight <- glm.control(epsilon = 1e-300, maxit = 100)
# Calibration intercept and slope in each domain.
calibrated <- function(what, group, design) {
  large <- svyglm(event ~ 1 + offset(qlogis(mu)), design, family = quasibinomial(), control = tight)
  slope <- svyglm(event ~ qlogis(mu), design, family = quasibinomial(), control = tight)
  add(what, group, "intercept", coef(large)[1])
  add(what, group, "intercept_se", SE(large)[1])
  add(what, group, "slope", coef(slope)[2])
  add(what, group, "slope_se", SE(slope)[2])
}
models <- function(what, design) {
  fit <- svyglm(event ~ x + group, design, family = quasibinomial(), control = tight)
  add(what, "population", paste0("coef_", seq_along(coef(fit))), coef(fit))
  add(what, "population", paste0("vcov_", outer(1:5, 1:5, paste, sep = "_")), vcov(fit))
  add(what, "population", "glm_wald", regTermTest(fit, ~group, method = "Wald")$Ftest)
  fit <- svyglm(benefit ~ x + group, design)
  add(what, "population", paste0("gaussian_vcov_", outer(1:5, 1:5, paste, sep = "_")), vcov(fit))
}
everything <- function(what, design) {
  one(what, "population", design)
  domains <- svyby(~benefit, ~group, design, svymean, covmat = TRUE)
  for (g in groups) {
    one(what, g, subset(design, group == g))
    calibrated(what, g, subset(design, group == g))
    for (h in groups) add(what, g, paste0("cov_", h), vcov(domains)[g, h])
  }
  test <- regTermTest(svyglm(benefit ~ group, design), ~group, method = "Wald")
  add(what, "population", "wald", test$Ftest * test$df)
  add(what, "population", "degf", degf(design))
  models(what, design)
}
everything("strata", svydesign(ids = ~1, strata = ~stratum, weights = ~one, data = d))
everything("strata prob", svydesign(ids = ~1, strata = ~stratum, weights = ~weight, data = d))
everything("strata freq", svydesign(ids = ~1, strata = ~stratum, weights = ~one, data = expanded))
everything("strata cluster", svydesign(ids = ~cluster, strata = ~stratum, weights = ~one, data = d))
everything("strata cluster prob", svydesign(ids = ~cluster, strata = ~stratum, weights = ~weight, data = d))
everything("strata cluster freq", svydesign(ids = ~cluster, strata = ~stratum, weights = ~one, data = expanded))
for (what in c("cluster", "cluster prob", "cluster freq", "prob")) {
  data <- if (what == "cluster freq") expanded else d
  ids <- if (what == "prob") ~1 else ~cluster
  weights <- if (grepl("prob", what)) ~weight else ~one
  design <- svydesign(ids = ids, weights = weights, data = data)
  one(what, "population", design)
  # Without clusters bopstats takes a group as a design of its own.
  for (g in groups) {
    own <- svydesign(ids = ids, weights = weights, data = data[data$group == g, ])
    one(what, g, if (what == "prob") own else subset(design, group == g))
  }
}

# Intraclass correlation from the analysis of variance: mean squares and n0 (Searle et al. 1992).
anova_icc <- function(benefit, cluster) {
  table <- anova(lm(benefit ~ factor(cluster)))
  sizes <- table(cluster)
  n0 <- (sum(sizes) - sum(sizes^2) / sum(sizes)) / (length(sizes) - 1)
  between <- (table[1, "Mean Sq"] - table[2, "Mean Sq"]) / n0
  between / (between + table[2, "Mean Sq"])
}
# With weights: both weighted sums of squares set equal to their expectations, by traces.
weighted_icc <- function(benefit, cluster, w) {
  z <- model.matrix(~ 0 + factor(cluster))
  w_all <- sum(w)
  fitted <- z %*% diag(1 / colSums(w * z)) %*% t(w * z)
  grand <- matrix(1, length(w), 1) %*% t(w / w_all)
  quadratic <- function(p) t(p) %*% diag(w) %*% p
  within <- quadratic(diag(length(w)) - fitted)
  between <- quadratic(fitted - grand)
  trace <- function(m) sum(diag(m))
  equations <- rbind(
    c(trace(within), trace(within %*% z %*% t(z))),
    c(trace(between), trace(between %*% z %*% t(z)))
  )
  sums <- c(t(benefit) %*% within %*% benefit, t(benefit) %*% between %*% benefit)
  components <- solve(equations, sums)
  components[2] / sum(components)
}
for (g in c(groups, "population")) {
  own <- g == "population" | d$group == g
  long <- g == "population" | expanded$group == g
  add("icc", g, "none", anova_icc(d$benefit[own], d$cluster[own]))
  add("icc", g, "freq", anova_icc(expanded$benefit[long], expanded$cluster[long]))
  add("icc", g, "prob", weighted_icc(d$benefit[own], d$cluster[own], d$weight[own]))
}
write_table(do.call(rbind, out), "survey_expected.csv", "Domain means, errors, covariances, design effects, models")
