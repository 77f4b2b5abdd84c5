"""The shipped panel to R and back: the same model in R's survival gives the same coefficients."""

import subprocess
import tempfile
from pathlib import Path

import pandas as pd

import belbiotech as bb

FORMULA = "acquisition ~ alliances_active_lag1 + listed_lag1"
IN_R = """
source("load.R"); library(survival)
panel <- subset(read_belbiotech()$firm_year, observed)
fit <- coxph(Surv(start, stop, acquisition) ~ alliances_active_lag1 + listed_lag1 +
  cluster(firm_id), panel, eps = 1e-10, toler.chol = 1e-12)
write.csv(data.frame(coef = coef(fit), se = sqrt(diag(vcov(fit)))), "fit.csv")
"""
with tempfile.TemporaryDirectory() as folder:
    bb.export("0.1.0", "r", Path(folder) / "panel")
    subprocess.run(["Rscript", "-e", IN_R], cwd=Path(folder) / "panel", check=True)
    in_r = pd.read_csv(Path(folder) / "panel" / "fit.csv", index_col=0)
panel = bb.load_panel("0.1.0")
here = bb.cox(FORMULA, panel[panel["observed"]], cluster="firm_id")
both = in_r.assign(coef_here=here.params, se_here=here.standard_errors)
print(both)
print(f"largest difference {(both['coef'] - both['coef_here']).abs().max():.1e}")
