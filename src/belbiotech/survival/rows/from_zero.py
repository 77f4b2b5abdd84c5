"""``start=0``: all rows begin at 0, and there is no column to name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

from belbiotech.survival.rows.door import as_table

__all__ = ["all_from_zero"]

P = ParamSpec("P")
R = TypeVar("R")

FIRST = ("data", "panel", "rows", "paths")  # what the arguments that are tables are called


def all_from_zero(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function take ``start=0`` where nobody enters late and no column says so.

    Parameters
    ----------
    function : callable
        With a table as an argument, and the name of a column as ``start``.

    Returns
    -------
    callable
        The same; with ``start=0`` its table gets a column of zeros called ``start``.

    Examples
    --------
    >>> import belbiotech, pandas as pd
    >>> rows = pd.DataFrame({"stop": [1, 2], "failure": [1, 1]})
    >>> belbiotech.kaplan_meier(rows, "failure", start=0).table["survival"].tolist()
    [0.5, 0.0]
    """
    usual = signature(function)
    table = next(name for name in FIRST if name in usual.parameters)

    @wraps(function)
    def with_zeros(*given: P.args, **named: P.kwargs) -> R:
        if not _is_zero(named.get("start")):
            return function(*given, **named)
        bound = usual.bind(*given, **named)
        arguments: dict[str, Any] = bound.arguments
        if table in arguments:
            data = as_table(arguments[table])
            name = "start" if "start" not in data.columns else "start (all 0)"
            attrs = data.attrs
            data = data.assign(**{name: 0})
            data.attrs = attrs
            arguments |= {table: data, "start": name}
        return function(*bound.args, **bound.kwargs)

    return with_zeros


def _is_zero(start: object) -> bool:
    return isinstance(start, int | float) and not isinstance(start, bool) and start == 0
