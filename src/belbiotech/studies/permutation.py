"""Tests of covariates by dealing histories anew among those who could have had the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, PanelError, in_words
from belbiotech.studies.histories import Dealt, EventSets, deal, event_sets
from belbiotech.studies.seeds import generator
from belbiotech.survival.formulas.checks import refuse_unknown_columns
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula, read_formula
from belbiotech.survival.formulas.texts import shown
from belbiotech.survival.inference.printed import PrintedTable
from belbiotech.survival.inference.report import Report, Reported
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.words import words_with
from belbiotech.survival.rows.checks import FloatArray, IntArray, check_rows
from belbiotech.survival.rows.column_codes import numbered
from belbiotech.survival.rows.column_names import as_columns, check_names, check_one_name
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.units import needed_unit, refuse_overlaps

__all__ = ["PermutationResult", "permutation_test"]

DECADE = 10  # years of founding that make a cohort
EVER = 10**6  # years: one cohort for all
YEAR = "year"  # the calendar year in which a row begins, in panels of firm-years
EQUAL = 1e-9  # sums as far off as this share of their spread count as equal


@dataclass(frozen=True, repr=False)
class PermutationResult(Reported):
    """Permutation p-values of covariates.

    Attributes
    ----------
    summary : DataFrame
        By covariate: score (sum over the events, less what is expected within cohorts; where
        there are several covariates, the coefficient's first step from no effect), its standard
        deviation over the deals, the number of deals as far off, p, and p by the normal
        approximation.
    test : TestResult
        All covariates at once: the score statistic, its degrees of freedom, and its p-value by
        the same deals.
    draws : int
        Deals.
    n_units, n_cohorts : int
        Units, and the cohorts within which their histories were dealt.
    n_rows, n_events : int
        Rows, and events.
    n_compared : int
        Events at which somebody else of the cohort was at risk: the others say nothing.
    cohorts : str
        What the cohorts are.
    formula : str
        What was tested.
    """

    summary: pd.DataFrame
    test: TestResult
    draws: int
    n_units: int
    n_cohorts: int
    n_rows: int
    n_events: int
    n_compared: int
    cohorts: str
    formula: str

    @property
    def p_values(self) -> pd.Series:
        """The permutation p-value of each covariate."""
        return self.summary["p"]

    def _report(self) -> Report:
        test = self.test
        return Report(
            f"Permutation test: {self.formula}",
            self.summary,
            (
                f"{self.draws:,d} deals of the histories of {self.n_units:,d} units within "
                f"{self.n_cohorts:,d} {self.cohorts}; {self.n_rows:,d} rows, {self.n_events:,d} "
                f"events, {self.n_compared:,d} of them with somebody else of the cohort at risk",
                f"All at once: score {test.statistic:.4g} on {test.df} df, p = {test.p_value:.4f}",
                f"No p-value can be under {1 / (self.draws + 1):.2g}",
            ),
        )

    def printed(
        self, *, labels: Mapping[str, str] | None = None, title: str | None = None
    ) -> PrintedTable:
        """Give the table as a paper prints it, with what was dealt below.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for columns and levels; by default what the codebook has for them.
        title : str, optional
            Above the table; by default what was tested.

        Returns
        -------
        PrintedTable
            In any form: ``to_markdown()``, ``to_html()``, ``to_latex()``, ``to_word(path)``.
        """
        report, words = self._report(), words_with(labels)
        cells = {
            "score": [f"{score:.2f}" for score in self.summary["score"]],
            "SD over deals": [f"{spread:.2f}" for spread in self.summary["SD over deals"]],
            "as far off": [f"{number:,d}" for number in self.summary["as far off"]],
            "p": [f"{p:.4f}" for p in self.summary["p"]],
            "p, normal": [f"{p:.4f}" for p in self.summary["p, normal"]],
        }
        names = [words.coefficient(name) for name in self.summary.index]
        return PrintedTable(
            pd.DataFrame(cells, index=pd.Index(names), dtype=object),
            tuple(cells),
            len(names),
            report.notes,
            words.in_words(report.title) if title is None else title,
        )

    def to_markdown(self, *, labels: Mapping[str, str] | None = None) -> str:
        """Write the table of p-values as Markdown."""
        return self.printed(labels=labels).to_markdown()

    def to_html(self, *, labels: Mapping[str, str] | None = None) -> str:
        """Write the table of p-values as HTML."""
        return self.printed(labels=labels).to_html()

    def to_latex(self, *, labels: Mapping[str, str] | None = None) -> str:
        """Write the table of p-values as LaTeX (booktabs)."""
        return self.printed(labels=labels).to_latex()

    def to_word(self, path: Path | str, *, labels: Mapping[str, str] | None = None) -> Path:
        """Write the table of p-values as a Word document."""
        return self.printed(labels=labels).to_word(path)


def permutation_test(
    formula: str,
    data: pd.DataFrame,
    *,
    unit: str | None = None,
    draws: int = 999,
    seed: int | np.random.Generator | None = 0,
    cohorts: str | int | None = None,
    strata: str | Sequence[str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> PermutationResult:
    """Test covariates by dealing the units' histories anew within their founding cohorts.

    The hypothesis is that none of the covariates has to do with the outcome: given age, cohort
    and stratum, all who are under observation have the same hazard. Then it is chance which
    history the unit with an event carries, and histories can be exchanged among those of one
    cohort that are at risk at the same age. That is what is exchanged, and nothing else: when a
    unit enters, is out of observation, leaves, and what becomes of it, stays its own. So late
    entry is kept as it is: nobody carries a history at an age at which nobody of the cohort that
    has it was under observation, and the covariates in a risk set are the same in every deal.
    Each unit carries the history of another (or its own) as long as both are under observation,
    all covariates of the formula together; then that of the next one in the drawn order.

    What is compared is the sum of the covariates over the events (the score at no effect), less
    what is expected within cohorts; cohorts are not compared with each other. There is no fit, so
    that separation, few events and dependence within units over their years do no harm. With
    several covariates all are dealt together: a coefficient's p-value, too, is under the
    hypothesis that none of them matters.

    Parameters
    ----------
    formula : str
        ``"outcome ~ covariates"``, as for `belbiotech.cox`.
    data : DataFrame
        One row for each interval ``(start, stop]``.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``. Its rows must not overlap.
    draws : int
        Deals.
    seed : int, numpy Generator or None
        The same seed gives the same result.
    cohorts : str or int, optional
        A column that does not change within a unit, or years of founding that make a cohort. By
        default the decade of founding (``year - start`` of the unit's first row) where the data
        have a column ``year``, else all units are one cohort.
    strata : str or sequence of str, optional
        Columns whose combinations have baselines of their own; histories are exchanged within.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    PermutationResult
        ``summary`` with a p-value for each covariate, ``test`` for all at once, what was dealt.
        A p-value is (1 + deals as far off) / (1 + deals), two-sided.

    Raises
    ------
    FormulaError
        A formula that cannot be read, names unknown columns, or has an offset.
    PanelError
        Bad rows; no unit; a cohort that changes within a unit; draws or seed out of range.
    FitError
        No event; nothing to exchange; covariates that are constant or collinear where there is.

    References
    ----------
    Phipson, B., Smyth, G. K. (2010). Permutation p-values should never be zero. Statistical
    Applications in Genetics and Molecular Biology 9, 39.

    Pitman, J. (2006). Combinatorial Stochastic Processes. Springer.

    Examples
    --------
    >>> from belbiotech import load_panel
    >>> panel = load_panel("1.0.0")
    >>> result = permutation_test("exit ~ alliances_active_lag1", panel[panel["observed"]])
    >>> result.summary[["p"]].round(2)
                              p
    covariate
    alliances_active_lag1  0.74
    """
    read = read_formula(formula)
    check_names(strata=strata)
    table, whose = _checked(read, data, unit, as_columns(strata, "strata"), cohorts, start, stop)
    _check_draws(draws)
    cohort, words = _cohorts(table, whose, cohorts, start)
    numbers, units = numbered([table[whose]])
    codes = numbers.astype(np.int64)
    group, _ = numbered([cohort, *(table[name] for name in as_columns(strata, "strata"))])
    event = table[read.outcome].to_numpy() == 1
    if not event.any():
        msg = f"outcome {read.outcome!r} never happens: it is 0 in all rows; nothing to test"
        raise FitError(msg)
    matrix = design_matrix(read, table)
    sets = event_sets(
        table[start].to_numpy(dtype=float),
        table[stop].to_numpy(dtype=float),
        event,
        codes,
        group.astype(np.int64),
    )
    _refuse_nothing_to_exchange(sets, words)
    of_unit = np.zeros(units, dtype=np.int64)
    of_unit[codes] = cohort.to_numpy()
    dealt = deal(matrix.x, sets, of_unit, int(draws), generator(seed))
    summary, test = _compared(dealt, list(matrix.names))
    return PermutationResult(
        summary=summary,
        test=test,
        draws=int(draws),
        n_units=units,
        n_cohorts=int(cohort.nunique()),
        n_rows=len(table),
        n_events=int(event.sum()),
        n_compared=int(sets.events[sets.size > sets.events].sum()),
        cohorts=words,
        formula=formula,
    )


def _checked(
    read: Formula,
    data: pd.DataFrame,
    unit: str | None,
    strata: list[str],
    cohorts: object,
    start: str,
    stop: str,
) -> tuple[pd.DataFrame, str]:
    """Refuse bad rows; find whose they are."""
    data = as_table(data)
    whose = needed_unit(data, unit)
    if read.offsets:
        msg = "a permutation test has no offset: what is known of a hazard cannot be dealt"
        raise FitError(msg)
    if not read.terms:
        msg = f"formula {shown(read.text)} has no covariate, and covariates are what is dealt anew"
        raise FitError(msg)
    if not isinstance(cohorts, (str, Integral, type(None))) or isinstance(cohorts, bool):
        msg = f"cohorts must be a column's name or whole years, not {in_words(cohorts)}"
        raise PanelError(msg)
    column = [cohorts] if isinstance(cohorts, str) else []
    if column:
        check_one_name(cohorts=cohorts)
    refuse_unknown_columns(read, data)
    table = check_rows(
        data,
        [read.outcome],
        start=start,
        stop=stop,
        columns=[*read.columns, whose, *column],
        groups=strata,
    )
    refuse_overlaps(table, whose, start, stop)
    return table, whose


def _check_draws(draws: object) -> None:
    if not isinstance(draws, Integral) or isinstance(draws, bool) or int(draws) < 1:
        msg = f"draws must be a whole number, 1 or more, such as 999; it is {in_words(draws)}"
        raise PanelError(msg)


def _cohorts(
    table: pd.DataFrame, whose: str, cohorts: str | int | None, start: str
) -> tuple[pd.Series, str]:
    """Give each row the number of its unit's cohort, and say what cohorts are."""
    if isinstance(cohorts, str):
        codes, _ = numbered([table[cohorts]])
        by = pd.Series(codes, table.index).groupby(table[whose], observed=True)
        differs = by.min() != by.max()
        if differs.any():
            some = ", ".join(map(repr, differs.index[differs][:3]))
            msg = f"{cohorts!r} changes within units ({some}): a cohort is for life"
            raise PanelError(msg)
        return pd.Series(codes.astype(np.int64), table.index), f"cohorts ({cohorts})"
    if YEAR not in table.columns and cohorts is None:
        return pd.Series(0, table.index, dtype=np.int64), "cohort (all units)"
    width = DECADE if cohorts is None else min(int(cohorts), EVER)
    if width < 1:
        msg = f"cohorts must be 1 year or more, not {cohorts!r}"
        raise PanelError(msg)
    if YEAR not in table.columns or not _are_numbers(table[YEAR]):
        msg = (
            f"cohorts of {width} years need a column {YEAR!r} of numbers, to know the year of "
            "founding; name a column of cohorts instead, cohorts='...'"
        )
        raise PanelError(msg)
    founded = (
        (table[YEAR] - np.floor(table[start])).groupby(table[whose], observed=True).transform("min")
    )
    codes, _ = numbered([founded.astype(float) // width])
    return pd.Series(codes.astype(np.int64), table.index), f"founding cohorts of {width} years"


def _are_numbers(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not column.isna().any()


def _refuse_nothing_to_exchange(sets: EventSets, words: str) -> None:
    if not (sets.size > sets.events).any():
        msg = (
            f"nothing to exchange: at no event was another unit of the same {words} at risk "
            "without it; take wider cohorts, cohorts='...'"
        )
        raise FitError(msg)


def _compared(dealt: Dealt, names: list[str]) -> tuple[pd.DataFrame, TestResult]:
    """Count deals that are as far off as the data, for each covariate and for all."""
    spread = np.sqrt(np.diag(dealt.variance))
    size = np.where(spread > 0, spread, 1.0)
    scaled = dealt.variance / np.outer(size, size)
    if (spread == 0).any() or np.linalg.cond(scaled) > 1 / EQUAL:
        bad = [name for name, s in zip(names, spread, strict=True) if s == 0] or names
        msg = (
            f"{', '.join(map(repr, bad))}: constant or collinear among those that could have had "
            "the same event, so that there is nothing to exchange; leave it out"
        )
        raise FitError(msg)
    inverse = np.linalg.inv(scaled) / np.outer(size, size)
    several = len(names) > 1
    turn: FloatArray = inverse if several else np.eye(1)
    score, draws = dealt.score @ turn, dealt.draws @ turn
    errors = np.sqrt(np.diag(inverse)) if several else spread
    as_far = _as_far(np.abs(draws) / errors, np.abs(score) / errors)
    whole = float(dealt.score @ inverse @ dealt.score)
    drawn = np.einsum("di,ij,dj->d", dealt.draws, inverse, dealt.draws)
    beyond = int(_as_far(drawn[:, None], np.array([whole]))[0])
    number = len(draws)
    summary = pd.DataFrame(
        {
            "score": score,
            "SD over deals": draws.std(axis=0),
            "as far off": as_far,
            "p": (1 + as_far) / (1 + number),
            "p, normal": _normal(score / errors),
        },
        index=pd.Index(names, name="covariate"),
    )
    test = TestResult(whole, len(names), (1 + beyond) / (1 + number), "Permutation test")
    return summary, test


def _as_far(drawn: FloatArray, real: FloatArray) -> IntArray:
    """Count the deals at least as far off as the data, by column."""
    far: IntArray = (drawn >= real - EQUAL * (1 + real)).sum(axis=0).astype(np.int64)
    return far


def _normal(z: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    p: FloatArray = 2 * ndtr(-np.abs(z))
    return p
