"""Two states of the data: which firms and facts changed, and what that moved in the panel."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from belbiotech.dataset.documents.difference_text import markdown
from belbiotech.dataset.documents.traces import changed_rows
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.matching import FactChange, fact_changes
from belbiotech.dataset.facts.tables import Listed, Tables
from belbiotech.dataset.facts.wording import fact_date, fact_text
from belbiotech.dataset.panel.fields import FIRM_YEAR

__all__ = ["Difference", "compare_tables"]

SIDES = ["old", "new"]
NUMBERS = {"amount", "year", "count", "flag"}
COLUMNS = [
    "table",
    "change",
    "firm_id",
    "name",
    "fact",
    "date",
    "column",
    "old",
    "new",
    "old_source",
    "new_source",
]


@dataclass(frozen=True, repr=False)
class Difference(Listed):
    """What changed between two states of the data.

    Cells of many columns stand below each other in ``old`` and ``new``: there they are texts, so
    that every table can be kept in any file; `to_json` gives numbers and truth values as such.

    Attributes
    ----------
    old, new : str
        The two versions, or the words "old" and "new" for tables of one's own.
    parameters : DataFrame
        What the panel was built with, where that differs: ``parameter``, ``old``, ``new``.
    summary : DataFrame
        ``table``, ``added``, ``removed``, ``changed``: numbers of rows.
    firms : DataFrame
        Firms added, removed and changed: ``change``, ``firm_id``, ``name``, ``column``, ``old``,
        ``new``, ``old_source``, ``new_source`` (ids of pages). A changed firm has a row for each
        of its changed columns.
    facts : DataFrame
        Events, alliances and financings likewise, with ``table``, ``fact`` (in words) and
        ``date``.
    sources : DataFrame
        Pages likewise.
    firm_years : DataFrame
        Rows of the panel that came, went or changed: ``firm_id``, ``year``, ``change``,
        ``column``, ``old``, ``new``, ``through`` (the changed facts that did it).
    """

    old: str
    new: str
    parameters: pd.DataFrame
    summary: pd.DataFrame
    firms: pd.DataFrame
    facts: pd.DataFrame
    sources: pd.DataFrame
    firm_years: pd.DataFrame

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each table with its name."""
        for name in ("parameters", "summary", "firms", "facts", "sources", "firm_years"):
            yield name, getattr(self, name)

    def _shown(self) -> tuple[str, pd.DataFrame, list[str]]:
        moved = self.firm_years.drop_duplicates(["firm_id", "year"])
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in moved["change"].value_counts().items())
        notes = [f"Firm-years: {kinds or 'none moved'}"]
        notes += [f"{p.parameter}: {p.old} -> {p.new}" for p in self.parameters.itertuples()]
        notes.append("Row by row: .firms, .facts, .sources, .firm_years; in words: .to_markdown()")
        return f"From {self.old} to {self.new}", self.summary, notes

    @property
    def empty(self) -> bool:
        """Whether nothing changed at all."""
        return all(table.empty for name, table in self.items() if name != "summary")

    def to_markdown(self) -> str:
        """Write the difference for people: every firm and fact, and firm-years by firm.

        Returns
        -------
        str
            Markdown, without a title.
        """
        return markdown(self.old, self.new, dict(self.items()))

    def to_json(self) -> str:
        """Write the difference for machines: every table in full.

        Returns
        -------
        str
            One object: ``old``, ``new``, and each table as a list of rows; a missing value is
            null.
        """
        tables = {name: _records(name, table) for name, table in self.items()}
        content = {"old": self.old, "new": self.new, **tables}
        return json.dumps(content, ensure_ascii=False, indent=1)


def compare_tables(
    before: Tables, after: Tables, *, old: str = "old", new: str = "new"
) -> Difference:
    """Compare two states of the data, both at hand.

    Parameters
    ----------
    before, after : Tables
        As built or loaded.
    old, new : str
        What they are called.

    Returns
    -------
    Difference
        What was added, removed and changed, and which firm-years moved through which fact.
    """
    changes = fact_changes(before, after)
    rows = [line for change in changes for line in _lines(change)]
    lines = _as_texts(pd.DataFrame(rows, columns=COLUMNS, dtype=object))
    firms, sources = (lines[lines["table"] == name] for name in ("firms", "sources"))
    facts = lines[~lines["table"].isin(["firms", "sources"])]
    return Difference(
        old=old,
        new=new,
        parameters=_parameters(before, after),
        summary=_summary(changes),
        firms=firms.drop(columns=["table", "fact", "date"]).reset_index(drop=True),
        facts=facts.drop(columns="name").reset_index(drop=True),
        sources=sources[["change", "new_source", "column", "old", "new"]]
        .rename(columns={"new_source": "source_id"})
        .reset_index(drop=True),
        firm_years=_as_texts(changed_rows(before, after, changes)),
    )


def _lines(change: FactChange) -> Iterator[dict[str, Any]]:
    """One line for a fact that came or went, and one for each column that changed."""
    row, is_page = change.row, change.table == "sources"
    page = "source_ids" if change.table == "firms" else "source_id"
    line = {
        "table": change.table,
        "change": change.change,
        "firm_id": row.get("firm_id"),
        "name": row.get("name"),
        "fact": None if is_page else fact_text(change.table, row),
        "date": None if is_page else fact_date(change.table, row),
        **dict.fromkeys(("column", "old", "new")),
        "old_source": None if change.old is None else change.old[page],
        "new_source": row[page] if is_page or change.new is not None else None,
    }
    if change.old is None or change.new is None:
        yield line
        return
    for column in change.columns:
        yield {**line, "column": column, "old": change.old[column], "new": change.new[column]}


def _parameters(old: Tables, new: Tables) -> pd.DataFrame:
    names = sorted({*old.parameters, *new.parameters})
    both = [(name, old.parameters.get(name), new.parameters.get(name)) for name in names]
    rows = [(name, before, after) for name, before, after in both if before != after]
    return _as_texts(pd.DataFrame(rows, columns=["parameter", *SIDES], dtype=object))


def _summary(changes: list[FactChange]) -> pd.DataFrame:
    words = ["added", "removed", "changed"]
    rows = [
        (name, *(sum((c.table, c.change) == (name, word) for c in changes) for word in words))
        for name in FACTS
    ]
    return pd.DataFrame(rows, columns=["table", *words])


def _as_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Write the cells before and after as texts."""
    return table.assign(**{side: table[side].map(_text).astype(object) for side in SIDES})


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return None if pd.isna(value) else str(value)


def _records(name: str, table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            str(column): _cell(name, row, value) if column in SIDES else value
            for column, value in row.items()
        }
        for row in (_plain_row(row) for row in table.astype(object).to_dict("records"))
    ]


def _plain_row(row: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
    return {column: None if pd.isna(value) else value for column, value in row.items()}


def _cell(name: str, row: Mapping[Hashable, Any], text: str | None) -> Any:
    """Read a cell's text back, by the kind of its column."""
    if text is None:
        return None
    if name == "parameters":
        return _parameter(text)
    fields = FIRM_YEAR if name == "firm_years" else FACTS[row.get("table", name)]
    kind = fields[row["column"]].kind
    if kind == "bool":
        return text == "True"
    return json.loads(text) if kind in NUMBERS else text


def _parameter(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
