"""Fine and Gray's model: what covariates do to the cumulative incidence of one fate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, warn
from belbiotech.survival.competing.subdistribution import weighted_rows
from belbiotech.survival.cox.estimate import fit_cox
from belbiotech.survival.cox.partial_likelihood import Ties
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.cox.rows import CoxCall
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.inference.fitted import Shown, clusters_counted
from belbiotech.survival.inference.model_column import ModelColumn, clusters_in_words, estimates_of
from belbiotech.survival.inference.prediction import Prediction
from belbiotech.survival.inference.report import Report, coefficient_table
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.rows.checks import FloatArray, check_rows, refuse_no_weight
from belbiotech.survival.rows.clusters import as_cluster_columns
from belbiotech.survival.rows.column_codes import numbered
from belbiotech.survival.rows.column_names import as_columns
from belbiotech.survival.rows.door import as_table, row_labels
from belbiotech.survival.rows.fates import check_fates, check_outcome_names
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.spells import join_rows
from belbiotech.survival.rows.units import joining_unit

if TYPE_CHECKING:
    pass

__all__ = ["FineGrayResult", "fine_gray"]

RATIO = "subdistribution hazard ratio"
SPELL, WEIGHT = "(spell)", "(weight)"
WHY_FIXED = (
    "Fine and Gray's model keeps units at risk after a competing event, where a covariate that "
    "changes has no value any more: take its value at entry (data.groupby(unit)[column]"
    ".transform('first')), or use cox_causes() for the hazard of each fate, which takes rows that "
    "change and rows with gaps"
)


@dataclass(frozen=True, repr=False)
class FineGrayResult(Shown):
    """A fitted model of Fine and Gray.

    Attributes
    ----------
    fit : CoxResult
        The Cox model of the weighted rows.
    outcome : str
        The fate of interest.
    competing : tuple of str
        The others.
    n_rows, n_units, n_events, n_competing : int
        Rows of the data, units after joining them, and their fates.
    cluster : tuple of str
        Columns of the clusters; the unit where none was given.
    ends : (float, float)
        First entry and last exit.
    """

    fit: CoxResult
    outcome: str
    competing: tuple[str, ...]
    n_rows: int
    n_units: int
    n_events: int
    n_competing: int
    cluster: tuple[str, ...]
    ends: tuple[float, float]

    @property
    def log_likelihood_null(self) -> float:
        """The same with all coefficients zero."""
        return self.fit.log_likelihood_null

    @property
    def events_per_parameter(self) -> float:
        """Events of interest for each coefficient; under ten, estimates are unreliable."""
        estimated = len(self.fit.fit.params)
        return self.n_events / estimated if estimated else np.inf

    @property
    def wald_test(self) -> TestResult:
        """All coefficients zero: robust Wald test."""
        return self.fit.wald_test

    def _summary(self, conf_level: float) -> pd.DataFrame:
        errors, naive = self.standard_errors, self.naive_standard_errors
        table = coefficient_table(self.params, errors, naive, RATIO, conf_level)
        return table.rename_axis("covariate")

    @property
    def baseline_cumulative_hazard(self) -> pd.DataFrame:
        """Cumulative subdistribution hazard with covariates at zero: time, hazard."""
        return self.fit.baseline_cumulative_hazard.drop(columns="stratum")

    def predict_incidence(self, rows: pd.DataFrame, *, conf_level: float = 0.95) -> Prediction:
        """Probability of the fate by each time, for fixed covariates.

        Parameters
        ----------
        rows : DataFrame
            The formula's columns, one row for each prediction.
        conf_level : float
            Coverage of the pointwise intervals.

        Returns
        -------
        Prediction
            A DataFrame with ``plot()``, plain as ``table``.
            Columns id (the row's index label), time, estimate, std_error, lower, upper.

        Raises
        ------
        PanelError, FormulaError
            Missing values, missing columns, levels that were not in the data.
        """
        rows, interval = as_table(rows), self.fit.fit.rows
        path: dict[str, Any] = {interval.start: self.ends[0], interval.stop: self.ends[1]}
        path["id"] = np.arange(len(rows))
        free = self.fit.predict_survival(rows.assign(**path), conf_level=conf_level)
        found = pd.DataFrame(
            {
                "id": row_labels(rows)[free["id"].to_numpy(dtype=int)],
                "time": free["time"],
                "estimate": 1 - free["estimate"],
                "std_error": free["std_error"],
                "lower": 1 - free["upper"],
                "upper": 1 - free["lower"],
            }
        )
        return Prediction.of(found, "incidence")

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: one column."""
        return [
            ModelColumn(
                name=self.outcome,
                ratio=RATIO,
                estimates=estimates_of(self.params, self.standard_errors, conf_level),
                references=dict(self.fit.fit.matrix.references),
                events=self.n_events,
                rows=self.n_rows,
                units=self.n_units,
                clusters=self.n_clusters,
                log_likelihood=self.log_likelihood,
                errors=clusters_in_words(self.cluster, "clustered by unit"),
            )
        ]

    def _report(self) -> Report:
        shown = ["coef", RATIO, "se(coef)", f"{RATIO} lower 95%", f"{RATIO} upper 95%", "z", "p"]
        others = ", ".join(self.competing)
        formula = self.fit.fit.rows.formula.text
        title = f"Fine and Gray's model: {formula} (competing: {others})"
        size = f"N = {self.n_rows:,d} rows of {self.n_units:,d} units; {self.n_events:,d} "
        size += f"{self.outcome}, {self.n_competing:,d} competing"
        if not len(self.params):
            return Report(title, self.summary[shown], (size,))
        clusters = " and ".join(self.cluster) or "unit"
        errors = f"errors clustered by {clusters} ({clusters_counted(self.fit.fit.clusters)})"
        per = f"Events per coefficient {self.events_per_parameter:.1f}"
        return Report(title, self.summary[shown], (f"{size}; {errors}", per))


@all_from_zero
def fine_gray(
    formula: str,
    data: pd.DataFrame,
    competing: str | Sequence[str],
    *,
    ties: Ties = "efron",
    strata: str | Sequence[str] | None = None,
    weight_strata: str | Sequence[str] | None = None,
    weights: str | None = None,
    unit: str | None = None,
    cluster: str | Sequence[str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> FineGrayResult:
    """Fit the hazard of the subdistribution of one fate, with delayed entry.

    A unit that met a competing fate stays at risk, with the probability that it would still have
    been seen: not censored, and already entered (Geskus 2011). The weights are those of R's
    ``finegray``, and the Cox model of the weighted rows that of ``coxph(..., weights = fgwt)``.
    They suppose that within the strata entry and censoring do not depend on the covariates.

    Parameters
    ----------
    formula : str
        ``"outcome ~ covariates"``, as in `cox`; the covariates fixed over a unit's life.
    data : DataFrame
        One row for each interval ``(start, stop]``; rows of a unit follow on each other.
    competing : str or sequence of str
        Columns of 0/1: fates that keep the outcome from happening.
    ties : {"efron", "breslow"}
        What to do with events at the same time.
    strata : str or sequence of str, optional
        Columns whose combinations have baselines of their own, and entry and censoring of their
        own, as ``strata()`` in both of R's calls; fixed over a unit's life.
    weight_strata : str or sequence of str, optional
        Columns within which entry and censoring are estimated; by default those of `strata`. Give
        the covariates on which entry depends, to keep the test of their effects honest.
    weights : str, optional
        Column of case weights, above 0 and fixed over a unit's life: they multiply those of the
        risk sets, which do not depend on them, as in R's ``finegray``.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``; where there is neither, each row is a unit by itself.
    cluster : str or sequence of two str, optional
        Errors robust to dependence within clusters; by unit where none is given, since the
        weighted rows of a unit are never independent.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    FineGrayResult
        Coefficients (``exp(coef)`` is a subdistribution hazard ratio), ``predict_incidence``.

    Raises
    ------
    FormulaError
        A formula that cannot be read or names unknown columns.
    PanelError
        Rows that are no panel, a row with two fates, an event before a unit's last row, a gap.
    FitError
        A covariate that changes over time, a fate that never happens, constant or collinear
        covariates, separation, a weight of 0.

    Warns
    -----
    BelbiotechWarning
        Fewer than ten events for each coefficient; a level of a factor without an event of the
        fate, as in `cox`. A time after which nobody is seen who was seen
        before, and more than one unit is: competing events before it are not carried on. The
        table names a unit whose column is gone: each row counts as a unit by itself.

    Notes
    -----
    R's ``finegray`` leaves out the weights for entry where no unit enters after the first time
    at which a unit leaves; here they stay in, which matters only if units enter at that very
    time. Where a unit enters after all others have left, ``finegray`` spreads its weights over a
    time that it knows nothing of; here it changes nothing. ``cmprsk::crr`` takes no entries, has
    Breslow's ties, and errors that count the estimation of the weights; its coefficients are the
    same where no times are tied.

    References
    ----------
    Fine and Gray (1999), Journal of the American Statistical Association 94.
    Geskus (2011), Biometrics 67.

    Examples
    --------
    >>> from belbiotech import fine_gray, simulate_panel
    >>> panel = simulate_panel(400, seed=1)
    >>> result = fine_gray("failure ~ C(origin)", panel, "acquisition")
    >>> result.summary[["coef", "subdistribution hazard ratio", "se(coef)"]].round(3)
                                      coef  subdistribution hazard ratio  se(coef)
    covariate
    C(origin)[T.independent]        -0.265                         0.767     0.194
    C(origin)[T.university_spinoff] -0.467                         0.627     0.183
    """
    parsed = read_formula(formula)
    others = check_outcome_names([competing] if isinstance(competing, str) else competing, 1)
    outcomes = check_outcome_names([parsed.outcome, *others])
    clusters = as_cluster_columns(cluster)
    groups = as_columns(strata, "strata")
    apart = groups if weight_strata is None else as_columns(weight_strata, "weight_strata")
    named = [*groups, *apart]
    columns = [*parsed.columns, *clusters]
    data = as_table(data)
    unit = joining_unit(data, unit)
    data = check_rows(
        data,
        outcomes,
        start=start,
        stop=stop,
        columns=columns,
        groups=named,
        weights=weights,
        unit=unit,
    )
    columns += named
    if weights is not None:
        refuse_no_weight(data, weights)
        columns.append(weights)
    check_fates(data, outcomes)
    spells = join_rows(
        data, unit, outcomes, columns, why=WHY_FIXED, gaps=False, start=start, stop=stop
    )
    weighted = _weighted(spells, outcomes, apart, weights, start, stop)
    call = CoxCall(
        formula=parsed,
        ties=ties,
        strata=tuple(groups),
        weights=WEIGHT,
        cluster=clusters or (SPELL,),
        start=start,
        stop=stop,
        overlap="allow",  # of a unit's own rows it was refused above
        leave_out=True,
        pieces=SPELL,
    )
    return FineGrayResult(
        fit=CoxResult(fit_cox(weighted, call)),
        outcome=parsed.outcome,
        competing=tuple(others),
        n_rows=len(data),
        n_units=len(spells),
        n_events=int(spells[parsed.outcome].astype(bool).sum()),
        n_competing=int(spells[others].astype(bool).to_numpy().sum()),
        cluster=clusters or (() if unit is None else (unit,)),
        ends=(float(spells[start].min()), float(spells[stop].max())),
    )


def _weighted(
    spells: pd.DataFrame,
    outcomes: Sequence[str],
    apart: Sequence[str],
    weights: str | None,
    start: str,
    stop: str,
) -> pd.DataFrame:
    """Lay out the spells' weighted rows as a table for the Cox model."""
    clash = {SPELL, WEIGHT} & set(spells.columns)
    if clash:
        msg = f"the columns {SPELL!r} and {WEIGHT!r} are made here; rename yours"
        raise FitError(msg)
    kind = np.zeros(len(spells), dtype=np.int64)
    for k, name in enumerate(outcomes, start=1):
        kind[spells[name].to_numpy(dtype=bool)] = min(k, 2)
    begin, end = (spells[name].to_numpy(dtype=float) for name in (start, stop))
    times = np.unique(end[kind == 1])
    codes, number = numbered([spells[name] for name in apart]) if apart else (np.zeros(len(end)), 1)
    parts = []
    for group in range(number):
        here = np.flatnonzero(codes == group)
        rows = weighted_rows(begin[here], end[here], kind[here], times)
        _tell_of_unlinked(rows.unlinked, begin[here], end[here])
        table = spells.iloc[here[rows.spell]]
        case = 1.0 if weights is None else table[weights].to_numpy(dtype=float)
        parts.append(
            table.assign(
                **{
                    start: rows.start,
                    stop: rows.stop,
                    outcomes[0]: rows.event,
                    SPELL: here[rows.spell],
                    WEIGHT: rows.weight * case,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _tell_of_unlinked(unlinked: FloatArray, begin: FloatArray, end: FloatArray) -> None:
    """Warn of competing events that are not carried on, where that makes a difference.

    A unit that is seen alone is its own risk set, and tells nothing with or without them.
    """
    if not len(unlinked):
        return
    alone = np.array([not (end[begin < time] > time).any() for time in np.unique(begin)])
    again = np.unique(begin)[alone]
    time = again[again >= unlinked.min()][0]
    later = int((begin >= time).sum())
    if later > 1:
        warn(
            f"nobody seen before time {time:g} is seen after it, where {later} units enter: the "
            f"{len(unlinked)} competing events before it cannot be weighted there, and are not in "
            "the risk sets from that time on"
        )
