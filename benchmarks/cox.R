# Time coxph on columns of doubles: Rscript cox.R FILE ROWS REPEATS start stop failure COVARIATE...
suppressPackageStartupMessages(library(survival))
given <- commandArgs(trailingOnly = TRUE)
rows <- as.integer(given[2])
names <- given[-(1:3)]
file <- file(given[1], "rb")
data <- as.data.frame(setNames(lapply(names, function(name) readBin(file, "double", rows)), names))
close(file)
formula <- as.formula(paste("Surv(start, stop, failure) ~", paste(names[-(1:3)], collapse = " + ")))

memory <- function(what) {
  if (!file.exists("/proc/self/status")) return(NA)
  line <- grep(what, readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

before <- memory("VmRSS")
seconds <- vapply(seq_len(as.integer(given[3])), function(i) {
  system.time(fit <<- coxph(formula, data, ties = "efron"))[["elapsed"]]
}, 0)
cat(sprintf('{"best": %.4f, "median": %.4f, "added": %.1f, "result": [%s]}\n', min(seconds),
            median(seconds), memory("VmHWM") - before,
            paste(sprintf("%.15g", coef(fit)), collapse = ", ")))
