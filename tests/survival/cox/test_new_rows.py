"""Predictions row by row, equal to R's predict.coxph, and to the ways beside it."""

import numpy as np
import pandas as pd
import pytest

from belbiotech import cox
from belbiotech.errors import FitError, PanelError

FORMULAS = {
    "plain": "failure ~ alliances + size",
    "factor": "failure ~ alliances + C(segment) + size",
    "strata": "failure ~ alliances + size",
}


@pytest.fixture
def years(reference_data):
    return reference_data("years").assign(w=lambda d: 1 + (1 + d.index) % 3 / 2)


def fitted(years, name, weighted=False):
    strata = "region" if name == "strata" else None
    return cox(FORMULAS[name], years, strata=strata, weights="w" if weighted else None)


@pytest.mark.reference
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", FORMULAS)
def test_new_rows_as_r(reference_values, years, name, weighted):
    theirs = reference_values("cox_predict")[name + ("/weights" if weighted else "")]
    fit = fitted(years, name, weighted)
    new = years.iloc[theirs["rows"]]
    for kind in ("lp", "risk", "expected", "survival"):
        ours = fit.predict(kind, new)
        np.testing.assert_allclose(ours["estimate"], theirs[kind], rtol=1e-8, atol=1e-10)
        assert ours.index.equals(new.index)
    for reference in ("sample", "zero"):
        ours = fit.predict("lp", new, reference=reference)["estimate"]
        np.testing.assert_allclose(ours, theirs[reference], rtol=1e-8, atol=1e-10)
    if not weighted:  # R's errors there are asked for without the robust ones
        ours = fit.predict("lp", new)["std_error"]
        np.testing.assert_allclose(ours, theirs["lp_error"], rtol=1e-8)
    assert fit.bic == pytest.approx(theirs["bic"], rel=1e-10)


@pytest.mark.parametrize("name", FORMULAS)
def test_expected_events_are_those_of_a_path_of_one_row(years, name):
    fit, row = fitted(years, name), years.iloc[[5]].assign(start=1, stop=6)
    for kind, along in (
        ("expected", fit.predict_cumulative_hazard),
        ("survival", fit.predict_survival),
    ):
        path = along(row).iloc[-1]
        one = fit.predict(kind, row).iloc[0]
        np.testing.assert_allclose(
            one[["estimate", "std_error", "lower", "upper"]].to_numpy(),
            path[["estimate", "std_error", "lower", "upper"]].to_numpy(dtype=float),
            rtol=1e-9,
        )


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["plain", "strata"])
def test_of_rows_outside_of_memory_they_are_the_same_or_refused(years, tmp_path, name, stream):
    years.to_parquet(tmp_path / "years.parquet")
    strata = "region" if name == "strata" else None
    here = cox(FORMULAS[name], years, strata=strata)
    there = cox(FORMULAS[name], tmp_path / "years.parquet", strata=strata, stream=stream)
    new = years.iloc[:9]
    for kind in ("lp", "risk", "expected", "survival"):
        pd.testing.assert_frame_equal(
            there.predict(kind, new, reference="zero"),
            here.predict(kind, new, reference="zero"),
            rtol=1e-8,
            atol=1e-10,
        )
        with pytest.raises(FitError, match="rows are not in memory: give those to predict for"):
            there.predict(kind)
    if stream:
        with pytest.raises(FitError, match="the means of rows that were read in batches"):
            there.predict("lp", new)
    else:
        pd.testing.assert_frame_equal(there.predict("risk", new), here.predict("risk", new))


def test_without_new_rows_they_are_those_of_the_fit(years):
    fit = fitted(years, "strata")
    for kind in ("lp", "risk"):
        pd.testing.assert_frame_equal(fit.predict(kind), fit.predict(kind, years), rtol=1e-9)
    alive = years["failure"] == 0
    for kind in ("expected", "survival"):
        ours, new = fit.predict(kind)["estimate"], fit.predict(kind, years)["estimate"]
        np.testing.assert_allclose(ours[alive], new[alive], rtol=1e-9)
    events = years["failure"] - fit.residuals("martingale")
    np.testing.assert_allclose(fit.predict("expected")["estimate"], events, rtol=1e-8, atol=1e-10)


def test_an_interval_is_not_needed_for_the_linear_predictor(years):
    fit = fitted(years, "plain")
    bare = years[["alliances", "size"]]
    pd.testing.assert_frame_equal(fit.predict("lp", bare), fit.predict("lp", years))


def test_bad_input_is_named(years):
    fit = fitted(years, "factor")
    with pytest.raises(FitError, match="kind 'lpp' is unknown; did you mean 'lp'"):
        fit.predict("lpp", years)
    with pytest.raises(FitError, match="reference 'mean' is unknown"):
        fit.predict("lp", years, reference="mean")
    with pytest.raises(PanelError, match="newdata must be a pandas DataFrame, not a?"):
        fit.predict("lp", [1])
    with pytest.raises(PanelError, match="'size' has missing values"):
        fit.predict("lp", years.assign(size=np.nan))
    with pytest.raises(PanelError, match="its levels are 'agro'"):
        fit.predict("lp", years.assign(segment="other"))
    with pytest.raises(PanelError, match="there is no stratum 'region=XX'"):
        fitted(years, "strata").predict("lp", years.assign(region="XX"))
    with pytest.raises(FitError, match="no prediction with a frailty"):
        cox("failure ~ size", years, frailty="region").predict("lp", years)
