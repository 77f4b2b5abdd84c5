"""Which facts have a part in which cells of the panel: the panel's rules, read backwards."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.codes import EXITS
from belbiotech.dataset.facts.firm_names import firms_nearby
from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.facts.wording import FACT_TABLES
from belbiotech.dataset.panel.observation import ObservationRule, rule_of
from belbiotech.errors import PanelError, in_words

__all__ = ["Life", "Row", "Spans", "fact_spans", "life_of", "page_spans", "rows_of", "together"]

# What a fact has a part in: column of the panel -> first and last year.
Spans = dict[str, tuple[int, int]]
Row = Mapping[Hashable, Any]

TRAITS = ("firm_id", "name", "year", "age", "start", "stop", "region", "segment", "origin")


@dataclass(frozen=True)
class Life:
    """What decides on the part that a firm's facts have in its rows.

    Attributes
    ----------
    row : mapping
        The firm's row in ``firms``.
    first, last : int
        Its first and last year in the panel; the last is before the first if it has none.
    first_listing : int or None
        The year of its first listing.
    window : int or None
        How many year-ends an alliance without a known end is in force.
    rule : ObservationRule
        How long the firm is followed after a sign of life.
    exit_pages : frozenset of str
        Pages that state an exit of it.
    exits : frozenset of str
        The events that end lives.
    """

    row: Row
    first: int
    last: int
    first_listing: int | None
    window: int | None
    rule: ObservationRule = ObservationRule(observation="first_page")
    exit_pages: frozenset[str] = frozenset()
    exits: frozenset[str] = frozenset(EXITS)

    @property
    def whole(self) -> tuple[int, int]:
        """All its years."""
        return self.first, self.last

    def clipped(self, spans: Spans) -> Spans:
        """Keep of each span what lies in its years."""
        return {
            name: (max(since, self.first), min(to, self.last))
            for name, (since, to) in spans.items()
        }

    def followed(self, year: int) -> Spans:
        """Where a sign of life in a year has a part, if it counts as one."""
        years = self.rule.follow_up
        until = self.last if years is None else year + years
        spans: Spans = {"observed": (year + 1, until)}
        if self.row["exit_kind"] is None and year == self.row["last_sign_year"]:
            spans["year"] = self.whole  # without it the rows would end earlier
        return spans


def together(one: Spans, other: Spans) -> Spans:
    """Put spans together: of a column in both, from the first year of either to the last.

    Parameters
    ----------
    one, other : dict
        Columns with their years.

    Returns
    -------
    dict
        All columns.

    Examples
    --------
    >>> together({"year": (2001, 2004)}, {"year": (2003, 2006), "exit": (2006, 2006)})
    {'year': (2001, 2006), 'exit': (2006, 2006)}
    """
    found = dict(one)
    for name, (first, last) in other.items():
        since, to = found.get(name, (first, last))
        if since > to:  # no year at all
            found[name] = (first, last)
        elif first <= last:
            found[name] = (min(since, first), max(to, last))
    return found


def rows_of(table: pd.DataFrame, firm_id: str) -> list[dict[Hashable, Any]]:
    """Rows of one firm in a table.

    Parameters
    ----------
    table : DataFrame
        Any table with ``firm_id``.
    firm_id : str
        The firm.

    Returns
    -------
    list of dict
        The rows, by column.
    """
    return table[table["firm_id"] == firm_id].to_dict("records")


def page_spans(page: Row, life: Life) -> Spans:
    """Columns of the panel in which a page has a part, by the year in which it was published.

    Parameters
    ----------
    page : mapping
        Its row in ``sources``.
    life : Life
        The life of a firm that it is about.

    Returns
    -------
    dict
        Of a dated page on the firm: ``observed`` in the years in which it is followed (but for a
        page on its exit), and ``observed_first_page`` if it is from the firm's first such year.
    """
    if pd.isna(page["published_year"]) or life.last < life.first:
        return {}
    year, spans = int(page["published_year"]), Spans()
    if year == life.row["first_documented"]:
        spans["observed_first_page"] = life.whole
        if not life.rule.by_follow_up:
            spans["observed"] = life.whole
    if life.rule.by_follow_up and page["source_id"] not in life.exit_pages:
        spans |= life.followed(year)
    return life.clipped(spans)


def life_of(tables: Tables, firm_id: str) -> Life:
    """Look up a firm's life.

    Parameters
    ----------
    tables : Tables
        As built or loaded.
    firm_id : str
        The firm.

    Returns
    -------
    Life
        What its facts' parts depend on.

    Raises
    ------
    PanelError
        An unknown firm.
    """
    rows = rows_of(tables.firms, firm_id)
    if not rows:
        told = firms_nearby(tables.firms, firm_id)
        msg = f"there is no firm {in_words(firm_id)}; {told}"
        raise PanelError(msg)
    listings = [
        int(event["date_year"])
        for event in rows_of(tables.events, firm_id)
        if event["event"] == "ipo"
    ]
    first = int(rows[0]["founded_year"]) if rows[0]["in_panel"] else 0
    return Life(
        rows[0],
        first,
        first + int(rows[0]["rows"]) - 1,
        min(listings, default=None),
        tables.parameters["alliance_window"],
        rule_of(tables.parameters),
        frozenset(
            event["source_id"]
            for event in rows_of(tables.events, firm_id)
            if event["event"] in tables.exits
        ),
        frozenset(tables.exits),
    )


def fact_spans(table: str, row: Row, life: Life) -> Spans:
    """Columns of the panel in which a fact has a part, each with its first and last year.

    Parameters
    ----------
    table : str
        The fact's table.
    row : mapping
        The fact.
    life : Life
        Its firm's life.

    Returns
    -------
    dict
        Empty for a firm that is not in the panel. ``observed`` depends on the pages, see
        :func:`page_spans`; only built with ``evidence`` = facts do dates of facts have a part.
    """
    if life.last < life.first:
        return {}
    if table == "firms":
        return dict.fromkeys(TRAITS, life.whole)
    year = int(row[f"{FACT_TABLES[table]}_year"])
    spans = {
        "alliances": _alliance_spans,
        "financings": _financing_spans,
        "events": _event_spans,
    }[table](row, year, life)
    if life.row["exit_kind"] is None and year == life.row["last_seen_year"]:
        spans["year"] = life.whole  # the sighting without which the rows would end earlier
    if life.rule.by_follow_up and life.rule.evidence == "facts" and _is_sign(row, life):
        spans |= life.followed(year)
    return life.clipped(spans)


def _is_sign(row: Row, life: Life) -> bool:
    """Tell whether a fact shows the firm alive, by a page other than one on its exit."""
    return row.get("event") not in life.exits and row["source_id"] not in life.exit_pages


def _alliance_spans(row: Row, year: int, life: Life) -> Spans:
    unknown = life.last if life.window is None else year + life.window
    ends: int = unknown if pd.isna(row["end_year"]) else int(row["end_year"])
    groups = [name for name in (row["partner_group"], row["purpose"]) if isinstance(name, str)]
    spans: Spans = {}
    for prefix in ("alliances", *(f"alliances_{group}" for group in groups)):
        spans[f"{prefix}_new"] = (year, year)
        spans[f"{prefix}_cum_lag1"] = (year + 1, life.last)
        spans[f"{prefix}_active_lag1"] = (year + 1, ends)
    return spans


def _financing_spans(row: Row, year: int, life: Life) -> Spans:
    return {
        "financing_rounds_new": (year, year),
        "financing_rounds_cum_lag1": (year + 1, life.last),
    }


def _event_spans(row: Row, year: int, life: Life) -> Spans:
    spans: Spans = {}
    kind, fate = row["event"], life.row["exit_kind"]
    if kind in ("ipo", "delisted"):
        spans["listed_lag1"] = (year + 1, life.last)
    if kind == "ipo" and year == life.first_listing:
        spans["ipo"] = (year, year)
    if kind == life.row["exit_event"] and year == life.row["exit_year"]:
        spans["year"] = life.whole
        if fate in ("failure", "acquisition"):
            spans |= {fate: (year, year), "exit": (year, year)}
    return spans
