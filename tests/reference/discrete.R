# Hazards in discrete time: glm on rows of one year. Years without an event (dummies) have no finite
# coefficient, and no bearing on the others: glm lets them run off to -20 with a warning, so here
# their rows are left out, which changes neither likelihood nor coefficients.
source("common.R")
library(splines)

years <- read_data("years")
years$wt_one <- 1
two <- c("failure", "acquisition")

baselines <- c(dummies = "factor(stop)", spline = "bs(start, df = 4)", log = "log(stop)")
right <- "alliances + factor(segment) + size"
covariates <- c("alliances", "factor(segment)medtech", "factor(segment)therapeutics", "size")

tight_glm <- glm.control(epsilon = 1e-15, maxit = 100)

informative <- function(data, outcome, baseline) {
  if (baseline != "dummies") return(data)
  seen <- tapply(data[[outcome]], data$stop, sum)
  data[data$stop %in% names(seen)[seen > 0], ]
}

# Mean change of the yearly hazard in percentage points: slope for numbers, difference for factors,
# with the delta method: the gradient by central differences of the mean effect itself.
marginal <- function(x, b, inverse, slope) {
  effect <- function(b, name) {
    if (!grepl("^factor\\(segment", name)) {
      return(mean(slope(drop(x %*% b))) * b[[match(name, colnames(x))]])
    }
    base <- x
    base[, grep("^factor\\(segment", colnames(x))] <- 0
    there <- base
    there[, name] <- 1
    mean(inverse(drop(there %*% b)) - inverse(drop(base %*% b)))
  }
  out <- lapply(covariates, function(name) {
    g <- vapply(seq_along(b), function(j) {
      central <- function(h) {
        up <- down <- b
        up[j] <- b[j] + h
        down[j] <- b[j] - h
        (effect(up, name) - effect(down, name)) / (2 * h)
      }
      (4 * central(5e-4) - central(1e-3)) / 3
    }, 0)
    c(effect(b, name), g)
  })
  list(effect = sapply(out, `[`, 1), gradient = t(sapply(out, `[`, -1)))
}

# glm stops at a small change of the deviance, with weights of the step before: from its
# coefficients, Fisher scoring goes on to the end here. Standard errors are glm's, of the expected
# information; those of the observed one (another number, save for the logit) are beside.
# Clusters: sandwich without a small-sample factor.
fit_one <- function(data, outcome, link, baseline, weights) {
  data <- informative(data, outcome, baseline)
  formula <- as.formula(paste(outcome, "~", right, "+", baselines[[baseline]]))
  data$w <- as.numeric(data[[paste0("wt_", weights)]])
  fit <- suppressWarnings(glm(formula, binomial(link), data, weights = w, control = tight_glm))
  x <- model.matrix(fit)
  y <- data[[outcome]]
  inverse <- binomial(link)$linkinv
  slope <- binomial(link)$mu.eta
  rows <- function(b) {
    eta <- drop(x %*% b)
    m <- inverse(eta)
    x * (data$w * slope(eta) * (y - m) / (m * (1 - m)))
  }
  expected <- function(b) {
    eta <- drop(x %*% b)
    m <- inverse(eta)
    solve(crossprod(x, x * (data$w * slope(eta)^2 / (m * (1 - m)))))
  }
  b <- coef(fit)
  for (i in 1:50) b <- b + drop(expected(b) %*% colSums(rows(b)))
  v <- expected(b)
  stopifnot(max(abs(v %*% colSums(rows(b)))) < 1e-12,
            all.equal(v, vcov(fit), tolerance = 1e-4, check.attributes = FALSE))
  p <- inverse(drop(x %*% b))
  log_likelihood <- sum(data$w * ifelse(y == 1, log(p), log1p(-p)))
  s <- rowsum(rows(b), data$firm)
  robust <- v %*% crossprod(s) %*% v
  gradient <- function(b) colSums(rows(b))
  # The observed information, by central differences of the score.
  hessian <- vapply(seq_along(b), function(j) {
    central <- function(h) {
      up <- down <- b
      up[j] <- b[j] + h
      down[j] <- b[j] - h
      (gradient(up) - gradient(down)) / (2 * h)
    }
    (4 * central(5e-4) - central(1e-3)) / 3
  }, b)
  observed <- solve(-(hessian + t(hessian)) / 2)
  robust_observed <- observed %*% crossprod(s) %*% observed
  effects <- if (weights == "one") marginal(x, b, inverse, slope)
  at <- match(covariates, names(b))
  # A glm on all rows also has a coefficient, near minus infinity, for each year without events.
  empty <- if (baseline == "dummies") length(setdiff(years$stop, data$stop)) else 0
  list(params = b[covariates], standard_errors = I(unname(sqrt(diag(v)[at]))),
       clustered = I(unname(sqrt(diag(robust)[at]))),
       observed = list(standard_errors = I(sqrt(diag(observed)[at])),
                       clustered = I(sqrt(diag(robust_observed)[at]))),
       log_likelihood = log_likelihood, aic = 2 * (length(b) + empty) - 2 * log_likelihood,
       n_parameters = length(b), n_rows_used = nrow(data),
       marginal_effects = if (!is.null(effects)) list(
         effect = I(100 * effects$effect),
         std_error = I(100 * sqrt(rowSums((effects$gradient %*% v) * effects$gradient))),
         std_error_clustered =
           I(100 * sqrt(rowSums((effects$gradient %*% robust) * effects$gradient)))))
}

