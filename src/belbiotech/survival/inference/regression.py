"""Fitted models side by side, as a paper prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names
from belbiotech.survival.inference.levels import column_of, factor_of
from belbiotech.survival.inference.limits import check_limit_options
from belbiotech.survival.inference.model_column import ModelColumn, model_columns
from belbiotech.survival.inference.printed import INDENT, PrintedTable
from belbiotech.survival.inference.words import LEVEL, Labels, words_with
from belbiotech.survival.rows.column_names import check_truth_values, is_whole_number

__all__ = ["RegressionTable", "regression_table"]

MOST_DIGITS = 15  # that a number holds for certain

Below = Literal["interval", "error", "p", "none"]
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"))
FAR = 1000.0  # ratios beyond say only that the data set no limit


@dataclass(frozen=True, repr=False)
class RegressionTable(PrintedTable):
    """Models side by side: a column for each, covariates above the rule, what is known below."""


def regression_table(
    models: Any,
    labels: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    *,
    exponentiate: bool = True,
    below: Below = "interval",
    conf_level: float = 0.95,
    digits: int = 2,
    stars: bool = False,
    title: str | None = None,
) -> RegressionTable:
    """Put fitted models side by side, as a paper prints them.

    Parameters
    ----------
    models : result or sequence of results
        Fitted models in any mix: of `cox`, `cox_causes` (a column for each fate), `fine_gray`,
        `discrete_hazard`, `discrete_hazard_causes`, `aft`, `piecewise_exponential`, `cox_states`
        (a column for each transition), `marginal_structural_cox`, `sequential_trials`, ...
    labels : mapping of str to str, optional
        What is written for a column of the data, a level of a factor, or a coefficient; that of
        the codebook by default. What has none is written with spaces for underscores.
    names : sequence of str, optional
        What stands above the columns; the outcomes by default, numbered where they repeat.
    exponentiate : bool
        Ratios (hazard ratios, odds ratios, ...); coefficients if not.
    below : {"interval", "error", "p", "none"}
        What stands behind each estimate: its interval, its standard error (of the coefficient), its
        p-value, or nothing.
    conf_level : float
        Of the intervals.
    digits : int
        After the point, alike for all estimates.
    stars : bool
        Mark p below 0.05, 0.01, 0.001.
    title : str, optional
        Above the table.

    Returns
    -------
    RegressionTable
        It shows itself in a notebook; ``to_markdown()``, ``to_html()``, ``to_latex()``,
        ``to_word(path)``; ``table`` is a DataFrame of texts.

    Raises
    ------
    FitError
        No models, something else than fitted models, as many names as columns are not.

    Examples
    --------
    >>> from belbiotech import cox, regression_table, simulate_panel
    >>> panel = simulate_panel(400, seed=1)
    >>> one = cox("failure ~ alliances_active_lag1", panel, cluster="firm_id")
    >>> two = cox("failure ~ alliances_active_lag1 + C(origin)", panel, cluster="firm_id")
    >>> print(regression_table([one, two], names=["(1)", "(2)"]))
                                                          (1)                  (2)
    Active alliances, year before         1.06 (0.90 to 1.26)  1.05 (0.89 to 1.25)
    Origin
       Spin-off of a company (reference)                                         1
       Independent start                                       0.87 (0.59 to 1.27)
       Spin-off of a university                                0.69 (0.47 to 0.99)
    Events                                                193                  193
    Rows                                                3,597                3,597
    Clusters                                              400                  400
    Log likelihood                                  -1,013.71            -1,011.40
    AIC                                              2,029.42             2,028.80
    <BLANKLINE>
    Hazard ratios, 95% intervals in parentheses.
    Errors clustered by firm id.
    """
    check_limit_options(conf_level)
    if not is_one_of(below, get_args(Below)):
        msg = f"below {in_words(below)} is unknown; {nearest_names(str(below), get_args(Below))}"
        raise FitError(msg)
    check_truth_values(exponentiate=exponentiate, stars=stars)
    if not is_whole_number(digits) or not 0 <= digits <= MOST_DIGITS:
        msg = f"digits must be a whole number up to {MOST_DIGITS}, not {in_words(digits)}"
        raise FitError(msg)
    if title is not None and not isinstance(title, str):
        msg = f"title must be a text, not {in_words(title)}"
        raise FitError(msg)
    given = list(models) if isinstance(models, (list, tuple)) else [models]
    columns = [column for model in given for column in model_columns(model, conf_level)]
    if not columns:
        msg = "a regression table needs at least one fitted model"
        raise FitError(msg)
    words = words_with(labels)
    heads = _heads(columns, names, words)
    lines = _estimate_lines(columns, words, exponentiate, below, digits, stars)
    size = _size_lines(columns)
    table = pd.DataFrame({k: [*lines[k], *size[k]] for k in range(len(columns))}, dtype=object)
    table.index = pd.Index([*lines["name"], *size["name"]])
    table.columns = pd.Index(heads)
    notes = _notes(columns, words, exponentiate, below, conf_level, stars)
    return RegressionTable(table, tuple(heads), len(lines["name"]), tuple(notes), title or "")


def _heads(columns: Sequence[ModelColumn], names: Sequence[str] | None, words: Labels) -> list[str]:
    if names is not None:
        if isinstance(names, str) or not isinstance(names, Sequence):
            msg = f"names must be a list, one for each column, not {in_words(names)}"
            raise FitError(msg)
        if len(names) != len(columns):
            msg = f"names has {len(names)} for {len(columns)} columns; give one for each column"
            raise FitError(msg)
        return [str(name) for name in names]
    own = [words.own.get(column.name, column.name.replace("_", " ")) for column in columns]
    if len(set(own)) == len(own):
        return own
    return [f"({k}) {name}" for k, name in enumerate(own, start=1)]


def _estimate_lines(
    columns: Sequence[ModelColumn],
    words: Labels,
    exponentiate: bool,
    below: Below,
    digits: int,
    stars: bool,
) -> dict[Any, list[str]]:
    """Give a line for each coefficient of any model, factors under their names with references."""
    lines: dict[Any, list[str]] = {"name": [], **{k: [] for k in range(len(columns))}}

    def line(name: str, cells: Sequence[str]) -> None:
        lines["name"].append(name)
        for k, cell in enumerate(cells):
            lines[k].append(cell)

    done: set[str] = set()
    for name in dict.fromkeys(name for column in columns for name in column.estimates.index):
        factor = factor_of(name)
        if factor is None:
            line(
                words.coefficient(name),
                [_cell(c, name, exponentiate, below, digits, stars) for c in columns],
            )
            continue
        if factor not in done:
            done.add(factor)
            line(words.title(column_of(factor)), [""] * len(columns))
            levels = {c.references[factor] for c in columns if factor in c.references}
            one = "1" if exponentiate else "0"
            for level in sorted(levels):
                own = [one if c.references.get(factor) == level else "" for c in columns]
                line(f"{INDENT}{words.level(column_of(factor), level)} (reference)", own)
        found = LEVEL.search(name)
        level = found[1] if found else name
        line(
            f"{INDENT}{words.level(column_of(factor), level)}",
            [_cell(c, name, exponentiate, below, digits, stars) for c in columns],
        )
    return lines


def _cell(
    column: ModelColumn, name: str, exponentiate: bool, below: Below, digits: int, stars: bool
) -> str:
    if name not in column.estimates.index:
        return ""
    row = column.estimates.loc[name]
    values = row[["coef", "lower", "upper"]].to_numpy(dtype=float)
    if exponentiate:
        with np.errstate(over="ignore"):
            values = np.exp(values)
    estimate, lower, upper = (_number(float(value), digits, exponentiate) for value in values)
    marks = next((mark for limit, mark in STARS if row["p_value"] < limit), "") if stars else ""
    if below == "none":
        return estimate + marks
    inside = {
        "interval": f"{lower} to {upper}",
        "error": f"{row['std_error']:.{digits}f}",
        "p": f"p {_p(float(row['p_value']))}",
    }[below]
    return f"{estimate}{marks} ({inside})"


def _p(value: float) -> str:
    return "not known" if np.isnan(value) else "< 0.001" if value < 0.001 else f"= {value:.3f}"


def _number(value: float, digits: int, exponentiate: bool) -> str:
    if np.isnan(value):
        return "not estimated"
    if exponentiate and value > FAR:
        return f">{FAR:g}"
    if np.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    return f"{value:.{digits}f}"


def _size_lines(columns: Sequence[ModelColumn]) -> dict[Any, list[str]]:
    def written(value: float | None, pattern: str = ",d") -> str:
        return "" if value is None else format(value, pattern)

    found = {
        "Events": [written(column.events) for column in columns],
        "Rows": [written(column.rows) for column in columns],
        "Units": [written(column.units) for column in columns],
        "Clusters": [written(column.clusters) for column in columns],
        "Log likelihood": [written(column.log_likelihood, ",.2f") for column in columns],
        "AIC": [written(column.aic, ",.2f") for column in columns],
    }
    kept = {name: cells for name, cells in found.items() if any(cells)}
    lines: dict[Any, list[str]] = {"name": list(kept)}
    return lines | {k: [cells[k] for cells in kept.values()] for k in range(len(columns))}


def _notes(
    columns: Sequence[ModelColumn],
    words: Labels,
    exponentiate: bool,
    below: Below,
    conf_level: float,
    stars: bool,
) -> list[str]:
    ratios = list(dict.fromkeys(f"{column.ratio}s" for column in columns))
    what = " and ".join(ratios) if exponentiate else "coefficients"
    behind = {
        "interval": f", {conf_level * 100:g}% intervals in parentheses",
        "error": ", standard errors of the coefficients in parentheses",
        "p": ", p-values in parentheses",
        "none": "",
    }[below]
    notes = [f"{what[0].upper()}{what[1:]}{behind}."]
    errors = list(dict.fromkeys(column.errors for column in columns))
    notes.append(words.in_words(f"Errors {'; '.join(errors)}."))
    if stars:
        notes.append("* p < 0.05, ** p < 0.01, *** p < 0.001.")
    return notes
