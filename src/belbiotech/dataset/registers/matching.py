"""Which unit of one source is which firm of another: by number, else by name and town.

Each match has a score from 0 to 1 and the rule that found it, and is kept in a file that a
person can correct; what they decide there stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from belbiotech.dataset.facts.texts import read_texts
from belbiotech.dataset.registers.files.numbers import belgian_number
from belbiotech.dataset.registers.names import plain_town, words_of
from belbiotech.errors import FactsError

__all__ = ["MATCH_COLUMNS", "THRESHOLD", "Unit", "match_units", "read_matches", "units_of_firms"]

THRESHOLD = 0.9
"""Matches below it are told and not used. At it, at least 99 of 100 are right (see the tests)."""

SHOWN = 0.8  # below it a candidate is not even told
CLEAR = 0.03  # by which the best firm must be ahead of the next one
MATCH_COLUMNS = (
    "unit_id",
    "unit_name",
    "unit_town",
    "unit_number",
    "firm_id",
    "firm_name",
    "score",
    "rule",
    "decision",
)


@dataclass(frozen=True)
class Unit:
    """What is known of a unit or a firm.

    Attributes
    ----------
    key : str
        Its id in its source.
    names : tuple of str
        All its names.
    towns : tuple of str
        Its towns; none if it is not known.
    number : str or None
        Its national number, in one form.
    """

    key: str
    names: tuple[str, ...]
    towns: tuple[str, ...] = ()
    number: str | None = None


def units_of_firms(firms: pd.DataFrame) -> list[Unit]:
    """Take units out of a table of firms.

    Parameters
    ----------
    firms : DataFrame
        As in the facts.

    Returns
    -------
    list of Unit
        In the order of the rows.
    """
    units = []
    for row in firms.to_dict("records"):
        others = str(row["other_names"]).split(";") if row["other_names"] else []
        towns = (str(row["city"]),) if row["city"] else ()
        number = belgian_number(row["enterprise_number"])
        units.append(Unit(str(row["firm_id"]), (str(row["name"]), *others), towns, number))
    return units


class _Name:
    """One name, ready to be compared."""

    __slots__ = ("at", "joined", "numbers", "sorted", "words")

    def __init__(self, words: tuple[str, ...], at: int = -1) -> None:
        self.at = at
        self.words = words
        self.sorted = tuple(sorted(words))
        self.joined = "".join(words)
        self.numbers = _numbers_of(words)


def match_units(
    units: Sequence[Unit], firms: Sequence[Unit], *, threshold: float = THRESHOLD
) -> pd.DataFrame:
    """Find for each unit the firm that it is.

    A number decides, both ways: units with the same number are the same firm, units with two
    different ones are not. Without a number on both sides names decide: words without legal
    forms, accents, signs and usual abbreviations, in any order; then names that differ in a few
    letters. A town that agrees makes a name surer, one that does not less sure; a name of one
    short or common word needs it. Two firms about as good are no match.

    Parameters
    ----------
    units : sequence of Unit
        What is looked for.
    firms : sequence of Unit
        Where it is looked for.
    threshold : float
        The lowest score that counts as a match.

    Returns
    -------
    DataFrame
        `MATCH_COLUMNS`, one row for each unit with a candidate; ``decision`` is ``match``,
        ``unsure`` (two firms about as good) or ``below`` (the threshold).

    Examples
    --------
    >>> firms = [Unit("ablynx", ("Ablynx",), ("Ghent",)), Unit("argenx", ("argenx",))]
    >>> found = match_units([Unit("9", ("ABLYNX N.V.",), ("Gent",))], firms)
    >>> found[["firm_id", "score", "rule", "decision"]].values.tolist()
    [['ablynx', 0.99, 'name and town', 'match']]
    """
    by_number = {firm.number: at for at, firm in enumerate(firms) if firm.number}
    names = [
        _Name(words, at)
        for at, firm in enumerate(firms)
        for words in dict.fromkeys(words_of(name) for name in firm.names)
        if words
    ]
    index = _Index(names)
    towns = [frozenset(plain_town(town) for town in firm.towns if town) for firm in firms]
    rows = []
    for unit in units:
        at = by_number.get(unit.number) if unit.number else None
        if at is not None:
            rows.append(_row(unit, firms[at], 1.0, "number", "match"))
            continue
        scores = _scores(unit, firms, index, towns)
        if not scores:
            continue
        (score, rule, at), *others = scores
        if score < SHOWN:
            continue
        near = bool(others) and score - others[0][0] < CLEAR
        decision = "unsure" if near else "match" if score >= threshold else "below"
        rows.append(_row(unit, firms[at], score, rule, decision))
    return pd.DataFrame(rows, columns=list(MATCH_COLUMNS))


class _Index:
    """Names by their words, and by the beginnings of their words, so that few are compared."""

    MOST = 400  # names that share a beginning: more tell nothing

    def __init__(self, names: Sequence[_Name]) -> None:
        self.by_words: dict[tuple[str, ...], list[_Name]] = defaultdict(list)
        self.by_start: dict[str, list[_Name]] = defaultdict(list)
        self.count: dict[str, int] = defaultdict(int)
        for name in names:
            self.by_words[name.sorted].append(name)
            self.by_start[name.joined[:4]].append(name)
            for word in set(name.words):
                self.count[word] += 1
                self.by_start[word[:5]].append(name)

    def like(self, name: _Name) -> list[_Name]:
        """Names worth a comparison, the same ones and those that begin alike."""
        keys = {name.joined[:4], *(word[:5] for word in name.words if len(word) > 3)}
        found: dict[int, _Name] = {id(n): n for n in self.by_words.get(name.sorted, [])}
        for key in sorted(keys):
            some = self.by_start.get(key, [])
            if len(some) <= self.MOST:
                found |= {id(n): n for n in some if abs(len(n.joined) - len(name.joined)) <= 1}
        return list(found.values())

    def is_telling(self, words: tuple[str, ...]) -> bool:
        """Whether a name says enough without a town: a long word that few others have."""
        return any(len(word) >= 6 and self.count.get(word, 0) <= 3 for word in words)


def _scores(
    unit: Unit, firms: Sequence[Unit], index: _Index, towns: Sequence[frozenset[str]]
) -> list[tuple[float, str, int]]:
    """Score each firm that is like a unit, the best first."""
    here = frozenset(plain_town(town) for town in unit.towns if town)
    best: dict[int, tuple[float, str]] = {}
    for words in dict.fromkeys(words_of(name) for name in unit.names):
        name = _Name(words)
        if len(name.joined) < 2:
            continue
        for other in index.like(name):
            firm = firms[other.at]
            if unit.number and firm.number:
                continue  # two numbers that differ: two firms
            likeness = _likeness(name, other)
            if likeness < SHOWN:
                continue
            score, rule = _with_town(likeness, here, towns[other.at], index.is_telling(words))
            if score > best.get(other.at, (0.0, ""))[0]:
                best[other.at] = score, rule
    ordered = [(score, rule, at) for at, (score, rule) in best.items()]
    return sorted(ordered, key=lambda one: (-one[0], firms[one[2]].key))


def _likeness(one: _Name, other: _Name) -> float:
    """How alike two names are: 1 for the same words, less for one slip of a letter, else 0."""
    if one.sorted == other.sorted:
        return 1.0
    if one.joined == other.joined:
        return 0.99
    longest = max(len(one.joined), len(other.joined))
    if longest < 6 or one.numbers != other.numbers:
        return 0.0  # Fund 2 is not Fund 3
    mine, theirs = set(one.words), set(other.words)
    if mine & theirs and not _one_word_misspelt(mine - theirs, theirs - mine):
        return 0.0  # one has a word more, or another word: Biotech Ghent, Biotech Leuven
    slip = _edits(one.joined, other.joined) == 1
    return 0.9 + 0.08 * (1 - 6 / longest) if slip else 0.0


def _one_word_misspelt(mine: set[str], theirs: set[str]) -> bool:
    if len(mine) != 1 or len(theirs) != 1:
        return False
    one, two = next(iter(mine)), next(iter(theirs))
    return min(len(one), len(two)) >= 5 and one[0] == two[0] and _edits(one, two) == 1


def _numbers_of(words: tuple[str, ...]) -> list[str]:
    roman = {"i", "ii", "iii", "iv", "v"}
    return sorted(word for word in words if word in roman or any(sign.isdigit() for sign in word))


def _edits(one: str, two: str) -> int:
    """Letters added, left out, changed or exchanged with the next (Damerau 1964), up to four."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for at, sign in enumerate(one, start=1):
        earlier, before, row = before, row, [at]
        for other, letter in enumerate(two, start=1):
            best = min(before[other] + 1, row[-1] + 1, before[other - 1] + (sign != letter))
            swapped = at > 1 and other > 1 and sign == two[other - 2] and one[at - 2] == letter
            row.append(min(best, earlier[other - 2] + 1) if swapped else best)
        if min(row) > 3:
            return 4
    return min(row[-1], 4)


