"""The house keeps its plan: who may import whom, what stays light, what may stand in a file."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

import belbiotech

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "belbiotech"
LONGEST, FULLEST = 450, 20  # lines of a module, modules of a room
FLOORS = {"errors": -1, "plots": 0, "dataset": 1, "survival": 1, "studies": 2, "report": 3}
FLOORS |= {"explorer": 4}


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


def test_no_module_is_long():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in SOURCE.rglob("*.py")}
    assert lengths
    assert not {str(path): length for path, length in lengths.items() if length > LONGEST}


def test_no_room_is_full():
    rooms = [path.parent for path in SOURCE.rglob("__init__.py")]
    sizes = {room: len(list(room.glob("*.py"))) - 1 for room in rooms}
    assert sizes
    assert not {str(room): size for room, size in sizes.items() if size > FULLEST}


def circles(graph: grimp.ImportGraph) -> dict[str, list[str]]:
    """Give, for each module that imports itself by some way, what it imports on such a way."""
    above = {module: graph.find_downstream_modules(module) for module in graph.modules}
    found = {
        module: sorted(graph.find_modules_directly_imported_by(module) & above[module])
        for module in graph.modules
    }
    return {module: others for module, others in sorted(found.items()) if others}


def test_no_modules_import_each_other_not_even_for_types():
    assert not circles(grimp.build_graph("belbiotech", cache_dir=None))


def test_circles_are_found_where_there_are_some():
    graph = grimp.ImportGraph()
    for importer, imported in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("c", "e")):
        graph.add_import(importer=importer, imported=imported)
    assert circles(graph) == {"a": ["b"], "b": ["c"], "c": ["a"]}


def draw_rooms():
    spec = importlib.util.spec_from_file_location("draw_rooms", ROOT / "scripts" / "draw_rooms.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_picture_of_the_rooms_is_current():
    picture = draw_rooms()
    drawn = picture.draw(picture.read_rooms())
    assert (ROOT / "docs" / "rooms.svg").read_text("utf-8") == drawn, "make rooms draws it anew"


def test_the_picture_leaves_out_what_a_way_over_other_rooms_shows():
    picture = draw_rooms()
    imports = {"cli": {"rows", "cox"}, "cox": {"rows"}, "rows": set()}
    assert picture.arrows(imports) == [("cli", "cox"), ("cox", "rows")]
    assert picture.floors(imports) == {"rows": 0, "cox": 1, "cli": 2}
    with pytest.raises(SystemExit, match="among cox, rows rooms import each other"):
        picture.floors({"cox": {"rows"}, "rows": {"cox"}})


def test_architecture_names_every_room_and_only_files_that_are_there():
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    for room in (path.parent for path in SOURCE.rglob("__init__.py")):
        if room not in (SOURCE, SOURCE / "dataset", SOURCE / "survival"):
            assert f"`{room.name}/`" in text, room
    named = set(re.findall(r"`((?:src|scripts|tests|docs|data)/[\w./-]+)`", text))
    assert named
    assert not [name for name in sorted(named) if not (ROOT / name).exists()]


DOORS = ("as_table", "check_rows", "plain_table", "state_rows")
LABELS = ("index", "attrs", "columns")  # what may be read of a table that is not yet plain
BESIDE = ("with_columns_of", "not_numbers")  # what may be done with one


def bypassed(path: Path) -> list[str]:
    """Find where a table goes on as it was given although it has been through the door."""
    tree, found = ast.parse(path.read_text("utf-8")), []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for node in ast.walk(function):
            if isinstance(node, ast.Expr) and door_of(node.value):
                found.append(f"{path.name}:{node.lineno}: what the door gives is dropped")
            if isinstance(node, ast.Assign) and (door := door_of(node.value)):
                given = door.args[0].id if isinstance(door.args[0], ast.Name) else None
                if given not in {n.id for n in ast.walk(node.targets[0]) if hasattr(n, "id")}:
                    found += used_after(function, given, node.end_lineno, path)
    return found


def door_of(node: ast.AST) -> ast.Call | None:
    """Give the call, if it is one of the door with a table."""
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and bool(node.args)
    return node if called and node.func.id in DOORS else None


def used_after(function: ast.FunctionDef, given: str | None, line: int, path: Path) -> list[str]:
    """Find where a name is read in a function after a line, but for its labels."""
    inside = list(ast.walk(function))
    labels = {id(n.value) for n in inside if isinstance(n, ast.Attribute) and n.attr in LABELS}
    labels |= {
        id(n.args[0])
        for n in inside
        if isinstance(n, ast.Call) and getattr(n.func, "id", "") in BESIDE
    }
    return [
        f"{path.name}:{n.lineno}: {given!r} is read as it was given, after the door"
        for n in inside
        if isinstance(n, ast.Name) and n.id == given and n.lineno > line and id(n) not in labels
    ]


def test_what_comes_through_the_door_is_what_goes_on():
    found = [line for path in SOURCE.rglob("*.py") for line in bypassed(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("check_rows(data, [])\n    return data.mean()", 1),
        ("rows = check_rows(data, [])\n    return data.mean()", 1),
        ("rows = check_rows(data, [])\n    return rows.mean(), data.index", 0),
        ("data = check_rows(data, [])\n    return data.mean()", 0),
    ],
)
def test_ways_past_the_door_are_found(tmp_path, line, faults):
    path = tmp_path / "estimator.py"
    path.write_text(f"def mean(data):\n    {line}\n", encoding="utf-8")
    assert len(bypassed(path)) == faults


OF_THE_PROCESS = {"catch_warnings", "simplefilter", "filterwarnings", "resetwarnings", "seterr"}
OF_THE_PROCESS |= {"set_option", "chdir", "umask", "setrecursionlimit", "setlocale", "putenv"}
OF_THE_PROCESS |= {"set_printoptions", "use_inf_as_na", "basicConfig", "setrlimit", "rcdefaults"}


def changes_of_the_process(path: Path) -> set[str]:
    """Calls of a module that all threads of the process feel."""
    called = (node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if is_call(node))
    names = {getattr(name, "attr", getattr(name, "id", "")) for name in called}
    return names & OF_THE_PROCESS


def is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call)


def test_the_library_changes_nothing_that_other_threads_feel(tmp_path):
    """A filter of warnings that one thread puts away is away for all; the command line may."""
    library = [path for path in SOURCE.rglob("*.py") if "cli" not in path.parts]
    assert library
    assert not {str(path) for path in library if changes_of_the_process(path)}
    bad = tmp_path / "bad.py"
    bad.write_text("with warnings.catch_warnings():\n    np.seterr(all='ignore')\n")
    assert changes_of_the_process(bad) == {"catch_warnings", "seterr"}


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


def test_every_library_is_explained():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "dependencies.py"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_workflows_name_actions_by_commit_and_quote_versions():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text("utf-8")
        uses = re.findall(r"uses: *(\S+)", text)
        assert uses
        assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in uses), path
        assert "\npermissions:" in text
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "$(VERSION)" not in makefile


def test_the_command_line_speaks_through_one_door():
    for path in (SOURCE / "cli").glob("*.py"):
        if path.name != "console.py":
            assert not re.search(r"\bprint\(|\.markup|Console\(", path.read_text("utf-8")), path
