# A ridge penalty of half theta times the squared coefficients, unscaled.
source("common.R")

data <- read_data("years")
cases <- list()
for (theta in c(0.5, 5, 50)) for (clustered in c(FALSE, TRUE)) {
  formula <- Surv(start, stop, failure) ~ ridge(alliances, size, theta = theta, scale = FALSE)
  if (clustered) formula <- update(formula, . ~ . + cluster(firm))
  fit <- suppressWarnings(coxph(formula, data, control = tight))
  cases[[paste0(theta, if (clustered) "/firm" else "")]] <-
    list(params = I(unname(coef(fit))), errors = I(unname(sqrt(diag(fit$var)))), df = sum(fit$df),
         log_likelihood = fit$loglik[2])
}
write_values("cox_ridge", cases)
