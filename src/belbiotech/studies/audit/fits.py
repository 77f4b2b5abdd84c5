"""The fits of a bias audit: a step, the placebo deals, every firm left out once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.studies import designs
from belbiotech.studies.audit.placebo import placebo_row
from belbiotech.studies.audit.steps import Step, base_sample, sound_letter
from belbiotech.studies.designs import Sample
from belbiotech.studies.estimates import (
    COLUMNS,
    collected,
    estimated,
    failed,
    one_line,
    only_coefficient,
)
from belbiotech.studies.small_samples import cox_or_firth
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.texts import quoted

__all__ = [
    "Model",
    "estimate_of",
    "influential",
    "left_out",
    "placebos",
    "step_row",
]

NAMED = 5  # firms named as the most influential
REFITS = 400  # firms left out one at a time, at most


@dataclass(frozen=True)
class Model:
    """What stays the same in every fit.

    Attributes
    ----------
    formula : str
        With the exposure in it.
    column : str
        The exposure's column.
    cluster : str or None
        Column of the clusters.
    firth : bool or None
        Whether the Cox fits have Firth's penalty; None: those with few events.
    unit, start, stop : str
        Columns of the panel.
    """

    formula: str
    column: str
    cluster: str | None
    firth: bool | None
    unit: str
    start: str
    stop: str

    def fit(
        self, rows: pd.DataFrame, outcome: str | None = None, competing: str | None = None
    ) -> Any:
        """Fit Cox, or Fine-Gray with a competing outcome."""
        if rows.empty:
            msg = "not possible: no rows are left"
            raise FitError(msg)
        formula = self.formula
        if outcome is not None:
            formula = f"{quoted(outcome)} ~ {read_formula(formula).right}"
        columns: dict[str, Any] = {"cluster": self.cluster, "start": self.start, "stop": self.stop}
        if competing is not None:
            from belbiotech.survival.competing.fine_gray import fine_gray

            return fine_gray(formula, rows, competing, unit=self.unit, **columns)
        return cox_or_firth(formula, rows, firth=self.firth, **columns)

    @property
    def beside(self) -> tuple[str, ...]:
        """All columns that the formula reads."""
        return read_formula(self.formula).columns

    def row(self, rows: pd.DataFrame, heard: list[str]) -> dict[str, Any]:
        """Fit, and give the line of the exposure."""
        return estimated(lambda: (self.fit(rows), ""), self.column, heard, self.beside)


def step_row(model: Model, step: Step, heard: list[str]) -> dict[str, Any]:
    """Give the line of a step.

    Parameters
    ----------
    model : Model
        What stays the same.
    step : Step
        The design.
    heard : list of str
        Takes the warnings.

    Returns
    -------
    dict
        step, design and the values of `estimates.COLUMNS`.
    """

    def fit() -> tuple[Any, str]:
        rows, note = step.rows()
        return model.fit(rows, step.outcome, step.competing), note

    return {
        "step": step.step,
        "design": step.design,
        **estimated(fit, model.column, heard, model.beside),
    }


def estimate_of(table: pd.DataFrame, step: str) -> float:
    """Give the log hazard ratio of the first line of a step."""
    return float(table.loc[table["step"] == step, "estimate"].iloc[0])


def placebos(
    model: Model, sample: Sample, table: pd.DataFrame, *, draws: int, seed: int, heard: list[str]
) -> pd.DataFrame:
    """Fit the naive and the sound design to alliances that were dealt anew.

    Parameters
    ----------
    model : Model
        What stays the same.
    sample : Sample
        Rows and alliances.
    table : DataFrame
        The lines of the real alliances.
    draws, seed : int
        How many deals, and by which chance.
    heard : list of str
        Takes the warnings.

    Returns
    -------
    DataFrame
        Two lines of step i.
    """

    def naive(dealt: Sample) -> dict[str, Any]:
        return model.row(designs.ever(dealt), heard)

    def sound(dealt: Sample) -> dict[str, Any]:
        base = base_sample(dealt)
        return model.row(designs.as_of(base, window=base.window), heard)

    rng = np.random.default_rng(seed)
    lines = []
    for fit, letter in ((naive, "a"), (sound, sound_letter(sample))):
        head = {"step": "i", "design": f"Alliances dealt to other firms, as in {letter}"}
        real = estimate_of(table, letter)
        try:
            line = placebo_row(sample, fit, draws=draws, rng=rng, real=real)
        except FitError as error:
            line = failed(one_line(error))
        lines.append(head | line)
    return pd.DataFrame(lines)


def left_out(model: Model, base: Sample, sound: float, heard: list[str]) -> pd.DataFrame:
    """Fit the sound design again without each firm in turn.

    Parameters
    ----------
    model : Model
        What stays the same.
    base : Sample
        The rows of the sound design.
    sound : float
        Its log hazard ratio with all firms.
    heard : list of str
        Takes the warnings.

    Returns
    -------
    DataFrame
        One line a firm, the most influential first; those whose fit fails stand at the top. Of
        more than `REFITS` firms those that matter most by their dfbeta residuals are left out.
        Empty if the sound design has no estimate.
    """
    names = [model.unit, *COLUMNS, "shift"]
    if not np.isfinite(sound):
        return pd.DataFrame(columns=names)
    rows = designs.as_of(base, window=base.window)
    lines = [
        {model.unit: unit, **model.row(rows[rows[model.unit] != unit], heard)}
        for unit in _candidates(model, rows)
    ]
    table = pd.DataFrame(lines)
    table["shift"] = table["estimate"] - sound
    order = table["shift"].abs().fillna(np.inf).sort_values(ascending=False, kind="stable").index
    return table.loc[order, names].reset_index(drop=True)


def _candidates(model: Model, rows: pd.DataFrame) -> list[str]:
    """List all firms, or the most influential where there are very many.

    The sum of its rows' dfbeta residuals tells to first order how far a firm moves a coefficient
    (Therneau and Grambsch 2000, section 7.1).
    """
    units = rows[model.unit].drop_duplicates()
    if len(units) <= REFITS:
        return list(units)
    with collected([]):  # the same fit was made, and heard, for the sound design
        result = model.fit(rows)
    name = only_coefficient(result.params.index, model.column, model.beside)
    moves = result.residuals("dfbeta")[name].groupby(rows[model.unit]).sum().abs()
    return list(moves.nlargest(REFITS).index)


def influential(without_each: pd.DataFrame, base: Sample) -> pd.DataFrame:
    """Name the firms without which the estimate moves most, and the range of all.

    Parameters
    ----------
    without_each : DataFrame
        As `left_out` gives it.
    base : Sample
        The rows of the sound design, for the firms' names.

    Returns
    -------
    DataFrame
        Lines of step k.
    """
    if without_each.empty:
        reason = "not possible: the sound design has no estimate to be moved"
        return pd.DataFrame([{"step": "k", "design": "Without each firm", **failed(reason)}])
    top = without_each.head(NAMED)
    ratios, firms = without_each["hazard_ratio"], base.rows[base.unit].nunique()
    tried = f"all {firms} firms"
    if len(without_each) < firms:
        tried = f"the {len(without_each)} most influential of {firms} firms"
    tried += f" left out, one at a time: hazard ratios {ratios.min():.2f} to {ratios.max():.2f}"
    notes = ["; ".join(filter(None, (tried, top["note"].iloc[0]))), *top["note"].iloc[1:]]
    named = [f"Without {name}" for name in _names(base).reindex(top[base.unit])]
    return top.assign(step="k", design=named, note=notes)[["step", "design", *COLUMNS]]


def _names(base: Sample) -> pd.Series:
    """Give each firm's name, or its id where the data has no names."""
    column = "name" if "name" in base.rows else base.unit
    return base.rows.groupby(base.unit)[column].first()
