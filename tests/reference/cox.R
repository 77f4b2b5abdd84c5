# coxph over a grid: two data sets x ties x weights x strata x clusters.
source("common.R")

# The strata's labels as R writes them, "region=BRU, era=early", cut to "BRU, early".
labels <- function(strata) gsub("[a-z]+=", "", as.character(strata))

baseline <- function(fit, rows = NULL) {
  base <- basehaz(fit, centered = FALSE)
  base$stratum <- if (is.null(base$strata)) "" else labels(base$strata)
  if (!is.null(rows)) base <- base[unique(round(seq(1, nrow(base), length.out = rows))), ]
  base[c("stratum", "time", "hazard")]
}

# fit$var is robust where there are clusters, and fit$naive.var stands beside it.
values <- function(fit, baseline_rows) {
  robust <- !is.null(fit$naive.var)
  naive <- if (robust) fit$naive.var else fit$var
  concordance <- concordance(fit)
  list(
    params = coef(fit), standard_errors = I(sqrt(diag(fit$var))), variance = fit$var,
    naive_standard_errors = I(sqrt(diag(naive))), robust = robust,
    log_likelihood_null = fit$loglik[1], log_likelihood = fit$loglik[2],
    likelihood_ratio = 2 * diff(fit$loglik), wald = unname(fit$wald.test), score = fit$score,
    robust_score = if (robust) fit$rscore else NULL,
    aic = AIC(fit), n_rows = fit$n, n_events = fit$nevent,
    concordance = unname(concordance$concordance), concordance_se = sqrt(concordance$var),
    baseline_cumulative_hazard = baseline(fit, baseline_rows),
    residuals = list(
      martingale = digest(residuals(fit, "martingale")),
      deviance = digest(residuals(fit, "deviance")),
      score = digest(residuals(fit, "score")),
      dfbeta = digest(residuals(fit, "dfbeta"))))
}

grid <- expand.grid(data = names(cox_sets), ties = c("efron", "breslow"),
                    weights = c("none", "int", "real"), strata = c("none", "one", "two"),
                    cluster = c("none", "unit"), stringsAsFactors = FALSE)
cases <- lapply(seq_len(nrow(grid)), function(i) {
  g <- grid[i, ]
  fit <- cox_model(cox_sets[[g$data]], g$ties, g$weights, g$strata, g$cluster)
  values(fit, if (g$data == "years") NULL else 10)
})
names(cases) <- apply(grid, 1, paste, collapse = "/")
write_values("cox", cases)
