"""Curves over time with numbers at risk: survival and cumulative incidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.plots.look import COLOURS, HATCHES, LINES, figure_of_one, look, subplots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["stacked_incidence", "step_curves"]


def step_curves(
    table: pd.DataFrame,
    *,
    value: str,
    lower: str | None = "lower",
    upper: str | None = "upper",
    group: str = "group",
    time: str = "time",
    origin: float = 1.0,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str = "",
    at_risk: pd.DataFrame | None = None,
) -> Figure:
    """Step curves with bands, and the numbers at risk aligned under the axis.

    Parameters
    ----------
    table : DataFrame
        One row for each group and time.
    value, lower, upper, group, time : str
        Its columns; lower and upper may be None (no band).
    origin : float
        The curves' value before the first time: 1 for survival, 0 for incidence.
    title, x_label, y_label : str
        What it is, and the units.
    at_risk : DataFrame, optional
        Columns group, time, at_risk (named as above): a line for each of its groups, which need
        not be the curves'. Without it no numbers are drawn.

    Returns
    -------
    matplotlib Figure
        One axes of curves, one of numbers if asked for.
    """
    groups = list(dict.fromkeys(table[group]))
    with look():
        lines = [] if at_risk is None else list(dict.fromkeys(at_risk[group]))
        figure, axes, below = _with_numbers(len(lines))
        for k, name in enumerate(groups):
            rows = table[table[group] == name]
            _step(axes, rows, k, str(name), value, lower, upper, time, origin)
        axes.set_ylabel(y_label)
        axes.set_title(title)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=min(0.0, float(table[time].min())))
        if len(groups) > 1:
            axes.legend(loc="best")
        _numbers_at_risk(axes, below, at_risk, lines, group, time)
        axes.set_xlabel(x_label)
    return figure


def stacked_incidence(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str = "Share of firms",
    at_risk: pd.DataFrame | None = None,
) -> Figure:
    """Cumulative incidences stacked: at each time what has become of all.

    Parameters
    ----------
    table : DataFrame
        Columns group, outcome, time, incidence; one panel for each group.
    title, x_label, y_label : str
        What it is, and the units.
    at_risk : DataFrame, optional
        Columns group, time, at_risk: numbers under each panel.

    Returns
    -------
    matplotlib Figure
        One panel for each group.
    """
    groups = list(dict.fromkeys(table["group"]))
    outcomes = list(dict.fromkeys(table["outcome"]))
    with look():
        numbers = at_risk is not None
        figure, grid = subplots(
            1 + numbers,
            len(groups),
            figsize=(3.2 + 3.4 * len(groups), 4.2),
            height_ratios=(12, 1)[: 1 + numbers],
        )
        for k, name in enumerate(groups):
            axes = grid[0, k]
            _stack(axes, table[table["group"] == name], outcomes)
            axes.set_title(str(name) if len(groups) > 1 else title)
            axes.set_xlabel(x_label)
            below = grid[1, k] if numbers else None
            _numbers_at_risk(axes, below, at_risk, [name], "group", "time")
            if k == 0:
                axes.set_ylabel(y_label)
        if len(groups) > 1:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside right center")
    return figure


def _with_numbers(lines: int) -> tuple[Figure, Axes, Axes | None]:
    if not lines:
        figure, axes = figure_of_one(height=4.0)
        return figure, axes, None
    figure, grid = subplots(
        2,
        1,
        figsize=(7.0, 4.0 + 0.25 * lines),
        height_ratios=(4.0, 0.18 * (lines + 1)),
    )
    return figure, grid[0, 0], grid[1, 0]


def _step(
    axes: Axes,
    rows: pd.DataFrame,
    k: int,
    label: str,
    value: str,
    lower: str | None,
    upper: str | None,
    time: str,
    origin: float,
) -> None:
    times = np.r_[min(0.0, float(rows[time].min())), rows[time]]
    colour, line = COLOURS[k % 7], LINES[k % 7]
    values = np.r_[origin, rows[value]]
    axes.step(times, values, where="post", label=label, color=colour, linestyle=line)
    if lower is not None and upper is not None:
        band = np.r_[origin, rows[lower]], np.r_[origin, rows[upper]]
        axes.fill_between(times, *band, step="post", color=colour, alpha=0.15, linewidth=0)


def _stack(axes: Axes, rows: pd.DataFrame, outcomes: list[str]) -> None:
    wide = rows.pivot_table(index="time", columns="outcome", values="incidence", aggfunc="last")
    wide = wide.reindex(columns=outcomes).ffill().fillna(0.0)
    times = np.r_[0.0, wide.index]
    floor = np.zeros(len(times))
    for k, name in enumerate(outcomes):
        top = floor + np.r_[0.0, wide[name]]
        axes.fill_between(
            times,
            floor,
            top,
            step="post",
            color=COLOURS[k % 7],
            alpha=0.75,
            label=str(name),
            hatch=HATCHES[k % 7],
            edgecolor="white",
            linewidth=0.3,
        )
        floor = top
    axes.set_ylim(0, 1)
    axes.set_xlim(0, times[-1])


def _numbers_at_risk(
    axes: Axes,
    below: Axes | None,
    at_risk: pd.DataFrame | None,
    groups: Sequence[object],
    group: str,
    time: str,
) -> None:
    """Write under each tick how many are at risk at the next time of their group."""
    if below is None or at_risk is None:
        return
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    for y, name in enumerate(groups):
        rows = at_risk[at_risk[group] == name].sort_values(time)
        rows = rows.drop_duplicates(time)
        position = rows[time].searchsorted(ticks)
        numbers = np.r_[rows["at_risk"].to_numpy(dtype=float), 0.0][position]
        for tick, number in zip(ticks, numbers, strict=True):
            below.text(tick, y, f"{number:,.0f}", ha="center", va="center", fontsize=8)
    names = [str(name) if len(groups) > 1 else "" for name in groups]
    below.set_yticks(range(len(groups)), names, fontsize=8)
    below.set_ylim(len(groups) - 0.5, -0.6)
    below.set_title("Number at risk", fontsize=8, pad=2)
    below.grid(visible=False)
    below.tick_params(length=0, pad=16)
    for side in ("left", "bottom"):
        below.spines[side].set_visible(False)
    below.set_xticks([])
    below.set_xlim(low, high)
