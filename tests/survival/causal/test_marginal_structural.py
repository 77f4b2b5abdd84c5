"""Marginal structural models find what Cox models with and without the confounder miss."""

from __future__ import annotations

import numpy as np
import pytest

from belbiotech.errors import BelbiotechWarning, FitError, FormulaError
from belbiotech.survival.causal.marginal_fits import named_rules
from belbiotech.survival.causal.marginal_structural import (
    marginal_structural_cox,
    marginal_structural_discrete,
)
from belbiotech.survival.causal.standardised import StandardisedCurves
from belbiotech.survival.cox.estimate import cox

CALL = {"exposure": "allied", "denominator": "capital * C(start)", "numerator": "C(start)"}


@pytest.fixture(scope="module")
def result(firms):
    return marginal_structural_cox("failure ~ allied", firms, **CALL)


def test_weights_are_those_of_the_exposure(firms, result):
    again = cox("failure ~ allied", firms.assign(w=result.weights), weights="w", cluster="firm_id")
    assert result.params["allied"] == pytest.approx(again.params["allied"], rel=1e-12)
    assert result.standard_errors["allied"] == pytest.approx(again.standard_errors["allied"])
    assert result.n_clusters == firms["firm_id"].nunique()


def test_confounding_that_the_exposure_moves(firms, result):
    """Without capital alliances seem better than they are, with it worse."""
    crude = cox("failure ~ allied", firms).params["allied"]
    adjusted = cox("failure ~ allied + capital", firms).params["allied"]
    assert crude < result.params["allied"] < adjusted


def test_exposure_without_confounders_needs_no_weights(firms):
    same = marginal_structural_cox(
        "failure ~ allied", firms, exposure="allied", denominator="C(start)", numerator="C(start)"
    )
    np.testing.assert_allclose(same.weights, 1.0)
    assert same.params["allied"] == pytest.approx(cox("failure ~ allied", firms).params["allied"])


def test_the_twin_in_discrete_time_says_the_same(firms, result):
    twin = marginal_structural_discrete("failure ~ allied", firms, **CALL)
    assert twin.params["allied"] == pytest.approx(result.params["allied"], abs=0.05)
    one = result.curves(horizon=5).differences()["difference"]
    two = twin.curves(horizon=5).differences()["difference"]
    assert one.item() == pytest.approx(two.item(), abs=0.02)


def test_curves_of_a_model_without_covariates_are_those_of_the_path(firms, result):
    curves = result.curves(["never", "always", 3], horizon=6)
    import pandas as pd

    path = pd.DataFrame({"start": [0, 3], "stop": [3, 6], "allied": [0, 1]})
    expected = result.fit.predict_survival(path)["estimate"]
    own = curves.table[curves.table["strategy"] == "from age 3"]["survival"]
    np.testing.assert_allclose(own, expected)


def test_curves_average_over_the_units_first_rows(firms):
    both = marginal_structural_discrete("failure ~ allied * C(region)", firms, **CALL)
    curves = both.curves(["never", "always"], horizon=3)
    import pandas as pd

    share = firms.groupby("firm_id")["region"].first().value_counts(normalize=True)
    paths = pd.DataFrame(
        {
            "id": ["BE-BRU", "BE-VLG"],
            "start": 0,
            "stop": 3,
            "allied": 1,
            "region": ["BE-BRU", "BE-VLG"],
        }
    )
    predicted = both.fit.predict_survival(paths)
    last = predicted[predicted["time"] == 3].set_index("id")["estimate"]
    own = curves.table.query("strategy == 'always' and time == 3")["survival"].item()
    assert own == pytest.approx((last * share).sum())


def test_bootstrap_by_unit(firms):
    few = firms[firms["firm_id"] < 300]
    result = marginal_structural_cox("failure ~ allied", few, bootstrap=40, seed=1, **CALL)
    table = result.bootstrap_summary.loc["allied"]
    assert table["lower"] < result.params["allied"] < table["upper"]
    robust = result.standard_errors["allied"]
    assert table["se(coef)"] == pytest.approx(robust, rel=0.5)
    curves = result.curves(horizon=5, bootstrap=20)
    gap = curves.differences([2, 5])
    assert (gap["lower"] < gap["upper"]).all()
    assert curves.restricted_means().loc[1, "gain_std_error"] > 0
    assert curves.plot().axes
    assert curves.plot(value="survival").axes


