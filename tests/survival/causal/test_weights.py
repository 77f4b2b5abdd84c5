"""Weights by hand, their diagnostics, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech.errors import BelbiotechWarning, FitError, FormulaError, PanelError
from belbiotech.survival.causal.histories import histories
from belbiotech.survival.causal.weights import censoring_weights, exposure_weights


def few(**columns):
    """Eight firms of two years; two of the four small and three of the four others start."""
    firm = np.repeat(np.arange(8), 2)
    table = {
        "firm_id": firm,
        "start": [0, 1] * 8,
        "stop": [1, 2] * 8,
        "small": (firm < 4).astype(int),
        "allied": [0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0],
    }
    return pd.DataFrame({**table, **columns})


def test_plain_weights_by_hand():
    """Small: 2 starts in 8 rows at risk; others: 3 in 7 (one started in its first year)."""
    weights = exposure_weights(few(), "allied", "small").weights
    small, other = 2 / 8, 3 / 7
    assert weights[0] == pytest.approx(1 / (1 - small))
    assert weights[1] == pytest.approx(1 / (1 - small) / small)
    assert weights[7] == pytest.approx(1 / (1 - small) ** 2)
    assert weights[8] == weights[9] == pytest.approx(1 / other)


def test_stabilised_weights_by_hand_have_mean_one_at_first():
    result = exposure_weights(few(), "allied", "small", "1")
    both, small = 5 / 15, 2 / 8
    assert result.stabilised
    assert result.weights[0] == pytest.approx((1 - both) / (1 - small))
    assert result.by_age.loc[0, "rows"] == 8


def test_saturated_weights_balance_exactly(firms):
    """With a cell for each age and past, weighted differences vanish and means are 1."""
    result = exposure_weights(firms, "allied", "capital * C(start)", "C(start)")
    assert result.by_age["mean"].iloc[0] == pytest.approx(1.0)
    balance = result.balance.set_index(["covariate", "ages"])
    first = balance.loc["capital", "0"]
    assert abs(first["before"]) > 0.3
    assert first["after"] == pytest.approx(0, abs=1e-9)
    assert result.summary.loc["largest difference after", "value"] < 0.1


def test_order_of_rows_does_not_matter(firms):
    shuffled = firms.sample(frac=1, random_state=3)
    one = exposure_weights(firms, "allied", "capital", "start").weights
    two = exposure_weights(shuffled, "allied", "capital", "start").weights
    np.testing.assert_allclose(two.reindex(one.index), one, rtol=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_running_products_and_sums_are_those_of_groupby(seed):
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"firm_id": rng.integers(0, 5, 30), "start": rng.permutation(30)})
    rows["x"] = rng.lognormal(size=30)
    past = histories(rows, "firm_id", "start")
    ordered = rows.sort_values("start")
    groups = ordered.groupby("firm_id")["x"]
    np.testing.assert_allclose(
        past.running_product(rows["x"].to_numpy()), groups.cumprod().sort_index()
    )
    np.testing.assert_allclose(past.running_sum(rows["x"].to_numpy()), groups.cumsum().sort_index())
    np.testing.assert_allclose(
        past.before(rows["x"].to_numpy()), groups.shift().fillna(0).sort_index()
    )


@pytest.mark.filterwarnings("ignore:a single unit")
def test_cells_without_exposed_are_certain_and_told():
    """Nobody with a patent starts: there the probability is 0, elsewhere as without those rows."""
    rows = few(patent=[1] * 2 + [0] * 14)
    rows.loc[1, "allied"] = 0
    result = exposure_weights(rows, "allied", "small + patent")
    assert result.weights[0] == result.weights[1] == 1
    others = exposure_weights(rows[2:], "allied", "small")
    np.testing.assert_allclose(result.weights[2:], others.weights, rtol=1e-10)
    first = result.positivity.iloc[0]
    assert (first["patent"], first["certain"], first["rows"]) == (1, "nobody", 2)


@pytest.mark.filterwarnings("ignore:a single unit")
def test_kinds_are_found():
    assert exposure_weights(few(), "allied", "small").kind == "starts"
    rows = few(allied=[0, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0])
    assert exposure_weights(rows, "allied", "small").kind == "switches"
    rows = few(allied=[0, 1, 1, 2, 0, 0, 1, 0, 1, 3, 0, 1, 0, 1, 0, 0])
    assert exposure_weights(rows, "allied", "small").kind == "counts"


def test_first_rows_may_be_taken_as_given():
    result = exposure_weights(few(), "allied", "small", entry="given")
    assert (result.weights[::2] == 1).all()
    assert result.weights[1] == pytest.approx(1 / (2 / 4))


@pytest.mark.filterwarnings("ignore:the mean of the weights")
def test_units_that_enter_late_with_the_exposure_are_told(firms):
    late = firms[firms["start"] > firms["firm_id"] % 3]
    with pytest.warns(BelbiotechWarning, match="units enter late with 'allied' already"):
        exposure_weights(late, "allied", "capital", "start")


def test_figures_and_texts(firms):
    result = exposure_weights(firms, "allied", "capital + C(region)", "start", truncate=0.01)
    assert result.plot().axes
    assert len(result.plot("balance").axes) == 4
    assert "effective rows" in repr(result)
    assert "| what |" in result.to_markdown()
    assert result.weights.max() < result.estimate.whole.max()
    with pytest.raises(FitError, match="no figure 'love'"):
        result.plot("love")


def test_weights_far_from_one_and_heavy_units_are_told():
    rng = np.random.default_rng(1)
    firm = np.repeat(np.arange(60), 3)
    size = np.repeat(rng.normal(size=60), 3)
    rows = pd.DataFrame({"firm_id": firm, "start": [0, 1, 2] * 60, "stop": [1, 2, 3] * 60})
    rows["size"] = size
    rows["allied"] = (rng.random(180) < 1 / (1 + np.exp(-4 * size))).astype(int)
    with pytest.warns(BelbiotechWarning, match=r"far from 1|a single unit, \d+, has"):
        exposure_weights(rows, "allied", "size", "1", kind="switches")


def silent(**columns):
    rows = few().drop(columns="allied").assign(silent=0, failure=0)
    rows.loc[[0, 2, 9], "silent"] = 1
    rows = rows.drop(index=[1, 3])
    return rows.assign(**columns)


def test_censoring_weights_by_hand():
    """Small: 2 of 6 rows end in silence; a row's weight is of the rows before it."""
    weights = censoring_weights(silent(), "silent", "small").weights
    assert weights[0] == weights[4] == 1
    assert weights[5] == pytest.approx(1 / (1 - 2 / 6))


