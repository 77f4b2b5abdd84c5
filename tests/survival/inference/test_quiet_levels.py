"""Levels of factors without an event: the others as R has them without those rows."""

import re
import warnings

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from belbiotech import (
    BelbiotechWarning,
    FitError,
    aft,
    cox,
    cox_causes,
    discrete_hazard,
    discrete_hazard_causes,
    fine_gray,
)

QUIET = ["C(tier)[T.a quiet]", "C(tier)[T.c quiet]"]
OTHERS = ["C(tier)[T.d late]", "C(tier)[T.e last]", "size"]
WORDS = (
    r"tier = a quiet \(394 rows\), tier = c quiet \(335 rows\): not estimable.*minus infinity.*"
    r"tier = a quiet was the reference level: tier = b early is now.*C\(tier, levels="
)


@pytest.fixture(scope="module")
def expected(reference_values):
    return reference_values("quiet_levels")


@pytest.fixture
def years(reference_data):
    rows = reference_data("years")
    still = rows["failure"] == 0
    rows["tier"] = np.select(
        [
            (rows["alliances"] == 2) & still,
            (rows["alliances"] == 1) & still & (rows["size"] > 0),
            rows["size"] > 0.3,
            rows["size"] > -0.5,
        ],
        ["a quiet", "c quiet", "d late", "b early"],
        "e last",
    )
    return rows


def same(result, names, told):
    np.testing.assert_allclose(result.params[names], told["params"], rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors[names], told["standard_errors"], rtol=1e-7)
    assert result.log_likelihood == pytest.approx(told["log_likelihood"], rel=1e-10)


@pytest.mark.parametrize("cluster", [None, "firm"])
def test_cox_is_as_in_r_without_the_reference_level(expected, years, cluster):
    with pytest.warns(BelbiotechWarning, match=WORDS + ".*strata=.*firth=True"):
        result = cox("failure ~ C(tier) + size", years, cluster=cluster)
    same(result, OTHERS, expected["robust" if cluster else "cox"])
    assert (result.params[QUIET] == -np.inf).all()
    assert result.naive_standard_errors[QUIET].isna().all()
    assert list(result.params.index) == [*QUIET, *OTHERS]
    paths = pd.DataFrame({"start": 0, "stop": 5, "tier": ["a quiet", "c quiet", "b early"]})
    alive = result.predict_survival(paths.assign(size=0.0, id=[0, 1, 2])).groupby("id")
    last = alive["estimate"].last()
    assert (last[:2] == 1).all()
    assert last[2] < 1


def test_products_are_as_in_r_without_the_reference_level(expected, years):
    told = expected["product"]
    with pytest.warns(BelbiotechWarning, match="no event with tier = a quiet"):
        result = cox("failure ~ C(tier) * C(region)", years)
    estimated = result.standard_errors.notna()
    np.testing.assert_allclose(result.params[estimated], told["params"], rtol=1e-7)
    np.testing.assert_allclose(
        result.standard_errors[estimated], told["standard_errors"], rtol=1e-7
    )
    assert not any("b early" in name for name in result.params.index)


def test_a_cell_of_a_product_without_an_event(expected, years):
    told = expected["crossed"]
    years["old"] = np.where(years["year"] % 3 == 0, "old", "new")
    out = (years["old"] == "old") & (years["segment"] == "medtech")
    years.loc[out, "failure"] = 0
    words = rf"no event with old = old and segment = medtech \({told['rows']} rows\)"
    with pytest.warns(BelbiotechWarning, match=words):
        result = cox("failure ~ C(old) * C(segment)", years)
    assert result.params["C(old)[T.old]:C(segment)[T.medtech]"] == -np.inf
    found = result.params[np.isfinite(result.params)]
    np.testing.assert_allclose(found, told["params"], rtol=1e-8)
    assert result.log_likelihood == pytest.approx(told["log_likelihood"], rel=1e-10)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_discrete_hazards_are_as_in_r_without_the_levels(expected, years, link):
    with pytest.warns(BelbiotechWarning, match=WORDS + ".*firth=True"):
        result = discrete_hazard("failure ~ C(tier) + size", years, link=link, baseline="log")
    constant, *told = expected["discrete"][link]["params"]
    names = [*OTHERS, "log(stop)"]
    np.testing.assert_allclose(result.params[names], told, rtol=1e-8)
    assert result.params["Intercept"] == pytest.approx(constant, rel=1e-8)
    assert (result.params[QUIET] == -np.inf).all()
    assert (result.summary.loc[QUIET, result.ratio] == 0).all()
    hazards = result.predict_hazard(
        pd.DataFrame({"start": [0], "stop": [3], "tier": "c quiet", "size": 0.2})
    )
    assert (hazards["estimate"] == 0).all()
    effects = result.average_marginal_effects().set_index("change")["estimate"]
    assert effects["a quiet against b early"] == effects["c quiet against b early"] < 0
    with pytest.warns(BelbiotechWarning, match="no event with"):
        clustered = discrete_hazard(
            "failure ~ C(tier)", years, link=link, baseline="log", cluster="firm"
        )
    assert np.isfinite(clustered.standard_errors.drop(QUIET)).all()


