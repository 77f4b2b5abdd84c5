# Effects that vary with time: x times a function of each event time, as coxph's tt. With strata R
# 4.2 (survival 3.5.3) writes past its memory in tt of start-stop rows; there the rows are cut at all
# event times by survSplit, and the product is a column.
source("common.R")

times <- list(log = log, identity = function(t) t, sqrt = sqrt, log1p = log1p)
sets <- list(
  years = list(data = read_data("years"), event = "failure", unit = "firm", x = "alliances",
               right = "alliances + product + factor(segment) + size", strata = "region"),
  days = list(data = read_data("days"), event = "death", unit = "patient", x = "marker",
              right = "product + age + factor(arm) + marker", strata = "site"))

fitted <- function(set, name, ties, weights, stratified, clustered) {
  data <- set$data
  f <- times[[name]]
  product <- paste0("tt(", set$x, ")")
  if (stratified) {
    cuts <- sort(unique(data$stop[data[[set$event]] == 1]))
    data <- survSplit(data, cut = cuts, end = "stop", start = "start", event = set$event)
    data$changing <- data[[set$x]] * f(data$stop)
    product <- "changing"
  }
  right <- sub("product", product, set$right)
  if (stratified) right <- paste0(right, " + strata(", set$strata, ")")
  formula <- as.formula(paste0("Surv(start, stop, ", set$event, ") ~ ", right))
  call <- list(formula = formula, data = data, ties = ties, control = tight)
  if (clustered) call$cluster <- data[[set$unit]]
  if (!stratified) call$tt <- function(x, t, ...) x * f(t)
  if (weights != "none") call$weights <- as.numeric(data[[paste0("wt_", weights)]])
  fit <- do.call(coxph, call)
  values <- list(params = I(unname(coef(fit))), errors = I(unname(sqrt(diag(fit$var)))),
                 log_likelihood = I(fit$loglik), score = fit$score, wald = unname(fit$wald.test),
                 concordance = unname(fit$concordance["concordance"]))
  if (clustered) values$rscore <- fit$rscore
  values
}

cases <- list()
for (data in names(sets)) for (name in names(times)) for (ties in c("efron", "breslow")) {
  for (weights in c("none", "int", "real")) for (stratified in c(FALSE, TRUE)) {
    for (clustered in c(FALSE, TRUE)) {
      if (weights == "real" && !clustered) next  # R takes each piece for a row of its own
      if (name != "log" && (ties != "efron" || weights == "int")) next
      key <- paste(data, name, ties, weights, if (stratified) "strata" else "none",
                   if (clustered) "cluster" else "none", sep = "/")
      cases[[key]] <- fitted(sets[[data]], name, ties, weights, stratified, clustered)
    }
  }
}

# Two such effects, of two functions, and a spline whose knots are those of the rows.
two <- coxph(Surv(start, stop, failure) ~ tt(alliances) + splines::ns(size, 3) + alliances + tt(size),
             read_data("years"), control = tight,
             tt = list(function(x, t, ...) x * log(t), function(x, t, ...) x * t))
write_values("cox_over_time", list(
  cases = cases,
  two = list(params = I(unname(coef(two))), errors = I(unname(sqrt(diag(two$var)))),
             log_likelihood = I(two$loglik))))
