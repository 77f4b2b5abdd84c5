"""Numbers that are none, lists for numbers, numbers beyond all floats: told in words."""

import numpy as np
import pandas as pd
import pytest

import belbiotech as bb

HUGE = 10**400
STRANGE = [[1, 2], np.array([1.0, 2.0]), "x", float("nan"), HUGE, {}, (), object(), pd.NaT, None]
STRANGE += [1 + 2j, np.datetime64("2001"), pd.Series([1, 2]), pd.DataFrame(), [None], type]
ROWS = pd.DataFrame({"start": 0, "stop": [k % 5 + 1 for k in range(90)], "firm": range(90)})
ROWS = ROWS.assign(
    failure=[k % 2 for k in range(90)],
    size=[k * k % 11 for k in range(90)],
    g=["abc"[k % 3] for k in range(90)],
    year=2000,
)
RULES = ["effect", "acquisition_effect", "hazard", "acquisition_hazard", "alliance_rate"]
RULES += ["immortal_years", "ipo_hazard", "financing_rate", "quality", "documentation_delay"]
RULES += ["sighting_rate", "quiet_failures", "founded", "end_year", "exposure", "n_firms"]
FEW = {"n_firms": [30], "repetitions": 2, "processes": 1, "progress": False}


def power(**given):
    return bb.power(**{"effect": 1.5, **FEW, **given})


def study(**given):
    return bb.coverage_study(**{**FEW, "n_firms": 30, **given})


CASES = [(bb.simulate_panel, name) for name in RULES] + [(bb.simulate_facts, "effect")]
CASES += [(power, name) for name in ["effect", "n_firms", "target", "alpha", *list(FEW)[1:]]]
CASES += [(study, "repetitions"), (study, "processes")]
FITS = [pytest.param(f, name, id=f"{f.__name__}-{name}") for f, name in CASES]


@pytest.mark.parametrize(("function", "name"), FITS)
def test_strange_values_in_studies(function, name):
    fine = {"n_firms": [None], "processes": [None, HUGE], "founded": [STRANGE[0]]}.get(name, [])
    several = name in ("hazard", "acquisition_hazard")
    for value in STRANGE:
        if any(value is known for known in fine) or (several and np.ndim(value) == 1):
            continue
        with pytest.raises(bb.BelbiotechError) as told:
            function(**{name: value})
        assert name.partition("_")[0] in str(told.value)
        assert len(str(told.value)) < 6_200


@pytest.mark.parametrize(
    "call",
    [
        lambda: bb.cox("failure ~ size", ROWS, ridge=HUGE),
        lambda: bb.piecewise_exponential("failure ~ size", ROWS, cuts=[HUGE]),
        lambda: bb.split_at(ROWS, [HUGE], outcomes="failure"),
        lambda: bb.logrank_test(ROWS, "failure", by="g", rho=HUGE),
        lambda: bb.pseudo_values(ROWS, "failure", times=HUGE, unit="firm"),
        lambda: bb.e_value(HUGE, 1, 2),
        lambda: bb.e_value(1.5, 1, 2, common=np.array([True, False])),
        lambda: bb.bias_surface(1.5, 1, 2, prevalence=[0.5, HUGE]),
        lambda: bb.bias_surface(1.5, 1, 2, outcome_effect=[[2]]),
        lambda: bb.export("0.1.0", overwrite=np.array([True, False])),
        lambda: bb.negative_control("failure ~ size", ROWS, exposure="size", outcome="g", fit=3),
        lambda: bb.sequential_trials("failure ~ size", ROWS, exposure="size", eligible=()),
        lambda: bb.regression_table([bb.cox("failure ~ size", ROWS)], digits=[1]),
        lambda: bb.regression_table([bb.cox("failure ~ size", ROWS)], digits=HUGE),
        lambda: bb.regression_table([bb.cox("failure ~ size", ROWS)], names=3),
        lambda: bb.regression_table([bb.cox("failure ~ size", ROWS)], stars=np.array([1, 0])),
        lambda: bb.sources_of([1, 2]),
        lambda: bb.bias_surface(HUGE, 1, 2),
        lambda: bb.kaplan_meier(ROWS, "failure").survival_at("x"),
        lambda: bb.kaplan_meier(ROWS, "failure").survival_at(HUGE),
        lambda: bb.kaplan_meier(ROWS, "failure").quantiles([HUGE]),
        lambda: bb.cumulative_incidence(ROWS, ["failure"]).incidence_at("x"),
        lambda: bb.cumulative_incidence(ROWS, ["failure"]).incidence_at(HUGE),
        lambda: bb.aft("failure ~ size", ROWS).predict_survival(ROWS, times=[None]),
        lambda: bb.specification_curve(
            ROWS, outcomes=["failure"], exposures=["size"], cluster="firm", processes=[2]
        ),
    ],
)
def test_strange_values_elsewhere(call):
    with pytest.raises(bb.BelbiotechError):
        call()


def test_cohorts_as_wide_as_can_be_are_one():
    wide = [
        bb.permutation_test("failure ~ size", ROWS, unit="firm", draws=9, cohorts=years).summary
        for years in (10_000, HUGE)
    ]
    pd.testing.assert_frame_equal(*wide)
