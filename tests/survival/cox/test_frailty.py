"""Shared gamma frailty: R with theta found tightly, the marginal likelihood, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import digamma, gammaln

from belbiotech import cox
from belbiotech.errors import FitError
from belbiotech.survival.cox.partial_likelihood import Design, likelihood, prepare
from belbiotech.survival.cox.penalised_groups import Grouped, fit_groups

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")

MODELS = {
    "fixed": ("failure ~ university + capital", "incubator"),
    "fixed_years": ("failure ~ university + capital", "incubator"),
    "days": ("death ~ age + C(arm) + marker", "patient"),
    "years": ("failure ~ alliances + size", "firm"),
}


@pytest.fixture
def fixed(reference_data):
    return reference_data("fixed")


@pytest.mark.reference
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("name", MODELS)
def test_as_r(name, ties, reference_values, reference_data):
    """R's own search for theta stops early (see frailty.R); ours agrees with its root."""
    expected = reference_values("frailty")[f"{name}/{ties}"]
    formula, group = MODELS[name]
    data = reference_data(name)
    result = cox(formula, data, ties=ties, frailty=group)
    np.testing.assert_allclose(result.params, list(expected["params"].values()), rtol=1e-8)
    assert result.frailty.theta == pytest.approx(expected["theta"], rel=1e-8, abs=1e-12)
    assert result.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-10)
    if expected["theta"] == 0:
        plain = cox(formula, data, ties=ties)
        np.testing.assert_allclose(result.standard_errors, plain.standard_errors, rtol=1e-10)
        assert (result.frailty.test.statistic, result.frailty.test.p_value) == (0, 1)
        assert (result.frailty.effects == 1).all()
        return
    np.testing.assert_allclose(result.standard_errors, expected["standard_errors"], rtol=1e-8)
    test = result.frailty.test
    assert test.statistic == pytest.approx(expected["likelihood_ratio"], rel=1e-8)
    assert test.p_value == pytest.approx(expected["p_value"], rel=1e-7)
    assert result.frailty.effects.index.astype(str).tolist() == expected["groups"]
    np.testing.assert_allclose(result.frailty.effects, expected["frailty"], rtol=1e-8)
    # No search of R's may end higher; it may end lower.
    em = expected["r_em"]
    assert result.log_likelihood >= em["log_likelihood"] - 1e-9
    assert result.frailty.theta == pytest.approx(em["theta"], rel=1e-6)


@pytest.mark.reference
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("name", MODELS)
def test_residuals_and_proportional_hazards_as_r(name, ties, reference_values, reference_data):
    """R takes the frailties as known; at theta = 0 there are none."""
    expected = reference_values("frailty")[f"{name}/{ties}"].get("as_known")
    if expected is None:
        assert reference_values("frailty")[f"{name}/{ties}"]["theta"] == 0
        return
    formula, group = MODELS[name]
    result = cox(formula, reference_data(name), ties=ties, frailty=group)
    for kind in ("score", "dfbeta", "schoenfeld", "scaled_schoenfeld", "martingale"):
        found = result.residuals(kind).to_numpy(float).reshape(expected[kind]["length"], -1)
        for power, total in ((1, "sum_abs"), (2, "sum_squares")):
            sums = (np.abs(found) ** power).sum(axis=0)
            np.testing.assert_allclose(sums, expected[kind][total], rtol=1e-8)
        np.testing.assert_allclose(
            found[expected[kind]["positions"]], expected[kind]["values"], rtol=1e-7, atol=1e-9
        )
    for transform, table in expected["zph"].items():
        test = result.test_proportional_hazards(transform)
        assert test["df"].tolist() == table["df"]
        np.testing.assert_allclose(test["statistic"], table["statistic"], rtol=1e-8)
        np.testing.assert_allclose(test["p_value"], table["p_value"], rtol=1e-8)


def test_second_opinion_of_surpyval(fixed):
    """SurPyval's shared frailty takes rows from time 0 on."""
    surpyval = pytest.importorskip("surpyval", reason="the group bench of pyproject.toml")
    rows = fixed.assign(start=0.0)
    result = cox("failure ~ university + capital", rows, ties="breslow", frailty="incubator")
    other = surpyval.CoxFrailty.fit(
        rows["stop"].to_numpy(),
        Z=rows[["university", "capital"]].to_numpy(float),
        c=1 - rows["failure"].to_numpy(),
        groups=rows["incubator"].to_numpy(),
        tie_method="breslow",
    )
    assert other.theta == pytest.approx(result.frailty.theta, rel=1e-6)
    np.testing.assert_allclose(other.beta, result.params, rtol=1e-6)


