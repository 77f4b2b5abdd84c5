# Residuals collapsed by unit: residuals(fit, type, collapse = unit), units in order.
source("common.R")

collapsed <- function(data, ties, weights, strata) {
  set <- cox_sets[[data]]
  fit <- cox_model(set, ties, weights, strata, "none")
  unit <- set$data[[set$unit]]
  kinds <- c("martingale", "deviance", "score", "dfbeta")
  made <- lapply(kinds, function(kind) {
    r <- suppressWarnings(residuals(fit, kind, collapse = unit))
    if (is.matrix(r)) unname(r) else I(unname(r))
  })
  names(made) <- kinds
  c(list(units = I(sort(unique(unit)))), made)
}
write_values("cox_collapse", list(
  "years/efron/none/none" = collapsed("years", "efron", "none", "none"),
  "years/breslow/real/one" = collapsed("years", "breslow", "real", "one"),
  "days/efron/int/one" = collapsed("days", "efron", "int", "one")
))
