"""Cox models against R's coxph, over data x ties x weights x strata x clusters."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import belbiotech

pytestmark = [
    pytest.mark.reference,
    pytest.mark.filterwarnings("ignore:.*events? per (parameter|coefficient)"),
]

SETS = {
    "years": {
        "formula": "failure ~ alliances + C(segment) + size",
        "unit": "firm",
        "strata": ["region", "era"],
    },
    "days": {
        "formula": "death ~ age + C(arm) + marker",
        "unit": "patient",
        "strata": ["site", "sex"],
    },
}
TIES = ("efron", "breslow")
WEIGHTS = ("none", "int", "real")
STRATA = {"none": 0, "one": 1, "two": 2}
GRID = ["/".join(case) for case in itertools.product(SETS, TIES, WEIGHTS, STRATA, ("none", "unit"))]


def close(actual, expected, tolerance=1e-8):
    """Equal relative to each number; what cancels to nearly nothing, relative to its column."""
    actual, expected = np.asarray(actual, float), np.asarray(expected, float)
    scale = np.nanmax(np.abs(expected), axis=0) if expected.size else 0.0
    np.testing.assert_equal(actual.shape, expected.shape)
    bad = np.abs(actual - expected) > tolerance * np.abs(expected) + tolerance / 100 * scale
    np.testing.assert_equal(np.isnan(actual), np.isnan(expected))
    if bad.any():
        at = np.argmax(np.nan_to_num(np.abs(actual - expected)) / (scale + 1e-300))
        msg = (
            f"{bad.sum()} of {bad.size} differ; worst {actual.flat[at]!r} for {expected.flat[at]!r}"
        )
        raise AssertionError(msg)


@pytest.fixture(scope="module")
def fitted(reference_data):
    """Fit a case of the grid, once."""
    results = {}

    def fit(case):
        if case not in results:
            name, ties, weights, strata, cluster = case.split("/")
            about = SETS[name]
            results[case] = belbiotech.cox(
                about["formula"],
                reference_data(name),
                ties=ties,
                weights=None if weights == "none" else f"wt_{weights}",
                strata=about["strata"][: STRATA[strata]] or None,
                cluster=None if cluster == "none" else about["unit"],
            )
        return results[case]

    return fit


def test_the_grid_is_whole(reference_values):
    assert sorted(GRID) == sorted(set(reference_values("cox")) - {"made_with"})


@pytest.mark.parametrize("case", GRID)
class TestGrid:
    def test_coefficients_and_likelihoods(self, case, fitted, reference_values):
        expected, result = reference_values("cox")[case], fitted(case)
        close(result.params, list(expected["params"].values()), 1e-7)
        close(
            [result.log_likelihood_null, result.log_likelihood, result.aic],
            [expected["log_likelihood_null"], expected["log_likelihood"], expected["aic"]],
        )
        assert (result.n_rows, result.n_events) == (expected["n_rows"], expected["n_events"])

    def test_variances(self, case, fitted, reference_values):
        expected, result = reference_values("cox")[case], fitted(case)
        close(result.variance, expected["variance"])
        close(result.standard_errors, expected["standard_errors"])
        close(result.naive_standard_errors, expected["naive_standard_errors"])

    def test_three_tests(self, case, fitted, reference_values):
        expected, result = reference_values("cox")[case], fitted(case)
        score = expected["robust_score"] if expected["robust"] else expected["score"]
        close(
            [
                result.likelihood_ratio_test.statistic,
                result.wald_test.statistic,
                result.score_test.statistic,
            ],
            [expected["likelihood_ratio"], expected["wald"], score],
        )

    def test_baseline(self, case, fitted, reference_values):
        expected = reference_values("cox")[case]["baseline_cumulative_hazard"]
        table = fitted(case).baseline_cumulative_hazard
        strata = [table[table["stratum"] == name] for name in sorted(table["stratum"].unique())]
        names = sorted(set(expected["stratum"]))
        assert len(strata) >= len(names)
        if case.startswith("years"):
            assert len(strata) == len(names)
        rows = zip(*(expected[c] for c in ("stratum", "time", "hazard")), strict=True)
        for name, time, hazard in rows:
            own = strata[_position(name, table["stratum"].unique())]
            before = own[own["time"] <= time]
            value = before["hazard"].iloc[-1] if len(before) else 0.0
            assert value == pytest.approx(hazard, rel=1e-8, abs=1e-14), (name, time)

    def test_concordance(self, case, fitted, reference_values):
        expected, result = reference_values("cox")[case], fitted(case)
        close(
            [result.concordance, result.concordance_std_error],
            [expected["concordance"], expected["concordance_se"]],
        )

    @pytest.mark.parametrize("kind", ["martingale", "deviance", "score", "dfbeta"])
    def test_residuals_in_digest(self, case, kind, fitted, reference_values):
        expected = reference_values("cox")[case]["residuals"][kind]
        residuals = fitted(case).residuals(kind).to_numpy(float)
        residuals = residuals.reshape(len(residuals), -1)
        assert len(residuals) == expected["length"]
        close(residuals[expected["positions"]], expected["values"])
        close(np.abs(residuals).sum(axis=0), expected["sum_abs"])
        close((residuals**2).sum(axis=0), expected["sum_squares"])
        size = np.max(expected["sum_abs"])
        np.testing.assert_allclose(
            residuals.sum(axis=0), expected["sum"], rtol=1e-8, atol=1e-10 * size
        )


def _position(name, labels):
    """Which of the sorted labels says the same values as R's ``"VLG, early"``."""
    wanted = [part.strip() for part in name.split(",")]
    plain = [[p.split("=")[-1].strip() for p in str(label).split(",")] for label in sorted(labels)]
    return plain.index(wanted)


