# survfit of a Cox model along covariate paths (newdata with id): a firm that signs alliances on
# its way. Errors are those of the cumulative hazard, with the uncertainty of the coefficients
# (robust where there are clusters); limits are of the log kind.
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

# R counts a path's time from the path's own start; here it is put back on the panel's clock. Of
# long curves every twelfth time is kept (positions from 0).
along <- function(fit, path, conf) {
  curve <- survfit(fit, newdata = path, id = path, conf.type = "log", conf.int = conf)
  at <- seq(1, length(curve$time), by = if (length(curve$time) > 50) 12 else 1)
  list(n_times = length(curve$time), positions = I(at - 1), time = I(min(path$start) + curve$time[at]),
       survival = I(curve$surv[at]), cumulative_hazard = I(curve$cumhaz[at]),
       std_error_hazard = I(curve$std.err[at]), lower = I(curve$lower[at]),
       upper = I(curve$upper[at]))
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
    by_path <- lapply(unique(paths$path), function(p) along(fit, paths[paths$path == p, ], .95))
    names(by_path) <- unique(paths$path)
    cases[[name]] <- by_path
    if (kind[2] == "none") cases[[name]]$fixed <- fixed(fit, paths)
  }
}
write_values("cox_paths", cases)
