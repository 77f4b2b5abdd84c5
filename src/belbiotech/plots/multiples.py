"""Many curves, a panel each: the others stand grey behind it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.errors import BelbiotechError
from belbiotech.plots.at_risk import numbers_at_risk
from belbiotech.plots.look import look, subplots, whole_title, wrapped_or_blank
from belbiotech.plots.steps import draw_step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MOST", "curves_apart", "grid_of", "refuse_many"]

MOST = 7  # groups that an axes can tell apart
PANELS = 30  # that a page can hold
GREY = "#cccccc"


def refuse_many(number: int, most: int, what: str, why: str) -> None:
    """Refuse more groups than a figure can show, with advice.

    Raises
    ------
    BelbiotechError
        More than ``most``.
    """
    if number > most:
        msg = (
            f"{number} {what} {why}, which is {most} at most: put them into fewer groups (a column "
            "of ranges, or of kinds), or draw some of the rows"
        )
        raise BelbiotechError(msg)


def grid_of(number: int) -> tuple[int, int]:
    """Give rows and columns of a grid for so many panels.

    Examples
    --------
    >>> [grid_of(number) for number in (3, 8, 11, 30)]
    [(1, 3), (2, 4), (3, 4), (6, 5)]
    """
    columns = number if number <= 4 else 4 if number <= 16 else 5
    return -(-number // columns), columns


def curves_apart(
    curves: pd.DataFrame,
    names: Mapping[Hashable, str],
    risk: pd.DataFrame | None,
    origin: float,
    colours: Sequence[str],
    *,
    band: bool,
    ax: Any,
    title: str,
    x_label: str,
    y_label: str,
) -> Figure:
    """Draw each curve in a panel of its own, with its numbers at risk under it.

    Parameters
    ----------
    curves : DataFrame
        Columns name, time, value, and lower and upper for bands.
    names : mapping of name to str
        What is written above the panels.
    risk : DataFrame or None
        Columns name, time, at_risk: a panel has the line of its own curve, or of the group that
        its curve's name ends with.
    origin : float
        Before the first time.
    colours : sequence of str
        One for each.
    band : bool
        With bands.
    ax : None
        A single axes cannot hold them.
    title, x_label, y_label : str
        Of the whole.

    Returns
    -------
    matplotlib Figure
        All panels have the same limits.

    Raises
    ------
    BelbiotechError
        More than thirty, or more than seven for one axes.
    """
    if ax is not None:
        refuse_many(len(names), MOST, "curves", "cannot be told apart in the axes of ax=")
    refuse_many(len(names), PANELS, "curves", "have no room in a figure")
    rows, columns = grid_of(len(names))
    each = 1 if risk is None else 2
    left, top = min(0.0, float(curves["time"].min())), float(curves["time"].max())
    highest = max(float(curves["value"].max()), origin) * 1.05
    with look():
        figure, grid = subplots(
            each * rows,
            columns,
            figsize=(0.6 + 2.4 * columns, 0.8 + (1.9 + 0.35 * (each - 1)) * rows),
            height_ratios=(8, 1)[:each] * rows,
        )
        for axes in grid.flat:
            axes.set_visible(False)
        for k, name in enumerate(names):
            row, column = divmod(k, columns)
            axes = grid[each * row, column]
            axes.set_visible(True)
            for other in names:
                rest = curves[curves["name"] == other]
                draw_step(axes, rest, origin, band=False, color=GREY, linewidth=0.7, zorder=1)
            mine = curves[curves["name"] == name]
            draw_step(axes, mine, origin, band=band, color=colours[k], linewidth=1.6)
            axes.set_title(wrapped_or_blank(names[name]), fontsize=9)
            axes.set_xlim(left, top)
            axes.set_ylim(0, highest)
            if risk is not None:
                below = grid[each * row + 1, column]
                below.set_visible(True)
                numbers_at_risk(axes, below, risk, {name: ""}, head=k == 0, size=7)
        figure.supxlabel(x_label, fontsize=10)
        figure.supylabel(y_label, fontsize=10)
        whole_title(figure, grid[0, 0], title, ax)
    return figure
