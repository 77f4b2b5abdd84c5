# The cross-validated partial log likelihood of ridge penalties (Verweij and van Houwelingen 1993),
# written out: fits without each fold by coxph with ridge(), likelihoods at them by coxph at init.
source("common.R")

years <- read_data("years")
years$fold <- as.integer(sub("f", "", years$firm)) %% 4
x <- c("alliances", "size")
formula <- Surv(start, stop, failure) ~ alliances + size

at <- function(beta, data) {
  coxph(formula, data, init = beta, control = coxph.control(iter.max = 0))$loglik[2]
}
cross <- function(theta) sum(sapply(0:3, function(k) {
  kept <- years[years$fold != k, ]
  fit <- coxph(Surv(start, stop, failure) ~ ridge(alliances, size, theta = theta, scale = FALSE),
               kept, control = tight)
  at(coef(fit), years) - at(coef(fit), kept)
}))
strengths <- c(0.5, 3, 10, 40, 200)

write_values("cox_ridge_cv", list(strengths = I(strengths),
                                  log_likelihood = I(sapply(strengths, cross))))
