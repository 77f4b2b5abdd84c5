# Survival standardised over each firm's first row: the mean of survfit(newdata)'s curves with the
# exposure set, with delayed entry.
source("common.R")

years <- read_data("years")
sample <- years[!duplicated(years$firm), ]
times <- c(1, 4, 8)
curves <- function(ties, right) {
  formula <- as.formula(paste("Surv(start, stop, failure) ~", right))
  fit <- coxph(formula, years, ties = ties, control = tight)
  one <- function(value) {
    set <- transform(sample, alliances = value)
    made <- summary(survfit(fit, newdata = set), times = times)
    rowMeans(made$surv)
  }
  lapply(c(0, 3), function(value) I(one(value)))
}
write_values("standardised", list(
  times = I(times),
  efron = curves("efron", "alliances + factor(segment) + size"),
  breslow = curves("breslow", "alliances * size")
))
