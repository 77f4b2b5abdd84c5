"""Alliances that cannot work: the same ones, dealt to other firms.

The obvious placebo, alliances signed in the years AFTER, tells nothing of an outcome that ends
a firm: the failed cannot sign any more, so that later alliances always seem to have kept a firm
alive, and the data cannot say what they would have signed (Tsiatis 1975). What can be had is the
estimate that a design gives when alliances do nothing by construction: each year's signings
are dealt anew among the firms that lived at that age. A sound design then gives 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.studies.agreements import SPAN, Agreements
from belbiotech.studies.designs import Sample
from belbiotech.studies.estimates import failed

__all__ = ["dealt_anew", "ends_lives", "hopeless", "placebo_row"]


def dealt_anew(sample: Sample, rng: np.random.Generator) -> Sample:
    """Deal the signings of each age anew among the firms that have a row at that age.

    Parameters
    ----------
    sample : Sample
        Rows and alliances.
    rng : numpy Generator
        Where the chance comes from.

    Returns
    -------
    Sample
        The same rows; a firm's signings of a year go to another firm together. Alliances signed
        before a firm's first row stay; those after its last are gone.
    """
    age = sample.rows[sample.start].to_numpy()
    unit = sample.agreements.codes(sample.rows[sample.unit])
    there = np.lexsort((unit, age))
    anew = np.lexsort((rng.random(len(age)), age))
    place, found = _rows_of(sample.agreements, unit, age)
    other = np.empty_like(unit)
    other[there] = unit[anew]
    first = pd.Series(age).groupby(unit).min().reindex(range(len(sample.agreements.units)))
    early = sample.agreements.signed < first.to_numpy()[sample.agreements.unit]
    agreements = sample.agreements
    owner = np.where(found, other[place], agreements.unit)
    kept = found | early
    dealt = Agreements(
        agreements.units, owner[kept], agreements.signed[kept], agreements.ended[kept]
    )
    return replace(sample, agreements=dealt, given=None)


def placebo_row(
    sample: Sample,
    fit: Callable[[Sample], dict[str, Any]],
    *,
    draws: int,
    rng: np.random.Generator,
    real: float,
) -> dict[str, Any]:
    """Fit a design to alliances dealt anew, many times.

    Parameters
    ----------
    sample : Sample
        Rows and the real alliances.
    fit : callable
        Gives the row of a sample under the design.
    draws : int
        How many times.
    rng : numpy Generator
        Where the chance comes from.
    real : float
        The log hazard ratio of the real alliances under the design.

    Returns
    -------
    dict
        The values of `estimates.COLUMNS`: the mean log hazard ratio of the deals, their standard
        deviation, and the interval that holds 95% of them. There is no p value.
    """
    rows = pd.DataFrame([fit(dealt_anew(sample, rng)) for _ in range(draws)])
    good = rows[np.isfinite(rows["estimate"])]
    if good.empty:
        return failed(f"none of {draws} deals could be fitted: {rows['note'].iloc[0]}")
    mean = good["estimate"].mean()
    lower, upper = np.exp(good["estimate"].quantile([0.025, 0.975]))
    note = f"mean and central 95% of {len(good)} deals"
    if len(good) < draws:
        note += f"; {draws - len(good)} more could not be fitted"
    if np.isfinite(real):
        beyond = int((abs(good["estimate"] - mean) >= abs(real - mean)).sum())
        note += f"; {beyond or 'none'} as far off as the real alliances"
    return {
        "estimate": mean,
        "hazard_ratio": float(np.exp(mean)),
        "std_error": good["estimate"].std(),
        "lower": lower,
        "upper": upper,
        "p_value": np.nan,
        "n_rows": int(good["n_rows"].iloc[0]),
        "n_events": int(good["n_events"].iloc[0]),
        "note": note,
    }


def ends_lives(sample: Sample) -> bool:
    """Tell whether the outcome is the end of a firm: no row comes after it.

    Parameters
    ----------
    sample : Sample
        The rows.

    Returns
    -------
    bool
        False for a first listing, say.
    """
    last = sample.rows.groupby(sample.unit)[sample.start].transform("max")
    events = sample.rows[sample.outcome] == 1
    return bool((sample.rows.loc[events, sample.start] == last[events]).all())


def hopeless(sample: Sample, after: pd.DataFrame) -> FitError:
    """Say with numbers why alliances signed afterwards tell nothing of an outcome that ends lives.

    Parameters
    ----------
    sample : Sample
        The rows.
    after : DataFrame
        The same rows, with the exposure from the years after.

    Returns
    -------
    FitError
        To be raised.
    """
    events = after[sample.outcome] == 1
    signed = after[sample.column] > 0
    msg = (
        f"not estimable: {sample.outcome} ends a firm, so that {int((events & signed).sum())} of "
        f"{int(events.sum())} firms with it signed in the two years after, but "
        f"{int((~events & signed).sum())} of {int((~events).sum())} other firm-years; later "
        "alliances always seem to protect. See the alliances dealt to other firms"
    )
    return FitError(msg)


def _rows_of(
    agreements: Agreements, unit: np.ndarray[Any, Any], age: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Find the row in which each agreement was signed, and whether there is one."""
    keys = unit * SPAN + age
    order = np.argsort(keys)
    wanted = agreements.unit * SPAN + agreements.signed
    place = np.searchsorted(keys, wanted, sorter=order).clip(max=len(keys) - 1)
    return order[place], keys[order[place]] == wanted
