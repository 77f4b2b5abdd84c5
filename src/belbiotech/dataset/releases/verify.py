"""Are the releases what they were? Every file and every value, checked anew."""

from __future__ import annotations

import pandas as pd

from belbiotech.dataset.documents.manifest import MANIFEST, check_files, file_entry, refuse_damaged
from belbiotech.dataset.releases.parquet import content_hash, read_released, typed_table
from belbiotech.dataset.releases.store import (
    Release,
    data_folder,
    find_release,
    tell_of_newer,
    versions,
)
from belbiotech.errors import ReleaseError

__all__ = ["verify"]


def verify(version: str | None = None) -> pd.DataFrame:
    """Check releases anew, each file and the values in each table.

    Parameters
    ----------
    version : str, optional
        All that need no network, if not given; a warning tells of a newer one that the
        registry knows.

    Returns
    -------
    DataFrame
        A row a file: ``version``, ``file``, ``bytes``, ``sha256``, and ``content_hash`` where
        the file holds a table.

    Raises
    ------
    ReleaseError
        A file that is missing, changed or not part of its release; values that do not have
        their sum. Every such file is named with the expected and the found sum.

    Examples
    --------
    >>> import belbiotech
    >>> report = belbiotech.verify("0.1.0")
    >>> set(report["version"])
    {'0.1.0'}
    """
    known = versions() if version is None else [version]
    if not known:
        msg = "there is no release to check"
        raise ReleaseError(msg)
    if version is None:
        tell_of_newer(data_folder(), known[-1])
    return pd.concat([_report(find_release(number)) for number in known], ignore_index=True)


def _report(release: Release) -> pd.DataFrame:
    folder, manifest = release.folder, release.manifest
    refuse_damaged(folder, check_files(folder, manifest))
    _refuse_other_values(release)
    contents = {entry.file: entry.content_hash for entry in manifest.tables.values()}
    files = {MANIFEST: file_entry(folder / MANIFEST), **manifest.files}
    rows = [
        (release.version, name, entry.bytes, entry.sha256, contents.get(name))
        for name, entry in files.items()
    ]
    return pd.DataFrame(rows, columns=["version", "file", "bytes", "sha256", "content_hash"])


def _refuse_other_values(release: Release) -> None:
    """Read each table and sum its values: a writer or reader that alters them shows here."""
    for name, entry in release.manifest.tables.items():
        frame = read_released(release.folder, release.manifest, name)
        found = content_hash(typed_table(frame))
        if found != entry.content_hash:
            msg = (
                f"{release.folder / entry.file} gives other values than were released: "
                f"expected content hash {entry.content_hash}, found {found}"
            )
            raise ReleaseError(msg)
        told = (entry.rows, {column.name: column.missing for column in entry.columns})
        if told != (len(frame), frame.isna().sum().to_dict()):
            msg = f"{release.folder / MANIFEST} counts other rows or missing values in {name}"
            raise ReleaseError(msg)
