"""The look that all figures share, and how they are shown and written to files.

Figures are made without pyplot as long as the user has not imported it: none stays open, nothing
has to be closed. Where it is imported, it knows the figure, as it knows its own: ``plt.show()``,
``plt.savefig()`` and ``plt.close()`` find it, until it is saved (`save`); where there are no
windows at all, it knows the last one only. A notebook shows it once either way (`NotebookFigure`).
With ``ax=`` the figure is the user's, and stays as large as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, TypeVar

from belbiotech.errors import BelbiotechError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.text import Text


__all__ = [
    "COLOURS",
    "HATCHES",
    "LINES",
    "NAME_WIDTH",
    "TITLE_LINE",
    "broken_lines",
    "colour_and",
    "figure_of_one",
    "in_legend",
    "in_print",
    "legend_of",
    "look",
    "plain_log_ticks",
    "save",
    "subplots",
    "whole_title",
    "wrapped",
    "wrapped_or_blank",
    "wrapped_title",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 3)))
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++", "oo")
WITHOUT_WINDOWS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}
NAME_WIDTH = 26  # letters of a group's name in a line
NARROWEST = 10  # letters in a line of a title
TITLE_LINE = 0.19  # inches
BLANK = "(blank)"

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
    "text.parse_math": False,  # names may hold dollar signs
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


def in_print(name: object) -> str:
    """Write any text so that a figure can show it: spaces for signs that have no shape.

    Examples
    --------
    >>> in_print(3), in_print("_low")
    ('3', '_low')
    """
    return "".join(mark if mark.isprintable() or mark == "\n" else " " for mark in str(name))


def in_legend(k: int) -> str:
    """Give the k-th thing of a legend a label; `legend_of` puts its name there.

    matplotlib leaves out of a legend what has a label that is empty or begins with an underscore.
    """
    return f"#{k}"


def legend_of(
    where: Axes | Figure,
    axes: Axes,
    names: Sequence[object],
    *,
    backwards: bool = False,
    **options: Any,
) -> Legend:
    """Name what has labels of `in_legend`, whatever the names are.

    Parameters
    ----------
    where : Axes or Figure
        Where the legend stands.
    axes : Axes
        What it is of.
    names : sequence
        The name of each thing, the k-th of that with ``in_legend(k)``.
    backwards : bool
        From the last to the first, as things are stacked.
    **options
        Of matplotlib's legend.

    Returns
    -------
    matplotlib Legend
        The legend.
    """
    handles, labels = axes.get_legend_handles_labels()
    known = dict(zip(labels, handles, strict=True))
    order = range(len(names))[::-1] if backwards else range(len(names))
    chosen = [k for k in order if in_legend(k) in known]
    legend = where.legend(
        [known[in_legend(k)] for k in chosen], [in_legend(k) for k in chosen], **options
    )
    for text, k in zip(legend.get_texts(), chosen, strict=True):
        text.set_text(wrapped_or_blank(names[k]))
    return legend


def wrapped(name: object, width: int = NAME_WIDTH) -> str:
    """Break a group's name into lines that leave room for the figure.

    Parameters
    ----------
    name : object
        Any value of a column.
    width : int
        Letters in a line.

    Returns
    -------
    str
        Lines of at most so many letters, no more than it takes, and about as long.

    Examples
    --------
    >>> print(wrapped("Medicines, vaccines, cell and gene therapy"))
    Medicines, vaccines,
    cell and gene therapy
    """
    text = in_print(name)
    lines = wrap(text, width)
    longest_word = max(map(len, text.split()), default=1)
    for less in range(max(longest_word, width // 2), width):
        even = wrap(text, less)
        if len(even) == len(lines):
            return "\n".join(even)
    return "\n".join(lines)


def wrapped_or_blank(name: object) -> str:
    """Break a group's name into lines; a name without any letter is told as such.

    Examples
    --------
    >>> wrapped_or_blank("a"), wrapped_or_blank(" ")
    ('a', '(blank)')
    """
    return wrapped(name) or BLANK


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
    ax: Any = None,
) -> tuple[Figure, Any]:
    """Make a figure with a grid of axes, in inches, or take the user's axes for it.

    Matplotlib is imported here, as it is heavy.

    Raises
    ------
    BelbiotechError
        Other axes than are needed.
    """
    if ax is not None:
        return _given(ax, rows, columns)
    from belbiotech.plots.notebook_figure import NotebookFigure

    options: dict[str, Any] = {"figsize": figsize, "layout": "constrained"}
    if _has_pyplot():
        from matplotlib import pyplot

        _forget_unshown(pyplot)
        figure: Figure = pyplot.figure(FigureClass=NotebookFigure, **options)
    else:
        figure = NotebookFigure(**options)
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=height_ratios, sharex=sharex)
    return figure, grid


def _given(ax: Any, rows: int, columns: int) -> tuple[Figure, Any]:
    import numpy as np
    from matplotlib.axes import Axes

    flat = list(np.ravel(np.array(ax, dtype=object)))
    needed = rows * columns
    if len(flat) != needed or not all(isinstance(one, Axes) for one in flat):
        what = "an Axes of matplotlib" if needed == 1 else f"{needed} Axes, one for each panel"
        has = f"{len(flat)} of them" if all(isinstance(one, Axes) for one in flat) else repr(ax)
        msg = f"ax must be {what}; it is {has}. Without ax= the figure is made here"
        raise BelbiotechError(msg)
    grid = np.array(flat, dtype=object).reshape(rows, columns)
    return flat[0].get_figure().canvas.figure, grid


def _has_pyplot() -> bool:
    """Tell whether the user has imported pyplot, and so may ask it to show figures."""
    return "matplotlib.pyplot" in sys.modules


def _forget_unshown(pyplot: Any) -> None:
    """Let pyplot forget our last figure where it never shows any, so that none piles up."""
    from belbiotech.plots.notebook_figure import NotebookFigure

    if pyplot.get_backend().lower() not in WITHOUT_WINDOWS:
        return
    for number in pyplot.get_fignums():
        known = pyplot.figure(number)
        if isinstance(known, NotebookFigure):
            pyplot.close(known)


def figure_of_one(height: float, width: float = 7.0, ax: Any = None) -> tuple[Figure, Axes]:
    """Make a figure with a single axes, in inches, or take the user's axes."""
    figure, grid = subplots(1, 1, figsize=(width, height), ax=ax)
    return figure, grid[0, 0]


