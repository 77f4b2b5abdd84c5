"""Person-years tables: as R's pyears and poisson.test, by hand, and what they refuse."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from belbiotech import rates
from belbiotech.errors import FitError, PanelError
from belbiotech.survival.curves.rates import exact_limits

ROWS = pd.DataFrame(
    {
        "firm_id": ["a", "a", "b", "c"],
        "start": [0, 2, 1, 0.5],
        "stop": [2, 5, 4, 1],
        "failure": [0, 1, 0, 1],
        "ipo": [1, 1, 0, 0],
        "region": ["x", "x", "y", "y"],
    },
    index=[10, 11, 12, 13],
)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "outcome", "group", "cuts"),
    [("years", "failure", "region", [6, 3]), ("days", "death", "arm", [100, 300.5])],
)
def test_person_years_and_exact_limits_are_those_of_r(
    reference_values, reference_data, name, outcome, group, cuts
):
    table = rates(reference_data(name), outcome, by=group, cuts=cuts)
    theirs = pd.DataFrame(reference_values("rates")[name])
    assert table[group].tolist() == theirs["group"].tolist()
    bounds = np.r_[-np.inf, sorted(cuts), np.inf]
    assert (table["after"].to_numpy() == bounds[theirs["period"] - 1]).all()
    assert (table["up_to"].to_numpy() == bounds[theirs["period"]]).all()
    for column in ("person_time", "events", "rate", "lower", "upper"):
        np.testing.assert_allclose(table[column], theirs[column], rtol=1e-8)


@pytest.mark.reference
def test_robust_errors_are_those_by_unit(reference_values, reference_data):
    table = rates(reference_data("years"), ["ipo"], by="region", unit="firm")
    theirs = pd.DataFrame(reference_values("rates")["unit"])
    assert table["region"].tolist() == theirs["group"].tolist()
    np.testing.assert_allclose(table["rate"], theirs["rate"], rtol=1e-12)
    np.testing.assert_allclose(table["std_error"], theirs["std_error"], rtol=1e-12)
    wide = 1.959963984540054 * table["std_error"] / table["rate"]
    np.testing.assert_allclose(table["upper"], table["rate"] * np.exp(wide))


def test_a_small_table_by_hand():
    table = rates(ROWS, ["failure", "ipo"], by="region", cuts=[1])
    assert table.drop(columns=["std_error", "lower", "upper"]).to_numpy().tolist() == [
        ["failure", "x", -np.inf, 1, 1, 0, 0],
        ["failure", "x", 1, np.inf, 4, 1, 1 / 4],
        ["failure", "y", -np.inf, 1, 0.5, 1, 2],
        ["failure", "y", 1, np.inf, 3, 0, 0],
        ["ipo", "x", -np.inf, 1, 1, 0, 0],
        ["ipo", "x", 1, np.inf, 4, 2, 1 / 2],
        ["ipo", "y", -np.inf, 1, 0.5, 0, 0],
        ["ipo", "y", 1, np.inf, 3, 0, 0],
    ]
    np.testing.assert_allclose(table["std_error"], np.sqrt(table["events"]) / table["person_time"])


def test_clusters_are_units_not_rows():
    # a has 2 listings in 5 years, b none in 3, c none in half a year
    table = rates(ROWS, "ipo", unit="firm_id")
    rate = 2 / 8.5
    beyond = np.array([2 - 5 * rate, -3 * rate, -0.5 * rate])
    assert table["std_error"].item() == pytest.approx(np.sqrt((beyond**2).sum()) / 8.5)


def test_cutting_rows_changes_nothing_with_or_without_units():
    years = pd.concat([ROWS.iloc[[1]].assign(start=k, stop=k + 1, ipo=0) for k in (2, 3)])
    cut = pd.concat([ROWS.drop(index=11), years, ROWS.loc[[11]].assign(start=4)])
    for options in ({}, {"unit": "firm_id"}):
        pd.testing.assert_frame_equal(rates(ROWS, "ipo", **options), rates(cut, "ipo", **options))


def test_whole_weights_count_rows_and_broken_ones_make_errors_robust():
    weighted = ROWS.assign(w=[2, 1, 3, 0])
    repeated = ROWS.loc[ROWS.index.repeat(weighted["w"])]
    pd.testing.assert_frame_equal(
        rates(weighted, "failure", by="region", weights="w"),
        rates(repeated, "failure", by="region"),
    )
    half = rates(ROWS.assign(w=0.5), "ipo", weights="w")
    robust = rates(ROWS, "ipo", unit="firm_id")
    for column in ("rate", "std_error", "lower", "upper"):
        np.testing.assert_allclose(half[column], robust[column])
    alone = rates(ROWS.drop(columns="firm_id").assign(w=0.5), "ipo", weights="w")
    assert alone["std_error"].item() != pytest.approx(robust["std_error"].item())


@given(st.integers(0, 40), st.floats(0.1, 100.0), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_exact_limits_leave_half_of_the_rest_on_each_side(events, time, level):
    (low,), (high,) = exact_limits(np.array([float(events)]), np.array([time]), level)
    assert poisson.cdf(events, high * time) == pytest.approx((1 - level) / 2)
    if events:
        assert poisson.sf(events - 1, low * time) == pytest.approx((1 - level) / 2)
    else:
        assert low == 0


def test_bad_input_is_refused_in_words():
    with pytest.raises(PanelError, match="cuts must be finite numbers"):
        rates(ROWS, "failure", cuts=["x"])
    with pytest.raises(PanelError, match="overlap"):
        rates(ROWS.assign(firm_id="a"), "failure", unit="firm_id")
    with pytest.raises(PanelError, match="'rate' of its own; rename"):
        rates(ROWS.assign(rate=1), "failure", by="rate")
    with pytest.raises(PanelError, match="no column 'failed'"):
        rates(ROWS, "failed")
    with pytest.raises(FitError, match="conf_level must be between 0 and 1"):
        rates(ROWS, "failure", conf_level=95)
