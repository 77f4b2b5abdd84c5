"""The commands, as a person types them."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import belbiotech as bb

FACTS = Path(__file__).parents[2] / "data" / "raw"


@pytest.fixture
def facts(tmp_path):
    return Path(shutil.copytree(FACTS, tmp_path / "facts"))


def test_info_counts_what_is_there(call):
    code, shown = call("info")
    panel = bb.load_panel()
    assert code == 0
    assert bb.versions()[-1] in shown
    assert f"{len(panel):,d}" in shown
    assert str(panel["failure"].sum()) in shown


def test_validate_says_how_many(call, facts):
    code, shown = call("validate", str(facts))
    assert code == 0
    assert "No problems found" in shown
    assert f"{len(pd.read_csv(facts / 'firms.csv'))} firms" in shown


def test_validate_lists_every_problem(call, facts):
    events = (facts / "events.csv").read_text("utf-8")
    for right, wrong in (
        ("a-mansia-biotech,", "nobody,"),
        ("ablynx,ipo,2007-11", "ablynx,ipo,2019-13"),
    ):
        assert f"\n{right}" in events
        events = events.replace(f"\n{right}", f"\n{wrong}", 1)
    (facts / "events.csv").write_text(events, "utf-8")
    code, shown = call("validate", str(facts))
    assert code == 1
    for told in ("events.csv", "nobody", "2019-13"):
        assert told in shown


def test_build_writes_a_version_that_loads(call, facts, tmp_path):
    out = tmp_path / "out"
    code, shown = call("build", str(facts), "--version", "0.0.1", "--out", str(out))
    assert code == 0
    panel = pd.read_parquet(out / "0.0.1" / "firm_year.parquet")
    assert f"{len(panel):,d} firm-years" in shown
    assert (out / "0.0.1" / "manifest.json").is_file()


def test_build_of_bad_facts_writes_nothing(call, facts, tmp_path):
    (facts / "alliances.csv").unlink()
    out = tmp_path / "out"
    code, shown = call("build", str(facts), "--version", "0.0.1", "--out", str(out))
    assert code == 1
    assert "alliances.csv" in shown
    assert not out.exists()


def test_build_with_another_window_changes_what_is_active(call, facts, tmp_path):
    active = {}
    for window in ("3", "0"):
        out = tmp_path / window
        options = ("--version", "0.0.1", "--out", str(out), "--alliance-window", window)
        assert call("build", str(facts), *options)[0] == 0
        panel = pd.read_parquet(out / "0.0.1" / "firm_year.parquet")
        active[window] = panel["alliances_active_lag1"].sum()
    assert active["3"] < active["0"]


def test_show_tells_a_life_and_its_pages(call):
    code, shown = call("show", "Ablynx")
    assert code == 0
    assert "acquisition" in shown
    assert "https://" in shown
    assert "P&G" in shown or "Procter" in shown


def test_show_of_an_unknown_firm_offers_the_nearest(call):
    code, shown = call("show", "ablinx")
    assert code == 1
    assert "'ablynx'" in shown


def test_show_of_a_firm_without_founding_year(call):
    firms = bb.load_table("firms")
    outside = firms.loc[~firms["in_panel"], "firm_id"].iloc[0]
    code, shown = call("show", outside)
    assert code == 0
    assert "not in the panel" in shown


def test_fit_prints_and_writes_the_table(call, tmp_path):
    file = tmp_path / "fit.csv"
    code, shown = call("fit", "exit ~ alliances_active_lag1", "--out", str(file))
    panel = bb.load_panel()
    fitted = bb.cox("exit ~ alliances_active_lag1", panel[panel["observed"]], cluster="firm_id")
    assert code == 0
    assert "alliances_active_lag1" in shown
    assert pd.read_csv(file)["coef"].iloc[0] == pytest.approx(fitted.params.iloc[0], rel=1e-12)


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("exit ~ aliances_active_lag1", "alliances_active_lag1"),
        ("exit ~", "formula"),
        ("year ~ alliances_new", "0 or 1"),
    ],
)
def test_fit_explains_what_is_wrong(call, formula, told):
    code, shown = call("fit", formula)
    assert code == 1
    assert told in shown


def test_run_does_the_main_job(call, tmp_path):
    code, shown = call("run", "--out", str(tmp_path))
    rows = bb.load_panel()
    rows = rows[rows["observed"]]
    assert code == 0
    assert f"{len(rows):,d} firm-years" in shown
    assert f"{rows['exit'].sum()} events" in shown
    for name in ("sample.csv", "survival_by_alliance.csv", "cox_failure.csv", "cox_exit.csv"):
        assert len(pd.read_csv(tmp_path / name)), name
    models = pd.read_csv(tmp_path / "cox_failure.csv")
    assert (models["events"] == rows["failure"].sum()).all()
    unfitted = models[models["estimate"].isna()]
    assert len(unfitted) < len(models)
    assert unfitted["remark"].notna().all()
    for name in ("survival_by_alliance.png", "hazard_ratios.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG"), name


def test_run_as_json_is_what_the_files_hold(call, tmp_path):
    code, shown = call("run", "--out", str(tmp_path), "--json")
    told = json.loads(shown[shown.index("{\n") :])
    assert code == 0
    assert told["version"] == bb.versions()[-1]
    files = [pd.read_csv(tmp_path / f"cox_{name}.csv") for name in ("failure", "acquisition")]
    assert [row["estimate"] for row in told["rows"]][: sum(map(len, files))] == pytest.approx(
        pd.concat(files)["estimate"].tolist(), rel=1e-9, nan_ok=True
    )
    assert len(told["survival"]) == len(pd.read_csv(tmp_path / "survival_by_alliance.csv"))
    assert [row["count of"] for row in told["sample"]][0] == "firms"


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--out", "{file}"),
        ("fit", "exit ~ alliances_active_lag1", "--out", "{file}/x.csv"),
        ("diff", "0.1.0", "0.1.0", "--format", "json", "--out", "{file}/x.json"),
    ],
)
def test_a_place_that_cannot_be_written_is_told(call, tmp_path, words):
    file = tmp_path / "taken"
    file.touch()
    code, shown = call(*(word.format(file=file) for word in words))
    assert code == 1
    assert "taken" in shown
    assert "another place" in shown


def test_show_says_why_a_firm_is_not_in_the_panel(call):
    firms = bb.load_table("firms")
    outside = firms[~firms["in_panel"]].iloc[0]
    assert outside["out_reason"] in call("show", outside["firm_id"])[1]
