"""A ridge penalty, equal to R's, and what is not asked of such a fit."""

import numpy as np
import pytest

from belbiotech import cox
from belbiotech.errors import FitError

FORMULA = "failure ~ alliances + size"


@pytest.fixture
def years(reference_data):
    return reference_data("years")


@pytest.mark.reference
@pytest.mark.parametrize("cluster", [None, "firm"])
@pytest.mark.parametrize("strength", [0.5, 5, 50])
def test_as_r(reference_values, years, strength, cluster):
    theirs = reference_values("cox_ridge")[f"{strength:g}" + ("/firm" if cluster else "")]
    fit = cox(FORMULA, years, ridge=strength, cluster=cluster)
    np.testing.assert_allclose(fit.params, theirs["params"], rtol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, theirs["errors"], rtol=1e-8)
    assert fit.ridge.df == pytest.approx(theirs["df"], rel=1e-8)
    assert fit.log_likelihood == pytest.approx(theirs["log_likelihood"], rel=1e-10)
    assert fit.aic == pytest.approx(-2 * fit.log_likelihood + 2 * theirs["df"], rel=1e-10)


def test_a_strength_of_nothing_is_no_penalty(years):
    np.testing.assert_allclose(
        cox(FORMULA, years, ridge=0).params, cox(FORMULA, years).params, rtol=1e-9
    )


def test_collinear_covariates_share_the_effect(years):
    data = years.assign(again=years["size"])
    fit = cox("failure ~ size + again", data, ridge=1)
    assert fit.params["size"] == pytest.approx(fit.params["again"], rel=1e-8)


def test_the_penalty_is_told_and_tests_are_not(years):
    shown = repr(cox(FORMULA, years, ridge=5))
    assert "Ridge penalty 5: 1.89 degrees of freedom" in shown
    assert "Wald" not in shown
    with pytest.raises(FitError, match="ridge"):
        cox(FORMULA, years, ridge=5).anova()
    with pytest.raises(FitError, match="ridge"):
        cox(FORMULA, years, ridge=5).compare(cox("failure ~ size", years, ridge=5))


@pytest.mark.parametrize("strength", [-1, np.nan, "5", True])
def test_what_is_no_strength(years, strength):
    with pytest.raises(FitError, match="ridge must be a number of 0 or more"):
        cox(FORMULA, years, ridge=strength)


@pytest.mark.parametrize("other", [{"firth": True}, {"frailty": "region"}])
def test_what_it_does_not_go_with(years, other):
    with pytest.raises(FitError, match="ridge goes neither with firth nor with frailty"):
        cox(FORMULA, years, ridge=1, **other)
