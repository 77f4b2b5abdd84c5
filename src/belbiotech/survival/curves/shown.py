"""How results that are curves show themselves: a figure, and the summary in any form."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from belbiotech.errors import on_screen, without_commands
from belbiotech.survival.curves.risk_tables import RiskTable, at_risk_steps
from belbiotech.survival.inference.latex import latex_table
from belbiotech.survival.inference.markdown import markdown_table
from belbiotech.survival.inference.words import words_with

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["Curves"]


class Curves:
    """A result whose table holds curves: one row for each group and time.

    Attributes
    ----------
    table : DataFrame
        With columns group, time, the curves' value, lower, upper.
    by : tuple of str
        The columns that make the groups.
    risk_tables : tuple of RiskTable
        Who was at risk, by group.
    """

    table: pd.DataFrame
    by: tuple[str, ...]
    risk_tables: tuple[RiskTable, ...]

    _value: ClassVar[str]  # the table's column of the curves' height,
    _origin: ClassVar[float]  # what it is before the first time,
    _y_label: ClassVar[str]  # and what it is called

    @property
    def summary(self) -> pd.DataFrame:
        """A few numbers of each curve."""
        raise NotImplementedError

    def _title(self) -> str:
        """Say what the summary is of."""
        raise NotImplementedError

    @property
    def at_risk(self) -> pd.DataFrame:
        """Numbers at risk up to each time at which a row begins or ends: group, time, at_risk.

        Those under all figures: the sum of the weights of the rows with ``start < time <= stop``.
        """
        return pd.concat([at_risk_steps(table) for table in self.risk_tables], ignore_index=True)

    def _notes(self) -> list[str]:
        """Say what needs to be known to read the summary."""
        return []

    def plot(
        self,
        *,
        at_risk_table: bool = True,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Age in years",
        y_label: str | None = None,
    ) -> Figure:
        """Draw the curves, with their bands up to four groups; more than seven in panels.

        Under a tick t stand the rows with ``start < t <= stop``, at 0 those that begin there.

        Parameters
        ----------
        at_risk_table : bool
            Numbers at risk (with weights, their sum) under the axis.
        labels : mapping of str to str, optional
            What is written for a group, or for the column that makes the groups; by default what
            the codebook has.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping of group to colour, optional
            Colours of the curves, or the name of a colormap.
        x_label, y_label : str
            The units.

        Returns
        -------
        matplotlib Figure
            One curve for each group.

        Raises
        ------
        BelbiotechError
            More groups than a figure holds; axes or colours that are none.
        """
        groups = list(dict.fromkeys(self.table["group"]))
        names = words_with(labels).groups(self.by, groups)
        options: dict[str, Any] = {
            "labels": names,
            "ax": ax,
            "title": title or "",
            "palette": palette,
        }
        return self._drawn(self.table, at_risk_table, x_label, y_label, **options)

    def _drawn(
        self,
        table: pd.DataFrame,
        at_risk_table: bool,
        x_label: str,
        y_label: str | None,
        **options: Any,
    ) -> Figure:
        from belbiotech.plots import step_curves

        return step_curves(
            table,
            value=self._value,
            origin=self._origin,
            x_label=x_label,
            y_label=self._y_label if y_label is None else y_label,
            at_risk=self.at_risk if at_risk_table else None,
            **options,
        )

    def to_markdown(self) -> str:
        """Write the summary as a Markdown table."""
        return markdown_table(self.summary)

    def to_latex(self) -> str:
        """Write the summary as a LaTeX table (booktabs)."""
        return latex_table(self.summary, self._title())

    def __repr__(self) -> str:
        return on_screen(
            "\n".join([self._title(), self.summary.to_string(index=False), *self._notes()])
        )

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        return without_commands(
            f"<p>{escape(self._title())}</p>{self.summary.to_html(index=False)}{notes}"
        )