def test_a_period_in_which_all_others_fail_is_told_without_the_quiet_rows(years):
    late = years.assign(failure=np.where(years["tier"].isin(["a quiet", "c quiet"]), 0, 1))
    late = late[(late["start"] >= 3) | (late["failure"] == 0) | (late.index % 2 == 0)]
    late.loc[(late["start"] < 3) & (late.index % 3 == 0), "failure"] = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        result = discrete_hazard("failure ~ C(tier)", late)
        without = discrete_hazard(
            "failure ~ C(tier)", late[~late["tier"].isin(["a quiet", "c quiet"])]
        )
    assert 1.0 in without.baseline.certain.values()
    names = list(without.params.index)
    np.testing.assert_allclose(result.params[names], without.params, rtol=1e-8)
    path = pd.DataFrame({"start": [3], "stop": [4], "tier": ["a quiet"]})
    assert result.predict_survival(path)["estimate"].item() == 1


def test_fine_gray_is_as_in_r_without_the_level(expected, reference_data):
    fixed = reference_data("fixed")
    fixed["tier"] = np.select(
        [(fixed["failure"] == 0) & (fixed["capital"] > 1), fixed["capital"] > 0.9],
        ["a quiet", "b"],
        "c",
    )
    number = int((fixed["tier"] == "a quiet").sum())
    with pytest.warns(BelbiotechWarning, match=rf"tier = a quiet \({number} units\).*strata="):
        result = fine_gray("failure ~ C(tier) + university", fixed, "acquisition", unit="firm")
    same(result, ["C(tier)[T.c]", "university"], expected["fine_gray"])
    assert result.params["C(tier)[T.a quiet]"] == -np.inf
    new = pd.DataFrame({"tier": ["a quiet", "b"], "university": 0})
    by = result.predict_incidence(new).groupby("id")["estimate"].last()
    assert by[0] == 0 < by[1]
    assert "a quiet" in str(result)


def test_fates_side_by_side_have_levels_of_their_own(years):
    with pytest.warns(BelbiotechWarning, match="tier = a quiet was the reference"):
        both = cox_causes("C(tier) + size", years, ["failure", "acquisition"])
    assert (both.params.loc[QUIET[1:], "failure"] == -np.inf).all()
    assert np.isfinite(both.params.loc[QUIET[1], "acquisition"])
    assert both.variance.shape == (len(both.variance), len(both.variance))
    tests = both.test_equal_effects()
    assert list(tests.index) == ["size", "OVERALL"]  # other reference levels: not comparable
    with pytest.warns(BelbiotechWarning, match="no event with"):
        alone = cox("failure ~ C(tier) + size", years)
    np.testing.assert_allclose(both.params["failure"].dropna(), alone.params, rtol=1e-12)
    assert "tier" in str(both)


def test_times_that_never_end_are_refused_with_the_level(reference_data):
    fixed = reference_data("fixed")
    still = fixed["failure"] == 0
    fixed["tier"] = np.where(still & (fixed["capital"] > 1), "a", "b")
    number = int((fixed["tier"] == "a").sum())
    words = rf"no failure among the {number} rows with tier = a \(the reference level\).*cox\(\)"
    with pytest.raises(FitError, match=words):
        aft("failure ~ tier", fixed, unit="firm")


@st.composite
def panels(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = 80
    start = rng.integers(0, 4, n)
    table = pd.DataFrame(
        {
            "start": start,
            "stop": start + rng.integers(1, 5, n),
            "failure": rng.integers(0, 2, n),
            "z": rng.normal(size=n).round(1),
            "level": rng.choice(list("abcd"), n),
        }
    )
    quiet = draw(st.sets(st.sampled_from("abcd"), min_size=1, max_size=2))
    table.loc[table["level"].isin(quiet), "failure"] = 0
    return table, quiet


@settings(max_examples=25, deadline=None)
@given(panels())
def test_quiet_levels_are_as_rows_that_are_not_there(case):
    table, quiet = case
    kept = table[~table["level"].isin(quiet)]
    for fit in (cox, discrete_hazard):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BelbiotechWarning)
            whole, part = fit("failure ~ level + z", table), fit("failure ~ level + z", kept)
        names = list(part.params.index)
        np.testing.assert_allclose(whole.params[names], part.params, atol=1e-7)
        assert whole.log_likelihood == pytest.approx(part.log_likelihood, rel=1e-9)
        gone = whole.params.drop(names)
        assert set(gone.index) == {f"level[T.{level}]" for level in quiet}
        assert (gone == -np.inf).all()


