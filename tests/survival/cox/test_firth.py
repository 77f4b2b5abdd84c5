"""Firth's penalised likelihood: direct maximisation in R, six rows by hand, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import cox
from belbiotech.errors import FitError
from belbiotech.survival.cox.firth import penalised_likelihood
from belbiotech.survival.cox.partial_likelihood import Design, likelihood, prepare

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")

FORMULAS = {
    "separation": ("separation", "failure ~ spinoff + size", None),
    "separation_strata": ("separation", "failure ~ spinoff + size", "region"),
    "few": ("years", "failure ~ alliances + C(segment) + size", None),
    "far": ("far", "failure ~ x + z", None),
    "days": ("days", "death ~ age + C(arm) + marker", None),
    "test1": ("test1", "status ~ x", None),
    "test2": ("test2", "status ~ x", None),
}


@pytest.fixture
def separation(reference_data):
    return reference_data("separation")


@pytest.mark.reference
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("case", FORMULAS)
def test_as_direct_maximisation_in_r(case, ties, reference_values, reference_data):
    expected = reference_values("firth")[f"{case}/{ties}"]
    name, formula, strata = FORMULAS[case]
    data = reference_data(name)
    if case == "few":
        data = data[data["firm"] <= "f060"]
    result = cox(formula, data, ties=ties, strata=strata, firth=True)
    np.testing.assert_allclose(result.params, list(expected["params"].values()), rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors, expected["standard_errors"], rtol=1e-8)
    for ours, theirs in (
        (result.log_likelihood, "penalised_log_likelihood"),
        (result.log_likelihood_null, "penalised_log_likelihood_null"),
        (result.firth.log_likelihood, "log_likelihood"),
        (result.likelihood_ratio_test.statistic, "likelihood_ratio"),
    ):
        assert ours == pytest.approx(expected[theirs], rel=1e-9)
    np.testing.assert_allclose(
        result.firth.tests["statistic"], expected["profile_tests"], rtol=1e-8
    )
    terms = result.anova()
    np.testing.assert_allclose(terms["statistic"], expected["term_tests"], rtol=1e-8)
    assert terms["df"].tolist() == expected["term_df"]
    if expected["lower"] is not None:
        intervals = result.firth.intervals
        np.testing.assert_allclose(intervals["lower"], expected["lower"], rtol=1e-8)
        np.testing.assert_allclose(intervals["upper"], expected["upper"], rtol=1e-8)


def test_six_rows_by_hand():
    """All three events have x = 1: l(b) has no maximum, l*(b) has one that fits on a line.

    At risk at time 1: three rows with x = 1 and two with x = 0 (the last enters then, and is
    not); at 2: two and three; at 3: one and three. With r = exp(b) the share of x = 1 is
    p = 3r/(3r+2), 2r/(2r+3), r/(r+3), and the information is the sum of p(1-p).
    """
    rows = pd.DataFrame(
        {
            "start": [0, 0, 0, 0, 0, 1],
            "stop": [1, 2, 3, 3, 3, 3],
            "event": [1, 1, 1, 0, 0, 0],
            "x": [1, 1, 1, 0, 0, 0],
        }
    )
    with pytest.raises(FitError, match="no maximum"):
        cox("event ~ x", rows)
    result = cox("event ~ x", rows, firth=True)

    def by_hand(b):
        r = np.exp(b)
        value = np.log(r / (3 * r + 2)) + np.log(r / (2 * r + 3)) + np.log(r / (r + 3))
        shares = np.array([3 * r / (3 * r + 2), 2 * r / (2 * r + 3), r / (r + 3)])
        return value + np.log(np.sum(shares * (1 - shares))) / 2

    b = result.params["x"]
    assert result.log_likelihood == pytest.approx(by_hand(b), rel=1e-12)
    assert result.log_likelihood_null == pytest.approx(by_hand(0.0), rel=1e-12)
    grid = np.linspace(b - 0.5, b + 0.5, 2001)
    assert grid[np.argmax([by_hand(value) for value in grid])] == pytest.approx(b, abs=5e-4)
    fall = 3.841458820694124 / 2  # half the 95% point of chi-squared
    for limit in result.firth.intervals.loc["x"]:
        if np.isfinite(limit):
            assert by_hand(b) - by_hand(limit) == pytest.approx(fall, rel=1e-9)
    assert result.firth.tests.loc["x", "statistic"] == pytest.approx(2 * (by_hand(b) - by_hand(0)))


def test_separation_that_cox_refuses(separation):
    with pytest.raises(FitError, match=r"spinoff(.|\n)*firth=True"):
        cox("failure ~ spinoff + size", separation)
    result = cox("failure ~ spinoff + size", separation, firth=True)
    interval = result.firth.intervals.loc["spinoff"]
    assert -10 < interval["lower"] < result.params["spinoff"] < interval["upper"] < 0.1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), ties=st.sampled_from(["efron", "breslow"]))
def test_the_score_is_the_slope_of_the_value(seed, ties):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 4, 50).astype(float)
    design = Design(
        start=start,
        stop=start + rng.integers(1, 4, 50),
        event=rng.random(50) < 0.5,
        stratum=rng.integers(0, 2, 50),
        x=rng.normal(size=(50, 3)),
        number=np.ones(50),
        weight=rng.random(50) + 0.5,
    )
    sets = prepare(design, ties)
    beta = rng.normal(size=3) / 2
    score = penalised_likelihood(design, sets, beta).score
    for j, step in enumerate(np.eye(3) * 1e-5):
        up, down = (penalised_likelihood(design, sets, b).value for b in (beta + step, beta - step))
        assert score[j] == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-7)
    plain = likelihood(design, sets, beta)
    penalty = np.linalg.slogdet(plain.information)[1] / 2
    assert penalised_likelihood(design, sets, beta).value == pytest.approx(plain.value + penalty)


def test_cut_rows_change_nothing(separation):
    middle = (separation["start"] + separation["stop"]) / 2
    halves = [separation.assign(stop=middle, failure=0), separation.assign(start=middle)]
    whole, cut = (
        cox("failure ~ spinoff + size", rows, firth=True)
        for rows in (separation, pd.concat(halves, ignore_index=True))
    )
    np.testing.assert_allclose(cut.params, whole.params, rtol=1e-9)
    np.testing.assert_allclose(cut.firth.intervals, whole.firth.intervals, rtol=1e-8)


def test_units_of_a_covariate_change_nothing(separation):
    plain = cox("failure ~ spinoff + size", separation, firth=True)
    large = separation.assign(size=separation["size"] * 1e8 + 3e9)
    scaled = cox("failure ~ spinoff + size", large, firth=True)
    assert scaled.params["size"] * 1e8 == pytest.approx(plain.params["size"], rel=1e-6)
    np.testing.assert_allclose(scaled.firth.tests, plain.firth.tests, rtol=1e-6)
    change = np.log(1e8)  # |I| is in the units of the covariates
    assert scaled.log_likelihood == pytest.approx(plain.log_likelihood + change, rel=1e-8)


def test_many_events_hardly_move(reference_data):
    years = reference_data("years")
    plain = cox("failure ~ size + alliances", years)
    penalised = cox("failure ~ size + alliances", years, firth=True)
    moved = (penalised.params - plain.params).abs() / plain.standard_errors
    assert moved.max() < 0.2
    wald = plain.params + 1.959963984540054 * plain.standard_errors
    assert penalised.firth.intervals["upper"].sub(wald).abs().max() < 0.05


def test_nested_models_are_compared_by_the_penalty_of_the_larger(separation):
    large, small = (
        cox(f"failure ~ {right}", separation, firth=True) for right in ("spinoff + size", "size")
    )
    test = large.compare(small)
    np.testing.assert_allclose(
        [test.statistic, test.df, test.p_value], large.firth.tests.loc["spinoff"], rtol=1e-9
    )
    # Each one's own penalty would give another number, and may give a negative one.
    own = 2 * (large.log_likelihood - small.log_likelihood)
    assert abs(own - test.statistic) > 0.01


def test_the_score_test_is_that_of_the_penalised_likelihood(separation):
    result = cox("failure ~ spinoff + size", separation, firth=True)
    at_zero = penalised_likelihood(result.fit.design, result.fit.sets, np.zeros(2))
    expected = at_zero.score @ np.linalg.solve(at_zero.information, at_zero.score)
    assert result.score_test.statistic == pytest.approx(expected, rel=1e-10)


ELEVEN = pd.DataFrame(
    {
        "start": [-2, -9, -21, -5, -12, -7, -8, -18, -7, -28, -10],
        "stop": [-1, -7, -19, -2, -10, -4, -7, -15, -5, -27, -7],
        "failure": [0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1],
        "x": [0.6, 1.4, -0.8, -0.3, -0.1, -0.4, 0.2, 1, -0.3, 1.3, 0.5],
        "z": [0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0],
        "s": list("pqppqppqqqp"),
    }
)


@pytest.mark.parametrize("strata", [None, "s"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_steps_that_pass_the_maximum_come_back(ties, strata):
    """The information is far from the penalised curvature here: its steps overshoot."""
    result = cox("failure ~ x + z", ELEVEN, ties=ties, strata=strata, firth=True)
    best = result.params.to_numpy()
    at = penalised_likelihood(result.fit.design, result.fit.sets, best)
    assert np.abs(at.score * result.standard_errors).max() < 1e-8
    for step in np.eye(2) * 0.01:
        for there in (best + step, best - step):
            assert penalised_likelihood(result.fit.design, result.fit.sets, there).value < at.value


def test_the_table_has_the_profile(separation):
    result = cox("failure ~ spinoff + size", separation, firth=True)
    summary, firth = result.summary, result.firth
    np.testing.assert_allclose(summary["coef lower 95%"], firth.intervals["lower"])
    np.testing.assert_allclose(summary["exp(coef) upper 95%"], np.exp(firth.intervals["upper"]))
    np.testing.assert_allclose(summary["p"], firth.tests["p_value"])
    np.testing.assert_allclose(summary["z"] ** 2, firth.tests["statistic"])
    assert (np.sign(summary["z"]) == np.sign(result.params)).all()
    assert "Firth's penalty" in repr(result)
    assert "spinoff" in repr(firth)


class TestRefused:
    def test_no_covariates(self, separation):
        with pytest.raises(FitError, match="needs covariates"):
            cox("failure ~ 1", separation, firth=True)

    def test_collinear_covariates(self, separation):
        doubled = separation.assign(again=2 * separation["size"])
        with pytest.raises(FitError, match=r"'again' is collinear with 'size'"):
            cox("failure ~ size + again", doubled, firth=True)

    def test_clusters(self, separation):
        with pytest.raises(FitError, match="cluster"):
            cox("failure ~ size", separation, firth=True, cluster="region")
