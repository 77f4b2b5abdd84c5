"""What can be read in two ways: exits whose kind can be questioned, consortia of many partners."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import pandas as pd

from belbiotech.dataset.facts.codes import EXITS
from belbiotech.errors import PanelError, nearest_names

__all__ = [
    "Consortia",
    "Creditors",
    "Funds",
    "Liquidation",
    "Readings",
    "buyers",
    "counted_alliances",
    "exits_read",
    "readings_of",
]

Liquidation = Literal["failure", "closure"]
Creditors = Literal["acquisition", "failure"]
Funds = Literal["acquisition", "no_exit"]
Consortia = Literal["partners", "projects", "none"]
CHOICES = {
    "liquidation": Liquidation,
    "creditors": Creditors,
    "funds": Funds,
    "consortia": Consortia,
}
WOUND_UP = ("liquidated", "dissolved")  # pages seldom tell whether all debts were paid
SOLD = ("acquired", "merged")
TAKEN_BY = {
    "creditors": re.compile(r"\bcreditor-owned\b", re.IGNORECASE),
    "fund": re.compile(r"\b(?:fund|investment firm)\b", re.IGNORECASE),
}


@dataclass(frozen=True)
class Readings:
    """How facts that can be questioned are counted.

    Attributes
    ----------
    liquidation : {"failure", "closure"}
        What a liquidation or dissolution is: a failure, or the end of a life that is neither
        failure nor acquisition (a solvent firm can be wound up too).
    creditors : {"acquisition", "failure"}
        What it is when creditors take a firm over.
    funds : {"acquisition", "no_exit"}
        Whether control that passes to a fund is an acquisition, or the firm lives on.
    consortia : {"partners", "projects", "none"}
        Whether a consortium counts once for each partner, once for each project, or not at all.
    """

    liquidation: Liquidation = "failure"
    creditors: Creditors = "acquisition"
    funds: Funds = "acquisition"
    consortia: Consortia = "partners"

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {value!r}; {nearest_names(value, get_args(CHOICES[name]))}"
            for name, value in asdict(self).items()
            if value not in get_args(CHOICES[name])
        ]
        if problems:
            raise PanelError("\n".join(problems))

    def parameters(self) -> dict[str, Any]:
        """Give those that are not the usual ones, by name."""
        usual = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


def readings_of(parameters: Mapping[str, Any]) -> Readings:
    """Find how facts were read in built or released tables.

    Parameters
    ----------
    parameters : mapping
        What they were built with; what it does not say is as usual.

    Returns
    -------
    Readings
        The readings.
    """
    return Readings(**{name: parameters[name] for name in CHOICES if name in parameters})


def buyers(events: pd.DataFrame) -> pd.Series:
    """Read in the notes of sales and mergers who the buyer was, where it was no industrial firm.

    Parameters
    ----------
    events : DataFrame
        As in the facts.

    Returns
    -------
    Series of object
        ``creditors`` or ``fund``; None where the note says neither, and for other events.
    """
    found = [
        _buyer(note) if event in SOLD and isinstance(note, str) else None
        for event, note in zip(events["event"], events["note"], strict=True)
    ]
    return pd.Series(found, events.index, dtype=object)


def _buyer(note: str) -> str | None:
    return next((buyer for buyer, words in TAKEN_BY.items() if words.search(note)), None)


def exits_read(
    events: pd.DataFrame, readings: Readings, exits: Mapping[str, str] = EXITS
) -> pd.DataFrame:
    """Select the events that end lives, each with the kind of exit that it is.

    Parameters
    ----------
    events : DataFrame
        As in the facts.
    readings : Readings
        How facts that can be questioned are counted.
    exits : mapping of str to str
        The events that end lives, each with how.

    Returns
    -------
    DataFrame
        ``firm_id``, ``event``, ``date`` and ``kind``.
    """
    left = events[events["event"].isin(exits)]
    buyer, kind = buyers(left), left["event"].map(exits)
    kind = kind.mask(left["event"].isin(WOUND_UP), readings.liquidation)
    kind = kind.mask(buyer == "creditors", readings.creditors)
    lives_on = (buyer == "fund") & (readings.funds == "no_exit")
    return left[["firm_id", "event", "date"]].assign(kind=kind)[~lives_on]


def counted_alliances(alliances: pd.DataFrame, readings: Readings) -> pd.DataFrame:
    """Select the alliances that count.

    Partners of one consortium project are rows of one firm, one year and one subject, or, where
    no subject is given, one page.

    Parameters
    ----------
    alliances : DataFrame
        As in a release; whoever counts by group selects the group before.
    readings : Readings
        How consortia are counted.

    Returns
    -------
    DataFrame
        Their rows.
    """
    if readings.consortia == "partners":
        return alliances
    of_many = alliances["alliance_type"] == "consortium"
    project = alliances["subject"].fillna(alliances["source_id"])
    key = alliances.assign(project=project)[["firm_id", "start_year", "project"]]
    again = key[of_many].duplicated().reindex(alliances.index, fill_value=False)
    return alliances[~(of_many if readings.consortia == "none" else again)]
