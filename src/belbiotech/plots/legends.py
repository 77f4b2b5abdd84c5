"""Where a legend stands: in the axes where nothing is drawn, else beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from belbiotech.plots.look import legend_of, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.transforms import Bbox

__all__ = ["legend_beside", "legend_clear"]

PLACES = ("upper right", "lower left", "lower right", "upper left", "center right", "center left")
LEGEND_LINE, LEGEND_EDGE = 0.21, 0.3  # inches: of a name beside the curves, and above and below all
ROOM = 3.0  # pixels between a legend and what is drawn


def legend_clear(
    figure: Figure, axes: Axes, names: Sequence[object], *, grows: bool, **options: Any
) -> None:
    """Put a legend where it covers nothing: into the axes, or beside them if they are full.

    Parameters
    ----------
    figure : Figure
        Whose layout is final but for the legend.
    axes : Axes
        What is named.
    names : sequence
        As in `legend_of`.
    grows : bool
        The figure may become wider.
    **options
        Of matplotlib's legend.
    """
    legend = legend_of(axes, axes, names, loc=PLACES[0], **options)
    figure.draw_without_rendering()
    for place in PLACES:
        legend.set_loc(place)  # type: ignore[arg-type]
        if not _covers(axes, legend.get_window_extent().padded(ROOM)):
            return
    legend.remove()
    legend_beside(figure, axes, names, grows=grows, **options)


def legend_beside(
    figure: Figure, axes: Axes, names: Sequence[object], *, grows: bool, **options: Any
) -> None:
    """Put a legend right of the axes; a figure that may grow becomes wider by as much."""
    if not grows:
        options |= {"bbox_to_anchor": (1.02, 1.0), "borderaxespad": 0.0}
        legend_of(axes, axes, names, loc="upper left", **options)
        return
    lines = sum(1 + wrapped(name).count("\n") for name in names)
    columns = -(-lines // int((figure.get_figheight() - LEGEND_EDGE) / LEGEND_LINE))
    place = "outside right upper"
    legend = legend_of(figure, axes, names, loc=place, ncols=columns, handlelength=3.2, **options)
    figure.set_figwidth(figure.get_figwidth() + legend.get_window_extent().width / figure.dpi)


def _covers(axes: Axes, box: Bbox) -> bool:
    """Tell whether anything is drawn in a box of the screen."""
    if any(_path_of(line).intersects_bbox(box, filled=False) for line in axes.lines):
        return True
    for collection in axes.collections:
        points = np.asarray(collection.get_offsets(), dtype=np.float64)
        if len(points) > 1:  # marks, not areas
            places = collection.get_offset_transform().transform(points)
            if any(box.contains(x, y) for x, y in places):
                return True
            continue
        paths = [collection.get_transform().transform_path(p) for p in collection.get_paths()]
        if any(path.intersects_bbox(box, filled=True) for path in paths):
            return True
    drawn = [*axes.patches, *axes.texts]
    return any(artist.get_window_extent().overlaps(box) for artist in drawn)


def _path_of(line: Line2D) -> Any:
    """Give a line's path on the screen, steps as steps."""
    from matplotlib.cbook import STEP_LOOKUP_MAP
    from matplotlib.path import Path

    steps = STEP_LOOKUP_MAP[line.get_drawstyle()]
    x, y = steps(*np.asarray(line.get_xydata(), dtype=np.float64).T)
    return line.get_transform().transform_path(Path(np.column_stack([x, y])))
