"""Pseudo-values: R's pseudo, leaving out one unit after the other, and what must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import kaplan_meier, pseudo_values, restricted_mean, split_at
from belbiotech.errors import FitError, PanelError

ROWS = pd.DataFrame(
    {
        "firm_id": ["b", "b", "a", "c", "d"],
        "start": [0, 2, 1, 0, 0],
        "stop": [2, 5, 4, 3, 6],
        "failure": [0, 1, 1, 0, 0],
    }
)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "outcome", "unit"), [("years", "failure", "firm"), ("days", "death", "patient")]
)
def test_equal_to_r(reference_values, reference_data, name, outcome, unit):
    theirs = reference_values("pseudo")[name]
    data = reference_data(name)
    data = data[data[unit].isin(theirs["units"])]
    for column, options in {
        "pseudo": {"method": "infinitesimal"},
        "pseudo_hazard": {"method": "infinitesimal", "kind": "cumulative_hazard"},
        "jackknife": {},
        "jackknife_hazard": {"kind": "cumulative_hazard"},
    }.items():
        ours = pseudo_values(data, outcome, theirs["times"], unit=unit, **options)
        assert ours.index.tolist() == theirs["units"]
        np.testing.assert_allclose(ours, theirs[column], rtol=1e-8, atol=1e-10)


@pytest.mark.filterwarnings("ignore:group 'all' has no 'failure' by")
@pytest.mark.parametrize("kind", ["survival", "restricted_mean"])
def test_leaving_out_one_unit_after_the_other(kind):
    def estimate(rows, time):
        if kind == "restricted_mean":
            return restricted_mean(rows, "failure", time)["estimate"].item()
        table = kaplan_meier(rows, "failure").table
        return table.loc[table["time"] <= time, "survival"].iloc[-1]

    ours = pseudo_values(ROWS, "failure", [4.5, 3], kind=kind)
    assert ours.index.tolist() == ["a", "b", "c", "d"]
    assert ours.columns.tolist() == [4.5, 3]
    for unit in ours.index:
        for time in ours.columns:
            without = estimate(ROWS[ROWS["firm_id"] != unit], time)
            expected = 4 * estimate(ROWS, time) - 3 * without
            assert ours.loc[unit, time] == pytest.approx(expected)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 8), min_size=2, max_size=12),
    st.sampled_from(["jackknife", "infinitesimal"]),
)
def test_without_censoring_or_late_entry_they_are_the_outcomes(stops, method):
    rows = pd.DataFrame({"start": 0, "stop": stops, "failure": 1})
    times = sorted(set(stops))
    alive = np.greater.outer(stops, times)
    ours = pseudo_values(rows, "failure", times, method=method)
    np.testing.assert_allclose(ours, alive.astype(float), atol=1e-9)
    mean = pseudo_values(rows, "failure", times, method=method, kind="restricted_mean")
    np.testing.assert_allclose(mean, np.minimum.outer(stops, times), atol=1e-9)


@settings(max_examples=20)
@given(st.lists(st.floats(0.1, 6.0), min_size=1, max_size=4))
def test_cutting_rows_changes_nothing(cuts):
    pieces = split_at(ROWS, cuts, outcomes="failure")
    for method in ("jackknife", "infinitesimal"):
        for kind in ("survival", "cumulative_hazard", "restricted_mean"):
            pd.testing.assert_frame_equal(
                pseudo_values(ROWS, "failure", [2, 5], method=method, kind=kind),
                pseudo_values(pieces, "failure", [2, 5], method=method, kind=kind),
            )


def test_influences_add_up_to_nothing():
    ours = pseudo_values(ROWS, "failure", [4], method="infinitesimal")
    survival = kaplan_meier(ROWS, "failure").table.set_index("time").loc[4.0, "survival"]
    assert ours[4.0].mean() == pytest.approx(survival)


def test_without_a_unit_each_row_is_one_by_its_label():
    rows = ROWS.drop(columns="firm_id").set_axis(list("vwxyz"))
    assert pseudo_values(rows, "failure", 3).index.tolist() == list("vwxyz")


def test_bad_input_is_refused_in_words():
    with pytest.raises(FitError, match="after 6, the last"):
        pseudo_values(ROWS, "failure", [2, 7])
    for times in ([], [0], [np.inf], "late"):
        with pytest.raises(FitError, match="times must be finite numbers above 0"):
            pseudo_values(ROWS, "failure", times)
    with pytest.raises(FitError, match="kind 'surv' is unknown; did you mean 'survival'"):
        pseudo_values(ROWS, "failure", 3, kind="surv")
    with pytest.raises(FitError, match="method 'ij' is unknown"):
        pseudo_values(ROWS, "failure", 3, method="ij")
    with pytest.raises(FitError, match="there is only one, 'b'"):
        pseudo_values(ROWS.iloc[:2], "failure", 3)
    with pytest.raises(PanelError, match="overlap"):
        pseudo_values(ROWS.assign(firm_id="a"), "failure", 3)
