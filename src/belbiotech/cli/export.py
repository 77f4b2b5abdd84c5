"""``belbiotech export --to FORMAT``: a release for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from belbiotech.cli.console import say, working
from belbiotech.dataset.exports.export import ExportFormat

__all__ = ["export"]


def export(
    to: Annotated[ExportFormat, typer.Option(help="The program or kind of file.")],
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder (csv, stata, spss, r) or file to write.")
    ] = None,
    table: Annotated[
        list[str] | None, typer.Option(help="Only this table; may be given several times.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier export.")
    ] = False,
) -> None:
    """Write a release for Stata, SPSS, R, Excel, SQLite, DuckDB or as CSV, labels included.

    Example: belbiotech export --to stata --out my_folder
    """
    import belbiotech as bb

    with working(f"writing {version or 'the newest version'} for {to}"):
        written = bb.export(version, to, out, table, overwrite=overwrite)
    say(f"Written to {written}")
