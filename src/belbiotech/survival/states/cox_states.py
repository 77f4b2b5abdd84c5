"""A Cox model for each transition between states, with effects that transitions may share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, FormulaError, in_words, nearest_names
from belbiotech.survival.cox.partial_likelihood import Ties
from belbiotech.survival.formulas.checks import refuse_unknown_columns
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.formulas.matrix import Matrix
from belbiotech.survival.formulas.texts import quoted
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.clusters import as_cluster_columns
from belbiotech.survival.rows.column_names import as_columns, as_list
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.from_zero import all_from_zero
from belbiotech.survival.rows.units import joining_unit
from belbiotech.survival.states.cox_fit import cox_of_rows
from belbiotech.survival.states.cox_result import CoxStatesResult
from belbiotech.survival.states.paths import StatePaths, state_paths, state_rows

__all__ = ["Shared", "cox_states"]

Shared = str | Sequence[str] | Mapping[str, Sequence[str]] | None

# columns of the stacked rows, with names that no coefficient has
OWN, ROW, TRANSITION = "(unit)", "(row)", "(transition)"
START, STOP, EVENT = "(start)", "(stop)", "(event)"


@all_from_zero
def cox_states(
    right_side: str,
    data: pd.DataFrame,
    to: str,
    *,
    initial: str,
    shared: Shared = None,
    unit: str | None = None,
    cluster: str | None = None,
    ties: Ties = "efron",
    strata: str | Sequence[str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> CoxStatesResult:
    """Fit the Cox model of each transition between states, each with a baseline of its own.

    Whoever is in state a is at risk of each move from there; a move to b is the event of "a -> b"
    and ends the time at risk of the others, as censoring does.

    Parameters
    ----------
    right_side : str
        The covariates, as right of the tilde in `cox`.
    data : DataFrame
        One row for each interval ``(start, stop]`` of a unit; covariates may change from row to
        row.
    to : str
        Column that names the state entered at ``stop``, missing where nothing happened.
    initial : str
        The state in which everybody begins, or a column with the state of each row.
    shared : str, sequence of str, or mapping, optional
        Terms whose effect is the same in all transitions: ``"alliances"`` or
        ``["alliances", "C(region)"]``; a mapping says in which ones, such as
        ``{"alliances": ["private -> failed", "listed -> failed"]}``. The others have an effect
        in each transition.
    unit : str, optional
        Column that names the unit, found as in `multi_state`.
    cluster : str, optional
        Column of the clusters of the robust errors; the unit without it.
    ties : {"efron", "breslow"}
        What to do with moves at the same time.
    strata : str or sequence of str, optional
        Columns whose combinations have baselines of their own in each transition.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    CoxStatesResult
        ``params`` and ``standard_errors`` by transition ("a -> b") and covariate, a shared effect
        at each of its transitions; ``summary``, ``predict_occupation(paths)``, ``plot()``.

    Raises
    ------
    FormulaError
        As `cox`; a shared term that is not among the covariates.
    PanelError
        As `multi_state`.
    FitError
        As `cox`, for any transition; a transition in ``shared`` that was never seen.

    Warns
    -----
    BelbiotechWarning
        The table names a unit whose column is gone: each row counts as a unit by itself.

    Notes
    -----
    Equal to R's ``coxph(Surv(start, stop, state) ~ x, id=, istate=)``, with a shared term
    written there as ``/ common``.

    What must be true for a coefficient to be an effect: that nothing left out of the model moves
    both the covariate and the transition, in each state. The choice of who reaches a state is
    itself made by the covariates, so that effects on moves out of a later state compare firms that
    were selected (Putter, Fiocco and Geskus 2007).

    References
    ----------
    Putter, Fiocco and Geskus (2007), Statistics in Medicine 26:2389-2430. Therneau and Grambsch
    (2000), chapter 8.

    Examples
    --------
    >>> import numpy as np
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(400, effect=-0.3, ipo_hazard=0.05, seed=1)
    >>> panel["to"] = np.select(
    ...     [panel["failure"] == 1, panel["acquisition"] == 1, panel["ipo"] == 1],
    ...     ["failed", "acquired", "listed"],
    ...     None,
    ... )
    >>> result = cox_states("alliances_active_lag1", panel, "to", initial="private")
    >>> result.params.round(3)
    transition           covariate
    private -> acquired  alliances_active_lag1   -0.063
    private -> failed    alliances_active_lag1   -0.026
    private -> listed    alliances_active_lag1    0.074
    listed -> acquired   alliances_active_lag1    0.160
    listed -> failed     alliances_active_lag1   -0.568
    Name: coef, dtype: float64
    """
    data = as_table(data)
    formula = _covariates(right_side, data)
    strata_columns, clusters = as_columns(strata), list(as_cluster_columns(cluster))[:1]
    unit = joining_unit(data, unit)
    needed = [*formula.columns, *clusters]
    data = state_rows(
        data, to, initial, unit=unit, columns=needed, groups=strata_columns, start=start, stop=stop
    )
    paths = state_paths(data, to, initial, unit=unit, start=start, stop=stop)
    pairs = paths.transitions()
    names = [paths.name(pair) for pair in pairs]
    matrix = design_matrix(formula, data)
    if not matrix.names:
        msg = "there are no covariates; state occupation without any is multi_state()"
        raise FormulaError(msg)
    place = _places(matrix, names, _shared_terms(shared, matrix, names))
    stacked, titles = _stacked(paths, pairs, names, matrix, place)
    source = stacked[ROW].to_numpy()
    own = {OWN, ROW, TRANSITION, START, STOP, EVENT} & {*strata_columns, *clusters}
    if own:
        msg = f"columns of the name {', '.join(map(repr, sorted(own)))} are made here; rename yours"
        raise FormulaError(msg)
    for name in dict.fromkeys([*strata_columns, *clusters]):
        stacked[name] = data[name].to_numpy()[source]
    stacked[OWN] = paths.unit[source]
    fit = cox_of_rows(
        f"{quoted(EVENT)} ~ {' + '.join(map(quoted, titles))}",
        stacked,
        ties=ties,
        strata=[TRANSITION, *strata_columns],
        cluster=clusters[0] if clusters else OWN,
        start=START,
        stop=STOP,
    )
    moved = stacked.groupby(TRANSITION, sort=False)[EVENT].sum().reindex(names)
    return CoxStatesResult(
        fit=fit,
        formula=formula,
        matrix=matrix,
        states=paths.states,
        pairs=tuple(pairs),
        place=place,
        moved=moved.rename("events").rename_axis("transition"),
        strata=tuple(strata_columns),
        cluster=clusters[0] if clusters else unit,
        interval=(start, stop),
    )


def _covariates(right_side: str, data: pd.DataFrame) -> Formula:
    if not isinstance(right_side, str):
        msg = f"the covariates must be a text such as 'C(region) + age', not {right_side!r}"
        raise FormulaError(msg)
    formula = read_formula(f"event ~ {right_side.strip().removeprefix('~').strip()}")
    refuse_unknown_columns(formula, data)
    return formula


def _shared_terms(shared: Shared, matrix: Matrix, names: list[str]) -> dict[str, list[int]]:
    """Give each shared term the numbers of its transitions."""
    if shared is None:
        return {}
    if not isinstance(shared, Mapping):
        terms = [shared] if isinstance(shared, str) else as_list(shared, "shared", ["age"])
        wanted: list[tuple[str, Sequence[str]]] = [(term, names) for term in terms]
    else:
        wanted = list(shared.items())
    known = [term for term in matrix.terms if term != "1"]
    problems = [
        f"shared names {in_words(term)}, which is no term of the covariates; "
        + nearest_names(term, known)
        for term, _ in wanted
        if term not in known
    ]
    if problems:
        raise FormulaError("\n".join(problems))
    return {term: _numbers(term, which, names) for term, which in wanted}


def _numbers(term: str, which: Sequence[str], names: list[str]) -> list[int]:
    if not isinstance(which, Sequence) or isinstance(which, str | bytes):
        msg = f"shared needs a list of transitions for {term!r}, not {in_words(which)}"
        raise FitError(msg)
    unseen = [name for name in which if name not in names]
    if unseen:
        msg = "\n".join(
            f"the transition {name!r} is never seen in the data; {nearest_names(name, names)}"
            for name in unseen
        )
        raise FitError(msg)
    return [names.index(name) for name in which]


def _places(matrix: Matrix, names: list[str], shared: dict[str, list[int]]) -> IntArray:
    """Give the coefficient of each covariate in each transition, (transitions, p)."""
    place = np.full((len(names), len(matrix.names)), -1, dtype=np.int64)
    count = 0
    for k in range(len(names)):
        for term, columns in matrix.terms.items():
            for j in columns:
                together = shared.get(term, [])
                if k in together and place[together, j].max() >= 0:
                    place[k, j] = place[together, j].max()
                else:
                    place[k, j], count = count, count + 1
    return place


def _stacked(
    paths: StatePaths,
    pairs: list[tuple[int, int]],
    names: list[str],
    matrix: Matrix,
    place: IntArray,
) -> tuple[pd.DataFrame, list[str]]:
    """Give each row once for each move that can be made from its state."""
    titles = _titles(matrix, names, place)
    parts = []
    for k, (origin, target) in enumerate(pairs):
        rows = np.flatnonzero(paths.state == origin)
        x: FloatArray = np.zeros((len(rows), len(titles)))
        x[:, place[k]] = matrix.x[rows]
        part = pd.DataFrame(x, columns=titles, copy=False)
        part[START], part[STOP] = paths.start[rows], paths.stop[rows]
        part[EVENT] = (paths.to[rows] == target).astype(np.int64)
        part[TRANSITION], part[ROW] = names[k], rows
        parts.append(part)
    return pd.concat(parts, ignore_index=True), titles


def _titles(matrix: Matrix, names: list[str], place: IntArray) -> list[str]:
    """Name the coefficients: by covariate, and by transition where it is of one alone."""
    titles = []
    for number in range(int(place.max()) + 1):
        transitions, covariates = np.nonzero(place == number)
        name = matrix.names[covariates[0]]
        if len(transitions) == 1:
            name = f"{name}, {names[transitions[0]]}"
        titles.append(name)
    if len(set(titles)) < len(titles):  # a term shared in two sets of transitions
        titles = [f"{title} ({k})" for k, title in enumerate(titles)]
    return titles
