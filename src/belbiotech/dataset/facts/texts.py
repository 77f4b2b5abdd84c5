"""A CSV file in, texts with their line numbers out; nothing is turned into anything on the way."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.errors import nearest_names

__all__ = ["Problem", "RawTable", "column_problems", "problem_kinds", "problem_table", "read_texts"]

UTF16 = (b"\xff\xfe", b"\xfe\xff")
LINE = re.compile(r"(?P<file>\S+?)(?:, line (?P<line>\d+))?: (?P<text>.*)", re.DOTALL)
COLUMN = re.compile(r"column '(?P<column>[^']*)': (?P<rest>.*)", re.DOTALL)
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"")
FIRST = 3  # places that are told of each kind
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Problem:
    """One breach of a rule: where it is, and in words what it is and what to do."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.text}"


@dataclass(frozen=True)
class RawTable:
    """The rows of a file as texts.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    frame : DataFrame
        Texts, None where a cell is blank.
    lines : tuple of int
        The line of the file on which each row begins.
    files : tuple of str
        The file of each row, if the rows come from more than one.
    """

    file: str
    frame: pd.DataFrame
    lines: tuple[int, ...]
    files: tuple[str, ...] = ()

    def problem(self, row: int, text: str) -> Problem:
        """Say that something is wrong in a row, by its position."""
        return Problem(self.files[row] if self.files else self.file, self.lines[row], text)

    def place(self, row: int) -> str:
        """Say where a row stands, by its position."""
        return f"line {self.lines[row]}" + (f" of {self.files[row]}" if self.files else "")


def read_texts(
    path: Path, columns: Sequence[str], later: Sequence[str] = ()
) -> tuple[RawTable | None, list[Problem]]:
    """Read a CSV file as texts.

    A byte order mark at the beginning and line ends of any kind are fine; everything else is
    kept as it stands.

    Parameters
    ----------
    path : Path
        The file.
    columns : sequence of str
        The columns that it must have, in any order.
    later : sequence of str
        Those of them that a file from before they were there need not have: blanks then.

    Returns
    -------
    RawTable or None
        The rows that have as many cells as the header, with the known columns; None if the file
        is so broken that no row can be told.
    list of Problem
        What is wrong with the file as a file.
    """
    text, problems = _decode(path)
    if text is None:
        return None, problems
    rows, lines, broken = _records(path.name, text)
    problems += broken
    if not rows:
        wanted = ", ".join(columns)
        if not broken:
            problems.append(Problem(path.name, 0, f"is empty; its first line must be {wanted}"))
        return None, problems
    header, strange = _header(path.name, rows[0], columns, later)
    problems += strange
    if not header:
        return None, problems
    table = _table(path.name, rows, lines, header, problems)
    blank = [None] * len(table.frame)
    absent = {name: pd.Series(blank, dtype=object) for name in later if name not in header}
    return replace(table, frame=table.frame.assign(**absent)), problems


def _decode(path: Path) -> tuple[str | None, list[Problem]]:
    """Text of a file; bytes that are no UTF-8 are told, and replaced so that reading goes on."""
    if not path.is_file():
        return None, [Problem(path.name, 0, f"there is no such file; {_other_names(path)}")]
    data = path.read_bytes()
    if data.startswith(UTF16):
        return None, [Problem(path.name, 1, "is UTF-16; save it as UTF-8")]
    return data.decode("utf-8-sig", errors="replace"), _not_utf8(path.name, data)


def _other_names(path: Path) -> str:
    """Say which file of the folder may be meant; the other tables' own files cannot be."""
    taken = {f"{name}.csv" for name in (*FACTS, "values")}
    found = sorted(other.name for other in path.parent.glob("*.csv") if other.name not in taken)
    if found:
        return nearest_names(path.name, found)
    return "write one, with its header alone if there is nothing to put into it"


def _not_utf8(file: str, data: bytes) -> list[Problem]:
    """Tell the first byte that is no UTF-8, and how many lines have such bytes."""
    bad = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            line.decode("utf-8")
        except UnicodeDecodeError as error:
            bad.append((number, error.start, line[error.start]))
    if not bad:
        return []
    number, at, byte = bad[0]
    text = f"byte {at + 1} of the line is 0x{byte:02x}, which is no UTF-8"
    lines = f" ({len(bad)} lines have such bytes)" if len(bad) > 1 else ""
    return [Problem(file, number, f"{text}{lines}; save the file as UTF-8")]


