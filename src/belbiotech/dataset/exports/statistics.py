"""Tables for Stata and SPSS, with labels of variables and values.

Neither knows a column of codes with labels for its texts, a boolean, or a missing text. So codes
become whole numbers from 1 on, in the order of the codebook, with their labels; true and false
become 1 and 0; a missing text becomes an empty one. ``codes.csv`` and ``codebook.csv`` beside the
files tell which number is which code, and which name is which column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.dataset.documents.manifest import ColumnEntry, TableEntry
from belbiotech.dataset.exports.content import (
    Content,
    codebook_table,
    codes_table,
    labels,
    refuse_altered,
)
from belbiotech.dataset.exports.scripts import write_do_file
from belbiotech.dataset.exports.text import write_frame
from belbiotech.errors import ReleaseError, WriteError

__all__ = ["short_name", "write_spss", "write_stata"]


@dataclass(frozen=True)
class _Program:
    """What a program's files can hold: characters of names, bytes of labels and texts."""

    name: str
    suffix: str
    longest_name: int
    longest_label: int
    longest_value_label: int
    longest_text: int


STATA = _Program("Stata", "dta", 32, 80, 32_000, 2_000_000_000)  # texts over 2,045: strL
SPSS = _Program("SPSS", "sav", 64, 256, 120, 32_767)
RULES = """
Codes are numbers from 1 on with labels (codes.csv: which number is which code); true is 1, false
is 0; a missing text is an empty one. Names of columns are cut to {longest_name} characters where
they are longer, in their first word (codebook.csv, column name_in_file). Dates are texts, as
precise as the page says: 2007, 2007-11 or 2007-11-07.
"""


def write_stata(content: Content, folder: Path) -> None:
    """Write one file a table for Stata 14 and later, codebook, codes and ``analysis.do``.

    Parameters
    ----------
    content : Content
        What is exported.
    folder : Path
        A folder that is not there yet.

    Raises
    ------
    ReleaseError
        A label or text that is longer than Stata holds, or names that would become the same.
    """
    pyreadstat = _pyreadstat()

    def write(frame: pd.DataFrame, path: Path, **named: Any) -> None:
        del named["variable_measure"]
        pyreadstat.write_dta(frame, path, version=14, **named)

    _write(content, folder, STATA, write)
    write_do_file(content, folder)


def write_spss(content: Content, folder: Path) -> None:
    """Write one file a table for SPSS, codebook and codes.

    Parameters
    ----------
    content : Content
        What is exported.
    folder : Path
        A folder that is not there yet.

    Raises
    ------
    ReleaseError
        A label or text that is longer than SPSS holds, or names that would become the same.
    """
    _write(content, folder, SPSS, _pyreadstat().write_sav)


def short_name(name: str, longest: int) -> str:
    """Cut a name in its first word, so that what tells it from its kind stays.

    Parameters
    ----------
    name : str
        Words with underscores between.
    longest : int
        How many characters it may have.

    Returns
    -------
    str
        The name itself, if it is short enough.

    Examples
    --------
    >>> short_name("alliances_exploitation_active_lag1", 32)
    'allianc_exploitation_active_lag1'
    """
    first, line, rest = name.partition("_")
    kept = longest - len(line) - len(rest)
    return name if len(name) <= longest else (first[: max(kept, 1)] + line + rest)[:longest]


def _write(content: Content, folder: Path, program: _Program, write: Callable[..., None]) -> None:
    folder.mkdir()
    for name, frame in content.tables.items():
        entry = content.entries[name]
        names = _names(entry, program)
        _refuse_long(name, entry, frame, program)
        told = {
            "file_label": f"belbiotech {content.version}: {name}",
            "column_labels": {names[column.name]: column.title for column in entry.columns},
            "variable_value_labels": {
                names[column.name]: found
                for column in entry.columns
                if (found := _value_labels(column))
            },
            "variable_measure": {
                names[column.name]: "nominal" if column.allowed else "unknown"
                for column in entry.columns
            },
        }
        try:
            table = _converted(frame, entry).rename(columns=names)
            write(table, folder / f"{name}.{program.suffix}", **told)
        except (_pyreadstat().PyreadstatError, _pyreadstat().ReadstatError) as error:
            msg = f"table {name!r} could not be written for {program.name}: {error}; make room?"
            raise WriteError(msg) from error
    codebook = codebook_table(content)
    codebook["name_in_file"] = [short_name(it, program.longest_name) for it in codebook["column"]]
    write_frame(codebook, folder / "codebook.csv")
    write_frame(codes_table(content), folder / "codes.csv")
    rules = RULES.format(longest_name=program.longest_name)
    (folder / "README.txt").write_bytes((content.note + rules).encode())


def _names(entry: TableEntry, program: _Program) -> dict[str, str]:
    names = {column.name: short_name(column.name, program.longest_name) for column in entry.columns}
    if len({name.casefold() for name in names.values()}) < len(names):
        msg = f"{entry.file}: names of columns become the same in {program.name}: {names}"
        raise ReleaseError(msg)
    return names


def _converted(frame: pd.DataFrame, entry: TableEntry) -> pd.DataFrame:
    return pd.DataFrame(
        {column.name: _values(frame[column.name], column) for column in entry.columns}
    )


def _values(values: pd.Series, column: ColumnEntry) -> pd.Series:
    if column.dtype == "string" and column.allowed:
        numbers = {code: place for place, code in enumerate(column.allowed, start=1)}
        values = values.map(numbers)
    elif column.dtype == "string":
        return values.fillna("")
    refuse_altered(values, f"column {column.name!r}")
    if column.dtype == "float64" or not len(values):
        return values.astype("float64")
    whole = not values.isna().any() and bool(values.between(-(2**31) + 1, 2**31 - 1).all())
    return values.astype("int32" if whole else "float64")


def _value_labels(column: ColumnEntry) -> dict[int, str]:
    if column.dtype in ("bool", "boolean"):
        return {0: "No", 1: "Yes"}
    named = enumerate(labels(column).items(), start=1)
    return {
        place if column.dtype == "string" else int(code): label for place, (code, label) in named
    }


def _refuse_long(name: str, entry: TableEntry, frame: pd.DataFrame, program: _Program) -> None:
    """Refuse what the program would cut off."""
    for column in entry.columns:
        is_text = column.dtype == "string" and not column.allowed
        texts = list(frame[column.name].dropna()) if is_text else []
        for kind, longest, found in (
            ("label", program.longest_label, [column.title]),
            ("label of a value", program.longest_value_label, labels(column).values()),
            ("text", program.longest_text, texts),
        ):
            long = [text for text in found if len(text.encode()) > longest]
            if long:
                msg = (
                    f"table {name!r}, column {column.name!r}: a {kind} is longer than the "
                    f"{longest:,d} bytes that {program.name} holds: {long[0][:60]!r}...; "
                    "shorten it, or export to another format"
                )
                raise ReleaseError(msg)


def _pyreadstat() -> Any:
    try:
        import pyreadstat
    except ImportError as error:
        msg = "Stata and SPSS files need pyreadstat: pip install 'belbiotech[export]'"
        raise ReleaseError(msg) from error
    return pyreadstat
