"""From entities and relationships of GLEIF to facts."""

from __future__ import annotations

from typing import Any

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.registers.files.numbers import enterprise_check, enterprise_digits
from belbiotech.dataset.registers.files.sql import blank_rows, clean, firm_name, national_number
from belbiotech.dataset.registers.names import LEGAL_FORMS
from belbiotech.dataset.registers.register import Licence

__all__ = ["make_facts"]

KBO_AUTHORITY = "RA000025"  # of the GLEIF list of registration authorities: KBO/BCE
PERSONS = "category = 'SOLE_PROPRIETOR'"
OTHER_KINDS = "category in ('BRANCH', 'FUND')"
FIRST_OF_A_PARENT = 365  # days after the creation from which a new parent is an acquisition


def make_facts(connection: Any, licence: Licence, *, persons: bool) -> None:
    """Make the tables of facts in the database.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Has the tables ``entities``, ``relations`` and ``partners``.
    licence : Licence
        The terms, which stand in each source.
    persons : bool
        Whether sole proprietors are kept.
    """
    _firms(connection, persons)
    _events(connection)
    _rest(connection, licence)


def _firms(connection: Any, persons: bool) -> None:
    number = enterprise_digits("national")
    connection.execute(f"""
        create table left_out as
            select 'natural person' as reason, written from entities
                where {PERSONS} and {not persons}
            union all select 'branch or fund', written from entities where {OTHER_KINDS}
            union all select 'duplicate or annulled record', written from entities
                where registration in ('DUPLICATE', 'ANNULLED')
            union all select 'no region', written from entities where region is null
                or not regexp_full_match(region, '[A-Z]{{2}}-[A-Z0-9]{{1,3}}')
                or (country = 'BE' and region not in ('BE-VLG', 'BE-WAL', 'BE-BRU'))
            union all select 'inactive, without a day of its end', written from entities
                where status = 'INACTIVE' and expired is null
            union all select 'created after its last update', written from entities
                where created > updated;
        create table firms as
            select *, lower(written) as firm_id,
                case when country = 'BE' and {enterprise_check(number)} then {number} end as number,
                case when created >= date '1800-01-01' then created end as founded
            from entities where written not in (select written from left_out)""")


def _events(connection: Any) -> None:
    """Make events of ends with their reason, of acquisitions (level 2), and of a sighting."""
    # of a successor without an LEI only a legal form tells that it is no person
    connection.execute(f"""
        create table parents as
            select firm_id, relations.parent as parent_lei, partners.name as parent,
                partners.country as parent_country,
                case relations.kind when 'IS_DIRECTLY_CONSOLIDATED_BY' then 'direct'
                    else 'ultimate' end as kind, cast(relations.since as varchar) as since
            from firms join relations on child = written
                left join partners on lei = relations.parent;
        create table told as
            select firm_id, case
                    when successor is not null or successor_name is not null
                        or reason = 'CORPORATE_ACTION' then 'merged' else 'dissolved' end as event,
                expired as day,
                case when successor is null then {firm_name("successor_name", LEGAL_FORMS)}
                    else partners.name end as who,
                partners.country as whose,
                'GLEIF: ' || coalesce(reason, 'no reason given')
                    || case when successor is not null then ', successor ' || successor else '' end
                    as note
            from firms left join partners on lei = successor
            where expired is not null and status = 'INACTIVE'
            union all
            select firm_id, 'acquired', since, partners.name, partners.country,
                'GLEIF level 2: consolidated by ' || relations.parent
                    || ' from this day on; a move within a group looks the same'
            from firms join relations on child = written
                left join partners on lei = relations.parent
            where relations.kind = 'IS_DIRECTLY_CONSOLIDATED_BY' and founded is not null
                and since > founded + {FIRST_OF_A_PARENT} and since <= updated;
        delete from told using firms where told.firm_id = firms.firm_id
            and firms.founded > told.day;
        create table facts_events as
            select firm_id, event, cast(day as varchar) as date, {clean("who")} as counterparty,
                whose as counterparty_country, null as amount_million, null as currency,
                'gleif-' || firm_id as source_id, 'A' as confidence, 'stated' as date_quality, note
            from (select distinct * from told)
            union all
            select firm_id, 'observed_active', cast(updated as varchar), null, null, null, null,
                'gleif-' || firm_id, 'A', 'stated', 'The record was last changed on this day.'
            from firms where status = 'ACTIVE' and updated is not null""")


def _rest(connection: Any, licence: Licence) -> None:
    connection.execute(f"""
        create table facts_firms as
            select firm_id, {clean("name")} as name,
                nullif(array_to_string(list_sort(list_distinct(list_filter(
                    list_transform(others, lambda one: {clean("one")}),
                    lambda one: one <> '' and one <> {clean("name")}))), ';'), '') as other_names,
                {national_number("number")} as enterprise_number,
                cast(founded as varchar) as founded, region, {clean("city")} as city,
                'unknown' as origin, null as parent, 'nace_unknown' as segment,
                'gleif-' || firm_id as source_ids, 'A' as confidence, 'stated' as date_quality,
                'LEI ' || written || case when authority is null then '' else
                    ', in register ' || authority || ' as ' || coalesce(national, 'not stated') end
                    as note
            from firms;
        update facts_firms set enterprise_number = null where enterprise_number in (
            select enterprise_number from facts_firms group by 1 having count(*) > 1);
        create table facts_sources as
            select 'gleif-' || firm_id as source_id,
                'https://search.gleif.org/#/record/' || written as url,
                'Record of ' || written || ' in the golden copy; licence: {licence.name}' as title,
                'Global Legal Entity Identifier Foundation' as publisher,
                cast(updated as varchar) as published, 'en' as language
            from firms;
        create table facts_register as
            with ends as (
                select firm_id, first(event order by day, event) as event, min(day) as day
                from told where event in ('merged', 'dissolved', 'acquired') group by firm_id)
            select firm_id, written as number, form as legal_form, null as legal_form_label,
                status as situation, null as activity, cast(registered as varchar) as first_seen,
                cast(updated as varchar) as last_seen, cast(registered as varchar) as entry,
                event as exit_event, cast(day - 1 as varchar) as exit_after,
                cast(day as varchar) as exit_by
            from firms left join ends using (firm_id);
        update facts_register set entry = null where exit_by <= entry;
        create table facts_alliances as {blank_rows(FACTS["alliances"])};
        create table facts_financings as {blank_rows(FACTS["financings"])};
        create table facts_left_out as
            select reason, count(distinct written) as units from left_out group by reason""")
