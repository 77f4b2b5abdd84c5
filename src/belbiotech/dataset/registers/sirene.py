"""SIRENE, the French register of INSEE: its stock files, with the history of periods."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.corrections import Corrections, read_corrections
from belbiotech.dataset.registers.files.archives import Archive, open_archive
from belbiotech.dataset.registers.files.days import day
from belbiotech.dataset.registers.files.sql import clean
from belbiotech.dataset.registers.files.streams import load, tell_faults
from belbiotech.dataset.registers.nace import Prefix, read_prefixes
from belbiotech.dataset.registers.parts.sirene_facts import make_facts
from belbiotech.dataset.registers.parts.sirene_layout import FILES, region_of_commune
from belbiotech.dataset.registers.register import Licence, RegisterFacts
from belbiotech.dataset.registers.writing import (
    check_target,
    database,
    refuse,
    size_of,
    write_facts,
)
from belbiotech.errors import FactsError, warn

__all__ = ["SIRENE", "Sirene", "sirene_facts"]

LICENCE = Licence(
    "Licence Ouverte / Open Licence 2.0 (Etalab)",
    "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    "Source: INSEE, Sirene, with the day of the stock file",
)
# Categories 1 (natural persons) and 2 (groups without a legal person: indivisions, firms in fact).
PERSONS = "left(coalesce(categorieJuridiqueUniteLegale, '1'), 1) in ('1', '2')"
# The version of NACE behind a French nomenclature; older ones gave other things the same numbers.
VERSION = (
    "case nomenclatureActivitePrincipaleUniteLegale when 'NAF2025' then '2025' "
    "when 'NAFRev2' then '2008' when 'NAFRev1' then '2003' when 'NAF1993' then '1993' "
    "when 'NAP' then '1973' else '2008' end"
)
# Luhn: every second digit from the right doubled, its digits added; the sum a multiple of ten.
LUHN = " + ".join(
    f"(case when 2 * d{at} > 9 then 2 * d{at} - 9 else 2 * d{at} end)" if at % 2 else f"d{at}"
    for at in range(9)
)
DIGITS = ", ".join(f"cast(substr(written, {at + 1}, 1) as integer) as d{at}" for at in range(9))

PERIOD_FAULTS = tuple(
    (
        f"{name} is null and {name}_written is not null",
        f"'column ''{column}'': ''' || {name}_written || ''' is no day'",
    )
    for name, column in (("begins", "dateDebut"), ("ends", "dateFin"))
)


def sirene_facts(
    files: Sequence[str | Path],
    out: str | Path,
    *,
    nace: Sequence[str] = (),
    natural_persons: bool = False,
    corrections: str | Path | None = None,
) -> RegisterFacts:
    """Turn the stock files of SIRENE into facts.

    Parameters
    ----------
    files : sequence of str or Path
        StockUniteLegale and StockEtablissement (for the regions of the seats), and
        StockUniteLegaleHistorique for the days on which units ceased and were renamed; in any
        order, CSV, zipped or not. Without the history a unit's last period is taken.
    out : str or Path
        The folder to write, which must not be there yet.
    nace : sequence of str
        First digits of the main activity, like ``72.11Z`` or ``7211`` (NAFRev2 and NAF2025), or
        with the version, ``2003:731`` for NAFRev1: units that ceased before 2008 have older codes.
    natural_persons : bool
        Whether sole traders are kept; their names are never read.
    corrections : str or Path, optional
        Known faults, see `read_corrections`.

    Returns
    -------
    RegisterFacts
        What was written.

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
        raise FactsError(["no file was given; name StockUniteLegale and StockEtablissement"])
    problems: list[Problem] = []
    told: list[str] = []
    rows = read_corrections(corrections, "sirene")
    prefixes = read_prefixes([re.sub("[A-Za-z]$", "", text.strip()) for text in nace])
    found = _found(files, problems)
    for name in ("stockunitelegale", "stocketablissement"):
        if name not in found and not problems:
            given = ", ".join(Path(file).name for file in files)
            problems.append(Problem(name, 0, f"is needed, and is none of {given}"))
    refuse(problems)
    with database(target.parent, size_of(files)) as connection:
        _load(connection, found, prefixes, natural_persons, rows, problems, told)
        refuse(problems)
        labels = {"segment": make_facts(connection, LICENCE)}
        written = write_facts(
            connection,
            target,
            licence=LICENCE,
            title="stock files of SIRENE",
            labels=labels,
            told=told,
        )
    for line in written.told:
        warn(line)
    return written


def _found(files: Sequence[str | Path], problems: list[Problem]) -> dict[str, tuple[Archive, str]]:
    """Tell by their names which file is which."""
    found: dict[str, tuple[Archive, str]] = {}
    for file in files:
        archive = open_archive(Path(file), problems)
        if archive is None:
            continue
        for member in archive.members:
            name = member.removesuffix(".csv").removesuffix("_utf8")
            if name not in FILES:
                known = ", ".join(FILES)
                problems.append(Problem(archive.place(member), 0, f"is none of {known}"))
            elif name in found:
                problems.append(Problem(archive.place(member), 0, "was given already"))
            else:
                found[name] = archive, member
    return found


