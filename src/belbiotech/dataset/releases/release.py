"""Tables -> one version on disk: Parquet files, documents, and a manifest of it all.

The same tables give the same bytes, in any folder, time zone and locale: rows are sorted, the
Parquet writer's settings are fixed, and nothing holds a time, a path or a machine's name.
Parquet files name the version of pyarrow that wrote them, so another one gives other bytes;
each table's content hash stays the same then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.dataset.documents.citation import about_release
from belbiotech.dataset.documents.manifest import (
    MANIFEST,
    ColumnEntry,
    FileEntry,
    Manifest,
    TableEntry,
    check_files,
    file_entry,
    manifest_texts,
    read_manifest,
    refuse_damaged,
)
from belbiotech.dataset.documents.manifest_form import FormError, checked_name
from belbiotech.dataset.documents.texts import documents
from belbiotech.dataset.releases.lock import locked
from belbiotech.dataset.releases.parquet import (
    content_hash,
    dtype_name,
    read_released,
    typed_table,
    write_table,
)
from belbiotech.dataset.releases.registry import REGISTRY, registered, registry_text, without
from belbiotech.dataset.releases.staging import Records, check_overwrite, recorded, staged, to_disk
from belbiotech.dataset.releases.store import known_registry
from belbiotech.dataset.releases.versioning import parse_version
from belbiotech.errors import ReleaseError, WriteError

if TYPE_CHECKING:
    from belbiotech.dataset.documents.citation import About
    from belbiotech.dataset.facts.tables import ReleaseTables, Tables

__all__ = [
    "draft_manifest",
    "fill_release",
    "new_release",
    "raw_entries",
    "read_release",
    "write_release",
]

LOCK = ".belbiotech.lock"


def write_release(
    tables: ReleaseTables,
    version: str,
    out: Path | str,
    *,
    raw: Path | str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write one version, whole or not at all, and enter it in the registry beside it.

    Parameters
    ----------
    tables : Tables
        As :func:`belbiotech.build` gives them.
    version : str
        The version's number, as in ``0.1.0``.
    out : Path or str
        The folder of releases; the version gets a folder in it.
    raw : Path or str, optional
        The folder of the facts, whose sums the manifest shall hold.
    overwrite : bool
        Whether a build of this number may be replaced. One that was released, and so says who
        made it and how to cite it, never is.

    Returns
    -------
    Path
        The version's folder.

    Raises
    ------
    ReleaseError
        No version number, a version that exists already or did with other data (with
        ``overwrite``: one that was released), a table that a release cannot hold, another process
        that holds the folder for too long, or a place that cannot be written to. Nothing is
        written then.
    """
    parse_version(version)
    check_overwrite(overwrite)
    manifest = draft_manifest(tables, version, raw)
    target = Path(out) / version
    if overwrite:
        _refuse_released(target)
    elif (target / MANIFEST).is_file() and about_release(target) is None:
        msg = (
            f"{target} exists already, and released data never changes; choose the next version "
            "number, or say --overwrite (overwrite=True) if this one was never released"
        )
        raise ReleaseError(msg)
    with new_release(target, f"build {version}", replace=overwrite) as (folder, records):
        fill_release(folder, tables, manifest)
        known = known_registry(target.parent)
        if overwrite:
            known = without(known, version)
        entered = registered(known, version, file_entry(folder / MANIFEST))
        to_disk(folder)  # which takes its time: between the registry and the move there is little
        records.replace(target.parent / REGISTRY, registry_text(entered))
    return target


def _refuse_released(target: Path) -> None:
    """Refuse to replace what was released, and what is no build at all."""
    if not target.exists():
        return
    if not (target / MANIFEST).is_file():
        msg = f"{target} is no build of a panel (no {MANIFEST}); move it away, or choose another"
        raise ReleaseError(msg)
    if about_release(target) is not None:
        msg = (
            f"{target} was released, and released data never changes, not even with overwrite; "
            "choose the next version number"
        )
        raise ReleaseError(msg)


