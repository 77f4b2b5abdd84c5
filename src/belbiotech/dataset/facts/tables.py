"""The tables of one state of the data, together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from belbiotech.dataset.facts.codes import exit_kinds
from belbiotech.dataset.facts.fields import FACTS, later_columns

__all__ = ["TABLE_NAMES", "ReleaseTables", "Tables", "with_later_columns"]

TABLE_NAMES = ("firm_year", "firms", "events", "alliances", "financings", "sources")


@dataclass(frozen=True)
class Tables:
    """The processed tables, and what they were built with.

    Attributes
    ----------
    firm_year : DataFrame
        The panel: one row a firm and calendar year.
    firms, events, alliances, financings, sources : DataFrame
        The facts, typed, with what was derived from them.
    parameters : mapping
        ``end_year``, ``alliance_window`` (None: unlimited), ``observation``, ``follow_up`` and
        ``evidence`` (in releases 0.x none of the last three); ``own_codes`` if the facts have
        codes beyond the usual ones (column to code to label), ``own_means`` what they mean in the
        panel; ``merged_with`` if they were put on top of a shipped release (its ``version``,
        ``prefer``, and the sums of its tables).
    """

    firm_year: pd.DataFrame
    firms: pd.DataFrame
    events: pd.DataFrame
    alliances: pd.DataFrame
    financings: pd.DataFrame
    sources: pd.DataFrame
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each table with its name, the panel first."""
        for name in TABLE_NAMES:
            yield name, getattr(self, name)

    @property
    def exits(self) -> dict[str, str]:
        """The events that end a firm's life, each with how: failure, acquisition, ..."""
        return exit_kinds(self.parameters.get("own_means", {}))


class ReleaseTables(Protocol):
    """What can be released: named tables, and what they were built with."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What the tables were built with."""

    def items(self) -> Iterable[tuple[str, pd.DataFrame]]:
        """Names and tables, in the order of the schemas."""


def with_later_columns(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of the facts, those that came after the table was made as blanks.

    Parameters
    ----------
    table : str
        Name of a table of facts.
    frame : DataFrame
        The table, of any release.

    Returns
    -------
    DataFrame
        The columns of today's facts, in their order.
    """
    later = [name for name in later_columns(table) if name not in frame]
    blank = {name: pd.Series([None] * len(frame), frame.index, dtype=object) for name in later}
    return frame.assign(**blank)[list(FACTS[table])]
