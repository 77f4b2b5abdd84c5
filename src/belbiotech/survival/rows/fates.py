"""Competing fates: several outcomes, of which a row has at most one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from belbiotech.errors import FitError, PanelError
from belbiotech.survival.rows.checks import rows_in_words
from belbiotech.survival.rows.column_names import as_columns

__all__ = ["check_fates", "check_outcome_names"]


def check_outcome_names(outcomes: Sequence[str], at_least: int = 2) -> list[str]:
    """Refuse what is no list of different outcomes.

    Parameters
    ----------
    outcomes : sequence of str
        Columns of 0/1 or bool.
    at_least : int
        How many are needed.

    Returns
    -------
    list of str
        The same names.

    Raises
    ------
    FitError
        A text for a list, too few names, a name twice.
    """
    if isinstance(outcomes, str):
        msg = f"outcomes must be a list of columns, such as [{outcomes!r}, 'acquisition']"
        raise FitError(msg)
    names = as_columns(outcomes, "outcomes")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"outcomes name {', '.join(map(repr, twice))} more than once"
        raise FitError(msg)
    if len(names) < at_least:
        msg = f"outcomes must name at least {at_least} columns; there are {len(names)}"
        raise FitError(msg)
    return names


def check_fates(data: pd.DataFrame, outcomes: Sequence[str]) -> None:
    """Refuse rows with two fates, and outcomes that never happen.

    Parameters
    ----------
    data : DataFrame
        Rows that `check_rows` has let pass with these outcomes.
    outcomes : sequence of str
        Columns of 0/1 or bool.

    Raises
    ------
    PanelError
        A row in which two outcomes are 1.
    FitError
        An outcome that is 0 in every row.
    """
    happened = {name: data[name].to_numpy(dtype=bool) for name in outcomes}
    problems = []
    for one, other in combinations(outcomes, 2):
        both = happened[one] & happened[other]
        if both.any():
            problems.append(
                f"{one!r} and {other!r} are both 1 in {rows_in_words(data, both)}; "
                "a row ends with one fate at most: decide which came first"
            )
    if problems:
        raise PanelError("\n".join(problems))
    never = [name for name in outcomes if not happened[name].any()]
    if never:
        msg = f"no row has the outcome {', '.join(map(repr, never))}; there is nothing to estimate"
        raise FitError(msg)
