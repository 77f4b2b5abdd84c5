"""What can go wrong, one class for each phase of the work, under one root."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from pathlib import Path

__all__ = [
    "BelbiotechError",
    "BelbiotechWarning",
    "EngineError",
    "FactsError",
    "FitError",
    "FormulaError",
    "PanelError",
    "ReleaseError",
    "WriteError",
    "a_screen_of",
    "a_type_of",
    "heard_warnings",
    "in_words",
    "is_one_of",
    "nearest_names",
    "on_screen",
    "stop_at",
    "warn",
    "without_commands",
]

OBEYED = re.compile(  # control characters, what turns lines around, what is no character
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ud800-\udfff\ufffe\uffff]"
)
LONGEST = 60  # letters of a value that an error shows
LINES, LETTERS, IN_ALL = 40, 600, 6_000  # of a message: lines, letters of a line, letters
FOOT = 10  # lines at the end of what a result shows that stay, whatever its length


def a_screen_of(text: str) -> str:
    r"""Cut a message to what a screen holds, and say what was left out.

    Parameters
    ----------
    text : str
        A message of any length.

    Returns
    -------
    str
        The same, if it is short; else its beginning, the middle of long lines left out.

    Examples
    --------
    >>> a_screen_of("\n".join(f"line {n}" for n in range(1000))).splitlines()[-1]
    '  ... and 961 more lines'
    >>> a_screen_of("x" * 1000).count("x")
    590
    """
    if len(text) <= LETTERS and text.count("\n") < LINES:
        return without_commands(text)
    lines = without_commands(text[: 4 * IN_ALL * LINES]).split("\n")
    shown: list[str] = []
    for line in lines[: LINES - 1]:
        cut = line if len(line) <= LETTERS else f"{line[: LETTERS - 100]} [...] {line[-90:]}"
        if sum(map(len, shown)) + len(cut) > IN_ALL:
            break
        shown.append(cut)
    left = text.count("\n") + 1 - len(shown)
    return "\n".join([*shown, f"  ... and {left:,d} more lines" if left else ""]).rstrip("\n")


def without_commands(text: str) -> str:
    r"""Write signs that a terminal obeys, or that turn its line around, as Python writes them.

    Examples
    --------
    >>> without_commands("Alpha\x1b[31m\u202e")
    'Alpha\\x1b[31m\\u202e'
    """
    return OBEYED.sub(lambda found: ascii(found[0])[1:-1], text)


class BelbiotechError(Exception):
    """Root of all errors of this package; no message is longer than a screen.

    Parameters
    ----------
    message : str
        What was found, where, and what to do.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(a_screen_of(str(message)))


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

    def __reduce__(self) -> tuple[type[FactsError], tuple[tuple[str, ...]]]:
        return FactsError, (self.problems,)


class ReleaseError(BelbiotechError):
    """A data release that is unknown, damaged, incomplete or wrongly numbered."""


class WriteError(ReleaseError, OSError):
    """A file that could not be written: a full disk, a place without permission."""


class PanelError(BelbiotechError):
    """Rows that are no panel: an unknown column, a missing value, an interval of no length."""


def stop_at(problems: Sequence[str]) -> None:
    """Refuse rows that have problems, told all at once.

    Parameters
    ----------
    problems : sequence of str
        A sentence for each; none where all is well.

    Raises
    ------
    PanelError
        The sentences, one a line.
    """
    if problems:
        raise PanelError("\n".join(problems))


class FormulaError(BelbiotechError):
    """A formula that cannot be read, or that names what the data does not have."""


class FitError(BelbiotechError):
    """A model that the data cannot answer: no events, collinear covariates, separation."""


class EngineError(BelbiotechError):
    """An engine that is not installed, or that failed: its message, and what it was doing."""


