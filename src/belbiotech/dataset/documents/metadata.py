"""What the metadata documents of a release share: its tables, its types, its text as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from belbiotech.dataset.facts.keys import KEYS, references

if TYPE_CHECKING:
    from belbiotech.dataset.documents.manifest import ColumnEntry, FileEntry, Manifest

__all__ = ["TYPES", "DescribedTable", "as_json", "described_tables", "release_name"]


class TypeNames(NamedTuple):
    """What the standards call a column's type."""

    datapackage: str
    croissant: str


TYPES = {
    "string": TypeNames("string", "sc:Text"),
    "int64": TypeNames("integer", "sc:Integer"),
    "Int64": TypeNames("integer", "sc:Integer"),
    "float64": TypeNames("number", "sc:Float"),
    "bool": TypeNames("boolean", "sc:Boolean"),
    "boolean": TypeNames("boolean", "sc:Boolean"),
}


@dataclass(frozen=True)
class DescribedTable:
    """A table of a release, with what a standard wants to know of it.

    Attributes
    ----------
    name, path, description : str
        Its name, its file in the release's folder, and a sentence.
    file : FileEntry
        The file's size and sum.
    columns : tuple of ColumnEntry
        In order.
    key : tuple of str
        The columns that name a row; empty where there are none.
    links : dict of str to str
        Columns that stand for a row of another table of the release, and that table.
    """

    name: str
    path: str
    description: str
    file: FileEntry
    columns: tuple[ColumnEntry, ...]
    key: tuple[str, ...]
    links: dict[str, str]


def described_tables(manifest: Manifest) -> Iterator[DescribedTable]:
    """Give the tables of a release, in the manifest's order.

    Parameters
    ----------
    manifest : Manifest
        The release, with the sums of its tables' files.

    Yields
    ------
    DescribedTable
        One for each table.
    """
    for name, entry in manifest.tables.items():
        yield DescribedTable(
            name=name,
            path=entry.file,
            description=entry.description,
            file=manifest.files[entry.file],
            columns=entry.columns,
            key=tuple(KEYS.get(name, ())),
            links=references(name, manifest.tables),
        )


def release_name(manifest: Manifest) -> dict[str, Any]:
    """Give the name and version under which every standard lists the release."""
    return {"name": "belbiotech", "version": manifest.version}


def as_json(content: dict[str, Any]) -> str:
    """Write a document: the same bytes for the same content, on every machine."""
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
