"""Lives of firms made by chance, year by year, with every rule known: the engine of `simulate`.

What a firm knows at the beginning of a year decides its fate in that year. So an alliance can
only work from the year after it was signed, and a page only shows a firm that was still there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from belbiotech.errors import in_words, is_one_of, stop_at
from belbiotech.studies.arguments import is_count, is_real

__all__ = ["CELLS", "Exposure", "Lives", "World", "live"]

Exposure = Literal[
    "alliances_active_lag1", "alliances_cum_lag1", "any_alliance_active", "any_alliance_ever"
]
EXPOSURES: tuple[Exposure, ...] = (
    "alliances_active_lag1",
    "alliances_cum_lag1",
    "any_alliance_active",
    "any_alliance_ever",
)

# Kind of partner, type of alliance, and the share of alliances of that kind and type.
CELLS = (
    ("upstream", "exploration", 0.20),
    ("upstream", "exploitation", 0.05),
    ("horizontal", "exploration", 0.15),
    ("horizontal", "exploitation", 0.15),
    ("downstream", "exploration", 0.20),
    ("downstream", "exploitation", 0.25),
)


MOST = 10_000  # of what happens in a year, and of years


@dataclass(frozen=True)
class World:
    """The rules under which firms live; `simulate_panel` says what each means."""

    n_firms: int = 300
    effect: float = 0.0
    exposure: Exposure = "alliances_active_lag1"
    hazard: float | Sequence[float] = 0.05
    acquisition_hazard: float | Sequence[float] = 0.03
    acquisition_effect: float = 0.0
    alliance_rate: float = 0.25
    alliance_window: int | None = 5
    immortal_years: int = 0
    ipo_hazard: float = 0.01
    financing_rate: float = 0.2
    quality: float = 0.0
    documentation_delay: float = 0.0
    sighting_rate: float = 1.0
    quiet_failures: float = 0.0
    founded: tuple[int, int] = (1996, 2020)
    end_year: int = 2025

    def __post_init__(self) -> None:
        stop_at(_no_numbers(self))
        stop_at([*_negative(self), *_not_shares(self), *_broken_choices(self)])

    @property
    def ages(self) -> int:
        """Years that the oldest firm can be followed."""
        return self.end_year - self.founded[0] + 1


@dataclass(frozen=True)
class Lives:
    """What became of each firm; n firms, A ages.

    Attributes
    ----------
    founded : (n,)
        Year of founding.
    last_age : (n,)
        Age in the last year with a trace of the firm: its exit, or its last sighting.
    failed, acquired : (n,) of bool
        A recorded exit at ``last_age``.
    page_age : (n,)
        Age in the year of the first page on the firm; A or more if there never was one.
    ipo_age : (n,)
        Age at the first listing; -1 without one.
    signed : (n, A, cells)
        Alliances signed at each age, by cell of `CELLS`.
    financed : (n, A)
        Financing rounds at each age.
    """

    founded: NDArray[np.int64]
    last_age: NDArray[np.int64]
    failed: NDArray[np.bool_]
    acquired: NDArray[np.bool_]
    page_age: NDArray[np.int64]
    ipo_age: NDArray[np.int64]
    signed: NDArray[np.int16]
    financed: NDArray[np.int16]


def live(world: World, rng: np.random.Generator) -> Lives:
    """Let all firms live, one age after the other.

    Parameters
    ----------
    world : World
        The rules.
    rng : numpy Generator
        Where all chance comes from.

    Returns
    -------
    Lives
        Firms that fell before any page told of them are not among them.
    """
    n, ages = world.n_firms, world.ages
    founded = rng.integers(world.founded[0], world.founded[1] + 1, n)
    quality = world.quality * rng.standard_normal(n)
    hazards = [_by_age(h, ages) for h in (world.hazard, world.acquisition_hazard)]
    signed = np.zeros((n, ages, len(CELLS)), np.int16)
    total, financed = np.zeros((n, ages), np.int16), np.zeros((n, ages), np.int16)
    exit_age, fate, ipo_age = np.full(n, ages), np.zeros(n, np.int64), np.full(n, -1)
    for age in range(ages):
        who = np.flatnonzero((exit_age == ages) & (founded + age <= world.end_year))
        x = _exposure(total[who], age, world)
        fates = _fates(x, quality[who], [h[age] for h in hazards], world, rng)
        lived = np.where(fates > 0, rng.random(len(who)), 1.0)  # the part of the year lived
        signed[who, age] = _signings(lived, quality[who], age, world, rng)
        financed[who, age] = rng.poisson(world.financing_rate * lived)
        total[who, age] = signed[who, age].sum(axis=1)
        lists = (ipo_age[who] < 0) & (rng.random(len(who)) < world.ipo_hazard * lived)
        ipo_age[who[lists]] = age
        exit_age[who[fates > 0]], fate[who] = age, fates
    seen = (total > 0) | (financed > 0) | (rng.random((n, ages)) < world.sighting_rate)
    seen[ipo_age >= 0, ipo_age[ipo_age >= 0]] = True
    return _recorded(founded, exit_age, fate, ipo_age, signed, financed, seen, world, rng)


def _by_age(hazard: float | Sequence[float], ages: int) -> NDArray[np.float64]:
    """Give the hazard at each age; the last of several goes on."""
    given: NDArray[np.float64] = np.atleast_1d(np.asarray(hazard, dtype=float))
    place = np.minimum(np.arange(ages), len(given) - 1)
    return given[place]


def _exposure(total: NDArray[np.int16], age: int, world: World) -> NDArray[np.float64]:
    """Give what the hazard of this year sees: alliances as of the end of the year before."""
    in_force = "active" in world.exposure and world.alliance_window is not None
    first = max(0, age - (world.alliance_window or 0)) if in_force else 0
    stock: NDArray[np.float64] = total[:, first:age].sum(axis=1, dtype=float)
    return np.minimum(stock, 1.0) if world.exposure.startswith("any") else stock


def _fates(
    x: NDArray[np.float64],
    quality: NDArray[np.float64],
    hazards: Sequence[float],
    world: World,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw who fails (1), who is acquired (2), who lives on (0).

    The hazards are constant within the year, so that an exit has the probability
    1 - exp(-(h1 + h2)) and is a failure in h1 / (h1 + h2) of the cases.
    """
    failure = hazards[0] * np.exp(world.effect * x - quality)
    either = failure + hazards[1] * np.exp(world.acquisition_effect * x)
    ends = rng.random(len(x)) < -np.expm1(-either)
    fails = rng.random(len(x)) * either < failure
    return np.where(ends, np.where(fails, 1, 2), 0)


