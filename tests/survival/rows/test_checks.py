"""Rows are checked: each fault is named with its rows, all at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import PanelError
from belbiotech.survival.rows.checks import check_rows, overlapping_rows, rows_in_words

ROWS = pd.DataFrame(
    {
        "firm": ["a", "a", "b", "b", "c"],
        "start": [0, 1, 0, 2, 5],
        "stop": [1, 2, 2, 4, 6],
        "failure": [0, 1, 0, 0, 1],
        "x": [1.0, 2.0, 0.5, 0.0, -1.0],
        "wt": [1.0, 0.5, 2.0, 0.0, 1.5],
        "copies": [1, 2, 3, 0, 1],
    },
    index=["r1", "r2", "r3", "r4", "r5"],
)


def changed(column, row, value):
    rows = ROWS.astype({column: object}) if isinstance(value, str) else ROWS.copy()
    rows.loc[row, column] = value
    return rows


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        ROWS.astype({"start": float, "failure": bool}),
        ROWS.astype({"failure": "boolean", "x": "Float64", "start": "Int64", "wt": "float32"}),
        ROWS.astype({"failure": float, "firm": "category"}),
        ROWS.iloc[::-1],
    ],
)
def test_a_good_panel_of_any_type_passes(rows):
    check_rows(rows, ["failure"], columns=["x"], weights="wt", frequency="copies", unit="firm")


@pytest.mark.parametrize(
    ("column", "row", "value", "words"),
    [
        ("x", "r2", np.nan, r"column 'x' has missing values in 1 row \(r2\); fill them"),
        ("x", "r2", -np.inf, r"column 'x' has infinite values in 1 row \(r2\); replace"),
        (
            "x",
            "r2",
            1e200,
            r"numbers beyond 1e\+100, such as 1e\+200, in 1 row \(r2\)",
        ),
        ("firm", "r3", None, r"column 'firm' has missing values in 1 row \(r3\)"),
        ("stop", "r4", 2, r"'stop' must be after 'start'; it is not in 1 row \(r4\); mend"),
        ("stop", "r4", np.nan, r"column 'stop' has missing values in 1 row \(r4\)"),
        ("failure", "r1", 2, r"outcome 'failure' must be 0 or 1; it is 2 in 1 row \(r1\)"),
        ("failure", "r1", -1, r"it is -1 in 1 row \(r1\)"),
        ("failure", "r1", 0.5, r"it is 0.5 in 1 row \(r1\)"),
        ("failure", "r1", "yes", r"it is 'yes' in 1 row \(r1\)"),
        ("start", "r1", "zero", r"'start' must hold numbers.*pd.to_numeric\(data\['start'\]"),
        ("wt", "r5", -0.1, r"column 'wt' is negative in 1 row \(r5\); make it 0 or more"),
        ("wt", "r5", "much", "column 'wt' must hold numbers"),
        ("copies", "r2", 1.5, r"column 'copies' must be whole numbers; not so in 1 row \(r2\); "),
        ("start", "r4", 1, r"rows of one 'firm' overlap in time: 1 row \(r4\), of 'b'"),
    ],
)
@pytest.mark.filterwarnings("ignore:Setting an item of incompatible dtype")
def test_each_fault_is_named_with_its_row(column, row, value, words):
    rows = changed(column, row, value)
    with pytest.raises(PanelError, match=words):
        check_rows(rows, ["failure"], columns=["x"], weights="wt", frequency="copies", unit="firm")


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (
            pd.date_range("2020", periods=5),
            r"founding: \(data\['start'\] - origin\).dt.days / 365.25",
        ),
        (pd.date_range("2020", periods=5).date, r"\(pd.to_datetime\(data\['start'\]\) - origin\)"),
        (pd.period_range("2020", periods=5, freq="Y"), r"data\['start'\].dt.to_timestamp\(\)"),
        (pd.to_timedelta([1, 2, 3, 4, 5], "D"), r"data\['start'\].dt.days / 365.25"),
        (pd.Categorical(list("abcde")), r"pd.to_numeric\(data\['start'\]\)"),
    ],
    ids=["datetimes", "dates", "periods", "lengths", "categories"],
)
def test_times_that_are_no_numbers_are_told_how_to_become_some(times, words):
    with pytest.raises(PanelError, match=words):
        check_rows(ROWS.assign(start=times), ["failure"])


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(PanelError) as caught:
        check_rows(ROWS, ["failures"], columns=["y"], start="begin")
    lines = str(caught.value).splitlines()
    assert [line.split(";")[0] for line in lines] == [
        f"there is no column {name!r}" for name in ("begin", "failures", "y")
    ]
    assert "did you mean 'failure'" in lines[1]


def test_all_faults_are_told_at_once():
    rows = ROWS.assign(x=np.nan, failure=3, wt=-1.0, stop=0)
    with pytest.raises(PanelError) as caught:
        check_rows(rows, ["failure"], columns=["x"], weights="wt")
    assert len(str(caught.value).splitlines()) == 4


def test_few_rows_are_named_and_all_are_counted():
    many = pd.DataFrame({"x": range(1200)})
    told = rows_in_words(many, np.ones(1200, dtype=bool))
    assert told == "1200 rows (0, 1, 2, 3, 4, ...)"


@pytest.mark.parametrize("table", [None, [1, 2], {"start": [0]}])
def test_only_tables_are_taken(table):
    with pytest.raises(PanelError, match="must be a pandas DataFrame"):
        check_rows(table, ["failure"])


@pytest.mark.parametrize("kind", ["int", "text", "category"])
@pytest.mark.parametrize("order", [1, -1], ids=["sorted", "backwards"])
def test_overlaps_are_found_in_any_order_and_type(kind, order):
    units = pd.Series([7, 7, 7, 7, 3, 3, 5])
    start = np.array([0.0, 1, 2, 9, 0, 1, 0])
    stop = np.array([1.0, 6, 3, 10, 2, 2, 9])
    make = {"int": int, "text": str, "category": "category"}[kind]
    found = overlapping_rows(units.astype(make)[::order], start[::order], stop[::order])
    expected = np.array([2, 5])  # behind a row that has not ended
    np.testing.assert_array_equal(found, expected if order == 1 else np.sort(6 - expected))
    apart = overlapping_rows(
        units.astype(make)[::order], 10.0 * np.arange(7), 10.0 * np.arange(7) + 1
    )
    assert len(apart) == 0


@pytest.mark.parametrize("kind", [int, str])
def test_years_in_random_order(kind):
    """Unit years are told apart without sorting; a year of one firm twice is found."""
    draw = np.random.default_rng(3)
    firm, year = (grid.ravel() for grid in np.meshgrid(np.arange(50), np.arange(2000, 2012)))
    order = draw.permutation(len(firm))
    units, start = pd.Series(firm[order]).astype(kind), year[order].astype(float)
    assert len(overlapping_rows(units, start, start + 1)) == 0
    assert len(overlapping_rows(units, start + 0.5, start + 1.5)) == 0
    start[7] = start[np.flatnonzero(firm[order] == firm[order][7])[-1]]
    found = overlapping_rows(units, start, start + 1)
    assert len(found) == 1
    assert units[found[0]] == units[7]
    assert start[found[0]] == start[7]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weights": ROWS["wt"]}, "weights is a Series: give the column's name"),
        ({"weights": 2}, "weights is an int: give the column's name"),
        ({"frequency": ROWS["copies"].to_numpy()}, "frequency is a ndarray"),
        ({"unit": ROWS["firm"]}, "unit is a Series"),
        ({"start": 0, "stop": ROWS["stop"]}, "start is an int(.|\n)*stop is a Series"),
        ({"start": None}, "start is None: give the column's name"),
        ({"unit": ["firm", "x"]}, "unit is a list: give one column's name"),
        ({"columns": [None]}, "a column is None"),
        ({"start": "stop"}, "start and stop are both 'stop'"),
    ],
)
def test_names_of_columns_are_asked_for(options, words):
    with pytest.raises(PanelError, match=words):
        check_rows(ROWS, ["failure"], **options)


def test_columns_that_hold_no_single_values():
    lists = ROWS.assign(x=[[1], [2], 3, 4, 5])
    with pytest.raises(PanelError, match=r"'x' holds a list in 2 rows \(r1, r2\)"):
        check_rows(lists, ["failure"], columns=["x"])
    with pytest.raises(PanelError, match="'x' holds complex numbers"):
        check_rows(ROWS.assign(x=1j), ["failure"], columns=["x"])


def test_two_columns_of_one_name():
    twice = pd.concat([ROWS, ROWS[["x"]]], axis=1)
    check_rows(twice, ["failure"])
    with pytest.raises(PanelError, match="2 columns are called 'x'; rename all but one"):
        check_rows(twice, ["failure"], columns=["x"])


def test_weights_and_frequencies_that_leave_no_row():
    with pytest.raises(PanelError, match="'copies' is 0 in all rows"):
        check_rows(ROWS.assign(copies=0), ["failure"], frequency="copies")
    with pytest.raises(PanelError, match="'wt' is 0 in all rows"):
        check_rows(ROWS.assign(wt=0.0), ["failure"], weights="wt")
