"""A firm's life from its facts: founding, exit, last sighting, and how long it is observed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from belbiotech.dataset.facts.codes import EXITS
from belbiotech.dataset.facts.dates import date_year
from belbiotech.dataset.facts.read import Facts
from belbiotech.dataset.panel.observation import ObservationRule, firm_pages
from belbiotech.dataset.panel.readings import Readings, exits_read

__all__ = ["firm_lives", "first_exits", "observed_lives"]


def firm_lives(
    facts: Facts,
    signs: pd.DataFrame,
    rule: ObservationRule,
    end_year: int,
    readings: Readings,
) -> pd.DataFrame:
    """Derive each firm's life.

    Parameters
    ----------
    facts : Facts
        Checked facts.
    signs : DataFrame
        Years with a sign of life, as
        :func:`~belbiotech.dataset.panel.observation.signs_of_life` gives them.
    rule : ObservationRule
        How long a firm is followed after such a year.
    end_year : int
        The panel's last year: an exit after it has not happened yet.
    readings : Readings
        How exits that can be questioned are counted.

    Returns
    -------
    DataFrame
        One row a firm, in the order of ``facts.firms``, with the columns that ``firms`` has in a
        release beside the facts, but for those on what is observed.
    """
    firms = facts.firms.set_index("firm_id")
    lives = pd.DataFrame(index=firms.index)
    lives["founded_year"] = date_year(firms["founded"])
    lives["first_documented"] = first_pages(facts).reindex(lives.index).astype("Int64")
    last_sign = signs.groupby("firm_id")["year"].max().reindex(lives.index).astype("Int64")
    lives["last_sign_year"] = last_sign
    exits = first_exits(facts.events, end_year, readings, facts.exits).reindex(lives.index)
    lives["exit_event"], lives["exit_kind"] = _texts(exits["event"]), _texts(exits["kind"])
    lives["exit_year"] = exits["year"].astype("Int64")
    lives["exit_doubtful"] = exits["doubtful"].eq(True)
    seen = last_sightings(facts).reindex(lives.index).astype("Int64")
    lives["last_seen_year"] = lives["exit_year"].fillna(seen)
    followed = rule.last_followed(last_sign) if rule.by_follow_up else seen
    silent = pd.concat([seen, followed], axis=1).max(axis=1).astype("Int64")
    last_row = lives["exit_year"].fillna(silent).clip(upper=end_year)
    rows = (last_row - lives["founded_year"] + 1).clip(lower=0)
    lives["rows"] = rows.fillna(0).astype("int64")
    lives["in_panel"] = lives["rows"] > 0
    unborn, unknown = "founded_after_end_year", "no_founding_year"
    reasons = lives["founded_year"].isna().map({True: unknown, False: unborn})
    lives["out_reason"] = _texts(reasons[~lives["in_panel"]].reindex(lives.index))
    return lives


def observed_lives(firms: pd.DataFrame, panel: pd.DataFrame, rule: ObservationRule) -> pd.DataFrame:
    """Count each firm's rows under observation, and say why one has none.

    Parameters
    ----------
    firms : DataFrame
        The table of firms, with its lives.
    panel : DataFrame
        The firm-years.
    rule : ObservationRule
        The rule that they were observed by.

    Returns
    -------
    DataFrame
        ``observed_rows`` and ``never_observed``, on the index of ``firms``.
    """
    observed = panel[panel["observed"]].groupby("firm_id").size()
    rows = firms["firm_id"].map(observed).fillna(0).astype("int64")
    reasons = pd.Series("out_of_reach", firms.index, dtype=object)
    if rule.by_follow_up:
        reasons[firms["last_sign_year"].isna()] = "only_its_exit"
    reasons[firms["first_documented"].isna() & firms["last_sign_year"].isna()] = "no_dated_page"
    never = firms["in_panel"] & (rows == 0)
    return pd.DataFrame(
        {
            "observed_rows": rows,
            "never_observed": _texts(reasons[never].reindex(firms.index)),
        }
    )


def _texts(column: pd.Series) -> pd.Series:
    """Plain objects, None where a text is missing."""
    texts = [text if isinstance(text, str) else None for text in column]
    return pd.Series(texts, column.index, dtype=object)


def first_exits(
    events: pd.DataFrame, end_year: int, readings: Readings, exits: Mapping[str, str] = EXITS
) -> pd.DataFrame:
    """Find the event that ended each firm's life, by its date as far as that is known.

    An exit whose date is after another's, as far as both are known, cannot be the first. What is
    left is ordered as in :data:`~belbiotech.dataset.facts.codes.EXITS`; where that order chooses
    between kinds of exit, the exit is doubtful.

    Parameters
    ----------
    events : DataFrame
        As in the facts.
    end_year : int
        Exits after it are left out.
    readings : Readings
        How exits that can be questioned are counted.
    exits : mapping of str to str
        The events that end lives, each with how, in the order that decides where dates do not.

    Returns
    -------
    DataFrame
        ``event``, ``kind``, ``year`` and ``doubtful``, by firm; only firms with an exit.
    """
    left = exits_read(events, readings, exits)
    for part, at in (("year", slice(4)), ("month", slice(5, 7)), ("day", slice(8, 10))):
        left[part] = pd.to_numeric(left["date"].str[at], errors="coerce")
    left = left[left["year"] <= end_year]
    for part in ("year", "month", "day"):
        first = left.groupby("firm_id")[part].transform("min")
        left = left[left[part].isna() | (left[part] == first)]
    left["doubtful"] = left.groupby("firm_id")["kind"].transform("nunique") > 1
    left["rank"] = left["event"].map({event: rank for rank, event in enumerate(exits)})
    first_of_all = left.sort_values(["firm_id", "rank"]).drop_duplicates("firm_id")
    return first_of_all.set_index("firm_id")[["event", "kind", "year", "doubtful"]]


def last_sightings(facts: Facts) -> pd.Series:
    """Last year in which a fact shows each firm operating.

    Founding, every event, the start of an alliance and a financing show it; the end of an
    alliance and the publication of a page do not.

    Parameters
    ----------
    facts : Facts
        Checked facts.

    Returns
    -------
    Series of Int64
        The year, by firm.
    """
    dated = (
        (facts.firms, "founded"),
        (facts.events, "date"),
        (facts.alliances, "start"),
        (facts.financings, "date"),
    )
    years = pd.concat(
        [date_year(table[column]).set_axis(table["firm_id"]) for table, column in dated]
    )
    last: pd.Series = years.dropna().groupby(level=0).max()
    return last


def first_pages(facts: Facts) -> pd.Series:
    """Year of the first dated page behind any of a firm's facts, whatever the page is about.

    Parameters
    ----------
    facts : Facts
        Checked facts.

    Returns
    -------
    Series of Int64
        The year, by firm; only firms with a dated page.
    """
    pages = firm_pages(facts).dropna(subset="year")
    first: pd.Series = pages.groupby("firm_id")["year"].min()
    return first
