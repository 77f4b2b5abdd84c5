"""The codebook: every column of every table, as the release explains it."""

from __future__ import annotations

from dataclasses import dataclass

from belbiotech.dataset.documents.distribution import Distribution, distribution
from belbiotech.dataset.documents.manifest import ColumnEntry, TableEntry
from belbiotech.explorer.states import State

__all__ = ["ExplainedColumn", "ExplainedTable", "explained_tables"]

TYPES = {
    "string": "text",
    "int64": "whole number",
    "Int64": "whole number",
    "float64": "number",
    "bool": "yes or no",
    "boolean": "yes or no",
}


@dataclass(frozen=True)
class ExplainedColumn:
    """A column, its type in words, its share of missing values, how its values are spread.

    ``codes`` are the allowed codes with label and number of rows.
    """

    entry: ColumnEntry
    kind: str
    missing: str
    spread: Distribution
    codes: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class ExplainedTable:
    """A table with its columns."""

    name: str
    entry: TableEntry
    columns: tuple[ExplainedColumn, ...]


def explained_tables(state: State) -> list[ExplainedTable]:
    """Explain all tables of a release.

    Parameters
    ----------
    state : State
        The release.

    Returns
    -------
    list of ExplainedTable
        In the order of the manifest.
    """
    return [
        ExplainedTable(
            name,
            entry,
            tuple(
                _column(column, entry.rows, distribution(frame[column.name], column.allowed))
                for column in entry.columns
            ),
        )
        for name, frame in state.tables.items()
        for entry in [state.manifest.tables[name]]
    ]


def _column(entry: ColumnEntry, rows: int, spread: Distribution) -> ExplainedColumn:
    counts = dict(zip(spread.labels, spread.counts, strict=True))
    codes = tuple((code, label, counts.get(code, 0)) for code, label in entry.allowed.items())
    share = f"{100 * entry.missing / rows:.1f}%" if entry.missing else "none"
    return ExplainedColumn(entry, TYPES.get(entry.dtype, entry.dtype), share, spread, codes)
