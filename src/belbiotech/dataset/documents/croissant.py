"""A release described for machine learning tools: Croissant 1.0, JSON-LD.

Made from the manifest alone. Paths are relative to the release's folder; an address and a date
that are not there are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belbiotech.dataset.documents.citation import data_work
from belbiotech.dataset.documents.citation_forms import FORMS
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

__all__ = ["croissant"]

# The words of the standard, as each file of it must hold them.
WORDS = """
    column citeAs conformsTo equivalentProperty extract field fileProperty fileObject fileSet
    format includes isLiveDataset jsonPath key md5 parentField path recordSet references regex
    repeated replace samplingRate separator source subField transform
"""
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{word: f"cr:{word}" for word in WORDS.split()},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "sc": "https://schema.org/",
}


def croissant(manifest: Manifest, about: About | None = None) -> str:
    """Describe a release as Croissant does.

    Parameters
    ----------
    manifest : Manifest
        The release, with the sums of its tables' files.
    about : About, optional
        What it says of itself; not known for facts of one's own.

    Returns
    -------
    str
        The text of ``croissant.json``.
    """
    tables = list(described_tables(manifest))
    return as_json(
        {
            "@context": CONTEXT,
            "@type": "sc:Dataset",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            **release_name(manifest),
            **(_about(about, manifest.version) if about else {}),
            "distribution": [_file(table) for table in tables],
            "recordSet": [_records(table) for table in tables],
        }
    )


def _about(about: About, version: str) -> dict[str, Any]:
    return {
        "alternateName": about.title,
        "description": about.description,
        "citeAs": FORMS["bibtex"]([data_work(about, version)]),
        "license": about.licence_address,
        "creator": [{"@type": "sc:Organization", "name": name} for name in about.creators],
        "keywords": list(about.keywords),
        **({"datePublished": about.year} if about.year else {}),
    }


def _file(table: DescribedTable) -> dict[str, str]:
    return {
        "@type": "cr:FileObject",
        "@id": table.path,
        "name": table.path,
        "contentUrl": table.path,
        "contentSize": f"{table.file.bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": table.file.sha256,
    }


def _records(table: DescribedTable) -> dict[str, Any]:
    key = [{"@id": f"{table.name}/{column}"} for column in table.key]
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.description,
        **({"key": key} if key else {}),
        "field": [_field(table, column) for column in table.columns],
    }


def _field(table: DescribedTable, column: ColumnEntry) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column.name}",
        "name": column.name,
        "description": _description(column),
        "dataType": TYPES[column.dtype].croissant,
        "source": {"fileObject": {"@id": table.path}, "extract": {"column": column.name}},
    }
    if column.name in table.links:
        other = table.links[column.name]
        field["references"] = {"field": {"@id": f"{other}/{column.name}"}}
    return field


def _description(column: ColumnEntry) -> str:
    codes = "; ".join(f"{code} = {label}" for code, label in column.allowed.items())
    parts = [
        f"{column.title}: {column.description}" if column.title else column.description,
        f"Unit: {column.unit}." if column.unit else "",
        f"Values: {codes}." if codes else "",
        f"Rule: {column.rule}" if column.rule else "",
    ]
    return " ".join(part for part in parts if part)