RESIDUALS = [
    f"{name}/{ties}/{rest}"
    for name, ties, rest in itertools.product(
        SETS, TIES, ("none/none/none", "int/one/none", "real/two/none", "real/two/unit")
    )
]


@pytest.mark.parametrize("case", RESIDUALS)
@pytest.mark.parametrize("kind", ["schoenfeld", "scaled_schoenfeld"])
def test_residuals_by_event(case, kind, fitted, reference_values):
    expected = reference_values("cox_residuals")[case]
    result = fitted(case)
    table = result.residuals(kind).reset_index()
    values = table[list(result.params.index)].to_numpy(float)
    label = next(c for c in table.columns if c in ("row", "index", "level_0"))
    order = np.argsort(table[label].to_numpy())
    by_position = np.argsort(expected["positions"])
    np.testing.assert_array_equal(
        table[label].to_numpy()[order], np.array(expected["positions"])[by_position]
    )
    np.testing.assert_allclose(
        table["time"].to_numpy()[order], np.array(expected["times"])[by_position]
    )
    close(values[order], np.array(expected[kind])[by_position])


WHOLE = ["days/efron/none/none/none", "days/breslow/real/two/none"]


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("kind", ["martingale", "deviance", "score", "dfbeta"])
def test_residuals_by_row(case, kind, fitted, reference_values):
    close(fitted(case).residuals(kind), reference_values("cox_residuals")[case][kind])


ZPH = ["/".join(case) for case in itertools.product(SETS, TIES, WEIGHTS, STRATA)]


@pytest.mark.parametrize("case", ZPH)
@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
def test_proportional_hazards(case, transform, fitted, reference_values):
    expected = reference_values("cox_zph")[case][transform]
    # R's cox.zph knows no robust variance: neither do weights make one here.
    table = fitted(f"{case}/none").test_proportional_hazards(transform)
    assert len(table) == len(expected["terms"])
    assert table.index[-1] == "GLOBAL"
    np.testing.assert_array_equal(table["df"], expected["df"])
    close(table["statistic"], expected["statistic"])
    close(table["p_value"], expected["p_value"])


# ---- formulas -----------------------------------------------------------------------------------

FORMULAS = {
    "interaction": "alliances * C(segment)",
    "real_by_integer": "size + alliances:size",
    "square": "size + I(size**2)",
    "logarithm": "log(alliances + 1) + size",
    "other_base": 'C(segment, Treatment("medtech")) + size',
    "two_factors": "C(segment) + C(region)",
    "factors_crossed": "C(segment) * C(era)",
}


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name, reference_data, reference_values):
    expected = reference_values("cox_designs")["formulas"][name]
    result = belbiotech.cox(f"failure ~ {FORMULAS[name]}", reference_data("years"))
    close(result.params, list(expected["params"].values()), 1e-7)
    close(result.standard_errors, expected["standard_errors"])
    close(result.log_likelihood, expected["log_likelihood"])


