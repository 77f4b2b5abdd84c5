"""What the tables of a release must be like: pandera schemas, made from the fields."""

from __future__ import annotations

from collections.abc import Mapping

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

PANEL_TITLE = "Firm-years: one row a firm and calendar year, from its founding to its end"

DTYPES = {"amount": "float64", "year": "int64", "count": "int64", "flag": "int64", "bool": "bool"}


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
        {name: _typed(allowing(name, field, own_codes)) for name, field in fields.items()},
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


PROCESSED: dict[str, pa.DataFrameSchema] = {name: processed_schema(name) for name in TABLE_NAMES}
"""The tables of a release: typed, with what was derived, and the firm-year panel first."""


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
