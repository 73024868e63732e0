# Oracles for bopstats.inference.calibration: glm, lm, svyglm, prop.test. Run:  Rscript calibration.R
# (writes calibration_data.csv and calibration_expected.csv)

suppressPackageStartupMessages(library(survey))

write_table <- function(data, file, what, digits = "%.17g") {
  cat(sprintf("# %s\n# %s; survey %s; written %s by calibration.R\n", what, R.version.string, packageVersion("survey"), Sys.Date()), file = file)
  text <- as.data.frame(lapply(data, function(x) if (is.double(x)) sprintf(digits, x) else x))
  suppressWarnings(write.table(text, file, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE))
}
set.seed(7)
n <- 240
d <- data.frame(group = sample(0:2, n, TRUE, c(0.6, 0.3, 0.1)), cluster = sample(1:30, n, TRUE),
                weight = round(rgamma(n, 3) + 0.1, 3), copies = sample(1:3, n, TRUE))
z <- rnorm(n)
d$event <- rbinom(n, 1, plogis(0.4 + z))
d$p <- round(plogis(1.6 * z + 0.3 * rnorm(n)), 6)
d$outcome <- round(2 + z + rnorm(n), 5)
d$mean <- round(1.5 + 0.7 * z + 0.2 * rnorm(n), 5)
write_table(d, "calibration_data.csv", "Data of calibration_expected.csv", "%.15g")

out <- list()
add <- function(what, group, name, fit, place, error = sqrt(vcov(fit)[place, place])) {
  out[[length(out) + 1]] <<- data.frame(what = what, group = group, name = name,
                                        value = as.numeric(coef(fit)[place]), std_err = as.numeric(error))
}
tight <- glm.control(epsilon = 1e-15, maxit = 100)
expanded <- d[rep(seq_len(n), d$copies), ]
d$eta <- qlogis(d$p); expanded$eta <- qlogis(expanded$p)
by_rows <- svydesign(ids = ~cluster, weights = ~weight, data = d)
for (g in 0:2) {
  for (what in c("plain", "freq")) {
    s <- subset(if (what == "plain") d else expanded, group == g)
    add(paste("binomial", what), g, "intercept", glm(event ~ offset(eta), binomial, s, control = tight), 1)
    add(paste("binomial", what), g, "slope", glm(event ~ eta, binomial, s, control = tight), 2)
    add(paste("gaussian", what), g, "intercept", lm(I(outcome - mean) ~ 1, s), 1)
    add(paste("gaussian", what), g, "slope", lm(outcome ~ mean, s), 2)
  }
  own <- svydesign(ids = ~1, weights = ~weight, data = d[d$group == g, ])
  domain <- subset(by_rows, group == g)
  for (what in c("prob", "cluster")) {
    design <- if (what == "prob") own else domain
    add(paste("binomial", what), g, "intercept", svyglm(event ~ offset(eta), design, family = quasibinomial, control = tight), 1)
    add(paste("binomial", what), g, "slope", svyglm(event ~ eta, design, family = quasibinomial, control = tight), 2)
    add(paste("gaussian", what), g, "intercept", svyglm(I(outcome - mean) ~ 1, design), 1)
    add(paste("gaussian", what), g, "slope", svyglm(outcome ~ mean, design), 2)
  }
}
# Limits of the smallest group: Wald's for glm, t for lm; Wilson's limits from prop.test.
s <- subset(d, group == 2)
logit <- confint.default(glm(event ~ eta, binomial, s, control = tight), level = 0.9)[2, ]
line <- confint(lm(outcome ~ mean, s), level = 0.9)[2, ]
wilson <- prop.test(3, 17, conf.level = 0.9, correct = FALSE)$conf.int
for (side in 1:2) {
  limits <- data.frame(what = c("binomial plain", "gaussian plain", "wilson 3 of 17"), group = 2,
                       name = c("slope low", "slope high")[side], value = c(logit[side], line[side], wilson[side]), std_err = NA)
  out[[length(out) + 1]] <- limits
}
write_table(do.call(rbind, out), "calibration_expected.csv", "Calibration intercepts and slopes; 90 % limits")
