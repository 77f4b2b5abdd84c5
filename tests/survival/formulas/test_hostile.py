"""Formulas are data: what would do more than compute is refused before anything is computed."""

from __future__ import annotations

import ast
import sys
import threading
import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech.errors import FormulaError
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.functions import FUNCTIONS, register_function

TABLE = pd.DataFrame({"age": [1.0, 2.0, 4.0, 8.0], "size": [3.0, 1.0, 2.0, 5.0], "g": list("abab")})
TOUCHED = {
    "open",
    "os.",
    "subprocess.",
    "socket.",
    "exec",
    "compile",
    "import",
    "ctypes.",
    "shutil.",
}
SLOW = 2.0  # seconds for a formula of four rows on a busy machine

HOSTILE = [
    "{__import__('os').system('touch x') or size}",
    "I(__import__('os').system('x'))",
    "(lambda: 1)()",
    "I((lambda x: x)(size))",
    "f'{size}'",
    "I(f'{open(1)}')",
    "np.save('x', size)",
    "np.load('x')",
    "np.lib.format.open_memmap('x')",
    "size.to_csv('x')",
    "I(size.values)",
    "I(size.__class__.__mro__)",
    "open('x')",
    "quit()",
    "exit()",
    "breakpoint()",
    "eval('1')",
    "getattr(size, 'x')",
    "C(g, levels=open('/etc/passwd').read())",
    "C(g, levels=[c for c in 'ab'])",
    "C(g, contr.custom({'a': [1]}))",
    "C(g, Treatment(open('x')))",
    "bs(size, df=__import__('os').getpid())",
    "bs(size, df=10**9)",
    "bs(size, df=1000000000)",
    "poly(size, 100000)",
    "cut(size, 1000000000)",
    "round(size, 1000000000)",
    "age**9**9**9",
    "I(age**9**9**9)",
    "I(9**9**9**9 * size)",
    "I((9**64)**64**64)",
    "I('a' * 10**9)",
    "I(1e400)",
    "(a+b+c+d+e+f+g+h+i+j)**30",
    "(a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q)**16",
    "(a+b+c)*(d+e+f)*(g+h+i)*(j+k+l)*(m+n+o)*(p+q+r)*(s+t+u)",
    "+".join(f"x{k}" for k in range(4000)),
    "I(" + "(" * 3000 + "size" + ")" * 3000 + ")",
    "I(" + "-" * 6000 + "size)",
    "I(" + "+".join(["size"] * 4000) + ")",
    "(" * 3000 + "size" + ")" * 3000,
    "size" * 9000,
    "I(size[0])",
    "I([size for x in size])",
    "I({x: 1 for x in size})",
    "I(size if 1 else 2)",
    "I(size and age)",
    "I(yield)",
    "I(await size)",
    "I(x := 3)",
    "I(*size)",
    "I(**size)",
    "log(size, out=age)",
    "log(size, where=age)",
    "Q(open('x'))",
    "C(g)(size)",
    "log(size)[0]",
    "I(__builtins__)",
    "__builtins__",
    "I(...)",
    "I(b'x')",
    "I(1j)",
    "hashed(g)",
    "lag(size)",
    "size#comment",
    "size; age",
    "`` + size",
    "`size`.__class__",
    "`size`[0]",
    "I(size\x00)",
    "offset(__import__('os'))",
    "offset(size):age",
]


@pytest.mark.parametrize("right", HOSTILE)
def test_what_is_no_formula_is_refused(right):
    began = time.perf_counter()
    with pytest.raises(FormulaError) as caught:
        read_formula(f"failure ~ {right}")
    assert time.perf_counter() - began < SLOW
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize(
    "text", [None, 3, [], b"a ~ b", "", "~", "a", "`", "a ~ `", "a ~ '", "\x00"]
)
def test_what_is_no_text_is_refused(text):
    with pytest.raises(FormulaError):
        read_formula(text)


