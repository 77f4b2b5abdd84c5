"""The steps of a bias audit for which the panel is built anew: who is observed, what is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.errors import FitError
from belbiotech.studies import designs
from belbiotech.studies.audit.steps import Rows, Step
from belbiotech.studies.designs import Sample

if TYPE_CHECKING:
    from belbiotech.dataset.facts.read import Facts
    from belbiotech.dataset.facts.tables import Tables

__all__ = ["Rebuilt", "observation_steps", "reading_steps"]

BY_PAGES = {"observation": "follow_up", "evidence": "pages"}
NO_FACTS = (
    "not possible: a panel alone does not tell what its pages and exits were; in its place give "
    "the tables of build() or load_tables(), or a version such as '1.0.0'"
)
READINGS: dict[str, dict[str, str]] = {
    "A sale to creditors is a failure": {"creditors": "failure"},
    "Control that passes to a fund is no exit": {"funds": "no_exit"},
    "Wound up is no failure, only bankrupt is": {"liquidation": "closure"},
    "A consortium counts once a project": {"consortia": "projects"},
    "Consortia do not count": {"consortia": "none"},
}


@dataclass(frozen=True)
class Rebuilt:
    """Tables, and how a sample is read from others like them.

    Attributes
    ----------
    tables : Tables
        Those of the audit.
    read : callable
        Reads a sample from tables.
    """

    tables: Tables
    read: Callable[[Tables], Sample]

    def sample(self, facts: Facts | None = None, **changes: Any) -> Sample:
        """Read the sample of tables that were built anew."""
        from belbiotech.dataset.panel.build import rebuild

        return self.read(rebuild(self.tables, facts, **changes))


def observation_steps(rebuilt: Rebuilt | None) -> Iterator[Step]:
    """List the rules by which firm-years can count, from that of versions 0.x on.

    Parameters
    ----------
    rebuilt : Rebuilt or None
        None where the facts are not known.

    Yields
    ------
    Step
        d1 to d8.
    """
    if rebuilt is None:
        yield Step("d1", "Other rules of observation", partial(_refuse, NO_FACTS))
        return
    yield Step("d1", "From the year of the first page", partial(_by_first_page, rebuilt))
    yield Step("d2", "From the year after the first page", partial(_year_after, rebuilt, None))
    yield Step(
        "d3",
        "The same, pages on the exit left out",
        partial(_year_after, rebuilt, "pages"),
    )
    for number, years in enumerate((1, 2, 3, 5), start=4):
        words = "1 year" if years == 1 else f"{years} years"
        rows = partial(_built, rebuilt, follow_up=years, **BY_PAGES)
        yield Step(f"d{number}", f"Followed for {words} after each page", rows)
    facts = partial(_built, rebuilt, follow_up=3, observation="follow_up", evidence="facts")
    yield Step("d8", "Followed for 3 years after each page or fact", facts)


def reading_steps(rebuilt: Rebuilt | None) -> Iterator[Step]:
    """List what can be questioned in outcomes, frame, facts and exposure, one change each.

    Parameters
    ----------
    rebuilt : Rebuilt or None
        None where the facts are not known.

    Yields
    ------
    Step
        Of letter l.
    """
    if rebuilt is None:
        yield Step("l", "Facts read otherwise", partial(_refuse, NO_FACTS))
        return
    for design, change in READINGS.items():
        yield Step("l", design, partial(_built, rebuilt, **change))
    from belbiotech.dataset.facts.confidence import filter_confidence, filter_core, filter_stated

    kept: dict[str, Callable[[Tables], Facts]] = {
        "Without firms on the edge of the frame": filter_core,
        "Without facts from directories and wikis": partial(filter_confidence, min_confidence="B"),
        "Without facts whose date is inferred": filter_stated,
    }
    for design, keep in kept.items():
        yield Step("l", design, partial(_of_some_facts, rebuilt, keep))


def _refuse(reason: str) -> Rows:
    raise FitError(reason)


def _rows(sample: Sample) -> Rows:
    observed = designs.documented(sample)
    firms = observed.rows[observed.unit].nunique()
    return designs.as_of(observed, window=observed.window), f"{firms} firms"


def _built(rebuilt: Rebuilt, **changes: Any) -> Rows:
    return _rows(rebuilt.sample(**changes))


def _of_some_facts(rebuilt: Rebuilt, keep: Callable[[Tables], Facts]) -> Rows:
    return _rows(rebuilt.sample(keep(rebuilt.tables)))


def _by_first_page(rebuilt: Rebuilt) -> Rows:
    return _rows(rebuilt.sample(observation="first_page"))


def _year_after(rebuilt: Rebuilt, evidence: Any) -> Rows:
    """Begin in the year after the first page, of any kind or not on the exit; leave as in 0.x."""
    from belbiotech.dataset.facts.confidence import facts_of
    from belbiotech.dataset.panel.observation import signs_of_life

    sample = rebuilt.sample(observation="first_page")
    firms = rebuilt.tables.firms.set_index("firm_id")
    first: pd.Series = firms["first_documented"]
    if evidence:
        signs = signs_of_life(facts_of(rebuilt.tables), evidence)
        first = signs.groupby("firm_id")["year"].min()
    begins = sample.rows[sample.unit].map(first).astype("Float64")
    after = (sample.rows["year"] > begins).fillna(value=False).astype(bool)
    return _rows(sample.keep(after))
