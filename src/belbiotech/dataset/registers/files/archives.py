"""Zips as they are published: what is in them, told before anything is unpacked; then streams."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from belbiotech.dataset.facts.texts import Problem

__all__ = ["Archive", "CheckedStream", "open_archive"]

UTF16 = (b"\xff\xfe", b"\xfe\xff")
BOM = b"\xef\xbb\xbf"
LARGEST = 64 * 2**30  # bytes unpacked: thirty times a full extract of KBO
LARGE, TIGHTEST = 2**30, 500  # published files unpack to ten or twenty times their size
BLOCK = 8 * 2**20
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Archive:
    """A zip, or a plain file that stands for its only member.

    Parameters
    ----------
    path : Path
        The file.
    members : dict of str to str
        Name without folders, in small letters, to the name in the zip; for a plain file to "".
    """

    def __init__(self, path: Path, members: dict[str, str]) -> None:
        self.path = path
        self.members = members

    def __contains__(self, member: str) -> bool:
        return member in self.members

    def place(self, member: str) -> str:
        """Name a member for a message."""
        return f"{self.path.name}/{member}" if self.members.get(member) else self.path.name

    @contextmanager
    def stream(self, member: str, problems: list[Problem]) -> Iterator[CheckedStream]:
        """Open a member to be read once from its beginning, without unpacking it to the disk.

        Parameters
        ----------
        member : str
            Its name, as in ``members``.
        problems : list of Problem
            What is wrong with its bytes is added here: another encoding, damage, another length.
        """
        name = self.members[member]
        if not name:
            with self.path.open("rb") as plain:
                yield CheckedStream(plain, self.place(member), problems)
            return
        with zipfile.ZipFile(self.path) as archive, archive.open(name) as packed:
            yield CheckedStream(packed, self.place(member), problems)


def open_archive(path: Path, problems: list[Problem]) -> Archive | None:
    """Look into a zip and refuse what no published file has.

    Parameters
    ----------
    path : Path
        A zip, or a plain CSV or JSON file.
    problems : list of Problem
        What is wrong is added here.

    Returns
    -------
    Archive or None
        None if it cannot be read at all.
    """
    if not path.is_file():
        problems.append(Problem(path.name, 0, f"there is no such file at {path}"))
        return None
    if not zipfile.is_zipfile(path):
        if path.suffix.lower() == ".zip":
            problems.append(Problem(path.name, 0, "is no zip, or was cut short; download it again"))
            return None
        return Archive(path, {path.name.lower(): ""})
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        problems.append(Problem(path.name, 0, f"cannot be opened as a zip: {error}"))
        return None
    found = list(_bad_entries(path.name, entries))
    problems += found
    members = {
        PurePosixPath(entry.filename).name.lower(): entry.filename
        for entry in entries
        if not entry.is_dir()
    }
    return None if found else Archive(path, members)


def _bad_entries(file: str, entries: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or (parts and ":" in parts[0]):
            text = f"names a path outside of it: {entry.filename!r}; no published file does"
            yield Problem(file, 0, text)
        if entry.flag_bits & 1:
            yield Problem(file, 0, f"{entry.filename!r} is locked with a password")
        if entry.file_size > max(LARGE, TIGHTEST * entry.compress_size):
            times = entry.file_size // max(entry.compress_size, 1)
            text = (
                f"{entry.filename!r} unpacks to {times:,d} times its size; no published file does"
            )
            yield Problem(file, 0, text)
        base = parts[-1].lower() if parts else ""
        if not entry.is_dir() and base in seen:
            yield Problem(file, 0, f"holds {base!r} twice; which one counts cannot be told")
        seen.add(base)
    size = sum(entry.file_size for entry in entries)
    if size > LARGEST:
        text = f"says that it unpacks to {size / 2**30:,.0f} GiB, more than any published file"
        yield Problem(file, 0, text)


class CheckedStream(io.RawIOBase):
    """Bytes of a member in UTF-8; those that are not are told with their line, and replaced.

    Parameters
    ----------
    raw : binary file
        What is read.
    place : str
        Its name for messages.
    problems : list of Problem
        What is wrong is added here.
    """

    def __init__(self, raw: IO[bytes], place: str, problems: list[Problem]) -> None:
        super().__init__()
        self.raw = raw
        self.place = place
        self.problems = problems
        self._line = 1  # on which the next block begins
        self._left = b""  # beginning of a sign whose end is in the next block
        self._bad: list[tuple[int, int]] = []
        self._bad_lines = 0
        self._begun = False
        self._over = False

    def readable(self) -> bool:  # noqa: D102
        return True

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes; none at the end, or where the rest cannot be read."""
        if self._over:
            return b""
        block = self._next(size if size and size > 0 else BLOCK)
        if not self._begun:
            self._begun = True
            if block.startswith(UTF16):
                self._stop(Problem(self.place, 1, "is UTF-16; it must be UTF-8"))
                return b""
            block = block.removeprefix(BOM)
        if not block:
            self._over = True
            self._tell()
        return self._clean(block)

    def readinto(self, buffer: object) -> int:  # noqa: D102
        view = memoryview(buffer)  # type: ignore[arg-type]
        block = self.read(len(view))
        view[: len(block)] = block
        return len(block)

    def _next(self, size: int) -> bytes:
        keep = max(size - 4, 1)  # room for the beginning of a sign left over
        try:
            block = self.raw.read(keep)
        except (*DAMAGE, EOFError, OSError, ValueError) as error:
            self._stop(_damage(self.place, error))
            return b""
        whole = self._left + block
        self._left = b""
        return whole

    def _clean(self, block: bytes) -> bytes:
        begins, self._line = self._line, self._line + block.count(b"\n")
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            cut = error.reason == "unexpected end of data" and len(block) - error.start < 4
            if cut and not self._over and error.start > 0:
                block, self._left = block[: error.start], block[error.start :]
                self._line = begins
                return self._clean(block)
            return self._repaired(block, begins)
        return block

    def _repaired(self, block: bytes, begins: int) -> bytes:
        lines = block.split(b"\n")
        for number, line in enumerate(lines):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                self._bad_lines += 1
                if len(self._bad) < 1:
                    self._bad.append((begins + number, line[error.start]))
                lines[number] = (
                    line.decode("utf-8", errors="replace").replace("\ufffd", "?").encode()
                )
        return b"\n".join(lines)

    def _tell(self) -> None:
        if self._left:
            self._bad.append((self._line, self._left[0]))
            self._bad_lines += 1
        if self._bad:
            line, byte = self._bad[0]
            more = f" ({self._bad_lines} lines have such bytes)" if self._bad_lines > 1 else ""
            text = f"holds the byte 0x{byte:02x}, which is no UTF-8{more}; save it as UTF-8"
            self.problems.append(Problem(self.place, line, text))

    def _stop(self, problem: Problem) -> None:
        self._over = True
        self.problems.append(problem)


def _damage(place: str, error: Exception) -> Problem:
    text = f"is damaged, or unpacks to other than it says ({error}); download it again"
    return Problem(place, 0, text)
