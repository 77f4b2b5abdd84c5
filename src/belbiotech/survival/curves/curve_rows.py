"""Rows as curves and their tests take them, wherever they are; and the variances of curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from belbiotech.survival.curves.group_variances import group_variances, unit_of_errors
from belbiotech.survival.curves.held_variances import held_variances
from belbiotech.survival.curves.influence import Variances, risk_set_variances, row_variances
from belbiotech.survival.curves.risk_tables import RiskTable, whole_weights
from belbiotech.survival.engines.held import CountedRows, counted_rows
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.engines.sources import is_held
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.plain import plain_table
from belbiotech.survival.rows.units import refuse_overlaps, unit_to_check

__all__ = ["curve_rows", "curve_variances"]


def curve_rows(
    data: Any,
    outcomes: Sequence[str],
    groups: Sequence[str],
    *,
    cluster: Sequence[str],
    unit: str | None,
    weights: str | None,
    start: str,
    stop: str,
    one_fate: bool = False,
) -> tuple[CountedRows, str | None]:
    """Check rows, and count them where an engine holds them.

    Parameters
    ----------
    data : DataFrame, or what `is_held` knows
        As the caller was given it.
    outcomes, groups, cluster : sequence of str
        Columns of 0/1; those whose values make groups or strata; clusters.
    unit, weights : str or None
        Columns.
    start, stop : str
        Columns of the intervals.
    one_fate : bool
        Whether an engine checks that at most one outcome is 1 in a row; rows in memory are the
        caller's to check.

    Returns
    -------
    CountedRows
        With rows that are checked; ``whole_weights`` is known of rows in memory, too.
    str or None
        The unit by which errors are clustered, as of `unit_of_errors`.

    Raises
    ------
    PanelError, EngineError
        As `check_rows` and `counted_rows`; rows of a unit that overlap.
    """
    given = data if is_held(data) else as_table(data)
    whose = unit_to_check(given, unit, cluster)
    rows = counted_rows(
        given,
        Reading(
            outcomes=tuple(outcomes),
            columns=tuple(dict.fromkeys(groups)),
            beside=tuple(cluster),
            start=start,
            stop=stop,
            weights=weights,
            one_fate=one_fate,
            unit=whose,
            errors_by_unit=not cluster,
        ),
    )
    if rows.held is not None:
        named = plain_table(rows.data, groups, groups=groups)
        return replace(rows, data=named), rows.unit_of_errors
    checked = check_rows(
        rows.data,
        outcomes,
        start=start,
        stop=stop,
        columns=[*cluster, *([] if whose is None else [whose])],
        groups=groups,
        weights=weights,
    )
    refuse_overlaps(checked, whose, start, stop)
    checked, own = unit_of_errors(
        checked, unit, cluster=cluster, weights=weights, start=start, stop=stop
    )
    return replace(rows, data=checked, whole_weights=whole_weights(checked, weights)), own


def curve_variances(
    rows: CountedRows,
    tables: Sequence[RiskTable],
    outcomes: Sequence[str],
    groups: Sequence[str],
    *,
    cluster: Sequence[str],
    unit: str | None,
    start: str,
    stop: str,
) -> list[Variances]:
    """Give each group's variances: robust with clusters, or with weights that do not count rows.

    Parameters
    ----------
    rows : CountedRows
        From `curve_rows`.
    tables : sequence of RiskTable
        The groups' numbers.
    outcomes, groups, cluster : sequence of str
        As of `curve_rows`.
    unit : str or None
        The unit of the errors, from `curve_rows`: the cluster where weights are broken and none is
        given, so that cutting a unit's rows changes no error. Without it each row is one.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    list of Variances
        One for each group.
    """
    if not cluster and rows.whole_weights:
        return [risk_set_variances(table) for table in tables]
    if not cluster and unit is None:
        return [row_variances(table) for table in tables]
    if rows.held is not None:
        return held_variances(rows, rows.held, tables, groups, cluster=cluster, unit=unit)
    return group_variances(
        rows.data,
        tables,
        outcomes,
        groups,
        cluster=cluster,
        unit=unit,
        weights=rows.weights,
        start=start,
        stop=stop,
    )
