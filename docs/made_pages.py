"""Pages that are made when the documentation is built, from where their content stands.

Texts of the repository (changelog, data card, architecture, ...) become pages as they are, with
their links turned into links between pages; every public name gets a page of its own. All go to
``docs/made``, which is emptied first and never committed.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from docutils import nodes
from sphinx import addnodes

import belbiotech
from belbiotech.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MADE = DOCS / "made"
LONGEST = 60_000  # letters of a text on one page; longer ones are cut at their headings

# Texts of the repository that become pages: file, name of the page.
TEXTS = {
    "data/README.md": "data_card",
    "data/raw/README.md": "facts",
    "data/processed/README.md": "versions",
    "ARCHITECTURE.md": "architecture",
    "CONTRIBUTING.md": "contributing",
    "CODE_OF_CONDUCT.md": "conduct",
    "benchmarks/README.md": "benchmarks",
    "tests/reference/README.md": "reference_values",
}

# Names that texts also use for something else: these alone are no links.
ALSO_COMMANDS = {"build", "versions", "validate"}

# Tasks of the reference, and the rooms whose public names belong to each; the longest room wins.
TASKS = {
    "Look at the data": ["dataset", "dataset.catalog", "dataset.documents", "dataset.releases"],
    "Facts and panels of your own": [
        "dataset.facts",
        "dataset.panel",
        "dataset.registers",
        "dataset.catalog.shipped",
        "dataset.catalog.register_panel",
        "dataset.releases.release",
    ],
    "Rows ready for a model": ["survival", "survival.rows", "survival.formulas"],
    "Curves and tests without a model": ["survival.curves"],
    "Cox models": ["survival.cox"],
    "Several fates": ["survival.competing"],
    "Several states": ["survival.states"],
    "Hazards of whole years": ["survival.discrete"],
    "Hazards and times of a given form": ["survival.parametric"],
    "From association to effect": ["survival.causal", "survival.measures"],
    "Test a design": ["studies"],
    "Tables, sentences and figures for a paper": ["report", "plots", "survival.reports"],
    "Tables that do not fit into memory": ["survival.engines"],
    "Coefficients and tests": ["survival.inference"],
    "Errors and warnings": ["errors"],
}


def setup(app: Any) -> dict[str, bool]:
    """Make the pages before Sphinx looks for them."""
    app.connect("config-inited", lambda _app, _config: make_all())
    app.connect("doctree-read", link_names)
    return {"parallel_read_safe": True}


def link_names(app: Any, doctree: nodes.document) -> None:
    """Let each public name that a text sets as code lead to its page of the reference."""
    here = app.env.docname
    for literal in list(doctree.findall(nodes.literal)):
        found = re.fullmatch(r"(?:bb\.)?(\w+)(\(.*)?", literal.astext(), re.DOTALL)
        if not found or found[1] not in belbiotech.__all__:
            continue
        if found[1] in ALSO_COMMANDS and not found[2]:
            continue
        if isinstance(literal.parent, nodes.reference | addnodes.pending_xref):
            continue
        path = f"belbiotech.{found[1]}"
        if here != f"made/reference/{path}":
            link = addnodes.pending_xref("", refdomain="py", reftype="obj", reftarget=path)
            link["refdoc"] = here
            literal.replace_self(link)
            link += literal


def make_all() -> None:
    """Write every made page anew."""
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir()
    for source, name in TEXTS.items():
        write(name + ".md", relinked(ROOT / source))
    write("command_line.md", command_line())
    codebooks()
    in_parts("changelog", relinked(ROOT / "CHANGELOG.md"))
    reference()


def write(name: str, text: str) -> None:
    """Write one page."""
    path = MADE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# Texts of the repository


def relinked(path: Path) -> str:
    """Give a text whose links to other files lead to their pages, or are plain names."""

    def link(found: re.Match[str]) -> str:
        mark, words, target = found.groups()
        place, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not place:
            return found[0]
        file = (path.parent / place).resolve()
        page = page_of(file)
        if page is None:
            return words
        there = os.path.relpath(page, MADE) + (f"#{anchor}" if anchor else "")
        return f"{mark}[{words}]({there})"

    text = path.read_text("utf-8")
    return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", link, text)


def page_of(file: Path) -> Path | None:
    """Find the page or picture that shows a file of the repository."""
    file = file / "README.md" if (file / "README.md").is_file() else file
    if file.is_relative_to(DOCS) and file.is_file():
        return file
    if file.is_relative_to(ROOT):
        name = TEXTS.get(file.relative_to(ROOT).as_posix())
        name = "changelog/index" if file.name == "CHANGELOG.md" else name
        return MADE / f"{name}.md" if name else None
    return None


def codebooks() -> None:
    """Write a page for the newest codebook, in parts by table."""
    newest = belbiotech.versions()[-1]
    in_parts("codebook", relinked(ROOT / "data" / "processed" / newest / "codebook.md"))


def in_parts(name: str, text: str) -> None:
    """Write a long text as several pages: one for each heading of the second level."""
    text = re.sub(r"(?m)^## \[(.+?)\]", r"## \1", text)  # a version in brackets is no link here
    title, _, rest = text.partition("\n")
    opening, *parts = re.split(r"(?m)^(?=## )", rest)
    pages = [piece for part in parts for piece in cut(part, 3)]
    for number, piece in enumerate(pages):
        write(f"{name}/part_{number:02d}.md", raised(piece))
    listed = "\n".join(f"part_{number:02d}" for number in range(len(pages)))
    contents = f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    write(f"{name}/index.md", f"{title}\n{opening}\n{contents}")


def cut(part: str, level: int) -> list[str]:
    """Cut a text at headings of a level, and then at lines, until each piece fits on a page."""
    heading, _, body = part.partition("\n")
    if len(part) <= LONGEST:
        return [part]
    opening, *below = re.split(rf"(?m)^(?={'#' * level} )", body)
    if not below:
        return in_lines(heading, body)
    pieces = [f"{heading}\n{opening}", *below]
    title = heading.lstrip("# ")
    named = [pieces[0]] + [re.sub(r"^#+ ", f"## {title}: ", piece) for piece in pieces[1:]]
    packed: list[str] = []
    for piece in named:
        packed += cut(piece, level + 1) if len(piece) > LONGEST else [piece]
    return packed


def in_lines(heading: str, body: str) -> list[str]:
    """Cut a long list into pages of whole lines."""
    pieces, held = [], ""
    for line in body.splitlines(keepends=True):
        if len(held) + len(line) > LONGEST and line.strip():
            pieces.append(held)
            held = ""
        held += line
    pieces.append(held)
    return [f"{heading} ({n + 1} of {len(pieces)})\n\n{piece}" for n, piece in enumerate(pieces)]


def raised(piece: str) -> str:
    """Make the first heading the page's title, and those below follow without a gap."""
    levels = [len(mark) for mark in re.findall(r"(?m)^(#+) ", piece)]
    top = levels[0]
    held, last = [], 0
    for line in piece.splitlines():
        found = re.match(r"(#+) ", line)
        if found:
            level = min(max(len(found[1]) - top + 1, 1 if not last else 2), last + 1)
            line = "#" * level + line[len(found[1]) :]
            last = level
        held.append(line)
    return "\n".join(held) + "\n"