def test_a_term_as_a_whole(reference_data, reference_values):
    expected = reference_values("cox_designs")["tests"]
    data = reference_data("years")
    full = "failure ~ alliances + C(segment) + size + C(region)"
    for ties in TIES:
        result, wanted = belbiotech.cox(full, data, ties=ties), expected[ties]
        table = result.anova("lr")
        close(table["statistic"].dropna(), wanted["sequential"]["statistic"])
        close(table["p_value"].dropna(), wanted["sequential"]["p_value"])
        close(result.anova("wald")["statistic"], wanted["wald"])
    clustered = belbiotech.cox(full, data, cluster="firm")
    close(clustered.anova("wald")["statistic"], expected["clustered"]["wald"])
    np.testing.assert_array_equal(clustered.anova("wald")["df"], expected["clustered"]["df"])


def test_nested_models(reference_data, reference_values):
    expected = reference_values("cox_designs")["tests"]["nested"]
    data = reference_data("years")
    small = belbiotech.cox("failure ~ alliances + size", data)
    large = belbiotech.cox("failure ~ alliances + C(segment) + size + C(region)", data)
    test = large.compare(small)
    assert test.df == expected["df"]
    close([test.statistic, test.p_value], [expected["statistic"], expected["p_value"]])


@pytest.mark.parametrize("case", ["efron", "breslow", "efron_real"])
def test_clusters_two_ways(case, reference_data, reference_values):
    expected = reference_values("cox_designs")["two_way"][case]
    data = reference_data("years")
    data["group"] = data["region"] + data["era"] + data["segment"]

    def variance(cluster):
        return belbiotech.cox(
            SETS["years"]["formula"],
            data,
            ties=case.split("_")[0],
            weights="wt_real" if "real" in case else None,
            cluster=cluster,
        ).variance

    close(variance(["firm", "year"]), expected["firm_year"]["variance"])
    close(variance(["year", "group"]), expected["year_group"]["variance"])
    close(np.sqrt(np.diag(variance("year"))), expected["year"]["standard_errors"])


@pytest.mark.parametrize("case", ["efron", "breslow", "efron_clustered"])
def test_a_frequency_is_so_many_rows(case, reference_data, reference_values):
    expected = reference_values("cox_designs")["frequency"][case]
    result = belbiotech.cox(
        SETS["years"]["formula"],
        reference_data("years"),
        ties=case.split("_")[0],
        frequency="wt_int",
        cluster="firm" if "clustered" in case else None,
    )
    close(result.params, list(expected["params"].values()), 1e-7)
    close(result.standard_errors, expected["standard_errors"])
    close(result.naive_standard_errors, expected["naive_standard_errors"])
    close(result.log_likelihood, expected["log_likelihood"])
    close(result.concordance, expected["concordance"])
    assert (result.n_rows, result.n_events) == (expected["n_rows"], expected["n_events"])
    table = result.baseline_cumulative_hazard.set_index("time")["hazard"]
    wanted = expected["hazard"]
    close(table.reindex(wanted["time"], method="ffill").fillna(0), wanted["hazard"])


def test_a_frequency_beside_weights(reference_data, reference_values):
    expected = reference_values("cox_designs")["frequency"]["efron_weighted"]
    result = belbiotech.cox(
        SETS["years"]["formula"], reference_data("years"), frequency="wt_int", weights="wt_real"
    )
    close(result.params, list(expected["params"].values()), 1e-7)
    close(result.naive_standard_errors, expected["naive_standard_errors"])
    close(result.log_likelihood, expected["log_likelihood"])


def test_badly_scaled_columns(reference_data, reference_values):
    expected = reference_values("cox_designs")["scale"]
    result = belbiotech.cox(
        "failure ~ turnover + share + alliances", reference_data("scale"), cluster="firm"
    )
    params = np.array(list(expected["params"].values()))
    np.testing.assert_allclose(result.params, params, rtol=1e-7)
    np.testing.assert_allclose(result.standard_errors, expected["standard_errors"], rtol=1e-8)
    np.testing.assert_allclose(
        result.naive_standard_errors, expected["naive_standard_errors"], rtol=1e-8
    )
    close(result.log_likelihood, expected["log_likelihood"])


def test_a_calendar_year(reference_data, reference_values):
    expected = reference_values("cox_designs")["calendar"]
    result = belbiotech.cox("failure ~ year + alliances", reference_data("scale"))
    close(result.params, list(expected["params"].values()), 1e-7)
    close(result.standard_errors, expected["standard_errors"])


def test_another_outcome(reference_data, reference_values):
    expected = reference_values("cox_designs")["others"]["acquisition"]
    result = belbiotech.cox(
        "acquisition ~ alliances + size", reference_data("years"), strata="region", cluster="firm"
    )
    close(result.params, list(expected["params"].values()), 1e-7)
    close(result.standard_errors, expected["standard_errors"])
    close(result.naive_standard_errors, expected["naive_standard_errors"])


