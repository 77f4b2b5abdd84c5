"""A file or folder that is written aside first, and takes its place whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from belbiotech.errors import ReleaseError

__all__ = ["placed"]


@contextmanager
def placed(target: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a path to write to, and move what was written there to its place.

    Parameters
    ----------
    target : Path
        Where the file or folder shall be.
    overwrite : bool
        Whether what is there may be replaced. A folder is, only if it holds nothing but files
        that are written anew.

    Yields
    ------
    Path
        A path beside the target where nothing is yet.

    Raises
    ------
    ReleaseError
        Something is there that may not be replaced. It is left as it is.
    """
    if target.exists() and not overwrite:
        msg = f"{target} exists already; name another place, or say --overwrite (overwrite=True)"
        raise ReleaseError(msg)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield aside / "new"
        if target.is_dir():
            _refuse_others(target, aside / "new")
            target.rename(aside / "old")
        (aside / "new").replace(target)
    finally:
        shutil.rmtree(aside)


def _refuse_others(target: Path, new: Path) -> None:
    """Refuse to replace a folder that holds anything but what comes anew."""
    written = {path.name for path in new.iterdir()} if new.is_dir() else set()
    others = sorted(
        path.name for path in target.iterdir() if path.is_dir() or path.name not in written
    )
    if others or not new.is_dir():
        held = ", ".join(others[:5]) or "other files"
        msg = f"{target} is a folder that holds what was not exported now ({held}); move it away"
        raise ReleaseError(msg)
