"""The partial likelihood: derivatives, sums, and what may not change it."""

from __future__ import annotations

import math
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from belbiotech.survival.cox import partial_likelihood
from belbiotech.survival.cox.partial_likelihood import (
    Design,
    likelihood,
    prepare,
    row_hazard,
    score_residuals,
    step_sums,
)
from belbiotech.survival.inference.variance import squares

TIES = st.sampled_from(["efron", "breslow"])


def rows(seed, n=60, p=2, strata=2, weighted=True):
    """Rows with delayed entry, heavy ties, real and whole times."""
    draw = np.random.default_rng(seed)
    start = draw.integers(0, 5, n) + draw.choice([0, 0, 0.5], n)
    return Design(
        start=start,
        stop=start + draw.choice([0.5, 1, 1, 2, 6], n),
        event=draw.random(n) < 0.4,
        stratum=draw.integers(0, strata, n),
        x=draw.normal(size=(n, p)),
        number=np.ones(n),
        weight=draw.gamma(2, size=n) if weighted else np.ones(n),
    )


def by_definition(design, beta, ties):
    """Log likelihood from its definition, event time by event time (Therneau and Grambsch 3.3)."""
    total, risk = 0.0, np.exp(design.x @ beta)
    for stratum in np.unique(design.stratum):
        inside = design.stratum == stratum
        for time in np.unique(design.stop[inside & design.event]):
            dead = inside & design.event & (design.stop == time)
            at_risk = inside & (design.start < time) & (time <= design.stop)
            d, share = dead.sum(), design.weight[dead].sum()
            total += design.weight[dead] @ np.log(risk[dead])
            s0, d0 = (design.weight[who] @ risk[who] for who in (at_risk, dead))
            for k in range(d):
                gone = k / d * d0 if ties == "efron" else 0.0
                total -= share / d * np.log(s0 - gone)
    return total


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), TIES)
def test_the_value_is_that_of_the_definition(seed, ties):
    design = rows(seed)
    beta = np.array([0.3, -0.7])
    value = likelihood(design, prepare(design, ties), beta).value
    assert value == pytest.approx(by_definition(design, beta, ties), rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), TIES)
def test_score_and_information_are_the_derivatives(seed, ties):
    design = rows(seed)
    sets = prepare(design, ties)
    beta, step = np.array([0.3, -0.7]), 1e-4
    here = likelihood(design, sets, beta)
    for j in range(2):
        move = step * np.eye(2)[j]
        up, down = likelihood(design, sets, beta + move), likelihood(design, sets, beta - move)
        size = np.abs(here.information).max()
        assert here.score[j] == pytest.approx((up.value - down.value) / (2 * step), abs=1e-6 * size)
        np.testing.assert_allclose(
            here.information[j], -(up.score - down.score) / (2 * step), atol=1e-6 * size
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), TIES)
def test_score_residuals_add_up_to_the_score(seed, ties):
    design = rows(seed)
    sets = prepare(design, ties)
    beta = np.array([-0.2, 0.4])
    total = design.weight @ score_residuals(design, sets, beta)
    np.testing.assert_allclose(total, likelihood(design, sets, beta).score, atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), TIES)
def test_expected_events_are_those_observed(seed, ties):
    """In each stratum, since the baseline hazard is made so."""
    design = rows(seed)
    sets = prepare(design, ties)
    risk = np.exp(design.x @ np.array([0.5, 0.5]))
    expected = risk * row_hazard(design, sets, step_sums(design, sets, risk))
    for stratum in np.unique(design.stratum):
        inside = design.stratum == stratum
        weight = design.weight[inside]
        assert weight @ expected[inside] == pytest.approx(weight @ design.event[inside], abs=1e-10)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), TIES)
def test_copies_are_a_number(seed, ties):
    design = rows(seed, weighted=False)
    times = np.random.default_rng(seed).integers(1, 4, len(design.start))
    counted = replace(design, number=times.astype(float), weight=times.astype(float))
    again = np.repeat(np.arange(len(times)), times)
    copies = Design(
        *(getattr(design, name)[again] for name in ("start", "stop", "event", "stratum", "x")),
        number=np.ones(len(again)),
        weight=np.ones(len(again)),
    )
    beta = np.array([0.3, 0.1])
    one = likelihood(counted, prepare(counted, ties), beta)
    other = likelihood(copies, prepare(copies, ties), beta)
    assert one.value == pytest.approx(other.value, rel=1e-12)
    np.testing.assert_allclose(one.score, other.score, atol=1e-10)
    np.testing.assert_allclose(one.information, other.information, atol=1e-10)


