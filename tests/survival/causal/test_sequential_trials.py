"""Emulated trials: against R on rows written out, by hand, at scale, and bad input."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import BelbiotechWarning, FitError, FormulaError, PanelError
from belbiotech.survival.causal.sequential_trials import sequential_trials

PROTOCOL = {"estimand": "per protocol", "denominator": "size + start", "numerator": "start"}
CASES = {"itt": {}, "cloglog": {"link": "cloglog"}, "protocol": PROTOCOL}


@pytest.fixture(scope="module")
def years(reference_data):
    rows = reference_data("years")
    return rows.assign(allied=(rows["alliances"] > 0).astype(int)).sample(frac=1, random_state=1)


@pytest.mark.reference
@pytest.mark.parametrize("case", CASES)
def test_against_r_on_rows_written_out(case, years, reference_values):
    expected = reference_values("trials")[case]
    result = sequential_trials(
        "failure ~ allied + size + trial",
        years,
        exposure="allied",
        unit="firm",
        horizon=5,
        **CASES[case],
    )
    names = ["Intercept", "allied", "size", "trial"]
    names += [f"C(followup)[T.{k}]" for k in (1, 2, 3, 4)]
    assert result.counts["trial rows"] == expected["rows"]
    assert result.counts["trials"] == expected["trials"]
    np.testing.assert_allclose(result.params[names], expected["coef"], rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors[names], expected["se"], rtol=1e-8)
    curves = result.curves.pivot_table(index="time", columns="arm", values="incidence")
    np.testing.assert_allclose(curves, expected["incidence"], rtol=1e-8)
    gap = result.differences()
    np.testing.assert_allclose(gap["std_error"], expected["gap_error"], rtol=1e-6)
    assert result.counts["mean weight"] == pytest.approx(expected["mean_weight"], rel=1e-10)


def few():
    """Forty firms of three years; each third begins in its second year, each fifth at once."""
    firm = np.repeat(np.arange(40), 3)
    year = np.tile([0, 1, 2], 40)
    allied = (firm % 5 == 0) | ((firm % 3 == 0) & (year > 0))
    failure = (year == 2) & ((firm % 4 == 0) | (firm % 7 == 3)) | ((year == 1) & (firm % 13 == 5))
    rows = pd.DataFrame({"firm_id": firm, "start": year, "stop": year + 1})
    rows["allied"], rows["failure"] = allied.astype(int), failure.astype(int)
    rows["size"] = firm % 2
    gone = rows.groupby("firm_id")["failure"].cumsum().groupby(rows["firm_id"]).shift().fillna(0)
    return rows[gone == 0]


def test_trials_by_hand():
    rows = few()
    result = sequential_trials("failure ~ allied", rows, exposure="allied", followup="followup")
    before = rows.groupby("firm_id")["allied"].shift().fillna(0)
    assert result.counts["trials"] == (before == 0).sum()
    assert result.counts["trials with exposure"] == ((before == 0) & (rows["allied"] == 1)).sum()
    assert result.counts["units"] == 40


def test_first_rows_and_eligible_rows():
    rows = few().assign(large=lambda t: (t["size"] == 1).astype(int))
    call = {"exposure": "allied", "followup": "followup"}
    given = sequential_trials("failure ~ allied", rows, entry="given", **call)
    assert given.counts["begins"] == 2
    large = sequential_trials("failure ~ allied", rows, eligible="large", **call)
    assert large.counts["units"] == 20


def test_the_truth_is_found(firms):
    """A trial's curves in lives whose difference is known from lives under each strategy."""
    result = sequential_trials(
        "failure ~ allied * capital + trial", firms, exposure="allied", horizon=4
    )
    assert result.params["allied"] < 0
    gap = result.differences([1, 4])
    assert (gap["difference"] < 0).all()
    assert gap["std_error"].iloc[1] > gap["std_error"].iloc[0]


def test_figures_and_texts(firms):
    result = sequential_trials("failure ~ allied + capital", firms, exposure="allied", horizon=3)
    assert result.plot().axes
    assert result.plot_ratios().axes
    assert "Emulated trials, intention to treat" in repr(result)


