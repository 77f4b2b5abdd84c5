"""The rows of one extract into DuckDB: checked, reduced to what is asked for, corrected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.corrections import Corrections
from belbiotech.dataset.registers.files.archives import Archive
from belbiotech.dataset.registers.files.days import day
from belbiotech.dataset.registers.files.numbers import enterprise_check, enterprise_digits
from belbiotech.dataset.registers.files.streams import FEW, Layout, load, row_problems, tell_faults
from belbiotech.dataset.registers.nace import VERSIONS, Prefix
from belbiotech.dataset.registers.parts.kbo_extracts import Extract
from belbiotech.dataset.registers.parts.kbo_layout import FILES, KEYS

__all__ = ["apply_file", "read_activities"]

# Fast: dots taken away. What is left and is no number is told.
ENTITY = "try_cast(replace({}, '.', '') as bigint)"
# Numbers from 2 on are those of establishments and branches.
WRONG = f"{{0}} < 2000000000 and not {enterprise_check('{0}')}"


def _told(column: str) -> str:
    """Write in SQL: whether a number must be told: it is none, or its check digits are wrong."""
    entity = ENTITY.format(column)
    return f"({entity} is null or ({WRONG.format(entity)}))"


SELECTS = {
    "enterprise": f"""
        select record, EnterpriseNumber as written,
            {enterprise_digits("EnterpriseNumber")} as number,
            Status as status, JuridicalSituation as situation, TypeOfEnterprise as kind,
            coalesce(JuridicalFormCAC, JuridicalForm) as form, StartDate as start_written,
            {day("StartDate")} as start
        from incoming""",
    "establishment": f"""
        select record, EstablishmentNumber as written,
            {ENTITY.format("EstablishmentNumber")} as number,
            {ENTITY.format("EnterpriseNumber")} as enterprise,
            EnterpriseNumber as enterprise_written, StartDate as start_written,
            {day("StartDate")} as start
        from incoming
        where {ENTITY.format("EnterpriseNumber")} in (select number from kept)
            or {ENTITY.format("EstablishmentNumber")} is null
            or {_told("EnterpriseNumber")}""",
    "branch": f"""
        select record, Id as written, {ENTITY.format("Id")} as number,
            {ENTITY.format("EnterpriseNumber")} as enterprise,
            EnterpriseNumber as enterprise_written
        from incoming
        where {ENTITY.format("EnterpriseNumber")} in (select number from kept)
            or {ENTITY.format("Id")} is null or {_told("EnterpriseNumber")}""",
    "denomination": f"""
        select record, EntityNumber as written, {ENTITY.format("EntityNumber")} as number,
            Language as language, TypeOfDenomination as kind, Denomination as name
        from incoming
        where {ENTITY.format("EntityNumber")} in (select number from named)
            or {_told("EntityNumber")}""",
    "address": f"""
        select record, EntityNumber as written, {ENTITY.format("EntityNumber")} as number,
            TypeOfAddress as kind, CountryNL as country, Zipcode as zip,
            MunicipalityNL as town_nl, MunicipalityFR as town_fr, DateStrikingOff as struck
        from incoming
        where {ENTITY.format("EntityNumber")} in (
                select number from kept union all select number from establishment_now
                union all select number from branch_now)
            or {_told("EntityNumber")}""",
}

NUMBER = "coalesce('''' || written || '''', 'a blank')"
OWNER = "coalesce('''' || enterprise_written || '''', 'a blank')"
DIGITS = "has wrong check digits: the last two must be 97 minus the first eight modulo 97"


def _numbers(name: str) -> tuple[tuple[str, str], ...]:
    """Give the checks of a file's numbers: of the entity, and of the enterprise that has it."""
    told = f"'column ''{KEYS[name]}'': ' || {NUMBER} || "
    checks = [("number is null", f"{told}' is no number of an entity'")]
    if name in ("denomination", "address"):
        return *checks, (WRONG.format("number"), f"{told}' {DIGITS}'")
    owner = f"'column ''EnterpriseNumber'': ' || {OWNER} || "
    checks += [
        ("enterprise is null", f"{owner}' is no enterprise number; it is written NNNN.NNN.NNN'"),
        (f"enterprise is not null and not {enterprise_check('enterprise')}", f"{owner}' {DIGITS}'"),
    ]
    if name == "establishment":
        text = "'column ''StartDate'': ''' || start_written || ''' is no day'"
        checks.append(("start is null and start_written is not null", text))
    return tuple(checks)


