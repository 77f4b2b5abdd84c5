"""What an estimate of state occupation gives: tables, times spent in states, a figure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, on_screen, without_commands
from belbiotech.survival.inference.latex import latex_table
from belbiotech.survival.inference.limits import (
    LimitKind,
    hazard_limits,
    normal_quantile,
    probability_limits,
)
from belbiotech.survival.inference.markdown import markdown_table
from belbiotech.survival.inference.words import words_with
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.number_columns import LARGEST
from belbiotech.survival.rows.times import asked_times
from belbiotech.survival.states.occupation import Moves, Occupation, initial_shares, moments

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["MultiStateResult", "stacked_states"]


@dataclass(frozen=True, repr=False)
class MultiStateResult:
    """State occupation by group.

    Attributes
    ----------
    states : tuple
        Names of the states: those in which units begin, then the others.
    transitions : tuple of str
        The moves that were seen, as ``"private -> listed"``.
    estimates : tuple of Occupation
        The numbers of each group.
    rows : tuple of Moves
        The rows of each group.
    by : tuple of str
        Columns that make the groups.
    unit, cluster : str or None
        Columns of the unit, and of the clusters of the errors; None where each row is one.
    conf_level : float
        Coverage of the intervals.
    conf_type : str
        The scale on which they are symmetric.
    """

    states: tuple[Hashable, ...]
    transitions: tuple[str, ...]
    estimates: tuple[Occupation, ...]
    rows: tuple[Moves, ...]
    by: tuple[str, ...]
    unit: str | None
    cluster: str | None
    conf_level: float
    conf_type: LimitKind

    @property
    def table(self) -> pd.DataFrame:
        """Columns group, time, state, probability, std_error, lower, upper.

        One row for each state and each time at which a row of the group ends.
        """
        parts = [self._numbers(e.group, e.time, e.share, e.std_error) for e in self.estimates]
        return pd.concat(parts, ignore_index=True)

    @property
    def initial(self) -> pd.DataFrame:
        """Columns group, state, probability, std_error: the shares before the first move."""
        parts = [
            pd.DataFrame(
                {
                    "group": [e.group] * len(self.states),
                    "state": list(self.states),
                    "probability": e.initial,
                    "std_error": e.initial_error,
                }
            )
            for e in self.estimates
        ]
        return pd.concat(parts, ignore_index=True)

    @property
    def at_risk(self) -> pd.DataFrame:
        """Columns group, time, state, at_risk: units in each state just before each time."""
        parts = [
            pd.DataFrame(
                {
                    "group": [e.group] * e.at_risk.size,
                    "time": np.repeat(e.time, len(self.states)),
                    "state": list(self.states) * len(e.time),
                    "at_risk": e.at_risk.ravel(),
                }
            )
            for e in self.estimates
        ]
        return pd.concat(parts, ignore_index=True)

    @property
    def hazards(self) -> pd.DataFrame:
        """The cumulated hazard of each transition, by group and time.

        Columns group, transition, time, at_risk, moved, hazard (of the time), cumulative_hazard,
        std_error, lower, upper (both of the cumulated one, on the log scale).
        """
        parts = []
        for e in self.estimates:
            for k, ((origin, _), name) in enumerate(zip(e.pairs, self.transitions, strict=True)):
                total, error = e.hazard[:, k], e.hazard_error[:, k]
                lower, upper = hazard_limits(total, error, self.conf_level)
                parts.append(
                    pd.DataFrame(
                        {
                            "group": [e.group] * len(e.time),
                            "transition": name,
                            "time": e.time,
                            "at_risk": e.at_risk[:, origin],
                            "moved": e.moved[:, k],
                            "hazard": np.diff(total, prepend=0.0),
                            "cumulative_hazard": total,
                            "std_error": error,
                            "lower": lower,
                            "upper": upper,
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    @property
    def moves(self) -> pd.DataFrame:
        """How many units moved from where (rows) to where (columns), in all groups."""
        total = sum(e.moved.sum(axis=0) for e in self.estimates)
        table = pd.DataFrame(0, index=list(self.states), columns=list(self.states))
        for (origin, target), number in zip(self.estimates[0].pairs, total, strict=True):
            table.iloc[origin, target] = int(number)
        return table.rename_axis(index="from", columns="to")

    def occupation_at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Give the probabilities of the states at chosen times.

        Parameters
        ----------
        times : float or sequence of float
            In any order.

        Returns
        -------
        DataFrame
            Columns as of `table`: before the first move the shares at the beginning, NaN after
            the group's last time.
        """
        wanted = asked_times(times)
        parts = []
        for e in self.estimates:
            place = np.searchsorted(e.time, wanted, side="right")
            share = np.vstack([e.initial, e.share])[place]
            error = np.vstack([e.initial_error, e.std_error])[place]
            share[wanted > e.time[-1]], error[wanted > e.time[-1]] = np.nan, np.nan
            parts.append(self._numbers(e.group, wanted, share, error))
        return pd.concat(parts, ignore_index=True)

    def expected_time(self, horizon: float) -> pd.DataFrame:
        """Give the mean time spent in each state from 0 to a horizon.

        The area under each state's probability, as R's ``print(survfit(...), rmean = horizon)``;
        from 0, or from the earliest start where that is before 0.

        Parameters
        ----------
        horizon : float
            Not after the last time of any group.

        Returns
        -------
        DataFrame
            Columns group, state, time, std_error, lower, upper (symmetric limits).

        Raises
        ------
        FitError
            A horizon that is no time, or to which no unit of a group is followed.
        """
        self._check_horizon(horizon)
        z = normal_quantile(self.conf_level)
        parts = []
        for rows, e in zip(self.rows, self.estimates, strict=True):
            spent, error = _areas(rows, horizon)
            parts.append(
                pd.DataFrame(
                    {
                        "group": [e.group] * len(self.states),
                        "state": list(self.states),
                        "time": spent,
                        "std_error": error,
                        "lower": spent - z * error,
                        "upper": spent + z * error,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    @property
    def summary(self) -> pd.DataFrame:
        """Probabilities of the states at each group's last time."""
        return (
            self.table.groupby(["group", "state"], sort=False, observed=True).last().reset_index()
        )

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Age in years",
        y_label: str = "Share of firms",
    ) -> Figure:
        """Draw the states stacked, one panel for each group.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for a state or a group; by default what the codebook has.
        ax : matplotlib Axes, or as many as groups, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping of state to colour, optional
            Colours of the states, or the name of a colormap.
        x_label, y_label : str
            The units.

        Returns
        -------
        matplotlib Figure
            At each time what has become of all.
        """
        zero = [min(0.0, float(rows.start.min())) for rows in self.rows]
        begun = [
            self._numbers(e.group, np.array([t]), e.initial[None], e.initial_error[None])
            for e, t in zip(self.estimates, zero, strict=True)
        ]
        table = pd.concat([*begun, self.table], ignore_index=True)
        names = words_with(labels).groups(self.by, [e.group for e in self.estimates])
        return stacked_states(
            table,
            labels={**names, **(labels or {})},
            ax=ax,
            title=title or "State occupation",
            palette=palette,
            x_label=x_label,
            y_label=y_label,
        )

    def to_markdown(self) -> str:
        """Write the summary as a Markdown table."""
        return markdown_table(self.summary)

    def to_latex(self) -> str:
        """Write the summary as a LaTeX table (booktabs)."""
        return latex_table(self.summary, self._title())

    def __repr__(self) -> str:
        return on_screen(f"{self._title()}\n{self.summary.to_string(index=False)}")

    def _repr_html_(self) -> str:
        return without_commands(
            f"<p>{escape(self._title())}</p>{self.summary.to_html(index=False)}"
        )

    def _title(self) -> str:
        moved = int(sum(e.moved.sum() for e in self.estimates))
        return f"State occupation (Aalen-Johansen): {len(self.states)} states, {moved:,d} moves"

    def _numbers(
        self, group: Hashable, time: FloatArray, share: FloatArray, error: FloatArray
    ) -> pd.DataFrame:
        lower, upper = probability_limits(
            share.ravel(), error.ravel(), self.conf_level, self.conf_type
        )
        return pd.DataFrame(
            {
                "group": [group] * share.size,
                "time": np.repeat(time, len(self.states)),
                "state": list(self.states) * len(time),
                "probability": share.ravel(),
                "std_error": error.ravel(),
                "lower": lower,
                "upper": upper,
            }
        )

    def _check_horizon(self, horizon: float) -> None:
        if (
            not isinstance(horizon, Real)
            or isinstance(horizon, bool)
            or not abs(horizon) <= LARGEST
        ):
            msg = f"horizon must be a time, such as 10; it is {in_words(horizon)}"
            raise FitError(msg)
        short = [e for e in self.estimates if horizon > e.time[-1]]
        if short:
            msg = "\n".join(
                f"group {e.group!r} is followed to {e.time[-1]:g} only: what its states are at "
                f"{horizon:g} is unknown; take a horizon up to then"
                for e in short
            )
            raise FitError(msg)


def stacked_states(
    table: pd.DataFrame,
    *,
    labels: Mapping[Any, str] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    title: str | None = None,
    palette: Palette = None,
    x_label: str = "Age in years",
    y_label: str = "Share",
) -> Figure:
    """Draw shares of states on top of each other.

    Parameters
    ----------
    table : DataFrame
        Columns group, time, state, probability.
    labels, ax, title, palette, x_label, y_label
        As in `belbiotech.plots.stacked_incidence`.

    Returns
    -------
    matplotlib Figure
        One panel for each group.
    """
    from belbiotech.plots import stacked_incidence

    names = {"state": "outcome", "probability": "incidence"}
    options: dict[str, Any] = {"labels": labels, "ax": ax, "title": title or "", "palette": palette}
    return stacked_incidence(
        table.rename(columns=names), x_label=x_label, y_label=y_label, **options
    )


def _areas(rows: Moves, horizon: float) -> tuple[FloatArray, FloatArray]:
    """Give the time spent in each state up to the horizon, (s,), and its error."""
    share, influence = initial_shares(rows)
    before = min(0.0, float(rows.start.min()))
    spent, on_spent = np.zeros_like(share), np.zeros_like(influence)
    for moment in moments(rows, []):
        step = min(moment.time, horizon) - before
        if step > 0:
            spent, on_spent = spent + step * share, on_spent + step * influence
            before += step
        share, influence = moment.share, moment.influence
    return spent, np.sqrt((on_spent**2).sum(axis=0))
