"""What Cox models of transitions hold: coefficients by transition, and what follows from them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.competing.equal_effects import equal_effects_table
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.inference.model_column import ModelColumn, clusters_in_words, estimates_of
from belbiotech.survival.inference.report import (
    Ratios,
    Report,
    coefficient_table,
    errors_of,
)
from belbiotech.survival.rows.checks import IntArray
from belbiotech.survival.states.cox_prediction import StatesModel, predict_occupation
from belbiotech.survival.states.result import stacked_states

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette
    from belbiotech.survival.cox.result import CoxResult

__all__ = ["CoxStatesResult"]

RATIO = "hazard ratio"


@dataclass(frozen=True, repr=False)
class CoxStatesResult(Ratios):
    """Cox models of the transitions between states.

    Attributes
    ----------
    fit : CoxResult
        The model of the stacked rows: each row once for each move that can be made from its state.
    formula : Formula
        The covariates.
    matrix : Matrix
        How they are made.
    states : tuple
        Names of the states.
    pairs : tuple of (int, int)
        The transitions, by the positions of their states.
    place : array of int, (transitions, p)
        The coefficient of each covariate in each transition; the same for several where shared.
    moved : Series
        Moves by transition.
    strata : tuple of str
        Columns of further strata.
    cluster : str or None
        Column of the clusters; None where each row is one.
    interval : (str, str)
        Columns of the interval.
    """

    fit: CoxResult
    formula: Formula
    matrix: Matrix
    states: tuple[Hashable, ...]
    pairs: tuple[tuple[int, int], ...]
    place: IntArray
    moved: pd.Series
    strata: tuple[str, ...]
    cluster: str | None
    interval: tuple[str, str]

    @property
    def transitions(self) -> list[str]:
        """Names of the transitions, as ``"private -> listed"``."""
        return [f"{self.states[a]} -> {self.states[b]}" for a, b in self.pairs]

    @property
    def covariates(self) -> list[str]:
        """Names of the covariates' coefficients."""
        return list(self.matrix.names)

    @property
    def n_events(self) -> pd.Series:
        """Moves by transition."""
        return self.moved

    @property
    def log_likelihood(self) -> float:
        """Partial log likelihood of all transitions together."""
        return self.fit.log_likelihood

    @property
    def params(self) -> pd.Series:
        """Coefficients by transition and covariate; a shared one at each of its transitions."""
        return self._spread(self.fit.params).rename("coef")

    @property
    def standard_errors(self) -> pd.Series:
        """Standard errors, robust by cluster, as `params`."""
        return self._spread(self.fit.standard_errors).rename("se(coef)")

    @property
    def naive_standard_errors(self) -> pd.Series:
        """Standard errors from the information alone, as `params`."""
        return self._spread(errors_of(self.fit.naive_variance)).rename("naive se(coef)")

    @property
    def variance(self) -> pd.DataFrame:
        """Joint robust variance of all coefficients, as `params` on both sides."""
        table = self.fit.variance.to_numpy()[np.ix_(self.place.ravel(), self.place.ravel())]
        return pd.DataFrame(table, index=self._index, columns=self._index)

    @property
    def aic(self) -> float:
        """Akaike's criterion of all transitions together; a shared coefficient counts once."""
        return self.fit.aic

    @property
    def bic(self) -> float:
        """Bayesian information criterion, as `aic`: a coefficient costs the log of all moves."""
        return self.fit.bic

    @property
    def n_clusters(self) -> int | None:
        """Clusters of the errors; the rows where none are named."""
        return self.fit.n_clusters

    def summary_at(self, conf_level: float = 0.95) -> pd.DataFrame:
        """Give coefficients, hazard ratios, errors and intervals of some level.

        Parameters
        ----------
        conf_level : float
            Coverage of the intervals.

        Returns
        -------
        DataFrame
            Indexed by transition and covariate.
        """
        errors, naive = self.standard_errors, self.naive_standard_errors
        return coefficient_table(self.params, errors, naive, RATIO, conf_level)

    @property
    def baseline_cumulative_hazard(self) -> pd.DataFrame:
        """Cumulated hazards with all covariates zero: transition, stratum, time, hazard."""
        table = self.fit.baseline_cumulative_hazard
        parts = table["stratum"].astype(str).str.removeprefix("(transition)=")
        name = parts.str.split(", ", n=1, expand=True)
        rest = name[1].fillna("") if 1 in name else ""
        return pd.DataFrame(
            {
                "transition": name[0],
                "stratum": rest,
                "time": table["time"],
                "hazard": table["hazard"],
            }
        )

    def test_equal_effects(self) -> pd.DataFrame:
        """Test whether each covariate's effect is the same in all transitions.

        Returns
        -------
        DataFrame
            Wald tests from the joint variance: one row for each covariate, and OVERALL; columns
            statistic, df, p_value.

        Raises
        ------
        FitError
            A single transition, or an effect that is shared already.
        """
        if len(self.pairs) < 2 or len(np.unique(self.place)) < self.place.size:
            msg = "equal effects can be tested among several transitions that share none of them"
            raise FitError(msg)
        estimates = self.params.to_numpy().reshape(self.place.shape)
        return equal_effects_table(estimates, self.variance.to_numpy(), list(self.matrix.names))

    def predict_occupation(
        self, paths: pd.DataFrame, *, initial: str | Mapping[str, float] | None = None
    ) -> pd.DataFrame:
        """Predict the probability of each state along covariate paths.

        Parameters
        ----------
        paths : DataFrame
            Columns of the interval, of the covariates, of the strata, and ``id`` where there are
            several paths; each row starts where the one before stopped.
        initial : str or mapping of state to float, optional
            The state at the beginning of each path, or the probability of each state there. By
            default the first of ``states``.

        Returns
        -------
        DataFrame
            Columns id, time, state, probability: for each time within the path at which a row of
            the data ended. No errors, as in R; for them draw units anew.

        Raises
        ------
        PanelError
            A gap in a path, a value or a stratum that was not in the data.
        FitError
            An unknown state, or probabilities that do not add up to 1.
        """
        model = StatesModel(
            formula=self.formula,
            matrix=self.matrix,
            states=self.states,
            pairs=self.pairs,
            transitions=tuple(self.transitions),
            beta=self.fit.params.to_numpy()[self.place],
            baseline=self.baseline_cumulative_hazard,
            strata=self.strata,
            interval=self.interval,
        )
        return predict_occupation(model, paths, initial)

    def as_columns(self, *, conf_level: float = 0.95) -> list[ModelColumn]:
        """Give the numbers of a printed table: a column for each transition."""
        params, errors = self.params, self.standard_errors
        return [
            ModelColumn(
                name=name,
                ratio=RATIO,
                estimates=estimates_of(params[name], errors[name], conf_level),
                references=dict(self.matrix.references),
                events=int(self.moved[name]),
                rows=None,
                clusters=self.fit.n_clusters,
                log_likelihood=self.log_likelihood,
                errors="robust" if self.cluster is None else clusters_in_words([self.cluster]),
            )
            for name in self.transitions
        ]

    def plot_occupation(
        self,
        paths: pd.DataFrame,
        *,
        initial: str | Mapping[str, float] | None = None,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        title: str | None = None,
        palette: Palette = None,
        x_label: str = "Age in years",
    ) -> Figure:
        """Draw predicted states stacked, one panel for each path.

        Parameters
        ----------
        paths, initial
            As for `predict_occupation`.
        labels : mapping of state or path to str, optional
            What is written for them.
        ax : matplotlib Axes, or as many as paths, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping of state to colour, optional
            Colours of the states, or the name of a colormap.
        x_label : str
            The unit of time.

        Returns
        -------
        matplotlib Figure
            At each time the share of each state.
        """
        table = self.predict_occupation(paths, initial=initial).rename(columns={"id": "group"})
        options: dict[str, Any] = {"labels": labels, "ax": ax, "palette": palette}
        head = title or "Predicted state occupation"
        return stacked_states(table, title=head, x_label=x_label, **options)

    @property
    def _index(self) -> pd.MultiIndex:
        pairs = [(t, c) for t in self.transitions for c in self.matrix.names]
        return pd.MultiIndex.from_tuples(pairs, names=["transition", "covariate"])

    def _spread(self, values: pd.Series) -> pd.Series:
        return pd.Series(values.to_numpy()[self.place.ravel()], index=self._index)

    def _report(self) -> Report:
        events = "; ".join(f"{number:,d} {name}" for name, number in self.moved.items())
        whose = "each row" if self.cluster is None else self.cluster
        clusters = self.fit.n_clusters
        title = f"Cox models of transitions ~ {self.formula.right}"
        notes = (events, f"errors clustered by {whose} ({clusters:,d} clusters)")
        return Report(title, self.summary, notes)
