"""What should be nothing is nothing, unless something is wrong; the bias surface by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FitError, FormulaError, PanelError
from belbiotech.survival.causal.bias_surface import bias_surface
from belbiotech.survival.causal.controls import calendar_placebo, negative_control
from belbiotech.survival.causal.marginal_structural import marginal_structural_cox
from belbiotech.survival.discrete.hazard import discrete_hazard


@pytest.fixture(scope="module")
def rows(firms):
    """A fire that capital prevents, too, and that alliances do not; a sham alliance."""
    rng = np.random.default_rng(5)
    fire = rng.random(len(firms)) < 0.15 * np.exp(-1.2 * firms["capital"])
    rows = firms.assign(fire=fire.astype(int), year=2000 + firms["start"] + firms["firm_id"] % 5)
    sham = (rng.random(len(rows)) < 0.1 + 0.2 * rows["capital"]).astype(int)
    return rows.assign(sham=sham)


CALL = {"exposure": "allied", "cluster": "firm_id"}


def test_a_control_outcome_shows_confounding(rows):
    crude = negative_control("failure ~ allied", rows, outcome="fire", **CALL)
    assert crude.biased
    assert crude.corrected_ratio > crude.table.loc["real", "hazard_ratio"]
    adjusted = negative_control("failure ~ allied + capital", rows, outcome="fire", **CALL)
    assert not adjusted.biased
    assert adjusted.table.loc["control", "outcome"] == "fire"


def test_a_control_exposure(rows):
    crude = negative_control("failure ~ allied", rows, instead="sham", **CALL)
    assert crude.table.loc["control", "exposure"] == "sham"
    assert crude.biased
    adjusted = negative_control("failure ~ allied + capital", rows, instead="sham", **CALL)
    ratio = [abs(result.table.loc["control", "coef"]) for result in (adjusted, crude)]
    assert ratio[0] < ratio[1] / 2


def test_any_design_that_has_coefficients(rows):
    weighted = negative_control(
        "failure ~ allied",
        rows,
        exposure="allied",
        outcome="fire",
        fit=marginal_structural_cox,
        denominator="capital * C(start)",
        numerator="C(start)",
    )
    assert not weighted.biased
    discrete = negative_control(
        "failure ~ allied", rows, outcome="fire", fit=discrete_hazard, **CALL
    )
    assert discrete.biased


def test_figure_and_texts(rows):
    result = negative_control("failure ~ allied", rows, outcome="fire", **CALL)
    assert result.plot().axes
    assert "something else than the exposure is at work" in repr(result)
    assert "| estimate |" in result.to_markdown()


@pytest.mark.parametrize(
    ("formula", "options", "error", "words"),
    [
        ("failure ~ allied", {}, FitError, "give one control"),
        ("failure ~ allied", {"outcome": "fire", "instead": "sham"}, FitError, "give one control"),
        ("failure ~ allied", {"outcome": "failure"}, FitError, "not the real one"),
        ("failure ~ allied", {"instead": "allied"}, FitError, "not the real one"),
        ("failure ~ capital", {"outcome": "fire"}, FormulaError, "no exposure 'allied'"),
        ("failure ~ C(allied)", {"outcome": "fire"}, FitError, "no coefficient 'allied'"),
        ("failure ~ allied", {"outcome": "flood"}, PanelError, "no column 'flood'"),
    ],
)
def test_bad_controls(rows, formula, options, error, words):
    with pytest.raises(error, match=words):
        negative_control(formula, rows, **CALL, **options)


def test_deals_within_years_lie_around_one(rows):
    result = calendar_placebo("failure ~ allied", rows, exposure="allied", draws=20, seed=1)
    summary = result.summary
    assert summary["lower"] < 1 < summary["upper"]
    assert summary["real"] < summary["lower"]
    assert "20 deals" in repr(result)
    again = calendar_placebo("failure ~ allied", rows, exposure="allied", draws=20, seed=1)
    np.testing.assert_array_equal(result.draws, again.draws)


def test_an_exposure_that_comes_and_goes_is_shuffled(rows):
    result = calendar_placebo("failure ~ sham", rows, exposure="sham", draws=10)
    assert result.summary["lower"] < 1 < result.summary["upper"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"draws": 0}, FitError, "draws must be 2 or more"),
        ({"year": "when"}, PanelError, "no column 'when'"),
        ({"exposure": "region"}, PanelError, "'region' must be 0 or 1"),
    ],
)
def test_bad_deals(rows, options, error, words):
    with pytest.raises(error, match=words):
        calendar_placebo("failure ~ allied", rows, **{"exposure": "allied", **options})


def test_bias_by_hand():
    """Prevalence 0.2, odds ratio 2: a third of the exposed; a hazard ratio of 3 gives 1.19."""
    result = bias_surface(1.5, 1.1, 2.1, prevalence=[0.2], exposure_effect=[2], outcome_effect=[3])
    row = result.table.iloc[0]
    assert row["bias"] == pytest.approx((1 + 2 / 3) / (1 + 0.4))
    assert row["hazard_ratio"] == pytest.approx(1.5 * 1.4 / (5 / 3))
    assert row["verdict"] == "holds 1"


def test_no_effect_is_no_bias():
    table = bias_surface(1.5, 1.1, 2.1).table
    nothing = table[(table["exposure_effect"] == 1) | (table["outcome_effect"] == 1)]
    np.testing.assert_allclose(nothing["bias"], 1.0)
    assert set(table["verdict"]) == {"stands", "holds 1", "turned"}


def test_the_weakest_confounder_and_the_figure():
    result = bias_surface(1.5, 1.3, 1.8)
    weakest = result.weakest()
    assert weakest["prevalence"].tolist() == [0.1, 0.3, 0.5]
    assert (weakest["effect"].dropna() > 1).all()
    assert bias_surface(1.1, 0.9, 1.3).weakest()["effect"].isna().all()
    assert len(result.plot().axes) == 3
    assert "Bias surface of a hazard ratio of 1.5" in repr(result)


def test_an_estimate_below_one_is_looked_at_from_its_own_side():
    """Protective confounders by default: the mirror image of the estimate above 1."""
    below = bias_surface(0.6, 0.4, 0.9)
    assert below.table["outcome_effect"].max() == 1
    assert set(below.table["verdict"]) == {"stands", "holds 1", "turned"}
    # 2.5 on the exposure, 0.4 on the outcome: p1 = 0.3 * 2.5 / (0.7 + 0.3 * 2.5) = 15 / 29
    assert 0.9 / ((1 - 15 / 29 * 0.6) / (1 - 0.3 * 0.6)) > 1
    assert below.weakest().set_index("prevalence")["effect"][0.3] == pytest.approx(2.5)
    # Half have it, four times the odds, 0.2 of the hazard: 0.6 becomes 1, which is not turned.
    edge = bias_surface(
        0.6, 0.4, 0.9, prevalence=[0.5], exposure_effect=[4], outcome_effect=[0.2]
    ).table
    assert edge["hazard_ratio"].tolist() == pytest.approx([1.0])
    assert edge["verdict"].tolist() == ["holds 1"]
    assert len(below.plot().axes) == 3


@pytest.mark.parametrize(
    ("numbers", "options", "words"),
    [
        ((0.5, 0.6, 0.8), {}, "within its interval"),
        ((-1, -2, 0), {}, "positive, finite"),
        (("a", 1, 2), {}, "positive, finite"),
        ((0.5, 0.4, 0.8), {"prevalence": [1.2]}, "prevalence must be a list"),
        ((0.5, 0.4, 0.8), {"outcome_effect": 2}, "outcome_effect must be a list"),
    ],
)
def test_bad_surfaces(numbers, options, words):
    with pytest.raises(FitError, match=words):
        bias_surface(*numbers, **options)


def test_columns_are_kept(rows):
    assert isinstance(rows, pd.DataFrame)
    before = rows.copy()
    calendar_placebo("failure ~ allied", rows, exposure="allied", draws=2)
    pd.testing.assert_frame_equal(rows, before)
