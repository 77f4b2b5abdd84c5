"""``belbiotech fit "failure ~ ..."``: a Cox model on the shipped panel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from belbiotech.cli.console import say

__all__ = ["fit"]


def fit(
    formula: Annotated[str, typer.Argument(help='Like "failure ~ alliances_active_lag1".')],
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    cluster: Annotated[str, typer.Option(help="Column of clusters for the errors.")] = "firm_id",
    observed: Annotated[bool, typer.Option(help="Only firm-years under observation.")] = True,
    out: Annotated[Path | None, typer.Option(help="CSV file for the table.")] = None,
) -> None:
    """Fit a Cox model to the panel, with delayed entry and errors clustered by firm."""
    import belbiotech as bb

    panel = bb.load_panel(version)
    rows = panel[panel["observed"]] if observed else panel
    result = bb.cox(formula, rows, cluster=cluster)
    say(f"Data version {panel.attrs['version']}, {'observed' if observed else 'all'} rows")
    say(str(result))
    if out is not None:
        counted: dict[str, Any] = {
            "outcome": formula.split("~")[0].strip(),
            "n_rows": result.n_rows,
        }
        counted |= {"n_events": result.n_events, "n_clusters": result.n_clusters}
        result.summary.assign(**counted).to_csv(out)
        say(f"Table written to {out}")
