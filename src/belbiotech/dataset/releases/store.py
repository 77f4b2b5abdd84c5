"""Where the releases are, and which; each is checked before it is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from belbiotech.dataset.documents.manifest import (
    MANIFEST,
    Manifest,
    check_files,
    file_entry,
    read_manifest,
    refuse_damaged,
)
from belbiotech.dataset.releases.fetch import fetch_release, fetched_releases
from belbiotech.dataset.releases.registry import Registry, read_registry
from belbiotech.dataset.releases.versioning import parse_version
from belbiotech.errors import ReleaseError

__all__ = [
    "Release",
    "data_folder",
    "find_release",
    "installed_releases",
    "open_release",
    "versions",
]


@dataclass(frozen=True)
class Release:
    """A released version whose files all have the sums that its manifest promises."""

    version: str
    folder: Path
    manifest: Manifest


def data_folder() -> Path:
    """Where the releases are: the package's own, or those that ``BELBIOTECH_DATA`` names.

    Returns
    -------
    Path
        A folder with one folder a version.

    Raises
    ------
    ReleaseError
        There is no such folder.
    """
    chosen = os.environ.get("BELBIOTECH_DATA")
    module = Path(__file__).resolve()
    in_wheel, in_repository = module.parents[2] / "_data", module.parents[4] / "data" / "processed"
    places = [Path(chosen).expanduser().resolve()] if chosen else [in_wheel, in_repository]
    for place in places:
        if place.is_dir():
            return place
    msg = f"there is no folder of releases at {places[0]}; " + (
        "BELBIOTECH_DATA must name one" if chosen else "install belbiotech again"
    )
    raise ReleaseError(msg)


def installed_releases(folder: Path) -> dict[str, Path]:
    """Releases that lie in a folder.

    Parameters
    ----------
    folder : Path
        A folder with one folder a version.

    Returns
    -------
    dict of str to Path
        Version to its folder, oldest first.
    """
    found = {path.name: path for path in folder.iterdir() if _is_release(path)}
    return {version: found[version] for version in sorted(found, key=parse_version)}


def versions() -> list[str]:
    """Versions of the data that can be loaded here without a network, oldest first.

    These are the versions in the package and those fetched before. A version that only the
    registry knows is fetched when it is asked for by number.

    Returns
    -------
    list of str
        Ordered by their numbers, so that ``0.10.0`` comes after ``0.9.0``.

    Raises
    ------
    ReleaseError
        There is no folder of releases.

    Examples
    --------
    >>> import belbiotech
    >>> "0.1.0" in belbiotech.versions()
    True
    """
    folder = data_folder()
    installed = installed_releases(folder).keys()
    fetched = fetched_releases(read_registry(folder).manifests.keys() - installed)
    return sorted(installed | fetched.keys(), key=parse_version)


def find_release(version: str) -> Release:
    """Find a release, fetch it if need be, and check its manifest, but not yet its files.

    Parameters
    ----------
    version : str
        A version in the package, in the cache, or in the registry.

    Returns
    -------
    Release
        Where it is, and its manifest.

    Raises
    ------
    ReleaseError
        An unknown version (the known ones are listed), one that cannot be fetched, or a
        manifest that was changed.
    """
    folder = data_folder()
    registry = read_registry(folder)
    place = _place(version, folder, registry)
    promised = registry.manifests.get(version)
    manifest = _manifest(version, place, promised.sha256 if promised else None)
    return Release(version, place, manifest)


def open_release(version: str | None = None) -> Release:
    """Find a release, fetch it if need be, and check each of its files once in a process.

    Parameters
    ----------
    version : str, optional
        The newest one that needs no network, if not given.

    Returns
    -------
    Release
        Where it is, and its manifest.

    Raises
    ------
    ReleaseError
        An unknown version (the known ones are listed), or a damaged release (each damaged file
        is named with the expected and the found sum).
    """
    return _checked(data_folder(), _newest() if version is None else version)


def _is_release(path: Path) -> bool:
    try:
        parse_version(path.name)
    except ReleaseError:
        return False
    return (path / MANIFEST).is_file()


def _newest() -> str:
    """Give the newest version in the package; only where it has none, one fetched before."""
    known = [*installed_releases(data_folder())] or versions()
    if not known:
        msg = f"there is no release in {data_folder()}"
        raise ReleaseError(msg)
    return known[-1]


def _place(version: str, folder: Path, registry: Registry) -> Path:
    installed = installed_releases(folder)
    if version in installed:
        return installed[version]
    if version in registry.manifests:
        return fetch_release(version, registry)
    known = sorted({*installed, *registry.manifests}, key=parse_version)
    msg = f"there is no version {version!r}; the known versions are {', '.join(known) or '(none)'}"
    raise ReleaseError(msg)


@cache
def _checked(folder: Path, version: str) -> Release:
    """Check a release's files, once for each folder; a file that it does not know is no harm."""
    release = find_release(version)
    checked = check_files(release.folder, release.manifest)
    refuse_damaged(release.folder, checked[checked["expected"].notna()])
    return release


def _manifest(version: str, folder: Path, promised: str | None) -> Manifest:
    manifest = read_manifest(folder)
    found = file_entry(folder / MANIFEST).sha256
    if promised is not None and promised != found:
        msg = (
            f"{folder / MANIFEST} is not the one in the registry: "
            f"expected SHA-256 {promised}, found {found}"
        )
        raise ReleaseError(msg)
    if manifest.version != version:
        msg = f"{folder} holds version {manifest.version}, not {version}"
        raise ReleaseError(msg)
    return manifest
