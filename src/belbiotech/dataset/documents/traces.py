"""Rows of the panel that differ between two states of the data, each with the facts that did it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from belbiotech.dataset.facts.matching import FactChange, Row
from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.facts.wording import fact_date, fact_text
from belbiotech.dataset.panel.fields import FIRM_YEAR
from belbiotech.dataset.panel.spans import Life, Spans, fact_spans, life_of, page_spans, together

__all__ = ["UNTRACED", "change_text", "changed_rows"]

KEY = ["firm_id", "year"]
NO_PAGES: frozenset[str] = frozenset()
BESIDE = {"source_id", "source_ids", "confidence", "date_quality", "note"}
COLUMNS = [*KEY, "change", "column", "old", "new", "through"]
UNTRACED = "no changed fact found"

# Parameters that decide on what is observed, and on how long silent firms are followed.
OF_THE_RULE = ("observation", "follow_up", "evidence")
# Columns of the panel that a changed column of `firms` moves.
OF_FIRMS = {
    "name": {"name"},
    "founded": {"year", "age", "start", "stop"},
    "region": {"region"},
    "segment": {"segment"},
    "origin": {"origin"},
}
FATE = ("failure", "acquisition", "exit")
# Columns of the other facts that move anything in the panel.
DECISIVE = {
    "events": {"event", "date"},
    "alliances": {"partner_type", "alliance_type", "start", "end"},
    "financings": {"date"},
}


@dataclass(frozen=True)
class _Part:
    """A changed fact in words, and where in the panel it had a part before or has one now."""

    text: str
    spans: tuple[Spans, ...]

    def moves(self, column: str | None, year: int) -> bool:
        """Tell whether it may have moved a cell, or a whole row if no column is given."""
        if column is None:
            return any("year" in spans for spans in self.spans)
        found = [spans[column] for spans in self.spans if column in spans]
        return any(first <= year <= last for first, last in found)


def changed_rows(old: Tables, new: Tables, changes: Sequence[FactChange]) -> pd.DataFrame:
    """List the panel's rows and cells that differ, and the changed facts behind each.

    Parameters
    ----------
    old, new : Tables
        The two states.
    changes : sequence of FactChange
        How their facts differ.

    Returns
    -------
    DataFrame
        ``firm_id``, ``year``, ``change`` (added, removed or changed), ``column``, ``old``,
        ``new`` (for a row that came or went these three are missing) and ``through``.
    """
    cells = _changed_cells(old.firm_year, new.firm_year)
    parameters = {*old.parameters, *new.parameters}
    moved = {
        name: f"{name} {old.parameters.get(name)} -> {new.parameters.get(name)}"
        for name in sorted(parameters)
        if old.parameters.get(name) != new.parameters.get(name)
    }
    rule = [text for name, text in moved.items() if name in OF_THE_RULE]
    parts = {name: _parts(name, old, new, changes) for name in cells["firm_id"].unique()}
    through = []
    for name, column, year in zip(cells["firm_id"], cells["column"], cells["year"], strict=True):
        texts = [part.text for part in parts[name] if part.moves(column, year)]
        texts += rule if column in (None, "observed") else []
        through.append("; ".join(texts or moved.values() or [UNTRACED]))
    return cells.assign(through=pd.Series(through, cells.index, dtype=object))[COLUMNS]


def change_text(change: FactChange) -> str:
    """Say in words how a fact changed.

    Parameters
    ----------
    change : FactChange
        The change.

    Returns
    -------
    str
        The fact, its date, and what happened to it.
    """
    if change.table == "sources":
        what = f"page {change.row['source_id']}"
    else:
        what = f"{change.table}: {fact_text(change.table, change.row)}"
        date = fact_date(change.table, change.row)
        what += f", {date}" if date and change.table != "firms" else ""
    if change.old is None or change.new is None:
        return f"{what} ({change.change})"
    moves = [
        f"{name} {change.old[name] or 'blank'} -> {change.new[name] or 'blank'}"
        for name in change.columns
        if name not in BESIDE
    ]
    return f"{what} ({', '.join(moves) or 'page, confidence or note'})"


def _changed_cells(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    both = old.merge(new, on=KEY, how="outer", suffixes=("_old", "_new"), indicator="side")
    words = {"left_only": "removed", "right_only": "added", "both": "changed"}
    both["change"] = both["side"].astype(str).map(words)
    found = [both.loc[both["side"] != "both", [*KEY, "change"]].assign(column=None)]
    kept = both[both["side"] == "both"]
    for name in FIRM_YEAR:
        if name not in KEY and name in old and name in new:
            moved = kept[kept[f"{name}_old"] != kept[f"{name}_new"]]
            cells = moved[[*KEY, "change"]].assign(column=name)
            # Merging made whole numbers floats; here no value is missing, so they can go back.
            before = moved[f"{name}_old"].astype(old[name].dtype)
            after = moved[f"{name}_new"].astype(new[name].dtype)
            found.append(cells.assign(old=before, new=after))
    cells = pd.concat([part.astype(object) for part in found]).reindex(columns=COLUMNS)
    cells["year"] = cells["year"].astype("int64")
    return cells.sort_values(KEY, kind="stable", ignore_index=True)


def _parts(firm_id: str, old: Tables, new: Tables, changes: Sequence[FactChange]) -> list[_Part]:
    lives = [
        life_of(tables, firm_id) if firm_id in set(tables.firms["firm_id"]) else None
        for tables in (old, new)
    ]
    pages = [_by_id(tables.sources) for tables in (old, new)]
    found = []
    for change in changes:
        if change.table == "sources":
            spans = tuple(_page_spans(change, firm_id, (old, new), lives))
        elif change.row["firm_id"] == firm_id:
            spans = tuple(_fact_spans(change, lives, pages))
        else:
            continue
        found.append(_Part(change_text(change), spans))
    return found


def _by_id(sources: pd.DataFrame) -> dict[str, Row]:
    return {str(row["source_id"]): row for row in sources.to_dict("records")}


def _fact_spans(
    change: FactChange, lives: Sequence[Life | None], pages: Sequence[dict[str, Row]]
) -> Iterator[Spans]:
    for row, life, known in zip((change.old, change.new), lives, pages, strict=True):
        if row is None or life is None or life.last < life.first:
            continue
        spans = fact_spans(change.table, row, life)
        if change.table == "events":
            spans |= _taken_places(row, life)
        if change.change == "changed":
            spans = _decisive(change, spans)
        ids = row["source_ids"].split(";") if change.table == "firms" else [row["source_id"]]
        for page in ids:
            spans = together(spans, page_spans(known[page], life))
        if row.get("event") in life.exits:  # it keeps its page from opening an observation
            spans = together(spans, page_spans(known[ids[0]], replace(life, exit_pages=NO_PAGES)))
        yield spans


def _taken_places(event: Row, life: Life) -> Spans:
    """Where an event counts instead of another one: a firm has one end, and one first listing."""
    kind, year = event["event"], event["date_year"]
    if kind == "ipo" and year == life.first_listing:
        return life.clipped({"ipo": (year, life.last)})
    if kind == life.row["exit_event"] and year == life.row["exit_year"]:
        return life.clipped(dict.fromkeys(FATE, (year, year)))
    return {}


def _decisive(change: FactChange, spans: Spans) -> Spans:
    """Keep what the changed columns can have moved."""
    if change.table != "firms":
        return spans if set(change.columns) & DECISIVE[change.table] else {}
    moved = set().union(*(OF_FIRMS.get(column, set()) for column in change.columns))
    return {name: span for name, span in spans.items() if name in moved}


def _page_spans(
    change: FactChange,
    firm_id: str,
    tables: tuple[Tables, Tables],
    lives: Sequence[Life | None],
) -> Iterator[Spans]:
    """Where a page whose date changed decides on what is observed of a firm."""
    if "published" not in change.columns:
        return
    for row, state, life in zip((change.old, change.new), tables, lives, strict=True):
        if row is None or life is None:
            continue
        if row["source_id"] in _pages_of(state, firm_id):
            yield page_spans(row, life)


def _pages_of(tables: Tables, firm_id: str) -> set[str]:
    firm = tables.firms[tables.firms["firm_id"] == firm_id]
    pages = {page for ids in firm["source_ids"] for page in ids.split(";")}
    for table in (tables.events, tables.alliances, tables.financings):
        pages |= set(table.loc[table["firm_id"] == firm_id, "source_id"])
    return pages
