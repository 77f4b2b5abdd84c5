"""Inverse-probability weights from fitted models: each row's factor, and their products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, FormulaError, PanelError, in_words, nearest_names
from belbiotech.survival.causal.histories import Histories, histories
from belbiotech.survival.causal.probabilities import ChanceModel, Family, Prepared, prepare_model
from belbiotech.survival.formulas.checks import refuse_unknown_columns
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.formulas.texts import quoted
from belbiotech.survival.rows.checks import FloatArray, check_rows, rows_in_words
from belbiotech.survival.rows.number_columns import not_numbers
from belbiotech.survival.rows.plain import plain_table

__all__ = [
    "Entry",
    "Kind",
    "Truncate",
    "WeightPlan",
    "Weights",
    "check_truncation",
    "exposure_plan",
    "right_side",
]

Kind = Literal["starts", "switches", "ordinal", "counts"]
Entry = Literal["model", "given"]
Truncate = float | tuple[float, float] | None
KINDS: tuple[Kind, ...] = ("starts", "switches", "ordinal", "counts")


@dataclass(frozen=True)
class Weights:
    """Weights of all rows, and the models behind them.

    Attributes
    ----------
    value : array of float, (n,)
        The weights, truncated where asked for.
    whole : array of float, (n,)
        The same before truncation.
    denominator : ChanceModel
        The model of the exposure given all that drives it.
    numerator : ChanceModel or None
        The one of stabilised weights.
    """

    value: FloatArray
    whole: FloatArray
    denominator: ChanceModel
    numerator: ChanceModel | None


@dataclass(frozen=True)
class WeightPlan:
    """All that is needed to estimate weights, any number of times.

    Attributes
    ----------
    past : Histories
        The order of the rows.
    used : array of bool, (n,)
        Rows in which the response could differ: the others have a factor of 1.
    denominator : Prepared
        Model of the response on the used rows.
    numerator : Prepared or None
        The model for stabilised weights.
    late : bool
        Whether a row's factor counts from the unit's next row on (censoring at a row's end).
    truncate : (float, float) or None
        Quantiles beyond which weights are cut.
    """

    past: Histories
    used: NDArray[np.bool_]
    denominator: Prepared
    numerator: Prepared | None
    late: bool
    truncate: tuple[float, float] | None

    def estimate(self, frequency: FloatArray | None = None) -> Weights:
        """Fit the models and multiply up each unit's factors.

        Parameters
        ----------
        frequency : array of float, (n,), optional
            How often each row counts in the models.

        Returns
        -------
        Weights
            Of all rows.
        """
        often = None if frequency is None else frequency[self.used]
        below = self.denominator.fit(often)
        factor = np.ones(len(self.used))
        above = None if self.numerator is None else self.numerator.fit(often)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor[self.used] = 1 / self.denominator.chances(below)
            if self.numerator is not None and above is not None:
                factor[self.used] *= self.numerator.chances(above)
        # Units that a bootstrap did not draw may have what it deems impossible.
        factor[~np.isfinite(factor)] = 1.0
        whole = self.past.running_product(self.past.before(factor, 1.0) if self.late else factor)
        return Weights(_truncated(whole, self.truncate, frequency), whole, below, above)

    def score_sums(self, weights: Weights) -> FloatArray:
        """Give each unit's part of the scores of the models, (units, q)."""
        unit = self.past.unit[self.used]
        parts = []
        for prepared, fitted in (
            (self.denominator, weights.denominator),
            (self.numerator, weights.numerator),
        ):
            if prepared is None or fitted is None or fitted.family == "ordinal":
                continue
            scores = fitted.scores(prepared.x, prepared.response)[prepared.row_of]
            parts += [np.bincount(unit, column, self.past.n_units) for column in scores.T]
        if not parts:
            return np.zeros((self.past.n_units, 0))
        return np.stack(parts, axis=1).astype(np.float64)


def _truncated(
    weight: FloatArray, truncate: tuple[float, float] | None, frequency: FloatArray | None
) -> FloatArray:
    if truncate is None:
        return weight
    counted = weight if frequency is None else np.repeat(weight, frequency.astype(np.int64))
    low, high = np.quantile(counted, truncate)
    return np.clip(weight, low, high)


def right_side(argument: str, text: object, data: pd.DataFrame, outcome: str) -> Formula:
    """Read the right side of a formula.

    Parameters
    ----------
    argument : str
        Where it was given, for messages.
    text : str
        Such as ``"listed_lag1 + C(start)"``.
    data : DataFrame
        The rows whose columns it names.
    outcome : str
        What stands on the left.

    Returns
    -------
    Formula
        Read.

    Raises
    ------
    FormulaError
        No text, a formula that cannot be read, an unknown column, the outcome on both sides.
    """
    if not isinstance(text, str):
        msg = (
            f"{argument} must be the right side of a formula, such as 'listed_lag1 + C(start)', "
            f"not {in_words(text)}"
        )
        raise FormulaError(msg)
    formula = read_formula(f"{quoted(outcome)} ~ {text.strip().removeprefix('~').strip()}")
    refuse_unknown_columns(formula, data)
    if outcome in formula.columns:
        msg = (
            f"{argument} has {outcome!r}, the exposure itself, which it would then explain without "
            "error; name what was known before: its value of the row before, as a column"
        )
        raise FormulaError(msg)
    return formula


def check_truncation(truncate: object) -> tuple[float, float] | None:
    """Read the quantiles at which weights are cut.

    Parameters
    ----------
    truncate : float, (float, float) or None
        0.01 is (0.01, 0.99).

    Returns
    -------
    (float, float) or None
        Low and high.

    Raises
    ------
    FitError
        Something else.

    Examples
    --------
    >>> check_truncation(0.05)
    (0.05, 0.95)
    """
    if truncate is None:
        return None
    pair = truncate if isinstance(truncate, (tuple, list)) else (truncate, None)
    numbers = [v for v in pair if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if len(pair) == 2 and pair[1] is None and len(numbers) == 1:
        numbers = [min(numbers[0], 1 - numbers[0]), max(numbers[0], 1 - numbers[0])]
    if len(numbers) != 2 or not 0 <= numbers[0] < numbers[1] <= 1:
        msg = (
            "truncate must be two quantiles such as (0.01, 0.99), or one for both sides, not "
            f"{in_words(truncate)}"
        )
        raise FitError(msg)
    return float(numbers[0]), float(numbers[1])


def exposure_plan(
    data: pd.DataFrame,
    exposure: str,
    denominator: str,
    numerator: str | None,
    *,
    unit: str,
    kind: Kind | None,
    link: str,
    truncate: Truncate,
    entry: Entry,
    start: str,
    stop: str,
    columns: tuple[str, ...] = (),
) -> tuple[pd.DataFrame, WeightPlan, Kind]:
    """Check rows and prepare the models of an exposure.

    Parameters
    ----------
    data, exposure, denominator, numerator, unit, kind, link, truncate, entry, start, stop
        As of `exposure_weights`.
    columns : tuple of str
        Further columns that must be there.

    Returns
    -------
    DataFrame, WeightPlan, str
        The rows with plain columns, the models, and the kind of exposure.
    """
    _check_options(kind, link, entry)
    cut = check_truncation(truncate)
    data = check_rows(data, [], start=start, stop=stop, columns=[exposure, *columns], unit=unit)
    formulas = [right_side("denominator", denominator, data, exposure)]
    if numerator is not None:
        formulas.append(right_side("numerator", numerator, data, exposure))
    needed = [name for formula in formulas for name in formula.columns]
    data = check_rows(data, [], start=start, stop=stop, columns=[unit, *needed])
    data = plain_table(data, [exposure], numbers=[exposure])
    problems = not_numbers(data, [exposure])
    if problems:
        raise PanelError("\n".join(problems))
    value = data[exposure].to_numpy(dtype=float)
    past = histories(data, unit, start)
    before = past.before(value)
    settled = kind if kind is not None else _kind_of(value, before, past)
    used = _used(data, exposure, value, before, past, settled, entry, unit)
    family = _family(settled, link)
    table = data[used]
    models = [prepare_model(f, table, value[used], family, exposure) for f in formulas]
    plan = WeightPlan(past, used, models[0], models[1] if len(models) > 1 else None, False, cut)
    return data, plan, settled


def _check_options(kind: object, link: object, entry: object) -> None:
    choices = {
        "kind": (kind, (None, *KINDS)),
        "link": (link, ("logit", "cloglog")),
        "entry": (entry, ("model", "given")),
    }
    problems = [
        f"{name} {in_words(value)} is unknown; "
        f"{nearest_names(value, [known for known in allowed if known is not None])}"
        for name, (value, allowed) in choices.items()
        if not (value is None or isinstance(value, str)) or value not in allowed
    ]
    if problems:
        raise FitError("\n".join(problems))


def _kind_of(value: FloatArray, before: FloatArray, past: Histories) -> Kind:
    if np.isin(value, (0.0, 1.0)).all():
        return "starts" if bool((value >= before).all()) else "switches"
    return "counts"


def _used(
    data: pd.DataFrame,
    exposure: str,
    value: FloatArray,
    before: FloatArray,
    past: Histories,
    kind: Kind,
    entry: Entry,
    unit: str,
) -> NDArray[np.bool_]:
    """Find the rows in which the exposure could differ."""
    binary = np.isin(value, (0.0, 1.0))
    if kind in ("starts", "switches") and not binary.all():
        msg = (
            f"exposure {exposure!r} must be 0 or 1 for kind={kind!r}; it is not in "
            f"{rows_in_words(data, ~binary)}; a number of alliances is kind='counts'"
        )
        raise PanelError(msg)
    whole = (value >= 0) & (value == np.floor(value))
    if kind == "counts" and not whole.all():
        msg = (
            f"exposure {exposure!r} must be a number of things, 0, 1, 2, ..., for kind='counts'; "
            f"it is not in {rows_in_words(data, ~whole)}"
        )
        raise PanelError(msg)
    used = np.ones(len(value), dtype=bool)
    if kind == "starts":
        stops = value < before
        if stops.any():
            k = int(np.flatnonzero(stops)[0])
            msg = (
                f"exposure {exposure!r} goes back to 0 in {rows_in_words(data, stops)}, first of "
                f"{data[unit].tolist()[k]!r}: an exposure that can stop is kind='switches'"
            )
            raise PanelError(msg)
        used = before == 0
    if entry == "given":
        used = used & (past.number_of_row() > 0)
    return used


def _family(kind: Kind, link: str) -> Family:
    if kind in ("starts", "switches"):
        return "cloglog" if link == "cloglog" else "logit"
    return "ordinal" if kind == "ordinal" else "poisson"
