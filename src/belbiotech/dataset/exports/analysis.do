* The panel as belbiotech fits it: rows, intervals, clusters and reference levels are the same.
*
*   do analysis.do          // in the folder of the export
*
* A row is the interval (start, stop] of a firm's age; covariates ending in _lag1 are as of the
* end of the year before. Only rows under observation count: by a rule that is known before the
* year begins. A firm may enter late, leave and come back: time0() says where each row begins.

version 14
clear all
use "firm_year.dta", clear
keep if observed == 1
egen long firm = group(firm_id)
egen int entry = min(start), by(firm)

* Kaplan-Meier, and Cox models with errors clustered by firm
stset stop, id(firm) time0(start) enter(time entry) failure(exit == 1)
stdescribe
sts list
sts graph, risktable
stcox alliances_active_lag1 listed_lag1, efron vce(cluster firm)
stcox alliances_active_lag1 @ORIGIN@, efron vce(cluster firm)

* Competing risks: the hazard of each fate, the other one censored
foreach fate in failure acquisition {
    stset stop, id(firm) time0(start) enter(time entry) failure(`fate' == 1)
    stcox alliances_active_lag1 listed_lag1, efron vce(cluster firm)
}

* Cumulative incidence of each fate (Aalen-Johansen). Each row is one year, and so in one risk
* set: that of its stop. stcrreg wants covariates that are fixed, and no gaps.
preserve
collapse (count) at_risk = exit (sum) exit failure acquisition, by(stop)
sort stop
generate double survival = 1 - exit / at_risk
replace survival = survival * survival[_n - 1] if _n > 1    // row after row: a running product
generate double before = cond(_n == 1, 1, survival[_n - 1])
generate double incidence_failure = sum(before * failure / at_risk)
generate double incidence_acquisition = sum(before * acquisition / at_risk)
list stop at_risk survival incidence_failure incidence_acquisition
restore
