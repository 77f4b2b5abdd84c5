"""The command ``register``: official files to facts, and what it says when they are broken."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from belbiotech.dataset.facts.read import read_facts

MAKERS = Path(__file__).parents[1] / "dataset" / "registers" / "kbo_zips.py"


@pytest.fixture(scope="module")
def kbo_zips():
    spec = importlib.util.spec_from_file_location("kbo_zips_for_cli", MAKERS)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_extracts_to_facts(call, kbo_zips, tmp_path):
    may = kbo_zips.Extract("02-05-2025", 135, "04-05-2025").firm(4000001, "One NV")
    may.firm(4000002, "Person", kind="1", form=None)
    june = kbo_zips.Extract("30-05-2025", 136, "01-06-2025").firm(4000001, "One NV")
    files = [extract.write(tmp_path) for extract in (may, june)]
    words = ("register", "kbo", *files, "--nace", "72110", "--nace", "21")
    code, shown = call(*words, "--out", tmp_path / "out")
    assert code == 0, shown
    assert "1 firms" in shown
    assert "natural person" in shown
    assert read_facts(tmp_path / "out").firms["name"].tolist() == ["One NV"]
    code, shown = call(*words, "--out", tmp_path / "json", "--json")
    told = json.loads(shown)
    assert (code, told["sizes"]["firms"]) == (0, 1)
    assert any("natural person" in str(row) for row in told["rows"])
    code, shown = call(*words, "--out", tmp_path / "out")
    assert code == 1
    assert "is there already" in shown


def test_what_is_wrong_is_told_with_file_and_line(call, kbo_zips, tmp_path):
    extract = kbo_zips.Extract("02-05-2025", 135, "04-05-2025").firm(4000001, "One", start="soon")
    code, shown = call("register", "kbo", extract.write(tmp_path), "--out", tmp_path / "out")
    assert code == 1
    assert "enterprise.csv, line 2: column 'StartDate': 'soon' is no day" in shown
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["kbo", "cordis", "gleif", "sirene"])
def test_each_register_has_its_command(call, name, tmp_path):
    code, shown = call("register", name, "--help")
    assert code == 0
    assert "--out" in shown
    code, shown = call("register", name, tmp_path / "none.zip", "--out", tmp_path / "out")
    assert code == 1
    assert "no such file" in shown
