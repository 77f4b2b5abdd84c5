"""What the tables of a release must be like: pandera schemas, made from the fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import pandera.pandas as pa

from belbiotech.dataset.facts.fields import FACTS, TABLES, Field
from belbiotech.dataset.facts.keys import KEYS
from belbiotech.dataset.facts.schemas import NO_CODES, OwnCodes, allowing, as_column, check_pandera
from belbiotech.dataset.facts.tables import TABLE_NAMES
from belbiotech.dataset.panel.derived import DERIVED
from belbiotech.dataset.panel.fields import FIRM_YEAR
from belbiotech.errors import PanelError

__all__ = ["PROCESSED", "processed_schema", "validate_tables"]

Rule = tuple[Callable[[pd.DataFrame], pd.Series], tuple[str, ...]]

PANEL_RULES: dict[str, Rule] = {
    "start is the age, and stop one more": (
        lambda rows: (rows["start"] == rows["age"]) & (rows["stop"] == rows["age"] + 1),
        ("start", "stop", "age"),
    ),
    "an exit is a failure or an acquisition, not both": (
        lambda rows: rows["exit"] == rows["failure"] + rows["acquisition"],
        ("exit", "failure", "acquisition"),
    ),
}
"""Rules on whole rows of the panel, each with the columns that it is about."""

PANEL_TITLE = "Firm-years: one row a firm and calendar year, from its founding to its end"

FIRST_ROWS = 3  # that a message shows of those that break a rule

DTYPES = {"amount": "float64", "year": "int64", "count": "int64", "flag": "int64", "bool": "bool"}


def processed_schema(
    table: str, own_codes: OwnCodes = NO_CODES, own_means: OwnCodes = NO_CODES
) -> pa.DataFrameSchema:
    """Make the schema of a processed table.

    Parameters
    ----------
    table : str
        Its name.
    own_codes : mapping, optional
        Codes beyond the usual ones, by column, each with its label.
    own_means : mapping, optional
        What they mean, for those that have a meaning.

    Returns
    -------
    pandera.DataFrameSchema
        Typed columns, in order.
    """
    is_panel = table == "firm_year"
    fields = FIRM_YEAR if is_panel else {**FACTS[table], **DERIVED[table]}
    return pa.DataFrameSchema(
        {
            name: _typed(allowing(name, field, own_codes, own_means))
            for name, field in fields.items()
        },
        checks=_panel_checks() if is_panel else None,
        unique=list(KEYS[table]) if table in KEYS else None,
        strict=True,
        ordered=True,
        name=table,
        description=PANEL_TITLE if is_panel else TABLES[table],
    )


def _typed(column: Field) -> pa.Column:
    dtype = DTYPES.get(column.kind, str)
    if dtype == "int64" and not column.required:
        dtype = "Int64"
    return as_column(column, dtype)


def _panel_checks() -> list[pa.Check]:
    return [pa.Check(test, error=rule) for rule, (test, _) in PANEL_RULES.items()]


PROCESSED: dict[str, pa.DataFrameSchema] = {name: processed_schema(name) for name in TABLE_NAMES}
"""The tables of a release: typed, with what was derived, and the firm-year panel first."""


def validate_tables(
    tables: Mapping[str, pd.DataFrame],
    own_codes: OwnCodes = NO_CODES,
    own_means: OwnCodes = NO_CODES,
) -> None:
    r"""Check the processed tables against their schemas.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name, as in :data:`PROCESSED`.
    own_codes : mapping, optional
        Codes beyond the usual ones, by column, each with its label.
    own_means : mapping, optional
        What they mean, for those that have a meaning.

    Raises
    ------
    PanelError
        A table that breaks its schema: a line for each rule that is broken, with table and
        column, the number of rows that break it, and the first of them with their values.

    Examples
    --------
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> from belbiotech.dataset.panel.build import build
    >>> panel = build(read_facts("data/raw")).firm_year
    >>> validate_tables({"firm_year": panel})
    >>> try:
    ...     validate_tables({"firm_year": panel.head(5).assign(ipo=2)})
    ... except PanelError as error:
    ...     print(str(error).replace(": ", ":\n  "))
    firm_year, column 'ipo':
      5 rows break the rule 'is neither 0 nor 1':
      row 0 (ipo 2), row 1 (ipo 2), row 2 (ipo 2) and 2 more
    """
    check_pandera()
    problems = []
    for name, table in tables.items():
        try:
            schema = processed_schema(name, own_codes, own_means) if own_codes else PROCESSED[name]
            schema.validate(table.reset_index(drop=True), lazy=True)
        except pa.errors.SchemaErrors as error:
            problems += _breaches(name, error.failure_cases)
    if problems:
        raise PanelError("\n".join(problems))


def _breaches(table: str, cases: pd.DataFrame) -> list[str]:
    """Tell each rule that is broken in a line; one on whole rows has a case for each column."""
    where = cases["column"].where(cases["schema_context"] == "Column", "").astype(str)
    lines = []
    for (column, rule), some in cases.groupby([where, "check"], sort=False):
        place = f"{table}, column {column!r}" if column else table
        if some["index"].isna().any():
            values = ", ".join(dict.fromkeys(map(repr, some["failure_case"])))
            lines.append(f"{place}: breaks the rule {rule!r}: {values}")
        else:
            lines.append(f"{place}: {_rows(str(rule), some)}")
    return sorted(lines)


def _rows(rule: str, cases: pd.DataFrame) -> str:
    """Tell how many rows break a rule, and what the first of them hold."""
    about = PANEL_RULES[rule][1] if rule in PANEL_RULES else tuple(cases["column"].unique())
    rows = sorted(cases["index"].unique())
    firsts = ((row, cases[cases["index"] == row]) for row in rows[:FIRST_ROWS])
    shown = ", ".join(f"row {row} ({_values(some, about)})" for row, some in firsts)
    more = f" and {len(rows) - FIRST_ROWS:,d} more" if len(rows) > FIRST_ROWS else ""
    verb = "rows break" if len(rows) > 1 else "row breaks"
    return f"{len(rows):,d} {verb} the rule {rule!r}: {shown}{more}"


def _values(cases: pd.DataFrame, columns: tuple[str, ...]) -> str:
    values = dict(zip(cases["column"], cases["failure_case"], strict=True))
    return ", ".join(f"{column} {values[column]}" for column in columns)
