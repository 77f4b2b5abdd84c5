import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import FitError, PanelError, mean_cumulative_function, recurrent_rows

patiently = settings(deadline=None, max_examples=50)


@pytest.fixture
def panel():
    """Firm a has three rounds in its third year; b enters late; rows in no order."""
    return pd.DataFrame(
        {
            "firm_id": ["b", "a", "a", "b", "a", "a"],
            "start": [5, 2, 0, 6, 1, 3],
            "stop": [6, 3, 1, 7, 2, 4],
            "rounds": [1, 3, 0, 0, 1, 0],
            "size": [10, 3, 1, 11, 2, 4],
        },
        index=list("uvwxyz"),
    )


@st.composite
def panels(draw):
    firms = draw(
        st.lists(
            st.tuples(st.integers(0, 4), st.lists(st.integers(0, 3), min_size=1, max_size=6)),
            min_size=1,
            max_size=6,
        )
    )
    rows = [
        (f"f{k}", start + j, start + j + 1, count)
        for k, (start, counts) in enumerate(firms)
        for j, count in enumerate(counts)
    ]
    return pd.DataFrame(rows, columns=["firm_id", "start", "stop", "rounds"])


def test_rows_by_hand(panel):
    rows = recurrent_rows(panel, "rounds")
    assert rows["firm_id"].tolist() == list("aaaaaabb")
    assert rows["row"].tolist() == list("wyvvvzux")
    assert rows["size"].tolist() == [1, 2, 3, 3, 3, 4, 10, 11]
    third = 1 / 3
    assert rows["stop"].tolist() == pytest.approx([1, 2, 2 + third, 3 - third, 3, 4, 6, 7])
    assert rows["start"].tolist() == pytest.approx([0, 1, 2, 2 + third, 3 - third, 3, 5, 6])
    assert rows["event"].tolist() == [0, 1, 1, 1, 1, 0, 1, 0]
    assert rows["order"].tolist() == [1, 1, 2, 3, 4, 5, 1, 2]
    assert rows["gap_start"].tolist() == pytest.approx([0, 1, 0, 0, 0, 0, 5, 0])
    assert rows["gap_stop"].tolist() == pytest.approx([1, 2, third, third, third, 1, 6, 1])


def test_equal_gaps_tie(panel):
    gaps = recurrent_rows(panel, "rounds")["gap_stop"].iloc[2:5]
    assert len(set(gaps)) == 1  # 7/3 - 2, 8/3 - 7/3 and 3 - 8/3 differ in the last bit


@patiently
@given(panels())
def test_rows_join_up_and_keep_all_events_and_time(data):
    rows = recurrent_rows(data, "rounds")
    assert rows["event"].sum() == data["rounds"].sum()
    length = (rows["stop"] - rows["start"]).groupby(rows["row"]).sum()
    assert np.allclose(length, data["stop"] - data["start"])
    same = rows["firm_id"] == rows["firm_id"].shift()
    assert (rows["start"] == rows["stop"].shift())[same].all()
    assert set(rows["stop"][rows["event"] == 0]) <= set(data["stop"])
    assert (rows["gap_stop"] > rows["gap_start"]).all()
    restarts = rows["event"].shift(fill_value=0).eq(1) & same
    assert rows["gap_start"][restarts].eq(0).all()


@patiently
@given(panels(), st.integers(1, 3))
def test_later_events_are_pooled_or_left_out(data, most):
    rows = recurrent_rows(data, "rounds")
    pooled = recurrent_rows(data, "rounds", max_order=most)
    assert pooled["order"].tolist() == rows["order"].clip(upper=most).tolist()
    dropped = recurrent_rows(data, "rounds", max_order=most, later="drop")
    kept = rows[rows["order"] <= most].reset_index(drop=True)
    pd.testing.assert_frame_equal(dropped, kept)


@patiently
@given(panels())
def test_the_mean_cumulative_function_does_not_see_the_cuts(data):
    # All of a year's rows are at risk during all of it, so that pieces have the same risk set.
    by_year = mean_cumulative_function(data, "rounds").table
    by_piece = mean_cumulative_function(recurrent_rows(data, "rounds"), "event").table
    joined = by_year.merge(by_piece, on="time", suffixes=("", "_pieces"))
    assert len(joined) == len(by_year)
    assert np.allclose(joined["mean"], joined["mean_pieces"], rtol=1e-12)
    assert np.allclose(joined["std_error"], joined["std_error_pieces"], atol=1e-12)


def test_bad_input_is_refused(panel):
    with pytest.raises(PanelError, match="no column 'round'; did you mean 'rounds'"):
        recurrent_rows(panel, "round")
    with pytest.raises(PanelError, match=r"0 or more; it does not in 1 row\(s\) \(u\), such as -1"):
        recurrent_rows(panel.assign(rounds=[-1, 0, 0, 0, 0, 0]), "rounds")
    with pytest.raises(PanelError, match="such as 0.5"):
        recurrent_rows(panel.assign(rounds=0.5), "rounds")
    with pytest.raises(PanelError, match=r"such as 1e\+60; 9e\+15 is the most"):
        recurrent_rows(panel.assign(rounds=1e60), "rounds")
    with pytest.raises(PanelError, match=r"counts 6e\+08 events, and each becomes a row"):
        recurrent_rows(panel.assign(rounds=100_000_000), "rounds")
    with pytest.raises(PanelError, match="must hold numbers of events"):
        recurrent_rows(panel.assign(rounds="1"), "rounds")
    with pytest.raises(PanelError, match="'rounds' has missing values"):
        recurrent_rows(panel.assign(rounds=None), "rounds")
    with pytest.raises(PanelError, match="overlap in time"):
        recurrent_rows(panel.assign(start=0), "rounds")
    with pytest.raises(PanelError, match="already has a column 'event'.*rename it"):
        recurrent_rows(panel.assign(event=1), "rounds")
    with pytest.raises(FitError, match="max_order must be 1 or more"):
        recurrent_rows(panel, "rounds", max_order=0)
    with pytest.raises(FitError, match="later 'cut' is unknown; the names are 'pool', 'drop'"):
        recurrent_rows(panel, "rounds", later="cut")
