"""What a site is made from: one release, and those before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from belbiotech.dataset.documents.manifest import MANIFEST, Manifest, read_manifest
from belbiotech.dataset.facts.tables import TABLE_NAMES, Tables
from belbiotech.dataset.releases.release import read_release
from belbiotech.dataset.releases.store import (
    data_folder,
    find_release,
    installed_releases,
    versions,
)
from belbiotech.dataset.releases.versioning import parse_version
from belbiotech.errors import ReleaseError

__all__ = ["State", "find_states"]


@dataclass(frozen=True)
class State:
    """One released version.

    Attributes
    ----------
    version : str
        Its number.
    folder : Path
        Where it lies.
    manifest : Manifest
        What it says of its tables and columns.
    tables : Tables
        All its tables.
    """

    version: str
    folder: Path
    manifest: Manifest
    tables: Tables


def find_states(where: str | Path | None = None) -> list[State]:
    """Read the release that is asked for, and those before it.

    Parameters
    ----------
    where : str or Path, optional
        A version of the shipped data; or the folder of a release, as ``belbiotech build`` writes
        it; or a folder of such folders, of which the newest is taken. The newest shipped
        version, if not given.

    Returns
    -------
    list of State
        Oldest first; the last one is the release asked for. Those before it lie in the same
        folder of releases.

    Raises
    ------
    ReleaseError
        There is no such folder or version; a release that is damaged, or lacks a table.
    """
    if where is not None and Path(where).is_dir():
        folders = _beside(Path(where).resolve())
    else:
        folders = _shipped(None if where is None else str(where))
    return [_state(folder) for folder in folders]


def _beside(folder: Path) -> list[Path]:
    """Give a release's folder, after the earlier ones beside it."""
    if (folder / MANIFEST).is_file():
        known = installed_releases(folder.parent)
        older = [path for path in known.values() if _is_before(path, folder)]
        return [*older, folder]
    found = list(installed_releases(folder).values())
    if not found and (folder / "firms.csv").is_file():
        msg = (
            f"{folder} holds facts and no release; make one of them first: "
            f"belbiotech build {folder} --version 0.1.0 --out FOLDER"
        )
        raise ReleaseError(msg)
    if not found:
        msg = (
            f"{folder} holds no release: it has no {MANIFEST}, and no folder with one; make one "
            "with `belbiotech build`, and check it with `belbiotech verify`"
        )
        raise ReleaseError(msg)
    return found


def _is_before(path: Path, folder: Path) -> bool:
    try:
        return parse_version(path.name) < parse_version(folder.name)
    except ReleaseError:
        return False


def _shipped(version: str | None) -> list[Path]:
    known = versions()
    if version is not None and not _is_number(version):
        msg = (
            f"there is no folder {version!r}, and no such version; "
            f"the versions are {', '.join(known) or '(none)'}"
        )
        raise ReleaseError(msg)
    newest = find_release(version or _newest(known))
    limit = parse_version(newest.version)
    older = [number for number in known if parse_version(number) < limit]
    return [*(find_release(number).folder for number in older), newest.folder]


def _newest(known: list[str]) -> str:
    """Give the newest version in the package; only where it has none, one fetched before."""
    installed = [*installed_releases(data_folder())] or known
    if not installed:
        msg = f"there is no release in {data_folder()}"
        raise ReleaseError(msg)
    return installed[-1]


def _is_number(text: str) -> bool:
    try:
        parse_version(text)
    except ReleaseError:
        return False
    return True


def _state(folder: Path) -> State:
    try:
        manifest = read_manifest(folder)
        lacking = [name for name in TABLE_NAMES if name not in manifest.tables]
        if lacking:
            msg = f"the release in {folder} has no table {', '.join(lacking)}"
            raise ReleaseError(msg)
        return State(manifest.version, folder, manifest, read_release(folder))
    except ReleaseError as error:
        named = re.fullmatch(r"\d+\.\d+\.\d+", folder.name) is not None
        first = "" if named else "give the folder the name of its version, such as 1.0.0; then "
        msg = f"{error}\nTo check it: {first}BELBIOTECH_DATA={folder.parent} belbiotech verify"
        raise ReleaseError(msg) from error
