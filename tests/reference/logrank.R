# Log-rank tests and their weighted kin with delayed entry. R's survdiff refuses start-stop rows, so
# they are computed here from the definitions (Klein and Moeschberger 2003, section 7.3), and
# checked: against survdiff(rho = 0, 1, .5) where nobody enters late, and against the score test of
# coxph(ties = "exact") where somebody does (the log-rank test with its hypergeometric variance).
source("common.R")

# Z (observed less expected, weighted) and its variance, of one stratum.
parts <- function(start, stop, event, group, weight) {
  times <- sort(unique(stop[event == 1]))
  k <- nlevels(group)
  at_risk <- t(sapply(times, function(t) tapply(start < t & t <= stop, group, sum)))
  died <- t(sapply(times, function(t) tapply(stop == t & event == 1, group, sum)))
  at_risk[is.na(at_risk)] <- 0
  died[is.na(died)] <- 0
  y <- rowSums(at_risk)
  d <- rowSums(died)
  w <- weight(y, d)
  z <- colSums(w * (died - d * at_risk / y))
  v <- matrix(0, k, k)
  for (i in seq_along(times)) if (y[i] > 1) {
    share <- at_risk[i, ] / y[i]
    v <- v + w[i]^2 * d[i] * (y[i] - d[i]) / (y[i] - 1) * (diag(share, k) - outer(share, share))
  }
  list(z = z, v = v, observed = colSums(died), expected = colSums(d * at_risk / y))
}

before <- function(s) c(1, s[-length(s)])
fleming <- function(rho, gamma) function(y, d) {
  s <- before(cumprod(1 - d / y))
  s^rho * (1 - s)^gamma
}
weightings <- list(
  "logrank" = function(y, d) rep(1, length(y)), "gehan-breslow" = function(y, d) y,
  "tarone-ware" = function(y, d) sqrt(y), "peto" = function(y, d) cumprod(1 - d / (y + 1)),
  "fleming-harrington/1/0" = fleming(1, 0), "fleming-harrington/0/1" = fleming(0, 1),
  "fleming-harrington/0.5/0.5" = fleming(.5, .5), "fleming-harrington/0.5/0" = fleming(.5, 0))

added <- function(data, event, group, strata, weight) {
  group <- factor(data[[group]])
  by <- if (is.null(strata)) rep(1, nrow(data)) else interaction(data[strata], drop = TRUE)
  pieces <- lapply(split(seq_len(nrow(data)), by), function(i) {
    parts(data$start[i], data$stop[i], data[[event]][i], group[i], weight)
  })
  Reduce(function(a, b) Map(`+`, a, b), pieces)
}

chi_square <- function(p) {
  k <- length(p$z)
  statistic <- drop(p$z[-k] %*% solve(p$v[-k, -k], p$z[-k]))
  list(statistic = statistic, df = k - 1, p_value = pchisq(statistic, k - 1, lower.tail = FALSE),
       observed = I(unname(p$observed)), expected = I(unname(p$expected)))
}

trend <- function(p, scores) {
  statistic <- sum(scores * p$z)^2 / drop(scores %*% p$v %*% scores)
  list(statistic = statistic, df = 1, p_value = pchisq(statistic, 1, lower.tail = FALSE),
       scores = I(scores))
}

pairs <- function(data, event, group, strata) {
  both <- combn(sort(unique(data[[group]])), 2)
  tests <- apply(both, 2, function(two) {
    chi_square(added(data[data[[group]] %in% two, ], event, group, strata, weightings$logrank))
  })
  p <- sapply(tests, `[[`, "p_value")
  list(first = I(both[1, ]), second = I(both[2, ]), statistic = I(sapply(tests, `[[`, "statistic")),
       p_value = I(p), p_holm = I(p.adjust(p, "holm")))
}

values <- function(data, event, group, strata = NULL, scores = NULL) {
  tests <- lapply(weightings, function(w) chi_square(added(data, event, group, strata, w)))
  out <- list(tests = tests, pairs = pairs(data, event, group, strata))
  if (!is.null(scores)) {
    out$trend <- lapply(weightings, function(w) trend(added(data, event, group, strata, w), scores))
  }
  out
}

years <- read_data("years")
days <- read_data("days")
freireich <- read_data("freireich")

# ---- the checks -------------------------------------------------------------------------------

late <- read_data("fixed_years")
late$start <- 0
for (rho in c(0, .5, 1)) {
  own <- chi_square(added(late, "failure", "segment", NULL, fleming(rho, 0)))
  theirs <- survdiff(Surv(stop, failure) ~ segment, late, rho = rho)
  stopifnot(all.equal(own$statistic, theirs$chisq, tolerance = 1e-12))
  own <- chi_square(added(late, "failure", "segment", "university", fleming(rho, 0)))
  theirs <- survdiff(Surv(stop, failure) ~ segment + strata(university), late, rho = rho)
  stopifnot(all.equal(own$statistic, theirs$chisq, tolerance = 1e-12))
}
some <- years[years$firm <= "f080", ]  # the exact likelihood of all rows takes hours
for (right in c("factor(segment)", "factor(segment) + strata(era)")) {
  score <- coxph(as.formula(paste("Surv(start, stop, failure) ~", right)), some, ties = "exact")
  strata <- if (grepl("era", right)) "era"
  own <- chi_square(added(some, "failure", "segment", strata, weightings$logrank))
  stopifnot(all.equal(own$statistic, score$score, tolerance = 1e-8))
}

write_values("logrank", list(
  "years/segment" = values(years, "failure", "segment", scores = c(0, 1, 2)),
  "years/segment/era" = values(years, "failure", "segment", "era", scores = c(0, 1, 2)),
  "years/region/era+segment" = values(years, "failure", "region", c("era", "segment")),
  "years/acquisition" = values(years, "acquisition", "region"),
  "days/arm" = values(days, "death", "arm", scores = c(0, 1, 3)),
  "days/arm/site" = values(days, "death", "arm", "site"),
  "freireich/arm" = values(freireich, "relapse", "arm")))
