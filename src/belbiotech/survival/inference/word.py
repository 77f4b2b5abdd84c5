"""A regression table as a Word document, by python-docx."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from belbiotech.errors import BelbiotechError

__all__ = ["write_word"]

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_word(
    path: Path,
    rows: Sequence[Sequence[str]],
    *,
    n_estimates: int,
    notes: Sequence[str],
    title: str,
) -> Path:
    """Write a table with a rule above, below its head, above the models' lines, and below.

    Parameters
    ----------
    path : Path
        The file, which ends in ``.docx``.
    rows : sequence of sequence of str
        The head, then the lines of the table, each with its name first.
    n_estimates : int
        Lines of covariates, before those of the models.
    notes : sequence of str
        Lines below the table.
    title : str
        Above it; may be empty.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    BelbiotechError
        Another ending, a place that cannot be written, or python-docx is not installed.
    """
    if path.suffix != ".docx":
        msg = f"{path.name} must end in .docx"
        raise BelbiotechError(msg)
    try:
        from docx import Document
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt
    except ImportError as error:
        msg = "Word documents need python-docx: pip install 'belbiotech[word]'"
        raise BelbiotechError(msg) from error
    document = Document()
    if title:
        document.add_paragraph(_writable(title)).runs[0].bold = True
    grid = document.add_table(rows=len(rows), cols=len(rows[0]))
    for line, cells in zip(grid.rows, rows, strict=True):
        for k, (cell, text) in enumerate(zip(line.cells, cells, strict=True)):
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(_writable(text))
            run.font.size = Pt(9)
            if k:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _rules(grid, (0, 1, 1 + n_estimates), len(rows) - 1)
    for note in notes:
        document.add_paragraph().add_run(_writable(note)).font.size = Pt(8)
    try:
        document.save(str(path))
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}"
        raise BelbiotechError(msg) from error
    return path


def _writable(text: str) -> str:
    """Put a mark for each sign that no XML may hold."""
    return NOT_IN_XML.sub("\ufffd", text)


def _rules(grid: object, above: tuple[int, ...], last: int) -> None:
    """Draw the rules of a printed table, which python-docx has no words for."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for k, line in enumerate(grid.rows):  # type: ignore[attr-defined]
        sides = [*(["top"] if k in above else []), *(["bottom"] if k == last else [])]
        for cell in line.cells if sides else ():
            borders = OxmlElement("w:tcBorders")
            for side in sides:
                border = OxmlElement(f"w:{side}")
                for name, value in (("val", "single"), ("sz", "6"), ("color", "000000")):
                    border.set(qn(f"w:{name}"), value)
                borders.append(border)
            cell._tc.get_or_add_tcPr().append(borders)
