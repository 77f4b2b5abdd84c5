import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech.errors import PanelError
from belbiotech.studies.simulation.panel import simulate_panel


def life(panel, firm):
    return panel[panel["firm_id"] == firm]


def test_rows_run_from_founding_to_exit_without_gap():
    panel = simulate_panel(150, seed=3)
    by = panel.groupby("firm_id")
    assert (by["age"].min() == 0).all()
    assert (by["age"].diff().dropna() == 1).all()
    assert (panel["stop"] == panel["age"] + 1).all()
    assert (by["exit"].sum() <= 1).all()
    last = by.tail(1)
    assert panel["exit"].sum() == last["exit"].sum()
    assert (last.loc[last["exit"] == 0, "year"] == 2025).all()
    assert (panel["exit"] == panel["failure"] + panel["acquisition"]).all()


def test_stocks_are_the_sum_of_what_was_signed_before():
    panel = simulate_panel(150, alliance_window=3, seed=4)
    new = panel.groupby("firm_id")["alliances_new"]
    assert (panel["alliances_cum_lag1"] == new.cumsum() - panel["alliances_new"]).all()
    in_force = sum(new.shift(k).fillna(0) for k in (1, 2, 3))
    assert (panel["alliances_active_lag1"] == in_force).all()


def test_parts_add_up_to_the_whole():
    panel = simulate_panel(100, seed=5)
    for stock in ("new", "cum_lag1", "active_lag1"):
        kinds = [f"alliances_{k}_{stock}" for k in ("upstream", "horizontal", "downstream")]
        types = [f"alliances_{k}_{stock}" for k in ("exploration", "exploitation")]
        assert (panel[kinds].sum(axis=1) == panel[f"alliances_{stock}"]).all()
        assert (panel[types].sum(axis=1) == panel[f"alliances_{stock}"]).all()


def test_an_unlimited_window_keeps_all_in_force():
    panel = simulate_panel(60, alliance_window=None, seed=6)
    assert (panel["alliances_active_lag1"] == panel["alliances_cum_lag1"]).all()


def test_the_same_seed_gives_the_same_panel():
    first, second = simulate_panel(50, seed=7), simulate_panel(50, seed=7)
    pd.testing.assert_frame_equal(first, second)
    assert not first.equals(simulate_panel(50, seed=8))
    assert first.attrs["truth"]["effect"] == 0.0
    assert "seed" not in first.attrs["truth"]


def test_hazards_are_those_that_were_asked_for():
    panel = simulate_panel(20_000, hazard=0.06, acquisition_hazard=0.02, seed=1)
    expected = {"failure": 0.75, "acquisition": 0.25}
    for fate, share in expected.items():
        rate = share * -np.expm1(-0.08)
        error = np.sqrt(rate * (1 - rate) / len(panel))
        assert abs(panel[fate].mean() - rate) < 4 * error


def test_the_hazard_by_age_keeps_its_last_value():
    panel = simulate_panel(20_000, hazard=[0.0, 0.0, 0.2], acquisition_hazard=0, seed=2)
    by_age = panel.groupby("age")["failure"].mean()
    assert (by_age[:2] == 0).all()
    assert by_age[2:8].to_numpy() == pytest.approx(-np.expm1(-0.2), abs=0.01)


def test_the_effect_is_on_the_hazard_of_the_year_after():
    panel = simulate_panel(
        30_000, effect=np.log(0.5), exposure="any_alliance_active", hazard=0.1, seed=3
    )
    rate = panel.groupby(panel["alliances_active_lag1"] > 0)["failure"].mean()
    hazard = -np.log1p(-rate)
    assert hazard[True] / hazard[False] == pytest.approx(0.5, abs=0.02)


def test_nobody_is_allied_in_the_immortal_years():
    panel = simulate_panel(300, immortal_years=4, alliance_rate=1, seed=1)
    assert panel.loc[panel["age"] <= 4, "alliances_cum_lag1"].sum() == 0
    assert panel.loc[panel["age"] == 4, "alliances_new"].sum() > 0


