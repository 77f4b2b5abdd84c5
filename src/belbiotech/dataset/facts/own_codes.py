"""Codes of one's own, for another industry: an optional file beside the facts.

``values.csv`` lists further values of the columns ``segment`` and ``origin``, each with its
label. The other codes have a meaning in the panel (which event ends a life, which partner stands
where), so they cannot be added to.
"""

from __future__ import annotations

import re
from pathlib import Path

from belbiotech.dataset.facts.checks import NOT_PLAIN, is_plain
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.texts import Problem, read_texts
from belbiotech.errors import in_words, nearest_names

__all__ = ["OPEN_COLUMNS", "VALUES_FILE", "read_own_codes"]

VALUES_FILE = "values.csv"
COLUMNS = ["column", "value", "label"]
OPEN_COLUMNS = ("segment", "origin")


def read_own_codes(folder: Path) -> tuple[dict[str, dict[str, str]], list[Problem]]:
    """Read the codes that a folder of facts adds to the usual ones.

    Parameters
    ----------
    folder : Path
        Folder of facts.

    Returns
    -------
    dict
        Column to code to label; empty if there is no such file.
    list of Problem
        What is wrong with the file.
    """
    path = folder / VALUES_FILE
    if not path.exists():
        return {}, []
    table, problems = read_texts(path, COLUMNS)
    found: dict[str, dict[str, str]] = {}
    if table is None or set(table.frame.columns) != set(COLUMNS):
        return found, problems
    for number, row in enumerate(table.frame.to_dict("records")):
        column, value, label = (row[name] for name in COLUMNS)
        text = _breach(column, value, label, found)
        if text:
            problems.append(table.problem(number, text))
        else:
            found.setdefault(column, {})[value] = label
    return found, problems


def _breach(
    column: str | None, value: str | None, label: str | None, found: dict[str, dict[str, str]]
) -> str:
    """Say what is wrong with a row, or nothing."""
    if column is None or value is None or label is None:
        return "has a blank; a code needs its column, its value and its label"
    if not is_plain(label) or label != label.strip():
        told = NOT_PLAIN if label == label.strip() else "has blanks at its ends; take them away"
        return f"column 'label': {in_words(label)} {told}"
    if column not in OPEN_COLUMNS:
        return f"column 'column': {column!r} takes no codes; {nearest_names(column, OPEN_COLUMNS)}"
    if not re.fullmatch("[a-z][a-z0-9_]*", value):
        return f"column 'value': {value!r} is no code; write small letters, digits and '_'"
    if value in FACTS["firms"][column].values or value in found.get(column, {}):
        return f"column 'value': {value!r} is a value of {column!r} already"
    return ""
