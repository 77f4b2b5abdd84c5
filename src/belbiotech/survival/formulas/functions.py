"""The functions that formulas may call, and those that a user adds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

import numpy as np

from belbiotech.errors import FormulaError, a_type_of
from belbiotech.survival.formulas.rounding import round_half_even
from belbiotech.survival.formulas.splines import natural_spline

__all__ = [
    "CONTRASTS",
    "FUNCTIONS",
    "NUMPY",
    "TIME_FUNCTIONS",
    "Function",
    "added_functions",
    "function_named",
    "register_function",
]


@dataclass(frozen=True)
class Function:
    """What a formula may call.

    Attributes
    ----------
    call : callable
        Takes the arrays, then the options by name; of a function with a state also ``_state``, a
        dict that it fills at the fit and reads at a prediction.
    least, most : int
        How many arrays it takes.
    options : tuple of str
        Arguments that are written out in the formula, in their order behind the arrays.
    state : bool
        Whether it looks at all rows: knots, a mean.
    whole : bool
        Whether it gives several columns or a factor, so that it stands by itself.
    own : bool
        Whether a user added it.
    """

    call: Callable[..., Any]
    least: int = 1
    most: int = 1
    options: tuple[str, ...] = ()
    state: bool = False
    whole: bool = False
    own: bool = False


def _lazy(name: str) -> Callable[..., Any]:
    """Call a function of formulaic, imported at its first use."""

    def call(*arrays: Any, **options: Any) -> Any:
        from formulaic import transforms
        from formulaic.transforms.patsy_compat import standardize

        known = {"standardize": standardize, **vars(transforms)}
        return known[name](*arrays, **options)

    return call


def _identity(x: Any) -> Any:
    return x


NUMPY = {
    name: Function(getattr(np, name), ufunc.nin, ufunc.nin)
    for name in [
        "abs",
        "absolute",
        "arccos",
        "arccosh",
        "arcsin",
        "arcsinh",
        "arctan",
        "arctan2",
        "arctanh",
        "cbrt",
        "ceil",
        "copysign",
        "cos",
        "cosh",
        "deg2rad",
        "degrees",
        "exp",
        "exp2",
        "expm1",
        "fabs",
        "float_power",
        "floor",
        "floor_divide",
        "fmax",
        "fmin",
        "fmod",
        "hypot",
        "isfinite",
        "isnan",
        "log",
        "log10",
        "log1p",
        "log2",
        "logaddexp",
        "logaddexp2",
        "logical_and",
        "logical_not",
        "logical_or",
        "logical_xor",
        "maximum",
        "minimum",
        "mod",
        "multiply",
        "add",
        "subtract",
        "divide",
        "true_divide",
        "negative",
        "positive",
        "power",
        "rad2deg",
        "radians",
        "reciprocal",
        "remainder",
        "rint",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "tan",
        "tanh",
        "trunc",
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
    ]
    if isinstance(ufunc := getattr(np, name, None), np.ufunc)
} | {
    "where": Function(np.where, 3, 3),
    "clip": Function(np.clip, 3, 3),
    "round": Function(round_half_even, 1, 1, ("decimals",)),
    "around": Function(round_half_even, 1, 1, ("decimals",)),
}

SPLINE = ("df", "knots", "degree", "include_intercept", "lower_bound", "upper_bound")
CUBIC = ("df", "knots", "lower_bound", "upper_bound", "constraints", "extrapolation")

FUNCTIONS = NUMPY | {
    "I": Function(_identity),
    "offset": Function(_identity),
    "bs": Function(_lazy("basis_spline"), 1, 1, (*SPLINE, "extrapolation"), state=True, whole=True),
    "cr": Function(_lazy("natural_cubic_spline"), 1, 1, CUBIC, state=True, whole=True),
    "cs": Function(_lazy("natural_cubic_spline"), 1, 1, CUBIC, state=True, whole=True),
    "cc": Function(_lazy("cyclic_cubic_spline"), 1, 1, CUBIC, state=True, whole=True),
    "ns": Function(
        natural_spline,
        1,
        1,
        ("df", "knots", "intercept", "boundary_knots"),
        state=True,
        whole=True,
    ),
    "poly": Function(_lazy("poly"), 1, 1, ("degree", "raw"), state=True, whole=True),
    "center": Function(_lazy("center"), state=True),
    "scale": Function(_lazy("scale"), 1, 1, ("center", "scale", "ddof"), state=True),
    "standardize": Function(_lazy("standardize"), 1, 1, ("center", "rescale", "ddof"), state=True),
}

CONTRASTS = {
    "Treatment": "TreatmentContrasts",
    "Sum": "SumContrasts",
    "Helmert": "HelmertContrasts",
    "Diff": "DiffContrasts",
    "Poly": "PolyContrasts",
    "contr.treatment": "TreatmentContrasts",
    "contr.SAS": "SASContrasts",
    "contr.sum": "SumContrasts",
    "contr.helmert": "HelmertContrasts",
    "contr.diff": "DiffContrasts",
    "contr.poly": "PolyContrasts",
}

TIME_FUNCTIONS = {  # of the event time, in tt(x, log)
    name: NUMPY[name].call for name in ("log", "log1p", "log2", "log10", "sqrt", "square", "exp")
}

OWN_WORDS = {"C", "Q", "np", "contr", "cut", "tt", "lag", "strata", "cluster", "frailty"}
_added: dict[str, Function] = {}


def register_function(name: str, f: Callable[..., Any]) -> None:
    """Let formulas call a function of yours; nothing else can be called but what is listed.

    Parameters
    ----------
    name : str
        How formulas call it: a plain name that no listed function has.
    f : callable
        Takes one array for each column or expression that it is given, (n,), numbers as floats, and
        literal arguments as they are; gives one array, (n,), of numbers, truth values or texts. It
        is called with all rows of the data, each as often as its frequency says, and in
        predictions with those of the paths: what it gives for a row must follow from that row.

    Raises
    ------
    FormulaError
        A name that is taken or no plain name, or what cannot be called.

    Notes
    -----
    Formulas are data: they call the listed functions only, so that a formula from a stranger can
    compute but not act. A function registered here is Python and is trusted; a formula may call
    it. Processes that a study starts are given it, if it is of a module that they can import; with
    a function of a script, a notebook or a lambda the study stays in one process, and says so.
    Processes of your own know what they have registered themselves.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox, register_function
    >>> register_function("above", lambda x, limit: x > limit)
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["failure"] = [k % 2 for k in range(40)]
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> cox("failure ~ above(size, 4)", rows).params.round(4).to_dict()
    {'above(size, 4)': 0.4492}
    """
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        msg = f"a function's name is a plain name such as 'above', not {name!r}"
        raise FormulaError(msg)
    if name in FUNCTIONS or name in OWN_WORDS or name in CONTRASTS or iskeyword(name):
        msg = f"{name!r} has a meaning in formulas already; take another name"
        raise FormulaError(msg)
    if name.startswith("_"):
        msg = f"the name {name!r} begins with an underscore; take another"
        raise FormulaError(msg)
    if not callable(f):
        msg = f"{name!r} must be a function, not {a_type_of(f)}"
        raise FormulaError(msg)
    _added[name] = Function(f, 1, 16, state=True, own=True)


def function_named(name: str) -> Function | None:
    """Give the function that a formula calls: listed, of numpy (``np.log``), or added."""
    if name.startswith("np."):
        return NUMPY.get(name[3:])
    return FUNCTIONS.get(name) or _added.get(name)


def added_functions() -> dict[str, Callable[..., Any]]:
    """Give the functions that were registered in this process, by name."""
    return {name: function.call for name, function in _added.items()}
