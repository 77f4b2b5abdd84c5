"""What the commands print: JSON, folded tables, firms by any name, versions and help."""

import json
import re

import pandas as pd
import pytest
from typer.testing import CliRunner

import belbiotech as bb
from belbiotech.cli import app
from belbiotech.cli.console import show_table


@pytest.fixture
def facts(tmp_path):
    """Two firms, whose years of founding the tests make unreadable."""
    folder = tmp_path / "facts"
    bb.new_facts(folder)
    rest = "BE-VLG,,independent,,therapeutics,,s1,A,stated,"
    with (folder / "firms.csv").open("a") as file:
        file.write(f"alpha,Alpha,,,2000,{rest}\nbeta,Beta,,,2004-05,{rest}\n")
    with (folder / "sources.csv").open("a") as file:
        file.write("s1,https://example.org/a,A page,A paper,2001,en\n")
    return folder


COMMANDS = [
    "info",
    "validate",
    "build",
    "show",
    "fit",
    "firms",
    "search",
    "run",
    "diff",
    "new-facts",
    "codebook",
    "export",
    "explore",
    "cite",
    "verify",
    "release",
]


def test_version_and_short_help(call):
    code, shown = call("--version")
    assert code == 0
    assert bb.versions()[-1] in shown
    assert call("-h")[0] == 0
    assert "--install-completion" in call("-h")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_has_an_example(command):
    shown = CliRunner().invoke(app, [command, "-h"]).output
    assert re.search(rf"Example:\s+belbiotech\s+{command}", re.sub(r"[│\s]+", " ", shown)), shown


@pytest.mark.parametrize(
    "words",
    [
        ("info", "--json"),
        ("firms", "--fate", "failure", "--json"),
        ("search", "oxurion", "--json"),
        ("show", "oxurion", "--json"),
        ("codebook", "firms", "--json"),
        ("verify", "1.0.0", "--json"),
    ],
)
def test_tables_as_json(call, words):
    code, shown = call(*words)
    assert code == 0
    assert json.loads(shown)["rows"]


def test_firms_are_filtered(call):
    code, shown = call("firms", "--segment", "vaccines", "--fate", "none", "--json")
    told = pd.DataFrame(json.loads(shown)["rows"])
    firms = bb.load_table("firms")
    expected = firms[(firms["segment"] == "vaccines") & firms["exit_kind"].isna()]
    assert code == 0
    assert told["firm_id"].tolist() == expected["firm_id"].tolist()
    code, shown = call("firms", "--segment", "vacines")
    assert code == 1
    assert "did you mean 'vaccines'" in shown


def test_search_looks_at_names_partners_and_notes(call):
    assert "thrombogenics" in call("search", "OXURION")[1]
    partner = bb.load_table("alliances")["partner"].iloc[0]
    assert "alliances: partner" in call("search", partner)[1]
    assert "stands in no name" in call("search", "qqqqqq")[1]


def test_show_takes_any_name_and_marks_observed_years(call):
    code, shown = call("show", "Oxurion")
    panel = bb.load_panel()
    life = panel[panel["firm_id"] == "thrombogenics"]
    assert code == 0
    assert "ThromboGenics" in shown
    assert f"{life['observed'].sum()} of them observed" in shown
    code, shown = call("show", "qqqqqqq")
    assert code == 1
    assert "did you mean" not in shown


def test_validate_groups_problems(call, facts, tmp_path):
    text = (facts / "firms.csv").read_text("utf-8")
    text = text.replace(",2000,", ",20x1,").replace(",2004-05,", ",20x2,")
    (facts / "firms.csv").write_text(text, "utf-8")
    code, shown = call("validate", facts)
    assert code == 1
    assert "firms.csv, line 2, 3: column 'founded': '20x1' is no date - 2 times; write" in shown
    assert "20x2" not in shown
    assert "2 problems of 1 kind" in shown
    code, shown = call("validate", facts, "--all", "--csv", tmp_path / "p.csv")
    assert "20x2" in shown
    table = pd.read_csv(tmp_path / "p.csv")
    assert table["line"].tolist() == [2, 3]
    assert table["column"].tolist() == ["founded", "founded"]


def test_new_facts_refuses_a_folder_that_is_not_empty(call, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    code, shown = call("new-facts", tmp_path)
    assert code == 1
    assert "is not empty" in shown


def test_info_and_diff_fit_a_screen(call):
    for words in (("info",), ("diff", "0.2.0", "1.0.0")):
        code, shown = call(*words)
        assert code == 0
        assert len(shown.splitlines()) < 45
        assert "--full" in shown


@pytest.mark.parametrize("width", [40, 80, 120])
def test_tables_fold_without_cutting_heads(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    table = pd.DataFrame({f"heading_{k}": [1234567.5, 2.25] for k in range(12)})
    table.insert(0, "firm", ["alpha", "beta"])
    show_table(table, "Wide")
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    assert all(f"heading_{k}" in shown for k in range(12))
    assert shown.count("1,234,567.500") == 12
    assert "…" not in shown
