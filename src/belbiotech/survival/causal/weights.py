"""Weights for an exposure that changes, and for units that fall silent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words, is_one_of, nearest_names, warn
from belbiotech.survival.causal.histories import histories
from belbiotech.survival.causal.probabilities import Family, prepare_model
from belbiotech.survival.causal.weight_models import (
    Entry,
    Kind,
    Truncate,
    WeightPlan,
    check_truncation,
    exposure_plan,
    right_side,
)
from belbiotech.survival.causal.weights_result import ExposureWeights
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.path_checks import plain
from belbiotech.survival.rows.units import needed_unit

__all__ = ["censoring_weights", "exposure_weights"]

FAR = 0.2  # how far from 1 the mean of stabilised weights may be
HEAVY = 0.1  # share of all weight of one unit


@all_from_zero
def exposure_weights(
    data: pd.DataFrame,
    exposure: str,
    denominator: str,
    numerator: str | None = None,
    *,
    unit: str | None = None,
    kind: Kind | None = None,
    link: str = "logit",
    truncate: Truncate = None,
    entry: Entry = "model",
    start: str = "start",
    stop: str = "stop",
) -> ExposureWeights:
    """Weight rows by the inverse probability of the exposure history that they have.

    In the weighted rows the exposure no longer depends on the covariates of the denominator: firms
    with and without alliances are alike in them, at each age, as if alliances had been dealt out.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]`` of a unit.
    exposure : str
        Column of the exposure during the interval, known at its beginning.
    denominator : str
        Right side of a formula: all that drives the exposure, as known before it, and time;
        ``"listed_lag1 + C(start)"``.
    numerator : str, optional
        Right side for stabilised weights: time, and covariates that never change and stand in
        the model of the outcome too. Without it weights are 1 over the denominator's probability,
        whose mean is not 1 and which vary more.
    unit : str, optional
        Column that names the unit. Without it ``data.attrs["unit"]``, else ``firm_id``.
    kind : {"starts", "switches", "ordinal", "counts"}, optional
        A status that starts once and stays (a first alliance): modelled in the rows up to its
        start, 1 from then on. A status that starts and stops; grades (cumulative logit); or
        numbers (Poisson): modelled in all rows, so that the value of the row before belongs into
        both sides, as a column of its own. By default as the column is: 0/1 that never falls
        starts, other 0/1 switches, other numbers are counts.
    link : {"logit", "cloglog"}
        Of a status.
    truncate : float or (float, float), optional
        Quantiles beyond which weights are set to these: ``(0.01, 0.99)``, or 0.01 for both.
        Less variance for some bias (Cole and Hernan 2008).
    entry : {"model", "given"}
        Whether the exposure of a unit's first row is modelled, as coming from no exposure before,
        or taken as given: for units that enter late with an exposure from unseen years.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    ExposureWeights
        ``weights``, ``model``, ``by_age``, ``effective_sample_size``, ``positivity``, ``balance``,
        ``plot()``.

    Raises
    ------
    PanelError
        Rows that are no panel, an exposure that is no number or does not fit its kind.
    FormulaError
        A side that cannot be read, or has the exposure itself.
    FitError
        An exposure that is constant, or known from the covariates; an unknown option.

    Warns
    -----
    BelbiotechWarning
        Stabilised weights with a mean further than 0.2 from 1; a single unit with more than a
        tenth of all weight; units that enter late with the exposure, with ``entry="model"``.

    Notes
    -----
    What must be true for a difference in the weighted rows to be an effect: (1) the denominator
    has everything that moves both the exposure and the outcome, as it was before the exposure was
    decided (no unmeasured confounding); (2) whatever the past, some units get the exposure and
    some do not (positivity: see ``positivity``); (3) the exposure means the same for all; (4) the
    model of the exposure is right. Only (2) and, by ``balance``, part of (4) can be seen.

    Equal to R's ``glm`` and products by unit. Where a cell has nobody, or only, exposed, ``glm``
    gives probabilities such as 1e-9; here they are 0 and 1, and the cells are in ``positivity``.

    References
    ----------
    Robins, Hernan and Brumback (2000), Epidemiology 11:550-560. Cole and Hernan (2008), American
    Journal of Epidemiology 168:656-664.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(300, seed=1)
    >>> panel["allied"] = (panel["alliances_cum_lag1"] > 0).astype(int)
    >>> result = exposure_weights(
    ...     panel, "allied", "listed_lag1 + financing_rounds_cum_lag1 + start", "start"
    ... )
    >>> result.weights.head(3).round(3).tolist()
    [0.992, 0.996, 1.013]
    >>> round(result.effective_sample_size), len(panel)
    (2844, 2962)
    """
    data = as_table(data)
    labels, own = data.index, needed_unit(data, unit)
    data, plan, settled = exposure_plan(
        data,
        exposure,
        denominator,
        numerator,
        unit=own,
        kind=kind,
        link=link,
        truncate=truncate,
        entry=entry,
        start=start,
        stop=stop,
    )
    result = _result(data, labels, exposure, settled, plan, start)
    _warn(result)
    if settled == "starts" and entry == "model":
        _warn_of_late_entries(data, exposure, plan, start)
    return result


@all_from_zero
def censoring_weights(
    data: pd.DataFrame,
    censored: str,
    denominator: str,
    numerator: str | None = None,
    *,
    outcomes: str | Sequence[str] = (),
    unit: str | None = None,
    link: str = "logit",
    truncate: Truncate = None,
    start: str = "start",
    stop: str = "stop",
) -> ExposureWeights:
    """Weight rows by the inverse probability of still being followed.

    Firms that go on being followed stand for those like them that fell silent.

    Parameters
    ----------
    data : DataFrame
        One row for each interval ``(start, stop]`` of a unit.
    censored : str
        Column of 0/1: did the unit fall silent at the end of the row? Not the end of the study,
        which comes for all.
    denominator, numerator : str
        As of `exposure_weights`, for falling silent.
    outcomes : str or sequence of str
        Columns of 0/1: a row that ends with one of them cannot end in silence, and is not modelled.
    unit, link, truncate, start, stop
        As of `exposure_weights`.

    Returns
    -------
    ExposureWeights
        A row's weight is of the rows before it: to be in the data it only had to be followed up to
        its beginning. Multiply with those of the exposure.

    Raises
    ------
    PanelError, FormulaError, FitError
        As `exposure_weights`; a unit with rows after it fell silent.

    Warns
    -----
    BelbiotechWarning
        As `exposure_weights`.

    Notes
    -----
    What must be true: given the covariates of the denominator, who falls silent would have fared
    as those who are followed on (Robins and Finkelstein 2000). That cannot be seen in the data.

    References
    ----------
    Robins and Finkelstein (2000), Biometrics 56:779-788.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame(
    ...     {
    ...         "firm_id": [k for k in range(40) for _ in range(2)],
    ...         "start": [0, 1] * 40,
    ...         "stop": [1, 2] * 40,
    ...         "small": [k % 2 for k in range(40) for _ in range(2)],
    ...         "silent": [int(t == 1 and k % (3 + k % 2) == 0) for k in range(40) for t in (0, 1)],
    ...     }
    ... )
    >>> censoring_weights(rows, "silent", "small").weights.iloc[:4].round(3).tolist()
    [1.0, 1.212, 1.0, 1.0]
    """
    data = as_table(data)
    labels, own = data.index, needed_unit(data, unit)
    fates = as_columns(outcomes, "outcomes")
    cut = check_truncation(truncate)
    data = check_rows(data, [censored, *fates], start=start, stop=stop, columns=[own], unit=own)
    formulas = [right_side("denominator", denominator, data, censored)]
    if numerator is not None:
        formulas.append(right_side("numerator", numerator, data, censored))
    needed = [name for formula in formulas for name in formula.columns]
    data = check_rows(data, [], start=start, stop=stop, columns=needed)
    if not is_one_of(link, ("logit", "cloglog")):
        msg = f"link {in_words(link)} is unknown; {nearest_names(str(link), ['logit', 'cloglog'])}"
        raise FitError(msg)
    value = data[censored].to_numpy(dtype=float)
    past = histories(data, own, start)
    _refuse_rows_after(data, censored, past.before(value) > 0, own)
    used = np.ones(len(data), dtype=bool)
    for fate in fates:
        used &= ~data[fate].to_numpy(dtype=bool)
    family: Family = "cloglog" if link == "cloglog" else "logit"
    table = data[used]
    models = [prepare_model(f, table, value[used], family, censored) for f in formulas]
    plan = WeightPlan(past, used, models[0], models[1] if len(models) > 1 else None, True, cut)
    result = _result(data, labels, censored, "censoring", plan, start)
    _warn(result)
    return result


def _refuse_rows_after(data: pd.DataFrame, censored: str, after: np.ndarray, unit: str) -> None:
    if after.any():
        k = int(np.flatnonzero(after)[0])
        row = plain(data.index[k])
        msg = (
            f"{int(after.sum())} rows come after their unit fell silent, first row {row} "
            f"of {data[unit].tolist()[k]!r}: {censored!r} is 1 in the last row of a unit only"
        )
        raise FitError(msg)


def _result(
    data: pd.DataFrame, labels: pd.Index, exposure: str, kind: str, plan: WeightPlan, start: str
) -> ExposureWeights:
    estimate = plan.estimate()
    columns = list(estimate.denominator.formula.columns)
    table = data[columns].copy()
    table["(start)"], table["(exposure)"] = data[start], data[exposure]
    weights = pd.Series(estimate.value, index=labels, name="weight")
    return ExposureWeights(weights, exposure, kind, estimate, plan, table)


def _warn(result: ExposureWeights) -> None:
    lines = []
    mean = result.weights.mean()
    if result.stabilised and abs(mean - 1) > FAR:
        lines.append(
            f"the mean of the weights for {result.exposure!r} is {mean:.2f}, far from 1: the model "
            "of the exposure does not fit, or in some cells nearly nobody or everybody is exposed; "
            "see .by_age and .positivity before going on"
        )
    unit, share, rows = result.heaviest
    if share > HEAVY and share > 1.5 * rows:
        lines.append(
            f"a single unit, {unit!r}, has {share:.0%} of all weight ({rows:.1%} of the rows): "
            "estimates are its story; look at it, and think of truncate=(0.01, 0.99)"
        )
    if lines:
        warn("\n".join(lines))


def _warn_of_late_entries(data: pd.DataFrame, exposure: str, plan: WeightPlan, start: str) -> None:
    rows = plan.past.first_rows()
    begins = data[start].to_numpy(dtype=float)
    late = (begins[rows] > begins.min()) & (data[exposure].to_numpy(dtype=float)[rows] > 0)
    if late.any():
        warn(
            f"{int(late.sum())} units enter late with {exposure!r} already: it is modelled as if "
            "it had started in their first row; entry='given' takes the exposure of first rows "
            "as it is, and the weights are then of what came after"
        )
