"""Case weights in tests of groups and in mean cumulative functions."""

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from belbiotech import (
    FitError,
    PanelError,
    gray_test,
    logrank_test,
    mean_cumulative_function,
)


@pytest.fixture(scope="module")
def expected(reference_values):
    return reference_values("weighted_tests")


@pytest.fixture
def years(reference_data):
    return reference_data("years")


@pytest.mark.parametrize(
    ("case", "options"),
    [
        ("weights", {"weights": "wt_real", "unit": "firm"}),
        ("weights/rows", {"weights": "wt_real"}),
        ("weights/strata", {"weights": "wt_real", "unit": "firm", "strata": "segment"}),
        ("cluster", {"cluster": "firm"}),
    ],
)
def test_robust_logrank_is_the_score_test_of_r(expected, years, case, options):
    told = expected["logrank"][case]
    found = logrank_test(years, "failure", "region", **options)
    assert found.statistic == pytest.approx(told["statistic"], rel=1e-9)
    assert found.df == told["df"]
    assert found.p_value == pytest.approx(told["p_value"], rel=1e-8)


@pytest.mark.parametrize("weights", ["wt_real", "wt_int"])
def test_mean_cumulative_function_with_weights_is_that_of_r(expected, years, weights):
    told = expected["mcf"][weights]
    found = mean_cumulative_function(years, "round", "firm", weights=weights).table
    np.testing.assert_allclose(found["time"], told["time"])
    np.testing.assert_allclose(found["mean"], told["mean"], rtol=1e-10)
    np.testing.assert_allclose(found["std_error"], told["std_error"], rtol=1e-8)


def test_rows_of_weight_0_are_as_if_not_there(years):
    years["w"] = np.where(years["segment"] == "agro", 0.0, years["wt_real"])
    kept = years[years["w"] > 0]
    one, two = (
        logrank_test(table, "failure", "region", weights="w", unit="firm")
        for table in (years, kept)
    )
    assert one.statistic == pytest.approx(two.statistic, rel=1e-10)
    years["n"] = np.where(years["segment"] == "agro", 0, years["wt_int"])
    one, two = (
        gray_test(table, "failure", "acquisition", "region", weights="n")
        for table in (years, years[years["n"] > 0])
    )
    assert one.statistic == pytest.approx(two.statistic, rel=1e-10)


@st.composite
def tables(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = 40
    start = rng.integers(0, 3, n)
    fate = rng.integers(0, 3, n)
    return pd.DataFrame(
        {
            "firm": range(n),
            "start": start,
            "stop": start + rng.integers(1, 6, n),
            "failure": (fate == 1).astype(int),
            "acquisition": (fate == 2).astype(int),
            "group": rng.choice(list("ab"), n),
            "n": rng.integers(1, 4, n),
            "kind": rng.choice(["fleming-harrington", "peto", "gehan-breslow", "logrank"]),
        }
    )


def _same(one, two):
    assert one.statistic == pytest.approx(two.statistic, rel=1e-8)
    np.testing.assert_allclose(one.table["observed"], two.table["observed"])
    np.testing.assert_allclose(one.table["expected"], two.table["expected"])


@settings(max_examples=25, deadline=None)
@given(tables())
def test_whole_weights_are_repeated_rows(table):
    again = table.loc[table.index.repeat(table["n"])].reset_index(drop=True)
    kind = table["kind"].iloc[0]
    arguments = ("failure", "group")
    _same(
        logrank_test(table, *arguments, weighting=kind, weights="n"),
        logrank_test(again, *arguments, weighting=kind),
    )
    try:
        repeated = gray_test(again, "failure", "acquisition", "group")
    except FitError:
        repeated = None  # all at risk had a fate, and others enter later
    if repeated is not None:
        _same(gray_test(table, "failure", "acquisition", "group", weights="n"), repeated)


@settings(max_examples=15, deadline=None)
@given(tables(), st.floats(0.01, 100))
def test_robust_tests_take_no_account_of_the_scale_and_of_cuts(table, scale):
    table["w"] = table["n"] + 0.5
    first = logrank_test(table, "failure", "group", weights="w", unit="firm")
    larger = table.assign(w=table["w"] * scale + 0.0)
    if (larger["w"] % 1 != 0).any():
        second = logrank_test(larger, "failure", "group", weights="w", unit="firm")
        assert second.statistic == pytest.approx(first.statistic, rel=1e-7)
    long = table[table["stop"] - table["start"] > 1]
    cut = pd.concat(
        [
            table.drop(long.index),
            long.assign(stop=long["start"] + 1, failure=0, acquisition=0),
            long.assign(start=long["start"] + 1),
        ]
    )
    third = logrank_test(cut, "failure", "group", weights="w", unit="firm")
    assert third.statistic == pytest.approx(first.statistic, rel=1e-7)


def test_bad_weights_are_refused(years):
    with pytest.raises(FitError, match=r"'wt_real' are no whole numbers.*fine_gray"):
        gray_test(years, "failure", "acquisition", "region", weights="wt_real")
    bad = years.assign(w=-1.0)
    for call in (
        lambda: logrank_test(bad, "failure", "region", weights="w"),
        lambda: gray_test(bad, "failure", "acquisition", "region", weights="w"),
        lambda: mean_cumulative_function(bad, "round", "firm", weights="w"),
    ):
        with pytest.raises(PanelError, match="'w'"):
            call()
    with pytest.raises(PanelError, match="overlap"):
        logrank_test(years.assign(one=1), "failure", "region", weights="wt_real", unit="one")
    with pytest.raises(FitError, match="one value only"):
        logrank_test(years.assign(one=1), "failure", "region", cluster="one")