@contextmanager
def new_release(
    target: Path, what: str, *, replace: bool = False
) -> Iterator[tuple[Path, Records]]:
    """Let one process at a time make a release: its folder and its records, all or nothing.

    Parameters
    ----------
    target : Path
        Where its folder shall be.
    what : str
        What is done, for those who wait.
    replace : bool
        Whether a folder that is there makes room.

    Yields
    ------
    tuple of Path and Records
        An empty folder to fill, and what replaces records; both are undone by any exception.

    Raises
    ------
    ReleaseError
        The release is there already, or another process is at it for too long.
    WriteError
        It cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            locked(target.parent / LOCK, what),
            recorded(target) as records,
            staged(target, replace=replace) as folder,
        ):
            yield folder, records
    except WriteError:
        raise
    except OSError as error:
        msg = f"could not {what} in {target.parent}: {error}; make room, or give another place"
        raise WriteError(msg) from error


def draft_manifest(tables: ReleaseTables, version: str, raw: Path | str | None = None) -> Manifest:
    """Describe a release before anything of it is written: all but its files.

    Parameters
    ----------
    tables : Tables
        As :func:`belbiotech.build` gives them.
    version : str
        The version's number.
    raw : Path or str, optional
        The folder of the facts.

    Returns
    -------
    Manifest
        With no files yet.

    Raises
    ------
    ReleaseError
        A column of a type that a release does not hold, or with values of several types.
    """
    try:
        for name in [name for name, _ in tables.items()]:
            checked_name(name, "table")
    except FormError as error:
        msg = f"these tables cannot be released: {error}"
        raise ReleaseError(msg) from error
    own = [tables.parameters.get(name, {}) for name in ("own_codes", "own_means")]
    entries = {name: _table_entry(name, frame, *own) for name, frame in tables.items()}
    sums = {} if raw is None else raw_entries(raw)
    return Manifest(version, dict(tables.parameters), entries, raw=sums)


def raw_entries(facts: Path | str) -> dict[str, FileEntry]:
    """Sum the files of facts.

    Parameters
    ----------
    facts : Path or str
        The folder of the facts.

    Returns
    -------
    dict of str to FileEntry
        By name of the CSV file, in order.
    """
    return {path.name: file_entry(path) for path in sorted(Path(facts).glob("*.csv"))}


def fill_release(
    folder: Path,
    tables: ReleaseTables,
    draft: Manifest,
    extra: Mapping[str, str] | None = None,
    *,
    about: About | None = None,
) -> Manifest:
    """Write all files of a release into an empty folder.

    Parameters
    ----------
    folder : Path
        The folder.
    tables : Tables
        As :func:`belbiotech.build` gives them.
    draft : Manifest
        As :func:`draft_manifest` gives it.
    extra : mapping of str to str, optional
        Further text files: name to text.
    about : About, optional
        What the release says of itself; not known for facts of one's own.

    Returns
    -------
    Manifest
        With the sums of all files.
    """
    for name, frame in tables.items():
        write_table(typed_table(frame), folder / draft.tables[name].file)
    draft = replace(draft, files=_entries(folder))
    _write_texts(folder, {**documents(tables, draft, about), **(extra or {})})
    manifest = replace(draft, files=_entries(folder))
    _write_texts(folder, manifest_texts(manifest))
    return manifest


def read_release(folder: Path) -> Tables:
    """Read all tables of a release back, after a check of its files.

    Parameters
    ----------
    folder : Path
        The release.

    Returns
    -------
    Tables
        As they were given to :func:`write_release`, their rows sorted.

    Raises
    ------
    ReleaseError
        A file that is missing or changed, or other tables than those of a panel.
    """
    from belbiotech.dataset.facts.tables import TABLE_NAMES, Tables

    manifest = read_manifest(folder)
    if set(manifest.tables) != set(TABLE_NAMES):
        msg = f"the release in {folder} has not the tables {', '.join(TABLE_NAMES)}, all of them"
        raise ReleaseError(msg)
    if not {"end_year", "alliance_window"} <= manifest.parameters.keys():
        msg = f"the release in {folder} does not say its end_year and alliance_window"
        raise ReleaseError(msg)
    refuse_damaged(folder, check_files(folder, manifest), foreign=False)
    frames = {name: read_released(folder, manifest, name) for name in manifest.tables}
    return Tables(**frames, parameters=dict(manifest.parameters))


def _table_entry(
    name: str,
    frame: pd.DataFrame,
    own_codes: Mapping[str, dict[str, str]],
    own_means: Mapping[str, dict[str, str]],
) -> TableEntry:
    from belbiotech.dataset.panel.schemas import PROCESSED, processed_schema

    schema = processed_schema(name, own_codes, own_means) if name in PROCESSED else None
    try:
        columns = tuple(_column_entry(frame[column], schema) for column in frame)
        total = content_hash(typed_table(frame))
    except ReleaseError as error:
        msg = f"table {name!r} cannot be released: {error}"
        raise ReleaseError(msg) from error
    description = schema.description if schema else ""
    return TableEntry(f"{name}.parquet", len(frame), total, description or "", columns)


def _column_entry(column: pd.Series, schema: Any) -> ColumnEntry:
    """Join what the data says of a column with what its schema says."""
    name = str(column.name)
    entry = ColumnEntry(name, dtype_name(column), int(column.isna().sum()))
    if schema is None or name not in schema.columns:
        return entry
    told = schema.columns[name]
    allowed = dict(told.metadata["values"])
    if allowed and entry.dtype == "string":  # regions of other countries are accepted unlisted
        more = sorted(set(column.dropna()) - set(allowed))
        allowed |= dict.fromkeys(more, "")
    return replace(
        entry,
        title=told.title,
        description=told.description,
        unit=told.metadata["unit"],
        allowed=allowed,
        rule=told.metadata["rule"],
        since=told.metadata["since"],
    )


def _entries(folder: Path) -> dict[str, FileEntry]:
    return {path.name: file_entry(path) for path in sorted(folder.iterdir())}


def _write_texts(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
