# cox.zph: the score test of proportional hazards, by term (a factor is one term) and GLOBAL.
source("common.R")

transforms <- c("km", "rank", "identity", "log")

tests <- function(fit) {
  out <- lapply(transforms, function(how) {
    test <- cox.zph(fit, transform = how, terms = TRUE, global = TRUE)
    list(terms = I(rownames(test$table)), statistic = I(unname(test$table[, "chisq"])),
         df = I(unname(test$table[, "df"])), p_value = I(unname(test$table[, "p"])),
         transformed_times = I(unname(test$x)))
  })
  names(out) <- transforms
  out
}

grid <- expand.grid(data = names(cox_sets), ties = c("efron", "breslow"),
                    weights = c("none", "int", "real"), strata = c("none", "one", "two"),
                    stringsAsFactors = FALSE)
cases <- lapply(seq_len(nrow(grid)), function(i) {
  g <- grid[i, ]
  tests(cox_model(cox_sets[[g$data]], g$ties, g$weights, g$strata, "none"))
})
names(cases) <- apply(grid, 1, paste, collapse = "/")
write_values("cox_zph", cases)
