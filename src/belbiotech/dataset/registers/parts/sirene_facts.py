"""From units and their periods to facts."""

from __future__ import annotations

from typing import Any

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.registers.files.sql import blank_rows, clean
from belbiotech.dataset.registers.register import Licence

__all__ = ["make_facts"]

KEPT_SINCE = "date '1973-01-01'"  # SIRENE begins; older units are in it if they lived then
NO_DAY = "date '1900-01-01'"  # written where the day of creation is not known


def make_facts(connection: Any, licence: Licence) -> dict[str, str]:
    """Make the tables of facts in the database.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Has the tables ``units``, ``seats``, ``periods`` and ``left_out``.
    licence : Licence
        The terms, which stand in the source.

    Returns
    -------
    dict of str to str
        Labels of the sectors.
    """
    (seen,) = connection.execute("select cast(max(treated) as varchar) from units").fetchone()
    seen = seen or "1973-01-01"
    source = f"sirene-{seen.replace('-', '')}"
    _firms(connection)
    _events(connection, seen, source)
    _rest(connection, seen, source, licence)
    used = connection.execute(
        "select distinct segment, activity, nomenclature from coded"
    ).fetchall()
    return {
        segment: f"{nomenclature} {activity}" if activity else "No activity in the register"
        for segment, activity, nomenclature in used
    }


def _firms(connection: Any) -> None:
    connection.execute(f"""
        insert into left_out
            select 'no seat in a region of France', written from units
            where written not in (select written from seats where region is not null)
                and written not in (select written from left_out);
        create table firms as
            select units.*, 'fr' || units.written as firm_id, region, city,
                case when created > {NO_DAY} then created end as founded
            from units join (
                select written, min(region) as region, min(city) as city from seats
                where region is not null group by written) as placed using (written)
            where units.written not in (select written from left_out);
        create table coded as
            select firm_id, activity, nomenclature,
                case when activity is null then 'nace_unknown'
                    else lower(
                        regexp_replace(coalesce(nomenclature, 'naf'), '[^A-Za-z0-9]', '', 'g')
                        || '_' || regexp_replace(activity, '[^A-Za-z0-9]', '', 'g'))
                end as segment
            from firms""")


def _events(connection: Any, seen: str, source: str) -> None:
    """When each unit ceased for good, its new names, and that it is there."""
    connection.execute(f"""
        create table life as
            select firm_id, begins, periods.state, {clean("periods.name")} as name,
                lag({clean("periods.name")}) over (partition by firm_id order by begins) as before
            from periods join firms using (written);
        create table ceased as
            with active as (
                select firm_id, max(begins) as last_active from life where state = 'A'
                group by firm_id)
            select firms.firm_id, coalesce(min(life.begins), any_value(firms.since)) as day,
                count(life.begins) = 0 as guessed
            from firms left join active using (firm_id)
                left join life on life.firm_id = firms.firm_id and life.state = 'C'
                    and (last_active is null or life.begins > last_active)
            where firms.state = 'C' group by firms.firm_id;
        delete from ceased using firms
            where ceased.firm_id = firms.firm_id and (day is null or firms.founded > day);
        create table facts_events as
            select firm_id, 'dissolved' as event, cast(day as varchar) as date,
                null as counterparty, null as counterparty_country, null as amount_million,
                null as currency, '{source}' as source_id, 'A' as confidence,
                case when guessed then 'inferred' else 'stated' end as date_quality,
                case when guessed then 'Ceased (C); the day is that of its last period.'
                    else 'Ceased (C) from this day on.' end as note
            from ceased
            union all
            select firm_id, 'renamed', cast(begins as varchar), name, null, null, null,
                '{source}', 'A', 'stated', 'Before: ' || before || '.'
            from life where name <> before and begins >= {KEPT_SINCE}
            union all
            select firm_id, 'observed_active', '{seen}', null, null, null, null,
                '{source}', 'A', 'stated', null
            from firms where state = 'A';
        delete from facts_events using firms where facts_events.firm_id = firms.firm_id
            and date < cast(founded as varchar)""")


def _rest(connection: Any, seen: str, source: str, licence: Licence) -> None:
    connection.execute(f"""
        create table facts_firms as
            with others as (
                select firm_id, string_agg(distinct one, ';' order by one) as other_list from (
                    select firm_id, name as one from life
                    union select firm_id, {clean("usual")} from firms)
                join firms using (firm_id)
                where one is not null and one <> '' and one <> {clean("firms.name")}
                group by firm_id)
            select firm_id, {clean("name")} as name, other_list as other_names,
                null as enterprise_number, cast(founded as varchar) as founded, region,
                {clean("city")} as city, 'unknown' as origin, null as parent, segment,
                '{source}' as source_ids, 'A' as confidence, 'stated' as date_quality,
                'SIREN ' || written as note
            from firms join coded using (firm_id) left join others using (firm_id);
        create table facts_sources as select '{source}' as source_id,
            'https://www.data.gouv.fr/datasets/base-sirene#{source}' as url,
            'Sirene, stock files to {seen}; licence: {licence.name}' as title,
            'INSEE' as publisher, '{seen}' as published, 'fr' as language;
        create table facts_register as
            select firm_id, written as number, form as legal_form, null as legal_form_label,
                case state when 'A' then 'Active' else 'Cessée' end as situation,
                nomenclature || ':' || activity as activity,
                cast(greatest(founded, {KEPT_SINCE}) as varchar) as first_seen,
                cast(coalesce(day, date '{seen}') as varchar) as last_seen,
                cast(case when day is null or day > {KEPT_SINCE}
                    then greatest(founded, {KEPT_SINCE}) end as varchar) as entry,
                case when day is not null then 'dissolved' end as exit_event,
                cast(day - 1 as varchar) as exit_after, cast(day as varchar) as exit_by
            from firms left join ceased using (firm_id);
        create table facts_alliances as {blank_rows(FACTS["alliances"])};
        create table facts_financings as {blank_rows(FACTS["financings"])};
        create table facts_left_out as
            select reason, count(distinct written) as units from left_out group by reason""")
