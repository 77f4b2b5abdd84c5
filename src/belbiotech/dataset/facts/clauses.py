"""What a note says that another page says: years and amounts that differ from the chosen ones.

Notes are written for people. This reads the usual turns ("De Tijd gives EUR 24m", "another page
says founded 2015", "USD 74m in s33cdbf22"), and nothing else; a turn that is not usual is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["AMOUNT", "OtherValue", "other_values"]

VERBS = r"says|gives?|states|implies|places|links it to|has(?= founding)|dates(?= founding)|names"
SAYS = re.compile(rf"(?P<who>.*?)\b(?P<verb>{VERBS})\b(?P<what>.+)")
IN_PAGE = re.compile(r"(?P<what>.*[0-9].*) in (?P<who>s[0-9a-f]{8})")
PAGE = re.compile(r"\bs[0-9a-f]{8}\b")
YEAR = re.compile(r"\b((?:18|19|20)[0-9]{2}(?:-[0-9]{2}){0,2})\b(?!\.[0-9])")
AMOUNT = re.compile(
    r"\b(?:(?P<currency>[A-Z]{3}) )?(?P<number>[0-9]{1,4}(?:\.[0-9]+)?)"
    r"(?: ?(?P<unit>m|bn|million)\b)?(?![0-9-])"
)
FOUNDING = re.compile(r"\b(founded|founding|created|start in)\b")
AGAINST = re.compile(r"as origin|against all others")
CLAUSE = re.compile(r"; |(?<=[a-z0-9)])\. |[()](?=[A-Z])")


@dataclass(frozen=True)
class OtherValue:
    """A value that a note ascribes to another page.

    Attributes
    ----------
    about : str
        ``founded``, ``date``, ``amount`` or ``parent``.
    value : str
        The other value.
    who : str
        Who says it: the id of a page, or the note's words.
    clause : str
        The part of the note.
    """

    about: str
    value: str
    who: str
    clause: str


def other_values(note: str) -> Iterator[OtherValue]:
    """Read what a note says that other pages say.

    Parameters
    ----------
    note : str
        The note of a fact.

    Yields
    ------
    OtherValue
        In the order of the note.

    Examples
    --------
    >>> [(found.about, found.value, found.who) for found in other_values("De Tijd gives EUR 24m")]
    [('amount', 'EUR 24m', 'De Tijd')]
    """
    for clause in CLAUSE.split(note):
        said = SAYS.match(clause) or IN_PAGE.match(clause)
        if said is None:
            continue
        page = PAGE.search(clause)
        who = page.group() if page else said["who"].strip(" ,:")
        what = PAGE.sub("", said["what"]).strip(" ,.()")
        found = _value(what)
        if found is not None:
            words = clause.strip(" .")
            yield OtherValue(*found, who, words if "(" in words else words.rstrip(")"))


def _value(what: str) -> tuple[str, str] | None:
    if AGAINST.search(what):
        return "parent", what
    years = YEAR.findall(what)
    if years:
        return ("founded" if FOUNDING.search(what) else "date"), years[-1]
    amount = next((found for found in AMOUNT.finditer(what)), None)
    return None if amount is None else ("amount", amount.group().strip())
