"""One at a time: the living hold the lock, the dead do not, and who waits is told for whom."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from belbiotech.dataset.releases import lock
from belbiotech.dataset.releases.lock import locked
from belbiotech.errors import BelbiotechWarning, ReleaseError, WriteError

HOLD = """
import sys, time
from pathlib import Path
from belbiotech.dataset.releases.lock import locked
with locked(Path(sys.argv[1]), "release 9.9.9"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock until its input ends."""
    command = [sys.executable, "-c", HOLD, tmp_path / "lock"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def take(path, **options):
    with locked(path, "release 1.0.0", **options):
        pass


def test_free_again_and_gone_afterwards(tmp_path):
    for _ in range(3):
        take(tmp_path / "lock")
    assert os.listdir(tmp_path) == []


def test_an_error_under_the_lock_frees_it(tmp_path):
    def fail():
        with locked(tmp_path / "lock", "release 1.0.0"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    take(tmp_path / "lock")


def test_who_waits_too_long_is_told_for_whom(holder, tmp_path):
    begin = time.monotonic()
    words = rf"process {holder.pid} on .*\(release 9\.9\.9, since .*could not release 1\.0\.0; let"
    with pytest.raises(ReleaseError, match=words):
        take(tmp_path / "lock", patience=0.3)
    assert time.monotonic() - begin < 5


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_stopped_holder_is_not_waited_for_without_end(holder, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "QUIET", 0.1)
    holder.send_signal(signal.SIGSTOP)
    with (
        pytest.warns(BelbiotechWarning, match=f"waiting for process {holder.pid} on"),
        pytest.raises(ReleaseError, match=f"waited . seconds for process {holder.pid}"),
    ):
        take(tmp_path / "lock", patience=0.5)
    holder.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_dead_hold_nothing(holder, tmp_path, end):
    holder.send_signal(end)
    holder.wait()
    assert (tmp_path / "lock").exists()
    take(tmp_path / "lock", patience=0.1)
    assert os.listdir(tmp_path) == []


def test_a_holder_that_gets_on_is_waited_for(holder, tmp_path):
    amounts = iter(range(10**6))
    threading.Timer(1.0, holder.stdin.close).start()
    take(tmp_path / "lock", patience=0.3, progress=lambda: next(amounts))


def test_not_for_ever_either(holder, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "LONGEST", 0.5)
    amounts = iter(range(10**6))
    with pytest.raises(ReleaseError, match="could not release"):
        take(tmp_path / "lock", patience=60, progress=lambda: next(amounts))


def test_threads_and_many_takers_never_hold_it_together(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(10):
            with locked(tmp_path / "lock", "count"):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 40


@pytest.mark.skipif(os.name == "nt", reason="Windows follows no such links")
def test_a_link_in_its_place_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "lock").symlink_to(victim)
    with pytest.raises(WriteError, match="the lock .* cannot be made"):
        take(tmp_path / "lock")
    assert victim.read_text() == "mine"


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(WriteError, match="cannot be made"):
        take(tmp_path / "nowhere" / "lock")


def test_words_of_the_holder_do_not_run_in_a_terminal(tmp_path):
    (tmp_path / "lock").write_bytes(b"\x1b]0;owned\x07\xff")
    descriptor = os.open(tmp_path / "lock", os.O_RDWR)
    assert lock._take(descriptor)
    with pytest.raises(ReleaseError) as caught:
        take(tmp_path / "lock", patience=0)
    os.close(descriptor)
    assert re.search(r"[\x00-\x1f]", str(caught.value)) is None
