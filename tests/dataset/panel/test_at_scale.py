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
    for name in ("events", "alliances", "financings"):
        getattr(simulated, name).head(0).to_parquet(folder / f"{name}.parquet")
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
    with pytest.raises(FactsError, match=r"row 121: column 'firm_id': .* is already on row 1;"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    firms.assign(region="FR").to_parquet(folder / "firms.parquet")
    with pytest.raises(FactsError, match=r"rows 1, 2, 3 and 118 more: column 'region': 'FR' is no"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    firms.drop(columns="founded").to_parquet(folder / "firms.parquet")
    with pytest.raises(FactsError, match=r"firms\.parquet: column 'founded' is missing"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    assert not (tmp_path / "panel").exists()


WRONG = {
    "events, date": ("20x1", "row 2: column 'date': '20x1' is no date; write YYYY"),
    "events, event": ("sold", "row 2: column 'event': 'sold' is not an allowed value; did"),
    "alliances, start": ("2099", "row 2: column 'start': '2099' is in the future; facts have"),
    "alliances, end": ("1901", "row 2: column 'end': '1901' is before the start, '20"),
    "alliances, firm_id": ("nobody", "row 2: column 'firm_id': 'nobody' is not in firms.parquet"),
    "alliances, alliance_type": (None, "row 2: column 'alliance_type': is blank and must not be"),
    "financings, source_id": ("s0", "row 2: column 'source_id': 's0' is not in sources.parquet"),
    "financings, date": ("2001-02-30", "row 2: column 'date': '2001-02-30' is no date"),
    "sources, published": ("soon", "row 2: column 'published': 'soon' is no date"),
    "firms, founded": ("young", "row 2: column 'founded': 'young' is no date"),
    "firms, source_ids": ("s00000001;s0", "row 2: column 'source_ids': 's0' is not in sources"),
    "firms, name": (None, "row 2: column 'name': is blank and must not be"),
}


@pytest.mark.parametrize("where", WRONG)
def test_facts_that_break_a_rule_of_their_column(where, simulated, tmp_path):
    table, column = where.split(", ")
    value, words = WRONG[where]
    rows = getattr(simulated, table).reset_index(drop=True).astype({column: object})
    rows.loc[1, column] = value
    folder = saved(simulated, tmp_path)
    rows.to_parquet(folder / f"{table}.parquet")
    with pytest.raises(FactsError, match=rf"{table}\.parquet, {words}"):
        build(folder, to=tmp_path / "panel")
    assert not (tmp_path / "panel").exists()


def test_all_wrong_facts_are_told_at_once(simulated, tmp_path):
    folder = saved(simulated, tmp_path)
    dates = [f"0{k}" if k < 7 else date for k, date in enumerate(simulated.events["date"])]
    simulated.events.assign(date=dates).to_parquet(folder / "events.parquet")
    simulated.alliances.assign(partner_type="friend").to_parquet(folder / "alliances.parquet")
    with pytest.raises(FactsError) as told:
        build(folder, to=tmp_path / "panel")
    rows = len(simulated.alliances)
    assert [problem.partition(":")[0] for problem in told.value.problems] == [
        "events.parquet, row 1",
        "events.parquet, row 2",
        "events.parquet, row 3",
        "events.parquet",
        f"alliances.parquet, rows 1, 2, 3 and {rows - 3:,d} more",
    ]
    assert "column 'date': 4 more values break its rules" in str(told.value)


def test_dates_and_years_with_types_of_their_own(simulated, tmp_path):
    folder = saved(simulated, tmp_path)
    known = pd.read_parquet(build(folder, to=tmp_path / "texts", end_year=2024).folder)
    dates = pd.to_datetime(simulated.events["date"].str[:4])
    simulated.events.assign(date=dates).to_parquet(folder / "events.parquet")
    years = simulated.firms["founded"].astype(float)
    simulated.firms.assign(founded=years).to_parquet(folder / "firms.parquet")
    found = pd.read_parquet(build(folder, to=tmp_path / "types", end_year=2024).folder)
    key = ["firm_id", "year"]
    pd.testing.assert_frame_equal(
        found.sort_values(key, ignore_index=True), known.sort_values(key, ignore_index=True)
    )


def test_years_with_a_fraction_are_none(simulated, tmp_path):
    folder = saved(simulated, tmp_path)
    years = simulated.firms["founded"].astype(float)
    years.iloc[1] += 0.5
    simulated.firms.assign(founded=years).to_parquet(folder / "firms.parquet")
    with pytest.raises(
        FactsError, match=r"firms\.parquet, row 2: column 'founded': '\d+\.5' is no"
    ):
        build(folder, to=tmp_path / "panel", end_year=2024)


def test_a_file_that_is_no_parquet(simulated, tmp_path):
    folder = saved(simulated, tmp_path)
    (folder / "events.parquet").write_bytes(b"firm_id")
    with pytest.raises(EngineError, match=r"Parquet failed while building .*events\.parquet"):
        build(folder, to=tmp_path / "panel")


def test_an_engine_that_fails(simulated, tmp_path, monkeypatch):
    def fails(*_):
        msg = "disk full"
        raise OSError(msg)

    monkeypatch.setattr(at_scale, "firm_lives", fails)
    folder = saved(simulated, tmp_path)
    with pytest.raises((EngineError, BelbiotechError), match="while building the panel: disk full"):
        build_at_scale(folder, tmp_path / "panel", end_year=2020)
    assert not (tmp_path / "panel").exists()
