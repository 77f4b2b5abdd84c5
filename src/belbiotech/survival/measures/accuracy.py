"""How well fitted Cox models predict units: Brier score, time-dependent AUC, Uno's C."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, PanelError, in_words, on_screen
from belbiotech.survival.cox.new_rows import predict
from belbiotech.survival.cox.result import CoxResult
from belbiotech.survival.inference.limits import check_limit_options, normal_quantile
from belbiotech.survival.measures.judged import Judged, Seen, auc, brier, uno_c
from belbiotech.survival.rows.checks import FloatArray, check_rows, rows_in_words
from belbiotech.survival.rows.column_codes import numbered
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.units import unit_of

__all__ = ["PredictionAccuracy", "prediction_accuracy"]

SHOWN = ["model", "measure", "time", "estimate", "std_error", "lower", "upper"]


@dataclass(frozen=True, repr=False)
class PredictionAccuracy:
    """How well models predict.

    Attributes
    ----------
    table : DataFrame
        model, measure, time, estimate, std_error, lower, upper. The measures: brier and auc at
        each time, integrated brier over the times, uno c up to the last of them.
    differences : DataFrame
        The same columns, with reference: each model less the first; and p_value.
    n_units, n_events : int
        Units that were predicted, and how many of them had the event.
    """

    table: pd.DataFrame
    differences: pd.DataFrame
    n_units: int
    n_events: int

    def __repr__(self) -> str:
        title = f"Accuracy of predictions for {self.n_units:,} units, {self.n_events:,} events:"
        return on_screen(f"{title}\n{self.table.head(20).to_string(index=False)}")


def prediction_accuracy(
    fits: CoxResult | Mapping[str, CoxResult],
    data: pd.DataFrame,
    times: float | Sequence[float],
    *,
    unit: str | None = None,
    repetitions: int = 200,
    seed: int = 0,
    conf_level: float = 0.95,
) -> PredictionAccuracy:
    """Judge what Cox models predict for units from their entry on, with delayed entry.

    Each unit is predicted once, when it enters, from the covariates of its first row: whether it
    has the event by each time. Units that enter after a time are not judged at it. Those whose
    fate is not seen count through the others: weights are the inverse of the chance not to be
    censored from the unit's own entry on.

    Parameters
    ----------
    fits : CoxResult, or mapping of str to CoxResult
        Fits of `cox` with the same outcome. Predictions for the data that a model was fitted to
        flatter it: fit on other units than those judged.
    data : DataFrame
        Rows of the units to judge, with the columns of all formulas.
    times : float or sequence of float
        When to judge, on the clock of the data.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``; else each row is a unit.
    repetitions : int
        Draws of units for the errors (the models stay as they are); 0 for none.
    seed : int
        Of the draws.
    conf_level : float
        Of the limits, estimate plus and minus errors.

    Returns
    -------
    PredictionAccuracy
        ``table``, and ``differences`` of each model from the first.

    Raises
    ------
    PanelError
        Rows that are no panel, rows of a unit with a gap or after its event.
    FitError
        Something else than fits of `cox`, models of different outcomes, times that are none.

    Notes
    -----
    With L entry, X exit, D the event, and G the Kaplan-Meier curve of censoring with delayed
    entry, events before censorings at ties: a unit with the event by t weighs w = G(L) / G(X-),
    one that is seen without it up to t weighs G(L) / G(t-), others 0. The Brier score is the sum
    of w times the squared error of the predicted chance, by the number that entered before t. The
    AUC compares those who had the event by t with those who had not, by linear predictors, in
    pairs of weight w w'. Uno's C compares who fails at X with all who are at risk then, in pairs
    of weight G(L) G(L') / G(X-)^2. Without late entries these are the measures of the references.
    Entry and censoring must not depend on the covariates.

    References
    ----------
    Graf and others (1999), Statistics in Medicine 18. Uno and others (2007), Journal of the
    American Statistical Association 102. Uno and others (2011), Statistics in Medicine 30.

    Examples
    --------
    >>> from belbiotech import cox, prediction_accuracy, simulate_panel
    >>> learn, judge = (simulate_panel(300, effect=-0.5, seed=seed) for seed in (1, 2))
    >>> fits = {
    ...     "none": cox("failure ~ 1", learn),
    ...     "origin": cox("failure ~ C(origin)", learn),
    ... }
    >>> found = prediction_accuracy(fits, judge, [3, 6], repetitions=0)
    >>> found.table[["model", "measure", "time", "estimate"]].round(4)
         model           measure  time  estimate
    0     none             brier   3.0    0.0976
    1     none             brier   6.0    0.1532
    2     none               auc   3.0    0.5000
    3     none               auc   6.0    0.5000
    4     none  integrated brier   6.0    0.1254
    5     none             uno c   6.0    0.5000
    6   origin             brier   3.0    0.0973
    7   origin             brier   6.0    0.1540
    8   origin               auc   3.0    0.5462
    9   origin               auc   6.0    0.4747
    10  origin  integrated brier   6.0    0.1257
    11  origin             uno c   6.0    0.4853
    """
    models = _models(fits)
    wanted = _times(times)
    _check_draws(repetitions, seed)
    check_limit_options(conf_level)
    units = _units(data, models, unit)
    chances = [_chances(model, units, wanted) for model in models.values()]
    predictors = [_linear_predictor(model, units) for model in models.values()]
    judged = Judged(
        units["(entry)"].to_numpy(dtype=float),
        units["(exit)"].to_numpy(dtype=float),
        units["(event)"].to_numpy(dtype=bool),
    )

    rng, n = np.random.default_rng(seed), len(units)
    drawn = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(repetitions)]
    copies = np.array([np.ones(n), *drawn])
    measured = np.array(
        [
            _measures(judged, chance, predictor, wanted, copies)
            for chance, predictor in zip(chances, predictors, strict=True)
        ]
    )
    estimates, draws = measured[:, 0], measured[:, 1:]
    labels = _labels(wanted)
    table = [
        _lines(labels, estimates[k], draws[k], conf_level).assign(model=name)
        for k, name in enumerate(models)
    ]
    first = next(iter(models))
    differences = [
        _lines(labels, estimates[k] - estimates[0], draws[k] - draws[0], conf_level).assign(
            model=name, reference=first
        )
        for k, name in enumerate(models)
        if k
    ]
    compared = pd.concat(differences, ignore_index=True) if differences else None
    return PredictionAccuracy(
        table=pd.concat(table, ignore_index=True)[SHOWN],
        differences=_with_p(compared),
        n_units=n,
        n_events=int(judged.event.sum()),
    )


def _models(fits: CoxResult | Mapping[str, CoxResult]) -> dict[str, CoxResult]:
    models = dict(fits) if isinstance(fits, Mapping) else {"model": fits}
    problems = [
        f"{name!r} is {in_words(model)}, not a fit of cox()"
        for name, model in models.items()
        if not isinstance(model, CoxResult)
    ]
    if not models:
        problems.append("fits holds no model")
    if not problems:
        asked = {
            (m.fit.rows.formula.outcome, m.fit.rows.start, m.fit.rows.stop) for m in models.values()
        }
        if len(asked) > 1:
            told = "; ".join(sorted(" ".join(one) for one in asked))
            problems.append(f"the models must have one outcome and one clock; they have {told}")
    if problems:
        raise FitError("\n".join(problems))
    return models


def _times(times: float | Sequence[float]) -> FloatArray:
    try:
        wanted = np.unique(np.asarray([] if isinstance(times, str) else times, dtype=float))
    except (TypeError, ValueError, OverflowError):
        wanted = np.array([])
    if not len(wanted) or not np.isfinite(wanted).all():
        msg = f"times must be finite numbers, such as [3, 5, 10], not {in_words(times)}"
        raise FitError(msg)
    return wanted


def _check_draws(repetitions: object, seed: object) -> None:
    for name, value in (("repetitions", repetitions), ("seed", seed)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or int(value) < 0 or (name == "repetitions" and int(value) == 1):  # type: ignore[call-overload]
            msg = f"{name} must be a whole number such as 0 or 200, not {in_words(value)}"
            raise FitError(msg)


def _units(data: pd.DataFrame, models: Mapping[str, CoxResult], unit: str | None) -> pd.DataFrame:
    """Give each unit's first row, with its entry, its exit and whether it had the event."""
    rows = next(iter(models.values())).fit.rows
    outcome, start, stop = rows.formula.outcome, rows.start, rows.stop
    columns = [name for m in models.values() for name in (*m.fit.rows.formula.columns,)]
    groups = [name for m in models.values() for name in m.fit.rows.strata]
    data = as_table(data)
    whose = unit_of(data, unit)
    data = check_rows(
        data,
        [outcome],
        start=start,
        stop=stop,
        columns=list(dict.fromkeys(columns)),
        groups=list(dict.fromkeys(groups)),
        unit=whose,
    )
    codes = np.arange(len(data)) if whose is None else numbered([data[whose]])[0]
    order = np.lexsort([data[start].to_numpy(dtype=float), codes])
    data, codes = data.iloc[order], codes[order]
    first = np.r_[True, codes[1:] != codes[:-1]]
    last = np.r_[first[1:], True]
    begin, end = (data[name].to_numpy(dtype=float) for name in (start, stop))
    happened = data[outcome].to_numpy(dtype=bool)
    gap = np.r_[False, ~first[1:] & (begin[1:] != end[:-1])]
    problems = [
        f"{what} in {rows_in_words(data, where)}"
        for what, where in (
            ("a unit is out of sight before its next row", gap),
            ("a unit goes on after its event", happened & ~last),
        )
        if where.any()
    ]
    if problems:
        problems.append("a unit is predicted once, at its entry: give one stay of each")
        raise PanelError("\n".join(problems))
    units: pd.DataFrame = data[first].assign(
        **{"(entry)": begin[first], "(exit)": end[last], "(event)": happened[last]}
    )
    return units


def _chances(model: CoxResult, units: pd.DataFrame, times: FloatArray) -> FloatArray:
    """Give the predicted chance of the event by each time, (t, n); NaN for who enters later."""
    rows = model.fit.rows
    entry = units["(entry)"].to_numpy(dtype=float)
    chances = np.full((len(times), len(units)), np.nan)
    for k, time in enumerate(times):
        there = entry < time
        if there.any():
            asked = units[there].assign(**{rows.start: entry[there], rows.stop: time})
            chances[k, there] = 1 - predict(model.fit, "survival", asked)["estimate"].to_numpy()
    return chances


def _linear_predictor(model: CoxResult, units: pd.DataFrame) -> FloatArray:
    return predict(model.fit, "lp", units, reference="zero")["estimate"].to_numpy(dtype=float)


def _measures(
    judged: Judged,
    chances: FloatArray,
    predictor: FloatArray,
    times: FloatArray,
    copies: FloatArray,
) -> FloatArray:
    """Give brier and auc at each time, the integrated brier, and Uno's C, by draw, (r, 2t + 2)."""
    seen = [judged.seen(drawn) for drawn in copies]
    at_times = [
        _at_times(judged, chances, predictor, times, one, drawn)
        for one, drawn in zip(seen, copies, strict=True)
    ]
    last = uno_c(judged, seen, predictor, times[-1], copies)
    return np.column_stack([np.array(at_times), last])


def _at_times(
    judged: Judged,
    chances: FloatArray,
    predictor: FloatArray,
    times: FloatArray,
    seen: Seen,
    copies: FloatArray,
) -> list[float]:
    weights = [judged.weights(seen, time) for time in times]
    briers = [
        brier(judged, chance, weight, time, copies)
        for chance, weight, time in zip(chances, weights, times, strict=True)
    ]
    aucs = [
        auc(judged, predictor, weight, time, copies)
        for weight, time in zip(weights, times, strict=True)
    ]
    span = times[-1] - times[0]
    middle = (np.array(briers[1:]) + briers[:-1]) / 2
    area = float(middle @ np.diff(times) / span) if span > 0 else float("nan")
    return [*briers, *aucs, area]


def _labels(times: FloatArray) -> pd.DataFrame:
    t, last = list(times), times[-1]
    measures = ["brier"] * len(t) + ["auc"] * len(t) + ["integrated brier", "uno c"]
    return pd.DataFrame({"measure": measures, "time": [*t, *t, last, last]})


def _lines(
    labels: pd.DataFrame, estimate: FloatArray, draws: FloatArray, conf_level: float
) -> pd.DataFrame:
    error = pd.DataFrame(draws, columns=range(len(estimate))).std().to_numpy()
    error = np.where(np.isfinite(estimate), error, np.nan)
    wide = normal_quantile(conf_level) * error
    return labels.assign(
        estimate=estimate, std_error=error, lower=estimate - wide, upper=estimate + wide
    )


def _with_p(differences: pd.DataFrame | None) -> pd.DataFrame:
    from scipy.special import ndtr

    columns = ["model", "reference", *SHOWN[1:], "p_value"]
    if differences is None:
        return pd.DataFrame(columns=columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(differences["estimate"] / differences["std_error"])
    return differences.assign(p_value=2 * ndtr(-z))[columns]
