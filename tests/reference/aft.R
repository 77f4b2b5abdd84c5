# Accelerated failure time. Without delayed entry: survreg. With it survreg has no form, so the
# likelihood is written out (density for an event, survivor function for a leaving, each over the
# survivor function at entry; Klein and Moeschberger 2003, section 3.5) and maximised by Newton with
# numeric derivatives; the same code must give survreg's numbers where everyone enters at 0.
source("common.R")

# log density and log survivor function of log T = mu + sigma W, in t; z = (log t - mu) / sigma.
laws <- list(
  weibull = list(f = function(z) z - exp(z), s = function(z) -exp(z)),
  lognormal = list(f = function(z) dnorm(z, log = TRUE),
                   s = function(z) pnorm(z, lower.tail = FALSE, log.p = TRUE)),
  loglogistic = list(f = function(z) z - 2 * log1p(exp(z)), s = function(z) -log1p(exp(z))))

log_likelihood <- function(theta, data, x, law) {
  p <- ncol(x)
  mu <- drop(x %*% theta[1:p])
  sigma <- exp(theta[p + 1])
  z <- (log(data$stop) - mu) / sigma
  own <- ifelse(data$event == 1, law$f(z) - log(sigma) - log(data$stop), law$s(z))
  late <- data$start > 0
  own[late] <- own[late] - law$s((log(data$start[late]) - mu[late]) / sigma)
  sum(data$w * own)
}

# Fourth-order differences of the gradient's and the Hessian's entries.
gradient <- function(f, b, h = 2e-3) {
  vapply(seq_along(b), function(j) {
    e <- replace(0 * b, j, h)
    (-f(b + 2 * e) + 8 * f(b + e) - 8 * f(b - e) + f(b - 2 * e)) / (12 * h)
  }, 0)
}
hessian <- function(f, b, h = 5e-3) {
  m <- vapply(seq_along(b), function(j) {
    e <- replace(0 * b, j, h)
    g <- function(at) gradient(f, at, h)
    (-g(b + 2 * e) + 8 * g(b + e) - 8 * g(b - e) + g(b - 2 * e)) / (12 * h)
  }, b)
  (m + t(m)) / 2
}

by_hand <- function(data, right, name, start) {
  x <- model.matrix(as.formula(paste("~", right)), data)
  f <- function(theta) log_likelihood(theta, data, x, laws[[name]])
  theta <- start
  for (i in 1:15) theta <- theta - drop(solve(hessian(f, theta), gradient(f, theta)))
  v <- solve(-hessian(f, theta))
  list(theta = theta, errors = sqrt(diag(v)), log_likelihood = f(theta))
}

values <- function(data, right, name, weights = NULL) {
  data$w <- if (is.null(weights)) 1 else as.numeric(data[[weights]])
  zero <- transform(data, start = 0)
  fit <- survreg(as.formula(paste("Surv(stop, event) ~", right)), zero, weights = w, dist = name,
                 control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  from <- c(coef(fit), log(fit$scale))
  check <- by_hand(zero, right, name, from)
  stopifnot(all.equal(check$theta, from, tolerance = 1e-9, check.attributes = FALSE),
            all.equal(check$errors, sqrt(diag(fit$var)), tolerance = 1e-8,
                      check.attributes = FALSE),
            all.equal(check$log_likelihood, fit$loglik[2], tolerance = 1e-11))
  late <- by_hand(data, right, name, from)
  p <- length(coef(fit))
  list(
    from_zero = list(params = coef(fit), log_scale = log(fit$scale),
                     standard_errors = I(unname(sqrt(diag(fit$var)))),
                     log_likelihood = fit$loglik[2], aic = 2 * (p + 1) - 2 * fit$loglik[2]),
    with_entry = list(params = setNames(late$theta[1:p], names(coef(fit))),
                      log_scale = unname(late$theta[p + 1]),
                      standard_errors = I(unname(late$errors)),
                      log_likelihood = late$log_likelihood))
}

cases <- list()
fixed <- read_data("fixed")
for (fate in c("failure", "acquisition")) for (name in names(laws)) {
  fixed$event <- fixed[[fate]]
  cases[[paste(fate, name, sep = "/")]] <-
    values(fixed, "university + capital + factor(segment)", name)
}
fixed$event <- fixed$failure
for (name in names(laws)) {
  cases[[paste("weighted", name, sep = "/")]] <- values(fixed, "university + capital", name, "wt_int")
}
write_values("aft", cases)
