import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech.errors import BelbiotechWarning, FitError, PanelError

FORMULA = "failure ~ university + capital"


@pytest.fixture
def fixed(reference_data):
    return reference_data("fixed_years")


def fit(data, formula=FORMULA, competing="acquisition", **options):
    return belbiotech.fine_gray(formula, data, competing, **{"unit": "firm", **options})


def as_years(spells):
    rows = spells.loc[spells.index.repeat(spells["stop"] - spells["start"])].copy()
    rows["start"] += rows.groupby("firm").cumcount()
    rows["stop"] = rows["start"] + 1
    last = ~rows.duplicated("firm", keep="last")
    return rows.assign(failure=rows["failure"] * last, acquisition=rows["acquisition"] * last)


def test_yearly_rows_are_joined_first(fixed):
    one, other = fit(fixed), fit(as_years(fixed).sample(frac=1, random_state=2))
    pd.testing.assert_series_equal(one.params, other.params, rtol=1e-9)
    pd.testing.assert_frame_equal(one.variance, other.variance, rtol=1e-8)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)
    assert (other.n_units, other.n_events, other.n_competing) == (240, 84, 86)
    assert other.n_clusters == 240


def test_without_competing_events_left_to_count_it_is_nearly_the_cox_model(fixed):
    few = fixed.copy()
    happened = few.index[few["acquisition"] == 1]
    few.loc[happened[1:], "acquisition"] = 0
    cox = belbiotech.cox(FORMULA, few.assign(failure=few["failure"]))
    np.testing.assert_allclose(fit(few).params, cox.params, atol=0.02)


def test_without_censoring_failures_after_a_competing_event_stay_at_risk_for_ever(fixed):
    # Then the model is Cox's with competing events put off to the end of time.
    ended = fixed[(fixed["failure"] == 1) | (fixed["acquisition"] == 1)].assign(start=0)
    end = ended["stop"].max() + 1
    put_off = ended.assign(stop=np.where(ended["acquisition"] == 1, end, ended["stop"]))
    cox = belbiotech.cox(FORMULA, put_off, cluster="firm")
    result = fit(ended)
    pd.testing.assert_series_equal(result.params, cox.params, rtol=1e-8)
    pd.testing.assert_series_equal(result.standard_errors, cox.standard_errors, rtol=1e-8)
    pd.testing.assert_series_equal(
        result.naive_standard_errors, cox.naive_standard_errors, rtol=1e-8
    )
    assert result.log_likelihood == pytest.approx(cox.log_likelihood, rel=1e-12)


def test_several_competing_fates_are_one(fixed):
    split = fixed.assign(
        merger=fixed["acquisition"] * (fixed.index % 2),
        buyout=fixed["acquisition"] * (1 - fixed.index % 2),
    )
    pd.testing.assert_series_equal(
        fit(split, competing=["merger", "buyout"]).params, fit(fixed).params
    )


def test_predicted_incidence_without_effects_is_the_aalen_johansen_estimate(fixed):
    # A covariate that says nothing: its coefficient is near 0, and the curve that of everybody.
    everyone = fixed.assign(start=0)
    noise = everyone.assign(noise=np.tile([-1.0, 1.0], 120))
    result = fit(noise, "failure ~ noise")
    curve = result.predict_incidence(pd.DataFrame({"noise": [0.0]}, index=["mean"]))
    assert set(curve["id"]) == {"mean"}
    table = belbiotech.cumulative_incidence(everyone, ["failure", "acquisition"]).table
    expected = table[table["outcome"] == "failure"].set_index("time")["incidence"]
    found = curve.set_index("time")["estimate"]
    np.testing.assert_allclose(found, expected.reindex(found.index), atol=0.02)
    assert (curve["lower"] <= curve["estimate"]).all()
    assert (curve["upper"] >= curve["estimate"]).all()


def test_clusters_given_take_the_place_of_the_unit(fixed):
    own, others = fit(fixed), fit(fixed, cluster="incubator")
    assert others.n_clusters == fixed["incubator"].nunique()
    assert not np.allclose(own.standard_errors, others.standard_errors)
    pd.testing.assert_series_equal(own.naive_standard_errors, others.naive_standard_errors)
    each = fit(fixed, unit=None)
    pd.testing.assert_series_equal(own.standard_errors, each.standard_errors)


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        ({}, {"competing": "failure"}, FitError, "'failure' more than once"),
        ({}, {"competing": []}, FitError, "at least 1"),
        (
            {},
            {"competing": "acquired"},
            PanelError,
            "no column 'acquired'.*'acquisition'",
        ),
        ({"acquisition": 0}, {}, FitError, "no row has the outcome 'acquisition'"),
        ({"failure": 1}, {}, PanelError, "both 1 in 86 rows"),
        ({}, {"unit": "firm_id"}, PanelError, "no column 'firm_id'"),
        ({"capital": np.nan}, {}, PanelError, "'capital' has missing values"),
        ({"capital": 1}, {}, FitError, "'capital' is constant"),
    ],
)
def test_bad_input_is_named(fixed, change, options, error, words):
    with pytest.raises(error, match=words):
        fit(fixed.assign(**change), **options)


