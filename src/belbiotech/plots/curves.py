"""Curves over time with numbers at risk: survival and cumulative incidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.plots.at_risk import numbers_at_risk
from belbiotech.plots.look import (
    HATCHES,
    LINES,
    NAME_WIDTH,
    colour_and,
    figure_of_one,
    in_legend,
    legend_of,
    look,
    subplots,
    wrapped,
    wrapped_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["stacked_incidence", "step_curves"]

FEW = 4  # curves whose bands and names have room among them
LEGEND_LINE, LEGEND_EDGE = 0.21, 0.3  # inches: of a name beside the curves, and above and below all


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

    Up to 49 curves differ in colour or line style. More than four have no bands, which would
    cover each other, and their names stand right of the axes, as long names do.

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
        Columns group, time, at_risk (named as above): so many are at risk after the group's time
        before, up to this one. A line for each of its groups, which need not be the curves'.
        Under the tick at 0 stand those at risk just after it. Without it no numbers are drawn.

    Returns
    -------
    matplotlib Figure
        One axes of curves, one of numbers if asked for.
    """
    columns = {"name": group, "time": time, "value": value, "lower": lower, "upper": upper}
    curves = pd.DataFrame({name: table[column] for name, column in columns.items() if column})
    names = list(dict.fromkeys(curves["name"]))
    lines = [] if at_risk is None else list(dict.fromkeys(at_risk[group]))
    outside = len(names) > FEW or max(len(str(name)) for name in names) > NAME_WIDTH
    with look():
        figure, axes, below = _with_numbers(lines)
        band = lower is not None and upper is not None and len(names) <= FEW
        for k, name in enumerate(names):
            _step(axes, curves[curves["name"] == name], k, origin, band=band)
        axes.set_ylabel(y_label)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=min(0.0, float(curves["time"].min())))
        if len(names) > 1 and outside:
            _legend_outside(figure, axes, names)
        elif len(names) > 1:
            legend_of(axes, axes, names, loc="best")
        if below is not None and at_risk is not None:
            numbers_at_risk(axes, below, at_risk, lines, group, time)
        axes.set_xlabel(x_label)
        wrapped_title(figure, axes, title)
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
        Columns group, time, at_risk: numbers under each panel, as in `step_curves`.

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
            axes.set_title(wrapped(name) if len(groups) > 1 else title)
            axes.set_xlabel(x_label)
            if at_risk is not None:
                numbers_at_risk(axes, grid[1, k], at_risk, [name], "group", "time")
            if k == 0:
                axes.set_ylabel(y_label)
        if len(groups) > 1:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        place = "outside right center"
        legend_of(figure, figure.axes[0], outcomes, backwards=True, loc=place)
    return figure


def _with_numbers(groups: Sequence[object]) -> tuple[Figure, Axes, Axes | None]:
    if not groups:
        figure, axes = figure_of_one(height=4.0)
        return figure, axes, None
    lines = sum(1 + wrapped(name).count("\n") for name in groups)
    figure, grid = subplots(
        2,
        1,
        figsize=(7.0, 4.0 + 0.25 * lines),
        height_ratios=(4.0, 0.18 * (lines + 1)),
    )
    return figure, grid[0, 0], grid[1, 0]


def _step(axes: Axes, rows: pd.DataFrame, k: int, origin: float, *, band: bool) -> None:
    """Draw the k-th curve from its columns name, time, value, and lower and upper for a band."""
    times = np.r_[min(0.0, float(rows["time"].min())), rows["time"]]
    colour, line = colour_and(k, LINES)
    values = np.r_[origin, rows["value"]]
    axes.step(times, values, where="post", label=in_legend(k), color=colour, linestyle=line)
    if band:
        lower, upper = (np.r_[origin, rows[limit]] for limit in ("lower", "upper"))
        axes.fill_between(times, lower, upper, step="post", color=colour, alpha=0.15, linewidth=0)


def _legend_outside(figure: Figure, axes: Axes, names: Sequence[object]) -> None:
    """Name the curves right of the axes; the figure grows by as much."""
    lines = sum(1 + wrapped(name).count("\n") for name in names)
    columns = -(-lines // int((figure.get_figheight() - LEGEND_EDGE) / LEGEND_LINE))
    place = "outside right upper"
    legend = legend_of(figure, axes, names, loc=place, ncols=columns, handlelength=3.2)
    figure.draw_without_rendering()
    figure.set_figwidth(figure.get_figwidth() + legend.get_window_extent().width / figure.dpi)


def _stack(axes: Axes, rows: pd.DataFrame, outcomes: list[str]) -> None:
    wide = rows.pivot_table(index="time", columns="outcome", values="incidence", aggfunc="last")
    wide = wide.reindex(columns=outcomes).ffill().fillna(0.0)
    times = np.r_[0.0, wide.index]
    floor = np.zeros(len(times))
    for k, name in enumerate(outcomes):
        colour, hatch = colour_and(k, HATCHES)
        top = floor + np.r_[0.0, wide[name]]
        axes.fill_between(
            times,
            floor,
            top,
            step="post",
            color=colour,
            alpha=0.75,
            label=in_legend(k),
            hatch=hatch,
            edgecolor="white",
            linewidth=0.3,
        )
        floor = top
    axes.set_ylim(0, 1)
    axes.set_xlim(0, times[-1])
