"""The scripts for R and Stata: R's numbers are ours; Stata's file is read, as there is no Stata."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

import belbiotech as bb

pytestmark = pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
RSCRIPT = shutil.which("Rscript")
MODEL = "alliances_active_lag1 + listed_lag1"


@pytest.mark.live_r
@pytest.mark.skipif(RSCRIPT is None, reason="Rscript is not installed")
def test_the_r_script_gives_our_numbers(tmp_path):
    folder = bb.export("1.0.0", "r", tmp_path / "r")
    done = subprocess.run([RSCRIPT, "analysis.R"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = pd.read_csv(folder / "results_r.csv", float_precision="round_trip")
    panel = bb.load_panel("1.0.0")
    rows = panel[panel["observed"]]
    curve = bb.kaplan_meier(rows, "exit").table
    theirs = found[found["model"] == "kaplan_meier"].astype({"term": float})
    both = theirs.merge(curve, left_on="term", right_on="time", suffixes=("_r", ""))
    assert len(both) == len(theirs) > 10
    np.testing.assert_allclose(both["estimate"], both["survival"], rtol=1e-8)
    for outcome in ("exit", "failure", "acquisition"):
        fit = bb.cox(f"{outcome} ~ {MODEL}", rows, cluster="firm_id")
        _same(found[found["model"] == f"cox_{outcome}"], fit)
    fit = bb.cox("exit ~ alliances_active_lag1 + origin", rows, cluster="firm_id")
    _same(found[found["model"] == "cox_origin"], fit)
    shares = bb.cumulative_incidence(rows, ["failure", "acquisition"]).table
    outcome = next(name for name in ("outcome", "fate", "cause") if name in shares)
    value = next(name for name in ("incidence", "estimate") if name in shares)
    for fate in ("failure", "acquisition"):
        theirs = found[found["model"] == f"incidence_{fate}"].astype({"term": float})
        both = theirs.merge(shares[shares[outcome] == fate], left_on="term", right_on="time")
        ours = both[value if value in both else f"{value}_y"]
        given = both["estimate" if "estimate" in theirs and "estimate" in both else "estimate_x"]
        assert len(both) > 10
        np.testing.assert_allclose(given, ours, rtol=1e-8, atol=1e-12)


def _same(theirs, fit):
    assert len(theirs) == len(fit.params)
    np.testing.assert_allclose(theirs["estimate"], fit.params, rtol=1e-7)
    np.testing.assert_allclose(theirs["std_error"], fit.standard_errors, rtol=1e-7)


def test_the_do_file_declares_the_panel(tmp_path):
    folder = bb.export("1.0.0", "stata", tmp_path / "stata")
    text = (folder / "analysis.do").read_text("utf-8")
    assert "stset stop, id(firm) time0(start) enter(time entry) failure(exit == 1)" in text
    assert "keep if observed == 1" in text
    assert "@" not in text
    codes = pd.read_csv(folder / "codes.csv")
    codes = codes[(codes["table"] == "firm_year") & (codes["column"] == "origin")]
    panel = bb.load_panel("1.0.0")
    first = min(panel.loc[panel["observed"], "origin"])
    number = codes.loc[codes["code"] == first, "number"].iloc[0]
    assert f"ib{number}.origin" in text


@pytest.mark.parametrize(("form", "script"), [("r", "analysis.R"), ("stata", "analysis.do")])
def test_no_script_without_the_panel(tmp_path, form, script):
    folder = bb.export("1.0.0", form, tmp_path / form, ["firms"])
    assert not (folder / script).exists()
