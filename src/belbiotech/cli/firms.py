"""``belbiotech firms``: the firms, by what they are and how they ended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from belbiotech.cli.console import as_json, show_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["firms"]

TRAITS = ("segment", "region", "origin")
Fate = Literal["failure", "acquisition", "relocation", "closure", "none"]


def firms(
    segment: Annotated[str | None, typer.Option(help="Only of this segment.")] = None,
    region: Annotated[str | None, typer.Option(help="Only of this region, like BE-WAL.")] = None,
    origin: Annotated[str | None, typer.Option(help="Only of this origin.")] = None,
    fate: Annotated[
        Fate | None, typer.Option(help="Only those that ended so; none: that live on.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    data: Annotated[Path | None, typer.Option(help="A folder that belbiotech build wrote.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """List the firms, with their founding, end and years under observation.

    Example: belbiotech firms --segment vaccines --fate acquisition
    """
    import belbiotech as bb

    table = bb.load_table("firms", data if data is not None else version)
    asked = {"segment": segment, "region": region, "origin": origin}
    for name, value in asked.items():
        if value is not None:
            table = table[table[name] == _known(table[name], name, value)]
    ended = table["exit_kind"].fillna("none")
    if fate is not None:
        table, ended = table[ended == fate], ended[ended == fate]
    years = {"founded": table["founded_year"], "end": table["exit_year"]}
    shown = table[["firm_id", "name", "segment", "region"]].assign(
        **{name: some.astype("Int64").astype("string").fillna("") for name, some in years.items()},
        fate=ended,
        **{"observed years": table["observed_rows"]} if "observed_rows" in table else {},
    )
    if json:
        as_json(shown, version=table.attrs.get("version"))
        return
    show_table(shown, "Firms", note=f"N = {len(shown):,d} firms")


def _known(column: pd.Series, name: str, value: str) -> str:
    from belbiotech.errors import PanelError, nearest_names

    known = sorted(column.dropna().unique())
    if value not in known:
        msg = f"no firm has the {name} {value!r}; {nearest_names(value, known)}"
        raise PanelError(msg)
    return value
