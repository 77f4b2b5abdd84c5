"""What tells rows apart, and which column names a row of another table."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["KEYS", "REFERENCES", "references"]

KEYS: Mapping[str, tuple[str, ...]] = {
    "firm_year": ("firm_id", "year"),
    "firms": ("firm_id",),
    "sources": ("source_id",),
}
"""Columns whose values, together, stand in one row only. Events and deals may be alike."""

OF_A_FIRM = {"firm_id": "firms"}
OF_A_PAGE = {"source_id": "sources"}
REFERENCES: Mapping[str, Mapping[str, str]] = {
    "firm_year": OF_A_FIRM,
    "events": {**OF_A_FIRM, **OF_A_PAGE},
    "alliances": {**OF_A_FIRM, **OF_A_PAGE},
    "financings": {**OF_A_FIRM, **OF_A_PAGE},
}
"""For each table, columns that hold the key of another table, and that table."""


def references(table: str, among: Mapping[str, object]) -> dict[str, str]:
    """Give those references of a table that lead to a table which is there.

    Parameters
    ----------
    table : str
        Its name.
    among : mapping
        The tables that there are.

    Returns
    -------
    dict of str to str
        Column to the table that it leads to; the column has the same name there.

    Examples
    --------
    >>> references("events", {"events": ..., "sources": ...})
    {'source_id': 'sources'}
    """
    known = REFERENCES.get(table, {})
    return {column: other for column, other in known.items() if other in among}
