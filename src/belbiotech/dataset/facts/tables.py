"""The tables of one state of the data, together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Protocol

import pandas as pd

from belbiotech.dataset.facts.codes import exit_kinds
from belbiotech.dataset.facts.fields import FACTS, later_columns
from belbiotech.errors import on_screen, without_commands

__all__ = ["TABLE_NAMES", "Listed", "ReleaseTables", "Tables", "sizes_of", "with_later_columns"]

TABLE_NAMES = ("firm_year", "firms", "events", "alliances", "financings", "sources")


class Listed:
    """What holds several tables, and shows how large they are: on a screen, in a notebook."""

    def _shown(self) -> tuple[str, pd.DataFrame, list[str]]:
        """Give a title, one short table, and lines below it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        title, table, notes = self._shown()
        lines = [title, table.to_string(index=False, max_colwidth=28), *notes]
        return on_screen("\n".join(lines))

    def _repr_html_(self) -> str:
        title, table, notes = self._shown()
        below = "<br>".join(escape(note) for note in notes)
        return without_commands(
            f"<p><b>{escape(title)}</b></p>{table.to_html(index=False)}<p>{below}</p>"
        )


def sizes_of(tables: Iterable[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """Give the numbers of rows and columns of tables: table, rows, columns."""
    sizes = [(name, len(table), table.shape[1]) for name, table in tables]
    return pd.DataFrame(sizes, columns=["table", "rows", "columns"])


@dataclass(frozen=True, repr=False)
class Tables(Listed):
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

    def _shown(self) -> tuple[str, pd.DataFrame, list[str]]:
        firms, years = len(self.firms), len(self.firm_year)
        told = {k: v for k, v in self.parameters.items() if not isinstance(v, Mapping)}
        built = ", ".join(f"{name} {value}" for name, value in told.items())
        notes = [f"Built with {built}"] if built else []
        notes.append("Each is a DataFrame: .firm_year, .firms, ...")
        return f"Tables of {firms:,} firms, {years:,} firm-years", sizes_of(self.items()), notes


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
