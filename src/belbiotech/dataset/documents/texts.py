"""The text files of a release beside its tables: the one place that names them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from belbiotech.dataset.documents.citation import DATACITE, datacite
from belbiotech.dataset.documents.codebook_pages import codebook_html, codebook_markdown
from belbiotech.dataset.documents.croissant import croissant
from belbiotech.dataset.documents.datapackage import datapackage

if TYPE_CHECKING:
    from belbiotech.dataset.documents.citation import About
    from belbiotech.dataset.documents.manifest import Manifest
    from belbiotech.dataset.facts.tables import ReleaseTables

__all__ = ["documents", "row_counts"]

YEAR_COLUMNS = ("year", "date_year", "start_year", "founded_year", "published_year")


def documents(
    tables: ReleaseTables,
    manifest: Manifest,
    about: About | None = None,
) -> dict[str, str]:
    """Make the text files of a release.

    Parameters
    ----------
    tables : Tables
        What is released.
    manifest : Manifest
        Describes tables and their Parquet files, with sums.
    about : About, optional
        What the release says of itself; not known for facts of one's own.

    Returns
    -------
    dict of str to str
        Name of the file to its text. Nothing in them depends on time or machine.
    """
    texts = {
        "row_counts.csv": row_counts(tables.items()),
        "codebook.md": codebook_markdown(tables, manifest),
        "codebook.html": codebook_html(tables, manifest),
        "datapackage.json": datapackage(manifest, about),
        "croissant.json": croissant(manifest, about),
    }
    return {**texts, DATACITE: datacite(manifest, about)} if about else texts


def row_counts(tables: Iterable[tuple[str, pd.DataFrame]]) -> str:
    """Count rows by table and year, so that a drift is seen when two versions are compared.

    Parameters
    ----------
    tables : iterable of (str, DataFrame)
        Names and tables.

    Returns
    -------
    str
        CSV with ``table``, ``year`` (blank where a row has none) and ``rows``.

    Examples
    --------
    >>> print(row_counts([("firm_year", pd.DataFrame({"year": [2001, 2001, 2002]}))]))
    table,year,rows
    firm_year,2001,2
    firm_year,2002,1
    """
    lines = ["table,year,rows"]
    for name, frame in tables:
        lines += [f"{name},{year},{rows}" for year, rows in _by_year(frame)]
    return "\n".join(lines) + "\n"


def _by_year(frame: pd.DataFrame) -> list[tuple[str, int]]:
    column = next((name for name in YEAR_COLUMNS if name in frame), None)
    if column is None:
        return [("", len(frame))]
    counts = frame[column].dropna().astype("int64").value_counts().sort_index()
    known = list(zip(map(str, counts.index), counts.tolist(), strict=True))
    unknown = int(frame[column].isna().sum())
    return known + ([("", unknown)] if unknown else [])
