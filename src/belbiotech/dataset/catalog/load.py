"""The tables of a released version, and the book that explains their columns."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.dataset.documents.manifest import ColumnEntry, TableEntry
from belbiotech.dataset.releases.parquet import read_released
from belbiotech.dataset.releases.store import Release, names_folder, open_release
from belbiotech.errors import ReleaseError, in_words, nearest_names

if TYPE_CHECKING:
    from belbiotech.dataset.facts.confidence import Confidence
    from belbiotech.dataset.facts.tables import Tables

__all__ = ["codebook", "load_panel", "load_table", "load_tables"]

PANEL = "firm_year"


def load_table(name: str, version: str | Path | None = None) -> pd.DataFrame:
    """Load one table of a release.

    Parameters
    ----------
    name : str
        ``firm_year`` (the panel: a row for each firm and year), ``firms``, ``alliances``,
        ``events`` (failures, acquisitions, listings), ``financings`` or ``sources`` (the pages).
    version : str or Path, optional
        A version's number, or the folder of a version that was built; the newest one that needs
        no network, if not given.

    Returns
    -------
    DataFrame
        A new one each time; ``attrs`` tells table, version, and what it was built with.

    Raises
    ------
    ReleaseError
        An unknown table (the error lists those that there are) or version, or a damaged release.

    Examples
    --------
    >>> import belbiotech
    >>> firms = belbiotech.load_table("firms", "0.1.0")
    >>> firms.attrs["version"]
    '0.1.0'
    """
    release = open_release(version)
    _entry(release, name)
    frame = read_released(release.folder, release.manifest, name)
    facts = {"table": name, "version": release.version, **release.manifest.parameters}
    frame.attrs = dict(facts.items())
    if name == PANEL:
        frame.attrs["unit"] = "firm_id"
    return frame


def load_panel(
    version: str | Path | None = None, *, min_confidence: Confidence | None = None
) -> pd.DataFrame:
    """Load the panel: one row a firm and calendar year.

    Parameters
    ----------
    version : str or Path, optional
        A version's number, or a folder: of a version that was built, or of facts, which are
        checked and built then; the newest version that needs no network, if not given.
    min_confidence : {"A", "B", "C"}, optional
        Build the panel anew from those facts of the release that have this confidence or a
        better one: A registry, gazette, exchange filing or own release; B business or trade
        press; C directory, wiki or secondary list.

    Returns
    -------
    DataFrame
        A new one each time; :func:`codebook` explains its columns, and ``attrs`` tells version,
        whose row it is (``unit``), ``min_confidence`` and what it was built with.

    Raises
    ------
    ReleaseError
        An unknown version, or a damaged release.
    FactsError
        Facts that break a rule.
    PanelError
        An unknown confidence.

    Examples
    --------
    >>> import belbiotech
    >>> panel = belbiotech.load_panel("0.1.0")
    >>> panel.attrs["version"], panel.attrs["alliance_window"]
    ('0.1.0', 5)
    """
    if version is not None and _is_facts(version):
        return _built(Path(version), min_confidence)
    panel = load_table(PANEL, version)
    if min_confidence is not None:
        panel = _rebuilt(load_tables(version), min_confidence, panel.attrs)
    panel.attrs["min_confidence"] = min_confidence
    return panel


def load_tables(version: str | Path | None = None) -> Tables:
    """Load all tables of a release.

    Parameters
    ----------
    version : str or Path, optional
        A version's number, or the folder of a version that was built; the newest one that needs
        no network, if not given.

    Returns
    -------
    Tables
        As :func:`belbiotech.build` gives them.

    Raises
    ------
    ReleaseError
        An unknown version, or a damaged release.
    """
    from belbiotech.dataset.releases.release import read_release

    return read_release(open_release(version).folder)


def codebook(table: str = PANEL, version: str | Path | None = None) -> pd.DataFrame:
    """Explain the columns of a table, as they were explained when it was released.

    Parameters
    ----------
    table : str
        Name of the table.
    version : str or Path, optional
        A version's number, or the folder of a version that was built; the newest one that needs
        no network, if not given.

    Returns
    -------
    DataFrame
        A row a column: ``column``, ``type``, ``title``, ``unit``, ``description``,
        ``allowed_values`` (codes with their labels in brackets, separated by semicolons),
        ``share_missing`` (0 to 1), ``rule`` (how it was made), ``since`` (first version).

    Raises
    ------
    ReleaseError
        An unknown table or version, or a damaged release.

    Examples
    --------
    >>> import belbiotech
    >>> belbiotech.codebook(version="0.1.0")["column"].head(3).tolist()
    ['firm_id', 'name', 'year']
    """
    entry = _entry(open_release(version), table)
    return pd.DataFrame([_explained(column, entry.rows) for column in entry.columns])


def _is_facts(version: str | Path) -> bool:
    return names_folder(version) and (Path(version) / "firms.csv").is_file()


def _built(folder: Path, min_confidence: Confidence | None) -> pd.DataFrame:
    """Build the panel of a folder of facts; it is no version, and says so."""
    from belbiotech.dataset.facts.confidence import filter_confidence
    from belbiotech.dataset.facts.read import read_facts
    from belbiotech.dataset.panel.build import build

    facts = read_facts(folder)
    tables = build(facts if min_confidence is None else filter_confidence(facts, min_confidence))
    panel = tables.firm_year
    panel.attrs |= {"table": PANEL, "version": None, **tables.parameters}
    panel.attrs["min_confidence"] = min_confidence
    return panel


def _entry(release: Release, name: str) -> TableEntry:
    tables = release.manifest.tables
    if not isinstance(name, str) or name not in tables:
        told = nearest_names(name, tables)
        if told.startswith("did"):
            told += f" Its tables: {', '.join(tables)}"
        msg = f"version {release.version} has no table {in_words(name)}; {told}"
        raise ReleaseError(msg)
    return tables[name]


def _rebuilt(
    tables: Tables, min_confidence: Confidence, attrs: dict[Hashable, Any]
) -> pd.DataFrame:
    from belbiotech.dataset.facts.confidence import filter_confidence
    from belbiotech.dataset.panel.build import build, build_arguments

    facts = filter_confidence(tables, min_confidence)
    panel = build(facts, **build_arguments(tables.parameters)).firm_year
    panel = panel[list(tables.firm_year)]  # an older release has fewer columns
    panel.attrs = dict(attrs)
    return panel


def _explained(column: ColumnEntry, rows: int) -> dict[str, object]:
    allowed = [f"{code} ({label})" if label else code for code, label in column.allowed.items()]
    return {
        "column": column.name,
        "type": column.dtype,
        "title": column.title,
        "unit": column.unit,
        "description": column.description,
        "allowed_values": "; ".join(allowed),
        "share_missing": column.missing / rows if rows else 0.0,
        "rule": column.rule,
        "since": column.since,
    }
