# Person-years (pyears) with exact Poisson limits (poisson.test), and the piecewise exponential
# model: glm(poisson, offset = log(time)) on rows cut with survSplit, with clustered errors by hand.
source("common.R")

years <- read_data("years")
days <- read_data("days")

cut_rows <- function(data, event, cuts) {
  formula <- as.formula(paste0("Surv(start, stop, ", event, ") ~ ."))
  pieces <- survSplit(formula, data, cut = cuts, episode = "period")
  transform(pieces, time = stop - start)
}

exact <- function(events, time) {
  limits <- mapply(function(d, t) poisson.test(d, t)$conf.int, events, time)
  list(person_time = I(time), events = I(events), rate = I(events / time),
       lower = I(limits[1, ]), upper = I(limits[2, ]))
}

# pyears on the pieces: the time in each cell of region and period.
by_cell <- function(data, event, group, cuts) {
  pieces <- cut_rows(data, event, cuts)
  right <- as.formula(paste0("Surv(time, ", event, ") ~ period + ", group))
  made <- pyears(right, pieces, scale = 1, data.frame = TRUE)$data
  c(list(period = I(made$period), group = I(as.character(made[[group]]))),
    exact(made$event, made$pyears))
}

# Robust error of the rate of each cell, the units as clusters.
by_unit <- function(data, event, group, unit) {
  cells <- split(data, data[[group]])
  one <- function(cell) {
    time <- tapply(cell$stop - cell$start, cell[[unit]], sum)
    events <- tapply(cell[[event]], cell[[unit]], sum)
    rate <- sum(events) / sum(time)
    c(rate, sqrt(sum((events - rate * time)^2)) / sum(time))
  }
  made <- vapply(cells, one, c(0, 0))
  list(group = I(names(cells)), rate = I(unname(made[1, ])), std_error = I(unname(made[2, ])))
}

fit_pieces <- function(data, event, right, cuts, unit, weight = NULL) {
  pieces <- cut_rows(data, event, cuts)
  pieces$w <- if (is.null(weight)) 1 else pieces[[weight]]
  # with the period first, the other factors are coded by treatment
  formula <- as.formula(paste0(event, " ~ factor(period) + ", right, " - 1 + offset(log(time))"))
  fit <- suppressWarnings(glm(formula, poisson, pieces, weights = w,
             control = glm.control(epsilon = 1e-14, maxit = 100)))
  # Once more at the coefficients found: glm's covariance is that of the step before the last.
  fit <- suppressWarnings(glm(formula, poisson, pieces, weights = w, start = coef(fit),
             control = glm.control(epsilon = 1e-14, maxit = 100)))
  x <- model.matrix(fit)
  naive <- solve(crossprod(x * sqrt(pieces$w * fitted(fit))))
  scores <- rowsum(x * (pieces$w * (pieces[[event]] - fitted(fit))), pieces[[unit]])
  robust <- naive %*% crossprod(scores) %*% naive
  list(names = I(names(coef(fit))), coef = I(unname(coef(fit))), se = I(sqrt(unname(diag(vcov(fit))))),
       robust = I(sqrt(unname(diag(robust)))), loglik = sum(pieces$w * dpois(pieces[[event]], fitted(fit), log = TRUE)),
       aic = AIC(fit), pieces = nrow(pieces))
}

write_values("rates", list(
  years = by_cell(years, "failure", "region", c(3, 6)),
  days = by_cell(days, "death", "arm", c(100, 300.5)),
  unit = by_unit(years, "ipo", "region", "firm"),
  piecewise = list(
    years = fit_pieces(years, "failure", "alliances + factor(segment) + size", c(2, 5, 9), "firm"),
    weighted = fit_pieces(years, "failure", "alliances + factor(segment) + size", c(2, 5, 9),
                          "firm", "wt_int"),
    days = fit_pieces(days, "death", "age + factor(arm) + marker", c(50, 200, 365.25), "patient")
  )
))
