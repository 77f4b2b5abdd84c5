"""What an unmeasured confounder would make of an estimate: by its prevalence and its effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words
from belbiotech.survival.rows.column_names import is_finite_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["BiasSurface", "bias_surface"]

PREVALENCES = (0.1, 0.3, 0.5)
EFFECTS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)


@dataclass(frozen=True, repr=False)
class BiasSurface:
    """An estimate corrected for confounders of many strengths.

    Attributes
    ----------
    table : DataFrame
        Columns prevalence (among those without the exposure), exposure_effect (odds ratio),
        outcome_effect (hazard ratio), bias (what the estimate is multiplied with by it),
        hazard_ratio, lower, upper (corrected), and ``verdict``: "stands" (the interval is on the
        same side of 1), "holds 1", or "turned" (the estimate is on the other side).
    hazard_ratio, lower, upper : float
        As estimated.
    """

    table: pd.DataFrame
    hazard_ratio: float
    lower: float
    upper: float

    def weakest(self) -> pd.DataFrame:
        """Give, by prevalence, the confounder of equally strong effects that makes it hold 1.

        Returns
        -------
        DataFrame
            Columns prevalence, effect: the smallest of the effects looked at, as strong on
            exposure and outcome (0.5 is as strong as 2, and 2 is what is said); NaN where none is
            enough, or where the interval holds 1 as it is.
        """
        on_exposure, on_outcome = (
            np.maximum(self.table[name], 1 / self.table[name])
            for name in ("exposure_effect", "outcome_effect")
        )
        gone = np.isclose(on_exposure, on_outcome) & (self.table["verdict"] != "stands")
        strong = self.table[gone].assign(effect=on_exposure[gone])
        found: pd.Series = strong.groupby("prevalence")["effect"].min()
        if self.lower <= 1 <= self.upper:
            found = found.iloc[:0]
        prevalences = self.table["prevalence"].unique()
        return found.reindex(prevalences).rename("effect").rename_axis("prevalence").reset_index()

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        title: str | None = None,
        palette: Palette = None,
    ) -> Figure:
        """Draw the corrected hazard ratio over both effects, one panel for each prevalence.

        Parameters
        ----------
        labels : mapping of verdict to str, optional
            What is written for it.
        ax : matplotlib Axes, or as many as prevalences, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping of verdict to colour, optional
            Colours of the verdicts, or the name of a colormap.

        Returns
        -------
        matplotlib Figure
            Filled squares where the result stands, open ones where the interval holds 1, crosses
            where the estimate is turned; the corrected hazard ratio in each.
        """
        from belbiotech.plots.surfaces import verdict_grid

        head = f"Hazard ratio {self.hazard_ratio:.2f}, corrected for a confounder"
        options: dict[str, Any] = {"labels": labels, "ax": ax, "palette": palette}
        return verdict_grid(self.table, title=title or head, **options)

    def __repr__(self) -> str:
        stands = (self.table["verdict"] == "stands").mean()
        return (
            f"Bias surface of a hazard ratio of {self.hazard_ratio:.3g} ({self.lower:.3g} to "
            f"{self.upper:.3g}): it stands against {stands:.0%} of {len(self.table)} confounders"
        )


def bias_surface(
    hazard_ratio: float,
    lower: float,
    upper: float,
    *,
    prevalence: Sequence[float] = PREVALENCES,
    exposure_effect: Sequence[float] = EFFECTS,
    outcome_effect: Sequence[float] | None = None,
) -> BiasSurface:
    """Correct a hazard ratio for an unmeasured yes-or-no confounder of given strengths.

    Parameters
    ----------
    hazard_ratio, lower, upper : float
        The estimate and its interval.
    prevalence : sequence of float
        Shares of those without the exposure that have the confounder.
    exposure_effect : sequence of float
        Odds ratios of the confounder among those with the exposure; below 1 it is rarer there.
    outcome_effect : sequence of float, optional
        Hazard ratios of the confounder. By default such as can explain the estimate: 1 to 5, or
        1 to 0.2 for a hazard ratio below 1, which a confounder makes that protects and is more
        frequent with the exposure.

    Returns
    -------
    BiasSurface
        ``table``, ``weakest()``, ``plot()``.

    Raises
    ------
    FitError
        Ratios that are not positive, an interval that misses its estimate, a share outside 0 to 1.

    Notes
    -----
    A confounder that G times the hazard, of prevalence p1 with and p0 without the exposure,
    multiplies the hazard ratio by (1 + p1 (G - 1)) / (1 + p0 (G - 1)), which is divided out. That
    holds for an outcome that is rare in each group and a confounder that does not change what
    the exposure does. An estimate below 1 can be explained by a confounder that protects and is
    more frequent with the exposure, or one that harms and is rarer: ask for the latter with
    ``exposure_effect`` below 1 and ``outcome_effect`` above it.

    References
    ----------
    Lin, Psaty and Kronmal (1998), Biometrics 54:948-963. Schneeweiss (2006),
    Pharmacoepidemiology and Drug Safety 15:291-303.

    Examples
    --------
    >>> result = bias_surface(
    ...     0.6, 0.4, 0.9, prevalence=[0.3], exposure_effect=[3], outcome_effect=[0.3, 1]
    ... )
    >>> result.table[["bias", "hazard_ratio", "upper", "verdict"]].round(2)
       bias  hazard_ratio  upper  verdict
    0  0.77          0.78   1.17  holds 1
    1  1.00          0.60   0.90   stands
    """
    _check(hazard_ratio, lower, upper)
    shares = _numbers("prevalence", prevalence, 0.0, 1.0)
    on_exposure = _numbers("exposure_effect", exposure_effect, 0.0, np.inf)
    if outcome_effect is None:
        outcome_effect = EFFECTS if hazard_ratio >= 1 else [1 / effect for effect in EFFECTS]
    on_outcome = _numbers("outcome_effect", outcome_effect, 0.0, np.inf)
    grid = pd.MultiIndex.from_product(
        [shares, on_exposure, on_outcome], names=["prevalence", "exposure_effect", "outcome_effect"]
    ).to_frame(index=False)
    p0 = grid["prevalence"]
    odds = grid["exposure_effect"] * p0 / (1 - p0)
    gain = grid["outcome_effect"] - 1
    grid["bias"] = (1 + odds / (1 + odds) * gain) / (1 + p0 * gain)
    for name, value in (("hazard_ratio", hazard_ratio), ("lower", lower), ("upper", upper)):
        grid[name] = value / grid["bias"]
    turned = (grid["hazard_ratio"] - 1) * (hazard_ratio - 1) < -1e-12  # 1 itself is not turned
    holds = (grid["lower"] <= 1) & (grid["upper"] >= 1)
    grid["verdict"] = np.select([turned, holds], ["turned", "holds 1"], "stands")
    return BiasSurface(grid, float(hazard_ratio), float(lower), float(upper))


def _check(hazard_ratio: object, lower: object, upper: object) -> None:
    values = [v for v in (hazard_ratio, lower, upper) if isinstance(v, Real)]
    good = len(values) == 3 and all(map(is_finite_number, values))
    numbers = [float(v) for v in values] if good else []
    if not good or not 0 < numbers[1] <= numbers[0] <= numbers[2]:
        msg = (
            "a bias surface needs a positive, finite hazard ratio within its interval, not "
            f"{in_words(hazard_ratio)} in ({in_words(lower)}, {in_words(upper)})"
        )
        raise FitError(msg)


def _numbers(argument: str, given: object, low: float, high: float) -> list[float]:
    values = list(given) if isinstance(given, (Sequence, np.ndarray)) else []
    good = [v for v in values if is_finite_number(v) and low < float(v) < high]
    if isinstance(given, str) or not values or len(good) < len(values):
        bound = f"between {low:g} and {high:g}" if np.isfinite(high) else "above 0"
        msg = f"{argument} must be a list of numbers {bound}, not {in_words(given)}"
        raise FitError(msg)
    return [float(v) for v in values]
