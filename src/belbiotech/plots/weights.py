"""Weights by age, and standardised differences before and after weighting (love plot)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.plots.look import COLOURS, figure_of_one, look, subplots, wrapped_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["love_plot", "weights_by_time"]


def weights_by_time(
    table: pd.DataFrame, *, title: str = "", x_label: str = "Age in years"
) -> Figure:
    """Draw the mean weight with its band, and the range of the weights, at each time.

    Parameters
    ----------
    table : DataFrame
        Columns time, mean, lower, upper, median, least, most.
    title, x_label : str
        What it is, and the unit of time.

    Returns
    -------
    matplotlib Figure
        Weights on a logarithmic axis.
    """
    with look():
        figure, axes = figure_of_one(height=4.0)
        axes.vlines(table["time"], table["least"], table["most"], color="#bbbbbb", linewidth=2)
        axes.plot(table["time"], table["median"], "_", color="#666666", label="median")
        known = table["lower"] > 0
        axes.fill_between(
            table["time"],
            table["lower"].where(known),
            table["upper"].where(known),
            color=COLOURS[0],
            alpha=0.25,
            linewidth=0,
            label="95% interval of the mean",
        )
        axes.plot(table["time"], table["mean"], "o-", color=COLOURS[0], markersize=4, label="mean")
        axes.axhline(1, color="#666666", linewidth=0.8)
        axes.set_yscale("log")
        axes.set_xlabel(x_label)
        axes.set_ylabel("Weight (grey: least to most)")
        axes.legend(loc="best")
        wrapped_title(figure, axes, title)
    return figure


def love_plot(table: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw standardised differences before and after weighting, one panel for each band of age.

    Parameters
    ----------
    table : DataFrame
        Columns covariate, ages, before, after.
    title : str
        What it is.

    Returns
    -------
    matplotlib Figure
        Dotted lines at 0.1 on both sides of 0.
    """
    bands = list(dict.fromkeys(table["ages"]))
    names = list(dict.fromkeys(table["covariate"]))
    with look():
        figure, grid = subplots(
            1,
            len(bands),
            figsize=(2.4 + 2.0 * len(bands), 1.3 + 0.3 * len(names)),
        )
        for axes, band in zip(grid[0], bands, strict=True):
            rows = table[table["ages"] == band].set_index("covariate").reindex(names)
            place = np.arange(len(names))
            axes.plot(rows["before"], place, "o", mfc="white", color=COLOURS[1], label="before")
            axes.plot(rows["after"], place, "o", color=COLOURS[0], label="after weighting")
            for x, style in ((0, "-"), (-0.1, ":"), (0.1, ":")):
                axes.axvline(x, color="#666666", linewidth=0.8, linestyle=style)
            axes.set_title("all ages" if band == "all" else f"age {band}", fontsize=9)
            axes.set_yticks(range(len(names)), names if axes is grid[0, 0] else [""] * len(names))
            axes.set_ylim(len(names) - 0.5, -0.5)
        first = grid[0, 0]
        figure.supxlabel("Difference of exposed and others, in standard deviations", fontsize=9)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        handles, labels = first.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")
    return figure
