"""The Cox model of each competing fate, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, FormulaError
from belbiotech.survival.competing.equal_effects import equal_effects_table
from belbiotech.survival.cox.estimate import cox, read_call
from belbiotech.survival.cox.fit import CoxFit
from belbiotech.survival.cox.partial_likelihood import score_residuals
from belbiotech.survival.cox.residuals import dfbeta
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.cox.rows import reading_of
from belbiotech.survival.engines.held import HeldRows, counted_rows, held_rows
from belbiotech.survival.engines.sources import is_held
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.texts import quoted
from belbiotech.survival.inference.fitted import bic_of, errors_in_words
from belbiotech.survival.inference.model_column import ModelColumn
from belbiotech.survival.inference.report import Ratios, Report, coefficient_table
from belbiotech.survival.inference.variance import clustered_variance
from belbiotech.survival.rows.checks import FloatArray, check_rows
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.fates import check_fates, check_outcome_names

__all__ = ["CoxCausesResult", "cox_causes"]

RATIO = "hazard ratio"


@dataclass(frozen=True, repr=False)
class CoxCausesResult(Ratios):
    """Cox models of competing fates, fitted to the same rows with the same covariates.

    Attributes
    ----------
    results : dict of str to CoxResult
        The model of each outcome.
    right_side : str
        The covariates.
    """

    results: dict[str, CoxResult]
    right_side: str

    @property
    def outcomes(self) -> list[str]:
        """The fates, in the order of the call."""
        return list(self.results)

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates' coefficients."""
        return list(self.params.index)

    @property
    def params(self) -> pd.DataFrame:
        """Coefficients: one row for each covariate, one column for each outcome."""
        return self._beside({name: fit.params for name, fit in self.results.items()})

    def _beside(self, found: dict[str, pd.Series]) -> pd.DataFrame:
        """Put fates side by side; a level without an event is not the same in all."""
        names = dict.fromkeys(name for one in found.values() for name in one.index)
        return pd.DataFrame(found).reindex(list(names))

    @property
    def standard_errors(self) -> pd.DataFrame:
        """Standard errors, laid out as `params`; robust where clusters were given."""
        return self._beside({name: fit.standard_errors for name, fit in self.results.items()})

    @property
    def naive_standard_errors(self) -> pd.DataFrame:
        """Standard errors from the information alone, laid out as `params`."""
        fits = self.results.items()
        return self._beside({name: fit.naive_standard_errors for name, fit in fits})

    @property
    def n_events(self) -> pd.Series:
        """Events by outcome."""
        counts = {name: fit.n_events for name, fit in self.results.items()}
        return pd.Series(counts, name="events")

    @property
    def variance(self) -> pd.DataFrame:
        """Joint variance of all coefficients, outcome after outcome.

        Without clusters the models are independent, since each event belongs to one of them;
        with clusters their covariance is that of the stacked model of Lunn and McNeil (1995).
        """
        fits = {name: result.fit for name, result in self.results.items()}
        pairs = [(name, key) for name, fit in fits.items() for key in fit.params.index]
        index = pd.MultiIndex.from_tuples(pairs, names=["outcome", "covariate"])
        return pd.DataFrame(_joint_variance(list(fits.values())), index, index)

    @property
    def n_rows(self) -> int:
        """Rows of the data, frequencies counted: the same for all outcomes."""
        return next(iter(self.results.values())).n_rows

    @property
    def n_clusters(self) -> int | None:
        """Clusters of the first column, if any were given."""
        return next(iter(self.results.values())).n_clusters

    @property
    def log_likelihood(self) -> float:
        """Partial log likelihood of all outcomes together: that of the stacked model."""
        return float(sum(fit.log_likelihood for fit in self.results.values()))

    @property
    def aic(self) -> float:
        """Akaike's criterion of all outcomes together."""
        return float(sum(fit.aic for fit in self.results.values()))

    @property
    def bic(self) -> float:
        """Bayesian information criterion, as `aic`: a coefficient costs the log of all events."""
        return bic_of(self.aic, self.log_likelihood, self.n_events)

    def summary_at(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Give coefficients, hazard ratios, errors and intervals of some level.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Indexed by outcome and covariate.

        Raises
        ------
        FitError
            Another level than 95% with Firth's penalty, whose profile is of that.
        """
        parts = {name: _coefficients(fit, conf_level) for name, fit in self.results.items()}
        return pd.concat(parts, names=["outcome", "covariate"])

    @property
    def table(self) -> pd.DataFrame:
        """Outcomes side by side, with the p-value of equal effects at the end.

        One row for each covariate; for each outcome its hazard ratio, 95% limits and p. With
        Firth's penalty the limits and p are of the profile, and there is no joint test; nor is
        there of streamed rows with clusters.
        """
        columns = [RATIO, f"{RATIO} lower 95%", f"{RATIO} upper 95%", "p"]
        parts = {name: _coefficients(fit)[columns] for name, fit in self.results.items()}
        side_by_side = pd.concat(parts, axis=1).reindex(self.params.index)
        side_by_side.index.name = "covariate"
        if self._firth or self._without_covariance:
            return side_by_side
        equal = self.test_equal_effects()["p_value"].reindex(side_by_side.index)
        side_by_side["equal effects", "p"] = equal
        return side_by_side

    def test_equal_effects(self) -> pd.DataFrame:
        """Test whether each covariate's hazard ratio is the same for all outcomes.

        Returns
        -------
        DataFrame
            Wald tests from the joint variance: one row for each covariate, and OVERALL; columns
            statistic, df, p_value. A covariate that is not estimable for some fate, since a
            level has no such event, or is compared with other levels, has no test.

        Raises
        ------
        FitError
            Fits with Firth's penalty, whose errors are of no use for a Wald test; fits by clusters
            with ``stream=True``.

        References
        ----------
        Lunn and McNeil (1995), Biometrics 51.
        """
        if self._firth:
            msg = (
                "no test of equal effects with Firth's penalty: it would be a Wald test, where the "
                "penalty is for samples in which those fail; fit without firth=True for it"
            )
            raise FitError(msg)
        names, variance = self._compared(), self.variance
        told = variance.index.get_level_values("covariate").isin(names)
        return equal_effects_table(
            self.params.loc[names].to_numpy().T, variance.loc[told, told].to_numpy(), names
        )

    def _compared(self) -> list[str]:
        """Name the coefficients that all fates have, against the same reference levels."""
        params, references = self.params, [fit.fit.matrix.references for fit in self._fits]
        factors = {key for found in references for key in found}
        differ = [key for key in factors if len({found.get(key) for found in references}) > 1]
        return [
            str(name)
            for name, told in params.abs().lt(np.inf).all(axis=1).items()
            if told and not any(f":{factor}[" in f":{name}" for factor in differ)
        ]

    @property
    def _fits(self) -> list[CoxResult]:
        return list(self.results.values())

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: a column for each outcome."""
        return [
            column
            for fit in self.results.values()
            for column in fit.as_columns(conf_level=conf_level)
        ]

    @property
    def _firth(self) -> bool:
        return any(fit.firth is not None for fit in self.results.values())

    @property
    def _without_covariance(self) -> bool:
        """Whether the models are streamed with clusters, of which no covariance is summed."""
        fit = self._fits[0].fit
        return fit.streamed is not None and bool(fit.rows.cluster)

    def _report(self) -> Report:
        flat = self.table.set_axis([": ".join(pair) for pair in self.table.columns], axis=1)
        first = next(iter(self.results.values()))
        errors = errors_in_words(first.fit.rows.cluster, first.fit.clusters)
        events = ", ".join(f"{count:,d} {name}" for name, count in self.n_events.items())
        notes = [f"N = {first.n_rows:,d} rows; {events}; {errors}"]
        if self._firth:
            notes.append("Firth's penalty: intervals and p-values from its profile")
        elif self._without_covariance:
            notes.append("Rows read in batches, with clusters: no test of equal effects")
        elif self._compared():
            test = self.test_equal_effects().loc["OVERALL"]
            notes.append(
                f"All effects equal: Wald {test['statistic']:.2f} on {test['df']:.0f} df, "
                f"p {test['p_value']:.3g}"
            )
        title = f"Cox models of competing fates: {', '.join(self.outcomes)} ~ {self.right_side}"
        return Report(title, flat.rename_axis("covariate"), tuple(notes))


def cox_causes(
    right_side: str, data: pd.DataFrame | Any, outcomes: Sequence[str], **options: Any
) -> CoxCausesResult:
    """Fit the Cox model to the hazard of each of several fates.

    In the model of one fate the others end a row's time at risk, as censoring does: its
    coefficients are log ratios of the hazard of that fate among those still free of all. What
    they mean for the share that meets it, see `cumulative_incidence` and `fine_gray`.

    Parameters
    ----------
    right_side : str
        The covariates, as right of the tilde in `cox`; the same for all fates.
    data : DataFrame, path or glob of Parquet or CSV files, DuckDB relation, LazyFrame, Ibis table
        One row for each interval ``(start, stop]``.
    outcomes : sequence of str
        Columns of 0/1, of which at most one is 1 in a row.
    **options
        Further arguments of `cox`: ``ties``, ``strata``, ``weights``, ``cluster``, ...

    Returns
    -------
    CoxCausesResult
        ``results`` by outcome, ``table`` side by side, ``test_equal_effects()``.

    Raises
    ------
    FormulaError, FitError
        As `cox`, for any of the fates; a fate that never happens.
    PanelError
        As `cox`; a row with two fates.

    References
    ----------
    Prentice and others (1978), Biometrics 34. Lunn and McNeil (1995), Biometrics 51.

    Examples
    --------
    >>> from belbiotech import cox_causes, simulate_panel
    >>> panel = simulate_panel(400, effect=-0.3, seed=1)
    >>> result = cox_causes(
    ...     "alliances_active_lag1", panel, ["failure", "acquisition"], cluster="firm_id"
    ... )
    >>> result.params.round(3)
                           failure  acquisition
    alliances_active_lag1   -0.199       -0.012
    >>> result.test_equal_effects().round(3)
                           statistic  df  p_value
    covariate
    alliances_active_lag1      1.845   1    0.174
    OVERALL                    1.845   1    0.174
    """
    names = check_outcome_names(outcomes)
    if not isinstance(right_side, str):
        msg = f"the covariates must be a text such as 'C(region) + age', not {right_side!r}"
        raise FormulaError(msg)
    right = right_side.strip().removeprefix("~").strip()
    read_formula(f"{quoted(names[0])} ~ {right}")  # refuses what is a term of cox() alone
    begin, end = options.get("start", "start"), options.get("stop", "stop")
    if is_held(data):
        call = read_call(f"{quoted(names[0])} ~ {right}", **_of_cox(options))
        reading = replace(reading_of(call, data), outcomes=tuple(names), one_fate=True)
        if options.get("stream", False):  # each model checks what it reads, but not who has two
            held_rows(data, replace(reading, unit=None))
        else:
            data = counted_rows(data, reading)
            check_fates(data.data, names)
    else:
        data = as_table(data)
        check_fates(check_rows(data, names, start=begin, stop=end), names)
    results = {name: cox(f"{quoted(name)} ~ {right}", data, **options) for name in names}
    return CoxCausesResult(results, right)


def _of_cox(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out the option that is about how rows are read."""
    return {name: value for name, value in options.items() if name != "stream"}


def _coefficients(fit: CoxResult, conf_level: float = 0.95) -> pd.DataFrame:
    """Give a fit's table of coefficients, with the limits of the profile where it is penalised."""
    errors, naive = fit.standard_errors, fit.naive_standard_errors
    table = coefficient_table(fit.params, errors, naive, RATIO, conf_level)
    if fit.firth is None:
        return table.rename_axis("covariate")
    own = fit.summary_at(conf_level).rename(columns=lambda name: name.replace("exp(coef)", RATIO))
    return own[list(table.columns)]


def _joint_variance(fits: Sequence[CoxFit]) -> FloatArray:
    """Put the models' variances on the diagonal, and with clusters their covariance beside."""
    if not fits[0].rows.cluster:
        blocks = [fit.variance.to_numpy() for fit in fits]
        sizes = [len(block) for block in blocks]
        joint = np.zeros((sum(sizes), sum(sizes)))
        for k, block in enumerate(blocks):
            here = slice(sum(sizes[:k]), sum(sizes[: k + 1]))
            joint[here, here] = block
        return joint
    if fits[0].streamed is not None:
        msg = (
            "the models' covariance by clusters needs their rows counted; leave out stream=True, "
            "or look at each model in results"
        )
        raise FitError(msg)
    held = fits[0].rows.held
    if held is not None:
        return _joint_in_engine(fits, held)
    influence = np.hstack([dfbeta(fit) * fit.rows.row_number[:, None] for fit in fits])
    return clustered_variance(np.eye(influence.shape[1]), fits[0].groups, influence)


def _joint_in_engine(fits: Sequence[CoxFit], held: HeldRows) -> FloatArray:
    """Sum the scores of all models by cluster, in the engine that holds the rows."""
    from scipy.linalg import block_diag

    scores = [
        score_residuals(fit.design, fit.sets, fit.params.to_numpy())[fit.rows.row_of]
        for fit in fits
    ]
    middle, _ = held.squares(np.hstack(scores), fits[0].rows.cluster)
    bread = block_diag(*(fit.naive_variance.to_numpy() for fit in fits))
    joint: FloatArray = bread @ middle @ bread
    return joint
