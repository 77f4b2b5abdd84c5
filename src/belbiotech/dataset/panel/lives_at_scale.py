"""Firms' lives from facts in Parquet, as queries: the rules of `lives` and `observation`.

Readings are the usual ones: a liquidation is a failure, whoever buys a firm acquires it, and a
consortium counts once for each partner.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from belbiotech.dataset.facts.rules import DATED
from belbiotech.dataset.panel.observation import NO_END, ObservationRule

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["TRAITS", "first_exits", "firm_lives", "signs_of_life", "year_of"]

TRAITS = ("firm_id", "name", "region", "segment", "origin")


def year_of(date: ir.StringValue) -> ir.IntegerValue:
    """Give the year of a date such as 2006, 2006-05 or 2006-05-31; missing where it is."""
    return date.substr(0, 4).try_cast("int64")


def signs_of_life(facts: Mapping[str, ir.Table], ends: Mapping[str, str]) -> ir.Table:
    """List the years of dated pages on firms, those of their exits left out: firm_id, year."""
    firms, sources, events = (facts[name] for name in ("firms", "sources", "events"))
    own = firms.select("firm_id", source_id=firms["source_ids"].split(";").unnest())
    pages = own
    for name in DATED:
        pages = pages.union(facts[name].select("firm_id", "source_id"))
    exits = events.filter(events["event"].isin(list(ends))).select("firm_id", "source_id")
    left = pages.distinct().anti_join(exits, ["firm_id", "source_id"])
    dated = sources.select("source_id", year=year_of(sources["published"]))
    found = left.inner_join(dated, "source_id").select("firm_id", "year")
    return found.filter(found["year"].notnull()).distinct()  # noqa: PD004 (Ibis)


def first_exits(events: ir.Table, end_year: int, exits: Mapping[str, str]) -> ir.Table:
    """Find the event that ended each firm's life, as `lives.first_exits`: firm_id, kind, year."""
    import ibis

    ranks = {event: rank for rank, event in enumerate(exits)}
    date = events["date"]
    left = events.filter(events["event"].isin(list(exits))).select(
        "firm_id",
        kind=events["event"].cases(*exits.items()),
        rank=events["event"].cases(*ranks.items()),
        year=year_of(date),
        month=date.substr(5, 2).try_cast("int64"),
        day=date.substr(8, 2).try_cast("int64"),
    )
    left = left.filter(left["year"] <= end_year)
    of_firm = ibis.window(group_by="firm_id")
    for part in ("year", "month", "day"):
        first = left.mutate(first=left[part].min().over(of_firm))
        known = first[part].isnull() | (first[part] == first["first"])  # noqa: PD003
        left = first.filter(known).drop("first")
    ordered = left.mutate(
        place=ibis.row_number().over(ibis.window(group_by="firm_id", order_by="rank"))
    )
    return ordered.filter(ordered["place"] == 0).select("firm_id", "kind", "year")


def firm_lives(
    facts: Mapping[str, ir.Table],
    signs: ir.Table,
    rule: ObservationRule,
    end_year: int,
    ends: Mapping[str, str],
) -> ir.Table:
    """Derive the first and last year of each firm that has a row.

    Parameters
    ----------
    facts : mapping of str to ibis Table
        The facts.
    signs : ibis Table
        From `signs_of_life`.
    rule : ObservationRule
        How long a firm is followed after a sign of life.
    end_year : int
        The panel's last year.
    ends : mapping of str to str
        The events that end lives, each with how, in the order that decides where dates do not.

    Returns
    -------
    ibis Table
        The firm's traits, first_year, last_year, exit_kind, exit_year, first_documented,
        last_seen_year.
    """
    firms = facts["firms"].select(*TRAITS, first_year=year_of(facts["firms"]["founded"]))
    exits = first_exits(facts["events"], end_year, ends)
    exits = exits.rename(exit_kind="kind", exit_year="year")
    seen = _last_sightings(facts)
    last_sign = signs.group_by("firm_id").aggregate(last_sign=signs["year"].max())
    lives = firms.left_join(exits, "firm_id").drop("firm_id_right")
    for other in (seen, last_sign, _first_pages(facts)):
        lives = lives.left_join(other, "firm_id").drop("firm_id_right")
    followed: Any = lives["seen"]
    if rule.by_follow_up:
        last = lives["last_sign"]
        # None for ever: the years of a firm that has a sign run on to the last year.
        followed = last * 0 + NO_END if rule.follow_up is None else last + rule.follow_up
    silent = lives["seen"].fill_null(0)
    followed = followed.fill_null(0)
    silent = (silent > followed).ifelse(silent, followed)
    last = lives["exit_year"].fill_null(silent).clip(upper=end_year)
    lives = lives.mutate(last_year=last, last_seen_year=lives["exit_year"].fill_null(lives["seen"]))
    return lives.filter(lives["last_year"] >= lives["first_year"])


def _last_sightings(facts: Mapping[str, ir.Table]) -> ir.Table:
    firms = facts["firms"]
    years = firms.select("firm_id", year=year_of(firms["founded"]))
    for name, column in DATED.items():
        table = facts[name]
        years = years.union(table.select("firm_id", year=year_of(table[column])))
    return years.group_by("firm_id").aggregate(seen=years["year"].max())


def _first_pages(facts: Mapping[str, ir.Table]) -> ir.Table:
    firms, sources = facts["firms"], facts["sources"]
    pages = firms.select("firm_id", source_id=firms["source_ids"].split(";").unnest())
    for name in DATED:
        pages = pages.union(facts[name].select("firm_id", "source_id"))
    dated = sources.select("source_id", year=year_of(sources["published"]))
    found = pages.inner_join(dated, "source_id")
    return found.group_by("firm_id").aggregate(first_documented=found["year"].min())
