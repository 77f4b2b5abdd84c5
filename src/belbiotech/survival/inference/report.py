"""A fitted model for a person to read: a title, a table of coefficients, notes below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.survival.inference.latex import latex_escaped
from belbiotech.survival.inference.levels import TIMES, level_in_words
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.inference.markdown import markdown_escaped, markdown_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Report", "Reported", "coefficient_table", "errors_of", "ratio_plot", "report_as_latex"]


NARROW = "\\setlength{\\tabcolsep}{4pt}\n\\footnotesize\n"  # for LaTeX


@dataclass(frozen=True)
class Report:
    """What is shown of a fit, in any form.

    Attributes
    ----------
    title : str
        The model.
    table : DataFrame
        Its coefficients, named by the index.
    notes : tuple of str
        Lines below the table.
    """

    title: str
    table: pd.DataFrame
    notes: tuple[str, ...]

    def text(self) -> str:
        """Write plain text."""
        shown = self.table.to_string(float_format=lambda value: f"{value:.4g}", na_rep="")
        body = shown if len(self.table) else "(no covariates)"
        return "\n".join([self.title, "", body, "", *self.notes])

    def html(self) -> str:
        """Write HTML, for notebooks."""
        table = self.table.to_html(float_format=lambda value: f"{value:.4g}", na_rep="")
        notes = "<br>".join(escape(note) for note in self.notes)
        return f"<p><b>{escape(self.title)}</b></p>{table}<p>{notes}</p>"

    def markdown(self) -> str:
        """Write a Markdown table with its notes."""
        table = markdown_table(self.table.reset_index())
        notes = [markdown_escaped(note) for note in self.notes]
        return "\n\n".join([f"**{markdown_escaped(self.title)}**", table, *notes])

    def latex(self) -> str:
        """Write a LaTeX table with booktabs rules."""
        return report_as_latex(self.table, self.title, self.notes)


class Reported:
    """A fit that shows itself by its report: in a terminal, a notebook, a paper."""

    def _report(self) -> Report:
        raise NotImplementedError

    def to_markdown(self) -> str:
        """Write the table of coefficients as Markdown, with N and events below."""
        return self._report().markdown()

    def to_latex(self) -> str:
        """Write the table of coefficients as LaTeX (booktabs)."""
        return self._report().latex()

    def __repr__(self) -> str:
        return self._report().text()

    def _repr_html_(self) -> str:
        return self._report().html()


def report_as_latex(table: pd.DataFrame, title: str, notes: Sequence[str]) -> str:
    """Write a table with booktabs rules, its title above and its notes in small print below.

    Parameters
    ----------
    table : DataFrame
        Numbers, named by index and columns.
    title : str
        The caption.
    notes : sequence of str
        A line each.

    Returns
    -------
    str
        LaTeX that needs the package booktabs (multirow for an index of two levels). Small type,
        limits as one interval and levels in words, so that six columns fit on a page.
    """
    cells = _with_intervals(table).rename(columns=latex_escaped)
    cells = cells.rename(index=lambda name: latex_escaped(_in_words(str(name))))
    cells.index = cells.index.set_names([None] * cells.index.nlevels)
    sides = "l" * cells.index.nlevels + "r" * len(cells.columns)
    text = cells.style.to_latex(hrules=True, caption=latex_escaped(title), column_format=sides)
    small = " \\\\\n".join(latex_escaped(note) for note in notes)
    below = f"\n\n\\medskip\n\\parbox{{\\linewidth}}{{{small}}}\n"
    head, end, tail = str(text).rpartition("\\end{tabular}")
    head = head.replace("\\begin{tabular}", f"{NARROW}\\begin{{tabular}}", 1)
    return head + end + below + tail.lstrip("\n")


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Write a table's numbers, each pair of limits as one interval."""
    cells = {}
    pairs = sum(" lower " in str(name) for name in table.columns)
    for name in table.columns:
        ratio, lower, level = str(name).partition(" lower ")
        if lower:
            uppers = table[f"{ratio} upper {level}"]
            whose = f"{ratio}, " if pairs > 1 else ""
            cells[f"{whose}{level} interval"] = [
                f"{low:.3g} to {high:.3g}" for low, high in zip(table[name], uppers, strict=True)
            ]
        elif " upper " not in str(name):
            cells[str(name)] = ["" if np.isnan(x) else f"{x:.4g}" for x in table[name]]
    return pd.DataFrame(cells, index=table.index)