def test_a_covariate_that_changes_over_time_is_named_with_the_reason(reference_data):
    words = r"(?s)'size' changes over time.*firm 'f002'.*after a competing event.*cox_causes\(\)"
    with pytest.raises(FitError, match=words):
        fit(reference_data("years"), "failure ~ size")


def test_a_gap_is_named(fixed):
    years = as_years(fixed).reset_index(drop=True)
    inner = years.duplicated("firm") & years.duplicated("firm", keep="last")
    with pytest.raises(PanelError, match="must follow on each other"):
        fit(years.drop(index=years.index[inner][0]))


def test_few_events_are_told(fixed):
    few = fixed.assign(failure=fixed["failure"] * (fixed.index % 6 == 0))
    with pytest.warns(BelbiotechWarning, match="events"):
        fit(few)


def test_tables_name_the_subdistribution(fixed):
    result = fit(fixed, cluster="incubator")
    for text in (repr(result), result.to_markdown(), result.to_latex(), result._repr_html_()):
        assert "subdistribution hazard ratio" in text.lower()
        assert "84 failure, 86 competing" in text
        assert "30 clusters" in text
    labels = [text.get_text() for text in result.plot().axes[0].get_yticklabels()]
    assert labels == ["university", "capital"]


def test_clusters_of_pairs_may_overlap(fixed):
    # Some founders have two firms at the same time: no fault of the rows.
    own = 1000 * (fixed.index % 2) * (fixed.index > 30)
    founders = fixed.assign(founder=fixed.index // 2 + own)
    result = fit(founders, cluster="founder")
    assert result.n_clusters == founders["founder"].nunique()
    pd.testing.assert_series_equal(result.params, fit(fixed).params)


def test_without_covariates(fixed):
    result = fit(fixed, "failure ~ 1")
    assert "(no covariates)" in repr(result)
    assert str(result.n_units) in result.to_markdown()


@pytest.mark.reference
@pytest.mark.parametrize("weighted", ["", "/weights"])
@pytest.mark.parametrize("fate", ["failure", "acquisition"])
def test_strata_and_weights_as_r(reference_values, fixed, fate, weighted):
    theirs = reference_values("fine_gray_strata")[fate + weighted]
    other = "acquisition" if fate == "failure" else "failure"
    ours = fit(
        fixed,
        f"{fate} ~ university + capital",
        other,
        strata="segment",
        weights="wt_int" if weighted else None,
    )
    np.testing.assert_allclose(ours.params, list(theirs["params"].values()), rtol=1e-8)
    np.testing.assert_allclose(ours.naive_standard_errors, theirs["naive"], rtol=1e-8)
    np.testing.assert_allclose(ours.standard_errors, theirs["robust"], rtol=1e-8)
    assert ours.log_likelihood == pytest.approx(theirs["log_likelihood"], rel=1e-10)


@pytest.mark.reference
def test_weights_without_strata_as_r(reference_values, fixed):
    theirs = reference_values("fine_gray_strata")["weights alone"]
    ours = fit(fixed, weights="wt_int")
    np.testing.assert_allclose(ours.params, list(theirs["params"].values()), rtol=1e-8)
    np.testing.assert_allclose(ours.standard_errors, theirs["robust"], rtol=1e-8)


@pytest.mark.reference
def test_strata_of_the_weights_alone_keep_one_baseline(reference_values, fixed):
    """As R with the event times of all strata, put in as units whose weight is nothing."""
    theirs = reference_values("fine_gray_strata")["weights of strata"]
    ours = fit(fixed.assign(start=0), weight_strata="segment")
    np.testing.assert_allclose(ours.params, list(theirs["params"].values()), rtol=1e-8)


def test_a_unit_that_enters_after_everyone_else_has_left_changes_nothing(fixed):
    late = fixed["stop"].max() + 5
    for fate in ("failure", "acquisition", None):
        row = fixed.iloc[[0]].assign(
            start=late, stop=late + 2, firm="late", failure=0, acquisition=0
        )
        more = pd.concat([fixed, row.assign(**({fate: 1} if fate else {}))], ignore_index=True)
        one, other = fit(fixed), fit(more)
        pd.testing.assert_series_equal(one.params, other.params, rtol=1e-10)
        pd.testing.assert_series_equal(one.standard_errors, other.standard_errors, rtol=1e-10)


def test_units_that_enter_after_everyone_else_has_left_are_told(fixed):
    late = fixed["stop"].max() + 5
    more = fixed.iloc[:40].assign(
        start=fixed["start"] + late, stop=fixed["stop"] + late, firm=fixed["firm"] + " again"
    )
    with pytest.warns(BelbiotechWarning, match=r"nobody seen before time .* is seen after it"):
        fit(pd.concat([fixed, more], ignore_index=True))


def test_a_weight_of_nothing_is_refused(fixed):
    with pytest.raises(FitError, match="weight 'w' is 0 in 1 row"):
        fit(fixed.assign(w=np.arange(len(fixed))), weights="w")
