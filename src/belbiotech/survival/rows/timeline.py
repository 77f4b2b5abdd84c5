"""Rows cut at times, and facts on a time line brought into the rows that begin after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import PanelError, in_words, is_one_of, nearest_names
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows
from belbiotech.survival.rows.column_names import as_columns, check_mapping, check_one_name
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.plain import plain_attrs, plain_table, with_columns_of
from belbiotech.survival.rows.times import TOLERANCE, floats_in
from belbiotech.survival.rows.units import needed_unit

__all__ = ["merge_timeline", "split_at"]

Kept = Literal["last", "count", "sum"]


@all_from_zero
def split_at(
    data: pd.DataFrame,
    cuts: Sequence[float],
    *,
    outcomes: str | Sequence[str],
    episode: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Cut rows at given times; what happens at a row's end stays with its last piece.

    A fit to the pieces is the fit to the rows. Cut where an effect may change, and let it differ
    by `episode`.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    cuts : sequence of float
        The times. A row ``(start, stop]`` is cut at those inside it.
    outcomes : str or list of str
        Columns of 0/1 (or bool) of what happens at ``stop``: 0 in all pieces but the last.
    episode : str, optional
        A new column: 0 for pieces that end at the first cut or before, 1 up to the second, ...
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        The pieces, in the order of the rows and of time, each with its row's index label; as R's
        ``survSplit``.

    Raises
    ------
    PanelError
        Rows that are no panel, cuts that are no finite numbers, a column of the name `episode`.

    References
    ----------
    Therneau and Grambsch (2000), Modeling Survival Data, section 3.7.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import split_at
    >>> rows = pd.DataFrame({"start": [0, 2], "stop": [5, 3], "failure": [1, 0]})
    >>> split_at(rows, [1, 3], outcomes="failure", episode="period")
       start  stop  failure  period
    0    0.0   1.0        0       0
    0    1.0   3.0        0       1
    0    3.0   5.0        1       2
    1    2.0   3.0        0       1
    """
    data, ends = as_table(data), as_columns(outcomes, "outcomes")
    plain = check_rows(data, ends, start=start, stop=stop)
    rows = with_columns_of(data, plain, [start, stop, *ends])
    times = _cut_times(cuts)
    if episode is not None:
        check_one_name(episode=episode)
        _refuse_taken(rows, [episode])
    begins, stops = (rows[name].to_numpy(dtype=float) for name in (start, stop))
    times = np.unique(_settled(times, begins, stops))
    first = np.searchsorted(times, begins, "right")
    number = np.maximum(np.searchsorted(times, stops, "left") - first, 0)
    row = np.repeat(np.arange(len(rows)), number)
    inside = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
    pieces = _cut(rows, row, times[first[row] + inside], ends, start, stop)
    if episode is not None:
        pieces[episode] = np.searchsorted(times, pieces[stop].to_numpy(), "left")
    return pieces


