"""``belbiotech show FIRM``: a firm's life, year by year, with the pages behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from belbiotech.cli.console import say, show_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["find_firm", "show"]

COLUMNS = {
    "year": "year",
    "age": "age",
    "alliances_new": "new alliances",
    "alliances_active_lag1": "active, year before",
    "financing_rounds_new": "rounds",
    "listed_lag1": "listed, year before",
}
FATES = ("ipo", "failure", "acquisition")


def show(
    firm: Annotated[str, typer.Argument(help="The firm's id or name.")],
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
) -> None:
    """Show a firm's life, year by year, and the facts and pages behind it."""
    import belbiotech as bb

    firms = bb.load_table("firms", version)
    known = find_firm(firms, firm)
    panel = bb.load_panel(version)
    life = panel[panel["firm_id"] == known["firm_id"]]
    traits = ", ".join(str(known[name]) for name in ("region", "segment", "origin"))
    if life.empty:
        say(f"{known['name']} ({traits}) is not in the panel: {known['out_reason']}")
    else:
        table = life[list(COLUMNS)].rename(columns=COLUMNS)
        table["year"] = table["year"].astype(str)
        happened = life[[*FATES]].astype(bool)
        table["what happened"] = [", ".join(row.index[row]) for _, row in happened.iterrows()]
        show_table(table, f"{known['name']} ({traits})", note=f"N = {len(life)} firm-years")
    _show_facts(bb.sources_of(known["firm_id"], version=version))


def _show_facts(facts: pd.DataFrame) -> None:
    """Print each fact once, with the pages behind it below."""
    facts = facts.fillna("")
    pages = facts["source_id"].nunique()
    noun = "page" if pages == 1 else "pages"
    say(f"\n{pages:,d} {noun} behind the facts (confidence A to C)", style="bold")
    for (date, fact, confidence), behind in facts.groupby(
        ["date", "fact", "confidence"], sort=False
    ):
        say(f"{date!s:10}  {fact!s}  ({confidence!s})")
        for page in behind.to_dict("records"):
            where = f"{page['publisher']}, {page['published'] or 'no date'}"
            say(
                f"            {page['title']} ({where})\n            {page['url']}",
                style="dim",
            )


def find_firm(firms: pd.DataFrame, firm: str) -> pd.Series:
    """Find a firm by its id or name; the error for an unknown one tells the nearest ids."""
    from belbiotech.errors import PanelError, nearest_names

    wanted = firm.casefold()
    hit = firms[
        (firms["firm_id"].str.casefold() == wanted) | (firms["name"].str.casefold() == wanted)
    ]
    if hit.empty:
        msg = f"there is no firm {firm!r}; {nearest_names(wanted, firms['firm_id'])}"
        raise PanelError(msg)
    return hit.iloc[0]
