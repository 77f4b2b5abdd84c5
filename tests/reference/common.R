# Shared by all reference scripts: read a data set, write what R gave.
# Every script runs alone, from this folder: Rscript cox.R

suppressPackageStartupMessages(library(survival))
options(warn = 1, stringsAsFactors = FALSE)

read_data <- function(name) read.csv(file.path("data", paste0(name, ".csv")))

# Tight enough that Newton-Raphson has moved for the last time.
tight <- coxph.control(eps = 1e-12, iter.max = 50, toler.chol = 1e-14)

# JSON with 17 significant digits (jsonlite stops at 15). A named vector or list is an object, a list
# without names an array, a matrix a list of rows, a data frame an object of columns, and one number
# a number unless I() holds it.
# NaN and Infinity are written as such: Python's json reads them.
json <- function(x, depth = 0) {
  if (is.null(x)) return("null")
  if (is.data.frame(x)) return(json(lapply(as.list(x), I), depth))
  if (is.list(x) || (is.atomic(x) && is.null(dim(x)) && !is.null(names(x)))) {
    if (is.null(names(x))) {
      return(paste0("[", paste(vapply(x, json, "", depth = depth + 1), collapse = ", "), "]"))
    }
    pad <- strrep(" ", depth + 1)
    keys <- vapply(names(x), quoted, "")
    values <- vapply(seq_along(x), function(i) json(x[[i]], depth + 1), "")
    return(paste0("{\n", paste0(pad, keys, ": ", values, collapse = ",\n"), "\n",
                  strrep(" ", depth), "}"))
  }
  if (is.matrix(x)) {
    rows <- vapply(seq_len(nrow(x)), function(i) json(I(unname(x[i, ])), depth + 1), "")
    return(paste0("[", paste(rows, collapse = ", "), "]"))
  }
  one <- length(x) == 1 && !inherits(x, "AsIs")
  text <- scalars(x)
  if (one) text else paste0("[", paste(text, collapse = ", "), "]")
}

quoted <- function(x) paste0("\"", gsub("\"", "\\\\\"", x), "\"")

scalars <- function(x) {
  if (is.factor(x)) x <- as.character(x)
  if (inherits(x, "AsIs")) x <- unclass(x)
  if (is.character(x)) return(ifelse(is.na(x), "null", vapply(x, quoted, "")))
  if (is.logical(x) && !all(is.na(x))) return(ifelse(is.na(x), "null", ifelse(x, "true", "false")))
  x <- as.numeric(x)
  text <- sprintf("%.17g", x)
  text[is.na(x)] <- "NaN"
  text[is.infinite(x)] <- ifelse(x[is.infinite(x)] > 0, "Infinity", "-Infinity")
  text
}

write_values <- function(name, values, packages = "survival") {
  versions <- vapply(packages, function(p) as.character(packageVersion(p)), "")
  made <- list(made_with = c(R = as.character(getRversion()), versions))
  file <- file.path("values", paste0(name, ".json"))
  writeLines(json(c(made, values)), file)
  cat("wrote", file, "\n")
}

# A long vector, or a matrix by column, in a few numbers: what it adds up to, and some rows whole.
digest <- function(x, rows = NULL) {
  x <- as.matrix(x)
  if (is.null(rows)) rows <- unique(round(seq(1, nrow(x), length.out = 12)))
  list(length = nrow(x), sum = I(unname(colSums(x))), sum_abs = I(unname(colSums(abs(x)))),
       sum_squares = I(unname(colSums(x^2))), positions = I(rows - 1),
       values = unname(x[rows, , drop = FALSE]))
}

# ---- the models of the Cox scripts ------------------------------------------------------------

cox_sets <- list(
  years = list(data = read_data("years"), event = "failure", unit = "firm",
               right = "alliances + factor(segment) + size", strata = c("region", "era")),
  days = list(data = read_data("days"), event = "death", unit = "patient",
              right = "age + factor(arm) + marker", strata = c("site", "sex")))

# With start_at, the model at these coefficients, not fitted.
cox_model <- function(set, ties, weights, strata, cluster, start_at = NULL) {
  data <- set$data
  used <- c(none = 0, one = 1, two = 2)[[strata]]
  right <- set$right
  if (used) {
    right <- paste0(right, " + strata(", paste(set$strata[seq_len(used)], collapse = ", "), ")")
  }
  formula <- as.formula(paste0("Surv(start, stop, ", set$event, ") ~ ", right))
  call <- list(formula = formula, data = data, ties = ties, control = tight, x = TRUE, y = TRUE)
  if (weights != "none") call$weights <- as.numeric(data[[paste0("wt_", weights)]])
  if (cluster != "none") call$cluster <- data[[set$unit]]
  if (!is.null(start_at)) {
    call$init <- start_at
    call$control <- coxph.control(iter.max = 0)
  }
  do.call(coxph, call)
}
