"""A release described for machine learning tools: Croissant 1.0, JSON-LD.

Made from the manifest alone. Paths are relative to the release's folder; an address and a date
that are not there are left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from belbiotech.dataset.documents.citation import data_work
from belbiotech.dataset.documents.citation_forms import FORMS
from belbiotech.dataset.facts.keys import KEYS, references

if TYPE_CHECKING:
    from belbiotech.dataset.documents.citation import About
    from belbiotech.dataset.documents.manifest import ColumnEntry, FileEntry, Manifest, TableEntry

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
TYPES = {
    "string": "sc:Text",
    "int64": "sc:Integer",
    "Int64": "sc:Integer",
    "float64": "sc:Float",
    "bool": "sc:Boolean",
    "boolean": "sc:Boolean",
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
    tables = manifest.tables
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "belbiotech",
        "version": manifest.version,
        **(_about(about, manifest.version) if about else {}),
        "distribution": [_file(entry, manifest.files[entry.file]) for entry in tables.values()],
        "recordSet": [_records(name, entry, manifest) for name, entry in tables.items()],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


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


def _file(table: TableEntry, file: FileEntry) -> dict[str, str]:
    return {
        "@type": "cr:FileObject",
        "@id": table.file,
        "name": table.file,
        "contentUrl": table.file,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file.sha256,
    }


def _records(name: str, table: TableEntry, manifest: Manifest) -> dict[str, Any]:
    links = references(name, manifest.tables)
    key = [{"@id": f"{name}/{column}"} for column in KEYS.get(name, ())]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": table.description,
        **({"key": key} if key else {}),
        "field": [_field(name, table.file, column, links) for column in table.columns],
    }


def _field(table: str, file: str, column: ColumnEntry, links: dict[str, str]) -> dict[str, Any]:
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table}/{column.name}",
        "name": column.name,
        "description": _description(column),
        "dataType": TYPES[column.dtype],
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    }
    if column.name in links:
        field["references"] = {"field": {"@id": f"{links[column.name]}/{column.name}"}}
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
