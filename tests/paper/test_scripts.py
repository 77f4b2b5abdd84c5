"""The paper's scripts: one alone, all together twice with the same bytes, and what moved."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
PAPER = ROOT / "scripts" / "paper"


def run(script, out, *arguments, zone="UTC", cwd=ROOT):
    environment = {**os.environ, "TZ": zone}
    command = [sys.executable, str(PAPER / script), "--out", str(out), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )


def hashes(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    out = tmp_path_factory.mktemp("paper") / "out"
    done = run("01_sample.py", out)
    assert done.returncode == 0, done.stderr
    return out


def test_one_script_alone_gives_the_same_bytes_elsewhere(sample, tmp_path):
    elsewhere = tmp_path / "another folder"
    done = run("01_sample.py", elsewhere, zone="Pacific/Auckland", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert hashes(sample) == hashes(elsewhere)
    kinds = {path.suffix for path in sample.rglob("*") if path.is_file()}
    assert kinds == {".csv", ".md", ".tex", ".pdf", ".png", ".json", ".txt"}


def test_the_sample_counts_add_up_to_the_panel(sample):
    import belbiotech as bb

    version = re.search(r'VERSION = "(\S+)"', (PAPER / "common.py").read_text("utf-8"))[1]
    panel = bb.load_panel(version)
    traits = pd.read_csv(sample / "tables" / "sample_traits.csv")
    for name in ("firm_years", "failures", "acquisitions", "first_listings"):
        column = {"failures": "failure", "acquisitions": "acquisition", "first_listings": "ipo"}
        expected = len(panel) if name == "firm_years" else panel[column[name]].sum()
        assert (traits.groupby("characteristic")[name].sum() == expected).all(), name


def test_cases_are_the_firms_listed_by_the_year_of_the_seed_paper(sample):
    cases = pd.read_csv(sample / "tables" / "cases.csv")
    assert (cases["listed"] <= 2015).all()
    assert {"Ablynx", "Galapagos", "Oxurion (before: ThromboGenics)"} <= set(cases["name"])


def test_a_reader_sees_no_raw_column_name(sample):
    section = json.loads((sample / "sections" / "01_sample.json").read_text("utf-8"))
    for block in section["blocks"]:
        for text in [*block.get("columns", []), block.get("title", ""), block.get("note", "")]:
            assert not re.search(r"[a-z]_[a-z]", text), text


def test_check_names_what_moved_and_by_how_much(sample, tmp_path):
    table = sample / "tables" / "sample.csv"
    before = table.read_text("utf-8")
    changed = pd.read_csv(table)
    changed.loc[0, "firms"] += 4
    changed.to_csv(table, index=False)
    done = run("check.py", sample)
    table.write_text(before, "utf-8")
    assert done.returncode == 1
    assert re.search(r"Whole panel, firms: \d+ -> \d+ \(\+4, \+\d", done.stdout)
    assert "make paper-expected" in done.stdout


def test_check_names_a_sentence_and_a_figure_that_moved(sample):
    text, figure = sample / "texts" / "01_sample.txt", sample / "figures" / "cases.csv"
    before = text.read_text("utf-8"), figure.read_text("utf-8")
    text.write_text(before[0].replace("firm", "company", 1), "utf-8")
    shown = pd.read_csv(figure)
    line = shown["kind"] == "line"
    shown.loc[line, "x"] += 1
    shown.to_csv(figure, index=False)
    done = run("check.py", sample)
    text.write_text(before[0], "utf-8")
    figure.write_text(before[1], "utf-8")
    assert done.returncode == 1
    assert re.search(r"texts/01_sample.txt: .*\n  -.*firm.*\n  \+.*company", done.stdout)
    assert re.search(r"figures/cases.csv: \d+ differences", done.stdout)


def test_check_asks_for_the_paper_first(tmp_path):
    done = run("check.py", tmp_path)
    assert done.returncode == 1
    assert "make paper" in done.stderr


@pytest.mark.slow
def test_the_whole_paper_twice_has_the_same_bytes_and_the_expected_tables(tmp_path):
    for name, zone in (("one", "UTC"), ("two", "America/Bogota")):
        done = run("paper.py", tmp_path / name, zone=zone, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert str(tmp_path / name / "report.html") in done.stdout
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    page = (tmp_path / "one" / "report.html").read_text("utf-8")
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert (tmp_path / "one" / "report.pdf").read_bytes().startswith(b"%PDF")
    checked = run("check.py", tmp_path / "one")
    assert checked.returncode == 0, checked.stdout
