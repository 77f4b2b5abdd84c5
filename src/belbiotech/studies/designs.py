"""One panel, many designs: each function gives the rows of a design, with its exposure set.

The formula never changes. What changes is the column of the exposure that it names, and which
rows are there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.errors import FitError, PanelError, in_words
from belbiotech.studies.agreements import Agreements, signed_by, stock

if TYPE_CHECKING:
    from belbiotech.dataset.facts.tables import Tables

__all__ = [
    "Sample",
    "as_of",
    "check_landmark",
    "documented",
    "ever",
    "first_spells",
    "landmark",
    "linked",
    "prolonged",
    "read_off_note",
    "signed_after",
]

FloatArray = NDArray[np.float64]
ENDS_UNKNOWN = (
    "not possible: the panel alone does not tell when alliances ended, and some ended otherwise "
    "than by its window; in place of the panel, give the tables of build() or load_tables(), or "
    "a version such as '0.1.0'"
)


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
    given_window : int or None
        The window by which that column counts.
    ends_known : bool
        Whether the agreements give that column again: else the ends of some are missing.
    everything : DataFrame or None
        All rows of the panel, where `rows` are some of them.
    silent : tuple of str
        Firms that had no exit and were not seen until the end.
    end_year : int or None
        Last year of the data.
    tables : Tables or None
        The tables whose panel the rows are, where they are known.
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
    given_window: int | None = None
    ends_known: bool = True
    everything: pd.DataFrame | None = None
    silent: tuple[str, ...] = ()
    end_year: int | None = None
    tables: Tables | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def keep(self, kept: pd.Series) -> Sample:
        """Keep some rows."""
        everything = self.rows if self.everything is None else self.everything
        return replace(self, rows=self.rows[kept], everything=everything)


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
    if sample.given is not None and lag == 1 and window == sample.given_window:
        return _with(sample, sample.rows, sample.rows[sample.given].to_numpy(dtype=float))
    age = sample.rows[sample.start].to_numpy() - lag
    if window is None and sample.column.endswith("_cum_lag1"):
        return _with(sample, sample.rows, signed_by(sample.agreements, _codes(sample), age))
    if sample.ends_known or window is None:
        return _with(sample, sample.rows, stock(sample.agreements, _codes(sample), age, window))
    if sample.given is None or window != sample.given_window:
        raise FitError(ENDS_UNKNOWN)
    return _with(sample, sample.rows, _read_off(sample, sample.given, age))


def read_off_note(sample: Sample, *, lag: int, window: int | None) -> str:
    """Say what `as_of` had to suppose, where a panel does not tell when alliances ended.

    Parameters
    ----------
    sample : Sample
        The rows.
    lag, window : int
        As for `as_of`.

    Returns
    -------
    str
        Empty where nothing was supposed.
    """
    if sample.ends_known or sample.given is None:
        return ""
    if window is None:
        return "all signed: the panel does not tell when alliances ended"
    if lag == 1:
        return ""
    if lag > 1:
        return "read off the panel's earlier rows; before a firm's first row as by its window"
    return "read off the panel's next rows; in a firm's last row no alliance ends but by its window"


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
    if isinstance(age, bool) or not isinstance(age, int | float | np.number):
        msg = f"landmarks names {in_words(age)}: it must be an age in years, like 3"
        raise PanelError(msg)
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


def first_spells(
    rows: pd.DataFrame, unit: str = "firm_id", start: str = "start", stop: str = "stop"
) -> pd.DataFrame:
    """Keep each firm's rows up to the first gap in its observation.

    Fine-Gray's weights know one entry of each firm. That a firm goes out of observation was
    decided before, so that to leave it there is censoring like any other.

    Parameters
    ----------
    rows : DataFrame
        Rows of firms.
    unit, start, stop : str
        Its columns.

    Returns
    -------
    DataFrame
        Its rows, in their order.
    """
    ordered = rows.sort_values([unit, start], kind="stable")
    before = ordered.groupby(unit, sort=False)[stop].shift()
    gaps = (before.notna() & (ordered[start] != before)).groupby(ordered[unit], sort=False).cumsum()
    return rows[(gaps == 0).reindex(rows.index)]


def linked(sample: Sample, rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Keep the ages over which firms overlap, so that Fine-Gray's weights exist.

    The weights of delayed entry are products over the ages of entry; where everybody at risk has
    just entered, such a product is zero, and nothing links the firms before and after that age
    (Geskus 2011). Of the parts between such ages the one with most events is kept.

    Parameters
    ----------
    sample : Sample
        Names the columns.
    rows : DataFrame
        Yearly rows of firms.

    Returns
    -------
    DataFrame
        Its rows.
    str
        The ages kept, and why; empty if all are.

    References
    ----------
    Geskus, R. B. (2011). Cause-specific cumulative incidence estimation and the Fine and Gray
    model under both left truncation and right censoring. Biometrics 67, 39-49.
    """
    entry = rows.groupby(sample.unit)[sample.start].transform("min")
    begins = rows[sample.start].to_numpy()
    staying = np.unique(begins[begins > entry.to_numpy()])  # ages that a firm lived through
    breaks = np.setdiff1d(np.unique(entry), staying)
    part = pd.Series(np.searchsorted(breaks, begins, side="right"), index=rows.index)
    if (part == part.iloc[0]).all():
        return rows, ""
    kept = rows[part == rows[sample.outcome].groupby(part).sum().idxmax()]
    lost, events = len(rows) - len(kept), rows[sample.outcome].sum() - kept[sample.outcome].sum()
    ages = f"ages {kept[sample.start].min():g} to {kept[sample.stop].max():g} only: no firm at "
    ages += f"risk links them with the others (left out: {events:.0f} events, {lost} firm-years)"
    return kept, ages


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


def _read_off(sample: Sample, given: str, age: FloatArray) -> FloatArray:
    """Read the count at the end of an age off the row after it; else count on by the window."""
    rows = sample.everything if sample.everything is not None else sample.rows
    keys = pd.MultiIndex.from_arrays([rows[sample.unit], rows[sample.start]])
    wanted = pd.MultiIndex.from_arrays([sample.rows[sample.unit], age + 1])
    known = rows[given].set_axis(keys).reindex(wanted).to_numpy(dtype=float)
    now = sample.rows[given].to_numpy(dtype=float)
    codes, before = _codes(sample), sample.rows[sample.start].to_numpy() - 1
    window = sample.given_window
    change = stock(sample.agreements, codes, age, window)
    change = change - stock(sample.agreements, codes, before, window)
    return np.where(np.isnan(known), np.maximum(now + change, 0.0), known)


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
