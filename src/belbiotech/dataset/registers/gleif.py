"""GLEIF, the world's register of legal entity identifiers: levels 1 and 2 of its golden copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belbiotech.dataset.facts.iso import COUNTRIES
from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.corrections import Corrections, read_corrections
from belbiotech.dataset.registers.files.archives import Archive, open_archive
from belbiotech.dataset.registers.files.sql import clean
from belbiotech.dataset.registers.files.streams import FEW, Layout, load, row_problems, tell_faults
from belbiotech.dataset.registers.parts.gleif_facts import make_facts
from belbiotech.dataset.registers.parts.gleif_layout import (
    LEI2,
    RELATIONS,
    SELECT_LEI2,
    SELECT_NAMES,
    SELECT_RELATIONS,
)
from belbiotech.dataset.registers.register import Licence, RegisterFacts
from belbiotech.dataset.registers.writing import (
    check_target,
    database,
    refuse,
    size_of,
    write_facts,
)
from belbiotech.errors import FactsError, warn

__all__ = ["GLEIF", "Gleif", "gleif_facts"]

LICENCE = Licence(
    "Creative Commons CC0 1.0",
    "https://creativecommons.org/publicdomain/zero/1.0/",
    "Nothing must be said; it is good to name GLEIF and the day of the golden copy",
)
LABELS = {"segment": {"nace_unknown": "No activity in the register"}}
FAULTS = (
    (
        "not sound",
        "'column ''LEI'': ' || coalesce('''' || written || '''', 'a blank') || "
        "' is no LEI: its check digits are wrong, or its form'",
    ),
    (
        f"name is null or {clean('name')} = ''",
        "'column ''Entity.LegalName'' is blank, and must not be'",
    ),
    (
        "created is null and created_written is not null",
        "'column ''Entity.EntityCreationDate'': ''' || created_written || ''' is no day'",
    ),
    (
        "expired is null and expired_written is not null",
        "'column ''Entity.EntityExpirationDate'': ''' || expired_written || ''' is no day'",
    ),
    (
        "registered is null and registered_written is not null",
        "'column ''Registration.InitialRegistrationDate'': ''' || registered_written || "
        "''' is no day'",
    ),
    (
        "updated is null and updated_written is not null",
        "'column ''Registration.LastUpdateDate'': ''' || updated_written || ''' is no day'",
    ),
    (
        "status is null or status not in ('ACTIVE', 'INACTIVE', 'NULL')",
        "'column ''Entity.EntityStatus'': ' || coalesce('''' || status || '''', 'a blank') || "
        "' is neither ACTIVE nor INACTIVE'",
    ),
)

RELATION_FAULTS = (
    (
        "since is null and since_written is not null",
        "'start of the RELATIONSHIP_PERIOD: ''' || since_written || ''' is no day'",
    ),
)


def gleif_facts(
    files: Sequence[str | Path],
    out: str | Path,
    *,
    countries: Sequence[str] = ("BE",),
    natural_persons: bool = False,
    corrections: str | Path | None = None,
) -> RegisterFacts:
    """Turn the golden copy of GLEIF into facts of the legal entities of some countries.

    An entity's end has its day and its reason: dissolved, or merged into its successor. A parent
    that level 2 gives from a day a year or more after the creation is an acquisition; parents
    from the beginning are in parents.csv only.

    Parameters
    ----------
    files : sequence of str or Path
        Level 1 (lei2) first, then level 2 (rr) if it is to be read: CSV, zipped or not.
    out : str or Path
        The folder to write, which must not be there yet.
    countries : sequence of str
        ISO codes of the countries of the legal address.
    natural_persons : bool
        Whether sole proprietors are kept; their names are never read.
    corrections : str or Path, optional
        Known faults, see `read_corrections`.

    Returns
    -------
    RegisterFacts
        What was written; parents.csv beside the facts holds the parents of level 2.

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
    if isinstance(files, str | Path) or not 1 <= len(files) <= 2:
        raise FactsError(["give the file of level 1, and after it that of level 2 if you have it"])
    wrong = [country for country in countries if country not in COUNTRIES]
    if wrong:
        raise FactsError(
            [f"{country!r} is no country; write ISO 3166-1, like BE" for country in wrong]
        )
    problems: list[Problem] = []
    told: list[str] = []
    rows = read_corrections(corrections, "gleif")
    with database(target.parent, size_of(files)) as connection:
        _load(connection, files, countries, rows, problems, told)
        refuse(problems)
        make_facts(connection, LICENCE, persons=natural_persons)
        written = write_facts(
            connection,
            target,
            licence=LICENCE,
            title="the golden copy of GLEIF",
            labels=LABELS,
            told=told,
            extra=("parents",),
        )
    for line in written.told:
        warn(line)
    return written


