"""The steps of a bias audit, from the naive design to the sound one and to its limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from belbiotech.errors import FitError, PanelError, nearest_names
from belbiotech.studies import designs
from belbiotech.studies.audit.placebo import ends_lives, hopeless
from belbiotech.studies.designs import Sample
from belbiotech.survival.rows.column_names import as_list, check_whole_number

__all__ = ["GROUPS", "Rows", "Step", "base_sample", "sound_letter", "steps"]

GROUPS = {
    "a": "From the naive design to the sound one",
    "b": "From the naive design to the sound one",
    "c": "From the naive design to the sound one",
    "d": "From the naive design to the sound one",
    **dict.fromkeys([f"d{k}" for k in range(1, 9)], "Who is under observation"),
    "e": "Status fixed at a landmark",
    "f": "Longer lags",
    "g": "How long an alliance is in force",
    "h": "The other fate",
    "i": "Placebo",
    "j": "Firms that fell silent",
    "k": "Left out",
    "l": "Facts read otherwise",
    "m": "What a first alliance did",
}
RIVALS = {"failure": "acquisition", "acquisition": "failure"}

Rows = tuple[pd.DataFrame, str]


@dataclass(frozen=True)
class Step:
    """One line of the audit.

    Attributes
    ----------
    step : str
        Its letter.
    design : str
        What it does, for people.
    rows : callable
        Makes its rows and a note; raises FitError with the reason if it cannot.
    outcome : str or None
        Another outcome than the formula's.
    competing : str or None
        Fine-Gray regression with this competing outcome, in place of Cox.
    """

    step: str
    design: str
    rows: Callable[[], Rows]
    outcome: str | None = None
    competing: str | None = None


def base_sample(sample: Sample) -> Sample:
    """Give the rows of the sound design: those under observation, if that is known.

    Parameters
    ----------
    sample : Sample
        All rows.

    Returns
    -------
    Sample
        Those from which the other steps depart.
    """
    return designs.documented(sample) if sound_letter(sample) == "d" else sample


def sound_letter(sample: Sample) -> str:
    """Give the letter of the sound design.

    Parameters
    ----------
    sample : Sample
        All rows.

    Returns
    -------
    str
        d; or c where the data does not tell when a firm was first written about.
    """
    return "d" if "observed" in sample.rows and sample.rows["observed"].any() else "c"


def steps(
    sample: Sample,
    *,
    landmarks: Sequence[int],
    lags: Sequence[int],
    windows: Sequence[int | None],
    competing: str | None,
    segment: str,
) -> Iterator[Step]:
    """List the steps, but for the placebo deals and the firms left out one by one.

    Parameters
    ----------
    sample : Sample
        Rows and alliances.
    landmarks, lags, windows : sequence of int
        What is tried.
    competing : str or None
        The other fate; by default acquisition for failure, and failure for acquisition.
    segment : str
        Column of segments, left out one by one.

    Yields
    ------
    Step
        In the order of their letters.
    """
    if competing is not None and competing not in sample.rows:
        msg = f"there is no column {competing!r}; {nearest_names(competing, sample.rows.columns)}"
        raise PanelError(msg)
    base = base_sample(sample)
    yield from _to_the_sound_design(sample)
    yield from _landmarks(sample, landmarks)
    yield from _lags(base, lags)
    yield from _windows(base, windows)
    yield from _other_fate(sample, landmarks, competing)
    yield Step("i", "Alliances signed in the two years after", partial(_after, base))
    yield from _silent(sample)
    yield from _segments(base, segment)


def _to_the_sound_design(sample: Sample) -> Iterator[Step]:
    any_, window = sample.any_, sample.window
    has = "Allied" if any_ else "Alliances"
    signed = "Ever allied" if any_ else "All alliances"
    in_force = "signed so far" if window is None else "in force"
    yield Step("a", f"{signed}, fixed over life", lambda: (designs.ever(sample), ""))
    yield Step(
        "b",
        f"{has} ({in_force}), counted in the same year",
        partial(_as_of, sample, 0, window),
    )
    yield Step("c", f"{has} as of the year before", partial(_lagged, sample))
    yield Step(
        "d",
        "and under observation",
        lambda: _lagged(designs.documented(sample)),
    )


def _lagged(sample: Sample) -> Rows:
    return designs.as_of(sample, window=sample.window), ""


def _landmarks(sample: Sample, landmarks: Sequence[int]) -> Iterator[Step]:
    for age in as_list(landmarks, "landmarks", [3, 5]):
        designs.check_landmark(sample, age)
        yield Step("e", f"Status at age {age}", partial(_landmark, sample, age))


def _landmark(sample: Sample, age: int) -> Rows:
    """Fix the status at the landmark; firms whose first page came later enter with it."""
    rows = designs.landmark(sample, age)
    rows = rows[rows["observed"].astype(bool)] if sound_letter(sample) == "d" else rows
    if rows.empty:
        msg = f"not possible: no firm alive at age {age} has a row of the sound design after it"
        raise FitError(msg)
    return rows, f"{rows[sample.unit].nunique()} firms alive at age {age}"


def _lags(base: Sample, lags: Sequence[int]) -> Iterator[Step]:
    for lag in as_list(lags, "lags", [2, 3]):
        check_whole_number(lag, "lags")
        if lag is None or lag < 2 or int(lag) != lag:
            msg = f"a longer lag must be 2 or more whole years, not {lag!r}; 1 is the sound design"
            raise PanelError(msg)
        yield Step("f", f"As of {lag} years before", partial(_as_of, base, lag, base.window))


def _windows(base: Sample, windows: Sequence[int | None]) -> Iterator[Step]:
    for window in windows:
        words = "for ever" if window is None else f"for {window} years"
        yield Step("g", f"In force {words}", partial(_as_of, base, 1, window))


def _as_of(base: Sample, lag: int, window: int | None) -> Rows:
    rows = designs.as_of(base, lag=lag, window=window)
    return rows, designs.read_off_note(base, lag=lag, window=window)


def _other_fate(sample: Sample, landmarks: Sequence[int], competing: str | None) -> Iterator[Step]:
    base = base_sample(sample)
    if competing is None and base.outcome == "exit":
        for fate in RIVALS:
            yield Step("h", f"On the hazard of {fate}", partial(_fate, base, fate), outcome=fate)
        return
    rival = competing or RIVALS.get(base.outcome)
    if rival is None:
        reason = f"not possible: no outcome is known to compete with {base.outcome!r}"
        yield Step("h", "Competing event", partial(_refuse, reason))
        return
    yield Step("h", f"{rival.capitalize()} censors", partial(_lagged, base))
    yield Step("h", f"On the hazard of {rival}", partial(_fate, base, rival), outcome=rival)
    for age in landmarks[:1]:
        yield Step(
            "h",
            f"{rival.capitalize()} competes (Fine-Gray, status at age {age})",
            partial(_rival_from, sample, rival, age),
            competing=rival,
        )


def _fate(base: Sample, fate: str) -> Rows:
    _check_fate(base, fate)
    return _lagged(base)


def _rival_from(sample: Sample, fate: str, age: int) -> Rows:
    _check_fate(sample, fate)
    every, note = _landmark(sample, age)
    rows = designs.first_spells(every, sample.unit, sample.start, sample.stop)
    if len(rows) < len(every):
        note += f"; up to the first gap in observation ({len(every) - len(rows)} firm-years less)"
    linked, ages = designs.linked(sample, rows)
    return linked, f"{note}; {ages}" if ages else note


def _check_fate(sample: Sample, fate: str) -> None:
    if fate not in sample.rows:
        msg = f"not possible: there is no column {fate!r}"
        raise FitError(msg)


def _refuse(reason: str) -> Rows:
    raise FitError(reason)


def _after(base: Sample) -> Rows:
    after = designs.signed_after(base)
    if ends_lives(base):
        raise hopeless(base, after)
    return after, ""


def _silent(sample: Sample) -> Iterator[Step]:
    yield Step("j", "Best case: all alive to the end", partial(_guessed, sample, worst=False))
    yield Step("j", "Worst case: all failed the year after", partial(_guessed, sample, worst=True))


def _guessed(sample: Sample, *, worst: bool) -> Rows:
    longer, note = designs.prolonged(sample, worst=worst)
    return _lagged(base_sample(longer))[0], note


def _segments(base: Sample, segment: str) -> Iterator[Step]:
    if segment not in base.rows:
        reason = f"not possible: there is no column {segment!r}"
        yield Step("k", f"Without each {segment}", partial(_refuse, reason))
        return
    for value in sorted(base.rows[segment].unique()):
        kept = base.keep(base.rows[segment] != value)
        yield Step("k", f"Without {str(value).replace('_', ' ')}", partial(_lagged, kept))
