"""A release described for machines as a Data Package, made from the manifest alone.

Paths are relative to the release's folder: an address that is not there yet is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from belbiotech.dataset.facts.keys import KEYS, references

if TYPE_CHECKING:
    from belbiotech.dataset.documents.citation import About
    from belbiotech.dataset.documents.manifest import ColumnEntry, FileEntry, Manifest, TableEntry

__all__ = ["datapackage"]

TYPES = {
    "string": "string",
    "int64": "integer",
    "Int64": "integer",
    "float64": "number",
    "bool": "boolean",
    "boolean": "boolean",
}


def datapackage(manifest: Manifest, about: About | None = None) -> str:
    """Describe a release as a Data Package (Frictionless).

    Parameters
    ----------
    manifest : Manifest
        The release, with the sums of its tables' files.
    about : About, optional
        What it says of itself; not known for facts of one's own.

    Returns
    -------
    str
        The text of ``datapackage.json``: each table with its columns' types, allowed values,
        keys and references.
    """
    content = {
        "name": "belbiotech",
        "version": manifest.version,
        **(_about(about) if about else {}),
        "resources": [
            _resource(name, entry, manifest.files[entry.file], manifest)
            for name, entry in manifest.tables.items()
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _about(about: About) -> dict[str, Any]:
    licence = {
        "name": about.licence,
        "title": about.licence_name,
        "path": about.licence_address,
    }
    return {
        "title": about.title,
        "description": about.description,
        "licenses": [licence],
        "contributors": [{"title": name, "role": "author"} for name in about.creators],
        "keywords": list(about.keywords),
    }


def _resource(name: str, table: TableEntry, file: FileEntry, manifest: Manifest) -> dict[str, Any]:
    return {
        "name": name,
        "path": table.file,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": table.description,
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "schema": _schema(name, table, manifest),
    }


def _schema(name: str, table: TableEntry, manifest: Manifest) -> dict[str, Any]:
    links = [
        {"fields": [column], "reference": {"resource": other, "fields": [column]}}
        for column, other in references(name, manifest.tables).items()
    ]
    return {
        "fields": [_field(column) for column in table.columns],
        **({"primaryKey": list(KEYS[name])} if name in KEYS else {}),
        **({"foreignKeys": links} if links else {}),
    }


def _field(column: ColumnEntry) -> dict[str, Any]:
    """Describe a column, also by what only later versions of the standard, or we, know."""
    kind = TYPES[column.dtype]
    codes = [int(code) if kind == "integer" else code for code in column.allowed]
    constraints: dict[str, Any] = {"required": True} if column.missing == 0 else {}
    if codes:
        constraints["enum"] = codes
    labelled = zip(codes, column.allowed.values(), strict=True)
    told = {
        "title": column.title,
        "description": column.description,
        "unit": column.unit,
        "rule": column.rule,
        "since": column.since,
        "constraints": constraints,
        "categories": [
            {"value": code, **({"label": label} if label else {})} for code, label in labelled
        ],
    }
    return {"name": column.name, "type": kind, **{key: it for key, it in told.items() if it}}
