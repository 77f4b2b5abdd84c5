# survfit of start-stop rows: Kaplan-Meier, Nelson-Aalen, quantiles, restricted means.
# No id is given: every end of a row without an event is a leaving, and has a row in the table.
source("common.R")

years <- read_data("years")
days <- read_data("days")
freireich <- read_data("freireich")

limits <- c("log-log", "log", "plain", "arcsin")

groups <- function(fit) {
  if (is.null(fit$strata)) return(rep("", length(fit$time)))
  rep(gsub("[a-z]+=", "", names(fit$strata)), fit$strata)
}

# fit$std.err of a survfit is that of log(survival), and Greenwood's is survival times it; with
# weights that are not whole it is that of survival itself, robust with each row on its own.
curve <- function(fit) {
  scale <- if (fit$logse) fit$surv else 1
  data.frame(group = groups(fit), time = fit$time, at_risk = fit$n.risk, events = fit$n.event,
             survival = fit$surv, std_error = scale * fit$std.err)
}

quantiles <- function(fit) {
  probs <- c(.1, .25, .5)
  q <- quantile(fit, probs)
  as_rows <- function(x) if (is.matrix(x)) unname(x) else matrix(x, nrow = 1)
  list(probs = probs, quantile = as_rows(q$quantile), lower = as_rows(q$lower),
       upper = as_rows(q$upper))
}

# As print(fit) shows them.
medians <- function(fit) {
  table <- summary(fit)$table
  if (!is.matrix(table)) table <- t(table)
  level <- paste0(fit$conf.int, c("LCL", "UCL"))
  list(median = I(unname(table[, "median"])), lower = I(unname(table[, level[1]])),
       upper = I(unname(table[, level[2]])))
}

means <- function(fit, horizon) {
  table <- summary(fit, rmean = horizon)$table
  if (!is.matrix(table)) table <- t(table)
  list(horizon = horizon, estimate = I(unname(table[, "rmean"])),
       std_error = I(unname(table[, "se(rmean)"])))
}

kept <- function(x, thin) if (thin == 1) x else x[unique(round(seq(1, length(x), by = thin)))]

values <- function(formula, data, weights, horizons, thin) {
  call <- list(formula = formula, data = data)
  if (!is.null(weights)) call$weights <- data[[weights]]
  fits <- lapply(limits, function(type) do.call(survfit, c(call, conf.type = type)))
  names(fits) <- limits
  hazard <- do.call(survfit, c(call, stype = 2, ctype = 1, conf.type = "log"))
  plain <- fits[["log-log"]]
  at <- kept(seq_along(plain$time), thin)
  list(
    n_times = length(plain$time), positions = I(at - 1), table = curve(plain)[at, ],
    limits = lapply(fits, function(f) list(lower = I(f$lower[at]), upper = I(f$upper[at]))),
    nelson_aalen = data.frame(hazard = hazard$cumhaz, std_error = hazard$std.chaz)[at, ],
    fleming_harrington_survival = I(hazard$surv[at]),
    quantiles = lapply(fits, quantiles), medians = lapply(fits, medians),
    restricted_mean = lapply(horizons, function(h) means(plain, h)))
}

cases <- list()
for (weights in c("none", "int", "real")) {
  column <- if (weights == "none") NULL else paste0("wt_", weights)
  add <- function(name, ...) cases[[paste(name, weights, sep = "/")]] <<- values(...)
  add("years/all", Surv(start, stop, failure) ~ 1, years, column, c(5, 10, 20), 1)
  add("years/segment", Surv(start, stop, failure) ~ segment, years, column, c(5, 10, 20), 1)
  add("years/acquisition", Surv(start, stop, acquisition) ~ region, years, column, c(8, 15), 1)
  add("days/all", Surv(start, stop, death) ~ 1, days, column, c(365, 730), 9)
  add("days/arm", Surv(start, stop, death) ~ arm, days, column, c(365, 730), 9)
}
cases[["freireich/arm/none"]] <- values(Surv(start, stop, relapse) ~ arm, freireich, NULL,
                                        c(10, 20), 1)

# Limits that rise again: few at risk at the first events, more later.
rising <- data.frame(start = c(0, 0, 2, 2, 2, 2, 2, 2, 3, 4),
                     stop = c(1, 9, 7, 8, 8, 9, 9, 10, 18, 7),
                     died = c(1, 0, 1, 1, 0, 1, 1, 0, 1, 1))
fits <- lapply(limits, function(type) survfit(Surv(start, stop, died) ~ 1, rising, conf.type = type))
names(fits) <- limits
print(fits[["log-log"]])
write_values("median_rising", list(rows = rising, medians = lapply(fits, medians),
                                   quantiles = lapply(fits, quantiles)))
write_values("kaplan_meier", cases)
