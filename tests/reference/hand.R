# Six, ten and nine rows: each likelihood written out by hand, term by term, then its first and
# second derivative; coxph must agree. Data: Therneau and Grambsch (2000), appendix E.
source("common.R")

# Each set of rows: log partial likelihood as an expression in b, where r = exp(b).
by_hand <- list(
  # time 1: all six at risk, three with x = 1, one of them dies; time 6: three left and one with
  # x = 1, two die (x = 1 and 0); time 9: the last, alone.
  test1_breslow = quote(2 * b - log(3 * exp(b) + 3) - 2 * log(exp(b) + 3)),
  # Efron: the second of the two deaths at 6 sees the mean of the two removed by half.
  test1_efron = quote(2 * b - log(3 * exp(b) + 3) - log(exp(b) + 3) -
                        log((exp(b) + 5) / 2)),
  # deaths at 2 3 6 7 8 9 9; entries at a time are not at risk for it.
  test2_breslow = quote(4 * b - log(exp(b) + 1) - log(exp(b) + 2) - log(3 * exp(b) + 2) -
                          2 * log(3 * exp(b) + 1) - 2 * log(3 * exp(b) + 2)),
  test2_efron = quote(4 * b - log(exp(b) + 1) - log(exp(b) + 2) - log(3 * exp(b) + 2) -
                        2 * log(3 * exp(b) + 1) - log(3 * exp(b) + 2) -
                        log(2 * exp(b) + 2)),
  # weights: time 1: risk r^2 + 11 r + 7, the death has x = 2, weight 1; time 2: risk 11 r + 5 of
  # which the three deaths are 3 + 4 (x = 1) and 3 (x = 0), their weight 10; time 4: 2 r + 1.
  testw1_breslow = quote(11 * b - log(exp(2 * b) + 11 * exp(b) + 7) - 10 * log(11 * exp(b) + 5) -
                           2 * log(2 * exp(b) + 1)),
  testw1_efron = quote(11 * b - log(exp(2 * b) + 11 * exp(b) + 7) - 10 / 3 * (
    log(11 * exp(b) + 5) + log(11 * exp(b) + 5 - (7 * exp(b) + 3) / 3) +
      log(11 * exp(b) + 5 - 2 * (7 * exp(b) + 3) / 3)) - 2 * log(2 * exp(b) + 1)))

solve_score <- function(f) {
  score <- D(f, "b")
  b <- 0
  for (i in 1:50) b <- b - eval(score, list(b = b)) / eval(D(score, "b"), list(b = b))
  b
}

cases <- lapply(names(by_hand), function(name) {
  f <- by_hand[[name]]
  parts <- strsplit(name, "_")[[1]]
  data <- read_data(parts[1])
  b <- solve_score(f)
  information <- function(b) -eval(D(D(f, "b"), "b"), list(b = b))
  weights <- if (is.null(data$weight)) rep(1, nrow(data)) else data$weight
  fit <- coxph(Surv(start, stop, status) ~ x, data, weights = weights, ties = parts[2],
               control = tight)
  stopifnot(all.equal(unname(coef(fit)), b, tolerance = 1e-10),
            all.equal(fit$loglik, c(eval(f, list(b = 0)), eval(f, list(b = b)))),
            all.equal(fit$var[1, 1], 1 / information(b), tolerance = 1e-8))
  list(params = I(b), standard_errors = I(1 / sqrt(information(b))),
       log_likelihood_null = eval(f, list(b = 0)), log_likelihood = eval(f, list(b = b)),
       score = eval(D(f, "b"), list(b = 0))^2 / information(0),
       martingale = I(unname(residuals(fit))), at = I(c(-1, 0, .5)),
       log_likelihood_at = I(sapply(c(-1, 0, .5), function(b) eval(f, list(b = b)))))
})
names(cases) <- names(by_hand)
# Roots of the scores: r = (3 + sqrt(33)) / 2 for Breslow, r^3 - 23 r - 30 = 0 for Efron.
r <- exp(cases$test1_breslow$params)
stopifnot(all.equal(as.numeric(r), (3 + sqrt(33)) / 2))
r <- exp(as.numeric(cases$test1_efron$params))
stopifnot(abs(r^3 - 23 * r - 30) < 1e-8)
write_values("hand", cases)
