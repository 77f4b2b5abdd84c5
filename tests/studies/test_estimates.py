import warnings
from math import exp, isnan, log
from types import SimpleNamespace

import pandas as pd
import pytest

from belbiotech.errors import FitError, FormulaError, warn
from belbiotech.studies.estimates import (
    collected,
    estimated,
    html,
    one_line,
    only_coefficient,
    tally,
)


def result(**params):
    return SimpleNamespace(
        params=pd.Series(params),
        standard_errors=pd.Series(dict.fromkeys(params, 0.2)),
        n_rows=100,
        n_events=20,
    )


def test_a_row_of_a_fit():
    row = estimated(lambda: (result(x=log(2), y=0.0), "fine"), "x", [])
    assert row["hazard_ratio"] == pytest.approx(2)
    assert row["lower"] == pytest.approx(2 * exp(-0.2 * 1.959963984540054))  # qnorm(0.975)
    assert row["p_value"] == pytest.approx(0.000529, abs=1e-6)  # 2 * (1 - Phi(3.465736))
    assert (row["n_rows"], row["n_events"], row["note"]) == (100, 20, "fine")


def test_a_fit_that_fails_says_why():
    def fit():
        raise FitError("no events\n  drop it")

    row = estimated(fit, "x", [])
    assert row["note"] == "no events; drop it"
    assert isnan(row["estimate"])
    assert row["n_rows"] == 0


def test_other_faults_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        estimated(lambda: 1 / 0, "x", [])


def test_one_coefficient():
    names = ["xx", "I(x > 0)[T.True]", "x.y", "C(region)[T.x1]"]
    assert only_coefficient(names, "x") == "I(x > 0)[T.True]"


@pytest.mark.parametrize(
    ("names", "column", "beside"),
    [
        (["firm size", "size"], "size", ["firm size", "size"]),
        (["log(`firm size`)", "log(size)"], "size", ["firm size", "size"]),
        (["`size of firm`:x", "size"], "size", ["size of firm", "size", "x"]),
        (["region[T.by size]", "size"], "size", ["region", "size"]),
        (["log(C)", "C(x)[T.a]"], "C", ["C", "x"]),
        (["a b", "a"], "a b", ["a", "a b"]),
    ],
)
def test_a_name_inside_another_is_not_that_column(names, column, beside):
    wanted = next(n for n in names if n in (column, f"log({column})"))
    assert only_coefficient(names, column, beside) == wanted


@pytest.mark.parametrize("names", [["y"], ["x", "x:y"], ["bs(x)[1]", "bs(x)[2]"]])
def test_several_coefficients_or_none(names):
    with pytest.raises(FormulaError, match="must have one coefficient"):
        only_coefficient(names, "x")


def test_own_warnings_are_collected_and_others_go_on():
    heard: list[str] = []
    with warnings.catch_warnings(record=True) as others:
        warnings.simplefilter("always")
        with collected(heard):
            warn("few events")
            warnings.warn("something else", RuntimeWarning, stacklevel=1)
    assert heard == ["few events"]
    assert [str(w.message) for w in others] == ["something else"]


def test_tally():
    assert tally(["b", "a", "b"]) == ("b (in 2 fits)", "a")
    assert tally([]) == ()


def test_one_line():
    assert one_line(ValueError("a  b\n   c\n")) == "a b; c"


def test_html():
    text = html("a < b", pd.DataFrame({"x": [1.23456, None]}), ["few & far"])
    assert "a &lt; b" in text
    assert "1.235" in text
    assert "few &amp; far" in text
