# Fine and Gray with delayed entry: finegray makes the weighted rows (Geskus 2011), coxph fits them.
# Breslow ties and Efron ties; naive errors, and robust by firm or by incubator.
source("common.R")

values <- function(data, fate, right, ties, clusters) {
  data$state <- factor(data$fate, 0:2, c("none", "failure", "acquisition"))
  rows <- finegray(Surv(start, stop, state) ~ university + capital + segment + incubator + firm,
                   data, id = firm, etype = fate)
  fit <- function(cluster) {
    call <- list(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", right)), rows,
                 weights = rows$fgwt, ties = ties, control = tight)
    if (!is.null(cluster)) call$cluster <- rows[[cluster]]
    do.call(coxph, call)
  }
  plain <- fit("firm")
  errors <- lapply(clusters, function(by) I(unname(sqrt(diag(fit(by)$var)))))
  names(errors) <- clusters
  list(params = coef(plain), naive_standard_errors = I(unname(sqrt(diag(plain$naive.var)))),
       clustered = errors, log_likelihood_null = plain$loglik[1], log_likelihood = plain$loglik[2],
       n_rows = nrow(rows), weight_sum = sum(rows$fgwt),
       weight_digest = digest(sort(rows$fgwt)),
       baseline = {
         base <- basehaz(plain, centered = FALSE)
         at <- unique(round(seq(1, nrow(base), length.out = 15)))
         list(time = I(base$time[at]), hazard = I(base$hazard[at]))
       })
}

cases <- list()
for (name in c("fixed", "fixed_years")) for (fate in c("failure", "acquisition")) {
  for (ties in c("efron", "breslow")) {
    data <- read_data(name)
    cases[[paste(name, fate, ties, sep = "/")]] <-
      values(data, fate, "university + capital + factor(segment)", ties, c("firm", "incubator"))
    if (name == "fixed") {
      data$start <- 0
      cases[[paste("from_zero", fate, ties, sep = "/")]] <-
        values(data, fate, "university + capital", ties, "firm")
    }
  }
}
# Without entry and without ties among times this is cmprsk::crr, made by others.
zero <- read_data("fixed")
set.seed(3)
zero$stop <- zero$stop + round(runif(nrow(zero), 0, .04), 6)
zero$start <- 0
own <- values(zero, "failure", "university + capital", "breslow", "firm")
crr <- cmprsk::crr(zero$stop, zero$fate, zero[c("university", "capital")], failcode = 1, cencode = 0,
                   gtol = 1e-12)
stopifnot(all.equal(unname(crr$coef), unname(own$params), tolerance = 1e-6))
write_values("fine_gray", cases, c("survival", "cmprsk"))
