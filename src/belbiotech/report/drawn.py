"""What a figure shows, as numbers and texts: to see whether it moved, on any machine.

Pixels differ with fonts and drawing libraries; the coordinates in the data's own units do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["drawn"]

COLUMNS = ["panel", "kind", "item", "x", "y", "text"]


def drawn(figure: Figure) -> pd.DataFrame:
    """List what a figure shows.

    Parameters
    ----------
    figure : matplotlib Figure
        Saved or drawn before, so that its ticks are known.

    Returns
    -------
    DataFrame
        Columns panel, kind (line, area, mark, bar, text), item, x, y, text: one row for each
        corner of what is drawn, in the units of the axes, and for each text but the ticks of
        numbers.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> axes = figure.subplots()
    >>> _ = axes.plot([0, 1], [2.5, 3.5])
    >>> drawn(figure).drop(columns="text").to_numpy().tolist()
    [[1, 'line', 1, 0.0, 2.5], [1, 'line', 1, 1.0, 3.5]]
    """
    rows = [line for k, axes in enumerate(figure.axes, start=1) for line in _panel(k, axes)]
    rows += [(0, "text", k, np.nan, np.nan, t) for k, t in enumerate(_texts(figure.texts), 1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _panel(number: int, axes: Axes) -> Iterator[tuple[Any, ...]]:
    for kind, shapes in _shapes(axes).items():
        for item, corners in enumerate(shapes, start=1):
            for x, y in np.asarray(np.ma.filled(corners, np.nan), dtype=float):
                yield number, kind, item, x, y, ""
    for item, text in enumerate(_words(axes), start=1):
        yield number, "text", item, np.nan, np.nan, text


def _shapes(axes: Axes) -> dict[str, list[Any]]:
    """Give the corners of everything drawn, by kind."""
    from matplotlib.collections import PathCollection
    from matplotlib.patches import Rectangle

    marks = [c.get_offsets() for c in axes.collections if isinstance(c, PathCollection)]
    paths = [
        path.vertices
        for c in axes.collections
        if not isinstance(c, PathCollection)
        for path in c.get_paths()
    ]
    bars = [p.get_bbox().get_points() for p in axes.patches if isinstance(p, Rectangle)]
    other = [p.get_path().vertices for p in axes.patches if not isinstance(p, Rectangle)]
    lines = [line.get_xydata() for line in axes.lines]
    return {"line": lines, "mark": marks, "area": paths + other, "bar": bars}


def _words(axes: Axes) -> list[str]:
    """Give titles, labels, the legend, notes, and ticks that are words."""
    legend = axes.get_legend()
    ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
    return [
        *_texts([axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]),
        *(_texts(legend.get_texts()) if legend is not None else []),
        *(text for text in _texts(ticks) if any(letter.isalpha() for letter in text)),
    ]


def _texts(artists: Any) -> list[str]:
    found = (" ".join(artist.get_text().split()) for artist in artists)
    return [text for text in found if text and "mathdefault" not in text]
