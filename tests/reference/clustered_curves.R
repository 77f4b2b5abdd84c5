# Kaplan-Meier and Aalen-Johansen of weighted rows with errors by unit: survfit(weights=, id=, cluster=).
# std.err of a robust survfit is that of the curve itself. Some times are kept (positions from 0).
source("common.R")

years <- read_data("years")
years$fate <- factor(years$failure + 2 * years$acquisition, 0:2, c("none", "failure", "acquisition"))

one <- function(right, weights) {
  formula <- as.formula(paste("Surv(start, stop, failure) ~", right))
  call <- list(formula = formula, data = years, id = years$firm, cluster = years$firm,
               conf.type = "log-log")
  if (weights != "none") call$weights <- years[[paste0("wt_", weights)]]
  fit <- do.call(survfit, call)
  call$formula <- as.formula(paste("Surv(start, stop, fate) ~", right))
  call$cluster <- NULL
  # survfit of several states takes one weight for each id, silently: that of the unit's first row
  if (weights != "none") call$weights <- ave(call$weights, years$firm, FUN = function(w) w[1])
  fates <- do.call(survfit, call)
  group <- function(f) if (is.null(f$strata)) rep("all", length(f$time)) else
    rep(gsub("[a-z]+=", "", names(f$strata)), f$strata)
  states <- match(c("failure", "acquisition"), fates$states)
  list(km = data.frame(group = group(fit), time = fit$time, at_risk = fit$n.risk,
                       survival = fit$surv, std_error = fit$std.err, lower = fit$lower,
                       upper = fit$upper),
       fates = data.frame(group = group(fates), time = fates$time,
                          failure = fates$pstate[, states[1]],
                          failure_error = fates$std.err[, states[1]],
                          acquisition = fates$pstate[, states[2]],
                          acquisition_error = fates$std.err[, states[2]]))
}

cases <- list()
for (weights in c("none", "int", "real")) {
  for (right in c("1", "segment")) cases[[paste(right, weights, sep = "/")]] <- one(right, weights)
}
write_values("clustered_curves", cases)
