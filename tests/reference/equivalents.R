# The lines of R on the page docs/coming_from/r.md, run one after another as a reader would, and the
# numbers that each gives. A matrix is read by rows; a line that only keeps something gives none.
source("common.R")

page <- readLines("../../docs/coming_from/r.md", encoding = "UTF-8")
lines <- sub("^\\| `([^`]*)` \\|.*", "\\1", page[startsWith(page, "| `")])
rows <- read_data("years")

numbers <- function(x) {
  if (is.data.frame(x)) x <- as.matrix(x)
  if (is.matrix(x)) x <- t(x)
  I(as.numeric(unlist(x)))
}

values <- lapply(lines, function(line) {
  got <- withVisible(eval(parse(text = line), globalenv()))
  if (got$visible) numbers(got$value)
})
names(values) <- lines
write_values("equivalents", list(lines = values))
