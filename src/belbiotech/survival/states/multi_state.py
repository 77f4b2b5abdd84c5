"""State occupation from start-stop rows: Aalen-Johansen, with delayed entry and ties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, warn
from belbiotech.survival.curves.risk_tables import group_labels, refuse_many_groups
from belbiotech.survival.inference.limits import LimitKind, check_limit_options
from belbiotech.survival.rows.clusters import as_cluster_columns, cluster_codes
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.units import joining_unit
from belbiotech.survival.states.occupation import Moves, groups_of_moves, occupation
from belbiotech.survival.states.paths import StatePaths, state_paths, state_rows
from belbiotech.survival.states.result import MultiStateResult

__all__ = ["multi_state"]


@all_from_zero
def multi_state(
    data: pd.DataFrame,
    to: str,
    *,
    initial: str,
    by: str | Sequence[str] | None = None,
    unit: str | None = None,
    cluster: str | None = None,
    start: str = "start",
    stop: str = "stop",
    conf_level: float = 0.95,
    conf_type: LimitKind = "log-log",
) -> MultiStateResult:
    """Estimate which share of all is in which state at each time, with delayed entry and ties.

    Aalen and Johansen's estimator: at each time the share p of the states moves on by p H, where
    H has the share of those at risk in state j that move to state k. A unit is at risk at t in a
    row with ``start < t <= stop``; moves of one time are taken together.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]`` of a unit.
    to : str
        Column that names the state entered at ``stop``, missing where nothing happened.
    initial : str
        The name of the state in which everybody begins, or a column with the state in which each
        row is spent: it must follow from the moves, and tells where each unit begins.
    by : str or list of str, optional
        Columns whose values make the groups.
    unit : str, optional
        Column that names the unit. Without it ``data.attrs["unit"]``, else ``firm_id`` where
        there is such a column, else each row is a unit that begins anew.
    cluster : str, optional
        Column of the clusters of the errors; the unit without it.
    start, stop : str
        Columns of the intervals.
    conf_level : float
        Coverage of the pointwise intervals.
    conf_type : {"log-log", "log", "plain", "arcsine"}
        The scale on which they are symmetric; R's own choice is ``"log"``.

    Returns
    -------
    MultiStateResult
        ``table`` (group, time, state, probability, std_error, lower, upper), ``hazards``,
        ``occupation_at(times)``, ``expected_time(horizon)``, ``plot()``.

    Raises
    ------
    PanelError
        Rows that are no panel or overlap; states that do not follow on each other: a move to
        the state that the unit is in, a column ``initial`` that the moves before contradict.
    FitError
        Nobody moves; a ``conf_level`` outside 0 to 1.

    Warns
    -----
    BelbiotechWarning
        A group in which a transition that others have never happens. The table names a unit whose
        column is gone: each row counts as a unit by itself.

    Notes
    -----
    Errors are the infinitesimal jackknife by cluster, those of R's ``survfit(Surv(start, stop,
    state) ~ 1, id=, istate=, influence=TRUE)``. They take account of the shares at the beginning,
    estimated from those at risk at the first move, where units begin in several states; R's
    own ``std.err`` does not in survival 3.5 without ``influence=TRUE``. R leaves out times at
    which rows only go on.

    What must be true: who enters late, falls silent or is seen with gaps must, in each state, be
    like those who are followed. The process need not be Markov for these shares (Datta and Satten
    2001), if that holds.

    References
    ----------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5. Putter, Fiocco and Geskus
    (2007), Statistics in Medicine 26:2389-2430. Datta and Satten (2001), Statistics and
    Probability Letters 55.

    Examples
    --------
    >>> import pandas as pd
    >>> firms = pd.DataFrame(
    ...     {
    ...         "firm_id": ["a", "a", "b", "c", "c", "d"],
    ...         "start": [0, 2, 0, 1, 3, 0],
    ...         "stop": [2, 5, 3, 3, 4, 4],
    ...         "to": ["listed", "failed", "failed", "listed", None, None],
    ...     }
    ... )
    >>> result = multi_state(firms, "to", initial="private")
    >>> result.occupation_at([2, 3])[["time", "state", "probability", "std_error"]].round(3)
       time    state  probability  std_error
    0   2.0  private         0.75      0.217
    1   2.0   failed         0.00      0.000
    2   2.0   listed         0.25      0.217
    3   3.0  private         0.25      0.217
    4   3.0   failed         0.25      0.217
    5   3.0   listed         0.50      0.250
    """
    check_limit_options(conf_level, conf_type)
    data, groups = as_table(data), as_columns(by)
    unit = joining_unit(data, unit)
    clusters = list(as_cluster_columns(cluster))
    if len(clusters) > 1:
        msg = f"cluster takes one column here, not {len(clusters)}; give the larger clusters"
        raise FitError(msg)
    data = state_rows(
        data, to, initial, unit=unit, columns=clusters, groups=groups, start=start, stop=stop
    )
    paths = state_paths(data, to, initial, unit=unit, start=start, stop=stop)
    codes, labels = group_labels(data, groups)
    refuse_many_groups(labels, groups)
    pairs = paths.transitions()
    parts = groups_of_moves(codes, _moves(paths, data, clusters), labels)
    estimates = tuple(occupation(part, pairs) for part in parts)
    result = MultiStateResult(
        states=paths.states,
        transitions=tuple(paths.name(pair) for pair in pairs),
        estimates=estimates,
        rows=tuple(parts),
        by=tuple(groups),
        unit=unit,
        cluster=clusters[0] if clusters else unit,
        conf_level=conf_level,
        conf_type=conf_type,
    )
    _tell_of_unseen(result)
    return result


def _moves(paths: StatePaths, data: pd.DataFrame, clusters: list[str]) -> Moves:
    cluster = cluster_codes(data, clusters)[0] if clusters else paths.unit
    return Moves(
        group="all",
        start=paths.start,
        stop=paths.stop,
        state=paths.state,
        to=paths.to,
        cluster=cluster.astype(np.int64),
        n_states=len(paths.states),
    )


def _tell_of_unseen(result: MultiStateResult) -> None:
    lines = []
    for estimate in result.estimates:
        total = estimate.moved.sum(axis=0)
        unseen = [t for t, n in zip(result.transitions, total, strict=True) if not n]
        if unseen:
            lines.append(
                f"group {estimate.group!r} never moves {', '.join(unseen)}: that hazard is 0 there"
            )
    if lines:
        warn("\n".join(lines))
