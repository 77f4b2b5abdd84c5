"""How results that are curves show themselves: a figure, and the summary in any form."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from belbiotech.survival.inference.latex import latex_table
from belbiotech.survival.inference.markdown import markdown_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Curves"]


class Curves:
    """A result whose table holds curves: one row for each group and time.

    Attributes
    ----------
    table : DataFrame
        With columns group, time, the curves' value, lower, upper.
    """

    table: pd.DataFrame

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

    def _figure_title(self) -> str:
        """Say what is drawn."""
        raise NotImplementedError

    def _at_risk(self) -> pd.DataFrame:
        """Give the numbers under the axis: columns group, time, at_risk."""
        return self.table

    def _notes(self) -> list[str]:
        """Say what needs to be known to read the summary."""
        return []

    def plot(
        self,
        *,
        at_risk_table: bool = True,
        title: str = "",
        x_label: str = "Age in years",
        y_label: str | None = None,
    ) -> Figure:
        """Draw the curves, with their bands up to four groups.

        Parameters
        ----------
        at_risk_table : bool
            Numbers at risk (with weights, their sum) under the axis.
        title, x_label, y_label : str
            What it is, and the units.

        Returns
        -------
        matplotlib Figure
            One curve for each group.
        """
        return self._drawn(self.table, at_risk_table, title, x_label, y_label)

    def _drawn(
        self,
        table: pd.DataFrame,
        at_risk_table: bool,
        title: str,
        x_label: str,
        y_label: str | None,
    ) -> Figure:
        from belbiotech.plots import step_curves

        return step_curves(
            table,
            value=self._value,
            origin=self._origin,
            title=title,
            x_label=x_label,
            y_label=self._y_label if y_label is None else y_label,
            at_risk=self._at_risk() if at_risk_table else None,
        )

    def to_markdown(self) -> str:
        """Write the summary as a Markdown table."""
        return markdown_table(self.summary)

    def to_latex(self) -> str:
        """Write the summary as a LaTeX table (booktabs)."""
        return latex_table(self.summary, self._title())

    def __repr__(self) -> str:
        return "\n".join([self._title(), self.summary.to_string(index=False), *self._notes()])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{escape(note)}</p>" for note in self._notes())
        return f"<p>{escape(self._title())}</p>{self.summary.to_html(index=False)}{notes}"
