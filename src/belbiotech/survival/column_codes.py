"""Columns as small whole numbers, and several such columns as one: rows ready to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["CHUNK", "ColumnCodes", "between", "combine", "encode", "largest_size", "numbered"]

CHUNK = 1 << 15  # rows that are coded at a time: they fit into the processor's cache


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
    """

    codes: NDArray[np.integer[Any]]
    low: int
    size: int
    whole: bool = False


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
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return ColumnCodes(column.cat.codes.to_numpy(), 0, len(kind.categories))
    if pd.api.types.is_bool_dtype(kind):
        return ColumnCodes(column.to_numpy(dtype=bool).view(np.uint8), 0, 2, whole=True)
    whole = _whole_numbers(column)
    if whole is not None:
        low, high = int(whole.min()), int(whole.max())
        if high - low < largest_size(len(whole)):
            return ColumnCodes(whole, low, high - low + 1, whole=True)
    codes, values = pd.factorize(column, sort=True)
    return ColumnCodes(codes, 0, len(values))


def between(first: ColumnCodes, second: ColumnCodes) -> ColumnCodes:
    """Code ``first`` given that ``second`` is known: their difference, if that is smaller.

    Of intervals of a few lengths, the start given the stop has as many codes as lengths.
    """
    if not (first.whole and second.whole):
        return first
    codes = np.subtract(first.codes, second.codes, dtype=np.int64)
    low, high = int(codes.min()), int(codes.max())
    return ColumnCodes(codes, low, high - low + 1) if high - low < first.size else first


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
    joined, size = [columns[0]], columns[0].size
    for column in columns[1:]:
        if size * column.size > largest and len(joined) > 1:
            joined = [_dense(_mixed(joined, size), largest)]
            size = joined[0].size
        joined.append(column)
        size *= column.size
    mixed = _mixed(joined, size)
    return mixed if size <= largest else _dense(mixed, largest)


def numbered(columns: Sequence[pd.Series]) -> tuple[NDArray[np.integer[Any]], int]:
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
    codes = combine([encode(column) for column in columns])
    codes = _dense(codes, codes.size)
    return codes.codes, codes.size


def _whole_numbers(column: pd.Series) -> NDArray[np.integer[Any]] | None:
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


def _mixed(columns: Sequence[ColumnCodes], size: int) -> ColumnCodes:
    """Join codes as the digits of one number, chunk by chunk, so that all stay in the cache.

    The lowest values are taken off at the end: integers wrap around without harm until then.
    """
    lowest = 0
    for column in columns:
        lowest = lowest * column.size + column.low
    lowest = (lowest + 2**63) % 2**64 - 2**63
    n = len(columns[0].codes)
    kind = np.int32 if size < 2**31 else np.int64
    mixed: NDArray[np.integer[Any]] = np.empty(n, dtype=kind)
    for a in range(0, n, CHUNK):
        number = columns[0].codes[a : a + CHUNK].astype(np.int64)
        for column in columns[1:]:
            number *= column.size
            number += column.codes[a : a + CHUNK]
        mixed[a : a + CHUNK] = number - np.int64(lowest)
    return ColumnCodes(mixed, 0, size)


def _dense(column: ColumnCodes, largest: int) -> ColumnCodes:
    """Give the codes that occur the numbers 0, 1, ... in their order."""
    if column.size > largest:
        codes, values = pd.factorize(column.codes, sort=True)
        return ColumnCodes(codes, 0, len(values))
    occurs = np.bincount(column.codes, minlength=column.size) > 0
    numbers = np.cumsum(occurs) - 1
    return ColumnCodes(numbers.astype(np.int32)[column.codes], 0, int(numbers[-1]) + 1)
