# Six cases in which R is wrong without a word, each beside what is right by a second way in R itself.
# Nothing here is what our estimators are built from: the test asks that they give the right ones.
source("common.R")

years <- read_data("years")
fixed <- read_data("fixed")
fixed$time <- fixed$stop - fixed$start

# 1. Wald and robust score test of covariates whose scales are far apart: the matrix is solved with a
# limit that knows no scale, and a covariate falls out. No test depends on the unit of a covariate.
tests_of <- function(unit) {
  d <- transform(years, small = size * unit)
  f <- coxph(Surv(start, stop, failure) ~ alliances + small, d, cluster = firm, control = tight)
  b <- coef(f) * c(1, unit)
  v <- f$var * outer(c(1, unit), c(1, unit))
  list(wald = unname(f$wald.test), robust_score = unname(f$rscore), wald_solved = sum(b * solve(v, b)))
}

# 2. survreg with weights and clusters: the robust variance leaves the weights out. A weight of 3 is
# three equal rows.
aft_errors <- function(d, weighted) {
  call <- list(Surv(time, failure) ~ capital, d, dist = "weibull", cluster = d$incubator,
               control = survreg.control(rel.tolerance = 1e-13, maxiter = 100))
  if (weighted) call$weights <- d$wt_int
  I(unname(sqrt(diag(do.call(survreg, call)$var))))
}
repeated <- fixed[rep(seq_len(nrow(fixed)), fixed$wt_int), ]

# 3. survfit of several states with id and cluster: the clusters are not read. By definition the errors
# are sums of squares of the influence, added up by cluster.
moves <- read_data("states")
moves$to <- factor(moves$to, c("none", setdiff(sort(unique(moves$to)), "none")))
share <- function(...) survfit(Surv(start, stop, to) ~ 1, moves, id = firm, istate = state, ...)
influence <- share(influence = TRUE)$influence.pstate
by_region <- moves$region[match(dimnames(influence)[[1]], moves$firm)]
summed <- sqrt(apply(influence, 2:3, function(x) sum(rowsum(x, by_region)^2)))[-1, ]
both <- survfit(Surv(start, stop, to) ~ 1, moves, id = firm, istate = state, cluster = region)

# 4. Concordance after poly(): its columns differ by rounding between rows with equal covariates, and
# pairs that are tied count as ranked.
bent <- coxph(Surv(start, stop, failure) ~ poly(alliances, 2), years, control = tight)
same <- coxph(Surv(start, stop, failure) ~ alliances + I(alliances^2), years, control = tight)

# 5. finegray where the last entry falls on the first exit: who enters at 2 is at risk after 2, as
# everywhere in (start, stop]; but entries are looked at only if one is later than the first exit. A
# hair later nothing changes in any risk set, and they are.
rows <- data.frame(id = 1:8, start = c(0, 0, 0, 1, 2, 0, 2, 1), stop = c(2, 4, 5, 6, 7, 8, 3, 9),
                   fate = c(2, 1, 2, 0, 1, 0, 1, 1), x = c(1, 0, 1, 0, 1, 0, 0, 1))
weighted <- function(d) {
  d$fate <- factor(d$fate, 0:2, c("none", "a", "b"))
  finegray(Surv(start, stop, fate) ~ ., d, id = id, etype = "a")
}
effect <- function(d) {
  unname(coef(coxph(Surv(fgstart, fgstop, fgstatus) ~ x, weighted(d), weights = fgwt, control = tight)))
}
later <- transform(rows, start = ifelse(start == 2, 2 + 1e-6, start))

# 6. finegray where a unit enters after all others have left: weights of 0/0 and 1/0. Without that
# unit, which is compared with nobody, all is well.
lone <- rbind(transform(rows, start = ifelse(start == 2, 1, start)),
              data.frame(id = 9, start = 10, stop = 12, fate = 1, x = 1))

write_values("r_faults", list(
  unlike_scales = list(unit = 1e-8, said = tests_of(1e-8), right = tests_of(1)),
  weighted_clusters = list(said = aft_errors(fixed, TRUE), right = aft_errors(repeated, FALSE)),
  states_by_cluster = list(said = unname(both$std.err), without = unname(share()$std.err),
                           right = unname(summed), time = I(both$time), states = I(both$states)),
  poly_concordance = list(said = bent$concordance[["tied.x"]], right = same$concordance[["tied.x"]],
                          said_c = concordance(bent)$concordance, right_c = concordance(same)$concordance),
  entry_on_exit = list(said = effect(rows), right = effect(later), rows = rows),
  lone_entrant = list(weights = I(weighted(lone)$fgwt), right = effect(lone[lone$id < 9, ]), rows = lone)
))
