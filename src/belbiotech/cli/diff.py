"""``belbiotech diff OLD NEW``: what changed between two versions of the data."""

from __future__ import annotations

from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from belbiotech.cli.console import say, show_table, working

if TYPE_CHECKING:
    import pandas as pd

    from belbiotech.dataset.documents.difference import Difference

__all__ = ["diff"]

NOTE = "hazard ratios with 95% intervals; errors clustered by firm"


def diff(
    old: Annotated[str, typer.Argument(help="The earlier version, like 0.1.0.")],
    new: Annotated[str, typer.Argument(help="The later version.")],
    refit: Annotated[
        str | None, typer.Option(help='Cox model to fit to both, like "exit ~ ...".')
    ] = None,
    form: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="How to write it.")
    ] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write to, not the screen.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Every fact and firm-year that changed.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Same as --format json.")] = False,
) -> None:
    """Show firms and facts added, removed and corrected, and the firm-years that they moved.

    A model given with --refit is fitted to the observed firm-years of both versions; a version
    may be a folder that belbiotech build wrote. The screen gets a summary, unless told --full.
    Example: belbiotech diff 0.2.0 1.0.0 --refit "exit ~ alliances_active_lag1"
    """
    import belbiotech as bb

    form = "json" if json else form
    with working(f"comparing {old} with {new}"):
        found = bb.diff(old, new)
    fitted = None
    if refit is not None:
        with working(f"fitting the model to {old} and {new}"):
            fitted = _fitted(refit, old, new)
    if form == "table" and out is None:
        _show(found, fitted, refit, full=full)
        return
    text = _json(found, fitted) if form == "json" else _markdown(found, fitted, refit)
    if out is None:
        say(text)
    else:
        out.write_text(text, "utf-8")
        say(f"Written to {out}")


def _fitted(formula: str, *versions: str) -> pd.DataFrame:
    import belbiotech as bb
    from belbiotech.studies.refit import refit as fit_both

    panels = {version: bb.load_panel(version) for version in versions}
    return fit_both(formula, {name: rows[rows["observed"]] for name, rows in panels.items()})


def _show(
    found: Difference, fitted: pd.DataFrame | None, formula: str | None, *, full: bool
) -> None:
    for name, table in found.items():
        if len(table) and (full or name in ("parameters", "summary")):
            shown = table.astype(object).where(table.notna(), "").astype(str)
            title = f"{name.replace('_', ' ')}, {found.old} to {found.new}"
            show_table(shown, title, note=f"N = {len(table):,d}")
    if found.empty:
        say(f"Nothing changed from {found.old} to {found.new}.")
    elif not full:
        say("Every change: --full, or --out FILE --format markdown")
    if fitted is not None:
        show_table(fitted, f"{formula}, observed firm-years", note=NOTE)


def _markdown(found: Difference, fitted: pd.DataFrame | None, formula: str | None) -> str:
    from belbiotech.survival.inference.markdown import markdown_escaped, markdown_table

    text = found.to_markdown()
    if fitted is None:
        return text
    below = f"{markdown_table(fitted)}\n\nObserved firm-years; {NOTE}.\n"
    return f"{text}\n### Model: {markdown_escaped(str(formula))}\n\n{below}"


def _json(found: Difference, fitted: pd.DataFrame | None) -> str:
    told = loads(found.to_json())
    if fitted is not None:
        told["refit"] = loads(fitted.to_json(orient="records"))
    return dumps(told, indent=2, ensure_ascii=False) + "\n"
