"""Who made a release, when, and how it is cited."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belbiotech.dataset.documents.citation_forms import Work

if TYPE_CHECKING:
    from belbiotech.dataset.documents.manifest import Manifest

__all__ = [
    "ABOUT",
    "DATACITE",
    "About",
    "data_work",
    "datacite",
    "year_in_changelog",
    "about_release",
]

DATACITE = "datacite.json"


@dataclass(frozen=True)
class About:
    """What a release says of itself that its tables do not.

    Attributes
    ----------
    title, description : str
        In a few words, and in a few sentences.
    creators : tuple of str
        Who compiled it.
    licence, licence_name, licence_address : str
        SPDX id, name and address of the licence.
    keywords : tuple of str
        What it is about.
    related : tuple of str
        DOIs of works that it belongs to.
    year : str or None
        In which the release is published; None if nobody has said so.
    """

    title: str
    description: str
    creators: tuple[str, ...]
    licence: str
    licence_name: str
    licence_address: str
    keywords: tuple[str, ...]
    related: tuple[str, ...]
    year: str | None = None


ABOUT = About(
    title="belbiotech: a sourced panel of Belgian biotechnology firms",
    description="A versioned longitudinal panel of Belgian biotechnology firms, one row a firm and "
    "calendar year: founding, alliances, financing, listing, failure, acquisition. Every fact has "
    "the page that states it.",
    creators=("The belbiotech developers",),
    licence="CC-BY-4.0",
    licence_name="Creative Commons Attribution 4.0 International",
    licence_address="https://creativecommons.org/licenses/by/4.0/",
    keywords=(
        "survival analysis",
        "strategic alliances",
        "biotechnology",
        "Belgium",
        "entrepreneurship",
    ),
    related=("10.1186/s40497-015-0034-7",),
)
"""The releases of this repository. Facts of one's own have no such entry."""


def datacite(manifest: Manifest, about: About) -> str:
    """Describe a release as DataCite does (metadata schema 4).

    There is no ``doi`` and no ``url`` until a release has one: none is made up.

    Parameters
    ----------
    manifest : Manifest
        The release.
    about : About
        What it says of itself.

    Returns
    -------
    str
        The text of ``datacite.json``.
    """
    people = [{"name": name, "nameType": "Organizational"} for name in about.creators]
    content: dict[str, Any] = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "creators": people,
        "titles": [{"title": about.title}],
        "publisher": {"name": about.creators[0]},
        **({"publicationYear": about.year} if about.year else {}),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Panel data"},
        "version": manifest.version,
        "language": "en",
        "subjects": [{"subject": word} for word in about.keywords],
        "descriptions": [{"description": about.description, "descriptionType": "Abstract"}],
        "rightsList": [_rights(about)],
        "relatedIdentifiers": [_related(doi) for doi in about.related],
        "formats": ["application/vnd.apache.parquet"],
        "sizes": [f"{entry.rows} rows in {name}" for name, entry in manifest.tables.items()],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _rights(about: About) -> dict[str, str]:
    return {
        "rights": about.licence_name,
        "rightsUri": about.licence_address,
        "rightsIdentifier": about.licence,
        "rightsIdentifierScheme": "SPDX",
    }


def _related(doi: str) -> dict[str, str]:
    return {
        "relatedIdentifier": doi,
        "relatedIdentifierType": "DOI",
        "relationType": "References",
        "resourceTypeGeneral": "JournalArticle",
    }


def year_in_changelog(text: str, version: str) -> str | None:
    """Read from a changelog in which year a version is released.

    Parameters
    ----------
    text : str
        The changelog; a person writes the date behind the version: ``## [0.1.0] - 2026-11-24``.
    version : str
        The version.

    Returns
    -------
    str or None
        None if the changelog does not say.

    Examples
    --------
    >>> year_in_changelog("## [0.1.0] - 2026-11-24", "0.1.0")
    '2026'
    """
    heading = rf"^## \[?{re.escape(version)}\]? - (\d{{4}})-\d{{2}}-\d{{2}}\s*$"
    found = re.search(heading, text, re.MULTILINE)
    return found[1] if found else None


def about_release(folder: Path) -> About | None:
    """Give what a release says of itself, the year in which it was published with it.

    Parameters
    ----------
    folder : Path
        The release.

    Returns
    -------
    About or None
        None if it was built from facts of one's own.
    """
    path = folder / DATACITE
    if not path.is_file():
        return None
    told = json.loads(path.read_text("utf-8"))
    rights = told["rightsList"][0]
    return About(
        title=told["titles"][0]["title"],
        description=told["descriptions"][0]["description"],
        creators=tuple(creator["name"] for creator in told["creators"]),
        licence=rights["rightsIdentifier"],
        licence_name=rights["rights"],
        licence_address=rights["rightsUri"],
        keywords=tuple(subject["subject"] for subject in told["subjects"]),
        related=tuple(work["relatedIdentifier"] for work in told["relatedIdentifiers"]),
        year=told.get("publicationYear"),
    )


def data_work(about: About, version: str) -> Work:
    """Give a release as an entry of a list of references.

    Parameters
    ----------
    about : About
        What it says of itself.
    version : str
        Its number.

    Returns
    -------
    Work
        Its entry.
    """
    return Work(
        key=f"belbiotech_data_{version}",
        kind="data",
        authors=about.creators,
        title=about.title,
        year=about.year,
        version=version,
    )
