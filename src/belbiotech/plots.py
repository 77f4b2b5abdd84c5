"""One look for all figures: tidy tables in, matplotlib figures out.

The colours are those of Okabe and Ito (2008), told apart by most eyes; line styles and markers
tell them apart in grey. Nothing here computes an estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "bars",
    "forest",
    "look",
    "save",
    "scatter_smooth",
    "specification_curve",
    "stacked_incidence",
    "step_curves",
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


def forest(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Hazard ratio, 95% interval",
    reference: float = 1.0,
    log: bool = True,
) -> Figure:
    """Estimates with their intervals, one line each.

    Parameters
    ----------
    table : DataFrame
        Columns label, estimate, lower, upper; optionally group (a heading above its lines).
    title, x_label : str
        What it is, and its unit.
    reference : float
        Where the line of no difference stands.
    log : bool
        Logarithmic axis, for ratios.

    Returns
    -------
    matplotlib Figure
        Lines without a finite estimate are named in the figure as not estimated.
    """
    lines = _forest_lines(table)
    with look():
        figure, axes = _figure(height=0.8 + 0.3 * len(lines))
        for y, (_, row) in enumerate(lines.iterrows()):
            _forest_line(axes, y, row, reference)
        axes.axvline(reference, color="#666666", linewidth=0.8)
        axes.set_yticks(range(len(lines)), lines["label"])
        for tick, heading in zip(axes.get_yticklabels(), lines["heading"], strict=True):
            tick.set_fontweight("bold" if heading else "normal")
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        if log:
            axes.set_xscale("log")
            _plain_log_ticks(axes)
        axes.set_xlabel(x_label)
        axes.set_title(title)
    return figure


def step_curves(
    table: pd.DataFrame,
    *,
    value: str,
    lower: str | None = "lower",
    upper: str | None = "upper",
    group: str = "group",
    time: str = "time",
    origin: float = 1.0,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str = "",
    at_risk: pd.DataFrame | None = None,
) -> Figure:
    """Step curves with bands, and the numbers at risk aligned under the axis.

    Parameters
    ----------
    table : DataFrame
        One row for each group and time.
    value, lower, upper, group, time : str
        Its columns; lower and upper may be None (no band).
    origin : float
        The curves' value before the first time: 1 for survival, 0 for incidence.
    title, x_label, y_label : str
        What it is, and the units.
    at_risk : DataFrame, optional
        Columns group, time, at_risk (named as above); without it no numbers are drawn.

    Returns
    -------
    matplotlib Figure
        One axes of curves, one of numbers if asked for.
    """
    groups = list(dict.fromkeys(table[group]))
    with look():
        figure, axes, below = _with_numbers(len(groups) if at_risk is not None else 0)
        for k, name in enumerate(groups):
            rows = table[table[group] == name]
            _step(axes, rows, k, str(name), value, lower, upper, time, origin)
        axes.set_ylabel(y_label)
        axes.set_title(title)
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=min(0.0, float(table[time].min())))
        if len(groups) > 1:
            axes.legend(loc="best")
        _numbers_at_risk(axes, below, at_risk, groups, group, time)
        axes.set_xlabel(x_label)
    return figure


def stacked_incidence(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str = "Share of firms",
    at_risk: pd.DataFrame | None = None,
) -> Figure:
    """Cumulative incidences stacked: at each time what has become of all.

    Parameters
    ----------
    table : DataFrame
        Columns group, outcome, time, incidence; one panel for each group.
    title, x_label, y_label : str
        What it is, and the units.
    at_risk : DataFrame, optional
        Columns group, time, at_risk: numbers under each panel.

    Returns
    -------
    matplotlib Figure
        One panel for each group.
    """
    groups = list(dict.fromkeys(table["group"]))
    outcomes = list(dict.fromkeys(table["outcome"]))
    with look():
        numbers = at_risk is not None
        figure, grid = _subplots(
            1 + numbers,
            len(groups),
            figsize=(3.2 + 3.4 * len(groups), 4.2),
            height_ratios=(12, 1)[: 1 + numbers],
        )
        for k, name in enumerate(groups):
            axes = grid[0, k]
            _stack(axes, table[table["group"] == name], outcomes)
            axes.set_title(str(name) if len(groups) > 1 else title)
            axes.set_xlabel(x_label)
            below = grid[1, k] if numbers else None
            _numbers_at_risk(axes, below, at_risk, [name], "group", "time")
            if k == 0:
                axes.set_ylabel(y_label)
        if len(groups) > 1:
            figure.suptitle(title, x=0.01, ha="left", fontsize=11)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside right center")
    return figure


def scatter_smooth(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Age in years",
    y_label: str = "Coefficient at that age",
) -> Figure:
    """Points with their smooth, one panel each: scaled Schoenfeld residuals over time.

    Parameters
    ----------
    table : DataFrame
        Columns panel, time, value, and optionally smooth, lower, upper at the same times.
    title, x_label, y_label : str
        What it is, and the units.

    Returns
    -------
    matplotlib Figure
        A panel for each value of the column panel.
    """
    panels = list(dict.fromkeys(table["panel"]))
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    with look():
        figure, grid = _subplots(rows, columns, figsize=(3.4 * columns, 2.8 * rows))
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for axes, name in zip(grid.flat, panels, strict=False):
            points = table[table["panel"] == name].sort_values("time")
            axes.plot(points["time"], points["value"], "o", color="#888888", markersize=3)
            if "smooth" in points:
                axes.plot(points["time"], points["smooth"], color=COLOURS[0])
            if "lower" in points:
                for limit in ("lower", "upper"):
                    axes.plot(points["time"], points[limit], "--", color=COLOURS[0], linewidth=0.9)
            axes.axhline(0, color="#666666", linewidth=0.8)
            axes.set_title(str(name), fontsize=9)
            axes.set_xlabel(x_label)
        for axes in grid[:, 0]:
            axes.set_ylabel(y_label)
        figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    return figure


def specification_curve(
    table: pd.DataFrame,
    *,
    choices: Sequence[str],
    estimate: str = "hazard_ratio",
    lower: str = "lower",
    upper: str = "upper",
    reference: float = 1.0,
    title: str = "",
    y_label: str = "Hazard ratio, 95% interval",
) -> Figure:
    """Estimates in order above, the choices that made each below (Simonsohn et al. 2020).

    Parameters
    ----------
    table : DataFrame
        One row for each specification.
    choices : sequence of str
        Columns with the choices: outcome, exposure, controls, design.
    estimate, lower, upper : str
        Columns with the estimate and its interval.
    reference : float
        Where the line of no difference stands.
    title, y_label : str
        What it is, and its unit.

    Returns
    -------
    matplotlib Figure
        Two panels with the same order from left to right.
    """
    shown = table[np.isfinite(table[estimate])].sort_values(estimate, ignore_index=True)
    marks = [(column, value) for column in choices for value in dict.fromkeys(table[column])]
    with look():
        figure, grid = _subplots(
            2,
            1,
            sharex=True,
            figsize=(8.0, 3.2 + 0.2 * len(marks)),
            height_ratios=(3.0, max(1.0, 0.2 * len(marks))),
        )
        top, bottom = grid[:, 0]
        apart = (shown[lower] > reference) | (shown[upper] < reference)
        for kept, colour in ((~apart, "#999999"), (apart, COLOURS[0])):
            part = shown[kept]
            top.vlines(part.index, part[lower], part[upper], color=colour, alpha=0.45, linewidth=1)
            top.plot(part.index, part[estimate], "o", color=colour, markersize=2.2)
        top.axhline(reference, color="#666666", linewidth=0.8)
        top.set_yscale("log")
        _plain_log_ticks(top, axis="y")
        top.set_ylabel(y_label)
        top.set_title(title)
        for y, (column, value) in enumerate(marks):
            at = shown.index[shown[column] == value]
            bottom.plot(at, np.full(len(at), y), "|", color="#222222", markersize=5)
        bottom.set_yticks(range(len(marks)), [f"{column}: {value}" for column, value in marks])
        bottom.set_ylim(len(marks) - 0.4, -0.6)
        bottom.grid(visible=False)
        bottom.set_xticks([])
        bottom.set_xlabel(f"{len(shown)} specifications, in order of their estimate")
    return figure


def bars(
    table: pd.DataFrame,
    *,
    category: str,
    value: str,
    group: str | None = None,
    title: str = "",
    x_label: str = "Number of firms",
) -> Figure:
    """Horizontal bars with their numbers, stacked by group where one is given.

    Parameters
    ----------
    table : DataFrame
        One row for each category (and group).
    category, value : str
        Columns with the names and the lengths of the bars.
    group : str, optional
        Column that splits each bar.
    title, x_label : str
        What it is, and its unit.

    Returns
    -------
    matplotlib Figure
        Categories in the table's order, from above.
    """
    parts = [None] if group is None else list(dict.fromkeys(table[group]))
    names = list(dict.fromkeys(table[category]))
    with look():
        figure, axes = _figure(height=1.0 + 0.28 * len(names))
        left = np.zeros(len(names))
        for k, part in enumerate(parts):
            rows = table if part is None else table[table[group] == part]
            length = rows.groupby(category)[value].sum().reindex(names, fill_value=0).to_numpy()
            axes.barh(
                names,
                length,
                left=left,
                label=str(part),
                color=COLOURS[k % 7],
                hatch=HATCHES[k % 7],
                edgecolor="white",
                linewidth=0.5,
            )
            left = left + length
        for y, total in enumerate(left):
            axes.text(total, y, f" {total:g}", va="center")
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(x_label)
        axes.set_title(title)
        if group is not None:
            axes.legend(loc="best")
    return figure


def _subplots(rows: int, columns: int, **options: Any) -> tuple[Figure, Any]:
    """Call pyplot, so that a notebook shows the figure; imported here, as it is heavy."""
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, squeeze=False, layout="constrained", **options)


def _figure(height: float, width: float = 7.0) -> tuple[Figure, Axes]:
    figure, grid = _subplots(1, 1, figsize=(width, height))
    return figure, grid[0, 0]


def _forest_lines(table: pd.DataFrame) -> pd.DataFrame:
    lines = table.assign(heading=False)
    if "group" not in table:
        return lines
    parts = []
    for name, rows in lines.groupby("group", sort=False):
        parts += [pd.DataFrame({"label": [name], "heading": [True]}), rows]
    return pd.concat(parts, ignore_index=True)


def _forest_line(axes: Axes, y: int, row: pd.Series, reference: float) -> None:
    if row["heading"]:
        return
    if not np.isfinite(row["estimate"]):
        axes.text(reference, y, " not estimated", va="center", color="#666666", style="italic")
        return
    axes.plot([row["lower"], row["upper"]], [y, y], color=COLOURS[0], linewidth=1.6)
    axes.plot(row["estimate"], y, "s", color=COLOURS[0], markersize=5)


def _plain_log_ticks(axes: Axes, axis: str = "x") -> None:
    """Write 0.5, 1, 2 on a logarithmic axis, not powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    scale = axes.xaxis if axis == "x" else axes.yaxis
    low, high = axes.get_xlim() if axis == "x" else axes.get_ylim()
    steps = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    scale.set_major_locator(LogLocator(base=10, subs=steps))
    scale.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    scale.set_minor_formatter(NullFormatter())


