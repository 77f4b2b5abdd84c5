"""What one release holds: its tables, columns and files, each file with its SHA-256.

``manifest.json`` lists everything in a release's folder, and ``manifest.sha256`` holds the sum
of the manifest, in the form of ``sha256sum``; so no byte of a release can change unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.errors import ReleaseError

__all__ = [
    "MANIFEST",
    "MANIFEST_SUM",
    "ColumnEntry",
    "FileEntry",
    "Manifest",
    "TableEntry",
    "check_files",
    "file_entry",
    "manifest_texts",
    "read_manifest",
    "refuse_damaged",
    "write_sum",
]

MANIFEST = "manifest.json"
MANIFEST_SUM = "manifest.sha256"


@dataclass(frozen=True)
class FileEntry:
    """A file's sum and length."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class ColumnEntry:
    """A column: its type, how many values are missing, and what its schema says of it.

    ``allowed`` maps each allowed value to its label; it is empty where any value is allowed. A
    region of another country has no label, and is there only if it occurs.
    """

    name: str
    dtype: str
    missing: int
    title: str = ""
    description: str = ""
    unit: str = ""
    allowed: Mapping[str, str] = field(default_factory=dict)
    rule: str = ""
    since: str = ""


@dataclass(frozen=True)
class TableEntry:
    """A table: its file, its length, the sum of its values, its columns in order."""

    file: str
    rows: int
    content_hash: str
    description: str
    columns: tuple[ColumnEntry, ...]

    def dtypes(self) -> dict[str, str]:
        """Type of each column, in order."""
        return {column.name: column.dtype for column in self.columns}


@dataclass(frozen=True)
class Manifest:
    """What a release holds.

    Attributes
    ----------
    version : str
        The version of the data.
    parameters : mapping
        What the panel was built with: ``end_year``, ``alliance_window``; ``own_codes`` and
        ``merged_with`` (the shipped release below one's own facts), if there are any.
    tables : mapping of str to TableEntry
        By name of the table, in the order of the schemas.
    files : mapping of str to FileEntry
        Every file of the folder, without the manifest and its sum.
    raw : mapping of str to FileEntry
        The facts that the release was built from.
    """

    version: str
    parameters: Mapping[str, Any]
    tables: Mapping[str, TableEntry]
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    raw: Mapping[str, FileEntry] = field(default_factory=dict)


def file_entry(path: Path) -> FileEntry:
    """Sum and length of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    FileEntry
        Its SHA-256 and its number of bytes.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileEntry(digest, path.stat().st_size)


def manifest_texts(manifest: Manifest) -> dict[str, str]:
    """Write out a manifest and its sum.

    Parameters
    ----------
    manifest : Manifest
        What the release holds.

    Returns
    -------
    dict of str to str
        Name of the file to its text.
    """
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1) + "\n"
    return {MANIFEST: text, MANIFEST_SUM: _sum_line(text.encode())}


def read_manifest(folder: Path) -> Manifest:
    """Read a release's manifest, and refuse one that does not have its sum.

    Parameters
    ----------
    folder : Path
        The release.

    Returns
    -------
    Manifest
        What the release holds.

    Raises
    ------
    ReleaseError
        The manifest or its sum is missing or changed, or of a form that is not known here.
    """
    content, expected = (_bytes(folder / name) for name in (MANIFEST, MANIFEST_SUM))
    found = _sum_line(content)
    if expected != found.encode():
        told = expected.decode(errors="replace").split()
        msg = (
            f"{folder / MANIFEST} was changed, or {MANIFEST_SUM} beside it: "
            f"expected SHA-256 {told[0] if told else '(none)'}, found {found.split()[0]}"
        )
        raise ReleaseError(msg)
    try:
        return _from_json(json.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{folder / MANIFEST} was written by another version of belbiotech: {error}"
        raise ReleaseError(msg) from error


def check_files(folder: Path, manifest: Manifest) -> pd.DataFrame:
    """Compare every file of a release with the manifest.

    Parameters
    ----------
    folder : Path
        The release.
    manifest : Manifest
        As :func:`read_manifest` gives it.

    Returns
    -------
    DataFrame
        ``file``, ``expected`` and ``found`` (sums; None where there is no such file, or where
        the manifest does not know it), a row for each file, sorted. Hidden files are left out.
    """
    known = {MANIFEST, MANIFEST_SUM}
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    rows = []
    for name in sorted((there | set(manifest.files)) - known):
        expected = manifest.files[name].sha256 if name in manifest.files else None
        found = file_entry(folder / name).sha256 if (folder / name).is_file() else None
        rows.append((name, expected, found))
    return pd.DataFrame(rows, columns=["file", "expected", "found"], dtype=object)


def refuse_damaged(folder: Path, checked: pd.DataFrame) -> None:
    """Refuse a release with a file that is missing, changed or unknown.

    Parameters
    ----------
    folder : Path
        The release.
    checked : DataFrame
        As :func:`check_files` gives it.

    Raises
    ------
    ReleaseError
        Names each such file with the expected and the found sum.
    """
    problems = []
    for file, expected, found in checked.itertuples(index=False):
        if found is None:
            problems.append(f"{file} is missing (expected SHA-256 {expected})")
        elif expected is None:
            problems.append(f"{file} is not part of the release (found SHA-256 {found})")
        elif expected != found:
            problems.append(f"{file} was changed: expected SHA-256 {expected}, found {found}")
    if problems:
        head = f"the release in {folder} is damaged; install or fetch it again:"
        raise ReleaseError("\n  ".join([head, *problems]))


def write_sum(folder: Path) -> None:
    """Write the sum of the manifest that lies in a folder.

    Parameters
    ----------
    folder : Path
        The release.
    """
    line = _sum_line((folder / MANIFEST).read_bytes())
    (folder / MANIFEST_SUM).write_bytes(line.encode())


def _sum_line(content: bytes) -> str:
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n"


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        msg = f"{path} is missing: the release is damaged; install or fetch it again"
        raise ReleaseError(msg)
    return path.read_bytes()


def _from_json(content: dict[str, Any]) -> Manifest:
    tables = {
        name: TableEntry(**{**entry, "columns": tuple(ColumnEntry(**c) for c in entry["columns"])})
        for name, entry in content["tables"].items()
    }
    files, raw = (
        {name: FileEntry(**entry) for name, entry in content[part].items()}
        for part in ("files", "raw")
    )
    return Manifest(content["version"], content["parameters"], tables, files, raw)
