"""The contributing pages keep their promises: forms that can be filled in, known commands."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from belbiotech.cli import app
from belbiotech.explorer.corrections import FORM
from belbiotech.explorer.site import build_site

ROOT = Path(__file__).parents[1]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
TEXTS = ["CONTRIBUTING.md", "CODE_OF_CONDUCT.md", ".github/pull_request_template.md"]


def form(name):
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return yaml.safe_load((FORMS / name).read_text("utf-8"))


def fields(content):
    return {part["id"] for part in content["body"] if part["type"] != "markdown"}


@pytest.mark.parametrize("path", sorted(FORMS.glob("*.yml")), ids=lambda path: path.stem)
def test_every_form_is_one(path):
    content = form(path.name)
    if path.stem == "config":
        return
    assert content["name"]
    assert content["description"]
    for part in content["body"]:
        assert part["type"] in {"input", "textarea", "markdown"}
        wanted = "value" if part["type"] == "markdown" else "label"
        assert part["attributes"][wanted]


def test_the_explorer_fills_in_fields_that_the_form_has(tmp_path):
    page = build_site("0.1.0", tmp_path / "site", issues="https://example.org/issues")
    text = (page.parent / "firm" / "ablynx.html").read_text("utf-8")
    link = re.search(r'href="(https://example\.org/issues/new\?[^"]+)"', text)[1]
    given = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
    assert given["template"] == [FORM]
    assert set(given) - {"template", "title"} <= fields(form(FORM))
    script = (page.parent / "static" / "correct.js").read_text("utf-8")
    named = set(re.findall(r"\b(\w+): \"", re.search(r"LINES = \{(.*?)\}", script, re.DOTALL)[1]))
    assert named == fields(form(FORM))


@pytest.mark.parametrize("name", TEXTS)
def test_commands_and_files_that_are_named_are_there(name):
    text = (ROOT / name).read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"`make (\w+)`", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    known = {command.name for command in app.registered_commands}
    for command in re.findall(r"belbiotech ([a-z-]+)(?: data/raw)?`", text):
        assert command in known, command
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / link).exists(), link
    for path in re.findall(r"`((?:src|scripts|tests|data|\.ci)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_check_runs_what_ci_runs():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^check:\n\t\./\.ci/run$", makefile, re.MULTILINE)
    steps = re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)
    assert steps == ["lint", "test"]
