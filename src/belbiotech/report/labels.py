"""Words for columns and for the terms of a model, from the schemas of the data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from belbiotech.dataset.panel.schemas import PROCESSED
from belbiotech.survival.inference.words import Labels

__all__ = ["Labels", "data_labels"]


@cache
def data_labels() -> Labels:
    """Collect the titles and codes of all tables of a release.

    Returns
    -------
    Labels
        Those of the panel first.
    """
    titles: dict[str, str] = {}
    codes: dict[str, Mapping[str, str]] = {}
    for schema in PROCESSED.values():
        for name, column in schema.columns.items():
            titles.setdefault(name, str(column.title))
            codes.setdefault(name, dict((column.metadata or {}).get("values", {})))
    return Labels(titles, codes)
