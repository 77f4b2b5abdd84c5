"""What the documentation shows is run: its cells, its tables of equivalents, its commands."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import warnings
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import typer

import belbiotech
from belbiotech.cli import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "made" not in path.parts)
FENCE = re.compile(r"(?ms)^```(\{code-cell\} python|python)\n(.*?)^```$")
LINE = re.compile(r"^\| `([^`]*)` \| `([^`]*)` \|(.*)\|$")
OF_THE_READER = (
    "registers.md",
    "scale.md",
)  # their code reads files that a reader has
COMING_FROM = DOCS / "coming_from"


def cells(path: Path) -> list[str]:
    """Read the code of a page, without the options of its cells."""
    found = FENCE.findall(path.read_text("utf-8"))
    return [re.sub(r"(?m)\A(:[\w-]+:.*\n)+", "", code) for _, code in found]


def pairs(path: Path) -> list[tuple[str, str, str]]:
    """Read the tables of equivalents of a page: the other line, ours, what to mind."""
    lines = path.read_text("utf-8").splitlines()
    return [found.groups() for line in lines if (found := LINE.match(line))]


def run(code: str, names: dict[str, Any]) -> Any:
    """Run code as a notebook does, and give the value of its last line."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<page>", "exec"), names)  # pages are ours
    return eval(compile(ast.Expression(last.value), "<page>", "eval"), names) if last else None


def with_code() -> list[Path]:
    return [path for path in PAGES if cells(path) and path.name not in OF_THE_READER]


@pytest.mark.parametrize("path", with_code(), ids=lambda path: str(path.relative_to(DOCS)))
def test_cells_run(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    names: dict[str, Any] = {"__name__": "page"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
        for code in cells(path):
            run(code, names)
    plt.close("all")


@pytest.mark.parametrize("page", OF_THE_READER)
def test_code_that_needs_files_of_the_reader_calls_what_is_there(page):
    """Nobody may ship a register's files: names and arguments are checked, nothing is run."""
    calls = [
        node
        for code in cells(DOCS / page)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("bb.")
    ]
    assert calls
    for call in calls:
        function = getattr(belbiotech, call.func.attr)
        named = {word.arg: None for word in call.keywords}
        inspect.signature(function).bind(*call.args, **named)


def numbers(value: Any) -> list[float]:
    return np.ravel(np.asarray(value, dtype=float)).tolist()


def evaluated(path: Path, side: int) -> dict[str, list[float] | None]:
    """Run one side of a page's tables, after its cells; by the line on the left."""
    names: dict[str, Any] = {}
    with contextlib.chdir(path.parent):
        for code in cells(path):
            run(code, names)
        values = [(pair[0], run(pair[side], names)) for pair in pairs(path)]
    return {line: None if value is None else numbers(value) for line, value in values}


@pytest.mark.reference
def test_lines_of_r_give_the_same_numbers(reference_values):
    path = COMING_FROM / "r.md"
    theirs = reference_values("equivalents")["lines"]
    assert list(theirs) == [pair[0] for pair in pairs(path)], "make reference runs the lines anew"
    ours = evaluated(path, 1)
    compared = 0
    for line, value in theirs.items():
        if value is None or ours[line] is None:
            assert value is ours[line], line
            continue
        assert ours[line] == pytest.approx(value, rel=1e-8, nan_ok=True), line
        compared += 1
    assert compared > 25


def test_lines_of_lifelines_give_the_same_numbers():
    path = COMING_FROM / "lifelines.md"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines' own
        theirs, ours = evaluated(path, 0), evaluated(path, 1)
    differ = {line for line, _, mind in pairs(path) if "**Differs" in mind}
    compared = {line for line, value in theirs.items() if value is not None}
    assert compared - differ
    for line in compared:
        same = np.allclose(theirs[line], ours[line], rtol=1e-5, atol=1e-7)
        assert same == (line not in differ), line


def test_lines_for_stata_run():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no failure in the periods")  # as the table says
        values = evaluated(COMING_FROM / "stata.md", 1)
    assert sum(value is not None for value in values.values()) > 8


def commands(path: Path) -> list[str]:
    """Find what is typed on a command line: blocks indented or fenced, and words in backticks."""
    text = path.read_text("utf-8")
    return re.findall(r"(?m)^(?:    |\$ )?(belbiotech [a-z][^`\n#]*)", text) + re.findall(
        r"`(belbiotech [a-z][^`]*)`", text
    )


def test_commands_that_pages_name_are_there():
    tree = typer.main.get_command(app)
    seen = 0
    for path in PAGES:
        for line in commands(path):
            words = line.split()[1:]
            command: Any = tree
            while words and hasattr(command, "commands"):
                assert words[0] in command.commands, f"{path.name}: {line}"
                command = command.commands[words.pop(0)]
            known = {name for param in command.params for name in [*param.opts, "--help"]}
            for word in words:
                if word.startswith("--"):
                    assert word.partition("=")[0] in known, f"{path.name}: {line}"
            seen += 1
    assert seen > 10


def test_the_files_that_a_page_shows_are_those_that_it_reads():
    text = (DOCS / "own_data.md").read_text("utf-8")
    shown = dict(re.findall(r"(?ms)^`(\w+\.csv)`:\n\n```\n(.*?)^```$", text))
    assert list(shown) == ["firms.csv", "deals.csv"]
    for name, content in shown.items():
        assert f'Path("{name}").write_text("""{content}""")' in text
