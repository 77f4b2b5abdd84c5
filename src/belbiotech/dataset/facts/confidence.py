"""From released tables back to the facts in them, all or those of a certain confidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from belbiotech.dataset.facts.codes import CONFIDENCE
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import Facts
from belbiotech.dataset.facts.tables import Tables
from belbiotech.errors import PanelError, nearest_names

__all__ = ["Confidence", "facts_of", "filter_confidence"]

Confidence = Literal["A", "B", "C"]


def facts_of(tables: Tables) -> Facts:
    """Take the facts out of processed tables: nothing of them was lost.

    Parameters
    ----------
    tables : Tables
        As built or loaded.

    Returns
    -------
    Facts
        The facts that the tables were built from, their rows in the order of the tables.
    """
    facts = {name: getattr(tables, name)[list(fields)] for name, fields in FACTS.items()}
    told: dict[str, Any] = {
        name: tables.parameters.get(name, {}) for name in ("own_codes", "merged_with")
    }
    return Facts(**facts, **told)


def filter_confidence(data: Facts | Tables, min_confidence: Confidence) -> Facts:
    """Keep the facts of a confidence or a better one.

    A firm whose own row (founding and fixed traits) has a lower one is left out, with all facts
    about it. Pages stay, also those that no fact refers to any more.

    Parameters
    ----------
    data : Facts or Tables
        Facts, or the tables that were built from them.
    min_confidence : {"A", "B", "C"}
        The lowest confidence that stays; A is the best.

    Returns
    -------
    Facts
        What is left.

    Raises
    ------
    PanelError
        Another letter.

    Examples
    --------
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> facts = read_facts("data/raw")
    >>> sorted(filter_confidence(facts, "B").alliances["confidence"].unique())
    ['A', 'B']
    """
    if min_confidence not in CONFIDENCE:
        msg = f"{min_confidence!r} is no confidence; {nearest_names(min_confidence, CONFIDENCE)}"
        raise PanelError(msg)
    facts = facts_of(data) if isinstance(data, Tables) else data
    good = [name for name in CONFIDENCE if name <= min_confidence]
    firms = _kept(facts.firms, good)
    known = set(firms["firm_id"])
    events, alliances, financings = (
        _kept(table[table["firm_id"].isin(known)], good)
        for table in (facts.events, facts.alliances, facts.financings)
    )
    kept: dict[str, Any] = {
        "firms": firms,
        "events": events,
        "alliances": alliances,
        "financings": financings,
    }
    return replace(facts, **kept, path=None)


def _kept(table: pd.DataFrame, good: list[str]) -> pd.DataFrame:
    return table[table["confidence"].isin(good)].reset_index(drop=True)
