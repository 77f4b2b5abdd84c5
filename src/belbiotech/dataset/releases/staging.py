"""Folders and text files that are there whole or not at all, and records that can be taken back.

What is written gets a name that nobody can guess, is made anew and never through a link, is on
the disk before it takes its place, and takes it by one rename. Modes are what the user's umask
leaves, or what the file had before.
"""

from __future__ import annotations

import ctypes
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from belbiotech.errors import ReleaseError, in_words

__all__ = [
    "Records",
    "check_overwrite",
    "exchanged",
    "new_folder",
    "recorded",
    "replace_text",
    "staged",
    "sweep",
    "to_disk",
]

UNFINISHED = ".unfinished-"
RANDOM = 8  # bytes of a name's random end
OLD = "-old"  # ends the name of a folder that makes room
TAKEN = re.compile(re.escape(UNFINISHED) + f"(.+)-[0-9a-f]{{{2 * RANDOM}}}{OLD}")
AT_CWD, EXCHANGE = -100, 2  # of renameat2, see renameat2(2)


def check_overwrite(overwrite: object) -> None:
    """Refuse what is neither True nor False.

    Raises
    ------
    ReleaseError
        A text, a list, a missing value.
    """
    if not isinstance(overwrite, (bool, np.bool_)):
        msg = f"overwrite is {in_words(overwrite)}: it must be True or False"
        raise ReleaseError(msg)


@contextmanager
def staged(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give a new folder to fill, and move it to its place once all of it is on the disk.

    Parameters
    ----------
    target : Path
        Where the folder shall be. What killed runs left beside it is removed first.
    replace : bool
        Whether a folder that is there makes room, once the new one is on the disk.

    Yields
    ------
    Path
        An empty folder on the same disk, hidden from :func:`belbiotech.versions`.

    Raises
    ------
    ReleaseError
        The target is there already. Nothing is changed then.
    """
    if not replace:
        _refuse(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent)
    folder = new_folder(target.parent, f"{UNFINISHED}{target.name}-")
    made = folder.stat()
    old = folder.with_name(f"{folder.name}{OLD}")
    try:
        yield folder
        to_disk(folder)
        if not replace:
            _refuse(target)
        if not (target.exists() and exchanged(folder, target)):
            if target.exists():
                target.rename(old)
            folder.rename(target)
        to_disk(target.parent, deep=False)
    except BaseException:
        with suppress(OSError):
            # Moved, but the disk may not know.
            if os.path.samestat(target.stat(), made) and not (
                folder.exists() and exchanged(folder, target)
            ):
                target.rename(folder)
        if old.exists():
            old.rename(target)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for made_room in (folder, old):
        shutil.rmtree(made_room, ignore_errors=True)


def exchanged(one: Path, other: Path) -> bool:
    """Let two paths change places in one step, or say that this system cannot.

    Parameters
    ----------
    one, other : Path
        Two files or folders of one disk.

    Returns
    -------
    bool
        Whether they did.
    """
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(AT_CWD, os.fsencode(one), AT_CWD, os.fsencode(other), EXCHANGE) == 0)


def sweep(folder: Path, name: str = "") -> None:
    """Remove what killed runs have left in a folder, and put back what they took away.

    Each leftover gets another name before it is emptied: if another process is about to move
    it into place, one of the two moves fails, and nothing incomplete can get there.

    Parameters
    ----------
    folder : Path
        Where the releases are.
    name : str
        Only what was to become this file.
    """
    wanted = re.compile(re.escape(f"{UNFINISHED}{name}") + ("-[0-9a-f]+" if name else ".*"))
    for path in sorted(folder.iterdir()):
        if not wanted.fullmatch(path.name):
            continue
        if taken := TAKEN.fullmatch(path.name):
            place = folder / taken[1]
            if not os.path.lexists(place):
                with suppress(OSError):
                    path.rename(place)
                continue
        doomed = folder / f"{UNFINISHED}removed-{secrets.token_hex(RANDOM)}"
        with suppress(FileNotFoundError):
            path.rename(doomed)
            if doomed.is_dir() and not doomed.is_symlink():
                shutil.rmtree(doomed)
            else:
                doomed.unlink()


class Records:
    """Text files that are replaced one after the other, and can all be put back."""

    def __init__(self) -> None:
        self._before: list[tuple[Path, Path | None]] = []

    def replace(self, path: Path, text: str) -> None:
        """Write a text file whole or not at all, after a copy of what is there.

        Parameters
        ----------
        path : Path
            The file; a link stays, and what it points to is replaced.
        text : str
            Its new text.
        """
        path = path.resolve() if path.is_symlink() else path
        copy = _written(path, path.read_bytes()) if path.exists() else None
        self._before.append((path, copy))
        replace_text(path, text)

    def undo(self) -> None:
        """Put back all files as they were: renames alone, which need no space on the disk."""
        for path, copy in reversed(self._before):
            if copy is None:
                path.unlink(missing_ok=True)
            elif copy.exists():
                copy.replace(path)
        self._before.clear()

    def keep(self) -> None:
        """Remove the copies; one that stays is swept away by the next run."""
        for _, copy in self._before:
            if copy is not None:
                with suppress(OSError):
                    copy.unlink()
        self._before.clear()


@contextmanager
def recorded(target: Path) -> Iterator[Records]:
    """Keep records about a folder that is made meanwhile; without it, they are as they were.

    Parameters
    ----------
    target : Path
        The folder. If the block fails and it is not there, or still the one that was there
        before, the records are put back.

    Yields
    ------
    Records
        Replaces text files.
    """
    records = Records()
    before = target.stat() if target.exists() else None
    try:
        yield records
    except BaseException:
        if target.exists() and not (before and os.path.samestat(before, target.stat())):
            records.keep()
        else:
            records.undo()
        raise
    records.keep()


def replace_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Parameters
    ----------
    path : Path
        The file; what it held before is replaced, its mode is kept. A link is replaced, not
        followed.
    text : str
        Its new text, written in UTF-8 with line feeds.
    """
    beside = _written(path, text.encode())
    try:
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    to_disk(path.parent, deep=False)


def new_folder(parent: Path, prefix: str) -> Path:
    """Make an empty folder with a name that nobody can guess.

    Parameters
    ----------
    parent : Path
        Where it shall be; made if it is not there.
    prefix : str
        How its name begins.

    Returns
    -------
    Path
        The folder, with the mode that the umask leaves.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / f"{prefix}{secrets.token_hex(RANDOM)}"
    folder.mkdir()
    return folder


def to_disk(path: Path, *, deep: bool = True) -> None:
    """Wait until a file, or a folder with all in it, is on the disk.

    Parameters
    ----------
    path : Path
        A file or folder.
    deep : bool
        Whether what is in the folder shall be there, too, or its list of names alone.
    """
    if path.is_dir():
        if deep:
            for inner in sorted(path.iterdir()):
                to_disk(inner)
        if os.name == "nt":
            return  # Windows cannot open folders, and keeps their entries in order itself
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _written(path: Path, content: bytes) -> Path:
    """Write beside a file, under another name and with its mode."""
    beside = path.with_name(f"{UNFINISHED}{path.name}-{secrets.token_hex(RANDOM)}")
    try:
        with beside.open("xb") as file:
            if path.is_file() and not path.is_symlink() and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def _refuse(target: Path) -> None:
    if target.exists() or target.is_symlink():
        msg = (
            f"{target} exists already, and released data never changes; "
            "choose the next version number"
        )
        raise ReleaseError(msg)
