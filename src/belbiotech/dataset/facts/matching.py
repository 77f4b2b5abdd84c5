"""Which fact of one state of the data is which fact of another: facts have no ids.

Equal rows are the same fact; so are rows that agree in all but page, confidence and note. What
is left on both sides of one firm is paired by ever fewer columns: a corrected date keeps the
counterparty, a corrected partner keeps the date. What then is left was added or removed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.rules import FACT_KEYS
from belbiotech.dataset.facts.tables import Tables, with_later_columns

__all__ = ["FactChange", "fact_changes", "match_facts"]

Row = Mapping[Hashable, Any]

YEAR = "_year"  # of the date of a fact, where a column is called so
DATES = {"events": "date", "alliances": "start", "financings": "date"}
ANCHORS: dict[str, list[list[str]]] = {
    "firms": [["firm_id"]],
    "events": [["event", "date"], ["event", "counterparty"], ["event", YEAR], ["event"]],
    "alliances": [
        ["partner", "start", "alliance_type"],
        ["partner", "start"],
        ["partner", "subject"],
        ["partner", YEAR],
        ["start", "subject"],
    ],
    "financings": [
        ["round", "date"],
        ["date", "amount_million"],
        ["round", "amount_million"],
        ["round", YEAR],
    ],
    "sources": [["source_id"]],
}


def match_facts(table: str, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Pair the rows of two states of a table.

    Parameters
    ----------
    table : str
        Name of a table of facts.
    old, new : DataFrame
        Its two states, with the columns of the facts.

    Returns
    -------
    DataFrame
        ``old`` and ``new``: positions of the rows, missing where a fact was added or removed.
        Each row of either state is there once.
    """
    columns = list(FACTS[table])
    before, after = _keyed(table, old), _keyed(table, new)
    owner = [name for name in ("firm_id",) if name in columns]
    keys = [(columns, True)]
    keys += [([*owner, *FACT_KEYS[table]], True)] if table in FACT_KEYS else []
    keys += [([*owner, *anchor], False) for anchor in ANCHORS[table]]
    pairs = []
    for key, blanks in keys:
        found = _pairs(before, after, list(dict.fromkeys(key)), blanks=blanks)
        pairs.append(found)
        before = before.drop(index=found["old"].tolist())
        after = after.drop(index=found["new"].tolist())
    gone = pd.DataFrame({"old": before.index, "new": pd.NA})
    come = pd.DataFrame({"old": pd.NA, "new": after.index})
    together = [part.astype("Int64") for part in (*pairs, gone, come)]
    return pd.concat(together, ignore_index=True)


@dataclass(frozen=True)
class FactChange:
    """A fact that was added, removed or changed.

    Attributes
    ----------
    table : str
        Its table.
    change : str
        ``added``, ``removed`` or ``changed``.
    old, new : mapping or None
        The row before and after.
    columns : tuple of str
        What changed in it.
    """

    table: str
    change: str
    old: Row | None
    new: Row | None
    columns: tuple[str, ...] = ()

    @property
    def row(self) -> Row:
        """The row as it is now, or was last."""
        found = self.old if self.new is None else self.new
        return {} if found is None else found


def fact_changes(old: Tables, new: Tables) -> list[FactChange]:
    """List the facts, firms and pages that differ between two states of the data.

    Parameters
    ----------
    old, new : Tables
        The two states.

    Returns
    -------
    list of FactChange
        By table, in the order of the tables; in a table in the order of firms.
    """
    return [change for name in FACTS for change in _changes(name, old, new)]


def _changes(table: str, old: Tables, new: Tables) -> list[FactChange]:
    sides = [getattr(tables, table).to_dict("records") for tables in (old, new)]
    found = []
    for pair in match_facts(table, getattr(old, table), getattr(new, table)).itertuples():
        before = None if pd.isna(pair.old) else sides[0][pair.old]
        after = None if pd.isna(pair.new) else sides[1][pair.new]
        if before is None or after is None:
            word = "added" if before is None else "removed"
            found.append(FactChange(table, word, before, after))
        elif columns := _changed_columns(table, before, after):
            found.append(FactChange(table, "changed", before, after, columns))
    first = next(iter(FACTS[table]))
    return sorted(found, key=lambda change: str(change.row[first]))


def _changed_columns(table: str, before: Row, after: Row) -> tuple[str, ...]:
    """Name the columns that differ, of those that both states have."""
    both = [name for name in FACTS[table] if name in before and name in after]
    return tuple(name for name in both if _differ(before[name], after[name]))


def _differ(one: object, two: object) -> bool:
    blank = [value is None or value != value for value in (one, two)]
    return blank[0] != blank[1] if any(blank) else one != two


def _keyed(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Cells as texts, a blank as an empty one, with the year, on positions."""
    texts = with_later_columns(table, frame).reset_index(drop=True)
    known = texts.notna()
    texts = texts.astype(str).where(known, "")
    if table in DATES:
        texts[YEAR] = texts[DATES[table]].str[:4]
    return texts


def _pairs(old: pd.DataFrame, new: pd.DataFrame, key: list[str], *, blanks: bool) -> pd.DataFrame:
    """Pair rows that agree in a key, several of one key in the order in which they stand."""
    sides = []
    for side, which in ((old, "old"), (new, "new")):
        some = side if blanks else side[(side[key] != "").all(axis=1)]
        keys = some[key].assign(rank=some.groupby(key).cumcount())
        sides.append(keys.assign(**{which: some.index}))
    return sides[0].merge(sides[1], on=[*key, "rank"])[["old", "new"]]
