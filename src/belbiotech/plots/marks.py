"""Points with a smooth, and bars with their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.plots.look import (
    COLOURS,
    HATCHES,
    colour_and,
    figure_of_one,
    in_legend,
    in_print,
    legend_of,
    look,
    subplots,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["bars", "scatter_smooth"]

LABEL_WIDTH = 40  # letters of a line beside a bar


def scatter_smooth(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str | Mapping[str, str] = "Coefficient at that age",
    levels: Mapping[str, float] | None = None,
) -> Figure:
    """Points with their smooth, one panel each: scaled Schoenfeld residuals over time.

    Parameters
    ----------
    table : DataFrame
        Columns panel, time, value, and optionally smooth, lower, upper at the same times.
    title, x_label, y_label : str
        What it is, and the units; y_label may be a mapping, with a text for each panel.
    levels : mapping of str to float, optional
        Where each panel has a dotted line: the value if nothing changes with time.

    Returns
    -------
    matplotlib Figure
        A panel for each value of the column panel. The smooth's band, with half its height around
        it, and the middle half of the points set its scale: points beyond are drawn as triangles
        at the edge, and the figure says how many they are.
    """
    panels = list(dict.fromkeys(table["panel"]))
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    with look():
        figure, grid = subplots(rows, columns, figsize=(max(5.0, 3.4 * columns), 2.9 * rows))
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        beyond = 0
        for k, (axes, name) in enumerate(zip(grid.flat, panels, strict=False)):
            points = table[table["panel"] == name].sort_values("time")
            beyond += _points(axes, points)
            axes.axhline(0, color="#666666", linewidth=0.8)
            if levels is not None:
                axes.axhline(levels[name], color="#666666", linewidth=1.2, linestyle=":")
            lines = [part for line in in_print(name).splitlines() for part in wrap(line, 44)]
            axes.set_title("\n".join(lines), fontsize=9)
            axes.set_xlabel(x_label)
            if not isinstance(y_label, str):
                axes.set_ylabel(y_label[name], fontsize=9)
            elif k % columns == 0:
                axes.set_ylabel(y_label)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        if beyond:
            note = f"Triangles at the edge: {beyond:,d} of {len(table):,d} points lie beyond it"
            figure.supxlabel(note, x=0.01, ha="left", fontsize=8)
    return figure


def _points(axes: Axes, points: pd.DataFrame) -> int:
    """Draw a panel's points and smooth, and tell how many points lie beyond its scale."""
    low, high = _scale(points)
    time, value = points["time"].to_numpy(), points["value"].to_numpy()
    grey: dict[str, Any] = {"color": "#888888", "markersize": 3, "linestyle": ""}
    inside = (low <= value) & (value <= high)
    axes.plot(time[inside], value[inside], "o", **grey)
    for edge, mark, there in ((low, "v", value < low), (high, "^", value > high)):
        if there.any():
            edges = np.full(there.sum(), edge)
            axes.plot(time[there], edges, mark, **{**grey, "markersize": 4}, clip_on=False)
    if "smooth" in points:
        axes.plot(time, points["smooth"], color=COLOURS[0])
    if "lower" in points:
        for limit in ("lower", "upper"):
            axes.plot(time, points[limit], "--", color=COLOURS[0], linewidth=0.9)
    if np.isfinite(low):
        axes.set_ylim(low, high)
    return int((~inside).sum())


def _scale(points: pd.DataFrame) -> tuple[float, float]:
    """Give limits that hold the band with half its height around, and the middle half of points."""
    if "lower" not in points or points["lower"].isna().all():
        return -np.inf, np.inf
    bottom, top = points["lower"].min(), points["upper"].max()
    around = (top - bottom) / 2
    least, first, third, most = points["value"].quantile([0, 0.25, 0.75, 1])
    low = max(min(bottom, least), min(bottom - around, first))
    high = min(max(top, most), max(top + around, third))
    margin = 0.04 * (high - low)
    return low - margin, high + margin


def bars(
    table: pd.DataFrame,
    *,
    category: str,
    value: str,
    group: str | None = None,
    title: str = "",
    x_label: str = "Number of firms",
) -> Figure:
    """Horizontal bars with their numbers, stacked by group where one is given.

    Parameters
    ----------
    table : DataFrame
        One row for each category (and group).
    category, value : str
        Columns with the names and the lengths of the bars.
    group : str, optional
        Column that splits each bar.
    title, x_label : str
        What it is, and its unit.

    Returns
    -------
    matplotlib Figure
        Categories in the table's order, from above.
    """
    parts = [None] if group is None else list(dict.fromkeys(table[group]))
    names = list(dict.fromkeys(table[category]))
    with look():
        figure, axes = figure_of_one(
            height=1.0 + 0.28 * sum(1 + wrapped(name, LABEL_WIDTH).count("\n") for name in names)
        )
        left = np.zeros(len(names))
        for k, part in enumerate(parts):
            rows = table if part is None else table[table[group] == part]
            length = rows.groupby(category)[value].sum().reindex(names, fill_value=0).to_numpy()
            colour, hatch = colour_and(k, HATCHES)
            axes.barh(
                range(len(names)),
                length,
                left=left,
                label=in_legend(k),
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
            )
            left = left + length
        for y, total in enumerate(left):
            axes.text(total, y, f" {total:g}", va="center")
        axes.set_yticks(range(len(names)), [wrapped(name, LABEL_WIDTH) for name in names])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(x_label)
        axes.set_title(title)
        if group is not None:
            legend_of(axes, axes, parts, loc="best")
    return figure
