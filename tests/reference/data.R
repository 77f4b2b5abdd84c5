# The data sets of the tests, made here or taken from published tables; see README.md.
# Rscript data.R writes data/*.csv; the generator is fixed, so that it writes the same each time.

RNGversion("4.0.0")
options(stringsAsFactors = FALSE)

save_data <- function(data, name) {
  write.csv(data, file.path("data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE)
  cat("data/", name, ".csv: ", nrow(data), " rows\n", sep = "")
}

# ---- years: firms by calendar year, heavy ties, a third enters late ---------------------------

one_firm <- function(i) {
  region <- sample(c("BRU", "VLG", "WAL"), 1, prob = c(.2, .5, .3))
  segment <- sample(c("agro", "medtech", "therapeutics"), 1, prob = c(.2, .3, .5))
  founded <- sample(1990:2016, 1)
  age <- if (runif(1) < 1 / 3) sample(1:6, 1) else 0
  alliances <- rpois(1, .2 * age)
  size <- rnorm(1)
  rows <- list()
  listed <- FALSE
  repeat {
    failure <- runif(1) < 1 - exp(-.032 * exp(-.18 * alliances + .35 * size +
      .5 * (segment == "agro") + .4 * (region == "WAL")))
    acquisition <- !failure && runif(1) < 1 - exp(-.013 * exp(.15 * alliances + .2 * size))
    ipo <- !failure && !listed && runif(1) < .015
    round <- runif(1) < 1 - exp(-.18 * exp(.1 * alliances))
    listed <- listed || ipo
    rows[[length(rows) + 1]] <- data.frame(
      firm = sprintf("f%03d", i), year = founded + age, start = age, stop = age + 1,
      failure = +failure, acquisition = +acquisition, ipo = +ipo, round = +round,
      alliances = alliances, segment = segment, size = round(size, 3), region = region,
      era = if (founded < 2004) "early" else "late")
    age <- age + 1
    if (failure || acquisition || runif(1) < .04 || founded + age > 2022) break
    alliances <- alliances + rpois(1, .25)
    size <- .9 * size + rnorm(1, .05, .35)
  }
  do.call(rbind, rows)
}

set.seed(2015)
years <- do.call(rbind, lapply(1:300, one_firm))
years$wt_int <- sample(1:4, nrow(years), replace = TRUE)
years$wt_real <- round(exp(rnorm(nrow(years), 0, .5)), 3)
save_data(years, "years")

# ---- days: patients, intervals of any length, half days, few ties -----------------------------

one_patient <- function(i) {
  age <- round(rnorm(1, 55, 11), 1)
  arm <- sample(c("a", "b", "c"), 1)
  site <- sample(c("north", "south"), 1)
  sex <- sample(c("f", "m"), 1)
  entry <- if (runif(1) < .4) round(2 * runif(1, 1, 300)) / 2 else 0
  marker <- rnorm(1)
  frail <- rgamma(1, 2, 2)
  begin <- entry
  rows <- list()
  repeat {
    rate <- .0011 * frail * exp(.025 * (age - 55) - .5 * (arm == "b") + .4 * marker)
    event <- round(2 * rexp(1, rate)) / 2 + .5
    visit <- round(2 * runif(1, 20, 260)) / 2
    length <- min(event, visit)
    died <- event <= visit
    other <- !died && runif(1) < .10
    rows[[length(rows) + 1]] <- data.frame(
      patient = sprintf("p%03d", i), start = begin, stop = begin + length, death = +died,
      transplant = +other, age = age, arm = arm, marker = round(marker, 3), site = site, sex = sex)
    begin <- begin + length
    if (died || other || begin > 1100 || runif(1) < .08) break
    marker <- .8 * marker + rnorm(1, 0, .5)
  }
  do.call(rbind, rows)
}

# Cut one row in seven at another patient's death, so that entries tie with events here too.
cut_at_deaths <- function(data) {
  deaths <- data$stop[data$death == 1]
  pieces <- lapply(seq_len(nrow(data)), function(i) {
    row <- data[i, ]
    inside <- deaths[deaths > row$start & deaths < row$stop]
    if (i %% 7 != 0 || !length(inside)) return(row)
    before <- after <- row
    before$stop <- after$start <- inside[1]
    before$death <- before$transplant <- 0
    rbind(before, after)
  })
  do.call(rbind, pieces)
}

set.seed(1972)
days <- cut_at_deaths(do.call(rbind, lapply(1:220, one_patient)))
days$wt_int <- sample(1:3, nrow(days), replace = TRUE)
days$wt_real <- round(runif(nrow(days), .2, 2.5), 3)
save_data(days, "days")

# ---- fixed: one row for each firm, two fates, fixed covariates, some enter late ---------------

set.seed(1988)
n <- 240
fixed <- data.frame(firm = sprintf("g%03d", 1:n), incubator = sample(1:30, n, replace = TRUE),
                    university = rbinom(n, 1, .4), capital = round(rnorm(n), 3),
                    segment = sample(c("agro", "medtech", "therapeutics"), n, replace = TRUE))
shared <- rgamma(30, 4, 4)[fixed$incubator]
t1 <- rweibull(n, 1.3, 14) * exp(.3 * fixed$university - .25 * fixed$capital) / shared^.5
t2 <- rweibull(n, 1.1, 22) * exp(-.5 * (fixed$segment == "therapeutics"))
t0 <- runif(n, 4, 25)
fixed$stop <- round(pmax(pmin(t1, t2, t0), .1), 1)
fixed$fate <- ifelse(t0 <= pmin(t1, t2), 0, ifelse(t1 <= t2, 1, 2))
fixed$start <- ifelse(runif(n) < 1 / 3, round(runif(n) * fixed$stop * .8, 1), 0)
fixed$start[fixed$start >= fixed$stop] <- 0
fixed$failure <- +(fixed$fate == 1)
fixed$acquisition <- +(fixed$fate == 2)
fixed$wt_int <- sample(1:3, n, replace = TRUE)
save_data(fixed, "fixed")
# The same firms with whole years: heavy ties, entries that tie with events.
whole <- fixed
whole$stop <- ceiling(fixed$stop)
whole$start <- floor(fixed$start)
save_data(whole, "fixed_years")

# ---- scale: covariates in euro and in parts per billion ---------------------------------------

set.seed(9)
scale <- years[, c("firm", "start", "stop", "failure", "alliances", "region")]
scale$turnover <- round(2e9 + 4e8 * years$size + 1e8 * rnorm(nrow(years)))
scale$share <- round(rexp(nrow(years)), 3) * 1e-9
scale$year <- years$year
save_data(scale, "scale")

# ---- separation: no event where spinoff = 1 ---------------------------------------------------

set.seed(2001)
m <- 90
separation <- data.frame(firm = sprintf("s%02d", rep(1:30, each = 3)),
                         start = rep(c(0, 1, 2), 30) + rep(rbinom(30, 1, .3), each = 3))
separation$stop <- separation$start + 1
separation$spinoff <- rep(rbinom(30, 1, .35), each = 3)
separation$size <- round(rnorm(m), 2)
separation$region <- rep(sample(c("north", "south"), 30, replace = TRUE), each = 3)
separation$failure <- 0
ends <- seq(3, m, by = 3)
separation$failure[ends] <- +(runif(30) < .5 & separation$spinoff[ends] == 0)
save_data(separation, "separation")

# ---- six, ten and nine rows: Therneau and Grambsch (2000), appendix E -------------------------

save_data(data.frame(start = 0, stop = c(9, 1, 1, 6, 6, 8), status = c(1, 1, 0, 1, 1, 0),
                     x = c(0, 1, 1, 1, 0, 0)), "test1")
save_data(data.frame(start = c(1, 2, 5, 2, 1, 7, 3, 4, 8, 8),
                     stop = c(2, 3, 6, 7, 8, 9, 9, 9, 14, 17),
                     status = c(1, 1, 1, 1, 1, 1, 1, 0, 0, 0),
                     x = c(1, 0, 0, 1, 0, 1, 1, 1, 0, 0)), "test2")
save_data(data.frame(start = 0, stop = c(1, 1, 2, 2, 2, 2, 3, 4, 5),
                     status = c(1, 0, 1, 1, 1, 0, 0, 1, 0), x = c(2, 0, 1, 1, 0, 1, 0, 1, 0),
                     weight = c(1, 2, 3, 4, 3, 2, 1, 2, 1)), "testw1")

# ---- thirteen rows, three events: a limit of Firth's interval lies far out ---------------------

save_data(data.frame(start = c(1, 18, 2, 18, 17, 1, 19, 0, 19, 3, 3, 1, 19),
                     stop = c(4, 20, 4, 20, 20, 3, 20, 3, 22, 6, 6, 4, 20),
                     failure = c(1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0),
                     x = c(-.3, -1.3, -1.3, 1, 1.5, 2, -1.6, -.8, 0, -.3, .5, .2, -.3),
                     z = c(0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0)), "far")

# ---- Freireich et al. (1963), weeks of remission in leukaemia, 6-MP and placebo ---------------

treated <- c(6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
placebo <- c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
save_data(data.frame(start = 0, stop = c(treated, placebo),
                     relapse = c(rep(1, 9), rep(0, 12), rep(1, 21)),
                     arm = rep(c("6-MP", "placebo"), each = 21)), "freireich")
