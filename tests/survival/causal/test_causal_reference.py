"""Weights and weighted models against R's glm, polr and coxph."""

from __future__ import annotations

import numpy as np
import pytest

from belbiotech.survival.causal.marginal_structural import (
    marginal_structural_cox,
    marginal_structural_discrete,
)
from belbiotech.survival.causal.weights import exposure_weights

pytestmark = pytest.mark.reference

BELOW, ABOVE = "size + C(segment) + start", "C(segment) + start"
CASES = {
    "starts": ("allied", BELOW, ABOVE, {"kind": "starts"}),
    "cloglog": ("allied", BELOW, ABOVE, {"link": "cloglog"}),
    "switches": ("big", "alliances + big_before + start", "big_before + start", {}),
    "counts": ("new", "size + start", "start", {}),
    "ordinal": ("grade", "size + start", "start", {"kind": "ordinal"}),
}


def close(actual, expected, rtol=1e-8):
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=rtol, atol=1e-14
    )


@pytest.fixture(scope="module")
def firms(reference_data):
    rows = reference_data("years").sort_values(["firm", "start"], ignore_index=True)
    rows["allied"] = (rows["alliances"] > 0).astype(int)
    rows["big"] = (rows["size"] > 0).astype(int)
    rows["grade"] = rows["alliances"].clip(upper=2)
    before = rows.groupby("firm")[["alliances", "big"]].shift()
    rows["big_before"] = before["big"].fillna(0)
    rows["new"] = (rows["alliances"] - before["alliances"]).clip(lower=0).fillna(0).astype(int)
    return rows


def same(weights, expected, rtol=1e-8):
    """A vector as R's digest has it: sums, and some of its values."""
    values = weights.to_numpy()
    close(len(values), expected["length"])
    close(values.sum(), expected["sum"][0], rtol)
    close((values**2).sum(), expected["sum_squares"][0], rtol)
    close(values[expected["positions"]], np.ravel(expected["values"]), rtol)


@pytest.mark.filterwarnings("ignore:.*enter late")
@pytest.mark.parametrize("case", CASES)
def test_weights(case, firms, reference_values):
    exposure, below, above, options = CASES[case]
    result = exposure_weights(firms, exposure, below, above, unit="firm", **options)
    # polr stops before its last digits
    same(
        result.weights,
        reference_values("causal")[case]["weights"],
        1e-6 if case == "ordinal" else 1e-8,
    )


@pytest.mark.filterwarnings("ignore:.*enter late", "ignore:a single unit")
def test_plain_weights_model_and_truncation(firms, reference_values):
    expected = reference_values("causal")
    plain = exposure_weights(firms, "allied", BELOW, unit="firm")
    same(plain.weights, expected["starts"]["plain"])
    names = ["Intercept", "size", "C(segment)[T.medtech]", "C(segment)[T.therapeutics]", "start"]
    close(plain.model.params[names], list(expected["starts"]["coef"].values()))
    close(plain.model.standard_errors[names], list(expected["starts"]["se"].values()))
    stable = exposure_weights(firms, "allied", BELOW, ABOVE, unit="firm", truncate=0.01)
    close([stable.weights.min(), stable.weights.max()], expected["truncated"])


@pytest.mark.filterwarnings("ignore:.*enter late")
def test_weighted_cox(firms, reference_values):
    expected = reference_values("causal")
    result = marginal_structural_cox(
        "failure ~ allied + C(segment)",
        firms,
        exposure="allied",
        denominator=BELOW,
        numerator=ABOVE,
        unit="firm",
    )
    close(result.params, expected["cox"]["coef"])
    close(result.standard_errors, expected["cox"]["se"])
    close(result.naive_standard_errors, expected["cox"]["naive"])
    close(result.exposure_weights.effective_sample_size, expected["effective"])


@pytest.mark.filterwarnings("ignore:.*enter late")
def test_weighted_hazard_in_discrete_time(firms, reference_values):
    expected = reference_values("causal")["pooled"]
    result = marginal_structural_discrete(
        "failure ~ allied + C(segment)",
        firms,
        exposure="allied",
        denominator=BELOW,
        numerator=ABOVE,
        unit="firm",
        baseline="log",
    )
    names = [
        "Intercept",
        "allied",
        "C(segment)[T.medtech]",
        "C(segment)[T.therapeutics]",
        "log(stop)",
    ]
    close(result.params[names], expected["coef"])
    close(result.standard_errors[names], expected["se"])
