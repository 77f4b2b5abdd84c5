"""A firm's life from its facts: founding, exit, last sighting, first page, listings."""

from __future__ import annotations

import pandas as pd

from belbiotech.dataset.facts.codes import EXITS
from belbiotech.dataset.facts.dates import date_year
from belbiotech.dataset.facts.read import Facts

__all__ = ["NO_END", "firm_lives", "first_exits", "listing_spells"]

NO_END = 9999


def firm_lives(facts: Facts, end_year: int) -> pd.DataFrame:
    """Derive each firm's life.

    Parameters
    ----------
    facts : Facts
        Checked facts.
    end_year : int
        The panel's last year: an exit after it has not happened yet.

    Returns
    -------
    DataFrame
        One row a firm, in the order of ``facts.firms``, with the columns that ``firms`` has in a
        release beside the facts.
    """
    firms = facts.firms.set_index("firm_id")
    lives = pd.DataFrame(index=firms.index)
    lives["founded_year"] = date_year(firms["founded"])
    lives["first_documented"] = first_pages(facts).reindex(lives.index).astype("Int64")
    exits = first_exits(facts.events, end_year).reindex(lives.index)
    lives["exit_event"], lives["exit_kind"] = _texts(exits["event"]), _texts(exits["kind"])
    lives["exit_year"] = exits["year"].astype("Int64")
    lives["exit_doubtful"] = exits["doubtful"].eq(True)
    seen = last_sightings(facts).reindex(lives.index).astype("Int64")
    lives["last_seen_year"] = lives["exit_year"].fillna(seen)
    last_row = lives["last_seen_year"].clip(upper=end_year)
    rows = (last_row - lives["founded_year"] + 1).clip(lower=0)
    lives["rows"] = rows.fillna(0).astype("int64")
    lives["in_panel"] = lives["rows"] > 0
    unborn, unknown = "founded_after_end_year", "no_founding_year"
    reasons = lives["founded_year"].isna().map({True: unknown, False: unborn})
    lives["out_reason"] = _texts(reasons[~lives["in_panel"]].reindex(lives.index))
    return lives


def _texts(column: pd.Series) -> pd.Series:
    """Plain objects, None where a text is missing."""
    texts = [text if isinstance(text, str) else None for text in column]
    return pd.Series(texts, column.index, dtype=object)


def first_exits(events: pd.DataFrame, end_year: int) -> pd.DataFrame:
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

    Returns
    -------
    DataFrame
        ``event``, ``kind``, ``year`` and ``doubtful``, by firm; only firms with an exit.
    """
    left = events.loc[events["event"].isin(EXITS), ["firm_id", "event", "date"]]
    for part, at in (("year", slice(4)), ("month", slice(5, 7)), ("day", slice(8, 10))):
        left[part] = pd.to_numeric(left["date"].str[at], errors="coerce")
    left = left[left["year"] <= end_year]
    for part in ("year", "month", "day"):
        first = left.groupby("firm_id")[part].transform("min")
        left = left[left[part].isna() | (left[part] == first)]
    left["kind"] = left["event"].map(EXITS)
    left["doubtful"] = left.groupby("firm_id")["kind"].transform("nunique") > 1
    left["rank"] = left["event"].map({event: rank for rank, event in enumerate(EXITS)})
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
    """Year of the first dated page behind any of a firm's facts.

    Parameters
    ----------
    facts : Facts
        Checked facts.

    Returns
    -------
    Series of Int64
        The year, by firm; only firms with a dated page.
    """
    own = facts.firms[["firm_id"]].assign(source_id=facts.firms["source_ids"].str.split(";"))
    others = [
        table[["firm_id", "source_id"]]
        for table in (facts.events, facts.alliances, facts.financings)
    ]
    pages = pd.concat([own.explode("source_id"), *others])
    published = date_year(facts.sources.set_index("source_id")["published"])
    years = pages["source_id"].map(published).set_axis(pages["firm_id"])
    first: pd.Series = years.dropna().groupby(level=0).min()
    return first


def listing_spells(events: pd.DataFrame) -> pd.DataFrame:
    """Find the spells in which firms are listed on an exchange.

    A spell begins with a listing and ends with the last of the delistings that follow it before
    a further listing. Events name no exchange: a firm that leaves one of two has one spell if it
    leaves the other later, and counts as not listed any more if no further delisting is known.
    Events are ordered by their dates as texts, a listing before a delisting.

    Parameters
    ----------
    events : DataFrame
        As in the facts.

    Returns
    -------
    DataFrame
        ``firm_id``, ``begins`` and ``ends``: listed at the end of the years from ``begins`` to
        the one before ``ends``.
    """
    listings = events.loc[events["event"].isin(["ipo", "delisted"]), ["firm_id", "event", "date"]]
    listings = listings.assign(
        leaves=listings["event"] == "delisted", year=date_year(listings["date"])
    )
    listings = listings.sort_values(["firm_id", "date", "leaves"])
    enters = ~listings["leaves"]
    after_leaving = listings.groupby("firm_id")["leaves"].shift(fill_value=True).astype(bool)
    listings["spell"] = (enters & after_leaving).groupby(listings["firm_id"]).cumsum()
    grouped = listings[listings["spell"] > 0].groupby(["firm_id", "spell"], as_index=False)
    spells = grouped.agg(begins=("year", "min"), ends=("year", "max"), left=("leaves", "any"))
    spells["ends"] = spells["ends"].where(spells["left"], NO_END)
    return spells[["firm_id", "begins", "ends"]].astype({"begins": "int64", "ends": "int64"})
