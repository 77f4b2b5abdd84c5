# Times that differ by rounding alone: R ties them (timefix), in coxph and in survfit.
source("common.R")

rows <- data.frame(start = c(0, 0, 0, 0.1 + 0.2, 0), stop = c(0.3, 0.1 + 0.2, 0.5, 0.6, 0.7),
                   failure = c(1, 1, 1, 0, 1), x = c(1, 0, 0, 1, 1))
fit <- coxph(Surv(start, stop, failure) ~ x, rows, control = tight)
curve <- survfit(Surv(start, stop, failure) ~ 1, rows)
write_values("rounding", list(coef = unname(coef(fit)), log_likelihood = fit$loglik[2],
                              survival = curve$surv, at_risk = curve$n.risk))
