"""A panel of the population: who is observed when, whose alliances, and how much is held."""

import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.dataset.catalog.register_panel import register_panel, register_tables
from belbiotech.dataset.registers.cordis import cordis_facts
from belbiotech.dataset.registers.kbo import kbo_facts
from belbiotech.errors import FactsError, PanelError
from belbiotech.studies.register_coverage import coverage

from .cordis_zips import Programme
from .kbo_zips import Extract, number

DAYS = [
    ("02-05-2023", 111, "04-05-2023"),
    ("03-05-2024", 123, "05-05-2024"),
    ("02-05-2025", 135, "04-05-2025"),
]


def folder(tmp_path, lives, **options):
    """Facts of three yearly extracts; ``lives``: base, name, how many extracts, situation last."""
    files = []
    for nth, day in enumerate(DAYS):
        extract = Extract(*day)
        for base, name, first, last, situation, *more in lives:
            if first <= nth <= last:
                now = situation if nth == last else "000"
                extract.firm(base, name, situation=now, **(more[0] if more else {}))
        files.append(extract.write(tmp_path))
    return kbo_facts(files, tmp_path / "kbo", **options)


LIVES = [
    (4000001, "Stays", 0, 2, "000"),
    (4000002, "Fails", 0, 1, "050"),
    (4000003, "Vanishes", 0, 0, "000"),
    (4000004, "Dead before", 0, 2, "000", {"start": "01-01-2000"}),
    (4000005, "Newborn", 2, 2, "000", {"start": "01-09-2024"}),
    (4000006, "Found late", 1, 2, "000", {"start": "01-01-2015"}),
]


@pytest.fixture
def written(tmp_path):
    files = []
    for nth, day in enumerate(DAYS):
        extract = Extract(*day)
        for base, name, first, last, situation, *more in LIVES:
            if first <= nth <= last:
                now = situation if nth == last else "000"
                now = "050" if name == "Dead before" else now
                extract.firm(base, name, situation=now, **(more[0] if more else {}))
        files.append(extract.write(tmp_path))
    return kbo_facts(files, tmp_path / "kbo", nace=["72110"])


def seen(panel, name):
    rows = panel[(panel["name"] == name) & panel["observed"]]
    return rows["year"].tolist(), int(rows["failure"].sum())


def test_who_is_observed_when(written):
    panel = register_panel(written, shipped=False)
    assert seen(panel, "Stays") == ([2023, 2024, 2025], 0)
    assert seen(panel, "Fails") == ([2023, 2024], 1)
    assert seen(panel, "Vanishes") == ([2023, 2024], 1)
    assert seen(panel, "Dead before") == ([], 0)
    assert seen(panel, "Newborn") == ([2024, 2025], 0)
    assert seen(panel, "Found late") == ([2024, 2025], 0)
    entered = panel[panel["observed"]].groupby("name")["start"].min()
    assert entered["Stays"] == 13  # begun in 2010: delayed entry
    assert set(panel["legal_form"]) == {"Société anonyme / Naamloze vennootschap"}


def test_the_columns_are_those_of_the_shipped_panel(written):
    panel, shipped = register_panel(written), bb.load_panel()
    assert list(panel.columns) == [*shipped.columns, "legal_form"]
    assert (panel[list(shipped.columns)].dtypes == shipped.dtypes).all()
    assert panel.attrs["unit"] == "firm_id"


def test_whole_years_only(written):
    panel = register_panel(written, shipped=False, whole_years=True)
    assert seen(panel, "Stays") == ([2024], 0)
    assert seen(panel, "Vanishes") == ([2024], 1)


