"""Curves over time with numbers at risk: survival and cumulative incidence."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.plots.at_risk import numbers_at_risk, place_below
from belbiotech.plots.legends import legend_beside, legend_clear
from belbiotech.plots.look import (
    LINES,
    NAME_WIDTH,
    colour_and,
    figure_of_one,
    in_legend,
    look,
    subplots,
    wrapped,
    wrapped_title,
)
from belbiotech.plots.multiples import MOST, curves_apart
from belbiotech.plots.palette import Palette, colours_of, shown_names
from belbiotech.plots.steps import draw_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["step_curves"]

FEW = 4  # curves whose bands and names have room among them


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
    labels: Mapping[Any, str] | None = None,
    ax: Axes | None = None,
    palette: Palette = None,
) -> Figure:
    """Step curves with bands, and the numbers at risk aligned under the axis.

    Up to seven curves stand together, in colours and line styles of their own; more than four
    have no bands, which would cover each other, and their names stand right of the axes, as long
    names do. More than seven have a panel each, the others grey behind it.

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
    labels : mapping of group to str, optional
        What is written for a group.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure is made.
    palette : str, list or mapping of group to colour, optional
        Colours of the curves, or the name of a colormap.

    Returns
    -------
    matplotlib Figure
        One axes of curves, one of numbers if asked for.

    Raises
    ------
    BelbiotechError
        More curves than have room; axes, colours or labels that are none.
    """
    columns = {"name": group, "time": time, "value": value, "lower": lower, "upper": upper}
    curves = pd.DataFrame({name: table[column] for name, column in columns.items() if column})
    risk = None
    if at_risk is not None:
        risk = at_risk.rename(columns={group: "name", time: "time"})[["name", "time", "at_risk"]]
    names = shown_names(list(dict.fromkeys(curves["name"])), labels)
    colours = colours_of(palette, list(names))
    band = lower is not None and upper is not None
    words = {"title": title, "x_label": x_label, "y_label": y_label}
    if len(names) > MOST:
        return curves_apart(curves, names, risk, origin, colours, band=band, ax=ax, **words)
    lines = {} if risk is None else shown_names(list(dict.fromkeys(risk["name"])), labels)
    outside = len(names) > FEW or max(len(name) for name in names.values()) > NAME_WIDTH
    with look():
        figure, axes, below = _with_numbers(list(lines.values()), ax)
        for k, name in enumerate(names):
            draw_step(
                axes,
                curves[curves["name"] == name],
                origin,
                band=band and len(names) <= FEW,
                color=colours[k],
                linestyle=colour_and(k, LINES)[1],
                label=in_legend(k),
            )
        axes.set_ylabel(y_label)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=min(0.0, float(curves["time"].min())))
        if below is not None and risk is not None:
            numbers_at_risk(axes, below, risk, lines)
        axes.set_xlabel(x_label)
        wrapped_title(figure, axes, title, grows=ax is None)
        if len(names) > 1:
            place = legend_beside if outside else legend_clear
            place(figure, axes, list(names.values()), grows=ax is None)
    return figure


def _with_numbers(lines: Sequence[Hashable], ax: Axes | None) -> tuple[Figure, Axes, Axes | None]:
    """Make axes for curves, and for so many lines of numbers under them."""
    height = sum(1 + wrapped(name).count("\n") for name in lines)
    if ax is not None or not lines:
        figure, axes = figure_of_one(height=4.0, ax=ax)
        return figure, axes, place_below(axes, height) if lines else None
    figure, grid = subplots(
        2,
        1,
        figsize=(7.0, 4.0 + 0.25 * height),
        height_ratios=(4.0, 0.18 * (height + 1)),
    )
    return figure, grid[0, 0], grid[1, 0]
