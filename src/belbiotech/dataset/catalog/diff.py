"""Two versions of the data, or tables of one's own, compared."""

from __future__ import annotations

from pathlib import Path

from belbiotech.dataset.catalog.load import load_tables
from belbiotech.dataset.documents.difference import Difference, compare_tables
from belbiotech.dataset.facts.tables import Tables
from belbiotech.errors import ReleaseError, in_words

__all__ = ["diff"]


def diff(old: str | Path | Tables, new: str | Path | Tables) -> Difference:
    """Compare two states of the data.

    Facts have no ids: equal rows are the same fact, then rows that agree in all but page,
    confidence and note, then the nearest of the same firm (a corrected date, amount or partner).

    Parameters
    ----------
    old, new : str, Path or Tables
        Versions, folders of built ones, or tables of one's own as :func:`belbiotech.build` gives
        them.

    Returns
    -------
    Difference
        What was added, removed and changed, and which firm-years moved through which fact.

    Raises
    ------
    ReleaseError
        An unknown version, or a damaged release.

    Examples
    --------
    >>> from belbiotech.dataset.facts.confidence import filter_confidence
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> from belbiotech.dataset.panel.build import build
    >>> facts = read_facts("data/raw")
    >>> better = filter_confidence(facts, "B")
    >>> changed = diff(build(facts), build(better, end_year=2025))
    >>> changed.firms.query("change == 'removed'")["name"].head(2).tolist()
    ['Agrostar', 'Idrabel']
    >>> changed.facts["change"].unique().tolist()
    ['removed']
    """
    for name, state in (("old", old), ("new", new)):
        if not isinstance(state, str | Path | Tables):
            msg = (
                f"there is no version {in_words(state)} ({name}); give a version such as "
                "'1.0.0', a built folder, or tables"
            )
            raise ReleaseError(msg)
    return compare_tables(
        old if isinstance(old, Tables) else load_tables(old),
        new if isinstance(new, Tables) else load_tables(new),
        old="old" if isinstance(old, Tables) else str(old),
        new="new" if isinstance(new, Tables) else str(new),
    )
