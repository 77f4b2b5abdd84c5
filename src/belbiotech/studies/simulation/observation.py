"""Does a rule of observation find the truth? Firms that get written about in four ways.

Whether a firm-year counts must not depend on what happens in it. Here the hazard is known, and so
is why firms are written about; the rule of data versions 0.x and that of 1.0.0 look at the same
pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import PanelError, in_words, is_one_of, nearest_names
from belbiotech.studies.estimates import estimated
from belbiotech.studies.seeds import check_seed
from belbiotech.studies.workers import run

__all__ = ["Written", "observation_study", "observed_rows", "write_about"]

World = Literal["random", "allied", "sold", "sightings"]
Bools = NDArray[np.bool_]

YEARS = 30  # calendar years followed
HAZARD, SIGNING, IN_FORCE = 0.06, 0.15, 5
# Chance of a page in a year of a firm without and with an alliance; whether each exit has a page
# of its own; and the share of those pages that come out the year before, with the announcement.
WORLDS: dict[World, tuple[float, float, bool, float]] = {
    "random": (0.15, 0.15, False, 0.0),
    "allied": (0.04, 0.40, False, 0.0),
    "sold": (0.04, 0.20, True, 0.3),
    "sightings": (0.08, 0.40, True, 0.0),
}
RULES = {"0.x: from the first page": "first_page", "1.0.0: followed for 3 years": "follow_up"}


@dataclass(frozen=True)
class Written:
    """Firms, and what is written about them; n firms, T ages.

    Attributes
    ----------
    founded : (n,)
        Year of founding, counted from 0.
    last : (n,)
        Age in the year of the exit, or in the last calendar year.
    exits : (n,) of bool
        Whether the firm has an exit.
    signed, pages : (n, T) of bool
        Whether an alliance was signed, and a page about the firm came out, at an age.
    exit_page : (n,)
        Age in the year of the page on the exit; -1 if there is none.
    """

    founded: NDArray[np.int64]
    last: NDArray[np.int64]
    exits: Bools
    signed: Bools
    pages: Bools
    exit_page: NDArray[np.int64]


def write_about(world: World, effect: float, n_firms: int, rng: np.random.Generator) -> Written:
    """Let firms live, and be written about.

    Parameters
    ----------
    world : {"random", "allied", "sold", "sightings"}
        Pages at random times; more of them when a firm is allied; few, and one on each exit,
        some of these the year before; every exit reported, and survivors by sightings only.
    effect : float
        Log hazard ratio of exit of a firm with any alliance in force at the end of the year before.
    n_firms : int
        Firms founded.
    rng : numpy Generator
        Where all chance comes from.

    Returns
    -------
    Written
        All firms, also those that nobody ever wrote about.
    """
    alone, allied, reported, early = WORLDS[world]
    founded = rng.integers(0, YEARS - 5, n_firms)
    signed = rng.random((n_firms, YEARS)) < SIGNING
    status = _status(signed)
    ends = rng.random((n_firms, YEARS)) < -np.expm1(-HAZARD * np.exp(effect * status))
    final = YEARS - 1 - founded
    first_end = np.where(ends.any(axis=1), ends.argmax(axis=1), YEARS)
    exits, last = first_end <= final, np.minimum(first_end, final)
    lived = np.arange(YEARS) <= last[:, None]
    pages = (rng.random((n_firms, YEARS)) < np.where(status, allied, alone)) & lived
    before = (rng.random(n_firms) < early) & (last > 0)
    exit_page = np.where(exits & reported, last - before, -1)
    return Written(founded, last, exits, signed & lived, pages, exit_page)


def _status(signed: Bools) -> Bools:
    """Whether an alliance is in force at the end of the year before."""
    return _in_the_years_before(signed, IN_FORCE)


def _in_the_years_before(happened: Bools, years: int) -> Bools:
    found = np.zeros_like(happened)
    for lag in range(1, years + 1):
        found[:, lag:] |= happened[:, :-lag]
    return found


def observed_rows(written: Written, rule: str, *, follow_up: int = 3) -> pd.DataFrame:
    """Lay out the firm-years that count by a rule.

    Parameters
    ----------
    written : Written
        Firms and pages.
    rule : {"first_page", "follow_up"}
        As in :func:`belbiotech.build`.
    follow_up : int
        Years that a firm is followed after a page.

    Returns
    -------
    DataFrame
        ``firm_id``, ``start``, ``stop``, ``allied``, ``exit``: a row a firm and year.
    """
    age = np.arange(written.pages.shape[1])
    if rule == "first_page":
        kept = _from_the_first_page(written, age)
    else:
        kept = _in_the_years_before(written.pages, follow_up)
    firm, at = np.nonzero(kept & (age <= written.last[:, None]))
    return pd.DataFrame(
        {
            "firm_id": firm,
            "start": at,
            "stop": at + 1,
            "allied": _status(written.signed)[firm, at].astype(int),
            "exit": (written.exits[firm] & (at == written.last[firm])).astype(int),
        }
    )


def _from_the_first_page(written: Written, age: NDArray[np.int64]) -> Bools:
    """Tell the years from the first page, also one on the exit, to exit or last sighting."""
    every = written.pages.copy()
    who = np.flatnonzero(written.exit_page >= 0)
    every[who, written.exit_page[who]] = True
    first = np.where(every.any(axis=1), every.argmax(axis=1), len(age))
    seen = np.where(written.pages | written.signed, age, 0).max(axis=1)
    last = np.where(written.exits, written.last, seen)
    kept: Bools = (age >= first[:, None]) & (age <= last[:, None])
    return kept


def observation_study(
    world: World,
    effect: float = 0.0,
    *,
    n_firms: int = 400,
    repetitions: int = 1000,
    seed: int = 0,
    processes: int | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Fit the same model to the firm-years of two rules, on many panels with a known truth.

    Parameters
    ----------
    world : {"random", "allied", "sold", "sightings"}
        Why firms are written about, see :func:`write_about`.
    effect : float
        True log hazard ratio of exit of a firm with any alliance in force.
    n_firms : int
        Firms founded.
    repetitions : int
        Panels simulated.
    seed : int
        The same seed gives the same table, with any number of processes.
    processes : int, optional
        How many at once; by default one a core.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    DataFrame
        One row for each rule: repetitions, hazard_ratio (of the mean log hazard ratio), coverage
        (share of 95% intervals with the truth in them) and its Monte Carlo error; hazard (mean
        yearly probability of exit of firms without an alliance), true_hazard, hazard_coverage
        (of Wilson's intervals) and its error; mean_events, not_fitted.

    Raises
    ------
    PanelError
        Another world, or fewer than two repetitions.

    Examples
    --------
    >>> table = observation_study("sightings", repetitions=20, seed=1, progress=False)
    >>> table[["rule", "hazard", "true_hazard"]].round(2)
                              rule  hazard  true_hazard
    0     0.x: from the first page    0.14         0.06
    1  1.0.0: followed for 3 years    0.05         0.06
    """
    if not is_one_of(world, get_args(World)):
        msg = f"there is no world {in_words(world)}; {nearest_names(str(world), get_args(World))}"
        raise PanelError(msg)
    if repetitions < 2:
        msg = f"repetitions must be 2 or more, not {repetitions!r}"
        raise PanelError(msg)
    check_seed(seed)
    study = _Study(world, effect, n_firms)
    seeds = np.random.SeedSequence(seed).spawn(repetitions)
    parts = run(_one, study, seeds, processes=processes, progress=progress, what="Panels")
    return _table(pd.DataFrame([line for part in parts for line in part]), effect)


