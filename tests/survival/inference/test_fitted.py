"""What results of different models have alike: covariates, the summary at any level, the BIC."""

import numpy as np
import pytest

import belbiotech as bb

RIGHT = "C(origin)"


def moves(panel):
    """Say of each row to which state its firm moved at its end."""
    return panel.assign(
        to=np.select([panel["failure"] == 1, panel["acquisition"] == 1], ["failed", "sold"], None)
    )


@pytest.fixture(scope="module")
def fits():
    panel = bb.simulate_panel(300, seed=2)
    formula = f"failure ~ {RIGHT}"
    return {
        "cox": bb.cox(formula, panel),
        "discrete": bb.discrete_hazard(formula, panel, baseline="log"),
        "causes": bb.discrete_hazard_causes(
            RIGHT, panel, ["failure", "acquisition"], baseline="log"
        ),
        "aft": bb.aft(formula, panel),
        "piecewise": bb.piecewise_exponential(formula, panel, [5, 10]),
        "cox_causes": bb.cox_causes(RIGHT, panel, ["failure", "acquisition"]),
        "cox_states": bb.cox_states(RIGHT, moves(panel), "to", initial="alive"),
        "fine_gray": bb.fine_gray(formula, panel, "acquisition"),
    }


KINDS = ["cox", "discrete", "causes", "aft", "piecewise", "cox_causes", "cox_states", "fine_gray"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_covariates_are_named(kind, fits):
    fit = fits[kind]
    assert fit.covariates == list(dict.fromkeys(fit.summary.index.get_level_values("covariate")))


@pytest.mark.parametrize("kind", KINDS)
def test_the_summary_is_that_at_95_percent_and_wider_at_99(kind, fits):
    fit = fits[kind]
    usual, wide = fit.summary_at(), fit.summary_at(conf_level=0.99)
    assert usual.equals(fit.summary)
    assert (wide["coef lower 99%"] < usual["coef lower 95%"]).all()
    middle = (wide["coef lower 99%"] + wide["coef upper 99%"]) / 2
    assert np.allclose(middle, usual["coef"])


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_a_coefficient_costs_the_log_of_the_events(kind, fits):
    fit = fits[kind]
    events = np.sum(fit.n_events)
    parameters = (fit.aic + 2 * fit.log_likelihood) / 2
    assert parameters == pytest.approx(round(parameters))
    assert fit.bic == pytest.approx(-2 * fit.log_likelihood + np.log(events) * parameters)


@pytest.mark.parametrize("kind", KINDS)
def test_a_level_that_is_none_is_refused(kind, fits):
    with pytest.raises(bb.FitError, match="conf_level"):
        fits[kind].summary_at(95)


def test_the_profile_of_firths_penalty_has_one_level():
    panel = bb.simulate_panel(100, seed=1)
    fit = bb.cox(f"failure ~ {RIGHT}", panel, firth=True)
    assert fit.summary_at().equals(fit.summary)
    with pytest.raises(bb.FitError, match="leave conf_level at 0.95"):
        fit.summary_at(0.9)