def _records(file: str, text: str) -> tuple[list[list[str]], list[int], list[Problem]]:
    """Rows of a CSV text, each with the line on which it begins; empty lines are no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, lines, begins = [], [], 1
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        problem = Problem(file, begins, f"is no CSV from here on ({error}); look for a stray quote")
        return rows, lines, [problem]
    return rows, lines, []


def _header(
    file: str, names: list[str], columns: Sequence[str], later: Sequence[str]
) -> tuple[dict[str, int], list[Problem]]:
    """Positions of the known columns, and what is wrong with the header."""
    for sign, words in SEPARATORS.items():
        if len(names) == 1 and sign in names[0]:
            return {}, [Problem(file, 1, f"has {words} between its cells; save it with commas")]
    known = {name: names.index(name) for name in columns if name in names}
    return known, [Problem(file, 1, text) for text in column_problems(names, columns, later)]


def column_problems(
    names: Sequence[str], columns: Sequence[str], later: Sequence[str]
) -> list[str]:
    """Say what is wrong with the columns of a file of facts.

    Parameters
    ----------
    names : sequence of str
        The columns that it has.
    columns : sequence of str
        Those that it must have, in any order, and no others.
    later : sequence of str
        Those of them that it can do without.

    Returns
    -------
    list of str
        What is missing, what is not known, and what is there twice.

    Examples
    --------
    >>> column_problems(["firm_id", "Date"], ["firm_id", "date"], [])[1]
    "there is no column 'Date' in these facts; did you mean 'date'?"
    """
    texts = [f"column {name!r} is missing" for name in columns if name not in {*names, *later}]
    texts += [
        f"there is no column {name!r} in these facts; {nearest_names(name, columns)}"
        for name in dict.fromkeys(names)
        if name not in columns
    ]
    twice = [name for name in columns if names.count(name) > 1]
    return texts + [f"column {name!r} is there twice" for name in twice]


def _table(
    file: str,
    rows: list[list[str]],
    lines: list[int],
    header: dict[str, int],
    problems: list[Problem],
) -> RawTable:
    """Rows of the right length as a table; the others are added to the problems."""
    width = len(rows[0])
    kept, blank = [], []
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if not any(row):
            blank.append(line)
        elif len(row) == width:
            kept.append((row, line))
        else:
            text = (
                f"has {len(row)} cells, and the header {width}; "
                "a text that holds a comma must stand between quotes"
            )
            problems.append(Problem(file, line, text))
    if blank:
        more = f", as {len(blank):,d} lines up to {blank[-1]} are" if len(blank) > 1 else ""
        text = f"is blank but for its commas{more}; spreadsheets leave such lines: delete them"
        problems.append(Problem(file, blank[0], text))
    columns = {
        name: pd.Series([row[at] or None for row, _ in kept], dtype=object)
        for name, at in header.items()
    }
    return RawTable(file, pd.DataFrame(columns), tuple(line for _, line in kept))


def problem_table(problems: Sequence[str]) -> pd.DataFrame:
    """Take problems apart.

    Parameters
    ----------
    problems : sequence of str
        Those of a :class:`belbiotech.FactsError`.

    Returns
    -------
    DataFrame
        A row a problem: ``file``, ``line``, ``column``, ``problem``, ``remedy``; blank texts
        where one has none.

    Examples
    --------
    >>> table = problem_table(["firms.csv, line 3: column 'founded': 'x' is no date; write YYYY"])
    >>> table.to_numpy().tolist()
    [['firms.csv', '3', 'founded', "'x' is no date", 'write YYYY']]
    """
    rows = []
    for problem in problems:
        found = LINE.fullmatch(problem)
        file, line, text = (found["file"], found["line"], found["text"]) if found else ("", "", "")
        text = text if found else problem
        of_column = COLUMN.fullmatch(text)
        column = of_column["column"] if of_column else ""
        what, _, remedy = (of_column["rest"] if of_column else text).partition("; ")
        rows.append((file, line or "", column, what, remedy))
    return pd.DataFrame(rows, columns=["file", "line", "column", "problem", "remedy"], dtype=object)


def problem_kinds(problems: Sequence[str]) -> pd.DataFrame:
    """Put problems of one kind together: those that differ in values and lines alone.

    Parameters
    ----------
    problems : sequence of str
        Those of a :class:`belbiotech.FactsError`.

    Returns
    -------
    DataFrame
        A row a kind, in the order of the first of each: ``file``, ``column``, ``problem`` (that
        of the first place), ``count``, ``places`` (the first three), ``remedy``.

    Examples
    --------
    >>> kinds = problem_kinds(
    ...     [f"firms.csv, line {n}: column 'founded': 'x{n}' is no date; write YYYY"
    ...      for n in range(2, 9)]
    ... )
    >>> kinds[["problem", "count", "places"]].to_numpy().tolist()
    [["'x2' is no date", 7, 'line 2, 3, 4 and 4 more']]
    """
    table = problem_table(problems)
    told = table["problem"] + "; " + table["remedy"]
    plain = told.map(lambda text: re.sub(r"\d+", "0", QUOTED.sub("''", text)))
    rows = []
    for (file, column, _), some in table.groupby(["file", "column", plain], sort=False):
        lines = [line for line in some["line"] if line]
        more = f" and {len(lines) - FIRST:,d} more" if len(lines) > FIRST else ""
        places = f"line {', '.join(lines[:FIRST])}{more}" if lines else ""
        first = some.iloc[0]
        rows.append((file, column, first["problem"], len(some), places, first["remedy"]))
    names = ["file", "column", "problem", "count", "places", "remedy"]
    return pd.DataFrame(rows, columns=names)
