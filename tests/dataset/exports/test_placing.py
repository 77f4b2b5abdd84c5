"""An export takes the place of an old one: whatever happens, one of the two is there, whole."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from belbiotech.dataset.exports import placing
from belbiotech.dataset.exports.placing import placed
from belbiotech.dataset.releases import lock
from belbiotech.errors import ReleaseError, WriteError

OLD, NEW = {"a.csv": "old a", "b.csv": "old b"}, {"a.csv": "new a", "b.csv": "new b"}


def write(place, what):
    if what is str:
        place.write_text("new")
        return
    place.mkdir()
    for name, text in NEW.items():
        (place / name).write_text(text)


def held(place):
    if place.is_dir():
        return {path.name: path.read_text() for path in place.iterdir()}
    return place.read_text()


@pytest.fixture(params=["folder", "file"])
def old(request, tmp_path):
    """An earlier export: its place, what it holds, and what a new one will hold."""
    place = tmp_path / "out"
    if request.param == "file":
        place.write_text("old")
        return place, str, "old", "new"
    place.mkdir()
    for name, text in OLD.items():
        (place / name).write_text(text)
    return place, dict, OLD, NEW


@pytest.fixture(params=[True, False], ids=["one step", "two steps"])
def exchange(request, monkeypatch):
    """On systems that let two folders change places in one step, and on others."""
    if not request.param:
        monkeypatch.setattr(placing, "_exchanged", lambda *_: False)
    elif sys.platform != "linux":
        pytest.skip("only Linux has the call")


def test_the_new_one_stands_and_nothing_else_is_left(old, exchange, tmp_path):
    place, what, _, new = old
    with placed(place, overwrite=True) as path:
        write(path, what)
    assert held(place) == new
    assert os.listdir(tmp_path) == ["out"]


CALLS = ("rename", "replace", "fsync", "chmod", "mkdir")


class Trouble:
    """Let the n-th of these calls fail, before or after it was carried out."""

    def __init__(self, monkeypatch, at, kind, *, after):
        self.count = itertools.count()
        self.at, self.kind, self.after, self.met = at, kind, after, False
        for name in CALLS:
            monkeypatch.setattr(os, name, self.wrapped(getattr(os, name)))

    def wrapped(self, call):
        def counted(*args, **named):
            hit = next(self.count) == self.at
            self.met |= hit
            if hit and not self.after:
                raise self.kind
            done = call(*args, **named)
            if hit:
                raise self.kind
            return done

        return counted


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_trouble_at_each_step_leaves_one_whole(old, exchange, tmp_path, monkeypatch, kind, after):
    place, what, before, new = old
    for at in itertools.count():
        with monkeypatch.context() as patch:
            trouble = Trouble(patch, at, kind, after=after)
            try:
                with placed(place, overwrite=True) as path:
                    write(path, what)
            except (OSError, KeyboardInterrupt):
                assert trouble.met
        assert held(place) in (before, new), at
        left = {name for name in os.listdir(tmp_path) if not name.startswith(placing.ASIDE)}
        assert left == {"out"}, at
        if not trouble.met:
            break
    assert at > 4
    assert held(place) == new
    assert os.listdir(tmp_path) == ["out"]  # the last run, without trouble, has swept


def test_an_error_while_writing_leaves_the_old_one(old, tmp_path):
    place, what, before, _ = old

    def fail():
        with placed(place, overwrite=True) as path:
            write(path, what)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert held(place) == before
    assert os.listdir(tmp_path) == ["out"]


KILLED = """
import os, signal, sys
from pathlib import Path
from belbiotech.dataset.exports import placing
if sys.argv[3] == "two":
    placing._exchanged = lambda *_: False
left = int(sys.argv[2])
def counted(call):
    def instead(*args, **named):
        global left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return call(*args, **named)
    return instead
for name in ("rename", "replace", "rmdir", "unlink", "fsync"):
    setattr(os, name, counted(getattr(os, name)))
