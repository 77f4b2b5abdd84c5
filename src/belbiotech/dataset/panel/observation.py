"""Which firm-years are under observation: by a rule that is known before the year begins.

A firm is under observation in a year if a dated page about it was published in one of the years
before, as many of them as firms are followed; pages that state its exit do not count. So no firm
comes under observation through its own end, none leaves because it fell silent, and the rule is
the same for those that have an exit and those that have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.dataset.facts.dates import date_year
from belbiotech.dataset.facts.read import Facts
from belbiotech.errors import PanelError, nearest_names

__all__ = [
    "NO_END",
    "Evidence",
    "Observation",
    "ObservationRule",
    "exit_pages",
    "firm_pages",
    "observation_rule",
    "rule_of",
    "signs_of_life",
]

NO_END = 9999
Evidence = Literal["pages", "facts"]
Observation = Literal["follow_up", "first_page"]
FOLLOWED = (1, 2, 3, 5, None)
DATED = {"events": "date", "alliances": "start", "financings": "date"}


@dataclass(frozen=True)
class ObservationRule:
    """When a firm is under observation.

    Attributes
    ----------
    observation : {"follow_up", "first_page"}
        The rule: a sign of life in the years before; or that of data versions 0.x, all years
        from that of the first page to the exit or the last sighting.
    follow_up : int or None
        How many years a firm is followed after a sign of life; None for ever.
    evidence : {"pages", "facts"}
        What is a sign of life: a dated page; or also the date of a fact that later pages tell.
    """

    observation: Observation = "follow_up"
    follow_up: int | None = 3
    evidence: Evidence = "pages"

    @property
    def by_follow_up(self) -> bool:
        """Whether it is the rule of a sign of life in the years before."""
        return self.observation == "follow_up"

    def parameters(self) -> dict[str, Any]:
        """Give what of it matters, by name, as a release says it."""
        if not self.by_follow_up:
            return {"observation": self.observation}
        return {
            "observation": self.observation,
            "follow_up": self.follow_up,
            "evidence": self.evidence,
        }

    def last_followed(self, signs: pd.Series) -> pd.Series:
        """Give the last year in which a firm is followed after signs of life in these years."""
        return signs * 0 + NO_END if self.follow_up is None else signs + self.follow_up


def observation_rule(observation: object, follow_up: object, evidence: object) -> ObservationRule:
    """Check what was asked for.

    Parameters
    ----------
    observation, follow_up, evidence
        As in :class:`ObservationRule`.

    Returns
    -------
    ObservationRule
        The rule.

    Raises
    ------
    PanelError
        Values that there are not, all of them named.
    """
    problems = []
    whole = follow_up is None or isinstance(follow_up, int | np.integer)
    if isinstance(follow_up, bool) or not whole or follow_up not in FOLLOWED:
        problems.append(
            f"follow_up is {follow_up!r}; firms are followed for 1, 2, 3 or 5 years after a sign "
            "of life, or None: for ever"
        )
    for name, value, kind in (
        ("evidence", evidence, Evidence),
        ("observation", observation, Observation),
    ):
        if value not in get_args(kind):
            problems.append(f"{name} is {value!r}; {nearest_names(value, get_args(kind))}")
    if problems:
        raise PanelError("\n".join(problems))
    years = None if follow_up is None else int(follow_up)  # type: ignore[call-overload]
    return ObservationRule(observation, years, evidence)  # type: ignore[arg-type]


def rule_of(parameters: Mapping[str, Any]) -> ObservationRule:
    """Read the rule of built or released tables.

    Parameters
    ----------
    parameters : mapping
        What they were built with. Those of versions 0.x say nothing of it, and had that of the
        first page.

    Returns
    -------
    ObservationRule
        The rule.
    """
    names = ("observation", "follow_up", "evidence")
    told = {name: parameters[name] for name in names if name in parameters}
    return ObservationRule(**{"observation": "first_page", **told})


def firm_pages(facts: Facts) -> pd.DataFrame:
    """List the pages behind each firm's facts: its own row, its events, alliances, financings.

    Parameters
    ----------
    facts : Facts
        Checked facts.

    Returns
    -------
    DataFrame
        ``firm_id``, ``source_id`` and ``year`` (of publication; missing if the page has no
        date), a row for each firm and page.
    """
    own = facts.firms[["firm_id"]].assign(source_id=facts.firms["source_ids"].str.split(";"))
    others = [getattr(facts, table)[["firm_id", "source_id"]] for table in DATED]
    pages = pd.concat([own.explode("source_id"), *others], ignore_index=True).drop_duplicates()
    published = date_year(facts.sources.set_index("source_id")["published"])
    return pages.assign(year=pages["source_id"].map(published).astype("Int64"))


def exit_pages(facts: Facts) -> pd.DataFrame:
    """List the pages that state an exit of a firm: any of its exits, also one after the first.

    Parameters
    ----------
    facts : Facts
        Checked facts.

    Returns
    -------
    DataFrame
        ``firm_id`` and ``source_id``. A page on two firms is the page of an exit for the one
        whose exit it states, and not for the other.
    """
    exits = facts.events[facts.events["event"].isin(facts.exits)]
    return exits[["firm_id", "source_id"]].drop_duplicates()


def signs_of_life(facts: Facts, evidence: Evidence) -> pd.DataFrame:
    """List the years in which there was a sign of life of a firm, other than of its end.

    Of facts, those count that a page other than one of an exit states; that a firm was founded
    is told of all that are in the panel, and is no sign.

    Parameters
    ----------
    facts : Facts
        Checked facts.
    evidence : {"pages", "facts"}
        Years of pages; or also the years of events, alliances' starts and financings.

    Returns
    -------
    DataFrame
        ``firm_id`` and ``year``, each pair once.
    """
    signs = [_without(firm_pages(facts), exit_pages(facts))]
    if evidence == "facts":
        signs += [
            _without(_dated(facts, table, column), exit_pages(facts))
            for table, column in DATED.items()
        ]
    found = pd.concat([some[["firm_id", "year"]] for some in signs]).dropna().drop_duplicates()
    return found.astype({"year": "int64"}).reset_index(drop=True)


def _dated(facts: Facts, name: str, column: str) -> pd.DataFrame:
    """Facts with their years; an exit is none that shows a firm alive."""
    table: pd.DataFrame = getattr(facts, name)
    if name == "events":
        table = table[~table["event"].isin(facts.exits)]
    return table[["firm_id", "source_id"]].assign(year=date_year(table[column]))


def _without(some: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Rows whose firm and page are not among others."""
    key = ["firm_id", "source_id"]
    left_out = pd.MultiIndex.from_frame(some[key]).isin(pd.MultiIndex.from_frame(others[key]))
    return some[~left_out]
