"""Survival of all units, had each followed a strategy: averaged over their fixed covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names, on_screen
from belbiotech.survival.causal.bootstrap import percentiles
from belbiotech.survival.inference.markdown import markdown_table
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.times import asked_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["StandardisedCurves"]


@dataclass(frozen=True, repr=False)
class StandardisedCurves:
    """Survival and incidence under each strategy, with differences and restricted means.

    Attributes
    ----------
    outcome : str
        What may happen.
    strategies : tuple of str
        Their names.
    time : array of float, (t,)
        When.
    survival : array of float, (s, t)
        The probability of no event up to each time.
    draws : array of float, (r, s, t), or None
        The same of each bootstrap draw.
    conf_level : float
        Coverage of the intervals, by percentiles of the draws.
    """

    outcome: str
    strategies: tuple[str, ...]
    time: FloatArray
    survival: FloatArray
    draws: FloatArray | None = field(default=None)
    conf_level: float = 0.95

    @property
    def table(self) -> pd.DataFrame:
        """Columns strategy, time, survival, incidence, std_error, lower, upper (of incidence)."""
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "strategy": name,
                        "time": self.time,
                        "survival": self.survival[k],
                        "incidence": 1 - self.survival[k],
                        **self._limits(None if self.draws is None else 1 - self.draws[:, k]),
                    }
                )
                for k, name in enumerate(self.strategies)
            ],
            ignore_index=True,
        )

    def differences(
        self, times: float | Sequence[float] | None = None, *, reference: str | None = None
    ) -> pd.DataFrame:
        """Compare the incidence under each strategy with that under one of them.

        Parameters
        ----------
        times : float or sequence of float, optional
            When; by default at the last time.
        reference : str, optional
            The strategy to compare with; by default the first.

        Returns
        -------
        DataFrame
            Columns strategy, reference, time, difference, std_error, lower, upper, ratio.

        Raises
        ------
        FitError
            An unknown strategy, or only one; a time after the last.
        """
        base = self._number(reference)
        if len(self.strategies) == 1:
            msg = f"{self.strategies[0]!r} is the only strategy: give a second to compare it with"
            raise FitError(msg)
        wanted = self.time[-1:] if times is None else asked_times(times)
        place = self._places(wanted)
        parts = []
        for k, name in enumerate(self.strategies):
            if k == base:
                continue
            gap = _at(self.survival[base], place) - _at(self.survival[k], place)
            draws = None
            if self.draws is not None:
                draws = _at(self.draws[:, base], place) - _at(self.draws[:, k], place)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = (1 - _at(self.survival[k], place)) / (1 - _at(self.survival[base], place))
            parts.append(
                pd.DataFrame(
                    {
                        "strategy": name,
                        "reference": self.strategies[base],
                        "time": wanted,
                        "difference": gap,
                        **self._limits(draws, len(wanted)),
                        "ratio": ratio,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def restricted_means(
        self, horizon: float | None = None, *, reference: str | None = None
    ) -> pd.DataFrame:
        """Give the mean time without the event up to a horizon, and what strategies gain.

        Parameters
        ----------
        horizon : float, optional
            By default the last time.
        reference : str, optional
            The strategy to compare with; by default the first.

        Returns
        -------
        DataFrame
            Columns strategy, mean, std_error, lower, upper, gain, gain_std_error, gain_lower,
            gain_upper.

        Raises
        ------
        FitError
            An unknown strategy, a horizon after the last time.
        """
        base = self._number(reference)
        end = float(self.time[-1]) if horizon is None else horizon
        self._places(np.array([end], dtype=float))
        mean = _areas(self.time, self.survival, end)
        draws = None if self.draws is None else _areas(self.time, self.draws, end)
        rows = []
        for k, name in enumerate(self.strategies):
            own = self._limits(None if draws is None else draws[:, k], 1)
            gain = self._limits(None if draws is None else draws[:, k] - draws[:, base], 1)
            rows.append(
                pd.DataFrame(
                    {
                        "strategy": [name],
                        "mean": mean[k],
                        **own,
                        "gain": mean[k] - mean[base],
                        **{f"gain_{key}": value for key, value in gain.items()},
                    }
                )
            )
        return pd.concat(rows, ignore_index=True)

    def plot(
        self,
        *,
        value: str = "incidence",
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Age in years",
    ) -> Figure:
        """Draw the curves, with bands where units were drawn anew.

        Parameters
        ----------
        value : {"incidence", "survival"}
            Which.
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
        from belbiotech.plots import step_curves

        if not is_one_of(value, ("incidence", "survival")):
            known = ["incidence", "survival"]
            msg = f"no curve {in_words(value)}; {nearest_names(str(value), known)}"
            raise FitError(msg)
        table = self.table
        if value == "survival":
            table[["lower", "upper"]] = 1 - table[["upper", "lower"]].to_numpy()
        band = self.draws is not None
        return step_curves(
            table.rename(columns={"strategy": "group"}),
            value=value,
            lower="lower" if band else None,
            upper="upper" if band else None,
            origin=0.0 if value == "incidence" else 1.0,
            title=title or f"{self.outcome}, had all followed a strategy",
            x_label=x_label,
            y_label="Cumulative incidence" if value == "incidence" else "Survival",
            labels=labels,
            ax=ax,
            palette=palette,
        )

    def to_markdown(self) -> str:
        """Write the restricted means and the differences at the end as Markdown tables."""
        tables = [self.restricted_means()]
        if len(self.strategies) > 1:
            tables.append(self.differences())
        return "\n\n".join(markdown_table(table) for table in tables)

    def __repr__(self) -> str:
        return on_screen(
            f"{self.outcome} under {len(self.strategies)} strategies\n{self.table.to_string()}"
        )

    def _limits(self, draws: FloatArray | None, size: int | None = None) -> dict[str, FloatArray]:
        if draws is None:
            nothing = np.full(len(self.time) if size is None else size, np.nan)
            return {"std_error": nothing, "lower": nothing, "upper": nothing}
        found = percentiles(draws, self.conf_level)
        return dict(zip(("std_error", "lower", "upper"), map(np.atleast_1d, found), strict=True))

    def _number(self, name: str | None) -> int:
        if name is None:
            return 0
        if name not in self.strategies:
            msg = f"there is no strategy {name!r}; {nearest_names(name, self.strategies)}"
            raise FitError(msg)
        return self.strategies.index(name)

    def _places(self, times: FloatArray) -> FloatArray:
        """Find the last of the curves' times up to each; 0 is before the first."""
        if len(times) and not all(isinstance(t, Real) for t in times.tolist()):
            msg = f"times must be numbers, not {in_words(times)}"
            raise FitError(msg)
        if (times > self.time[-1]).any() or not np.isfinite(times).all():
            msg = (
                f"the curves end at {self.time[-1]:g}; {times.max():g} is beyond: take a time up "
                "to then"
            )
            raise FitError(msg)
        return np.searchsorted(self.time, times, side="right").astype(float)


def _at(survival: FloatArray, place: FloatArray) -> FloatArray:
    """Read survival, (..., t), at places counted from 1; it is 1 at 0."""
    whole = np.concatenate([np.ones((*survival.shape[:-1], 1)), survival], axis=-1)
    read: FloatArray = whole[..., place.astype(np.int64)]
    return read


def _areas(time: FloatArray, survival: FloatArray, end: float) -> FloatArray:
    """Integrate step curves, (..., t), from 0 to the end."""
    inside = time < end
    edges = np.concatenate([[0.0], time[inside], [end]])
    whole = np.concatenate([np.ones((*survival.shape[:-1], 1)), survival[..., inside]], axis=-1)
    area: FloatArray = (whole * np.diff(edges)).sum(axis=-1)
    return area
