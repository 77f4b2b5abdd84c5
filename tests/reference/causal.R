# Inverse-probability weights by glm and products by firm; weighted coxph and glm with errors by firm.
# The exposure models of graded exposures by polr (MASS), of numbers by glm(poisson).
source("common.R")
suppressPackageStartupMessages(library(MASS))

d <- read_data("years")
d <- d[order(d$firm, d$start), ]
d$allied <- +(d$alliances > 0)
d$big <- +(d$size > 0)
d$grade <- pmin(d$alliances, 2)
first <- !duplicated(d$firm)
lag <- function(x) c(0, x[-length(x)]) * !first
d$allied_before <- lag(d$allied)
d$big_before <- lag(d$big)
d$new <- pmax(d$alliances - lag(d$alliances), 0) * !first
exact <- glm.control(epsilon = 1e-14, maxit = 100)

by_firm <- function(x) ave(x, d$firm, FUN = cumprod)
chance <- function(fit, y) { p <- fitted(fit); ifelse(y == 1, p, 1 - p) }

# Weights of a status: of all rows, or of those up to its start.
status <- function(name, below, above, link, starts) {
  rows <- if (starts) d[[paste0(name, "_before")]] == 0 else rep(TRUE, nrow(d))
  at <- d[rows, ]
  fits <- lapply(c(below, above), function(right) {
    glm(as.formula(paste(name, "~", right)), binomial(link), at, control = exact)
  })
  one <- rep(1, nrow(d))
  one[rows] <- 1 / chance(fits[[1]], at[[name]])
  both <- one
  both[rows] <- chance(fits[[2]], at[[name]]) * one[rows]
  list(weights = by_firm(both), plain = by_firm(one), fits = fits)
}

numbers <- function(below, above) {
  p <- function(right) dpois(d$new, fitted(glm(as.formula(paste("new ~", right)), poisson, d,
                                               control = exact)))
  by_firm(p(above) / p(below))
}

grades <- function(below, above) {
  p <- function(right) {
    f <- as.formula(paste("factor(grade) ~", right))
    fit <- polr(f, d, Hess = TRUE, control = list(reltol = 1e-16, maxit = 1000))
    for (k in 1:3) fit <- polr(f, d, start = c(coef(fit), fit$zeta), Hess = TRUE,
                               control = list(reltol = 1e-16, maxit = 1000))
    fitted(fit)[cbind(seq_len(nrow(d)), d$grade + 1)]
  }
  by_firm(p(above) / p(below))
}

starts <- status("allied", "size + factor(segment) + start", "factor(segment) + start", "logit", TRUE)
cloglog <- status("allied", "size + factor(segment) + start", "factor(segment) + start", "cloglog", TRUE)
switches <- status("big", "alliances + big_before + start", "big_before + start", "logit", FALSE)

d$w <- starts$weights
model <- coxph(Surv(start, stop, failure) ~ allied + factor(segment), d, weights = w, cluster = firm,
               control = tight)

# Pooled cloglog with weights: sandwich by firm, no small-sample factor.
pooled <- suppressWarnings(glm(failure ~ allied + factor(segment) + log(stop), binomial("cloglog"), d,
                               weights = w, control = exact))
for (k in 1:3) pooled <- suppressWarnings(update(pooled, start = coef(pooled)))
x <- model.matrix(pooled)
eta <- pooled$linear.predictors
mu <- fitted(pooled)
slope <- exp(eta - exp(eta))
u <- rowsum(x * (d$w * slope * (d$failure - mu) / (mu * (1 - mu))), d$firm)
bread <- solve(t(x) %*% (x * (d$w * slope^2 / (mu * (1 - mu)))))
robust <- bread %*% (t(u) %*% u) %*% bread

write_values("causal", list(
  rows = I(seq(0, nrow(d) - 1, 13)),
  starts = list(weights = digest(starts$weights), plain = digest(starts$plain),
                coef = coef(starts$fits[[1]]), se = sqrt(diag(vcov(starts$fits[[1]])))),
  cloglog = list(weights = digest(cloglog$weights)),
  switches = list(weights = digest(switches$weights)),
  counts = list(weights = digest(numbers("size + start", "start"))),
  ordinal = list(weights = digest(grades("size + start", "start"))),
  truncated = I(quantile(starts$weights, c(.01, .99), names = FALSE)),
  cox = list(coef = I(unname(coef(model))), se = I(sqrt(diag(model$var))),
             naive = I(sqrt(diag(model$naive.var)))),
  pooled = list(names = I(names(coef(pooled))), coef = I(unname(coef(pooled))),
                se = I(unname(sqrt(diag(robust))))),
  effective = sum(d$w)^2 / sum(d$w^2)))
