# Financing rounds, which come again: Andersen-Gill, Prentice-Williams-Peterson in total and in gap
# time, clustered by firm; and the mean cumulative function with its robust error.
source("common.R")

years <- read_data("years")
years <- years[order(years$firm, years$start), ]
# How many rounds before this row, as far as is known; from the fourth on they share a stratum.
years$before <- ave(years$round, years$firm, FUN = function(x) cumsum(x) - x)
years$order <- pmin(years$before + 1, 4)
# Gap time runs from the last round, before the first from the founding.
last <- ave(ifelse(years$round == 1, years$stop, NA), years$firm, FUN = function(x) {
  seen <- c(NA, x[-length(x)])
  for (i in seq_along(seen)) if (is.na(seen[i]) && i > 1) seen[i] <- seen[i - 1]
  seen
})
years$origin <- ifelse(is.na(last), 0, last)
years$gap_start <- years$start - years$origin
years$gap_stop <- years$stop - years$origin

values <- function(formula, ties) {
  fit <- coxph(formula, years, ties = ties, cluster = firm, control = tight)
  list(params = coef(fit), standard_errors = I(unname(sqrt(diag(fit$var)))),
       naive_standard_errors = I(unname(sqrt(diag(fit$naive.var)))),
       log_likelihood_null = fit$loglik[1], log_likelihood = fit$loglik[2])
}
cases <- list()
for (ties in c("efron", "breslow")) {
  cases[[paste0("andersen_gill/", ties)]] <-
    values(Surv(start, stop, round) ~ alliances + size, ties)
  cases[[paste0("pwp_total/", ties)]] <-
    values(Surv(start, stop, round) ~ alliances + size + strata(order), ties)
  cases[[paste0("pwp_gap/", ties)]] <-
    values(Surv(gap_start, gap_stop, round) ~ alliances + size + strata(order), ties)
}
cases$rows <- list(order_counts = I(unname(c(table(years$order)))),
                   order_events = I(unname(c(tapply(years$round, years$order, sum)))),
                   gap_stop_sum = sum(years$gap_stop))

# Lawless and Nadeau (1995): dM = dN / Y; the variance sums over firms the square of
# sum over s of Y_i(s) (dN_i(s) - dM(s)) / Y(s). survfit's robust cumulative hazard is the same.
mean_function <- function(data) {
  times <- sort(unique(data$stop))
  at_risk <- events <- mean <- numeric(length(times))
  influence <- matrix(0, length(times), length(unique(data$firm)))
  firm <- as.integer(factor(data$firm))
  own <- numeric(ncol(influence))
  total <- 0
  for (i in seq_along(times)) {
    here <- data$start < times[i] & times[i] <= data$stop
    now <- here & data$stop == times[i]
    at_risk[i] <- sum(here)
    events[i] <- sum(data$round[now])
    step <- events[i] / at_risk[i]
    total <- total + step
    mean[i] <- total
    change <- numeric(length(own))
    n <- tapply(ifelse(now, data$round, 0)[here], firm[here], sum)
    change[as.integer(names(n))] <- (n - step * c(table(firm[here]))) / at_risk[i]
    own <- own + change
    influence[i, ] <- own
  }
  list(time = I(times), at_risk = I(at_risk), events = I(events), mean = I(mean),
       std_error = I(sqrt(rowSums(influence^2))))
}
cases$mean_cumulative <- mean_function(years)
check <- survfit(Surv(start, stop, round) ~ 1, years, id = firm, cluster = firm)
at <- match(check$time, cases$mean_cumulative$time)
stopifnot(all.equal(check$cumhaz, as.numeric(cases$mean_cumulative$mean)[at]),
          all.equal(check$std.chaz, as.numeric(cases$mean_cumulative$std_error)[at]))
for (g in unique(years$segment)) {
  cases[[paste0("mean_cumulative/", g)]] <- mean_function(years[years$segment == g, ])
}
write_values("recurrent", cases)