with placing.placed(Path(sys.argv[1]), overwrite=True) as path:
    path.mkdir()
    for name in ("a.csv", "b.csv"):
        (path / name).write_text("new " + name[0])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("steps", ["one", pytest.param("two", marks=pytest.mark.slow)])
def test_killed_at_each_step_the_next_export_finds_all_in_order(tmp_path, steps):
    place = tmp_path / "out"
    for left in itertools.count():
        if place.exists():
            for path in place.iterdir():
                path.unlink()
            place.rmdir()
        place.mkdir()
        for name, text in OLD.items():
            (place / name).write_text(text)
        command = [sys.executable, "-c", KILLED, place, str(left), steps]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode in (0, -signal.SIGKILL), done.stderr
        if steps == "one":
            assert held(place) in (OLD, NEW)
        with placed(place, overwrite=True) as path:
            write(path, dict)
        assert held(place) == NEW
        assert os.listdir(tmp_path) == ["out"]
        if done.returncode == 0:
            break
    assert left > 4


def test_what_a_killed_run_took_away_is_put_back(tmp_path):
    aside = tmp_path / f".belbiotech-export-out-{'0' * 16}"
    (aside / "old").mkdir(parents=True)
    (aside / "old" / "a.csv").write_text("old a")
    other = tmp_path / ".belbiotech-export-out-of-mine"
    other.mkdir()

    def fail():
        with placed(tmp_path / "out", overwrite=False):
            pass

    with pytest.raises(ReleaseError, match="exists already"):
        fail()
    assert held(tmp_path / "out") == {"a.csv": "old a"}
    assert sorted(os.listdir(tmp_path)) == [other.name, "out"]


def test_a_link_stays_and_what_it_points_to_is_replaced(old, tmp_path):
    place, what, _, new = old
    (tmp_path / "elsewhere").mkdir()
    place.rename(tmp_path / "elsewhere" / "real")
    place.symlink_to(tmp_path / "elsewhere" / "real")
    with placed(place, overwrite=True) as path:
        write(path, what)
    assert place.is_symlink()
    assert held(tmp_path / "elsewhere" / "real") == new
    assert os.listdir(tmp_path / "elsewhere") == ["real"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_modes_are_kept_and_the_umask_is_respected(tmp_path):
    place = tmp_path / "out"
    place.write_text("old")
    place.chmod(0o640)
    with placed(place, overwrite=True) as path:
        path.write_text("new")
    assert place.stat().st_mode & 0o777 == 0o640
    before = os.umask(0o027)
    try:
        with placed(tmp_path / "folder", overwrite=False) as path:
            write(path, dict)
    finally:
        os.umask(before)
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "folder" / "a.csv").stat().st_mode & 0o777 == 0o640


def test_two_at_once_one_waits_and_is_told_for_whom(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.3)

    def again():
        with placed(tmp_path / "out", overwrite=True):
            pass

    with placed(tmp_path / "out", overwrite=False) as path:
        path.write_text("first")
        with pytest.raises(ReleaseError, match=f"process {os.getpid()} on .*write out, since"):
            again()
    assert held(tmp_path / "out") == "first"
    monkeypatch.undo()

    def slowly():
        with placed(tmp_path / "out", overwrite=True) as path:
            begun.set()
            path.write_text("second")
            time.sleep(0.3)

    begun = threading.Event()
    thread = threading.Thread(target=slowly)
    thread.start()
    begun.wait()
    with placed(tmp_path / "out", overwrite=True) as path:
        path.write_text("third")
    thread.join()
    assert held(tmp_path / "out") == "third"
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("place", ["file/out", "/proc/nothing/out"])
def test_a_place_that_cannot_be_written_to(tmp_path, place):
    (tmp_path / "file").touch()

    def fail():
        with placed(tmp_path / place, overwrite=False) as path:
            path.write_text("new")

    with pytest.raises(WriteError, match="could not be written.*another place"):
        fail()
