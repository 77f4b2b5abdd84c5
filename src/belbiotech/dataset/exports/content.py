"""What is exported, whatever the program: tables, codebook, codes with labels, a note."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from belbiotech.dataset.catalog.load import load_table
from belbiotech.dataset.documents.citation import about_release, data_work
from belbiotech.dataset.documents.citation_forms import FORMS
from belbiotech.dataset.documents.manifest import ColumnEntry, TableEntry
from belbiotech.dataset.releases.store import Release, open_release
from belbiotech.errors import ReleaseError, in_words, nearest_names

__all__ = ["Content", "codebook_table", "codes_table", "content", "labels", "refuse_altered"]

BESIDE = ("codebook", "codes", "about", "readme", "firm_sources")
ENDS = {"\0", "\r"}
WHOLE = 2**53
LARGEST = 2.0**1023  # Stata's missing values begin here; the limits of SPSS and Excel are higher


@dataclass(frozen=True)
class Content:
    """Tables of a release with what is said of them.

    Attributes
    ----------
    version : str
        The version of the data.
    tables : mapping of str to DataFrame
        The tables by name.
    entries : mapping of str to TableEntry
        What the release's manifest says of each of them.
    note : str
        Version, licence and citation, for people.
    """

    version: str
    tables: Mapping[str, pd.DataFrame]
    entries: Mapping[str, TableEntry]
    note: str


def content(version: str | Path | None, tables: Sequence[str] | None = None) -> Content:
    """Load what shall be exported.

    Parameters
    ----------
    version : str, Path or None
        A version's number or its folder; the newest one that needs no network, if None.
    tables : sequence of str, optional
        Names of the tables; all, if not given.

    Returns
    -------
    Content
        The tables, and what the release says of them.

    Raises
    ------
    ReleaseError
        An unknown version or table, a table whose name the files beside it have, or a text
        without letters, or with some that no program reads.
    """
    release = open_release(version)
    known = release.manifest.tables
    names = list(known) if tables is None else _names(tables)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        told = nearest_names(unknown[0] if unknown else "", known)
        asked = ", ".join(map(str, unknown)) or "(none)"
        msg = f"version {release.version} has no table {asked}; {told}"
        raise ReleaseError(msg)
    if taken := [name for name in names if name.casefold() in BESIDE]:
        msg = f"a table cannot be exported as {taken[0]!r}: a file beside the tables is called so"
        raise ReleaseError(msg)
    frames = {name: load_table(name, release.folder) for name in names}
    for name, frame in frames.items():
        _refuse_unreadable_texts(name, frame)
    entries = {name: _with_all_codes(known[name], frames[name]) for name in names}
    return Content(release.version, frames, entries, _note(release))


def _names(tables: Sequence[str]) -> list[str]:
    """Give each name once; one name alone is no sequence of its letters."""
    several = isinstance(tables, Iterable) and not isinstance(tables, str)
    asked = list(tables) if several else [tables]
    return list(dict.fromkeys(name if isinstance(name, str) else in_words(name) for name in asked))


def codebook_table(content: Content) -> pd.DataFrame:
    """Explain the columns of all exported tables.

    Parameters
    ----------
    content : Content
        What is exported.

    Returns
    -------
    DataFrame
        A row a column of a table.
    """
    rows = [
        {
            "table": name,
            "column": column.name,
            "label": column.title,
            "description": column.description,
            "type": column.dtype,
            "unit": column.unit or None,
            "missing": column.missing,
            "rule": column.rule,
            "since": column.since,
        }
        for name, entry in content.entries.items()
        for column in entry.columns
    ]
    return pd.DataFrame(rows)


def codes_table(content: Content) -> pd.DataFrame:
    """List the codes of all coded columns.

    Parameters
    ----------
    content : Content
        What is exported.

    Returns
    -------
    DataFrame
        A row a code: ``table``, ``column``, ``number`` (from 1 on; codes that are numbers are
        their own), ``code``, ``label``.
    """
    rows = [
        (name, column.name, int(code) if column.dtype != "string" else place, code, label)
        for name, entry in content.entries.items()
        for column in entry.columns
        for place, (code, label) in enumerate(labels(column).items(), start=1)
    ]
    return pd.DataFrame(rows, columns=["table", "column", "number", "code", "label"])


def labels(column: ColumnEntry) -> dict[str, str]:
    """Give each code of a column a label that no other code of it has.

    Parameters
    ----------
    column : ColumnEntry
        A column.

    Returns
    -------
    dict of str to str
        Code to label, in order; where labels are alike, each has its code behind it.

    Examples
    --------
    >>> labels(ColumnEntry("x", "string", 0, allowed={"a": "One", "b": "One"}))
    {'a': 'One (a)', 'b': 'One (b)'}
    """
    told = {code: label or code for code, label in column.allowed.items()}
    if len(set(told.values())) == len(told):
        return told
    return {code: f"{label} ({code})" for code, label in told.items()}


def refuse_altered(values: pd.Series, where: str) -> None:
    """Refuse numbers that Stata, SPSS and Excel, which hold floats alone, would give back altered.

    Parameters
    ----------
    values : Series
        A column.
    where : str
        Which one, for the message.

    Raises
    ------
    ReleaseError
        A whole number beyond the last one up to which a float holds all of them; a number that
        they take for a missing or an infinite one.
    """
    known = values.dropna()
    if pd.api.types.is_integer_dtype(values) and not known.between(-WHOLE, WHOLE).all():
        msg = f"{where}: a number of more than 15 digits would be rounded; export to another format"
        raise ReleaseError(msg)
    if pd.api.types.is_float_dtype(values) and not known.abs().lt(LARGEST).all():
        msg = f"{where}: a number from {LARGEST:.4g} on is none there; export to another format"
        raise ReleaseError(msg)


def _with_all_codes(entry: TableEntry, frame: pd.DataFrame) -> TableEntry:
    """Allow each code that occurs: a region of another country is in no list, and is not lost."""
    columns = []
    for column in entry.columns:
        if column.allowed and column.dtype == "string":
            more = sorted(set(frame[column.name].dropna()) - column.allowed.keys())
            columns.append(replace(column, allowed={**column.allowed, **dict.fromkeys(more, "")}))
        else:
            columns.append(column)
    return replace(entry, columns=tuple(columns))


def _refuse_unreadable_texts(name: str, frame: pd.DataFrame) -> None:
    """Refuse what programs would not give back: nothing at all, or what ends a text for some."""
    for column in frame.columns:
        texts = frame[column]
        empty = texts.index[texts.map(lambda value: value == "").astype(bool)]
        cut = texts.index[texts.map(lambda value: isinstance(value, str) and bool(ENDS & {*value}))]
        if len(empty):
            msg = (
                f"table {name!r}, column {column!r}, row {empty[0]}: a text without letters could "
                "not be told from a missing one; leave it out of the facts"
            )
            raise ReleaseError(msg)
        if len(cut):
            msg = (
                f"table {name!r}, column {column!r}, row {cut[0]}: a text with a sign (of number 0 "
                "or 13) at which other programs would end it or its line; remove it from the facts"
            )
            raise ReleaseError(msg)


def _note(release: Release) -> str:
    about = about_release(release.folder)
    if about is None:
        return f"Data, version {release.version}, built from facts of one's own.\n"
    citation = FORMS["apa"]([data_work(about, release.version)]).strip()
    return (
        f"{about.title}, version {release.version}\n\n{about.description}\n\n"
        f"Licence: {about.licence_name} ({about.licence}), {about.licence_address}\n"
        f"Cite as: {citation}\n"
    )