# The reference


def command_line() -> str:
    """Describe every command of ``belbiotech`` with its arguments and options."""
    text = "# Command line\n\n`belbiotech --help` lists them, `--help` behind one its options.\n"
    tree: Any = typer.main.get_command(app)
    for name, command in tree.commands.items():
        below = getattr(command, "commands", {})
        text += described(f"belbiotech {name}", command, 2)
        for part, lower in below.items():
            text += described(f"belbiotech {name} {part}", lower, 3)
    return text


def described(name: str, command: Any, level: int) -> str:
    """Describe one command."""
    rows = [
        f"| {' '.join(f'`{word}`' for word in called(param))} | {param.help or ''} |"
        for param in command.params
        if not getattr(param, "hidden", False)
    ]
    table = "\n".join(["| | |", "|---|---|", *rows]) if rows else ""
    told = inspect.cleandoc(command.help or "")
    return f"\n{'#' * level} {name}\n\n{told}\n\n{table}\n"


def called(param: Any) -> list[str]:
    """Say how an argument or option is written."""
    options = [*param.opts, *param.secondary_opts]
    return options if options[0].startswith("-") else [options[0].upper()]


def reference() -> None:
    """Write a page for each public name and each class that users get back, listed by task."""
    tasks: dict[str, list[str]] = {task: [] for task in [*TASKS, "More"]}
    for name in belbiotech.__all__:
        thing = getattr(belbiotech, name)
        tasks[task_of(thing.__module__)].append(f"belbiotech.{name}")
    for path, thing in sorted(given_back().items()):
        tasks[task_of(thing.__module__)].append(path)
    listed = {task: paths for task, paths in tasks.items() if paths}
    for number, (task, paths) in enumerate(listed.items()):
        write(f"reference/task_{number:02d}.rst", task_page(task, paths))
        for path in paths:
            write(f"reference/{path}.rst", name_page(path))
    lines = "\n".join(f"   task_{number:02d}" for number in range(len(listed)))
    title = "Reference"
    text = (
        "Every public name, by task, from the docstrings: parameters with types and units, what\n"
        "comes back, what is raised, who devised the method, and an example that the tests run."
    )
    toctree = f".. toctree::\n   :maxdepth: 2\n\n{lines}\n"
    write("reference/index.rst", f"{headed(title)}\n{text}\n\n{toctree}")


