"""The result of a chi-square test."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import pandas as pd

from belbiotech.errors import on_screen, without_commands
from belbiotech.survival.inference.latex import latex_escaped, latex_table
from belbiotech.survival.inference.markdown import markdown_escaped, markdown_table

__all__ = ["TestResult"]


@dataclass(frozen=True, repr=False)
class TestResult:
    """A chi-square test.

    Attributes
    ----------
    statistic : float
        Chi-square.
    df : int
        Its degrees of freedom.
    p_value : float
        Probability of a larger one under the hypothesis; NaN without degrees of freedom.
    title : str
        What was tested.
    table : DataFrame, optional
        What went into it, where there is more to see: by group, observed and expected events.
    """

    __test__ = False  # not for pytest to collect

    statistic: float
    df: int
    p_value: float
    title: str = "Test"
    table: pd.DataFrame | None = None

    @classmethod
    def chi2(cls, statistic: float, df: int, title: str = "Test") -> TestResult:
        """Give a statistic its p-value."""
        from scipy.special import gammaincc  # scipy.stats.chi2.sf, without loading scipy.stats

        p_value = float(gammaincc(df / 2, statistic / 2)) if df else float("nan")
        return cls(float(statistic), df, p_value, title)

    def to_markdown(self) -> str:
        """Write the result, and its table if it has one, as Markdown."""
        below = "" if self.table is None else f"\n\n{markdown_table(self.table)}"
        return markdown_escaped(self._line()) + below

    def to_latex(self) -> str:
        """Write the result as LaTeX: its table with the result for a caption, or a line."""
        line = self._line()
        return latex_escaped(line) if self.table is None else latex_table(self.table, line)

    def __repr__(self) -> str:
        below = "" if self.table is None else f"\n{self.table.to_string(index=False)}"
        return on_screen(self._line() + below)

    def _repr_html_(self) -> str:
        below = "" if self.table is None else self.table.to_html(index=False)
        return without_commands(f"<p>{escape(self._line())}</p>{below}")

    def _line(self) -> str:
        p = "p < 0.0001" if self.p_value < 1e-4 else f"p = {self.p_value:.4f}"
        return f"{self.title}: chi-square {self.statistic:.4g} on {self.df} df, {p}"
