"""Facts on which pages disagree, and what was chosen."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.clauses import AMOUNT, other_values
from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.facts.wording import FACT_TABLES, fact_date, fact_text
from belbiotech.errors import PanelError, in_words

__all__ = ["conflicts"]

Row = Mapping[Hashable, Any]

COLUMNS = [
    "firm_id",
    "table",
    "fact",
    "date",
    "about",
    "chosen",
    "other",
    "source_id",
    "other_source",
    "found_by",
    "words",
]
AMOUNTS = {
    "firms": [],
    "events": ["amount_million"],
    "alliances": ["total_million", "upfront_million"],
    "financings": ["amount_million"],
}
MILLIONS = {"bn": 1000.0}
MIRRORED = {"licence_out": "licence_in", "licence_in": "licence_out"}


def conflicts(version: str | None = None, *, tables: Tables | None = None) -> pd.DataFrame:
    """List facts on which pages disagree.

    Four kinds are found. ``note``: the note of a fact names another page's year or amount, in
    the usual turns of words; other turns are missed, an amount in another currency may be the
    same one converted, and so a person should read ``words``.
    ``mirror``: two firms of the data state the same alliance with each other differently.
    ``offering``: a listing and the public offering of the same firm and year have different
    amounts in one currency. ``sequence``: a fact shows a firm operating in a year after its
    failure, or the dates of two exits of different kinds do not tell which came first.

    Parameters
    ----------
    version : str, optional
        The data version; the newest if not given.
    tables : Tables, optional
        Tables of one's own, as :func:`belbiotech.build` gives them, in place of a version.

    Returns
    -------
    DataFrame
        A row a disagreement: ``firm_id``, ``table``, ``fact`` (in words), ``date``, ``about``
        (what they disagree on), ``chosen``, ``other``, ``source_id`` (of the chosen; a firm's
        own pages between semicolons), ``other_source`` (a page's id, or who says it in the
        note's words), ``found_by``, ``words``.

    Examples
    --------
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> from belbiotech.dataset.panel.build import build
    >>> found = conflicts(tables=build(read_facts("data/raw")))
    >>> found[found["firm_id"] == "diagenode"][["about", "chosen", "other"]].to_numpy().tolist()
    [['amount', 'USD 159 million', 'EUR 130m']]
    """
    if tables is None:
        from belbiotech.dataset.catalog.load import load_tables

        tables = load_tables(version)
    elif not isinstance(tables, Tables):
        msg = f"tables is {in_words(tables)}; give what build or load_tables gives"
        raise PanelError(msg)
    rows = [
        *_in_notes(tables),
        *_between_mirrors(tables),
        *_between_offerings(tables),
        *_in_sequence(tables),
    ]
    found = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    return found.sort_values(["firm_id", "table"], kind="stable", ignore_index=True)


def _conflict(table: str, row: Row, **more: object) -> dict[str, object]:
    pages = row["source_ids"] if table == "firms" else row["source_id"]
    return {
        "firm_id": row["firm_id"],
        "table": table,
        "fact": fact_text(table, row),
        "date": fact_date(table, row),
        "source_id": pages,
        **more,
    }


def _in_notes(tables: Tables) -> Iterator[dict[str, object]]:
    founded = dict(zip(tables.firms["firm_id"], tables.firms["founded"], strict=True))
    for table in FACT_TABLES:
        for row in getattr(tables, table).to_dict("records"):
            for other in other_values(row["note"] or ""):
                about = "founded" if table == "firms" and other.about == "date" else other.about
                chosen = _chosen(table, row, about, founded)
                if chosen and not _agree(about, chosen, other.value, row, table):
                    yield _conflict(
                        table,
                        row,
                        about=about,
                        chosen=chosen,
                        other=other.value,
                        other_source=other.who,
                        found_by="note",
                        words=other.clause,
                    )


def _chosen(table: str, row: Row, about: str, founded: Mapping[str, str | None]) -> str | None:
    """Say what the fact itself states; None if it states nothing about it."""
    if about == "founded":
        return founded[row["firm_id"]]
    if about == "date":
        return fact_date(table, row)
    if about == "parent":
        return row.get("parent")
    amounts = [row[name] for name in AMOUNTS[table] if pd.notna(row[name])]
    return f"{row['currency']} {amounts[0]:g} million" if amounts else None


def _agree(about: str, chosen: str, other: str, row: Row, table: str) -> bool:
    if about in ("founded", "date"):
        return chosen[: len(other)] == other[: len(chosen)]
    if about != "amount":
        return False
    found = AMOUNT.search(other)
    if found is None:
        return True
    number = float(found["number"]) * MILLIONS.get(found["unit"] or "", 1.0)
    same = [row[name] == number for name in AMOUNTS[table]]
    return any(same) and found["currency"] in (None, row["currency"])


def _between_mirrors(tables: Tables) -> Iterator[dict[str, object]]:
    names = {}
    for row in tables.firms.to_dict("records"):
        for name in [row["name"], *(row["other_names"] or "").split(";")]:
            names[str(name).casefold()] = row["firm_id"]
    alliances = tables.alliances.assign(
        other_firm=tables.alliances["partner"].str.casefold().map(names)
    )
    known = alliances[alliances["other_firm"].notna()].to_dict("records")
    for row in known:
        mirrors = [
            other
            for other in known
            if (other["firm_id"], other["other_firm"]) == (row["other_firm"], row["firm_id"])
        ]
        if mirrors and row["firm_id"] < row["other_firm"]:
            yield from _mirror(row, min(mirrors, key=lambda other: _far(row, other)))


def _far(row: Row, other: Row) -> tuple[int, bool]:
    return abs(row["start_year"] - other["start_year"]), row["subject"] != other["subject"]


def _mirror(row: Row, other: Row) -> Iterator[dict[str, object]]:
    for about in ("start", "end", "alliance_type", "upfront_million", "total_million"):
        chosen, said = row[about], other[about]
        if pd.isna(chosen) or pd.isna(said):
            continue
        if about in ("start", "end"):
            agree = chosen[: len(said)] == said[: len(chosen)]
        else:
            agree = said in (chosen, MIRRORED.get(chosen))
        if not agree:
            yield _conflict(
                "alliances",
                row,
                about=about,
                chosen=str(chosen),
                other=str(said),
                other_source=other["source_id"],
                found_by="mirror",
                words=f"row of {other['firm_id']}: {fact_text('alliances', other)}",
            )


def _between_offerings(tables: Tables) -> Iterator[dict[str, object]]:
    listings = tables.events[tables.events["event"] == "ipo"]
    offerings = tables.financings[tables.financings["round"] == "public_offering"]
    keys = ["firm_id", "date_year", "currency"]
    both = listings.merge(offerings, on=keys, suffixes=("", "_offering"))
    for row in both[both["amount_million"] != both["amount_million_offering"]].to_dict("records"):
        if pd.notna(row["amount_million"]) and pd.notna(row["amount_million_offering"]):
            yield _conflict(
                "events",
                row,
                about="amount",
                chosen=f"{row['currency']} {row['amount_million']:g} million",
                other=f"{row['currency']} {row['amount_million_offering']:g} million",
                other_source=row["source_id_offering"],
                found_by="offering",
                words=f"public offering of {row['date_offering']}",
            )


def _in_sequence(tables: Tables) -> Iterator[dict[str, object]]:
    firms = tables.firms.set_index("firm_id")
    failed = firms[firms["exit_kind"] == "failure"]["exit_year"].to_dict()
    for table in ("events", "alliances", "financings"):
        for row in getattr(tables, table).to_dict("records"):
            over = failed.get(row["firm_id"])
            gone = table == "events" and row["event"] in (*tables.exits, "delisted", "asset_sale")
            if over is not None and row[f"{FACT_TABLES[table]}_year"] > over and not gone:
                yield _conflict(
                    table,
                    row,
                    about="failure",
                    chosen=f"{firms.loc[row['firm_id'], 'exit_event']} {over}",
                    other=fact_date(table, row),
                    other_source=row["source_id"],
                    found_by="sequence",
                    words="shown operating after its failure",
                )
    for row in tables.firms[tables.firms["exit_doubtful"]].to_dict("records"):
        yield _conflict(
            "firms",
            row,
            about="exit",
            chosen=f"{row['exit_event']} {row['exit_year']}",
            other="another exit of the year",
            other_source=None,
            found_by="sequence",
            words="the dates of two exits do not tell which came first",
        )
