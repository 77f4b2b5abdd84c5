"""Shares stacked over time, a panel for each group: what has become of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.plots.at_risk import numbers_at_risk, place_below
from belbiotech.plots.look import (
    HATCHES,
    colour_and,
    in_legend,
    legend_of,
    look,
    subplots,
    whole_title,
    wrapped_or_blank,
    wrapped_title,
)
from belbiotech.plots.multiples import MOST, PANELS, grid_of, refuse_many
from belbiotech.plots.palette import Palette, colours_of, shown_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["stacked_incidence"]


def stacked_incidence(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str = "Share of firms",
    at_risk: pd.DataFrame | None = None,
    labels: Mapping[Any, str] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    palette: Palette = None,
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
    labels : mapping of group or outcome to str, optional
        What is written for them.
    ax : matplotlib Axes, or as many as groups, optional
        Where to draw; by default a figure is made.
    palette : str, list or mapping of outcome to colour, optional
        Colours of the outcomes, or the name of a colormap.

    Returns
    -------
    matplotlib Figure
        One panel for each group.

    Raises
    ------
    BelbiotechError
        More than seven outcomes or thirty groups; axes, colours or labels that are none.
    """
    groups = shown_names(list(dict.fromkeys(table["group"])), labels)
    outcomes = shown_names(list(dict.fromkeys(table["outcome"])), labels)
    refuse_many(len(outcomes), MOST, "outcomes", "cannot be told apart")
    refuse_many(len(groups), PANELS, "groups", "have no room in a figure")
    colours = colours_of(palette, list(outcomes))
    risk = None if at_risk is None else at_risk.rename(columns={"group": "name"})
    rows, columns = grid_of(len(groups))
    each = 1 if risk is None or ax is not None else 2
    with look():
        figure, grid = subplots(
            each * rows,
            columns,
            figsize=(3.2 + 3.4 * columns, 0.6 + 3.6 * rows),
            height_ratios=(12, 1)[:each] * rows,
            ax=ax,
        )
        for k, (name, words) in enumerate(groups.items()):
            row, column = divmod(k, columns)
            axes = grid[each * row, column]
            _stack(axes, table[table["group"] == name], list(outcomes), colours)
            if len(groups) > 1:
                axes.set_title(wrapped_or_blank(words))
            axes.set_xlabel(x_label)
            if risk is not None:
                below = grid[each * row + 1, column] if each == 2 else place_below(axes, 1)
                numbers_at_risk(axes, below, risk, {name: ""})
            if column == 0:
                axes.set_ylabel(y_label)
        for k in range(len(groups), rows * columns):
            for part in range(each):
                grid[each * (k // columns) + part, k % columns].set_visible(False)
        if len(groups) > 1:
            whole_title(figure, grid[0, 0], title, ax)
        else:
            wrapped_title(figure, grid[0, 0], title, grows=ax is None)
        texts = list(outcomes.values())
        if ax is None:
            place = "outside right center"
            legend_of(figure, grid[0, 0], texts, backwards=True, loc=place)
        else:
            beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
            legend_of(grid[0, -1], grid[0, -1], texts, backwards=True, **beside)
    return figure


def _stack(axes: Axes, rows: pd.DataFrame, outcomes: list[Any], colours: Sequence[str]) -> None:
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
            color=colours[k],
            alpha=0.75,
            label=in_legend(k),
            hatch=colour_and(k, HATCHES)[1],
            edgecolor="white",
            linewidth=0.3,
        )
        floor = top
    axes.set_ylim(0, 1)
    axes.set_xlim(0, times[-1])
