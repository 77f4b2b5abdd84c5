"""What one release holds: its tables, columns and files, each file with its SHA-256.

``manifest.json`` lists everything in a release's folder, and ``manifest.sha256`` holds the sum
of the manifest, in the form of ``sha256sum``; so no byte of a release can change unseen.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from belbiotech.dataset.documents.manifest_entries import (
    ColumnEntry,
    FileEntry,
    Manifest,
    TableEntry,
)
from belbiotech.dataset.documents.manifest_form import FormError, from_json, manifest_of
from belbiotech.errors import ReleaseError

__all__ = [
    "MANIFEST",
    "MANIFEST_SUM",
    "ColumnEntry",
    "FileEntry",
    "Manifest",
    "TableEntry",
    "check_files",
    "content_entry",
    "damage",
    "file_entry",
    "manifest_texts",
    "read_manifest",
    "read_promised",
    "refuse_damaged",
    "write_sum",
]

MANIFEST = "manifest.json"
MANIFEST_SUM = "manifest.sha256"
PARTS = ("sha256", "bytes")


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
        return FileEntry(digest, stream.tell())


def content_entry(content: bytes) -> FileEntry:
    """Sum and length of what was read from a file.

    Parameters
    ----------
    content : bytes
        All of it.

    Returns
    -------
    FileEntry
        Its SHA-256 and its number of bytes.
    """
    return FileEntry(hashlib.sha256(content).hexdigest(), len(content))


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
    return _read(folder)[0]


def read_promised(folder: Path, promised: FileEntry) -> Manifest:
    """Read a release's manifest, and refuse one that is not what the registry promises.

    Parameters
    ----------
    folder : Path
        The release.
    promised : FileEntry
        Sum and length that the manifest must have.

    Returns
    -------
    Manifest
        What the release holds.

    Raises
    ------
    ReleaseError
        As for :func:`read_manifest`; or a manifest with another sum or length.
    """
    manifest, found = _read(folder)
    if found != promised:
        msg = (
            f"{folder / MANIFEST} is not the one in the registry: expected SHA-256 "
            f"{promised.sha256} of {promised.bytes} bytes, found {found.sha256} of {found.bytes}"
        )
        raise ReleaseError(msg)
    return manifest


def _read(folder: Path) -> tuple[Manifest, FileEntry]:
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
        return manifest_of(from_json(content)), content_entry(content)
    except FormError as error:
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
        the manifest does not know it), ``expected_bytes`` and ``found_bytes``, a row for each
        file, sorted. Hidden files are left out.
    """
    known = {MANIFEST, MANIFEST_SUM}
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    rows = []
    for name in sorted((there | set(manifest.files)) - known):
        expected = manifest.files.get(name)
        found = file_entry(folder / name) if (folder / name).is_file() else None
        pair = (expected, found)
        sums, lengths = ([entry and getattr(entry, of) for entry in pair] for of in PARTS)
        rows.append((name, *sums, *lengths))
    columns = ["file", "expected", "found", "expected_bytes", "found_bytes"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def damage(checked: pd.DataFrame, *, foreign: bool = True) -> list[str]:
    """Say what is wrong with the files of a release.

    Parameters
    ----------
    checked : DataFrame
        As :func:`check_files` gives it.
    foreign : bool
        Whether a file that the manifest does not know is wrong, too.

    Returns
    -------
    list of str
        One line for each file that is missing, changed or unknown, with both sums.
    """
    lines = []
    for file, expected, found, length, found_length in checked.itertuples(index=False):
        if expected is None and foreign:
            lines.append(f"{file} is not part of the release (found SHA-256 {found})")
        elif expected is not None and found is None:
            lines.append(f"{file} is missing (expected SHA-256 {expected})")
        elif expected is not None and expected != found:
            lines.append(f"{file} was changed: expected SHA-256 {expected}, found {found}")
        elif expected is not None and length != found_length:
            told = f"expected {length} bytes, found {found_length}"
            lines.append(f"{file} has another length than its manifest says: {told}")
    return lines


def refuse_damaged(folder: Path, checked: pd.DataFrame, *, foreign: bool = True) -> None:
    """Refuse a release with a file that is missing, changed or unknown.

    Parameters
    ----------
    folder : Path
        The release.
    checked : DataFrame
        As :func:`check_files` gives it.
    foreign : bool
        Whether a file that the manifest does not know is refused, too.

    Raises
    ------
    ReleaseError
        Names each such file with the expected and the found sum.
    """
    if problems := damage(checked, foreign=foreign):
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
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error}; install or fetch the release again"
        raise ReleaseError(msg) from error
