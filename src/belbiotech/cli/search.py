"""``belbiotech search TEXT``: where a text stands in names, partners and notes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from belbiotech.cli.console import as_json, say, show_table

__all__ = ["search"]

PLACES = {
    "firms": ("firm_id", "name", "other_names", "parent", "note"),
    "alliances": ("partner", "subject", "note"),
    "events": ("counterparty", "note"),
    "financings": ("lead_investor", "note"),
}
AROUND = 40  # letters shown before and after a hit


def search(
    text: Annotated[str, typer.Argument(help="What to look for; accents and capitals are alike.")],
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    data: Annotated[Path | None, typer.Option(help="A folder that belbiotech build wrote.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Look for a text in firms' names and other names, partners, counterparties and notes.

    Example: belbiotech search oxurion
    """
    import pandas as pd

    import belbiotech as bb
    from belbiotech.dataset.facts.firm_names import plain_text

    wanted, where, rows = plain_text(text), data if data is not None else version, []
    for table, columns in PLACES.items():
        frame = bb.load_table(table, where)
        for column in columns:
            for firm, cell in zip(frame["firm_id"], frame[column], strict=True):
                if isinstance(cell, str) and wanted in plain_text(cell):
                    found = _around(cell, plain_text(cell).find(wanted), len(wanted))
                    rows.append((firm, f"{table}: {column}", found))
    hits = pd.DataFrame(rows, columns=["firm_id", "where", "text"]).drop_duplicates()
    if json:
        as_json(hits, text=text)
    elif hits.empty:
        say(f"{text!r} stands in no name, partner or note.")
    else:
        note = f"{len(hits):,d} places, {hits['firm_id'].nunique():,d} firms"
        show_table(hits, f"{text!r} in names, partners and notes", note=note)


def _around(cell: str, at: int, length: int) -> str:
    begin, end = max(at - AROUND, 0), at + length + AROUND
    return f"{'...' if begin else ''}{cell[begin:end]}{'...' if end < len(cell) else ''}"
