"""Numbers at risk, in lines under the ticks of a figure's time axis."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.plots.look import wrapped_or_blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray


__all__ = ["numbers_at", "numbers_at_risk", "place_below"]

UNDER = 0.62  # inches from an axis to the numbers: its ticks and its label stand between


def numbers_at(table: pd.DataFrame, ticks: ArrayLike, time: str = "time") -> NDArray[np.float64]:
    """Read off how many of a group are at risk.

    Parameters
    ----------
    table : DataFrame
        Columns time and at_risk: so many are at risk after the time before, up to this one.
    ticks : array of float, (t,)
        When; at 0 those at risk just after it, as nobody's time at risk ends with its beginning.
    time : str
        The column of times.

    Returns
    -------
    array of float, (t,)
        None after the last time.

    Examples
    --------
    >>> numbers_at(pd.DataFrame({"time": [0, 2, 5], "at_risk": [0, 3, 1]}), [0, 2, 3, 6])
    array([3., 3., 1., 0.])
    """
    at = np.asarray(ticks, dtype=np.float64)
    steps = table.sort_values(time, kind="stable").drop_duplicates(time)
    times = steps[time].to_numpy(dtype=np.float64)
    here, after = times.searchsorted(at), times.searchsorted(at, "right")
    numbers = np.append(steps["at_risk"].to_numpy(dtype=np.float64), 0.0)
    return numbers[np.where(at == 0, after, here)]


def place_below(axes: Axes, lines: int) -> Axes:
    """Make axes for so many lines of numbers under those that a user gave.

    Parameters
    ----------
    axes : Axes
        The user's.
    lines : int
        How many.

    Returns
    -------
    Axes
        Under the axis' label; a figure with a layout, or a tight one, leaves room for them.
    """
    figure = axes.get_figure()
    inches = axes.get_window_extent().height / figure.dpi  # type: ignore[union-attr]
    height = 0.18 * (lines + 1)
    return axes.inset_axes((0.0, -(UNDER + height) / inches, 1.0, height / inches))


def numbers_at_risk(
    axes: Axes,
    below: Axes,
    table: pd.DataFrame,
    lines: Mapping[Hashable, str],
    *,
    head: bool = True,
    size: float = 8,
) -> None:
    """Write a line for each group into the axes below, under the ticks of the axes above.

    Parameters
    ----------
    axes, below : Axes
        The curves, whose limits are final, and the place for the numbers.
    table : DataFrame
        Steps of each group: columns name, and time and at_risk as for `numbers_at`.
    lines : mapping of group to str
        Which lines, from above, and their names; a single one needs none.
    head : bool
        Say what the numbers are.
    size : float
        Of the type, in points.
    """
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    names = [wrapped_or_blank(text) if len(lines) > 1 else "" for text in lines.values()]
    heights = [1 + name.count("\n") for name in names]
    middles = np.cumsum(heights) - (np.array(heights) + 1) / 2
    widest = 1
    for name, y in zip(lines, middles, strict=True):
        numbers = numbers_at(table[table["name"] == name], ticks)
        texts = [f"{round(number):,d}" for number in numbers]
        for tick, text in zip(ticks, texts, strict=True):
            below.text(tick, y, text, ha="center", va="center", fontsize=size)
        widest = max(widest, len(texts[0]))
    below.set_yticks(middles, names, fontsize=size)
    below.set_ylim(sum(heights) - 0.5, -0.6)
    if head:
        below.set_title("Number at risk", fontsize=size, pad=2)
    below.grid(visible=False)
    below.tick_params(length=0, pad=10 + 3 * widest)  # half of the first number is left of its tick
    for side in below.spines:
        below.spines[side].set_visible(False)
    below.set_xticks([])
    below.set_xlim(low, high)
