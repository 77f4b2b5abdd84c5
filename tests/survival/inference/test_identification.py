import numpy as np
import pytest

from belbiotech.errors import FitError
from belbiotech.survival.inference.identification import (
    refuse_collinear,
    separating_direction,
    standardise,
)


@pytest.fixture
def x():
    random = np.random.default_rng(3)
    return np.column_stack([1e9 + 1e8 * random.normal(size=50), random.random(50), np.ones(50)])


ONES = np.array([0.0, 0.0, 1.0])


def test_the_way_back_leads_to_the_same_linear_predictor(x):
    weight = np.linspace(0.5, 2, 50)
    standard = standardise(x, ONES, weight)
    gamma = np.array([0.3, -1.0, 2.0])
    np.testing.assert_allclose(x @ standard.back @ gamma, standard.x @ gamma, rtol=1e-9)
    mean = np.average(standard.x[:, :2], axis=0, weights=weight)
    spread = np.average(standard.x[:, :2] ** 2, axis=0, weights=weight)
    np.testing.assert_allclose(mean, 0, atol=1e-9)
    np.testing.assert_allclose(spread, 1, rtol=1e-9)


def test_dummies_that_add_up_to_one_take_the_mean(x):
    dummies = (np.arange(50)[:, None] % 2 == [0, 1]).astype(float)
    matrix = np.hstack([x[:, :2], dummies])
    standard = standardise(matrix, np.array([0.0, 0.0, 1.0, 1.0]), np.ones(50))
    gamma = np.array([0.3, -1.0, 2.0, 1.0])
    np.testing.assert_allclose(matrix @ standard.back @ gamma, standard.x @ gamma, rtol=1e-9)


def refused(x, names, baseline=1):
    ones = np.zeros(x.shape[1])
    ones[-1] = 1
    refuse_collinear(standardise(x, ones, np.ones(len(x))).x, names, baseline, "start")


def test_columns_that_vary_freely_pass(x):
    refused(x, ["a", "b", "one"])


def test_a_constant_column_is_named(x):
    with pytest.raises(FitError, match="'c' is constant"):
        refused(np.column_stack([x[:, 0], np.full(50, 7.0), x[:, 2]]), ["a", "c", "one"])


def test_a_collinear_column_is_named_with_its_partners_only(x):
    random = np.random.default_rng(4).random(50)
    third = 2 * x[:, 1] - 5
    matrix = np.column_stack([x[:, 0], x[:, 1], random, third, x[:, 2]])
    with pytest.raises(FitError, match=r"^covariate 'd' is collinear with 'b'; leave"):
        refused(matrix, ["a", "b", "c", "d", "one"])


def test_a_column_that_the_baseline_takes_up_is_told_apart(x):
    time = np.arange(50.0)
    matrix = np.column_stack([x[:, 0], 3 * time, time, x[:, 2]])
    with pytest.raises(FitError, match="'t' is a function of 'start' alone"):
        refused(matrix, ["a", "t", "time", "one"], baseline=2)


def test_separated_rows_have_a_direction_and_others_none():
    x = np.array([[1, 1], [1, 1], [1, 0], [1, 0]], dtype=float)
    sign = np.array([-1, -1, 1, -1])[:, None]
    direction = separating_direction(x * sign)
    assert direction is not None
    margin = x @ direction * sign[:, 0]
    assert (margin >= 0).all()
    assert margin[:2].min() > 0
    overlapping = np.array([-1, 1, 1, -1])[:, None]
    assert separating_direction(x * overlapping) is None
