# State occupation and Cox models of several states: survfit and coxph with id and istate.
# With influence = TRUE survfit 3.5 has the influence of each unit on the shares at the beginning too;
# its std.err has not, which matters where units begin in several states. Here are the sums of squares
# of the influence, by unit, and by region for clusters of several units (survfit 3.5 reads no cluster).
source("common.R")

states <- c("none", "listed", "acquired", "failed")
entered <- function(d) factor(ifelse(d$failure == 1, "failed", ifelse(d$acquisition == 1, "acquired",
                              ifelse(d$ipo == 1, "listed", "none"))), states)

# Moves of firms; with some that begin listed, whose listing is then no move.
with_states <- function(d, listed_first = character()) {
  d$to <- entered(d)
  d$state <- NA
  for (i in seq_len(nrow(d))) {
    first <- i == 1 || d$firm[i] != d$firm[i - 1]
    d$state[i] <- if (first) (if (d$firm[i] %in% listed_first) "listed" else "private")
      else if (d$to[i - 1] != "none") as.character(d$to[i - 1]) else d$state[i - 1]
    if (d$state[i] == d$to[i]) d$to[i] <- "none"
  }
  d
}

errors <- function(influence, cluster) {
  sqrt(apply(influence, 2:3, function(x) sum(rowsum(x, cluster)^2)))
}

# errors are by unit, or by the value of a column that is fixed within units
curve <- function(d, right, cluster = NULL, horizon = 15) {
  f <- survfit(as.formula(paste("Surv(start, stop, to) ~", right)), d, id = firm, istate = state,
               influence = TRUE, conf.type = "log-log")
  many <- !is.null(f$strata)
  inf <- if (many) f$influence.pstate else list(f$influence.pstate)
  parts <- seq_along(inf)
  group <- if (many) sub("^[a-z]+=", "", names(f$strata)) else ""
  size <- if (many) f$strata else length(f$time)
  se <- do.call(rbind, lapply(inf, function(x) {
    unit <- dimnames(x)[[1]]
    by <- if (is.null(cluster)) unit else d[[cluster]][match(unit, d$firm)]
    errors(x, by)[-1, , drop = FALSE]
  }))
  plain <- survfit(as.formula(paste("Surv(start, stop, to) ~", right)), d, id = firm,
                   istate = state, conf.type = "log-log")
  mean_time <- summary(f, rmean = horizon)$table
  list(states = I(f$states), group = I(rep(group, size)), time = I(f$time), p0 = f$p0,
       share = f$pstate, std_error = se, plain_error = plain$std.err, lower = plain$lower,
       upper = plain$upper, at_risk = f$n.risk, cumulative_hazard = f$cumhaz,
       transitions = I(colnames(f$cumhaz)), horizon = horizon,
       spent = I(unname(mean_time[, "rmean"])), spent_error = I(unname(mean_time[, "se(rmean)"])))
}

years <- with_states(read_data("years"))
firms <- unique(years$firm)
mixed <- with_states(read_data("years"), firms[seq_along(firms) %% 5 == 0])

days <- read_data("days")
days$firm <- days$patient
days$to <- factor(ifelse(days$death == 1, "dead", ifelse(days$transplant == 1, "transplanted", "none")),
                  c("none", "transplanted", "dead"))
days$state <- "waiting"

# R refuses gaps; such patients are left out.
whole <- function(d) {
  gap <- c(FALSE, d$firm[-1] == d$firm[-nrow(d)] & d$start[-1] > d$stop[-nrow(d)])
  d[!d$firm %in% d$firm[gap], ]
}
write.csv(mixed[, c("firm", "start", "stop", "state", "to", "segment", "region", "size",
                    "alliances")], "data/states.csv", row.names = FALSE, quote = FALSE)

# ---- Cox models -------------------------------------------------------------------------------

model <- function(f) {
  list(states = I(f$states), cmap = f$cmap, columns = I(colnames(f$cmap)),
       rows = I(rownames(f$cmap)), coef = I(unname(coef(f))), variance = unname(f$var),
       naive = unname(f$naive.var), loglik = I(f$loglik))
}

new <- data.frame(size = c(-.5, .8), alliances = c(0, 3))
predicted <- function(f) {
  s <- survfit(f, newdata = new, p0 = c(1, 0, 0, 0))
  list(time = I(s$time), share = lapply(1:2, function(k) s$pstate[, k, ]))
}

# With Efron's ties survfit 3.5 gives other hazards for the multi-state model than for the model of one
# transition alone (0.0387 for 0.0399 at time 1): the latter are the reference.
moves <- list(c("private", "listed"), c("private", "acquired"), c("listed", "acquired"),
              c("private", "failed"), c("listed", "failed"))
efron_hazard <- function(k) {
  there <- mixed[mixed$state == moves[[k]][1], ]
  there$move <- +(there$to == moves[[k]][2])
  s <- survfit(coxph(Surv(start, stop, move) ~ size + alliances, there, control = tight), new[2, ])
  list(transition = paste(moves[[k]], collapse = " -> "), time = I(s$time), hazard = I(s$cumhaz))
}
apart <- Surv(start, stop, to) ~ size + alliances
common <- list(Surv(start, stop, to) ~ size + alliances,
               state("private"):state("failed") + state("listed"):state("failed") ~ alliances / common)
write_values("multi_state", list(
  "years/all" = curve(years, "1"),
  "years/segment" = curve(years, "segment"),
  "years/all/region" = curve(years, "1", "region"),
  "mixed/all" = curve(mixed, "1"),
  "days/all" = curve(whole(days), "1", horizon = 500)))

write_values("cox_states", list(
  "apart" = model(coxph(apart, mixed, id = firm, istate = state, control = tight)),
  "breslow" = model(coxph(apart, mixed, id = firm, istate = state, control = tight,
                          ties = "breslow")),
  "by_region" = model(coxph(apart, mixed, id = firm, istate = state, control = tight,
                            cluster = region)),
  "common" = model(coxph(common, mixed, id = firm, istate = state, control = tight)),
  "predicted" = predicted(coxph(apart, mixed, id = firm, istate = state, control = tight,
                                ties = "breslow")),
  "efron_hazard" = lapply(split(seq_len(5), 1:5), efron_hazard)))
