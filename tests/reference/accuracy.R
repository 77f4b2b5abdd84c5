# Brier score, AUC at a time and Uno's C, of a model fitted to the even firms and judged on the odd.
# From time 0: weights by rttright, Uno's C by concordance(timewt = "n/G2"). With late entries: from
# the definitions, by loops; the two agree where nobody enters late, which is checked here.
source("common.R")

fixed <- read_data("fixed")
number <- as.integer(sub("g", "", fixed$firm))
learn <- fixed[number %% 2 == 0, ]
judge <- fixed[number %% 2 == 1, ]
times <- c(1.5, 2.5, 4, 6)

chances <- function(fit, rows, time) {
  base <- basehaz(fit, centered = FALSE)
  h <- function(t) c(0, base$hazard)[findInterval(t, base$time) + 1]
  lp <- drop(model.matrix(fit, rows) %*% coef(fit))
  1 - exp(-exp(lp) * (h(time) - h(rows$start)))
}

# The chance not to be censored from entry on, up to just before a time.
stays <- function(rows, entry, time) {
  at <- sort(unique(rows$stop[rows$failure == 0]))
  at <- at[at > entry & at < time]
  g <- 1
  for (s in at) {
    n <- sum(rows$start < s & (rows$stop > s | (rows$stop == s & rows$failure == 0)))
    c <- sum(rows$stop == s & rows$failure == 0)
    if (c < n) g <- g * (1 - c / n)
  }
  g
}

weights <- function(rows, time) sapply(seq_len(nrow(rows)), function(i) {
  r <- rows[i, ]
  if (r$start >= time) return(0)
  if (r$failure == 1 && r$stop <= time) return(1 / stays(rows, r$start, r$stop))
  if (r$stop >= time) return(1 / stays(rows, r$start, time))
  0
})

auc <- function(rows, lp, w, time) {
  case <- which(rows$failure == 1 & rows$stop <= time & w > 0)
  control <- which(!(rows$failure == 1 & rows$stop <= time) & w > 0)
  right <- outer(lp[case], lp[control], function(a, b) (a > b) + (a == b) / 2)
  pairs <- outer(w[case], w[control])
  sum(right * pairs) / sum(pairs)
}

uno <- function(rows, lp, last) {
  right <- all <- 0
  for (i in which(rows$failure == 1 & rows$stop <= last)) {
    t <- rows$stop[i]
    for (j in which(rows$start < t & (rows$stop > t | (rows$stop == t & rows$failure == 0)))) {
      w <- 1 / (stays(rows, rows$start[i], t) * stays(rows, rows$start[j], t))
      right <- right + w * ((lp[i] > lp[j]) + (lp[i] == lp[j]) / 2)
      all <- all + w
    }
  }
  unname(right / all)
}

measures <- function(formula, learn, judge, check) {
  fit <- coxph(formula, learn, control = tight)
  lp <- drop(model.matrix(fit, judge) %*% coef(fit))
  w <- sapply(times, function(t) weights(judge, t))
  brier <- sapply(seq_along(times), function(k) {
    there <- judge$start < times[k]
    p <- chances(fit, judge, times[k])
    died <- judge$failure == 1 & judge$stop <= times[k]
    sum(w[there, k] * (died - p)[there]^2) / sum(there)
  })
  found <- list(brier = I(brier),
                auc = I(sapply(seq_along(times), function(k) auc(judge, lp, w[, k], times[k]))),
                integrated = sum(diff(times) * (head(brier, -1) + tail(brier, -1)) / 2) /
                  diff(range(times)),
                uno = uno(judge, lp, max(times)))
  if (check) {
    judge$lp <- lp
    r <- rttright(Surv(stop, failure) ~ 1, judge, times = times)
    stopifnot(all.equal(unname(r), unname(w)))
    c <- concordance(Surv(stop, failure) ~ lp, judge, timewt = "n/G2", reverse = TRUE,
                     ymax = max(times))
    stopifnot(all.equal(unname(c$concordance), found$uno))
  }
  found
}

zero <- function(rows) transform(rows, start = 0)
late <- list(small = Surv(start, stop, failure) ~ capital,
             large = Surv(start, stop, failure) ~ capital + university + factor(segment))
early <- lapply(late, measures, zero(learn), zero(judge), TRUE)
late <- lapply(late, measures, learn, judge, FALSE)

write_values("accuracy", list(times = I(times), early = early, late = late))
