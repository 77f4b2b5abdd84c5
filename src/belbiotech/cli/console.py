"""How the commands speak: tables, errors and warnings for a person at a terminal."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from belbiotech.errors import BelbiotechWarning

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["errors", "heard_warnings", "output", "show_table"]

WIDTH = 120  # of what is written to a file or a pipe; a terminal has its own


def _console(stream: TextIO, *, stderr: bool) -> Console:
    return Console(
        stderr=stderr, highlight=False, width=None if stream.isatty() else WIDTH, soft_wrap=False
    )


output = _console(sys.stdout, stderr=False)
errors = _console(sys.stderr, stderr=True)


def show_table(table: pd.DataFrame, title: str, *, note: str = "", digits: int = 3) -> None:
    """Print a table with its title above and a note (N, units) below.

    Parameters
    ----------
    table : DataFrame
        Its columns become the headings; the index is not shown.
    title : str
        What it is.
    note : str
        Units, N and number of events.
    digits : int
        Digits after the point of numbers that are not whole.
    """
    shown = Table(title=title, caption=note or None, title_justify="left", caption_justify="left")
    for name in table.columns:
        number = table[name].dtype.kind in "iuf"
        shown.add_column(str(name), justify="right" if number else "left")
    for row in table.itertuples(index=False):
        shown.add_row(*(escape(_cell(value, digits)) for value in row))
    output.print(shown)


@contextmanager
def heard_warnings() -> Iterator[None]:
    """Print this package's warnings as sentences on standard error; leave others as they are."""
    usual = warnings.showwarning

    def speak(message: Any, category: type[Warning], *rest: Any, **named: Any) -> None:
        if issubclass(category, BelbiotechWarning):
            errors.print(f"[yellow]Warning:[/] {escape(str(message))}", soft_wrap=True)
        else:
            usual(message, category, *rest, **named)

    with warnings.catch_warnings():
        warnings.simplefilter("always", BelbiotechWarning)
        warnings.showwarning = speak
        yield


def _cell(value: object, digits: int) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.{digits}f}"
    if isinstance(value, int):
        return f"{value:,d}"
    return str(value)
