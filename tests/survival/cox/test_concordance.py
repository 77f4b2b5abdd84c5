"""Concordance: pairs counted one by one, R's values, influence by small changes of weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import cox
from belbiotech.survival.cox.concordance import concordance, count_pairs
from belbiotech.survival.cox.partial_likelihood import Design

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")


def random_design(seed, n=40):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 5, n).astype(float)
    return Design(
        start=start,
        stop=start + rng.integers(1, 5, n),
        event=rng.random(n) < 0.4,
        stratum=rng.integers(0, 2, n),
        x=rng.integers(-2, 3, (n, 1)).astype(float),
        number=np.ones(n),
        weight=rng.random(n) + 0.1,
    )


def one_by_one(design, score):
    """The definition: each event with each other row then at risk in its stratum."""
    total = np.zeros(3)
    for i in np.flatnonzero(design.event):
        t = design.stop[i]
        for j in range(len(score)):
            at_risk = design.start[j] < t <= design.stop[j]
            same_time = design.event[j] and design.stop[j] == t
            if at_risk and not same_time and design.stratum[j] == design.stratum[i]:
                kind = 0 if score[i] > score[j] else 1 if score[i] < score[j] else 2
                total[kind] += design.weight[i] * design.weight[j]
    return total


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_pairs_are_those_of_the_definition(seed):
    design = random_design(seed)
    pairs = count_pairs(design, design.x[:, 0])
    expected = one_by_one(design, design.x[:, 0])
    np.testing.assert_allclose([pairs.concordant, pairs.discordant, pairs.tied], expected)
    np.testing.assert_allclose(pairs.share, (expected[0] + expected[2] / 2) / expected.sum())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_influence_is_the_slope_in_a_weight(seed):
    design = random_design(seed)
    pairs = count_pairs(design, design.x[:, 0])
    for row in (0, 7, 23):
        shares = []
        for change in (1e-5, -1e-5):
            weight = design.weight.copy()
            weight[row] += change
            shares.append(count_pairs(replace(design, weight=weight), design.x[:, 0]).share)
        slope = (shares[0] - shares[1]) / 2e-5
        assert pairs.influence[row] == pytest.approx(slope, rel=1e-4, abs=1e-8)


def test_a_reversed_score_gives_the_rest():
    design = random_design(1)
    shares = [count_pairs(design, sign * design.x[:, 0]).share for sign in (1, -1)]
    assert sum(shares) == pytest.approx(1)


def test_no_pairs_no_concordance():
    design = random_design(1)
    assert np.isnan(count_pairs(replace(design, event=design.event & False), design.x[:, 0]).share)


@pytest.mark.reference
def test_estimate_and_error_as_in_r(reference_values, reference_data):
    years = reference_data("years")
    for weights in ("none", "int", "real"):
        for cluster in ("none", "unit"):
            result = cox(
                "failure ~ alliances + C(segment) + size",
                years,
                weights=None if weights == "none" else f"wt_{weights}",
                strata=["region", "era"],
                cluster=None if cluster == "none" else "firm",
            )
            expected = reference_values("cox")[f"years/efron/{weights}/two/{cluster}"]
            assert result.concordance == pytest.approx(expected["concordance"], rel=1e-10)
            error = result.concordance_std_error
            assert error == pytest.approx(expected["concordance_se"], rel=1e-10)


@pytest.mark.parametrize("cluster", [None, "unit"])
def test_a_frequency_is_that_many_rows(cluster):
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"unit": range(50), "start": 0, "stop": rng.integers(1, 9, 50)})
    data = data.assign(event=rng.integers(0, 2, 50), x=rng.normal(size=50).round(1))
    data = data.assign(times=rng.integers(1, 4, 50), w=rng.integers(1, 3, 50))
    repeated = data.loc[data.index.repeat(data["times"])].reset_index(drop=True)
    # Two large clusters, since repeated rows of a small one would overlap.
    one, two = (
        cox("event ~ x", rows.assign(unit=rows["x"] > 0), weights="w", cluster=cluster, **options)
        for rows, options in ((data, {"frequency": "times"}), (repeated, {}))
    )
    assert one.concordance == pytest.approx(two.concordance, rel=1e-12)
    assert one.concordance_std_error == pytest.approx(two.concordance_std_error, rel=1e-10)


def test_pairs_are_kept():
    data = pd.DataFrame(
        {"start": 0, "stop": [1, 2, 3, 4], "event": [1, 1, 1, 0], "x": [2.0, 0.5, 1.0, 0.0]}
    )
    found = concordance(cox("event ~ x", data).fit)
    assert (found.pairs.concordant, found.pairs.discordant, found.pairs.tied) == (5, 1, 0)
    assert found.estimate == pytest.approx(5 / 6)
