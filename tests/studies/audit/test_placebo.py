import numpy as np
import pytest

from belbiotech.studies import designs
from belbiotech.studies.audit.placebo import dealt_anew, ends_lives, hopeless, placebo_row
from belbiotech.studies.samples import read_sample
from belbiotech.studies.simulation.panel import simulate_panel


@pytest.fixture(scope="module")
def sample():
    panel = simulate_panel(200, seed=3)
    return read_sample("failure ~ 1", panel, "alliances", window=5)[1]


def counts(agreements):
    return np.unique(agreements.signed, return_counts=True)


def test_each_age_keeps_its_signings(sample):
    dealt = dealt_anew(sample, np.random.default_rng(1))
    for real, new in zip(counts(sample.agreements), counts(dealt.agreements), strict=True):
        assert real.tolist() == new.tolist()
    assert not np.array_equal(dealt.agreements.unit, sample.agreements.unit)


def test_nobody_signs_outside_its_life(sample):
    dealt = dealt_anew(sample, np.random.default_rng(1))
    life = sample.rows.groupby("firm_id")["start"].agg(["min", "max"])
    life = life.reindex(dealt.agreements.units).iloc[dealt.agreements.unit]
    assert (dealt.agreements.signed >= life["min"].to_numpy()).all()
    assert (dealt.agreements.signed <= life["max"].to_numpy()).all()


def test_signings_of_a_firm_and_year_stay_together(sample):
    dealt = dealt_anew(sample, np.random.default_rng(1))

    def bundles(agreements):
        pairs = np.column_stack([agreements.unit, agreements.signed])
        return np.sort(np.unique(pairs, axis=0, return_counts=True)[1])

    assert bundles(dealt.agreements).tolist() == bundles(sample.agreements).tolist()


def test_the_mean_of_the_deals(sample):
    estimates = iter([-1.0, 0.0, float("nan"), 1.0, 2.0])

    def fit(_):
        value = next(estimates)
        return {"estimate": value, "n_rows": 5, "n_events": 2, "note": "no maximum"}

    row = placebo_row(sample, fit, draws=5, rng=np.random.default_rng(0), real=1.9)
    assert row["estimate"] == pytest.approx(0.5)
    assert row["hazard_ratio"] == pytest.approx(np.exp(0.5))
    assert "central 95% of 4 deals" in row["note"]
    assert "1 more could not be fitted" in row["note"]
    assert "; 2 as far off as the real alliances" in row["note"]


def test_no_deal_can_be_fitted(sample):
    def fit(_):
        return {"estimate": float("nan"), "n_rows": 0, "n_events": 0, "note": "no maximum"}

    row = placebo_row(sample, fit, draws=3, rng=np.random.default_rng(0), real=0.0)
    assert row["note"] == "none of 3 deals could be fitted: no maximum"


def test_what_ends_a_life():
    panel = simulate_panel(300, ipo_hazard=0.1, seed=1)
    for outcome, ends in (("failure", True), ("exit", True), ("ipo", False)):
        sample = read_sample(f"{outcome} ~ 1", panel, "alliances", window=5)[1]
        assert ends_lives(sample) is ends


def test_why_later_alliances_tell_nothing(sample):
    text = str(hopeless(sample, designs.signed_after(sample)))
    assert f"0 of {sample.rows['failure'].sum()} firms" in text
    assert "not estimable" in text