def coefficient_table(
    params: pd.Series,
    errors: pd.Series,
    naive: pd.Series,
    ratio: str,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Coefficients, their exponentials, errors and intervals.

    Parameters
    ----------
    params, errors, naive : Series, (p,)
        Coefficients, the errors to use, and those from the information alone.
    ratio : str
        What ``exp(coef)`` is: "hazard ratio", "odds ratio".
    conf_level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Columns coef, RATIO, se(coef), naive se(coef), coef lower 95%, coef upper 95%,
        RATIO lower 95%, RATIO upper 95%, z, p.

    Raises
    ------
    FitError
        A ``conf_level`` outside 0 to 1.
    """
    from scipy.special import ndtr

    check_limit_options(conf_level)
    wide = normal_quantile(conf_level) * errors
    z = params / errors
    level = f"{conf_level * 100:g}%"
    return pd.DataFrame(
        {
            "coef": params,
            ratio: np.exp(params),
            "se(coef)": errors,
            "naive se(coef)": naive,
            f"coef lower {level}": params - wide,
            f"coef upper {level}": params + wide,
            f"{ratio} lower {level}": np.exp(params - wide),
            f"{ratio} upper {level}": np.exp(params + wide),
            "z": z,
            "p": 2 * ndtr(-z.abs()),
        }
    )


def errors_of(variance: pd.DataFrame) -> pd.Series:
    """Take the square roots of a variance's diagonal."""
    return pd.Series(np.sqrt(np.diag(variance.to_numpy())), variance.index, name="se(coef)")


def ratio_plot(
    table: pd.DataFrame, ratio: str, *, references: Mapping[str, str], **options: Any
) -> Figure:
    """Draw the ratios of a `coefficient_table` with their 95% intervals.

    Parameters
    ----------
    table : DataFrame
        The summary.
    ratio : str
        What ``exp(coef)`` is.
    references : mapping of str to str
        The reference level of each factor, by the factor's text: it has a line of its own, at 1,
        above the factor's others.
    **options
        For `belbiotech.plots.forest`.

    Returns
    -------
    matplotlib Figure
        One line for each coefficient, a level of a factor named as in ``region: BE-WAL``.
    """
    from belbiotech import plots

    options.setdefault("x_label", f"{ratio.capitalize()}, 95% interval")
    return plots.forest(_ratio_lines(table, ratio, references), **options)


def _ratio_lines(table: pd.DataFrame, ratio: str, references: Mapping[str, str]) -> pd.DataFrame:
    """Give each ratio its line, and each factor's first line its reference level before it."""
    names = [name if isinstance(name, tuple) else (name,) for name in table.index]
    lines = pd.DataFrame(
        {
            "label": [_label(name) for name in names],
            "estimate": table[ratio].to_numpy(),
            "lower": table[f"{ratio} lower 95%"].to_numpy(),
            "upper": table[f"{ratio} upper 95%"].to_numpy(),
            "is_reference": False,
        }
    )
    first: dict[tuple[str, ...], float] = {}
    for place, (*outcome, covariate) in enumerate(names):
        factor = covariate.partition("[T.")[0]
        if factor in references:
            level = f"{factor}[T.{references[factor]}]"
            first.setdefault((*outcome, level), place - 0.5)
    at_one = pd.DataFrame(
        {
            "label": [f"{_label(name)} (reference)" for name in first],
            "estimate": 1.0,
            "lower": np.nan,
            "upper": np.nan,
            "is_reference": True,
        },
        index=list(first.values()),
    )
    return pd.concat([lines, at_one]).sort_index() if first else lines


def _label(name: Sequence[object]) -> str:
    return ": ".join(_in_words(str(part)) for part in name)


def _in_words(name: str) -> str:
    """Write a coefficient's name for people: ``C(a)[T.b]:size`` is a: b × size."""
    parts = []
    for part in TIMES.split(name):
        words = level_in_words(part)
        parts.append(part if words is None else words.replace(" = ", ": ", 1))
    return " × ".join(parts)
