"""``start=0``: all rows begin at 0, and there is no column to name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from belbiotech.errors import PanelError
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
            data, name = _zeros_in(arguments[table])
            arguments |= {table: data, "start": name}
        return function(*bound.args, **bound.kwargs)

    return with_zeros


def _zeros_in(data: Any) -> tuple[Any, str]:
    """Put a column of zeros into a table; an Ibis table stays where it is."""
    if isinstance(data, (str, Path)) or type(data).__name__ == "LazyFrame":
        msg = (
            "start=0 puts a column of zeros into a table in memory, or of Ibis: open files with "
            "ibis.duckdb.connect().read_parquet(...), or give the rows a column of zeros and name "
            "it, start='zero'"
        )
        raise PanelError(msg)
    in_engine = type(data).__module__.split(".")[0] == "ibis" and hasattr(data, "mutate")
    table: Any = data if in_engine else as_table(data)
    name = "start" if "start" not in table.columns else "start (all 0)"
    if in_engine:
        return table.mutate(**{name: 0}), name
    with_zeros = table.assign(**{name: 0})
    with_zeros.attrs = table.attrs
    return with_zeros, name


def _is_zero(start: object) -> bool:
    return isinstance(start, int | float) and not isinstance(start, bool) and start == 0
