"""A series of extracts in DuckDB: who was there when, in which situation, under which name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.corrections import Corrections
from belbiotech.dataset.registers.files.places import belgian_region
from belbiotech.dataset.registers.files.sql import clean as clean_sql
from belbiotech.dataset.registers.nace import Prefix
from belbiotech.dataset.registers.parts.kbo_extracts import Extract
from belbiotech.dataset.registers.parts.kbo_tables import apply_file, read_activities

__all__ = ["load_series"]

TABLES = """
    create table activities (step integer, number bigint, best varchar);
    create table kept (number bigint);
    create table named (number bigint);
    create table history (step integer, number bigint, situation varchar, form varchar, start date);
    create table names (number bigint, name varchar, rank integer, step integer);
    create table places (number bigint, region varchar, town varchar);
    create table unplaced (number bigint, abroad boolean);
    create table left_out (reason varchar, number bigint);
    create table stopped (number bigint);
    create table establishment_now (record bigint, written varchar, number bigint,
        enterprise bigint, enterprise_written varchar, start_written varchar, start date);
    create table branch_now (record bigint, written varchar, number bigint, enterprise bigint,
        enterprise_written varchar);
"""
LEGAL = "(kind = '2' or (kind = '0' and form is not null))"


def load_series(
    connection: Any,
    extracts: Sequence[Extract],
    prefixes: Sequence[Prefix],
    *,
    secondary: bool,
    persons: bool,
    corrections: Corrections,
    problems: list[Problem],
    told: list[str],
) -> None:
    """Load a series, and leave in the connection what facts are made from.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        A database of its own. It gets the tables ``history`` (one row a unit and extract),
        ``activities``, ``names``, ``places`` and ``left_out``.
    extracts : sequence of Extract
        In the order of their days.
    prefixes : sequence of Prefix
        The activities that are asked for; none: all units, with or without an activity.
    secondary : bool
        Whether a secondary activity is enough.
    persons : bool
        Whether enterprises without a legal person are kept; their names are never read.
    corrections : Corrections
        Known faults.
    problems, told : list
        What is wrong, and what is to be told, is added here.
    """
    connection.execute(TABLES)
    for step, extract in enumerate(extracts):
        read_activities(connection, extract, step, prefixes, secondary, problems, told)
    if prefixes:
        connection.execute("insert into kept select distinct number from activities")
    for step, extract in enumerate(extracts):
        _load_extract(connection, extract, step, not prefixes, persons, corrections, problems, told)
    connection.execute(f"""
        insert into left_out select 'natural person', number from (
            select distinct number from persons_seen) where {not persons};
        insert into left_out select 'never active (AC)', number from (
            select distinct number from stopped)
            where number not in (select number from history)""")


def _load_extract(
    connection: Any,
    extract: Extract,
    step: int,
    everyone: bool,
    persons: bool,
    corrections: Corrections,
    problems: list[Problem],
    told: list[str],
) -> None:
    def bring(name: str) -> None:
        apply_file(connection, extract, name, corrections, problems, told)

    connection.execute("create table if not exists persons_seen (number bigint)")
    bring("enterprise")
    if not _there(connection, "enterprise_now"):
        return
    if everyone:
        connection.execute("create or replace table kept as select number from enterprise_now")
    wanted = "true" if persons else LEGAL
    connection.execute(f"""
        insert into history select {step}, number, situation, form, start from enterprise_now
            where number in (from kept) and status = 'AC' and {wanted};
        insert into stopped select number from enterprise_now
            where number in (from kept) and status is distinct from 'AC' and {wanted};
        insert into persons_seen select number from enterprise_now
            where number in (from kept) and not {LEGAL} and number not in (from persons_seen);
        create or replace table named as select number from enterprise_now
            where number in (from kept) and {LEGAL};
        create or replace table placed as select number from enterprise_now
            where number in (from kept) and {wanted}""")
    for name in ("establishment", "branch", "denomination", "address"):
        bring(name)
    _remember_names(connection, step)
    _remember_places(connection)


def _there(connection: Any, table: str) -> bool:
    found = connection.execute(
        "select count(*) from duckdb_tables() where table_name = $name", {"name": table}
    ).fetchone()
    return bool(found[0])


def _remember_names(connection: Any, step: int) -> None:
    """Keep each name with the first extract that has it; and the last one's first name."""
    if not _there(connection, "denomination_now"):
        return
    # The name proper before commercial name and abbreviation; Dutch, French, German, English.
    clean = clean_sql("name")
    connection.execute(f"""
        create or replace table names_in as
            select number, {clean} as name, min(
                case kind when '001' then 0 when '003' then 10 when '002' then 20 else 30 end
                + case language when '2' then 0 when '1' then 1 when '3' then 2 when '4' then 3
                    else 4 end) as rank
            from denomination_now
            where number < 2000000000 and kind in ('001', '002', '003')
                and number in (select number from history where step = {step})
            group by 1, 2 having {clean} <> '';
        create or replace table first_in as
            select number, arg_min(name, (rank, name)) as name from names_in group by number""")
    if _there(connection, "first_now"):
        connection.execute(f"""
            insert into renamed select {step}, new.number, old.name, new.name
            from first_in as new join first_now as old using (number)
            where lower(new.name) <> lower(old.name)""")
        connection.execute("""
            delete from first_now where number in (select number from first_in);
            insert into first_now from first_in""")
    else:
        connection.execute("""
            create table first_now as from first_in;
            create table renamed (step integer, number bigint, old varchar, new varchar)""")
    connection.execute(f"""
        insert into names select number, name, rank, {step} from names_in
            where (number, name) not in (select (number, name) from names)""")


def _remember_places(connection: Any) -> None:
    """Keep each unit's place: its seat, else its branch, else its oldest establishment."""
    if not all(
        _there(connection, f"{name}_now") for name in ("address", "establishment", "branch")
    ):
        return
    region = belgian_region("zip")
    town = clean_sql(
        "case when region = 'BE-WAL' then coalesce(town_fr, town_nl) "
        "else coalesce(town_nl, town_fr) end"
    )
    connection.execute(f"""
        create or replace table owners as
            select number, number as owner, 0 as rank, null::date as start from placed
            union all select number, enterprise, 2, null from branch_now
            union all select number, enterprise, 3, start from establishment_now;
        create or replace table places_in as
            with found as (
                select owner, {region} as region, country, town_nl, town_fr,
                    (rank + case when kind = 'REGO' then 0 else 1 end
                        + case when struck is null then 0 else 10 end,
                     start, address_now.number, kind, zip) as worth
                from address_now join owners using (number)
                where owner in (select number from placed)),
            best as (
                select owner as number, first(region order by worth) as region,
                    first(town_nl order by worth) as town_nl,
                    first(town_fr order by worth) as town_fr
                from found where region is not null group by owner)
            select number, region, {town} as town from best;
        delete from places where number in (select number from places_in);
        insert into places from places_in""")
