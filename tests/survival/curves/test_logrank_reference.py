"""Log-rank tests with delayed entry against plain R from the definitions."""

from __future__ import annotations

import numpy as np
import pytest

import belbiotech

pytestmark = pytest.mark.reference

CASES = {
    "years/segment": ("years", "failure", "segment", None),
    "years/segment/era": ("years", "failure", "segment", "era"),
    "years/region/era+segment": ("years", "failure", "region", ["era", "segment"]),
    "years/acquisition": ("years", "acquisition", "region", None),
    "days/arm": ("days", "death", "arm", None),
    "days/arm/site": ("days", "death", "arm", "site"),
    "freireich/arm": ("freireich", "relapse", "arm", None),
}
WEIGHTINGS = [
    "logrank",
    "gehan-breslow",
    "tarone-ware",
    "peto",
    "fleming-harrington/1/0",
    "fleming-harrington/0/1",
    "fleming-harrington/0.5/0.5",
    "fleming-harrington/0.5/0",
]
SCORES = {"years/segment": (0, 1, 2), "years/segment/era": (0, 1, 2), "days/arm": (0, 1, 3)}


def options(weighting):
    name, *powers = weighting.split("/")
    if not powers:
        return {"weighting": name}
    return {"weighting": name, "rho": float(powers[0]), "gamma": float(powers[1])}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_groups(case, weighting, reference_data, reference_values):
    data, outcome, by, strata = CASES[case]
    expected = reference_values("logrank")[case]["tests"][weighting]
    test = belbiotech.logrank_test(
        reference_data(data), outcome, by, strata=strata, **options(weighting)
    )
    assert test.df == expected["df"]
    np.testing.assert_allclose(test.statistic, expected["statistic"], rtol=1e-8)
    np.testing.assert_allclose(test.p_value, expected["p_value"], rtol=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_observed_and_expected(case, reference_data, reference_values):
    data, outcome, by, strata = CASES[case]
    expected = reference_values("logrank")[case]["tests"]["logrank"]
    table = belbiotech.logrank_test(reference_data(data), outcome, by, strata=strata).table
    np.testing.assert_allclose(table["observed"], expected["observed"], rtol=1e-12)
    np.testing.assert_allclose(table["expected"], expected["expected"], rtol=1e-8)


@pytest.mark.parametrize("case", SCORES)
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_trend(case, weighting, reference_data, reference_values):
    data, outcome, by, strata = CASES[case]
    expected = reference_values("logrank")[case]["trend"][weighting]
    rows = reference_data(data)
    scores = dict(zip(sorted(rows[by].unique()), SCORES[case], strict=True))
    test = belbiotech.logrank_test(
        rows, outcome, by, strata=strata, trend=scores, **options(weighting)
    )
    assert (test.df, tuple(expected["scores"])) == (1, SCORES[case])
    np.testing.assert_allclose(test.statistic, expected["statistic"], rtol=1e-8)
    np.testing.assert_allclose(test.p_value, expected["p_value"], rtol=1e-8)


@pytest.mark.parametrize("case", CASES)
def test_pairs(case, reference_data, reference_values):
    data, outcome, by, strata = CASES[case]
    expected = reference_values("logrank")[case]["pairs"]
    table = belbiotech.pairwise_logrank(reference_data(data), outcome, by, strata=strata)
    np.testing.assert_allclose(table["statistic"], expected["statistic"], rtol=1e-8)
    np.testing.assert_allclose(table["p_value"], expected["p_value"], rtol=1e-8)
    adjusted = [c for c in table.columns if "holm" in c or "adjust" in c]
    np.testing.assert_allclose(table[adjusted[0]], expected["p_holm"], rtol=1e-8)
