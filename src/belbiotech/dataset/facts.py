"""A folder of CSV files in, checked and typed facts out; or all that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from belbiotech.dataset.checks import MISSING, UNKNOWN
from belbiotech.dataset.fields import FACTS
from belbiotech.dataset.reading import Problem, RawTable, read_texts
from belbiotech.dataset.rules import broken_rules
from belbiotech.dataset.schemas import RAW, check_pandera
from belbiotech.errors import FactsError, nearest_names

__all__ = ["Facts", "facts_from_texts", "read_facts"]


@dataclass(frozen=True)
class Facts:
    """Checked facts: the columns of the CSV files, amounts as numbers, blanks as missing.

    Attributes
    ----------
    firms, events, alliances, financings, sources : DataFrame
        One row a fact. Texts are plain objects with None for a blank, amounts are float64; dates
        stay texts, as precise as the page.
    path : Path or None
        The folder that they were read from.
    """

    firms: pd.DataFrame
    events: pd.DataFrame
    alliances: pd.DataFrame
    financings: pd.DataFrame
    sources: pd.DataFrame
    path: Path | None = field(default=None, compare=False)

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each table with its name, in the order of the files."""
        for name in FACTS:
            yield name, getattr(self, name)


def read_facts(path: str | Path) -> Facts:
    """Read and check a folder of facts.

    Parameters
    ----------
    path : str or Path
        Folder with firms.csv, events.csv, alliances.csv, financings.csv and sources.csv, in
        UTF-8, with commas between the cells.

    Returns
    -------
    Facts
        The facts, typed; nothing is dropped, filled or corrected.

    Raises
    ------
    FactsError
        Anything that breaks a rule: all problems at once, in the order of files and lines.

    Examples
    --------
    >>> facts = read_facts("data/raw")
    >>> facts.firms.loc[1, ["name", "founded", "region"]].tolist()
    ['Ablynx', '2001', 'BE-VLG']
    """
    check_pandera()
    folder = Path(path)
    if not folder.is_dir():
        raise FactsError([f"{folder}: there is no such folder; facts are a folder of CSV files"])
    tables, problems = {}, []
    for name, fields in FACTS.items():
        table, found = read_texts(folder / f"{name}.csv", list(fields))
        problems += found
        if table is not None:
            tables[name] = table
    return facts_from_texts(tables, problems, path=folder)


def facts_from_texts(
    tables: Mapping[str, RawTable], problems: list[Problem] | None = None, path: Path | None = None
) -> Facts:
    """Check texts and give them their types.

    Parameters
    ----------
    tables : mapping of str to RawTable
        What was read, by table.
    problems : list of Problem, optional
        What was wrong already; told with the rest.
    path : Path, optional
        The folder that the texts are from.

    Returns
    -------
    Facts
        The facts.

    Raises
    ------
    FactsError
        Anything that breaks a rule.
    """
    found = [*(problems or []), *broken_rules(tables)]
    for name, table in tables.items():
        found += _bad_cells(name, table)
    if found:
        order = {f"{name}.csv": number for number, name in enumerate(FACTS)}
        found.sort(key=lambda problem: (order[problem.file.split()[-1]], problem.line))
        raise FactsError([str(problem) for problem in found])
    return Facts(**{name: _typed(name, table.frame) for name, table in tables.items()}, path=path)


def _bad_cells(name: str, table: RawTable) -> Iterator[Problem]:
    """Cells that break their column's schema, each told once, by the first rule it breaks."""
    there = set(table.frame.columns)
    schema = RAW[name].remove_columns([column for column in FACTS[name] if column not in there])
    schema.ordered = False
    try:
        schema.validate(table.frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases.drop_duplicates(["column", "index"])
        for case in cases.itertuples(index=False):
            text = _breach(name, str(case.column), str(case.failure_case), str(case.check))
            yield table.problem(int(str(case.index)), f"column {case.column!r}: {text}")


def _breach(name: str, column: str, value: str, rule: str) -> str:
    field = FACTS[name][column]
    if rule == MISSING:
        return f"is blank and must not be. {field.description}"
    hint = f"; {nearest_names(value, field.values)}" if rule == UNKNOWN else ""
    return f"{value!r} {rule}{hint}"


def _typed(name: str, texts: pd.DataFrame) -> pd.DataFrame:
    fields = FACTS[name]
    amounts = [column for column, field in fields.items() if field.kind == "amount"]
    return texts[list(fields)].assign(
        **{column: pd.to_numeric(texts[column]).astype("float64") for column in amounts}
    )
