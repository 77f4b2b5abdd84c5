"""How a column's values are spread: counted bars and a sentence, for the codebook."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median

import pandas as pd

__all__ = ["Distribution", "distribution"]

BARS = 12
BLOCKS = "▁▂▃▄▅▆▇█"
NONE = "·"


@dataclass(frozen=True)
class Distribution:
    """Bars and a sentence.

    Attributes
    ----------
    labels : tuple of str
        What each bar counts: a code, a number, or a range with both ends in it.
    counts : tuple of int
        Number of rows in each bar; empty for columns of free text.
    summary : str
        The same in a few words.
    """

    labels: tuple[str, ...]
    counts: tuple[int, ...]
    summary: str

    def blocks(self) -> str:
        """Draw the bars in one line of text; a dot where there is nothing."""
        top = max(self.counts, default=0)
        heights = [math.ceil(count / top * len(BLOCKS)) if top else 0 for count in self.counts]
        return "".join(BLOCKS[height - 1] if height else NONE for height in heights)


def distribution(column: pd.Series, allowed: Mapping[str, str]) -> Distribution:
    """Count a column's values.

    Parameters
    ----------
    column : Series
        Texts, numbers or booleans; missing values are left out.
    allowed : mapping of str to str
        The allowed codes; each gets a bar, in this order. Empty if any value is allowed.

    Returns
    -------
    Distribution
        The same for the same values, on every machine.

    Examples
    --------
    >>> found = distribution(pd.Series([0, 0, 1, 3]), {})
    >>> found.labels, found.counts, found.blocks()
    (('0', '1', '2', '3'), (2, 1, 0, 1), '█▄·▄')
    >>> found.summary
    '0 to 3, median 0.5, mean 1'
    """
    known = column.dropna()
    if allowed:
        return _codes(known.astype(str), tuple(allowed))
    if pd.api.types.is_bool_dtype(known):
        counted = _codes(known.astype(str).str.lower(), ("false", "true"))
        return replace(counted, summary=f"true in {counted.counts[1]:,d} of {len(known):,d} rows")
    if not pd.api.types.is_numeric_dtype(known):
        return Distribution((), (), f"{known.nunique():,d} distinct texts")
    if known.empty:
        return Distribution((), (), "no values")
    if pd.api.types.is_integer_dtype(known):
        whole = [int(value) for value in known]
        return _numbers([float(value) for value in whole], *_whole(whole))
    amounts = [float(value) for value in known]
    return _numbers(amounts, *_amounts(amounts))


def _codes(values: pd.Series, codes: tuple[str, ...]) -> Distribution:
    found = values.value_counts()
    counts = tuple(int(found.get(code, 0)) for code in codes)
    used = sum(count > 0 for count in counts)
    return Distribution(codes, counts, f"{used} of {len(codes)} values occur")


def _numbers(values: list[float], edges: list[float], labels: list[str]) -> Distribution:
    """Count numbers into bars; each bar runs from its edge to below the next one."""
    places = [bisect_right(edges, value) - 1 for value in values]
    counts = tuple(places.count(place) for place in range(len(edges)))
    # fsum rounds once, whatever the order: the same mean on every machine.
    mean = math.fsum(values) / len(values)
    low, middle, high = (f"{value:.6g}" for value in (min(values), median(values), max(values)))
    summary = f"{low} to {high}, median {middle}, mean {mean:.4g}"
    return Distribution(tuple(labels), counts, summary)


def _whole(values: list[int]) -> tuple[list[float], list[str]]:
    """Give bars of equal width, a whole number."""
    low, high = min(values), max(values)
    width = math.ceil((high - low + 1) / BARS)
    edges = list(range(low, high + 1, width))
    labels = [f"{edge}" if width == 1 else f"{edge} to {edge + width - 1}" for edge in edges]
    return [float(edge) for edge in edges], labels


def _amounts(values: list[float]) -> tuple[list[float], list[str]]:
    """Give bars by powers of ten, as sums of money need; one for what is not above zero."""
    positive = [value for value in values if value > 0]
    if not positive:
        return [-math.inf], ["0 or less"]
    powers = [math.floor(math.log10(end)) for end in (min(positive), max(positive))]
    edges = [10.0**power for power in range(powers[0] - 1, powers[1] + 2)]
    used = [edge for edge in edges if min(positive) < 10 * edge and edge <= max(positive)]
    labels = [f"{edge:g} to below {10 * edge:g}" for edge in used]
    if len(positive) < len(values):
        return [-math.inf, *used], ["0 or less", *labels]
    return used, labels
