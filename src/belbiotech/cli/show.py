"""``belbiotech show FIRM``: a firm's life, year by year, with the pages behind it."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from belbiotech.cli.console import as_json, say, show_table

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
    firm: Annotated[str, typer.Argument(help="The firm's id, or any of its names.")],
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    data: Annotated[Path | None, typer.Option(help="A folder that belbiotech build wrote.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the years as JSON.")] = False,
) -> None:
    """Show a firm's life, year by year, and the facts and pages behind it.

    Years under observation are marked. Example: belbiotech show Oxurion
    """
    import belbiotech as bb

    where = data if data is not None else version
    firms = bb.load_table("firms", where)
    known = find_firm(firms, firm)
    panel = bb.load_panel(where)
    life = panel[panel["firm_id"] == known["firm_id"]]
    if json:
        facts = bb.sources_of(known["firm_id"], version=where).to_json(orient="records")
        as_json(life, firm=known["firm_id"], name=known["name"], facts=loads(facts))
        return
    traits = ", ".join(str(known[name]) for name in ("region", "segment", "origin"))
    if life.empty:
        say(f"{known['name']} ({traits}) is not in the panel: {known['out_reason']}")
    else:
        table = life[list(COLUMNS)].rename(columns=COLUMNS)
        table["year"] = table["year"].astype(str)
        table.insert(1, "observed", life["observed"].map({True: "yes", False: ""}))
        happened = life[[*FATES]].astype(bool)
        table["what happened"] = [", ".join(row.index[row]) for _, row in happened.iterrows()]
        show_table(
            table,
            f"{known['name']} ({traits})",
            note=f"N = {len(life)} firm-years, {life['observed'].sum()} of them observed",
        )
    _show_facts(bb.sources_of(known["firm_id"], version=where))


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
    """Find a firm by its id or any name; the error for an unknown one tells those nearly so."""
    from belbiotech.dataset.facts.firm_names import firm_named, firms_nearby
    from belbiotech.errors import PanelError

    firm_id = firm_named(firms, firm)
    if firm_id is None:
        msg = f"there is no firm {firm!r}; {firms_nearby(firms, firm)} (belbiotech search looks "
        msg += "in partners and notes, too)"
        raise PanelError(msg)
    return firms[firms["firm_id"] == firm_id].iloc[0]
