"""One fit, one tidy row: the estimate of one coefficient, or the reason why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from math import erfc, exp, nan, sqrt
from statistics import NormalDist
from typing import Any

import pandas as pd

from belbiotech.errors import FitError, FormulaError, heard_warnings, without_commands
from belbiotech.survival.formulas.texts import quoted

__all__ = [
    "COLUMNS",
    "Z",
    "collected",
    "estimated",
    "failed",
    "html",
    "one_line",
    "only_coefficient",
    "tally",
]

Z = NormalDist().inv_cdf(0.975)
COLUMNS = (
    "estimate",
    "hazard_ratio",
    "std_error",
    "lower",
    "upper",
    "p_value",
    "n_rows",
    "n_events",
    "note",
)


def estimated(
    fit: Callable[[], tuple[Any, str]],
    column: str,
    heard: list[str],
    beside: Iterable[str] = (),
) -> dict[str, Any]:
    """Fit, and read off the coefficient of one column.

    Parameters
    ----------
    fit : callable
        Gives a result with params, standard_errors, n_rows and n_events, and a note on it.
    column : str
        The column whose coefficient is wanted.
    heard : list of str
        Takes the warnings of this package that the fit gives; others go on to the user.
    beside : iterable of str
        All columns that the formula reads.

    Returns
    -------
    dict
        The values of `COLUMNS`; NaN with the reason in ``note`` where the fit fails.
    """
    try:
        with collected(heard):
            result, note = fit()
        name = only_coefficient(result.params.index, column, beside)
    except FitError as error:  # any other error is of the user's input, and the same for all
        return failed(one_line(error))
    log_ratio, error_of = float(result.params[name]), float(result.standard_errors[name])
    return {
        **ratio(log_ratio, error_of),
        **_profiled(result, name),
        "n_rows": int(result.n_rows),
        "n_events": int(result.n_events),
        "note": note,
    }


def ratio(estimate: float, std_error: float) -> dict[str, float]:
    """Give a log hazard ratio with its ratio, 95% interval and p value (Wald)."""
    return {
        "estimate": estimate,
        "hazard_ratio": exp(estimate),
        "std_error": std_error,
        "lower": exp(estimate - Z * std_error),
        "upper": exp(estimate + Z * std_error),
        "p_value": erfc(abs(estimate / std_error) / sqrt(2)) if std_error > 0 else nan,
    }


def _profiled(result: Any, name: str) -> dict[str, float]:
    """Give interval and p value from the profile of a penalised likelihood, where there is one."""
    firth = getattr(result, "firth", None)
    if firth is None:
        return {}
    limits = {side: exp(firth.intervals.loc[name, side]) for side in ("lower", "upper")}
    return {**limits, "p_value": float(firth.tests.loc[name, "p_value"])}


def failed(reason: str) -> dict[str, Any]:
    """Give a row without an estimate, which says why.

    Parameters
    ----------
    reason : str
        Why there is none.

    Returns
    -------
    dict
        The values of `COLUMNS`.
    """
    return {**dict.fromkeys(COLUMNS, nan), "n_rows": 0, "n_events": 0, "note": reason}


def only_coefficient(names: Iterable[str], column: str, beside: Iterable[str] = ()) -> str:
    """Find the one coefficient of a column.

    Parameters
    ----------
    names : iterable of str
        All coefficients of a fit.
    column : str
        The column.
    beside : iterable of str
        All columns that the formula reads: ``firm size`` is not ``size``.

    Returns
    -------
    str
        The coefficient's name.

    Raises
    ------
    FormulaError
        There is none, or several (an interaction, a spline, a factor).
    """
    word = re.compile(rf"(?<![\w.]){re.escape(column)}(?![\w.(])")
    longer = sorted((c for c in beside if c != column and word.search(c)), key=len, reverse=True)
    others = [written for c in longer for written in (quoted(c), c)]
    found = [str(name) for name in names if word.search(_without(str(name), others))]
    if len(found) != 1:
        msg = (
            f"{column!r} must have one coefficient to be followed, it has {len(found)}: "
            f"{', '.join(found) or 'none'}; write it without interaction, spline or factor"
        )
        raise FormulaError(msg)
    return found[0]


def _without(text: str, others: Sequence[str]) -> str:
    """Take texts out of a coefficient's name, and the levels of factors."""
    for other in others:
        text = text.replace(other, "")
    return re.sub(r"\[T\.[^:]*\](?=:|$)", "", text)


@contextmanager
def collected(heard: list[str]) -> Iterator[None]:
    """Collect this package's warnings of this thread as texts, and let all others through.

    Parameters
    ----------
    heard : list of str
        Takes the texts.

    Yields
    ------
    None
        While it lasts, warnings are collected.
    """
    with heard_warnings() as told:
        try:
            yield
        finally:
            heard += told


def one_line(error: Exception) -> str:
    """Write an error's text on one line.

    Parameters
    ----------
    error : Exception
        Its text may have several lines.

    Returns
    -------
    str
        The lines, parted by semicolons.
    """
    lines = (" ".join(line.split()) for line in str(error).splitlines())
    return "; ".join(filter(None, lines))


def tally(heard: Iterable[str]) -> tuple[str, ...]:
    """Tell each text once, with how often it was heard.

    Parameters
    ----------
    heard : iterable of str
        Texts, some of them several times.

    Returns
    -------
    tuple of str
        In the order in which they were first heard.
    """
    counts = pd.Series(list(heard), dtype=object).value_counts(sort=False)
    return tuple(
        f"{text} (in {count} fits)" if count > 1 else str(text) for text, count in counts.items()
    )


def html(title: str, table: pd.DataFrame, warned: Iterable[str]) -> str:
    """Write a result for a notebook.

    Parameters
    ----------
    title : str
        Its head.
    table : DataFrame
        What is shown.
    warned : iterable of str
        Shown below it.

    Returns
    -------
    str
        HTML; texts are escaped.
    """
    numbers = table.to_html(index=False, float_format="{:.3f}".format, na_rep="-", border=0)
    notes = "".join(f"<p>Warning: {escape(text)}</p>" for text in warned)
    return without_commands(f"<h4>{escape(title)}</h4>{numbers}{notes}")
