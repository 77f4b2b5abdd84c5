"""Where the releases are, and which; each is checked before it is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from belbiotech.dataset.documents.manifest import (
    MANIFEST,
    Manifest,
    check_files,
    file_entry,
    read_manifest,
    read_promised,
    refuse_damaged,
)
from belbiotech.dataset.releases.fetch import fetch_release, fetched_releases
from belbiotech.dataset.releases.places import user_path
from belbiotech.dataset.releases.registry import (
    REGISTRY,
    Registry,
    read_registry,
    registered,
)
from belbiotech.dataset.releases.versioning import parse_version
from belbiotech.errors import ReleaseError, in_words, warn

__all__ = [
    "Release",
    "data_folder",
    "find_release",
    "installed_releases",
    "known_registry",
    "names_folder",
    "open_release",
    "release_at",
    "release_in",
    "tell_of_newer",
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
    places = [user_path(chosen, "BELBIOTECH_DATA")] if chosen else [in_wheel, in_repository]
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
        Version to its folder, oldest first. Whatever has a version as its name is one: without
        its manifest it is a damaged one, and is told of when it is opened.
    """
    found = {path.name: path for path in folder.iterdir() if _is_version(path.name)}
    return {version: found[version] for version in sorted(found, key=parse_version)}


def known_registry(folder: Path) -> Registry:
    """Read the registry of a folder of releases; where there is none, make one of what is there.

    Parameters
    ----------
    folder : Path
        A folder with one folder a version.

    Returns
    -------
    Registry
        The one that is there; else one that knows all releases of the folder.

    Raises
    ------
    ReleaseError
        A registry or a manifest that is damaged.
    """
    if (folder / REGISTRY).exists():
        return read_registry(folder)
    registry = Registry()
    for version in installed_releases(folder):
        release = release_in(folder, version)
        registry = registered(registry, version, file_entry(release.folder / MANIFEST))
    return registry


def release_in(releases: Path, version: str) -> Release:
    """Read the manifest of a release in a folder of releases, but check none of its files yet.

    Parameters
    ----------
    releases : Path
        The folder with one folder a version.
    version : str
        A version that lies there.

    Returns
    -------
    Release
        Where it is, and its manifest.

    Raises
    ------
    ReleaseError
        A manifest that is missing, changed, of another version, or not in the registry.
    """
    place = releases / version
    if not (releases / REGISTRY).exists():
        return _own(Release(version, place, read_manifest(place)))
    registry = read_registry(releases)
    if version not in registry.manifests:
        msg = (
            f"{place} is not in {releases / REGISTRY}, so nothing says that it is what was "
            "released; restore the registry, or release it anew"
        )
        raise ReleaseError(msg)
    return _own(Release(version, place, read_promised(place, registry.manifests[version])))


