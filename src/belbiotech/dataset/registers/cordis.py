"""CORDIS, the European Union's record of funded research: consortia and grants of firms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import Facts, read_facts
from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.corrections import read_corrections
from belbiotech.dataset.registers.files.numbers import belgian_number
from belbiotech.dataset.registers.matching import (
    MATCH_COLUMNS,
    THRESHOLD,
    match_units,
    read_matches,
    units_of_firms,
)
from belbiotech.dataset.registers.parts.cordis_facts import (
    alliances_and_grants,
    clean,
    organisations,
)
from belbiotech.dataset.registers.parts.cordis_read import (
    FILES,
    Fault,
    Participation,
    Project,
    files_of,
    read_programme,
)
from belbiotech.dataset.registers.register import UNITS, Licence, RegisterFacts
from belbiotech.dataset.registers.writing import (
    check_target,
    database,
    refuse,
    use_frame,
    write_facts,
)
from belbiotech.errors import FactsError, warn

__all__ = ["CORDIS", "Cordis", "cordis_facts"]

RULE = "a person's decision"
FEW = 10  # organisations that are told one by one

LICENCE = Licence(
    "Creative Commons Attribution 4.0 International (CC BY 4.0)",
    "https://creativecommons.org/licenses/by/4.0/",
    "Source: CORDIS, European Union, with the day of the download",
)


def cordis_facts(
    files: Sequence[str | Path],
    out: str | Path,
    *,
    firms: str | Path | Facts | None = None,
    matches: str | Path | None = None,
    threshold: float = THRESHOLD,
    corrections: str | Path | None = None,
) -> RegisterFacts:
    """Turn data sets of CORDIS into alliances and grants of firms that are known.

    A firm and each of its partners in a funded project become an alliance of type consortium,
    with the project's start and end, the partner's kind and country, the roles in the note; what
    the Union gives to the firm becomes a grant.

    Parameters
    ----------
    files : sequence of str or Path
        Zips as published, CSV or JSON: FP7, Horizon 2020, Horizon Europe.
    out : str or Path
        The folder to write, which must not be there yet.
    firms : str, Path or Facts, optional
        The firms to look for: a folder of facts, such as that of `kbo_facts`. The shipped ones
        if not given.
    matches : str or Path, optional
        A matches.csv that a person has gone through; what it says stands.
    threshold : float
        The lowest score that counts as a match.
    corrections : str or Path, optional
        Known faults, see `read_corrections`.

    Returns
    -------
    RegisterFacts
        What was written; matches.csv beside the facts holds every match with its score.

    Raises
    ------
    FactsError
        Anything that is wrong with the files, all problems at once; nothing is written then.

    Warns
    -----
    BelbiotechWarning
        Columns that are not known; they are passed over.
    """
    target = check_target(out)
    if isinstance(files, str | Path) or not files:
        raise FactsError(["no file was given; name one zip of CORDIS or more"])
    if not 0 < threshold <= 1:
        raise FactsError([f"threshold is {threshold!r}; it must be above 0 and at most 1"])
    base = _firms(firms)
    told: list[str] = []
    projects, parts = _read(files, corrections, told)
    firm_of, table = _matched(base, parts, threshold, matches, told)
    founded = dict(zip(base.firms["firm_id"], base.firms["founded"], strict=True))
    made, left = alliances_and_grants(projects, parts, firm_of, founded, LICENCE)
    tables = _with_firms(base, made)
    with database(target.parent, 0) as connection:
        for name in FACTS:
            use_frame(connection, f"facts_{name}", tables[name])
        use_frame(connection, "facts_register", pd.DataFrame(columns=list(UNITS)))
        use_frame(connection, "matches", table)
        use_frame(connection, "facts_left_out", _left_out(left, table))
        written = write_facts(
            connection,
            target,
            licence=LICENCE,
            title=f"{len(files)} data set{'s' if len(files) > 1 else ''} of CORDIS",
            labels=base.own_codes,
            told=told,
            extra=("matches",),
        )
    for line in written.told:
        warn(line)
    return written


def _firms(firms: str | Path | Facts | None) -> Facts:
    if isinstance(firms, Facts):
        return firms
    if firms is not None:
        return read_facts(firms)
    from belbiotech.dataset.facts.confidence import facts_of
    from belbiotech.dataset.releases.release import read_release
    from belbiotech.dataset.releases.store import open_release

    return facts_of(read_release(open_release(None).folder))


def _read(
    files: Sequence[str | Path], corrections: str | Path | None, told: list[str]
) -> tuple[dict[str, Project], list[Participation]]:
    rows = read_corrections(corrections, "cordis").rows
    expected = {(row.file, row.key, row.column, row.expect): row.value for row in rows}
    problems: list[Problem] = []
    projects: dict[str, Project] = {}
    parts: list[Participation] = []
    met: set[Fault] = set()
    for file in files:
        some, more = read_programme(Path(file), expected, met, problems, told)
        twice = sorted(projects.keys() & some.keys())
        if twice:
            text = f"has projects of a file before it, such as {twice[0]}; give each one once"
            problems.append(Problem(Path(file).name, 0, text))
        projects |= some
        parts += more
    problems += [
        Problem(
            *row.place,
            f"expects {row.expect!r} as {row.column} of {row.key}, which is not there: the "
            "source may have been mended; take the correction away",
        )
        for row in rows
        if (row.file, row.key, row.column, row.expect) not in met
    ]
    refuse(problems)
    return projects, parts


def _matched(
    base: Facts,
    parts: Sequence[Participation],
    threshold: float,
    decided: str | Path | None,
    told: list[str],
) -> tuple[dict[str, str], pd.DataFrame]:
    known = units_of_firms(base.firms)
    countries = frozenset(str(region)[:2] for region in base.firms["region"])
    units = organisations(parts, countries)
    table = match_units(units, known, threshold=threshold)
    good = table[table["decision"] == "match"]
    firm_of = dict(zip(good["unit_id"], good["firm_id"], strict=True))
    if decided is None:
        return firm_of, table
    names = {unit.key: unit.names[0] for unit in known}
    person = read_matches(decided, list(names))
    firm_of = {unit: firm for unit, firm in firm_of.items() if unit not in person}
    firm_of |= {unit: firm for unit, firm in person.items() if firm is not None}
    there = {part.organisation: part for part in parts}
    strangers = sorted(person.keys() - there.keys())
    if strangers:
        told.append(
            f"{Path(decided).name}: organisations that are in none of the files given: "
            f"{', '.join(strangers[:FEW])}{' and others' if len(strangers) > FEW else ''}"
        )
    return firm_of, _with_decisions(table, person, names, there)


def _with_decisions(
    table: pd.DataFrame,
    person: Mapping[str, str | None],
    names: Mapping[str, str],
    there: Mapping[str, Participation],
) -> pd.DataFrame:
    """Write a person's decisions into the matches, and matches that only they know after them.

    The score stays where the firm does.
    """
    rows = []
    for row in table.to_dict("records"):
        unit = str(row["unit_id"])
        if unit in person:
            firm = person[unit]
            if firm is not None and firm != row["firm_id"]:
                row |= {"firm_id": firm, "firm_name": names[firm], "score": 1.0}
            row |= {"decision": "match" if firm else "no", "rule": RULE}
        rows.append(row)
    for unit in sorted((person.keys() & there.keys()) - set(table["unit_id"])):
        firm, part = person[unit], there[unit]
        if firm is not None:
            number = belgian_number(part.vat)
            said = unit, clean(part.name), part.city, number, firm, names[firm], 1.0, RULE, "match"
            rows.append(dict(zip(MATCH_COLUMNS, said, strict=True)))
    return pd.DataFrame(rows, columns=table.columns)


def _with_firms(base: Facts, made: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Put the firms of the new facts beside them, with their pages."""
    ids = set(made["alliances"]["firm_id"]) | set(made["financings"]["firm_id"])
    firms = base.firms[base.firms["firm_id"].isin(ids)]
    pages = {page for some in firms["source_ids"] for page in str(some).split(";")}
    sources = pd.concat([base.sources[base.sources["source_id"].isin(pages)], made["sources"]])
    none = pd.DataFrame(columns=list(FACTS["events"]), dtype=object)
    return {
        "firms": firms,
        "events": none,
        "alliances": made["alliances"],
        "financings": made["financings"],
        "sources": sources.drop_duplicates("source_id"),
    }


def _left_out(left: Counter[str], table: pd.DataFrame) -> pd.DataFrame:
    words = {
        "unsure": "organisation: two firms are about as good a match",
        "below": "organisation: the best match is below the threshold",
    }
    counted = Counter(words[one] for one in table["decision"] if one in words)
    rows = sorted((left + counted).items())
    return pd.DataFrame(rows, columns=["reason", "units"])


@dataclass(frozen=True)
class Cordis:
    """The reader of CORDIS, as a `Register`."""

    name: str = "cordis"
    title: str = "CORDIS: FP7, Horizon 2020, Horizon Europe; European Union"
    licence: Licence = LICENCE
    identifies: str = "VAT or enterprise number; else name and town"
    gives: tuple[str, ...] = ("alliances", "financings", "sources")

    @property
    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """Its files and the columns that are read."""
        return {f"{name}.csv or {name}.json": tuple(files_of(name)) for name in FILES}

    def facts(self, files: Sequence[str | Path], out: str | Path, **options: Any) -> RegisterFacts:
        """Do as `cordis_facts`."""
        return cordis_facts(files, out, **options)


CORDIS = Cordis()
