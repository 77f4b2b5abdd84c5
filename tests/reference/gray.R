# Gray's test by cmprsk::cuminc, which knows no delayed entry: the data from time 0.
# cuminc takes as groups' at risk those of the subdistribution, Gray (1988).
source("common.R")

values <- function(data, group, strata = NULL, rho = 0) {
  by <- if (is.null(strata)) rep(1, nrow(data)) else data[[strata]]
  tests <- cmprsk::cuminc(data$stop, data$fate, data[[group]], by, rho = rho, cencode = 0)$Tests
  out <- lapply(1:2, function(k) list(statistic = unname(tests[k, "stat"]),
                                      df = unname(tests[k, "df"]), p_value = unname(tests[k, "pv"])))
  names(out) <- c("failure", "acquisition")
  out
}

fixed <- read_data("fixed")
whole <- read_data("fixed_years")
write_values("gray", list(
  "fixed/segment" = values(fixed, "segment"), "fixed/university" = values(fixed, "university"),
  "fixed/segment/university" = values(fixed, "segment", "university"),
  "fixed/segment/rho" = values(fixed, "segment", rho = 1),
  "fixed_years/segment" = values(whole, "segment"),
  "fixed_years/segment/university" = values(whole, "segment", "university")), c("survival", "cmprsk"))
