"""Names, levels and storages: a column is what it is called, and a level what it is worth."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.errors import FormulaError, PanelError
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.texts import quoted

VALUES = [1.0, 2.0, 4.0, 8.0, 3.0]
NAMES = [
    "odd name", "Unnamed: 0", "a ~ b", "a|b", "2nd", "x", "exp", "l", "log", "bs", "I", "np", "C",
    "it's", 'say "yes"', "a+b", "a*b", "a:b", "(x)", "log(x)", "x[1]", "{x}", "dose_\u00b5M",
    "dose_\u03bcM", "cafe\u0301", "caf\u00e9", "\u65e5\u672c", "a`b", "\\", "#", "1", "0", "if",
    "None", "_quoted0_", "__x__", " ", "a\nb", "\U0001f600", "Treatment", "offset", "%in%", ".",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "right", ["{}", "log({})", "I({}**2) + y", "{}:y", "C({})", "bs({}, df=3)"]
)
def test_any_name_is_a_name(name, right):
    if name == "__x__" and right != "{}":
        pytest.skip("such names are Python's own inside functions")
    plain = pd.DataFrame({"size": VALUES, "y": [2.0, 1.0, 5.0, 3.0, 4.0], "e": 0})
    table = plain.rename(columns={"size": name})
    expected = design_matrix(read_formula("e ~ " + right.format("size")), plain)
    written = "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
    made = design_matrix(read_formula("e ~ " + right.format(written)), table)
    np.testing.assert_array_equal(made.x, expected.x)
    plainly = [told.replace("\\`", "`").replace("\\\\", "\\") for told in made.names]
    assert all(name in told for told in plainly if told != "y")
    again = design_matrix(read_formula("e ~ " + right.format(written)), table[::-1], made.spec)
    np.testing.assert_allclose(again.x, made.x[::-1])


@given(st.text(min_size=1).filter(lambda s: s != "Intercept"))
def test_any_text_is_a_name(name):
    table = pd.DataFrame({name: VALUES})
    formula = read_formula(f"{quoted(name)} ~ {quoted(name)}")
    assert (formula.outcome, formula.columns) == (name, (name,))
    assert design_matrix(formula, table).names == (name,)


def test_names_that_look_the_same():
    table = pd.DataFrame({"dose_\u00b5M": VALUES})
    with pytest.raises(FormulaError, match=r"written with other letters: 'dose_\\xb5M'"):
        design_matrix(read_formula("e ~ log(`dose_\u03bcM`)"), table)


def test_two_coefficients_of_one_name():
    table = pd.DataFrame({"a": VALUES, "b": VALUES[::-1], "a:b": [1.0, 3, 2, 5, 4]})
    with pytest.raises(FormulaError, match="two coefficients would be called 'a:b'"):
        design_matrix(read_formula("e ~ a*b + `a:b`"), table)


STORAGES = {
    "int": lambda s: s.astype("int64"),
    "small": lambda s: s.astype("int8"),
    "float": lambda s: s.astype(float),
    "bool": lambda s: s.astype(bool),
    "object of int": lambda s: s.astype(object),
    "object of bool": lambda s: s.astype(bool).astype(object),
    "boolean": lambda s: s.astype("boolean"),
    "Int64": lambda s: s.astype("Int64"),
    "category of bool": lambda s: s.astype(bool).astype("category"),
    "category of float": lambda s: s.astype(float).astype("category"),
    "category with more": lambda s: pd.Series(pd.Categorical(s, categories=[3, 0, 1])),
}
FLAG = pd.Series([0, 1, 1, 0, 1])


@pytest.mark.parametrize("fitted", STORAGES)
@pytest.mark.parametrize("asked", STORAGES)
def test_levels_are_matched_by_value(fitted, asked):
    formula = read_formula("e ~ C(flag)")
    made = design_matrix(formula, pd.DataFrame({"flag": STORAGES[fitted](FLAG)}))
    assert made.x[:, 0].tolist() == FLAG.tolist()
    again = design_matrix(formula, pd.DataFrame({"flag": STORAGES[asked](FLAG)}), made.spec)
    assert again.x[:, 0].tolist() == FLAG.tolist()
    with pytest.raises(PanelError, match="is 2"):
        design_matrix(formula, pd.DataFrame({"flag": [0, 1, 2]}), made.spec)


@pytest.mark.parametrize("right", ["flag", "flag:x", "I(flag * 100)", "log(flag + 1)"])
def test_truth_values_in_any_storage_are_one_thing(right):
    x = [2.0, 1.0, 5.0, 3.0, 4.0]
    kinds = [STORAGES[name](FLAG) for name in ("bool", "object of bool", "boolean")]
    made = [
        design_matrix(read_formula(f"e ~ {right}"), pd.DataFrame({"flag": flag, "x": x}))
        for flag in kinds
    ]
    for other in made[1:]:
        assert other.names == made[0].names
        np.testing.assert_array_equal(other.x, made[0].x)


def test_objects_that_are_numbers_are_numbers_inside_a_function():
    table = pd.DataFrame({"a": pd.Series(VALUES, dtype=object)})
    made = design_matrix(read_formula("e ~ I(a*100)"), table)
    assert made.x[:, 0].tolist() == [100, 200, 400, 800, 300]
    texts = pd.DataFrame({"a": ["1", "2", "x"]})
    with pytest.raises(FormulaError, match="a holds no numbers such as '1'"):
        design_matrix(read_formula("e ~ I(a*100)"), texts)


def test_dates_as_objects_are_dates():
    days = [datetime.date(2020, 1, k) for k in (1, 2, 3)]
    with pytest.raises(FormulaError, match="'day' holds dates"):
        design_matrix(read_formula("e ~ day"), pd.DataFrame({"day": days}))


def test_whole_floats_name_levels_as_integers():
    table = pd.DataFrame({"k": [1.0, 2.0, 3.5]})
    assert design_matrix(read_formula("e ~ C(k)"), table).names == ("C(k)[T.2]", "C(k)[T.3.5]")


def test_more_levels_than_can_be_fitted_are_refused():
    table = pd.DataFrame({"k": np.arange(100_000)})
    with pytest.raises(FormulaError, match=r"100,000 coefficients.*strata= or frailty="):
        design_matrix(read_formula("e ~ C(k)"), table)
