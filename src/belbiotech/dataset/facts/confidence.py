"""From released tables back to the facts in them, all or those that can be relied on more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from belbiotech.dataset.facts.codes import CONFIDENCE
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import Facts
from belbiotech.dataset.facts.tables import Tables, with_later_columns
from belbiotech.errors import PanelError, in_words, nearest_names

__all__ = ["Confidence", "facts_of", "filter_confidence", "filter_core", "filter_stated"]

Confidence = Literal["A", "B", "C"]
Mask = Callable[[pd.DataFrame], pd.Series]


def facts_of(tables: Tables) -> Facts:
    """Take the facts out of processed tables: nothing of them was lost.

    Parameters
    ----------
    tables : Tables
        As built or loaded.

    Returns
    -------
    Facts
        The facts that the tables were built from, their rows in the order of the tables. A
        column that came after the tables were made is blank.
    """
    found: dict[str, Any] = {
        name: with_later_columns(name, getattr(tables, name)) for name in FACTS
    }
    told: dict[str, Any] = {
        name: tables.parameters.get(name, {}) for name in ("own_codes", "own_means", "merged_with")
    }
    return Facts(**found, **told)


def filter_confidence(data: Facts | Tables, min_confidence: Confidence) -> Facts:
    """Keep the facts of a confidence or a better one.

    A firm whose own row (founding and fixed traits) has a lower one is left out, with all facts
    about it. Pages stay, also those that no fact refers to any more; but a page that states an
    exit which is left out is no page of the firm any longer, and shows nothing of its life.

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
    if not isinstance(min_confidence, str) or min_confidence not in CONFIDENCE:
        told = nearest_names(min_confidence, CONFIDENCE)
        msg = f"{in_words(min_confidence)} is no confidence; {told}"
        raise PanelError(msg)
    good = [name for name in CONFIDENCE if name <= min_confidence]
    return _filtered(data, lambda table: table["confidence"].isin(good))


def filter_stated(data: Facts | Tables) -> Facts:
    """Keep the facts whose date a page states, and drop those whose year follows from context.

    Firms and pages are left out as in :func:`filter_confidence`.

    Parameters
    ----------
    data : Facts or Tables
        Facts, or the tables that were built from them.

    Returns
    -------
    Facts
        What is left.

    Examples
    --------
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> filter_stated(read_facts("data/raw")).events["date_quality"].unique().tolist()
    ['stated']
    """
    return _filtered(data, lambda table: table["date_quality"] == "stated")


def filter_core(data: Facts | Tables) -> Facts:
    """Drop the firms on the edge of the frame, with all facts about them.

    Parameters
    ----------
    data : Facts or Tables
        Facts, or the tables that were built from them.

    Returns
    -------
    Facts
        Facts on firms whose ``frame`` is not ``borderline``; one that was not judged stays.

    Examples
    --------
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> filter_core(read_facts("data/raw")).firms["frame"].unique().tolist()
    ['core']
    """
    facts = facts_of(data) if isinstance(data, Tables) else data
    return _of_firms(facts, facts.firms[facts.firms["frame"] != "borderline"])


def _filtered(data: Facts | Tables, good: Mask) -> Facts:
    """Keep good rows, and of the firms those with a good row of their own."""
    facts = facts_of(data) if isinstance(data, Tables) else data
    exits = facts.events[facts.events["event"].isin(facts.exits)]
    doubted = exits[~good(exits)]
    firms = _without_pages(facts.firms[good(facts.firms)], doubted)
    kept = _of_firms(facts, firms)
    tables: dict[str, Any] = {
        name: _rows(getattr(kept, name), good) for name in ("events", "alliances", "financings")
    }
    return replace(kept, **tables)


def _without_pages(firms: pd.DataFrame, doubted: pd.DataFrame) -> pd.DataFrame:
    """Take the pages of exits that are left out from the firms; a firm with no other page goes."""
    gone = set(zip(doubted["firm_id"], doubted["source_id"], strict=True))
    lists = [
        ";".join(page for page in pages.split(";") if (firm, page) not in gone)
        for firm, pages in zip(firms["firm_id"], firms["source_ids"], strict=True)
    ]
    firms = firms.assign(source_ids=pd.Series(lists, firms.index, dtype=object))
    return firms[firms["source_ids"] != ""]


def _of_firms(facts: Facts, firms: pd.DataFrame) -> Facts:
    """Keep the facts on some firms."""
    known = set(firms["firm_id"])
    tables: dict[str, Any] = {
        name: _rows(getattr(facts, name), lambda table: table["firm_id"].isin(known))
        for name in ("events", "alliances", "financings")
    }
    return replace(facts, firms=firms.reset_index(drop=True), **tables, path=None)


def _rows(table: pd.DataFrame, good: Mask) -> pd.DataFrame:
    return table[good(table)].reset_index(drop=True)
