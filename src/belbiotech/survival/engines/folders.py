"""A folder for what is read in several passes, gone with the last object that reads it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

__all__ = ["PassingFolder"]


class PassingFolder:
    """A temporary folder that is removed when nothing holds this object any more.

    Examples
    --------
    >>> folder = PassingFolder()
    >>> path = folder.path
    >>> path.is_dir()
    True
    >>> del folder
    >>> path.is_dir()
    False
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="belbiotech-"))
        self._remove = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def remove(self) -> None:
        """Remove it now."""
        self._remove()