@all_from_zero
def merge_timeline(
    data: pd.DataFrame,
    changes: pd.DataFrame,
    columns: Mapping[str, Kept],
    *,
    outcomes: str | Sequence[str] = (),
    unit: str | None = None,
    time: str = "time",
    lag: float = 0.0,
    initial: Mapping[str, Any] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Bring facts on a time line into the rows that begin after them.

    Rows are cut where a fact of their unit becomes known, and each piece has what was known when
    it began: a fact at time t counts in rows that begin at ``t + lag`` or later, never in the one
    that ends there. As R's ``tmerge`` with ``tdc``, ``cumtdc``.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    changes : DataFrame
        One row for each fact: the unit's column, `time` on the clock of ``start`` and ``stop``,
        and the columns of values.
    columns : mapping of str to {"last", "count", "sum"}
        New columns: ``"last"``, the latest value of the column of that name in `changes` (of two
        at one time that of the later row); ``"sum"``, the sum of its values so far; ``"count"``,
        how many facts so far (of those with a value, where `changes` has a column of that name).
    outcomes : str or list of str
        Columns of 0/1 of what happens at ``stop``: 0 in all pieces but the last.
    unit : str, optional
        Column that says whose row it is, in both tables; by default the panel's own
        (``data.attrs["unit"]``), else ``firm_id``.
    time : str
        Column of the facts' times.
    lag : float
        How long after its time a fact begins to count, 0 or more: 1 for yearly rows whose facts
        are known by the end of their year.
    initial : mapping, optional
        Value of a ``"last"`` column before any fact; missing if not given.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        The pieces, in the order of the rows and of time, each with its row's index label.

    Raises
    ------
    PanelError
        Rows that are no panel, facts with a missing unit or time, facts of units that have no
        rows, a column that is there already, a negative lag, another word than those above.

    References
    ----------
    Therneau, Crowson and Atkinson (2023), Using time dependent covariates and time dependent
    coefficients in the Cox model (vignette of R's survival).

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import merge_timeline
    >>> rows = pd.DataFrame({"firm_id": ["a", "b"], "start": 0, "stop": [4, 3], "failure": [1, 0]})
    >>> signed = pd.DataFrame({"firm_id": ["a", "a"], "time": [1, 2.5]})
    >>> merge_timeline(rows, signed, {"alliances": "count"}, outcomes="failure")
      firm_id  start  stop  failure  alliances
    0       a    0.0   1.0        0        0.0
    0       a    1.0   2.5        0        1.0
    0       a    2.5   4.0        1        2.0
    1       b    0.0   3.0        0        0.0
    """
    data, changes = as_table(data), as_table(changes, "changes")
    unit, ends = needed_unit(data, unit), as_columns(outcomes, "outcomes")
    plain = check_rows(data, ends, start=start, stop=stop, unit=unit)
    rows = with_columns_of(data, plain, [start, stop, *ends])
    if columns is None:
        msg = "columns is None: give a mapping, such as {'alliances': 'count'}"
        raise PanelError(msg)
    check_mapping(columns, "columns", {"alliances": "count"})
    check_mapping(initial, "initial", {"alliances": 0})
    changes = _checked_changes(plain, changes, columns, unit, time, lag)
    codes, units = pd.factorize(plain[unit])
    begins, stops = (rows[name].to_numpy(dtype=float) for name in (start, stop))
    times = _settled(changes[time].to_numpy(dtype=float) + lag, begins, stops)
    clocks = _Clocks.of(times, begins)
    of_facts = clocks.places(units.get_indexer(pd.Index(changes[unit])), times)
    row, cuts = _cuts_by_unit(clocks, _different(of_facts), clocks.places(codes, begins), stops)
    pieces = _cut(rows, row, cuts, ends, start, stop)
    of = codes[np.repeat(np.arange(len(rows)), np.bincount(row, minlength=len(rows)) + 1)]
    begun = clocks.places(of, pieces[start].to_numpy(dtype=float))
    order = np.argsort(of_facts, kind="stable")
    for name, kept in columns.items():
        facts = pd.Series(np.ones(len(changes)))
        if name in changes.columns:
            facts = pd.Series(changes[name].to_numpy())  # of a factor its values
        known = facts.iloc[order].set_axis(of_facts[order]).dropna()
        value = _values(clocks, begun, known, kept, (initial or {}).get(name))
        pieces[name] = value.set_axis(pieces.index)
    return pieces


@dataclass(frozen=True)
class _Clocks:
    """The clocks of all units, one after the other: a place for each unit and time.

    Attributes
    ----------
    times : array of float, (t,)
        The times of any unit, sorted.
    """

    times: FloatArray

    @classmethod
    def of(cls, *times: FloatArray) -> _Clocks:
        """Collect the times."""
        return cls(_different(*times))

    def places(self, units: IntArray, times: FloatArray) -> IntArray:
        """Give the places of units at times, (n,)."""
        return units * np.int64(len(self.times)) + np.searchsorted(self.times, times)

    def units(self, places: IntArray) -> IntArray:
        """Give the units of places, (n,)."""
        return places // len(self.times)

    def at(self, places: IntArray) -> FloatArray:
        """Give the times of places, (n,)."""
        return self.times[places % len(self.times)]


def _cut_times(cuts: Sequence[float]) -> FloatArray:
    times = np.unique(floats_in(cuts))
    if not np.isfinite(times).all():
        msg = f"cuts must be finite numbers, such as [1, 5]; they are {cuts!r}"
        raise PanelError(msg)
    return times


def _settled(cuts: FloatArray, begins: FloatArray, ends: FloatArray) -> FloatArray:
    """Bring cuts, (c,), to the rows' times that they differ from by rounding alone.

    Pieces shorter than rounding would count as of no length in risk sets. Cuts as near to each
    other are brought to the first of them.
    """
    if not len(cuts):
        return cuts
    times = _different(begins, ends)
    near = TOLERANCE * max(1.0, float(np.abs(times).mean()))
    after = np.clip(np.searchsorted(times, cuts), 1, len(times) - 1)
    left, right = times[after - 1], times[after]
    nearest = np.where(cuts - left <= right - cuts, left, right)
    settled = np.where(np.abs(nearest - cuts) <= near, nearest, cuts)
    every = _different(settled)
    kept = every[np.r_[True, np.diff(every) > near]]
    firsts: FloatArray = kept[np.searchsorted(kept, settled, "right") - 1]
    return firsts


def _different(*values: NDArray[Any]) -> NDArray[Any]:
    """Give the different values of arrays, sorted; quick where these are few."""
    return np.sort(pd.unique(np.concatenate(values)))


def _refuse_taken(data: pd.DataFrame, names: Sequence[str]) -> None:
    taken = [name for name in names if name in data.columns]
    if taken:
        msg = f"the data already has a column {' and '.join(map(repr, taken))}; rename it"
        raise PanelError(msg)


def _cut(
    data: pd.DataFrame,
    row: IntArray,
    cuts: FloatArray,
    outcomes: Sequence[str],
    start: str,
    stop: str,
) -> pd.DataFrame:
    """Cut rows at times inside them: ``row``, (c,), which row each of the ``cuts``, (c,), is in."""
    number = np.bincount(row, minlength=len(data)).astype(np.int64)
    order = np.lexsort((cuts, row))
    of = np.repeat(np.arange(len(data)), number + 1)
    last = np.cumsum(number + 1) - 1
    is_last = np.zeros(len(of), dtype=bool)
    is_last[last] = True
    is_first = np.roll(is_last, 1)
    begins, ends = (data[name].to_numpy(dtype=float)[of] for name in (start, stop))
    begins[~is_first], ends[~is_last] = cuts[order], cuts[order]
    pieces = data.iloc[of].copy()
    pieces.attrs = plain_attrs(data.attrs)
    pieces[start], pieces[stop] = begins, ends
    for name in outcomes:
        happened = pieces[name].to_numpy() == 1
        is_truth = pd.api.types.is_bool_dtype(data[name].dtype)
        pieces[name] = (happened & is_last).astype(bool if is_truth else np.int64)
    return pieces


def _checked_changes(
    data: pd.DataFrame,
    changes: pd.DataFrame,
    columns: Mapping[str, Kept],
    unit: str,
    time: str,
    lag: float,
) -> pd.DataFrame:
    """Refuse facts that cannot be placed, all problems at once; make their columns plain."""
    check_one_name(time=time)
    problems = [
        f"changes has no column {name!r}; {nearest_names(name, changes.columns)}"
        for name in (unit, time)
        if name not in changes.columns
    ]
    for name, kept in columns.items():
        if not is_one_of(kept, get_args(Kept)):
            problems.append(
                f"columns[{name!r}] is {in_words(kept)}; {nearest_names(str(kept), get_args(Kept))}"
            )
        elif kept != "count" and name not in changes.columns:
            problems.append(f"changes has no column {name!r} to take the {kept} of")
        if name in data.columns:
            problems.append(f"the data already has a column {name!r}; rename one of them")
    if not (isinstance(lag, (int, float, np.number)) and 0 <= float(lag) < np.inf):
        problems.append(f"lag must be 0 or more, on the clock of the rows; it is {lag!r}")
    if not problems:
        read = [unit, time, *(name for name in columns if name in changes.columns)]
        twice = [name for name in read if (changes.columns == name).sum() > 1]
        problems = [f"changes has several columns {name!r}; rename all but one" for name in twice]
    if not problems:
        changes = plain_table(changes, read)
        problems = _faults(data, changes, unit, time)
    if problems:
        raise PanelError("\n".join(problems))
    return changes


def _faults(data: pd.DataFrame, changes: pd.DataFrame, unit: str, time: str) -> list[str]:
    """Tell of facts without a unit or time, or of nobody."""
    problems = []
    times = pd.to_numeric(changes[time], errors="coerce")
    for name, bad in ((unit, changes[unit].isna()), (time, ~np.isfinite(times.astype(float)))):
        if bad.any():
            labels = ", ".join(map(str, changes.index[bad][:5].tolist()))
            problems.append(
                f"changes: {name!r} is missing or no finite number in {int(bad.sum())} rows "
                f"({labels}{', ...' if bad.sum() > 5 else ''})"
            )
    strangers = changes.loc[~changes[unit].isin(data[unit]) & changes[unit].notna(), unit].unique()
    if len(strangers):
        shown = ", ".join(map(repr, strangers[:5].tolist()))
        problems.append(
            f"changes: {len(strangers)} values of {unit!r} have no row in the data ({shown}"
            f"{', ...' if len(strangers) > 5 else ''}); leave their facts out"
        )
    return problems


def _cuts_by_unit(
    clocks: _Clocks, facts: IntArray, begins: IntArray, stops: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Find the row that each unit is in when a fact becomes known, where it is inside a row."""
    order = np.argsort(begins, kind="stable")
    before = np.searchsorted(begins[order], facts) - 1  # the last row that began before
    facts, before = facts[before >= 0], before[before >= 0]
    row, times = order[before], clocks.at(facts)
    inside = (clocks.units(begins[row]) == clocks.units(facts)) & (times < stops[row])
    return row[inside], times[inside]


def _values(
    clocks: _Clocks, begins: IntArray, known: pd.Series, kept: Kept, initial: Any
) -> pd.Series:
    """Give what was known of each piece's unit when the piece began, of facts by their places."""
    facts = known.index.to_numpy()
    unit = clocks.units(facts)
    if kept == "count":
        first = np.searchsorted(unit, unit)
        known = pd.Series(np.arange(len(facts)) - first + 1.0)
    elif kept == "sum":
        known = known.groupby(unit, sort=False).cumsum()
    latest = np.searchsorted(facts, begins, "right") - 1
    is_own = (latest >= 0) & (unit[latest] == clocks.units(begins)) if len(facts) else latest >= 0
    value = known.reset_index(drop=True).reindex(np.where(is_own, latest, -1))
    value = value.reset_index(drop=True)
    if kept != "last":
        return value.fillna(0.0)
    return value if initial is None else value.where(value.notna(), initial)
