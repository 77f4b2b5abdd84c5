"""Does a design find the truth? Many panels with a known effect, each design on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.studies import designs
from belbiotech.studies.arguments import check_counts
from belbiotech.studies.estimates import estimated
from belbiotech.studies.samples import read_sample
from belbiotech.studies.seeds import check_seed
from belbiotech.studies.simulation.panel import simulate_panel
from belbiotech.studies.workers import run

__all__ = ["coverage_study"]


def coverage_study(
    effect: float = 0.0,
    *,
    repetitions: int = 1000,
    landmark: int = 5,
    seed: int = 0,
    processes: int | None = None,
    progress: bool = True,
    **rules: Any,
) -> pd.DataFrame:
    """Fit the designs (a) to (e) of the bias audit to panels whose effect is known.

    Parameters
    ----------
    effect : float
        True log hazard ratio of failure of a firm with any alliance in force.
    repetitions : int
        Panels simulated.
    landmark : int
        Age of the landmark design. It follows the status at that age, not the present one:
        another quantity, nearer to no effect, because status changes afterwards.
    seed : int
        The same seed gives the same table, with any number of processes.
    processes : int, optional
        How many at once; by default one a core.
    progress : bool
        Whether to show a bar.
    **rules
        Other arguments of :func:`simulate_panel`.

    Returns
    -------
    DataFrame
        One row for each design: repetitions, hazard_ratio (of the mean log hazard ratio),
        empirical_error and mean_error (standard deviation of the estimates, mean of their
        standard errors), coverage (share of 95% intervals with the truth in them) and its Monte
        Carlo error, mean_events, not_fitted.

    Raises
    ------
    PanelError
        Fewer than two repetitions, or an argument of the simulation out of its range.

    References
    ----------
    Morris, T. P., White, I. R., Crowther, M. J. (2019). Using simulation studies to evaluate
    statistical methods. Statistics in Medicine 38, 2074-2102.

    Examples
    --------
    >>> table = coverage_study(repetitions=20, immortal_years=2, progress=False)
    >>> table[["design", "hazard_ratio"]].head(3).round(1)
                                    design  hazard_ratio
    0      a: ever allied, fixed over life           0.1
    1  b: allied, counted in the same year           0.8
    2      c: allied as of the year before           1.0
    """
    check_counts(2, repetitions=repetitions)
    study = _Study(effect, landmark, {"exposure": "any_alliance_active", **rules})
    check_seed(seed)
    seeds = np.random.SeedSequence(seed).spawn(repetitions)
    parts = run(_one, study, seeds, processes=processes, progress=progress, what="Panels")
    return _table(pd.DataFrame([line for part in parts for line in part]), effect)


@dataclass(frozen=True)
class _Study:
    """What all repetitions share."""

    effect: float
    landmark: int
    rules: dict[str, Any]


def _one(study: _Study, seed: np.random.SeedSequence) -> list[dict[str, Any]]:
    """Simulate one panel, and fit every design to it."""
    from belbiotech.survival.cox.estimate import cox

    panel = simulate_panel(effect=study.effect, seed=np.random.default_rng(seed), **study.rules)
    formula, sample = read_sample("failure ~ 1", panel, "alliances", window=_window(study))
    lines = []
    for design, rows in _designs(sample, study.landmark):
        fit = partial(cox, formula, rows, cluster="firm_id")
        line = estimated(partial(_without_note, fit), sample.column, [])
        lines.append({"design": design, **line})
    return lines


def _window(study: _Study) -> int | None:
    window: int | None = study.rules.get("alliance_window", 5)
    return window


def _without_note(fit: partial[Any]) -> tuple[Any, str]:
    return fit(), ""


def _designs(sample: designs.Sample, age: int) -> Iterator[tuple[str, pd.DataFrame]]:
    base, window = designs.documented(sample), sample.window
    yield "a: ever allied, fixed over life", designs.ever(sample)
    yield "b: allied, counted in the same year", designs.as_of(sample, lag=0, window=window)
    yield "c: allied as of the year before", designs.as_of(sample, window=window)
    yield "d: and entry in the first documented year", designs.as_of(base, window=window)
    rows = designs.landmark(sample, age)
    yield f"e: status at age {age}", rows[rows["observed"]]


def _table(lines: pd.DataFrame, effect: float) -> pd.DataFrame:
    truth = np.exp(effect)
    lines["covered"] = (lines["lower"] <= truth) & (truth <= lines["upper"])
    by = lines[lines["estimate"].notna()].groupby("design", sort=False)
    share, fitted = by["covered"].mean(), by.size()
    table = pd.DataFrame(
        {
            "repetitions": lines.groupby("design", sort=False).size(),
            "hazard_ratio": np.exp(by["estimate"].mean()),
            "empirical_error": by["estimate"].std(),
            "mean_error": by["std_error"].mean(),
            "coverage": share,
            "coverage_error": np.sqrt(share * (1 - share) / fitted),
            "mean_events": by["n_events"].mean(),
        }
    )
    table["not_fitted"] = table["repetitions"] - fitted
    return table.reset_index()