def test_two_hundred_thousand_firms_in_seconds():
    rng = np.random.default_rng(0)
    n, years = 200_000, 5
    firm = np.repeat(np.arange(n), years)
    year = np.tile(np.arange(years), n)
    begin = rng.integers(0, 12, n)
    rows = pd.DataFrame({"firm_id": firm, "start": year, "stop": year + 1})
    rows["allied"] = (year >= begin[firm]).astype(np.int8)
    rows["size"] = rng.integers(0, 4, n)[firm]
    rows["failure"] = ((year == years - 1) & (rng.random(n) < 0.2)[firm]).astype(np.int8)
    clock = time.perf_counter()
    result = sequential_trials(
        "failure ~ allied + C(size)", rows, exposure="allied", followup="followup"
    )
    assert time.perf_counter() - clock < 20
    assert result.counts["trial rows"] > 1_500_000
    assert result.counts["distinct rows"] < 500


@pytest.mark.parametrize(
    ("formula", "options", "error", "words"),
    [
        ("failure ~ size", {}, FormulaError, "no exposure 'allied'"),
        ("failure ~ allied + sise", {}, PanelError, "no column 'sise'"),
        ("failure ~ allied", {"estimand": "itt"}, FitError, "estimand 'itt' is unknown"),
        ("failure ~ allied", {"estimand": "per protocol"}, FitError, "needs denominator"),
        ("failure ~ allied", {"denominator": "size"}, FitError, "estimand is not it"),
        ("failure ~ allied", {"horizon": 0}, FitError, "number of years"),
        ("failure ~ allied", {"link": "probit"}, FitError, "link 'probit'"),
        ("failure ~ allied", {"eligible": "nobody"}, FitError, "no row may begin a trial"),
        ("failure ~ allied", {"eligible": "others"}, FitError, "no trial has allied = 1"),
    ],
)
def test_bad_input(formula, options, error, words):
    rows = few().assign(nobody=0, others=lambda t: 1 - t["allied"])
    with pytest.raises(error, match=words):
        sequential_trials(formula, rows, exposure="allied", **options)


def test_bad_rows():
    rows = few()
    long = rows.assign(stop=rows["stop"] + 0.5 * (rows["start"] == 2))
    with pytest.raises(PanelError, match="one year long"):
        sequential_trials("failure ~ allied", long, exposure="allied")
    with pytest.raises(PanelError, match="have a column 'trial'"):
        sequential_trials("failure ~ allied + trial", rows.assign(trial=1), exposure="allied")
    with pytest.raises(FitError, match="never happens"):
        sequential_trials("failure ~ allied", rows.assign(failure=0), exposure="allied")


def test_a_protocol_that_nobody_follows_is_told():
    rows = few()
    rows.loc[(rows["firm_id"] % 5 == 0) & (rows["start"] > 0), "allied"] = 0
    rows.loc[(rows["firm_id"] % 3 == 0) & (rows["start"] > 1), "allied"] = 0
    with pytest.raises(FitError, match="nobody with allied = 1 is followed for 3 years"):
        sequential_trials(
            "failure ~ allied",
            rows,
            exposure="allied",
            estimand="per protocol",
            denominator="size",
            horizon=3,
        )


def test_trials_go_as_far_as_both_arms_do():
    """By default; a horizon that is asked for is never cut in silence."""
    rows = few()
    rows.loc[(rows["firm_id"] % 5 == 0) & (rows["start"] > 0), "allied"] = 0
    rows.loc[(rows["firm_id"] % 3 == 0) & (rows["start"] > 1), "allied"] = 0
    asked = {"exposure": "allied", "estimand": "per protocol", "denominator": "size"}
    with pytest.warns(BelbiotechWarning, match="allied = 1 is followed past year 1"):
        result = sequential_trials("failure ~ allied", rows, **asked)
    assert result.trials.horizon == 1
    one = sequential_trials("failure ~ allied", rows, horizon=1, **asked)
    assert one.params.equals(result.params)
    second = few().query("firm_id % 5 != 0")  # who begins does so in the second of three years
    assert sequential_trials("failure ~ allied", second, exposure="allied").trials.horizon == 2
    with pytest.raises(FitError, match="is followed for 50 years"):
        sequential_trials("failure ~ allied", rows, exposure="allied", horizon=50)
