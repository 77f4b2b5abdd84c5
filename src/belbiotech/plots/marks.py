"""Points with a smooth, and bars with their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.plots.look import COLOURS, HATCHES, colour_and, figure_of_one, look, subplots

if TYPE_CHECKING:
    from matplotlib.figure import Figure


__all__ = ["bars", "scatter_smooth"]


def scatter_smooth(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str = "Coefficient at that age",
) -> Figure:
    """Points with their smooth, one panel each: scaled Schoenfeld residuals over time.

    Parameters
    ----------
    table : DataFrame
        Columns panel, time, value, and optionally smooth, lower, upper at the same times.
    title, x_label, y_label : str
        What it is, and the units.

    Returns
    -------
    matplotlib Figure
        A panel for each value of the column panel.
    """
    panels = list(dict.fromkeys(table["panel"]))
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    with look():
        figure, grid = subplots(rows, columns, figsize=(3.4 * columns, 2.8 * rows))
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for axes, name in zip(grid.flat, panels, strict=False):
            points = table[table["panel"] == name].sort_values("time")
            axes.plot(points["time"], points["value"], "o", color="#888888", markersize=3)
            if "smooth" in points:
                axes.plot(points["time"], points["smooth"], color=COLOURS[0])
            if "lower" in points:
                for limit in ("lower", "upper"):
                    axes.plot(points["time"], points[limit], "--", color=COLOURS[0], linewidth=0.9)
            axes.axhline(0, color="#666666", linewidth=0.8)
            axes.set_title(str(name), fontsize=9)
            axes.set_xlabel(x_label)
        for axes in grid[:, 0]:
            axes.set_ylabel(y_label)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure


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
        figure, axes = figure_of_one(height=1.0 + 0.28 * len(names))
        left = np.zeros(len(names))
        for k, part in enumerate(parts):
            rows = table if part is None else table[table[group] == part]
            length = rows.groupby(category)[value].sum().reindex(names, fill_value=0).to_numpy()
            colour, hatch = colour_and(k, HATCHES)
            axes.barh(
                names,
                length,
                left=left,
                label=str(part),
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
            )
            left = left + length
        for y, total in enumerate(left):
            axes.text(total, y, f" {total:g}", va="center")
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(x_label)
        axes.set_title(title)
        if group is not None:
            axes.legend(loc="best")
    return figure
