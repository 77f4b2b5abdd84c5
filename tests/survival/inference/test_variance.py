"""Sums by cluster and the sandwich variance, by their definition."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from belbiotech.survival.inference.variance import (
    cluster_sums,
    clustered_variance,
    symmetric_inverse,
)


def made_up(seed, rows=40, distinct=9, p=3):
    draw = np.random.default_rng(seed)
    return {
        "firm": draw.permutation(np.r_[np.arange(6), draw.integers(0, 6, rows - 6)]),
        "year": draw.permutation(np.r_[np.arange(4), draw.integers(0, 4, rows - 4)]),
        "row_of": draw.integers(0, distinct, rows),
        "scores": draw.normal(size=(distinct, p)),
        "weight": draw.random(rows),
    }


def outer(cluster, scores):
    sums = [scores[cluster == c].sum(axis=0) for c in np.unique(cluster)]
    return sum(np.outer(s, s) for s in sums)


@given(st.integers(0, 1000))
def test_sums_by_cluster(seed):
    d = made_up(seed)
    by_row = d["scores"][d["row_of"]] * d["weight"][:, None]
    expected = [by_row[d["firm"] == c].sum(axis=0) for c in range(6)]
    for found in (
        cluster_sums(d["firm"], d["scores"], d["row_of"], d["weight"]),
        cluster_sums(d["firm"], d["scores"][d["row_of"]], None, d["weight"]),
        cluster_sums(d["firm"], by_row),
    ):
        np.testing.assert_allclose(found, expected, atol=1e-13)


@given(st.integers(0, 1000))
def test_one_and_two_ways_of_clustering(seed):
    d = made_up(seed)
    by_row = d["scores"][d["row_of"]] * d["weight"][:, None]
    naive = np.diag([0.5, 1.0, 2.0]) + 0.1
    one = clustered_variance(naive, [d["firm"]], d["scores"], d["row_of"], d["weight"])
    np.testing.assert_allclose(one, naive @ outer(d["firm"], by_row) @ naive, atol=1e-12)
    both = clustered_variance(naive, [d["firm"], d["year"]], by_row)
    pairs = d["firm"] * 10 + d["year"]
    middle = outer(d["firm"], by_row) + outer(d["year"], by_row) - outer(pairs, by_row)
    np.testing.assert_allclose(both, naive @ middle @ naive, atol=1e-12)


def test_an_inverse_of_badly_scaled_information():
    scale = np.array([1e-9, 1.0, 1e8])
    information = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 3.0]])
    inverse = symmetric_inverse(information * np.outer(scale, scale))
    expected = np.linalg.inv(information)
    np.testing.assert_allclose(inverse * np.outer(scale, scale), expected, rtol=1e-13)
    assert (inverse == inverse.T).all()
    assert symmetric_inverse(np.zeros((0, 0))).shape == (0, 0)


@pytest.mark.parametrize("p", [1, 4])
def test_each_row_a_cluster_is_the_sum_of_squares(p):
    scores = np.random.default_rng(1).normal(size=(30, p))
    found = clustered_variance(np.eye(p), [np.arange(30)], scores)
    np.testing.assert_allclose(found, scores.T @ scores, atol=1e-12)
