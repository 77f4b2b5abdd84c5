"""A fitted model for a person to read: a title, a table of coefficients, notes below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, on_screen, without_commands
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.inference.model_column import ModelColumn
from belbiotech.survival.inference.regression import RegressionTable, regression_table
from belbiotech.survival.inference.words import Labels, words_with

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = [
    "Coefficients",
    "Ratios",
    "Report",
    "Reported",
    "coefficient_table",
    "errors_of",
    "ratio_plot",
]


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
        return without_commands(f"<p><b>{escape(self.title)}</b></p>{table}<p>{notes}</p>")


class Reported:
    """A result that shows itself by its report, in a terminal and in a notebook."""

    def _report(self) -> Report:
        raise NotImplementedError

    def __repr__(self) -> str:
        return on_screen(self._report().text())

    def _repr_html_(self) -> str:
        return self._report().html()


class Coefficients(Reported):
    """A fit that also prints its coefficients as a paper has them, and draws their ratios."""

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: a column, or one for each fate."""
        raise NotImplementedError

    def printed(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        conf_level: float = 0.95,
        exponentiate: bool = True,
        title: str | None = None,
        **options: Any,
    ) -> RegressionTable:
        """Give the table as a paper prints it, with what should be known of the fit below.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for columns and levels; by default what the codebook has for them.
        conf_level : float
            Of the intervals.
        exponentiate : bool
            Ratios; coefficients if not.
        title : str, optional
            Above the table; by default what model it is.
        **options
            ``names``, ``below``, ``digits``, ``stars`` of `regression_table`.

        Returns
        -------
        RegressionTable
            In any form: ``to_markdown()``, ``to_html()``, ``to_latex()``, ``to_word(path)``.
        """
        options |= {"conf_level": conf_level, "exponentiate": exponentiate}
        table = regression_table(self, labels, **options)
        report, words = self._report(), words_with(labels)
        told = (note for note in table.notes if not note.startswith("Errors "))
        below = (words.in_words(note) for note in report.notes)
        head = report.title.partition(" ~ ")[0] if title is None else title
        return replace(table, title=words.in_words(head), notes=(*told, *below))

    def to_markdown(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        conf_level: float = 0.95,
        exponentiate: bool = True,
        **options: Any,
    ) -> str:
        """Write the table of coefficients as Markdown; arguments are those of `printed`."""
        options |= {"conf_level": conf_level, "exponentiate": exponentiate}
        return self.printed(labels=labels, **options).to_markdown()

    def to_html(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        conf_level: float = 0.95,
        exponentiate: bool = True,
        **options: Any,
    ) -> str:
        """Write the table of coefficients as HTML; arguments are those of `printed`."""
        options |= {"conf_level": conf_level, "exponentiate": exponentiate}
        return self.printed(labels=labels, **options).to_html()

    def to_latex(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        conf_level: float = 0.95,
        exponentiate: bool = True,
        **options: Any,
    ) -> str:
        """Write the table of coefficients as LaTeX (booktabs); arguments are those of `printed`."""
        options |= {"conf_level": conf_level, "exponentiate": exponentiate}
        return self.printed(labels=labels, **options).to_latex()

    def to_word(
        self,
        path: Path | str,
        *,
        labels: Mapping[str, str] | None = None,
        conf_level: float = 0.95,
        exponentiate: bool = True,
        **options: Any,
    ) -> Path:
        """Write the table of coefficients as a Word document; arguments are those of `printed`."""
        options |= {"conf_level": conf_level, "exponentiate": exponentiate}
        return self.printed(labels=labels, **options).to_word(path)

    def plot_ratios(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        conf_level: float = 0.95,
        x_label: str | None = None,
    ) -> Figure:
        """Draw the ratios with their intervals, each factor's reference level at 1.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for columns, levels and outcomes; by default what the codebook has.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            By default the model and the sizes of its data.
        palette : str or list of str, optional
            The first colour is that of the estimates.
        conf_level : float
            Of the intervals.
        x_label : str, optional
            By default what the ratio is.

        Returns
        -------
        matplotlib Figure
            A line for each coefficient.

        Raises
        ------
        FitError
            A model without covariates.
        """
        columns = self.as_columns(conf_level=conf_level)
        if not any(len(column.estimates) for column in columns):
            msg = f"there is nothing to draw: {self._report().title!r} has no covariates"
            raise FitError(msg)
        if title is None:
            title = f"{self._report().title.partition(' ~ ')[0]}: {_size(columns)}"
        options: dict[str, Any] = {"ax": ax, "title": title, "palette": palette}
        words, known = words_with(labels), [column.references for column in columns]
        names = [words.own.get(column.name, column.name) for column in columns]
        return ratio_plot(
            _ratios(columns, names, conf_level),
            columns[0].ratio,
            references=known[0] if len(known) == 1 else dict(zip(names, known, strict=True)),
            labels=labels,
            conf_level=conf_level,
            **(options if x_label is None else {**options, "x_label": x_label}),
        )