def test_restricted_means_and_differences_by_hand():
    survival = np.array([[0.9, 0.8], [1.0, 0.9]])
    curves = StandardisedCurves("failure", ("never", "always"), np.array([1.0, 2.0]), survival)
    means = curves.restricted_means()
    assert means["mean"].tolist() == pytest.approx([1.9, 2.0])
    assert means["gain"].tolist() == pytest.approx([0.0, 0.1])
    gap = curves.differences([0.5, 1, 2])
    assert gap["difference"].tolist() == pytest.approx([0, -0.1, -0.1])
    with pytest.raises(FitError, match="curves end at 2"):
        curves.differences(3)
    with pytest.raises(FitError, match="no strategy 'ever'"):
        curves.differences(reference="ever")
    assert "| strategy |" in curves.to_markdown()


def test_a_covariate_that_changes_is_told(firms):
    with pytest.warns(BelbiotechWarning, match="'capital' .*changes within units"):
        marginal_structural_cox("failure ~ allied + capital", firms, **CALL)


def test_censoring_weights_are_multiplied(firms):
    rows = firms.assign(silent=0)
    last = rows.groupby("firm_id").tail(1)
    quiet = last[(last["failure"] == 0) & (last["start"] < 7)].index
    rng = np.random.default_rng(0)
    kept = rng.random(len(rows)) > 0.1
    first_gone = (~kept & (rows["failure"] == 0)).groupby(rows["firm_id"]).cumsum()
    rows = rows[(first_gone == 0) | ((first_gone == 1) & ~kept & (rows["failure"] == 0))]
    rows["silent"] = (~kept[rows.index] & (rows["failure"] == 0)).astype(int)
    assert len(quiet) == 0
    result = marginal_structural_cox(
        "failure ~ allied",
        rows,
        censored="silent",
        censored_denominator="capital",
        censored_numerator="1",
        outcomes="failure",
        **CALL,
    )
    product = result.exposure_weights.weights * result.censoring_weights.weights
    np.testing.assert_allclose(result.weights, product)


@pytest.mark.parametrize(
    ("formula", "options", "error", "words"),
    [
        ("failure ~ capital", {}, FormulaError, "has no exposure 'allied'"),
        ("failure ~ allied", {"bootstrap": -1}, FitError, "bootstrap draws"),
        ("failure ~ allied", {"seed": "x", "bootstrap": 5}, FitError, "seed must be"),
        ("failure ~ allied", {"censored": "silent"}, FitError, "needs censored_denominator"),
        ("failure ~ allied", {"censored_numerator": "1"}, FitError, "needs censored"),
    ],
)
def test_bad_input(firms, formula, options, error, words):
    with pytest.raises(error, match=words):
        marginal_structural_cox(formula, firms, **{**CALL, **options})


@pytest.mark.parametrize(
    ("strategies", "words"),
    [
        ("always", "must be a list"),
        ([], "no strategy"),
        (["ever"], "is none"),
        ({"half": lambda age: 0.5}, "strategy 'half' gives 0.5 at age 0"),
        ({"two": lambda age: 2}, "nobody follows strategy 'two'"),
    ],
)
def test_bad_strategies(result, strategies, words):
    with pytest.raises(FitError, match=words):
        result.curves(strategies)


def test_bad_horizons_and_figures(result):
    with pytest.raises(FitError, match="no row ends up to the horizon"):
        result.curves(horizon=0)
    with pytest.raises(FitError, match="no curve 'hazard'"):
        result.curves().plot(value="hazard")
    with pytest.raises(FitError, match="fit with bootstrap=200"):
        result.bootstrap_summary  # noqa: B018


def test_rules_by_name():
    rules = named_rules({"late": 4, "odd": lambda age: int(age % 2)})
    assert [rules["late"](age) for age in (3, 4)] == [0, 1]
    assert rules["odd"](3) == 1


def test_report(result):
    assert "Marginal structural model: failure ~ allied" in repr(result)
    assert "effective rows" in result.to_markdown()
    assert result.plot().axes
