"""What `make audit` and the workflow promise: holes fail, pages are whole, rights are least."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_library_is_explained(capsys):
    assert script("dependencies").main() == 0
    assert capsys.readouterr().out == ""


def test_a_library_without_a_line_and_a_line_without_a_library_are_told(tmp_path, capsys):
    held = script("dependencies")
    held.ROOT, held.PAGE = tmp_path, tmp_path / "dependencies.md"
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["numpy>=1.26", "new-one[extra] ; python_version > \'3\'"]\n'
        "[project.optional-dependencies]\n[dependency-groups]\n"
        '[build-system]\nrequires = ["hatchling"]\n'
    )
    held.PAGE.write_text("| `numpy` | arrays |\n| `hatchling` | builds |\n| `old-one` | gone |\n")
    assert held.main() == 1
    told = capsys.readouterr().out
    assert "new-one has no line in dependencies.md" in told
    assert "old-one has a line in dependencies.md, but nothing asks for it" in told
    assert "numpy" not in told


def report(*vulnerabilities):
    one = {"name": "lib", "version": "1.0", "vulns": list(vulnerabilities)}
    return json.dumps({"dependencies": [one, {"name": "own", "skip_reason": "not found"}]})


def test_a_known_hole_fails_the_audit():
    judged = script("known_holes").judged
    code, words = judged(report({"id": "PYSEC-1", "fix_versions": ["1.1"]}), "")
    assert code == 1
    assert "lib 1.0: PYSEC-1, mended in 1.1" in words
    assert "own: not checked, not found" in words
    assert judged(report({"id": "PYSEC-2", "fix_versions": []}), "")[0] == 1
    assert judged(report(), "")[0] == 0


def test_an_audit_that_checked_nothing_says_so():
    skipped = [{"name": f"lib{k}", "skip_reason": "not found"} for k in range(9)]
    code, words = script("known_holes").judged(json.dumps({"dependencies": skipped}), "")
    assert code == 0
    assert "... and 4 more that were not checked" in words
    assert words.splitlines()[-1] == "NOT CHECKED for known holes: none of 9 libraries"


@pytest.mark.parametrize("written", ["", "no json", "[]", "{}"])
def test_what_could_not_be_asked_is_not_called_sound(written):
    code, words = script("known_holes").judged(written, "some lines\nConnectionError: no route")
    assert code == 0
    assert words.startswith("NOT CHECKED")
    assert "no route" in words


def test_the_audit_runs_what_fails():
    made = (ROOT / "Makefile").read_text("utf-8")
    recipe = made.partition("\naudit:")[2].partition("\n\n")[0]
    assert "scripts/known_holes.py" in recipe
    assert "scripts/dependencies.py" in recipe
    assert "scripts/sql_places.py" in recipe
    assert "||" not in recipe


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_the_least_rights_and_pinned_actions(path):
    yaml = pytest.importorskip("yaml")
    text = path.read_text("utf-8")
    flow = yaml.safe_load(text)
    assert flow["permissions"] == {}
    for name, job in flow["jobs"].items():
        writes = {right for right, level in job["permissions"].items() if level != "read"}
        steps = [step for step in job["steps"] if "uses" in step]
        assert steps, name
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]) for step in steps)
        for step in steps:
            if step["uses"].startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False
        scripts = "\n".join(step.get("run", "") for step in job["steps"])
        assert "${{" not in scripts  # a name of a branch or tag would be run
        if writes:
            assert writes == {"contents"}
            assert not re.search(r"\b(pip|make|npm|uv|python)\b", scripts), f"{name} installs"


def test_there_is_a_workflow_to_hold():
    assert WORKFLOWS


def test_places_of_sql_that_nobody_has_looked_at_are_told():
    held = script("sql_places")
    assert held.judged(set(held.PLACES)) == []
    new = held.judged({*held.PLACES, "src/new.py: query"} - {min(held.PLACES)})
    assert new == [
        "src/new.py: query puts SQL together: look at it, and list it",
        f"{min(held.PLACES)} is listed, and puts no SQL together",
    ]
    line = next(
        number
        for number, text in enumerate((ROOT / "scripts/sql_places.py").read_text().splitlines(), 1)
        if "ast.parse" in text
    )
    assert held.place_of("scripts/sql_places.py", line) == "scripts/sql_places.py: place_of"
    assert held.place_of("scripts/sql_places.py", 1) == "scripts/sql_places.py: the module"
