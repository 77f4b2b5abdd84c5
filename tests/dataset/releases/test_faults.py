"""Trouble at every step that changes something: a release is whole or not there, its records fit.

Steps are counted and made to fail one after the other, once each; then the same with a disk that
stays full, with Ctrl-C, and with the end of the process.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from belbiotech.dataset.documents.manifest import check_files, file_entry, refuse_damaged
from belbiotech.dataset.releases import lock, publish, staging
from belbiotech.dataset.releases.lock import locked
from belbiotech.dataset.releases.publish import draft_release, make_release
from belbiotech.dataset.releases.registry import REGISTRY, read_registry
from belbiotech.dataset.releases.release import LOCK, write_release
from belbiotech.dataset.releases.staging import recorded, replace_text, staged
from belbiotech.dataset.releases.store import installed_releases, release_in
from belbiotech.errors import ReleaseError, WriteError

FULL = OSError(28, "No space left on device")
LOG = "# Changelog\n\n## [0.1.0] - 2026-11-24\n\n### Code\n\n- All.\n"


@dataclass(frozen=True)
class Small:
    firm_year: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame({"firm_id": ["a", "b"], "year": [2000, 2001]})
    )
    parameters: dict = field(default_factory=dict)

    def items(self):
        return [("firm_year", self.firm_year)]


def everything(home):
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def seen(home):
    """All but what the next run sweeps away."""
    hidden = (".unfinished-", LOCK, ".CHANGELOG.md.lock")
    return {
        name: content
        for name, content in everything(home).items()
        if not any(part.startswith(hidden) for part in Path(name).parts)
    }


def check(releases):
    """Each release that is there is whole and in the registry."""
    for version in installed_releases(releases):
        release = release_in(releases, version)
        refuse_damaged(release.folder, check_files(release.folder, release.manifest))
        entry = read_registry(releases).manifests[version]
        assert entry == file_entry(release.folder / "manifest.json")


def small_home(path):
    (path / "processed").mkdir(parents=True)
    write_release(Small(), "0.1.0", path / "processed")
    return path


def build(home):
    write_release(Small(), "0.1.1", home / "processed")


def release_home(path, folder):
    path.mkdir()
    shutil.copytree(folder, path / "raw")
    (path / "processed").mkdir()
    (path / "CHANGELOG.md").write_text(LOG, "utf-8")
    (path / "CHANGELOG.md").chmod(0o600)
    return path


def release(home):
    make_release("0.1.0", home / "raw", home / "processed", changelog=home / "CHANGELOG.md")


def trouble_at(home, do, faults, at, error, lasting):
    """Do it with one fault: afterwards all is as before, or all of it is done."""
    before = seen(home)
    faults.arm(home, at, error, lasting=lasting)
    with suppress(WriteError, KeyboardInterrupt):
        do(home)
    met = faults.disarm()
    check(home / "processed")
    after = seen(home)
    if len(after) == len(before):
        assert after == before, at
    return met


@pytest.mark.parametrize(
    ("error", "lasting"),
    [
        (KeyboardInterrupt(), False),
        (FULL, True),
        pytest.param(FULL, False, marks=pytest.mark.slow),
        pytest.param(KeyboardInterrupt(), True, marks=pytest.mark.slow),
    ],
)
def test_trouble_at_each_step_of_a_build(tmp_path, faults, error, lasting):
    whole = small_home(tmp_path / "whole")
    build(whole)
    for at in itertools.count():
        home = small_home(tmp_path / str(at))
        if not trouble_at(home, build, faults, at, error, lasting):
            break
        if not (home / "processed" / "0.1.1").exists():
            build(home)
            assert everything(home) == everything(whole), at
        assert seen(home) == seen(whole), at
        shutil.rmtree(home)
    assert at > 20


OTHER = Small(pd.DataFrame({"firm_id": ["a", "b"], "year": [2000, 2002]}))


def rebuild(home):
    write_release(OTHER, "0.1.0", home / "processed", overwrite=True)


@pytest.fixture(params=["in one step", "in two"])
def exchange(request, monkeypatch):
    """As on Linux, and as elsewhere."""
    if request.param == "in two":
        monkeypatch.setattr(staging, "exchanged", lambda *_: False)


@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["full", "Ctrl-C"])
def test_trouble_at_each_step_of_a_build_over_an_old_one(tmp_path, faults, error, exchange):
    old, new = (small_home(tmp_path / name) for name in ("old", "new"))
    rebuild(new)
    old, new = seen(old), seen(new)
    assert new != old
    for at in itertools.count():
        home = small_home(tmp_path / str(at))
        faults.arm(home, at, error)
        with suppress(WriteError, KeyboardInterrupt):
            rebuild(home)
        met = faults.disarm()
        check(home / "processed")
        assert seen(home) in (old, new), at
        if not met:
            break
    assert seen(home) == new
    assert at > 20


def test_an_old_build_that_a_killed_run_took_away_is_put_back(tmp_path):
    """On systems that let no two folders change places."""
    home = small_home(tmp_path / "home")
    before = seen(home)
    releases = home / "processed"
    (releases / "0.1.0").rename(releases / f".unfinished-0.1.0-{'0' * 16}-old")
    (releases / f".unfinished-0.1.0-{'0' * 16}").mkdir()
    with suppress(ReleaseError):
        write_release(Small(), "no version", releases)
    build(home)
    check(releases)
    assert before.items() - {*seen(home).items()} <= {
        ("processed/registry.json", before["processed/registry.json"])
    }
    assert not list(releases.glob(".unfinished-*"))


def try_each(tmp_path, facts, faults, steps, error, lasting=False):
    whole = release_home(tmp_path / "whole", facts)
    release(whole)
    for at in steps:
        home = release_home(tmp_path / str(at), facts)
        if not trouble_at(home, release, faults, at, error, lasting):
            break
        assert (home / "CHANGELOG.md").stat().st_mode & 0o777 == 0o600
        if not (home / "processed" / "0.1.0").exists():
            assert seen(home).keys() == {*everything(release_home(tmp_path / f"{at}-0", facts))}
            release(home)
            assert everything(home) == everything(whole), at
        assert seen(home) == seen(whole), at
    return at


@pytest.fixture
def facts(facts_folder, tmp_path_factory):
    facts_folder.path = tmp_path_factory.mktemp("facts")
    return facts_folder.write()


def test_trouble_with_the_records_of_a_release(tmp_path, facts, faults, monkeypatch):
    """The last steps are those that write changelog and registry and move the folder."""
    draft = draft_release("0.1.0", facts, tmp_path)
    monkeypatch.setattr(publish, "draft_release", lambda *_, **__: draft)
    home = release_home(tmp_path / "counted", facts)
    faults.arm(home, 10**6, FULL)
    release(home)
    faults.disarm()
    last = faults.count
    assert try_each(tmp_path, facts, faults, range(last - 12, last), FULL) == last - 1


@pytest.mark.slow
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("error", [FULL, KeyboardInterrupt()], ids=["full", "Ctrl-C"])
def test_trouble_at_each_step_of_a_release(tmp_path, facts, faults, error, lasting):
    assert try_each(tmp_path, facts, faults, itertools.count(), error, lasting) > 40


KILLED = """
import importlib.util, itertools, os, signal, sys
from pathlib import Path
home, conftest, first, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
spec = importlib.util.spec_from_file_location("conftest", conftest)
faults = importlib.util.module_from_spec(spec)
spec.loader.exec_module(faults)
import shutil
from belbiotech.dataset.releases import publish
draft = publish.draft_release("0.1.0", home / "raw", home / "processed")
publish.draft_release = lambda *_, **__: draft
FAULTS = faults.FAULTS
def step_or_die(*, needs_space):
    FAULTS.count += 1
    if FAULTS.count > FAULTS.at:
        os.kill(os.getpid(), signal.SIGKILL)
