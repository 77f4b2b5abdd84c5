"""Person-years tables: events, time at risk and their rate, with limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import PanelError
from belbiotech.survival.curves.group_variances import unit_of_errors
from belbiotech.survival.curves.risk_tables import whole_weights
from belbiotech.survival.inference.limits import check_limit_options, hazard_limits
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.timeline import split_at

__all__ = ["exact_limits", "rates"]

AFTER, UP_TO = "after", "up_to"
OWN = ("outcome", AFTER, UP_TO, "person_time", "events", "rate", "std_error", "lower", "upper")


@all_from_zero
def rates(
    data: pd.DataFrame,
    outcomes: str | Sequence[str],
    *,
    by: str | Sequence[str] | None = None,
    cuts: Sequence[float] | None = None,
    weights: str | None = None,
    unit: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> pd.DataFrame:
    """Count events and time at risk, and divide: a person-years table.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    outcomes : str or list of str
        Columns of 0/1 of what happens at ``stop``. Each is counted by itself: one that does not
        end the unit may happen to it again.
    by : str or list of str, optional
        Columns whose values make the groups; each row is in the group that it names.
    cuts : sequence of float, optional
        Times at which rows are cut, for a rate in each interval between them.
    weights : str, optional
        Column of case weights: whole numbers count equal rows, others make the limits robust.
    unit : str, optional
        Column that says whose row it is. Given, its rows must not overlap, and the limits are
        robust to that some units have more events than others: those for outcomes that recur.
    conf_level : float
        Coverage of the limits.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    DataFrame
        outcome; the columns of `by`; with `cuts` after and up_to, the bounds of the interval
        (minus infinity and infinity at the ends); person_time, events, rate, std_error, lower,
        upper. A row for each outcome, group and interval in which somebody is at risk.

    Raises
    ------
    PanelError
        Rows that are no panel, cuts that are no finite numbers, overlapping rows of the unit, a
        group's column with the name of one of the table's own.
    FitError
        A ``conf_level`` outside 0 to 1.

    Notes
    -----
    With D events in time T the exact limits are those of a Poisson number, ``q(a/2, D) / T`` and
    ``q(1 - a/2, D + 1) / T`` with q(p, k) the quantile of the gamma distribution of shape k
    (Garwood 1936), and the error is the root of D over T. The robust error sums over units
    ``(D_i - rate T_i)^2``, root, over T: the sandwich of a Poisson regression; its limits are
    symmetric for the log of the rate, and missing without an event. With broken weights and no
    `unit` the clusters are those of the table's own unit, or else its rows.

    References
    ----------
    Garwood (1936), Biometrika 28:437-442. Breslow and Day (1987), Statistical Methods in Cancer
    Research, volume 2, chapter 2.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import rates
    >>> rows = pd.DataFrame({"start": [0, 0, 1, 2], "stop": [4, 3, 5, 6], "failure": [1, 0, 1, 1]})
    >>> rates(rows, "failure", cuts=[3]).round(3)
       outcome  after  up_to  person_time  events   rate  std_error  lower  upper
    0  failure   -inf    3.0          9.0     0.0   0.0      0.000  0.000  0.410
    1  failure    3.0    inf          6.0     3.0   0.5      0.289  0.103  1.461
    """
    check_limit_options(conf_level)
    ends, groups = as_columns(outcomes, "outcomes"), as_columns(by)
    if not ends:
        msg = "outcomes is empty: give one column of 0 and 1 at least, such as outcomes='failure'"
        raise PanelError(msg)
    _refuse_own_names(groups)
    data = check_rows(data, ends, start=start, stop=stop, groups=groups, weights=weights, unit=unit)
    exact = unit is None and whole_weights(data, weights)
    whose = unit
    if whose is None:
        data, whose = unit_of_errors(data, weights=weights, start=start, stop=stop)
    pieces = _pieces(data, ends, groups, cuts, weights, start, stop)
    pieces["cluster"] = 0 if exact else _clusters(data, whose)[pieces["row"]]
    keys = [name for name in pieces.columns if name not in ("row", "cluster", "time", "event")]
    tables = [
        _table(pieces, keys, data[name].to_numpy(dtype=float), name, conf_level, exact=exact)
        for name in ends
    ]
    table = pd.concat(tables, ignore_index=True)
    named = {f"group {k}": name for k, name in enumerate(groups)}
    return table.rename(columns=named)


def exact_limits(
    events: FloatArray, person_time: FloatArray, conf_level: float
) -> tuple[FloatArray, FloatArray]:
    """Give the limits of a Poisson rate.

    Parameters
    ----------
    events, person_time : array of float, (r,)
        Numbers, not negative, and times, above 0.
    conf_level : float
        Coverage.

    Returns
    -------
    lower, upper : array of float, (r,)
        Where the chance of so many events or more, and of so many or fewer, is half of the rest.
    """
    from scipy.special import gammaincinv

    tail = (1 - conf_level) / 2
    some = np.where(events > 0, events, 1.0)
    lower = np.where(events > 0, gammaincinv(some, tail), 0.0)
    return lower / person_time, gammaincinv(events + 1, 1 - tail) / person_time


def _refuse_own_names(groups: Sequence[str]) -> None:
    taken = [name for name in groups if name in OWN]
    if taken:
        msg = f"the table has a column {' and '.join(map(repr, taken))} of its own; rename by="
        raise PanelError(msg)


def _pieces(
    data: pd.DataFrame,
    outcomes: Sequence[str],
    groups: Sequence[str],
    cuts: Sequence[float] | None,
    weights: str | None,
    start: str,
    stop: str,
) -> pd.DataFrame:
    """Cut rows: for each piece its groups, interval, row, weighted time and weight at its end."""
    weight = np.ones(len(data)) if weights is None else data[weights].to_numpy(dtype=float)
    rows = pd.DataFrame({"row": np.arange(len(data)), "last": 1})
    rows["from"], rows["to"] = (data[name].to_numpy(dtype=float) for name in (start, stop))
    if cuts is not None:
        rows = split_at(rows, cuts, outcomes="last", episode="k", start="from", stop="to")
    of = rows["row"].to_numpy()
    columns = {f"group {k}": data[name].iloc[of].array for k, name in enumerate(groups)}
    pieces = pd.DataFrame(columns, index=range(len(of)))
    if cuts is not None:
        bounds = np.r_[-np.inf, np.unique(np.asarray(cuts, dtype=float)), np.inf]
        pieces[AFTER], pieces[UP_TO] = bounds[rows["k"]], bounds[rows["k"].to_numpy() + 1]
    pieces["row"] = of
    pieces["time"] = weight[of] * (rows["to"] - rows["from"]).to_numpy()
    pieces["event"] = weight[of] * rows["last"].to_numpy()
    return pieces


def _clusters(data: pd.DataFrame, unit: str | None) -> IntArray:
    codes = np.arange(len(data)) if unit is None else pd.factorize(data[unit])[0]
    return codes.astype(np.int64)


def _table(
    pieces: pd.DataFrame,
    keys: Sequence[str],
    happened: FloatArray,
    outcome: str,
    conf_level: float,
    *,
    exact: bool,
) -> pd.DataFrame:
    """Make the table of one outcome."""
    counted = pieces.assign(event=pieces["event"].to_numpy() * happened[pieces["row"].to_numpy()])
    everyone = ["everyone"] if not keys else list(keys)
    counted = (counted if keys else counted.assign(everyone=0))[counted["time"] > 0]
    by_cluster = counted.groupby([*everyone, "cluster"], observed=True, sort=True)
    sums = by_cluster[["time", "event"]].sum().reset_index()
    cells = sums.groupby(everyone, observed=True, sort=True)
    table = cells[["time", "event"]].sum().reset_index()
    time, events = table["time"].to_numpy(), table["event"].to_numpy()
    rate = events / time
    if exact:
        std_error = np.sqrt(events) / time
        lower, upper = exact_limits(events, time, conf_level)
    else:
        at = cells.ngroup().to_numpy()
        of_cell = np.bincount(at, sums["event"]) / np.bincount(at, sums["time"])
        beyond = sums["event"].to_numpy() - of_cell[at] * sums["time"].to_numpy()
        std_error = np.sqrt(np.bincount(at, beyond**2)) / time
        lower, upper = hazard_limits(rate, std_error, conf_level)
    numbers = {"person_time": time, "events": events, "rate": rate, "std_error": std_error}
    named = table[list(keys)].assign(**numbers, lower=lower, upper=upper)
    named.insert(0, "outcome", outcome)
    return named
