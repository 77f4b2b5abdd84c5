"""What the raw and the processed tables must be like: pandera schemas, made from the fields.

The codebook, the labels in Stata and the machine-readable metadata are made from the same
fields, so that nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import pandera.pandas as pa
from pandera.config import get_config_global

from belbiotech.dataset.facts.checks import text_checks, typed_checks
from belbiotech.dataset.facts.fields import DERIVED, FACTS, TABLES, Field
from belbiotech.dataset.facts.keys import KEYS
from belbiotech.dataset.facts.tables import TABLE_NAMES
from belbiotech.dataset.panel.fields import FIRM_YEAR
from belbiotech.errors import FactsError, PanelError

__all__ = [
    "PROCESSED",
    "RAW",
    "OwnCodes",
    "check_pandera",
    "processed_schema",
    "raw_schema",
    "validate_tables",
]

OwnCodes = Mapping[str, dict[str, str]]
NO_CODES: OwnCodes = {}
PANEL_TITLE = "Firm-years: one row a firm and calendar year, from its founding to its end"

DTYPES = {"amount": "float64", "year": "int64", "count": "int64", "flag": "int64", "bool": "bool"}


def raw_schema(table: str, own_codes: OwnCodes = NO_CODES) -> pa.DataFrameSchema:
    """Make the schema of a table of facts as texts.

    Parameters
    ----------
    table : str
        Its name.
    own_codes : mapping, optional
        Codes beyond the usual ones, by column, each with its label.

    Returns
    -------
    pandera.DataFrameSchema
        Every column a text; a blank is None.
    """
    return pa.DataFrameSchema(
        {name: _column(_more(name, field, own_codes), str) for name, field in FACTS[table].items()},
        strict=True,
        ordered=True,
        name=table,
        description=TABLES[table],
    )


def processed_schema(table: str, own_codes: OwnCodes = NO_CODES) -> pa.DataFrameSchema:
    """Make the schema of a processed table.

    Parameters
    ----------
    table : str
        Its name.
    own_codes : mapping, optional
        Codes beyond the usual ones, by column, each with its label.

    Returns
    -------
    pandera.DataFrameSchema
        Typed columns, in order.
    """
    is_panel = table == "firm_year"
    fields = FIRM_YEAR if is_panel else {**FACTS[table], **DERIVED[table]}
    return pa.DataFrameSchema(
        {name: _typed(_more(name, field, own_codes)) for name, field in fields.items()},
        checks=_panel_checks() if is_panel else None,
        unique=list(KEYS[table]) if table in KEYS else None,
        strict=True,
        ordered=True,
        name=table,
        description=PANEL_TITLE if is_panel else TABLES[table],
    )


def _more(name: str, field: Field, own_codes: OwnCodes) -> Field:
    """Allow further codes in a column."""
    known = dict(field.values)
    return replace(field, values=known | own_codes[name]) if name in own_codes else field


def _column(column: Field, dtype: str | type[str]) -> pa.Column:
    return pa.Column(
        dtype,
        checks=(
            text_checks(column.kind, column.values) if dtype is str else typed_checks(column.kind)
        ),
        nullable=not column.required,
        title=column.title,
        description=column.description,
        metadata={
            "unit": column.unit,
            "rule": column.rule,
            "since": column.since,
            "values": dict(column.values),
        },
    )


def _typed(column: Field) -> pa.Column:
    dtype = DTYPES.get(column.kind, str)
    if dtype == "int64" and not column.required:
        dtype = "Int64"
    return _column(column, dtype)


def _panel_checks() -> list[pa.Check]:
    return [
        pa.Check(
            lambda rows: (rows["start"] == rows["age"]) & (rows["stop"] == rows["age"] + 1),
            error="start is the age, and stop one more",
        ),
        pa.Check(
            lambda rows: rows["exit"] == rows["failure"] + rows["acquisition"],
            error="an exit is a failure or an acquisition, not both",
        ),
    ]


RAW: dict[str, pa.DataFrameSchema] = {table: raw_schema(table) for table in TABLES}
"""The facts as they stand in the CSV files: every column a text, a blank is None."""

PROCESSED: dict[str, pa.DataFrameSchema] = {name: processed_schema(name) for name in TABLE_NAMES}
"""The tables of a release: typed, with what was derived, and the firm-year panel first."""


def check_pandera() -> None:
    """Refuse to go on if pandera has been told to let everything pass.

    Raises
    ------
    FactsError
        The setting ``PANDERA_VALIDATION_ENABLED`` is off, or data are checked only in part.
    """
    config = get_config_global()
    depth = config.validation_depth
    if config.validation_enabled and (depth is None or depth.name == "SCHEMA_AND_DATA"):
        return
    msg = (
        "pandera is told not to check data; take PANDERA_VALIDATION_ENABLED and "
        "PANDERA_VALIDATION_DEPTH out of the environment"
    )
    raise FactsError([msg])


def validate_tables(tables: Mapping[str, pd.DataFrame], own_codes: OwnCodes = NO_CODES) -> None:
    """Check the processed tables against their schemas.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name, as in :data:`PROCESSED`.
    own_codes : mapping, optional
        Codes beyond the usual ones, by column, each with its label.

    Raises
    ------
    PanelError
        A table that breaks its schema: each breach with table, row, column and value.
    """
    check_pandera()
    problems = []
    for name, table in tables.items():
        try:
            schema = processed_schema(name, own_codes) if own_codes else PROCESSED[name]
            schema.validate(table, lazy=True)
        except pa.errors.SchemaErrors as error:
            problems += [
                f"{name}, row {case.index}, column {case.column!r}: {case.failure_case!r} "
                f"breaks the rule: {case.check}"
                for case in error.failure_cases.itertuples(index=False)
            ]
    if problems:
        raise PanelError("\n".join(problems))
