# Levels of factors without an event, the reference level among them: R fits the others to the rows
# that are left, with the next level as reference.

source("common.R")

values <- function(fit) list(params = I(unname(coef(fit))),
                             standard_errors = I(unname(sqrt(diag(vcov(fit))))),
                             log_likelihood = as.numeric(logLik(fit)))

years <- read_data("years")
years$tier <- with(years, ifelse(alliances == 2 & failure == 0, "a quiet",
                          ifelse(alliances == 1 & failure == 0 & size > 0, "c quiet",
                          ifelse(size > 0.3, "d late", ifelse(size > -0.5, "b early", "e last")))))
told <- years[!years$tier %in% c("a quiet", "c quiet"), ]

cox <- values(coxph(Surv(start, stop, failure) ~ factor(tier) + size, told, control = tight))
product <- values(coxph(Surv(start, stop, failure) ~ factor(tier) * factor(region), told,
                        control = tight))
robust <- values(coxph(Surv(start, stop, failure) ~ factor(tier) + size, told, control = tight,
                       cluster = firm))
discrete <- lapply(c(cloglog = "cloglog", logit = "logit"), function(link) {
  g <- glm(failure ~ factor(tier) + size + log(stop), binomial(link), told,
           control = glm.control(epsilon = 1e-14, maxit = 100))
  for (again in 1:30) g <- update(g, start = coef(g))
  values(g)
})

# A cell of a product without an event, where all levels have some: the cell's rows say nothing.
cell <- years
cell$old <- ifelse(cell$year %% 3 == 0, "old", "new")
out <- cell$old == "old" & cell$segment == "medtech"
cell$failure[out] <- 0
crossed <- coxph(Surv(start, stop, failure) ~ factor(old) * factor(segment), cell[!out, ],
                 control = tight)

# Fine and Gray: the weights are of all rows, the fit is of those of other levels.
fixed <- read_data("fixed")
fixed$state <- factor(fixed$fate, 0:2, c("none", "failure", "acquisition"))
fixed$tier <- with(fixed, ifelse(failure == 0 & capital > 1, "a quiet",
                          ifelse(capital > 0.9, "b", "c")))
rows <- finegray(Surv(start, stop, state) ~ tier + university + firm, fixed, id = firm,
                 etype = "failure")
rows <- rows[rows$tier != "a quiet", ]
fine_gray <- values(coxph(Surv(fgstart, fgstop, fgstatus) ~ factor(tier) + university, rows,
                          weights = fgwt, cluster = firm, control = tight))

write_values("quiet_levels", list(
  cox = cox, product = product, robust = robust, discrete = discrete, fine_gray = fine_gray,
  crossed = list(params = I(unname(na.omit(coef(crossed)))),
                 log_likelihood = as.numeric(logLik(crossed)), rows = sum(out)),
  rows = as.list(table(years$tier)[c("a quiet", "c quiet")])))
