"""Estimates that should be nothing: an outcome or an exposure that cannot work, chance by year."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import (
    BelbiotechError,
    FitError,
    FormulaError,
    heard_warnings,
    in_words,
    on_screen,
    warn,
)
from belbiotech.survival.causal.bootstrap import check_repetitions
from belbiotech.survival.causal.histories import Deal
from belbiotech.survival.cox.estimate import cox
from belbiotech.survival.engines.sources import is_held
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.texts import quoted, renamed
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.inference.markdown import markdown_table
from belbiotech.survival.inference.words import words_with
from belbiotech.survival.rows.checks import FloatArray, check_rows
from belbiotech.survival.rows.column_names import check_one_name, check_one_name_or_none
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.units import needed_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["CalendarPlacebo", "NegativeControl", "calendar_placebo", "negative_control"]

Fit = Callable[..., Any]


@dataclass(frozen=True, repr=False)
class NegativeControl:
    """A real estimate, and one that should be nothing.

    Attributes
    ----------
    table : DataFrame
        Rows "real" and "control"; columns outcome, exposure, coef, std_error, hazard_ratio, lower,
        upper, p_value.
    real, control : object
        The two fits.
    """

    table: pd.DataFrame
    real: Any = field(repr=False)
    control: Any = field(repr=False)

    @property
    def biased(self) -> bool:
        """Whether the interval of the control misses 1."""
        row = self.table.loc["control"]
        return not row["lower"] <= 1 <= row["upper"]

    @property
    def corrected_ratio(self) -> float:
        """The real hazard ratio over that of the control.

        The effect, if the control shows just the bias that the real estimate has: a strong word.
        """
        ratio = self.table["hazard_ratio"]
        return float(ratio["real"] / ratio["control"])

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
    ) -> Figure:
        """Draw both hazard ratios with their intervals.

        Parameters
        ----------
        labels, ax, title, palette
            As in the ``plot()`` of a Cox model.

        Returns
        -------
        matplotlib Figure
            Two lines.
        """
        from belbiotech.plots import forest

        words = words_with(labels)
        lines = self.table[["lower", "upper"]].assign(
            estimate=self.table["hazard_ratio"],
            label=[
                f"{kind}: {words.coefficient(row['exposure'])} on {words.title(row['outcome'])}"
                for kind, row in self.table.iterrows()
            ],
        )
        return forest(lines, title=title or "Negative control", ax=ax, palette=palette)

    def to_markdown(self) -> str:
        """Write the table as Markdown."""
        return markdown_table(self.table.reset_index(names="estimate"))

    def __repr__(self) -> str:
        row = self.table.loc["control"]
        biased = "it is not 1, so that something else than the exposure is at work"
        verdict = biased if self.biased else "its interval holds 1"
        return on_screen(
            f"Negative control: {row['exposure']} on {row['outcome']} has a hazard ratio of "
            f"{row['hazard_ratio']:.3f} ({row['lower']:.3f} to {row['upper']:.3f}): {verdict}\n"
            f"{self.table.to_string()}"
        )


def negative_control(
    formula: str,
    data: pd.DataFrame,
    *,
    exposure: str,
    outcome: str | None = None,
    instead: str | None = None,
    fit: Fit = cox,
    conf_level: float = 0.95,
    **options: Any,
) -> NegativeControl:
    """Fit a design once more with an outcome, or an exposure, that cannot work.

    Parameters
    ----------
    formula : str
        The real model, ``"failure ~ allied + C(region)"``.
    data : DataFrame
        The rows.
    exposure : str
        The real exposure: a column that stands in the formula by itself.
    outcome : str, optional
        Column of a control outcome: one that the exposure cannot move, but that what confounds
        would (a fire on the premises; a move of the firm decided before).
    instead : str, optional
        Column of a control exposure: one that cannot move the outcome, but that is driven as the
        real one is (an alliance that came to nothing before it began). One of the two is needed.
    fit : callable
        What fits the design: `cox`, `discrete_hazard`, `marginal_structural_cox`, or any function
        of formula, data and options whose result has ``params`` and ``standard_errors``.
    conf_level : float
        Coverage of the intervals.
    **options
        Further arguments of ``fit``; an ``exposure`` that it needs is given to it.

    Returns
    -------
    NegativeControl
        ``table``, ``biased``, ``corrected_ratio``, ``plot()``.

    Raises
    ------
    FitError
        Neither or both controls, or the real one; a result without a coefficient of the exposure.
    FormulaError, PanelError
        As ``fit``; a formula without the exposure.

    Notes
    -----
    What must be true for the control to tell of the bias: the control cannot work, and what
    confounds the real estimate confounds it in the same way. A control whose interval holds 1 with
    few events shows little.

    References
    ----------
    Lipsitch, Tchetgen Tchetgen and Cohen (2010), Epidemiology 21:383-388.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(400, effect=-0.4, ipo_hazard=0.05, seed=2)
    >>> result = negative_control(
    ...     "failure ~ alliances_active_lag1",
    ...     panel,
    ...     exposure="alliances_active_lag1",
    ...     outcome="ipo",
    ...     cluster="firm_id",
    ... )
    >>> result.table[["outcome", "hazard_ratio", "lower", "upper"]].round(2)
             outcome  hazard_ratio  lower  upper
    real     failure          0.71   0.59   0.86
    control      ipo          1.00   0.86   1.18
    >>> result.biased
    False
    """
    check_limit_options(conf_level)
    check_one_name(exposure=exposure)
    read = read_formula(formula)
    if exposure not in read.columns:
        msg = f"formula {formula!r} has no exposure {exposure!r}: write it on the right side"
        raise FormulaError(msg)
    check_one_name_or_none(outcome=outcome, instead=instead)
    own, other = outcome or read.outcome, instead or exposure
    if (outcome is None) == (instead is None) or (own, other) == (read.outcome, exposure):
        msg = (
            "give one control, not the real one: outcome='name' of an outcome that the exposure "
            "cannot move, or instead='name' of an exposure that cannot work"
        )
        raise FitError(msg)
    right = read.right
    if instead is not None:
        right = renamed(right, exposure, instead)
    data = data if is_held(data) else as_table(data)
    real = _fitted(fit, formula, data, exposure, options)
    control = _fitted(fit, f"{quoted(own)} ~ {right}", data, other, options)
    rows = [_row(real, read.outcome, exposure, conf_level), _row(control, own, other, conf_level)]
    return NegativeControl(pd.DataFrame(rows, index=["real", "control"]), real, control)


def _fitted(fit: Fit, formula: str, data: pd.DataFrame, exposure: str, options: Any) -> Any:
    """Fit, telling those functions their exposure that have such an argument."""
    from inspect import signature

    try:
        wants = "exposure" in signature(fit).parameters
    except (TypeError, ValueError) as error:
        msg = f"fit must be a function that fits, such as cox, not {in_words(fit)}"
        raise FitError(msg) from error
    return fit(formula, data, **({"exposure": exposure} if wants else {}), **options)


def _coefficient(result: Any, exposure: str) -> tuple[float, float]:
    if exposure not in result.params.index:
        msg = (
            f"the fit has no coefficient {exposure!r}: the exposure must stand in the formula by "
            f"itself, as a number; there are {', '.join(map(repr, result.params.index[:10]))}"
        )
        raise FitError(msg)
    return float(result.params[exposure]), float(result.standard_errors[exposure])


def _row(result: Any, outcome: str, exposure: str, conf_level: float) -> dict[str, Any]:
    from scipy.special import ndtr

    value, error = _coefficient(result, exposure)
    wide = normal_quantile(conf_level) * error
    return {
        "outcome": outcome,
        "exposure": exposure,
        "coef": value,
        "std_error": error,
        "hazard_ratio": float(np.exp(value)),
        "lower": float(np.exp(value - wide)),
        "upper": float(np.exp(value + wide)),
        "p_value": float(2 * ndtr(-abs(value / error))),
    }


@dataclass(frozen=True, repr=False)
class CalendarPlacebo:
    """The real estimate among those of exposures dealt anew within each calendar year.

    Attributes
    ----------
    real : float
        The real coefficient.
    draws : array of float, (r,)
        Coefficients of the deals.
    conf_level : float
        Of the interval that holds that share of the deals.
    """

    real: float
    draws: FloatArray
    conf_level: float

    @property
    def summary(self) -> pd.Series:
        """Hazard ratios: the real one, the mean of the deals, where most lie; share as far off."""
        tail = (1 - self.conf_level) / 2
        low, high = np.quantile(self.draws, [tail, 1 - tail])
        mean = self.draws.mean()
        far = (np.abs(self.draws - mean) >= abs(self.real - mean)).mean()
        values = {
            "real": np.exp(self.real),
            "mean of deals": np.exp(mean),
            "lower": np.exp(low),
            "upper": np.exp(high),
            "deals as far off": far,
        }
        return pd.Series(values, name="hazard ratio")

    def __repr__(self) -> str:
        s = self.summary
        return (
            f"Calendar-time placebo, {len(self.draws)} deals: hazard ratio "
            f"{s['mean of deals']:.3f} ({s['lower']:.3f} to {s['upper']:.3f}) where the exposure "
            f"is dealt by chance within years; the real one is {s['real']:.3f}, as far off as "
            f"{s['deals as far off']:.1%} of the deals"
        )


@all_from_zero
def calendar_placebo(
    formula: str,
    data: pd.DataFrame,
    *,
    exposure: str,
    year: str = "year",
    draws: int = 100,
    seed: int | None = 0,
    fit: Fit = cox,
    unit: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
    **options: Any,
) -> CalendarPlacebo:
    """Fit a design to exposures dealt anew among the units of the same calendar year.

    As many units begin in each calendar year as did, and as many of those that enter in it have the
    exposure from the first on; which ones is chance. What is left of an
    effect then comes from the times: years in which many began and few failed.

    Parameters
    ----------
    formula : str
        The real model; the exposure stands in it by itself.
    data : DataFrame
        One row for each year of a unit.
    exposure : str
        Column of 0/1: during the row. One that never falls within units begins anew among those
        without it; another is shuffled within years.
    year : str
        Column of the calendar year.
    draws : int
        How often to deal.
    seed : int or None
        Of the chance.
    fit : callable
        As of `negative_control`.
    unit : str, optional
        Column that names the unit. Without it ``data.attrs["unit"]``, else ``firm_id``.
    conf_level : float
        Of the interval that holds that share of the deals.
    start, stop : str
        Columns of the interval.
    **options
        Further arguments of ``fit``.

    Returns
    -------
    CalendarPlacebo
        ``summary``: a sound design gives deals around 1.

    Raises
    ------
    PanelError
        Rows that are no panel, an exposure that is not 0/1.
    FitError
        Deals that cannot be fitted.

    Warns
    -----
    BelbiotechWarning
        Some of the deals cannot be fitted.

    Notes
    -----
    The deals have no effect by construction; that they lie around 1 shows that the design takes
    no account of calendar time where it should not. It says nothing of confounders of units.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(300, effect=-0.8, exposure="any_alliance_ever", seed=2)
    >>> panel["allied"] = (panel["alliances_cum_lag1"] > 0).astype(int)
    >>> result = calendar_placebo("failure ~ allied", panel, exposure="allied", draws=40)
    >>> result.summary.round(2).tolist()
    [0.2, 1.02, 0.59, 1.61, 0.0]
    """
    check_limit_options(conf_level)
    check_repetitions(draws, seed)
    if not draws:
        msg = "draws must be 2 or more: deals are what this is about"
        raise FitError(msg)
    data = as_table(data)
    own = needed_unit(data, unit)
    data = check_rows(data, [exposure], start=start, stop=stop, columns=[year, own], unit=own)
    real, _ = _coefficient(_fitted(fit, formula, data, exposure, options), exposure)
    rng = np.random.default_rng(seed)
    deal = Deal.of(data, exposure, own, year, start)
    found, faults = [], []
    for _ in range(draws):
        dealt = data.assign(**{exposure: deal.anew(rng)})
        try:
            with heard_warnings():  # told of the real rows already
                result = _fitted(fit, formula, dealt, exposure, options)
            found.append(_coefficient(result, exposure)[0])
        except BelbiotechError as error:
            faults.append(str(error).splitlines()[0])
    if len(found) < 2:
        msg = f"none of {draws} deals can be fitted, first: {faults[0]}"
        raise FitError(msg)
    if faults:
        warn(
            f"{len(faults)} of {draws} deals cannot be fitted and are left out, first: {faults[0]}"
        )
    return CalendarPlacebo(real, np.array(found), conf_level)
