"""What a sequence of emulated trials gives: effects, curves of both arms, their base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.causal.probabilities import ChanceModel
from belbiotech.survival.causal.trials_expand import FOLLOWUP, Cells, Trials
from belbiotech.survival.inference.limits import normal_quantile
from belbiotech.survival.inference.model_column import ModelColumn, clusters_in_words, estimates_of
from belbiotech.survival.inference.report import (
    Coefficients,
    Report,
    coefficient_table,
    errors_of,
)
from belbiotech.survival.rows.checks import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["SequentialTrialsResult"]


@dataclass(frozen=True, repr=False)
class SequentialTrialsResult(Coefficients):
    """A sequence of emulated trials, pooled.

    Attributes
    ----------
    fit : ChanceModel
        The model of the yearly hazard.
    variance : DataFrame, (p, p)
        Of its coefficients, robust by unit.
    trials : Trials
        The trials, not expanded.
    cells : Cells
        Equal trial rows, counted.
    exposure, outcome, formula, estimand, link, unit : str
        As in the call.
    conf_level : float
        Coverage of the intervals.
    protocol_models : tuple of ChanceModel
        Models of leaving the protocol, by the status before.
    """

    fit: ChanceModel
    variance: pd.DataFrame
    trials: Trials = field(repr=False)
    cells: Cells = field(repr=False)
    exposure: str
    outcome: str
    formula: str
    estimand: str
    link: str
    unit: str
    conf_level: float
    protocol_models: tuple[ChanceModel, ...]

    @property
    def params(self) -> pd.Series:
        """Coefficients by name."""
        return self.fit.params

    @property
    def standard_errors(self) -> pd.Series:
        """Standard errors, robust by unit over all its trials."""
        return errors_of(self.variance)

    @property
    def summary(self) -> pd.DataFrame:
        """Coefficients, ``exp(coef)``, errors and intervals."""
        naive = self.fit.standard_errors
        table = coefficient_table(
            self.params, self.standard_errors, naive, "exp(coef)", self.conf_level
        )
        return table.rename_axis("covariate")

    @property
    def counts(self) -> pd.Series:
        """What stands behind the estimate: units, trials, rows, events.

        Events are of trial rows: a unit's own is there once for each of its trials. The units that
        had it, each once, stand beside them.
        """
        trials, cells = self.trials, self.cells
        exposed = cells.table[self.exposure].to_numpy(dtype=float) > 0
        happened = cells.number * cells.event
        trial_rows = cells.number.sum()
        values = {
            "units": len(np.unique(trials.unit)),
            "trials": len(trials.row),
            "trials with exposure": int(trials.assigned.sum()),
            "begins": trials.begins,
            "trial rows": int(trial_rows),
            "events with exposure": int(happened[exposed].sum()),
            "events without": int(happened[~exposed].sum()),
            "units with the event, with exposure": trials.units_with_event(1),
            "units with the event, without": trials.units_with_event(0),
            "distinct rows": len(cells.number),
            "mean weight": float(cells.weight.sum() / trial_rows),
        }
        return pd.Series(values, name="count", dtype=object)

    @property
    def curves(self) -> pd.DataFrame:
        """Incidence had all trials been assigned to one arm, and to the other.

        Columns arm, time (years of follow-up), incidence, std_error, lower, upper; averaged over
        the covariates of all trials, errors by the delta method from the robust variance.
        """
        z = normal_quantile(self.conf_level)
        parts = []
        for status in (0, 1):
            value, slope = self._incidence(status)
            error = self._error(slope)
            parts.append(
                pd.DataFrame(
                    {
                        "arm": f"{self.exposure} = {status}",
                        "time": np.arange(1, len(value) + 1),
                        "incidence": value,
                        "std_error": error,
                        "lower": np.maximum(value - z * error, 0.0),
                        "upper": np.minimum(value + z * error, 1.0),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def differences(self, horizons: int | Sequence[int] | None = None) -> pd.DataFrame:
        """Compare the incidence of both arms at chosen years of follow-up.

        Parameters
        ----------
        horizons : int or sequence of int, optional
            By default the last.

        Returns
        -------
        DataFrame
            Columns time, difference (with exposure minus without), std_error, lower, upper, ratio.

        Raises
        ------
        FitError
            A horizon that is no year of follow-up.
        """
        asked = self.trials.horizon if horizons is None else horizons
        wanted = np.atleast_1d(np.asarray(asked))
        last = self.trials.horizon
        if not np.isin(wanted, np.arange(1, last + 1)).all():
            msg = f"horizons must be years of follow-up from 1 to {last}, not {wanted.tolist()}"
            raise FitError(msg)
        (without, one), (with_, other) = self._incidence(0), self._incidence(1)
        at = wanted.astype(np.int64) - 1
        gap, error = (with_ - without)[at], self._error(other - one)[at]
        z = normal_quantile(self.conf_level)
        return pd.DataFrame(
            {
                "time": wanted,
                "difference": gap,
                "std_error": error,
                "lower": gap - z * error,
                "upper": gap + z * error,
                "ratio": with_[at] / without[at],
            }
        )

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Years since the trial began",
    ) -> Figure:
        """Draw the incidence of both arms with their bands.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for an arm.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping, optional
            Colours of the arms, or the name of a colormap.
        x_label : str
            The unit of time.

        Returns
        -------
        matplotlib Figure
            Two curves.
        """
        from belbiotech.plots import step_curves

        return step_curves(
            self.curves.rename(columns={"arm": "group"}),
            value="incidence",
            origin=0.0,
            title=title or f"{self.outcome} in emulated trials, {self.estimand}",
            x_label=x_label,
            y_label="Cumulative incidence",
            labels=labels,
            ax=ax,
            palette=palette,
        )

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: one column."""
        counts = self.counts
        return [
            ModelColumn(
                name=self.outcome,
                ratio="odds ratio" if self.link == "logit" else "hazard ratio",
                estimates=estimates_of(self.params, self.standard_errors, conf_level),
                references={},
                events=counts["events with exposure"] + counts["events without"],
                rows=counts["trial rows"],
                units=counts["units"],
                errors=clusters_in_words([self.unit]),
            )
        ]

    def _incidence(self, status: int) -> tuple[FloatArray, FloatArray]:
        """Give the average incidence by year, (h,), and its slope in the coefficients, (h, p)."""
        trials = self.trials
        number = np.bincount(trials.pattern, minlength=len(trials.patterns)).astype(float)
        table = trials.patterns.copy()
        table[self.exposure] = pd.Series(status, table.index).astype(table[self.exposure].dtype)
        survival, slope = np.ones(len(table)), np.zeros((len(table), len(self.params)))
        values, slopes = [], []
        for year in range(trials.horizon):
            table[FOLLOWUP] = year
            x = self.fit.matrix(table)
            hazard, change = self.fit.mean(x), self.fit.slope(x)
            slope = slope * (1 - hazard)[:, None] - (survival * change)[:, None] * x
            survival = survival * (1 - hazard)
            values.append(1 - number @ survival / number.sum())
            slopes.append(-number @ slope / number.sum())
        return np.array(values), np.array(slopes)

    def _error(self, slope: FloatArray) -> FloatArray:
        variance = np.einsum("hp,pq,hq->h", slope, self.variance.to_numpy(), slope)
        error: FloatArray = np.sqrt(np.maximum(variance, 0.0))
        return error

    def _report(self) -> Report:
        c = self.counts
        notes = (
            f"{c['trials']:,d} trials ({c['trials with exposure']:,d} with exposure) of "
            f"{c['units']:,d} units, {c['trial rows']:,d} trial rows, "
            f"{c['events with exposure']:,d} and {c['events without']:,d} events with and without",
            f"errors clustered by {self.unit}; {self.link} of the yearly hazard",
        )
        return Report(f"Emulated trials, {self.estimand}: {self.formula}", self.summary, notes)
