"""``belbiotech info``: which data there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from belbiotech.cli.console import as_json, say, show_table, working

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from belbiotech.dataset.documents.difference import Difference

__all__ = ["changes_in_a_line", "info"]


def info(
    full: Annotated[
        bool, typer.Option("--full", help="List each change of the newest version.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the versions as JSON.")] = False,
) -> None:
    """Show the data versions, their size, and in short what the newest one changed.

    Example: belbiotech info --full
    """
    import belbiotech as bb

    versions = bb.versions()
    with working(f"reading {len(versions)} versions"):
        table = _sizes(versions)
    if json:
        as_json(table, code=bb.__version__)
        return
    show_table(table, "Data versions of belbiotech", note=f"code {bb.__version__}")
    if len(versions) < 2:
        say(f"{versions[0]} is the first version: there is nothing to compare it with.")
        return
    with working(f"comparing {versions[-2]} with {versions[-1]}"):
        found = bb.diff(versions[-2], versions[-1])
    if full:
        say(found.to_markdown())
        return
    say(changes_in_a_line(found))
    say(f"All of it: belbiotech info --full, or belbiotech diff {found.old} {found.new} --full")


def _sizes(versions: Sequence[str]) -> pd.DataFrame:
    """Count firms, rows and events of each version."""
    import pandas as pd

    import belbiotech as bb

    panels = {version: bb.load_panel(version) for version in versions}
    return pd.DataFrame(
        {
            "version": version,
            "firms": panel["firm_id"].nunique(),
            "firm-years": len(panel),
            "years": f"{panel['year'].min()} to {panel['year'].max()}",
            "failures": int(panel["failure"].sum()),
            "acquisitions": int(panel["acquisition"].sum()),
            "listings": int(panel["ipo"].sum()),
            "alliances": len(bb.load_table("alliances", version)),
        }
        for version, panel in panels.items()
    )


def changes_in_a_line(found: Difference) -> str:
    """Say how many rows of each table came, went or changed."""
    parts = [
        f"{row['table']} +{row['added']:,d} -{row['removed']:,d} ~{row['changed']:,d}"
        for row in found.summary.to_dict("records")
        if row["added"] or row["removed"] or row["changed"]
    ]
    built = [
        f"{row['parameter']}: {row['old']} to {row['new']}"
        for row in found.parameters.to_dict("records")
    ]
    told = "; ".join(parts) or "no fact"
    rules = f"\nBuilt otherwise: {'; '.join(built)}." if built else ""
    return f"From {found.old} to {found.new} (+ added, - removed, ~ changed): {told}.{rules}"