FATES = ["failure", "acquisition"]


def heard(right, table, **options):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        fit = discrete_hazard_causes(right, table, FATES, baseline="log", unit="firm", **options)
    return fit, [str(one.message) for one in told]


def without(reference_data, region, *fates):
    years = reference_data("years")
    for fate in fates:
        years.loc[years["region"] == region, fate] = 0
    return years


@pytest.mark.parametrize("region", ["BRU", "VLG", "WAL"])
def test_a_level_without_any_fate_is_as_rows_that_are_not_there(reference_data, region):
    years = without(reference_data, region, *FATES)
    fit, told = heard("region + size", years, cluster="firm")
    part, _ = heard("region + size", years[years["region"] != region], cluster="firm")
    for fate in FATES:
        name = f"region[T.{region}]"
        assert any(f"no {fate} with region = {region}" in one for one in told)
        assert fit.params[fate][name] == -np.inf
        kept = fit.params[fate].drop(name)
        np.testing.assert_allclose(kept, part.params[fate][kept.index], atol=1e-8)
        errors = fit.standard_errors[fate].drop(name)
        np.testing.assert_allclose(errors, part.standard_errors[fate][errors.index], rtol=1e-7)
    assert fit.log_likelihood == pytest.approx(part.log_likelihood, rel=1e-10)
    assert fit.aic == pytest.approx(part.aic, rel=1e-10)
    both = [one.test_equal_effects().loc["OVERALL", "statistic"] for one in (fit, part)]
    assert both[0] == pytest.approx(both[1], rel=1e-6)


@pytest.mark.parametrize("region", ["BRU", "WAL"])
@pytest.mark.parametrize("baseline", ["log", "dummies"])
def test_a_level_without_one_fate_is_the_limit_of_hardly_any(reference_data, region, baseline):
    years = without(reference_data, region, "acquisition").assign(w=1.0)
    rare = years[(years["region"] == region) & (years["failure"] == 0)].iloc[[5]]
    rare = rare.assign(acquisition=1, w=1e-7)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        fit = discrete_hazard_causes(
            "region + size", years, FATES, baseline=baseline, weights="w", overlap="allow"
        )
        near = discrete_hazard_causes(
            "region + size",
            pd.concat([years, rare]),
            FATES,
            baseline=baseline,
            weights="w",
            overlap="allow",
        )
    assert fit.params["acquisition"][f"region[T.{region}]"] == -np.inf
    np.testing.assert_allclose(
        fit.params["failure"], near.params["failure"][fit.params["failure"].index], atol=1e-4
    )
    assert fit.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-4)
    path = pd.DataFrame({"start": [0], "stop": [5], "region": [region], "size": [0.2]})
    found, limit = (one.predict_incidence(path) for one in (fit, near))
    np.testing.assert_allclose(found["estimate"], limit["estimate"], atol=1e-5)
    assert (found.loc[found["outcome"] == "acquisition", "estimate"] == 0).all()
    assert (found.loc[found["outcome"] == "failure", "estimate"] > 0).all()


def test_tables_show_a_level_without_a_fate(reference_data):
    fit, _ = heard("region + size", without(reference_data, "WAL", "acquisition"))
    assert fit.summary.loc[("acquisition", "region[T.WAL]"), "coef"] == -np.inf
    assert np.isfinite(fit.summary.loc["failure", "coef"]).all()
    assert "region[T.WAL]" not in fit.test_equal_effects().index
    assert "-inf" in repr(fit)
    assert "Events" in fit.to_markdown()


@pytest.mark.parametrize("formula", ["C(old) * C(segment)", "C(old):C(segment)"])
def test_a_quiet_cell_at_a_reference_level_is_named_with_a_remedy_that_works(
    formula, reference_data, reference_values
):
    rows = reference_data("years")
    rows["old"] = np.where(rows["year"] % 3 == 0, "old", "new")
    quiet = (rows["old"] == "new") & (rows["segment"] == "medtech")
    rows.loc[quiet, "failure"] = 0
    words = (
        rf"no event among the {quiet.sum()} rows with old = new and segment = medtech; with other "
        r"reference levels, as in (C\(old, Treatment\(\"old\"\)\) \* C\(segment\)), the fit goes on"
    )
    with pytest.raises(FitError, match=words) as refused:
        cox(f"failure ~ {formula}", rows)
    remedy = re.search(words, str(refused.value))[1]
    with pytest.warns(BelbiotechWarning, match=rf"segment = medtech \({quiet.sum()} rows\)"):
        result = cox(f"failure ~ {remedy}", rows)
    assert np.isneginf(result.params).sum() == 1
    # The four cells that are left, as levels of one factor.
    told = rows[~quiet].assign(cell=rows["old"] + rows["segment"])
    cells = cox("failure ~ C(cell)", told)
    assert result.log_likelihood == pytest.approx(cells.log_likelihood, abs=1e-8)
