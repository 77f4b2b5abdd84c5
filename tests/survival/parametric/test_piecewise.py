"""The piecewise exponential model: equal to R's glm on cut rows, and by other routes."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import cox, piecewise_exponential, rates, simulate_panel, split_at
from belbiotech.errors import BelbiotechWarning, FitError, PanelError

CASES = {
    "years": ("years", "failure ~ alliances + C(segment) + size", [2, 5, 9], "firm", None),
    "weighted": ("years", "failure ~ alliances + C(segment) + size", [9, 2, 5], "firm", "wt_int"),
    "days": ("days", "death ~ age + C(arm) + marker", [50, 200, 365.25], "patient", None),
}


def in_words_of_r(name, periods):
    """Our name of one of R's coefficients."""
    factor = {"factor(segment)": "C(segment)[T.", "factor(arm)": "C(arm)[T."}
    for theirs, ours in factor.items():
        if name.startswith(theirs):
            return f"{ours}{name.removeprefix(theirs)}]"
    if name.startswith("factor(period)"):
        return periods[int(name.removeprefix("factor(period)")) - 1]
    return name


@pytest.mark.reference
@pytest.mark.parametrize("case", CASES)
def test_equal_to_glm_of_r_on_cut_rows(reference_values, reference_data, case):
    name, formula, cuts, unit, weights = CASES[case]
    theirs = reference_values("rates")["piecewise"][case]
    data = reference_data(name)
    naive = piecewise_exponential(formula, data, cuts, weights=weights)
    robust = piecewise_exponential(formula, data, cuts, weights=weights, cluster=unit)
    periods = naive.fit.intervals["name"].tolist()
    names = [in_words_of_r(name, periods) for name in theirs["names"]]
    np.testing.assert_allclose(naive.params[names], theirs["coef"], rtol=1e-8)
    np.testing.assert_allclose(naive.standard_errors[names], theirs["se"], rtol=1e-8)
    np.testing.assert_allclose(robust.standard_errors[names], theirs["robust"], rtol=1e-8)
    assert naive.log_likelihood == pytest.approx(theirs["loglik"], rel=1e-10)
    assert naive.aic == pytest.approx(theirs["aic"], rel=1e-10)
    assert naive.n_pieces == theirs["pieces"]


def test_without_covariates_the_rates_are_events_over_time(reference_data):
    data = reference_data("years")
    fit = piecewise_exponential("failure ~ 1", data, [3, 6])
    table = rates(data, "failure", cuts=[3, 6])
    for column in ("after", "up_to", "person_time", "events", "rate", "std_error"):
        np.testing.assert_allclose(fit.baseline_rates[column], table[column], rtol=1e-12)
    assert "(3, 6]" in fit.params.index


def test_a_cut_at_every_time_is_the_cox_model_with_breslows_ties(reference_data):
    """Yearly rows of one length: the hazard of each year is Breslow's (Holford 1980)."""
    data = reference_data("years").query("1 < stop <= 8")
    cuts = sorted(data["stop"].unique())
    ours = piecewise_exponential("failure ~ alliances + size", data, cuts, cluster="firm")
    theirs = cox("failure ~ alliances + size", data, ties="breslow", cluster="firm")
    np.testing.assert_allclose(ours.params[["alliances", "size"]], theirs.params, rtol=1e-9)
    np.testing.assert_allclose(
        ours.standard_errors[["alliances", "size"]], theirs.standard_errors, rtol=1e-7
    )


@settings(max_examples=10)
@given(st.lists(st.floats(0.1, 15.0), max_size=4))
def test_cut_rows_give_the_same_fit(cuts):
    panel = simulate_panel(80, effect=-0.3, seed=3)
    pieces = split_at(panel, [0.25, *cuts], outcomes="failure")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        one = piecewise_exponential(
            "failure ~ alliances_active_lag1", panel, [4], cluster="firm_id"
        )
        other = piecewise_exponential(
            "failure ~ alliances_active_lag1", pieces, [4], cluster="firm_id"
        )
    np.testing.assert_allclose(one.params, other.params, rtol=1e-9)
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-9)


def test_survival_along_a_path_by_hand(reference_data):
    fit = piecewise_exponential("failure ~ alliances", reference_data("years"), [3])
    path = pd.DataFrame({"start": [1, 2], "stop": [2, 5], "alliances": [0, 2]})
    table = fit.predict_survival(path)
    b, low, high = fit.params
    ratio = np.exp(2 * b)
    hazard = np.cumsum([np.exp(low), ratio * np.exp(low), 2 * ratio * np.exp(high)])
    assert table["time"].tolist() == [2, 3, 5]
    np.testing.assert_allclose(table["estimate"], np.exp(-hazard))

    # The slope of the hazard by finite differences of the coefficients.
    def total(b, low, high):
        return np.exp(low) + np.exp(2 * b) * (np.exp(low) + 2 * np.exp(high))

    slope = [
        (total(*(fit.params + step)) - total(*(fit.params - step))) / 2e-6
        for step in 1e-6 * np.eye(3)
    ]
    error = np.sqrt(slope @ fit.variance.to_numpy() @ slope)
    assert table["std_error"].iloc[-1] == pytest.approx(np.exp(-hazard[-1]) * error, rel=1e-6)


def test_an_interval_without_events_is_told_and_has_a_rate_of_zero(reference_data):
    data = reference_data("years")
    last = data["stop"].max()
    with pytest.warns(BelbiotechWarning, match="no failure in the intervals up to 1"):
        fit = piecewise_exponential(
            "failure ~ size", data[~((data["stop"] <= 1) & (data["failure"] == 1))], [1, 5]
        )
    assert fit.baseline_rates["rate"].iloc[0] == 0
    without = piecewise_exponential("failure ~ size", data[data["start"] >= 1], [5])
    np.testing.assert_allclose(fit.params, without.params, rtol=1e-9)
    assert fit.aic == pytest.approx(without.aic + 2)
    path = pd.DataFrame({"start": [0], "stop": [1], "size": [0.0]})
    assert fit.predict_survival(path)["estimate"].item() == 1
    far = pd.DataFrame({"start": [0], "stop": [last + 5], "size": [0.0]})
    beyond = piecewise_exponential("failure ~ size", data, [5, last + 1])
    with pytest.raises(FitError, match="no row of the data is at risk"):
        beyond.predict_survival(far)


def test_it_shows_itself(reference_data):
    fit = piecewise_exponential("failure ~ C(segment)", reference_data("years"), [3])
    assert "rows cut into" in repr(fit)
    assert fit.wald_test.df == fit.likelihood_ratio_test.df == len(fit.covariates)
    assert fit.plot().axes


def test_bad_input_is_refused_in_words(reference_data):
    data = reference_data("years")
    with pytest.raises(PanelError, match="cuts must be finite numbers"):
        piecewise_exponential("failure ~ size", data, [np.nan])
    with pytest.raises(FitError, match="never happens"):
        piecewise_exponential("failure ~ size", data.assign(failure=0), [3])
    with pytest.raises(FitError, match="overlap must be"):
        piecewise_exponential("failure ~ size", data, [3], overlap="no")
    with pytest.raises(FitError, match="collinear with 'size'"):
        piecewise_exponential("failure ~ size + double", data.assign(double=2 * data["size"]), [3])
    marked = data.assign(marked=((data["failure"] == 0) & (data["size"] > 1)).astype(int))
    with pytest.raises(FitError, match="no failure among rows that 'marked' single out"):
        piecewise_exponential("failure ~ marked", marked, [3])
