"""``belbiotech info``: which data there is."""

from __future__ import annotations

from belbiotech.cli.console import say, show_table

__all__ = ["info"]


def info() -> None:
    """Show the data versions, their size, and what the newest one changed."""
    import pandas as pd

    import belbiotech as bb

    rows = []
    for version in bb.versions():
        panel = bb.load_panel(version)
        rows.append(
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
        )
    show_table(pd.DataFrame(rows), "Data versions of belbiotech", note=f"code {bb.__version__}")
    versions = bb.versions()
    if len(versions) > 1:
        say(bb.diff(versions[-2], versions[-1]).to_markdown())
    else:
        say(f"{versions[0]} is the first version: there is nothing to compare it with.")
