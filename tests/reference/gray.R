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

cases <- list()
for (name in c("fixed", "fixed_years")) {
  data <- read_data(name)
  cases[[paste0(name, "/segment")]] <- values(data, "segment")
  cases[[paste0(name, "/university")]] <- values(data, "university")
  cases[[paste0(name, "/segment/university")]] <- values(data, "segment", "university")
  cases[[paste0(name, "/segment/rho")]] <- values(data, "segment", rho = 1)
}
write_values("gray", cases, c("survival", "cmprsk"))
