"""Gray's test of one cumulative incidence in all groups, with delayed entry."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.curves.group_times import GroupedStrata, GroupTimes, grouped_strata
from belbiotech.survival.curves.logrank import chi_square
from belbiotech.survival.curves.risk_tables import whole_weights
from belbiotech.survival.curves.weightings import check_powers
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.rows.checks import FloatArray, check_rows
from belbiotech.survival.rows.column_names import as_columns, check_one_name
from belbiotech.survival.rows.fates import check_fates, check_outcome_names
from belbiotech.survival.rows.from_zero import all_from_zero

__all__ = ["gray_test"]

MOST_NUMBERS = 20_000_000  # times by groups by groups, of which the variance holds some arrays


@dataclass(frozen=True)
class _Numbers:
    """One stratum at its event times, by group.

    Attributes
    ----------
    at_risk, of_interest, competing : array of float, (t, g)
        Y, and the events of the two kinds.
    survival_before, survival : array of float, (t, g)
        Kaplan-Meier of either fate, just before and at each time.
    incidence_before : array of float, (t, g)
        Of the fate of interest.
    """

    at_risk: FloatArray
    of_interest: FloatArray
    competing: FloatArray
    survival_before: FloatArray
    survival: FloatArray
    incidence_before: FloatArray


@all_from_zero
def gray_test(
    data: pd.DataFrame,
    outcome: str,
    competing: str | Sequence[str],
    by: str | Sequence[str],
    *,
    rho: float = 0.0,
    strata: str | Sequence[str] | None = None,
    weights: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> TestResult:
    """Test whether groups have the same cumulative incidence of one fate among several.

    Gray's (1988) test compares subdistribution hazards. A group's number at risk for them is
    ``Y (1 - F) / S`` just before a time, with Y at risk, S free of any fate and F the incidence.
    With delayed entry ``Y / S`` goes on being the (scaled) number under observation then, alive
    or not, so that the same formulas hold with ``start < t <= stop`` in Y (Geskus 2011); without
    delayed entry it is the test of R's ``cmprsk::cuminc``.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]``.
    outcome : str
        Column of 0/1 or bool: the fate of interest.
    competing : str or list of str
        Columns of the other fates.
    by : str or list of str
        Columns whose values make the groups.
    rho : float
        Weight ``(1 - F) ** rho``, F the incidence in all groups together: 0 for the plain test.
    strata : str or list of str, optional
        Columns within whose values groups are compared.
    weights : str, optional
        Column of whole numbers: each row counts as that many. For other weights fit `fine_gray`
        with the groups as a factor, whose Wald test is robust.
    start, stop : str
        Columns of the intervals.

    Returns
    -------
    TestResult
        ``statistic``, ``df``, ``p_value``; ``table`` with rows, observed and expected events of
        interest by group (weighted, where rho is not 0).

    Raises
    ------
    PanelError
        Rows that are no panel; a row with two fates; arguments that are no names of columns.
    FitError
        Fewer than two groups; an outcome that never happens; a group in which all at risk have
        had a fate while others enter later, since ``Y / S`` then does not exist; a rho that is
        negative or no number; weights that are not whole; no event while two groups are at risk.

    References
    ----------
    Gray (1988), Annals of Statistics 16. Geskus (2011), Biometrics 67.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import gray_test
    >>> firms = pd.DataFrame(
    ...     {
    ...         "start": [0, 0, 1, 2, 0, 0, 0, 1],
    ...         "stop": [2, 4, 3, 5, 6, 5, 6, 4],
    ...         "failure": [1, 0, 1, 0, 0, 1, 0, 0],
    ...         "acquisition": [0, 0, 0, 0, 0, 0, 0, 1],
    ...         "allied": ["no", "yes", "no", "yes", "no", "no", "yes", "yes"],
    ...     }
    ... )
    >>> gray_test(firms, "failure", "acquisition", "allied")
    Gray's test of failure beside acquisition by allied: chi-square 3.344 on 1 df, p = 0.0675
    group  rows  observed  expected
       no     4       3.0  1.428571
      yes     4       0.0  1.571429
    """
    check_one_name(outcome=outcome)
    others, groups = as_columns(competing, "competing"), as_columns(by)
    within = as_columns(strata, "strata")
    check_powers(rho=rho)
    names = check_outcome_names([outcome, *others])
    data = check_rows(
        data, names, start=start, stop=stop, groups=[*groups, *within], weights=weights
    )
    _refuse_broken_weights(data, weights)
    check_fates(data, names)
    # All competing fates are one: what counts is that they end the row's unit.
    fates = data.assign(**{others[0]: data[others].astype(bool).any(axis=1)})
    pair = [outcome, others[0]]
    grouped = grouped_strata(fates, pair, by, strata, weights=weights, start=start, stop=stop)
    _refuse_many_numbers(grouped)
    numbers = [_numbers(stratum, grouped.labels) for stratum in grouped.strata if len(stratum.time)]
    scores = [_scores(stratum, rho) for stratum in numbers]
    observed = np.sum([observed for observed, _ in scores], axis=0)
    expected = np.sum([expected for _, expected in scores], axis=0)
    variance = np.sum([_variance(stratum, rho) for stratum in numbers], axis=0)
    statistic, df, p_value = chi_square(observed - expected, variance, None)
    table = pd.DataFrame(
        {
            "group": grouped.labels,
            "rows": grouped.rows.astype(int),
            "observed": observed,
            "expected": expected,
        }
    )
    return TestResult(statistic, df, p_value, _title(outcome, others, groups, within), table)


def _refuse_broken_weights(data: pd.DataFrame, weights: str | None) -> None:
    if not whole_weights(data, weights):
        first = data[weights][data[weights] % 1 != 0]
        msg = (
            f"weights {weights!r} are no whole numbers in {len(first)} rows, such as "
            f"{first.iloc[0]:g}: Gray's variance counts units. Fit fine_gray(..., weights="
            f"{weights!r}) with the groups as a factor, whose Wald test is robust"
        )
        raise FitError(msg)


def _refuse_many_numbers(grouped: GroupedStrata) -> None:
    """Refuse what would fill the memory: the variance needs times by groups by groups."""
    times = max(len(stratum.time) for stratum in grouped.strata)
    groups = len(grouped.labels)
    if times * groups**2 > MOST_NUMBERS:
        msg = (
            f"{groups:,} groups at {times:,} times are more than Gray's test can be computed of: "
            "name a column with fewer values, or round the times"
        )
        raise FitError(msg)


def _numbers(stratum: GroupTimes, labels: list[Hashable]) -> _Numbers:
    """Estimate each group's curves at all event times of the stratum."""
    at_risk, (of_interest, competing) = stratum.at_risk, stratum.events
    n = np.where(at_risk > 0, at_risk, 1.0)
    survival = np.cumprod(1 - (of_interest + competing) / n, axis=0)
    survival_before = np.vstack([np.ones(len(labels)), survival[:-1]])
    incidence = np.cumsum(survival_before * of_interest / n, axis=0)
    for k, label in enumerate(labels):
        again = (survival_before[:, k] == 0) & (at_risk[:, k] > 0)
        if again.any():
            gone = stratum.time[np.argmax(survival[:, k] == 0)]
            msg = (
                f"in group {label!r} all at risk at time {gone:g} had a fate, and others enter "
                f"later: its number under observation cannot be told. Test the rows from there on: "
                f"those with start >= {gone:g}"
            )
            raise FitError(msg)
    return _Numbers(
        at_risk=at_risk,
        of_interest=of_interest,
        competing=competing,
        survival_before=survival_before,
        survival=survival,
        incidence_before=np.vstack([np.zeros(len(labels)), incidence[:-1]]),
    )


