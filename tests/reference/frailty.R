# Shared gamma frailty. coxph's own search for the variance theta stops early, so theta is found here
# as the root of the derivative of the marginal likelihood (Therneau and Grambsch 2000, section 9.6),
#   L(nu) = PPL + sum over groups of nu - (nu + d) log(nu + d) + nu log(nu) + lgamma(nu + d) -
#           lgamma(nu),   nu = 1 / theta, d the events of a group;
# PPL is at its maximum, so only its penalty, sum of nu (w - exp(w)), depends on nu. Each step is a
# coxph with theta fixed and tight control. Standard errors: of the full penalised information
# (sparse = FALSE), theta taken as known; coxph's default for many groups keeps only the diagonal
# of the frailties' block, and is beside. Delayed entry is as in R: frailties are gamma at entry.
source("common.R")

fixed_theta <- function(m, theta, sparse = FALSE) {
  m$theta <- theta
  text <- sprintf("%s + frailty(%s, distribution = 'gamma', theta = %.17g, sparse = %s)",
                  m$formula, m$group, theta, sparse)
  coxph(as.formula(text), m$data, ties = m$ties,
        control = coxph.control(eps = 1e-13, iter.max = 200, toler.chol = 1e-16))
}

# With sparse = FALSE the log frailties are the last coefficients.
frailties <- function(m, fit) {
  unname(tail(coef(fit), length(unique(m$data[[m$group]]))))
}

slope <- function(m, theta) {
  nu <- 1 / theta
  fit <- fixed_theta(m, theta)
  w <- frailties(m, fit)
  d <- tapply(m$data[[m$event]], m$data[[m$group]], sum)
  sum(w - exp(w) + 1 + log(nu) - log(nu + d) + digamma(nu + d) - digamma(nu))
}

# Residuals and cox.zph take the frailties as known, as R's do of a sparse term: an offset, at the
# same coefficients. var: of these, from the whole penalised information.
as_known <- function(m, beta, w, var) {
  data <- m$data
  groups <- sort(unique(data[[m$group]]))
  data$log_frailty <- w[match(data[[m$group]], groups)]
  fit <- coxph(as.formula(paste(m$formula, "+ offset(log_frailty)")), data, ties = m$ties, init = beta,
               control = coxph.control(iter.max = 0), x = TRUE, y = TRUE)
  score <- as.matrix(residuals(fit, "score"))
  schoenfeld <- as.matrix(residuals(fit, "schoenfeld"))
  events <- nrow(schoenfeld)
  zph <- function(transform) {
    table <- cox.zph(fit, transform = transform)$table
    list(statistic = I(unname(table[, 1])), df = I(unname(table[, 2])), p_value = I(unname(table[, 3])))
  }
  list(score = digest(score), dfbeta = digest(score %*% var), schoenfeld = digest(schoenfeld),
       scaled_schoenfeld = digest(sweep(schoenfeld %*% var * events, 2, beta, "+")),
       martingale = digest(residuals(fit, "martingale")),
       zph = list(km = zph("km"), rank = zph("rank"), identity = zph("identity")))
}

values <- function(data, event, right, group, ties) {
  m <- list(data = data, event = event, group = group, ties = ties,
            formula = sprintf("Surv(start, stop, %s) ~ %s", event, right))
  grid <- c(.01, .05, .1, .2, .4, .8, 1.6, 3.2)
  slopes <- vapply(grid, function(theta) slope(m, theta), 0)
  plain <- coxph(as.formula(m$formula), data, ties = ties, control = tight)
  # L falls in theta from 0 on: d L / d nu > 0 everywhere, and the estimate is the boundary.
  if (all(slopes > 0)) return(list(theta = 0, params = coef(plain),
                                   log_likelihood = plain$loglik[2]))
  last <- max(which(slopes < 0))
  root <- uniroot(function(theta) slope(m, theta), grid[last + 0:1], tol = 1e-13)$root
  fit <- fixed_theta(m, root)
  sparse <- fixed_theta(m, root, sparse = TRUE)
  p <- length(coef(plain))
  beta <- coef(fit)[seq_len(p)]
  stopifnot(all.equal(beta, coef(sparse), tolerance = 1e-6))
  marginal <- fit$history[[1]]$c.loglik
  error <- function(fit, at) I(unname(sqrt(diag(fit$var))[at]))
  em <- coxph(as.formula(sprintf("%s + frailty(%s, distribution = 'gamma', method = 'em', eps = 1e-11)",
                                 m$formula, group)), data, ties = ties,
              control = coxph.control(eps = 1e-12, iter.max = 100, outer.max = 100, toler.chol = 1e-14))
  list(theta = root, params = beta, standard_errors = error(fit, seq_len(p)),
       standard_errors_sparse = error(sparse, seq_len(p)),
       log_likelihood = marginal, log_likelihood_without = plain$loglik[2],
       likelihood_ratio = 2 * (marginal - plain$loglik[2]),
       p_value = pchisq(2 * (marginal - plain$loglik[2]), 1, lower.tail = FALSE) / 2,
       as_known = as_known(m, beta, frailties(m, fit), fit$var[seq_len(p), seq_len(p), drop = FALSE]),
       frailty = I(exp(frailties(m, fit))), groups = I(as.character(sort(unique(data[[group]])))),
       r_em = list(theta = em$history[[1]]$theta, log_likelihood = em$history[[1]]$c.loglik))
}

sets <- list(
  fixed = list(read_data("fixed"), "failure", "university + capital", "incubator"),
  fixed_years = list(read_data("fixed_years"), "failure", "university + capital", "incubator"),
  days = list(read_data("days"), "death", "age + factor(arm) + marker", "patient"),
  years = list(read_data("years"), "failure", "alliances + size", "firm"))
cases <- list()
for (name in names(sets)) for (ties in c("efron", "breslow")) {
  cases[[paste(name, ties, sep = "/")]] <- do.call(values, c(sets[[name]], ties))
}
write_values("frailty", cases)
