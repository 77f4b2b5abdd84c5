"""Lives of firms as lines, and counts by year as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.plots.legends import legend_clear
from belbiotech.plots.look import (
    HATCHES,
    colour_and,
    figure_of_one,
    in_legend,
    in_print,
    legend_of,
    look,
    wrapped,
    wrapped_title,
)
from belbiotech.plots.palette import Palette, colours_of, shown_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["timeline", "year_columns"]

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LISTING = "Listed on an exchange"


def timeline(
    lines: pd.DataFrame,
    marks: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Year",
    labels: Mapping[Any, str] | None = None,
    ax: Axes | None = None,
    palette: Palette = None,
) -> Figure:
    """Draw a line a unit from its beginning to its end, with marks for what happened.

    Parameters
    ----------
    lines : DataFrame
        Columns name, start, end (years), fate (a text behind the end), listed (a year or NaN).
    marks : DataFrame
        Columns name, year, kind: each kind has a colour and a marker of its own. Several of one
        unit and year stand on top of each other.
    title, x_label : str
        What it is, and its unit.
    labels : mapping of name or kind to str, optional
        What is written for them.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure is made.
    palette : str, list or mapping of kind to colour, optional
        Colours of the marks, or the name of a colormap.

    Returns
    -------
    matplotlib Figure
        Lines in the table's order, from above.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    rows = {name: y for y, name in enumerate(lines["name"])}
    with look():
        figure, axes = figure_of_one(height=1.6 + 0.42 * len(rows), width=8.0, ax=ax)
        axes.hlines(range(len(rows)), lines["start"], lines["end"], color="#777777", zorder=1)
        for y, line in enumerate(lines.itertuples()):
            axes.annotate(
                in_print(line.fate),
                (line.end, y),
                (6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        kinds = list(dict.fromkeys(marks["kind"]))
        words = shown_names([*rows, *kinds, LISTING], labels)
        _marks(axes, marks, rows, colours_of(palette, kinds))
        listed = lines.dropna(subset=["listed"])
        axes.plot(
            listed["listed"],
            listed["name"].map(rows),
            "|",
            color="#000000",
            markersize=17,
            markeredgewidth=2.2,
            label=in_legend(len(kinds)),
            zorder=1.5,
        )
        axes.set_yticks(range(len(rows)), [wrapped(words[name]) for name in rows])
        axes.set_ylim(len(rows) - 0.4, -0.8)
        axes.grid(visible=False, axis="y")
        axes.set_xlim(lines["start"].min() - 1, lines["end"].max() + 7)
        axes.set_xlabel(x_label)
        wrapped_title(figure, axes, title, grows=ax is None)
        texts = [words[kind] for kind in (*kinds, LISTING)]
        where: dict[str, Any] = {"loc": "outside lower center", "ncols": 2, "labelspacing": 0.9}
        if ax is not None:
            where |= {"loc": "upper center", "bbox_to_anchor": (0.5, -0.15)}
        legend_of(figure if ax is None else axes, axes, texts, **where)
    return figure


def _marks(axes: Axes, marks: pd.DataFrame, rows: dict[str, int], colours: Sequence[str]) -> None:
    ordered = marks.sort_values(["name", "year", "kind"], kind="stable")
    place = ordered.groupby(["name", "year"]).cumcount()
    number = ordered.groupby(["name", "year"])["kind"].transform("size")
    height = ordered["name"].map(rows) + (place - (number - 1) / 2) * 0.17
    for k, kind in enumerate(dict.fromkeys(marks["kind"])):
        mine = (ordered["kind"] == kind).to_numpy()
        axes.plot(
            ordered.loc[mine, "year"],
            height[mine],
            colour_and(k, MARKERS)[1],
            color=colours[k],
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=in_legend(k),
            zorder=2,
        )


def year_columns(
    table: pd.DataFrame,
    *,
    value: str,
    group: str,
    year: str = "year",
    title: str = "",
    y_label: str = "",
    x_label: str = "Year",
    labels: Mapping[Any, str] | None = None,
    ax: Axes | None = None,
    palette: Palette = None,
) -> Figure:
    """Draw a column a year, stacked by group.

    Parameters
    ----------
    table : DataFrame
        One row for each year and group; years without a row are empty.
    value, group, year : str
        Its columns.
    title, x_label, y_label : str
        What it is, and the units.
    labels : mapping of group to str, optional
        What is written for it.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure is made.
    palette : str, list or mapping of group to colour, optional
        Colours of the groups, or the name of a colormap.

    Returns
    -------
    matplotlib Figure
        Groups in the order of the table, from below.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    groups = shown_names(list(dict.fromkeys(table[group])), labels)
    colours = colours_of(palette, list(groups))
    years = np.arange(table[year].min(), table[year].max() + 1)
    with look():
        figure, axes = figure_of_one(height=3.6, ax=ax)
        floor = np.zeros(len(years))
        for k, name in enumerate(groups):
            rows = table[table[group] == name].groupby(year)[value].sum()
            height = rows.reindex(years, fill_value=0).to_numpy(dtype=float)
            axes.bar(
                years,
                height,
                bottom=floor,
                width=0.9,
                label=in_legend(k),
                color=colours[k],
                hatch=colour_and(k, HATCHES)[1],
                edgecolor="white",
                linewidth=0.4,
            )
            floor = floor + height
        axes.grid(visible=False, axis="x")
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        wrapped_title(figure, axes, title, grows=ax is None)
        legend_clear(figure, axes, list(groups.values()), grows=ax is None)
    return figure
