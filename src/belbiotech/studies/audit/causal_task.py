"""What the causal steps of a bias audit work on: rows with the status, and its confounders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, PanelError, in_words
from belbiotech.studies.agreements import signed_by
from belbiotech.studies.designs import Sample
from belbiotech.survival.formulas.allowed import columns_of
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.texts import quoted
from belbiotech.survival.rows.column_names import check_text

__all__ = ["CausalTask", "check_causal_options"]

USUAL = {
    "listed_lag1": "listed_lag1",
    "financing_rounds_cum_lag1": "log1p(financing_rounds_cum_lag1)",
}


@dataclass(frozen=True)
class CausalTask:
    """What the causal steps need.

    Attributes
    ----------
    rows : DataFrame
        Those of the sound design, with the status.
    status : str
        Column of 0/1: an alliance was signed by the end of the year before.
    outcome, unit, start, stop : str
        Further columns.
    confounders : str
        Right side: what moves both signing and outcome, as of the end of the year before.
    columns : tuple of str
        Columns of the confounders.
    horizon : int
        Years of follow-up at which incidences are compared.
    bootstrap, seed : int
        Draws of the firms for intervals of simulated and standardised curves, and their chance.
    """

    rows: pd.DataFrame
    status: str
    outcome: str
    unit: str
    start: str
    stop: str
    confounders: str
    columns: tuple[str, ...]
    horizon: int
    bootstrap: int
    seed: int

    @classmethod
    def of(
        cls,
        sample: Sample,
        formula: str,
        confounders: str | None,
        *,
        horizon: int,
        bootstrap: int,
        seed: int,
    ) -> CausalTask:
        """Put the status beside the rows, and find what it is to be adjusted for.

        Parameters
        ----------
        sample : Sample
            The rows of the sound design.
        formula : str
            Of the audit: its terms without the exposure are confounders too.
        confounders : str or None
            Right side; None for the usual columns that the panel has.
        horizon, bootstrap, seed : int
            As of the class.

        Returns
        -------
        CausalTask

        Raises
        ------
        FitError
            Nothing to adjust for.
        """
        status = "signed_before"
        while status in sample.rows:
            status += "_"
        right = " + ".join([*_other_terms(formula, sample.column), *_given(sample, confounders)])
        if not right:
            msg = "not possible: the panel has no usual confounder "
            msg += f"({', '.join(USUAL)}); name yours by confounders="
            raise FitError(msg)
        return cls(
            rows=_with_status(sample, status),
            status=status,
            outcome=sample.outcome,
            unit=sample.unit,
            start=sample.start,
            stop=sample.stop,
            confounders=right,
            columns=read_formula(f"{quoted(sample.outcome)} ~ {right}").columns,
            horizon=horizon,
            bootstrap=bootstrap,
            seed=seed,
        )

    @property
    def eligible(self) -> str:
        """Column of 0/1: nothing was signed by the end of the year before last."""
        return f"{self.status}_not_yet"

    @property
    def times(self) -> dict[str, Any]:
        """Names of the columns that every method asks for."""
        return {"unit": self.unit, "start": self.start, "stop": self.stop}


def _with_status(sample: Sample, status: str) -> pd.DataFrame:
    """Tell whether any alliance was signed by the end of the year before, and of the one before."""
    age = sample.rows[sample.start].to_numpy()
    codes = sample.agreements.codes(sample.rows[sample.unit])
    now, then = (signed_by(sample.agreements, codes, age - lag) > 0 for lag in (1, 2))
    columns = {status: now.astype(np.int64), f"{status}_not_yet": (~then).astype(np.int64)}
    return sample.rows.assign(**columns)


def check_causal_options(horizon: object, bootstrap: object) -> None:
    """Refuse a horizon or a number of draws that is none.

    Parameters
    ----------
    horizon, bootstrap : object
        What the caller was given.

    Raises
    ------
    PanelError
        A horizon below one year, fewer than no draws, or what is no whole number.
    """
    for name, value, least in (("horizon", horizon, 1), ("bootstrap", bootstrap, 0)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or int(value) < least:  # type: ignore[call-overload]
            msg = f"{name} must be a whole number, {least} or more, not {in_words(value)}"
            raise PanelError(msg)


def _other_terms(formula: str, column: str) -> list[str]:
    """Give the terms of a formula that do not have a column in them."""
    read = read_formula(formula)
    with_it = {k for k, factor in read.factors.items() if column in set(columns_of(factor.tree))}
    return [":".join(term) for term in read.terms if not with_it & set(term)]


def _given(sample: Sample, confounders: str | None) -> list[str]:
    if confounders is not None:
        check_text(confounders, "confounders", "age + region")
        return [confounders]
    return [
        text
        for name, text in USUAL.items()
        if name in sample.rows
        and name not in sample.covariates
        and (sample.rows[name] != sample.rows[name].iloc[0]).any()
    ]
