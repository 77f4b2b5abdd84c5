"""The result that users hold of competing fates in discrete time, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.competing.equal_effects import equal_effects_table
from belbiotech.survival.discrete import causes_prediction
from belbiotech.survival.discrete.baseline import Baseline
from belbiotech.survival.discrete.fit import DiscreteCausesFit
from belbiotech.survival.formulas.without_events import with_limits
from belbiotech.survival.inference.fitted import FittedBeside, errors_in_words, of_fit
from belbiotech.survival.inference.model_column import ModelColumn, clusters_in_words, estimates_of
from belbiotech.survival.inference.report import Report, coefficient_table, errors_of

__all__ = ["DiscreteCausesResult"]

RATIO = "relative risk ratio"


@dataclass(frozen=True, repr=False)
class DiscreteCausesResult(FittedBeside):
    """A fitted multinomial logit of competing fates.

    Coefficients and variances are by outcome and name: ``params["failure"]`` gives one outcome's.

    Attributes
    ----------
    fit : DiscreteCausesFit
        The numbers of the fit, from which all others are computed.
    """

    fit: DiscreteCausesFit

    @property
    def params(self) -> pd.Series:
        """Coefficients by outcome and name: minus infinity for a level without the outcome."""
        found: pd.Series = self._with_limits(self.fit.params)
        return found

    def _with_limits(self, values: Any) -> Any:
        """Put coefficients that are not estimable into their places, outcome by outcome."""
        quiet = dict(zip(self.outcomes, self.fit.quiet, strict=True))
        if not any(quiet.values()):
            return values
        parts = [
            values.loc[o] if spec is None else with_limits(values.loc[o], spec.limits, spec.every)
            for o, spec in quiet.items()
        ]
        return pd.concat(parts, keys=self.outcomes, names=["outcome", "covariate"])

    @property
    def _effects(self) -> NDArray[np.bool_]:
        """Tell which covariates have a coefficient, (K, p)."""
        return self.fit.active[:, : len(self.covariates)]

    def _names(self, outcome: str) -> list[str]:
        """Name an outcome's coefficients of covariates."""
        time = set(self.baseline.names)
        return [name for name in self.params[outcome].index if name not in time]

    @property
    def n_periods(self) -> int:
        """Periods at risk."""
        return self.fit.n_periods

    @property
    def n_events(self) -> pd.Series:
        """Events by outcome."""
        return self.fit.n_events

    @property
    def baseline(self) -> Baseline:
        """The columns of time."""
        return self.fit.baseline

    @property
    def outcomes(self) -> list[str]:
        """The fates, in the order of the call."""
        return list(self.fit.rows.outcomes)

    @property
    def events_per_parameter(self) -> pd.Series:
        """Events of each outcome for each coefficient of a covariate."""
        counts = self._effects.sum(axis=1)
        each = [n / p if p else np.inf for n, p in zip(self.n_events, counts, strict=True)]
        return pd.Series(each, index=self.n_events.index, name=self.n_events.name)

    @property
    def aic(self) -> float:
        """Akaike's criterion; periods without some fate count as coefficients, as in R."""
        periods = len(self.baseline.names) + len(self.baseline.certain)
        effects = int(self._effects.sum()) + len(self.outcomes) * periods
        return -2 * self.log_likelihood + 2 * effects

    def summary_at(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Give the covariates' coefficients, ratios, errors and intervals of some level.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Indexed by outcome and covariate.
        """
        params = self.fit.params
        wanted = params.index.get_level_values("covariate").isin(self.covariates)
        errors = errors_of(self.fit.variance)[wanted]
        naive = errors_of(self.fit.naive_variance)[wanted]
        known = coefficient_table(params[wanted], errors, naive, RATIO, conf_level)
        table: pd.DataFrame = self._with_limits(known)
        return table.assign(**{RATIO: np.exp(table["coef"])})

    def test_equal_effects(self) -> pd.DataFrame:
        """Test whether each covariate's coefficient is the same for all outcomes.

        Returns
        -------
        DataFrame
            Wald tests, robust where clusters were given: one row for each covariate that has a
            coefficient for all outcomes, and OVERALL; columns statistic, df, p_value.
        """
        names = list(np.array(self.covariates, dtype=object)[np.all(self._effects, axis=0)])
        pairs = [(outcome, name) for outcome in self.outcomes for name in names]
        index = pd.MultiIndex.from_tuples(pairs, names=["outcome", "covariate"])
        shape = (len(self.outcomes), len(names))
        return equal_effects_table(
            self.fit.params.reindex(index).to_numpy().reshape(shape),
            self.fit.variance.reindex(index=index, columns=index).to_numpy(),
            names,
        )

    predict_incidence = of_fit(causes_prediction.predict_incidence)

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: a column for each outcome."""
        names = {outcome: self._names(outcome) for outcome in self.outcomes}
        return [
            ModelColumn(
                name=outcome,
                ratio=RATIO,
                estimates=estimates_of(
                    self.params[outcome][names[outcome]],
                    self.standard_errors[outcome][names[outcome]],
                    conf_level,
                ),
                references=dict(self.fit.rows.matrix.references),
                events=int(self.n_events[outcome]),
                rows=self.n_rows,
                clusters=self.n_clusters,
                log_likelihood=self.log_likelihood,
                aic=self.aic,
                errors=clusters_in_words(self.fit.cluster),
            )
            for outcome in self.outcomes
        ]

    def _report(self) -> Report:
        shown = ["coef", RATIO, "se(coef)", f"{RATIO} lower 95%", f"{RATIO} upper 95%", "z", "p"]
        title = f"Competing fates in discrete time: {', '.join(self.outcomes)} ~ "
        title += self.fit.rows.formula.right
        return Report(title, self.summary[shown], tuple(self._notes()))

    def _notes(self) -> list[str]:
        errors = errors_in_words(self.fit.cluster, self.fit.clusters)
        events = ", ".join(f"{count:,d} {name}" for name, count in self.n_events.items())
        size = f"N = {self.n_rows:,d} rows, {self.n_periods:,d} periods; {events}; {errors}"
        time = f"Baseline: {self.baseline.kind}; the base is: nothing happened"
        return [size, time, f"Log likelihood {self.log_likelihood:.4f}, AIC {self.aic:.2f}"]
