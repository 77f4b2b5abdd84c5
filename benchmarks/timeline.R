# Time tmerge and survSplit: Rscript timeline.R FIRMS SIGNED YEARS REPEATS TO
suppressPackageStartupMessages(library(survival))
given <- commandArgs(trailingOnly = TRUE)
firms <- read.csv(given[1])
signed <- read.csv(given[2])
years <- as.integer(given[3])
repeats <- seq_len(as.integer(given[4]))

merged <- function() {
  lives <- tmerge(firms, firms, id = firm_id, failure = event(stop, failure))
  tmerge(lives, signed, id = firm_id, alliances = cumtdc(time))
}
merging <- vapply(repeats, function(i) system.time(pieces <<- merged())[["elapsed"]], 0)
splitting <- vapply(repeats, function(i) {
  system.time(
    rows <<- survSplit(Surv(tstart, tstop, failure) ~ ., pieces, cut = seq_len(years))
  )[["elapsed"]]
}, 0)
write.csv(rows[c("firm_id", "tstart", "tstop", "failure", "alliances")], given[5], row.names = FALSE)
cat(sprintf('{"merging": %.4f, "splitting": %.4f}\n', min(merging), min(splitting)))
