"""Very many rows at risk over the same times: the same likelihood, summed in blocks."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from belbiotech.survival.cox.blocks import FROM_ROWS, likelihood_function
from belbiotech.survival.cox.partial_likelihood import Design, likelihood, prepare


def panel(rows, times, strata=1, length=1, p=3, seed=1):
    draw = np.random.default_rng(seed)
    start = draw.integers(0, times, rows).astype(float)
    x = np.asfortranarray(draw.normal(size=(rows, p)))
    return Design(
        start=start,
        stop=start + draw.integers(1, length + 1, rows),
        event=draw.random(rows) < 0.02 * np.exp(x[:, 0]),
        stratum=draw.integers(0, strata, rows),
        x=x,
        number=np.ones(rows),
        weight=draw.gamma(2, size=rows),
    )


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize(
    "shape", [{}, {"strata": 4}, {"length": 3}, {"p": 12}], ids=["plain", "strata", "long", "wide"]
)
def test_blocks_give_the_same_likelihood(ties, shape):
    design = panel(FROM_ROWS + 4321, times=8, **shape)
    sets = prepare(design, ties)
    beta = np.linspace(-0.5, 0.9, design.x.shape[1])
    evaluate = likelihood_function(design, sets)
    assert evaluate.func is not likelihood
    here, there = evaluate(beta), likelihood(design, sets, beta)
    assert here.value == pytest.approx(there.value, rel=1e-13)
    size = np.sqrt(np.diag(there.information))
    np.testing.assert_allclose(here.score / size, there.score / size, atol=1e-10)
    np.testing.assert_allclose(
        here.information / np.outer(size, size),
        there.information / np.outer(size, size),
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("rows", "times"), [(FROM_ROWS - 1, 8), (FROM_ROWS + 1, 2000)], ids=["few rows", "many times"]
)
def test_where_blocks_do_not_pay_there_are_none(rows, times):
    design = panel(rows, times)
    evaluate = likelihood_function(design, prepare(design, "efron"))
    assert isinstance(evaluate, partial)
    assert evaluate.func is likelihood
