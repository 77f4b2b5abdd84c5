"""The look that all figures share, and how they are written to files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = [
    "COLOURS",
    "HATCHES",
    "LINES",
    "figure_of_one",
    "look",
    "plain_log_ticks",
    "save",
    "subplots",
    "wrapped_title",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 3)))
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "++", "oo")
STYLE: dict[Any, Any] = {
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "figure.dpi": 100,
    "figure.max_open_warning": 0,
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


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG, PDF or SVG, the same bytes each time, and close it.

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
    import matplotlib.pyplot as plt

    path = Path(path)
    unstamped: dict[str, dict[str, Any]] = {
        ".png": {"Software": None},
        ".pdf": {"CreationDate": None, "Producer": None, "Creator": None},
        ".svg": {"Date": None, "Creator": None},
    }
    with look():
        figure.savefig(path, metadata=unstamped[path.suffix], bbox_inches="tight")
    plt.close(figure)
    return path


def subplots(rows: int, columns: int, **options: Any) -> tuple[Figure, Any]:
    """Call pyplot, so that a notebook shows the figure; imported here, as it is heavy."""
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, squeeze=False, layout="constrained", **options)


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
    wrapped = [part for line in lines for part in wrap(line, width)]
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
        scale.set_major_locator(LogLocator(base=10, subs=subs))
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    scale.set_minor_formatter(NullFormatter())
