# Log-rank tests with weights that are no whole numbers, or with clusters: survdiff has neither, so
# the variance is that of coxph's score residuals at no effects. The mean cumulative function with
# weights is survfit's.
source("common.R")

years <- read_data("years")

robust <- function(formula, weights, by) {
  years$w <<- weights
  at_zero <- coxph(formula, years, weights = w, ties = "breslow", init = c(0, 0),
                   control = coxph.control(iter.max = 0))
  u <- residuals(at_zero, type = "score", weighted = TRUE, collapse = by)
  z <- colSums(u)
  statistic <- drop(z %*% solve(crossprod(u), z))
  list(statistic = statistic, df = length(z),
       p_value = pchisq(statistic, length(z), lower.tail = FALSE))
}

rows <- seq_len(nrow(years))
ones <- rep(1, nrow(years))
plain <- Surv(start, stop, failure) ~ factor(region)
within <- Surv(start, stop, failure) ~ factor(region) + strata(segment)
logrank <- list(
  "weights" = robust(plain, years$wt_real, years$firm),
  "weights/rows" = robust(plain, years$wt_real, rows),
  "weights/strata" = robust(within, years$wt_real, years$firm),
  "cluster" = robust(plain, ones, years$firm))

mean_of <- function(fit) list(time = I(fit$time), mean = I(fit$cumhaz), std_error = I(fit$std.chaz))
mcf <- lapply(list(wt_real = years$wt_real, wt_int = years$wt_int), function(w) {
  years$w <<- w
  mean_of(survfit(Surv(start, stop, round) ~ 1, years, id = firm, cluster = firm, weights = w))
})

write_values("weighted_tests", list(logrank = logrank, mcf = mcf))
