"""The other models against R: discrete time, fates, Fine and Gray, failure time, recurrence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import belbiotech

pytestmark = [
    pytest.mark.reference,
    pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning"),
]

TIES = ("efron", "breslow")
COVARIATES = ["alliances", "C(segment)[T.medtech]", "C(segment)[T.therapeutics]", "size"]


def close(actual, expected, tolerance=1e-8):
    if isinstance(expected, dict):
        expected = list(expected.values())
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=tolerance, atol=1e-14
    )


# ---- discrete time -----------------------------------------------------------------------------

DISCRETE = [
    "/".join(case)
    for case in itertools.product(
        ("cloglog", "logit"), ("dummies", "spline", "log"), ("one", "int", "real")
    )
]


@pytest.fixture(scope="module")
def discrete(reference_data):
    known = {}

    def fit(case, cluster):
        if (case, cluster) not in known:
            link, baseline, weights = case.split("/")
            known[case, cluster] = belbiotech.discrete_hazard(
                "failure ~ alliances + C(segment) + size",
                reference_data("years"),
                link=link,
                baseline=baseline,
                weights=None if weights == "one" else f"wt_{weights}",
                cluster="firm" if cluster else None,
            )
        return known[case, cluster]

    return fit


@pytest.mark.parametrize("case", DISCRETE)
def test_discrete_hazard(case, discrete, reference_values):
    expected = reference_values("discrete")[case]
    result, clustered = discrete(case, False), discrete(case, True)
    close(result.params[COVARIATES], expected["params"], 1e-7)
    close(result.log_likelihood, expected["log_likelihood"])
    close(result.aic, expected["aic"])
    close(result.standard_errors[COVARIATES], expected["standard_errors"])
    close(clustered.standard_errors[COVARIATES], expected["clustered"])
    close(clustered.naive_standard_errors[COVARIATES], expected["standard_errors"])
    assert len(result.params) == expected["n_parameters"]


@pytest.mark.parametrize("case", [case for case in DISCRETE if case.endswith("one")])
def test_average_marginal_effects(case, discrete, reference_values, reference_data):
    expected = reference_values("discrete")[case]
    wanted = {name: np.array(values) for name, values in expected["marginal_effects"].items()}
    # Years in which nobody fails have a hazard of 0, which nothing moves: they count in the mean.
    share = expected["n_rows_used"] / len(reference_data("years"))
    plain = discrete(case, False).average_marginal_effects()
    clustered = discrete(case, True).average_marginal_effects()
    close(plain["estimate"], share * wanted["effect"])
    close(plain["std_error"], share * wanted["std_error"])
    close(clustered["std_error"], share * wanted["std_error_clustered"])


@pytest.mark.parametrize("baseline", ["log", "spline"])
def test_several_fates(baseline, reference_data, reference_values):
    expected = reference_values("discrete")["multinomial"][baseline]
    fates = ["failure", "acquisition"]

    def fit(cluster):
        return belbiotech.discrete_hazard_causes(
            "alliances + C(segment) + size",
            reference_data("years"),
            fates,
            baseline=baseline,
            cluster=cluster,
        )

    result, clustered = fit(None), fit("firm")
    close(result.log_likelihood, expected["log_likelihood"])
    for fate in fates:
        close(result.params[fate][COVARIATES], expected[fate]["params"], 1e-7)
        close(result.standard_errors[fate][COVARIATES], expected[fate]["standard_errors"])
        close(clustered.standard_errors[fate][COVARIATES], expected[fate]["clustered"])


# ---- Fine and Gray, Gray's test ----------------------------------------------------------------

FINE_GRAY = [
    "/".join(case)
    for case in itertools.product(
        ("fixed", "fixed_years", "from_zero"), ("failure", "acquisition"), TIES
    )
]


@pytest.mark.parametrize("case", FINE_GRAY)
def test_fine_gray(case, reference_data, reference_values):
    expected = reference_values("fine_gray")[case]
    name, fate, ties = case.split("/")
    data = reference_data("fixed" if name == "from_zero" else name)
    right = "university + capital + C(segment)"
    if name == "from_zero":
        data["start"], right = 0, "university + capital"
    other = {"failure": "acquisition", "acquisition": "failure"}[fate]

    def fit(cluster):
        return belbiotech.fine_gray(
            f"{fate} ~ {right}", data, other, ties=ties, unit="firm", cluster=cluster
        )

    result = fit(None)
    close(result.params, expected["params"], 1e-7)
    close(result.standard_errors, expected["clustered"]["firm"])
    close(result.naive_standard_errors, expected["naive_standard_errors"])
    close(
        [result.log_likelihood_null, result.log_likelihood],
        [expected["log_likelihood_null"], expected["log_likelihood"]],
    )
    if "incubator" in expected["clustered"]:
        close(fit("incubator").standard_errors, expected["clustered"]["incubator"])
    steps = result.baseline_cumulative_hazard
    before = np.searchsorted(steps["time"], expected["baseline"]["time"], side="right")
    close(np.append(0.0, steps["hazard"])[before], expected["baseline"]["hazard"])


@pytest.mark.parametrize("name", ["fixed", "fixed_years"])
@pytest.mark.parametrize(
    ("rest", "by", "strata", "rho"),
    [
        ("segment", "segment", None, 0.0),
        ("university", "university", None, 0.0),
        ("segment/university", "segment", "university", 0.0),
        ("segment/rho", "segment", None, 1.0),
    ],
)
def test_gray(name, rest, by, strata, rho, reference_data, reference_values):
    known = reference_values("gray")
    data = reference_data(name).assign(start=0)
    for fate, other in (("failure", "acquisition"), ("acquisition", "failure")):
        expected = known[f"{name}/{rest}"][fate]
        test = belbiotech.gray_test(data, fate, other, by, strata=strata, rho=rho)
        assert test.df == expected["df"]
        close([test.statistic, test.p_value], [expected["statistic"], expected["p_value"]])


# ---- accelerated failure time ------------------------------------------------------------------


@pytest.mark.parametrize("distribution", ["weibull", "lognormal", "loglogistic"])
@pytest.mark.parametrize("what", ["failure", "acquisition", "weighted"])
@pytest.mark.parametrize("entry", ["from_zero", "with_entry"])
def test_failure_time(distribution, what, entry, reference_data, reference_values):
    expected = reference_values("aft")[f"{what}/{distribution}"][entry]
    data = reference_data("fixed")
    if entry == "from_zero":
        data["start"] = 0
    weighted = what == "weighted"
    result = belbiotech.aft(
        "failure ~ university + capital"
        if weighted
        else f"{what} ~ university + capital + C(segment)",
        data,
        distribution,
        unit="firm",
        weights="wt_int" if weighted else None,
    )
    order = ["Intercept", *(n for n in result.params.index if n not in ("Intercept", "log(scale)"))]
    close(result.params[order], expected["params"], 1e-7)
    close(result.params["log(scale)"], expected["log_scale"], 1e-7)
    close(result.standard_errors[[*order, "log(scale)"]], expected["standard_errors"])
    close(result.log_likelihood, expected["log_likelihood"])


# ---- events that come again --------------------------------------------------------------------


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("model", ["andersen_gill", "pwp_total", "pwp_gap"])
def test_recurrent(model, ties, reference_data, reference_values):
    known = reference_values("recurrent")
    rows = belbiotech.recurrent_rows(reference_data("years"), "round", unit="firm", max_order=4)
    counts = rows.groupby("order")["event"].agg(["size", "sum"])
    assert counts["size"].tolist() == known["rows"]["order_counts"]
    assert counts["sum"].tolist() == known["rows"]["order_events"]
    assert rows["gap_stop"].sum() == known["rows"]["gap_stop_sum"]
    options = {} if model == "andersen_gill" else {"strata": "order"}
    if model == "pwp_gap":
        options |= {"start": "gap_start", "stop": "gap_stop", "overlap": "allow"}
    result = belbiotech.cox("event ~ alliances + size", rows, ties=ties, cluster="firm", **options)
    expected = known[f"{model}/{ties}"]
    close(result.params, expected["params"], 1e-7)
    close(result.standard_errors, expected["standard_errors"])
    close(result.naive_standard_errors, expected["naive_standard_errors"])
    close(
        [result.log_likelihood_null, result.log_likelihood],
        [expected["log_likelihood_null"], expected["log_likelihood"]],
    )


def test_mean_cumulative_function(reference_data, reference_values):
    known = reference_values("recurrent")
    data = reference_data("years")
    whole = belbiotech.mean_cumulative_function(data, "round", "firm").table
    parts = belbiotech.mean_cumulative_function(data, "round", "firm", by="segment").table
    pairs = [("mean_cumulative", whole)]
    pairs += [(f"mean_cumulative/{group}", table) for group, table in parts.groupby("group")]
    for name, table in pairs:
        for column in ("time", "at_risk", "events", "mean", "std_error"):
            close(table[column], known[name][column])
