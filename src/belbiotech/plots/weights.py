"""Weights by age, and standardised differences before and after weighting (love plot)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.plots.legends import legend_clear
from belbiotech.plots.look import (
    COLOURS,
    figure_of_one,
    in_legend,
    look,
    plain_log_ticks,
    subplots,
    whole_title,
    wrapped_title,
)
from belbiotech.plots.palette import Palette, colours_of, one_colour, shown_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["love_plot", "weights_by_time"]


def weights_by_time(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Age in years",
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    palette: Palette = None,
) -> Figure:
    """Draw the mean weight with its band, and the range of the weights, at each time.

    Parameters
    ----------
    table : DataFrame
        Columns time, mean, lower, upper, median, least, most.
    title, x_label : str
        What it is, and the unit of time.
    labels : mapping of "mean", "median" or "interval" to str, optional
        What is written for them.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure is made.
    palette : str or list of str, optional
        The first colour is that of the mean and its interval.

    Returns
    -------
    matplotlib Figure
        Weights on a logarithmic axis.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    colour = one_colour(palette)
    usual = {"median": "median", "interval": "95% interval of the mean", "mean": "mean"}
    words = shown_names(list(usual), {**usual, **(labels or {})})
    with look():
        figure, axes = figure_of_one(height=4.0, ax=ax)
        axes.vlines(table["time"], table["least"], table["most"], color="#bbbbbb", linewidth=2)
        axes.plot(table["time"], table["median"], "_", color="#666666", label=in_legend(0))
        known = table["lower"] > 0
        axes.fill_between(
            table["time"],
            table["lower"].where(known),
            table["upper"].where(known),
            color=colour,
            alpha=0.25,
            linewidth=0,
            label=in_legend(1),
        )
        mean: dict[str, Any] = {"color": colour, "markersize": 4, "label": in_legend(2)}
        axes.plot(table["time"], table["mean"], "o-", **mean)
        axes.axhline(1, color="#666666", linewidth=0.8)
        axes.set_yscale("log")
        plain_log_ticks(axes, axis="y")
        axes.set_xlabel(x_label)
        axes.set_ylabel("Weight (grey: least to most)")
        wrapped_title(figure, axes, title, grows=ax is None)
        legend_clear(figure, axes, list(words.values()), grows=ax is None)
    return figure


def love_plot(
    table: pd.DataFrame,
    *,
    title: str = "",
    labels: Mapping[str, str] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    palette: Palette = None,
) -> Figure:
    """Draw standardised differences before and after weighting, one panel for each band of age.

    Parameters
    ----------
    table : DataFrame
        Columns covariate, ages, before, after.
    title : str
        What it is.
    labels : mapping of covariate to str, optional
        What is written for it.
    ax : matplotlib Axes, or as many as bands of age, optional
        Where to draw; by default a figure is made.
    palette : str, list or mapping of "before" and "after" to colour, optional
        Their colours.

    Returns
    -------
    matplotlib Figure
        Dotted lines at 0.1 on both sides of 0.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    usual = [COLOURS[1], COLOURS[0]]
    earlier, later = usual if palette is None else colours_of(palette, ["before", "after"])
    bands = list(dict.fromkeys(table["ages"]))
    names = list(dict.fromkeys(table["covariate"]))
    words = list(shown_names(names, labels).values())
    with look():
        figure, grid = subplots(
            1,
            len(bands),
            figsize=(2.4 + 2.0 * len(bands), 1.3 + 0.3 * len(names)),
            ax=ax,
        )
        for axes, band in zip(grid[0], bands, strict=True):
            rows = table[table["ages"] == band].set_index("covariate").reindex(names)
            place = np.arange(len(names))
            axes.plot(rows["before"], place, "o", mfc="white", color=earlier, label="before")
            axes.plot(rows["after"], place, "o", color=later, label="after weighting")
            for x, style in ((0, "-"), (-0.1, ":"), (0.1, ":")):
                axes.axvline(x, color="#666666", linewidth=0.8, linestyle=style)
            axes.set_title("all ages" if band == "all" else f"age {band}", fontsize=9)
            axes.set_yticks(range(len(names)), words if axes is grid[0, 0] else [""] * len(names))
            axes.set_ylim(len(names) - 0.5, -0.5)
        first = grid[0, 0]
        unit = "Difference of exposed and others, in standard deviations"
        whole_title(figure, first, title, ax)
        handles, texts = first.get_legend_handles_labels()
        if ax is None:
            figure.supxlabel(unit, fontsize=9)
            figure.legend(handles, texts, loc="outside right upper")
        else:
            first.set_xlabel(unit, fontsize=9)
            grid[0, -1].legend(handles, texts, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    return figure
