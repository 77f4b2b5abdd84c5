"""What a marginal structural model holds: a weighted fit, its weights, and curves for everybody."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError
from belbiotech.survival.causal.bootstrap import check_repetitions, drawn_anew, percentiles
from belbiotech.survival.causal.marginal_fits import (
    OutcomeModel,
    Strategies,
    baseline_of,
    covariate_effects,
    followed,
    named_rules,
    survival_along,
)
from belbiotech.survival.causal.standardised import StandardisedCurves
from belbiotech.survival.causal.weights_result import ExposureWeights
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.discrete.result import DiscreteHazardResult
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.inference.fitted import Shown
from belbiotech.survival.inference.limits import check_limit_options
from belbiotech.survival.inference.model_column import ModelColumn
from belbiotech.survival.inference.report import Report, errors_of
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import distinct_rows

__all__ = ["MarginalStructuralResult"]


@dataclass(frozen=True, repr=False)
class MarginalStructuralResult(Shown):
    """A marginal structural model.

    Attributes
    ----------
    fit : CoxResult or DiscreteHazardResult
        The weighted model, errors clustered by unit.
    weights : Series
        The weight of each row.
    exposure_weights, censoring_weights : ExposureWeights
        Where they come from; the latter None where censoring was not weighted for.
    model : OutcomeModel
        The outcome's formula and options.
    data : DataFrame
        The rows.
    unit : str
        Column of the unit.
    draws : array of float, (r, p), or None
        Coefficients from units drawn anew.
    """

    fit: CoxResult | DiscreteHazardResult
    weights: pd.Series
    exposure_weights: ExposureWeights
    censoring_weights: ExposureWeights | None
    model: OutcomeModel
    data: pd.DataFrame = field(repr=False)
    unit: str
    draws: FloatArray | None = field(repr=False)

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates' coefficients."""
        return self.fit.covariates

    def _summary(self, conf_level: float) -> pd.DataFrame:
        return self.fit.summary_at(conf_level)

    @property
    def corrected_variance(self) -> pd.DataFrame:
        """Variance that knows that the weights are estimated (Cox models).

        Of each unit's influence on the coefficients that part is taken off which the scores of
        the models of the weights explain (Pierce 1982; Lunceford and Davidian 2004): less than
        `variance`, whose intervals are too long. Truncation and graded exposures are as known.

        Raises
        ------
        FitError
            A model in discrete time: its bootstrap says it.
        """
        if not isinstance(self.fit, CoxResult):
            msg = "the corrected variance is of Cox models; fit with bootstrap=200 instead"
            raise FitError(msg)
        past = self.exposure_weights.plan.past
        moved = self.fit.residuals("dfbeta").to_numpy()
        by_unit = np.stack([np.bincount(past.unit, c, past.n_units) for c in moved.T], axis=1)
        made = [w for w in (self.exposure_weights, self.censoring_weights) if w is not None]
        scores = np.hstack([w.plan.score_sums(w.estimate) for w in made])
        left = by_unit - scores @ np.linalg.lstsq(scores, by_unit, rcond=None)[0]
        return pd.DataFrame(left.T @ left, self.params.index, self.params.index)

    @property
    def corrected_standard_errors(self) -> pd.Series:
        """Square roots of the diagonal of `corrected_variance`."""
        return errors_of(self.corrected_variance)

    @property
    def n_rows(self) -> int:
        """Rows."""
        return self.fit.n_rows

    @property
    def n_events(self) -> int:
        """Events."""
        return self.fit.n_events

    @property
    def bootstrap_summary(self) -> pd.DataFrame:
        """Errors and 95% percentile limits from units drawn anew, weights and all.

        Columns coef, se(coef), lower, upper, exp(coef), exp lower, exp upper.

        Raises
        ------
        FitError
            No draws were asked for.
        """
        if self.draws is None:
            msg = "no units were drawn anew; fit with bootstrap=200, say"
            raise FitError(msg)
        effects = covariate_effects(self.fit)
        error, lower, upper = percentiles(self.draws, 0.95)
        return pd.DataFrame(
            {
                "coef": effects,
                "se(coef)": error,
                "lower": lower,
                "upper": upper,
                "exp(coef)": np.exp(effects),
                "exp lower": np.exp(lower),
                "exp upper": np.exp(upper),
            }
        )

    def curves(
        self,
        strategies: Strategies = ("never", "always"),
        *,
        horizon: float | None = None,
        bootstrap: int = 0,
        seed: int | None = 0,
        conf_level: float = 0.95,
    ) -> StandardisedCurves:
        """Estimate survival from time 0 on, had all units followed each strategy.

        Averaged over the covariates that the units have in their first rows.

        Parameters
        ----------
        strategies : sequence or mapping
            ``"never"``, ``"always"``, an age from which on the exposure is there; in a mapping of
            names also functions from age to exposure.
        horizon : float, optional
            The last time; by default the last at which each strategy's exposure is seen.
        bootstrap : int
            Draws of the units, from which weights, model and curves are estimated anew; 0 for
            curves without intervals.
        seed : int or None
            Of the draws.
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        StandardisedCurves
            ``table``, ``differences()``, ``restricted_means()``, ``plot()``.

        Raises
        ------
        FitError
            A strategy that is none, a horizon before the first event, or one to which nobody
            follows a strategy.
        """
        check_limit_options(conf_level)
        check_repetitions(bootstrap, seed)
        rules = named_rules(strategies)
        time, begins = self._grid(horizon)
        paths = {name: followed(name, rule, begins) for name, rule in rules.items()}
        seen = self._seen(paths, begins)
        if horizon is not None:
            _refuse_unfollowed(paths, begins, seen)
        last = 1 + int(np.flatnonzero(seen.all(axis=0))[-1]) if seen.all(axis=0).any() else 0
        if not last:
            _refuse_unfollowed(paths, begins, seen)
        time, paths = time[:last], {name: path[:last] for name, path in paths.items()}
        curves = _Curves.of(self, list(paths.values()), time)
        survival = curves.of_fit(self.fit)
        draws = None
        if bootstrap:
            unit = self.exposure_weights.plan.past.unit
            draws = drawn_anew(curves.again, unit, bootstrap, seed)
        outcome = read_formula(self.model.formula).outcome
        return StandardisedCurves(outcome, tuple(paths), time, survival, draws, conf_level)

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: one column, that of the weighted model."""
        return self.fit.as_columns(conf_level=conf_level)

    def _grid(self, horizon: float | None) -> tuple[FloatArray, FloatArray]:
        """Give the times of the curves, and the beginning of the interval that ends at each."""
        baseline = baseline_of(self.fit)
        time = baseline["time"].to_numpy(dtype=float)
        time = time[time <= (np.inf if horizon is None else horizon)]
        if not len(time):
            msg = f"no row ends up to the horizon {horizon}: take a later one"
            raise FitError(msg)
        starts = np.unique(self.data[self.model.start].to_numpy(dtype=float))
        return time, starts[np.maximum(np.searchsorted(starts, time) - 1, 0)]

    def _seen(self, paths: dict[str, FloatArray], begins: FloatArray) -> NDArray[np.bool_]:
        """Tell at which times some row has a strategy's exposure, (strategies, t)."""
        exposure = self.data[self.exposure_weights.exposure].to_numpy(dtype=float)
        begin = self.data[self.model.start].to_numpy(dtype=float)
        there = set(zip(begin.tolist(), exposure.tolist(), strict=True))
        return np.array(
            [
                [(b, value) in there for b, value in zip(begins, path, strict=True)]
                for path in paths.values()
            ]
        )

    def _report(self) -> Report:
        base = self.fit._report()
        weights = self.exposure_weights
        notes = (
            *base.notes,
            f"rows weighted by {weights.exposure} given {weights.model.formula.right}; mean weight "
            f"{self.weights.mean():.3f}, most {self.weights.max():.3g}, effective rows "
            f"{weights.effective_sample_size:,.0f}",
        )
        return Report(f"Marginal structural model: {self.model.formula}", base.table, notes)


