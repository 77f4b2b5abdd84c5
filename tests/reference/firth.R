# Firth's penalised partial likelihood, l(b) + log|I(b)| / 2 (Heinze and Schemper 2001), with delayed
# entry and both kinds of ties. R's coxphf does Breslow only; here the penalised likelihood is
# maximised directly: coxph held at b gives l(b), the score and I(b), the derivative of log|I(b)| is
# numeric (Richardson), and Newton steps find the root of the modified score.
# Standard errors: inverse of I(b) at the maximum. Intervals and tests: profile penalised likelihood.
source("common.R")

# agreg.fit is what coxph calls; with iter.max = 0 it stays at b.
at <- function(model, b) {
  fit <- agreg.fit(model$x, model$y, model$strata, NULL, b, coxph.control(iter.max = 0),
                   NULL, model$ties, model$names, resid = FALSE)
  list(loglik = fit$loglik[1], score = fit$first, information = solve(fit$var))
}

log_det <- function(m) as.numeric(determinant(m)$modulus)

penalised <- function(model, b) {
  here <- at(model, b)
  here$loglik + log_det(here$information) / 2
}

# d log|I| / db: central differences at h, h/2 and h/4, joined to order h^6.
penalty_slope <- function(model, b, h) {
  vapply(seq_along(b), function(j) {
    central <- function(h) {
      up <- down <- b
      up[j] <- b[j] + h
      down[j] <- b[j] - h
      (log_det(at(model, up)$information) - log_det(at(model, down)$information)) / (2 * h)
    }
    d1 <- central(h[j])
    d2 <- central(h[j] / 2)
    d3 <- central(h[j] / 4)
    (64 * d3 - 20 * d2 + d1) / 45
  }, 0)
}

# Newton on the free coefficients; the rest stay where they are.
maximise <- function(model, b, free) {
  if (!any(free)) return(b)
  for (i in 1:2000) {
    here <- at(model, b)
    slope <- here$score + penalty_slope(model, b, model$step) / 2
    move <- solve(here$information[free, free, drop = FALSE], slope[free])
    size <- max(abs(move) / (abs(b[free]) + 1e-3))
    largest <- max(abs(move) / model$step[free]) / 200
    move <- move / max(1, largest)
    value <- penalised(model, b)
    there <- replace(b, free, b[free] + move)
    while (size > 1e-6 && !(penalised(model, there) >= value)) {
      move <- move / 2
      there <- replace(b, free, b[free] + move)
    }
    b <- there
    if (size < 1e-12) break
  }
  stopifnot(size < 1e-10)
  b
}

# Each term at once: its coefficients zero, the others at their best with the same penalty.
term_tests <- function(model, b, assign) {
  top <- penalised(model, b)
  vapply(assign, function(columns) {
    free <- !(seq_along(b) %in% columns)
    2 * (top - penalised(model, maximise(model, ifelse(free, b, 0), free)))
  }, 0)
}

profile_by_steps <- function(model, b, j, value) {
  free <- seq_along(b) != j
  b[j] <- value
  penalised(model, maximise(model, b, free))
}

# The same by search for two covariates, far from the maximum, where numeric slopes are rounding.
searched <- function(model, b, j, value) {
  other <- function(at) {  # where the information is singular to the last digit: as low as can be
    tryCatch(penalised(model, replace(c(value, value), 3 - j, at)), error = function(e) -1e9)
  }
  grid <- b[3 - j] + seq(-30, 30, .25)
  top <- grid[which.max(vapply(grid, other, 0))]
  optimize(other, top + c(-.25, .25), maximum = TRUE, tol = 1e-10)$objective
}

# Where twice the drop from the maximum equals the 95% point of chi-square with one df.
limits <- function(model, b, j, se, profile) {
  top <- penalised(model, b)
  drop <- function(value) 2 * (top - profile(model, b, j, value)) - qchisq(.95, 1)
  edge <- function(sign) {
    far <- b[j] + sign * se
    while (drop(far) < 0) far <- far + sign * se
    uniroot(drop, sort(c(b[j], far)), tol = 1e-12)$root
  }
  c(edge(-1), edge(1))
}

values <- function(formula, data, ties, intervals = TRUE, profile = profile_by_steps) {
  plain <- suppressWarnings(coxph(formula, data, ties = ties, x = TRUE, y = TRUE))
  model <- list(x = plain$x, y = plain$y, ties = ties, names = as.character(seq_len(nrow(data))),
                strata = if (is.null(plain$strata)) NULL else as.integer(plain$strata))
  model$step <- .05 / apply(plain$x, 2, sd)
  zero <- 0 * coef(plain)
  b <- maximise(model, zero, rep(TRUE, length(zero)))
  here <- at(model, b)
  se <- sqrt(diag(solve(here$information)))
  full <- penalised(model, b)
  without <- vapply(seq_along(b), function(j) profile(model, b, j, 0), 0)
  ci <- if (intervals) t(vapply(seq_along(b), function(j) limits(model, b, j, se[j], profile), c(0, 0)))
  list(params = setNames(b, names(zero)), standard_errors = I(unname(se)),
       log_likelihood = here$loglik, penalised_log_likelihood = full,
       penalised_log_likelihood_null = penalised(model, zero),
       likelihood_ratio = 2 * (full - penalised(model, zero)),
       profile_tests = I(2 * (full - without)),
       term_tests = I(unname(term_tests(model, b, plain$assign))),
       term_df = I(unname(lengths(plain$assign))),
       lower = if (intervals) I(ci[, 1]), upper = if (intervals) I(ci[, 2]))
}

separation <- read_data("separation")
years <- read_data("years")
days <- read_data("days")
few <- years[years$firm <= "f060", ]
small <- Surv(start, stop, failure) ~ spinoff + size
cases <- list()
for (ties in c("efron", "breslow")) {
  cases[[paste0("separation/", ties)]] <- values(small, separation, ties)
  cases[[paste0("separation_strata/", ties)]] <-
    values(Surv(start, stop, failure) ~ spinoff + size + strata(region), separation, ties)
  cases[[paste0("few/", ties)]] <-
    values(Surv(start, stop, failure) ~ alliances + factor(segment) + size, few, ties)
  cases[[paste0("days/", ties)]] <-
    values(Surv(start, stop, death) ~ age + factor(arm) + marker, days, ties, intervals = FALSE)
  cases[[paste0("far/", ties)]] <- 
    values(Surv(start, stop, failure) ~ x + z, read_data("far"), ties, profile = searched)
  for (name in c("test1", "test2")) {
    cases[[paste0(name, "/", ties)]] <-
      values(Surv(start, stop, status) ~ x, read_data(name), ties)
  }
}
cases$few_events <- c(n_rows = nrow(few), n_events = sum(few$failure))
write_values("firth", cases)
