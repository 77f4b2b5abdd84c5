"""The values of facts in Parquet, held to the rules of their columns.

The rules are those of the CSV files and stand there. Each different value of a column that has few
is put before the schema of its column; of others the engine leaves out what keeps the rules for
certain, by patterns that are narrower than these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import pandera.pandas as pa

from belbiotech.dataset.facts.checks import AMOUNT, ENTERPRISE, ID
from belbiotech.dataset.facts.fields import FACTS, Field
from belbiotech.dataset.facts.own_codes import bad_numbers, number_hint
from belbiotech.dataset.facts.read import breach
from belbiotech.dataset.facts.rules import HAPPENED, Says, in_future
from belbiotech.dataset.facts.schemas import NUMBER, OwnCodes, allowing, as_column
from belbiotech.dataset.facts.texts import RawTable
from belbiotech.dataset.panel.rows_at_scale import (
    SHOWN,
    batches_of,
    first_of,
    numbers_of,
    rows_told,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["broken_values", "surely_fine"]

# Signs that can be seen, and that no sign beside them changes: ASCII and composed Latin letters.
VISIBLE, IN_A_LIST = "!-~¡-¬®-ɏ", "!-:<-~¡-¬®-ɏ"
TEXT = "[{0}](?:[{0} ]*[{0}])?"
PLAIN, PART = TEXT.format(VISIBLE), TEXT.format(IN_A_LIST)
SURE = {
    "id": ID,
    "text": PLAIN,
    "list": f"{PART}(?:;{PART})*",
    "amount": AMOUNT.removeprefix("-?"),
    "enterprise": ENTERPRISE,
    "url": r"https?://[!-~]+\.[!-~]+",
}

Wrong = dict[str, str]  # a value, and what is said of it


def broken_values(
    name: str, table: ir.Table, own_codes: OwnCodes, own_means: OwnCodes
) -> Iterator[str]:
    """Find values that break a rule of their column.

    Parameters
    ----------
    name : str
        The table's name.
    table : ibis Table
        Its columns as texts, and the column `ROW`.
    own_codes, own_means : mapping
        Codes beyond the usual ones, by column: their labels, and what they mean.

    Yields
    ------
    str
        For each column its blanks, and the first few wrong values in the order of the alphabet:
        with the number of their rows, and the first of them.
    """
    fields = {
        column: allowing(column, field, own_codes, own_means)
        for column, field in FACTS[name].items()
    }
    blank = {
        column: table[column].isnull().sum()  # noqa: PD003 (Ibis)
        for column, field in fields.items()
        if field.required
    }
    odd = {
        column: (~surely_fine(table[column], field.kind)).sum()
        for column, field in fields.items()
        if field.kind in SURE
    }
    blanks, odds = _both(numbers_of(table, _prefixed(blank, odd)))
    few = _different(table, [column for column, field in fields.items() if field.kind not in SURE])
    for column, field in fields.items():
        if blanks.get(column):
            rows = table.filter(table[column].isnull())  # noqa: PD003
            said = breach(name, column, None, {})
            yield f"{rows_told(name, rows, blanks[column])}: column {column!r}: {said}"
        if column in few:
            yield from _told(name, column, table, map(_judge(name, column, field), few[column]))
        elif odds.get(column):
            values = _doubtful(table[column], field.kind)
            yield from _told(name, column, table, map(_judge(name, column, field), values))
    if patterns := own_means.get(NUMBER, {}) if name == "firms" else {}:
        yield from _told(name, NUMBER, table, _wrong_numbers(table, patterns), hint=False)


def surely_fine(column: ir.StringValue, kind: str) -> ir.BooleanValue:
    """Say in the engine which texts keep the rules of their kind: not all that do, but these.

    Parameters
    ----------
    column : ibis column of str
        Texts.
    kind : str
        A kind that may have many values: ``id``, ``text``, ``list``, ``amount``, ``enterprise``
        or ``url``.

    Returns
    -------
    ibis column of bool
        Missing where the text is.
    """
    fine = column.re_search(f"^(?:{SURE[kind]})$")  # RE2's $ is the very end
    if kind == "list":
        parts = column.split(";")
        return fine & (parts.unique().length() == parts.length())
    if kind == "enterprise":
        digits = column.replace(".", "")
        base, last = digits.substr(0, 8).try_cast("int64"), digits.substr(8).try_cast("int64")
        return fine & (97 - base % 97 == last).fill_null(False)
    return fine


def _prefixed(blank: Mapping[str, Any], odd: Mapping[str, Any]) -> dict[str, Any]:
    return {f"b{name}": it for name, it in blank.items()} | {f"o{n}": it for n, it in odd.items()}


def _both(numbers: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    return tuple(  # type: ignore[return-value]
        {name[1:]: number for name, number in numbers.items() if name[0] == first} for first in "bo"
    )


def _different(table: ir.Table, columns: list[str]) -> dict[str, list[pd.Series]]:
    """Give the different values of columns with few, in pieces: one query."""
    import ibis

    asked = [
        table.select(column=ibis.literal(column), value=table[column]).distinct()
        for column in columns
    ]
    found: dict[str, list[pd.Series]] = {}
    for batch in batches_of(ibis.union(*asked)):
        for column, some in batch.dropna().groupby("column"):
            found.setdefault(str(column), []).append(some["value"])
    return found


def _doubtful(cells: ir.StringColumn, kind: str) -> Iterator[pd.Series]:
    """Give the different values of a column that may break a rule, in pieces."""
    table = cells.as_table()
    cells = table[cells.get_name()]
    asked = table.filter(~surely_fine(cells, kind)).select(value=cells).distinct()
    return (batch["value"] for batch in batches_of(asked))


def _judge(name: str, column: str, field: Field) -> Callable[[pd.Series], Wrong]:
    """Put values before the schema of their column; the future is no part of it."""
    schema = pa.DataFrameSchema({column: as_column(field, str)})

    def judge(values: pd.Series) -> Wrong:
        values = values.astype(object).reset_index(drop=True)
        wrong: Wrong = {}
        try:
            schema.validate(pd.DataFrame({column: values}), lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases.drop_duplicates("index")
            for index, rule in zip(cases["index"], cases["check"], strict=True):
                value = values.iloc[int(index)]
                said = breach(name, column, value, field.values, str(rule))
                wrong[value] = f"column {column!r}: {said}"
        if HAPPENED.get(name) == column:
            dates = values[~values.isin(list(wrong))]
            late = dates[in_future(dates)]
            wrong |= {value: Says.late(column, value) for value in late}
        return wrong

    return judge


def _wrong_numbers(table: ir.Table, patterns: Mapping[str, str]) -> Iterator[Wrong]:
    """Find register numbers that are not written as their firm's country writes them."""
    country = table["region"].substr(0, 2)
    fine = surely_fine(table[NUMBER], "enterprise") & country.notin(list(patterns))
    pairs = table.filter(~fine).select(region=country, **{NUMBER: table[NUMBER]}).distinct()
    for batch in batches_of(pairs):
        raw = RawTable("firms", batch, tuple(range(len(batch))))
        yield {
            batch[NUMBER].iloc[problem.line]: problem.text for problem in bad_numbers(raw, patterns)
        }


def _told(
    name: str, column: str, table: ir.Table, found: Iterable[Wrong], *, hint: bool = True
) -> Iterator[str]:
    number, first = 0, Wrong()
    for wrong in found:
        number += len(wrong)
        first = dict(sorted({**first, **wrong}.items())[:SHOWN])
    for value, said in first.items():
        rows = table.filter(table[column] == value)
        if column == NUMBER and hint:
            said += number_hint(first_of(rows)["region"])
        yield f"{rows_told(name, rows)}: {said}"
    if number > SHOWN:
        more = number - SHOWN
        yield f"{name}.parquet: column {column!r}: {more:,d} more values break its rules"
