"""The parametric g-formula: lives simulated from fitted models, under strategies."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from numbers import Real
from typing import Any, Literal

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, in_words
from belbiotech.survival.causal.bootstrap import check_repetitions, drawn_anew
from belbiotech.survival.causal.g_models import GPlan, Lives, Strategy, g_plan
from belbiotech.survival.causal.g_result import GFormulaResult
from belbiotech.survival.inference.limits import check_limit_options
from belbiotech.survival.rows.checks import FloatArray
from belbiotech.survival.rows.column_names import check_mapping, check_one_name
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.units import needed_unit

__all__ = ["g_formula"]


@all_from_zero
def g_formula(
    data: pd.DataFrame,
    *,
    outcome: str,
    outcome_model: str,
    exposure: str,
    exposure_model: str,
    covariates: Mapping[str, str] | None = None,
    competing: Mapping[str, str] | None = None,
    strategies: Mapping[str, Any] | None = None,
    horizon: int | None = None,
    simulations: int | None = None,
    bootstrap: int = 0,
    seed: int = 0,
    link: Literal["logit", "cloglog"] = "logit",
    unit: str | None = None,
    conf_level: float = 0.95,
    start: str = "start",
    stop: str = "stop",
) -> GFormulaResult:
    """Simulate what would have become of all units under strategies for the exposure.

    A model is fitted for each covariate that the exposure moves, for the exposure, and for each
    fate. Units are then sent through the years: each year the covariates are drawn, the exposure
    is what the strategy says, and the fates follow.

    Parameters
    ----------
    data : DataFrame
        One row for each year of a unit.
    outcome : str
        Column of 0/1: the fate of interest, which ends a life.
    outcome_model : str
        Right side of its yearly probability: columns of the same row.
    exposure : str
        Column of the exposure: 0/1, or a number.
    exposure_model : str
        Right side of the exposure's model, for the natural course.
    covariates : mapping of str to str, optional
        Right side of the model of each covariate that changes, in the order in which they are
        drawn in a year. A model may use time, columns that never change, the covariates before it
        in the order, and the row before: ``capital_before``, ``allied_before``. A 0/1 that only
        rises is modelled where it is 0; a stock that only grows by what is added, as a number.
    competing : mapping of str to str, optional
        Right sides of other fates that end a life: drawn first, in this order.
    strategies : mapping of str to strategy, optional
        By name: ``"never"``, ``"always"``, an age from which on the exposure is 1, or a function
        of the age at which a year begins and the table of the units alive (their covariates of
        the year, the exposure of the year before as ``NAME_before``), which gives 0/1, or a whole
        number for an exposure that is one in the data, for all or for each. By default never and
        always.
    horizon : int, optional
        Years to simulate from the earliest beginning; by default as long as the data go.
    simulations : int, optional
        Lives to simulate, drawn from the units' first rows; by default 10,000 or the units, if
        they are more.
    bootstrap : int
        Draws of the units, from which all models are fitted and all lives simulated anew; 0 for
        curves without intervals.
    seed : int
        Of all chance. All strategies get the same chances, so that they differ by the exposure.
    link : {"logit", "cloglog"}
        Of the fates.
    unit : str, optional
        Column that names the unit. Without it ``data.attrs["unit"]``, else ``firm_id``.
    conf_level : float
        Coverage of the intervals.
    start, stop : str
        Columns of the interval, of one year each.

    Returns
    -------
    GFormulaResult
        ``curves`` with ``table``, ``differences()`` and ``restricted_means()``;
        ``natural_course``, the simulated beside the observed, as a check; ``plot()``.

    Raises
    ------
    PanelError
        Rows that are no panel or not one year long; what is no number.
    FormulaError
        A model that cannot be read, or that uses what is not simulated before it.
    FitError
        A strategy that gives something else than 0/1 or a count; nobody at the earliest time.

    Warns
    -----
    BelbiotechWarning
        Draws of the units that could not be fitted.

    Notes
    -----
    What must be true for differences to be effects: (1) the models have all that moves both the
    exposure and the fates, as of before the exposure; (2) for every past that a strategy leads to
    there are units in the data that do as it says; (3) all models are right. A natural course that
    misses the data shows that (3) fails; one that meets them does not show that it holds: with
    no effect at all, wrong models can still give one (the g-null paradox).

    Lives begin in the units' first rows at the earliest time of the data; units that enter later
    help to fit the models only.

    References
    ----------
    Robins (1986), Mathematical Modelling 7:1393-1512. Taubman, Robins, Mittleman and Hernan
    (2009), International Journal of Epidemiology 38:1599-1611.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(400, effect=-0.5, exposure="any_alliance_ever", seed=1)
    >>> panel["allied"] = (panel["alliances_cum_lag1"] > 0).astype(int)
    >>> result = g_formula(
    ...     panel,
    ...     outcome="failure",
    ...     outcome_model="allied + listed_lag1 + start",
    ...     exposure="allied",
    ...     exposure_model="listed_lag1 + start",
    ...     covariates={"listed_lag1": "allied_before"},
    ...     horizon=10,
    ... )
    >>> result.curves.differences().round(2)[["strategy", "reference", "difference"]]
      strategy reference  difference
    0   always     never       -0.15
    """
    check_limit_options(conf_level)
    check_repetitions(bootstrap, seed)
    check_one_name(outcome=outcome, exposure=exposure)
    check_mapping(covariates, "covariates", {"listed": "age"})
    check_mapping(competing, "competing", {"acquisition": "age"})
    data = as_table(data)
    own = needed_unit(data, unit)
    outcomes = {**(competing or {}), outcome: outcome_model}
    if outcome in (competing or {}):
        msg = f"{outcome!r} is both the outcome and a competing fate"
        raise FitError(msg)
    plan = g_plan(
        data,
        outcomes,
        covariates or {},
        exposure,
        exposure_model,
        unit=own,
        link=link,
        start=start,
        stop=stop,
    )
    data = plan.table
    rules = _rules({"never": "never", "always": "always"} if strategies is None else strategies)
    first, years = _beginning(plan, data, horizon, stop)
    number = max(10_000, len(first))
    if simulations is not None:
        number = _whole(simulations, "simulations", "lives")
    lives = Lives(plan, exposure, outcome, tuple(outcomes), first, years, number, seed)
    models = plan.fit()
    natural, path = lives.course(models, None, None)
    curves = np.array([lives.course(models, rule, None)[0] for rule in rules.values()])
    draws = None
    if bootstrap:

        def again(frequency: FloatArray) -> FloatArray:
            fitted = plan.fit(frequency)
            return np.array([lives.course(fitted, r, frequency)[0] for r in rules.values()])

        draws = drawn_anew(again, plan.past.unit, bootstrap, seed)
    return GFormulaResult.of(
        plan=plan,
        models=models,
        data=data,
        outcome=outcome,
        strategies=tuple(rules),
        first_time=float(data[start].min()),
        survival=curves,
        natural=natural,
        path=path,
        draws=draws,
        conf_level=conf_level,
        simulations=number,
    )


def _rules(strategies: object) -> dict[str, Strategy]:
    if not isinstance(strategies, Mapping) or not strategies:
        msg = (
            "strategies must be a mapping of names to rules, such as {'never': 'never', 'at 3': 3, "
            f"'with capital': lambda age, units: units['capital']}}, not {in_words(strategies)}"
        )
        raise FitError(msg)
    return {str(name): _rule(name, what) for name, what in strategies.items()}


def _rule(name: object, what: object) -> Strategy:
    if what in ("never", "always"):
        value = float(what == "always")
        return lambda age, units: value
    if isinstance(what, Real) and not isinstance(what, bool):
        begin = float(what)
        return lambda age, units: float(age >= begin)
    if callable(what):
        try:
            signature(what).bind(0.0, None)
        except TypeError:
            msg = f"strategy {name!r} must be a function of two: age, and the table of units"
            raise FitError(msg) from None
        except ValueError:  # of no known signature
            pass
        return what
    msg = (
        f"strategy {name!r} is {in_words(what)}: give 'never', 'always', an age, or a function of "
        "age and the table of units"
    )
    raise FitError(msg)


def _whole(value: object, argument: str, things: str) -> int:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or int(value) < 1:  # type: ignore[call-overload]
        msg = f"{argument} must be a number of {things}, 1 or more, not {in_words(value)}"
        raise FitError(msg)
    number: int = int(value)  # type: ignore[call-overload]
    return number


def _beginning(
    plan: GPlan, data: pd.DataFrame, horizon: int | None, stop: str
) -> tuple[np.ndarray, int]:
    """Give the rows in which lives begin, and the years to simulate."""
    begins = data[plan.start].to_numpy(dtype=float)
    rows = plan.past.first_rows()
    first = rows[begins[rows] == begins.min()]
    longest = int(data[stop].max() - begins.min())
    if horizon is None:
        return first, longest
    if _whole(horizon, "horizon", "years") > longest:
        msg = f"no unit is followed for {horizon} years; the longest is {longest}: take horizon="
        msg += f"{longest} or less"
        raise FitError(msg)
    return first, int(horizon)
