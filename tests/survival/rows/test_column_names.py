"""Columns are asked for by name, in every function that takes one."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech.errors import PanelError
from belbiotech.survival.rows.column_names import check_columns, check_names, check_one_name

ROWS = pd.DataFrame(
    {
        "firm_id": list("abcdef"),
        "start": [0, 0, 0, 1, 0, 0],
        "stop": [2, 4, 3, 5, 3, 4],
        "failure": [1, 0, 1, 0, 0, 1],
        "acquisition": [0, 0, 0, 1, 0, 0],
        "region": ["BRU", "VLG"] * 3,
    }
)
FUNCTIONS = {
    "kaplan_meier": {"outcome": "failure"},
    "logrank_test": {"outcome": "failure", "by": "region"},
    "pairwise_logrank": {"outcome": "failure", "by": "region"},
    "restricted_mean": {"outcome": "failure", "horizon": 3},
    "restricted_mean_difference": {"outcome": "failure", "horizon": 3, "by": "region"},
    "cumulative_incidence": {"outcomes": ["failure", "acquisition"]},
    "mean_cumulative_function": {"count": "failure"},
    "gray_test": {"outcome": "failure", "competing": "acquisition", "by": "region"},
    "check_panel": {"outcome": "failure"},
}
ONE = ["outcome", "count", "start", "stop", "unit"]  # arguments that name one column
SEVERAL = ["by", "strata", "competing", "outcomes", "cluster"]
NO_NAMES = {
    "None": (None, "None"),
    "number": (3, "an int"),
    "list": (["failure"], "a list"),
    "Series": (ROWS["failure"], "a Series"),
    "array": (ROWS["failure"].to_numpy(), "a ndarray"),
}


def call(function, **changed):
    return getattr(belbiotech, function)(ROWS, **{**FUNCTIONS[function], **changed})


def keyword_only(function):
    known = inspect.signature(getattr(belbiotech, function)).parameters.values()
    return {argument.name for argument in known if argument.kind is argument.KEYWORD_ONLY}


def arguments(names):
    """Each function with each of its arguments among these."""
    return [
        (function, name)
        for function, given in FUNCTIONS.items()
        for name in names
        if name in keyword_only(function) or name in given
    ]


@pytest.mark.parametrize(("function", "argument"), arguments(ONE))
def test_one_column_is_asked_for(function, argument):
    for value, what in NO_NAMES.values():
        if (function, argument) == ("check_panel", "outcome") and what in ("None", "a list"):
            continue  # none, or several, are as good there
        if (argument, what) == ("unit", "None"):
            continue  # the table's own word
        words = f"{argument} is {what}: give (the|one) column's name"
        with pytest.raises(PanelError, match=words):
            call(function, **{argument: value})


@pytest.mark.parametrize(("function", "argument"), arguments(SEVERAL))
def test_several_columns_are_asked_for_by_the_argument_of_that_name(function, argument):
    for kind in ("number", "Series", "array"):
        value, what = NO_NAMES[kind]
        with pytest.raises(PanelError, match=f"^{argument} is {what}: give the column's name"):
            call(function, **{argument: value})


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("data", [None, [1, 2], ROWS["failure"]], ids=["None", "list", "Series"])
def test_a_table_is_asked_for(function, data):
    with pytest.raises(PanelError, match="data must be a pandas DataFrame, not"):
        getattr(belbiotech, function)(data, **FUNCTIONS[function])


def test_units_of_recurrent_events():
    with pytest.raises(PanelError, match="unit is a list"):
        call("mean_cumulative_function", unit=["firm_id", "region"])


def test_all_that_are_no_names_are_told_at_once():
    check_one_name(start="start", stop="stop")
    with pytest.raises(PanelError) as caught:
        check_one_name(start=None, stop=["stop"], unit="firm_id")
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "start is None",
        "stop is a list",
    ]
    check_names(by=None, strata=["region", "firm_id"])
    with pytest.raises(PanelError, match="by is an int(.|\n)*strata is a float"):
        check_names(by=3, strata=["region", np.nan])


def test_what_is_not_in_the_data_can_be_put_there():
    with pytest.raises(PanelError, match=r"by is a Series.* data.assign\(name=...\) puts it there"):
        check_names(by=ROWS["region"])


def test_columns_come_back_each_once():
    used = check_columns(ROWS, ["failure"], columns=["region", "failure"], unit="firm_id")
    assert used == ["start", "stop", "failure", "region", "firm_id"]


def test_columns_that_are_not_there_or_twice():
    with pytest.raises(PanelError, match="no column 'firm'; did you mean 'firm_id'"):
        check_columns(ROWS, unit="firm")
    twice = pd.concat([ROWS, ROWS[["start"]]], axis=1)
    with pytest.raises(PanelError, match="2 columns are called 'start'"):
        check_columns(twice)
    with pytest.raises(PanelError, match="start and stop are both 'stop'"):
        check_columns(ROWS, start="stop")
    with pytest.raises(PanelError, match="a column is an int: give the column's name"):
        check_columns(ROWS, columns=[3])