def _signings(
    lived: NDArray[np.float64],
    quality: NDArray[np.float64],
    age: int,
    world: World,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    rate = world.alliance_rate * lived * np.exp(quality) * (age >= world.immortal_years)
    drawn: NDArray[np.int64] = rng.poisson(rate[:, None] * [share for *_, share in CELLS])
    return drawn


def _recorded(
    founded: NDArray[np.int64],
    exit_age: NDArray[np.int64],
    fate: NDArray[np.int64],
    ipo_age: NDArray[np.int64],
    signed: NDArray[np.int16],
    financed: NDArray[np.int16],
    seen: NDArray[np.bool_],
    world: World,
    rng: np.random.Generator,
) -> Lives:
    """Turn what happened into what is known of it."""
    n, ages = seen.shape
    age = np.arange(ages)
    final = np.minimum(exit_age, world.end_year - founded)
    seen &= age <= final[:, None]
    last_seen = np.where(seen, age, 0).max(axis=1)
    quiet = (fate == 1) & (rng.random(n) < world.quiet_failures)
    told = (fate > 0) & ~quiet
    page_age = _first_page(signed, world, rng)
    kept = page_age <= final
    lives = {
        "founded": founded,
        "last_age": np.where(told, exit_age, last_seen),
        "failed": told & (fate == 1),
        "acquired": told & (fate == 2),
        "page_age": page_age,
        "ipo_age": ipo_age,
        "signed": signed,
        "financed": financed,
    }
    return Lives(**{name: values[kept] for name, values in lives.items()})


def _first_page(
    signed: NDArray[np.int16], world: World, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give the age at the first page: by chance, or the year after the first alliance.

    Pages come out at the beginning of a year, before its fate is known.
    """
    n, ages = signed.shape[:2]
    tries = rng.geometric(1 / (1 + world.documentation_delay), size=(n,))
    total = signed.sum(axis=2)
    after_deal = np.where(total.sum(axis=1) > 0, (total > 0).argmax(axis=1) + 1, ages)
    first: NDArray[np.int64] = np.minimum(tries - 1, after_deal)
    return first


def _no_numbers(world: World) -> list[str]:
    """Name what is of another kind than the rules compare."""
    several, effects = ("hazard", "acquisition_hazard"), ("effect", "acquisition_effect")
    others = ("n_firms", "exposure", "alliance_window", "founded", *several, *effects)
    problems = [
        f"{one.name} must be a number up to {MOST:,}, not {in_words(getattr(world, one.name))}"
        for one in fields(world)
        if one.name not in others and not is_real(getattr(world, one.name), -MOST, MOST)
    ]
    if not all(is_real(getattr(world, name)) for name in effects):
        problems.append("effect and acquisition_effect must be finite: they are log hazard ratios")
    if world.alliance_window is not None and not is_count(world.alliance_window):
        problems.append(
            "alliance_window must be one year or more, or None for unlimited, "
            f"not {in_words(world.alliance_window)}"
        )
    years = world.founded
    if not isinstance(years, (list, tuple)) or len(years) != 2 or not all(map(is_real, years)):
        problems.append(f"founded must be (first year, last year), not {in_words(years)}")
    return problems


def _negative(world: World) -> list[str]:
    rates = ("hazard", "acquisition_hazard", "ipo_hazard", "alliance_rate", "financing_rate")
    names = (*rates, "quality", "documentation_delay", "immortal_years")
    return [
        f"{name} must be numbers that are not negative, not {getattr(world, name)!r}"
        for name in names
        if not _fine(getattr(world, name))
    ]


def _fine(value: float | Sequence[float]) -> bool:
    try:
        numbers = np.atleast_1d(np.asarray(value))
        if numbers.dtype.kind not in "iuf":
            return False
    except (TypeError, ValueError, OverflowError):
        return False
    return bool(numbers.size and np.isfinite(numbers).all() and (numbers >= 0).all())


def _not_shares(world: World) -> list[str]:
    return [
        f"{name} must be between 0 and 1, not {getattr(world, name)!r}"
        for name in ("sighting_rate", "quiet_failures")
        if not 0 <= getattr(world, name) <= 1
    ]


def _broken_choices(world: World) -> list[str]:
    problems = []
    if not is_count(world.n_firms, 1):
        problems.append(f"n_firms must be a whole number, 1 or more, not {world.n_firms!r}")
    if not is_one_of(world.exposure, EXPOSURES):
        problems.append(f"exposure must be one of {', '.join(EXPOSURES)}, not {world.exposure!r}")
    if world.alliance_window is not None and world.alliance_window < 1:
        problems.append(
            "alliance_window must be one year or more, or None for unlimited, "
            f"not {world.alliance_window!r}"
        )
    if not world.founded[0] <= world.founded[1] <= world.end_year:
        problems.append(
            "founded must be (first year, last year), in order and not after end_year; it is "
            f"{world.founded!r} with end_year {world.end_year!r}"
        )
    return problems
