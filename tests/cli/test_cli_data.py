"""The commands that release, check, export and cite the data."""

import json
import shutil
from pathlib import Path

import pytest

import belbiotech as bb
from belbiotech.dataset.documents.manifest import read_manifest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A folder like the repository, with the facts and a changelog but no release."""
    shutil.copytree(ROOT / "data" / "raw", tmp_path / "data" / "raw")
    text = "# Changelog\n\n## [0.1.0] - 2026-11-24\n"
    (tmp_path / "CHANGELOG.md").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_release_writes_a_version_and_its_changes(call, repository):
    code, shown = call("release", "0.1.0")
    assert code == 0
    assert "First release" in shown
    assert "Warning" not in shown
    folder = repository / "data" / "processed" / "0.1.0"
    assert read_manifest(folder).version == "0.1.0"
    assert json.loads((folder / "datacite.json").read_text("utf-8"))["publicationYear"] == "2026"
    log = (repository / "CHANGELOG.md").read_text("utf-8")
    assert log.startswith("# Changelog\n\n## [0.1.0] - 2026-11-24\n\n### Data\n\nFirst release.")
    assert call("release", "0.1.0")[0] == 1
    code, shown = call("release", "0.1.0", "--check")
    assert code == 0
    assert "come out as they were released" in shown
    code, shown = call("release", "0.1.1")
    assert code == 0
    assert "says nothing of its year" in " ".join(shown.split())


def test_release_refuses_a_number_that_promises_too_little(call, repository):
    assert call("release", "0.1.0")[0] == 0
    events = repository / "data" / "raw" / "events.csv"
    events.write_text("\n".join(events.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")
    code, shown = call("release", "0.1.1")
    assert code == 1
    assert "minor" in shown
    assert not (repository / "data" / "processed" / "0.1.1").exists()
    assert "## [0.1.1]" not in (repository / "CHANGELOG.md").read_text("utf-8")


def test_release_of_own_facts_elsewhere_leaves_the_changelog(call, repository, tmp_path):
    before = (repository / "CHANGELOG.md").read_bytes()
    out = tmp_path / "mine"
    code, _ = call("release", "0.1.0", "--facts", "data/raw", "--out", out, "--own-data")
    assert code == 0
    assert (repository / "CHANGELOG.md").read_bytes() == before
    assert not (out / "0.1.0" / "datacite.json").exists()
    assert (out / "0.1.0" / "codebook.html").exists()


def test_verify_names_every_file(call):
    code, shown = call("verify")
    assert code == 0
    assert f"{len(bb.verify())} files of {len(bb.versions())} version" in shown
    assert "firm_year.parquet" in shown


def test_verify_refuses_one_changed_byte(call, tmp_path, monkeypatch):
    version = bb.versions()[-1]
    place = tmp_path / "data"
    shutil.copytree(ROOT / "data" / "processed", place)
    page = place / version / "codebook.md"
    expected = read_manifest(place / version).files["codebook.md"].sha256
    page.write_bytes(page.read_bytes().replace(b"Codebook", b"Kodebook", 1))
    monkeypatch.setenv("BELBIOTECH_DATA", str(place))
    code, shown = call("verify", version)
    assert code == 1
    assert "codebook.md was changed" in shown
    assert expected in shown


def test_cite_speaks_three_forms(call):
    for form, words in (("bibtex", "@dataset{"), ("apa", "[Data set]"), ("ris", "TY  - DATA")):
        code, shown = call("cite", "--format", form)
        assert code == 0
        assert words in shown
        assert shown == bb.cite(format=form)
    assert call("cite", "9.9.9")[0] == 1


def test_export_writes_once_and_again_only_when_told(call, tmp_path):
    words = ("export", "--to", "csv", "--out", tmp_path / "out", "--table", "firms")
    assert call(*words)[0] == 0
    assert (tmp_path / "out" / "firms.csv").exists()
    assert not (tmp_path / "out" / "events.csv").exists()
    code, shown = call(*words)
    assert code == 1
    assert "exists already" in shown
    assert "--overwrite" in shown
    assert call(*words, "--overwrite")[0] == 0


def test_codebook_on_the_screen_and_as_a_page(call, tmp_path):
    code, shown = call("codebook", "firms")
    assert code == 0
    assert f"{len(bb.codebook('firms'))} columns" in shown
    code, shown = call("codebook", "--format", "markdown")
    assert shown == (ROOT / "data/processed" / bb.versions()[-1] / "codebook.md").read_text("utf-8")
    code, _ = call("codebook", "--format", "html", "--out", tmp_path / "book.html")
    assert (tmp_path / "book.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert call("codebook", "nothing")[0] == 1
