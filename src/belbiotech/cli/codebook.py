"""``belbiotech codebook``: what each column means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from belbiotech.cli.console import as_json, say, show_table

__all__ = ["codebook"]

SHOWN = ["column", "title", "type", "unit", "allowed_values", "share_missing"]
PAGES = {"markdown": "codebook.md", "html": "codebook.html"}


def codebook(
    table: Annotated[str, typer.Argument(help="The table to explain on the screen.")] = "firm_year",
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    form: Annotated[
        Literal["table", "markdown", "html"],
        typer.Option("--format", help="One table on the screen, or the page of all tables."),
    ] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write the page to.")] = None,
    data: Annotated[Path | None, typer.Option(help="A folder that belbiotech build wrote.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Explain the columns of a table, or give the release's codebook as Markdown or HTML.

    Example: belbiotech codebook firms
    """
    import belbiotech as bb
    from belbiotech.dataset.releases.store import open_release

    where = data if data is not None else version
    if form == "table" or json:
        columns = bb.codebook(table, where)
        if json:
            as_json(columns, of=table)
            return
        note = f"{len(columns)} columns; --format markdown tells meaning, rule and distribution"
        show_table(columns[SHOWN], f"Columns of {table}", note=note)
        return
    text = (open_release(where).folder / PAGES[form]).read_text("utf-8")
    if out is None:
        say(text, end="")
    else:
        out.write_text(text, "utf-8")
        say(f"Written to {out}")
