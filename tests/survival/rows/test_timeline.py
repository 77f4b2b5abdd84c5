"""Rows cut at times and facts on a time line: as R's survSplit and tmerge, and by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech import cox, merge_timeline, recurrent_rows, split_at
from belbiotech.errors import PanelError

ROWS = pd.DataFrame(
    {
        "firm_id": ["a", "a", "b"],
        "start": [0, 2, 1],
        "stop": [2, 5, 4],
        "failure": [0, 1, 0],
    },
    index=[10, 11, 12],
)
FACTS = pd.DataFrame({"firm_id": ["a", "b", "a"], "time": [1, 4, 3], "size": [5, 7, 9]})


@pytest.mark.reference
def test_cut_rows_are_those_of_r(reference_values):
    values = reference_values("timeline")
    pieces = split_at(
        pd.DataFrame(values["firms"]), [2, 5, 7.5], outcomes="failure", episode="period"
    )
    theirs = pd.DataFrame(values["split"]).assign(period=lambda d: d["period"] - 1)
    ours = pieces[list(theirs)].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


@pytest.mark.reference
def test_facts_in_rows_are_those_of_r(reference_values):
    values = reference_values("timeline")
    facts = pd.DataFrame(values["facts"]).assign(total=lambda d: d["size"])
    pieces = merge_timeline(
        pd.DataFrame(values["firms"]),
        facts,
        {"size": "last", "number": "count", "total": "sum"},
        outcomes="failure",
        unit="firm",
    )
    theirs = pd.DataFrame(values["merged"]).rename(columns={"tstart": "start", "tstop": "stop"})
    theirs = theirs.fillna({"number": 0, "total": 0})
    ours = pieces[list(theirs)].reset_index(drop=True)
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)


def test_a_fact_never_counts_in_the_row_that_ends_with_it():
    pieces = merge_timeline(ROWS, FACTS, {"number": "count"}, outcomes="failure")
    assert pieces[["start", "stop", "failure", "number"]].to_numpy().tolist() == [
        [0, 1, 0, 0],
        [1, 2, 0, 1],
        [2, 3, 0, 1],
        [3, 5, 1, 2],
        [1, 4, 0, 0],
    ]
    assert pieces.index.tolist() == [10, 10, 11, 11, 12]


def test_a_lag_puts_facts_off():
    pieces = merge_timeline(
        ROWS, FACTS, {"size": "last"}, outcomes="failure", lag=1, initial={"size": 0}
    )
    assert pieces[["start", "stop", "size"]].to_numpy().tolist() == [
        [0, 2, 0],
        [2, 4, 5],
        [4, 5, 9],
        [1, 4, 0],
    ]


@pytest.mark.parametrize("dtype", ["object", "category", "string"])
def test_facts_that_are_levels_take_the_value_before_the_first(dtype):
    facts = pd.DataFrame({"firm_id": ["a", "a"], "time": [1, 3], "phase": ["II", "III"]})
    known = {"phase": "last"}
    pieces = merge_timeline(ROWS, facts.astype({"phase": dtype}), known, initial={"phase": "none"})
    assert pieces["phase"].tolist() == ["none", "II", "II", "III", "none"]
    pieces = merge_timeline(ROWS, facts.astype({"phase": dtype}), known)
    assert pieces["phase"].fillna("?").tolist() == ["?", "II", "II", "III", "?"]


@given(st.integers(0, 10**6))
def test_cut_rows_give_the_same_fit(seed):
    random = np.random.default_rng(seed)
    rows = pd.DataFrame({"start": random.integers(0, 3, 60).astype(float)})
    rows["stop"] = rows["start"] + random.integers(1, 6, 60)
    rows["failure"] = random.random(60) < 0.6
    rows["size"] = random.integers(0, 9, 60)
    pieces = split_at(rows, random.uniform(0, 8, 3), outcomes="failure")
    assert pieces["failure"].sum() == rows["failure"].sum()
    assert (pieces["stop"] - pieces["start"]).sum() == pytest.approx(
        (rows["stop"] - rows["start"]).sum()
    )
    one, other = cox("failure ~ size", rows), cox("failure ~ size", pieces)
    np.testing.assert_allclose(other.params, one.params, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("cut", [2 - 9e-16, 2 + 9e-16, 1.0000000001])
def test_a_cut_that_differs_from_a_time_by_rounding_is_at_that_time(cut):
    """A piece shorter than rounding would have no length in a risk set."""
    pieces = split_at(ROWS, [cut], outcomes="failure")
    pd.testing.assert_frame_equal(pieces, split_at(ROWS, [round(cut)], outcomes="failure"))
    late = FACTS.assign(time=[cut, 4, 3])
    pd.testing.assert_frame_equal(
        merge_timeline(ROWS, late, {"number": "count"}, outcomes="failure"),
        merge_timeline(ROWS, late.round(6), {"number": "count"}, outcomes="failure"),
    )


def test_cuts_that_differ_by_rounding_are_one():
    pieces = split_at(ROWS, [0.1 + 0.2, 0.3], outcomes="failure")
    assert len(pieces) == len(ROWS) + 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: split_at(ROWS, ["x"], outcomes="failure"), "cuts must be finite numbers"),
        (lambda: split_at(ROWS, [np.nan], outcomes="failure"), "cuts must be finite numbers"),
        (lambda: split_at(ROWS, [1], outcomes="failures"), "did you mean 'failure'"),
        (lambda: split_at(ROWS, [1], outcomes="failure", episode="stop"), "already has a column"),
        (lambda: merge_timeline(ROWS, FACTS, {"sizes": "last"}), "no column 'sizes'"),
        (lambda: merge_timeline(ROWS, FACTS, {"size": "first"}), r"columns\['size'\] is 'first'"),
        (lambda: merge_timeline(ROWS, FACTS, {"stop": "count"}), "already has a column 'stop'"),
        (lambda: merge_timeline(ROWS, FACTS, {"n": "count"}, lag=-1), "lag must be 0 or more"),
        (lambda: merge_timeline(ROWS, FACTS, {"n": "count"}, time="when"), "no column 'when'"),
        (lambda: merge_timeline(ROWS, [1], {"n": "count"}), "changes must be a pandas DataFrame"),
        (
            lambda: merge_timeline(ROWS, FACTS.assign(firm_id="z"), {"n": "count"}),
            r"1 values of 'firm_id' have no row in the data \('z'\)",
        ),
        (
            lambda: merge_timeline(ROWS, FACTS.assign(time=[1, np.nan, 2]), {"n": "count"}),
            "'time' is missing or no finite number in 1 rows",
        ),
        (
            lambda: merge_timeline(pd.concat([ROWS, ROWS]), FACTS, {"n": "count"}),
            "'firm_id' overlap in time",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(PanelError, match=words):
        call()


def test_what_a_user_attached_is_plain_in_what_is_given_out(tmp_path):
    rows = pd.DataFrame({"firm_id": [1, 1], "start": [0, 2], "stop": [2, 5], "rounds": [1, 2]})
    rows.attrs = {"years": np.array([2001, 2002]), "more": {"n": np.int64(3), 1: (None, "a")}}
    facts = pd.DataFrame({"firm_id": [1], "time": [1], "size": [2]})
    facts.attrs = {"of": np.array([1.5, 2.5])}
    for name, made in {
        "split": split_at(rows, [1, 3], outcomes=[]),
        "merged": merge_timeline(rows, facts, {"size": "last"}),
        "recurrent": recurrent_rows(rows, "rounds"),
    }.items():
        assert made.attrs == {"years": [2001, 2002], "more": {"n": 3, "1": [None, "a"]}}
        made.to_parquet(tmp_path / name)
        assert pd.read_parquet(tmp_path / name).attrs == made.attrs
    assert rows.attrs["years"].tolist() == [2001, 2002]
