"""The releases and what changed from each to the next, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from belbiotech.dataset.documents.traces import change_text
from belbiotech.dataset.facts.matching import FactChange, fact_changes
from belbiotech.explorer.states import State
from belbiotech.explorer.words import file_stem

__all__ = ["Change", "Step", "steps"]

SHOWN = ("firms", "events", "alliances", "financings")


@dataclass(frozen=True)
class Change:
    """A fact that came, went or was corrected: the firm, its page if it has one, the words."""

    table: str
    change: str
    firm: str
    file: str | None
    text: str


@dataclass(frozen=True)
class Step:
    """A release, its size, and how it differs from the one before.

    ``counts`` has a row a table of facts: its name, rows, and how many were added, removed and
    changed; None in the first release. ``columns`` are columns that came or went.
    """

    version: str
    parameters: tuple[tuple[str, str], ...]
    sizes: tuple[tuple[str, int], ...]
    before: str | None
    counts: tuple[tuple[str, int, int, int], ...]
    columns: tuple[str, ...]
    changes: tuple[Change, ...]


def steps(states: Sequence[State]) -> list[Step]:
    """Compare each release with the one before it.

    Parameters
    ----------
    states : sequence of State
        Oldest first.

    Returns
    -------
    list of Step
        Newest first.
    """
    pages = {firm: file_stem(firm) for firm in states[-1].tables.firms["firm_id"]}
    before: list[State | None] = [None, *states[:-1]]
    return [_step(old, new, pages) for old, new in zip(before, states, strict=True)][::-1]


def _step(old: State | None, new: State, pages: dict[str, str]) -> Step:
    changes = [] if old is None else fact_changes(old.tables, new.tables)
    told = {key: value for key, value in new.manifest.parameters.items() if not _nested(value)}
    return Step(
        version=new.version,
        parameters=tuple(
            (name.replace("_", " "), "none" if value is None else str(value))
            for name, value in told.items()
        ),
        sizes=tuple((name, table.rows) for name, table in new.manifest.tables.items()),
        before=None if old is None else old.version,
        counts=tuple(_counts(changes)),
        columns=() if old is None else tuple(_columns(old, new)),
        changes=tuple(_change(change, pages) for change in changes if change.table in SHOWN),
    )


def _nested(value: object) -> bool:
    return isinstance(value, (dict, list))


def _counts(changes: Sequence[FactChange]) -> list[tuple[str, int, int, int]]:
    found = []
    for table in (*SHOWN, "sources"):
        of_it = [change.change for change in changes if change.table == table]
        added, removed, changed = (of_it.count(word) for word in ("added", "removed", "changed"))
        found.append((table, added, removed, changed))
    return found


def _columns(old: State, new: State) -> list[str]:
    found = []
    for name in new.manifest.tables:
        sides = [
            [column.name for column in state.manifest.tables[name].columns] for state in (old, new)
        ]
        found += [f"{name}.{column} added" for column in sides[1] if column not in sides[0]]
        found += [f"{name}.{column} removed" for column in sides[0] if column not in sides[1]]
    return found


def _change(change: FactChange, pages: dict[str, str]) -> Change:
    firm = str(change.row["firm_id"])
    return Change(change.table, change.change, firm, pages.get(firm), change_text(change))
