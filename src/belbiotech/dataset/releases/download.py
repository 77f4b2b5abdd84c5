"""A downloader for pooch that goes on where the last attempt was cut off.

Pooch's own downloaders begin anew each time. This one keeps what has come in a file of its own,
asks the server for the rest (RFC 9110, section 14, "Range"), and gives up after a fixed number
of attempts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from belbiotech.errors import ReleaseError

__all__ = ["PART", "ResumingDownloader"]

PART = ".part"
ATTEMPTS = 60  # in all, for one file
IDLE_ATTEMPTS = 5  # in a row that brought nothing new
PAUSE = 0.5  # seconds before the second idle attempt; doubled for each further one
TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two pieces
PIECE = 1024  # small, since of a piece that is cut off nothing is kept
TRY_AGAIN = {408, 425, 429}


class _CutOff(Exception):
    """An attempt brought no more; the next one may."""


@dataclass(frozen=True)
class ResumingDownloader:
    """Download one file of a known length, in as many attempts as it takes, within bounds.

    Parameters
    ----------
    size : int
        Length of the file in bytes.
    progress : bool
        Whether to show a progress bar; only ever on a terminal.
    """

    size: int
    progress: bool = True

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download, as pooch asks for it.

        Parameters
        ----------
        url : str
            The file's address.
        output_file : str
            Where pooch wants it.
        pooch : Pooch
            Its ``path`` is the folder in which unfinished downloads wait.

        Raises
        ------
        ReleaseError
            The server is down, has no such file, sends a page or too much, or breaks off too
            often. What has come so far is kept for the next call, unless it is wrong.
        """
        part = Path(pooch.path) / f"{Path(urlsplit(url).path).name}{PART}"
        idle = 0
        for _ in range(ATTEMPTS):
            have = _length(part)
            if have == self.size:
                break
            try:
                self._attempt(url, part, have)
            except ValueError as error:
                msg = f"{url} is no address to fetch from: {error}"
                raise ReleaseError(msg) from error
            except (OSError, _CutOff) as error:
                reason = error
                idle = 0 if _length(part) > have else idle + 1
            if idle == IDLE_ATTEMPTS:
                break
            if idle:
                time.sleep(PAUSE * 2 ** (idle - 1))
        if _length(part) != self.size:
            raise ReleaseError(_gave_up(url, _length(part), self.size, reason)) from reason
        part.touch()
        part.replace(output_file)

    def _attempt(self, url: str, part: Path, have: int) -> None:
        import requests

        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            begin = _begin_of(answer, url, part, have)
            with part.open("r+b" if begin else "wb") as file, self._bar(url, begin) as bar:
                file.seek(begin)
                for piece in answer.iter_content(PIECE):
                    file.write(piece)
                    bar.update(len(piece))
                    if file.tell() > self.size:
                        break
        if _length(part) > self.size:
            part.unlink()
            msg = f"{url} sent more than the {self.size} bytes that it should have; not used"
            raise ReleaseError(msg)
        if _length(part) < self.size:
            msg = "the server ended the file there"
            raise _CutOff(msg)

    @contextmanager
    def _bar(self, url: str, begin: int) -> Iterator[Any]:
        from tqdm import tqdm

        with tqdm(
            total=self.size,
            initial=begin,
            desc=Path(urlsplit(url).path).name,
            unit="B",
            unit_scale=True,
            disable=None if self.progress else True,
        ) as bar:
            yield bar


def _begin_of(answer: Any, url: str, part: Path, have: int) -> int:
    """Say at which byte the body of an answer begins, or refuse the answer."""
    status = answer.status_code
    if status == 416:  # the server's file is shorter than what has come: that was wrong
        part.unlink()
        msg = "it has no such range; beginning anew"
        raise _CutOff(msg)
    if status in TRY_AGAIN or status >= 500:
        msg = f"it answered {status} {answer.reason}"
        raise _CutOff(msg)
    if status not in (200, 206):
        msg = f"{url} cannot be fetched: the server answered {status} {answer.reason}"
        raise ReleaseError(msg)
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    if page and not urlsplit(url).path.endswith((".html", ".htm")):
        msg = f"{url} gave a web page (HTML) in place of the file; does a login stand before it?"
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


def _gave_up(url: str, have: int, size: int, reason: Exception) -> str:
    return (
        f"{url} could not be fetched: {have} of {size} bytes came, then: {reason}. "
        "Check the network and the release address, and try again: what came is kept"
    )
