"""A difference between two states of the data, for people: Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

__all__ = ["markdown"]

ACTIVE = re.compile(r"[<\[`]")
PAGES = ("source_id", "source_ids")
TITLES = {"added": "Added", "removed": "Removed", "changed": "Changed"}


def markdown(old: str, new: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Write a difference as Markdown.

    Parameters
    ----------
    old, new : str
        Names of the two states.
    tables : mapping of str to DataFrame
        As in :class:`~belbiotech.dataset.catalog.diff.Difference`.

    Returns
    -------
    str
        A table of counts, then each firm and fact, then the firm-years that moved, by firm.
    """
    summary = tables["summary"]
    if not summary.drop(columns="table").to_numpy().any() and tables["parameters"].empty:
        return f"Nothing changed from {old} to {new}.\n"
    lines = [f"From {old} to {new}:", "", *_table(summary), ""]
    lines += [
        f"- {row.parameter}: {_plain(row.old)} -> {_plain(row.new)}"
        for row in tables["parameters"].itertuples()
    ]
    lines += _section("Firms", tables["firms"])
    lines += _section("Facts", tables["facts"])
    lines += _section_of_rows(tables["firm_years"])
    return "\n".join(lines).rstrip() + "\n"


def _table(frame: pd.DataFrame) -> list[str]:
    rows = [list(frame.columns), ["---", *["---:"] * (len(frame.columns) - 1)]]
    rows += frame.astype(str).to_numpy().tolist()
    return [f"| {' | '.join(row)} |" for row in rows]


def _section(title: str, frame: pd.DataFrame) -> Iterator[str]:
    if frame.empty:
        return
    yield from ("", f"### {title}", "")
    names = [
        name for name in ("table", "change", "firm_id", "fact", "name", "date") if name in frame
    ]
    keys = [*names, "old_source", "new_source"]
    for _, some in frame.groupby(keys, sort=False, dropna=False):
        first = some.iloc[0]
        what = first["fact"] if "fact" in frame else first["name"]
        dated = f", {first['date']}" if "date" in frame else ""
        line = f"- {_title(some)}: **{first['firm_id']}**, {_plain(what)}{dated}"
        yield line + _moves(some) + f" [{_pages(first)}]"


def _title(some: pd.DataFrame) -> str:
    """Say what happened to a firm or fact; only its pages may have changed."""
    first = some.iloc[0]
    if first["change"] != "changed" or not set(some["column"]) <= set(PAGES):
        return TITLES[first["change"]]
    gone, come = _page_moves(first)
    words = {(True, True): "changed", (True, False): "removed", (False, True): "added"}
    return f"Pages {words.get((bool(gone), bool(come)), 'put in another order')}"


def _page_moves(row: pd.Series) -> tuple[list[str], list[str]]:
    """Pages that went, and pages that came."""
    sides = [
        set(ids.split(";")) if isinstance(ids, str) else set()
        for ids in (row["old_source"], row["new_source"])
    ]
    return sorted(sides[0] - sides[1]), sorted(sides[1] - sides[0])


def _moves(some: pd.DataFrame) -> str:
    if some.iloc[0]["change"] != "changed":
        return ""
    moves = [
        f"{row.column} {_cell(row.old)} -> {_cell(row.new)}"
        for row in some.itertuples()
        if row.column not in PAGES
    ]
    return f" ({'; '.join(moves)})" if moves else ""


def _cell(value: object) -> str:
    return "blank" if value is None or value != value else f'"{_plain(value)}"'


def _plain(text: object) -> str:
    """Keep a fact's text from becoming a tag, a link or code on the page."""
    return ACTIVE.sub(r"\\\g<0>", str(text))


def _pages(row: pd.Series) -> str:
    """Name the pages; of a firm's many, those that came or went."""
    gone, come = _page_moves(row)
    if row["change"] != "changed":
        return ", ".join(sorted({*gone, *come}))
    parts = [
        f"no longer {', '.join(gone)}" if gone else "",
        f"now {', '.join(come)}" if come else "",
    ]
    return "; ".join(part for part in parts if part) or "same pages"


def _section_of_rows(cells: pd.DataFrame) -> Iterator[str]:
    if cells.empty:
        return
    yield from ("", "### Firm-years", "", _count_of_rows(cells), "")
    rows = cells[cells["change"] != "changed"]
    for (firm, change), some in rows.groupby(["firm_id", "change"], sort=False):
        causes = _plain("; ".join(dict.fromkeys(some["through"])))
        yield f"- {TITLES[str(change)]}: **{firm}** {_years(some['year'])}, through {causes}"
    moved = cells[cells["change"] == "changed"]
    for (firm, through), some in moved.groupby(["firm_id", "through"], sort=False):
        columns = ", ".join(dict.fromkeys(some["column"]))
        yield f"- Changed: **{firm}** {_years(some['year'])}, {columns}, through {_plain(through)}"


def _count_of_rows(cells: pd.DataFrame) -> str:
    rows = cells.drop_duplicates(["firm_id", "year"])["change"]
    counts = [f"{(rows == word).sum()} rows {word}" for word in TITLES]
    return f"{', '.join(counts)} ({(cells['change'] == 'changed').sum()} values)."


def _years(years: Iterable[int]) -> str:
    """Years as ranges: 2003, 2005-2007."""
    ranges: list[list[int]] = []
    for year in sorted(set(years)):
        if ranges and year == ranges[-1][1] + 1:
            ranges[-1][1] = year
        else:
            ranges.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)
