# Whole vectors of residuals for a few fits; the grid of cox.R has digests of them.
source("common.R")

# residuals.coxph gives a row for each event, sorted by stratum and time; rows of one time stand in
# the data's order. The position (from 0) of each in the data says which is which.
event_positions <- function(fit, data, set, strata) {
  used <- c(none = 0, one = 1, two = 2)[[strata]]
  by <- if (used) strata(data[set$strata[seq_len(used)]]) else rep(1, nrow(data))
  order <- order(by, data$stop)
  order[data[[set$event]][order] == 1]
}

by_event <- function(fit, data, set, strata) {
  rows <- event_positions(fit, data, set, strata)
  plain <- residuals(fit, "schoenfeld")
  # x minus the residual is the mean of the risk set: one value for each stratum and time (Efron's
  # mean over the tied, too), which shows that the rows are told apart rightly.
  means <- fit$x[rows, ] - plain
  stopifnot(all.equal(as.numeric(rownames(plain)), data$stop[rows]))
  by <- paste(data$stop[rows], if (is.null(fit$strata)) 1 else fit$strata[rows])
  spread <- apply(means, 2, function(m) max(tapply(m, by, function(v) diff(range(v)))))
  stopifnot(all(spread < 1e-8))
  list(positions = I(rows - 1), times = I(data$stop[rows]), schoenfeld = unname(plain),
       scaled_schoenfeld = unname(residuals(fit, "scaledsch")))
}

by_row <- function(fit) {
  kinds <- c("martingale", "deviance", "score", "dfbeta")
  whole <- lapply(kinds, function(kind) residuals(fit, kind))
  names(whole) <- kinds
  lapply(whole, function(r) if (is.matrix(r)) unname(r) else I(unname(r)))
}

cases <- list()
add <- function(data, ties, weights, strata, cluster, rows) {
  set <- cox_sets[[data]]
  fit <- cox_model(set, ties, weights, strata, cluster)
  name <- paste(data, ties, weights, strata, cluster, sep = "/")
  cases[[name]] <<- c(by_event(fit, set$data, set, strata), if (rows) by_row(fit))
}
for (data in c("years", "days")) for (ties in c("efron", "breslow")) {
  add(data, ties, "none", "none", "none", data == "days" && ties == "efron")
  add(data, ties, "int", "one", "none", FALSE)
  add(data, ties, "real", "two", "none", data == "days" && ties == "breslow")
  add(data, ties, "real", "two", "unit", FALSE)
}
write_values("cox_residuals", cases)
