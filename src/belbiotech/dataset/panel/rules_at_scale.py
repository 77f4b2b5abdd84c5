"""The rules between cells, rows and tables of facts in Parquet: those of the CSV files, as queries.

Which columns they are about, and what is said of a breach, stands with the rules of the CSV files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from belbiotech.dataset.facts.dates import FIRST_YEAR, FORMS, LAST_YEAR
from belbiotech.dataset.facts.rules import (
    AMOUNTS,
    DATED,
    FACT_KEYS,
    UNIQUE,
    Says,
    never_listed,
)
from belbiotech.dataset.facts.texts import RawTable
from belbiotech.dataset.panel.rows_at_scale import (
    ROW,
    first_of,
    numbers_of,
    place,
    rows_told,
    run,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["broken_rules"]

HOMES = {
    "firm_id": ("firms", "firm_id"),
    "source_id": ("sources", "source_id"),
    "source_ids": ("sources", "source_id"),
}
LOOKED_AT = 1_000  # delistings that are looked at in Python at a time
ALL_ASCII = "^[ -~]*$"  # texts whose small letters are those that Python compares


def broken_rules(name: str, tables: Mapping[str, ir.Table]) -> Iterator[str]:
    """Find breaches of the rules that a table must keep.

    Parameters
    ----------
    name : str
        The table's name.
    tables : mapping of str to ibis Table
        All tables: their columns as texts, and the column `ROW`.

    Yields
    ------
    str
        For each rule that is broken how many rows break it, the first of them, and the values of
        the very first.
    """
    table = tables[name]
    broken = numbers_of(table, _counts(name, table))
    for column in UNIQUE.get(name, ()):
        if broken[column]:
            yield from _taken(name, table, column)
    if name in FACT_KEYS and broken["again"]:
        yield from _again(name, table)
    for amount in AMOUNTS.get(name, ()):
        if broken[f"in nothing: {amount}"]:
            rows = table.filter(_in_nothing(table, amount))
            said = Says.no_currency(amount, first_of(rows)[amount])
            yield f"{rows_told(name, rows)}: {said}"
    if broken.get("backwards"):
        yield from _backwards(table)
    yield from _unresolved(name, tables)
    yield from _too_early(name, tables)
    if name == "events":
        yield from _never_listed(table)


def _counts(name: str, table: ir.Table) -> dict[str, Any]:
    """Count what may break a rule on the rows of one table: one pass over it."""
    asked: dict[str, Any] = {
        column: table[column].count() - table[column].nunique() for column in UNIQUE.get(name, ())
    }
    if name in FACT_KEYS:
        asked["again"] = table.count() - _hash(name, table).nunique()
    for amount in AMOUNTS.get(name, ()):
        asked[f"in nothing: {amount}"] = _in_nothing(table, amount).sum()
    if name == "alliances":
        asked["backwards"] = _is_before(table["end"], table["start"]).sum()
    return asked


def _taken(name: str, table: ir.Table, column: str) -> Iterator[str]:
    """Find values of a column, one for each row, that an earlier row has."""
    known = table.filter(table[column].notnull())  # noqa: PD004 (Ibis)
    again = _later_ones(known.select(ROW, column), [column])
    one = first_of(again)
    said = Says.taken(column, one[column], f"row {one['first'] + 1}")
    yield f"{rows_told(name, again)}: {said}"


def _again(name: str, table: ir.Table) -> Iterator[str]:
    """Find rows that state what an earlier row states; only those are compared whose sums agree."""
    columns = FACT_KEYS[name]
    keys = _comparable(name, table)
    told = table.select(ROW, *columns).mutate(
        sum=_hash(name, table), **{f"k{k}": key for k, key in enumerate(keys)}
    )
    sums = told.group_by("sum").aggregate(rows=told.count())
    told = told.semi_join(sums.filter(sums["rows"] > 1), "sum")
    again = _later_ones(told, [f"k{k}" for k in range(len(keys))])
    number = numbers_of(again, {"n": again.count()})["n"]
    if number:
        one = first_of(again)
        cells = {column: one[column] for column in columns}
        said = Says.again(cells, f"row {one['first'] + 1}")
        yield f"{rows_told(name, again, number)}: {said}"


def _later_ones(rows: ir.Table, keys: list[str]) -> ir.Table:
    """Give rows whose keys an earlier row has, with the number of the first in ``first``."""
    import ibis

    rows = rows.mutate(first=rows[ROW].min().over(ibis.window(group_by=keys)))
    return rows.filter(rows["first"] < rows[ROW])


def _comparable(name: str, table: ir.Table) -> list[Any]:
    """Give what makes a fact, amounts as numbers: 12.5 is 12.50."""
    amounts = AMOUNTS.get(name, [])
    return [
        table[column].try_cast("float64") if column in amounts else table[column]
        for column in FACT_KEYS[name]
    ]


def _hash(name: str, table: ir.Table) -> ir.IntegerValue:
    """Sum up what makes a fact in a number, by DuckDB's own function."""
    import ibis
    import ibis.expr.datatypes as dt

    whole = ibis.struct({f"k{k}": key for k, key in enumerate(_comparable(name, table))})

    def summed(fact: Any) -> Any: ...

    call = ibis.udf.scalar.builtin(summed, name="hash", signature=((whole.type(),), dt.uint64))
    return call(whole)


def _in_nothing(table: ir.Table, amount: str) -> ir.BooleanValue:
    return table[amount].notnull() & table["currency"].isnull()  # noqa: PD003, PD004 (Ibis)


