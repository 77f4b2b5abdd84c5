"""The first curve of the survival page as a table, for those who read it without a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from belbiotech.errors import heard_warnings
from belbiotech.explorer.risk import CONF_LEVEL, OUTCOMES, traits_and_flags
from belbiotech.explorer.states import State
from belbiotech.explorer.words import Words
from belbiotech.survival.curves.kaplan_meier import kaplan_meier

__all__ = ["ExampleCurve", "example_curve"]


@dataclass(frozen=True)
class ExampleCurve:
    """Kaplan-Meier of the first outcome: its title, the rows of its table, what to know of it."""

    outcome: str
    years: str
    rows: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def example_curve(state: State, words: Words) -> ExampleCurve:
    """Estimate the curve that the page shows first: any exit, all observed firm-years.

    Parameters
    ----------
    state : State
        The release.
    words : Words
        Its labels.

    Returns
    -------
    ExampleCurve
        Without rows if the panel has none; of all firm-years if none is observed.
    """
    rows, _, years = traits_and_flags(state, words)
    title = "All firm-years"
    for year in years:
        if rows[year["name"]].any():
            rows, title = rows[rows[year["name"]]], year["title"]
            break
    outcome = next(name for name in OUTCOMES if name in rows)
    label = words.title("firm_year", outcome)
    if rows.empty:
        return ExampleCurve(label, title, (), ("The panel has no firm-years.",))
    with heard_warnings() as told:
        table = kaplan_meier(rows, outcome, conf_level=CONF_LEVEL).table
    records = tuple({str(name): value for name, value in row.items()} for row in _rows(table))
    return ExampleCurve(label, title, records, tuple(told))


def _rows(table: Any) -> list[dict[Any, Any]]:
    found: list[dict[Any, Any]] = table.to_dict("records")
    return found