def _under_observation(numbers: _Numbers) -> FloatArray:
    """Y / S just before each time, (t, g); 0 where nobody is at risk."""
    shape = numbers.at_risk.shape
    return np.divide(
        numbers.at_risk, numbers.survival_before, out=np.zeros(shape), where=numbers.at_risk > 0
    )


def _pooled_incidence(numbers: _Numbers) -> tuple[FloatArray, FloatArray]:
    """Incidence of interest in all groups together under the hypothesis, before and at a time."""
    observed = _under_observation(numbers).sum(axis=1)
    incidence = np.cumsum(numbers.of_interest.sum(axis=1) / observed)
    return np.concatenate([[0.0], incidence[:-1]]), incidence


def _scores(numbers: _Numbers, rho: float) -> tuple[FloatArray, FloatArray]:
    """Observed and expected events of interest by group (Gray 1988)."""
    before, _ = _pooled_incidence(numbers)
    weight = (1 - before) ** rho
    share = _under_observation(numbers) * (1 - numbers.incidence_before)
    share = share / share.sum(axis=1, keepdims=True)
    observed = weight @ numbers.of_interest
    expected = (weight * numbers.of_interest.sum(axis=1)) @ share
    return observed, expected


def _variance(numbers: _Numbers, rho: float) -> FloatArray:
    """Variance of observed less expected, (g, g) (Gray 1988, section 2).

    With R = Y / S by group and R. its sum, and the pooled F under the hypothesis:
    a_ik = (1 - F_)^rho R_i ((i = k) - R_k / R.), and c_ik(t) the sum of a_ik dF / (1 - F_) to t.
    The score of group i is a sum of martingale increments of both kinds of events in each group
    k, with coefficients a_ik + b_k (c_ik(end) - c_ik(t)), where b = 1 - (1 - F) / S for the fate
    of interest, and (c_ik(end) - c_ik(t)) (1 - F) / S for the others.
    """
    observed = _under_observation(numbers)
    total = observed.sum(axis=1)
    before, after = _pooled_incidence(numbers)
    deaths = numbers.of_interest.sum(axis=1)
    share = observed / total[:, None]
    a = observed[:, :, None] * (np.eye(observed.shape[1]) - share[:, None, :])
    a *= ((1 - before) ** rho)[:, None, None]
    c = np.cumsum(a * (deaths / total / (1 - before))[:, None, None], axis=0)
    to_come = c[-1] - c
    ratio = np.zeros_like(observed)  # (1 - F) / S
    np.divide((1 - after)[:, None], numbers.survival, out=ratio, where=numbers.survival > 0)
    b = np.where(numbers.survival > 0, 1 - ratio, 1.0)
    spread, others = _increment_variances(numbers, total, deaths)
    e = a + b[:, None, :] * to_come
    variance = np.einsum("tik,tjk,tk->ij", e, e, spread)
    e = ratio[:, None, :] * to_come
    variance += np.einsum("tik,tjk,tk->ij", e, e, others)
    return np.asarray(variance, dtype=np.float64)


def _increment_variances(
    numbers: _Numbers, total: FloatArray, deaths: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Variances of dF in each group, (t, g), from each kind of events, corrected for ties."""
    at_risk, before = numbers.at_risk, numbers.survival_before
    n = np.where(at_risk > 0, at_risk, 1.0)
    expected = total[:, None] * before
    ties = np.where(deaths[:, None] > 1, deaths[:, None] - 1, 0.0)
    fewer = 1 - np.divide(ties, expected - 1, out=np.zeros_like(n), where=ties > 0)
    of_interest = fewer * before * deaths[:, None] / (total[:, None] * n) * (at_risk > 0)
    ties = np.where(numbers.competing > 1, numbers.competing - 1, 0.0)
    fewer = 1 - np.divide(ties, n - 1, out=np.zeros_like(n), where=ties > 0)
    return of_interest, fewer * before**2 * numbers.competing / n**2


def _title(outcome: str, competing: list[str], by: list[str], strata: list[str]) -> str:
    within = f" within {', '.join(strata)}" if strata else ""
    return f"Gray's test of {outcome} beside {', '.join(competing)} by {', '.join(by)}{within}"
