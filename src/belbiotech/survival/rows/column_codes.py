"""Columns as small whole numbers, and several such columns as one: rows ready to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "CHUNK",
    "Codes",
    "ColumnCodes",
    "at_a_glance",
    "combine",
    "encode",
    "encode_given",
    "joint_numbers",
    "largest_size",
    "numbered",
    "taken_apart",
]

Codes = NDArray[np.integer[Any]]

SPARSE = 4  # codes for each row, up to which a table of them all is faster than hashing
CHUNK = 1 << 16  # rows that are looked at at a time: they fit into the processor's cache


@dataclass(frozen=True)
class ColumnCodes:
    """A column's values as the whole numbers low, ..., low + size - 1, in their order.

    Attributes
    ----------
    codes : array of any integer type, (n,)
        Equal values have equal codes.
    low, size : int
        The smallest code, and how many there may be.
    whole : bool
        Whether the codes are the values themselves.
    difference : bool
        Whether the codes are the values less those of the column before.
    """

    codes: Codes
    low: int
    size: int
    whole: bool = False
    difference: bool = False


def largest_size(rows: int) -> int:
    """Give the size up to which a table of all codes costs less than hashing them."""
    return rows + (1 << 16)


def encode(column: pd.Series) -> ColumnCodes:
    """Code a column without missing values: whole numbers as they are, others by hashing.

    Parameters
    ----------
    column : Series, (n,)
        Of any type.

    Returns
    -------
    ColumnCodes
        In the order of the values (of the categories, for a categorical).
    """
    codes = at_a_glance(column)
    if codes is not None:
        return codes
    hashed, values = pd.factorize(column, sort=True)
    return ColumnCodes(hashed, 0, len(values))


def at_a_glance(column: pd.Series) -> ColumnCodes | None:
    """Code a column as `encode` does, if that takes no hashing.

    Parameters
    ----------
    column : Series, (n,)
        Of any type, without missing values.

    Returns
    -------
    ColumnCodes or None
        None for texts, broken numbers and numbers far apart.
    """
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return ColumnCodes(column.cat.codes.to_numpy(), 0, len(kind.categories))
    if pd.api.types.is_bool_dtype(kind):
        return ColumnCodes(column.to_numpy(dtype=bool).view(np.uint8), 0, 2, whole=True)
    whole = _whole_numbers(column)
    if whole is not None:
        low, high = _range(whole)
        if high - low < largest_size(len(whole)):
            return ColumnCodes(whole, low, high - low + 1, whole=True)
    return None


def encode_given(column: pd.Series, known: ColumnCodes) -> ColumnCodes | None:
    """Code a column where another's values are known: their difference, if that has fewer values.

    Of intervals of a few lengths, the start given the stop has as many codes as lengths; of
    intervals of one length it has one.

    Parameters
    ----------
    column : Series, (n,)
        Of any type, without missing values.
    known : ColumnCodes
        Those of the other column.

    Returns
    -------
    ColumnCodes or None
        With `known`, they tell the column's value; None where that would take hashing.
    """
    whole = _whole_numbers(column) if known.whole else None
    if whole is None:
        return at_a_glance(column)
    low, high = _range(whole, known.codes)
    if low == high:
        constant = np.broadcast_to(np.int64(low), whole.shape)
        return ColumnCodes(constant, low, 1, difference=True)
    own = at_a_glance(column)
    if own is not None and high - low >= own.size:
        return own
    if high - low >= largest_size(len(whole)):
        return None
    codes = np.subtract(whole, known.codes, dtype=np.int64)
    return ColumnCodes(codes, low, high - low + 1, difference=True)


def combine(columns: Sequence[ColumnCodes]) -> ColumnCodes:
    """Join columns' codes into one, the first column the most significant.

    Parameters
    ----------
    columns : sequence of ColumnCodes
        One at least, of n rows each.

    Returns
    -------
    ColumnCodes
        Equal for rows that are equal in all columns, in the order of the columns' values, and
        few enough for a table of them all.
    """
    largest = largest_size(len(columns[0].codes))
    columns = [column for column in columns if column.size > 1] or columns[:1]
    joined, size = [columns[0]], columns[0].size
    for column in columns[1:]:
        if size * column.size > largest and len(joined) > 1:
            joined = [_dense(_mixed(joined), largest)]
            size = joined[0].size
        joined.append(column)
        size *= column.size
    mixed = _mixed(joined)
    return mixed if size <= largest else _dense(mixed, largest)


def taken_apart(codes: Codes, columns: Sequence[ColumnCodes]) -> list[Codes] | None:
    """Give the columns' codes again that `combine` has joined: values, where these are codes.

    Parameters
    ----------
    codes : array of int, (m,)
        Some of the joined codes.
    columns : sequence of ColumnCodes
        What was joined, of n rows each.

    Returns
    -------
    list of array of int, (m,), or None
        None where joining gave them new numbers on the way.

    Examples
    --------
    >>> columns = [encode(pd.Series([3, 5, 4])), encode(pd.Series([-1, 0, 0]))]
    >>> taken_apart(combine(columns).codes.astype(np.int64), columns)
    [array([3, 5, 4]), array([-1,  0,  0])]
    """
    if prod(column.size for column in columns) > largest_size(len(columns[0].codes)):
        return None
    digits = []
    for column in reversed(columns):
        codes, digit = np.divmod(codes, column.size)
        digits.append(digit + column.low)
    parts: list[Codes] = []
    for digit, column in zip(reversed(digits), columns, strict=True):
        parts.append(digit + parts[-1] if column.difference else digit)
    return parts


def numbered(columns: Sequence[pd.Series]) -> tuple[Codes, int]:
    """Give the different values (or combinations of values) of columns numbers, in their order.

    Parameters
    ----------
    columns : sequence of Series, (n,)
        One at least, without missing values.

    Returns
    -------
    codes : array of int, (n,)
        0, 1, ...; each of them occurs.
    number : int
        How many there are.
    """
    if len(columns) == 1 and isinstance(columns[0].dtype, np.dtype):
        values = columns[0].to_numpy()
        if values.dtype.kind in "iu" and (values[1:] >= values[:-1]).all():  # sorted already
            changes = np.zeros(len(values), dtype=bool)
            np.not_equal(values[1:], values[:-1], out=changes[1:])
            ranks: Codes = changes.cumsum(dtype=np.int32 if len(values) < 2**31 else np.int64)
            return ranks, int(ranks[-1]) + 1
    codes = combine([encode(column) for column in columns])
    codes = _dense(codes, codes.size)
    return codes.codes, codes.size


def joint_numbers(first: Codes, second: Codes) -> tuple[Codes, int]:
    """Give the pairs of two columns of small numbers numbers of their own.

    Parameters
    ----------
    first, second : array of int, (n,)
        0, 1, ...

    Returns
    -------
    codes : array of int, (n,)
        0, 1, ...; each of them occurs.
    number : int
        How many there are.
    """
    sizes = int(first.max()) + 1, int(second.max()) + 1
    pairs = _mixed([ColumnCodes(first, 0, sizes[0]), ColumnCodes(second, 0, sizes[1])])
    if (pairs.codes[1:] > pairs.codes[:-1]).all():  # sorted, each pair once
        return np.arange(len(first)), len(first)
    codes = _dense(pairs, SPARSE * len(first))
    return codes.codes, codes.size


def _whole_numbers(column: pd.Series) -> Codes | None:
    """Give the values as integers, where they are whole numbers."""
    if pd.api.types.is_integer_dtype(column.dtype):
        plain = isinstance(column.dtype, np.dtype)
        integers = column.to_numpy() if plain else column.to_numpy(dtype=np.int64)
        return integers if integers.dtype != np.uint64 else None
    if not pd.api.types.is_float_dtype(column.dtype):
        return None
    values = column.to_numpy(dtype=np.float64)
    codes = np.empty(len(values), dtype=np.int64)
    for a in range(0, len(values), CHUNK):
        part = values[a : a + CHUNK]
        if np.abs(part).max() > 2**53 or not np.array_equal(np.rint(part), part):
            return None
        codes[a : a + CHUNK] = part
    return codes


def _mixed(columns: Sequence[ColumnCodes]) -> ColumnCodes:
    """Join codes as the digits of one number, chunk by chunk, so that all stay in the cache.

    The lowest values are taken off at the end: integers wrap around without harm until then.
    """
    lowest, size = 0, 1
    for column in columns:
        lowest = lowest * column.size + column.low
        size *= column.size
    lowest = (lowest + 2**63) % 2**64 - 2**63
    n = len(columns[0].codes)
    mixed: Codes = np.empty(n, np.int32 if size < 2**31 else np.int64)
    room = np.empty(min(n, CHUNK), np.int64)
    for a in range(0, n, CHUNK):
        z = min(a + CHUNK, n)
        number = room[: z - a]
        number[:] = columns[0].codes[a:z]
        for column in columns[1:]:
            number *= column.size
            number += column.codes[a:z]
        if lowest:
            number -= lowest
        mixed[a:z] = number
    return ColumnCodes(mixed, 0, size)


def _range(values: Codes, minus: Codes | None = None) -> tuple[int, int]:
    """Give the least and the largest value, or the least and the largest difference."""
    lows, highs = [], []
    for a in range(0, len(values), CHUNK):
        part = values[a : a + CHUNK]
        if minus is not None:
            part = np.subtract(part, minus[a : a + CHUNK], dtype=np.int64)
        lows.append(int(part.min()))
        highs.append(int(part.max()))
    return min(lows), max(highs)


def _dense(column: ColumnCodes, largest: int) -> ColumnCodes:
    """Give the codes that occur the numbers 0, 1, ... in their order."""
    if column.size > largest:
        codes, values = pd.factorize(column.codes, sort=True)
        return ColumnCodes(codes, 0, len(values))
    occurs = np.bincount(column.codes, minlength=column.size) > 0
    numbers = np.cumsum(occurs) - 1
    return ColumnCodes(numbers.astype(np.int32).take(column.codes), 0, int(numbers[-1]) + 1)
