"""Formulas: what they need, the matrix they make, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FormulaError
from belbiotech.survival.counts import count_rows
from belbiotech.survival.formulas import LARGE, counted_matrix, design_matrix, read_formula

TABLE = pd.DataFrame(
    {
        "age": [1.0, 2.0, 4.0, 8.0, 3.0],
        "alliances": [0, 1, 2, 1, 0],
        "region": ["b", "a", "c", "a", "b"],
        "listed": [True, False, False, True, True],
        "odd name": [1.0, 2.0, 3.0, 5.0, 4.0],
    }
)


@pytest.mark.parametrize(
    ("right", "columns", "rowwise"),
    [
        ("age", ("age",), True),
        ("log(age) + C(region)", ("age", "region"), True),
        ("C(region, Treatment('b')):age", ("age", "region"), True),
        ("bs(age, df=4)", ("age",), False),
        ("center(age) + scale(alliances)", ("age", "alliances"), False),
        ("I(age**2) + {alliances * 2}", ("age", "alliances"), True),
        ("np.sqrt(age)", ("age",), True),
        ("I(age - age.mean())", ("age",), False),
        ("`odd name` + log(`odd name`)", ("odd name",), True),
        ("bs(`odd name`, df=3)", ("odd name",), False),
        ("1", (), True),
    ],
)
def test_what_a_formula_needs(right, columns, rowwise):
    formula = read_formula(f"failure ~ {right}")
    assert (formula.outcome, formula.columns, formula.rowwise) == ("failure", columns, rowwise)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("alliances + size", "outcome ~ covariates"),
        ("failure + exit ~ age", "one column on the left"),
        ("~ age", "one column on the left"),
        ("failure ~ ", "nothing on the right"),
        (None, "a formula is a text"),
        ("failure ~ age +", "cannot be read"),
        ("failure ~ age ~ size", "one right side"),
        ("failure ~ age | size", "one right side"),
        ("failure ~ .", "cannot be read"),
        ("failure ~ lag(alliances)", "shifts rows across units"),
        ("failure ~ age + I(alliances.shift(1))", "shifts rows across units"),
        ("failure ~ alliances.cumsum()", "shifts rows across units"),
    ],
)
def test_formulas_that_are_refused(text, words):
    with pytest.raises(FormulaError, match=words.replace("|", r"\|")):
        read_formula(text)


def test_an_unknown_column_is_named_with_the_nearest():
    with pytest.raises(FormulaError, match="no column 'alliance'; did you mean 'alliances'"):
        design_matrix(read_formula("failure ~ alliance"), TABLE)


def test_a_function_that_does_not_exist():
    with pytest.raises(FormulaError, match="cannot be computed.*logarithm"):
        design_matrix(read_formula("failure ~ logarithm(age)"), TABLE)


def test_what_is_infinite_is_named_with_its_value():
    with pytest.raises(FormulaError, match=r"'log\(alliances\)'.*where alliances = 0"):
        design_matrix(read_formula("failure ~ log(alliances)"), TABLE)
    with pytest.raises(FormulaError, match="missing or infinite where age = 1.0"):
        design_matrix(read_formula("failure ~ I(1 / (age - 1))"), TABLE)


def test_factors_are_coded_as_in_r():
    matrix = design_matrix(read_formula("failure ~ C(region) + alliances:C(region)"), TABLE)
    assert matrix.names[:2] == ("C(region)[T.b]", "C(region)[T.c]")
    assert matrix.terms["C(region)"] == (0, 1)
    assert matrix.terms["alliances:C(region)"] == (2, 3, 4)
    np.testing.assert_array_equal(matrix.x[:, 0], [1, 0, 0, 0, 1])


@pytest.mark.parametrize("right", ["C(region) - 1", "0 + C(region)", "C(region) + 1"])
def test_the_intercept_is_always_left_out(right):
    """A Cox model has none, whatever the formula says; the coding is that with an intercept."""
    matrix = design_matrix(read_formula(f"failure ~ {right}"), TABLE)
    assert matrix.names == ("C(region)[T.b]", "C(region)[T.c]")
    kept = design_matrix(read_formula(f"failure ~ {right}"), TABLE, intercept=True)
    assert kept.names == ("Intercept", *matrix.names)
    np.testing.assert_array_equal(kept.x[:, 0], 1)


def test_no_covariates():
    matrix = design_matrix(read_formula("failure ~ 1"), TABLE)
    assert matrix.x.shape == (5, 0)
    assert matrix.names == ()


def test_categories_without_rows_are_left_out():
    region = pd.Categorical(TABLE["region"], categories=["z", "b", "a", "y", "c"])
    matrix = design_matrix(read_formula("failure ~ region"), TABLE.assign(region=region))
    assert matrix.names == ("region[T.a]", "region[T.c]")


def test_the_same_matrix_again():
    formula = read_formula("failure ~ bs(age, df=4) + C(region) + center(alliances)")
    matrix = design_matrix(formula, TABLE)
    again = design_matrix(formula, TABLE.iloc[[3, 0]], matrix.spec)
    assert again.names == matrix.names
    np.testing.assert_allclose(again.x, matrix.x[[3, 0]], rtol=1e-14)


def large(rows=LARGE + 100):
    draw = np.random.default_rng(8)
    return pd.DataFrame(
        {
            "x": draw.normal(size=rows),
            "k": draw.integers(0, 5, rows),
            "flag": draw.random(rows) < 0.3,
            "g": draw.choice(["a", "b", "c"], rows),
            "h": pd.Categorical(draw.choice(["u", "v"], rows)),
        }
    )


@pytest.mark.parametrize(
    "right",
    [
        "x + k",
        "C(g) + x",
        "x*C(g) + k:x + h",
        "flag:x + log(k + 1)",
        "C(k, Treatment(3)) + x:k:g - 1",
        "log(x**2) + g",
        "1",
    ],
)
def test_the_matrix_of_many_rows_is_that_of_its_parts(right):
    """Made on distinct values for many rows, row by row for few."""
    table = large()
    formula = read_formula(f"failure ~ {right}")
    matrix = design_matrix(formula, table)
    parts = [
        design_matrix(formula, part, matrix.spec).x for part in (table[:40_000], table[40_000:])
    ]
    np.testing.assert_array_equal(matrix.x, np.concatenate(parts))
    few = design_matrix(formula, table[:1000])
    assert (few.names, few.terms) == (matrix.names, matrix.terms)


def counted(table, right, frequency=None):
    table = table.assign(start=0, stop=1 + table["k"], failure=table["flag"])
    formula = read_formula(f"failure ~ {right}")
    counts = count_rows(table, ["failure"], formula.columns, frequency=frequency)
    return counts, counted_matrix(formula, table, counts, frequency)


@pytest.mark.parametrize("right", ["bs(k, df=4)", "center(k) + C(g)", "I(k - k.mean()):x"])
def test_a_term_that_looks_at_all_rows_sees_all(right):
    table = large(300).assign(x=lambda t: t["x"].round())
    counts, matrix = counted(table, right)
    whole = design_matrix(read_formula(f"failure ~ {right}"), table)
    np.testing.assert_allclose(matrix.x[counts.row_of], whole.x, rtol=1e-12)


def test_a_term_that_looks_at_all_rows_sees_each_as_often_as_it_counts():
    table = large(300).assign(copies=lambda t: t["k"] + 1)
    counts, matrix = counted(table, "center(k) + bs(x, df=5)", frequency="copies")
    copies = table.loc[table.index.repeat(table["copies"])]
    whole = design_matrix(read_formula("failure ~ center(k) + bs(x, df=5)"), copies)
    row_of = counts.row_of.repeat(table["copies"])
    np.testing.assert_allclose(matrix.x[row_of], whole.x, rtol=1e-10, atol=1e-13)


def test_a_term_that_depends_on_the_order_of_rows_is_refused():
    table = large(300)
    with pytest.raises(FormulaError, match="order of the rows"):
        counted(table, "I(np.arange(len(k)) + k)")
