"""Grids of corrected estimates: what stands against which confounder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.plots.look import COLOURS, look, subplots, whole_title
from belbiotech.plots.palette import Palette, colours_of, shown_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["verdict_grid"]

MARKS: dict[str, dict[str, Any]] = {
    "stands": {"marker": "s", "color": COLOURS[0], "alpha": 0.35},
    "holds 1": {"marker": "s", "color": COLOURS[4], "alpha": 0.35},
    "turned": {"marker": "X", "color": COLOURS[1], "alpha": 0.35},
}


def verdict_grid(
    table: pd.DataFrame,
    *,
    title: str = "",
    labels: Mapping[str, str] | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    palette: Palette = None,
) -> Figure:
    """Draw a bias surface, one panel for each prevalence.

    Parameters
    ----------
    table : DataFrame
        Columns prevalence, exposure_effect, outcome_effect, hazard_ratio, verdict.
    title : str
        What it is.
    labels : mapping of verdict to str, optional
        What is written for it.
    ax : matplotlib Axes, or as many as prevalences, optional
        Where to draw; by default a figure is made.
    palette : str, list or mapping of verdict to colour, optional
        Colours of the verdicts, or the name of a colormap.

    Returns
    -------
    matplotlib Figure
        The corrected hazard ratio of each pair of effects, marked by its verdict.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    words = shown_names(list(MARKS), labels)
    usual = {verdict: mark["color"] for verdict, mark in MARKS.items()}
    colours = (
        usual
        if palette is None
        else dict(zip(MARKS, colours_of(palette, list(MARKS)), strict=True))
    )
    shares = list(dict.fromkeys(table["prevalence"]))
    across = sorted(set(table["exposure_effect"]))
    up = sorted(set(table["outcome_effect"]))
    with look():
        size = (1.6 + (0.8 + 0.45 * len(across)) * len(shares), 1.6 + 0.35 * len(up))
        figure, grid = subplots(1, len(shares), figsize=size, ax=ax)
        for axes, share in zip(grid[0], shares, strict=True):
            rows = table[table["prevalence"] == share]
            x = np.searchsorted(across, rows["exposure_effect"])
            y = np.searchsorted(up, rows["outcome_effect"])
            for verdict, mark in MARKS.items():
                here = (rows["verdict"] == verdict).to_numpy()
                own = {**mark, "color": colours[verdict], "label": words[verdict]}
                axes.scatter(x[here], y[here], s=230, linewidth=0, **own)
            for a, b, value in zip(x, y, rows["hazard_ratio"], strict=True):
                axes.text(a, b, f"{value:.2f}", ha="center", va="center", fontsize=7)
            axes.set_xticks(range(len(across)), [f"{v:.3g}" for v in across])
            axes.set_yticks(range(len(up)), [f"{v:.3g}" for v in up])
            axes.grid(visible=False)
            axes.set_title(f"{share:.0%} of the unexposed have it", fontsize=9)
            axes.set_xlabel("Odds ratio with the exposure")
        grid[0, 0].set_ylabel("Hazard ratio of the confounder")
        whole_title(figure, grid[0, 0], title, ax)
        handles, texts = grid[0, 0].get_legend_handles_labels()
        if ax is None:
            figure.legend(handles, texts, loc="outside right upper")
        else:
            grid[0, -1].legend(handles, texts, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    return figure