CHECKS: dict[str, tuple[tuple[str, str], ...]] = {
    "enterprise": (
        (
            "number is null",
            f"'column ''EnterpriseNumber'': ' || {NUMBER} || ' is no enterprise number; it is "
            "written NNNN.NNN.NNN'",
        ),
        (
            f"number is not null and not {enterprise_check('number')}",
            f"'column ''EnterpriseNumber'': ' || {NUMBER} || ' {DIGITS}'",
        ),
        (
            "start is null",
            "'column ''StartDate'': ' || coalesce('''' || start_written || '''', 'a blank') || "
            "' is no day; it is written dd-mm-yyyy'",
        ),
        (
            "kind is null or kind not in ('0', '1', '2')",
            "'column ''TypeOfEnterprise'': ' || coalesce('''' || kind || '''', 'a blank') || "
            "' is none of 0, 1 and 2'",
        ),
        (
            "situation is null",
            "'column ''JuridicalSituation'' is blank, and must not be'",
        ),
    ),
    **{name: _numbers(name) for name in ("establishment", "branch", "denomination", "address")},
}


def apply_file(
    connection: Any,
    extract: Extract,
    name: str,
    corrections: Corrections,
    problems: list[Problem],
    told: list[str],
) -> None:
    """Bring a file of an extract into its table ``NAME_now``: replaced, or changed by an update.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The tables ``kept`` and ``named`` (numbers) say whose rows are wanted.
    extract : Extract
        The extract.
    name : str
        The file, without its ending.
    corrections : Corrections
        Known faults.
    problems, told : list
        What is wrong, and what is to be told, is added here.
    """
    archive, now = extract.archive, f"{name}_now"
    if extract.full:
        if _stage(connection, extract, f"{name}.csv", name, corrections, problems, told):
            connection.execute(f"create or replace table {now} as from incoming_rows")
        return
    deleted = Layout((KEYS[name],))
    numbers = f"""create or replace table gone as
        select distinct {ENTITY.format(KEYS[name])} as number from incoming"""
    gone = f"{name}_delete.csv" in archive and load(
        connection, numbers, archive, f"{name}_delete.csv", deleted, problems, told
    )
    if _stage(connection, extract, f"{name}_insert.csv", name, corrections, problems, told):
        connection.execute(f"create table if not exists {now} as from incoming_rows limit 0")
        if gone:
            connection.execute(f"delete from {now} where number in (from gone)")
        connection.execute(f"insert into {now} from incoming_rows")


def _stage(
    connection: Any,
    extract: Extract,
    member: str,
    name: str,
    corrections: Corrections,
    problems: list[Problem],
    told: list[str],
) -> bool:
    """Load the wanted rows of a member into ``incoming_rows``, correct and check them."""
    archive = extract.archive
    if member not in archive:
        return False
    select = f"create or replace table incoming_rows as {SELECTS[name]}"
    if not load(connection, select, archive, member, FILES[name], problems, told):
        return False
    corrections.apply(connection, name, extract.number, problems)
    if name == "enterprise":
        connection.execute(f"update incoming_rows set start = {day('start_written')}")
    tell_faults(connection, "incoming_rows", CHECKS[name], archive, member, problems)
    if name == "enterprise":
        _repeated(connection, archive, member, problems)
    connection.execute("delete from incoming_rows where number is null")
    return True


