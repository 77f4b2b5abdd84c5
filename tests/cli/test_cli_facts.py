"""The commands for facts of one's own and for the difference between versions."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

import belbiotech as bb

FACTS = Path(__file__).parents[2] / "data" / "raw"


@pytest.fixture
def own(tmp_path):
    """One firm of another industry, with two pages, in a set made by new-facts."""
    bb.new_facts(tmp_path / "own")
    firm = {"firm_id": "fintech-one", "name": "Fintech One", "founded": "2010"}
    firm |= {"region": "BE-VLG", "origin": "independent", "segment": "diagnostics"}
    event = {"firm_id": "fintech-one", "event": "bankrupt", "date": "2013-05", "source_id": "p2"}
    shared = {"confidence": "B", "date_quality": "stated"}
    page = {"publisher": "Gazette", "language": "en"}
    rows = {
        "firms": [{**firm, **shared, "source_ids": "p1"}],
        "events": [{**event, **shared}],
        "sources": [
            {**page, "source_id": "p1", "title": "One begins", "published": "2011"},
            {**page, "source_id": "p2", "title": "One fails", "published": "2013-06"},
        ],
    }
    for source in rows["sources"]:
        source["url"] = f"https://example.org/{source['source_id']}"
    for name, table in rows.items():
        path = tmp_path / "own" / f"{name}.csv"
        header = pd.read_csv(path).columns
        pd.DataFrame(table).reindex(columns=header).to_csv(path, index=False)
    return tmp_path / "own"


def test_new_facts_are_valid_and_are_not_overwritten(call, tmp_path):
    folder = tmp_path / "mine"
    assert call("new-facts", str(folder))[0] == 0
    assert call("validate", str(folder))[0] == 0
    code, shown = call("new-facts", str(folder))
    assert code == 1
    assert "mine" in shown


def test_own_facts_alone_become_a_panel(call, own, tmp_path):
    words = ("build", str(own), "--version", "0.0.1", "--out", str(tmp_path / "out"))
    code, shown = call(*words, "--end-year", "2014")
    assert code == 0
    panel = pd.read_parquet(tmp_path / "out" / "0.0.1" / "firm_year.parquet")
    assert panel["year"].tolist() == [2010, 2011, 2012, 2013]
    assert panel["failure"].tolist() == [0, 0, 0, 1]
    assert panel["observed"].tolist() == [False, False, True, True]
    assert "1 failures" in shown


def test_own_facts_on_top_of_the_shipped_ones(call, own, tmp_path):
    words = ("build", str(own), "--version", "0.0.1", "--out", str(tmp_path / "out"))
    code, _ = call(*words, "--with-shipped")
    panel = pd.read_parquet(tmp_path / "out" / "0.0.1" / "firm_year.parquet")
    assert code == 0
    assert len(panel) == len(bb.load_panel()) + 4


def test_conflicts_with_the_shipped_facts_are_listed(call, tmp_path):
    folder = Path(shutil.copytree(FACTS, tmp_path / "facts"))
    firms = pd.read_csv(folder / "firms.csv", dtype=str, keep_default_na=False)
    firms.loc[firms["firm_id"] == "ablynx", "founded"] = "2000"
    firms.to_csv(folder / "firms.csv", index=False)
    out = tmp_path / "out"
    words = ("build", str(folder), "--version", "0.0.1", "--out", str(out), "--with-shipped")
    code, shown = call(*words)
    panel = pd.read_parquet(out / "0.0.1" / "firm_year.parquet")
    assert code == 0
    assert "disagree" in shown
    assert "ablynx" in shown
    assert panel.loc[panel["firm_id"] == "ablynx", "year"].min() == 2001  # the shipped one is kept


def test_a_version_does_not_differ_from_itself(call):
    version = bb.versions()[0]
    code, shown = call("diff", version, version)
    assert code == 0
    assert "Nothing changed" in shown


def test_a_refitted_formula_is_no_tag_in_markdown(call):
    tag = "<img src=x onerror=alert(1)>"
    formula = f"exit ~ cut(alliances_active_lag1, [-1, 0.5, 999], labels=['{tag}', 'b'])"
    code, shown = call("diff", "0.2.0", "1.0.0", "--refit", formula, "--format", "markdown")
    assert code == 0
    assert "### Model: exit" in shown
    assert "\\<img" in shown
    assert not re.search(r"(?<!\\)<img", shown)


def test_refit_stands_beside_the_difference(call, tmp_path):
    version = bb.versions()[0]
    file = tmp_path / "diff.json"
    words = ("diff", version, version, "--refit", "exit ~ alliances_active_lag1")
    code, _ = call(*words, "--format", "json", "--out", str(file))
    told = json.loads(file.read_text("utf-8"))
    assert code == 0
    assert [line["version"] for line in told["refit"]] == [version]
    assert told["refit"][0]["n_events"] == 38
    code, shown = call(*words, "--format", "markdown")
    assert "| hazard_ratio |" in shown


def test_an_unknown_version_is_told_with_the_known_ones(call):
    code, shown = call("diff", "9.9.9", bb.versions()[0])
    assert code == 1
    assert bb.versions()[0] in shown
