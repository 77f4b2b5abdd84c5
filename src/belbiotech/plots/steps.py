"""A step curve with its band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_step"]


def draw_step(
    axes: Axes, rows: pd.DataFrame, origin: float, *, band: bool, color: str, **options: Any
) -> None:
    """Draw a curve from its columns time, value, and lower and upper for a band.

    Parameters
    ----------
    axes : Axes
        Where.
    rows : DataFrame
        The curve.
    origin : float
        Its value before the first time.
    band : bool
        Shade what is between the limits.
    color : str
        Of both.
    **options
        Of the line.
    """
    times = np.r_[min(0.0, float(rows["time"].min())), rows["time"]]
    values = np.r_[origin, rows["value"]]
    axes.step(times, values, where="post", color=color, **options)
    if band:
        lower, upper = (np.r_[origin, rows[limit]] for limit in ("lower", "upper"))
        axes.fill_between(times, lower, upper, step="post", color=color, alpha=0.15, linewidth=0)