def versions() -> list[str]:
    """Versions of the data that can be loaded here without a network, oldest first.

    These are the versions in the package and those fetched before. A version that only the
    registry knows is fetched when it is asked for by number. A version that lies here damaged
    is among them, and is refused when it is loaded.

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


def tell_of_newer(folder: Path, newest: str) -> None:
    """Warn of a version that the registry knows, newer than the newest that is here.

    Parameters
    ----------
    folder : Path
        A folder of releases.
    newest : str
        The newest version that can be loaded without a network.
    """
    latest = max(read_registry(folder).manifests, key=parse_version, default=newest)
    if parse_version(latest) > parse_version(newest):
        msg = (
            f"version {latest} is in the registry, but not here, so this is {newest}; "
            f"ask for '{latest}' to fetch it, or for '{newest}' to be told no more"
        )
        warn(msg)


def names_folder(version: object) -> bool:
    """Tell whether a folder is meant, not the number of a version.

    Parameters
    ----------
    version : object
        What was asked for.

    Returns
    -------
    bool
        True for a path; for a text that is no number if it has a slash or is a folder's name.

    Examples
    --------
    >>> names_folder("1.0.0"), names_folder("./1.0.0"), names_folder(Path("1.0.0"))
    (False, True, True)
    """
    if not isinstance(version, str):
        return isinstance(version, os.PathLike)
    if _is_version(version) or not version or "\0" in version:
        return False
    if any(sign in version for sign in "/\\"):
        return True
    try:
        return Path(version).is_dir()
    except OSError:  # too long for a name: no folder has it
        return False


def release_at(folder: Path) -> Release:
    """Find the release in a folder that was named by its path, but check none of its files yet.

    Parameters
    ----------
    folder : Path
        A built version, or a folder of such: the newest of them then.

    Returns
    -------
    Release
        Where it is, and its manifest.

    Raises
    ------
    ReleaseError
        A folder without a release, or one that is not what the registry beside it says.
    """
    if (folder / MANIFEST).is_file():
        place = folder.resolve()
        if _is_version(place.name) and (place.parent / REGISTRY).exists():
            return release_in(place.parent, place.name)
        manifest = read_manifest(folder)
        return Release(manifest.version, folder, manifest)
    if not folder.is_dir():
        msg = f"there is no folder {folder}; name a built one, or a version like '1.0.0'"
        raise ReleaseError(msg)
    if inside := installed_releases(folder):
        tell_of_newer(folder, list(inside)[-1])
        return release_in(folder, list(inside)[-1])
    facts = (folder / "firms.csv").is_file()
    msg = f"{folder} holds no built version (no {MANIFEST}); " + (
        "these are facts: build them (belbiotech build, or belbiotech.build) first"
        if facts
        else "name the folder that belbiotech build has written"
    )
    raise ReleaseError(msg)


def find_release(version: str | Path) -> Release:
    """Find a release, fetch it if need be, and check its manifest, but not yet its files.

    Parameters
    ----------
    version : str or Path
        A version in the package, in the cache, or in the registry; or a folder with a built one.

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
    if names_folder(version):
        return release_at(Path(version))
    folder = data_folder()
    registry = read_registry(folder)
    installed = installed_releases(folder)
    if isinstance(version, str) and version in installed:
        if not (folder / REGISTRY).exists():
            _tell_no_registry(folder)
        return release_in(folder, version)
    if isinstance(version, str) and version in registry.manifests:
        place = fetch_release(version, registry)
        manifest = read_promised(place, registry.manifests[version])
        return _own(Release(version, place, manifest))
    known = ", ".join(sorted({*installed, *registry.manifests}, key=parse_version)) or "(none)"
    msg = f"there is no version {in_words(version)}; the known versions are {known}"
    raise ReleaseError(msg)


def open_release(version: str | Path | None = None) -> Release:
    """Find a release, fetch it if need be, and check each of its files; again if one was touched.

    Parameters
    ----------
    version : str or Path, optional
        The newest one that needs no network, if not given. If a newer one is known, but not
        here, a warning says so. A path is that of a folder with a built version.

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
    release = find_release(_newest() if version is None else version)
    _checked(_Marked(release, _marks(release)))
    return release


@dataclass(frozen=True)
class _Marked:
    """A release with what tells whether its files were touched since they were checked."""

    release: Release
    marks: tuple[object, ...]

    def __hash__(self) -> int:
        return hash((self.release.folder, self.marks))


def _marks(release: Release) -> tuple[object, ...]:
    """Give number on the disk, size and times of each file of a release."""
    found: list[object] = []
    for name in release.manifest.files:
        path = release.folder / name
        told = path.stat() if os.path.isfile(path) else None
        found += [name, told and (told.st_ino, told.st_size, told.st_mtime_ns, told.st_ctime_ns)]
    return tuple(found)


@lru_cache(maxsize=64)
def _checked(marked: _Marked) -> None:
    """Check a release's files, once as long as none is touched; a foreign file is no harm."""
    release = marked.release
    refuse_damaged(release.folder, check_files(release.folder, release.manifest), foreign=False)


def _is_version(name: str) -> bool:
    try:
        parse_version(name)
    except ReleaseError:
        return False
    return True


def _newest() -> str:
    """Give the newest version in the package; only where it has none, one fetched before."""
    folder = data_folder()
    known = [*installed_releases(folder)] or versions()
    if not known:
        msg = f"there is no release in {folder}"
        raise ReleaseError(msg)
    tell_of_newer(folder, known[-1])
    return known[-1]


def _own(release: Release) -> Release:
    """Refuse a release that lies where another one belongs."""
    if release.manifest.version != release.version:
        msg = f"{release.folder} holds version {release.manifest.version}, not {release.version}"
        raise ReleaseError(msg)
    return release


def _tell_no_registry(folder: Path) -> None:
    """Say that nothing vouches for one's own releases; the package always has its registry."""
    if not os.environ.get("BELBIOTECH_DATA"):
        msg = f"{folder / REGISTRY} is missing: the package is damaged; install belbiotech again"
        raise ReleaseError(msg)
    msg = (
        f"{folder} has no {REGISTRY}, so nothing says that its releases are what was released; "
        "restore it, or build the next version there, which writes one"
    )
    warn(msg)