def _load(
    connection: Any,
    found: Mapping[str, tuple[Archive, str]],
    prefixes: Sequence[Prefix],
    persons: bool,
    corrections: Corrections,
    problems: list[Problem],
    told: list[str],
) -> None:
    connection.execute(f"create macro day_of(text) as {day('text')}")
    digits = "replace(regexp_replace(activitePrincipaleUniteLegale, '[A-Z]$', ''), '.', '')"
    wanted = (
        " or ".join(
            f"({VERSION} = '{one.version}' and starts_with({digits}, '{one.digits}'))"
            for one in prefixes
        )
        or "true"
    )
    units = f"""
        create table units as
        select record, siren as written, {PERSONS} as person,
            case when {PERSONS} then 'Enterprise ' || siren
                else coalesce(denominationUniteLegale, denominationUsuelle1UniteLegale) end as name,
            case when not {PERSONS} then denominationUsuelle1UniteLegale end as usual,
            categorieJuridiqueUniteLegale as form, dateCreationUniteLegale as created_written,
            null::date as created, etatAdministratifUniteLegale as state,
            dateDebut as since_written, day_of(dateDebut) as since,
            activitePrincipaleUniteLegale as activity,
            nomenclatureActivitePrincipaleUniteLegale as nomenclature,
            coalesce(statutDiffusionUniteLegale, 'O') as published,
            dateDernierTraitementUniteLegale as treated_written,
            day_of(left(dateDernierTraitementUniteLegale, 10)) as treated
        from incoming
        where ({wanted}) or not regexp_full_match(coalesce(siren, ''), '[0-9]{{9}}')"""
    archive, member = found["stockunitelegale"]
    if load(connection, units, archive, member, FILES["stockunitelegale"], problems, told):
        corrections.apply(connection, "stockunitelegale", None, problems, table="units")
        connection.execute("update units set created = day_of(created_written)")
        _check(connection, archive, member, problems)
    else:
        return
    connection.execute(f"""create table left_out as
        select 'natural person' as reason, written from units where person and {not persons}
        union all select 'not for publication', written from units
            where published <> 'O' or name = '[ND]'
        union all select 'no name', written from units
            where name is null or {clean("name")} = ''""")
    seats = f"""
        create table seats as
        select siren as written, {region_of_commune("codeCommuneEtablissement")} as region,
            libelleCommuneEtablissement as city
        from incoming where etablissementSiege = 'true' and siren in (select written from units)"""
    archive, member = found["stocketablissement"]
    load(connection, seats, archive, member, FILES["stocketablissement"], problems, told)
    connection.execute("""create table periods
        (written varchar, begins date, ends date, state varchar, name varchar,
            record bigint, begins_written varchar, ends_written varchar)""")
    if "stockunitelegalehistorique" in found:
        archive, member = found["stockunitelegalehistorique"]
        periods = """insert into periods
            select siren, day_of(dateDebut), day_of(dateFin), etatAdministratifUniteLegale,
                denominationUniteLegale, record, dateDebut, dateFin
            from incoming where siren in (select written from units where not person)"""
        layout = FILES["stockunitelegalehistorique"]
        if load(connection, periods, archive, member, layout, problems, told):
            tell_faults(connection, "periods", PERIOD_FAULTS, archive, member, problems)


def _check(connection: Any, archive: Archive, member: str, problems: list[Problem]) -> None:
    said = "coalesce('''' || {0} || '''', 'a blank')"
    shaped = "regexp_full_match(coalesce(written, ''), '[0-9]{9}')"
    faults = (
        (f"not {shaped}", f"'column ''siren'': ' || {said.format('written')} || ' is no SIREN'"),
        (
            f"{shaped} and ({LUHN}) % 10 <> 0",
            f"'column ''siren'': ' || {said.format('written')} || ' has a wrong check digit'",
        ),
        (
            "created is null and created_written is not null",
            "'column ''dateCreationUniteLegale'': ''' || created_written || ''' is no day'",
        ),
        *(
            (
                f"{name} is null and {name}_written is not null",
                f"'column ''{column}'': ''' || {name}_written || ''' is no day'",
            )
            for name, column in (
                ("since", "dateDebut"),
                ("treated", "dateDernierTraitementUniteLegale"),
            )
        ),
        (
            "state is null or state not in ('A', 'C')",
            f"'column ''etatAdministratifUniteLegale'': ' || {said.format('state')} || "
            "' is neither A nor C'",
        ),
        (
            "nth > 1",
            f"'column ''siren'': ' || {said.format('written')} || ' is there already'",
        ),
    )
    connection.execute(f"""create temp table marked as
        select *, row_number() over (partition by written order by record) as nth,
            {DIGITS.replace("cast(", "try_cast(")} from units""")
    tell_faults(connection, "marked", faults, archive, member, problems)


@dataclass(frozen=True)
class Sirene:
    """The reader of SIRENE, as a `Register`."""

    name: str = "sirene"
    title: str = "Système national d'identification et du répertoire des entreprises (INSEE)"
    licence: Licence = LICENCE
    identifies: str = "SIREN, nine digits, the last a check digit"
    gives: tuple[str, ...] = ("firms", "events", "sources")

    @property
    def reads(self) -> Mapping[str, tuple[str, ...]]:
        """Its files and the columns that are read."""
        return {name: (*layout.columns, *layout.optional) for name, layout in FILES.items()}

    def facts(self, files: Sequence[str | Path], out: str | Path, **options: Any) -> RegisterFacts:
        """Do as `sirene_facts`."""
        return sirene_facts(files, out, **options)


SIRENE = Sirene()
