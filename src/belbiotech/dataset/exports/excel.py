"""Tables as one Excel workbook: a sheet a table, and sheets for codebook, codes and citation."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.dataset.exports.content import Content, codebook_table, codes_table, refuse_altered
from belbiotech.errors import ReleaseError, in_words

__all__ = ["write_excel"]

LONGEST_TEXT = 32_767
MOST_ROWS = 1_048_576
WIDEST = 60
LONGEST_NAME = 31
# What XML 1.0, production 2 (Char), leaves out: a workbook with it cannot be opened again.
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# What programs would read as the sign of that number (ECMA-376, part 1, 22.9.2.19, ST_Xstring).
LIKE_A_SIGN = re.compile("_x[0-9A-Fa-f]{4}_")
OWN_SHEETS = ("codebook", "codes", "about")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_excel(content: Content, path: Path) -> None:
    """Write a workbook. Every text stays a text, also one that looks like a formula.

    Numbers have 16 digits there, as openpyxl writes them; the other formats hold all 17.

    Parameters
    ----------
    content : Content
        What is exported.
    path : Path
        A file that is not there yet.

    Raises
    ------
    ReleaseError
        More rows or longer texts than Excel holds, or signs that it cannot hold.
    """
    try:
        from openpyxl import Workbook
    except ImportError as error:
        msg = "Excel files need openpyxl: pip install 'belbiotech[export]'"
        raise ReleaseError(msg) from error
    book = Workbook()
    book.remove(book.active)
    note = pd.DataFrame({"about": content.note.strip().split("\n")})
    sheets = {
        **content.tables,
        "codebook": codebook_table(content),
        "codes": codes_table(content),
        "about": note,
    }
    for name in content.tables:
        if len(name) > LONGEST_NAME or name.casefold() in OWN_SHEETS:
            msg = (
                f"{name!r} cannot be the name of a sheet: it has more than {LONGEST_NAME} "
                f"characters, or is one of {', '.join(OWN_SHEETS)}"
            )
            raise ReleaseError(msg)
    for name, frame in sheets.items():
        _fill(book.create_sheet(name), name, frame)
    content_of_file = io.BytesIO()  # a ZIP file on a full disk would complain once more later
    book.save(content_of_file)
    path.write_bytes(content_of_file.getbuffer())


def _fill(sheet: Any, name: str, frame: pd.DataFrame) -> None:
    from openpyxl.styles import Font

    if len(frame) >= MOST_ROWS:
        msg = f"table {name!r} has {len(frame):,d} rows; a sheet holds {MOST_ROWS:,d}"
        raise ReleaseError(msg)
    for place, column in enumerate(frame.columns, start=1):
        refuse_altered(frame[column], f"sheet {name!r}, column {column!r}")
        head = sheet.cell(1, place)
        _write(head, str(column), f"{name!r}, the head of column {place}")
        head.font = Font(bold=True)
        values = zip(frame[column].astype(object), frame[column].notna(), strict=True)
        for row, (value, known) in enumerate(values, start=2):
            if known:
                _write(sheet.cell(row, place), value, f"{name!r}, row {row}, column {column!r}")
        sheet.column_dimensions[head.column_letter].width = _width(frame[column])
    sheet.freeze_panes = "A2"
    if len(frame):
        sheet.auto_filter.ref = sheet.dimensions


def _write(cell: Any, value: object, where: str) -> None:
    """Set a cell; a text is told to be one, or openpyxl takes `=...` and `#N/A` for more."""
    if not isinstance(value, str):
        cell.value = value
        return
    units = len(value.encode("utf-16-le", "surrogatepass")) // 2  # as Excel counts letters
    if units > LONGEST_TEXT:
        msg = f"sheet {where}: a text of {units:,d} letters; Excel holds {LONGEST_TEXT:,d}"
        raise ReleaseError(msg)
    if NOT_IN_XML.search(value):
        msg = f"sheet {where}: {in_words(value)} has a sign that Excel cannot hold; remove it"
        raise ReleaseError(msg)
    if found := LIKE_A_SIGN.search(value):
        msg = f"sheet {where}: Excel reads {found[0]!r} as the sign of that number; change the text"
        raise ReleaseError(msg)
    cell.value = value
    cell.data_type = "s"
    if value.startswith(FORMULA_STARTS):
        cell.quotePrefix = True


def _width(column: pd.Series) -> float:
    longest = column.dropna().astype(str).str.len().quantile(0.9) if column.notna().any() else 0
    return float(min(max(len(str(column.name)), longest) + 2, WIDEST))
