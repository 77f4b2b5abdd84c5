"""Sums over intervals by additions alone, beside the sums by their definition."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from belbiotech.survival.rows.interval_sums import IntervalSums


@given(
    st.integers(1, 40).flatmap(
        lambda times: st.tuples(
            st.just(times),
            st.lists(st.tuples(st.integers(0, times), st.integers(0, times)), max_size=30),
        )
    )
)
def test_any_intervals(drawn):
    times, intervals = drawn
    first = np.array([min(pair) for pair in intervals], dtype=np.int64)
    last = np.array([max(pair) for pair in intervals], dtype=np.int64)
    sums = IntervalSums.of(first, last, times)
    values, hazard = np.arange(1.0, len(first) + 1), np.arange(1.0, times + 1)
    at_risk = [sum(values[(first <= k) & (k < last)]) for k in range(times)]
    passed = [sum(hazard[a:z]) for a, z in zip(first, last, strict=True)]
    np.testing.assert_array_equal(sums.total(values), at_risk)
    np.testing.assert_array_equal(sums.collect(hazard), passed)
    assert len(sums.row) <= 2 * len(first) * max(1, int(times).bit_length())


def test_small_numbers_beside_a_large_one_keep_their_digits():
    sums = IntervalSums.of(np.array([0, 1, 0]), np.array([3, 3, 2]), 3)
    total = sums.total(np.array([1e-9, 1e12, 3e-9]))
    assert total[0] == 1e-9 + 3e-9
    assert sums.collect(np.array([1e12, 1e-9, 1e-9]))[1] == 2e-9
