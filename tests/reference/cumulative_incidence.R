# Aalen-Johansen for competing fates: survfit of multi-state, start-stop rows. With a unit, errors are
# R's: the infinitesimal jackknife by id. R has none without an id; there they are Greenwood's for
# several fates, the events of a time being multinomial (Andersen et al. 1993, section IV.4), which is
# R's number where nobody enters late (checked below).
# Of long curves some times are kept (positions from 0).
source("common.R")

curve <- function(data, fates, by, id, thin = 1) {
  data$fate <- factor(drop(as.matrix(data[fates]) %*% seq_along(fates)), 0:length(fates),
                      c("none", fates))
  data$unit <- if (is.null(id)) seq_len(nrow(data)) else data[[id]]
  right <- if (is.null(by)) "1" else by
  fit <- survfit(as.formula(paste("Surv(start, stop, fate) ~", right)), data, id = unit,
                 conf.type = "log-log")
  group <- if (is.null(by)) rep("", length(fit$time)) else
    rep(gsub("[a-z]+=", "", names(fit$strata)), fit$strata)
  at <- seq(1, length(fit$time), by = thin)
  pick <- function(m, fate) m[at, match(fate, fit$states)]
  outcomes <- lapply(fates, function(f) {
    data.frame(incidence = pick(fit$pstate, f), std_error = pick(fit$std.err, f),
               lower = pick(fit$lower, f), upper = pick(fit$upper, f))
  })
  names(outcomes) <- fates
  list(n_times = length(fit$time), positions = I(at - 1), group = I(group[at]),
       time = I(fit$time[at]), at_risk = I(fit$n.risk[at, 1]), free = I(fit$pstate[at, 1]),
       outcomes = outcomes)
}

# V = M V M' + S^2 B (diag(q) - q q') B' / n from time to time, for the shares (S, F1, F2): M carries
# errors forward, B turns the fates of the moment, q, into changes of the shares.
greenwood <- function(data, fates, times) {
  k <- length(fates)
  b <- rbind(rep(-1, k), diag(k))
  v <- matrix(0, k + 1, k + 1)
  s <- 1
  out <- matrix(0, length(times), k)
  for (i in seq_along(times)) {
    n <- sum(data$start < times[i] & times[i] <= data$stop)
    q <- if (n) colSums(data[data$stop == times[i], fates, drop = FALSE]) / n else numeric(k)
    m <- diag(k + 1)
    m[, 1] <- m[, 1] + b %*% q
    v <- m %*% v %*% t(m)
    if (n) v <- v + s^2 * b %*% (diag(q, k) - outer(q, q)) %*% t(b) / n
    s <- s * (1 - sum(q))
    out[i, ] <- sqrt(diag(v)[-1])
  }
  out
}

# R's limits of the kind "log-log", of a share p.
limits <- function(p, se) {
  z <- qnorm(.975)
  scale <- z * se / (p * log(p))
  data.frame(incidence = p, std_error = se, lower = exp(-exp(log(-log(p)) - scale)),
             upper = exp(-exp(log(-log(p)) + scale)))
}

without_unit <- function(data, fates, by, thin = 1) {
  out <- curve(data, fates, by, NULL)
  theirs <- out$outcomes
  group <- if (is.null(by)) rep("", nrow(data)) else data[[by]]
  for (g in unique(out$group)) {
    at <- out$group == g
    se <- greenwood(data[group == g, ], fates, out$time[at])
    for (j in seq_along(fates)) out$outcomes[[j]]$std_error[at] <- se[, j]
  }
  keep <- seq(1, out$n_times, by = thin)
  for (j in seq_along(fates)) {
    o <- out$outcomes[[j]][keep, ]
    own <- limits(o$incidence, o$std_error)
    known <- o$incidence > 0
    if (all(data$start == 0)) {
      stopifnot(all.equal(theirs[[j]][keep, ][known, ], own[known, ], tolerance = 1e-9,
                          check.attributes = FALSE))
    }
    out$outcomes[[j]] <- own
  }
  for (name in c("group", "time", "at_risk", "free")) out[[name]] <- I(out[[name]][keep])
  out$positions <- I(keep - 1)
  out
}

years <- read_data("years")
days <- read_data("days")
fixed <- read_data("fixed")
whole <- read_data("fixed_years")
two <- c("failure", "acquisition")
zero <- fixed
zero$start <- 0
write_values("cumulative_incidence", list(
  "years/all/none" = without_unit(years, two, NULL),
  "years/all/firm" = curve(years, two, NULL, "firm"),
  "years/segment/none" = without_unit(years, two, "segment"),
  "years/segment/firm" = curve(years, two, "segment", "firm"),
  "days/all/none" = without_unit(days, c("death", "transplant"), NULL, 9),
  "days/arm/patient" = curve(days, c("death", "transplant"), "arm", "patient", 9),
  "fixed/all/none" = without_unit(fixed, two, NULL, 3),
  "fixed/all/firm" = curve(fixed, two, NULL, "firm", 3),
  "from_zero/all/none" = without_unit(zero, two, NULL, 3),
  "fixed_years/segment/none" = without_unit(whole, two, "segment"),
  "fixed_years/segment/firm" = curve(whole, two, "segment", "firm")))