def _refuse_unfollowed(
    paths: dict[str, FloatArray], begins: FloatArray, seen: NDArray[np.bool_]
) -> None:
    """Refuse a strategy whose exposure nobody has at the end."""
    lines = [
        f"nobody follows strategy {name!r} to the horizon: in the rows that begin at "
        f"{begins[-1]:g} no exposure is {path[-1]:g}; take an earlier horizon"
        for (name, path), there in zip(paths.items(), seen, strict=True)
        if not there[-1]
    ]
    if lines:
        raise FitError("\n".join(lines))


@dataclass(frozen=True)
class _Curves:
    """Covariates of the units under each strategy, ready for any fit."""

    result: MarginalStructuralResult
    time: FloatArray
    paths: list[FloatArray]
    levels: FloatArray
    x: dict[float, FloatArray]
    pattern: IntArray
    first: IntArray

    @classmethod
    def of(
        cls, result: MarginalStructuralResult, paths: list[FloatArray], time: FloatArray
    ) -> _Curves:
        formula = read_formula(result.model.formula)
        matrix = design_matrix(formula, result.data)
        first = result.exposure_weights.plan.past.first_rows()
        exposure = result.exposure_weights.exposure
        others = [name for name in formula.columns if name != exposure]
        rows = result.data.iloc[first]
        if others:
            found = distinct_rows(rows[others])
            rows, pattern = rows.iloc[found.position], found.row_of
        else:
            rows, pattern = rows.iloc[:1], np.zeros(len(first), dtype=np.int64)
        levels = np.unique(np.concatenate(paths))
        x = {}
        for level in levels:
            held = pd.Series(level, index=rows.index).astype(result.data[exposure].dtype)
            table = rows.assign(**{exposure: held})
            x[float(level)] = design_matrix(formula, table, matrix.spec).x
        return cls(result, time, paths, levels, x, pattern, first)

    def of_fit(
        self, fit: CoxResult | DiscreteHazardResult, often: FloatArray | None = None
    ) -> FloatArray:
        """Give average survival, (strategies, t)."""
        baseline = baseline_of(fit).set_index("time")["hazard"]
        hazard = baseline.reindex(self.time).fillna(0.0).to_numpy()
        effects = covariate_effects(fit).to_numpy()
        linear = {level: x @ effects for level, x in self.x.items()}
        weight = np.bincount(self.pattern, often).astype(float)
        averages = []
        for path in self.paths:
            along = np.stack([linear[float(level)] for level in path], axis=1)
            survival = survival_along(fit, hazard, along)
            averages.append(weight @ survival / weight.sum())
        return np.array(averages)

    def again(self, frequency: FloatArray) -> FloatArray:
        """Estimate weights, model and curves from units drawn anew."""
        result = self.result
        value = result.exposure_weights.plan.estimate(frequency).value
        if result.censoring_weights is not None:
            value = value * result.censoring_weights.plan.estimate(frequency).value
        fit = result.model.fit(result.data, value, None, frequency)
        return self.of_fit(fit, frequency[self.first])