def _repeated(connection: Any, archive: Archive, member: str, problems: list[Problem]) -> None:
    found = connection.execute(f"""
        select record, 'column ''EnterpriseNumber'': ''' || written || ''' is there already'
        from (select record, written, row_number() over (partition by number order by record) as nth
              from incoming_rows where number in (
                  select number from incoming_rows group by number having count(*) > 1))
        where nth > 1 order by record limit {FEW}""").fetchall()
    problems += row_problems(archive, member, found) if found else []


def read_activities(
    connection: Any,
    extract: Extract,
    at: int,
    prefixes: Sequence[Prefix],
    secondary: bool,
    problems: list[Problem],
    told: list[str],
) -> None:
    """Add each enterprise's first activity that is asked for to the table ``activities``.

    Main activities come first, then the newest version of the nomenclature, then VAT before
    social security, then the lowest code. Activities of establishments are not looked at.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Has the table ``activities`` (extract, number, best).
    extract : Extract
        The extract.
    at : int
        Its place in the series.
    prefixes : sequence of Prefix
        What is asked for; nothing means everything.
    secondary : bool
        Whether secondary activities count.
    problems, told : list
        What is wrong, and what is to be told, is added here.
    """
    wanted = " or ".join(
        f"(NaceVersion = '{prefix.version}' and starts_with(NaceCode, '{prefix.digits}'))"
        for prefix in prefixes
    )
    if not secondary and prefixes:
        wanted = f"({wanted}) and Classification = 'MAIN'"
    versions = ", ".join(f"'{version}'" for version in VERSIONS)
    select = f"""create or replace table activities_in as
        with marked as (
            select record, {ENTITY.format("EntityNumber")} as entity,
                case Classification when 'MAIN' then '0' when 'SECO' then '1' else '2' end
                || case NaceVersion when '2025' then '0' when '2008' then '1' else '2' end
                || coalesce(ActivityGroup, '999') || ':' || NaceVersion || ':' || NaceCode as best,
                {wanted or "true"} as wanted,
                case
                    when entity is null then 'column ''EntityNumber'': '
                        || coalesce('''' || EntityNumber || '''', 'a blank') || ' is no number'
                    when {WRONG.format("entity")} then 'column ''EntityNumber'': '''
                        || EntityNumber || ''' {DIGITS}'
                    when NaceVersion is null or NaceVersion not in ({versions})
                        then 'column ''NaceVersion'': '
                        || coalesce('''' || NaceVersion || '''', 'a blank')
                        || ' is none of 2003, 2008 and 2025'
                    when try_cast(NaceCode as bigint) is null
                        then 'column ''NaceCode'': '
                        || coalesce('''' || NaceCode || '''', 'a blank') || ' is no code of digits'
                    when Classification is null or Classification not in ('MAIN', 'SECO', 'ANCI')
                        then 'column ''Classification'': '
                        || coalesce('''' || Classification || '''', 'a blank')
                        || ' is none of MAIN, SECO and ANCI'
                end as fault
            from incoming)
        select case when entity < 2000000000 then entity end as number,
            min(best) filter (where wanted) as best,
            min(record, {FEW}) filter (where fault is not null) as records,
            arg_min(fault, record, {FEW}) filter (where fault is not null) as texts,
            count(fault) as faults
        from marked group by 1"""
    for member in ("activity.csv",) if extract.full else ("activity_insert.csv",):
        if member not in extract.archive or not load(
            connection, select, extract.archive, member, FILES["activity"], problems, told
        ):
            continue
        found = connection.execute(
            "select unnest(records) as record, unnest(texts) from activities_in "
            f"where faults > 0 order by record limit {FEW}"
        ).fetchall()
        if found:
            faults = connection.execute("select sum(faults) from activities_in").fetchone()[0]
            problems += row_problems(extract.archive, member, found, more=int(faults) - len(found))
        connection.execute(
            "insert into activities select $step, number, best from activities_in "
            "where number is not null and best is not null",
            {"step": at},
        )
