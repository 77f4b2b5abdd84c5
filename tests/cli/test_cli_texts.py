"""Texts of facts, labels and arguments are said as they are: none is markup, none acts."""

import re

import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.cli.console import visible
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases.release import write_release
from belbiotech.errors import FactsError

HOSTILE = [
    "Alpha [/bold]",
    "[red]",
    "[link=https://example.org]x[/link]",
    ":smile:",
    "x\\",
    "[/]",
    "$a$",
]


SHARED = {"source_ids": "p0", "confidence": "B", "date_quality": "stated"}
FIRM = {"region": "BE-VLG", "origin": "independent", "segment": "vaccines", "founded": "2000"}
EVENT = {"firm_id": "alpha", "event": "bankrupt", "date": "2003", "source_id": "p1"}
PAGE = {"title": "Page", "publisher": "Paper", "language": "en"}
PAGES = [
    {**PAGE, "source_id": "p0", "url": "https://example.org/0", "published": "2001"},
    {**PAGE, "source_id": "p1", "url": "https://example.org/1", "published": "2004"},
]


def write(folder, *firms):
    """Facts of some firms, as rows; the first one fails in 2003."""
    bb.new_facts(folder)
    tables = {
        "firms": [{**FIRM, **SHARED, **firm} for firm in firms],
        "events": [{**EVENT, "confidence": "B", "date_quality": "stated"}],
        "sources": PAGES,
    }
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        columns = pd.read_csv(path).columns
        pd.DataFrame(rows).reindex(columns=columns).to_csv(path, index=False)
    return folder


@pytest.fixture
def facts(tmp_path):
    return write(tmp_path / "facts", {"firm_id": "alpha", "name": "Alpha"})


@pytest.fixture
def make_release_of(tmp_path, monkeypatch):
    """A release of one firm with this name, which the commands find."""
    monkeypatch.setenv("BELBIOTECH_DATA", str(tmp_path / "data"))

    def make(name, version="0.1.0"):
        folder = write(tmp_path / f"facts-{version}", {"firm_id": "alpha", "name": name})
        write_release(build(read_facts(folder)), version, tmp_path / "data")

    return make


@pytest.mark.parametrize("name", HOSTILE)
def test_show_of_a_firm_with_any_name(call, make_release_of, name):
    make_release_of(name)
    code, shown = call("show", "alpha")
    assert code == 0
    assert name in shown
    code, shown = call("show", name)
    assert code == 0
    code, shown = call("show", f"{name}?")
    assert code == 1
    assert "there is no firm" in shown


@pytest.mark.parametrize("words", [("info",), ("codebook", "firms"), ("verify",)])
def test_other_commands_with_such_a_name(call, make_release_of, words):
    make_release_of("Alpha [/bold]")
    assert call(*words)[0] == 0


def test_diff_of_such_a_name(call, make_release_of):
    make_release_of("Beta", "0.1.0")
    make_release_of("Alpha [/bold] <script>x</script>", "0.2.0")
    code, shown = call("diff", "0.1.0", "0.2.0", "--full")
    assert code == 0
    assert "[/bold]" in shown
    code, shown = call("diff", "0.1.0", "0.2.0", "--format", "markdown")
    assert code == 0
    assert "\\<script>" in shown
    assert re.search(r"(?<!\\)<script", shown) is None


def test_signs_that_act_are_shown():
    assert visible("a\x1b[31m\x07\u202eb\ufffe\ud800\u00a0c\n\t") == (
        "a\\x1b[31m\\x07\\u202eb\\ufffe\\ud800\u00a0c\n\t"
    )


@pytest.mark.parametrize("word", ["\x1b[31mred", "\u202eturned", "[/bold]"])
def test_arguments_do_not_act(call, word):
    for words in (("show", word), ("cite", word), ("validate", f"/{word}"), ("codebook", word)):
        code, shown = call(*words)
        assert code != 0
        assert not set(shown) & {"\x1b", "\u202e"}


@pytest.mark.parametrize("label", ["\x1b]0;owned\x07", "a\u202eb", "x\ufffey", " blank", "e\u0301"])
def test_labels_of_own_codes_are_checked_as_other_texts_are(facts, label):
    folder = facts
    table = pd.DataFrame([{"column": "segment", "value": "fintech", "label": label}])
    table.to_csv(folder / "values.csv", index=False)
    with pytest.raises(FactsError, match=r"values\.csv, line 2: column 'label'") as caught:
        read_facts(folder)
    assert not set(str(caught.value)) & {"\x1b", "\x07", "\u202e"}


def test_many_problems_are_a_screen_or_all(call, tmp_path):
    wrong = [{"firm_id": f"f{n}", "name": f"F{n}", "founded": "2000-13"} for n in range(300)]
    folder = write(tmp_path / "facts", {"firm_id": "alpha", "name": "Alpha"}, *wrong)
    code, shown = call("validate", folder)
    assert code == 1
    assert "300 problems" in shown
    assert len(shown.splitlines()) < 50
    assert "line 3, 4, 5 and 297 more" in shown
    code, shown = call("validate", folder, "--all")
    assert code == 1
    assert len(shown.splitlines()) == 300
