"""Many problems of facts in few lines: one for each kind, with its number and first places."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

__all__ = ["problem_kinds", "problem_table"]

LINE = re.compile(r"(?P<file>\S+?)(?:, line (?P<line>\d+))?: (?P<text>.*)", re.DOTALL)
COLUMN = re.compile(r"column '(?P<column>[^']*)': (?P<rest>.*)", re.DOTALL)
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"")
FIRST = 3  # places that are told of each kind


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
    plain = table["problem"].map(lambda text: re.sub(r"\d+", "0", QUOTED.sub("''", text)))
    rows = []
    for (file, column, _), some in table.groupby(["file", "column", plain], sort=False):
        lines = [line for line in some["line"] if line]
        more = f" and {len(lines) - FIRST:,d} more" if len(lines) > FIRST else ""
        places = f"line {', '.join(lines[:FIRST])}{more}" if lines else ""
        first = some.iloc[0]
        rows.append((file, column, first["problem"], len(some), places, first["remedy"]))
    names = ["file", "column", "problem", "count", "places", "remedy"]
    return pd.DataFrame(rows, columns=names)
