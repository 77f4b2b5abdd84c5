"""A warning where there are too few events for the coefficients."""

from __future__ import annotations

from belbiotech.errors import warn

__all__ = ["EVENTS_PER_COEFFICIENT", "warn_of_few_events"]

EVENTS_PER_COEFFICIENT = 10  # fewer: estimates are biased and intervals too short (Peduzzi 1995)


def warn_of_few_events(events: int, outcome: str, coefficients: int, remedy: str) -> None:
    """Warn of fewer than ten events for each coefficient of a covariate.

    Parameters
    ----------
    events : int
        How often the outcome happened.
    outcome : str
        Its column.
    coefficients : int
        How many the covariates have; without any there is nothing to warn of.
    remedy : str
        What to think of instead.

    Warns
    -----
    BelbiotechWarning
        With the number of events for each coefficient.

    References
    ----------
    Peduzzi, Concato, Feinstein and Holford (1995), Journal of Clinical Epidemiology 48.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     warn_of_few_events(12, "failure", 3, "fewer covariates")
    >>> print(str(told[0].message)[:72])
    12 events of 'failure' for 3 coefficients (4.0 each, fewer than 10): est
    """
    if not coefficients or events >= EVENTS_PER_COEFFICIENT * coefficients:
        return
    each = "1 coefficient ("
    if coefficients > 1:
        each = f"{coefficients} coefficients ({events / coefficients:.1f} each, "
    warn(
        f"{events} {'event' if events == 1 else 'events'} of {outcome!r} for {each}fewer than "
        f"{EVENTS_PER_COEFFICIENT}): estimates may be far off; think of {remedy}",
    )
