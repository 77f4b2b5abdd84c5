# Terms of formulas that R has too: natural splines, offsets, polynomials, intervals, rounding.
source("common.R")
library(splines)

years <- read_data("years")
years$start_year <- years$start + 1990
model <- function(right, ...) {
  coxph(as.formula(paste("Surv(start, stop, failure) ~", right)), years, control = tight, ...)
}
values <- function(fit) {
  b <- if (is.null(coef(fit))) numeric(0) else unname(coef(fit))
  list(params = I(b), standard_errors = I(if (length(b)) unname(sqrt(diag(vcov(fit)))) else b),
       log_likelihood = as.numeric(logLik(fit)))
}
right <- list(
  ns4 = "ns(size, df = 4) + alliances", ns3 = "ns(stop - alliances, df = 3)",
  ns_knots = "ns(size, knots = c(-0.5, 0.5), Boundary.knots = c(-2, 2))",
  bs5 = "bs(size, df = 5)", poly3 = "poly(size, 3)",
  cut = "cut(size, c(-10, -0.5, 0.25, 10))", rounded = "round(size, 1)",
  offset = "alliances + offset(size / 2)", offset_only = "offset(log(alliances + 2))",
  cubic = "I(start_year + alliances) + I((start_year + alliances)^2) + I((start_year + alliances)^3)")
cox <- lapply(right, function(r) values(model(r)))

fit <- model("ns(size, df = 4) + alliances")
at <- data.frame(size = c(-6, -1, 0.3, 7), alliances = c(0, 1, 2, 0))
beyond <- list(size = I(at$size), alliances = I(at$alliances),
               lp = I(unname(predict(fit, at, type = "lp", reference = "zero"))))

with_offset <- model("alliances + offset(size / 2)")
curve <- survfit(with_offset, data.frame(alliances = 1, size = 0.8))
new <- data.frame(alliances = c(0, 2), size = c(-1, 1), start = c(0, 1), stop = c(3, 4), failure = 0)
# Not predict(type = "expected"): survival 3.5 uses the new rows' offsets in one of its two places.
# basehaz() is at the mean of the offset.
base <- basehaz(with_offset, centered = FALSE)
hazard <- function(t) if (any(base$time <= t)) base$hazard[max(which(base$time <= t))] else 0
risk <- exp(new$alliances * coef(with_offset) + new$size / 2 - mean(years$size / 2))
expected <- risk * (sapply(new$stop, hazard) - sapply(new$start, hazard))
predicted <- list(
  time = I(curve$time), survival = I(curve$surv),
  lp = I(unname(predict(with_offset, new, type = "lp", reference = "zero"))),
  of_rows = I(unname(predict(with_offset, type = "lp"))),
  sample = I(unname(predict(with_offset, new, type = "lp"))),
  expected = I(expected),
  martingale = I(unname(residuals(with_offset, "martingale"))),
  score = I(unname(residuals(with_offset, "score"))),
  robust = sqrt(vcov(model("alliances + offset(size / 2)", cluster = years$firm))[1, 1]))

# a hazard of whole periods, with an offset
discrete <- lapply(c(cloglog = "cloglog", logit = "logit"), function(link) {
  g <- glm(failure ~ alliances + log(stop), binomial(link), years, offset = size / 2,
           control = glm.control(epsilon = 1e-14, maxit = 100))
  for (again in 1:30) g <- update(g, start = coef(g))  # its rule stops at half of the digits
  list(params = I(unname(coef(g)[c(2, 1, 3)])), standard_errors =
       I(unname(sqrt(diag(vcov(g)))[c(2, 1, 3)])), log_likelihood = as.numeric(logLik(g)))
})

rounding <- list(x = I(c(0.15, 0.25, 0.35, 2.5, -1.5, 1234.5678, 0.285, 5.015, 1e-5, 150)),
                 digits = I(c(1, 1, 1, 0, 0, 2, 2, 2, 3, -2)))
rounding$rounded <- I(mapply(round, rounding$x, rounding$digits))

# a level without an event: its coefficient is minus infinity, the others as without its rows
years$era <- ifelse(years$alliances == 2 & years$failure == 0, "quiet",
                    ifelse(years$size > 0, "late", "early"))
without <- coxph(Surv(start, stop, failure) ~ factor(era) + size, years[years$era != "quiet", ],
                 control = tight)
quiet <- values(without)
quiet$rows <- sum(years$era == "quiet")

write_values("formulas", list(cox = cox, beyond = beyond, predicted = predicted,
                              discrete = discrete, rounding = rounding, quiet = quiet))