def _load(
    connection: Any,
    files: Sequence[str | Path],
    countries: Sequence[str],
    corrections: Corrections,
    problems: list[Problem],
    told: list[str],
) -> None:
    names = ", ".join(f"'{country}'" for country in countries)
    opened = [open_archive(Path(path), problems) for path in files]
    members = [_member(archive, problems) if archive else None for archive in opened]
    first = opened[0], members[0]
    connection.execute(
        "create table relations (record bigint, child varchar, parent varchar, kind varchar, "
        "since_written varchar, since date)"
    )
    if first[0] is not None and first[1] is not None:
        select = SELECT_LEI2.replace("{countries}", names)
        if not load(connection, select, first[0], first[1], LEI2, problems, told):
            return
        corrections.apply(connection, "lei2", None, problems, table="entities")
        _check(connection, first[0], first[1], problems)
    if len(files) == 2 and opened[1] is not None and members[1] is not None and not problems:
        second = opened[1], members[1]
        load(connection, SELECT_RELATIONS, *second, RELATIONS, problems, told)
        tell_faults(connection, "relations", RELATION_FAULTS, *second, problems)
    if not problems and first[0] is not None and first[1] is not None:
        # a second time, for the names of parents and successors in other countries
        load(connection, SELECT_NAMES, first[0], first[1], LEI2, problems, [])


def _member(archive: Archive, problems: list[Problem]) -> str | None:
    """Find the one CSV file of an archive."""
    tables = [name for name in archive.members if name.endswith(".csv")]
    if len(tables) == 1:
        return tables[0]
    held = ", ".join(sorted(archive.members)[:6]) or "nothing"
    text = f"must hold one CSV file, and holds {held}; take the golden copy in CSV"
    problems.append(Problem(archive.path.name, 0, text))
    return None


def _check(connection: Any, archive: Archive, member: str, problems: list[Problem]) -> None:
    connection.execute("""
        update entities set created = day_of(created_written), expired = day_of(expired_written)
    """)
    tell_faults(connection, "entities", FAULTS, archive, member, problems)
    twice = connection.execute(f"""
        select record, 'column ''LEI'': ''' || written || ''' is there already' from (
            select *, row_number() over (partition by written order by record) as nth
            from entities) where nth > 1 order by record limit {FEW}""").fetchall()
    problems += row_problems(archive, member, twice) if twice else []


@dataclass(frozen=True)
class Gleif:
    """The reader of GLEIF, as a `Register`."""

    name: str = "gleif"
    title: str = "Global Legal Entity Identifier Foundation: levels 1 and 2"
    licence: Licence = LICENCE
    identifies: str = "LEI, twenty signs (ISO 17442); and the number in the national register"
    gives: tuple[str, ...] = ("firms", "events", "sources")

    @property
    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """Its files and the columns that are read."""
        files: dict[str, Layout] = {"lei2.csv": LEI2, "rr.csv": RELATIONS}
        return {name: (*layout.columns, *layout.optional) for name, layout in files.items()}

    def facts(self, files: Sequence[str | Path], out: str | Path, **options: Any) -> RegisterFacts:
        """Do as `gleif_facts`."""
        return gleif_facts(files, out, **options)


GLEIF = Gleif()
