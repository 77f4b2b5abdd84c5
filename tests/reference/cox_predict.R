# Predictions for new rows: linear predictor, risk, events expected, survival, by three references.
source("common.R")

data <- read_data("years")
data$w <- 1 + seq_len(nrow(data)) %% 3 / 2
new <- data[seq(3, nrow(data), by = 37), ]
formulas <- list(
  plain = Surv(start, stop, failure) ~ alliances + size,
  factor = Surv(start, stop, failure) ~ alliances + factor(segment) + size,
  strata = Surv(start, stop, failure) ~ alliances + size + strata(region)
)
cases <- list()
for (name in names(formulas)) for (weighted in c(FALSE, TRUE)) {
  fit <- if (weighted) coxph(formulas[[name]], data, weights = w, control = tight, robust = FALSE)
         else coxph(formulas[[name]], data, control = tight)
  kinds <- c("lp", "risk", "expected", "survival")
  values <- lapply(kinds, function(kind) I(unname(predict(fit, new, type = kind))))
  names(values) <- kinds
  lp <- predict(fit, new, type = "lp", se.fit = TRUE)
  values$lp_error <- I(unname(lp$se.fit))
  values$sample <- I(unname(predict(fit, new, type = "lp", reference = "sample")))
  values$zero <- I(unname(predict(fit, new, type = "lp", reference = "zero")))
  values$bic <- BIC(fit)
  values$rows <- I(as.integer(rownames(new)) - 1L)
  cases[[paste0(name, if (weighted) "/weights" else "")]] <- values
}
write_values("cox_predict", cases)
