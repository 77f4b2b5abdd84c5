"""A panel built by queries is the one that `build` makes."""

from __future__ import annotations

import pandas as pd
import pytest

from belbiotech import build, cox, simulate_facts
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel import at_scale
from belbiotech.dataset.panel.at_scale import build_at_scale
from belbiotech.errors import (
    BelbiotechError,
    BelbiotechWarning,
    EngineError,
    FactsError,
    PanelError,
)

pytest.importorskip("ibis")
TABLES = ("firms", "events", "alliances", "financings", "sources")


def saved(facts, folder):
    for name in TABLES:
        getattr(facts, name).to_parquet(folder / f"{name}.parquet", index=False)
    return folder


@pytest.fixture(scope="module")
def simulated():
    return simulate_facts(120, effect=-0.5, seed=4)


@pytest.mark.parametrize("options", [{}, {"alliance_window": None, "follow_up": 1}])
@pytest.mark.parametrize("which", ["simulated", "shipped"])
def test_the_same_panel(which, options, simulated, tmp_path, monkeypatch):
    facts = simulated if which == "simulated" else read_facts("data/raw")
    monkeypatch.setattr(at_scale, "FIRMS", 50)  # in several parts
    known = build(facts, end_year=2024, **options).firm_year
    made = build_at_scale(saved(facts, tmp_path), tmp_path / "panel", end_year=2024, **options)
    found = pd.read_parquet(made.folder).sort_values(["firm_id", "year"], ignore_index=True)
    assert made.rows == len(known)
    assert made.firms == known["firm_id"].nunique()
    assert sorted(path.name for path in made.folder.iterdir())[0] == "part0000.parquet"
    pd.testing.assert_frame_equal(found, known.reset_index(drop=True), check_dtype=False)


def test_build_writes_the_panel_of_facts_in_parquet(tmp_path):
    facts = read_facts("data/raw")
    known = build(facts).firm_year
    to = tmp_path / "panel"
    made = build(saved(facts, tmp_path), to=to)
    assert (made.firms, made.rows) == (known["firm_id"].nunique(), len(known))
    assert made.folder == to
    fit = cox("exit ~ alliances_active_lag1", made.folder)
    assert fit.params.equals(
        cox("exit ~ alliances_active_lag1", pd.read_parquet(made.folder)).params
    )


def test_what_build_refuses_with_to(simulated, tmp_path):
    folder, to = saved(simulated, tmp_path), tmp_path / "panel"
    with pytest.raises(PanelError, match=r"are Parquet files.*build\(\.\.\., to='panel'\)"):
        build(folder)
    with pytest.raises(PanelError, match="must be a folder of Parquet files"):
        build(simulated, to=to)
    with pytest.raises(PanelError, match="liquidation='closure', evidence='facts': with to="):
        build(folder, to=to, liquidation="closure", evidence="facts")
    with pytest.raises(PanelError, match="liquidation is 'x'"):
        build(folder, to=to, liquidation="x")
    with pytest.raises(PanelError, match="alliance_window is 0"):
        build(folder, to=to, alliance_window=0)
    with pytest.raises(PanelError, match="end_year is 12"):
        build(folder, to=to, end_year=12)
    with pytest.raises(FactsError, match="there is no file"):
        build("data/raw", to=to)
    assert not to.exists()


def test_a_panel_without_dates_or_observation(simulated, tmp_path):
    folder, to = saved(simulated, tmp_path), tmp_path / "panel"
    simulated.sources.assign(published=None).to_parquet(folder / "sources.parquet")
    with pytest.warns(BelbiotechWarning, match="not one of the panel's"):
        build(folder, to=to)
    for name, column in {"events": "date", "alliances": "start", "financings": "date"}.items():
        getattr(simulated, name).assign(**{column: None}).to_parquet(folder / f"{name}.parquet")
    with pytest.raises(PanelError, match="no event, alliance, financing or page has a date"):
        build(folder, to=tmp_path / "other")


def test_what_cannot_be_built(simulated, tmp_path):
    with pytest.raises(FactsError, match=r"there is no file '.*firms\.parquet'"):
        build_at_scale(tmp_path, tmp_path / "panel", end_year=2020)
    folder = saved(simulated, tmp_path)
    with pytest.raises(PanelError, match="is there already"):
        build_at_scale(folder, folder, end_year=2020)
    with pytest.raises(PanelError, match="end_year is 'x'"):
        build_at_scale(folder, tmp_path / "panel", end_year="x")
    with pytest.raises(PanelError, match="no firm has a founding year"):
        build_at_scale(folder, tmp_path / "panel", end_year=1000)
    firms = pd.concat([simulated.firms, simulated.firms.head(1)])
    firms.to_parquet(folder / "firms.parquet")
    with pytest.raises(PanelError, match="more than once: facts name a firm twice"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    firms.assign(region="FR").to_parquet(folder / "firms.parquet")
    with pytest.raises(PanelError, match="'region' is none of its codes in"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    firms.drop(columns="founded").to_parquet(folder / "firms.parquet")
    with pytest.raises(FactsError, match=r"firms\.parquet has no column 'founded'"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    assert not (tmp_path / "panel").exists()


def test_an_engine_that_fails(simulated, tmp_path, monkeypatch):
    def fails(*_):
        msg = "disk full"
        raise OSError(msg)

    monkeypatch.setattr(at_scale, "firm_lives", fails)
    folder = saved(simulated, tmp_path)
    with pytest.raises((EngineError, BelbiotechError), match="while building the panel: disk full"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    assert not (tmp_path / "panel").exists()
