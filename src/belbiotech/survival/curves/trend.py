"""Scores of groups, for a test for trend."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_names import is_finite_number

__all__ = ["trend_scores"]

SHOWN = 5  # groups named in a message


def trend_scores(
    trend: bool | Mapping[Hashable, float] | pd.Series[float], labels: list[Hashable]
) -> FloatArray | None:
    """Give each group its score.

    Parameters
    ----------
    trend : bool, mapping or Series
        As in `logrank_test`.
    labels : list
        The groups.

    Returns
    -------
    array of float, (g,), or None
        None where no trend is asked for.

    Raises
    ------
    FitError
        Scores that do not fit the groups.
    """
    if isinstance(trend, (bool, np.bool_)):
        return np.arange(len(labels), dtype=float) if trend else None
    given = _as_mapping(trend)
    missing = [label for label in labels if label not in given]
    unknown = [label for label in given if label not in labels]
    if missing or unknown:
        msg = (
            f"trend must give a score for each group; without one: {missing[:SHOWN] or 'none'}, "
            f"not a group: {unknown[:SHOWN] or 'none'}"
        )
        raise FitError(msg)
    numbers = [float(score) for score in map(given.get, labels) if is_finite_number(score)]
    if len(numbers) < len(labels) or len(set(numbers)) == 1:
        scores = [given[label] for label in labels]
        msg = f"the scores of trend must be finite numbers that differ; they are {scores}"
        raise FitError(msg)
    return np.array(numbers)


def _as_mapping(trend: object) -> Mapping[Hashable, object]:
    if isinstance(trend, pd.Series):
        twice = trend.index[trend.index.duplicated()].unique().tolist()
        if twice:
            msg = f"trend gives more than one score for {', '.join(map(repr, twice))}"
            raise FitError(msg)
        return trend.to_dict()
    if not isinstance(trend, Mapping):
        msg = (
            "trend must be True, False or the groups' scores, such as {'small': 1, 'large': 2}; "
            f"it is {in_words(trend)}"
        )
        raise FitError(msg)
    return trend