def test_no_covariates(reference_data, reference_values):
    expected = reference_values("cox_designs")["others"]["null"]
    result = belbiotech.cox("failure ~ 1", reference_data("years"))
    close(result.log_likelihood, expected["log_likelihood"])
    table = result.baseline_cumulative_hazard.set_index("time")["hazard"]
    wanted = expected["hazard"]
    close(table.reindex(wanted["time"], method="ffill").fillna(0), wanted["hazard"])


@pytest.mark.parametrize(
    ("ties", "case"), [("efron", "freireich"), ("breslow", "freireich_breslow")]
)
def test_freireich(ties, case, reference_data, reference_values):
    expected = reference_values("cox_designs")["others"][case]
    result = belbiotech.cox("relapse ~ C(arm)", reference_data("freireich"), ties=ties)
    close(result.params, list(expected["params"].values()), 1e-7)
    close(result.standard_errors, expected["standard_errors"])


@pytest.mark.parametrize("name", ["test1", "test2", "testw1"])
@pytest.mark.parametrize("ties", TIES)
def test_likelihoods_by_hand(name, ties, reference_data, reference_values):
    expected = reference_values("hand")[f"{name}_{ties}"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", belbiotech.BelbiotechWarning)  # six rows, one coefficient
        result = belbiotech.cox(
            "status ~ x",
            reference_data(name),
            ties=ties,
            weights="weight" if name == "testw1" else None,
        )
    close(result.params, expected["params"], 1e-7)
    close(result.standard_errors, expected["standard_errors"])
    close(result.log_likelihood_null, expected["log_likelihood_null"])
    close(result.log_likelihood, expected["log_likelihood"])
    close(result.score_test.statistic, expected["score"])
    close(result.residuals("martingale"), expected["martingale"])


# ---- curves along paths --------------------------------------------------------------------------

PATH_CASES = [
    f"{name}/{ties}/{rest}"
    for name, ties, rest in itertools.product(
        SETS, TIES, ("none/none/none", "real/none/unit", "int/two/none", "none/one/unit")
    )
]


@pytest.mark.parametrize("case", PATH_CASES)
def test_curves_along_paths(case, fitted, reference_values):
    import pandas as pd

    values = reference_values("cox_paths")
    paths = pd.DataFrame(values["paths"][case.split("/")[0]]).rename(columns={"path": "id"})
    result = fitted(case)
    hazards = result.predict_cumulative_hazard(paths)
    survival = result.predict_survival(paths)
    for name, expected in values[case].items():
        if name == "fixed":
            continue
        h = _at(hazards[hazards["id"] == name], expected["time"])
        s = _at(survival[survival["id"] == name], expected["time"])
        close(h["estimate"], expected["cumulative_hazard"])
        close(h["std_error"], expected["std_error_hazard"])
        close(s["estimate"], expected["survival"])
        close(s["lower"], expected["lower"])
        close(s["upper"], expected["upper"])


def _at(table, times):
    """Read a step function at these times."""
    table = table.sort_values("time")
    return table.iloc[np.searchsorted(table["time"], times, side="right") - 1]


# ---- splines: the same curve, whatever the basis ------------------------------------------------

SPLINES = {
    "bs4": "bs(size, df=4) + alliances",
    "bs6": "bs(size, df=6)",
    "bs_degree2": "bs(size, df=4, degree=2) + C(segment)",
    "bs_knots": "bs(size, knots=[-0.5, 0.5])",
}


@pytest.mark.parametrize("name", SPLINES)
def test_splines_fit_the_same_curve(name, reference_data, reference_values):
    expected = reference_values("cox_designs")["splines"][name]
    result = belbiotech.cox(f"failure ~ {SPLINES[name]}", reference_data("years"))
    close(result.log_likelihood, expected["log_likelihood"])
    assert len(result.params) == expected["df"]
    sizes = [0.0, *expected["sizes"]]
    paths = reference_data("years").iloc[: len(sizes)].copy()
    paths = paths.assign(id=range(len(sizes)), size=sizes, alliances=1, segment="agro")
    paths = paths.assign(start=0.0, stop=12.0)
    curves = result.predict_cumulative_hazard(paths)
    last = curves.groupby("id")["estimate"].last()
    close(np.log(last.iloc[1:] / last.iloc[0]), expected["log_hazard_against_zero"], 1e-7)
