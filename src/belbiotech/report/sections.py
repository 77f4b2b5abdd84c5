"""A section of a report on disk: its files, and one JSON that says what stands where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from belbiotech.report.blocks import (
    Block,
    FigureBlock,
    Finding,
    Heading,
    TableBlock,
    Text,
    Warned,
)
from belbiotech.report.drawn import drawn
from belbiotech.report.tables import left_columns, write_table

PIXELS = 160  # of a PNG, an inch

__all__ = ["read_sections", "write_section"]


def write_section(folder: Path, name: str, title: str, blocks: Sequence[Block]) -> Path:
    """Write a section's tables, figures and texts, and the JSON from which a report is made.

    Beside each figure stands what it shows as CSV.

    Parameters
    ----------
    folder : Path
        Of the report; tables/, figures/, texts/ and sections/ are made in it.
    name : str
        The section's: sections stand in the order of their names.
    title : str
        Its heading.
    blocks : sequence of Block
        What stands in it, in order.

    Returns
    -------
    Path
        The JSON.
    """
    path = folder / "sections" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [_entry(block, folder) for block in blocks]
    text = json.dumps(
        {"title": title, "name": name, "blocks": entries}, indent=1, ensure_ascii=False
    )
    path.write_text(text + "\n", "utf-8", newline="\n")
    texts = folder / "texts"
    texts.mkdir(exist_ok=True)
    lines = [title, *(line for entry in entries for line in _said(entry))]
    (texts / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    return path


def _said(entry: Mapping[str, Any]) -> list[str]:
    """Give the sentences of a block: without the cells of tables, which have files of their own."""
    one = [str(entry[key]) for key in ("title", "text", "note") if entry.get(key)]
    return [*one, *entry.get("sentences", []), *entry.get("texts", [])]


def read_sections(folder: Path) -> list[dict[str, Any]]:
    """Read all sections of a report, with tables and figures numbered through.

    Parameters
    ----------
    folder : Path
        Of the report.

    Returns
    -------
    list of dict
        title, name and blocks of each.
    """
    sections = [
        json.loads(path.read_text("utf-8")) for path in sorted((folder / "sections").glob("*.json"))
    ]
    for kind in ("table", "figure"):
        found = [b for section in sections for b in section["blocks"] if b["kind"] == kind]
        for number, block in enumerate(found, start=1):
            block["number"] = number
    return sections


def _entry(block: Block, folder: Path) -> dict[str, Any]:
    """Write a block's files, and say what a report needs of it."""
    match block:
        case Heading(text):
            return {"kind": "heading", "text": text}
        case Text(text):
            return {"kind": "text", "text": text}
        case Finding(proposition, sentences):
            return {"kind": "finding", "text": proposition, "sentences": list(sentences)}
        case Warned(texts):
            return {"kind": "warnings", "texts": list(texts)}
        case TableBlock():
            return _table(block, folder)
        case FigureBlock():
            return _figure(block, folder)


def _table(block: TableBlock, folder: Path) -> dict[str, Any]:
    write_table(block, folder / "tables")
    return {
        "kind": "table",
        "name": block.name,
        "title": block.title,
        "note": block.note,
        "columns": list(block.shown.columns),
        "left": left_columns(block),
        "rows": block.shown.to_numpy().tolist(),
    }


def _figure(block: FigureBlock, folder: Path) -> dict[str, Any]:
    from belbiotech.plots import save

    figures = folder / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for suffix in (".pdf", ".png"):  # for print, and for the screen
        save(block.figure, figures / f"{block.name}{suffix}")
    shown = drawn(block.figure).to_csv(index=False, float_format="%.5g", lineterminator="\n")
    (figures / f"{block.name}.csv").write_text(shown, "utf-8", newline="\n")
    width, height = _pixels(figures / f"{block.name}.png")
    return {
        "kind": "figure",
        "name": block.name,
        "title": block.title,
        "note": block.note,
        "aspect": round(width / height, 4),
        "inches": round(width / PIXELS, 2),
    }


def _pixels(png: Path) -> tuple[int, int]:
    """Read width and height from a PNG's first chunk."""
    head = png.read_bytes()[16:24]
    return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
