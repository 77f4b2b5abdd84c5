# The panel as belbiotech fits it: rows, intervals, clusters and reference levels are the same,
# and so are the numbers (to rounding). Needs survival, which comes with R.
#
#   Rscript analysis.R          # in the folder of the export
#
# A row is the interval (start, stop] of a firm's age; covariates ending in _lag1 are as of the
# end of the year before. Only rows under observation count: by a rule that is known before the
# year begins. A firm may enter late, leave and come back: Surv(start, stop, ...) takes all three.

library(survival)
source("load.R")

rows <- read_belbiotech(".")$firm_year
rows <- rows[rows$observed, ]
# Reference levels as in belbiotech: the first of the codes that occur, in the order of letters.
for (name in names(rows)) {
  if (is.factor(rows[[name]])) {
    occur <- sort(unique(as.character(rows[[name]])), method = "radix")
    rows[[name]] <- factor(as.character(rows[[name]]), levels = occur)
  }
}
results <- list()
keep <- function(model, term, estimate, std_error) {
  results[[length(results) + 1]] <<- data.frame(model = model, term = as.character(term),
                                                estimate = estimate, std_error = std_error)
}

# Kaplan-Meier, errors by firm
curve <- survfit(Surv(start, stop, exit) ~ 1, rows, cluster = firm_id, robust = FALSE)
print(summary(curve))
keep("kaplan_meier", curve$time, curve$surv, curve$std.err * curve$surv)

# Cox models: Efron ties, errors clustered by firm
covariates <- "alliances_active_lag1 + listed_lag1"
for (outcome in c("exit", "failure", "acquisition")) {
  formula <- as.formula(paste0("Surv(start, stop, ", outcome, ") ~ ", covariates))
  fit <- coxph(formula, rows, cluster = firm_id, ties = "efron")
  print(summary(fit))
  keep(paste0("cox_", outcome), names(coef(fit)), coef(fit), sqrt(diag(vcov(fit))))
}
traits <- coxph(Surv(start, stop, exit) ~ alliances_active_lag1 + origin, rows,
                cluster = firm_id, ties = "efron")
print(summary(traits))
keep("cox_origin", names(coef(traits)), coef(traits), sqrt(diag(vcov(traits))))

# Competing risks: cumulative incidence (Aalen-Johansen) of each fate
happened <- ifelse(rows$failure == 1, "failure", ifelse(rows$acquisition == 1, "acquisition", "none"))
rows$fate <- factor(happened, levels = c("none", "failure", "acquisition"))
incidence <- survfit(Surv(start, stop, fate) ~ 1, rows, id = seq_len(nrow(rows)))
print(summary(incidence))
for (fate in c("failure", "acquisition")) {
  share <- incidence$pstate[, which(incidence$states == fate)]
  keep(paste0("incidence_", fate), incidence$time, share, NA)
}

write.csv(do.call(rbind, results), "results_r.csv", row.names = FALSE)
