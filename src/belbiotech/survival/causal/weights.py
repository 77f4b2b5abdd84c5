"""Weights for an exposure that changes, and for units that fall silent."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from belbiotech.errors import BelbiotechWarning, FitError, nearest_names
from belbiotech.survival.causal.diagnostics import (
    balance_table,
    by_time,
    effective_size,
    heaviest_unit,
    positivity_table,
)
from belbiotech.survival.causal.histories import histories
from belbiotech.survival.causal.probabilities import Family, Fitted, prepare_model
from belbiotech.survival.causal.weight_models import (
    Entry,
    Kind,
    Truncate,
    WeightPlan,
    Weights,
    check_truncation,
    exposure_plan,
    right_side,
)
from belbiotech.survival.inference.markdown import markdown_table
from belbiotech.survival.rows.checks import FloatArray, check_rows
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.units import needed_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ExposureWeights", "censoring_weights", "exposure_weights"]

FAR = 0.2  # how far from 1 the mean of stabilised weights may be
HEAVY = 0.1  # share of all weight of one unit


@dataclass(frozen=True, repr=False)
class ExposureWeights:
    """Inverse-probability weights and what decides whether one may go on with them.

    Attributes
    ----------
    weights : Series
        The weight of each row, named by the data's index.
    exposure : str
        Column whose history they are of.
    kind : str
        "starts", "switches", "ordinal", "counts", or "censoring".
    estimate : Weights
        The models, and the weights before truncation.
    plan : WeightPlan
        What they were estimated from.
    table : DataFrame
        The rows' beginning, exposure and covariates.
    """

    weights: pd.Series
    exposure: str
    kind: str
    estimate: Weights
    plan: WeightPlan = field(repr=False)
    table: pd.DataFrame = field(repr=False)

    @property
    def model(self) -> Fitted:
        """The model of the denominator: the exposure given all that drives it."""
        return self.estimate.denominator

    @property
    def numerator_model(self) -> Fitted | None:
        """The model of the numerator; None where weights are not stabilised."""
        return self.estimate.numerator

    @property
    def stabilised(self) -> bool:
        """Whether there is a numerator."""
        return self.estimate.numerator is not None

    @property
    def by_age(self) -> pd.DataFrame:
        """Weights at each time: rows, mean with 95% limits, median, least, most, effective."""
        return by_time(self.weights.to_numpy(), self._time)

    @property
    def effective_sample_size(self) -> float:
        """So many equally weighted rows tell as much: ``(sum w)^2 / sum w^2``."""
        return effective_size(self.weights.to_numpy())

    @property
    def heaviest(self) -> pd.Series:
        """The unit with the largest share of all weight: unit, share of weight, share of rows."""
        past = self.plan.past
        name, share, rows = heaviest_unit(self.weights.to_numpy(), past.unit, past.labels)
        found = {"unit": name, "share_of_weight": share, "share_of_rows": rows}
        return pd.Series(found, dtype=object)

    @property
    def positivity(self) -> pd.DataFrame:
        """Cells of the denominator's covariates, those where nobody or everybody is exposed first.

        Columns: the covariates (numbers with many values in quarters), rows, exposed, share,
        certain. Only rows in which the exposure could differ.
        """
        used = self.table[self.plan.used]
        return positivity_table(used, self.model.formula.columns, self._exposed[self.plan.used])

    @property
    def balance(self) -> pd.DataFrame:
        """Standardised differences of exposed and others, before and after weighting, by age.

        Columns covariate, ages, before, after. After weighting they should be within 0.1, but for
        covariates that the numerator has too: those are left as they are.
        """
        used = self.plan.used
        return balance_table(
            self.table[used],
            self.model.formula,
            self._exposed[used],
            self._time[used],
            self.weights.to_numpy()[used],
        )

    @property
    def summary(self) -> pd.DataFrame:
        """What to look at first: one number a row."""
        w, positivity, balance = self.weights, self.positivity, self.balance
        overall = balance[balance["ages"] == "all"]
        certain = positivity[positivity["certain"] != ""]
        values = {
            "rows": len(w),
            "units": self.plan.past.n_units,
            "mean weight": w.mean(),
            "standard deviation": w.std(),
            "least": w.min(),
            "most": w.max(),
            "effective rows": self.effective_sample_size,
            "largest share of one unit": self.heaviest["share_of_weight"],
            "cells where nobody or everybody is exposed": len(certain),
            "rows in them": certain["rows"].sum(),
            "largest difference before": overall["before"].abs().max(),
            "largest difference after": overall["after"].abs().max(),
        }
        return pd.DataFrame({"value": values})

    def plot(self, which: str = "weights") -> Figure:
        """Draw the weights by age, or the balance of the covariates (love plot).

        Parameters
        ----------
        which : {"weights", "balance"}
            The mean weight with its band and the range of the weights by age; or the
            standardised differences before and after weighting, for all ages together and by band.

        Returns
        -------
        matplotlib Figure
            One axes, or one for each band of age.

        Raises
        ------
        FitError
            Something else.
        """
        from belbiotech.plots.weights import love_plot, weights_by_time

        if which == "weights":
            return weights_by_time(self.by_age, title=f"Weights for {self.exposure}")
        if which == "balance":
            return love_plot(self.balance, title=f"Balance for {self.exposure}")
        msg = f"no figure {which!r}; {nearest_names(which, ['weights', 'balance'])}"
        raise FitError(msg)

    def to_markdown(self) -> str:
        """Write the summary as a Markdown table."""
        return markdown_table(self.summary.reset_index(names="what"))

    def __repr__(self) -> str:
        shown = self.summary.to_string(float_format=lambda value: f"{value:.4g}", header=False)
        return f"{self._title()}\n{shown}"

    def _repr_html_(self) -> str:
        return f"<p>{self._title()}</p>{self.summary.to_html(header=False)}"

    def _title(self) -> str:
        kind = "stabilised" if self.stabilised else "not stabilised"
        given = self.model.formula.right
        return f"Inverse-probability weights of {self.exposure} given {given} ({kind})"

    @property
    def _time(self) -> FloatArray:
        return self.table["(start)"].to_numpy(dtype=float)

    @property
    def _exposed(self) -> FloatArray:
        return self.table["(exposure)"].to_numpy(dtype=float)


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
    own = needed_unit(data, unit)
    plan, settled = exposure_plan(
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
    result = _result(data, exposure, settled, plan, start)
    _warn(result)
    if settled == "starts" and entry == "model":
        _warn_of_late_entries(data, exposure, plan, start)
    return result


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
    own = needed_unit(data, unit)
    fates = as_columns(outcomes or None, "outcomes")
    cut = check_truncation(truncate)
    check_rows(data, [censored, *fates], start=start, stop=stop, columns=[own], unit=own)
    formulas = [right_side("denominator", denominator, data, censored)]
    if numerator is not None:
        formulas.append(right_side("numerator", numerator, data, censored))
    needed = [name for formula in formulas for name in formula.columns]
    check_rows(data, [], start=start, stop=stop, columns=needed)
    if link not in ("logit", "cloglog"):
        msg = f"link {link!r} is unknown; {nearest_names(link, ['logit', 'cloglog'])}"
        raise FitError(msg)
    value = data[censored].to_numpy(dtype=float)
    past = histories(data, own, start)
    _refuse_rows_after(data, censored, past.before(value) > 0, own)
    used = np.ones(len(data), dtype=bool)
    for fate in fates:
        used &= ~data[fate].to_numpy(dtype=bool)
    family: Family = "cloglog" if link == "cloglog" else "logit"
    table = data.loc[used]
    models = [prepare_model(f, table, value[used], family, censored) for f in formulas]
    plan = WeightPlan(past, used, models[0], models[1] if len(models) > 1 else None, True, cut)
    result = _result(data, censored, "censoring", plan, start)
    _warn(result)
    return result


def _refuse_rows_after(data: pd.DataFrame, censored: str, after: np.ndarray, unit: str) -> None:
    if after.any():
        k = int(np.flatnonzero(after)[0])
        msg = (
            f"{int(after.sum())} rows come after their unit fell silent, first row {data.index[k]} "
            f"of {data[unit].tolist()[k]!r}: {censored!r} is 1 in the last row of a unit only"
        )
        raise FitError(msg)


def _result(
    data: pd.DataFrame, exposure: str, kind: str, plan: WeightPlan, start: str
) -> ExposureWeights:
    estimate = plan.estimate()
    columns = list(estimate.denominator.formula.columns)
    table = data[columns].copy()
    table["(start)"], table["(exposure)"] = data[start], data[exposure]
    weights = pd.Series(estimate.value, index=data.index, name="weight")
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
        warnings.warn("\n".join(lines), BelbiotechWarning, stacklevel=3)


def _warn_of_late_entries(data: pd.DataFrame, exposure: str, plan: WeightPlan, start: str) -> None:
    rows = plan.past.first_rows()
    begins = data[start].to_numpy(dtype=float)
    late = (begins[rows] > begins.min()) & (data[exposure].to_numpy(dtype=float)[rows] > 0)
    if late.any():
        warnings.warn(
            f"{int(late.sum())} units enter late with {exposure!r} already: it is modelled as if "
            "it had started in their first row; entry='given' takes the exposure of first rows "
            "as it is, and the weights are then of what came after",
            BelbiotechWarning,
            stacklevel=3,
        )
