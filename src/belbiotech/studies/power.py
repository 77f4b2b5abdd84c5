"""How many firms a study needs, found by simulating it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, FormulaError, PanelError, in_words, on_screen
from belbiotech.studies.arguments import is_count, is_real
from belbiotech.studies.estimates import estimated, html, tally
from belbiotech.studies.seeds import check_seed
from belbiotech.studies.simulation.panel import simulate_panel
from belbiotech.studies.whose import clusters_of
from belbiotech.studies.workers import run
from belbiotech.survival.formulas.formula import read_formula

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["PowerResult", "power"]

PILOT = 2000  # firms of the panel from which the first guess is made
SPREAD = (0.5, 0.75, 1.0, 1.4)  # numbers of firms tried around the guess
TERMS = {
    "alliances_active_lag1": ("alliances_active_lag1", "{}"),
    "alliances_cum_lag1": ("alliances_cum_lag1", "{}"),
    "any_alliance_active": ("alliances_active_lag1", "I(1 * ({} > 0))"),
    "any_alliance_ever": ("alliances_cum_lag1", "I(1 * ({} > 0))"),
}


@dataclass(frozen=True)
class PowerResult:
    """Power by number of firms, and the number needed.

    Attributes
    ----------
    table : DataFrame
        One row for each number of firms: n_firms, repetitions, power, std_error, lower, upper
        (its Monte Carlo error, and Wilson's 95% interval), mean_events, mean_estimate, coverage
        (of the 95% interval of the true effect), not_fitted (counted as not significant).
    needed : tuple of int or None
        Firms for the power wanted, and their 95% Monte Carlo interval; None if n_firms was given.
    effect, target, alpha : float
        What was asked.
    formula : str
        The model fitted.
    warnings : tuple of str
        What the fits warned of, each text once.
    """

    table: pd.DataFrame
    needed: tuple[int, int, int] | None
    effect: float
    target: float
    alpha: float
    formula: str
    warnings: tuple[str, ...]

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
    ) -> Figure:
        """Draw power by number of firms, with the Monte Carlo intervals.

        Parameters
        ----------
        labels : mapping of "firms" or "power" to str, optional
            What is written at the axes.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            By default the effect, the level and the number of simulations.
        palette : str, list or mapping of "power" and "needed" to colour, optional
            Colours of the curve and of the number needed.

        Returns
        -------
        matplotlib Figure
            One curve.
        """
        from belbiotech.plots.legends import legend_clear
        from belbiotech.plots.look import figure_of_one, in_legend, look, wrapped_title
        from belbiotech.plots.palette import colours_of, shown_names

        table = self.table
        curve, mark = colours_of(palette, ["power", "needed"])
        usual = {"firms": "Firms", "power": "Power, 95% Monte Carlo interval"}
        words = shown_names(list(usual), {**usual, **(labels or {})})
        with look():
            figure, axes = figure_of_one(height=3.6, ax=ax)
            axes.vlines(table["n_firms"], table["lower"], table["upper"], color=curve)
            axes.plot(table["n_firms"], table["power"], "o-", color=curve)
            axes.axhline(self.target, color="#666666", linewidth=0.8, linestyle="--")
            if self.needed is not None:
                number, low, high = self.needed
                axes.axvspan(low, high, color=mark, alpha=0.15, linewidth=0)
                axes.axvline(number, color=mark, label=in_legend(0))
            axes.set_ylim(0, 1)
            axes.set_xlabel(words["firms"])
            axes.set_ylabel(words["power"])
            told = (
                f"Hazard ratio {np.exp(self.effect):.2f}, level {self.alpha:g}, "
                f"{table['repetitions'].iloc[0]:,} simulations each"
            )
            wrapped_title(figure, axes, told if title is None else title, grows=ax is None)
            if self.needed is not None:
                name = f"{self.needed[0]} {words['firms'].lower()}"
                legend_clear(figure, axes, [name], grows=ax is None)
        return figure

    def _repr_html_(self) -> str:
        return html(
            f"Power of {self.formula}, hazard ratio {np.exp(self.effect):.3g}",
            self.table,
            self.warnings,
        )

    def __repr__(self) -> str:
        head = f"Power of {self.formula}, hazard ratio {np.exp(self.effect):.3g}"
        lines = [head, self.table.round(3).to_string(index=False)]
        if self.needed is not None:
            number, lower, upper = self.needed
            lines.append(
                f"{number} firms give a power of {self.target:.0%} "
                f"(Monte Carlo interval {lower} to {upper})"
            )
        return on_screen("\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)]))


def power(
    effect: float,
    *,
    n_firms: int | Sequence[int] | None = None,
    target: float = 0.8,
    alpha: float = 0.05,
    formula: str | None = None,
    repetitions: int = 500,
    cluster: str | None = "unit",
    seed: int = 0,
    processes: int | None = None,
    progress: bool = True,
    **rules: Any,
) -> PowerResult:
    """Find the number of firms that a study needs, or the power that it has.

    Each repetition makes a panel with `simulate_panel`, keeps the rows from the first documented
    year on, fits the model with `cox`, and sees whether the exposure is significant.

    Parameters
    ----------
    effect : float
        True log hazard ratio: ``np.log(0.7)`` for a hazard lower by 30%.
    n_firms : int or sequence of int, optional
        Numbers of firms whose power is wanted. Without them the number needed is searched.
    target : float
        The power wanted.
    alpha : float
        Level of the two-sided test.
    formula : str, optional
        The model; by default ``failure ~`` the exposure that works (``exposure`` below).
    repetitions : int
        Panels simulated for each number of firms.
    cluster : str, optional
        Column of the clusters of the standard errors; "unit": whose row it is, by the panel's own
        word (``data.attrs["unit"]``), else ``firm_id``; None: no clusters.
    seed : int
        The same seed gives the same result, with any number of processes.
    processes : int, optional
        How many at once; by default one a core.
    progress : bool
        Whether to show a bar.
    **rules
        Arguments of :func:`simulate_panel`: hazard, alliance_rate, founded and so on.

    Returns
    -------
    PowerResult
        The table, the number needed with its Monte Carlo interval, and ``plot()``.

    Raises
    ------
    PanelError
        An argument out of its range.
    FitError
        The number of firms is searched for no effect, or no panel could be fitted.

    References
    ----------
    Schoenfeld, D. A. (1983). Sample-size formula for the proportional-hazards regression model.
    Biometrics 39, 499-503.

    Morris, T. P., White, I. R., Crowther, M. J. (2019). Using simulation studies to evaluate
    statistical methods. Statistics in Medicine 38, 2074-2102.

    Examples
    --------
    >>> result = power(-0.3, n_firms=[50, 200], repetitions=40, progress=False)
    >>> result.table[["n_firms", "power", "lower", "upper"]].round(2)
       n_firms  power  lower  upper
    0       50   0.12   0.05   0.26
    1      200   0.55   0.40   0.69
    """
    _check(effect, n_firms, target, alpha, repetitions)
    study = _Study(effect, _formula(formula, rules), alpha, cluster, rules)
    check_seed(seed)
    sizes = _guess(study, target, seed) if n_firms is None else list(np.atleast_1d(n_firms))
    seeds = np.random.SeedSequence(seed).spawn(len(sizes) * repetitions)
    tasks = [
        (int(n), seeds[i * repetitions + k])
        for i, n in enumerate(sizes)
        for k in range(repetitions)
    ]
    lines = run(_repetition, study, tasks, processes=processes, progress=progress, what="Panels")
    heard = [text for _, texts in lines for text in texts]
    fits = pd.DataFrame([line for line, _ in lines])
    table = _table(fits, effect)
    needed = _needed(table, target) if n_firms is None else None
    asked: dict[str, Any] = {
        "effect": effect,
        "target": target,
        "alpha": alpha,
        "formula": study.formula,
    }
    return PowerResult(table=table, needed=needed, warnings=tally(heard), **asked)


@dataclass(frozen=True)
class _Study:
    """What all repetitions share."""

    effect: float
    formula: str
    alpha: float
    cluster: str | None
    rules: Mapping[str, Any]

    @property
    def column(self) -> str:
        return TERMS[self.rules.get("exposure", "alliances_active_lag1")][0]


def _check(
    effect: float, n_firms: int | Sequence[int] | None, target: float, alpha: float, times: int
) -> None:
    problems = []
    if not all(is_real(share) and 0 < share < 1 for share in (target, alpha)):
        problems.append(f"target and alpha are between 0 and 1, not {target!r} and {alpha!r}")
    if not is_count(times, 2):
        problems.append(f"repetitions must be 2 or more, not {in_words(times)}")
    sizes = (
        list(n_firms)
        if isinstance(n_firms, (list, tuple, np.ndarray, range, pd.Series))
        else [n_firms]
    )
    if n_firms is not None and not (sizes and all(is_count(size, 2) for size in sizes)):
        problems.append(f"n_firms must be 2 or more, not {in_words(n_firms)}")
    if not is_real(effect):
        problems.append(f"effect must be a finite log hazard ratio, not {effect!r}")
    if problems:
        raise PanelError("\n".join(problems))
    if effect == 0 and n_firms is None:
        msg = "no number of firms finds an effect of 0; give an effect, or n_firms for the level"
        raise FitError(msg)


def _formula(formula: str | None, rules: Mapping[str, Any]) -> str:
    exposure = rules.get("exposure", "alliances_active_lag1")
    if exposure not in TERMS:
        msg = f"exposure must be one of {', '.join(TERMS)}, not {exposure!r}"
        raise PanelError(msg)
    column, term = TERMS[exposure]
    if formula is None:
        return f"failure ~ {term.format(column)}"
    if column not in read_formula(formula).columns:
        msg = f"the formula must name {column!r}, the column whose effect is simulated"
        raise FormulaError(msg)
    return formula


def _repetition(study: _Study, task: tuple[int, Any]) -> tuple[dict[str, Any], list[str]]:
    """Simulate one panel and fit it."""
    n_firms, seed = task
    rng = np.random.default_rng(seed)
    panel = simulate_panel(n_firms, study.effect, seed=rng, **study.rules)
    panel.attrs = {}  # pandas copies it whenever a column is read
    heard: list[str] = []
    line = estimated(partial(_fit, study, panel[panel["observed"]]), study.column, heard)
    return {"n_firms": n_firms, **line, "significant": line["p_value"] < study.alpha}, heard


def _fit(study: _Study, panel: pd.DataFrame) -> tuple[Any, str]:
    from belbiotech.survival.cox.estimate import cox

    return cox(study.formula, panel, cluster=clusters_of(panel, study.cluster)), ""


def _guess(study: _Study, target: float, seed: int) -> list[int]:
    """Try numbers around the one that the information in a large panel suggests.

    With the error s of the log hazard ratio from N firms, n firms have the power wanted where
    n = N (z_alpha + z_power)^2 s^2 / effect^2, as in Schoenfeld (1983).
    """
    line, _ = _repetition(study, (PILOT, np.random.SeedSequence(seed)))
    if not np.isfinite(line["std_error"]):
        msg = (
            f"a panel of {PILOT} firms cannot be fitted, so no number can be found: {line['note']}"
        )
        raise FitError(msg)
    z = NormalDist().inv_cdf(1 - study.alpha / 2) + NormalDist().inv_cdf(target)
    middle = PILOT * (z * line["std_error"] / study.effect) ** 2
    return sorted({max(10, round(middle * factor)) for factor in SPREAD})


def _table(fits: pd.DataFrame, effect: float) -> pd.DataFrame:
    fits["covers"] = (
        abs(fits["estimate"] - effect) <= NormalDist().inv_cdf(0.975) * fits["std_error"]
    )
    fits["failed"] = fits["estimate"].isna()
    by = fits.groupby("n_firms")
    times = by.size()
    share = by["significant"].mean()
    fitted = fits[~fits["failed"]].groupby("n_firms")
    lower, upper = _wilson(share, times)
    return pd.DataFrame(
        {
            "repetitions": times,
            "power": share,
            "std_error": np.sqrt(share * (1 - share) / times),
            "lower": lower,
            "upper": upper,
            "mean_events": fitted["n_events"].mean(),
            "mean_estimate": fitted["estimate"].mean(),
            "coverage": fitted["covers"].mean(),
            "not_fitted": by["failed"].sum(),
        }
    ).reset_index()


def _wilson(share: pd.Series, times: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Give the interval of a share from so many tries (Wilson 1927)."""
    z = NormalDist().inv_cdf(0.975)
    middle = (share + z**2 / (2 * times)) / (1 + z**2 / times)
    half = z / (1 + z**2 / times) * np.sqrt(share * (1 - share) / times + (z / times) ** 2 / 4)
    return middle - half, middle + half


def _needed(table: pd.DataFrame, target: float) -> tuple[int, int, int]:
    """Fit power = Phi(a + b sqrt(n)) to all repetitions, and solve it for the power wanted."""
    import statsmodels.api as sm

    root = np.sqrt(table["n_firms"].to_numpy(dtype=float))
    hits = (table["power"] * table["repetitions"]).round().to_numpy()
    counts = np.column_stack([hits, table["repetitions"] - hits])
    if (counts.sum(axis=0) == 0).any() or len(root) < 2:
        msg = "power is all or nothing at every number tried; give n_firms, or more repetitions"
        raise FitError(msg)
    family = sm.families.Binomial(link=sm.families.links.Probit())
    fit = sm.GLM(counts, sm.add_constant(root), family=family).fit()
    (a, b), variance = fit.params, fit.cov_params()
    at = (NormalDist().inv_cdf(target) - a) / b  # sqrt(n)
    gradient = np.array([-1.0, -at]) / b
    error = sqrt(gradient @ variance @ gradient)
    z = NormalDist().inv_cdf(0.975)
    lower, needed, upper = (int(np.ceil(max(0.0, at + k * error) ** 2)) for k in (-z, 0.0, z))
    return needed, lower, upper
