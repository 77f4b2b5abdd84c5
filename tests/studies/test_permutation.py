"""Histories dealt anew: the scheme counted out, the p-value, its size, and bad input."""

from __future__ import annotations

import dataclasses
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from belbiotech import BelbiotechError, FitError, PanelError, permutation_test, regression_table
from belbiotech.studies.histories import deal, event_sets
from belbiotech.studies.simulation.observation import observed_rows, write_about


@pytest.fixture
def one_time():
    """Six firms at risk at one time, two of them with the event."""
    rows = pd.DataFrame({"firm_id": list("abcdef"), "start": 0, "stop": 1})
    return rows.assign(failure=[1, 0, 1, 0, 0, 0], size=[5.0, 1.0, 3.0, 2.0, 0.0, 4.5])


def test_at_one_time_the_p_value_is_the_exact_one(one_time):
    size = one_time["size"].to_numpy()
    sums = np.array([size[list(two)].sum() for two in permutations(range(6), 2)])
    exact = (abs(sums - sums.mean()) >= abs(8 - sums.mean()) - 1e-9).mean()
    result = permutation_test("failure ~ size", one_time, draws=20_000, seed=1)
    assert result.p_values["size"] == pytest.approx(exact, abs=4 * np.sqrt(exact / 20_000))
    assert result.summary.loc["size", "score"] == pytest.approx(8 - sums.mean())
    assert result.summary.loc["size", "SD over deals"] == pytest.approx(sums.std(), rel=0.03)


def test_whoever_is_at_risk_every_assignment_is_as_likely_as_any_other():
    """Units a, b, c enter and leave at different times: at each time, uniform."""
    start = np.array([0.0, 0.0, 1.0, 0.0])
    stop = np.array([3.0, 2.0, 3.0, 3.0])
    event = np.array([False, True, False, True])
    unit, group = np.arange(4), np.zeros(4, dtype=np.int64)
    sets = event_sets(start, stop, event, unit, group)
    assert sets.size.tolist() == [4, 3]  # at 2 all four, at 3 without the one that left
    dealt = deal(np.eye(4), sets, np.zeros(4, dtype=np.int64), 12_000, np.random.default_rng(0))
    carried = dealt.draws + [7 / 12, 1 / 4, 7 / 12, 7 / 12]  # how often each one's history is
    np.testing.assert_allclose(carried.mean(axis=0), [7 / 12, 1 / 4, 7 / 12, 7 / 12], atol=0.02)
    assert set(np.unique(carried.round(9))) == {0.0, 1.0, 2.0}
    hypergeometric = np.diag([3 / 16 + 2 / 9, 3 / 16, 3 / 16 + 2 / 9, 3 / 16 + 2 / 9])
    np.testing.assert_allclose(np.diag(dealt.variance), np.diag(hypergeometric))


def test_histories_stay_together_and_within_cohorts():
    """Where nobody enters or leaves, a unit carries one history for life, of its own cohort."""
    years = 3
    unit = np.repeat(np.arange(6), years)
    start = np.tile(np.arange(years), 6).astype(float)
    cohort = np.array([0, 0, 0, 1, 1, 1])
    event = (unit == 0) | (unit == 4)  # an event in every year
    sets = event_sets(start, start + 1, event, unit, cohort[unit])
    whose = np.eye(6)[unit]
    dealt = deal(whose, sets, cohort, 200, np.random.default_rng(2))
    sums = dealt.draws + years / 3  # expected: a third of the cohort's events each
    assert set(np.unique(sums.round(9))) == {0.0, float(years)}
    assert (sums[:, :3].sum(axis=1).round(9) == years).all()
    assert (sums[:, 3:].sum(axis=1).round(9) == years).all()


def test_late_entry_is_kept():
    """A history is never carried at an age at which it was not under observation."""
    rows = pd.DataFrame(
        {
            "firm_id": ["a", "b", "c", "late"],
            "start": [0, 0, 0, 5],
            "stop": [2, 2, 2, 9],
            "failure": [1, 0, 0, 0],
            "size": [1.0, 2.0, 3.0, 1e6],
        }
    )
    with_late = permutation_test("failure ~ size", rows, seed=3)
    without = permutation_test("failure ~ size", rows.iloc[:3], seed=3)
    column = ["score", "p, normal"]
    pd.testing.assert_frame_equal(with_late.summary[column], without.summary[column])


def test_order_of_rows_and_splitting_change_nothing(one_time):
    base = permutation_test("failure ~ size", one_time, seed=4).summary
    cut = pd.concat([one_time.assign(start=0.5), one_time.assign(stop=0.5, failure=0)])
    for rows in (one_time.sample(frac=1, random_state=0), cut):
        found = permutation_test("failure ~ size", rows, seed=4, draws=4000).summary
        assert found.loc["size", "score"] == pytest.approx(base.loc["size", "score"])
        assert found.loc["size", "p"] == pytest.approx(base.loc["size", "p"], abs=0.06)


