"""What would be done: never, always, from an age on, or any rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Real

import numpy as np

from belbiotech.errors import FitError, in_words
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["Rule", "Strategies", "followed", "named_rules"]

Rule = Callable[[float], float]
Strategies = Sequence[str | float] | Mapping[str, str | float | Rule]


def named_rules(strategies: Strategies) -> dict[str, Rule]:
    """Give each strategy its name and its rule.

    Parameters
    ----------
    strategies : sequence or mapping
        ``"never"``, ``"always"``, or an age from which on the exposure is there; in a mapping
        also functions from the age at which an interval begins to the exposure during it.

    Returns
    -------
    dict of str to callable
        Rules by name.

    Raises
    ------
    FitError
        No strategy, or one that is none of these.

    Examples
    --------
    >>> rules = named_rules(["never", 3])
    >>> list(rules), [rules["from age 3"](age) for age in (2.0, 3.0)]
    (['never', 'from age 3'], [0.0, 1.0])
    """
    if isinstance(strategies, (str, Real)) or not isinstance(strategies, (Sequence, Mapping)):
        msg = (
            "strategies must be a list such as ['never', 'always', 3], or a mapping of names to "
            f"rules, not {in_words(strategies)}"
        )
        raise FitError(msg)
    if isinstance(strategies, Mapping):
        given = list(strategies.items())
    else:
        given = [(_name(what), what) for what in strategies]
    if not given:
        msg = "there is no strategy; give some, such as strategies=['never', 'always']"
        raise FitError(msg)
    return {name: _rule(what) for name, what in given}


def _name(what: object) -> str:
    number = isinstance(what, Real) and not isinstance(what, bool)
    return f"from age {what:g}" if number else str(what)


def _rule(what: object) -> Rule:
    if what == "never":
        return lambda age: 0.0
    if what == "always":
        return lambda age: 1.0
    if isinstance(what, Real) and not isinstance(what, bool):
        begin = float(what)
        return lambda age: float(age >= begin)
    if callable(what):
        return what
    msg = (
        f"strategy {in_words(what)} is none: give 'never', 'always', an age from which on, or in a "
        "mapping a function from age to exposure"
    )
    raise FitError(msg)


def followed(name: str, rule: Rule, ages: FloatArray) -> FloatArray:
    """Give the exposure that a strategy has at each age.

    Parameters
    ----------
    name : str
        Of the strategy, for messages.
    rule : callable
        From age to exposure.
    ages : array of float, (t,)
        Beginnings of the intervals.

    Returns
    -------
    array of float, (t,)
        0, 1, or counts.

    Raises
    ------
    FitError
        A rule that gives something else.
    """
    values = [rule(float(age)) for age in ages]
    bad = [
        (age, value)
        for age, value in zip(ages, values, strict=True)
        if not isinstance(value, (Real, np.bool_)) or not _is_count(float(value))
    ]
    if bad:
        age, value = bad[0]
        msg = (
            f"strategy {name!r} gives {in_words(value)} at age {age:g}: an exposure is 0 or 1, or "
            "a whole number of things"
        )
        raise FitError(msg)
    return np.array(values, dtype=np.float64)


def _is_count(value: float) -> bool:
    return bool(np.isfinite(value)) and value >= 0 and value == np.floor(value)
