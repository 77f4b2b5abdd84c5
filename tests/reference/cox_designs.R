# What formulas, frequencies, scales and clusters do to a Cox model.
source("common.R")

years <- read_data("years")

fit_values <- function(fit) {
  list(params = coef(fit), standard_errors = I(unname(sqrt(diag(fit$var)))), variance = fit$var,
       naive_standard_errors = I(unname(sqrt(diag(if (is.null(fit$naive.var)) fit$var else
         fit$naive.var)))),
       log_likelihood_null = fit$loglik[1], log_likelihood = fit$loglik[2])
}

model <- function(right, data = years, left = "Surv(start, stop, failure)", ...) {
  coxph(as.formula(paste(left, "~", right)), data, control = tight, x = TRUE, ...)
}

# ---- formulas ---------------------------------------------------------------------------------
# The right sides as R writes them; test files say the same in Python's words.

formulas <- list(
  interaction = "alliances * factor(segment)",
  real_by_integer = "alliances:size + size",
  square = "size + I(size^2)",
  logarithm = "log(alliances + 1) + size",
  other_base = "relevel(factor(segment), ref = 'medtech') + size",
  two_factors = "factor(segment) + factor(region)",
  factors_crossed = "factor(segment) * factor(era)")
designs <- lapply(formulas, function(right) fit_values(model(right)))

# ---- splines: the same space whatever the basis, so compare what does not depend on it ---------

library(splines)
sizes <- c(-2, -1, -.25, .5, 1.5)
spline_values <- function(right) {
  fit <- model(right)
  at <- data.frame(size = c(0, sizes), alliances = 1, segment = "agro")
  lp <- predict(fit, at, type = "lp", reference = "zero")
  list(log_likelihood = fit$loglik[2], df = length(coef(fit)), sizes = I(sizes),
       log_hazard_against_zero = I(unname(lp[-1] - lp[1])))
}
spline <- lapply(list(bs4 = "bs(size, df = 4) + alliances", bs6 = "bs(size, df = 6)",
                      bs_degree2 = "bs(size, df = 4, degree = 2) + factor(segment)",
                      bs_knots = "bs(size, knots = c(-0.5, 0.5))"), spline_values)

# ---- terms tested as a whole ------------------------------------------------------------------

wald_by_term <- function(fit) {
  t(sapply(fit$assign, function(at) {
    b <- coef(fit)[at]
    c(statistic = sum(b * solve(fit$var[at, at], b)), df = length(at))
  }))
}

term_tests <- function(fit) {
  table <- if (is.null(fit$naive.var)) anova(fit) else NULL
  wald <- wald_by_term(fit)
  list(terms = I(rownames(wald)), wald = I(unname(wald[, "statistic"])),
       df = I(unname(wald[, "df"])),
       sequential = if (!is.null(table)) list(
         log_likelihood = I(table$loglik), statistic = I(table$Chisq[-1]),
         df = I(table$Df[-1]), p_value = I(table[["Pr(>|Chi|)"]][-1])))
}
full <- "alliances + factor(segment) + size + factor(region)"
small <- model("alliances + size")
large <- model(full)
nested <- anova(small, large)
tests <- list(
  efron = term_tests(large), breslow = term_tests(model(full, ties = "breslow")),
  clustered = term_tests(model(full, cluster = years$firm)),
  nested = list(statistic = nested$Chisq[2], df = nested$Df[2],
                p_value = nested[["Pr(>|Chi|)"]][2]))

# ---- two ways of clustering: V1 + V2 - V12 (Cameron, Gelbach and Miller 2011) ------------------

two_ways <- function(ties, weights) {
  variance <- function(by) {
    fit <- coxph(Surv(start, stop, failure) ~ alliances + factor(segment) + size, years,
                 ties = ties, control = tight, weights = weights, cluster = by)
    fit$var
  }
  v <- variance(years$firm) + variance(years$year) - variance(paste(years$firm, years$year))
  group <- paste(years$region, years$era, years$segment)
  v_group <- variance(years$year) + variance(group) - variance(paste(years$year, group))
  list(firm_year = list(variance = v, standard_errors = I(sqrt(diag(v)))),
       year_group = list(variance = v_group),
       year = list(standard_errors = I(sqrt(diag(variance(years$year))))))
}
one <- rep(1, nrow(years))
clusters <- list(efron = two_ways("efron", one), breslow = two_ways("breslow", one),
                 efron_real = two_ways("efron", years$wt_real))

# ---- a frequency is so many equal rows --------------------------------------------------------

copies <- years[rep(seq_len(nrow(years)), years$wt_int), ]
repeated <- function(...) {
  fit <- model("alliances + factor(segment) + size", copies, ...)
  c(fit_values(fit), list(n_rows = fit$n, n_events = fit$nevent,
                          hazard = basehaz(fit, centered = FALSE)[c("time", "hazard")],
                          concordance = unname(fit$concordance["concordance"])))
}
frequency <- list(efron = repeated(), breslow = repeated(ties = "breslow"),
                  efron_clustered = repeated(cluster = copies$firm),
                  efron_weighted = {
                    fit <- model("alliances + factor(segment) + size", copies,
                                 weights = copies$wt_real)
                    c(params = list(coef(fit)),
                      list(naive_standard_errors = I(unname(sqrt(diag(fit$naive.var)))),
                           log_likelihood = fit$loglik[2]))
                  })

# ---- badly scaled columns: fitted on their standardised selves, then put back -----------------

rows <- read_data("scale")
scaled <- rows
centre <- c(turnover = mean(rows$turnover), share = mean(rows$share))
unit <- c(turnover = sd(rows$turnover), share = sd(rows$share))
for (name in names(unit)) scaled[[name]] <- (rows[[name]] - centre[[name]]) / unit[[name]]
fit <- model("turnover + share + alliances", scaled, cluster = rows$firm)
back <- c(unit, alliances = 1)
badly_scaled <- list(params = coef(fit) / back,
                     standard_errors = I(unname(sqrt(diag(fit$var)) / back)),
                     naive_standard_errors = I(unname(sqrt(diag(fit$naive.var)) / back)),
                     log_likelihood = fit$loglik[2], score = fit$score)
direct <- model("turnover + share + alliances", rows)
stopifnot(all.equal(coef(direct), coef(fit) / back, tolerance = 1e-6))
# A calendar year: far from zero, small spread. A shift changes no coefficient.
shifted <- rows
shifted$year <- rows$year - 2000
calendar <- fit_values(model("year + alliances", shifted))

# ---- other outcomes, nothing to estimate ------------------------------------------------------

others <- list(
  acquisition = fit_values(model("alliances + size + strata(region)", cluster = years$firm,
                                 left = "Surv(start, stop, acquisition)")),
  null = {
    fit <- coxph(Surv(start, stop, failure) ~ 1, years)
    list(log_likelihood = fit$loglik, hazard = basehaz(fit)[c("time", "hazard")])
  },
  freireich = fit_values(model("arm", read_data("freireich"), left = "Surv(stop, relapse)")),
  freireich_breslow = fit_values(model("arm", read_data("freireich"), ties = "breslow",
                                       left = "Surv(stop, relapse)")))

write_values("cox_designs", list(
  formulas = designs, splines = spline, tests = tests, two_way = clusters, frequency = frequency,
  scale = badly_scaled, calendar = calendar, others = others))