def _with_town(
    likeness: float, here: frozenset[str], there: frozenset[str], telling: bool
) -> tuple[float, str]:
    """Make a score of a likeness and two towns."""
    if here and there:
        if here & there or _nested(here, there):
            return (0.99 if likeness == 1.0 else min(0.98, likeness + 0.03)), "name and town"
        lowered = 0.05 if telling and likeness == 1.0 else 0.15
        return likeness - lowered, "name, other town"
    return (0.95 if likeness == 1.0 and telling else likeness - 0.12), "name, no town"


def _nested(here: frozenset[str], there: frozenset[str]) -> bool:
    """Whether one town's name is part of the other's: Gent, Gent Zwijnaarde."""
    return any(
        set(a.split()) <= set(b.split()) or set(b.split()) <= set(a.split())
        for a in here
        for b in there
    )


def _row(unit: Unit, firm: Unit, score: float, rule: str, decision: str) -> tuple[object, ...]:
    return (
        unit.key,
        unit.names[0] if unit.names else None,
        unit.towns[0] if unit.towns else None,
        unit.number,
        firm.key,
        firm.names[0],
        round(score, 3),
        rule,
        decision,
    )


def read_matches(path: str | Path, firms: Sequence[str]) -> Mapping[str, str | None]:
    """Read a file of matches that a person has gone through.

    Parameters
    ----------
    path : str or Path
        matches.csv as it was written. A decision ``match`` binds the unit to the firm in its row
        (whose id may have been changed), any other word says that it is none of the firms.
    firms : sequence of str
        The ids that there are.

    Returns
    -------
    mapping of str to str or None
        Unit to firm, or to None.

    Raises
    ------
    FactsError
        What is wrong with the file, all at once.
    """
    table, problems = read_texts(Path(path), MATCH_COLUMNS)
    if table is None or set(MATCH_COLUMNS) - set(table.frame.columns):
        raise FactsError([str(problem) for problem in problems])
    known, found = set(firms), dict[str, str | None]()
    for number, row in enumerate(table.frame.to_dict("records")):
        unit, firm = row["unit_id"], row["firm_id"]
        if unit is None:
            problems.append(table.problem(number, "column 'unit_id' is blank, and must not be"))
        elif row["decision"] != "match":
            found[unit] = None
        elif firm not in known:
            text = f"column 'firm_id': {firm!r} is none of the firms; take it from firms.csv"
            problems.append(table.problem(number, text))
        elif unit in found:
            problems.append(table.problem(number, f"unit {unit!r} is there already"))
        else:
            found[unit] = firm
    if problems:
        raise FactsError([str(problem) for problem in problems])
    return found
