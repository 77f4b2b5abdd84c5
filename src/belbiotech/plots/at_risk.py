"""Numbers at risk, in lines under the ticks of a figure's time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.plots.look import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray


__all__ = ["numbers_at", "numbers_at_risk"]


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


def numbers_at_risk(
    axes: Axes, below: Axes, table: pd.DataFrame, groups: Sequence[object], group: str, time: str
) -> None:
    """Write a line for each group into the axes below, under the ticks of the axes above.

    Parameters
    ----------
    axes, below : Axes
        The curves, whose limits are final, and the place for the numbers.
    table : DataFrame
        Steps of each group, as for `numbers_at`.
    groups : sequence
        Which lines, from above; a single one needs no name.
    group, time : str
        Columns of the table.
    """
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    names = [wrapped(name) if len(groups) > 1 else "" for name in groups]
    heights = [1 + name.count("\n") for name in names]
    middles = np.cumsum(heights) - (np.array(heights) + 1) / 2
    widest = 1
    for name, y in zip(groups, middles, strict=True):
        numbers = numbers_at(table[table[group] == name], ticks, time)
        texts = [f"{round(number):,d}" for number in numbers]
        for tick, text in zip(ticks, texts, strict=True):
            below.text(tick, y, text, ha="center", va="center", fontsize=8)
        widest = max(widest, len(texts[0]))
    below.set_yticks(middles, names, fontsize=8)
    below.set_ylim(sum(heights) - 0.5, -0.6)
    below.set_title("Number at risk", fontsize=8, pad=2)
    below.grid(visible=False)
    below.tick_params(length=0, pad=10 + 3 * widest)  # half of the first number is left of its tick
    for side in ("left", "bottom"):
        below.spines[side].set_visible(False)
    below.set_xticks([])
    below.set_xlim(low, high)
