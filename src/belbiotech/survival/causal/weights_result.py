"""What estimated weights hold, and the diagnostics that decide whether one may go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.errors import FitError, nearest_names, on_screen, without_commands
from belbiotech.survival.causal.diagnostics import (
    balance_table,
    by_time,
    effective_size,
    heaviest_unit,
    positivity_table,
)
from belbiotech.survival.causal.probabilities import ChanceModel
from belbiotech.survival.causal.weight_models import WeightPlan, Weights
from belbiotech.survival.inference.markdown import markdown_table
from belbiotech.survival.inference.words import words_with
from belbiotech.survival.rows.checks import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["ExposureWeights"]


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
    def model(self) -> ChanceModel:
        """The model of the denominator: the exposure given all that drives it."""
        return self.estimate.denominator

    @property
    def numerator_model(self) -> ChanceModel | None:
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

        Columns covariate, ages, before, after; exposed and others of the same age are compared.
        After weighting they should be within 0.1, but for covariates that the numerator has too:
        those are left as they are.
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
        """What to look at first: one number a row; differences are of what is weighted away."""
        w, positivity, balance = self.weights, self.positivity, self.balance
        left = () if self.numerator_model is None else self.numerator_model.params.index
        overall = balance[(balance["ages"] == "all") & ~balance["covariate"].isin(left)]
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

    def plot(
        self,
        which: str = "weights",
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        title: str | None = None,
        palette: Palette = None,
    ) -> Figure:
        """Draw the weights by age, or the balance of the covariates (love plot).

        Parameters
        ----------
        which : {"weights", "balance"}
            The mean weight with its band and the range of the weights by age; or the
            standardised differences before and after weighting, for all ages together and by band.
        labels : mapping of str to str, optional
            What is written for a covariate; by default what the codebook has.
        ax : matplotlib Axes, or as many as bands of age, optional
            Where to draw; by default a figure is made.
        title : str, optional
            What it is.
        palette : str, list or mapping, optional
            Colours, or the name of a colormap.

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

        words = words_with(labels)
        options: dict[str, Any] = {"ax": ax, "palette": palette}
        if which == "weights":
            head = title or f"Weights for {words.title(self.exposure)}"
            return weights_by_time(self.by_age, title=head, labels=labels, **options)
        if which == "balance":
            names = {name: words.coefficient(str(name)) for name in self.balance["covariate"]}
            head = title or f"Balance for {words.title(self.exposure)}"
            return love_plot(self.balance, title=head, labels=names, **options)
        msg = f"no figure {which!r}; {nearest_names(which, ['weights', 'balance'])}"
        raise FitError(msg)

    def to_markdown(self) -> str:
        """Write the summary as a Markdown table."""
        return markdown_table(self.summary.reset_index(names="what"))

    def __repr__(self) -> str:
        shown = self.summary.to_string(float_format=lambda value: f"{value:.4g}", header=False)
        return on_screen(f"{self._title()}\n{shown}")

    def _repr_html_(self) -> str:
        return without_commands(
            f"<p>{escape(self._title())}</p>{self.summary.to_html(header=False)}"
        )

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
