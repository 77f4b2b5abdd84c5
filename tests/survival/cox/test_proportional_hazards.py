"""The test of proportional hazards: R's values, definitions, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech import cox
from belbiotech.errors import FitError
from belbiotech.survival.cox.proportional_hazards import coefficients_over_time, transformed_times

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")

MODELS = {
    "years": ("failure ~ alliances + C(segment) + size", ["region", "era"]),
    "days": ("death ~ age + C(arm) + marker", ["site", "sex"]),
}
STRATA = {"none": 0, "one": 1, "two": 2}
TRANSFORMS = ["km", "rank", "identity", "log"]


def fitted(case, reference_data):
    name, ties, weights, strata = case.split("/")
    formula, columns = MODELS[name]
    return cox(
        formula,
        reference_data(name),
        ties=ties,
        weights=None if weights == "none" else f"wt_{weights}",
        strata=columns[: STRATA[strata]] or None,
    )


@pytest.fixture
def years(reference_data):
    return reference_data("years")


@pytest.mark.reference
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_as_cox_zph(transform, reference_values, reference_data):
    cases = {k: v for k, v in reference_values("cox_zph").items() if "/" in k}
    assert len(cases) == 36
    for case, by_transform in cases.items():
        expected = by_transform[transform]
        result = fitted(case, reference_data)
        table = result.test_proportional_hazards(transform)
        np.testing.assert_allclose(table["statistic"], expected["statistic"], rtol=1e-8)
        np.testing.assert_allclose(table["p_value"], expected["p_value"], rtol=1e-8)
        assert table["df"].tolist() == expected["df"]
        assert table.index[-1] == "GLOBAL"
        assert len(table) == len(expected["terms"])
        at = transformed_times(result.fit.design, result.fit.sets, transform)
        each = np.repeat(at, result.fit.sets.deaths.astype(int))
        np.testing.assert_allclose(each, expected["transformed_times"], rtol=1e-12)


def test_clusters_change_nothing_in_the_test(years):
    one, two = (cox("failure ~ size + alliances", years, cluster=c) for c in (None, "firm"))
    tables = [result.test_proportional_hazards() for result in (one, two)]
    pd.testing.assert_frame_equal(*tables)


def test_units_of_a_covariate_change_nothing(years):
    plain = cox("failure ~ size + alliances", years)
    large = cox("failure ~ size + alliances", years.assign(size=1e7 * years["size"] + 4e8))
    np.testing.assert_allclose(
        large.test_proportional_hazards()["statistic"],
        plain.test_proportional_hazards()["statistic"],
        rtol=1e-6,
    )


def test_cut_rows_change_nothing_but_the_ranks(years):
    middle = (years["start"] + years["stop"]) / 2
    halves = [years.assign(stop=middle, failure=0), years.assign(start=middle)]
    cut = cox("failure ~ size + alliances", pd.concat(halves, ignore_index=True))
    whole = cox("failure ~ size + alliances", years)
    for transform in ("km", "identity", "log"):
        tables = [result.test_proportional_hazards(transform) for result in (cut, whole)]
        np.testing.assert_allclose(tables[0]["statistic"], tables[1]["statistic"], rtol=1e-7)


def test_an_effect_that_changes_is_found_and_one_that_does_not_is_not():
    rng = np.random.default_rng(2)
    n = 3000
    x, z = rng.integers(0, 2, n), rng.integers(0, 2, n)
    # x doubles the hazard until time 1 and halves it after; z halves it always.
    early, late = np.exp(0.7 * x - 0.7 * z), np.exp(-0.7 * x - 0.7 * z)
    drawn = rng.exponential(size=n)
    time = np.where(drawn < early, drawn / early, 1 + (drawn - early) / late)
    data = pd.DataFrame({"start": 0.0, "stop": time, "event": 1, "x": x, "z": z})
    table = cox("event ~ x + z", data).test_proportional_hazards()
    assert table.loc["x", "p_value"] < 1e-10
    assert table.loc["z", "p_value"] > 0.01


def dots(line):
    """Is it a dotted line?"""
    return line.get_linestyle() == ":"


class TestEffectsOverTime:
    def test_their_mean_is_the_estimate(self, years):
        result = cox("failure ~ alliances + C(segment) + size", years)
        table = coefficients_over_time(result.fit)
        means = table.groupby("panel")["value"].mean()
        assert means["alliances"] == pytest.approx(result.params["alliances"])
        assert means["C(segment)"] == pytest.approx(1)
        assert (table.groupby("panel").size() == result.n_events).all()

    def test_a_lone_covariate_has_its_scaled_residuals(self, years):
        result = cox("failure ~ size", years, strata="region")
        values = np.sort(coefficients_over_time(result.fit)["value"])
        expected = np.sort(result.residuals("scaled_schoenfeld")["size"])
        np.testing.assert_allclose(values, expected, rtol=1e-10)

    def test_what_the_smooth_leaves_has_no_level_and_no_slope(self, years):
        table = coefficients_over_time(cox("failure ~ size", years).fit, "identity")
        left = table["value"] - table["smooth"]
        assert abs(left.sum()) < 1e-9
        assert abs(left @ table["time"]) < 1e-8
        assert ((table["lower"] < table["smooth"]) & (table["smooth"] < table["upper"])).all()

    def test_a_frequency_is_that_many_events(self, years):
        doubled = years.assign(times=1 + years["failure"])
        table = coefficients_over_time(cox("failure ~ size", doubled, frequency="times").fit)
        assert len(table) == 2 * years["failure"].sum()

    def test_too_few_times_for_a_smooth(self):
        data = pd.DataFrame({"start": 0, "stop": [1, 1, 1, 2, 2, 2, 2], "x": [1, 2, 3, 1, 2, 5, 1]})
        result = cox("event ~ x", data.assign(event=[1, 1, 0, 1, 0, 1, 0]))
        table = coefficients_over_time(result.fit)
        assert table["smooth"].isna().all()
        assert table["value"].notna().all()

    def test_one_panel_for_each_term(self, years):
        result = cox("failure ~ alliances + C(segment) + size", years)
        figure = result.plot_proportional_hazards("rank")
        shown = [axes for axes in figure.axes if axes.get_visible()]
        terms = ["alliances", "C(segment)", "size"]
        p = result.test_proportional_hazards("rank")["p_value"]
        assert [axes.get_title(loc="left").splitlines() for axes in shown] == [
            [title, f"test of proportional hazards: p = {p[term]:.2g}"]
            for title, term in zip(["alliances", "Segment", "size"], terms, strict=True)
        ]
        assert "transform: rank" in figure.get_suptitle()
        one, several = "Coefficient at that time", "Multiple of its 2 coefficients"
        assert [axes.get_ylabel() for axes in shown] == [one, several, one]
        dotted = [line.get_ydata()[0] for axes in shown for line in axes.lines if dots(line)]
        assert dotted == [result.params["alliances"], 1, result.params["size"]]

    def test_a_term_without_a_test_is_drawn(self):
        data = pd.DataFrame({"start": 0, "stop": [1, 1, 1, 2, 2, 2, 2], "x": [1, 2, 3, 1, 1, 1, 1]})
        result = cox("event ~ x", data.assign(event=[1, 1, 0, 1, 0, 1, 0]))
        with pytest.raises(FitError, match="cannot be told"):
            result.test_proportional_hazards()
        (axes,) = result.plot_proportional_hazards().axes
        assert axes.get_title(loc="left") == "x\nno test"


class TestRefused:
    def test_an_unknown_transform(self, years):
        with pytest.raises(FitError, match=r"no transform 'kn'.*'km'"):
            cox("failure ~ size", years).test_proportional_hazards("kn")

    def test_the_logarithm_of_times_before_zero(self, years):
        early = years.assign(start=years["start"] - 5, stop=years["stop"] - 5)
        result = cox("failure ~ size", early)
        with pytest.raises(FitError, match="log needs times after 0"):
            result.test_proportional_hazards("log")
        shifted = result.test_proportional_hazards("km")
        plain = cox("failure ~ size", years).test_proportional_hazards("km")
        np.testing.assert_allclose(shifted["statistic"], plain["statistic"], rtol=1e-9)

    def test_a_model_without_covariates(self, years):
        with pytest.raises(FitError, match="no covariates"):
            cox("failure ~ 1", years).test_proportional_hazards()

    def test_events_at_one_time_alone(self):
        data = pd.DataFrame({"start": 0, "stop": [2] * 6, "event": [1, 0] * 3, "x": range(6)})
        result = cox("event ~ x", data)
        with pytest.raises(FitError, match="the change of x with time cannot be told"):
            result.test_proportional_hazards()


@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
def test_second_opinion_of_surpyval(transform, reference_data):
    CoxPH = pytest.importorskip("surpyval", reason="the group bench of pyproject.toml").CoxPH

    years = reference_data("years")
    result = cox("failure ~ alliances + size", years)
    other = CoxPH.fit_tvc(
        years["firm"].to_numpy(),
        years["start"].to_numpy(float),
        years["stop"].to_numpy(float),
        1 - years["failure"].to_numpy(),
        years[["alliances", "size"]].to_numpy(float),
        tie_method="efron",
    )
    found = result.test_proportional_hazards(transform)
    table = other.check_ph(transform)
    np.testing.assert_allclose(found["statistic"], table["statistic"], rtol=1e-10)
    np.testing.assert_allclose(found["p_value"], table["p"], rtol=1e-10)


def test_a_curve_that_is_at_zero_early_is_told_with_another_transform():
    """One firm is at risk alone at first, and fails: the curve is 0 from then on."""
    rows = pd.DataFrame(
        {
            "start": [0] + [1] * 30,
            "stop": [1] + [2 + k % 9 for k in range(30)],
            "failure": [1] + [k % 2 for k in range(30)],
            "size": [3] + [k * k % 11 for k in range(30)],
        }
    )
    fit = cox("failure ~ size", rows)
    with pytest.raises(FitError, match=r"at 0 before time 2.*use transform='rank'"):
        fit.test_proportional_hazards()
    assert fit.test_proportional_hazards("rank")["p_value"].notna().all()
