# Fine and Gray with strata, in the weights and the baseline, and with case weights. finegray(weights=)
# with strata() takes the first stratum's case weights for all (survival 3.5-3: it multiplies by
# user.weights[split$row], where the rows are those of one stratum), so that they are multiplied here.
source("common.R")

values <- function(data, fate, weighted) {
  data$state <- factor(data$fate, 0:2, c("none", "failure", "acquisition"))
  rows <- finegray(Surv(start, stop, state) ~ university + capital + firm + segment + wt_int +
                     strata(segment), data, id = firm, etype = fate)
  if (weighted) rows$fgwt <- rows$fgwt * rows$wt_int
  rows$g <- rows$segment
  fit <- coxph(Surv(fgstart, fgstop, fgstatus) ~ university + capital + strata(g), rows,
               weights = rows$fgwt, cluster = rows$firm, ties = "efron", control = tight)
  list(params = coef(fit), naive = I(unname(sqrt(diag(fit$naive.var)))),
       robust = I(unname(sqrt(diag(fit$var)))), log_likelihood = fit$loglik[2])
}

data <- read_data("fixed_years")
data$g <- data$segment
cases <- list()
for (fate in c("failure", "acquisition")) for (weighted in c(FALSE, TRUE)) {
  cases[[paste0(fate, if (weighted) "/weights" else "")]] <- values(data, fate, weighted)
}

# Case weights by finegray() itself, without strata.
whole <- read_data("fixed_years")
whole$state <- factor(whole$fate, 0:2, c("none", "failure", "acquisition"))
rows <- finegray(Surv(start, stop, state) ~ university + capital + firm, whole, id = firm,
                 etype = "failure", weights = wt_int)
fit <- coxph(Surv(fgstart, fgstop, fgstatus) ~ university + capital, rows, weights = rows$fgwt,
             cluster = rows$firm, control = tight)
cases[["weights alone"]] <- list(params = coef(fit), robust = I(unname(sqrt(diag(fit$var)))))

# Strata of the weights alone, one baseline: finegray() carries a competing event on to the event
# times of its own stratum only, so that the rows are made by hand, from survfit() of the censoring.
zero <- read_data("fixed_years")
zero$start <- 0
weigh <- function(part, times) {
  fit <- survfit(Surv(part$stop + ifelse(part$fate == 0, 0.2, 0), part$fate == 0) ~ 1)
  before <- function(t) c(1, fit$surv)[findInterval(t - 0.1, fit$time) + 1]
  rows <- list()
  for (i in seq_len(nrow(part))) {
    own <- part[i, ]
    rows[[length(rows) + 1]] <- data.frame(firm = own$firm, start = own$start, stop = own$stop,
      event = as.numeric(own$fate == 1), wt = 1, university = own$university, capital = own$capital)
    if (own$fate == 2) {
      later <- times[times > own$stop]
      from <- c(own$stop, head(later, -1))
      if (length(later)) rows[[length(rows) + 1]] <- data.frame(firm = own$firm, start = from,
        stop = later, event = 0, wt = before(later) / before(own$stop),
        university = own$university, capital = own$capital)
    }
  }
  do.call(rbind, rows)
}
times <- sort(unique(zero$stop[zero$fate == 1]))
rows <- do.call(rbind, lapply(split(zero, zero$segment), weigh, times = times))
rows <- rows[rows$wt > 0, ]
fit <- coxph(Surv(start, stop, event) ~ university + capital, rows, weights = rows$wt,
             cluster = rows$firm, control = tight)
cases[["weights of strata"]] <- list(params = coef(fit))
write_values("fine_gray_strata", cases)
