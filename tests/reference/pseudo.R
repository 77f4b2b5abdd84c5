# Pseudo-values of Kaplan-Meier curves and cumulative hazards by unit, with R's pseudo(), which takes
# the infinitesimal jackknife, and by leaving out one unit after the other.
source("common.R")

by_unit <- function(data, event, unit, times) {
  data$unit <- data[[unit]]
  formula <- as.formula(paste0("Surv(start, stop, ", event, ") ~ 1"), globalenv())
  assign("rows", data, globalenv())  # pseudo() looks for the call's data there
  fit <- eval(bquote(survfit(.(formula), rows, id = unit)), globalenv())
  n <- length(unique(data$unit))
  at <- function(fit) summary(fit, times = times, extend = TRUE)
  whole <- at(fit)
  influence <- function(type) {
    r <- residuals(fit, times = times, type = type, collapse = TRUE)
    r[order(rownames(r)), , drop = FALSE]
  }
  units <- sort(unique(data$unit))
  left <- lapply(units, function(u) at(survfit(formula, data[data$unit != u, ])))
  jackknife <- function(name) {
    t(vapply(left, function(s) n * whole[[name]] - (n - 1) * s[[name]], times))
  }
  made <- pseudo(fit, times = times, collapse = TRUE)
  list(units = I(units), times = I(times), pseudo = unname(made[order(rownames(made)), ]),
       pseudo_hazard = unname(sweep(n * influence("cumhaz"), 2, whole$cumhaz, "+")),
       jackknife = jackknife("surv"), jackknife_hazard = jackknife("cumhaz"))
}

years <- read_data("years")
few <- years[years$firm %in% sort(unique(years$firm))[1:60], ]
days <- read_data("days")
write_values("pseudo", list(
  years = by_unit(few, "failure", "firm", c(1, 3, 6.5, 10)),
  days = by_unit(days[days$patient %in% sort(unique(days$patient))[1:50], ], "death", "patient",
                 c(100, 400))
))
