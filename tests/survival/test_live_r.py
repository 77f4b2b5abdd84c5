"""Panels that nobody has seen before, fitted by R in the same minute.

Each seed makes another panel: whole years or times with decimals, few firms or many, few values
or many, delayed entry always. R's answers come from ``tests/reference/live/fit.R``.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import belbiotech

FOLDER = Path(__file__).parents[1] / "reference"
RSCRIPT = shutil.which("Rscript")

pytestmark = [
    pytest.mark.live_r,
    pytest.mark.skipif(RSCRIPT is None, reason="Rscript is not installed"),
    pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning"),
]

SEEDS = (1, 2, 3, 4, 5, 6)
CASES = [
    "/".join(case)
    for case in itertools.product(
        ("efron", "breslow"), ("none", "strata"), ("none", "int", "real"), ("none", "firm")
    )
]


def random_panel(seed: int) -> pd.DataFrame:
    """Rows of firms that enter late, change, and fail or are acquired."""
    rng = np.random.default_rng(seed)
    whole_years = seed % 2 == 1
    rows = []
    for firm in range(int(rng.integers(80, 260))):
        age = float(rng.integers(0, 6)) if rng.random() < 0.5 else 0.0
        if not whole_years:
            age = round(age * rng.random() * 1.5, 2)
        a, x, g, s = rng.poisson(0.5), rng.normal(), rng.integers(0, 3), rng.integers(0, 2)
        for _ in range(int(rng.integers(1, 14))):
            length = 1.0 if whole_years else round(0.05 + rng.exponential(1.2), 2)
            rate = 0.06 * np.exp(-0.2 * a + 0.4 * x + 0.3 * (g == 1)) * length
            failure = rng.random() < 1 - np.exp(-rate)
            acquisition = not failure and rng.random() < 0.03 * length
            x = round(x, int(rng.integers(1, 4)))
            rows.append((f"f{firm}", age, age + length, failure, acquisition, a, x, g, s))
            age = round(age + length, 2)
            if failure or acquisition:
                break
            a, x = a + rng.poisson(0.2), 0.8 * x + rng.normal(0, 0.5)
    names = ["firm", "start", "stop", "failure", "acquisition", "a", "x", "g", "s"]
    panel = pd.DataFrame(rows, columns=names)
    panel["stop"] = panel["stop"].round(2)
    panel[["failure", "acquisition"]] = panel[["failure", "acquisition"]].astype(int)
    panel["g"] = panel["g"].map(dict(enumerate("abc")))
    panel["s"] = panel["s"].map(dict(enumerate("xy")))
    panel["w_int"] = rng.integers(1, 5, len(panel))
    panel["w_real"] = rng.uniform(0.2, 3.0, len(panel)).round(3)
    return panel.sample(frac=1, random_state=seed, ignore_index=True)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A panel and R's answers, once for each seed."""
    known = {}

    def ask(seed):
        if seed not in known:
            folder = tmp_path_factory.mktemp(f"seed{seed}")
            panel = random_panel(seed)
            panel.to_csv(folder / "panel.csv", index=False)
            command = [RSCRIPT, "--vanilla", "live/fit.R", folder / "panel.csv", folder / "r.json"]
            done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            known[seed] = panel, json.loads((folder / "r.json").read_text(encoding="utf-8"))
        return known[seed]

    return ask


def close(actual, expected, tolerance=1e-8):
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=tolerance, atol=1e-13
    )


