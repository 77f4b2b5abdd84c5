"""``belbiotech build DIR --version V``: facts to a version of the panel on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from belbiotech.cli.console import as_json, records, say, show_table, working

__all__ = ["build"]


def build(
    folder: Annotated[Path, typer.Argument(help="Folder with firms.csv, events.csv, ...")],
    version: Annotated[str, typer.Option(help="Number of the version, like 0.1.0.")] = "0.1.0",
    out: Annotated[Path, typer.Option(help="Where the version's folder goes.")] = Path(),
    end_year: Annotated[
        int | None, typer.Option(help="Last complete year; by default from the facts.")
    ] = None,
    alliance_window: Annotated[
        int, typer.Option(help="Years that an alliance without a known end lasts; 0: for ever.")
    ] = 5,
    follow_up: Annotated[
        int,
        typer.Option(help="Years followed after a page: 1, 2, 3 or 5; 0: for ever."),
    ] = 3,
    evidence: Annotated[
        Literal["pages", "facts"], typer.Option(help="What shows that a firm lives.")
    ] = "pages",
    observation: Annotated[
        Literal["follow_up", "first_page"],
        typer.Option(help="The rule of observation; first_page is that of data versions 0.x."),
    ] = "follow_up",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a build that was never released.")
    ] = False,
    with_shipped: Annotated[
        bool, typer.Option("--with-shipped", help="On top of the newest shipped facts.")
    ] = False,
    prefer: Annotated[
        Literal["base", "own", "both"],
        typer.Option(help="Where own and shipped facts disagree: base is the shipped one."),
    ] = "base",
    json: Annotated[
        bool, typer.Option("--json", help="Print the sizes of the tables as JSON.")
    ] = False,
) -> None:
    """Check facts, build the firm-year panel and write it to OUT/VERSION as Parquet.

    Example: belbiotech build my_facts --version 0.1.0 --out my_panel
    """
    import pandas as pd

    from belbiotech.dataset.catalog.shipped import merge_with_shipped
    from belbiotech.dataset.facts.read import read_facts
    from belbiotech.dataset.panel.build import build as build_tables
    from belbiotech.dataset.releases.release import write_release

    conflicts = None
    with working(f"reading and checking {folder}"):
        facts = read_facts(folder)
    if with_shipped:
        with working("merging with the shipped facts"):
            merged = merge_with_shipped(facts, prefer=prefer)
        facts, conflicts = merged.facts, merged.conflicts
        if len(conflicts) and not json:
            shown = conflicts.astype(object).where(conflicts.notna(), "").astype(str)
            show_table(shown, "Own and shipped facts that disagree", note=f"kept: {prefer}")
    with working("building the panel"):
        tables = build_tables(
            facts,
            end_year=end_year,
            alliance_window=alliance_window or None,
            follow_up=follow_up or None,
            evidence=evidence,
            observation=observation,
        )
    with working(f"writing version {version}"):
        written = write_release(tables, version, out, raw=folder, overwrite=overwrite)
    panel = tables.firm_year
    if json:
        sizes = [(name, len(table)) for name, table in tables.items()]
        as_json(
            pd.DataFrame(sizes, columns=["table", "rows"]),
            path=str(written),
            version=version,
            parameters=dict(tables.parameters),
            firms=int(panel["firm_id"].nunique()),
            failures=int(panel["failure"].sum()),
            acquisitions=int(panel["acquisition"].sum()),
            conflicts=[] if conflicts is None else records(conflicts),
        )
        return
    say(
        f"{written}: {panel['firm_id'].nunique():,d} firms, {len(panel):,d} firm-years, "
        f"{panel['failure'].sum():,d} failures, {panel['acquisition'].sum():,d} acquisitions.",
    )
    say(f'Next: belbiotech fit "exit ~ alliances_active_lag1" --data {written}')
    say(f'In Python: belbiotech.load_panel("{written}")')
