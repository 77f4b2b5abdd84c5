# A sequence of emulated trials, each trial row written out: glm on the expanded rows, sandwich by firm,
# intention to treat and per protocol (weights from glm, products since the trial's beginning).
source("common.R")
exact <- glm.control(epsilon = 1e-14, maxit = 100)

d <- read_data("years")
d <- d[order(d$firm, d$start), ]
d$allied <- +(d$alliances > 0)
first <- !duplicated(d$firm)
d$before <- c(0, d$allied[-nrow(d)]) * !first
risk <- d$before == 0
below <- glm(allied ~ size + start, binomial, d[risk, ], control = exact)
above <- glm(allied ~ start, binomial, d[risk, ], control = exact)
p <- function(fit) ifelse(d$allied[risk] == 1, fitted(fit), 1 - fitted(fit))
d$factor <- 1
d$factor[risk] <- p(above) / p(below)

expand <- function(protocol, horizon) {
  do.call(rbind, lapply(which(risk), function(k) {
    rows <- NULL
    w <- 1
    for (j in 0:(horizon - 1)) {
      i <- k + j
      if (i > nrow(d) || d$firm[i] != d$firm[k]) break
      if (j > 0 && d$start[i] != d$stop[i - 1]) break
      if (protocol && d$allied[i] != d$allied[k]) break
      if (j > 0 && protocol) w <- w * d$factor[i]
      rows <- rbind(rows, data.frame(firm = d$firm[k], trial = d$start[k], followup = j, w = w,
                                     allied = d$allied[k], size = d$size[k], failure = d$failure[i]))
      if (d$failure[i] == 1) break
    }
    rows
  }))
}

result <- function(protocol, link, horizon = 5) {
  e <- expand(protocol, horizon)
  f <- suppressWarnings(glm(failure ~ allied + size + trial + factor(followup), binomial(link), e,
                            weights = w, control = exact))
  for (k in 1:3) f <- suppressWarnings(update(f, start = coef(f)))
  x <- model.matrix(f)
  mu <- fitted(f)
  eta <- f$linear.predictors
  slope <- if (link == "logit") mu * (1 - mu) else exp(eta - exp(eta))
  u <- rowsum(x * (e$w * slope * (e$failure - mu) / (mu * (1 - mu))), e$firm)
  bread <- solve(t(x) %*% (x * (e$w * slope^2 / (mu * (1 - mu)))))
  base <- e[e$followup == 0, ]
  incidence <- function(b) sapply(0:1, function(a) {
    s <- rep(1, nrow(base))
    out <- numeric(horizon)
    for (j in 0:(horizon - 1)) {
      new <- cbind(1, a, base$size, base$trial, diag(horizon)[rep(j + 1, nrow(base)), -1])
      s <- s * (1 - binomial(link)$linkinv(drop(new %*% b)))
      out[j + 1] <- 1 - mean(s)
    }
    out
  })
  v <- bread %*% (t(u) %*% u) %*% bread
  # delta method by central differences
  jac <- sapply(seq_along(coef(f)), function(k) {
    h <- 1e-5
    up <- down <- coef(f)
    up[k] <- up[k] + h
    down[k] <- down[k] - h
    (incidence(up) - incidence(down))[horizon, ] / (2 * h)
  })
  gap <- jac[2, ] - jac[1, ]
  list(rows = nrow(e), trials = nrow(base), names = I(names(coef(f))), coef = I(unname(coef(f))),
       se = I(unname(sqrt(diag(v)))), incidence = incidence(coef(f)),
       gap_error = sqrt(drop(gap %*% v %*% gap)), mean_weight = mean(e$w))
}

write_values("trials", list(
  itt = result(FALSE, "logit"), cloglog = result(FALSE, "cloglog"),
  protocol = result(TRUE, "logit")))