def test_nothing_is_lost_late_where_early_risks_were_huge():
    """Without late entries sums run backwards: no difference of large numbers."""
    n = 40
    x = np.r_[np.full(n, 40.0), np.linspace(0, 1, n)][:, None]
    design = Design(
        start=np.zeros(2 * n),
        stop=np.r_[np.full(n, 1.0), np.arange(2, n + 2.0)],
        event=np.ones(2 * n, dtype=bool),
        stratum=np.zeros(2 * n, dtype=np.int64),
        x=x,
        number=np.ones(2 * n),
        weight=np.ones(2 * n),
    )
    value = likelihood(design, prepare(design, "breslow"), np.ones(1)).value
    risk = np.exp(x[n:, 0])
    late = x[n:, 0].sum() - np.log(np.cumsum(risk[::-1])).sum()
    everybody = n * np.log(n * np.exp(40) + risk.sum())
    assert value == pytest.approx(late + 40 * n - everybody, rel=1e-13)


def test_an_entry_at_an_event_time_is_not_at_risk_for_it():
    design = Design(
        start=np.array([0.0, 0.0, 1.0]),
        stop=np.array([1.0, 2.0, 2.0]),
        event=np.array([True, False, True]),
        stratum=np.zeros(3, dtype=np.int64),
        x=np.array([[0.0], [1.0], [5.0]]),
        number=np.ones(3),
        weight=np.ones(3),
    )
    value = likelihood(design, prepare(design, "efron"), np.array([1.0])).value
    assert value == pytest.approx(-np.log(1 + np.e) + 5 - np.log(np.e + np.e**5), rel=1e-14)


def test_times_are_looked_up_as_they_are_searched():
    """Many rows with whole times take a shorter way."""
    draw = np.random.default_rng(1)
    n = 20_000
    start = draw.integers(-3, 9, n).astype(float)
    design = Design(
        start=start,
        stop=start + draw.integers(1, 5, n),
        event=draw.random(n) < 0.1,
        stratum=draw.integers(0, 3, n),
        x=draw.normal(size=(n, 1)),
        number=np.ones(n),
        weight=np.ones(n),
    )
    shifted = replace(design, start=start / 3, stop=design.stop / 3)
    whole, thirds = prepare(design, "efron"), prepare(shifted, "efron")
    np.testing.assert_array_equal(whole.first, thirds.first)
    np.testing.assert_array_equal(whole.last, thirds.last)


def test_sums_of_squares_in_pieces():
    draw = np.random.default_rng(2)
    x, y, weight = draw.normal(size=(5000, 20)), draw.normal(size=(5000, 20)), draw.random(5000)
    np.testing.assert_allclose(squares(x), x.T @ x, atol=1e-10)
    np.testing.assert_allclose(squares(x, weight, y), (x * weight[:, None]).T @ y, atol=1e-10)
    assert squares(np.zeros((3, 0))).shape == (0, 0)


def apart_rows(seed):
    """Rows of four strata whose late entrants have far the largest risks."""
    draw = np.random.default_rng(seed)
    n = 48
    start = draw.integers(0, 3, n).astype(float)
    x = draw.normal(size=n)
    return Design(
        start=start,
        stop=start + draw.exponential(2, n),
        event=x > 0.6,
        stratum=draw.integers(0, 4, n),
        x=x[:, None],
        number=np.ones(n),
        weight=draw.integers(1, 4, n).astype(float),
    )


def by_exact_sums(design, beta):
    """Log likelihood and score of untied events with sums that lose no digit."""
    values, scores = [], []
    predictor = design.x[:, 0] * beta
    for i in np.flatnonzero(design.event):
        here = (design.stratum == design.stratum[i]) & (design.start < design.stop[i])
        here &= design.stop >= design.stop[i]
        top = predictor[here].max()
        risk = design.weight[here] * np.exp(predictor[here] - top)
        mean = math.fsum(risk * design.x[here, 0]) / math.fsum(risk)
        values.append(design.weight[i] * (predictor[i] - top - math.log(math.fsum(risk))))
        scores.append(design.weight[i] * (design.x[i, 0] - mean))
    return math.fsum(values), math.fsum(scores)


@pytest.mark.parametrize("few", [0, partial_likelihood.FEW_ROWS])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("beta", [0.5, 12.0, 60.0])
def test_risks_that_differ_by_many_powers_of_ten(seed, beta, few, monkeypatch):
    """At 60, hazard ratios are up to 1e80: what R's sums leave there is rounding."""
    monkeypatch.setattr(partial_likelihood, "FEW_ROWS", few)
    design = apart_rows(seed)
    assert len(np.unique(design.stop)) == len(design.stop)
    found = likelihood(design, prepare(design, "efron"), np.array([beta]))
    value, score = by_exact_sums(design, beta)
    assert found.value == pytest.approx(value, rel=1e-11)
    assert found.score[0] == pytest.approx(score, rel=1e-9, abs=1e-11)
    information = 0.0
    for step in (-1e-5, 1e-5):
        information -= by_exact_sums(design, beta + step)[1] * np.sign(step) / 2e-5
    assert found.information[0, 0] == pytest.approx(information, rel=1e-5, abs=1e-9)
