"""Facts in Parquet, opened and checked by queries, as strictly as the CSV files are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from belbiotech.dataset.facts.codes import PARTNER_GROUPS, PURPOSES, exit_kinds
from belbiotech.dataset.facts.fields import FACTS, later_columns
from belbiotech.dataset.facts.own_codes import read_own_codes
from belbiotech.dataset.facts.schemas import OwnCodes, check_pandera
from belbiotech.dataset.facts.texts import column_problems
from belbiotech.dataset.panel.rows_at_scale import ROW
from belbiotech.dataset.panel.rules_at_scale import broken_rules
from belbiotech.dataset.panel.values_at_scale import broken_values
from belbiotech.errors import EngineError, FactsError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

__all__ = ["HeldFacts", "held_facts"]

PANDAS_INDEX = re.compile(r"__index_level_\d+__")  # what pandas calls the labels of its rows


@dataclass(frozen=True)
class HeldFacts:
    """Checked facts that an engine holds.

    Attributes
    ----------
    tables : mapping of str to ibis Table
        The columns of the CSV files, all of them texts.
    own_codes, own_means : mapping
        Codes beyond the usual ones, by column, with their labels and with what they mean.
    """

    tables: Mapping[str, ir.Table]
    own_codes: OwnCodes
    own_means: OwnCodes

    @property
    def exits(self) -> dict[str, str]:
        """The events that end a firm's life, each with how: failure, acquisition, ..."""
        return exit_kinds(self.own_means)

    def kinds_of(self, group: str, column: str) -> list[str]:
        """Give the kinds of partners, or types of alliances, that make a group."""
        own = self.own_means.get(column, {})
        usual = {**PARTNER_GROUPS, **PURPOSES}[group]
        return [*usual, *(code for code, meant in own.items() if meant == group)]


def held_facts(folder: Path) -> HeldFacts:
    """Open and check a folder of facts in Parquet.

    Parameters
    ----------
    folder : Path
        With a Parquet file for each table, and perhaps values.csv: codes of one's own.

    Returns
    -------
    HeldFacts
        The facts; nothing is dropped, filled or corrected.

    Raises
    ------
    FactsError
        Anything that `read_facts` would refuse in CSV files, each with file, column, value, how
        many rows, and the first of them. Files whose columns are amiss are told before the rows.
    EngineError
        A missing extra.
    """
    check_pandera()
    try:
        import ibis
    except ImportError as error:
        msg = "a panel at scale needs Ibis: pip install 'belbiotech[scale]'"
        raise EngineError(msg) from error
    paths = {name: folder / f"{name}.parquet" for name in FACTS}
    missing = [str(path) for path in paths.values() if not path.exists()]
    if missing:
        raise FactsError([f"there is no file {path!r}" for path in missing])
    own_codes, own_means, found = read_own_codes(folder)
    problems = [str(problem) for problem in found]
    schemas = {name: _schema(path) for name, path in paths.items()}
    amiss = [it for name, schema in schemas.items() for it in _columns_amiss(name, schema)]
    if amiss:
        raise FactsError([*problems, *amiss])
    connection = ibis.duckdb.connect()
    tables = {}
    for name, path in paths.items():
        file = connection.read_parquet(str(path), file_row_number=True)
        texts = _as_texts(name, file, schemas[name])
        tables[name] = connection.create_view(name, texts)
    for name, table in tables.items():
        problems += broken_values(name, table, own_codes, own_means)
        problems += broken_rules(name, tables)
    if problems:
        raise FactsError(problems)
    return HeldFacts(
        {name: table.drop(ROW) for name, table in tables.items()}, own_codes, own_means
    )


def _schema(path: Path) -> pa.Schema:
    """Read the columns of a file as they are called: DuckDB changes names that are alike."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
    except Exception as error:
        msg = f"Parquet failed while building the panel: {str(path)!r}: {error}"
        raise EngineError(msg) from error
    return pa.schema([field for field in schema if not PANDAS_INDEX.fullmatch(field.name)])


def _columns_amiss(table: str, schema: pa.Schema) -> Iterator[str]:
    fields = FACTS[table]
    for problem in column_problems(schema.names, list(fields), later_columns(table)):
        yield f"{table}.parquet: {problem}"
    for field in schema:
        if field.name in fields and not _holds_texts(field.type):
            yield (
                f"{table}.parquet: column {field.name!r}: is of the type {field.type}; write "
                "texts, as in the CSV files, numbers or days"
            )


def _holds_texts(kind: pa.DataType) -> bool:
    """Tell whether values are texts, or written as texts in one way only."""
    import pyarrow.types as of

    if of.is_dictionary(kind):
        return _holds_texts(kind.value_type)
    texts = (of.is_string, of.is_large_string, of.is_string_view, of.is_null)
    numbers = (of.is_integer, of.is_floating, of.is_decimal)
    return any(is_such(kind) for is_such in (*texts, *numbers, of.is_date, of.is_timestamp))


def _as_texts(table: str, file: ir.Table, schema: pa.Schema) -> ir.Table:
    """Give columns as the CSV files have them, and the number of each row, from 0.

    Whole numbers and days have no fraction. Any other number is its own text, which the rules of
    a column refuse as they do in a CSV file. A blank is missing.
    """
    import ibis
    import pyarrow.types as of

    made = {}
    for name in FACTS[table]:
        if name not in schema.names or of.is_null(schema.field(name).type):
            made[name] = ibis.null("string")
            continue
        column = file[name]
        if column.type().is_decimal():
            column = column.cast("float64")
        text = column.cast("string")
        if column.type().is_timestamp():
            text = column.date().cast("string")
        elif column.type().is_floating():
            whole = column.try_cast("int64")  # which rounds
            text = ibis.ifelse(whole.cast("float64") == column, whole.cast("string"), text)
        made[name] = text.nullif("")
    return file.select(**made, **{ROW: file[ROW].cast("int64")})
