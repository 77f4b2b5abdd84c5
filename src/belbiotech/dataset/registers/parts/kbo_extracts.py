"""The extracts of KBO/BCE: each one's day and kind, and whether together they make a series."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.files.archives import Archive, open_archive
from belbiotech.dataset.registers.files.streams import header_of, whole_rows
from belbiotech.dataset.registers.parts.kbo_layout import CODE, FILES, META

__all__ = ["Extract", "members_of", "open_extracts"]

DAY_FORMS = ("%d-%m-%Y", "%Y-%m-%d", "%d/%m/%Y", "%Y%m%d")
CATEGORIES = ("JuridicalSituation", "JuridicalForm", "Nace2003", "Nace2008", "Nace2025")


@dataclass(frozen=True)
class Extract:
    """One extract.

    Attributes
    ----------
    archive : Archive
        Its zip.
    number : int
        Its number in KBO's sequence.
    day : date
        The day of its snapshot.
    full : bool
        Whether it holds everything; if not, it changes the one before.
    month : tuple of int
        Year and month in which it was made: that of June has a snapshot of the last day of May.
    codes : dict
        Category to code to words: French, Dutch and German, as far as given.
    """

    archive: Archive
    number: int
    day: dt.date
    full: bool
    month: tuple[int, int]
    codes: dict[str, dict[str, str]] = field(repr=False)

    @property
    def source_id(self) -> str:
        """Id of the extract as a source."""
        return f"kbo-{self.number:04d}-{self.day:%Y%m%d}" + ("" if self.full else "-update")


def open_extracts(paths: Sequence[Path], problems: list[Problem], told: list[str]) -> list[Extract]:
    """Open extracts, and check that together they are a series.

    Parameters
    ----------
    paths : sequence of Path
        The zips, in any order of the command line.
    problems : list of Problem
        What is wrong is added here.
    told : list of str
        Columns that were passed over are added here.

    Returns
    -------
    list of Extract
        In the order given, which must be that of their days.
    """
    found = []
    for path in paths:
        archive = open_archive(path, problems)
        if archive is None:
            continue
        extract = _read(archive, problems)
        if extract is not None:
            _check_files(extract, problems, told)
            found.append(extract)
    _check_series(found, problems)
    return found


def _read(archive: Archive, problems: list[Problem]) -> Extract | None:
    place = archive.path.name
    if "meta.csv" not in archive:
        names = ", ".join(sorted(archive.members)[:8])
        text = (
            f"has no meta.csv, so it is no extract of KBO open data; it holds {names or 'nothing'}"
        )
        problems.append(Problem(place, 0, text))
        return None
    rows = _small(archive, "meta.csv", META.columns, problems)
    if rows is None:
        return None
    meta = {row[0]: row[1] for row in rows}
    where = archive.place("meta.csv")
    missing = [n for n in ("SnapshotDate", "ExtractType", "ExtractNumber") if not meta.get(n)]
    problems += [Problem(where, 0, f"says nothing of {name}") for name in missing]
    day = _day(meta.get("SnapshotDate") or "")
    kind = (meta.get("ExtractType") or "").strip().lower()
    number = (meta.get("ExtractNumber") or "").strip()
    wrong = []
    if meta.get("SnapshotDate") and day is None:
        wrong.append(f"SnapshotDate: {meta['SnapshotDate']!r} is no day, like 30-05-2025")
    if kind and kind not in ("full", "update"):
        wrong.append(f"ExtractType: {kind!r} is neither full nor update")
    if number and not number.isdigit():
        wrong.append(f"ExtractNumber: {number!r} is no whole number")
    problems += [Problem(where, 0, text) for text in wrong]
    if wrong or missing or day is None:
        return None
    made = _day((meta.get("ExtractTimestamp") or "").split(" ")[0]) or day
    month = made.year, made.month
    return Extract(archive, int(number), day, kind == "full", month, _codes(archive, problems))


def _small(
    archive: Archive, member: str, columns: Sequence[str], problems: list[Problem]
) -> list[list[str]] | None:
    """Read a small member whole: the columns asked for, in their order."""
    names = header_of(archive, member, CODE if member == "code.csv" else META, problems, [])
    if names is None:
        return None
    at = [names.index(name) for name in columns]
    with archive.stream(member, problems) as stream:
        text = io.TextIOWrapper(io.BufferedReader(stream), "utf-8", newline="")
        return [
            [row[index] for index in at]
            for _, row in whole_rows(text, ",", len(names), archive.place(member), problems)
        ]


def _codes(archive: Archive, problems: list[Problem]) -> dict[str, dict[str, str]]:
    """Read the lists of codes: of each code the words in all languages, French first."""
    if "code.csv" not in archive:
        problems.append(Problem(archive.path.name, 0, "has no code.csv; download it again"))
        return {}
    rows = _small(archive, "code.csv", CODE.columns, problems) or []
    codes: dict[str, dict[str, str]] = {}
    for language in ("FR", "NL", "DE"):
        for category, code, spoken, words in rows:
            if category in CATEGORIES and spoken == language and words:
                known = codes.setdefault(category, {})
                known[code] = f"{known[code]} / {words}" if code in known else words
    return codes


def _day(text: str) -> dt.date | None:
    for form in DAY_FORMS:
        try:
            return dt.datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None


def members_of(extract: Extract, name: str) -> tuple[str, ...]:
    """Give the members of an extract that hold a file: one in a full one, two in an update."""
    if extract.full:
        return (f"{name}.csv",)
    return f"{name}_delete.csv", f"{name}_insert.csv"


def _check_files(extract: Extract, problems: list[Problem], told: list[str]) -> None:
    for name, layout in FILES.items():
        for member in members_of(extract, name):
            if member not in extract.archive:
                kind = "a full extract" if extract.full else "an update"
                text = f"has no {member}, which {kind} holds"
                problems.append(Problem(extract.archive.path.name, 0, text))
            elif name == "contact" and member.removesuffix("_delete.csv") == member:
                header_of(extract.archive, member, layout, problems, told)


def _check_series(extracts: Sequence[Extract], problems: list[Problem]) -> None:
    for before, extract in zip([None, *extracts], extracts, strict=False):
        place = extract.archive.path.name
        if before is None:
            if not extract.full:
                text = (
                    f"is an update (number {extract.number}) without its full extract; give the "
                    "full extract that it changes before it"
                )
                problems.append(Problem(place, 0, text))
            continue
        said = f"{extract.day} (number {extract.number})"
        other = f"{before.archive.path.name}, {before.day} (number {before.number})"
        if (extract.day, extract.number) == (before.day, before.number) and (
            extract.full == before.full
        ):
            text = f"is the same extract as {other}; give each one once"
        elif extract.day < before.day or extract.number < before.number:
            text = f"is of {said}, before {other}; give the extracts in the order of their days"
        elif not extract.full and extract.number == before.number:
            text = f"is the update to {other}, which has its changes already; leave it out"
        elif extract.full and before.full and extract.month == before.month:
            text = f"is of {said}, the same month as {other}; give one full extract a month"
        elif not extract.full and extract.number > before.number + 1:
            text = (
                f"is the update to number {extract.number}, and number {extract.number - 1} is "
                f"not there: the one before is {other}; give all updates since a full extract"
            )
        else:
            continue
        problems.append(Problem(place, 0, text))
