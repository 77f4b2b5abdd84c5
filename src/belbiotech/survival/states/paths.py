"""The state that each row is spent in, found from the states that units enter."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, PanelError, in_words
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows, rows_in_words
from belbiotech.survival.rows.column_names import check_columns
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.path_checks import plain
from belbiotech.survival.rows.plain import plain_table, plain_value
from belbiotech.survival.rows.times import interval_times

__all__ = ["StatePaths", "state_paths", "state_rows"]

NOWHERE = -1  # the code of a row that ends without a transition


@dataclass(frozen=True)
class StatePaths:
    """Rows with the state that they are spent in and the one entered at their end.

    Attributes
    ----------
    states : tuple
        Names of the states: those in which units begin, then the others.
    start, stop : array of float, (n,)
        The intervals ``(start, stop]``.
    state, to : array of int, (n,)
        Positions in ``states``; ``to`` is -1 where nothing happened.
    unit : array of int, (n,)
        The unit of each row, as 0, 1, ...
    """

    states: tuple[Hashable, ...]
    start: FloatArray
    stop: FloatArray
    state: IntArray
    to: IntArray
    unit: IntArray

    def transitions(self) -> list[tuple[int, int]]:
        """Give the pairs of states between which a unit moved, in the order of the states."""
        moved = self.to != NOWHERE
        pairs = set(zip(self.state[moved].tolist(), self.to[moved].tolist(), strict=True))
        return sorted(pairs)

    def name(self, pair: tuple[int, int]) -> str:
        """Write a transition as ``"a -> b"``."""
        return f"{self.states[pair[0]]} -> {self.states[pair[1]]}"


def state_rows(
    data: pd.DataFrame,
    to: str,
    initial: str,
    *,
    unit: str | None,
    columns: Sequence[str],
    groups: Sequence[str],
    start: str,
    stop: str,
) -> pd.DataFrame:
    """Check rows, and make plain what the states are read from.

    Parameters
    ----------
    data : DataFrame, (n, k)
        One row for each interval.
    to : str
        Column that names the state entered at ``stop``, missing where nothing happened.
    initial : str
        The state in which everybody begins, or a column with the state of each row.
    unit : str or None
        Column of the unit; None where each row is one.
    columns, groups : sequence of str
        Further columns that must be there without missing values; those of which the values name
        groups.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    DataFrame, (n, k)
        The rows.

    Raises
    ------
    PanelError
        Rows that are no panel, or that overlap.
    FitError
        An ``initial`` that is neither a column nor a name.
    """
    if not isinstance(initial, str):
        msg = (
            f"initial is {in_words(initial)}: give the name of the state in which all begin, "
            "such as initial='private', or the column that holds the state of each row"
        )
        raise FitError(msg)
    data = as_table(data)
    names = [*groups, *([initial] if initial in data.columns else [])]
    data = check_rows(data, [], start=start, stop=stop, columns=columns, groups=names, unit=unit)
    check_columns(data, start=start, stop=stop, columns=[to])
    data = plain_table(data, [to], groups=[to])
    _refuse_empty_texts(data, to)
    return data


def state_paths(
    data: pd.DataFrame, to: str, initial: str, *, unit: str | None, start: str, stop: str
) -> StatePaths:
    """Follow each unit from state to state.

    Parameters
    ----------
    data : DataFrame, (n, k)
        Rows of `state_rows`.
    to, initial, unit, start, stop
        As there.

    Returns
    -------
    StatePaths
        In the data's order.

    Raises
    ------
    PanelError
        States that do not follow on each other.
    FitError
        No transition at all.
    """
    by_column = initial in data.columns
    begins, ends = (column.to_numpy(dtype=float) for column in interval_times(data, start, stop))
    codes = np.arange(len(data)) if unit is None else pd.factorize(data[unit])[0]
    order = np.lexsort((begins, codes))
    first = np.diff(codes[order], prepend=-1) != 0
    given = data[initial].astype(object) if by_column else None
    states, entered, begun = _coded(data[to], given, initial)
    state = np.empty(len(data), dtype=np.int64)
    state[order] = _followed(entered[order], begun[order], first)
    if by_column:
        _refuse_jumps(data, begun, state, states, initial, unit)
    _refuse_staying(data, to, state, entered, states)
    if not (entered != NOWHERE).any():
        msg = f"column {to!r} names no state in any row: nobody moves, there is nothing to estimate"
        raise FitError(msg)
    return StatePaths(states, begins, ends, state, entered, codes)


def _refuse_empty_texts(data: pd.DataFrame, to: str) -> None:
    column = data[to]
    empty = column.map(lambda value: isinstance(value, str) and not value.strip()).to_numpy(bool)
    if empty.any():
        msg = (
            f"column {to!r} has empty texts in {rows_in_words(data, empty)}; make them missing "
            f"where nothing happened: data[{to!r}].replace('', None)"
        )
        raise PanelError(msg)


def _coded(
    to: pd.Series, given: pd.Series | None, initial: str
) -> tuple[tuple[Hashable, ...], IntArray, IntArray]:
    """Give the states numbers: those that units begin in, then the others in their order."""
    seen = _in_order(to)
    begun = [initial] if given is None else [s for s in _in_order(given) if s not in seen]
    states = [*begun, *(s for s in seen if s not in begun)]
    place = {name: k for k, name in enumerate(states)}
    entered = [NOWHERE if pd.isna(v) else place[plain_value(v)] for v in to.astype(object)]
    to_codes = np.array(entered, dtype=np.int64)
    if given is None:
        return tuple(states), to_codes, np.zeros(len(to), dtype=np.int64)
    return tuple(states), to_codes, np.array([place[plain_value(v)] for v in given], dtype=np.int64)


def _in_order(column: pd.Series) -> list[Hashable]:
    """Give the values that occur: in the order of their categories, else sorted."""
    values = column.dropna()
    if isinstance(values.dtype, pd.CategoricalDtype):
        present = set(values.unique())
        return [plain_value(name) for name in values.cat.categories if name in present]
    named = {plain_value(value) for value in values.unique().tolist()}
    return sorted(named, key=lambda v: (str(type(v)), v))


def _followed(entered: IntArray, begun: IntArray, first: NDArray[np.bool_]) -> IntArray:
    """Give the state of each row, (n,), sorted by unit and time: the last one entered before."""
    known = np.where(first, begun, np.r_[NOWHERE, entered[:-1]])
    place = np.where(first | (known != NOWHERE), np.arange(len(known)), 0)
    return known[np.maximum.accumulate(place)]


def _refuse_jumps(
    data: pd.DataFrame,
    given: IntArray,
    state: IntArray,
    states: tuple[Hashable, ...],
    initial: str,
    unit: str | None,
) -> None:
    wrong = given != state
    if not wrong.any():
        return
    k = int(np.flatnonzero(wrong)[0])
    row = plain(data.index[k])
    whose = "" if unit is None else f" of {unit} {data[unit].tolist()[k]!r}"
    msg = (
        f"states do not follow on each other in {rows_in_words(data, wrong)}: row "
        f"{row}{whose} is in {states[given[k]]!r} by column {initial!r}, but the rows "
        f"before leave it in {states[state[k]]!r}; name each move in the row at whose end it "
        "happened, or split the unit where nobody saw it move"
    )
    raise PanelError(msg)


def _refuse_staying(
    data: pd.DataFrame,
    to: str,
    state: IntArray,
    entered: IntArray,
    states: tuple[Hashable, ...],
) -> None:
    same = state == entered
    if same.any():
        k = int(np.flatnonzero(same)[0])
        row = plain(data.index[k])
        msg = (
            f"column {to!r} names the state that the unit is in already, in "
            f"{rows_in_words(data, same)}: row {row} enters {states[state[k]]!r} from "
            f"{states[state[k]]!r}; make it missing where nothing changes"
        )
        raise PanelError(msg)
