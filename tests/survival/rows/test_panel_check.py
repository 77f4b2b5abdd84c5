import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech import PanelError, check_panel
from belbiotech.survival.rows.checks import overlapping_rows


def panel(*rows):
    return pd.DataFrame(rows, columns=["firm_id", "start", "stop", "failure"])


CLEAN = [("a", 0, 1, 0), ("a", 1, 2, 1), ("b", 3, 4, 0), ("b", 4, 5, 0)]


def faults(data, **options):
    found = check_panel(data, outcome="failure", **options)
    return list(zip(found["row"], found["fault"], strict=True))


def test_a_clean_panel_has_no_faults_and_the_same_columns():
    clean = check_panel(panel(*CLEAN), outcome="failure")
    assert clean.empty
    faulty = check_panel(panel(*CLEAN, ("b", 9, 9, 0)), outcome="failure")
    assert list(clean.columns) == list(faulty.columns)
    assert list(clean.columns) == ["unit", "row", "start", "stop", "fault", "text"]


@pytest.mark.parametrize(
    ("row", "fault", "text"),
    [
        (("b", 7, 8, 0), "gap", "unseen from 5 to 7"),
        (("b", 4.5, 6, 0), "overlap", "begins at 4.5, before an earlier row has ended at 5"),
        (("b", 3, 4, 0), "duplicate", "a second row from 3 to 4"),
        (("b", 5, 5, 0), "zero length", "starts and stops at 5"),
        (("b", 6, 5, 0), "negative length", "stops at 5, before it starts at 6"),
        (("b", np.nan, 6, 0), "missing value", "the start is nan"),
        (("b", 5, np.inf, 0), "missing value", "the stop is inf"),
        ((None, 5, 6, 0), "missing value", "'firm_id' is missing"),
        (("b", 5, 6, np.nan), "missing value", "'failure' is missing"),
        (("b", 5, 6, 2), "bad outcome", "'failure' is 2, not 0 or 1"),
    ],
)
def test_each_fault_is_named_with_its_row(row, fault, text):
    found = check_panel(panel(*CLEAN, row), outcome="failure")
    assert found["fault"].tolist() == [fault]
    assert found["row"].tolist() == [4]
    assert text in found["text"].item()


def test_rows_after_the_event():
    contiguous = panel(*CLEAN, ("a", 2, 3, 0))
    assert faults(contiguous) == [(1, "event before the last row")]
    after_a_gap = panel(*CLEAN, ("a", 4, 5, 0))
    assert faults(after_a_gap) == [(1, "event before the last row"), (4, "gap")]
    assert check_panel(contiguous).empty  # without an outcome nothing ends


def test_an_overlap_is_seen_behind_a_shorter_row():
    rows = panel(("a", 0, 10, 0), ("a", 2, 3, 0), ("a", 4, 5, 0))
    assert faults(rows) == [(1, "overlap"), (2, "overlap")]


def test_two_outcomes_in_a_row():
    rows = panel(*CLEAN).assign(acquisition=[0, 1, 0, 0])
    found = check_panel(rows, outcome=["failure", "acquisition"])
    assert found["fault"].tolist() == ["two outcomes"]
    assert "'failure', 'acquisition'" in found["text"].item()


def test_names_of_columns_and_labels_of_rows_are_the_users():
    rows = panel(*CLEAN, ("b", 7, 8, 0)).rename(
        columns={"firm_id": "siren", "start": "from", "stop": "to"}
    )
    rows.index = list("vwxyz")
    found = check_panel(rows, unit="siren", start="from", stop="to")
    assert found[["unit", "row", "start", "stop", "fault"]].to_numpy().tolist() == [
        ["b", "z", 7, 8, "gap"]
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(1, 3), st.integers(0, 1)),
        min_size=1,
        max_size=20,
    )
)
def test_agrees_with_what_the_estimators_refuse(rows):
    data = panel(*[(unit, start, start + length, event) for unit, start, length, event in rows])
    found = check_panel(data, outcome="failure")
    overlapping = overlapping_rows(
        data["firm_id"], data["start"].to_numpy(float), data["stop"].to_numpy(float)
    )
    named = found.loc[found["fault"].isin(["overlap", "duplicate"]), "row"]
    assert len(set(named)) == len(overlapping)
    # Every unit that is taken as unseen for a while is so: no row of it lies in between.
    for fault in found[found["fault"] == "gap"].itertuples():
        unit = data[data["firm_id"] == fault.unit]
        assert not ((unit["start"] < fault.start) & (fault.start <= unit["stop"])).any()


def test_outcomes_that_are_texts_look_like_texts():
    found = check_panel(panel(*CLEAN).astype({"failure": str}), outcome="failure")
    assert found["text"].unique().tolist() == [
        "'failure' is '0', not 0 or 1",
        "'failure' is '1', not 0 or 1",
    ]


@pytest.mark.parametrize("name", ["start", "firm_id"])
def test_two_columns_of_one_name(name):
    rows = panel(*CLEAN)
    with pytest.raises(PanelError, match=f"2 columns are called '{name}'"):
        check_panel(pd.concat([rows, rows[[name]]], axis=1))


def test_columns_of_lists_and_of_dates():
    rows = panel(*CLEAN)
    with pytest.raises(PanelError, match="'firm_id' holds a list in 4 rows"):
        check_panel(rows.assign(firm_id=[["a"]] * 4))
    dates = pd.to_datetime(["2020-01-01"] * 4)
    with pytest.raises(PanelError, match=r"years since founding: \(data\['start'\] - origin\)"):
        check_panel(rows.assign(start=dates))


def test_bad_input_is_refused():
    with pytest.raises(PanelError, match="start and stop are both 'stop'"):
        check_panel(panel(*CLEAN), start="stop")
    with pytest.raises(PanelError, match="no column 'firm'; did you mean 'firm_id'"):
        check_panel(panel(*CLEAN), unit="firm")
    with pytest.raises(PanelError, match="'start' must hold numbers"):
        check_panel(panel(*CLEAN).astype({"start": str}))
    with pytest.raises(PanelError, match="no column 'exit'"):
        check_panel(panel(*CLEAN), outcome="exit")
