"""The names of a factor's coefficients, read as levels of a column."""

from __future__ import annotations

import re

__all__ = ["TIMES", "column_of", "factor_of", "level_in_words", "level_of"]

LEVEL = re.compile(r"(.*)\[T\.(.*)\]")
FULL = re.compile(r"(C\(.*\))\[(.*)\]")  # of a factor without a reference level, in a product
CELL = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")  # the same, written without C()
COLUMN = re.compile(r"C\(`?([\w ]+?)`?(,.*)?\)")
TIMES = re.compile(r":(?![^\[(]*[\])])")  # of an interaction, not inside brackets


def level_in_words(name: str) -> str | None:
    """Read the name of a factor's coefficient: ``C(region)[T.BE-WAL]`` is region = BE-WAL.

    Parameters
    ----------
    name : str
        Of any coefficient.

    Returns
    -------
    str or None
        None for a number, and for an interaction with one.

    Examples
    --------
    >>> level_in_words("C(region)[T.BE-WAL]:listed[T.True]")
    'region = BE-WAL and listed = True'
    >>> level_in_words("age")
    """
    parts = [LEVEL.fullmatch(part) or FULL.fullmatch(part) for part in TIMES.split(name)]
    if not all(parts):
        return None
    return " and ".join(f"{column_of(part[1])} = {part[2]}" for part in parts if part)


def factor_of(name: str) -> str | None:
    """Give the factor whose level a coefficient is, of a factor by itself."""
    match = LEVEL.fullmatch(name)
    return match[1] if match and len(TIMES.split(name)) == 1 else None


def level_of(part: str) -> tuple[str, str] | None:
    """Read a factor of a coefficient's name: ``C(region)[T.BE-WAL]`` is BE-WAL of C(region).

    Parameters
    ----------
    part : str
        A name, or what stands between the colons of a product's.

    Returns
    -------
    tuple of str, or None
        Factor and level; None for a number.

    Examples
    --------
    >>> level_of("region[T.BE-WAL]")
    ('region', 'BE-WAL')
    """
    match = LEVEL.fullmatch(part) or FULL.fullmatch(part) or CELL.fullmatch(part)
    return None if match is None else (match[1], match[2])


def column_of(factor: str) -> str:
    """Give the column of a factor: ``C(region)`` is of region."""
    match = COLUMN.fullmatch(factor)
    return match[1] if match else factor
