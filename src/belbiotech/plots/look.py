"""The look that all figures share, and how they are shown and written to files.

Figures are made without pyplot where it has no window to show them in, so that none stays open:
nothing has to be closed, and a notebook shows a figure once, where a cell ends with it
(`NotebookFigure`). Where there are windows, ``plt.show()`` opens them, and they are kept until
then, or until they are saved.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = [
    "COLOURS",
    "HATCHES",
    "LINES",
    "NAME_WIDTH",
    "colour_and",
    "figure_of_one",
    "look",
    "plain_log_ticks",
    "save",
    "subplots",
    "wrapped",
    "wrapped_title",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++", "oo")
WITHOUT_WINDOWS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}
NAME_WIDTH = 26  # letters of a group's name in a line

Mark = TypeVar("Mark")
STYLE: dict[Any, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "savefig.dpi": 160,
    "svg.hashsalt": "belbiotech",
}


@contextmanager
def look() -> Iterator[None]:
    """Draw with this package's style, and leave the user's own settings as they were."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        yield


def colour_and(k: int, marks: Sequence[Mark]) -> tuple[str, Mark]:
    """Give the k-th of 49 pairs of a colour and a mark (a line style, a hatch, a marker).

    Parameters
    ----------
    k : int
        From 0.
    marks : sequence, (7,)
        `LINES`, `HATCHES` or the like.

    Returns
    -------
    tuple
        The first seven differ in both; from then on a colour comes back with the next mark.

    Examples
    --------
    >>> [colour_and(k, "abcdefg") for k in (0, 1, 7)]
    [('#0072B2', 'a'), ('#D55E00', 'b'), ('#0072B2', 'b')]
    """
    return COLOURS[k % 7], marks[(k + k // 7) % 7]


def wrapped(name: object) -> str:
    """Break a group's name into lines that leave room for the figure.

    Parameters
    ----------
    name : object
        Any value of a column.

    Returns
    -------
    str
        Lines of at most `NAME_WIDTH` letters, no more than it takes, and about as long.

    Examples
    --------
    >>> print(wrapped("Medicines, vaccines, cell and gene therapy"))
    Medicines, vaccines,
    cell and gene therapy
    """
    text = str(name)
    lines = wrap(text, NAME_WIDTH)
    longest_word = max(map(len, text.split()), default=1)
    for width in range(max(longest_word, NAME_WIDTH // 2), NAME_WIDTH):
        even = wrap(text, width)
        if len(even) == len(lines):
            return "\n".join(even)
    return "\n".join(lines)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, PDF or SVG, the same bytes each time; pyplot keeps it no longer.

    Parameters
    ----------
    figure : matplotlib Figure
        What to write.
    path : str or Path
        The suffix chooses the format.

    Returns
    -------
    Path
        The file written.
    """
    path = Path(path)
    unstamped: dict[str, dict[str, Any]] = {
        ".png": {"Software": None},
        ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
        ".svg": {"Date": None, "Creator": None},
    }
    with look():
        figure.savefig(path, metadata=unstamped[path.suffix], bbox_inches="tight")
    if "matplotlib.pyplot" in sys.modules:
        from matplotlib import pyplot

        pyplot.close(figure)
    return path


def subplots(
    rows: int,
    columns: int,
    *,
    figsize: tuple[float, float],
    height_ratios: Sequence[float] | None = None,
    sharex: bool = False,
) -> tuple[Figure, Any]:
    """Make a figure with a grid of axes, in inches; matplotlib is imported here, as it is heavy."""
    from belbiotech.plots.notebook_figure import NotebookFigure

    options: dict[str, Any] = {"figsize": figsize, "layout": "constrained"}
    if _has_windows():
        from matplotlib import pyplot

        figure: Figure = pyplot.figure(FigureClass=NotebookFigure, **options)
    else:
        figure = NotebookFigure(**options)
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=height_ratios, sharex=sharex)
    return figure, grid


def _has_windows() -> bool:
    """Tell whether the user has pyplot, and it shows figures in windows of its own."""
    if "matplotlib.pyplot" not in sys.modules:
        return False
    from matplotlib import get_backend

    name = get_backend().lower()
    return "inline" not in name and name not in WITHOUT_WINDOWS


def figure_of_one(height: float, width: float = 7.0) -> tuple[Figure, Axes]:
    """Make a figure with a single axes, in inches."""
    figure, grid = subplots(1, 1, figsize=(width, height))
    return figure, grid[0, 0]


def wrapped_title(figure: Figure, axes: Axes, title: str) -> None:
    """Set a title, broken into lines where it is wider than the axes; the figure grows for them."""
    text = axes.set_title(title)
    figure.draw_without_rendering()
    room = axes.get_window_extent().width / max(text.get_window_extent().width, 1.0)
    if room >= 1:
        return
    lines = title.splitlines()
    width = max(10, int(0.93 * room * max(map(len, lines))))  # letters differ in width
    wrapped = [part for line in lines for part in wrap(line, width, break_on_hyphens=False)]
    text.set_text("\n".join(wrapped))
    figure.set_figheight(figure.get_figheight() + 0.19 * (len(wrapped) - len(lines)))


def plain_log_ticks(axes: Axes, axis: str = "x") -> None:
    """Write 0.5, 1, 2 on a logarithmic axis, not powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    scale = axes.xaxis if axis == "x" else axes.yaxis
    low, high = axes.get_xlim() if axis == "x" else axes.get_ylim()
    if high / low < 6:  # too narrow for powers of ten and their halves
        scale.set_major_locator(MaxNLocator(6))
    else:
        subs = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
        scale.set_major_locator(LogLocator(base=10, subs=subs, numticks=8))
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    scale.set_minor_formatter(NullFormatter())
