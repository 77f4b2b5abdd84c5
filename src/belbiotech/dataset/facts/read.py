"""A folder of CSV files in, checked and typed facts out; or all that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from belbiotech.dataset.facts.checks import MISSING, UNKNOWN
from belbiotech.dataset.facts.codes import exit_kinds
from belbiotech.dataset.facts.fields import FACTS, later_columns
from belbiotech.dataset.facts.own_codes import (
    OPEN_COLUMNS,
    VALUES_FILE,
    bad_numbers,
    number_hint,
    read_own_codes,
)
from belbiotech.dataset.facts.rules import broken_rules
from belbiotech.dataset.facts.schemas import NUMBER, OwnCodes, check_pandera, raw_schema
from belbiotech.dataset.facts.tables import Listed, sizes_of
from belbiotech.dataset.facts.texts import Problem, RawTable, read_texts
from belbiotech.errors import FactsError, in_words, nearest_names

__all__ = ["Facts", "as_facts", "breach", "facts_from_texts", "read_facts"]


@dataclass(frozen=True, repr=False)
class Facts(Listed):
    """Checked facts: the columns of the CSV files, amounts as numbers, blanks as missing.

    Attributes
    ----------
    firms, events, alliances, financings, sources : DataFrame
        One row a fact. Texts are plain objects with None for a blank, amounts are float64; dates
        stay texts, as precise as the page.
    path : Path or None
        The folder that they were read from.
    own_codes : mapping
        Codes beyond the usual ones, by column, each with its label.
    own_means : mapping
        What they mean in the panel, by column, for those that have a meaning.
    merged_with : mapping
        The shipped release that they were put on top of: ``version``, ``prefer`` and ``content``
        (table to the sum of its values); empty if there is none.
    """

    firms: pd.DataFrame
    events: pd.DataFrame
    alliances: pd.DataFrame
    financings: pd.DataFrame
    sources: pd.DataFrame
    path: Path | None = field(default=None, compare=False)
    own_codes: OwnCodes = field(default_factory=dict)
    own_means: OwnCodes = field(default_factory=dict)
    merged_with: Mapping[str, Any] = field(default_factory=dict)

    def items(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each table with its name, in the order of the files."""
        for name in FACTS:
            yield name, getattr(self, name)

    @property
    def exits(self) -> dict[str, str]:
        """The events that end a firm's life, each with how: failure, acquisition, ..."""
        return exit_kinds(self.own_means)

    def _shown(self) -> tuple[str, pd.DataFrame, list[str]]:
        whence = "" if self.path is None else f" of {self.path.name}"
        own = sum(len(codes) for codes in self.own_codes.values())
        notes = [f"{own} codes of one's own"] if own else []
        notes.append("Each is a DataFrame: .firms, .events, ...; build() makes the panel of them")
        return f"Facts{whence} on {len(self.firms):,} firms", sizes_of(self.items()), notes


