import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FitError, PanelError
from belbiotech.survival.rows.spells import join_rows


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "firm": ["b", "a", "b", "a", "c", "c"],
            "start": [1, 0, 0, 1, 0, 4],
            "stop": [2, 1, 1, 3, 2, 6],
            "failure": [1, 0, 0, 0, 0, 1],
            "region": ["x", "y", "x", "y", "x", "x"],
        },
        index=list("uvwxyz"),
    )


def joined(rows, fixed=("region",), gaps=True, unit="firm"):
    return join_rows(rows, unit, ["failure"], list(fixed), why="because", gaps=gaps)


def test_rows_that_follow_are_one_spell(rows):
    spells = joined(rows)
    expected = pd.DataFrame(
        {
            "firm": ["b", "a", "c", "c"],
            "start": [0, 0, 0, 4],
            "stop": [2, 3, 2, 6],
            "failure": [1, 0, 0, 1],
            "region": ["x", "y", "x", "x"],
        },
        index=list("wvyz"),
    )
    pd.testing.assert_frame_equal(spells, expected)


def test_joining_again_changes_nothing(rows):
    once = joined(rows)
    pd.testing.assert_frame_equal(joined(once), once)


def test_without_a_unit_rows_stay_as_they_are(rows):
    columns = ["start", "stop", "failure", "region"]
    pd.testing.assert_frame_equal(joined(rows, unit=None), rows[columns])


def test_a_gap_is_named_where_none_is_allowed(rows):
    with pytest.raises(PanelError, match=r"firm 'c' between 2 and 4"):
        joined(rows, gaps=False)


def test_a_column_that_changes_is_named_with_a_unit_and_the_reason(rows):
    moved = rows.assign(region=["x", "y", "x", "z", "x", "x"])
    with pytest.raises(FitError, match=r"(?s)'region' changes.*firm 'a'.*from y to z.*because"):
        joined(moved)


def test_a_change_across_a_gap_counts(rows):
    moved = rows.assign(region=["x", "y", "x", "y", "x", "z"])
    with pytest.raises(FitError, match=r"firm 'c' it goes from x to z at start = 4"):
        joined(moved)


def test_an_event_before_the_last_row_is_refused(rows):
    early = rows.assign(failure=[1, 1, 0, 0, 0, 1])
    with pytest.raises(PanelError, match=r"'failure' is 1 before the last row.*'a' at stop = 1"):
        joined(early)


def test_time_at_risk_and_events_stay_the_same(reference_data):
    years = reference_data("years")
    spells = join_rows(years, "firm", ["failure"], ["region"], why="", gaps=True)
    assert (spells["stop"] - spells["start"]).sum() == len(years)
    assert spells["failure"].sum() == years["failure"].sum()
    assert spells["firm"].nunique() == len(spells)
    assert np.isin(spells.index, years.index).all()


def test_times_that_differ_by_rounding_alone_follow_on_each_other():
    rows = pd.DataFrame(
        {"firm": "a", "start": [0.0, 0.1 + 0.2], "stop": [0.3, 0.6], "failure": [0, 1], "x": 1}
    )
    spells = join_rows(rows, "firm", ["failure"], ["x"], why="", gaps=False)
    assert spells[["start", "stop"]].to_numpy().tolist() == [[0.0, 0.6]]