def wrapped_title(figure: Figure, axes: Axes, title: str, *, grows: bool = True) -> None:
    """Set a title, broken into lines where it is wider than the axes; the figure grows for them."""
    if not title:
        return
    figure.draw_without_rendering()  # before: the middle of a long title pushes the axes together
    more = broken_lines(axes.set_title(in_print(title)), axes.get_window_extent().width)
    if grows and more:
        figure.set_figheight(figure.get_figheight() + TITLE_LINE * more)


def broken_lines(text: Text, room: float) -> int:
    """Break a text into lines of at most so many pixels, and count how many it has more now."""
    lines = text.get_text().splitlines()
    width, wide = max(map(len, lines), default=0), text.get_window_extent().width
    while wide > room and width > NARROWEST:
        width = max(NARROWEST, min(width - 1, int(0.93 * room / wide * width)))  # letters differ
        parts = [part for line in lines for part in wrap(line, width, break_on_hyphens=False)]
        text.set_text("\n".join(parts))
        wide = text.get_window_extent().width
    return len(text.get_text().splitlines()) - len(lines)


def whole_title(figure: Figure, first: Axes, title: str, ax: Any) -> None:
    """Set the title of a figure of panels: above all, or above the first of the user's axes."""
    if ax is None:
        text = figure.suptitle(in_print(title), x=0.01, ha="left", fontsize=11)
        more = broken_lines(text, 0.98 * figure.bbox.width)
        figure.set_figheight(figure.get_figheight() + TITLE_LINE * more)
    elif title:
        own = first.get_title(loc="left")
        first.set_title(f"{in_print(title)}\n{own}" if own else in_print(title), loc="left")


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
