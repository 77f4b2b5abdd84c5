import numpy as np
import pytest

from belbiotech.survival.discrete.links import LINKS

ETA = np.linspace(-12, 2, 29)


@pytest.mark.parametrize("name", sorted(LINKS))
def test_hazards_and_logarithms_agree(name):
    link = LINKS[name]
    np.testing.assert_allclose(np.exp(link.event_log(ETA)), link.hazard(ETA), rtol=1e-12)
    np.testing.assert_allclose(np.exp(link.survival_log(ETA)), 1 - link.hazard(ETA), rtol=1e-9)


@pytest.mark.parametrize("name", sorted(LINKS))
@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        ("hazard", "slope"),
        ("slope", "bend"),
        ("event_log", "event_score"),
        ("survival_log", "survival_score"),
    ],
)
def test_derivatives_are_those_of_finite_differences(name, function, derivative):
    link, step = LINKS[name], 1e-5
    of, expected = getattr(link, function), getattr(link, derivative)(ETA)
    numeric = (of(ETA + step) - of(ETA - step)) / (2 * step)
    np.testing.assert_allclose(expected, numeric, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", sorted(LINKS))
def test_extreme_predictors_stay_finite(name):
    link, far = LINKS[name], np.array([-700.0, 100.0])
    for function in (link.hazard, link.slope, link.bend, link.event_score):
        assert np.isfinite(function(far)).all()
