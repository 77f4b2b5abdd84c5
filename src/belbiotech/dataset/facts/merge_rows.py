"""One table of facts on top of another, row by row."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.rules import FACT_KEYS
from belbiotech.dataset.facts.wording import FACT_TABLES, fact_date, fact_text

__all__ = ["Table", "merge_events", "merge_named"]

Row = dict[Hashable, Any]
Place = tuple[str, int]

# Two facts of one firm that agree in one of these, without blanks, tell of the same thing.
SAME_THING = {
    "events": [["event", "counterparty"], ["event", "year"]],
    "alliances": [["partner", "year"]],
    "financings": [["round", "year"], ["date", "amount_million"]],
}
MANY_TIMES = ("observed_active",)
JOINED = {"source_ids": ";", "other_names": ";", "note": "; "}
OF_THE_ROW = ("confidence", "date_quality")


@dataclass(frozen=True)
class Table:
    """A merged table.

    Attributes
    ----------
    frame : DataFrame
        Its rows.
    places : list of (str, int)
        Set (base or own) and line of each row, if its file has no empty lines.
    conflicts : list of dict
        Where the two sets differ.
    new, same, filled : int
        Rows that were added, rows that were there, blank cells that were filled.
    """

    frame: pd.DataFrame
    places: list[Place]
    conflicts: list[dict[str, object]] = field(default_factory=list)
    new: int = 0
    same: int = 0
    filled: int = 0


def merge_named(name: str, base: pd.DataFrame, own: pd.DataFrame, prefer: str) -> Table:
    """Merge a table whose rows have ids of their own: firms or pages.

    Parameters
    ----------
    name : str
        ``firms`` or ``sources``.
    base, own : DataFrame
        The two sets, with the ids of the base.
    prefer : str
        ``own`` puts the own value where two differ; every other word keeps that of the base.

    Returns
    -------
    Table
        The rows of the base, then the new ones.
    """
    key = next(iter(FACTS[name]))
    rows: list[Row] = base.to_dict("records")
    places = _places("base", base)
    at = {row[key]: number for number, row in enumerate(rows)}
    names = {str(row["name"]).casefold(): row[key] for row in rows} if name == "firms" else {}
    conflicts, filled, new = [], 0, 0
    for row, place in zip(own.to_dict("records"), _places("own", own), strict=True):
        if row[key] not in at:
            new += 1
            rows.append(row)
            places.append(place)
            namesake = names.get(str(row.get("name")).casefold())
            if namesake is not None:
                conflicts.append(_conflict(name, row[key], "name", namesake, row[key], "both"))
            continue
        there = rows[at[row[key]]]
        cells = list(_cells(name, key, there, row, prefer))
        conflicts += [cell for cell in cells if cell["base"] is not None]
        filled += sum(cell["base"] is None for cell in cells)
        rows[at[row[key]]] = _together(there, row, cells)
    frame = pd.DataFrame(rows, columns=list(FACTS[name]), dtype=object)
    return Table(frame, places, conflicts, new, len(own) - new, filled)


def merge_events(name: str, base: pd.DataFrame, own: pd.DataFrame, prefer: str) -> Table:
    """Merge a table of facts that have no ids.

    Parameters
    ----------
    name : str
        ``events``, ``alliances`` or ``financings``.
    base, own : DataFrame
        The two sets, with the ids of the base.
    prefer : str
        What stays of two facts that tell of the same thing differently: ``base``, ``own`` or
        ``both``.

    Returns
    -------
    Table
        The rows of the base that stay, then the own ones.
    """
    rows: list[Row] = base.to_dict("records")
    same = {_key(row, FACT_KEYS[name]) for row in rows}
    index: dict[tuple[object, ...], int] = {}
    for number, row in enumerate(rows):
        for thing in _things(name, row):
            index.setdefault(thing, number)
    gone, kept, conflicts, known = set(), [], [], 0
    for row, place in zip(own.to_dict("records"), _places("own", own), strict=True):
        if _key(row, FACT_KEYS[name]) in same:
            known += 1
            continue
        rival = next((index[thing] for thing in _things(name, row) if thing in index), None)
        if rival is not None:
            one, two = _told(name, rows[rival]), _told(name, row)
            conflicts.append(_conflict(name, row["firm_id"], None, one, two, prefer))
            if prefer == "base":
                continue
            gone |= {rival} if prefer == "own" else set()
        kept.append((row, place))
    stays = [number for number in range(len(rows)) if number not in gone]
    places = _places("base", base)
    frame = pd.DataFrame(
        [*(rows[number] for number in stays), *(row for row, _ in kept)],
        columns=list(FACTS[name]),
        dtype=object,
    )
    where = [*(places[number] for number in stays), *(place for _, place in kept)]
    return Table(frame, where, conflicts, len(kept), known)


def _places(side: str, frame: pd.DataFrame) -> list[Place]:
    return [(side, number + 2) for number in range(len(frame))]


def _conflict(
    table: str, owner: object, column: str | None, base: object, own: object, kept: str
) -> dict[str, object]:
    names = ("table", "firm_id", "column", "base", "own", "kept")
    return dict(zip(names, (table, owner, column, base, own, kept), strict=True))


def _blank(value: object) -> bool:
    return value is None or value != value


def _cells(name: str, key: str, base: Row, own: Row, prefer: str) -> Iterator[dict[str, object]]:
    """Cells in which two rows of one firm or page differ; a blank in the base is None."""
    for column in FACTS[name]:
        one, two = base[column], own[column]
        if column in (key, *JOINED, *OF_THE_ROW) or _blank(two) or one == two:
            continue
        kept = "own" if prefer == "own" or _blank(one) else "base"
        yield _conflict(name, base[key], column, None if _blank(one) else one, two, kept)


def _together(base: Row, own: Row, cells: list[dict[str, object]]) -> Row:
    """Put the own values that stay into a row of the base."""
    taken: Row = {str(cell["column"]): cell["own"] for cell in cells if cell["kept"] == "own"}
    joined: Row = {
        column: sign.join(dict.fromkeys(part for part in parts if part)) or None
        for column, sign in JOINED.items()
        if column in base
        for parts in [[*_parts(base[column], sign), *_parts(own[column], sign)]]
    }
    quality: Row = {}
    if "founded" in taken:
        worse = max(base["confidence"], own["confidence"])
        quality = {"date_quality": own["date_quality"], "confidence": worse}
    return {**base, **joined, **taken, **quality}


def _parts(value: object, sign: str) -> list[str]:
    return value.split(sign) if isinstance(value, str) else []


def _key(row: Mapping[Hashable, Any], columns: list[str]) -> tuple[object, ...]:
    names = ["firm_id", *(column for column in columns if column != "firm_id")]
    return tuple(None if _blank(row[column]) else row[column] for column in names)


def _things(name: str, row: Row) -> Iterator[tuple[object, ...]]:
    """Name what a fact tells of, once for each way in which two facts may tell of the same."""
    if row.get("event") in MANY_TIMES:
        return
    dated = {**row, "year": str(row[FACT_TABLES[name]])[:4]}
    for number, columns in enumerate(SAME_THING[name]):
        values = [dated[column] for column in columns]
        if not any(_blank(value) for value in values):
            yield (number, row["firm_id"], *values)


def _told(name: str, row: Row) -> str:
    return f"{fact_text(name, row)}, {fact_date(name, row)} [{row['source_id']}]"
