"""Table 1: numbers counted by hand on a small table, and what is shown of them."""

import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech import correlations, describe_panel
from belbiotech.errors import PanelError

ROWS = pd.DataFrame(
    {
        "firm_id": ["a", "a", "b", "c"],
        "start": [0, 1, 0, 2],
        "stop": [1, 3, 1, 3],
        "failure": [0, 1, 0, 0],
        "size": [1.0, 3.0, np.nan, 5.0],
        "listed": [True, False, False, False],
        "region": ["x", "x", "y", "y"],
        "city": ["G", "G", None, "L"],
    }
)


def number(described, column, group="All", what="n"):
    numbers = described.numbers
    here = numbers[(numbers["column"] == column) & (numbers["group"] == group)]
    return here[what].iloc[0]


def test_sizes_and_events():
    described = describe_panel(ROWS)
    assert number(described, "(units)") == 3
    assert number(described, "(rows)") == 4
    assert number(described, "(person-years)") == 5
    assert number(described, "(events: failure)") == 1
    assert described.table.loc["Person-years", "All"] == "5"


def test_numbers_and_shares_by_group():
    described = describe_panel(ROWS, ["size", "listed", "city"], by="region")
    assert described.heads == ("x", "y", "All")
    assert number(described, "size", "x", "mean") == 2.0
    assert number(described, "size", "All", "sd") == pytest.approx(2.0)
    assert number(described, "size", "All", "median") == 3.0
    assert number(described, "size", "y", "missing") == 1
    assert described.table.loc["listed", "All"] == "25.0%"
    assert described.table.loc["   G", "All"] == "66.7%"
    assert described.table.loc["size: missing"].tolist() == ["0", "1", "1"]


def test_without_a_unit_none_is_counted():
    described = describe_panel(ROWS.drop(columns="firm_id"), ["size"])
    assert "Units" not in described.table.index


def test_the_shipped_panel_in_words():
    panel = belbiotech.load_panel("0.2.0")
    described = describe_panel(panel[panel["observed"]], by="origin")
    shown = " ".join(map(str, described.table.index))
    assert "_lag1" not in shown
    assert "Wallonia" in shown
    for form in (described.to_latex(), described.to_markdown(), described._repr_html_()):
        assert "Wallonia" in form


def test_correlations_are_those_of_pandas():
    panel = belbiotech.simulate_panel(60, seed=1)
    found = correlations(panel, ["alliances_active_lag1", "start"])
    expected = panel[["alliances_active_lag1", "start"]].corr()
    pd.testing.assert_frame_equal(found.numbers, expected)
    assert found.table.iloc[1, 0] == f"{expected.iloc[1, 0]:.2f}"
    assert found.table.iloc[0, 1] == ""


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: describe_panel(ROWS, ["sizes"]), "no column 'sizes'; did you mean 'size'"),
        (lambda: describe_panel(ROWS, by="regions"), "no column 'regions'"),
        (lambda: describe_panel(ROWS.assign(stop=0)), "stop"),
        (lambda: describe_panel([1]), "pandas DataFrame, not list"),
        (
            lambda: correlations(ROWS, ["region", "sizes"]),
            "'region' holds no numbers(.|\\n)*'sizes'",
        ),
        (lambda: correlations(ROWS.assign(one=1), ["one"]), "'one' does not vary"),
        (lambda: correlations(ROWS.assign(z=1j), ["z"]), "'z' holds no numbers"),
        (lambda: correlations(3), "pandas DataFrame, not int"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(PanelError, match=words):
        call()


def test_very_many_values_are_refused_at_once():
    many = pd.DataFrame({"start": 0, "stop": 1, "name": [f"n{k}" for k in range(100_000)]})
    with pytest.raises(PanelError, match="column 'name' has 100,000 values, a line each"):
        describe_panel(many, ["name"])
    with pytest.raises(PanelError, match="column 'name' has 100,000 values, a column each"):
        describe_panel(many, ["stop"], by="name")


def test_the_note_explains_what_the_table_has():
    (whole,) = describe_panel(ROWS, ["size", "listed", "city"]).notes
    assert "median [lower quartile to upper quartile]" in whole
    assert "Yes or no" in whole
    assert "Kinds" in whole
    assert 'counted on the lines "missing"' in whole
    (flags,) = describe_panel(ROWS, ["listed"]).notes
    assert flags == "Yes or no: share of the rows that are yes."
    (texts,) = describe_panel(ROWS, ["region"]).notes
    assert texts == "Kinds: share of the rows."


@pytest.mark.parametrize("kind", [object, float])
def test_a_column_without_any_value_has_dashes(kind):
    rows = ROWS.assign(nothing=pd.Series([None] * len(ROWS), dtype=kind))
    cells = describe_panel(rows, ["nothing"]).table
    assert cells.loc["nothing"].tolist() == ["-"]
    assert cells.loc["nothing: missing"].tolist() == [f"{len(ROWS)}"]


def test_a_group_without_any_value_has_dashes_and_its_missing_rows_counted():
    rows = pd.DataFrame({"start": 0, "stop": 1, "group": ["a", "a", "b"]})
    rows = rows.assign(place=["x", "y", None], listed=[1.0, 0.0, None])
    cells = describe_panel(rows, ["place", "listed"], by="group").table
    assert cells["b"][cells.index.str.contains("x|listed$")].tolist() == ["-", "-"]
    assert cells.loc["place: missing"].tolist() == ["0", "1", "1"]
