"""Points with a smooth, and bars with their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.plots.legends import legend_clear
from belbiotech.plots.look import (
    HATCHES,
    TITLE_LINE,
    broken_lines,
    colour_and,
    figure_of_one,
    in_legend,
    in_print,
    look,
    subplots,
    whole_title,
    wrapped,
    wrapped_title,
)
from belbiotech.plots.palette import Palette, colours_of, one_colour, shown_names

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
    labels: Mapping[str, str] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    palette: Palette = None,
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
    labels : mapping of panel to str, optional
        What is written above a panel.
    ax : matplotlib Axes, or as many as panels, optional
        Where to draw; by default a figure is made.
    palette : str or list of str, optional
        The first colour is that of the smooth.

    Returns
    -------
    matplotlib Figure
        A panel for each value of the column panel. The smooth's band, with half its height around
        it, and the middle half of the points set its scale: points beyond are drawn as triangles
        at the edge, and the figure says how many they are.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    panels = list(dict.fromkeys(table["panel"]))
    words, colour = shown_names(panels, labels), one_colour(palette)
    columns = min(3, len(panels)) if ax is None else len(panels)
    rows = -(-len(panels) // columns)
    with look():
        size = (max(5.0, 3.4 * columns), 2.9 * rows)
        figure, grid = subplots(rows, columns, figsize=size, ax=ax)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        beyond, highest = 0, [0] * rows
        for k, (axes, name) in enumerate(zip(grid.flat, panels, strict=False)):
            points = table[table["panel"] == name].sort_values("time")
            beyond += _points(axes, points, colour)
            axes.axhline(0, color="#666666", linewidth=0.8)
            if levels is not None:
                axes.axhline(levels[name], color="#666666", linewidth=1.2, linestyle=":")
            lines = [part for line in in_print(words[name]).splitlines() for part in wrap(line, 44)]
            text = axes.set_title("\n".join(lines), fontsize=9)
            broken_lines(text, 0.8 * figure.bbox.width / columns)
            highest[k // columns] = max(highest[k // columns], text.get_text().count("\n"))
            axes.set_xlabel(x_label)
            if not isinstance(y_label, str):
                axes.set_ylabel(y_label[name], fontsize=9)
            elif k % columns == 0:
                axes.set_ylabel(y_label)
        if ax is None and sum(highest) > 2 * rows:
            figure.set_figheight(figure.get_figheight() + TITLE_LINE * sum(highest))
        whole_title(figure, grid[0, 0], title, ax)
        if beyond:
            note = f"Triangles at the edge: {beyond:,d} of {len(table):,d} points lie beyond it"
            if ax is None:
                figure.supxlabel(note, x=0.01, ha="left", fontsize=8)
            else:
                grid[0, 0].set_xlabel(f"{x_label}\n{note}")
    return figure


def _points(axes: Axes, points: pd.DataFrame, colour: str) -> int:
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
        axes.plot(time, points["smooth"], color=colour)
    if "lower" in points:
        for limit in ("lower", "upper"):
            axes.plot(time, points[limit], "--", color=colour, linewidth=0.9)
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
    labels: Mapping[Any, str] | None = None,
    ax: Axes | None = None,
    palette: Palette = None,
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
    labels : mapping of category or group to str, optional
        What is written for them.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure is made.
    palette : str, list or mapping of group to colour, optional
        Colours of the groups, or the name of a colormap.

    Returns
    -------
    matplotlib Figure
        Categories in the table's order, from above.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    parts = [None] if group is None else list(dict.fromkeys(table[group]))
    names = list(dict.fromkeys(table[category]))
    words, colours = shown_names([*names, *parts], labels), colours_of(palette, parts)
    written = [wrapped(words[name], LABEL_WIDTH) for name in names]
    with look():
        figure, axes = figure_of_one(
            height=1.0 + 0.28 * sum(1 + name.count("\n") for name in written), ax=ax
        )
        left = np.zeros(len(names))
        for k, part in enumerate(parts):
            rows = table if part is None else table[table[group] == part]
            length = rows.groupby(category)[value].sum().reindex(names, fill_value=0).to_numpy()
            axes.barh(
                range(len(names)),
                length,
                left=left,
                label=in_legend(k),
                color=colours[k],
                hatch=colour_and(k, HATCHES)[1],
                edgecolor="white",
                linewidth=0.5,
            )
            left = left + length
        for y, total in enumerate(left):
            axes.text(total, y, f" {total:g}", va="center")
        axes.set_yticks(range(len(names)), written)
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(x_label)
        wrapped_title(figure, axes, title, grows=ax is None)
        if group is not None:
            legend_clear(figure, axes, [words[part] for part in parts], grows=ax is None)
    return figure
