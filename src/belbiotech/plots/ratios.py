"""Estimates with intervals: forest plots and specification curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.plots.look import (
    figure_of_one,
    look,
    plain_log_ticks,
    subplots,
    wrapped,
    wrapped_title,
)
from belbiotech.plots.palette import Palette, one_colour, shown_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


__all__ = ["forest", "specification_curve"]

LABEL_WIDTH, LINE = 40, 0.17  # letters of a line beside an estimate, and its height in inches
MANY, PITCH = 24, 0.3  # lines that stand loosely, and the inches of each
CLOSE_WIDTH, CLOSE = 62, 0.2  # the same of more lines: names are not broken, so that none overlap
WIDEST = 100.0  # how far from the line of no difference ratios are drawn, as a factor


def forest(
    table: pd.DataFrame,
    *,
    title: str = "",
    x_label: str = "Hazard ratio, 95% interval",
    reference: float = 1.0,
    log: bool = True,
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
    palette: Palette = None,
) -> Figure:
    """Estimates with their intervals, one line each.

    Parameters
    ----------
    table : DataFrame
        Columns label, estimate, lower, upper; optionally group (a heading above its lines) and
        is_reference (an open mark without an interval, for the level that others are compared
        with).
    title, x_label : str
        What it is, and its unit.
    reference : float
        Where the line of no difference stands.
    log : bool
        Logarithmic axis, for ratios. It ends at a hundredth and a hundredfold of the reference:
        an arrow says that an interval goes on, a number what an estimate beyond is.
    labels : mapping of label to str, optional
        What is written for a line, or for a group.
    ax : matplotlib Axes, optional
        Where to draw; by default a figure is made.
    palette : str or list of str, optional
        The first colour is that of all estimates.

    Returns
    -------
    matplotlib Figure
        Lines without a finite estimate are named in the figure as not estimated.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    lines = _forest_lines(table)
    limits = (reference / WIDEST, reference * WIDEST) if log else (-np.inf, np.inf)
    shown, colour = shown_names(list(lines["label"]), labels), one_colour(palette)
    with look():
        few = len(lines) <= MANY
        width = LABEL_WIDTH if few else CLOSE_WIDTH
        names = [wrapped(shown[label], width) for label in lines["label"]]
        more = sum(name.count("\n") for name in names)
        pitch = PITCH if few else CLOSE
        figure, axes = figure_of_one(height=0.8 + pitch * len(lines) + LINE * more, ax=ax)
        for y, (_, row) in enumerate(lines.iterrows()):
            _forest_line(axes, y, row, limits, colour)
        axes.axvline(reference, color="#666666", linewidth=0.8)
        axes.set_yticks(range(len(lines)), names)
        for tick, heading in zip(axes.get_yticklabels(), lines["heading"], strict=True):
            tick.set_fontweight("bold" if heading else "normal")
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
        if log:
            axes.set_xscale("log")
            plain_log_ticks(axes)
        axes.set_xlabel(x_label)
        wrapped_title(figure, axes, title, grows=ax is None)
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
    sound: str | None = None,
    labels: Mapping[str, str] | None = None,
    ax: Sequence[Axes] | None = None,
    palette: Palette = None,
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
    sound : str, optional
        Column that tells which specifications have a sound design; the others are drawn apart,
        at the right.
    labels : mapping of choice or column to str, optional
        What is written for them.
    ax : two matplotlib Axes, optional
        Where to draw estimates and choices; by default a figure is made.
    palette : str or list of str, optional
        The first colour is that of estimates whose interval does not hold the reference.

    Returns
    -------
    matplotlib Figure
        Two panels with the same order from left to right.

    Raises
    ------
    BelbiotechError
        Axes, colours or labels that are none.
    """
    shown = _in_order(table[np.isfinite(table[estimate])], estimate, sound)
    marks = [(column, value) for column in choices for value in dict.fromkeys(table[column])]
    words = shown_names([name for mark in marks for name in mark], labels)
    with look():
        figure, grid = subplots(
            2,
            1,
            sharex=True,
            figsize=(8.0, 3.2 + 0.2 * len(marks)),
            height_ratios=(3.0, max(1.0, 0.2 * len(marks))),
            ax=None if ax is None else list(ax),
        )
        top, bottom = grid[:, 0]
        apart = (shown[lower] > reference) | (shown[upper] < reference)
        for kept, colour in ((~apart, "#999999"), (apart, one_colour(palette))):
            part = shown[kept]
            top.vlines(part.index, part[lower], part[upper], color=colour, alpha=0.45, linewidth=1)
            top.plot(part.index, part[estimate], "o", color=colour, markersize=2.2)
        top.axhline(reference, color="#666666", linewidth=0.8)
        top.set_yscale("log")
        plain_log_ticks(top, axis="y")
        top.set_ylabel(y_label)
        if sound is not None:
            _part_sound(top, bottom, shown[sound].astype(bool))
        for y, (column, value) in enumerate(marks):
            at = shown.index[shown[column] == value]
            bottom.plot(at, np.full(len(at), y), "|", color="#222222", markersize=5)
        bottom.set_yticks(
            range(len(marks)),
            [wrapped(f"{words[column]}: {words[value]}", LABEL_WIDTH) for column, value in marks],
        )
        bottom.set_ylim(len(marks) - 0.4, -0.6)
        bottom.grid(visible=False)
        bottom.set_xticks([])
        bottom.set_xlabel(f"{len(shown)} specifications, in order of their estimate")
        wrapped_title(figure, top, title, grows=ax is None)
    return figure


def _in_order(table: pd.DataFrame, estimate: str, sound: str | None) -> pd.DataFrame:
    """Put specifications on their places: by estimate, unsound ones last and after a gap."""
    if sound is None:
        return table.sort_values(estimate, ignore_index=True)
    unsound = ~table[sound].astype(bool)
    shown = table.assign(_last=unsound).sort_values(["_last", estimate], ignore_index=True)
    gap = max(2, round(0.03 * len(shown))) if unsound.any() and not unsound.all() else 0
    return shown.set_index(shown.index + gap * shown["_last"]).drop(columns="_last")


def _part_sound(top: Axes, bottom: Axes, sound: pd.Series) -> None:
    """Name the two parts, and grey the unsound one; nothing where all are of one kind."""
    if sound.all() or not sound.any():
        return
    edge = (sound.index[sound].max() + sound.index[~sound].min()) / 2
    for axes in (top, bottom):
        axes.axvspan(edge, sound.index.max() + 1, color="#f0f0f0", zorder=0)
    for part, words in ((sound, "Sound designs"), (~sound, "Unsound designs")):
        at = sound.index[part]
        text = f"{words} ({len(at)})"
        top.annotate(
            text,
            ((at.min() + at.max()) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8,
        )


def _forest_lines(table: pd.DataFrame) -> pd.DataFrame:
    lines = table.assign(heading=False, is_reference=table.get("is_reference", False))
    if "group" not in table:
        return lines
    parts = []
    for name, rows in lines.groupby("group", sort=False):
        parts += [pd.DataFrame({"label": [name], "heading": [True]}), rows]
    return pd.concat(parts, ignore_index=True)


def _forest_line(
    axes: Axes, y: int, row: pd.Series, limits: tuple[float, float], colour: str
) -> None:
    if row["heading"]:
        return
    if row["is_reference"]:
        axes.plot(row["estimate"], y, "s", color=colour, mfc="white", markersize=5, zorder=3)
    elif not np.isfinite(row["estimate"]):
        across = axes.get_yaxis_transform()  # x as a share of the width
        style_of: dict[str, Any] = {"va": "center", "color": "#666666", "style": "italic"}
        axes.text(0.02, y, "not estimated", transform=across, **style_of)
    else:
        axes.plot(np.clip([row["lower"], row["upper"]], *limits), [y, y], color=colour, lw=1.6)
        _beyond(axes, y, row, limits, colour)
        if limits[0] <= row["estimate"] <= limits[1]:
            axes.plot(row["estimate"], y, "s", color=colour, markersize=5)


def _beyond(axes: Axes, y: int, row: pd.Series, limits: tuple[float, float], colour: str) -> None:
    """Mark that a line goes on past the limits, and write an estimate that lies there."""
    low, high = limits
    if row["lower"] < low:
        axes.plot(low, y, "<", color=colour, markersize=6)
    if row["upper"] > high:
        axes.plot(high, y, ">", color=colour, markersize=6)
    if not low <= row["estimate"] <= high:
        edge, side, step = (low, "left", 7) if row["estimate"] < low else (high, "right", -7)
        number = f"{row['estimate']:.2g}"
        near: dict[str, Any] = {"textcoords": "offset points", "ha": side, "va": "bottom"}
        axes.annotate(number, (edge, y), (step, 1.5), fontsize=8, **near)