def _with_numbers(lines: int) -> tuple[Figure, Axes, Axes | None]:
    if not lines:
        figure, axes = _figure(height=4.0)
        return figure, axes, None
    figure, grid = _subplots(
        2,
        1,
        figsize=(7.0, 4.0 + 0.25 * lines),
        height_ratios=(4.0, 0.18 * (lines + 1)),
    )
    return figure, grid[0, 0], grid[1, 0]


def _step(
    axes: Axes,
    rows: pd.DataFrame,
    k: int,
    label: str,
    value: str,
    lower: str | None,
    upper: str | None,
    time: str,
    origin: float,
) -> None:
    times = np.r_[min(0.0, float(rows[time].min())), rows[time]]
    colour, line = COLOURS[k % 7], LINES[k % 7]
    values = np.r_[origin, rows[value]]
    axes.step(times, values, where="post", label=label, color=colour, linestyle=line)
    if lower is not None and upper is not None:
        band = np.r_[origin, rows[lower]], np.r_[origin, rows[upper]]
        axes.fill_between(times, *band, step="post", color=colour, alpha=0.15, linewidth=0)


def _stack(axes: Axes, rows: pd.DataFrame, outcomes: list[str]) -> None:
    wide = rows.pivot_table(index="time", columns="outcome", values="incidence", aggfunc="last")
    wide = wide.reindex(columns=outcomes).ffill().fillna(0.0)
    times = np.r_[0.0, wide.index]
    floor = np.zeros(len(times))
    for k, name in enumerate(outcomes):
        top = floor + np.r_[0.0, wide[name]]
        axes.fill_between(
            times,
            floor,
            top,
            step="post",
            color=COLOURS[k % 7],
            alpha=0.75,
            label=str(name),
            hatch=HATCHES[k % 7],
            edgecolor="white",
            linewidth=0.3,
        )
        floor = top
    axes.set_ylim(0, 1)
    axes.set_xlim(0, times[-1])


def _numbers_at_risk(
    axes: Axes,
    below: Axes | None,
    at_risk: pd.DataFrame | None,
    groups: Sequence[object],
    group: str,
    time: str,
) -> None:
    """Write under each tick how many are at risk at the next time of their group."""
    if below is None or at_risk is None:
        return
    low, high = axes.get_xlim()
    ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
    for y, name in enumerate(groups):
        rows = at_risk[at_risk[group] == name].sort_values(time)
        rows = rows.drop_duplicates(time)
        position = rows[time].searchsorted(ticks)
        numbers = np.r_[rows["at_risk"].to_numpy(dtype=float), 0.0][position]
        for tick, number in zip(ticks, numbers, strict=True):
            below.text(tick, y, f"{number:,.0f}", ha="center", va="center", fontsize=8)
    names = [str(name) if len(groups) > 1 else "" for name in groups]
    below.set_yticks(range(len(groups)), names, fontsize=8)
    below.set_ylim(len(groups) - 0.5, -0.6)
    below.set_title("Number at risk", fontsize=8, pad=2)
    below.grid(visible=False)
    below.tick_params(length=0, pad=16)
    for side in ("left", "bottom"):
        below.spines[side].set_visible(False)
    below.set_xticks([])
    below.set_xlim(low, high)