def _is_before(first: ir.StringValue, second: ir.StringValue) -> ir.BooleanValue:
    """Tell where a date is before another, as far as both are known."""
    return first.substr(0, second.length()) < second.substr(0, first.length())


def _is_date(text: ir.StringValue) -> ir.BooleanValue:
    """Tell which texts are dates that exist."""
    shaped = text.re_search(f"^(?:{FORMS})$")
    year = text.substr(0, 4).try_cast("int64")
    exists = (text.length() < 10) | text.try_cast("date").notnull()  # noqa: PD004 (Ibis)
    return (shaped & exists & year.between(FIRST_YEAR, LAST_YEAR)).fill_null(False)


def _backwards(table: ir.Table) -> Iterator[str]:
    """Find alliances that end before they start."""
    start, end = table["start"], table["end"]
    rows = table.filter(_is_before(end, start) & _is_date(start) & _is_date(end))
    number = numbers_of(rows, {"n": rows.count()})["n"]
    if number:
        one = first_of(rows)
        said = Says.backwards(one["end"], one["start"])
        yield f"{rows_told('alliances', rows, number)}: {said}"


def _unresolved(name: str, tables: Mapping[str, ir.Table]) -> Iterator[str]:
    """Find ids of firms and pages that no row of their tables has."""
    for column, (home, key) in HOMES.items():
        if column not in tables[name].columns or home == name:
            continue
        known = tables[home].select(known=tables[home][key]).distinct()
        ids = tables[name].select(ROW, id=tables[name][column])
        unknown = _unknown(ids, known)
        if column != "source_ids" and not numbers_of(unknown, {"n": unknown.count()})["n"]:
            continue  # each of them as a whole, so that they need not be taken apart
        unknown = _unknown(ids.select(ROW, id=ids["id"].split(";").unnest()), known)
        number = numbers_of(unknown, {"n": unknown[ROW].nunique()})["n"]
        if number:
            value = first_of(unknown)["id"]
            rows = unknown.select(ROW).distinct()
            yield (
                f"{rows_told(name, rows, number)}: column {column!r}: {value!r} is not in "
                f"{home}.parquet; add it there, or correct it"
            )


def _unknown(ids: ir.Table, known: ir.Table) -> ir.Table:
    ids = ids.filter(ids["id"].notnull() & (ids["id"] != ""))  # noqa: PD004 (Ibis)
    return ids.anti_join(known, ids["id"] == known["known"])


def _too_early(name: str, tables: Mapping[str, ir.Table]) -> Iterator[str]:
    """Find facts from before their firm was founded."""
    if name not in DATED:
        return
    column, firms = DATED[name], tables["firms"]
    facts = tables[name].select(ROW, "firm_id", date=tables[name][column])
    early = _before_founding(facts, firms.select("firm_id", founded=firms["founded"]))
    if not numbers_of(early, {"n": early.count()})["n"]:
        return
    dated = firms.filter(_is_date(firms["founded"]))
    first = dated.group_by("firm_id").aggregate(founded=dated["founded"].argmin(dated[ROW]))
    early = _before_founding(facts.filter(_is_date(facts["date"])), first)
    number = numbers_of(early, {"n": early.count()})["n"]
    if number:
        one = first_of(early)
        said = Says.early(column, one["date"], one["founded"])
        yield f"{rows_told(name, early, number)}: {said}"


def _before_founding(facts: ir.Table, firms: ir.Table) -> ir.Table:
    firms = firms.select(of="firm_id", founded=firms["founded"].substr(0, 4))
    earlier = facts["date"].substr(0, 4) < firms["founded"]
    return facts.inner_join(firms, [facts["firm_id"] == firms["of"], earlier])


def _never_listed(events: ir.Table) -> Iterator[str]:
    """Put delistings that no listing agrees with to the letter before the rule of the CSV files."""
    dated = events.select(ROW, "firm_id", "event", "date", "counterparty")
    dated = dated.filter(_is_date(dated["date"]))
    left = dated.filter((dated["event"] == "delisted") & dated["counterparty"].notnull())  # noqa: PD004
    listed = dated.filter(dated["event"] == "ipo")
    own = listed.select(firm="firm_id", since="date", place="counterparty")
    same = left["counterparty"] == own["place"]
    ascii_only = left["counterparty"].re_search(ALL_ASCII) & own["place"].re_search(ALL_ASCII)
    same |= ascii_only & (left["counterparty"].lower() == own["place"].lower())
    doubtful = left.anti_join(
        own,
        [
            left["firm_id"] == own["firm"],
            ~_is_before(left["date"], own["since"]),
            own["place"].isnull() | same,  # noqa: PD003 (Ibis)
        ],
    )
    number = numbers_of(doubtful, {"n": doubtful.count()})["n"]
    for first in range(0, number, LOOKED_AT):
        some = doubtful.order_by(ROW).limit(LOOKED_AT, offset=first)
        listings = listed.semi_join(some, "firm_id")
        frame = run(listings.union(some).order_by(ROW))
        rows = tuple(frame.pop(ROW))
        texts = frame.astype(object).mask(frame.isna(), cast("Any", None))
        found = list(never_listed({"events": RawTable("events", texts, rows)}))
        if found:
            unseen = max(number - first - LOOKED_AT, 0)
            shown = [problem.line for problem in found[:3]]
            beside = f" ({unseen:,d} delistings were not looked at)" if unseen else ""
            yield f"{place('events', shown, len(found))}{beside}: {found[0].text}"
            return
