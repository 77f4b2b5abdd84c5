"""Codes of one's own, for another industry: an optional file beside the facts.

``values.csv`` lists further values of coded columns, each with its label and, where the panel
counts or checks by it, what it means: where a kind of partner stands, what a type of alliance is
for, how an event ends a life, how the numbers of a country's register are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

import pandas as pd

from belbiotech.dataset.facts.checks import NOT_PLAIN, TEXT_RULES, is_plain
from belbiotech.dataset.facts.codes import FATES, PARTNER_GROUPS, PURPOSES
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.iso import COUNTRIES
from belbiotech.dataset.facts.schemas import NUMBER
from belbiotech.dataset.facts.texts import Problem, RawTable, read_texts
from belbiotech.errors import in_words, nearest_names

__all__ = ["OPEN_COLUMNS", "VALUES_FILE", "bad_numbers", "number_hint", "read_own_codes"]

VALUES_FILE = "values.csv"
COLUMNS = ["column", "value", "label"]
MEANS = "means"  # a fourth column, which codes without a meaning in the panel can do without
OPEN_COLUMNS = {
    "segment": "firms",
    "origin": "firms",
    "event": "events",
    "partner_type": "alliances",
    "alliance_type": "alliances",
    "firm_role": "alliances",
    "round": "financings",
}
GROUPS = {
    "partner_type": tuple(PARTNER_GROUPS),
    "alliance_type": tuple(PURPOSES),
    "event": tuple(FATES),
}
LONGEST = 64  # signs of a register number
MOST_WAYS = 10_000  # in which a pattern may be tried on one number
PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|.", re.DOTALL)


def read_own_codes(
    folder: Path,
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]], list[Problem]]:
    """Read the codes that a folder of facts adds to the usual ones.

    Parameters
    ----------
    folder : Path
        Folder of facts.

    Returns
    -------
    dict
        Column to code to label; empty if there is no such file. Of ``enterprise_number`` the
        codes are countries.
    dict
        Column to code to what it means, for those that have a meaning.
    list of Problem
        What is wrong with the file.
    """
    path = folder / VALUES_FILE
    if not path.exists():
        return {}, {}, []
    table, problems = read_texts(path, [*COLUMNS, MEANS], [MEANS])
    found: dict[str, dict[str, str]] = {}
    meanings: dict[str, dict[str, str]] = {}
    if table is None or set(table.frame.columns) != {*COLUMNS, MEANS}:
        return found, meanings, problems
    for number, row in enumerate(table.frame.to_dict("records")):
        column, value, label, means = (row[name] for name in [*COLUMNS, MEANS])
        text = _breach(column, value, label, found) or _no_meaning(str(column), means)
        if text:
            problems.append(table.problem(number, text))
            continue
        found.setdefault(column, {})[value] = label
        if means is not None:
            meanings.setdefault(column, {})[value] = means
    return found, meanings, problems


def bad_numbers(table: RawTable, patterns: Mapping[str, str]) -> Iterator[Problem]:
    """Find register numbers that are not written as their firm's country writes them.

    Parameters
    ----------
    table : RawTable
        The firms.
    patterns : mapping of str to str
        Regular expressions by country; numbers of other countries are Belgian ones.

    Yields
    ------
    Problem
        One for each such number.
    """
    if not patterns or not {NUMBER, "region"} <= set(table.frame.columns):
        return
    for row, (number, region) in enumerate(
        zip(table.frame[NUMBER], table.frame["region"], strict=True)
    ):
        if number is None or region is None:
            continue
        country = region[:2]
        text = (
            _not_like(number, country, patterns[country])
            if country in patterns
            else _not_belgian(number, country)
        )
        if text:
            yield table.problem(row, f"column {NUMBER!r}: {number!r} {text}")


def _not_like(number: str, country: str, pattern: str) -> str:
    if len(number) <= LONGEST and re.fullmatch(pattern, number):
        return ""
    return f"is no number of {country}; by {VALUES_FILE} it is written as {pattern}"


def _not_belgian(number: str, country: str) -> str:
    cell = pd.Series([number])
    told = (rule for test, rule in TEXT_RULES["enterprise"] if not test(cell).eq(True).all())
    text = next(told, "")
    return f"{text}{number_hint(country)}" if text else ""


def number_hint(region: object) -> str:
    """Say where the numbers of another country's register are declared.

    Parameters
    ----------
    region : object
        Region or country of the firm.

    Returns
    -------
    str
        Nothing for Belgian firms, and where there is no region.
    """
    country = region[:2] if isinstance(region, str) else "BE"
    if country == "BE":
        return ""
    return f", or declare in {VALUES_FILE} how {country} writes its numbers"


def _breach(
    column: str | None, value: str | None, label: str | None, found: Mapping[str, Mapping[str, str]]
) -> str:
    """Say what is wrong with a row, or nothing."""
    for name, cell in zip(COLUMNS, (column, value, label), strict=True):
        if cell is None:
            return f"column {name!r}: has a blank; a code needs its column, value and label"
    if not is_plain(str(label)) or label != str(label).strip():
        told = NOT_PLAIN if label == str(label).strip() else "has blanks at its ends; take them off"
        return f"column 'label': {in_words(label)} {told}"
    if column not in (*OPEN_COLUMNS, NUMBER):
        near = nearest_names(column, [*OPEN_COLUMNS, NUMBER])
        return f"column 'column': {column!r} takes no codes; {near}"
    if column == NUMBER and (value == "BE" or value not in COUNTRIES):
        told = "has its rule already" if value == "BE" else "is no country"
        return f"column 'value': {value!r} {told}; write another country of ISO 3166-1, like DE"
    if column != NUMBER and not re.fullmatch("[a-z][a-z0-9_]*", str(value)):
        return f"column 'value': {value!r} is no code; write small letters, digits and '_'"
    usual = () if column == NUMBER else _usual(column)
    if value in usual or value in found.get(column, {}):
        return f"column 'value': {value!r} is a value of {column!r} already; take one away"
    return ""


def _usual(column: str) -> list[str]:
    field = FACTS[OPEN_COLUMNS[column]][column]
    return list(field.values)


def _no_meaning(column: str, means: str | None) -> str:
    """Say what is wrong with what a code is said to mean, or nothing."""
    if column == NUMBER:
        told = _no_pattern(means)
        return f"column {MEANS!r}: {told}" if told else ""
    groups = GROUPS.get(column, ())
    if means is None:
        if column != "partner_type":
            return ""
        return f"column {MEANS!r}: is blank; say where such partners stand: {', '.join(groups)}"
    if not groups:
        return f"column {MEANS!r}: {in_words(means)}; codes of {column!r} mean nothing: blank it"
    if means not in groups:
        told = f"{in_words(means)} is nothing that codes of {column!r} mean"
        return f"column {MEANS!r}: {told}; write {' or '.join(groups)}"
    return ""


def _no_pattern(pattern: str | None) -> str:
    """Say why a text is no pattern of numbers that can be tried in little time, or nothing."""
    if pattern is None:
        return "is blank; write a regular expression, like HR[AB] [0-9]{1,6}"
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"{in_words(pattern)} is no regular expression ({error}); correct it"
    if compiled.fullmatch(""):
        return f"{in_words(pattern)} fits a blank; write what a number must have"
    parts = PART.findall(pattern)
    pairs = list(zip(["", *parts], parts, strict=False))
    if any(before == "(" and part == "?" for before, part in pairs):
        return f"{in_words(pattern)} has a group with '(?'; write plain groups"
    if any(part[0] == "\\" and part[1:].isdigit() for part in parts):
        return f"{in_words(pattern)} refers back to a group; write it out"
    if any(before == ")" and part[0] in "*+{" for before, part in pairs):
        return f"{in_words(pattern)} repeats a group, which can take for ever; write it out"
    if prod(_ways(part) for part in parts) > MOST_WAYS:
        return (
            f"{in_words(pattern)} can be tried in more than {MOST_WAYS:,d} ways on one number; "
            "use fewer of * + {} | ?"
        )
    return ""


def _ways(part: str) -> int:
    """In how many ways a part of a pattern can go on: an upper limit."""
    if part in ("*", "+"):
        return LONGEST + 1
    if part in ("?", "|"):
        return 2
    if part[0] != "{" or "," not in part:
        return 1
    least, _, most = part[1:-1].partition(",")
    return max(1, min(int(most or LONGEST), LONGEST) - min(int(least), LONGEST) + 1)
