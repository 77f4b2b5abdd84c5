# Fits what tests/survival/test_live_r.py asks: Rscript live/fit.R DATA.csv OUT.json, from tests/reference.
# DATA has firm, start, stop, failure, acquisition, a (whole number), x (real), g (factor), s (strata),
# w_int, w_real.
source("common.R")

files <- commandArgs(TRUE)
data <- read.csv(files[1])
data$fate <- factor(data$failure + 2 * data$acquisition, 0:2, c("none", "failure", "acquisition"))

cox_values <- function(ties, strata, weights, clustered) {
  right <- paste("a + x + factor(g)", if (strata) "+ strata(s)" else "")
  call <- list(as.formula(paste("Surv(start, stop, failure) ~", right)), data, ties = ties,
               control = tight)
  if (weights != "none") call$weights <- as.numeric(data[[paste0("w_", weights)]])
  if (clustered) call$cluster <- data$firm
  fit <- do.call(coxph, call)
  naive <- if (is.null(fit$naive.var)) fit$var else fit$naive.var
  base <- basehaz(fit, centered = FALSE)
  pairs <- concordance(fit)
  zph <- if (!clustered && min(data$stop) > 0) lapply(c(km = "km", rank = "rank", identity = "identity", log = "log"),
                                function(how) I(unname(cox.zph(fit, how)$table[, "chisq"])))
  list(params = I(unname(coef(fit))), standard_errors = I(unname(sqrt(diag(fit$var)))),
       naive_standard_errors = I(unname(sqrt(diag(naive)))), log_likelihood = I(fit$loglik),
       concordance = I(c(pairs$concordance, sqrt(pairs$var))),
       hazard_time = I(base$time), hazard = I(base$hazard),
       hazard_stratum = I(if (is.null(base$strata)) rep("", nrow(base)) else
         sub("s=", "", base$strata)),
       residuals = lapply(c(martingale = "martingale", deviance = "deviance", score = "score",
                            dfbeta = "dfbeta"),
                          function(kind) I(unname(colSums(as.matrix(residuals(fit, kind))^2)))),
       schoenfeld = I(unname(colSums(residuals(fit, "schoenfeld")^2))),
       scaled_schoenfeld = I(unname(colSums(residuals(fit, "scaledsch")^2))), zph = zph)
}

curve_values <- function(formula, weights) {
  call <- list(formula, data, conf.type = "log-log")
  if (weights != "none") call$weights <- as.numeric(data[[paste0("w_", weights)]])
  fit <- do.call(survfit, call)
  scale <- if (fit$logse) fit$surv else 1
  list(time = I(fit$time), at_risk = I(fit$n.risk), events = I(fit$n.event),
       survival = I(fit$surv), std_error = I(scale * fit$std.err), lower = I(fit$lower),
       upper = I(fit$upper))
}

out <- list(cox = list(), km = list())
for (ties in c("efron", "breslow")) for (strata in c(FALSE, TRUE)) {
  for (weights in c("none", "int", "real")) for (clustered in c(FALSE, TRUE)) {
    name <- paste(ties, if (strata) "strata" else "none", weights,
                  if (clustered) "firm" else "none", sep = "/")
    out$cox[[name]] <- cox_values(ties, strata, weights, clustered)
  }
}
for (weights in c("none", "int", "real")) {
  out$km[[paste("all", weights, sep = "/")]] <- curve_values(Surv(start, stop, failure) ~ 1, weights)
  out$km[[paste("g", weights, sep = "/")]] <- curve_values(Surv(start, stop, failure) ~ g, weights)
}
# survfit of several states goes wrong, without a word, on rows that are not in order of id and time
# (survival 3.5-3 gave incidences of 24).
sorted <- data[order(data$firm, data$start), ]
fit <- survfit(Surv(start, stop, fate) ~ 1, sorted, id = firm, conf.type = "log-log")
out$incidence <- list(time = I(fit$time), failure = I(fit$pstate[, 2]),
                      acquisition = I(fit$pstate[, 3]), failure_se = I(fit$std.err[, 2]),
                      acquisition_se = I(fit$std.err[, 3]))
writeLines(json(out), files[2])
