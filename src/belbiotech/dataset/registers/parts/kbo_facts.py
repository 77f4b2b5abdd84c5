"""From a series of extracts to facts: firms, events with their intervals, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.registers.files.sql import blank_rows, national_number
from belbiotech.dataset.registers.parts.kbo_extracts import Extract
from belbiotech.dataset.registers.parts.kbo_situations import event_of_situation, is_renumbered
from belbiotech.dataset.registers.register import Licence

__all__ = ["make_facts", "segment_labels"]

WRITTEN = national_number("number")
NO_ACTIVITY = "nace_unknown"
EXITS = "'bankrupt', 'merged', 'liquidated', 'dissolved', 'relocated'"


def make_facts(connection: Any, extracts: Sequence[Extract], licence: Licence) -> list[str]:
    """Make the tables of facts in the database from what `load_series` left there.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The database.
    extracts : sequence of Extract
        The series.
    licence : Licence
        The terms, which stand in each source.

    Returns
    -------
    list of str
        What is to be told: situations without a known meaning.
    """
    told = _situations(connection, extracts)
    _days(connection, extracts, licence)
    _units(connection, len(extracts))
    _events(connection)
    _tables(connection)
    return told


def _situations(connection: Any, extracts: Sequence[Extract]) -> list[str]:
    """Write down what each code of a situation means, by the words of the newest extract."""
    words: dict[str, str] = {}
    forms: dict[str, str] = {}
    for extract in extracts:
        words |= extract.codes.get("JuridicalSituation", {})
        forms |= extract.codes.get("JuridicalForm", {})
    used = connection.execute("select distinct situation from history order by 1").fetchall()
    told, rows = [], []
    for (code,) in used:
        said = words.get(code, "")
        event, closed, known = event_of_situation(said)
        if not known:
            what = f"({said!r})" if said else "(not in code.csv)"
            told.append(f"KBO: situation {code} {what} has no known meaning; taken as no event")
        rows.append((code, said or code, event, closed, is_renumbered(said)))
    connection.execute("""create table situations
        (situation varchar, words varchar, event varchar, closed boolean, renumbered boolean)""")
    connection.execute("create table forms (form varchar, label varchar)")
    if rows:
        connection.executemany("insert into situations values (?, ?, ?, ?, ?)", rows)
    if forms:
        connection.executemany("insert into forms values (?, ?)", sorted(forms.items()))
    return told


def _days(connection: Any, extracts: Sequence[Extract], licence: Licence) -> None:
    connection.execute("create table days (step integer, day date, source_id varchar)")
    connection.executemany(
        "insert into days values (?, ?, ?)",
        [(step, extract.day, extract.source_id) for step, extract in enumerate(extracts)],
    )
    connection.execute("""create table facts_sources (source_id varchar, url varchar,
        title varchar, publisher varchar, published varchar, language varchar)""")
    connection.executemany(
        "insert into facts_sources values (?, ?, ?, ?, ?, 'nl')",
        [
            (
                extract.source_id,
                f"https://kbopub.economie.fgov.be/kbo-open-data#{extract.source_id}",
                f"KBO/BCE open data, extract {extract.number} "
                f"({'full' if extract.full else 'update'}), snapshot of {extract.day}; licence: "
                f"{licence.name}",
                "FPS Economy, Crossroads Bank for Enterprises",
                extract.day.isoformat(),
            )
            for extract in extracts
        ],
    )


def _units(connection: Any, extracts: int) -> None:
    """One row a unit: first and last extract, and what the last one says of it."""
    connection.execute(f"""
        create table units as
            select number, min(step) as first_step, max(step) as last_step,
                arg_max(situation, step) as situation, arg_max(form, step) as form,
                arg_max(start, step) as start, count(*) as times
            from history group by number;
        insert into left_out select 'starts after the last extract', number from units
            where start > (select max(day) from days);
        insert into left_out select 'no Belgian postal code', number from units
            where number not in (select number from places)
                and number not in (select number from left_out);
        create table firms as
            select units.*, 'be' || format('{{:010d}}', number) as firm_id, places.region,
                places.town, first.day as first_day, last.day as last_day,
                first.source_id as first_source, last.source_id as last_source,
                units.last_step = {extracts - 1} as stays
            from units join places using (number)
                join days as first on first.step = first_step
                join days as last on last.step = last_step
            where number not in (select number from left_out)""")


def _events(connection: Any) -> None:
    """Events of each firm: situations when they are first seen, disappearance, new names."""
    connection.execute(f"""
        create table alive as
            select number, max(step) as last_step
            from history join situations using (situation)
            where event is null or event not in ({EXITS}) group by number;
        create table changes as
            with told as (
                select history.number, history.step, situations.event, situations.closed,
                    situations.words, lag(situations.event) over life as before,
                    lag(situations.closed) over life as before_closed,
                    lag(history.step) over life as before_step
                from history join situations using (situation)
                where number in (select number from firms)
                window life as (partition by history.number order by history.step))
            select number, event, words, step, before_step from told
                where event is not null and event is distinct from before
            union all
            select number, 'dissolved', words, step, before_step from told
                where event = 'bankrupt' and closed
                    and (before is distinct from event or not before_closed);
        insert into left_out
            select 'proceedings withdrawn: in a normal situation afterwards', number
            from changes join alive using (number)
            where event in ({EXITS}) and step < alive.last_step;
        delete from changes using alive where changes.number = alive.number
            and event in ({EXITS}) and step < alive.last_step;
        create table exits as
            select firms.number, 'dissolved' as event, situations.words,
                firms.last_step + 1 as step,
                firms.last_step as before_step
            from firms join situations using (situation)
            where not stays and not renumbered and not closed and (situations.event is null
                or situations.event not in ('dissolved', 'merged', 'relocated'));
        create table dated as
            select number, event, before.day as earlier, now.day as later, now.source_id,
                'In the register''s words: ' || words || '. ' || case when before.day is null
                    then 'So in the first extract that has the firm, of ' || now.day
                        || '; it began before.'
                    else 'Not so in the extract of ' || before.day || ', so in that of '
                        || now.day || '.' end as note
            from changes join days as now using (step)
                left join days as before on before_step = before.step
            union all
            select number, event, before.day, now.day, now.source_id,
                'In the extract of ' || before.day || ' (' || words || '), not in that of '
                    || now.day || ' nor later: it ceased between; the register gives no reason.'
            from exits join days as now using (step)
                join days as before on before_step = before.step;
        create table facts_events as
            select firm_id, event, cast(later as varchar) as date, null as counterparty,
                null as counterparty_country, null as amount_million, null as currency,
                source_id, 'A' as confidence, 'inferred' as date_quality, note
            from dated join firms using (number)
            union all
            select firm_id, 'renamed', cast(now.day as varchar), new, null, null, null,
                now.source_id, 'A', 'inferred',
                'Before: ' || old || ', in the extract of ' || before.day || '.'
            from renamed join firms using (number) join days as now using (step)
                join days as before on before.step = renamed.step - 1
            union all
            select firm_id, 'observed_active', cast(days.day as varchar), null, null, null, null,
                days.source_id, 'A', 'stated', null
            from firms join alive using (number) join days on days.step = alive.last_step;
        insert into left_out select 'event before the firm began', number
            from facts_events join firms using (firm_id) where date < cast(start as varchar);
        delete from facts_events using firms
            where facts_events.firm_id = firms.firm_id and date < cast(start as varchar)""")


def _tables(connection: Any) -> None:
    """Firms, and what the register says of them beside."""
    parts = "string_split(regexp_replace(best, '^[0-9]+:', ''), ':')"
    connection.execute(f"""
        create table sectors as
            select number, {parts}[1] as version, {parts}[2] as code
            from (select number, arg_max(best, step) as best from activities group by number);
        create table other_names as
            select number, string_agg(distinct names.name, ';' order by names.name) as others
            from names left join first_now using (number)
            where names.name is distinct from first_now.name group by number;
        create table facts_firms as
            select firm_id, coalesce(first_now.name, 'Enterprise ' || {WRITTEN}) as name,
                others as other_names, {WRITTEN} as enterprise_number,
                case when start >= date '1800-01-01' then cast(start as varchar) end as founded,
                region, town as city, 'unknown' as origin, null as parent,
                case when code is null then '{NO_ACTIVITY}'
                    else 'nace' || version || '_' || code end as segment,
                case when first_source = last_source then first_source
                    else first_source || ';' || last_source end as source_ids,
                'A' as confidence, 'stated' as date_quality,
                case when start < date '1800-01-01'
                    then 'In the register since ' || start || ', before any date of these facts.'
                end as note
            from firms left join first_now using (number) left join sectors using (number)
                left join other_names using (number);
        create table ends as
            select number, first(event order by later, worth) as event,
                first(earlier order by later, worth) as earlier,
                first(later order by later, worth) as later
            from (select *, case event when 'bankrupt' then 0 when 'merged' then 1
                    when 'liquidated' then 2 when 'dissolved' then 3 else 4 end as worth
                  from dated)
            where event in ({EXITS}) group by number;
        create table facts_register as
            select firm_id, {WRITTEN} as number, firms.form as legal_form,
                label as legal_form_label, words as situation,
                case when code is not null then version || ':' || code end as activity,
                cast(first_day as varchar) as first_seen, cast(last_day as varchar) as last_seen,
                case when ends.event is not null and ends.earlier is null then null
                    when start > (select max(day) from days where step < first_step)
                        then cast(start as varchar)
                    else cast(first_day as varchar) end as entry,
                ends.event as exit_event, cast(ends.earlier as varchar) as exit_after,
                cast(ends.later as varchar) as exit_by
            from firms join situations using (situation) left join forms using (form)
                left join sectors using (number) left join ends using (number);
        create table facts_alliances as {blank_rows(FACTS["alliances"])};
        create table facts_financings as {blank_rows(FACTS["financings"])};
        create table facts_left_out as
            select reason, count(distinct number) as units from left_out group by reason""")


def segment_labels(connection: Any, codes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Give the sectors of the firms a label in the register's words.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The database.
    codes : mapping
        The newest extract's lists of codes.

    Returns
    -------
    dict of str to str
        Code of the column segment to label.
    """
    used = connection.execute("select distinct segment from facts_firms order by 1").fetchall()
    labels = {}
    for (segment,) in used:
        if segment == NO_ACTIVITY:
            labels[segment] = "No activity in the register"
            continue
        version, code = segment.removeprefix("nace").split("_")
        words = codes.get(f"Nace{version}", {}).get(code, "").split(" / ")[0]
        labels[segment] = f"NACE-BEL {version} {code}" + (f": {words}" if words else "")
    return labels
