"""Data sets of CORDIS in the published layout, made up."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

PROJECT_TEXT = """
id acronym status title startDate endDate totalCost ecMaxContribution legalBasis topics
ecSignatureDate frameworkProgramme masterCall subCall fundingScheme nature objective
contentUpdateDate rcn grantDoi keywords
"""
PROJECT = PROJECT_TEXT.split()
ORGANISATION_TEXT = """
projectID projectAcronym organisationID vatNumber name shortName SME activityType street
postCode city country nutsCode geolocation organizationURL contactForm contentUpdateDate rcn
order role ecContribution netEcContribution totalCost endOfParticipation active
"""
ORGANISATION = ORGANISATION_TEXT.split()


class Programme:
    """Projects and organisations; written as a zip of CSV or JSON files."""

    def __init__(self, name: str = "H2020") -> None:
        self.name = name
        self.projects: list[dict[str, str]] = []
        self.organisations: list[dict[str, str]] = []

    def project(self, key: str, **cells: str) -> Programme:
        usual = {
            "id": key,
            "acronym": f"ACRO{key}",
            "title": "On things; of many kinds",
            "startDate": "2015-01-01",
            "endDate": "2018-12-31",
            "ecSignatureDate": "2014-11-11",
            "frameworkProgramme": self.name,
            "objective": 'Two lines\nof words, with "quotes"; and more',
            "contentUpdateDate": "2020-02-03 10:00:00",
            "totalCost": "1000000",
        }
        self.projects.append({**usual, **cells})
        return self

    def organisation(self, project: str, key: str, name: str, **cells: str) -> Programme:
        usual = {
            "projectID": project,
            "organisationID": key,
            "name": name,
            "activityType": "PRC",
            "city": "Gent",
            "country": "BE",
            "role": "participant",
            "ecContribution": "250000",
            "netEcContribution": "200000,95",
            "endOfParticipation": "false",
            "SME": "true",
        }
        self.organisations.append({**usual, **cells})
        return self

    def write(self, folder: Path, kind: str = "csv", **changed: str | bytes | None) -> Path:
        path = folder / f"cordis-{self.name}projects-{kind}.zip"
        columns = {"project": PROJECT, "organization": ORGANISATION}
        rows = {"project": self.projects, "organization": self.organisations}
        with zipfile.ZipFile(path, "w") as archive:
            for name, names in columns.items():
                if name in changed:
                    if changed[name] is not None:
                        archive.writestr(f"{name}.{kind}", changed[name])
                    continue
                full = [{column: row.get(column, "") for column in names} for row in rows[name]]
                text = json.dumps(full, indent=1) if kind == "json" else as_csv(names, full)
                archive.writestr(f"{name}.{kind}", text)
            archive.writestr(f"topics.{kind}", "")
        return path


def as_csv(names: list[str], rows: list[dict[str, str]]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(
        stream, names, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