def test_a_row_that_ends_with_an_outcome_is_not_modelled():
    rows = silent()
    rows.loc[5, "failure"] = 1
    weights = censoring_weights(rows, "silent", "small", outcomes="failure").weights
    assert weights[5] == pytest.approx(1 / (1 - 2 / 5))


@pytest.mark.parametrize(
    ("columns", "options", "error", "words"),
    [
        ({"allied": 1}, {}, FitError, "constant exposure"),
        ({"small": few()["allied"]}, {}, FitError, "known without error"),
        ({}, {"denominator": "allied"}, FormulaError, "the exposure itself"),
        ({}, {"denominator": "smal"}, FormulaError, "no column 'smal'"),
        ({}, {"denominator": None}, FormulaError, "right side of a formula"),
        ({}, {"kind": "once"}, FitError, "kind 'once' is unknown"),
        ({}, {"truncate": (0.9, 0.1)}, FitError, "two quantiles"),
        ({}, {"unit": "firm"}, PanelError, "no column 'firm'"),
        ({"allied": [1, 0] * 8}, {"kind": "starts"}, PanelError, "goes back to 0"),
        ({"allied": [0.5, 1] * 8}, {"kind": "switches"}, PanelError, "must be 0 or 1"),
        ({"allied": [-1, 1] * 8}, {}, PanelError, "number of things"),
        ({"allied": ["no", "yes"] * 8}, {}, PanelError, "must hold numbers"),
        ({"start": [0, 0] * 8}, {}, PanelError, "overlap"),
    ],
)
def test_bad_input(columns, options, error, words):
    call = {"exposure": "allied", "denominator": "small", **options}
    with pytest.raises(error, match=words):
        exposure_weights(few(**columns), **call)


def test_without_a_unit():
    with pytest.raises(PanelError, match="whose row is it"):
        exposure_weights(few().rename(columns={"firm_id": "company"}), "allied", "small")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"censored": "failure"}, FitError, "'failure' is 0 in all"),
        ({"denominator": "silent"}, FormulaError, "the exposure itself"),
        ({"link": "probit"}, FitError, "link 'probit'"),
    ],
)
def test_bad_input_for_censoring(options, error, words):
    call = {"censored": "silent", "denominator": "small", **options}
    with pytest.raises(error, match=words):
        censoring_weights(silent(), **call)


def test_rows_after_silence_are_refused():
    rows = silent()
    rows.loc[8, "silent"] = 1
    with pytest.raises(FitError, match="after their unit fell silent"):
        censoring_weights(rows, "silent", "small")


def test_exposed_are_compared_with_others_of_their_age(firms):
    """Who is older has more capital and is allied more: no difference at any one age."""
    rows = firms.assign(size=firms["start"].astype(float))
    result = exposure_weights(rows, "allied", "size + capital", "capital")
    balance = result.balance.query("ages == 'all'").set_index("covariate")
    assert balance.loc["size", "before"] == pytest.approx(0, abs=1e-12)
    assert abs(balance.loc["capital", "before"]) > 0.1
    # What the numerator has too is not what the weights are to take away.
    assert result.summary.loc["largest difference after", "value"] == pytest.approx(0, abs=1e-12)


def test_balance_of_two_ages_by_hand():
    """Age 0: one of 8 exposed, not small; age 1: 4 of 7, two of them small, two of 3 others."""
    balance = exposure_weights(few(), "allied", "small").balance.query("ages == 'all'")
    small = np.r_[[1] * 4, [0] * 4, [1] * 4, [0] * 3]
    expected = (1 * (0 - 4 / 7) + 4 * (2 / 4 - 2 / 3)) / 5 / small.std()
    assert balance["before"].tolist() == pytest.approx([expected])


def test_cells_bear_the_names_of_their_covariates(firms):
    cells = exposure_weights(firms.assign(size=firms.index % 11), "allied", "size").positivity
    assert cells.columns.tolist() == ["size", "rows", "exposed", "share", "certain"]


def test_the_axis_of_the_weights_is_written_in_numbers(firms):
    figure = exposure_weights(firms, "allied", "capital", "start").plot()
    figure.canvas.draw()
    ticks = [tick.get_text() for tick in figure.axes[0].get_yticklabels(which="both")]
    assert any(ticks)
    assert not any("$" in tick for tick in ticks)