FAULTS.step = step_or_die
fsync = os.fsync
def counted(descriptor):
    if FAULTS.folder is not None:
        FAULTS.step(needs_space=True)
    fsync(descriptor)
os.fsync = counted
def in_a_child(at, place):
    pid = os.fork()
    if pid == 0:
        FAULTS.arm(place, at, OSError())
        log = place / "CHANGELOG.md"
        publish.make_release("0.1.0", place / "raw", place / "processed", changelog=log)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
for at in itertools.count(first, step):
    place = home.with_name(f"{home.name}-{at}")
    shutil.copytree(home, place)
    code = in_a_child(at, place)
    print(at, code, flush=True)
    if not (place / "processed" / "0.1.0").exists():
        assert in_a_child(10**9, place) == 0
    if code == 0:
        break
"""


def killed_at(tmp_path, facts, first, step):
    whole = release_home(tmp_path / "whole", facts)
    release(whole)
    home = release_home(tmp_path / "home", facts)
    conftest = Path(__file__).parents[1] / "conftest.py"
    command = [sys.executable, "-c", KILLED, home, conftest, str(first), str(step)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = dict(map(int, line.split()) for line in done.stdout.splitlines())
    assert set(told.values()) == {0, -9}
    for at in told:
        place = tmp_path / f"home-{at}"
        check(place / "processed")
        assert seen(place) == seen(whole), at
    return told


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_killed_at_some_steps_of_a_release(tmp_path, facts):
    assert len(killed_at(tmp_path, facts, 5, 45)) > 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows cannot fork")
def test_killed_at_each_step_of_a_release(tmp_path, facts):
    assert len(killed_at(tmp_path, facts, 0, 1)) > 40


def test_a_release_that_stands_keeps_its_records(tmp_path):
    """Ctrl-C after the last rename comes too late."""

    def too_late():
        with recorded(tmp_path / "0.1.0") as records, staged(tmp_path / "0.1.0"):
            records.replace(tmp_path / "log", "new")
        raise KeyboardInterrupt

    def in_time():
        with recorded(tmp_path / "0.2.0") as records, staged(tmp_path / "0.2.0"):
            records.replace(tmp_path / "log", "newer")
            raise KeyboardInterrupt

    for do in (too_late, in_time):
        with pytest.raises(KeyboardInterrupt):
            do()
        assert (tmp_path / "log").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["0.1.0", "log"]


def test_many_at_once_lose_nothing(tmp_path):
    releases = tmp_path / "processed"
    errors = []

    def make(patch):
        try:
            write_release(Small(), f"0.1.{patch}", releases)
        except ReleaseError as error:
            errors.append(error)

    threads = [threading.Thread(target=make, args=(patch % 6,)) for patch in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(installed_releases(releases)) == [f"0.1.{patch}" for patch in range(6)]
    assert len(read_registry(releases).manifests) == 6
    assert len(errors) == 6
    check(releases)
    assert len(os.listdir(releases)) == 7


RELEASE = """
import sys
from pathlib import Path
from belbiotech.dataset.releases.publish import make_release
home = Path(sys.argv[1])
make_release(sys.argv[2], home / "raw", home / sys.argv[3], changelog=home / "CHANGELOG.md")
"""


def test_processes_at_once_lose_no_entry(tmp_path, facts):
    """One version in each of two folders, and one changelog for all."""
    home = release_home(tmp_path / "home", facts)
    words = [("0.1.0", "one"), ("0.1.0", "two"), ("0.2.0", "three")]
    running = [
        subprocess.Popen([sys.executable, "-c", RELEASE, home, *told], stderr=subprocess.PIPE)
        for told in words
    ]
    told = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], told
    log = (home / "CHANGELOG.md").read_text("utf-8")
    assert log.count("### Data") == 2
    assert log.count("### Code") == 1
    for _, folder in words:
        check(home / folder)
        assert len(read_registry(home / folder).manifests) == 1
    assert sorted(os.listdir(home)) == ["CHANGELOG.md", "one", "processed", "raw", "three", "two"]


def test_who_waits_for_a_release_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    with (
        locked(tmp_path / LOCK, "release 7.7.7"),
        pytest.raises(ReleaseError, match=rf"process {os.getpid()} .*release 7\.7\.7.*build 0\.1"),
    ):
        write_release(Small(), "0.1.0", tmp_path)
    assert os.listdir(tmp_path) == []


def test_planted_links_are_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    releases = tmp_path / "processed"
    releases.mkdir()
    for pid in (os.getpid(), os.getpid() + 1):  # names that earlier versions took
        (releases / f".{REGISTRY}-{pid}").symlink_to(victim)
    write_release(Small(), "0.1.0", releases)
    (releases / "text").symlink_to(victim)
    replace_text(releases / "text", "new")
    assert victim.read_text() == "mine"
    assert (releases / "text").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_modes_are_kept_and_the_umask_is_respected(tmp_path):
    before = os.umask(0o077)
    try:
        folder = write_release(Small(), "0.1.0", tmp_path / "processed")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert (folder.stat().st_mode & 0o777, modes) == (0o700, {0o600})
    registry = folder.parent / REGISTRY
    registry.chmod(0o664)
    write_release(Small(), "0.1.1", folder.parent)
    assert registry.stat().st_mode & 0o777 == 0o664
    assert (folder.parent / "0.1.1").stat().st_mode & 0o777 == 0o777 & ~before


def test_a_changelog_behind_a_link_stays_behind_it(tmp_path, facts):
    home = release_home(tmp_path / "home", facts)
    (home / "docs").mkdir()
    (home / "CHANGELOG.md").rename(home / "docs" / "CHANGELOG.md")
    (home / "CHANGELOG.md").symlink_to("docs/CHANGELOG.md")
    release(home)
    assert (home / "CHANGELOG.md").is_symlink()
    assert "First release." in (home / "docs" / "CHANGELOG.md").read_text("utf-8")
    assert os.listdir(home / "docs") == ["CHANGELOG.md"]


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_changelog_that_cannot_be_read(tmp_path, facts, content):
    home = release_home(tmp_path / "home", facts)
    (home / "CHANGELOG.md").unlink()
    if content:
        (home / "CHANGELOG.md").write_bytes(content)
    with pytest.raises(ReleaseError, match=r"CHANGELOG\.md"):
        release(home)
    assert installed_releases(home / "processed") == {}
    assert not (home / "processed" / REGISTRY).exists()


def test_a_first_registry_takes_in_what_is_there(tmp_path):
    write_release(Small(), "0.1.0", tmp_path)
    (tmp_path / REGISTRY).unlink()
    write_release(Small(), "0.1.1", tmp_path)
    check(tmp_path)
    assert json.loads((tmp_path / REGISTRY).read_text("utf-8"))["manifests"].keys() == {
        "0.1.0",
        "0.1.1",
    }
