"""State occupation along covariate paths, from the Cox models of the transitions."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, FormulaError, PanelError, in_words, nearest_names
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.path_checks import ordered_paths

__all__ = ["StatesModel", "predict_occupation"]


@dataclass(frozen=True)
class StatesModel:
    """What prediction needs of fitted transitions.

    Attributes
    ----------
    formula, matrix : Formula, Matrix
        The covariates, and how they are made.
    states : tuple
        Names of the states.
    pairs : tuple of (int, int)
        The transitions.
    transitions : tuple of str
        Their names.
    beta : array of float, (transitions, p)
        Coefficients.
    baseline : DataFrame
        Cumulated hazards at zero: transition, stratum, time, hazard.
    strata : tuple of str
        Columns of further strata.
    interval : (str, str)
        Columns of the interval.
    """

    formula: Formula
    matrix: Matrix
    states: tuple[Hashable, ...]
    pairs: tuple[tuple[int, int], ...]
    transitions: tuple[str, ...]
    beta: FloatArray
    baseline: pd.DataFrame
    strata: tuple[str, ...]
    interval: tuple[str, str]


def predict_occupation(
    result: StatesModel, paths: pd.DataFrame, initial: str | Mapping[str, float] | None
) -> pd.DataFrame:
    """Predict state occupation along covariate paths.

    The shares p move as p exp(A): A has the path's hazards of the moves at a time beside the
    diagonal, and rows that add up to 0. So does R's ``survfit`` of a multi-state ``coxph``, which
    takes paths without changes only.

    Parameters
    ----------
    result : StatesModel
        The fit.
    paths : DataFrame
        As for `CoxStatesResult.predict_occupation`.
    initial : str, mapping, or None
        State, or probabilities of the states, at the beginning.

    Returns
    -------
    DataFrame
        Columns id, time, state, probability.
    """
    share = _initial(result, initial)
    start, stop = result.interval
    ordered = ordered_paths(
        paths, [*result.formula.columns, *result.strata], start=start, stop=stop
    )
    risk = _risks(result, ordered)
    baseline = result.baseline
    tables = []
    for name, rows in ordered.groupby("id", sort=False).indices.items():
        tables.append(_along(result, ordered.iloc[rows], risk[rows], baseline, share, name))
    return pd.concat(tables, ignore_index=True)


def _initial(result: StatesModel, initial: str | Mapping[str, float] | None) -> FloatArray:
    states = list(result.states)
    if initial is None:
        initial = str(states[0])
    given = {initial: 1.0} if isinstance(initial, str) else initial
    if not isinstance(given, Mapping):
        msg = f"initial must be a state or a mapping of states to shares, not {in_words(initial)}"
        raise FitError(msg)
    unknown = [name for name in given if name not in states]
    if unknown:
        msg = f"there is no state {unknown[0]!r}; {nearest_names(unknown[0], states)}"
        raise FitError(msg)
    numbers = all(isinstance(p, Real) and p >= 0 for p in given.values())
    if not numbers or abs(sum(given.values()) - 1) > 1e-9:
        msg = f"the shares of the states must be 0 or more and add up to 1, not {in_words(initial)}"
        raise FitError(msg)
    return np.array([float(given.get(str(name), 0.0)) for name in states])


def _risks(result: StatesModel, paths: pd.DataFrame) -> FloatArray:
    """Give the risk of each row of the paths in each transition, (r, transitions)."""
    try:
        x = design_matrix(result.formula, paths, result.matrix.spec).x
    except FormulaError as error:
        msg = f"the paths have a value that was not in the data: {error}"
        raise PanelError(msg) from error
    risks: FloatArray = np.exp(x @ result.beta.T)
    return risks


def _along(
    result: StatesModel,
    rows: pd.DataFrame,
    risk: FloatArray,
    baseline: pd.DataFrame,
    share: FloatArray,
    name: object,
) -> pd.DataFrame:
    from scipy.linalg import expm

    start, stop = result.interval
    begin, end = (rows[column].to_numpy(dtype=float) for column in (start, stop))
    labels = _stratum_labels(result, rows, baseline)
    time, hazard = _increments(result, baseline, begin, end, labels)
    row = np.searchsorted(end, time, side="left")
    states = len(result.states)
    rate = np.zeros((len(time), states, states))
    for k, (origin, target) in enumerate(result.pairs):
        rate[:, origin, target] = hazard[:, k] * risk[row, k]
    diagonal = np.arange(states)
    rate[:, diagonal, diagonal] = -rate.sum(axis=2)
    steps = expm(rate) if len(time) else rate
    shares = []
    for step in steps:
        share = share @ step
        shares.append(share)
    return pd.DataFrame(
        {
            "id": [name] * (len(time) * states),
            "time": np.repeat(time, states),
            "state": list(result.states) * len(time),
            "probability": np.ravel(shares),
        }
    )


def _stratum_labels(result: StatesModel, rows: pd.DataFrame, baseline: pd.DataFrame) -> list[str]:
    """Give the stratum of each row of a path, as the baseline names it."""
    columns = list(result.strata)
    if not columns:
        return [""] * len(rows)
    labels = [
        ", ".join(f"{name}={value}" for name, value in zip(columns, values, strict=True))
        for values in rows[columns].itertuples(index=False)
    ]
    known = set(baseline["stratum"])
    unknown = [label for label in labels if label not in known]
    if unknown:
        msg = f"there is no stratum {unknown[0]!r}; {nearest_names(unknown[0], known)}"
        raise PanelError(msg)
    return labels


def _increments(
    result: StatesModel,
    baseline: pd.DataFrame,
    begin: FloatArray,
    end: FloatArray,
    labels: list[str],
) -> tuple[FloatArray, FloatArray]:
    """Give the times within a path and the increments of each baseline there, (t, transitions)."""
    every = np.unique(baseline["time"].to_numpy())
    time = every[(every > begin[0]) & (every <= end[-1])]
    row = np.searchsorted(end, time, side="left")
    hazard = np.zeros((len(time), len(result.pairs)))
    of_row = np.array(labels, dtype=object)
    for k, transition in enumerate(result.transitions):
        for label in dict.fromkeys(labels):
            own = baseline[(baseline["transition"] == transition) & (baseline["stratum"] == label)]
            if own.empty:
                continue
            steps = np.diff(own["hazard"].to_numpy(), prepend=0.0)
            place = np.searchsorted(own["time"].to_numpy(), time)
            place = np.minimum(place, len(own) - 1)
            there = (own["time"].to_numpy()[place] == time) & (of_row[row] == label)
            hazard[there, k] = steps[place[there]]
    return time, hazard
