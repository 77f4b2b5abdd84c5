"""A folder that is there whole or not at all: filled beside its place, then moved into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from belbiotech.errors import ReleaseError

__all__ = ["replace_text", "staged", "sweep"]

UNFINISHED = ".unfinished-"


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Give a new folder to fill, and move it to its place once all of it is on the disk.

    Parameters
    ----------
    target : Path
        Where the folder shall be. What killed runs left beside it is removed first.

    Yields
    ------
    Path
        An empty folder on the same disk, hidden from :func:`belbiotech.versions`.

    Raises
    ------
    ReleaseError
        The target is there already. Nothing is changed then.
    """
    _refuse(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{UNFINISHED}{target.name}-", dir=target.parent))
    try:
        yield folder
        for path in [*folder.iterdir(), folder]:
            _to_disk(path)
        folder.chmod(0o755)
        _move(folder, target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def sweep(folder: Path) -> None:
    """Remove what killed runs have left in a folder.

    Each leftover gets another name before it is emptied: if another process is about to move
    it into place, one of the two moves fails, and nothing incomplete can get there.

    Parameters
    ----------
    folder : Path
        Where the releases are.
    """
    for index, path in enumerate(sorted(folder.glob(f"{UNFINISHED}*"))):
        doomed = folder / f"{UNFINISHED}removed-{os.getpid()}-{index}"
        try:
            path.rename(doomed)
        except FileNotFoundError:
            continue
        shutil.rmtree(doomed)


def replace_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Parameters
    ----------
    path : Path
        The file; what it held before is replaced.
    text : str
        Its new text, written in UTF-8 with line feeds.
    """
    beside = path.with_name(f".{path.name}-{os.getpid()}")
    beside.write_bytes(text.encode())
    _to_disk(beside)
    beside.replace(path)
    _to_disk(path.parent)


def _refuse(target: Path) -> None:
    if target.exists():
        msg = (
            f"{target} exists already, and released data never changes; "
            "choose the next version number"
        )
        raise ReleaseError(msg)


def _move(folder: Path, target: Path) -> None:
    """Rename, which is one step for the disk; another process may have been first."""
    _refuse(target)
    folder.rename(target)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open folders, and keeps their entries in order itself
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
