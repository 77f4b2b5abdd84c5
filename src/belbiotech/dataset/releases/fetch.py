"""A release that is not in the package: fetched once, checked, and kept in a cache."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from belbiotech.dataset.documents.manifest import (
    MANIFEST,
    MANIFEST_SUM,
    FileEntry,
    check_files,
    damage,
    file_entry,
    read_manifest,
    read_promised,
    refuse_damaged,
    write_sum,
)
from belbiotech.dataset.releases.download import PART, download
from belbiotech.dataset.releases.lock import locked
from belbiotech.dataset.releases.places import shown_address, user_path
from belbiotech.dataset.releases.registry import Registry
from belbiotech.dataset.releases.staging import to_disk
from belbiotech.errors import ReleaseError, WriteError, warn

__all__ = ["cache_folder", "fetch_release", "fetched_releases"]

UNFINISHED = ".fetching-"
LONGEST = 3600.0  # seconds for all files of a release


def cache_folder() -> Path:
    """Where fetched releases are kept.

    Returns
    -------
    Path
        What the environment variable ``BELBIOTECH_CACHE`` names, else this platform's folder
        for caches.

    Raises
    ------
    ReleaseError
        Neither is known, since pooch is not installed.
    """
    chosen = os.environ.get("BELBIOTECH_CACHE")
    if chosen:
        return user_path(chosen, "BELBIOTECH_CACHE")
    return Path(_pooch().os_cache("belbiotech"))


def fetched_releases(versions: Iterable[str]) -> dict[str, Path]:
    """Find those of some releases that have been fetched before.

    Parameters
    ----------
    versions : iterable of str
        Releases that the registry knows and the package does not hold.

    Returns
    -------
    dict of str to Path
        Version to its folder in the cache.
    """
    asked = list(versions)
    try:
        folders = {version: cache_folder() / version for version in asked}
    except ReleaseError:
        return {}
    return {version: folder for version, folder in folders.items() if os.path.lexists(folder)}


def fetch_release(version: str, registry: Registry, *, progress: bool = True) -> Path:
    """Fetch a release into the cache, once; a fetch that was cut off goes on where it was.

    Of a release in the cache that was damaged since, the files that are not as they should be
    are fetched again, and what is not part of it is removed, with a warning.

    Parameters
    ----------
    version : str
        A version that the registry knows.
    registry : Registry
        Sums of the manifests, and the address. The environment variable
        ``BELBIOTECH_RELEASES`` names another address.
    progress : bool
        Whether to show progress bars; only ever on a terminal.

    Returns
    -------
    Path
        The release's folder in the cache, every file of it checked.

    Raises
    ------
    ReleaseError
        There is no address; the extra ``fetch`` is not installed; the server is down, too slow,
        has no such release, or sends something else than the registry promises; another process
        is at it and gets no further.
    WriteError
        The folder for fetched releases cannot be used.
    """
    promised = registry.manifests[version]
    before = fetched_releases([version]).get(version)
    damaged = _damage(before, promised) if before else []
    if before and not damaged:
        return before
    address = os.environ.get("BELBIOTECH_RELEASES") or registry.address
    if not address and not _is_whole(before, promised):
        told = _in_short(damaged)
        state = f"was fetched, but is damaged ({told})" if before else "is not in this package"
        msg = (
            f"version {version} {state}, and no release address is set; "
            "name one in the environment variable BELBIOTECH_RELEASES"
        )
        raise ReleaseError(msg)
    _pooch()
    target = cache_folder() / version
    with _told_if_unusable(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = target.with_name(f"{UNFINISHED}{version}")
        lock = target.with_name(f".{version}.lock")
        with locked(lock, f"fetch {version}", progress=lambda: _amount(folder)):
            if os.path.lexists(target):
                damaged = _damage(target, promised)
                if not damaged:
                    return target  # another process has fetched it meanwhile
                told = f"the fetched version {version} is damaged ({_in_short(damaged)})"
                msg = f"{told}; fetching it again, as far as need be"
                warn(msg)
                _remove(folder)
                target.rename(folder)
            _fill(folder, f"{(address or '').rstrip('/')}/v{version}/", promised, progress)
            _refuse_other_version(folder, version)
            to_disk(folder)
            folder.rename(target)
            to_disk(target.parent, deep=False)
    return target


def _damage(folder: Path, promised: FileEntry, *, foreign: bool = True) -> list[str]:
    """Say what is wrong with a fetched release."""
    try:
        return damage(check_files(folder, read_promised(folder, promised)), foreign=foreign)
    except (ReleaseError, OSError) as error:
        return [str(error)]


def _is_whole(folder: Path | None, promised: FileEntry) -> bool:
    """Tell whether all of a release is there, whatever else is."""
    return folder is not None and not _damage(folder, promised, foreign=False)


def _in_short(damaged: Iterable[str]) -> str:
    return ", ".join(line.split(":")[0].split(" (")[0] for line in damaged)


def _amount(folder: Path) -> int:
    """Bytes that have come: for others, a sign that a fetch goes on."""
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:
        return 0


def _fill(folder: Path, address: str, promised: FileEntry, progress: bool) -> None:
    """Fetch what is not there or not right, and leave nothing else in the folder."""
    ends = time.monotonic() + LONGEST
    if folder.is_symlink() or not folder.is_dir():
        _remove(folder)
        folder.mkdir()
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_file():
            _remove(path)
    _fetch_file(folder / MANIFEST, address, promised, ends, progress)
    write_sum(folder)
    manifest = read_promised(folder, promised)
    wanted = {MANIFEST, MANIFEST_SUM, *manifest.files}
    _keep_only(folder, wanted | {f"{name}{PART}" for name in manifest.files})
    for name, entry in manifest.files.items():
        _fetch_file(folder / name, address, entry, ends, progress)
    _keep_only(folder, wanted)
    refuse_damaged(folder, check_files(folder, manifest))


def _fetch_file(path: Path, address: str, entry: FileEntry, ends: float, progress: bool) -> None:
    """Fetch one file; if it was pieced together and came out wrong, once more from its start."""
    if path.is_file() and file_entry(path) == entry:
        return
    part = path.with_name(f"{path.name}{PART}")
    pieced = part.exists()
    for last in (False, True) if pieced else (True,):
        download(f"{address}{path.name}", part, entry.bytes, ends=ends, progress=progress)
        found = file_entry(part)
        if found == entry:
            part.replace(path)
            return
        part.unlink()
        if last:
            where = shown_address(f"{address}{path.name}")
            told = f"expected SHA-256 {entry.sha256}, found {found.sha256}"
            msg = f"{where} is not what the release promises: {told}"
            raise ReleaseError(msg)


def _keep_only(folder: Path, names: Iterable[str]) -> None:
    kept = set(names)
    for path in folder.iterdir():
        if path.name not in kept:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _refuse_other_version(folder: Path, version: str) -> None:
    found = read_manifest(folder).version
    if found != version:
        msg = f"what was fetched as version {version} says that it is {found}; not used"
        raise ReleaseError(msg)


@contextmanager
def _told_if_unusable(folder: Path) -> Iterator[None]:
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        msg = (
            f"the folder for fetched releases, {folder}, cannot be used: {error}; "
            "make room, or name another one in the environment variable BELBIOTECH_CACHE"
        )
        raise WriteError(msg) from error


def _pooch() -> Any:
    try:
        import pooch
        import requests  # noqa: F401
        import tqdm  # noqa: F401
    except ImportError as error:
        msg = (
            f"fetching a release needs {error.name}, which is not installed; "
            "install the extra: pip install 'belbiotech[fetch]'"
        )
        raise ReleaseError(msg) from error
    return pooch
