"""How strong an unmeasured confounder would have to be to explain an estimate away."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from numbers import Real

from belbiotech.errors import FitError, in_words
from belbiotech.survival.rows.column_names import check_truth_values, is_finite_number

__all__ = ["RARE", "EValue", "e_value"]

RARE = 0.15  # an outcome of fewer than that is called rare (VanderWeele and Ding 2017)


@dataclass(frozen=True, repr=False)
class EValue:
    """The E-value of a hazard ratio, and of the limit of its interval next to 1.

    Attributes
    ----------
    estimate : float
        Risk ratio that a confounder needs with the exposure and with the outcome, each, to
        explain the whole estimate.
    limit : float
        The same for the limit of the interval next to 1; 1 if the interval holds 1: then no
        confounder is needed.
    common : bool
        Whether the outcome was taken as common, and the hazard ratio turned to a risk ratio.
    """

    estimate: float
    limit: float
    common: bool

    def __str__(self) -> str:
        kind = "common" if self.common else "rare"
        return f"E-value {self.estimate:.2f}, of the limit {self.limit:.2f} (outcome {kind})"

    __repr__ = __str__


def e_value(hazard_ratio: float, lower: float, upper: float, *, common: bool = True) -> EValue:
    """Compute the E-value of a hazard ratio and its interval.

    Parameters
    ----------
    hazard_ratio, lower, upper : float
        The estimate and its interval.
    common : bool
        Whether the outcome befalls 15% or more of the units by the end of the study: then the
        hazard ratio overstates the risk ratio, and is turned to one first.

    Returns
    -------
    EValue
        Of the estimate, and of the limit next to 1.

    Raises
    ------
    FitError
        Ratios that are not positive and finite, or an interval that misses its estimate.
    PanelError
        A ``common`` that is neither True nor False.

    References
    ----------
    VanderWeele, T. J., Ding, P. (2017). Sensitivity analysis in observational research:
    introducing the E-value. Annals of Internal Medicine 167, 268-274.

    VanderWeele, T. J. (2017). On a square-root transformation of the odds ratio for a common
    outcome. Epidemiology 28, e58-e60.

    Examples
    --------
    >>> e_value(0.5, 0.3, 0.8, common=False)
    E-value 3.41, of the limit 1.81 (outcome rare)
    """
    check_truth_values(common=common)
    numbers = all(isinstance(value, Real) for value in (hazard_ratio, lower, upper))
    within = numbers and is_finite_number(hazard_ratio) and 0 <= lower <= hazard_ratio <= upper
    if not (within and hazard_ratio > 0):
        msg = (
            "an E-value needs a positive, finite hazard ratio within its interval, not "
            f"{in_words(hazard_ratio)} in ({in_words(lower)}, {in_words(upper)})"
        )
        raise FitError(msg)
    holds_one = lower <= 1 <= upper
    nearest = 1.0 if holds_one else upper if hazard_ratio < 1 else lower
    return EValue(_needed(hazard_ratio, common), _needed(nearest, common), common)


def _needed(hazard_ratio: float, common: bool) -> float:
    """Give the E-value RR + sqrt(RR (RR - 1)) of a ratio turned to stand above 1."""
    ratio = _risk_ratio(hazard_ratio) if common else hazard_ratio
    ratio = 1 / ratio if ratio < 1 else ratio
    return ratio + sqrt(ratio * (ratio - 1))


def _risk_ratio(hazard_ratio: float) -> float:
    """Turn a hazard ratio HR to RR = (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR))."""
    root = sqrt(hazard_ratio)
    return float((1 - 0.5**root) / (1 - 0.5 ** (1 / root)))
