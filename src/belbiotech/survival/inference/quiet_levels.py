"""A warning where levels of a factor have no event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from belbiotech.errors import warn
from belbiotech.survival.inference.levels import column_of, factor_of, level_in_words

__all__ = ["warn_of_quiet_levels"]


def warn_of_quiet_levels(
    counted: Mapping[str, int],
    references: Sequence[tuple[str, str]],
    remedy: str,
    *,
    of: str = "row",
    event: str = "event",
) -> None:
    """Warn of levels whose coefficient is minus infinity.

    Parameters
    ----------
    counted : mapping of str to int
        The rows of each, by the name of its coefficient.
    references : sequence of (str, str)
        Of the reference levels among them, the name that the coefficient would have, and that of
        the level that the others are compared with now.
    remedy : str
        What gives estimates with them.
    of : str
        What is counted.
    event : str
        What does not happen there: one of several fates, or any event.

    Warns
    -----
    BelbiotechWarning
        With the levels, their rows and what to do.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warnings.simplefilter("always")
    ...     warn_of_quiet_levels({"C(era)[T.late]": 12}, [], "use firth=True")
    >>> print(str(told[0].message)[:75])
    no event with era = late (12 rows): not estimable, the coefficient is minus
    """
    told = ", ".join(
        f"{level_in_words(name)} ({n:,d} {of if n == 1 else f'{of}s'})"
        for name, n in counted.items()
    )
    part = "the likelihood" if event == "event" else f"the likelihood of {event}"
    lines = [
        f"no {event} with {told}: not estimable, the coefficient is minus infinity and those {of}s "
        f"are out of {part}"
    ]
    for name, instead in references:
        factor = str(factor_of(name))
        column = column_of(factor)
        lines.append(
            f"{level_in_words(name)} was the reference level: {level_in_words(instead)} is now, "
            f"and C({column}, levels=[...]) names another order"
        )
    warn("; ".join([*lines, f"{remedy}, for estimates with them"]))