def test_undocumented_firms_are_not_there_and_the_others_are_seen_late():
    panel = simulate_panel(2_000, documentation_delay=5, seed=1)
    assert panel["firm_id"].nunique() < 2_000
    assert (panel["observed"].astype(int).groupby(panel["firm_id"]).diff().dropna() >= 0).all()
    assert panel.loc[~panel["observed"], "exit"].sum() == 0
    assert panel.loc[panel["observed"] & (panel["age"] == 3), "exit"].sum() > 0
    assert not panel.loc[panel["age"] == 0, "observed"].all()


def test_silence_cuts_lives_and_hides_failures():
    loud = simulate_panel(3_000, seed=1)
    silent = simulate_panel(3_000, sighting_rate=0.1, quiet_failures=0.5, seed=1)
    last = silent.groupby("firm_id").tail(1)
    quiet = last[(last["exit"] == 0) & (last["year"] < 2025)]
    assert len(quiet) > 100
    assert silent["failure"].sum() < 0.6 * loud["failure"].sum()


def test_listing_is_seen_the_year_after():
    panel = simulate_panel(300, ipo_hazard=0.1, seed=1)
    listed = panel.groupby("firm_id")["ipo"].cumsum() - panel["ipo"]
    assert (panel["listed_lag1"] == listed).all()
    assert panel["ipo"].sum() > 50


def test_quality_confounds():
    """A quality that nobody sees makes alliances look good."""
    panel = simulate_panel(20_000, quality=1.0, hazard=0.1, seed=1)
    rate = panel.groupby(panel["alliances_active_lag1"] > 0)["failure"].mean()
    assert rate[True] < 0.7 * rate[False]


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 40),
    rate=st.floats(0, 3),
    hazard=st.floats(0, 2),
    window=st.one_of(st.none(), st.integers(1, 40)),
    delay=st.floats(0, 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_world_gives_a_sound_panel(n, rate, hazard, window, delay, seed):
    panel = simulate_panel(
        n,
        hazard=hazard,
        alliance_rate=rate,
        alliance_window=window,
        documentation_delay=delay,
        sighting_rate=0.5,
        seed=seed,
    )
    assert not panel.isna().any().any()
    assert not panel.duplicated(["firm_id", "year"]).any()
    assert panel["firm_id"].is_monotonic_increasing
    assert (panel["year"] <= 2025).all()
    assert (panel["alliances_active_lag1"] <= panel["alliances_cum_lag1"]).all()
    assert (panel["alliances_active_lag1"] >= 0).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"n_firms": 0}, "n_firms"),
        ({"hazard": -0.1}, "hazard must be numbers that are not negative"),
        ({"hazard": []}, "hazard"),
        ({"acquisition_hazard": [0.1, float("nan")]}, "acquisition_hazard"),
        ({"sighting_rate": 1.5}, "sighting_rate must be between 0 and 1"),
        ({"alliance_window": 0}, "one year or more"),
        ({"exposure": "alliances"}, "any_alliance_ever"),
        ({"founded": (2020, 2000)}, "first year, last year"),
        ({"founded": (2000, 2030)}, "end_year 2025"),
        ({"effect": float("inf")}, "log hazard ratios"),
    ],
)
def test_bad_rules(wrong, words):
    with pytest.raises(PanelError, match=words):
        simulate_panel(**wrong)


def test_all_bad_rules_are_named_at_once():
    with pytest.raises(PanelError, match=r"(?s)hazard.*sighting_rate.*n_firms"):
        simulate_panel(0, hazard=-1, sighting_rate=2)


@pytest.mark.parametrize("n_firms", [10.5, "ten", True, 0])
def test_half_a_firm(n_firms):
    with pytest.raises(PanelError, match=r"n_firms must be a whole number"):
        simulate_panel(n_firms)


@pytest.mark.parametrize("seed", ["a", 1.5, -1, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(PanelError, match="seed must be a whole number"):
        simulate_panel(10, seed=seed)


def test_what_is_attached_is_json_whatever_the_arguments_are(tmp_path):
    panel = simulate_panel(np.int64(20), hazard=np.array([0.1, 0.05]), effect=np.float32(0), seed=1)
    assert panel.attrs["truth"]["hazard"] == [0.1, 0.05]
    json.dumps(panel.attrs)
    panel.to_parquet(tmp_path / "panel.parquet")
    assert len(panel.merge(panel[["firm_id", "year"]], on=["firm_id", "year"])) == len(panel)
