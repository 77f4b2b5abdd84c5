"""What ``manifest.json`` and ``registry.json`` may say: nothing of them is trusted unread.

A manifest names files that are then read, fetched and replaced, and tables whose names become
files of an export. So each name is one plain word of a path, and each value has its type, before
anything is done with any of them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from belbiotech.dataset.documents.manifest_entries import (
    ColumnEntry,
    FileEntry,
    Manifest,
    TableEntry,
)
from belbiotech.errors import in_words

__all__ = ["FormError", "checked_name", "file_entries", "from_json", "manifest_of"]

Entry = TypeVar("Entry")

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}", re.ASCII)
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.ASCII | re.IGNORECASE)
OWN = ("manifest.json", "manifest.sha256", "registry.json")
SUM = re.compile(r"[0-9a-f]{64}")


class FormError(ValueError):
    """A text that is no JSON, or JSON of another form; the words say where and what."""


def from_json(text: bytes) -> Any:
    """Read JSON, however it is broken.

    Parameters
    ----------
    text : bytes
        The file.

    Returns
    -------
    object
        Its content.

    Raises
    ------
    FormError
        Bytes that are no UTF-8, no JSON, nested without end, or texts that are no Unicode; an
        object that says something twice, which readers of JSON read in different ways.
    """
    try:
        content = json.loads(text.decode("utf-8"), object_pairs_hook=_said_once)
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()  # half a sign, or NaN?
        return content
    except (ValueError, RecursionError) as error:
        msg = f"it is no JSON: {error}"
        raise FormError(msg) from error


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        msg = f"{in_words(twice)} stands there twice"
        raise ValueError(msg)
    return said


def checked_name(name: object, what: str = "file") -> str:
    """Give a name back if it is one plain word of a path, on any system.

    Parameters
    ----------
    name : object
        A name from a manifest.
    what : str
        What it names, for the message.

    Returns
    -------
    str
        The same name.

    Raises
    ------
    FormError
        Anything else: a path, a hidden or reserved name, other signs than letters, digits,
        ``_``, ``-`` and ``.``.

    Examples
    --------
    >>> checked_name("firms.parquet")
    'firms.parquet'
    >>> checked_name("../firms.parquet")
    Traceback (most recent call last):
    belbiotech.dataset.documents.manifest_form.FormError: '../firms.parquet' is no name of a file:
    one word of letters, digits, '_', '-' and '.' is
    """
    plain = isinstance(name, str) and PLAIN.fullmatch(name) and not DEVICE.fullmatch(name)
    if not plain or str(name).endswith((".", ".part")) or str(name).casefold() in OWN:
        msg = (
            f"{in_words(name)} is no name of a {what}: "
            "one word of letters, digits, '_', '-' and '.' is"
        )
        raise FormError(msg)
    return str(name)


def file_entries(content: object, where: str, check: Callable[[str], object]) -> dict[str, Any]:
    """Read names with the sum and length of their files.

    Parameters
    ----------
    content : object
        What the JSON holds there.
    where : str
        Where that is, for messages.
    check : callable
        Raises where a name is none.

    Returns
    -------
    dict of str to FileEntry
        The entries.

    Raises
    ------
    FormError
        Another form, or two names that some systems take for one.
    """
    entries = {}
    for name, entry in _mapping(content, where).items():
        check(name)
        found = _entry(FileEntry, entry, f"{where}: {name}")
        if not SUM.fullmatch(found.sha256) or found.bytes < 0:
            msg = f"{where}: {name}: no SHA-256, or no length"
            raise FormError(msg)
        entries[name] = found
    if len({name.casefold() for name in entries}) < len(entries):
        msg = f"{where}: two names differ in capitals alone"
        raise FormError(msg)
    return entries


def manifest_of(content: object) -> Manifest:
    """Read a manifest from what its JSON holds.

    Parameters
    ----------
    content : object
        As :func:`from_json` gives it.

    Returns
    -------
    Manifest
        The same, each name and type checked.

    Raises
    ------
    FormError
        Anything that is not of a manifest's form, or a table whose file is not listed.
    """
    told = _mapping(content, "the manifest")
    if missing := {"version", "parameters", "tables", "files", "raw"} - told.keys():
        msg = f"{', '.join(sorted(missing))} not there"
        raise FormError(msg)
    files = file_entries(told["files"], "files", checked_name)
    raw = file_entries(told["raw"], "raw", lambda name: _text(name, "raw"))
    tables = {}
    for name, entry in _mapping(told["tables"], "tables").items():
        tables[checked_name(name, "table")] = table = _table(entry, f"table {name}")
        if table.file not in files:
            msg = f"table {name}: its file {table.file} is not among the files"
            raise FormError(msg)
    parameters = _parameters(told["parameters"])
    return Manifest(_text(told["version"], "version"), parameters, tables, files, raw)


def _parameters(content: object) -> Mapping[str, Any]:
    """Read what a release was built with: the last year, and how long alliances are in force."""
    told = _mapping(content, "parameters")
    window = told.get("alliance_window")
    if not _fits(told.get("end_year", 0), "int") or not (window is None or _fits(window, "int")):
        msg = "parameters: end_year or alliance_window is no whole number"
        raise FormError(msg)
    return told


def _table(content: object, where: str) -> TableEntry:
    told = {**_mapping(content, where)}
    if not isinstance(told.get("columns"), list):
        msg = f"{where}: columns are no list"
        raise FormError(msg)
    columns = tuple(_entry(ColumnEntry, column, where) for column in told["columns"])
    if len({column.name for column in columns}) < len(columns):
        msg = f"{where}: two columns of one name"
        raise FormError(msg)
    for column in columns:
        for code, label in column.allowed.items():
            _text(code, where), _text(label, where)
    entry = _entry(TableEntry, {**told, "columns": columns}, where)
    checked_name(entry.file)
    return entry


def _entry(kind: type[Entry], content: object, where: str) -> Entry:
    """Make an entry of values that each have the type that it names."""
    told = _mapping(content, where)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    needed = {
        name
        for name, field in known.items()
        if field.default is MISSING and field.default_factory is MISSING
    }
    if strange := sorted((told.keys() - known) | (needed - told.keys())):
        msg = f"{where}: {', '.join(strange)} not known, or not there"
        raise FormError(msg)
    for name, value in told.items():
        if not _fits(value, str(known[name].type)):
            msg = f"{where}: {name} is {in_words(value)}, which is no {known[name].type}"
            raise FormError(msg)
    return kind(**told)


def _fits(value: object, kind: str) -> bool:
    types: dict[str, Any] = {"str": str, "int": int, "Mapping[str, str]": dict}
    wanted = types.get(kind, tuple)
    return isinstance(value, wanted) and not isinstance(value, bool)


def _mapping(content: object, where: str) -> Mapping[str, Any]:
    if not isinstance(content, dict):
        msg = f"{where}: {in_words(content)} where names with values belong"
        raise FormError(msg)
    return content


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        msg = f"{where}: {in_words(value)} is no text"
        raise FormError(msg)
    return value
