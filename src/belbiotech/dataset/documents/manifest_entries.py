"""The parts of a manifest: what is said of a release, its tables, its columns and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ColumnEntry", "FileEntry", "Manifest", "TableEntry"]


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
        What the panel was built with: ``end_year``, ``alliance_window``; ``own_codes``,
        ``own_means`` (what they mean in the panel) and ``merged_with`` (the shipped release
        below one's own facts), if there are any.
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
