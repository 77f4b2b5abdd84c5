"""Panels with a known truth, shaped like the shipped one: for tests, benchmarks and power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.studies.seeds import generator
from belbiotech.studies.simulation.lives import CELLS, Exposure, Lives, World, live

__all__ = ["simulate_panel"]

TRAITS = {
    "region": {"BE-BRU": 0.05, "BE-VLG": 0.50, "BE-WAL": 0.45},
    "segment": {
        "agri_biotech": 0.10,
        "diagnostics": 0.15,
        "industrial_biotech": 0.15,
        "therapeutics": 0.45,
        "tools_services": 0.15,
    },
    "origin": {"corporate_spinoff": 0.2, "independent": 0.3, "university_spinoff": 0.5},
}

IntArray = NDArray[np.int64]
Place = tuple[NDArray[np.intp], NDArray[np.intp]]


def simulate_panel(
    n_firms: int = 300,
    effect: float = 0.0,
    *,
    exposure: Exposure = "alliances_active_lag1",
    hazard: float | Sequence[float] = 0.05,
    acquisition_hazard: float | Sequence[float] = 0.03,
    acquisition_effect: float = 0.0,
    alliance_rate: float = 0.25,
    alliance_window: int | None = 5,
    immortal_years: int = 0,
    ipo_hazard: float = 0.01,
    financing_rate: float = 0.2,
    quality: float = 0.0,
    documentation_delay: float = 0.0,
    sighting_rate: float = 1.0,
    quiet_failures: float = 0.0,
    founded: tuple[int, int] = (1996, 2020),
    end_year: int = 2025,
    seed: int | np.random.Generator | None = None,
) -> pd.DataFrame:
    """Make a firm-year panel in which everything is known, the effect of alliances too.

    The table has the columns and the meaning of ``load_panel()``: a firm's rows run from its
    founding to its exit or last sighting, and every covariate is as of the end of the year
    before. Within a year the hazards are constant; ``effect`` is thus the coefficient that
    ``cox("failure ~ " + exposure, panel)`` estimates, but for the rounding of time to years.

    Parameters
    ----------
    n_firms : int
        Firms founded. With a ``documentation_delay`` fewer are in the panel: a firm that fails
        before a page tells of it is unknown.
    effect : float
        Log hazard ratio of failure for one more unit of the exposure; 0 is no effect.
    exposure : str
        What works: ``alliances_active_lag1`` (each alliance in force),
        ``alliances_cum_lag1`` (each one signed so far), ``any_alliance_active`` or
        ``any_alliance_ever`` (1 from the first on).
    hazard, acquisition_hazard : float or sequence of float
        Yearly hazards of failure and of acquisition; a sequence is by age from 0 on, its last
        value goes on.
    acquisition_effect : float
        As ``effect``, on the hazard of acquisition.
    alliance_rate : float
        Alliances signed per firm and year.
    alliance_window : int or None
        Years that an alliance is in force; None for ever.
    immortal_years : int
        No firm signs an alliance at a younger age. A study that counts a firm as allied from
        its founding on counts these years, in which no allied firm could fail.
    ipo_hazard, financing_rate : float
        Yearly hazard of a first listing; financing rounds per firm and year.
    quality : float
        Standard deviation of a quality that nobody sees, and that lowers the log hazard of
        failure and raises the log rate of alliances: a confounder; 0 is none.
    documentation_delay : float
        Mean years from founding to the first page on a firm; a page also comes out the year
        after a firm's first alliance. Pages come out at the beginning of a year, whatever it
        brings, so that ``observed`` (and ``observed_first_page``) is true from that year on.
    sighting_rate : float
        Probability that a living firm is sighted in a year. Its rows end with its last
        sighting; alliances, rounds and listings are sightings too.
    quiet_failures : float
        Share of failures that nobody records: the firm falls silent.
    founded : (int, int)
        First and last founding year; firms are founded evenly in between.
    end_year : int
        Last year followed.
    seed : int, numpy Generator or None
        The same seed gives the same panel.

    Returns
    -------
    DataFrame
        One row for each firm and year. ``attrs["truth"]`` holds all arguments but the seed.

    Raises
    ------
    PanelError
        An argument out of its range; all of them are named.

    References
    ----------
    Beyersmann, J., Latouche, A., Buchholz, A., Schumacher, M. (2009). Simulating competing
    risks data in survival analysis. Statistics in Medicine 28, 956-971.

    Suissa, S. (2008). Immortal time bias in pharmacoepidemiology. American Journal of
    Epidemiology 167, 492-499.

    Examples
    --------
    >>> panel = simulate_panel(200, effect=-0.5, seed=1)
    >>> panel["firm_id"].nunique()
    200
    >>> panel[["firm_id", "year", "start", "stop", "alliances_cum_lag1", "failure"]].head(3)
        firm_id  year  start  stop  alliances_cum_lag1  failure
    0  firm-001  2007      0     1                   0        0
    1  firm-001  2008      1     2                   1        0
    2  firm-001  2009      2     3                   1        0
    """
    rules = {name: value for name, value in locals().items() if name != "seed"}
    world = World(**rules)
    panel = panel_of(live(world, generator(seed)), world)
    truth = {name: _of_python(value) for name, value in asdict(world).items()}
    panel.attrs = {"truth": truth, "unit": "firm_id"}
    return panel


def _of_python(value: Any) -> Any:
    """Give numbers of Python for those of numpy, lists for arrays: what is attached is JSON."""
    if isinstance(value, (np.ndarray, pd.Series)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return type(value)(_of_python(part) for part in value)
    return value.item() if isinstance(value, np.generic) else value


def panel_of(lives: Lives, world: World) -> pd.DataFrame:
    """Lay out lives as firm-years.

    Parameters
    ----------
    lives : Lives
        What became of each firm.
    world : World
        The rules, for the window of alliances.

    Returns
    -------
    DataFrame
        One row for each firm and year of its life.
    """
    age = np.arange(lives.signed.shape[1])
    firm, ages = np.nonzero(age <= lives.last_age[:, None])
    at = (firm, ages)
    last = ages == lives.last_age[firm]
    table: dict[str, Any] = {
        "firm_id": _names("firm", len(lives.founded))[firm],
        "name": _names("Firm", len(lives.founded))[firm],
        "year": lives.founded[firm] + ages,
        "age": ages,
        "start": ages,
        "stop": ages + 1,
        **{name: values[firm] for name, values in traits(len(lives.founded)).items()},
        "observed": ages >= lives.page_age[firm],
        "observed_first_page": ages >= lives.page_age[firm],
        **_alliance_columns(lives, world, at),
        **_stocks("financing_rounds", lives.financed, None, at, in_force=False),
        "listed_lag1": _flag((lives.ipo_age[firm] >= 0) & (ages > lives.ipo_age[firm])),
        "failure": _flag(last & lives.failed[firm]),
        "acquisition": _flag(last & lives.acquired[firm]),
        "exit": _flag(last & (lives.failed | lives.acquired)[firm]),
        "ipo": _flag(ages == lives.ipo_age[firm]),
    }
    return pd.DataFrame(table, copy=False)


def traits(n: int) -> dict[str, NDArray[np.object_]]:
    """Deal the fixed traits out to firms, in their shares, without chance.

    Parameters
    ----------
    n : int
        Number of firms.

    Returns
    -------
    dict of array of str
        The trait of each firm, (n,), by name. Traits do nothing: they are there to be adjusted
        for.
    """
    # Multiples of an irrational number fill the unit interval evenly (Weyl 1916); another one
    # for each trait keeps the traits apart from each other.
    dealt = {}
    for k, (name, shares) in enumerate(TRAITS.items()):
        place = (np.arange(1, n + 1) * np.sqrt((2, 3, 5)[k])) % 1
        values = np.array(list(shares), dtype=object)
        edges = np.cumsum(list(shares.values()))[:-1]
        dealt[name] = values[np.searchsorted(edges, place)]
    return dealt


def _names(stem: str, n: int) -> NDArray[np.object_]:
    """Give firms numbers with leading zeros, so that they sort as they were made."""
    width = len(str(n))
    glue = "-" if stem.islower() else " "
    return np.array([f"{stem}{glue}{k:0{width}d}" for k in range(1, n + 1)], dtype=object)


def _flag(values: NDArray[np.bool_]) -> IntArray:
    return values.astype(np.int64)


def _alliance_columns(lives: Lives, world: World, at: Place) -> dict[str, IntArray]:
    """Count alliances in all, by kind of partner, and by type."""
    groups = {"alliances": list(range(len(CELLS)))}
    for part in (0, 1):
        for kind in dict.fromkeys(cell[part] for cell in CELLS):
            groups[f"alliances_{kind}"] = [i for i, c in enumerate(CELLS) if c[part] == kind]
    columns: dict[str, IntArray] = {}
    for name, cells in groups.items():
        signed = lives.signed[:, :, cells].sum(axis=2)
        columns |= _stocks(name, signed, world.alliance_window, at, in_force=True)
    return columns


def _stocks(
    name: str,
    new: NDArray[np.integer[Any]],
    window: int | None,
    at: Place,
    *,
    in_force: bool,
) -> dict[str, IntArray]:
    """Count what is new in the year, and what there was at the end of the year before."""
    n, ages = new.shape
    before = np.zeros((n, ages), np.int64)
    np.cumsum(new[:, :-1], axis=1, out=before[:, 1:])
    columns = {f"{name}_new": new[at].astype(np.int64), f"{name}_cum_lag1": before[at]}
    if in_force:
        over = np.zeros_like(before)  # in force for `window` years after that of the signing
        if window is not None:
            over[:, window:] = before[:, : max(0, ages - window)]
        columns[f"{name}_active_lag1"] = (before - over)[at]
    return columns
