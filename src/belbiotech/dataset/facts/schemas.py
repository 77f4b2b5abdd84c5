"""What the facts must be like as they stand in the files: pandera schemas, made from the fields.

The codebook, the labels in Stata and the machine-readable metadata are made from the same
fields, so that nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandera.pandas as pa
from pandera.config import get_config_global

from belbiotech.dataset.facts.checks import text_checks, typed_checks
from belbiotech.dataset.facts.codes import EXITS
from belbiotech.dataset.facts.fields import FACTS, TABLES, Field
from belbiotech.errors import FactsError

__all__ = [
    "NO_CODES",
    "NUMBER",
    "RAW",
    "OwnCodes",
    "allowing",
    "as_column",
    "check_pandera",
    "raw_schema",
]

OwnCodes = Mapping[str, dict[str, str]]
NO_CODES: OwnCodes = {}
NUMBER = "enterprise_number"
# Columns whose values, or whose rule in words, follow from what the codes of another mean.
FOLLOWS = {"exit_event": "event", "partner_group": "partner_type", "purpose": "alliance_type"}


def raw_schema(
    table: str, own_codes: OwnCodes = NO_CODES, own_means: OwnCodes = NO_CODES
) -> pa.DataFrameSchema:
    """Make the schema of a table of facts as texts.

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
        Every column a text; a blank is None.
    """
    return pa.DataFrameSchema(
        {
            name: as_column(allowing(name, field, own_codes, own_means), str)
            for name, field in FACTS[table].items()
        },
        strict=True,
        ordered=True,
        name=table,
        description=TABLES[table],
    )


def allowing(name: str, field: Field, own_codes: OwnCodes, own_means: OwnCodes = NO_CODES) -> Field:
    """Allow further codes in a column, and say in its rule what they mean."""
    known = dict(field.values)
    if name == NUMBER and name in own_codes:  # how each is written depends on the firm's country
        told = "; ".join(
            f"{country}: {label}, written as `{own_means[name][country]}`"
            for country, label in own_codes[name].items()
        )
        return replace(field, kind="text", description=f"{field.description} Abroad: {told}.")
    if name in FOLLOWS and (means := own_means.get(FOLLOWS[name])):
        told = ", ".join(f"{code} ({group})" for code, group in means.items())
        if name == "exit_event":
            known |= {code: own_codes["event"][code] for code in means}
            told += f", each after {list(EXITS)[-1]} where dates do not decide"
        return replace(field, values=known, rule=f"{field.rule} Codes of one's own: {told}.")
    return replace(field, values=known | own_codes[name]) if name in own_codes else field


def as_column(column: Field, dtype: str | type[str]) -> pa.Column:
    """Make pandera's column of a field: texts by the raw rules, other types by the typed ones."""
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


RAW: dict[str, pa.DataFrameSchema] = {table: raw_schema(table) for table in TABLES}
"""The facts as they stand in the CSV files: every column a text, a blank is None."""


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
