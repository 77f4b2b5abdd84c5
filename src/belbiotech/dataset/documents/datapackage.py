"""A release described for machines as a Data Package, made from the manifest alone.

Paths are relative to the release's folder: an address that is not there yet is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belbiotech.dataset.documents.metadata import (
    TYPES,
    DescribedTable,
    as_json,
    described_tables,
    release_name,
)

if TYPE_CHECKING:
    from belbiotech.dataset.documents.citation import About
    from belbiotech.dataset.documents.manifest import ColumnEntry, Manifest

__all__ = ["datapackage"]


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
    return as_json(
        {
            **release_name(manifest),
            **(_about(about) if about else {}),
            "resources": [_resource(table) for table in described_tables(manifest)],
        }
    )


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


def _resource(table: DescribedTable) -> dict[str, Any]:
    return {
        "name": table.name,
        "path": table.path,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": table.description,
        "bytes": table.file.bytes,
        "hash": f"sha256:{table.file.sha256}",
        "schema": _schema(table),
    }


def _schema(table: DescribedTable) -> dict[str, Any]:
    links = [
        {"fields": [column], "reference": {"resource": other, "fields": [column]}}
        for column, other in table.links.items()
    ]
    return {
        "fields": [_field(column) for column in table.columns],
        **({"primaryKey": list(table.key)} if table.key else {}),
        **({"foreignKeys": links} if links else {}),
    }


def _field(column: ColumnEntry) -> dict[str, Any]:
    """Describe a column, also by what only later versions of the standard, or we, know."""
    kind = TYPES[column.dtype].datapackage
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
