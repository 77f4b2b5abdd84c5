# Reads the tables of a folder with their types, levels and labels. Needs no package.
#
#   source("load.R")
#   tables <- read_belbiotech("folder")   # where this file and the CSV files are
#   str(tables$firm_year)
#
# Codes become factors whose levels are the codes; labels = TRUE takes their labels instead.
# Outcomes and other codes that are numbers stay numbers. Every column has its label in
# attr(column, "label"), as haven, labelled and Hmisc have it.

read_belbiotech <- function(folder = ".", labels = FALSE) {
  read <- function(name, classes = "character") {
    utils::read.csv(file.path(folder, paste0(name, ".csv")), colClasses = classes,
                    na.strings = "", check.names = FALSE, encoding = "UTF-8")
  }
  classes <- c(string = "character", int64 = "integer", Int64 = "integer",
               float64 = "numeric", bool = "logical", boolean = "logical")
  codebook <- read("codebook")
  codes <- read("codes")
  one_table <- function(name) {
    columns <- codebook[codebook$table == name, ]
    table <- read(name, stats::setNames(classes[columns$type], columns$column))
    stopifnot(identical(names(table), columns$column))
    for (i in seq_len(nrow(columns))) {
      column <- columns$column[i]
      known <- codes[codes$table == name & codes$column == column, ]
      if (nrow(known) > 0 && columns$type[i] == "string") {
        shown <- if (labels) known$label else known$code
        table[[column]] <- factor(table[[column]], levels = known$code, labels = shown)
      }
      attr(table[[column]], "label") <- columns$label[i]
    }
    table
  }
  names <- unique(codebook$table)
  stats::setNames(lapply(names, one_table), names)
}