cases <- list()
for (link in c("cloglog", "logit")) for (baseline in names(baselines)) {
  for (weights in c("one", "int", "real")) {
    cases[[paste(link, baseline, weights, sep = "/")]] <-
      fit_one(years, "failure", link, baseline, weights)
  }
}

# ---- several fates: multinomial logit, Newton by hand from nnet's start -------------------------

multinomial <- function(baseline) {
  formula <- as.formula(paste("~", right, "+", baselines[[baseline]]))
  x <- model.matrix(formula, years)
  y <- as.matrix(years[two])
  p <- ncol(x)
  at <- function(b) {
    eta <- cbind(0, x %*% matrix(b, p))
    exp(eta - log(rowSums(exp(eta))))[, -1]
  }
  start <- nnet::multinom(factor(y %*% 1:2) ~ x - 1, trace = FALSE, maxit = 500, reltol = 1e-14)
  b <- c(t(coef(start)))
  for (i in 1:30) {
    m <- at(b)
    score <- c(crossprod(x, y - m))
    information <- rbind(
      cbind(crossprod(x, x * m[, 1] * (1 - m[, 1])), -crossprod(x, x * m[, 1] * m[, 2])),
      cbind(-crossprod(x, x * m[, 1] * m[, 2]), crossprod(x, x * m[, 2] * (1 - m[, 2]))))
    b <- b + solve(information, score)
  }
  stopifnot(max(abs(solve(information, score))) < 1e-12)
  v <- solve(information)
  u <- cbind(x * (y - m)[, 1], x * (y - m)[, 2])
  robust <- v %*% crossprod(rowsum(u, years$firm)) %*% v
  keep <- match(covariates, colnames(x))
  by_fate <- lapply(0:1, function(k) list(
    params = setNames(b[k * p + keep], covariates),
    standard_errors = I(sqrt(diag(v)[k * p + keep])),
    clustered = I(sqrt(diag(robust)[k * p + keep]))))
  names(by_fate) <- two
  none <- 1 - rowSums(m)
  c(by_fate, list(log_likelihood = sum(log(ifelse(y[, 1] == 1, m[, 1],
                                                  ifelse(y[, 2] == 1, m[, 2], none))))))
}
cases$multinomial <- list(log = multinomial("log"), spline = multinomial("spline"))
write_values("discrete", cases, c("survival", "nnet"))