@dataclass(frozen=True)
class _Study:
    """What all repetitions share."""

    world: World
    effect: float
    n_firms: int


def _one(study: _Study, seed: np.random.SeedSequence) -> list[dict[str, Any]]:
    """Simulate one panel, and fit both rules to it."""
    written = write_about(study.world, study.effect, study.n_firms, np.random.default_rng(seed))
    lines = []
    for words, rule in RULES.items():
        rows = observed_rows(written, rule)
        line = estimated(partial(_fit, rows), "allied", [])
        alone = rows.loc[rows["allied"] == 0, "exit"]
        lines.append({"rule": words, **line, **_hazard(int(alone.sum()), len(alone))})
    return lines


def _fit(rows: pd.DataFrame) -> tuple[Any, str]:
    from belbiotech.survival.cox.estimate import cox

    return cox("exit ~ allied", rows, cluster="firm_id"), ""


def _hazard(events: int, rows: int) -> dict[str, float]:
    """Give a share with Wilson's interval (Wilson 1927)."""
    share, square = events / rows, 1.959964**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = np.sqrt(share * (1 - share) * square / rows + square**2 / (4 * rows**2))
    half /= 1 + square / rows
    return {"hazard": share, "hazard_lower": middle - half, "hazard_upper": middle + half}


def _table(lines: pd.DataFrame, effect: float) -> pd.DataFrame:
    ratio, hazard = np.exp(effect), -np.expm1(-HAZARD)
    lines["covered"] = (lines["lower"] <= ratio) & (ratio <= lines["upper"])
    lines["found"] = (lines["hazard_lower"] <= hazard) & (hazard <= lines["hazard_upper"])
    whole = lines.groupby("rule", sort=False)
    fitted = lines[lines["estimate"].notna()].groupby("rule", sort=False)
    table = pd.DataFrame(
        {
            "repetitions": whole.size(),
            "hazard_ratio": np.exp(fitted["estimate"].mean()),
            "coverage": fitted["covered"].mean(),
            "coverage_error": _error(fitted["covered"]),
            "hazard": whole["hazard"].mean(),
            "true_hazard": hazard,
            "hazard_coverage": whole["found"].mean(),
            "hazard_coverage_error": _error(whole["found"]),
            "mean_events": fitted["n_events"].mean(),
        }
    )
    table["not_fitted"] = table["repetitions"] - fitted.size()
    return table.reset_index()


def _error(of_rule: Any) -> pd.Series:
    """Monte Carlo error of a share (Morris, White and Crowther 2019)."""
    share = of_rule.mean()
    error: pd.Series = np.sqrt(share * (1 - share) / of_rule.size())
    return error
