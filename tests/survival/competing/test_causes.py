import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech.errors import FitError, FormulaError, PanelError

FATES = ["failure", "acquisition"]
RIGHT = "alliances + size"


@pytest.fixture
def years(reference_data):
    return reference_data("years")


def stacked(years):
    """Each row once for each fate, with effects of its own (Lunn and McNeil 1995)."""
    parts = [
        years.assign(
            event=years[fate],
            fate=k,
            alliances_second=k * years["alliances"],
            size_second=k * years["size"],
        )
        for k, fate in enumerate(FATES)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_each_fate_is_the_cox_model_of_it(years, ties):
    result = belbiotech.cox_causes(RIGHT, years, FATES, ties=ties, strata="region", cluster="firm")
    for fate in FATES:
        alone = belbiotech.cox(
            f"{fate} ~ {RIGHT}", years, ties=ties, strata="region", cluster="firm"
        )
        pd.testing.assert_series_equal(result.params[fate], alone.params, check_names=False)
        pd.testing.assert_series_equal(
            result.standard_errors[fate], alone.standard_errors, check_names=False
        )
        assert result.n_events[fate] == alone.n_events


def test_likelihood_and_criteria_are_those_of_the_stacked_model(years):
    result = belbiotech.cox_causes(RIGHT, years, FATES, cluster="firm")
    right = "alliances + size + alliances_second + size_second"
    model = belbiotech.cox(f"event ~ {right}", stacked(years), strata="fate")
    for name in ("log_likelihood", "aic", "bic"):
        assert getattr(result, name) == pytest.approx(getattr(model, name), rel=1e-10)
    assert (result.n_rows, result.n_clusters) == (len(years), 300)


def test_with_firths_penalty_limits_are_of_95_percent_only(years):
    result = belbiotech.cox_causes(RIGHT, years, FATES, firth=True)
    pd.testing.assert_frame_equal(result.summary_at(0.95), result.summary)
    with pytest.raises(FitError, match="95%"):
        result.summary_at(0.9)


@pytest.mark.parametrize("cluster", [None, "region", ["region", "year"]])
def test_equal_effects_are_tested_as_in_the_stacked_model(years, cluster):
    # Clusters that hold many units: each row is there twice, at the same time.
    result = belbiotech.cox_causes(RIGHT, years, FATES, cluster=cluster)
    model = belbiotech.cox(
        "event ~ alliances + size + alliances_second + size_second",
        stacked(years),
        strata="fate",
        cluster=cluster,
    )
    second = ["alliances_second", "size_second"]
    difference = model.params[second]
    spread = model.variance.loc[second, second]
    table = result.test_equal_effects()
    one_each = difference**2 / np.diag(spread)
    np.testing.assert_allclose(table["statistic"].iloc[:2], one_each, rtol=1e-8)
    overall = difference @ np.linalg.solve(spread, difference)
    assert table.loc["OVERALL", "statistic"] == pytest.approx(overall, rel=1e-8)
    assert table["df"].tolist() == [1, 1, 2]


def test_the_joint_variance_has_each_fates_own_on_its_diagonal(years):
    for options in ({}, {"cluster": "firm"}, {"weights": "wt_real"}, {"frequency": "wt_int"}):
        result = belbiotech.cox_causes(RIGHT, years, FATES, **options)
        for fate in FATES:
            own = result.results[fate].variance
            np.testing.assert_allclose(result.variance.loc[fate, fate], own, rtol=1e-9)


def test_frequencies_are_copies_in_the_covariance_too(years):
    counted = belbiotech.cox_causes(RIGHT, years, FATES, frequency="wt_int", cluster="firm")
    copies = years.loc[years.index.repeat(years["wt_int"])]
    # Copies of a row overlap, so that the unit has to be told otherwise.
    clusters = pd.factorize(copies["firm"])[0]
    influence = np.hstack(
        [
            belbiotech.cox(f"{fate} ~ {RIGHT}", copies).residuals("dfbeta").to_numpy()
            for fate in FATES
        ]
    )
    sums = np.stack([np.bincount(clusters, column) for column in influence.T], axis=1)
    np.testing.assert_allclose(counted.variance, sums.T @ sums, rtol=1e-8)


def test_the_same_fate_in_other_words_has_the_same_effects(years):
    # Fates drawn at random from one hazard: the test must not find a difference.
    random = np.random.default_rng(8)
    coin = random.random(len(years)) < 0.5
    data = years.assign(one=years["failure"] * coin, other=years["failure"] * ~coin)
    result = belbiotech.cox_causes(RIGHT, data, ["one", "other"], cluster="firm")
    assert result.test_equal_effects().loc["OVERALL", "p_value"] > 0.05


def test_side_by_side(years):
    result = belbiotech.cox_causes(f"~ {RIGHT}", years, FATES, cluster="firm")
    table = result.table
    np.testing.assert_allclose(table["failure", "hazard ratio"], np.exp(result.params["failure"]))
    np.testing.assert_allclose(
        table["equal effects", "p"], result.test_equal_effects()["p_value"].iloc[:2]
    )
    assert result.summary.loc[("acquisition", "size"), "hazard ratio"] == pytest.approx(
        np.exp(result.params.loc["size", "acquisition"])
    )
    for text in (repr(result), result.to_markdown(), result.to_latex(), result._repr_html_()):
        assert "97 failure, 51 acquisition" in text
        assert "300 clusters" in text
        assert "All effects equal" in text
    labels = [text.get_text() for text in result.plot().axes[0].get_yticklabels()]
    assert labels[0] == "failure: alliances"


@pytest.mark.parametrize(
    ("change", "outcomes", "error", "words"),
    [
        ({}, "failure", FitError, "must be a list"),
        ({}, ["failure"], FitError, "at least 2"),
        ({"acquisition": 0}, FATES, FitError, "no row has the outcome 'acquisition'"),
        ({"size": 1}, FATES, FitError, "'size' is constant"),
        (
            {},
            ["failure", "acquired"],
            PanelError,
            "no column 'acquired'.*'acquisition'",
        ),
    ],
)
def test_bad_input_is_named(years, change, outcomes, error, words):
    with pytest.raises(error, match=words):
        belbiotech.cox_causes(RIGHT, years.assign(**change), outcomes)


def test_a_row_with_two_fates_is_named(years):
    with pytest.raises(PanelError, match="both 1 in 97 rows"):
        belbiotech.cox_causes(RIGHT, years.assign(acquisition=years["failure"]), FATES)


def test_penalised_fits_keep_their_profiles(years):
    result = belbiotech.cox_causes(RIGHT, years, FATES, firth=True)
    for fate, fit in result.results.items():
        own = fit.summary
        for column in ("lower 95%", "upper 95%"):
            shown = result.table[fate, f"hazard ratio {column}"]
            assert np.allclose(shown, own[f"exp(coef) {column}"], rtol=1e-12)
        assert np.allclose(result.table[fate, "p"], own["p"], rtol=1e-12)
    assert "equal effects" not in result.table.columns.get_level_values(0)
    assert "profile" in repr(result)
    with pytest.raises(FitError, match="Firth"):
        result.test_equal_effects()


def test_without_covariates(years):
    result = belbiotech.cox_causes("1", years, FATES)
    assert "(no covariates)" in repr(result)
    assert "toprule" in result.to_latex()


@pytest.mark.parametrize("right", [None, 3, ["size"]])
def test_covariates_are_a_text(years, right):
    with pytest.raises(FormulaError, match="must be a text"):
        belbiotech.cox_causes(right, years, FATES)
