"""Activities: codes of NACE, and which of them a population consists of."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from belbiotech.errors import FactsError

__all__ = ["VERSIONS", "Prefix", "read_prefixes"]

VERSIONS = ("2025", "2008", "2003")
USUAL = ("2025", "2008")  # 2003 gave the same numbers to other things: 72 was informatics


@dataclass(frozen=True)
class Prefix:
    """All codes of a version that begin with these digits."""

    version: str
    digits: str


def read_prefixes(
    texts: Sequence[str], known: Collection[tuple[str, str]] | None = None
) -> list[Prefix]:
    """Read what a user asks for.

    Parameters
    ----------
    texts : sequence of str
        Like ``72110``, ``72.11`` or ``21`` (versions 2008 and 2025), or with the version:
        ``2003:73100``.
    known : collection of tuple of str, optional
        Versions and codes that there are; a prefix of none of them is refused.

    Returns
    -------
    list of Prefix
        Without repetition.

    Raises
    ------
    FactsError
        What is no code, all at once.

    Examples
    --------
    >>> [f"{p.version}:{p.digits}" for p in read_prefixes(["72.11", "2003:73100"])]
    ['2025:7211', '2008:7211', '2003:73100']
    """
    found: list[Prefix] = []
    problems = []
    for text in texts:
        shaped = re.fullmatch(r"(?:(2003|2008|2025)\s*:\s*)?([0-9][0-9.]*)", text.strip())
        digits = shaped[2].replace(".", "") if shaped else ""
        if shaped is None or not 2 <= len(digits) <= 7:
            problems.append(
                f"--nace {text!r}: is no code of NACE; write digits like 72110 or 21, or with "
                "the version, like 2003:73100"
            )
            continue
        some = [Prefix(version, digits) for version in ([shaped[1]] if shaped[1] else USUAL)]
        if known is not None and not any(_is_there(prefix, known) for prefix in some):
            problems.append(
                f"--nace {text!r}: no code in the extracts' code.csv begins so in version "
                f"{' or '.join(prefix.version for prefix in some)}; look it up there"
            )
        found += some
    if problems:
        raise FactsError(problems)
    return list(dict.fromkeys(found))


def _is_there(prefix: Prefix, known: Collection[tuple[str, str]]) -> bool:
    return any(
        version == prefix.version and code.startswith(prefix.digits) for version, code in known
    )
