"""The strength of a ridge penalty, by cross-validation over units."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import belbiotech
from belbiotech import BelbiotechWarning, FitError, PanelError, choose_ridge, cox, simulate_panel

FORMULA = "failure ~ alliances + size"


@pytest.fixture
def years(reference_data):
    rows = reference_data("years")
    return rows.assign(fold=rows["firm"].str[1:].astype(int) % 4)


def test_the_curve_is_that_of_fits_by_r(reference_values, years):
    told = reference_values("cox_ridge_cv")
    found = choose_ridge(FORMULA, years, strengths=told["strengths"], folds="fold")
    np.testing.assert_allclose(found.curve["strength"], told["strengths"])
    np.testing.assert_allclose(found.curve["log_likelihood"], told["log_likelihood"], rtol=1e-10)
    best = told["strengths"][int(np.argmax(told["log_likelihood"]))]
    assert found.strength == best
    assert f"Ridge penalty {best:g}, the best of 5 strengths in 4 folds" in repr(found)


def test_without_strengths_the_top_of_the_curve_is_found(reference_values, years):
    told = reference_values("cox_ridge_cv")
    found = choose_ridge(FORMULA, years, folds="fold")
    top = found.curve["log_likelihood"].max()
    assert top >= max(told["log_likelihood"])
    near = choose_ridge(
        FORMULA, years, folds="fold", strengths=[found.strength * k for k in (0.9, 1.0, 1.1)]
    )
    assert near.strength == pytest.approx(found.strength)


def test_cox_chooses_by_itself_and_tells(years):
    result = cox(FORMULA, years, ridge="cv", unit="firm", cluster="firm")
    choice = choose_ridge(FORMULA, years, unit="firm")
    assert result.ridge.strength == choice.strength
    assert result.ridge.curve.equals(choice.curve)
    again = cox(FORMULA, years, ridge=choice.strength, unit="firm")
    np.testing.assert_allclose(result.params, again.params, rtol=1e-12)
    assert result.n_clusters == years["firm"].nunique()
    assert "chosen by cross-validation" in str(result)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_order_cuts_and_frequencies_change_nothing(seed):
    panel = simulate_panel(60, seed=seed % 1000)[
        ["firm_id", "start", "stop", "failure", "alliances_active_lag1"]
    ]
    if not panel["failure"].sum() > 5:
        return
    firms = np.random.default_rng(seed).integers(0, 3, panel["firm_id"].nunique())
    panel["fold"] = firms[panel.groupby("firm_id").ngroup()]
    if panel.loc[panel["failure"] == 1, "fold"].nunique() < 3:
        return
    options = {"folds": "fold", "strengths": [0.5, 5.0, 50.0]}
    formula = "failure ~ alliances_active_lag1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(belbiotech.survival.cox.choose_ridge, "_tell_of_ends", lambda *_: None)
        one = choose_ridge(formula, panel, **options)
        mixed = choose_ridge(formula, panel.sample(frac=1, random_state=seed % 99), **options)
        twice = panel.assign(n=1)
        counted = choose_ridge(formula, twice, frequency="n", **options)
    for other in (mixed, counted):
        np.testing.assert_allclose(
            one.curve["log_likelihood"], other.curve["log_likelihood"], rtol=1e-9
        )


def test_a_curve_without_a_top_is_told(years):
    with pytest.warns(BelbiotechWarning, match="is the least of those tried, 50"):
        choose_ridge(FORMULA, years, strengths=[50, 500], folds="fold")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strengths": []}, "empty list"),
        ({"strengths": [1, -2]}, "above 0.*-2"),
        ({"strengths": "cv"}, "list of numbers"),
        ({"folds": 1}, "2 or more"),
        ({"folds": "nothing"}, "no column"),
        ({"folds": 10_000, "unit": "firm"}, "300 units for 10000 folds"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_options_are_refused(years, options, words):
    with pytest.raises(FitError, match=words):
        choose_ridge(FORMULA, years, **options)


def test_what_cannot_be_chosen_is_refused(years):
    with pytest.raises(FitError, match="no covariates"):
        choose_ridge("failure ~ 1", years)
    with pytest.raises(FitError, match="never happens"):
        choose_ridge(FORMULA, years.assign(failure=0))
    with pytest.raises(PanelError, match="missing"):
        choose_ridge(FORMULA, years.assign(size=np.nan))
    with pytest.raises(FitError, match="or 'cv'"):
        cox(FORMULA, years, ridge="CV")
    with pytest.raises(FitError, match="neither with firth"):
        cox(FORMULA, years, ridge="cv", firth=True)
