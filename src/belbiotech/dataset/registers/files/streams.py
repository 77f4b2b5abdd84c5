"""CSV members of any size in, batches of texts out: the header checked, each row with its number.

Nothing is unpacked to the disk, and never more than a block of a file is in memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belbiotech.dataset.facts.texts import Problem
from belbiotech.dataset.registers.files.archives import BLOCK, Archive
from belbiotech.errors import nearest_names

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "RECORD",
    "Layout",
    "batches",
    "header_of",
    "lines_of",
    "load",
    "row_problems",
    "tell_faults",
    "whole_rows",
]

RECORD = "record"  # the column with a row's number; the header's is 1
FEW = 20  # problems of one kind in one file that are told one by one
HEADER = 2**20  # bytes in which a header must end


@dataclass(frozen=True)
class Layout:
    """The columns of a file, as published.

    Attributes
    ----------
    columns : tuple of str
        Those that are read, and must be there.
    known : tuple of str
        Those that are published too and passed over without a word.
    optional : tuple of str
        Those that are read where they are there: not all years have them.
    delimiter : str
        What stands between cells.
    families : tuple of str
        Beginnings of names that are published by the hundred and passed over without a word.
    """

    columns: tuple[str, ...]
    known: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    delimiter: str = ","
    families: tuple[str, ...] = ()


def header_of(
    archive: Archive, member: str, layout: Layout, problems: list[Problem], told: list[str]
) -> list[str] | None:
    """Read a member's header and check it.

    Parameters
    ----------
    archive : Archive
        Where it is.
    member : str
        Its name.
    layout : Layout
        What it must have.
    problems : list of Problem
        Missing columns are added here.
    told : list of str
        Columns that are not known are added here: they are passed over.

    Returns
    -------
    list of str or None
        The columns in order; None if the file cannot be read.
    """
    place = archive.place(member)
    found: list[Problem] = []
    with archive.stream(member, found) as stream:
        start = stream.read(HEADER).decode("utf-8", errors="replace")
    broken = [problem for problem in found if "UTF-16" in problem.text or not problem.line]
    if broken or not start.strip():
        problems += broken or [Problem(place, 0, "is empty; its first line must be the header")]
        return None
    names = next(csv.reader(io.StringIO(start, newline=""), delimiter=layout.delimiter))
    problem = _wrong_separator(place, names, layout)
    if problem:
        problems.append(problem)
        return None
    wrong = [
        f"column {name!r} is missing; {nearest_names(name, names)}"
        for name in layout.columns
        if name not in names
    ]
    wrong += [
        f"column {name!r} is there twice"
        for name in dict.fromkeys(names)
        if names.count(name) > 1 and name in (*layout.columns, *layout.optional)
    ]
    problems += [Problem(place, 1, text) for text in wrong]
    published = {*layout.columns, *layout.known, *layout.optional}
    strange = [
        name for name in names if name not in published and not name.startswith(layout.families)
    ]
    if strange:
        told.append(f"{place}: passed over columns that are not known: {', '.join(strange)}")
    return None if wrong else names


def _wrong_separator(place: str, names: Sequence[str], layout: Layout) -> Problem | None:
    if len(names) > 1:
        return None
    for sign in ",;\t|":
        if sign != layout.delimiter and sign in names[0]:
            text = f"has {sign!r} between its cells, where {layout.delimiter!r} is published"
            return Problem(place, 1, text)
    return None


def batches(
    archive: Archive, member: str, layout: Layout, problems: list[Problem], told: list[str]
) -> Iterator[pa.RecordBatchReader]:
    """Give a member's rows as texts, as a stream that DuckDB reads; at most one.

    Parameters
    ----------
    archive : Archive
        Where it is.
    member : str
        Its name.
    layout : Layout
        Its columns; an optional one that is not there is blank in all rows.
    problems : list of Problem
        Broken lines and bytes that are no UTF-8 are added here, while the stream is read.
    told : list of str
        Columns that were passed over are added here.

    Yields
    ------
    pyarrow.RecordBatchReader
        The columns read, and `RECORD`. Nothing is yielded if the header is wrong.
    """
    import pyarrow as pa

    names = header_of(archive, member, layout, problems, told)
    if names is None:
        return
    wanted = [name for name in (*layout.columns, *layout.optional) if name in names]
    absent = [name for name in layout.optional if name not in names]
    schema = pa.schema(
        [(name, pa.string()) for name in (*wanted, *absent)] + [(RECORD, pa.int64())]
    )
    with archive.stream(member, problems) as stream:
        rows = _rows(stream, archive, member, layout, wanted, absent, schema, problems)
        yield pa.RecordBatchReader.from_batches(schema, rows)


def _rows(
    stream: Any,
    archive: Archive,
    member: str,
    layout: Layout,
    wanted: Sequence[str],
    absent: Sequence[str],
    schema: pa.Schema,
    problems: list[Problem],
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    broken: list[tuple[int, str]] = []
    options = {
        "read_options": arrow_csv.ReadOptions(block_size=BLOCK, use_threads=False),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=layout.delimiter,
            newlines_in_values=True,
            invalid_row_handler=lambda row: (
                broken.append((row.number, _widths(row))) or "skip"  # type: ignore[func-returns-value]
            ),
        ),
        "convert_options": arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types={name: pa.string() for name in wanted},
            include_columns=list(wanted),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    }
    place, first = archive.place(member), 2
    try:
        for batch in arrow_csv.open_csv(stream, **options):
            numbers, first = _numbers(first, batch.num_rows, broken)
            blank = [pa.nulls(batch.num_rows, pa.string()) for _ in absent]
            yield pa.RecordBatch.from_arrays([*batch.columns, *blank, numbers], schema=schema)
    except pa.ArrowInvalid as error:
        if not (problems and problems[-1].file == place):
            problems.append(Problem(place, 0, f"is no CSV: {error}; look for a stray quote"))
    if broken:
        problems += row_problems(archive, member, broken)


def _widths(row: Any) -> str:
    return (
        f"has {row.actual_columns} cells, and the header {row.expected_columns}; a text that "
        "holds the separator must stand between quotes"
    )


def _numbers(first: int, count: int, broken: Sequence[tuple[int, str]]) -> tuple[pa.Array, int]:
    """Give the rows of a block their numbers; those that were skipped had one too."""
    import numpy as np
    import pyarrow as pa

    skipped = sorted(number for number, _ in broken if number >= first)
    if not skipped:
        return pa.array(np.arange(first, first + count)), first + count
    numbers = np.setdiff1d(np.arange(first, first + count + len(skipped)), skipped)[:count]
    last = int(numbers[-1]) if count else first - 1
    return pa.array(numbers), last + 1


def lines_of(archive: Archive, member: str, records: Collection[int]) -> dict[int, int]:
    """Find the lines on which records begin: a text between quotes may go over several lines.

    Parameters
    ----------
    archive : Archive
        Where the member is.
    member : str
        Its name.
    records : collection of int
        Numbers of records; the header's is 1.

    Returns
    -------
    dict of int to int
        Record to line.
    """
    wanted, found = set(records), {}
    last = max(wanted, default=0)
    with archive.stream(member, []) as stream:
        text = io.TextIOWrapper(io.BufferedReader(stream), "utf-8", newline="")
        number, quotes, begins = 1, 0, 1
        for line_number, line in enumerate(text, start=1):
            if quotes % 2 == 0:
                begins = line_number
            quotes += line.count('"')
            if quotes % 2 == 0 and line.strip("\r\n"):
                if number in wanted:
                    found[number] = begins
                if number >= last:
                    break
                number += 1
    return found


def whole_rows(
    text: Iterable[str], delimiter: str, width: int, place: str, problems: list[Problem]
) -> Iterator[tuple[int, list[str]]]:
    """Read the rows after a header one by one, for files that are small or need no database.

    Parameters
    ----------
    text : iterable of str
        Lines of the file, the header first.
    delimiter : str
        What stands between cells.
    width : int
        How many cells the header has.
    place : str
        The file's name for messages.
    problems : list of Problem
        Rows with another number of cells, and a quote that is never closed, are added here.

    Yields
    ------
    tuple of int and list of str
        The line on which a row begins, and its cells.
    """
    reader = csv.reader(text, delimiter=delimiter)
    found: list[Problem] = []
    begins = line = 1
    row: list[str] = []
    try:
        for number, row in enumerate(reader):
            line, begins = begins, reader.line_num + 1
            if number and len(row) == width:
                yield line, row
            elif number and row:
                said = f"has {len(row)} cells, and the header {width}; look for a stray quote"
                found.append(Problem(place, line, said))
        if row and row[-1].endswith("\n"):
            # only a quoted text can hold the end of the file
            found.append(Problem(place, line, "has a quote that is never closed"))
    except csv.Error as error:
        found.append(Problem(place, begins, f"is no CSV from here on ({error})"))
    problems += found[:FEW]
    if len(found) > FEW:
        text_of_rest = f"from here on: {len(found) - FEW:,d} further lines with such problems"
        problems.append(Problem(place, found[FEW].line, text_of_rest))


def row_problems(
    archive: Archive, member: str, found: Sequence[tuple[int, str]], *, more: int = 0
) -> list[Problem]:
    """Tell what is wrong in rows, by their lines; the first ones of many.

    Parameters
    ----------
    archive : Archive
        Where the member is.
    member : str
        Its name.
    found : sequence of tuple of int and str
        Number of the record, and what is wrong.
    more : int
        How many more there are that are not in ``found``.

    Returns
    -------
    list of Problem
        In the order of the lines.
    """
    shown = sorted(found)[:FEW]
    lines = lines_of(archive, member, [number for number, _ in shown])
    place = archive.place(member)
    problems = [Problem(place, lines.get(number, 0), text) for number, text in shown]
    rest = len(found) - len(shown) + more
    if rest:
        text = f"{rest:,d} further line{'s' if rest > 1 else ''} with such problems"
        problems.append(Problem(place, problems[-1].line + 1, f"from here on: {text}"))
    return problems


def tell_faults(
    connection: Any,
    table: str,
    faults: Iterable[tuple[str, str]],
    archive: Archive,
    member: str,
    problems: list[Problem],
) -> None:
    """Tell the rows of a table that break a rule, by their lines.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the table is; its column ``record`` has the number of each row.
    table : str
        Its name.
    faults : iterable of tuple of str and str
        Conditions in SQL, each with the words (an expression of SQL) for the rows that meet it.
    archive, member, problems
        As for `row_problems`; what is wrong is added to ``problems``.
    """
    for condition, words in faults:
        found = connection.execute(
            f"select record, {words} from {table} where {condition} order by record limit {FEW}"
        ).fetchall()
        if found:
            count = connection.execute(f"select count(*) from {table} where {condition}").fetchone()
            problems += row_problems(archive, member, found, more=count[0] - len(found))


def load(
    connection: Any,
    select: str,
    archive: Archive,
    member: str,
    layout: Layout,
    problems: list[Problem],
    told: list[str],
    parameters: Mapping[str, Any] | None = None,
) -> bool:
    """Run a statement of DuckDB over a member's rows, which it names ``incoming``.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Where the statement runs.
    select : str
        The statement.
    archive, member, layout, problems, told
        As for `batches`.
    parameters : mapping, optional
        Values of the statement's parameters.

    Returns
    -------
    bool
        Whether the header was right, so that the statement ran.
    """
    for reader in batches(archive, member, layout, problems, told):
        connection.register("incoming", reader)
        try:
            connection.execute(select, dict(parameters or {}))
        finally:
            connection.unregister("incoming")
        return True
    return False
