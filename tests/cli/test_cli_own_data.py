"""Own data on the command line: facts, a built folder, a file of rows."""

import json
import shutil
from pathlib import Path

import pytest

import belbiotech as bb

FACTS = Path(__file__).parents[2] / "data" / "raw"
MODEL = "exit ~ alliances_active_lag1"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    from belbiotech.dataset.releases.release import write_release

    return write_release(bb.build(FACTS), "0.1.0", tmp_path_factory.mktemp("own"), raw=FACTS)


def test_fit_takes_a_built_folder(call, built):
    code, shown = call("fit", MODEL, "--data", built, "--json")
    told = json.loads(shown)
    panel = bb.load_panel(built)
    fitted = bb.cox(MODEL, panel[panel["observed"]], cluster="firm_id")
    assert code == 0
    assert told["rows"][0]["coef"] == pytest.approx(fitted.params.iloc[0], rel=1e-12)
    assert told["rows"][0]["n_clusters"] == fitted.n_clusters


def test_fit_takes_rows_of_ones_own(call, built, tmp_path):
    rows = bb.load_panel(built)
    rows = rows[rows["observed"]].rename(columns={"firm_id": "company"}).drop(columns="observed")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    code, shown = call("fit", MODEL, "--data", tmp_path / "rows.csv", "--cluster", "company")
    assert code == 0
    assert "errors clustered by company" in shown
    assert "all rows" in shown


def test_fit_takes_strata_firth_and_a_table(call, built, tmp_path):
    table = tmp_path / "model.md"
    options = ("--data", built, "--strata", "region", "--firth", "--table", table)
    code, shown = call("fit", MODEL, *options)
    assert code == 0
    assert "strat" in shown
    assert "Firth" in shown
    assert "|" in table.read_text("utf-8")


def test_fit_takes_weights(call, built, tmp_path):
    rows = bb.load_panel(built)
    rows = rows[rows["observed"]].assign(half=0.5)
    rows.to_parquet(tmp_path / "rows.parquet")
    code, shown = call("fit", MODEL, "--data", tmp_path / "rows.parquet", "--weights", "half")
    assert code == 0
    assert "half" in shown or "weight" in shown


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--data", "nowhere"), "there is no folder or file nowhere"),
        (("--data", FACTS, "--version", "1.0.0"), "give one of them"),
        (("--table", "model.pdf"), ".docx"),
        (("--data", Path(__file__)), "no table that can be read"),
    ],
)
def test_fit_says_what_is_wrong_with_the_data(call, options, told):
    code, shown = call("fit", MODEL, *options)
    assert code == 1
    assert told in shown


def test_build_overwrites_what_was_never_released(call, built, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(built, out / "0.1.0")
    code, shown = call("build", FACTS, "--out", out)
    assert code == 1
    assert "--overwrite" in shown
    code, shown = call("build", FACTS, "--out", out, "--overwrite")
    assert code == 0
    assert f"--data {out / '0.1.0'}" in shown


def test_build_as_json(call, tmp_path):
    code, shown = call("build", FACTS, "--out", tmp_path, "--json")
    told = json.loads(shown)
    tables = bb.load_tables(tmp_path / "0.1.0")
    assert code == 0
    assert {row["table"]: row["rows"] for row in told["rows"]} == {
        name: len(table) for name, table in tables.items()
    }
    assert told["failures"] == tables.firm_year["failure"].sum()
    assert told["parameters"] == dict(tables.parameters)
    assert told["conflicts"] == []
