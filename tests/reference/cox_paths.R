# Survival along covariate paths: a firm that signs alliances on its way.
# Curves are those of survfit(fit, newdata, id). Errors are NOT: survfit 3.5 writes, at each time, the
# uncertainty of the coefficients as if the row of the moment had been the path's only row, and
# the path had begun at time 0 (coxsurv.fit, varh2). The cumulative hazard of a path is
# H = sum over t of exp(x_t b) dH0(t), so the delta method needs its gradient over the whole path,
# which is taken here by numeric differentiation (Therneau and Grambsch 2000, section 10.2). The
# two agree for a path of one row from time 0; R's own are kept beside, as r_std_error_hazard.
source("common.R")

years_paths <- data.frame(
  path = c("quiet", rep("signs", 3), rep("late", 2)), start = c(0, 0, 3, 6, 4, 9),
  stop = c(20, 3, 6, 18, 9, 25), failure = 0, alliances = c(0, 0, 1, 2, 3, 4),
  segment = c("agro", rep("therapeutics", 3), rep("medtech", 2)),
  size = c(0, -.5, .2, .8, 1.1, -.3), region = "VLG", era = "early")
days_paths <- data.frame(
  path = c("one", "one", "two"), start = c(0, 180.5, 60), stop = c(180.5, 900, 700), death = 0,
  age = c(61.3, 61.3, 48), arm = c("b", "b", "c"), marker = c(-.4, 1.2, 0), site = "south",
  sex = "f")

# H(t) along a path for coefficients b: the hazard of each of its rows, in turn.
path_hazard <- function(refit, b, path, times) {
  base <- basehaz(refit(b), centered = FALSE)
  row <- vapply(times, function(t) which(path$start < t & t <= path$stop), 1L)
  terms <- delete.response(attr(path, "terms"))
  x <- model.matrix(terms, model.frame(terms, path, xlev = attr(path, "xlev")))
  risk <- exp(drop(x[, names(b), drop = FALSE] %*% b))
  if (!is.null(base$strata)) base <- base[base$strata == attr(path, "stratum"), ]
  jumps <- diff(c(0, base$hazard))
  unname(cumsum(jumps[match(times, base$time)] * risk[row]))
}

# Central differences at h and h/2, joined so that the error is of order h^4.
gradient <- function(f, b, h) {
  central <- function(j, h) {
    up <- down <- b
    up[j] <- b[j] + h
    down[j] <- b[j] - h
    (f(up) - f(down)) / (2 * h)
  }
  vapply(seq_along(b), function(j) (4 * central(j, h[j] / 2) - central(j, h[j])) / 3, f(b))
}

plain_terms <- function(fit) {
  all <- terms(fit)
  strata <- attr(all, "specials")$strata
  if (is.null(strata)) all else drop.terms(all, strata - 1, keep.response = TRUE)
}

# R counts a path's time from the path's own start; here it is put back on the panel's clock. Of
# long curves every twelfth time is kept (positions from 0).
along <- function(fit, refit, path, stratum) {
  curve <- survfit(fit, newdata = path, id = path, conf.type = "log")
  times <- min(path$start) + curve$time
  attr(path, "terms") <- plain_terms(fit)
  attr(path, "xlev") <- fit$xlevels[!grepl("^strata", names(fit$xlevels))]
  attr(path, "stratum") <- stratum
  hazard <- function(b) path_hazard(refit, b, path, times)
  stopifnot(all.equal(hazard(coef(fit)), curve$cumhaz, tolerance = 1e-11))
  g <- gradient(hazard, coef(fit), 1e-3 / apply(fit$x, 2, sd))
  certain <- fit
  certain$var <- 0 * fit$var
  own <- survfit(certain, newdata = path, id = path)$std.err
  error <- unname(sqrt(own^2 + rowSums((g %*% fit$var) * g)))
  if (nrow(path) == 1 && path$start == 0) {
    stopifnot(all.equal(error, curve$std.err, tolerance = 1e-9))
  }
  at <- seq(1, length(times), by = if (length(times) > 50) 12 else 1)
  z <- qnorm(.975)
  list(n_times = length(times), positions = I(at - 1), time = I(times[at]),
       survival = I(curve$surv[at]), cumulative_hazard = I(curve$cumhaz[at]),
       std_error_hazard = I(error[at]), lower = I((curve$surv * exp(-z * error))[at]),
       upper = I(pmin(1, curve$surv * exp(z * error))[at]),
       r_std_error_hazard = I(curve$std.err[at]))
}

# Two fixed persons, no id: the curves of R users who do not use paths.
fixed <- function(fit, paths) {
  curve <- survfit(fit, newdata = paths[!duplicated(paths$path), ], conf.type = "log")
  at <- unique(round(seq(1, length(curve$time), length.out = 20)))
  list(time = I(curve$time[at]), survival = curve$surv[at, , drop = FALSE],
       cumulative_hazard = curve$cumhaz[at, , drop = FALSE],
       std_error_hazard = curve$std.err[at, , drop = FALSE])
}

cases <- list(paths = list(years = years_paths, days = days_paths))
for (data in c("years", "days")) for (ties in c("efron", "breslow")) {
  paths <- if (data == "years") years_paths else days_paths
  for (kind in list(c("none", "none", "none"), c("real", "none", "unit"), c("int", "two", "none"),
                    c("none", "one", "unit"))) {
    fit <- cox_model(cox_sets[[data]], ties, kind[1], kind[2], kind[3])
    name <- paste(c(data, ties, kind), collapse = "/")
    refit <- function(b) {
      set <- cox_sets[[data]]
      cox_model(set, ties, kind[1], kind[2], "none", start_at = b)
    }
    stratum <- c(years = c(one = "VLG", two = "VLG, early"),
                 days = c(one = "south", two = "south, f"))[paste(data, kind[2], sep = ".")]
    by_path <- lapply(unique(paths$path), function(p) {
      along(fit, refit, paths[paths$path == p, ], stratum)
    })
    names(by_path) <- unique(paths$path)
    cases[[name]] <- by_path
    if (kind[2] == "none") cases[[name]]$fixed <- fixed(fit, paths)
  }
}
write_values("cox_paths", cases)
