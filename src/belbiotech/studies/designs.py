"""One panel, many designs: each function gives the rows of a design, with its exposure set.

The formula never changes. What changes is the column of the exposure that it names, and which
rows are there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, PanelError
from belbiotech.studies.agreements import Agreements, signed_by, stock

__all__ = [
    "Sample",
    "as_of",
    "check_landmark",
    "documented",
    "ever",
    "landmark",
    "prolonged",
    "signed_after",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """A panel of yearly rows and the alliances behind it.

    Attributes
    ----------
    rows : DataFrame
        The firm-years; `start` is the age.
    agreements : Agreements
        The alliances, on the firms' clocks.
    column : str
        The column that the formula names, and that every design sets.
    any_ : bool
        Whether the column says if there is any alliance, rather than how many.
    window : int or None
        Years that an alliance without a known end is in force; None for ever.
    covariates : tuple of str
        Columns that the formula reads, other than the exposure.
    outcome, unit, start, stop : str
        Further columns.
    given : str or None
        The panel's own column of that count, as of the end of the year before.
    ends_known : bool
        Whether the agreements give that column again: else the ends of some are missing.
    silent : tuple of str
        Firms that had no exit and were not seen until the end.
    end_year : int or None
        Last year of the data.
    """

    rows: pd.DataFrame
    agreements: Agreements
    column: str
    any_: bool
    window: int | None
    covariates: tuple[str, ...]
    outcome: str
    unit: str = "firm_id"
    start: str = "start"
    stop: str = "stop"
    given: str | None = None
    ends_known: bool = True
    silent: tuple[str, ...] = ()
    end_year: int | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def keep(self, kept: pd.Series) -> Sample:
        """Keep some rows."""
        return replace(self, rows=self.rows[kept])


def as_of(sample: Sample, *, lag: int = 1, window: int | None) -> pd.DataFrame:
    """Count alliances in force ``lag`` years ago.

    Parameters
    ----------
    sample : Sample
        Its rows are kept as they are.
    lag : int
        0 for the end of the row's own year, 1 for the end of the year before, and so on.
    window : int or None
        Years that an alliance without a known end is in force; None for ever.

    Returns
    -------
    DataFrame
        The rows with the exposure set.

    Raises
    ------
    FitError
        The ends of alliances are needed and not there.
    """
    if sample.given is not None and lag == 1 and window == sample.window:
        return _with(sample, sample.rows, sample.rows[sample.given].to_numpy(dtype=float))
    if not sample.ends_known and window is not None:
        msg = (
            "not possible: the panel alone does not tell when alliances ended; give the tables "
            "of build(), or a version, or the alliance_window that the panel was built with"
        )
        raise FitError(msg)
    age = sample.rows[sample.start].to_numpy() - lag
    return _with(sample, sample.rows, stock(sample.agreements, _codes(sample), age, window))


def ever(sample: Sample) -> pd.DataFrame:
    """Count all alliances of a firm's life, from its first row on: the naive design.

    Parameters
    ----------
    sample : Sample
        Its rows are kept as they are.

    Returns
    -------
    DataFrame
        The rows with the exposure set.
    """
    last = sample.rows.groupby(sample.unit)[sample.start].transform("max")
    return _with(sample, sample.rows, signed_by(sample.agreements, _codes(sample), last))


def signed_after(sample: Sample, *, years: int = 2) -> pd.DataFrame:
    """Count the alliances signed in the years after the row's own: they cannot have worked yet.

    Parameters
    ----------
    sample : Sample
        Its rows are kept as they are.
    years : int
        How many years ahead.

    Returns
    -------
    DataFrame
        The rows with the exposure set.
    """
    age, codes = sample.rows[sample.start].to_numpy(), _codes(sample)
    by_then = signed_by(sample.agreements, codes, age + years)
    return _with(sample, sample.rows, by_then - signed_by(sample.agreements, codes, age))


def documented(sample: Sample) -> Sample:
    """Drop the years before the first page on a firm: it had to live to be written about.

    Parameters
    ----------
    sample : Sample
        With a column `observed`.

    Returns
    -------
    Sample
        The rows observed; what is left enters late.

    Raises
    ------
    FitError
        There is no such column, or no row is observed.
    """
    if "observed" not in sample.rows:
        msg = "not possible: the data has no column 'observed' (from the first page on a firm on)"
        raise FitError(msg)
    kept = sample.keep(sample.rows["observed"].astype(bool))
    if not len(kept):
        msg = "not possible: no row is observed"
        raise FitError(msg)
    return kept


def check_landmark(sample: Sample, age: int) -> None:
    """Refuse a landmark after which nobody is left.

    Parameters
    ----------
    sample : Sample
        The rows to look at.
    age : int
        The landmark.

    Raises
    ------
    PanelError
        No firm is at risk at that age.
    """
    starts = sample.rows[sample.start]
    if not (starts == age).any():
        msg = (
            f"nobody is left at the landmark, age {age}: rows begin at ages from "
            f"{starts.min():g} to {starts.max():g}; choose landmarks within them"
        )
        raise PanelError(msg)


def landmark(sample: Sample, age: int) -> pd.DataFrame:
    """Follow firms from a landmark on, with everything as it was at it.

    Parameters
    ----------
    sample : Sample
        A firm without a row at that age is left out.
    age : int
        The landmark.

    Returns
    -------
    DataFrame
        The rows from that age on. Exposure and covariates are those of the landmark's row:
        fixed at entry, so that Fine-Gray regression applies too.

    References
    ----------
    Anderson, J. R., Cain, K. C., Gelber, R. D. (1983). Analysis of survival by tumor response.
    Journal of Clinical Oncology 1, 710-719.
    """
    fixed = [sample.column, *sample.covariates]
    status = as_of(sample, window=sample.window)
    at = status[status[sample.start] == age].set_index(sample.unit)[fixed]
    after = status[(status[sample.start] >= age) & status[sample.unit].isin(at.index)]
    values = {name: at[name].reindex(after[sample.unit]).to_numpy() for name in fixed}
    return after.assign(**values)


def prolonged(sample: Sample, *, worst: bool) -> tuple[Sample, str]:
    """Guess what became of the firms that fell silent: all live on, or all fail at once.

    Parameters
    ----------
    sample : Sample
        With the silent firms named.
    worst : bool
        True: each fails the year after its last row. False: each is alive to the last year.

    Returns
    -------
    Sample
        With rows added, in which no further alliance is signed.
    str
        What was added and carried forward.

    Raises
    ------
    FitError
        No firm fell silent, or the data has no calendar year.
    """
    if sample.end_year is None:
        msg = "not possible: the data has no column 'year', so that nobody is known to be silent"
        raise FitError(msg)
    if not sample.silent:
        msg = f"nothing to guess: every firm has an exit or was seen in {sample.end_year}"
        raise FitError(msg)
    last = sample.rows[sample.rows[sample.unit].isin(sample.silent)]
    last = last.sort_values(sample.start).groupby(sample.unit).tail(1)
    missing: NDArray[np.int64] = sample.end_year - last["year"].to_numpy(dtype=np.int64)
    added = _later_rows(sample, last, np.ones_like(missing) if worst else missing)
    added[sample.outcome] = int(worst and _is_failure(sample))
    rows = pd.concat([sample.rows, added], ignore_index=True)
    carried = [name for name in sample.covariates if _changes(sample, name)]
    note = f"{len(last)} silent firms, {len(added)} firm-years added"
    note += f"; carried forward: {', '.join(carried)}" if carried else ""
    return replace(sample, rows=rows, given=None), note


def _with(sample: Sample, rows: pd.DataFrame, count: FloatArray) -> pd.DataFrame:
    return rows.assign(**{sample.column: np.minimum(count, 1.0) if sample.any_ else count})


def _codes(sample: Sample) -> NDArray[np.int64]:
    return sample.agreements.codes(sample.rows[sample.unit])


def _later_rows(sample: Sample, last: pd.DataFrame, years: NDArray[np.int64]) -> pd.DataFrame:
    """Repeat the last rows, a year on each time."""
    rows = last.loc[last.index.repeat(years)].copy()
    later = rows.groupby(sample.unit).cumcount().to_numpy() + 1
    clocks = [sample.start, sample.stop, *(name for name in ("year", "age") if name in rows)]
    for name in clocks:
        rows[name] += later
    return rows


def _is_failure(sample: Sample) -> bool:
    """Tell whether a failure is an event of this outcome: of failure and exit, not of others."""
    if "failure" not in sample.rows:
        return True
    failed = sample.rows["failure"] == 1
    return bool(failed.any() and (sample.rows.loc[failed, sample.outcome] == 1).all())


def _changes(sample: Sample, name: str) -> bool:
    values = sample.rows.groupby(sample.unit)[name].nunique()
    return name not in (sample.start, sample.stop, "year", "age") and bool((values > 1).any())
