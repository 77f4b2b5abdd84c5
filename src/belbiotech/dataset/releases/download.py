"""A download that goes on where the last attempt was cut off, and that ends in any case.

What has come is kept in a file of its own, the rest is asked for (RFC 9110, section 14, "Range").
Attempts are bounded in number, in time without progress, and in time altogether: a server that
sends a byte a second never times out by itself, so each attempt is watched from outside.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from belbiotech.dataset.releases.places import shown_address
from belbiotech.errors import BelbiotechError, ReleaseError, WriteError

__all__ = ["PART", "download"]

PART = ".part"
ATTEMPTS = 60  # in all, for one file
IDLE_ATTEMPTS = 5  # in a row that brought nothing new
PAUSE = 0.5  # seconds before the second idle attempt; doubled for each further one
TIMEOUT = (10.0, 15.0)  # seconds to connect, and between two pieces
WINDOW = 40.0  # seconds in each of which so many bytes a second must come:
SLOWEST = 1024
PIECE = 65_536
TRY_AGAIN = {408, 425, 429}


class _CutOff(Exception):
    """An attempt brought no more; the next one may."""


def download(url: str, part: Path, size: int, *, ends: float, progress: bool = True) -> None:
    """Download one file of a known length, in as many attempts as it takes, within bounds.

    Parameters
    ----------
    url : str
        The file's address.
    part : Path
        Where to collect it; what is there already is not asked for again.
    size : int
        Length of the file in bytes.
    ends : float
        When to give up, by the clock of ``time.monotonic``.
    progress : bool
        Whether to show a progress bar; only ever on a terminal.

    Raises
    ------
    ReleaseError
        The server is down, has no such file, sends a page or too much, breaks off too often or
        is too slow. What has come so far is kept for the next call, unless it is wrong.
    WriteError
        The file cannot be written.
    """
    if size == 0:
        part.touch()
    watch = _Watch(part, size, ends)
    idle = 0
    reason: object = "too many attempts"
    for _ in range(ATTEMPTS):
        have = _length(part)
        if have == size:
            return
        attempt = _Attempt(url, part, size, progress)
        try:
            attempt.run(watch)
        except ValueError as error:
            msg = f"{shown_address(url)} is no address to fetch from: {shown_address(str(error))}"
            raise ReleaseError(msg) from None  # the cause may show a password
        except _CutOff as error:
            reason = error
        idle = 0 if _length(part) > have else idle + 1
        if idle == IDLE_ATTEMPTS or watch.late():
            break
        if idle:
            time.sleep(PAUSE * 2 ** (idle - 1))
    if _length(part) != size:
        raise ReleaseError(_gave_up(url, _length(part), size, watch.late() or reason))


class _Watch:
    """Tells when a download takes too long, by the bytes that have come."""

    def __init__(self, part: Path, size: int, ends: float) -> None:
        self._part, self._size, self._ends = part, size, ends
        self._since, self._have = time.monotonic(), _length(part)

    def late(self) -> str:
        """Say why it is time to give up, or nothing."""
        now = time.monotonic()
        if now > self._ends:
            return "it took longer than a fetch may take"
        if now - self._since <= WINDOW:
            return ""
        have = _length(self._part)
        speed = (have - self._have) / (now - self._since)
        if speed < SLOWEST and have < self._size:
            return f"it was too slow ({speed:,.0f} bytes a second, at least {SLOWEST:,d} must come)"
        self._since, self._have = now, have
        return ""


class _Attempt:
    """One request, made in a thread: whoever waits for it can leave it at any time."""

    def __init__(self, url: str, part: Path, size: int, progress: bool) -> None:
        self._url, self._part, self._size, self._progress = url, part, size, progress
        self._error: BaseException | None = None
        self._done, self._left = threading.Event(), False
        self._writing = threading.Lock()

    def run(self, watch: _Watch) -> None:
        """Make the request, and wait for it as long as the watch allows."""
        threading.Thread(target=self._in_thread, daemon=True).start()
        try:
            while not self._done.wait(0.2):
                if late := watch.late():
                    raise _CutOff(late)
        finally:
            with self._writing:  # from here on the thread, if it is still there, writes nothing
                self._left = True
        if self._error is not None:
            raise self._error

    def _in_thread(self) -> None:
        import requests
        import urllib3

        try:
            self._fetch()
        except (BelbiotechError, _CutOff, ValueError) as error:
            self._error = error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            self._error = _CutOff(shown_address(str(error)))
        except BaseException as error:  # told to whoever waits, as without a thread
            self._error = error
        finally:
            self._done.set()

    def _fetch(self) -> None:
        import requests

        have = _length(self._part)
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(self._url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            with self._writing:
                if self._left:
                    return
                begin = _begin_of(answer, self._url, self._part, have)
            self._take(answer, begin)
        if _length(self._part) < self._size:
            msg = "the server ended the file there"
            raise _CutOff(msg)

    def _take(self, answer: Any, begin: int) -> None:
        """Write what comes, as it comes."""
        with self._opened(begin) as file, self._bar(begin) as bar:
            while piece := answer.raw.read1(PIECE, decode_content=True):
                with self._writing, _told_if_full(self._part):
                    if self._left:
                        return
                    file.write(piece)
                    file.flush()
                bar.update(len(piece))
                if file.tell() > self._size:
                    self._part.unlink()
                    told = f"{shown_address(self._url)} sent more than the {self._size} bytes"
                    msg = f"{told} that it should have; not used"
                    raise ReleaseError(msg)

    @contextmanager
    def _opened(self, begin: int) -> Iterator[Any]:
        with _told_if_full(self._part):
            file = self._part.open("r+b" if begin else "wb")
        with file:
            file.seek(begin)
            yield file

    @contextmanager
    def _bar(self, begin: int) -> Iterator[Any]:
        from tqdm import tqdm

        with tqdm(
            total=self._size,
            initial=begin,
            desc=Path(urlsplit(self._url).path).name,
            unit="B",
            unit_scale=True,
            disable=None if self._progress else True,
        ) as bar:
            yield bar


@contextmanager
def _told_if_full(part: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        msg = f"{part} cannot be written: {error.strerror}; make room, or set BELBIOTECH_CACHE"
        raise WriteError(msg) from error


def _begin_of(answer: Any, url: str, part: Path, have: int) -> int:
    """Say at which byte the body of an answer begins, or refuse the answer."""
    status, address = answer.status_code, shown_address(url)
    if status == 416:  # the server's file is shorter than what has come: that was wrong
        part.unlink(missing_ok=True)
        msg = "it has no such range; beginning anew"
        raise _CutOff(msg)
    if status in TRY_AGAIN or status >= 500:
        msg = f"it answered {status} {answer.reason}"
        raise _CutOff(msg)
    if status not in (200, 206):
        msg = f"{address} cannot be fetched: the server answered {status} {answer.reason}"
        raise ReleaseError(msg)
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    if page and not urlsplit(url).path.endswith((".html", ".htm")):
        msg = f"{address} gave a web page (HTML), not the file; does a login stand before it?"
        raise ReleaseError(msg)
    if status == 200:
        return 0
    if not answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        part.unlink(missing_ok=True)
        msg = "it sent another range than asked for; beginning anew"
        raise _CutOff(msg)
    return have


def _length(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _gave_up(url: str, have: int, size: int, reason: object) -> str:
    return (
        f"{shown_address(url)} could not be fetched: {have} of {size} bytes came, then: {reason}. "
        "Check the network and the release address, and try again: what came is kept"
    )
