"""The tables of the release that a panel was loaded from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from belbiotech.errors import ReleaseError, warn

if TYPE_CHECKING:
    from belbiotech.dataset.facts.tables import Tables

__all__ = ["tables_behind"]


def tables_behind(panel: pd.DataFrame, exposure: str, unit: str, start: str) -> Tables | None:
    """Load the tables of the version that a panel says it is of.

    Parameters
    ----------
    panel : DataFrame
        Of `load_panel`, or some of its rows; columns may have been added.
    exposure : str
        The alliances that count.
    unit, start : str
        Columns of the panel.

    Returns
    -------
    Tables or None
        None where the panel names no version, has firm-years that the version has not, or other
        numbers of alliances: then the tables are not those of its rows. None for an exposure
        other than alliances.

    Warns
    -----
    BelbiotechWarning
        The version cannot be read.
    """
    version = panel.attrs.get("version")
    if not exposure.startswith("alliances"):
        return None
    if version is None or not {unit, start, "year"} <= set(panel.columns):
        return None
    try:
        tables = _tables(version, panel.attrs.get("min_confidence"))
    except ReleaseError as error:
        msg = f"the panel is of version {version}, whose tables cannot be read: {error}"
        warn(msg)
        return None
    return tables if _is_of(panel, tables.firm_year, exposure, unit, start) else None


def _tables(version: str, min_confidence: str | None) -> Tables:
    from belbiotech.dataset.catalog.load import load_tables

    tables = load_tables(version)
    if min_confidence is None:
        return tables
    from belbiotech.dataset.facts.confidence import filter_confidence
    from belbiotech.dataset.panel.build import build, build_arguments

    facts = filter_confidence(tables, min_confidence)  # type: ignore[arg-type]
    return build(facts, **build_arguments(tables.parameters))


def _is_of(
    panel: pd.DataFrame, released: pd.DataFrame, exposure: str, unit: str, start: str
) -> bool:
    """Whether all rows are released ones, with the same numbers of alliances."""
    counts = [f"{exposure}_{kind}" for kind in ("new", "cum_lag1", "active_lag1")]
    compared = [unit, "year", start, *(name for name in counts if name in panel)]
    if not set(compared) <= set(released.columns):
        return False
    rows = pd.MultiIndex.from_frame(panel[compared].astype(object))
    return bool(rows.isin(pd.MultiIndex.from_frame(released[compared].astype(object))).all())
