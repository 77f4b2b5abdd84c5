"""The arguments of a call of `cox`, read; and what of the rows they ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belbiotech.errors import FitError, in_words
from belbiotech.survival.cox.partial_likelihood import Ties
from belbiotech.survival.engines.binning import Binning
from belbiotech.survival.engines.reading import Reading
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.rows.clusters import Overlap
from belbiotech.survival.rows.column_names import is_finite_number
from belbiotech.survival.rows.units import unit_to_check

__all__ = ["CoxCall", "check_options", "reading_of"]


@dataclass(frozen=True)
class CoxCall:
    """The arguments of `cox`, read: the formula taken apart, columns as tuples.

    Attributes
    ----------
    formula : Formula
        The formula.
    ties, strata, weights, frequency, unit, cluster, frailty, firth, ridge, start, stop, overlap
        As in `cox`.
    firth_offered : bool
        Whether messages may advise ``firth=True``: not where the caller has no such argument.
    leave_out : bool
        Whether levels without an event are left out, and told; else they are refused.
    pieces : str or None
        Column of what rows are pieces of, where messages count that.
    """

    formula: Formula
    ties: Ties = "efron"
    strata: tuple[str, ...] = ()
    weights: str | None = None
    frequency: str | None = None
    unit: str | None = None
    cluster: tuple[str, ...] = ()
    frailty: str | None = None
    firth: bool = False
    ridge: float | None = None
    start: str = "start"
    stop: str = "stop"
    overlap: Overlap = "refuse"
    firth_offered: bool = False
    leave_out: bool = False
    pieces: str | None = None

    @property
    def penalty(self) -> str | None:
        """The penalty that messages may advise, as an argument."""
        if not self.firth_offered:
            return None
        return f"firth=True{' without cluster' if self.cluster else ''}"


def reading_of(call: CoxCall, data: object) -> Reading:
    """Tell what a call reads of rows that an engine holds.

    Parameters
    ----------
    call : CoxCall
        The columns and options.
    data : object
        The rows.

    Returns
    -------
    Reading
        For `counted_rows`.
    """
    groups = (call.frailty,) if call.frailty is not None else ()
    unit = unit_to_check(data, call.unit, [*groups, *call.cluster])
    return Reading(
        outcomes=(call.formula.outcome,),
        columns=tuple(dict.fromkeys([*call.formula.columns, *call.strata, *groups])),
        beside=call.cluster,
        start=call.start,
        stop=call.stop,
        weights=call.weights,
        frequency=call.frequency,
        binned=_binned(call),
        positive_weights=True,
        unit=unit if call.overlap == "refuse" else None,
        summed_by_unit=call.cluster == (unit,) and not groups and not call.firth,
        overlap_offered=True,
    )


def _binned(call: CoxCall) -> dict[str, tuple[Binning, ...]]:
    """Give the columns that are read only binned: no strata or frailty of them either."""
    whole = (*call.strata, call.frailty)
    return {name: ways for name, ways in call.formula.binned.items() if name not in whole}


def check_options(call: CoxCall) -> None:
    """Refuse options that do not go together.

    Parameters
    ----------
    call : CoxCall
        The columns and options.

    Raises
    ------
    FitError
        With all of them.
    """
    problems = []
    if in_words(call.overlap) not in ("'refuse'", "'allow'"):
        problems.append(f"overlap must be 'refuse' or 'allow', not {in_words(call.overlap)}")
    if in_words(call.ties) not in ("'efron'", "'breslow'"):
        problems.append(f"ties must be 'efron' or 'breslow', not {in_words(call.ties)}")
    if call.frailty is not None and (call.firth or call.cluster):
        problems.append("frailty goes neither with firth nor with cluster; choose one")
    if call.firth and call.cluster:
        problems.append("firth gives profile-likelihood intervals; it does not go with cluster")
    if call.frailty is not None and call.formula.over_time:
        problems.append(
            f"frailty does not go with {call.formula.over_time[0].text}; cut the rows with "
            "split_at() at the event times, and write the product as a column"
        )
    if call.ridge is not None and (call.firth or call.frailty is not None):
        problems.append("ridge goes neither with firth nor with frailty; choose one")
    if call.ridge is not None and not _is_strength(call.ridge):
        problems.append(f"ridge must be a number of 0 or more or 'cv', not {in_words(call.ridge)}")
    if problems:
        raise FitError("\n".join(problems))


def _is_strength(value: object) -> bool:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return number and is_finite_number(value) and bool(value >= 0)
