"""The house keeps its plan: who may import whom, what stays light, what may stand in a file."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import belbiotech

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "belbiotech"
FLOORS = {"errors": 0, "plots": 0, "dataset": 1, "survival": 1, "studies": 2, "report": 3}


def imports(path: Path) -> set[str]:
    """Names of this package's rooms that a module imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("belbiotech.")}


def modules() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem in FLOORS]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_only_run_down(path):
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    floor = FLOORS.get(room, 9)
    for other in imports(path) - {room}:
        assert FLOORS.get(other, 9) < floor, f"{room} imports {other}"


def test_import_is_light():
    heavy = "lifelines statsmodels matplotlib ibis pandera scipy duckdb pandas"
    script = (
        "import sys, belbiotech; "
        f"print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert shown.stdout.strip() == "[]", shown.stdout + shown.stderr


def test_every_public_name_is_there_and_documented():
    assert belbiotech.__all__
    for name in belbiotech.__all__:
        thing = getattr(belbiotech, name)
        assert thing.__doc__, name


def committed_texts() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split()
    if not names:
        pytest.skip("not a git checkout")
    kinds = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".R", ".cff", ".json", ".pyi", ""}
    return [ROOT / name for name in names if Path(name).suffix in kinds]


def test_no_registry_address_and_no_machine_path():
    forbidden = re.compile(r"pypi\.org|pythonhosted|--(extra-)?index-url|find-links |/root/|/home/")
    for path in committed_texts():
        if path in (ROOT / "Makefile", Path(__file__)) or not path.is_file():
            continue
        found = forbidden.search(path.read_text("utf-8"))
        assert found is None, f"{path.relative_to(ROOT)}: {found}"
