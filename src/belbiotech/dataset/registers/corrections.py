"""Known faults of a register as rows: what is wrong, what stands there, what should, and why.

A correction holds as long as the fault is there. Once the source has been mended, the value that
it expects is not found any more, and it fails: take it away.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belbiotech.dataset.facts.texts import Problem, read_texts
from belbiotech.errors import FactsError, nearest_names

__all__ = ["COLUMNS", "Correction", "Corrections", "read_corrections"]

COLUMNS = ("register", "file", "key", "column", "expect", "value", "why", "from", "to")
CORRECTABLE: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "kbo": {
        "enterprise": {
            "JuridicalSituation": "situation",
            "TypeOfEnterprise": "kind",
            "JuridicalForm": "form",
            "StartDate": "start_written",
        },
        "denomination": {"Denomination": "name"},
        "address": {"Zipcode": "zip", "MunicipalityNL": "town_nl", "MunicipalityFR": "town_fr"},
    },
    "cordis": {
        "organization": {
            name: name for name in ("vatNumber", "name", "city", "country", "activityType", "role")
        },
        "project": {name: name for name in ("startDate", "endDate", "ecSignatureDate", "title")},
    },
    "gleif": {
        "lei2": {
            "Entity.LegalName": "name",
            "Entity.EntityCreationDate": "created_written",
            "Entity.EntityExpirationDate": "expired_written",
            "Entity.EntityExpirationReason": "reason",
            "Entity.EntityStatus": "status",
        }
    },
    "sirene": {
        "stockunitelegale": {
            "denominationUniteLegale": "name",
            "dateCreationUniteLegale": "created_written",
            "categorieJuridiqueUniteLegale": "form",
        }
    },
}


@dataclass(frozen=True)
class Correction:
    """One row of a file of corrections.

    Attributes
    ----------
    register, file, key, column : str
        What is wrong: the file without its ending, the unit's number, the published column.
    expect : str or None
        What stands there.
    value : str or None
        What should stand there; None for a blank.
    why : str
        How one knows.
    first, last : int or None
        The extracts (by number) that have the fault; None: from the first, to the last.
    place : str
        Where the correction stands, for messages.
    """

    register: str
    file: str
    key: str
    column: str
    expect: str | None
    value: str | None
    why: str
    first: int | None
    last: int | None
    place: tuple[str, int]


@dataclass(frozen=True)
class Corrections:
    """The corrections of one register."""

    rows: Sequence[Correction] = ()

    def apply(
        self,
        connection: Any,
        file: str,
        extract: int | None,
        problems: list[Problem],
        table: str = "incoming_rows",
        key: str = "written",
    ) -> None:
        """Correct the rows of a table, and tell what is not as expected.

        Parameters
        ----------
        connection : duckdb.DuckDBPyConnection
            Where the table is.
        file : str
            The file whose rows it holds.
        extract : int or None
            The extract's number, if there are several.
        problems : list of Problem
            A correction whose fault is not there is added here.
        table : str
            Name of the table.
        key : str
            Its column with the unit's number as written.
        """
        for row in self.rows:
            if row.file != file or not _holds(row, extract):
                continue
            column = CORRECTABLE[row.register][row.file][row.column]
            found = connection.execute(
                f'select cast("{column}" as varchar) from {table} where "{key}" = $key',
                {"key": row.key},
            ).fetchall()
            values = sorted({str(value) for (value,) in found if value is not None})
            there = row.expect in values if row.expect is not None else (None,) in found
            if not there:
                what = (
                    f"{row.file}.csv has no {row.key}"
                    if not found
                    else (f"{row.column} of {row.key} is {', '.join(map(repr, values)) or 'blank'}")
                )
                text = (
                    f"expects {row.expect!r} and {what}: the source may have been mended; take "
                    "the correction away, or say to which extract it holds"
                )
                problems.append(Problem(*row.place, text))
                continue
            connection.execute(
                f'update {table} set "{column}" = $value where "{key}" = $key '
                f'and cast("{column}" as varchar) is not distinct from $expect',
                {"value": row.value, "key": row.key, "expect": row.expect},
            )


def _holds(row: Correction, extract: int | None) -> bool:
    if extract is None:
        return True
    return (row.first is None or extract >= row.first) and (row.last is None or extract <= row.last)


def read_corrections(path: str | Path | None, register: str) -> Corrections:
    """Read a file of corrections.

    Parameters
    ----------
    path : str, Path or None
        A CSV file with the columns register, file, key, column, expect, value, why, from and to;
        from and to (numbers of extracts) may be blank. None: no corrections.
    register : str
        Only its corrections are given back; those of other registers may stand in the same file.

    Returns
    -------
    Corrections
        In the order of the file.

    Raises
    ------
    FactsError
        What is wrong with the file, all at once.
    """
    if path is None:
        return Corrections()
    table, problems = read_texts(Path(path), COLUMNS)
    if table is None or set(COLUMNS) - set(table.frame.columns):
        raise FactsError([str(problem) for problem in problems])
    rows = []
    for number, row in enumerate(table.frame.to_dict("records")):
        text = _wrong({str(name): value for name, value in row.items()})
        if text:
            problems.append(table.problem(number, text))
            continue
        if row["register"] == register:
            rows.append(_correction(row, (table.file, table.lines[number])))
    if problems:
        raise FactsError([str(problem) for problem in problems])
    return Corrections(tuple(rows))


def _correction(row: Mapping[Hashable, Any], place: tuple[str, int]) -> Correction:
    first, last = (int(row[name]) if row[name] else None for name in ("from", "to"))
    words = {name: row[name] for name in COLUMNS[:7]}
    return Correction(**words, first=first, last=last, place=place)


def _wrong(row: Mapping[str, str | None]) -> str:
    """Say what is wrong with a row, or nothing."""
    for name in ("register", "file", "key", "column", "why"):
        if not row[name]:
            return f"column {name!r} is blank, and must not be"
    files = CORRECTABLE.get(str(row["register"]))
    if files is None:
        return (
            f"column 'register': {row['register']!r}; {nearest_names(row['register'], CORRECTABLE)}"
        )
    columns = files.get(str(row["file"]))
    if columns is None:
        near = nearest_names(row["file"], files)
        return f"column 'file': {row['file']!r} takes no corrections; {near}"
    if row["column"] not in columns:
        return (
            f"column 'column': {row['column']!r} takes no corrections; "
            f"{nearest_names(row['column'], columns)}"
        )
    if row["expect"] == row["value"]:
        return "expects the value that it puts there"
    for name in ("from", "to"):
        if row[name] and not str(row[name]).isdigit():
            return f"column {name!r}: {row[name]!r} is no number of an extract"
    return ""