def task_of(module: str) -> str:
    """Find the task that a module's public names belong to."""
    room = module.removeprefix("belbiotech.")
    fits = [
        (len(prefix), task)
        for task, prefixes in TASKS.items()
        for prefix in prefixes
        if room == prefix or room.startswith(prefix + ".")
    ]
    return max(fits)[1] if fits else "More"


def given_back() -> dict[str, type]:
    """Find the classes that public functions, or methods of what they give, give back."""
    classes = {
        name: thing
        for module in modules()
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and thing.__module__ == module.__name__
    }
    public = {getattr(belbiotech, name) for name in belbiotech.__all__}
    found: set[type] = set()
    waiting = list(public)
    while waiting:
        for said in returns(waiting.pop()):
            for word in re.findall(r"\w+", said):
                thing = classes.get(word)
                if thing and thing not in found | public and not word.startswith("_"):
                    found.add(thing)
                    waiting.append(thing)
    return {f"{thing.__module__}.{thing.__qualname__}": thing for thing in found}


def modules() -> Iterator[Any]:
    """Import all modules that are there to be imported."""
    for found in pkgutil.walk_packages(belbiotech.__path__, "belbiotech."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def returns(thing: Any) -> list[str]:
    """List what a function, or the methods of a class, say that they give back."""
    if inspect.isfunction(thing):
        return [str(thing.__annotations__.get("return", ""))]
    members = [member for name, member in inspect.getmembers(thing) if not name.startswith("_")]
    got = [member.fget if isinstance(member, property) else member for member in members]
    return [said for member in got if inspect.isfunction(member) for said in returns(member)]


def task_page(task: str, paths: list[str]) -> str:
    """Write a page that lists names with the first line of what they are for."""
    names = "\n".join(f"   ~{path}" for path in paths)
    pages = "\n".join(f"   {path.rpartition('.')[2]} <{path}>" for path in paths)
    table = f".. autosummary::\n   :nosignatures:\n\n{names}\n"
    return f"{headed(task)}\n{table}\n.. toctree::\n   :hidden:\n\n{pages}\n"


def name_page(path: str) -> str:
    """Write the page of one name: its docstring, and for a class its methods."""
    module, _, name = path.rpartition(".")
    thing = getattr(importlib.import_module(module), name)
    kind = "class" if inspect.isclass(thing) else "function"
    options = ""
    if (
        kind == "class"
    ):  # with what it has from our own classes, without what pandas and Python give
        others = [c.__name__ for c in thing.__mro__ if not c.__module__.startswith("belbiotech")]
        options = f"   :members:\n   :inherited-members: {', '.join(others)}\n"
    return f"{headed(name)}\n.. auto{kind}:: {path}\n{options}"


def headed(title: str) -> str:
    """Underline a title."""
    return f"{title}\n{'=' * len(title)}\n"