atoms = st.sampled_from(
    ["age", "size", "g", "`age`", "1", "0", "2.5", "'x'", "__import__", "os", "np", "None", "True"]
    + ["[]", "[1]", "()", "{}", "...", "lambda: 1", "9**9", "10**9", "``", "`a b`", "µ", "\\", "#"]
)
calls = st.sampled_from(
    [*sorted(FUNCTIONS), "C", "Q", "cut", "tt", "Treatment", "Sum", "open", "eval", "exec", "print"]
    + ["__import__", "getattr", "np.log", "np.save", "np.load", "np.lib", "age.to_csv", "vars"]
)
marks = st.sampled_from(
    list("+-*/:^%<>&|~@,.;=!") + ["**", "//", "==", " and ", " if ", " in ", ":="]
)
formulas = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("{}({})".format, calls, inner),
        st.builds("{}({}, {})".format, calls, inner, inner),
        st.builds("{}({}, df={})".format, calls, inner, inner),
        st.builds("{}{}{}".format, inner, marks, inner),
        st.builds("({})".format, inner),
        st.builds("{{{}}}".format, inner),
        st.builds("[{} for x in {}]".format, inner, inner),
        st.builds("{}.{}".format, inner, st.sampled_from(["__class__", "mean", "values", "a"])),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("f'{{{}}}'".format, inner),
    ),
    max_leaves=8,
)
_watched: list[str] | None = None
_here = threading.get_ident()


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _watched is None or threading.get_ident() != _here:
        return
    if event == "compile" and len(arguments) > 1 and arguments[1] in ("<unknown>", "<ast>"):
        return  # ast.parse, which runs nothing
    if event.startswith(tuple(TOUCHED)):
        _watched.append(event)


sys.addaudithook(_watch)


@given(right=formulas)
@settings(max_examples=150)
def test_a_formula_touches_nothing_but_its_table(right):
    """No file, no process, no import, no code: told by Python's own audit events."""
    global _watched  # noqa: PLW0603 - an audit hook cannot be taken away, only put to sleep
    design_matrix(read_formula("e ~ bs(age, df=3) + C(g) + scale(size)"), TABLE)  # imports are done
    began, told = time.perf_counter(), ""
    _watched = []
    try:
        design_matrix(read_formula(f"failure ~ {right}"), TABLE)
    except FormulaError as error:
        told = str(error)
    finally:
        seen, _watched = _watched, None
    assert not seen
    assert len(told) < 3000
    assert time.perf_counter() - began < SLOW


def test_the_hook_hears_what_it_should():
    global _watched  # noqa: PLW0603
    _watched = []
    try:
        compile("1", "x", "eval")
        with open(__file__):  # noqa: PTH123
            pass
        seen = _watched
    finally:
        _watched = None
    assert {"compile", "open"} <= set(seen)


def test_the_formula_is_a_tree_that_can_be_looked_at():
    formula = read_formula("e ~ round(`odd name`, 1) + cut(age, [0, 5, 10]):size")
    assert formula.terms == (("round(`odd name`, 1)",), ("cut(age, [0, 5, 10])", "size"))
    tree = formula.factors["round(`odd name`, 1)"].tree
    assert isinstance(tree, ast.Call)
    assert tree.args[0].id == "odd name"
    assert formula.factors["size"].column == "size"


def test_a_function_of_the_users():
    register_function("halved", lambda x, by=2: x / by)
    made = design_matrix(read_formula("e ~ halved(size) + halved(age, by=4)"), TABLE)
    assert made.x[:, 0].tolist() == [1.5, 0.5, 1.0, 2.5]
    assert made.x[:, 1].tolist() == [0.25, 0.5, 1.0, 2.0]
    for name in ("log", "C", "np", "Treatment", "__x__", "_a", "a b", "lambda", "", 3):
        with pytest.raises(FormulaError):
            register_function(name, abs)
    with pytest.raises(FormulaError, match="must be a function"):
        register_function("good", 3)
    register_function("wrong", lambda x: x[:2])
    with pytest.raises(FormulaError, match="one value for each of the 4 rows"):
        design_matrix(read_formula("e ~ wrong(size)"), TABLE)
    register_function("broken", lambda x: 1 / 0)
    with pytest.raises(FormulaError, match="ZeroDivisionError"):
        design_matrix(read_formula("e ~ broken(size)"), TABLE)