class BelbiotechWarning(UserWarning):
    """Root of all warnings of this package; none is longer than a screen.

    Parameters
    ----------
    message : str
        What was found, and what it means.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(a_screen_of(str(message)))


HERE = str(Path(__file__).resolve().parent) + os.sep

# Who listens to warnings here: of this thread or task alone, which Python's own filters are not.
_listening: ContextVar[list[str] | None] = ContextVar("listening", default=None)


def warn(message: str, *, stacklevel: int = 1) -> None:
    """Warn with a `BelbiotechWarning` at the user's own line, or tell who listens in this thread.

    Parameters
    ----------
    message : str
        What is to be known.
    stacklevel : int
        Taken, and not needed: the user's line is found by itself.
    """
    heard = _listening.get()
    if heard is None:
        warnings.warn(message, BelbiotechWarning, stacklevel=_level_of_the_user())
    else:
        heard.append(message)


def _level_of_the_user() -> int:
    """Count the frames from `warn` to the line outside this package that called into it."""
    frame, level, outside = sys._getframe(1), 1, 1
    while frame is not None:
        if frame.f_code.co_filename.startswith(HERE):
            outside = level + 1
        frame, level = frame.f_back, level + 1  # type: ignore[assignment]
    return outside


@contextmanager
def heard_warnings() -> Iterator[list[str]]:
    """Collect this package's warnings of this thread, and leave all others as they are.

    Yields
    ------
    list of str
        Takes their texts while it lasts.

    Examples
    --------
    >>> with heard_warnings() as heard:
    ...     warn("few events")
    >>> heard
    ['few events']
    """
    heard: list[str] = []
    token = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(token)


def in_words(value: object) -> str:
    """Show a value in an error's sentence: as Python writes it, or what it is where that is long.

    Parameters
    ----------
    value : object
        What was given.

    Returns
    -------
    str
        Its ``repr``, or its type with an article.

    Examples
    --------
    >>> in_words("log-log")
    "'log-log'"
    >>> in_words(list(range(100)))
    'a list'
    """
    text = repr(value)
    return text if len(text) <= LONGEST and "\n" not in text else a_type_of(value)


def a_type_of(value: object) -> str:
    """Name a value's type with its article.

    Examples
    --------
    >>> a_type_of(3), a_type_of([])
    ('an int', 'a list')
    """
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def is_one_of(value: object, known: Iterable[str]) -> bool:
    """Tell whether a value is one of some words; no other type is, a table or NA among them.

    Parameters
    ----------
    value : object
        What was given.
    known : iterable of str
        The words.

    Returns
    -------
    bool
        Whether it is.

    Examples
    --------
    >>> is_one_of("logit", ["logit", "cloglog"]), is_one_of(None, ["logit", "cloglog"])
    (True, False)
    """
    return isinstance(value, str) and value in known


def nearest_names(name: object, known: Iterable[object]) -> str:
    """Say which known names are like this one, as the end of an error's sentence.

    Parameters
    ----------
    name : object
        What was asked for, a text as a rule.
    known : iterable of object
        What there is. One that looks the same but is of another type is told with both types.

    Returns
    -------
    str
        The nearest, or the first thirty of all.

    Examples
    --------
    >>> nearest_names("faliure", ["failure", "listing"])
    "did you mean 'failure'?"
    >>> nearest_names("0", [0, 1])
    'did you mean 0 (int, not str)?'
    """
    by_text = {str(k): k for k in known}
    written = str(name)
    # Looking costs the product of lengths, and a text that long is no misspelling.
    close = [] if len(written) > LETTERS else get_close_matches(written, by_text, n=3, cutoff=0.5)
    if close:
        return f"did you mean {', '.join(_beside(name, by_text[text]) for text in close)}?"
    names = [_shown(k) for k in by_text.values()]
    return f"the names are {', '.join(names[:30])}{', ...' if len(names) > 30 else ''}"


def _beside(name: object, other: object) -> str:
    """Show another name; with both types where the eye would not tell them apart."""
    if str(name) != str(other) or isinstance(name, type(other)):
        return _shown(other)
    return f"{_shown(other)} ({type(other).__name__}, not {type(name).__name__})"


def _shown(name: object) -> str:
    return repr(str(name)) if isinstance(name, str) else repr(name)


def on_screen(text: str) -> str:
    r"""Leave out the middle of what is longer than a screen, and say so.

    Parameters
    ----------
    text : str
        What a result shows of itself.

    Returns
    -------
    str
        Forty lines at most; the beginning and the end of what is longer.

    Examples
    --------
    >>> on_screen("title") == "title"
    True
    >>> on_screen("a line\n" * 100).splitlines()[29]
    '... (61 lines more: the result has them as a table)'
    """
    text = without_commands(text)
    lines = text.splitlines()
    if len(lines) <= LINES:
        return text
    top, foot = LINES - FOOT - 1, FOOT
    left_out = f"... ({len(lines) - top - foot} lines more: the result has them as a table)"
    return "\n".join([*lines[:top], left_out, *lines[-foot:]])
