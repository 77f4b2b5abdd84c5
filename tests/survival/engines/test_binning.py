"""Rounding in an engine is the formulas' own, to the last bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.survival.engines.binning import Binning
from belbiotech.survival.formulas.rounding import intervals, round_half_even

ibis = pytest.importorskip("ibis")


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(1)
    halves = np.arange(-40, 40) / 8
    return np.r_[halves, rng.normal(size=300) * 100, 1e16, -1e16, 0.15, 0.25, 2.5, 0.0]


def in_duckdb(numbers, way):
    table = ibis.memtable(pd.DataFrame({"k": range(len(numbers)), "x": numbers}))
    found = table.select(table["k"], bin=way.in_engine(table["x"])).to_pyarrow().to_pandas()
    return found.sort_values("k")["bin"].to_numpy()


@pytest.mark.parametrize("digits", [0, 1, 3, -1, -2])
def test_rounded_alike(numbers, digits):
    known = round_half_even(numbers, digits) + 0.0
    assert np.array_equal(in_duckdb(numbers, Binning(digits=digits)), known)


@pytest.mark.parametrize("right", [True, False])
def test_bins_keep_intervals_apart(numbers, right):
    edges = [-100.0, -1.5, 0.0, 2.5, 90.0]
    bins = in_duckdb(numbers, Binning(edges=tuple(edges)))
    known = intervals(numbers, edges, right=right, include_lowest=True)
    inside = known >= 0
    for value in np.unique(bins[inside]):
        assert len(set(known[inside & (bins == value)])) == 1
