"""Equal rows counted: nothing lost, whatever the types of the columns."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from belbiotech.survival.rows.column_codes import combine, encode, encode_given, largest_size
from belbiotech.survival.rows.counts import ALWAYS, count_rows, counting_pays, distinct_rows

SIX = pd.DataFrame(
    {
        "start": [1, 0, 0, 1, 0, 0],
        "stop": [2, 1, 1, 2, 1, 2],
        "failure": [0, 0, 0, 0, 1, 0],
        "sold": [1, 0, 0, 0, 0, 0],
        "region": ["b", "a", "a", "b", "a", "b"],
        "wt": [1.5, 2.0, 0.25, 1.0, 1.0, 3.0],
        "copies": [1, 2, 3, 1, 1, 0],
    }
)


def as_set(counts):
    """Distinct rows with their numbers, in no order."""
    columns = [counts.start, counts.stop, counts.event, counts.number, counts.weight.round(9)]
    columns += [counts.columns[name].astype(str) for name in counts.columns]
    return sorted(zip(*columns, strict=True))


def test_six_rows_by_hand():
    counts = count_rows(SIX, ["failure", "sold"], ["region"], weights="wt", frequency="copies")
    np.testing.assert_array_equal(counts.stop, [1, 1, 2, 2, 2])
    np.testing.assert_array_equal(counts.start, [0, 0, 0, 1, 1])
    np.testing.assert_array_equal(counts.event, [0, 1, 0, 0, 2])
    np.testing.assert_array_equal(counts.number, [5, 1, 0, 1, 1])
    np.testing.assert_array_equal(counts.weight, [4.75, 1, 0, 1, 1.5])
    assert counts.columns["region"].tolist() == ["a", "a", "b", "b", "b"]
    np.testing.assert_array_equal(counts.row_of, [4, 0, 0, 3, 1, 2])


KINDS = {
    "int8": lambda v: v.astype("int8"),
    "float": lambda v: v.astype(float),
    "half": lambda v: v / 2,
    "nullable": lambda v: v.astype("Int64"),
    "bool": lambda v: v > 2,
    "nullable bool": lambda v: (v > 2).astype("boolean"),
    "category": lambda v: pd.Categorical(v.map(str), categories=list("4321056")),
    "text": lambda v: v.map("f{}".format),
    "arrow text": lambda v: v.map("f{}".format).astype("string[pyarrow]"),
    "mixed": lambda v: v.map(lambda k: str(k) if k > 2 else k),
    "date": lambda v: pd.Timestamp("2020-01-01") + pd.to_timedelta(v, "D"),
    "huge": lambda v: v.astype("int64") * 2**60 - 2**62,
    "unsigned": lambda v: v.astype("uint64") + 2**63,
    "far": lambda v: v.astype("int64") + 10**15,
    "wide": lambda v: v.astype("int64") * 10**12,
}


@pytest.mark.parametrize("kind", KINDS)
def test_any_type_of_column_is_counted_as_pandas_groups_it(kind):
    draw = np.random.default_rng(3)
    data = pd.DataFrame(
        {
            "start": draw.integers(0, 4, 500),
            "failure": draw.random(500) < 0.1,
            "x": KINDS[kind](pd.Series(draw.integers(0, 6, 500))),
        }
    ).assign(stop=lambda d: d["start"] + 1)
    counts = count_rows(data, ["failure"], ["x"])
    keys = data.assign(x=data["x"].astype(str)).groupby(["stop", "failure", "x"], sort=False).size()
    found = zip(counts.stop, counts.event, counts.columns["x"].astype(str), strict=True)
    assert dict(zip(found, counts.number, strict=True)) == {
        (float(a), int(b), c): float(n) for (a, b, c), n in keys.items()
    }
    assert counts.columns["x"].dtype == data["x"].dtype
    back = counts.columns["x"].to_numpy()[counts.row_of]
    assert (pd.Series(back).astype(str) == data["x"].astype(str)).all()


def test_intervals_of_any_length_and_real_times():
    draw = np.random.default_rng(4)
    start = draw.choice([0.0, 0.1, 0.25, 7.0], 300)
    data = pd.DataFrame({"start": start, "stop": start + draw.choice([0.5, 1 / 3, 90], 300)})
    data["failure"] = draw.integers(0, 2, 300)
    counts = count_rows(data, ["failure"])
    groups = data.groupby(["stop", "start", "failure"]).size()
    assert list(zip(counts.stop, counts.start, counts.event, strict=True)) == list(groups.index)
    np.testing.assert_array_equal(counts.number, groups)


@given(
    st.lists(st.tuples(*[st.integers(0, 3)] * 4, st.sampled_from([0.5, 1, 2])), min_size=1),
    st.randoms(use_true_random=False),
)
def test_order_of_rows_changes_nothing(rows, shuffler):
    data = pd.DataFrame(rows, columns=["start", "length", "x", "z", "wt"])
    data = data.assign(stop=data["start"] + data["length"] + 1, failure=data["x"] == data["z"])
    order = list(range(len(data)))
    shuffler.shuffle(order)
    one = count_rows(data, ["failure"], ["x", "z"], weights="wt")
    other = count_rows(data.iloc[order], ["failure"], ["x", "z"], weights="wt")
    pd.testing.assert_frame_equal(one.columns, other.columns)
    for name in ("start", "stop", "event", "number", "weight"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_array_equal(one.row_of[order], other.row_of)


def large(rows, **columns):
    draw = np.random.default_rng(5)
    start = draw.integers(0, 30, rows)
    data = pd.DataFrame({"start": start, "stop": start + 1, "failure": draw.random(rows) < 0.05})
    return data.assign(**{name: make(draw, rows) for name, make in columns.items()})


def test_a_large_panel_with_a_continuous_covariate_is_left_as_it_is():
    data = large(ALWAYS + 1, x=lambda draw, n: draw.normal(size=n))
    counts = count_rows(data, ["failure"], ["x"])
    assert counts.rows is None
    np.testing.assert_array_equal(counts.row_of, np.arange(len(data)))
    np.testing.assert_array_equal(counts.columns["x"], data["x"])
    assert counts.number.sum() == counts.weight.sum() == len(data)
    counted = count_rows(data, ["failure"], ["x"], always=True)
    assert len(counted.start) == len(data)
    np.testing.assert_array_equal(counted.columns["x"].to_numpy()[counted.row_of], data["x"])


def test_a_large_panel_with_many_combinations_is_counted():
    data = large(
        ALWAYS * 8,
        a=lambda draw, n: draw.integers(0, 100, n),
        c=lambda draw, n: draw.poisson(0.4, n) * 700,
    ).assign(b=lambda d: d["a"] % 7 * 10**9, d=lambda d: d["c"] * 2000)
    counts = count_rows(data, ["failure"], list("abcd"))
    groups = data.groupby(["stop", "failure", *"abcd"]).size()
    assert counts.rows is not None
    np.testing.assert_array_equal(counts.number, groups)
    np.testing.assert_array_equal(counts.columns.to_numpy(), groups.reset_index()[list("abcd")])


def test_codes_that_need_hashing_keep_the_order():
    draw = np.random.default_rng(6)
    columns = [pd.Series(draw.integers(0, 60_000, 4000)) for _ in range(4)]
    codes = combine([encode(column) for column in columns])
    assert codes.size <= largest_size(4000)
    order = np.lexsort([column.to_numpy() for column in columns[::-1]])
    assert (np.diff(codes.codes[order]) >= 0).all()
    assert codes.size == len(pd.concat(columns, axis=1).drop_duplicates())


def test_the_start_given_the_stop_has_few_codes():
    start, stop = pd.Series([0, 1, 2, 3]), pd.Series([1.0, 2.0, 3.0, 5.0])
    assert encode_given(start, encode(stop)).size == 2
    assert encode_given(start / 3, encode(stop)) is None
    assert encode_given(stop - 1, encode(stop)).size == 1


def test_distinct_rows_of_a_table():
    rows = distinct_rows(SIX[["region", "start"]])
    np.testing.assert_array_equal(rows.row_of, [2, 0, 0, 2, 0, 1])
    np.testing.assert_array_equal(rows.number, [3, 1, 2])
    np.testing.assert_array_equal(rows.sums(np.arange(6.0)), [7, 5, 3])


@pytest.mark.parametrize(
    ("rows", "values", "pays"),
    [
        (1000, 10**9, True),  # few rows are always counted
        (200_000, 200, True),
        (200_000, 20_000, True),
        (200_000, 200_000, False),
        (200_000, 10**9, False),
    ],
)
def test_a_sample_tells_whether_counting_pays(rows, values, pays):
    draw = np.random.default_rng(9)
    assert counting_pays([pd.Series(draw.integers(0, values, rows))]) is pays


@pytest.mark.parametrize("rows", [6, ALWAYS + 1])
@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "int64", "uint64", "bool", "float64", "Int64", "boolean", "Float64"]
)
def test_an_outcome_of_any_type(kind, rows):
    data = large(rows, x=lambda draw, n: draw.integers(0, 3, n))
    plain = count_rows(data.astype({"failure": "int64"}), ["failure"], ["x"])
    counts = count_rows(data.astype({"failure": kind}), ["failure"], ["x"])
    for name in ("start", "stop", "event", "number", "row_of"):
        np.testing.assert_array_equal(getattr(counts, name), getattr(plain, name))


KINDS_OF_TIMES = ["int8", "int16", "int64", "uint8", "uint64", "float64", "Int64", "Float64"]


@pytest.mark.parametrize("rows", [40, ALWAYS + 1])
@pytest.mark.parametrize("lengths", [[1], [1, 2], [1, 7, 30]])
@pytest.mark.parametrize("kind", KINDS_OF_TIMES)
def test_times_of_any_type_come_back(kind, lengths, rows):
    draw = np.random.default_rng(8)
    start = draw.integers(0, 60, rows)
    data = pd.DataFrame({"start": start, "stop": start + draw.choice(lengths, rows)})
    data["failure"] = draw.integers(0, 2, rows)
    counts = count_rows(data.astype({"start": kind, "stop": kind}), ["failure"])
    np.testing.assert_array_equal(counts.start[counts.row_of], data["start"])
    np.testing.assert_array_equal(counts.stop[counts.row_of], data["stop"])
    np.testing.assert_array_equal(counts.event[counts.row_of], data["failure"])
    assert len(counts.start) == len(data.drop_duplicates())


def test_broken_starts_of_whole_stops_are_not_hashed_before_it_is_known_that_it_pays():
    draw = np.random.default_rng(8)
    stop = draw.integers(1, 30, ALWAYS + 1)
    data = pd.DataFrame(
        {"start": stop - draw.integers(1, 10**6, ALWAYS + 1) / 1e6, "stop": stop, "failure": 0}
    )
    assert encode_given(data["start"], encode(data["stop"])) is None
    assert count_rows(data, ["failure"]).rows is None
    counted = count_rows(data, ["failure"], always=True)
    np.testing.assert_array_equal(counted.start[counted.row_of], data["start"])
