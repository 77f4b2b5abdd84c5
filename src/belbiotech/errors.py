"""What can go wrong, one class for each phase of the work, under one root."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

__all__ = [
    "BelbiotechError",
    "BelbiotechWarning",
    "FactsError",
    "FitError",
    "FormulaError",
    "PanelError",
    "ReleaseError",
    "nearest_names",
]


class BelbiotechError(Exception):
    """Root of all errors of this package."""


class FactsError(BelbiotechError):
    """Facts that break a rule: every problem found, each with file, line, column and value.

    Parameters
    ----------
    problems : sequence of str
        One line for each problem, ready to be read by a person.

    Attributes
    ----------
    problems : tuple of str
        The same lines.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} problem{'s' if count != 1 else ''} in the facts; nothing was written"
        super().__init__("\n  ".join([head + ":", *self.problems]))


class ReleaseError(BelbiotechError):
    """A data release that is unknown, damaged, incomplete or wrongly numbered."""


class PanelError(BelbiotechError):
    """Rows that are no panel: an unknown column, a missing value, an interval of no length."""


class FormulaError(BelbiotechError):
    """A formula that cannot be read, or that names what the data does not have."""


class FitError(BelbiotechError):
    """A model that the data cannot answer: no events, collinear covariates, separation."""


class BelbiotechWarning(UserWarning):
    """Root of all warnings of this package."""


def nearest_names(name: str, known: Iterable[object]) -> str:
    """Say which known names are like this one, as the end of an error's sentence."""
    names = [str(k) for k in known]
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {', '.join(map(repr, close))}?"
    return f"the names are {', '.join(map(repr, names[:30]))}{', ...' if len(names) > 30 else ''}"
