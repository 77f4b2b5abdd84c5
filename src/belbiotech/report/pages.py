"""The sections of a report as one web page without network, and as a PDF."""

from __future__ import annotations

import base64
import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from belbiotech.errors import BelbiotechError
from belbiotech.report.sections import read_sections

__all__ = ["package_versions", "write_report"]

PACKAGES = (
    "pandas",
    "numpy",
    "scipy",
    "statsmodels",
    "lifelines",
    "formulaic",
    "duckdb",
    "matplotlib",
    "typst",
)


def package_versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Say which versions made a report.

    Parameters
    ----------
    packages : sequence of str
        Names of the packages.

    Returns
    -------
    dict
        Python's version, and that of each package.
    """
    return {
        "Python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
    }


def write_report(
    folder: Path,
    *,
    title: str,
    summary: Sequence[str],
    facts: Mapping[str, str],
    run_again: Sequence[str],
    references: Sequence[str] = (),
) -> tuple[Path, Path]:
    """Put all sections in a folder together.

    Parameters
    ----------
    folder : Path
        With the sections that `write_section` wrote.
    title : str
        Of the report.
    summary : sequence of str
        Paragraphs before the first section.
    facts : mapping of str to str
        What the report rests on: data version, and so on.
    run_again : sequence of str
        Commands that make it again.
    references : sequence of str
        Literature.

    Returns
    -------
    (Path, Path)
        ``report.html`` (figures inside, no network) and ``report.pdf``.

    Raises
    ------
    BelbiotechError
        No section, or jinja2 or typst not installed.
    """
    sections = read_sections(folder)
    if not sections:
        msg = f"no section in {folder}: run the paper's scripts first"
        raise BelbiotechError(msg)
    report = {
        "title": title,
        "summary": list(summary),
        "facts": dict(facts),
        "versions": package_versions(),
        "run_again": list(run_again),
        "references": list(references),
        "sections": sections,
    }
    texts = folder / "texts"
    texts.mkdir(exist_ok=True)
    (texts / "report.txt").write_text("\n".join([title, *summary]) + "\n", "utf-8", newline="\n")
    return _write_html(report, folder), _write_pdf(report, folder)


def _write_html(report: Mapping[str, Any], folder: Path) -> Path:
    jinja2 = _needed("jinja2")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["image"] = lambda name: _inline(folder / "figures" / f"{name}.png")
    path = folder / "report.html"
    text = environment.from_string(_template("report.html.jinja")).render(report)
    path.write_text(text, "utf-8", newline="\n")
    return path


def _write_pdf(report: Mapping[str, Any], folder: Path) -> Path:
    """Set the same report with Typst, and only its own fonts: the same pages anywhere."""
    typst = _needed("typst")
    path = folder / "report.pdf"
    source = folder / "report.typ"
    source.write_text(_template("report.typ"), "utf-8", newline="\n")
    typst.compile(
        str(source),
        output=str(path),
        root=str(folder),
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(report, ensure_ascii=False)},
    )
    source.unlink()
    return path


def _template(name: str) -> str:
    return resources.files("belbiotech.report").joinpath(name).read_text("utf-8")


def _inline(path: Path) -> str:
    return f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"


def _needed(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        msg = f"a report needs {name}: pip install 'belbiotech[paper]'"
        raise BelbiotechError(msg) from error
