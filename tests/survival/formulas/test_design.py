"""Formulas: what they need, the matrix they make, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FormulaError, PanelError
from belbiotech.survival.formulas.design import LARGE, counted_matrix, design_matrix
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.functions import register_function
from belbiotech.survival.rows.counts import count_rows

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
        ("I(age - 1) + ns(age, df=3)", ("age",), False),
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
        ("failure ~ .", "name the covariates one by one"),
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


def test_what_is_too_large_for_its_square_is_named():
    with pytest.raises(FormulaError, match=r"beyond 1e\+100 where age = 1.0; change the term"):
        design_matrix(read_formula("failure ~ I(1e150 * age)"), TABLE)


def test_what_is_infinite_is_named_with_its_rows():
    data = TABLE.assign(start=0, stop=1, failure=0).set_axis(list("vwxyz"), axis=0)
    formula = read_formula("failure ~ log(alliances) + region")
    counts = count_rows(data, ["failure"], list(formula.columns))
    with pytest.raises(FormulaError, match=r"alliances = 0\.0, region = b, in 2 rows \(v, z\)"):
        counted_matrix(formula, data, counts)


@pytest.mark.parametrize(
    ("right", "words"),
    [
        ("age + country", "factor country has one level only, 'BE'"),
        ("C(country)", r"factor C\(country\) has one level only"),
        ("country + C(flag)", "factor country .*; factor C.flag. has one level only, 1"),
    ],
)
def test_a_factor_of_one_level_is_refused(right, words):
    table = TABLE.assign(country="BE", flag=1)
    with pytest.raises(FormulaError, match=words + ".*leave it out"):
        design_matrix(read_formula(f"failure ~ {right}"), table)
    # By itself such a column is a constant, which the estimator names.
    assert design_matrix(read_formula("failure ~ flag"), table).names == ("flag",)


def test_functions_of_r_and_columns_named_like_functions():
    odd = TABLE.assign(log=1.0, np=2.0, I=3.0, sqrt=4.0)
    for right, expected in [
        ("log(age)", np.log),
        ("sqrt(age)", np.sqrt),
        ("np.sqrt(age)", np.sqrt),
        ("I(age**2)", np.square),
    ]:
        matrix = design_matrix(read_formula(f"failure ~ {right}"), odd)
        np.testing.assert_allclose(matrix.x[:, 0], expected(TABLE["age"]))


def test_dates_and_texts_among_numbers_are_refused():
    dates = TABLE.assign(founded=pd.Timestamp("2020-01-01"))
    with pytest.raises(FormulaError, match="'founded' holds dates.*such as the year"):
        design_matrix(read_formula("failure ~ founded"), dates)
    mixed = TABLE.assign(age=[1.0, 2.0, "many", 8.0, 3.0])
    with pytest.raises(FormulaError, match="'age' holds texts .'many'. among numbers"):
        design_matrix(read_formula("failure ~ age"), mixed)
    fitted = design_matrix(read_formula("failure ~ age + region"), TABLE)
    texts = TABLE.assign(age="many")
    with pytest.raises(PanelError, match="'age' must hold numbers, as in the fit, not object"):
        design_matrix(read_formula("failure ~ age + region"), texts, fitted.spec)


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


@pytest.mark.parametrize(
    "right", ["bs(k, df=4)", "center(k) + C(g)", "center(k):x", "ns(k, df=3) + C(g)"]
)
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
    register_function("counting", lambda x: np.arange(len(x)) + x)
    with pytest.raises(FormulaError, match="order of the rows"):
        counted(table, "counting(k)")


def test_a_level_that_the_fit_has_not_seen_is_refused():
    """Formulaic would code it as the reference level."""
    formula = read_formula("failure ~ C(region) + alliances")
    matrix = design_matrix(formula, TABLE)
    other = TABLE.assign(region=["b", "q", "a", "a", "q"])
    words = r"C\(region\) is 'q' in 2 rows \(1, 4\); its levels are 'a', 'b', 'c'"
    with pytest.raises(PanelError, match=words):
        design_matrix(formula, other, matrix.spec)
    plain = read_formula("failure ~ region:alliances")
    with pytest.raises(PanelError, match="region is 'q'"):
        design_matrix(plain, other, design_matrix(plain, TABLE).spec)
    steps = read_formula("failure ~ C(alliances // 2)")
    with pytest.raises(PanelError, match=r"C\(alliances // 2\) is 4.0 in 5 rows .*levels are 0, 1"):
        design_matrix(steps, other.assign(alliances=9), design_matrix(steps, TABLE).spec)


def test_values_outside_the_named_levels_are_refused():
    formula = read_formula("failure ~ C(region, levels=['a', 'b'])")
    with pytest.raises(FormulaError, match="is 'c' in 1 row .2.; its levels are 'a', 'b'"):
        design_matrix(formula, TABLE, named=TABLE)
    data = TABLE.iloc[[2, 0, 1, 0, 2]].reset_index(drop=True).assign(start=0, stop=1, failure=0)
    counts = count_rows(data, ["failure"], ["region"])
    with pytest.raises(FormulaError, match="is 'c' in 2 rows .0, 4."):
        counted_matrix(formula, data, counts)
    many = pd.concat([TABLE] * (LARGE // 5 + 1), ignore_index=True)
    with pytest.raises(FormulaError, match="is 'c'"):
        design_matrix(formula, many)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("region", "string"),
        ("region", "string[pyarrow]"),
        ("region", "category"),
        ("alliances", "Int64"),
        ("alliances", "int64[pyarrow]"),
        ("age", "Float64"),
        ("listed", "boolean"),
        ("listed", "bool[pyarrow]"),
    ],
)
@pytest.mark.parametrize("right", ["{}", "C({})", "{}:age"])
def test_types_of_columns_change_nothing(name, kind, right):
    formula = read_formula("failure ~ " + right.format(name))
    other = design_matrix(formula, TABLE.astype({name: kind}))
    matrix = design_matrix(formula, TABLE)
    assert other.names == matrix.names
    np.testing.assert_array_equal(other.x, matrix.x)


def test_numbers_held_as_objects_are_no_factor():
    table = TABLE.astype({"alliances": object})
    formula = read_formula("failure ~ alliances")
    with pytest.raises(FormulaError, match=r"'alliances' holds numbers as objects.*C\(alliances\)"):
        design_matrix(formula, table)
    again = design_matrix(formula, table, design_matrix(formula, TABLE).spec)
    assert again.x[:, 0].tolist() == [0, 1, 2, 1, 0]
    factor = design_matrix(read_formula("failure ~ C(alliances)"), table)
    assert factor.names == ("C(alliances)[T.1]", "C(alliances)[T.2]")


def test_names_that_mean_two_things():
    with pytest.raises(FormulaError, match="'Intercept' is the name of the constant"):
        design_matrix(read_formula("failure ~ Intercept"), TABLE.assign(Intercept=2))
    twice = pd.concat([TABLE, TABLE[["age"]]], axis=1)
    with pytest.raises(FormulaError, match="2 columns are called 'age'"):
        design_matrix(read_formula("failure ~ log(age)"), twice)
    assert design_matrix(read_formula("failure ~ alliances"), twice).names == ("alliances",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("failure ~ age + strata(region)", "the argument strata='column'"),
        ("failure ~ age + cluster(firm)", "the argument cluster='column'"),
        ("failure ~ age + frailty(firm)", "the argument frailty='column'"),
        ("failure ~ factor(region)", r"write C\(column\)"),
        ("failure ~ as.factor(region)", r"write C\(column\)"),
        ("Surv(start, stop, failure) ~ age", "the left side is one 0/1 column.*start="),
        ("failure ~ I(age^2)", r"I\(age\*\*2\)"),
    ],
)
def test_words_of_r_are_told_in_ours(text, words):
    with pytest.raises(FormulaError, match=words):
        read_formula(text)


def test_what_is_like_r_but_allowed():
    assert read_formula("e ~ I(np.log(age) + 1.) + (age + factory)^2").columns == (
        "age",
        "factory",
    )
    assert read_formula("e ~ `strata(x).` + C(k, Treatment('.'))").columns == ("k", "strata(x).")


@pytest.mark.parametrize("text", ["e ~ age +", "e ~ I(age", "e ~ age age", "e ~ log(region)"])
def test_messages_are_for_people(text):
    with pytest.raises(FormulaError) as caught:
        design_matrix(read_formula(text), TABLE)
    message = str(caught.value)
    assert "\x1b" not in message
    assert "⧛" not in message
    assert "Unable to evaluate" not in message


def test_odd_names_of_columns():
    formula = read_formula("`my event` ~ Q('odd name') + log(`odd name`) + age")
    assert (formula.outcome, formula.columns) == ("my event", ("age", "odd name"))
    matrix = design_matrix(formula, TABLE)
    np.testing.assert_array_equal(matrix.x[:, 0], TABLE["odd name"])


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32", "float32", "Int8", "Float32"])
@pytest.mark.parametrize(
    "right", ["employees:patents", "I(employees**2)", "log(employees)", "bs(employees, df=4)"]
)
def test_small_types_are_computed_in_double_precision(kind, right):
    """120 times 8 is 960, which a byte does not hold; R reads doubles."""
    draw = np.random.default_rng(4)
    table = pd.DataFrame(
        {"employees": draw.integers(1, 120, 60), "patents": draw.integers(0, 9, 60)}
    )
    formula = read_formula(f"failure ~ {right}")
    exact, found = (design_matrix(formula, t).x for t in (table.astype(float), table.astype(kind)))
    np.testing.assert_array_equal(found, exact)


def test_large_whole_numbers_do_not_run_over():
    table = pd.DataFrame({"sales": [3 * 10**9, 4 * 10**9], "staff": [2**40, 2**41]})
    matrix = design_matrix(read_formula("failure ~ sales:staff"), table)
    assert matrix.x[:, 0].tolist() == [3e9 * 2**40, 4e9 * 2**41]


def test_whole_numbers_keep_the_names_of_their_levels():
    table = TABLE.assign(alliances=TABLE["alliances"].astype("int8"))
    matrix = design_matrix(read_formula("failure ~ C(alliances) + alliances:age"), table)
    assert matrix.names == ("C(alliances)[T.1]", "C(alliances)[T.2]", "alliances:age")


def test_a_natural_spline_is_told_to_leave_out_the_constant():
    with pytest.raises(FormulaError, match="write cr.age, df=4, constraints='center'."):
        read_formula("failure ~ cr(age, df=4)")
    assert read_formula("failure ~ cr(age, df=4, constraints='center')").columns == ("age",)


@pytest.mark.parametrize("name", ["scale", "center", "log", "exp", "poly"])
@pytest.mark.parametrize("right", ["C({})", "I({}**2)", "{}", "C({}, Treatment(2))"])
def test_columns_named_like_functions(name, right):
    values = pd.Series([1, 2, 3, 1, 2])
    formula, other = (read_formula(f"failure ~ {right.format(n)}") for n in (name, "size"))
    assert formula.columns == (name,)
    found = design_matrix(formula, TABLE.assign(**{name: values}))
    np.testing.assert_array_equal(found.x, design_matrix(other, TABLE.assign(size=values)).x)
