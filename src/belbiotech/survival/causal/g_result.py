"""What the g-formula gives: curves under strategies, and the natural course beside the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import on_screen
from belbiotech.survival.causal.g_models import GModels, GPlan
from belbiotech.survival.causal.standardised import StandardisedCurves
from belbiotech.survival.competing.cumulative_incidence import cumulative_incidence
from belbiotech.survival.rows.checks import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["GFormulaResult"]


@dataclass(frozen=True, repr=False)
class GFormulaResult:
    """Lives simulated under strategies.

    Attributes
    ----------
    curves : StandardisedCurves
        Incidence of the outcome under each strategy.
    natural_course : DataFrame
        Columns time, incidence and observed (Aalen-Johansen), and for each covariate its mean
        among those alive, simulated and observed (in rows that begin at the earliest time or
        later, whoever is in them).
    models : GModels
        The fitted models.
    plan : GPlan
        What they were fitted to.
    simulations : int
        Lives simulated under each strategy.
    """

    curves: StandardisedCurves
    natural_course: pd.DataFrame
    models: GModels
    plan: GPlan = field(repr=False)
    simulations: int

    @classmethod
    def of(
        cls,
        *,
        plan: GPlan,
        models: GModels,
        data: pd.DataFrame,
        outcome: str,
        strategies: tuple[str, ...],
        first_time: float,
        survival: FloatArray,
        natural: FloatArray,
        path: pd.DataFrame,
        draws: FloatArray | None,
        conf_level: float,
        simulations: int,
    ) -> GFormulaResult:
        """Put the simulated curves beside the observed ones."""
        time = first_time + 1 + np.arange(survival.shape[1], dtype=np.float64)
        curves = StandardisedCurves(outcome, strategies, time, survival, draws, conf_level)
        table = pd.DataFrame({"time": time, "incidence": 1 - natural})
        table["observed"] = _observed(data, plan, outcome, list(models.fates), time)
        begin = data[plan.start].to_numpy(dtype=float) + 1
        for name in plan.names:
            table[f"{name}, simulated"] = path[name].to_numpy()
            means = data[name].astype(float).groupby(begin).mean()
            table[f"{name}, observed"] = means.reindex(time).to_numpy()
        return cls(curves, table, models, plan, simulations)

    @property
    def table(self) -> pd.DataFrame:
        """Columns strategy, time, survival, incidence, std_error, lower, upper."""
        return self.curves.table

    @property
    def largest_gap(self) -> float:
        """How far the simulated natural course is from the observed incidence at most."""
        gap = (self.natural_course["incidence"] - self.natural_course["observed"]).abs()
        return float(gap.max())

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Age in years",
    ) -> Figure:
        """Draw the incidence under each strategy.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for a strategy.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping, optional
            Colours of the strategies, or the name of a colormap.
        x_label : str
            The unit of time.

        Returns
        -------
        matplotlib Figure
            One curve for each strategy.
        """
        options: dict[str, Any] = {"labels": labels, "ax": ax, "palette": palette}
        return self.curves.plot(title=title, x_label=x_label, **options)

    def plot_natural_course(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Age in years",
    ) -> Figure:
        """Draw the simulated natural course beside the observed incidence.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for "simulated" and "observed".
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping, optional
            Colours of the two, or the name of a colormap.
        x_label : str
            The unit of time.

        Returns
        -------
        matplotlib Figure
            Two curves, which should be near each other.
        """
        from belbiotech.plots import step_curves

        table = pd.concat(
            [
                pd.DataFrame(
                    {
                        "group": name,
                        "time": self.natural_course["time"],
                        "incidence": self.natural_course[column],
                    }
                )
                for name, column in (("simulated", "incidence"), ("observed", "observed"))
            ],
            ignore_index=True,
        )
        return step_curves(
            table,
            value="incidence",
            lower=None,
            upper=None,
            origin=0.0,
            title=title or f"{self.curves.outcome}: natural course",
            x_label=x_label,
            y_label="Cumulative incidence",
            labels=labels,
            ax=ax,
            palette=palette,
        )

    def __repr__(self) -> str:
        means = self.curves.restricted_means()
        head = (
            f"Parametric g-formula: {self.curves.outcome} under {len(means)} strategies, "
            f"{self.simulations:,d} lives each; natural course within {self.largest_gap:.3f} of "
            "the observed incidence"
        )
        return on_screen(f"{head}\n{means.to_string(index=False)}")


def _observed(
    data: pd.DataFrame, plan: GPlan, outcome: str, fates: list[str], time: FloatArray
) -> FloatArray:

    stop = data[plan.start] + 1
    rows = pd.DataFrame({"start": data[plan.start], "stop": stop, **{f: data[f] for f in fates}})
    result = cumulative_incidence(rows, fates)
    own = result.incidence_at(time.tolist())
    values: FloatArray = own.loc[own["outcome"] == outcome, "incidence"].to_numpy(dtype=float)
    return values