def test_cohorts_by_decade_of_founding_by_default(one_time):
    rows = one_time.assign(year=[1991, 1992, 1999, 2001, 2004, 2005])
    result = permutation_test("failure ~ size", rows)
    assert result.n_cohorts == 2
    assert "founding cohorts of 10 years" in repr(result)
    assert result.n_compared == 2
    named = permutation_test("failure ~ size", rows.assign(born=list("xxxyyy")), cohorts="born")
    assert named.p_values.equals(result.p_values)
    assert permutation_test("failure ~ size", rows, cohorts=100).n_cohorts == 2
    assert permutation_test("failure ~ size", one_time).n_cohorts == 1


def test_several_covariates_and_the_test_of_all(one_time):
    rows = one_time.assign(other=[0, 1, 1, 0, 1, 0])
    result = permutation_test("failure ~ size + other", rows, draws=500)
    assert result.test.df == 2
    assert result.p_values.between(1 / 501, 1).all()
    alone = permutation_test("failure ~ size", rows, draws=500)
    assert alone.test.p_value == alone.p_values["size"]


def test_the_same_seed_gives_the_same_and_the_result_shows_itself(one_time):
    one, two = (permutation_test("failure ~ size", one_time, draws=99, seed=7) for _ in range(2))
    pd.testing.assert_frame_equal(one.summary, two.summary)
    assert "99 deals of the histories of 6 units" in repr(one)
    assert "<table" in one._repr_html_()
    lines = one.to_markdown(labels={"size": "Employees"}).splitlines()
    row = one.summary.loc["size"]
    assert f"| Employees | {row['score']:.2f} |" in "\n".join(lines)
    assert any(f"{row['p']:.4f}" in line for line in lines)
    assert "99 deals of the histories" in lines[-5]
    assert "| Size |" in one.to_markdown() or "| size |" in one.to_markdown()
    assert "\\toprule" in one.to_latex()
    assert "<caption>" in one.to_html()
    with pytest.raises(FitError, match="takes fitted models"):
        regression_table(one)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.draws = 3


def test_an_effect_is_found():
    written = write_about("random", 1.5, 250, np.random.default_rng(5))
    result = permutation_test("exit ~ allied", observed_rows(written, "follow_up"))
    assert result.p_values["allied"] == 1 / 1000
    assert result.summary.loc["allied", "score"] > 0


@pytest.mark.parametrize("world", ["random", "allied"])
def test_size(world):
    """No effect: 5% of 300 panels, with entry by chance, and earlier where allied."""
    low = 0
    for seed in np.random.SeedSequence(11).spawn(300):
        written = write_about(world, 0.0, 60, np.random.default_rng(seed))
        rows = observed_rows(written, "follow_up")
        rows["year"] = written.founded[rows["firm_id"]] + rows["start"]
        low += permutation_test("exit ~ allied", rows, draws=39).p_values["allied"] <= 0.05
    assert 4 <= low <= 29  # 99.9% of binomial(300, 0.05) lie within 4 and 29


def bad(rows, **changes):
    options = {"formula": "failure ~ size", "data": rows, **changes}
    return permutation_test(options.pop("formula"), options.pop("data"), **options)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"draws": 0}, "draws must be a whole number, 1 or more"),
        ({"draws": 9.5}, "draws must be a whole number"),
        ({"draws": True}, "draws must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"cohorts": 0}, "cohorts must be 1 year or more"),
        ({"cohorts": 2.5}, "cohorts must be a column's name or whole years"),
        ({"cohorts": 5}, "need a column 'year'"),
        ({"cohorts": "decade"}, "decade"),
        ({"cohorts": "firm_id"}, "nothing to exchange"),
        ({"unit": "firm"}, "firm"),
        ({"strata": "regon"}, "regon"),
        ({"formula": "failure ~ sise"}, "sise"),
        ({"formula": "failure ~ size + offset(size)"}, "no offset"),
        ({"formula": "failure ~ 1"}, "no covariate"),
    ],
)
def test_bad_arguments(one_time, changes, words):
    with pytest.raises(BelbiotechError, match=words):
        bad(one_time, **changes)


def test_bad_rows(one_time):
    with pytest.raises(PanelError, match="missing values"):
        bad(one_time.assign(size=[np.nan, *one_time["size"][1:]]))
    with pytest.raises(PanelError, match="whose row is it"):
        bad(one_time.drop(columns="firm_id"))
    with pytest.raises(PanelError, match="overlap"):
        bad(one_time.assign(firm_id=list("aabbcc")))
    with pytest.raises(FitError, match="never happens"):
        bad(one_time.assign(failure=0))
    with pytest.raises(FitError, match="constant or collinear"):
        bad(one_time.assign(twice=2 * one_time["size"]), formula="failure ~ size + twice")
    with pytest.raises(FitError, match="nothing to exchange"):
        bad(one_time.assign(failure=1))
    lives = pd.concat([one_time, one_time.assign(start=1, stop=2, failure=0)], ignore_index=True)
    with pytest.raises(PanelError, match="changes within units"):
        bad(lives.assign(born=range(12)), cohorts="born")
