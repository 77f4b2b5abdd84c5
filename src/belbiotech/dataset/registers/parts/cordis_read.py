"""CORDIS's data sets as published: the projects and organisations of a programme, as texts."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.files.archives import Archive, open_archive
from belbiotech.dataset.registers.files.streams import FEW, Layout, header_of, whole_rows

__all__ = ["FILES", "Fault", "Participation", "Project", "files_of", "read_programme"]

PROJECT_TEXT = """
status totalCost ecMaxContribution legalBasis topics masterCall subCall fundingScheme nature
objective rcn grantDoi keywords Human-validated
"""

ORGANISATION_TEXT = """
projectAcronym shortName SME street postCode nutsCode geolocation organizationURL contactForm
contentUpdateDate rcn order totalCost active
"""

FILES = {
    "project": Layout(
        ("id", "acronym", "startDate", "endDate"),
        optional=("title", "ecSignatureDate", "frameworkProgramme", "contentUpdateDate"),
        known=tuple(PROJECT_TEXT.split()),
        delimiter=";",
    ),
    "organization": Layout(
        (
            "projectID",
            "organisationID",
            "name",
            "activityType",
            "city",
            "country",
            "role",
            "ecContribution",
        ),
        optional=("vatNumber", "netEcContribution", "endOfParticipation"),
        known=tuple(ORGANISATION_TEXT.split()),
        delimiter=";",
    ),
}
"""The files of a programme's zip that are read, since 2021 the same for FP7, Horizon 2020 and
Horizon Europe; names of contact persons are in none of the columns read."""

DAYS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y%m%d",
)
Fault = tuple[str, str, str, str | None]  # file, key, column, what stands there
ACTIVITIES = ("HES", "REC", "PRC", "PUB", "OTH")


@dataclass(frozen=True)
class Project:
    """A funded project; days as YYYY-MM-DD."""

    key: str
    acronym: str
    title: str
    programme: str
    start: str | None
    end: str | None
    signed: str | None
    updated: str | None


@dataclass(frozen=True)
class Participation:
    """An organisation in a project; the contribution in euros."""

    project: str
    organisation: str
    vat: str | None
    name: str
    activity: str
    city: str | None
    country: str | None
    role: str
    contribution: float | None
    left_early: bool


def read_programme(
    path: Path,
    corrections: Mapping[Fault, str | None],
    met: set[Fault],
    problems: list[Problem],
    told: list[str],
) -> tuple[dict[str, Project], list[Participation]]:
    """Read the zip of a programme, CSV or JSON.

    Parameters
    ----------
    path : Path
        The zip.
    corrections : mapping
        File, key, column and the value expected, to the value to put there.
    met : set
        The corrections whose expected value was found are added here.
    problems, told : list
        What is wrong, and what is to be told, is added here.

    Returns
    -------
    projects : dict of str to Project
        By grant agreement number.
    participations : list of Participation
        In the order of the file.
    """
    archive = open_archive(path, problems)
    if archive is None:
        return {}, []
    projects: dict[str, Project] = {}
    parts: list[Participation] = []
    for name in FILES:
        if not any(f"{name}.{kind}" in archive for kind in ("csv", "json")):
            held = ", ".join(sorted(archive.members)[:6]) or "nothing"
            text = f"has neither {name}.csv nor {name}.json; it holds {held}"
            problems.append(Problem(path.name, 0, text))
            continue
        faults = 0
        place, rows = _rows(archive, name, problems, told)
        for line, row in rows:
            row = _corrected(name, row, corrections, met)
            made = _project(row) if name == "project" else _participation(row)
            wrong = made if isinstance(made, str) else None
            if isinstance(made, Project):
                if made.key in projects:
                    wrong = f"column 'id': {made.key!r} is there already"
                projects.setdefault(made.key, made)
            elif isinstance(made, Participation):
                if projects and made.project not in projects:
                    wrong = f"column 'projectID': {made.project!r} is no project of this file"
                parts.append(made)
            if wrong:
                faults += 1
                if faults <= FEW:
                    problems.append(Problem(place, line, wrong))
        if faults > FEW:
            text = f"{faults - FEW:,d} further rows have such problems"
            problems.append(Problem(place, problems[-1].line + 1, f"from here on: {text}"))
    return projects, parts


def _rows(
    archive: Archive, name: str, problems: list[Problem], told: list[str]
) -> tuple[str, Iterator[tuple[int, dict[str, str | None]]]]:
    if f"{name}.csv" in archive:
        member = f"{name}.csv"
        return archive.place(member), _csv_rows(archive, member, FILES[name], problems, told)
    member = f"{name}.json"
    return archive.place(member), _json_rows(archive, member, FILES[name], problems, told)


def _csv_rows(
    archive: Archive, member: str, layout: Layout, problems: list[Problem], told: list[str]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    names = header_of(archive, member, layout, problems, told)
    if names is None:
        return
    place, wanted = archive.place(member), {*layout.columns, *layout.optional}
    at = {name: names.index(name) for name in wanted if name in names}
    with archive.stream(member, problems) as stream:
        text = io.TextIOWrapper(io.BufferedReader(stream, 2**20), "utf-8", newline="")
        for line, row in whole_rows(text, layout.delimiter, len(names), place, problems):
            yield line, {name: row[index].strip() or None for name, index in at.items()}


def _json_rows(
    archive: Archive, member: str, layout: Layout, problems: list[Problem], told: list[str]
) -> Iterator[tuple[int, dict[str, str | None]]]:
    place = archive.place(member)
    with archive.stream(member, problems) as stream:
        text = io.BufferedReader(stream, 2**20).read().decode("utf-8", errors="replace")
    try:
        rows = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 0)
        problems.append(Problem(place, line, f"is no JSON ({error}); download it again"))
        return
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.append(Problem(place, 0, "is no list of objects, as CORDIS publishes it"))
        return
    seen = set().union(*(row.keys() for row in rows)) if rows else set()
    missing = [name for name in layout.columns if rows and name not in seen]
    problems += [Problem(place, 0, f"no object has {name!r}") for name in missing]
    strange = sorted(seen - {*layout.columns, *layout.optional, *layout.known})
    if strange:
        told.append(f"{place}: passed over columns that are not known: {', '.join(strange)}")
    if missing:
        return
    lines = _json_lines(text, len(rows))
    for line, row in zip(lines, rows, strict=True):
        wanted = (*layout.columns, *layout.optional)
        yield line, {name: _json_text(row.get(name)) for name in wanted if name in seen}


def _json_lines(text: str, count: int) -> list[int]:
    """Lines on which the objects of a list begin; 0 for all if they cannot be told."""
    decoder, lines, at = json.JSONDecoder(), [], text.find("[") + 1
    line, last = 1 + text.count("\n", 0, at), at
    for _ in range(count):
        while text[at : at + 1] in " \t\r\n,":
            at += 1
        line, last = line + text.count("\n", last, at), at
        lines.append(line)
        _, at = decoder.raw_decode(text, at)
    return lines


def _json_text(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.strip() or None


def _corrected(
    file: str,
    row: dict[str, str | None],
    corrections: Mapping[Fault, str | None],
    met: set[Fault],
) -> dict[str, str | None]:
    if not corrections:
        return row
    key = row.get("id" if file == "project" else "organisationID") or ""
    for column in row:
        fault = file, key, column, row[column]
        if fault in corrections:
            met.add(fault)
            row = {**row, column: corrections[fault]}
    return row


def _project(row: Mapping[str, str | None]) -> Project | str:
    if not row["id"]:
        return "column 'id' is blank, and must not be"
    days: dict[str, str | None] = {}
    for name in ("startDate", "endDate", "ecSignatureDate", "contentUpdateDate"):
        value = row.get(name)
        days[name] = _day(value) if value else None
        if value and days[name] is None:
            return f"column {name!r}: {value!r} is no day; it is written YYYY-MM-DD"
    return Project(
        row["id"],
        row["acronym"] or row["id"],
        row.get("title") or row["acronym"] or row["id"],
        row.get("frameworkProgramme") or "CORDIS",
        days["startDate"],
        days["endDate"],
        days["ecSignatureDate"],
        days["contentUpdateDate"],
    )


def _participation(row: Mapping[str, str | None]) -> Participation | str:
    for name in ("projectID", "organisationID", "name"):
        if not any(sign.isprintable() and not sign.isspace() for sign in row[name] or ""):
            return f"column {name!r} is blank, and must not be"
    if row["activityType"] not in (None, *ACTIVITIES):
        return f"column 'activityType': {row['activityType']!r} is none of {', '.join(ACTIVITIES)}"
    amounts = {}
    for name in ("ecContribution", "netEcContribution"):
        value = row.get(name)
        amounts[name] = _amount(value) if value else None
        if value and amounts[name] is None:
            return f"column {name!r}: {value!r} is no amount in euros"
    ended = (row.get("endOfParticipation") or "false").lower()
    if ended not in ("true", "false"):
        return f"column 'endOfParticipation': {ended!r} is neither true nor false"
    own, given = amounts["netEcContribution"], amounts["ecContribution"]
    return Participation(
        str(row["projectID"]),
        str(row["organisationID"]),
        row.get("vatNumber"),
        str(row["name"]),
        row["activityType"] or "OTH",
        row["city"],
        row["country"],
        row["role"] or "participant",
        given if own is None else own,
        ended == "true",
    )


def _day(text: str) -> str | None:
    plain = re.sub(r"(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$", "", text) if len(text) > 10 else text
    for form in DAYS:
        try:
            return dt.datetime.strptime(plain, form).date().isoformat()
        except ValueError:
            continue
    return None


def _amount(text: str) -> float | None:
    """Read euros: a point or a comma before the cents, nothing between thousands."""
    plain = text.replace(" ", "").replace(",", ".")
    return float(plain) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", plain) else None


def files_of(name: str) -> Sequence[str]:
    """Give the columns of a file that are read."""
    layout = FILES[name]
    return (*layout.columns, *layout.optional)