def marginal(result, data, group, event, theta):
    """Log of the integral over the frailties, with the baseline of the fit (Klein 1992).

    ``d log(hazards) + log E(z^d exp(-z H))`` by group, which is what theta maximises for Breslow's
    ties, but for a constant.
    """
    events = data.groupby(group)[event].sum()
    martingale = result.residuals("martingale")
    plain = data.assign(expected=data[event] - martingale)
    effects = result.frailty.effects
    hazard = plain.groupby(group)["expected"].sum() / effects
    nu = 1 / theta
    value = gammaln(nu + events) - gammaln(nu) + nu * np.log(nu)
    return (value - (nu + events) * np.log(nu + hazard)).sum()


def test_theta_is_where_the_marginal_likelihood_is_level(fixed):
    """With the baseline held, the slope in theta is that of the profile."""
    result = cox("failure ~ university + capital", fixed, ties="breslow", frailty="incubator")
    theta = result.frailty.theta
    values = [
        marginal(result, fixed, "incubator", "failure", theta * factor)
        for factor in (0.999, 1, 1.001)
    ]
    assert values[1] > values[0]
    assert values[1] > values[2]
    slope = (values[2] - values[0]) / (0.002 * theta)
    bend = (values[2] - 2 * values[1] + values[0]) / (0.001 * theta) ** 2
    assert abs(slope / bend) < 1e-4 * theta


def test_a_group_fails_as_often_as_it_should(fixed):
    """At the maximum ``z_g = (d_g + nu) / (H_g + nu)``, and the mean of the z is 1."""
    result = cox("failure ~ capital", fixed, frailty="incubator")
    nu, z = 1 / result.frailty.theta, result.frailty.effects
    events = fixed.groupby("incubator")["failure"].sum()
    expected = (fixed["failure"] - result.residuals("martingale")).groupby(fixed["incubator"]).sum()
    np.testing.assert_allclose(z, (events + nu) / (expected / z + nu), rtol=1e-8)
    assert z.mean() == pytest.approx(1, rel=1e-10)


def grouped(seed, ties, m=60, groups=9):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 4, m).astype(float)
    design = Design(
        start=start,
        stop=start + rng.integers(1, 4, m),
        event=rng.random(m) < 0.5,
        stratum=rng.integers(0, 2, m),
        x=rng.normal(size=(m, 2)),
        number=np.ones(m),
        weight=rng.random(m) + 0.5,
    )
    group = np.r_[np.arange(groups), rng.integers(0, groups, m - groups)]
    events = np.bincount(group, design.weight * design.event, groups)
    return Grouped(design, prepare(design, ties), group, events)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("groups", [9, 40])
def test_the_penalised_likelihood_is_highest_and_its_variance_exact(ties, groups):
    """Against the plain likelihood with an indicator for each group (readable, and slow)."""
    model, theta = grouped(1, ties, groups=groups), 0.7
    fit = fit_groups(model, theta, np.zeros(2), np.zeros(groups))
    wide = replace(model.design, x=np.column_stack([model.design.x, np.eye(groups)[model.group]]))
    at = likelihood(wide, model.sets, np.r_[fit.beta, fit.log_frailty])
    w, nu = fit.log_frailty, 1 / theta
    penalty = nu * np.sum(w - np.exp(w) + 1)
    assert fit.value == pytest.approx(at.value + penalty, rel=1e-12)
    slope = at.score + np.r_[0, 0, nu * (1 - np.exp(w))]
    assert np.abs(slope).max() < 1e-9
    information = at.information + np.diag(np.r_[0, 0, nu * np.exp(w)])
    np.testing.assert_allclose(fit.variance, np.linalg.inv(information)[:2, :2], rtol=1e-9)


