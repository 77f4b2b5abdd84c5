# Accelerated failure times of which all enter late: the likelihood by hand, its maximum by optim
# from many points and by nlm from there. survreg takes no entries.
source("common.R")
library(survival)

log_likelihood <- function(theta, kind, entry, exit, event) {
  s <- exp(theta[2])
  z <- (log(exit) - theta[1]) / s
  z0 <- (log(entry) - theta[1]) / s
  parts <- switch(kind,
    weibull = list(log_h = z, H = exp(z), H0 = exp(z0)),
    lognormal = list(
      log_h = dnorm(z, log = TRUE) - pnorm(z, lower.tail = FALSE, log.p = TRUE),
      H = -pnorm(z, lower.tail = FALSE, log.p = TRUE),
      H0 = -pnorm(z0, lower.tail = FALSE, log.p = TRUE)
    ),
    loglogistic = list(log_h = plogis(z, log.p = TRUE), H = log1p(exp(z)), H0 = log1p(exp(z0)))
  )
  sum(event * (parts$log_h - theta[2] - log(exit)) - parts$H + parts$H0)
}

maximum <- function(kind, data) {
  best <- NULL
  for (middle in c(-1, 0, 1)) for (log_scale in c(-3, -2, -1, 0)) {
    begin <- c(mean(log(data$exit)) + middle, log_scale)
    minus <- function(theta) -log_likelihood(theta, kind, data$entry, data$exit, data$event)
    found <- try(optim(begin, minus, method = "BFGS", control = list(maxit = 5000, reltol = 1e-14)),
                 silent = TRUE)
    if (inherits(found, "try-error")) next
    if (is.null(best) || found$value < best$value) best <- found
  }
  # Newton's method by nlm, with tight steps, brings the digits that optim leaves out.
  sharp <- suppressWarnings(nlm(minus, best$par, gradtol = 1e-12, steptol = 1e-14, iterlim = 1000))
  if (sharp$minimum < best$value) best <- list(par = sharp$estimate, value = sharp$minimum)
  list(theta = best$par, log_likelihood = -best$value)
}

set.seed(7)
entry <- runif(2000, 5, 7.5)
time <- rweibull(2000, 3, 8)
simulated <- data.frame(entry, exit = pmin(time, 12), event = as.numeric(time < 12))[time > entry, ]
channing <- boot::channing
channing <- with(channing[channing$exit > channing$entry, ], data.frame(entry, exit, event = cens))
aids <- MASS::Aids2[MASS::Aids2$death > MASS::Aids2$diag, ]
aids <- with(aids, data.frame(entry = age, exit = age + (death - diag) / 365.25,
                              event = as.numeric(status == "D")))
aids <- aids[aids$entry > 0, ][seq(1, 2800, 7), ]
sets <- list(simulated = simulated[1:300, ], channing = channing, aids = aids)
kinds <- c("weibull", "lognormal", "loglogistic")
values <- lapply(sets, function(data) {
  fits <- lapply(kinds, maximum, data = data)
  names(fits) <- kinds
  c(list(data = as.list(data)), fits)
})
write_values("aft_late", values)
