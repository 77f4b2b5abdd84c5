"""Facts in Parquet, checked by queries: by the schemas of the CSV files, value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pandera.pandas as pa

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import breach
from belbiotech.dataset.facts.schemas import check_pandera, raw_schema
from belbiotech.errors import FactsError

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["ROW", "as_texts", "check_facts"]

ROW = "file_row_number"  # what DuckDB calls it
SHOWN = 3  # rows, or values of a column, that are told
MOST = 1 << 18  # values of a column that are looked at: there are fewer days in 300 years
SEEN = ("date", "code")  # kinds of columns with few values
PAST = {
    "firms": "founded",
    "events": "date",
    "alliances": "start",
    "financings": "date",
    "sources": "published",
}  # columns of what has happened


def as_texts(table: ir.Table, columns: list[str]) -> ir.Table:
    """Give columns as the CSV files have them: whole numbers and days without a fraction.

    Any other number is its own text, which the rules of a column refuse as they do in a CSV file.

    Parameters
    ----------
    table : ibis Table
        As a Parquet file has it.
    columns : list of str
        What is wanted of it.

    Returns
    -------
    ibis Table
        These columns, all of them texts; a blank is missing.
    """
    import ibis

    made = {}
    for name in columns:
        column = table[name]
        text = column.cast("string")
        if column.type().is_timestamp():
            text = column.date().cast("string")
        elif column.type().is_floating():
            whole = column.try_cast("int64")  # which rounds
            text = ibis.ifelse(whole.cast("float64") == column, whole.cast("string"), text)
        made[name] = text.nullif("")
    return table.select(**made)


def check_facts(facts: Mapping[str, ir.Table], numbered: Mapping[str, ir.Table]) -> None:
    """Refuse facts whose columns break the rules of their fields, or name what is not there.

    Parameters
    ----------
    facts : mapping of str to ibis Table
        The tables, of texts.
    numbered : mapping of str to ibis Table
        The same with the column `ROW`, which is read where something is wrong.

    Raises
    ------
    FactsError
        Every problem, each with file, column, value, how many rows, and a few of them.
    """
    check_pandera()
    problems = [
        problem
        for name, table in facts.items()
        for problem in (
            *_of_values(name, table, numbered[name]),
            *_dangling(name, facts, numbered[name]),
        )
    ]
    problems += _backwards(facts["alliances"], numbered["alliances"])
    if problems:
        raise FactsError(problems)


def _of_values(name: str, table: ir.Table, numbered: ir.Table) -> Iterator[str]:
    """Put each different value of a column before the checks of its schema."""
    for column in table.columns:
        field = FACTS[name][column]
        if field.kind not in SEEN:
            if field.required:
                yield from _blank(name, column, table, numbered)
            continue
        different = table.select(value=table[column]).distinct().limit(MOST)
        values = _run(different)["value"].astype(object)
        values = values.where(values.notna(), None).sort_values(ignore_index=True)
        wrong = list(_breaches(name, column, values))
        for value, words in wrong[:SHOWN]:
            cell = numbered[column]
            bad = cell.isnull() if value is None else cell == value  # noqa: PD003 (Ibis)
            yield f"{name}.parquet, {_rows(numbered.filter(bad))}: column {column!r}: {words}"
        if len(wrong) > SHOWN:
            more = len(wrong) - SHOWN
            yield f"{name}.parquet: column {column!r}: {more:,d} more values break its rules"


def _blank(name: str, column: str, table: ir.Table, numbered: ir.Table) -> Iterator[str]:
    missing = table.filter(table[column].isnull()).limit(1)  # noqa: PD003 (Ibis)
    if len(_run(missing)):
        rows = _rows(numbered.filter(numbered[column].isnull()))  # noqa: PD003
        yield f"{name}.parquet, {rows}: column {column!r}: {breach(name, column, None, {})}"


def _breaches(name: str, column: str, values: pd.Series) -> Iterator[tuple[str | None, str]]:
    """Give the values that break a rule of their field, each with what is said of it."""
    field = FACTS[name][column]
    schema = raw_schema(name)
    schema = schema.remove_columns([other for other in FACTS[name] if other != column])
    wrong: dict[int, tuple[str | None, str]] = {}
    try:
        schema.validate(pd.DataFrame({column: values}), lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases.drop_duplicates("index")
        for index, rule in zip(cases["index"], cases["check"], strict=True):
            value = values.iloc[int(index)]
            wrong[int(index)] = (value, breach(name, column, value, field.values, str(rule)))
    if PAST.get(name) == column:  # somewhere it is tomorrow already
        today = str(datetime.now(UTC).date() + timedelta(days=1))
        for index, value in enumerate(values):
            if index not in wrong and value is not None and value > today[: len(value)]:
                words = f"{value!r} is in the future; facts have happened: correct it"
                wrong[index] = (value, words)
    return iter(wrong.values())


def _dangling(name: str, facts: Mapping[str, ir.Table], numbered: ir.Table) -> Iterator[str]:
    """Find ids of firms and pages that no row of their tables has."""
    homes = {"firm_id": ("firms", "firm_id"), "source_id": ("sources", "source_id")}
    homes |= {"source_ids": ("sources", "source_id")}
    for column, (home, key) in homes.items():
        if column not in facts[name].columns or home == name:
            continue
        known = facts[home].select(known=facts[home][key]).distinct()
        if len(_run(_unknown(facts[name], column, known).limit(1))):
            unknown = _unknown(numbered, column, known)
            value = _run(unknown.order_by(ROW).limit(1))["id"].iloc[0]
            rows = unknown.select(ROW).distinct()
            yield (
                f"{name}.parquet, {_rows(rows)}: column {column!r}: {value!r} is not in "
                f"{home}.parquet; add it there, or correct it"
            )


def _unknown(table: ir.Table, column: str, known: ir.Table) -> ir.Table:
    ids = table.mutate(id=table[column])
    if column == "source_ids":
        ids = table.mutate(id=table[column].split(";").unnest())
    ids = ids.filter(ids["id"].notnull() & (ids["id"] != ""))  # noqa: PD004 (Ibis)
    return ids.anti_join(known, ids["id"] == known["known"])


def _backwards(table: ir.Table, numbered: ir.Table) -> Iterator[str]:
    """Find alliances that end before they start, as far as both dates are known."""

    def wrong(rows: ir.Table) -> ir.Table:
        start, end = rows["start"], rows["end"]
        return rows.filter(end.substr(0, start.length()) < start.substr(0, end.length()))

    if len(_run(wrong(table).limit(1))):
        found = wrong(numbered)
        one = _run(found.order_by(ROW).limit(1)).iloc[0]
        yield (
            f"alliances.parquet, {_rows(found)}: column 'end': {one['end']!r} is before the start, "
            f"{one['start']!r}; correct one of them"
        )


def _rows(rows: ir.Table) -> str:
    """Name a few rows, counted from 1, and say how many there are beside."""
    first = _run(rows.order_by(ROW).select(ROW).limit(SHOWN))[ROW]
    number = int(_run(rows.aggregate(n=rows.count()))["n"].iloc[0])
    told = ", ".join(f"{row + 1:d}" for row in first)
    more = f" and {number - len(first):,d} more" if number > len(first) else ""
    return f"{'row' if number == 1 else 'rows'} {told}{more}"


def _run(query: ir.Table) -> Any:
    return query.get_backend().to_pyarrow(query).to_pandas()