def read_facts(path: str | Path) -> Facts:
    """Read and check a folder of facts.

    Parameters
    ----------
    path : str or Path
        Folder with firms.csv, events.csv, alliances.csv, financings.csv and sources.csv, in
        UTF-8, with commas between the cells. A file values.csv (column, value, label, means)
        may add codes to the columns segment, origin, event, partner_type, alliance_type,
        firm_role and round, and say how other countries write their register numbers.

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
    if not isinstance(path, str | Path) or "\0" in str(path):
        raise FactsError([f"{in_words(path)} is no folder; give the path of a folder of facts"])
    folder = Path(path)
    if not folder.is_dir():
        raise FactsError([f"{folder}: there is no such folder; facts are a folder of CSV files"])
    tables = {}
    own_codes, own_means, problems = read_own_codes(folder)
    for name, fields in FACTS.items():
        table, found = read_texts(folder / f"{name}.csv", list(fields), later_columns(name))
        problems += found
        if table is not None:
            tables[name] = table
    return facts_from_texts(tables, problems, path=folder, own_codes=own_codes, own_means=own_means)


def as_facts(facts: object, argument: str = "facts") -> Facts:
    """Give facts as they are, and read those of a folder.

    Parameters
    ----------
    facts : Facts, str or Path
        Facts, or the folder that holds them.
    argument : str
        Where they were given, for the error.

    Returns
    -------
    Facts
        The facts.

    Raises
    ------
    FactsError
        Neither, or facts that break a rule.
    """
    if isinstance(facts, Facts):
        return facts
    if isinstance(facts, str | Path):
        return read_facts(facts)
    msg = (
        f"{argument} is {in_words(facts)}, neither facts nor a folder of them; give a folder, or "
        "what read_facts gives"
    )
    raise FactsError([msg])


def facts_from_texts(
    tables: Mapping[str, RawTable],
    problems: Sequence[Problem] = (),
    *,
    path: Path | None = None,
    own_codes: OwnCodes | None = None,
    own_means: OwnCodes | None = None,
) -> Facts:
    """Check texts and give them their types.

    Parameters
    ----------
    tables : mapping of str to RawTable
        What was read, by table.
    problems : sequence of Problem, optional
        What was wrong already; told with the rest.
    path : Path, optional
        The folder that the texts are from.
    own_codes : mapping, optional
        Codes beyond the usual ones, by column, each with its label.
    own_means : mapping, optional
        What they mean, for those that have a meaning.

    Returns
    -------
    Facts
        The facts.

    Raises
    ------
    FactsError
        Anything that breaks a rule.
    """
    codes, means = own_codes or {}, own_means or {}
    found = [*problems, *broken_rules(tables)]
    for table in tables.values():
        found += _bad_cells(table, codes, means)
    if "firms" in tables:
        found += bad_numbers(tables["firms"], means.get(NUMBER, {}))
    if found:
        order = {f"{name}.csv": number for number, name in enumerate(["values", *FACTS])}
        found.sort(key=lambda problem: (order[problem.file.split()[-1]], problem.line))
        raise FactsError([str(problem) for problem in found])
    typed: dict[str, Any] = {name: _typed(name, table.frame) for name, table in tables.items()}
    return Facts(**typed, path=path, own_codes=codes, own_means=means)


def _bad_cells(table: RawTable, own_codes: OwnCodes, own_means: OwnCodes) -> Iterator[Problem]:
    """Cells that break their column's schema, each told once, by the first rule it breaks."""
    name = table.file.removesuffix(".csv")
    there = set(table.frame.columns)
    schema = raw_schema(name, own_codes, own_means)
    schema = schema.remove_columns([column for column in FACTS[name] if column not in there])
    schema.ordered = False
    try:
        schema.validate(table.frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases.drop_duplicates(["column", "index"])
        for case in cases.itertuples(index=False):
            known = schema.columns[case.column].metadata["values"]
            text = breach(name, str(case.column), str(case.failure_case), known, str(case.check))
            row = int(str(case.index))
            if case.column == NUMBER and "region" in there:
                text += number_hint(table.frame["region"].iloc[row])
            yield table.problem(row, f"column {case.column!r}: {text}")


def breach(
    name: str, column: str, value: str | None, known: Mapping[str, str], rule: str = MISSING
) -> str:
    """Say what is wrong with a value of a column.

    Parameters
    ----------
    name, column : str
        The table, and its column.
    value : str or None
        What stands there.
    known : mapping
        The column's codes.
    rule : str
        The name of pandera's check: by default that nothing stands there.

    Returns
    -------
    str
        To follow the name of the column.

    Examples
    --------
    >>> breach("events", "date", "2019-13", {}, "is no date; write YYYY")
    "'2019-13' is no date; write YYYY"
    """
    if rule == MISSING:
        return f"is blank and must not be. {FACTS[name][column].description}"
    if rule != UNKNOWN:
        return f"{value!r} {rule}"
    own = f"; a code of your own belongs into {VALUES_FILE}" if column in OPEN_COLUMNS else ""
    return f"{value!r} {rule}; {nearest_names(str(value), known)}{own}"


def _typed(name: str, texts: pd.DataFrame) -> pd.DataFrame:
    fields = FACTS[name]
    amounts = [column for column, field in fields.items() if field.kind == "amount"]
    return texts[list(fields)].assign(
        **{column: pd.to_numeric(texts[column]).astype("float64") for column in amounts}
    )