class Ratios(Coefficients):
    """A fit with a table of its coefficients, whose figure is that of its ratios."""

    @property
    def summary(self) -> pd.DataFrame:
        """Coefficients, their exponentials, errors and 95% intervals."""
        return self.summary_at()

    def summary_at(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Give coefficients, their exponentials, errors and intervals of some level."""
        raise NotImplementedError

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
        conf_level: float = 0.95,
        x_label: str | None = None,
    ) -> Figure:
        """Draw the ratios with their intervals: the same as `plot_ratios`."""
        options: dict[str, Any] = {"labels": labels, "ax": ax, "title": title}
        options |= {"palette": palette, "conf_level": conf_level, "x_label": x_label}
        return self.plot_ratios(**options)


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
    with np.errstate(over="ignore"):  # infinite where a coefficient is above 709
        ratios = np.exp(params), np.exp(params - wide), np.exp(params + wide)
    return pd.DataFrame(
        {
            "coef": params,
            ratio: ratios[0],
            "se(coef)": errors,
            "naive se(coef)": naive,
            f"coef lower {level}": params - wide,
            f"coef upper {level}": params + wide,
            f"{ratio} lower {level}": ratios[1],
            f"{ratio} upper {level}": ratios[2],
            "z": z,
            "p": 2 * ndtr(-z.abs()),
        }
    )


def errors_of(variance: pd.DataFrame) -> pd.Series:
    """Take the square roots of a variance's diagonal."""
    return pd.Series(np.sqrt(np.diag(variance.to_numpy())), variance.index, name="se(coef)")


def ratio_plot(
    table: pd.DataFrame,
    ratio: str,
    *,
    references: Mapping[str, Any],
    labels: Mapping[str, str] | None = None,
    conf_level: float = 0.95,
    **options: Any,
) -> Figure:
    """Draw the ratios of a `coefficient_table` with their intervals.

    Parameters
    ----------
    table : DataFrame
        The summary.
    ratio : str
        What ``exp(coef)`` is.
    references : mapping of str to str
        The reference level of each factor, by the factor's text: it has a line of its own, at 1,
        above the factor's others. Such a mapping by outcome, where outcomes have their own.
    labels : mapping of str to str, optional
        What is written for columns and levels; by default what the codebook has for them.
    conf_level : float
        Of the table's intervals.
    **options
        For `belbiotech.plots.forest`.

    Returns
    -------
    matplotlib Figure
        One line for each coefficient, a level of a factor named as in ``Region: Wallonia``.
    """
    from belbiotech import plots

    level = f"{conf_level * 100:g}%"
    options.setdefault("x_label", f"{ratio.capitalize()}, {level} interval")
    lines = _ratio_lines(table, ratio, references, words_with(labels), level)
    return plots.forest(lines, **options)


def _ratios(
    columns: Sequence[ModelColumn], names: Sequence[str], conf_level: float
) -> pd.DataFrame:
    """Put the ratios of all columns below each other, with the outcome where there are several."""
    ratio, level = columns[0].ratio, f"{conf_level * 100:g}%"
    which = {ratio: "coef", f"{ratio} lower {level}": "lower", f"{ratio} upper {level}": "upper"}
    parts = {}
    for title, column in zip(names, columns, strict=True):
        with np.errstate(over="ignore"):
            ratios = {name: np.exp(column.estimates[of]) for name, of in which.items()}
        parts[title] = pd.DataFrame(ratios)
    return pd.concat(parts) if len(parts) > 1 else next(iter(parts.values()))


def _size(columns: Sequence[ModelColumn]) -> str:
    """Say N of rows and events of a model's columns."""
    events = sum(column.events or 0 for column in columns)
    rows = columns[0].rows
    told = "" if rows is None else f"N = {rows:,d} {'row' if rows == 1 else 'rows'}, "
    return f"{told}{events:,d} {'event' if events == 1 else 'events'}"


def _ratio_lines(
    table: pd.DataFrame, ratio: str, references: Mapping[str, Any], words: Labels, level: str
) -> pd.DataFrame:
    """Give each ratio its line, and each factor's first line its reference level before it."""
    names = [name if isinstance(name, tuple) else (name,) for name in table.index]
    lines = pd.DataFrame(
        {
            "label": [_label(name, words) for name in names],
            "estimate": table[ratio].to_numpy(),
            "lower": table[f"{ratio} lower {level}"].to_numpy(),
            "upper": table[f"{ratio} upper {level}"].to_numpy(),
            "is_reference": False,
        }
    )
    first: dict[tuple[str, ...], float] = {}
    for place, (*outcome, covariate) in enumerate(names):
        factor = covariate.partition("[T.")[0]
        known = references.get(outcome[0], references) if outcome else references
        if factor in known:
            own = f"{factor}[T.{known[factor]}]"
            first.setdefault((*outcome, own), place - 0.5)
    at_one = pd.DataFrame(
        {
            "label": [f"{_label(name, words)} (reference)" for name in first],
            "estimate": 1.0,
            "lower": np.nan,
            "upper": np.nan,
            "is_reference": True,
        },
        index=list(first.values()),
    )
    return pd.concat([lines, at_one]).sort_index() if first else lines


def _label(name: Sequence[object], words: Labels) -> str:
    *outcome, covariate = map(str, name)
    return ": ".join([*outcome, words.coefficient(covariate, " × ")])
