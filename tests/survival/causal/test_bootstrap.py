"""Limits from units drawn anew."""

from __future__ import annotations

import numpy as np
import pytest

from belbiotech.survival.causal.bootstrap import percentiles


def test_limits_are_draws_by_their_place_in_order():
    draws = np.random.default_rng(1).permutation(np.arange(1.0, 200.0))  # 1 to 199
    error, lower, upper = percentiles(draws, 0.95)
    assert (lower, upper) == pytest.approx((5, 195))  # number 200 * 0.025, 200 * 0.975
    assert error == pytest.approx(np.sqrt(199 * 200 / 12))


@pytest.mark.parametrize("number", [39, 100, 199])
def test_limits_of_few_draws_hold_a_new_draw_as_often_as_they_say(number):
    random = np.random.default_rng(2)
    draws = random.random((number, 40_000))
    _, lower, upper = percentiles(draws, 0.95)
    held = (lower <= (new := random.random(40_000))) & (new <= upper)
    assert held.mean() == pytest.approx(0.95, abs=0.004)  # four standard errors
