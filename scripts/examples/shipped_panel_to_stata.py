"""The shipped panel to Stata and back: the file that Stata reads gives the same coefficients."""

import tempfile
from pathlib import Path

import pyreadstat

import belbiotech as bb

FORMULA = "acquisition ~ alliances_active_lag1 + listed_lag1"
with tempfile.TemporaryDirectory() as folder:
    bb.export("0.1.0", "stata", Path(folder) / "panel")
    again, labels = pyreadstat.read_dta(str(Path(folder) / "panel" / "firm_year.dta"))
panel = bb.load_panel("0.1.0")
here = bb.cox(FORMULA, panel[panel["observed"]], cluster="firm_id")
back = bb.cox(FORMULA, again[again["observed"] == 1], cluster="firm_id")
print(here.params.to_frame("here").assign(back=back.params))
print(f"label of alliances_active_lag1: {labels.column_names_to_labels['alliances_active_lag1']}")
print("in Stata: stset stop if observed, id(firm_id) time0(start) failure(acquisition)")
print("          stcox alliances_active_lag1 listed_lag1, efron nohr vce(cluster firm_id)")