def fit(panel, case):
    ties, strata, weights, cluster = case.split("/")
    return belbiotech.cox(
        "failure ~ a + x + C(g)",
        panel,
        ties=ties,
        strata="s" if strata == "strata" else None,
        weights=None if weights == "none" else f"w_{weights}",
        cluster="firm" if cluster == "firm" else None,
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", CASES)
def test_cox(seed, case, asked):
    panel, answers = asked(seed)
    result, expected = fit(panel, case), answers["cox"][case]
    close(result.params, expected["params"], 1e-7)
    close(result.standard_errors, expected["standard_errors"])
    close(result.naive_standard_errors, expected["naive_standard_errors"])
    close([result.log_likelihood_null, result.log_likelihood], expected["log_likelihood"])
    close([result.concordance, result.concordance_std_error], expected["concordance"])
    for kind, squares in expected["residuals"].items():
        residuals = result.residuals(kind).to_numpy(float).reshape(len(panel), -1)
        close((residuals**2).sum(axis=0), squares)
    for kind in ("schoenfeld", "scaled_schoenfeld"):
        residuals = result.residuals(kind)[list(result.params.index)].to_numpy(float)
        close((residuals**2).sum(axis=0), expected[kind])
    for transform, statistics in (expected["zph"] or {}).items():
        close(result.test_proportional_hazards(transform)["statistic"], statistics)
    baseline(result.baseline_cumulative_hazard, expected)


def baseline(table, expected):
    """The same steps: our rows at R's times, in each stratum."""
    names = sorted(set(expected["hazard_stratum"]))
    own = sorted(table["stratum"].unique())
    assert len(own) == len(names)
    wanted = pd.DataFrame({k: expected[f"hazard_{k}"] for k in ("stratum", "time")})
    wanted["hazard"] = expected["hazard"]
    for label, name in zip(own, names, strict=True):
        rows, at = table[table["stratum"] == label], wanted[wanted["stratum"] == name]
        before = np.searchsorted(rows["time"], at["time"], side="right")
        close(np.append(0.0, rows["hazard"])[before], at["hazard"])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weights", ["none", "int", "real"])
@pytest.mark.parametrize("by", [None, "g"])
def test_kaplan_meier(seed, weights, by, asked):
    panel, answers = asked(seed)
    expected = answers["km"][f"{by or 'all'}/{weights}"]
    column = None if weights == "none" else f"w_{weights}"
    table = belbiotech.kaplan_meier(panel, "failure", by=by, weights=column).table
    table = table.sort_values(["group", "time"])
    for name in ("time", "at_risk", "events", "survival", "lower", "upper"):
        close(table[name], expected[name])
    alive = np.array(expected["survival"]) > 0  # R: 0 times infinity
    close(table["std_error"][alive], np.array(expected["std_error"])[alive])


@pytest.mark.parametrize("seed", SEEDS)
def test_cumulative_incidence(seed, asked):
    panel, answers = asked(seed)
    expected = answers["incidence"]
    fates = ["failure", "acquisition"]
    table = belbiotech.cumulative_incidence(panel, fates, cluster="firm").table
    for fate in fates:
        rows = table[table["outcome"] == fate].set_index("time").loc[expected["time"]]
        close(rows["incidence"], expected[fate])
        close(rows["std_error"], expected[f"{fate}_se"])


def test_a_covariate_never_lowers_the_maximum_of_late_entries(tmp_path):
    """Aids2 by age: all enter late, and the likelihood of log-logistic times has many maxima."""
    code = (
        "suppressMessages(library(MASS)); a <- Aids2[Aids2$death > Aids2$diag & Aids2$age > 0, ];"
        "write.csv(data.frame(start = a$age, stop = a$age + (a$death - a$diag) / 365.25,"
        "failure = as.integer(a$status == 'D'), male = as.integer(a$sex == 'M')), 'aids.csv')"
    )
    subprocess.run([RSCRIPT, "--vanilla", "-e", code], cwd=tmp_path, check=True)
    data = pd.read_csv(tmp_path / "aids.csv")
    fits = [belbiotech.aft(f"failure ~ {x}", data, "loglogistic") for x in ("male", "1")]
    assert fits[0].log_likelihood >= fits[1].log_likelihood
    assert fits[0].log_likelihood_null == pytest.approx(fits[1].log_likelihood, abs=1e-6)
