"""A firm's page: its traits, its facts with all pages behind them, its time line, its years."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.dataset.catalog.conflicts import conflicts
from belbiotech.dataset.catalog.provenance import PAGE_IN_NOTE
from belbiotech.dataset.facts.wording import FACT_TABLES, fact_date, fact_text
from belbiotech.explorer.states import State
from belbiotech.explorer.timeline import timeline
from belbiotech.explorer.words import Row, Words, is_web_link, shown

__all__ = ["Fact", "Life", "Page", "lives"]

KINDS = {
    "firms": "The firm",
    "events": "Event",
    "alliances": "Alliance",
    "financings": "Financing",
}
TRAITS = (
    "region",
    "city",
    "segment",
    "origin",
    "parent",
    "founded",
    "enterprise_number",
    "other_names",
    "frame",
    "first_documented",
    "last_seen_year",
    "last_sign_year",
    "never_observed",
)
IN_HEADER = {"firm_id", "name", "region", "segment", "origin", "frame", "start", "stop"}
DISPUTED = {
    "founded": "founding date",
    "start": "start",
    "end": "end",
    "alliance_type": "type of alliance",
    "upfront_million": "payment at signing",
    "total_million": "possible total",
}


@dataclass(frozen=True)
class Page:
    """A page that states a fact, or is named in the fact's note."""

    id: str
    title: str
    publisher: str
    published: str
    url: str
    is_link: bool
    states_it: bool


@dataclass(frozen=True)
class Fact:
    """One fact in words, and how it is known.

    ``others`` are what other pages said: about what, what they say, who says it.
    """

    kind: str
    date: str
    text: str
    confidence: str
    confidence_words: str
    date_quality: str
    note: str
    pages: tuple[Page, ...]
    others: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Life:
    """All that the page of a firm shows.

    ``headings`` and ``years`` are the firm's rows of the panel, in words; ``marked`` tells which
    of them are observed. ``timeline`` is what the chart is drawn from.
    """

    firm_id: str
    name: str
    fate: str
    out_reason: str
    traits: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]
    headings: tuple[str, ...]
    years: tuple[tuple[str, ...], ...]
    marked: tuple[bool, ...]
    timeline: Mapping[str, Any]


def lives(state: State, words: Words) -> Iterator[Life]:
    """Gather what is known of each firm.

    Parameters
    ----------
    state : State
        The release.
    words : Words
        Its labels.

    Yields
    ------
    Life
        One a firm, in the order of the table of firms.
    """
    tables = state.tables
    pages = {row["source_id"]: row for row in tables.sources.to_dict("records")}
    others = defaultdict(list)
    for row in conflicts(tables=tables).to_dict("records"):
        who = pages[row["other_source"]]["title"] if row["other_source"] in pages else None
        about = DISPUTED.get(row["about"], shown(row["about"]))
        told = (about, shown(row["other"]), who or shown(row["other_source"]) or "another page")
        others[row["firm_id"], row["table"], row["fact"], row["date"]].append(told)
    rows = {name: _by_firm(getattr(tables, name)) for name in (*FACT_TABLES, "firm_year")}
    for firm in tables.firms.to_dict("records"):
        own = {name: by_firm.get(firm["firm_id"], []) for name, by_firm in rows.items()}
        yield _life(firm, own, words, pages, others, state)


def _by_firm(table: pd.DataFrame) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in table.to_dict("records"):
        found[row["firm_id"]].append(row)
    return found


def _life(
    firm: Row,
    own: Mapping[str, list[Row]],
    words: Words,
    pages: Mapping[str, Row],
    others: Mapping[tuple[Any, ...], list[tuple[str, str, str]]],
    state: State,
) -> Life:
    facts = [
        _fact(name, row, words, pages, others.get(_key(name, row), []))
        for name in FACT_TABLES
        for row in own[name]
    ]
    panel = own["firm_year"]
    columns = [name for name in state.tables.firm_year.columns if name not in IN_HEADER]
    return Life(
        firm_id=firm["firm_id"],
        name=firm["name"],
        fate=words.fate(firm),
        out_reason=words.label("firms", "out_reason", firm.get("out_reason")),
        traits=tuple(_traits(firm, words)),
        facts=tuple(sorted(facts, key=lambda fact: fact.date)),
        headings=tuple(words.title("firm_year", name) for name in columns),
        years=tuple(tuple(shown(row[name]) for name in columns) for row in panel),
        marked=tuple(bool(row["observed"]) for row in panel),
        timeline=timeline(firm, own, words, state.tables.parameters),
    )


def _key(table: str, row: Row) -> tuple[Any, ...]:
    return row["firm_id"], table, fact_text(table, row), fact_date(table, row)


def _traits(firm: Row, words: Words) -> Iterator[tuple[str, str]]:
    for name in TRAITS:
        value = words.label("firms", name, firm.get(name))
        if value:
            yield words.title("firms", name), value.replace(";", "; ")


def _fact(
    table: str,
    row: Row,
    words: Words,
    pages: Mapping[str, Row],
    others: list[tuple[str, str, str]],
) -> Fact:
    stated = row["source_ids"].split(";") if table == "firms" else [row["source_id"]]
    named = [name for name in PAGE_IN_NOTE.findall(row["note"] or "") if name in pages]
    return Fact(
        kind=KINDS[table],
        date=fact_date(table, row) or "",
        text=words.fact(table, row),
        confidence=shown(row["confidence"]),
        confidence_words=words.label(table, "confidence", row["confidence"]),
        date_quality=words.label(table, "date_quality", row["date_quality"]),
        note=shown(row["note"]),
        pages=tuple(
            _page(pages[name], states_it=name in stated)
            for name in dict.fromkeys([*stated, *named])
        ),
        others=tuple(others),
    )


def _page(row: Row, *, states_it: bool) -> Page:
    return Page(
        id=row["source_id"],
        title=shown(row["title"]),
        publisher=shown(row["publisher"]),
        published=shown(row["published"]),
        url=shown(row["url"]),
        is_link=is_web_link(row["url"]),
        states_it=states_it,
    )
