"""``belbiotech fit "failure ~ ..."``: a Cox model of the shipped panel, or of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from belbiotech.cli.console import as_json, say, working
from belbiotech.cli.rows import rows_of
from belbiotech.errors import PanelError

if TYPE_CHECKING:
    import pandas as pd

    from belbiotech.survival.cox.result import CoxResult

__all__ = ["fit"]

NO_CLUSTER = "none"


def fit(
    formula: Annotated[str, typer.Argument(help='Like "failure ~ alliances_active_lag1".')],
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Own data: a built folder, a folder of facts, a CSV or Parquet of rows."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Column of clusters for the errors; by default the unit; none: none."),
    ] = None,
    strata: Annotated[
        list[str] | None, typer.Option(help="Column with baselines of its own; may be repeated.")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="Column of case weights.")] = None,
    firth: Annotated[
        bool, typer.Option("--firth", help="Firth's penalty, for few events or separation.")
    ] = False,
    observed: Annotated[bool, typer.Option(help="Only firm-years under observation.")] = True,
    out: Annotated[Path | None, typer.Option(help="CSV file for the table.")] = None,
    table: Annotated[
        Path | None,
        typer.Option(help="The table as papers print it: a file .docx, .tex, .html or .md."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
) -> None:
    """Fit a Cox model to the panel, with delayed entry and errors clustered by firm.

    Example: belbiotech fit "exit ~ alliances_active_lag1" --strata region --table model.docx
    """
    import belbiotech as bb

    _check_kind(table)
    with working("reading the rows"):
        from belbiotech.survival.rows.units import unit_of

        rows, what = rows_of(version, data, observed=observed)
    usual = None if firth else unit_of(rows)  # the penalised errors know no clusters
    clusters = {None: usual, NO_CLUSTER: None}.get(cluster, cluster)
    with working(f"fitting to {len(rows):,d} rows"):
        result = bb.cox(
            formula, rows, cluster=clusters, strata=strata or None, weights=weights, firth=firth
        )
        told = str(result)
    if json:
        as_json(_counted(result, formula).reset_index(), data=what, formula=formula)
    else:
        say(what)
        say(told)
    if out is not None:
        _counted(result, formula).to_csv(out)
    if table is not None:
        _write_table(result, table)
    for path in (out, table):
        if path is not None and not json:
            say(f"Table written to {path}")


def _counted(result: CoxResult, formula: str) -> pd.DataFrame:
    counted: dict[str, Any] = {"outcome": formula.split("~")[0].strip(), "n_rows": result.n_rows}
    counted |= {"n_events": result.n_events, "n_clusters": result.n_clusters}
    return result.summary.assign(**counted)


def _check_kind(path: Path | None) -> None:
    """Refuse a kind of file that is none, before anything is fitted."""
    if path is not None and path.suffix not in (".docx", ".tex", ".html", ".md"):
        msg = f"--table {path}: give it one of the endings .docx, .tex, .html, .md"
        raise PanelError(msg)


def _write_table(result: CoxResult, path: Path) -> None:
    import belbiotech as bb

    printed = bb.regression_table([result])
    if path.suffix == ".docx":
        printed.to_word(path)
        return
    write = {".tex": printed.to_latex, ".html": printed.to_html, ".md": printed.to_markdown}
    path.write_text(write[path.suffix](), "utf-8")