def test_the_slope_in_theta_is_that_of_the_marginal_likelihood():
    """Therneau and Grambsch (2000), 9.6: only the penalty of PPL depends on nu itself."""
    model = grouped(4, "efron")
    values, slopes = [], []
    for theta in (0.5 - 1e-4, 0.5, 0.5 + 1e-4):
        fit = fit_groups(model, theta, np.zeros(2), np.zeros(9))
        nu, d, w = 1 / theta, model.events, fit.log_frailty
        rest = gammaln(nu + d) - gammaln(nu) - d * np.log(nu) - (nu + d) * np.log1p(d / nu) + d
        values.append(fit.value + rest.sum())
        by_nu = digamma(nu + d) - digamma(nu) - np.log1p(d / nu) + w - np.exp(w) + 1
        slopes.append(-(nu**2) * by_nu.sum())
    assert slopes[1] == pytest.approx((values[2] - values[0]) / 2e-4, rel=1e-5)


def test_labels_of_groups_and_order_of_rows_change_nothing(fixed):
    result = cox("failure ~ capital", fixed, frailty="incubator")
    relabelled = fixed.assign(incubator="x" + fixed["incubator"].astype(str)).sample(
        frac=1, random_state=5
    )
    other = cox("failure ~ capital", relabelled, frailty="incubator")
    assert other.frailty.theta == pytest.approx(result.frailty.theta, rel=1e-9)
    np.testing.assert_allclose(other.params, result.params, rtol=1e-9)
    values = result.residuals("martingale")
    np.testing.assert_allclose(other.residuals("martingale").loc[fixed.index], values, atol=1e-9)


def test_a_frequency_is_that_many_rows(fixed):
    data = fixed.assign(times=1 + fixed["university"])
    counted = cox("failure ~ capital", data, frailty="incubator", frequency="times")
    weighted = cox("failure ~ capital", data, frailty="incubator", weights="times", ties="breslow")
    repeated = data.loc[data.index.repeat(data["times"])].reset_index(drop=True)
    each = cox("failure ~ capital", repeated, frailty="incubator")
    breslow = cox("failure ~ capital", repeated, frailty="incubator", ties="breslow")
    for one, two in ((counted, each), (weighted, breslow)):
        assert one.frailty.theta == pytest.approx(two.frailty.theta, rel=1e-8)
        np.testing.assert_allclose(one.params, two.params, rtol=1e-8)
        np.testing.assert_allclose(one.standard_errors, two.standard_errors, rtol=1e-8)


def test_a_large_frailty_is_found():
    rng = np.random.default_rng(11)
    group = np.repeat(np.arange(400), 10)
    z = rng.gamma(1.0, 1.0, 400)[group]
    x = rng.integers(0, 2, 4000)
    time = rng.exponential(size=4000) / (z * np.exp(0.5 * x))
    data = pd.DataFrame({"start": 0.0, "stop": np.ceil(20 * np.minimum(time, 3.0)) / 20, "x": x})
    data = data.assign(event=(time < 3.0).astype(int), group=group)
    result = cox("event ~ x", data, frailty="group")
    assert result.frailty.theta == pytest.approx(1.0, abs=0.25)
    assert result.params["x"] == pytest.approx(0.5, abs=0.15)
    assert result.frailty.test.p_value < 1e-10
    assert result.aic == pytest.approx(-2 * result.log_likelihood + 4)
    assert result.concordance > cox("event ~ x", data).concordance


def test_the_text_tells_the_variance(fixed):
    result = cox("failure ~ capital", fixed, frailty="incubator")
    assert f"Gamma frailty of incubator (30): variance {result.frailty.theta:.4g}" in repr(result)
    assert "half of" in repr(result.frailty)


def test_the_effects_over_time_are_drawn(fixed):
    result = cox("failure ~ university + capital", fixed, frailty="incubator")
    figure = result.plot_proportional_hazards()
    assert len(figure.axes) == 2


class TestRefused:
    def test_one_group(self, fixed):
        with pytest.raises(FitError, match="'here' has one value only"):
            cox("failure ~ capital", fixed.assign(here=1), frailty="here")

    def test_with_clusters_or_a_penalty(self, fixed):
        for options in ({"cluster": "incubator"}, {"firth": True}):
            with pytest.raises(FitError, match="frailty"):
                cox("failure ~ capital", fixed, frailty="incubator", **options)

    def test_likelihood_ratios_of_terms(self, fixed):
        result = cox("failure ~ capital", fixed, frailty="incubator")
        assert result.anova("wald").loc["capital", "df"] == 1
        with pytest.raises(FitError, match="a frailty; use test='wald'"):
            result.anova()
