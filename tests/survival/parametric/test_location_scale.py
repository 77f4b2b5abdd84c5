import numpy as np
import pytest
from scipy import stats

from belbiotech.survival.parametric.location_scale import DISTRIBUTIONS, AftDesign, aft_likelihood

NAMES = sorted(DISTRIBUTIONS)
THETA = np.array([0.7, 0.2, -0.3])
# scipy's distribution of T for x'b = mu and scale s.
FROZEN = {
    "weibull": lambda mu, s: stats.weibull_min(1 / s, scale=np.exp(mu)),
    "lognormal": lambda mu, s: stats.lognorm(s, scale=np.exp(mu)),
    "loglogistic": lambda mu, s: stats.fisk(1 / s, scale=np.exp(mu)),
}


@pytest.fixture
def design():
    random = np.random.default_rng(1)
    n = 40
    entry = np.where(random.random(n) < 0.5, 0.0, random.uniform(0.1, 2, n))
    with np.errstate(divide="ignore"):
        log_entry = np.log(entry)
    return AftDesign(
        log_entry=log_entry,
        log_exit=np.log(entry + random.uniform(0.1, 3, n)),
        event=random.random(n) < 0.5,
        x=np.column_stack([random.normal(size=n), np.ones(n)]),
        weight=random.uniform(0.5, 2, n),
    )


@pytest.mark.parametrize("name", NAMES)
def test_value_is_that_of_scipys_densities(name, design):
    frozen = FROZEN[name](design.x @ THETA[:-1], np.exp(THETA[-1]))
    time, entry = np.exp(design.log_exit), np.exp(design.log_entry)
    own = np.where(design.event, frozen.logpdf(time), frozen.logsf(time)) - frozen.logsf(entry)
    value = aft_likelihood(design, DISTRIBUTIONS[name], THETA).value
    assert value == pytest.approx(design.weight @ own, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_are_those_of_finite_differences(name, design):
    kind, step = DISTRIBUTIONS[name], 1e-5
    at = aft_likelihood(design, kind, THETA)
    score, information = np.zeros(3), np.zeros((3, 3))
    for j in range(3):
        moved = np.eye(3)[j] * step
        above, below = (aft_likelihood(design, kind, THETA + d) for d in (moved, -moved))
        score[j] = (above.value - below.value) / (2 * step)
        information[j] = design.weight @ (below.scores - above.scores) / (2 * step)
    np.testing.assert_allclose(design.weight @ at.scores, score, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(at.information, information, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_quantiles_are_where_the_cumulative_hazard_says(name):
    p = np.array([0.01, 0.5, 0.99])
    hazard, _, _ = DISTRIBUTIONS[name].cumulative(DISTRIBUTIONS[name].quantile(p))
    np.testing.assert_allclose(1 - np.exp(-hazard), p, rtol=1e-12)


def test_far_tails_of_the_normal_stay_finite():
    hazard = DISTRIBUTIONS["lognormal"].cumulative(np.array([-40.0, 40.0]))
    assert np.isfinite(hazard).all()
    assert hazard[1][1] == pytest.approx(40, rel=1e-3)