def test_alliances_from_cordis_and_the_shipped_facts(tmp_path, written, make_facts):
    data = Programme().project("1").organisation("1", "9", "STAYS NV", vatNumber="BE0400000185")
    data.organisation("1", "2", "KU Leuven", activityType="HES")
    cordis = cordis_facts([data.write(tmp_path)], tmp_path / "cordis", firms=written.path)
    own = make_facts(
        firms=[{"firm_id": "stays", "name": "Stays", "enterprise_number": number(4000001)}],
        alliances=[{"firm_id": "stays", "start": "2022-02"}],
        financings=[{"firm_id": "stays", "date": "2021"}],
        events=[
            {"firm_id": "stays", "event": "acquired", "date": "2023-11"},
            {"firm_id": "stays", "event": "ipo", "date": "2022"},
        ],
    )
    result = register_tables(written, cordis=cordis, shipped=own)
    row = result.panel[(result.panel["firm_id"] == "stays") & (result.panel["year"] == 2024)]
    assert row["alliances_cum_lag1"].tolist() == [2]
    assert row["alliances_upstream_cum_lag1"].tolist() == [1]
    assert row["financing_rounds_cum_lag1"].tolist() == [2]
    assert row["listed_lag1"].tolist() == [1]
    assert result.panel["acquisition"].sum() == 0  # exits are the register's
    assert result.matches["rule"].tolist() == ["number"]
    assert set(result.tables.alliances["source_id"]) == {"s1", "cordis-1"}


def test_bad_input(tmp_path, written):
    with pytest.raises(FactsError, match="no such folder"):
        register_panel(tmp_path / "none")
    with pytest.raises(FactsError, match=r"register\.csv: there is no such file"):
        register_panel(bb.new_facts(tmp_path / "empty"))
    with pytest.raises(PanelError, match="no column 'region'"):
        coverage(pd.DataFrame({"firm_id": ["a"], "year": [1]}), bb.load_panel())
    panel = register_panel(written, shipped=False)
    with pytest.raises(PanelError, match="no firm-year of the register is observed"):
        coverage(panel.assign(observed=False), panel)


def test_coverage_counts_firms_and_reweights(tmp_path):
    """Exits are written about twice as often: the weights undo it."""
    lives = [
        (
            4000000 + nth,
            f"Firm{nth:03d}",
            0,
            2 if nth % 4 else 1,
            "000" if nth % 4 else "050",
            {"start": f"01-01-{1990 + nth % 25}"},
        )
        for nth in range(240)
    ]
    panel = register_panel(folder(tmp_path, lives), shipped=False)
    nth = panel["name"].str[4:].astype(int)
    fails = nth % 4 == 0
    panel["allied"] = ((nth // 4) % 3 == 0).astype(int)
    held = (fails & (nth % 8 == 0)) | (~fails & (nth % 12 == 1))
    found = coverage(panel, panel[held], formula="exit ~ allied")
    shares = found.shares.set_index(["by", "value"])
    assert shares.loc[("fate", "failure"), ["firms", "held"]].tolist() == [60, 30]
    assert shares.loc[("fate", "there"), ["firms", "held"]].tolist() == [180, 20]
    assert shares.loc[("fate", "failure"), "share"] == 0.5
    assert found.weights["weight"].sum() == pytest.approx(240)
    assert found.weights.groupby("fate")["weight"].first().to_dict() == {"failure": 2, "there": 9}
    assert found.not_represented == 0
    assert found.why_not == ""
    weighted = found.weighted.summary
    assert weighted["n_events"].iloc[0] == 30 if "n_events" in weighted else True
    by_hand = bb.cox(
        "exit ~ allied",
        panel[panel["observed"] & held].assign(
            w=lambda t: t["name"].map(lambda n: 2.0 if int(n[4:]) % 4 == 0 else 9.0)
        ),
        weights="w",
        cluster="firm_id",
    )
    assert found.weighted.params.tolist() == pytest.approx(by_hand.params.tolist(), rel=1e-10)
    assert found.population is not None
    assert found.unweighted is not None


def test_coverage_says_why_there_is_no_model(written):
    panel = register_panel(written, shipped=False)
    found = coverage(panel, pd.DataFrame({"firm_id": ["nobody"]}))
    assert found.weighted is None
    assert "no firm of the shipped panel is in the register" in found.why_not
    assert found.shares["held"].sum() == 0
    assert found.not_represented == panel.loc[panel["observed"], "firm_id"].nunique()
