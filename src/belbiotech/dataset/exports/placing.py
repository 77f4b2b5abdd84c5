"""A file or folder that is written aside first, and takes the place of an old one whole.

The old one stays until the new one stands. A file, and on Linux a folder, too, changes places
with the old one in one step of the system; elsewhere a folder moves in two, and whatever happens
between them, an exception or the end of the process, the old one is put back, by this run or the
next.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from belbiotech.dataset.releases.lock import locked
from belbiotech.dataset.releases.staging import check_overwrite, new_folder, to_disk
from belbiotech.dataset.releases.staging import exchanged as _exchanged
from belbiotech.errors import ReleaseError, WriteError

__all__ = ["placed"]

ASIDE = ".belbiotech-export-"
NEW, OLD = "new", "old"


@contextmanager
def placed(target: Path, *, overwrite: bool, whatever: bool = False) -> Iterator[Path]:
    """Give a path to write to, and move what was written there to its place.

    Parameters
    ----------
    target : Path
        Where the file or folder shall be; if it is a link, where that points to.
    overwrite : bool
        Whether what is there may be replaced. A folder is, only if it holds nothing but files
        that are written anew.
    whatever : bool
        Whether a folder may be replaced whatever it holds: the caller has looked.

    Yields
    ------
    Path
        A path beside the target where nothing is yet.

    Raises
    ------
    ReleaseError
        Something is there that may not be replaced, or another process is writing there.
    WriteError
        The disk is full, or the place cannot be written to. What was there is left as it was.
    """
    check_overwrite(overwrite)
    with _told_if_full(target):
        place = target.resolve() if target.is_symlink() else target
        _refuse_taken(target, place, overwrite)
        place.parent.mkdir(parents=True, exist_ok=True)
        with locked(place.with_name(f".{place.name}.lock"), f"write {place.name}"):
            _put_back_and_sweep(place)
            _refuse_taken(target, place, overwrite)
            aside = new_folder(place.parent, f"{ASIDE}{place.name}-")
            try:
                yield aside / NEW
                to_disk(aside)
                _refuse_taken(target, place, overwrite)
                if place.is_dir() and not whatever:
                    _refuse_others(place, aside / NEW)
                _take_the_place(place, aside)
                to_disk(place.parent, deep=False)
            finally:
                _clear(place, aside)


def _take_the_place(place: Path, aside: Path) -> None:
    new, old = aside / NEW, aside / OLD
    if not place.is_dir():
        if place.exists():
            new.chmod(place.stat().st_mode & 0o7777)
        new.replace(place)
        return
    if _exchanged(new, place):
        return
    place.rename(old)
    new.rename(place)


def _clear(place: Path, aside: Path) -> None:
    """Remove what lies aside, but never an old one that has no place."""
    old = aside / OLD
    if os.path.lexists(old) and not os.path.lexists(place):
        old.rename(place)
    shutil.rmtree(aside, ignore_errors=True)


def _put_back_and_sweep(place: Path) -> None:
    """Clear up after runs that were killed."""
    name = re.compile(re.escape(f"{ASIDE}{place.name}-") + "[0-9a-f]{16}")
    for aside in sorted(place.parent.iterdir()):
        if name.fullmatch(aside.name) and aside.is_dir() and not aside.is_symlink():
            _clear(place, aside)


def _refuse_taken(target: Path, place: Path, overwrite: bool) -> None:
    if os.path.lexists(place) and not overwrite:
        msg = f"{target} exists already; name another place, or say --overwrite (overwrite=True)"
        raise ReleaseError(msg)


def _refuse_others(place: Path, new: Path) -> None:
    """Refuse to replace a folder that holds anything but what comes anew."""
    written = {path.name for path in new.iterdir()} if new.is_dir() else set()
    others = sorted(
        path.name for path in place.iterdir() if path.is_dir() or path.name not in written
    )
    if others or not new.is_dir():
        held = ", ".join(others[:5]) or "other files"
        msg = f"{place} is a folder that holds what was not exported now ({held}); move it away"
        raise ReleaseError(msg)


@contextmanager
def _told_if_full(target: Path) -> Iterator[None]:
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        msg = f"{target} could not be written: {error}; make room, or name another place"
        raise WriteError(msg) from error
