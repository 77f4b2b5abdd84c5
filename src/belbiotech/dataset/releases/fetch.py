"""A release that is not in the package: fetched once with pooch, checked, and kept in a cache."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from belbiotech.dataset.documents.manifest import (
    MANIFEST,
    FileEntry,
    check_files,
    file_entry,
    read_manifest,
    refuse_damaged,
    write_sum,
)
from belbiotech.dataset.releases.download import PART, ResumingDownloader
from belbiotech.dataset.releases.registry import Registry
from belbiotech.errors import ReleaseError, warn

__all__ = ["cache_folder", "fetch_release", "fetched_releases"]

UNFINISHED = ".fetching-"


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
        return Path(chosen).expanduser().resolve()
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
    return {version: folder for version, folder in folders.items() if folder.is_dir()}


def fetch_release(version: str, registry: Registry, *, progress: bool = True) -> Path:
    """Fetch a release into the cache, once; a fetch that was cut off goes on where it was.

    Of a release in the cache that was damaged since, the files that are not as they should be
    are fetched again, with a warning.

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
        There is no address; the extra ``fetch`` is not installed; the server is down, has no
        such release, or sends something else than the registry promises.
    """
    promised = registry.manifests[version]
    before = fetched_releases([version]).get(version)
    damage = _damage(before, promised) if before else ""
    if before and not damage:
        return before
    address = os.environ.get("BELBIOTECH_RELEASES") or registry.address
    if not address:
        state = f"was fetched, but is damaged ({damage})" if damage else "is not in this package"
        msg = (
            f"version {version} {state}, and no release address is set; "
            "name one in the environment variable BELBIOTECH_RELEASES"
        )
        raise ReleaseError(msg)
    _pooch()
    target = cache_folder() / version
    target.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(target):
        folder = target.with_name(f"{UNFINISHED}{version}")
        if target.is_dir() and _set_aside(target, folder, promised):
            msg = f"the fetched version {version} is damaged ({damage}); fetching it again"
            warn(msg, stacklevel=2)
        if not target.is_dir():
            _fill(folder, f"{address.rstrip('/')}/v{version}/", promised, progress)
            folder.rename(target)
    return target


def _damage(folder: Path, promised: FileEntry) -> str:
    """Say what is wrong with a fetched release, or nothing; files it does not know are no harm."""
    try:
        if file_entry(folder / MANIFEST) != promised:
            return f"{MANIFEST} was changed"
        checked = check_files(folder, read_manifest(folder))
    except (ReleaseError, OSError) as error:
        return str(error)
    bad = checked[checked["expected"].notna() & (checked["found"] != checked["expected"])]
    return ", ".join(
        f"{file} {'is missing' if found is None else 'was changed'}"
        for file, found in zip(bad["file"], bad["found"], strict=True)
    )


def _set_aside(target: Path, unfinished: Path, promised: FileEntry) -> bool:
    """Make a damaged release an unfinished one, so that only what is damaged is fetched."""
    if not _damage(target, promised):
        return False  # another process has fetched it again meanwhile
    if unfinished.is_dir():
        shutil.rmtree(unfinished)
    target.rename(unfinished)
    return True


def _fill(folder: Path, address: str, manifest_entry: FileEntry, progress: bool) -> None:
    _fetch_file(folder, address, MANIFEST, manifest_entry, progress)
    write_sum(folder)
    manifest = read_manifest(folder)
    for name, entry in manifest.files.items():
        _fetch_file(folder, address, name, entry, progress)
    checked = check_files(folder, manifest)
    refuse_damaged(folder, checked[checked["expected"].notna()])


def _fetch_file(folder: Path, address: str, name: str, entry: FileEntry, progress: bool) -> None:
    """Fetch one file; if it was pieced together and came out wrong, once more from its start."""
    source = _pooch().create(
        folder, address, registry={name: f"sha256:{entry.sha256}"}, retry_if_failed=0
    )
    downloader = ResumingDownloader(entry.bytes, progress)
    pieced = (folder / f"{name}{PART}").exists()
    for last in (False, True) if pieced else (True,):
        try:
            with _quiet():
                source.fetch(name, downloader=downloader)
            return
        except ValueError as error:
            if last:
                msg = f"{address}{name} is not what the release promises: {error}"
                raise ReleaseError(msg) from error


@contextmanager
def _one_at_a_time(target: Path) -> Iterator[None]:
    """Let no two processes fetch the same release into the same folder."""
    from filelock import FileLock

    with FileLock(target.with_name(f".{target.name}.lock")):
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep pooch from printing what the progress bar says already."""
    logger = _pooch().get_logger()
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _pooch() -> Any:
    try:
        import filelock  # noqa: F401
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
