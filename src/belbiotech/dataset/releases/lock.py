"""One at a time: a lock that only the living hold, with words for who waits for whom.

The system takes the lock back from a process that ends, however it ends, so nobody waits for the
dead. One that was stopped keeps it: so whoever waits is told for whom, and not for ever.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from belbiotech.errors import ReleaseError, WriteError, warn

__all__ = ["locked"]

PATIENCE = 60.0  # seconds behind one holder that gets no further
LONGEST = 3600.0  # seconds in all
QUIET = 3.0  # seconds before it is said who is waited for
PAUSE = 0.1  # seconds between two looks


@contextmanager
def locked(
    file: Path, what: str, *, patience: float | None = None, progress: Callable[[], object] = bool
) -> Iterator[None]:
    """Hold a lock for the length of a block.

    Parameters
    ----------
    file : Path
        The lock's file; it is there only as long as somebody holds it.
    what : str
        What is done under it, for those who wait: ``release 0.3.0``.
    patience : float, optional
        How many seconds to wait behind a holder that gets no further; a minute, if not given.
    progress : callable
        What changes as long as the holder gets on with its work; the holder itself always counts.

    Yields
    ------
    None
        While it is held.

    Raises
    ------
    ReleaseError
        Another process holds it for too long; it is named.
    WriteError
        The file cannot be made.
    """
    descriptor = _acquire(file, what, PATIENCE if patience is None else patience, progress)
    try:
        yield
    finally:
        _release(file, descriptor)


def _acquire(file: Path, what: str, patience: float, progress: Callable[[], object]) -> int:
    begin = since = time.monotonic()
    before: object = None
    told = False
    while True:
        descriptor = _open(file)
        if _take(descriptor):
            if _is_the_file(file, descriptor):
                _sign(descriptor, what)
                return descriptor
            os.close(descriptor)  # its holder removed it just now: there is a newer one, or none
            continue
        holder = _holder(descriptor)
        os.close(descriptor)
        now, state = time.monotonic(), (holder, progress())
        if state != before:
            before, since = state, now
        if now - since > patience or now - begin > LONGEST:
            msg = (
                f"waited {now - begin:.0f} seconds for {holder}, and could not {what}; let that "
                f"process go on or end it, and try again (lock: {file})"
            )
            raise ReleaseError(msg)
        if now - begin > QUIET and not told:
            msg = f"waiting for {holder}, to {what} after it (at most {patience:.0f} s of silence)"
            warn(msg)
            told = True
        time.sleep(PAUSE)


def _release(file: Path, descriptor: int) -> None:
    """Remove the file while the lock is held: who waits sees that it is another one."""
    try:
        if _is_the_file(file, descriptor):
            with suppress(OSError):  # Windows removes no file that others have open
                file.unlink()
        _give(descriptor)
    finally:
        os.close(descriptor)


def _open(file: Path) -> int:
    link = getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | link, 0o666)
    except OSError as error:
        msg = f"the lock {file} cannot be made ({error.strerror}); give another place, or remove it"
        raise WriteError(msg) from error


def _is_the_file(file: Path, descriptor: int) -> bool:
    try:
        there = os.lstat(file)
    except OSError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def _sign(descriptor: int, what: str) -> None:
    """Say who holds the lock. It is only for words: a full disk does not matter here."""
    now = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    text = f"process {os.getpid()} on {socket.gethostname()} ({what}, since {now})"
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, text.encode())


def _holder(descriptor: int) -> str:
    try:
        text = os.read(descriptor, 300).decode(errors="replace")
    except OSError:
        text = ""
    return "".join(sign if sign.isprintable() else "?" for sign in text) or "another process"


if sys.platform == "win32":
    import msvcrt

    FAR = 2**30  # the locked byte cannot be read by others: one that holds no words

    def _take(descriptor: int) -> bool:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

    def _give(descriptor: int) -> None:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            os.close(descriptor)
            msg = f"this folder's disk knows no locks ({error.strerror}); write to another one"
            raise WriteError(msg) from error
        return True

    def _give(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
