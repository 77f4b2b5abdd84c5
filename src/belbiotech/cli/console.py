"""How the commands speak: tables, errors and warnings for a person at a terminal."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from belbiotech.errors import BelbiotechWarning

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "as_json",
    "complain",
    "heard_warnings",
    "records",
    "say",
    "show_table",
    "visible",
    "working",
]

FOLDS = 18  # letters from which on a word in a cell may be folded
WIDTH = 120  # of what is written to a file or a pipe; a terminal has its own


def _console(stream: TextIO, *, stderr: bool) -> Console:
    return Console(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if stream.isatty() else WIDTH,
        soft_wrap=False,
    )


_output = _console(sys.stdout, stderr=False)
_errors = _console(sys.stderr, stderr=True)


def visible(text: object) -> str:
    r"""Show what would act on a terminal, or turn its text around, as what it is.

    Parameters
    ----------
    text : object
        A text from anywhere.

    Returns
    -------
    str
        The same, with line feeds, tabs and blanks of all kinds; other signs that cannot be seen
        are escaped as in Python.

    Examples
    --------
    >>> visible("Alpha \x1b[31m[/bold]")
    'Alpha \\x1b[31m[/bold]'
    """
    return "".join(
        sign
        if sign.isprintable() or sign in "\n\t" or unicodedata.category(sign) == "Zs"
        else sign.encode("unicode_escape", "surrogatepass").decode("ascii")
        for sign in str(text)
    )


def say(text: object, *, end: str = "\n", style: str | None = None) -> None:
    """Print a text as it is, no part of it taken for markup, without breaking its lines.

    Parameters
    ----------
    text : object
        What to say.
    end : str
        What follows it.
    style : str, optional
        How it looks on a terminal.
    """
    _output.print(Text(visible(text)), end=end, soft_wrap=True, style=style)


def complain(kind: str, text: object) -> None:
    """Print an error or warning on standard error.

    Parameters
    ----------
    kind : {"Error", "Warning"}
        Which of them.
    text : object
        What it says.
    """
    colour = {"Error": "red", "Warning": "yellow"}[kind]
    told = Text.assemble((f"{kind}:", colour), f" {visible(text)}")
    _errors.print(told, soft_wrap=True)


def as_json(table: pd.DataFrame, /, **about: object) -> None:
    """Print a table as JSON, for other programs: what it is about, and ``rows``.

    Parameters
    ----------
    table : DataFrame
        The rows; a missing value becomes null.
    **about
        What else to say, by key.
    """
    text = json.dumps({**about, "rows": records(table)}, indent=1, ensure_ascii=True)
    _output.print(Text(text), soft_wrap=True)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a table into what JSON can hold.

    Parameters
    ----------
    table : DataFrame
        The rows; a missing value becomes None.

    Returns
    -------
    list of dict
        A row each, by column.
    """
    text = table.to_json(orient="records", date_format="iso", double_precision=15)
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal, on standard error, that something is being done, until it is.

    Parameters
    ----------
    what : str
        What, as in "reading the facts".
    """
    if not sys.stderr.isatty():
        yield
        return
    with _errors.status(Text(visible(what))):
        yield


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
    _output.width = _width(_output)
    blocks = _blocks(table, _output.width, digits)
    for names in blocks:
        _show_block(
            table[names],
            title if names is blocks[0] else f"{title}, further columns",
            note if names is blocks[-1] else "",
            digits,
        )


def _width(console: Console) -> int:
    """Give the letters of a line: those of the terminal, or what COLUMNS says, or the usual."""
    if sys.stdout.isatty():
        return Console().width
    told = os.environ.get("COLUMNS", "")
    return int(told) if told.isdigit() and int(told) else WIDTH


def _blocks(table: pd.DataFrame, width: int, digits: int) -> list[list[str]]:
    """Share the columns out to tables that are no wider than the line, the first one in each."""
    needs = {name: 3 + _narrowest(table[name], name, digits) for name in table.columns}
    first, *others = table.columns
    blocks = [[first]]
    for name in others:
        if 1 + sum(needs[one] for one in blocks[-1]) + needs[name] > width and len(blocks[-1]) > 1:
            blocks.append([first])
        blocks[-1].append(name)
    return blocks


def _narrowest(column: pd.Series, name: str, digits: int) -> int:
    """Count the letters without which a head or number would be cut; long texts may fold."""
    cells = [_cell(value, digits) for value in column]
    longest = max((len(word) for cell in cells for word in cell.split()), default=0)
    if column.dtype.kind not in "iuf":
        longest = min(longest, FOLDS)
    return max([longest, *(len(word) for word in str(name).split())])


def _show_block(table: pd.DataFrame, title: str, note: str, digits: int) -> None:
    shown = Table(
        title=Text(visible(title)),
        caption=Text(visible(note)) if note else None,
        title_justify="left",
        caption_justify="left",
    )
    for name in table.columns:
        number = table[name].dtype.kind in "iuf"
        shown.add_column(
            Text(visible(name)),
            justify="right" if number else "left",
            overflow="fold",
            min_width=_narrowest(table[name], name, digits),
        )
    for row in table.itertuples(index=False):
        shown.add_row(*(Text(visible(_cell(value, digits))) for value in row))
    _output.print(shown)


@contextmanager
def heard_warnings() -> Iterator[None]:
    """Print this package's warnings as sentences on standard error; leave others as they are."""
    usual = warnings.showwarning

    def speak(message: Any, category: type[Warning], *rest: Any, **named: Any) -> None:
        if issubclass(category, BelbiotechWarning):
            complain("Warning", message)
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
