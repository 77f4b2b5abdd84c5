# Rows cut at times (survSplit) and facts on a time line (tmerge: tdc, cumtdc), a row for each piece.
source("common.R")

set.seed(11)
n <- 40
firms <- data.frame(firm = seq_len(n), start = sample(0:2, n, TRUE) + 0)
firms$stop <- firms$start + sample(1:9, n, TRUE)
firms$failure <- rbinom(n, 1, 0.5)
facts <- data.frame(firm = sample(n, 90, TRUE), time = round(runif(90, 0, 11), 1))
facts$size <- sample(1:50, 90, TRUE)
facts <- facts[order(facts$firm, facts$time), ]
facts <- facts[!duplicated(facts[c("firm", "time")]), ]

split <- survSplit(Surv(start, stop, failure) ~ ., firms, cut = c(2, 5, 7.5), episode = "period")
base <- tmerge(firms, firms, id = firm, failure = event(stop, failure), tstart = start, tstop = stop)
merged <- tmerge(base, facts, id = firm, size = tdc(time, size), number = cumtdc(time),
                 total = cumtdc(time, size))
columns <- function(data, names) lapply(as.list(data[names]), I)
write_values("timeline", list(
  firms = columns(firms, names(firms)), facts = columns(facts, names(facts)),
  split = columns(split, c("firm", "start", "stop", "failure", "period")),
  merged = columns(merged, c("firm", "tstart", "tstop", "failure", "size", "number", "total"))
))
