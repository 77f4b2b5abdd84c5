import contextlib
import functools
import hashlib
import http.server
import itertools
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from belbiotech.dataset.catalog.load import load_panel
from belbiotech.dataset.documents.manifest import (
    Manifest,
    content_entry,
    file_entry,
    manifest_texts,
)
from belbiotech.dataset.releases import download, fetch
from belbiotech.dataset.releases.fetch import cache_folder, fetch_release, fetched_releases
from belbiotech.dataset.releases.registry import REGISTRY, Registry, read_registry, registry_text
from belbiotech.dataset.releases.release import write_release
from belbiotech.dataset.releases.store import versions
from belbiotech.errors import BelbiotechWarning, ReleaseError, WriteError

PANEL = pd.DataFrame({"firm_id": ["alpha", "zeta"], "year": [2000, 2001]})
BIG = "firm_year.parquet"


class Server(http.server.BaseHTTPRequestHandler):
    """A release server that does what its ``plan`` says; every request is written down."""

    def __init__(self, *args, plan, **kwargs):
        self.plan = plan
        super().__init__(*args, **kwargs)

    def do_GET(self):
        plan, name = self.plan, self.path.rsplit("/", 1)[1]
        time.sleep(plan.silence)
        asked = self.headers.get("Range")
        plan.requests.append((self.path, asked))
        if plan.trouble:
            self.send_error(plan.trouble.pop(0))
            return
        if name not in plan.files:
            self.send_error(404)
            return
        content = plan.files[name]
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        begin = begin if plan.ranges else 0
        if begin > len(content):
            self.send_error(416)
            return
        self.send_response(206 if asked and plan.ranges else 200)
        if asked and plan.ranges:
            told = begin + plan.shift
            self.send_header("Content-Range", f"bytes {told}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin + plan.lie))
        self.send_header("Content-Type", plan.kind)
        self.end_headers()
        end = len(content)
        if name == BIG and plan.cuts:
            plan.cuts -= 1
            end = min(begin + plan.step, end)
        for place in range(begin, end, plan.piece):
            time.sleep(plan.pause)
            try:
                self.wfile.write(content[place : min(place + plan.piece, end)])
            except OSError:
                return  # nobody listens any more

    def log_message(self, *args):
        pass


class Plan:
    def __init__(self, files):
        self.files, self.requests, self.trouble = files, [], []
        self.cuts, self.step, self.lie, self.shift = 0, 0, 0, 0
        self.ranges, self.kind = True, "application/octet-stream"
        self.piece, self.pause, self.silence = 16_384, 0, 0


@pytest.fixture
def release(tmp_path):
    """A release's folder, and a registry that knows it."""
    folder = tmp_path / "there" / "0.1.0"
    folder.mkdir(parents=True)
    (folder / BIG).write_bytes(os.urandom(400_000))
    (folder / "codebook.html").write_text("<p>Codebook</p>")
    (folder / "empty.csv").write_text("")
    files = {path.name: file_entry(path) for path in sorted(folder.iterdir())}
    for name, text in manifest_texts(Manifest("0.1.0", {}, {}, files)).items():
        (folder / name).write_text(text, "utf-8")
    return folder, Registry(None, {"0.1.0": file_entry(folder / "manifest.json")})


@pytest.fixture
def plan(release, monkeypatch, tmp_path):
    """What the server does; it runs on this machine for the length of one test."""
    folder, _ = release
    plan = Plan({path.name: path.read_bytes() for path in folder.iterdir()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, plan=plan))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HERE", f"http://127.0.0.1:{server.server_port}/data/")
    monkeypatch.setenv("BELBIOTECH_RELEASES", os.environ["HERE"])
    monkeypatch.setenv("BELBIOTECH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0)
    yield plan
    server.shutdown()
    server.server_close()
    thread.join()


def same(one: Path, other: Path) -> bool:
    contents = [{p.name: p.read_bytes() for p in f.iterdir()} for f in (one, other)]
    return contents[0] == contents[1]


def test_fetched_whole_and_only_once(release, plan, tmp_path):
    folder, registry = release
    assert fetched_releases(["0.1.0"]) == {}
    got = fetch_release("0.1.0", registry)
    assert got == tmp_path / "cache" / "0.1.0"
    assert same(got, folder)
    assert fetched_releases(["0.1.0"]) == {"0.1.0": got}
    asked = len(plan.requests)
    assert plan.requests[0][0] == "/data/v0.1.0/manifest.json"
    assert fetch_release("0.1.0", registry) == got
    assert len(plan.requests) == asked


@pytest.mark.parametrize("name", [BIG, "manifest.json", "manifest.sha256"])
@pytest.mark.parametrize("gone", [True, False])
def test_a_damaged_release_in_the_cache_is_mended(release, plan, name, gone):
    folder, registry = release
    got = fetch_release("0.1.0", registry)
    (got / name).unlink()
    if not gone:
        (got / name).write_bytes(b"broken")
    plan.requests.clear()
    with pytest.warns(BelbiotechWarning, match="0.1.0 is damaged .*fetching it again"):
        assert fetch_release("0.1.0", registry) == got
    assert same(got, folder)
    asked = [path.rsplit("/", 1)[1] for path, _ in plan.requests]
    assert asked == ([] if name == "manifest.sha256" else [name])


def test_a_damaged_release_without_an_address(release, plan, monkeypatch):
    _, registry = release
    (fetch_release("0.1.0", registry) / BIG).write_bytes(b"broken")
    monkeypatch.delenv("BELBIOTECH_RELEASES")
    with pytest.raises(ReleaseError, match=rf"is damaged \({BIG} was changed\).*RELEASES"):
        fetch_release("0.1.0", registry)


def test_a_panel_is_fetched_when_it_is_asked_for(plan, monkeypatch, tmp_path):
    tables = SimpleNamespace(parameters={}, items=lambda: [("firm_year", PANEL)])
    folder = write_release(tables, "0.9.0", tmp_path)
    plan.files = {path.name: path.read_bytes() for path in folder.iterdir()}
    package = tmp_path / "package"
    package.mkdir()
    registry = Registry(None, {"0.9.0": file_entry(folder / "manifest.json")})
    (package / REGISTRY).write_text(registry_text(registry), "utf-8")
    monkeypatch.setenv("BELBIOTECH_DATA", str(package))
    pd.testing.assert_frame_equal(load_panel("0.9.0"), PANEL)
    assert versions() == ["0.9.0"]


def test_cut_off_ten_times_resumes_and_has_the_right_sum(release, plan):
    folder, registry = release
    plan.cuts, plan.step = 10, 36_864
    got = fetch_release("0.1.0", registry)
    assert same(got, folder)
    ranges = [asked for path, asked in plan.requests if path.endswith(BIG)]
    assert ranges == [None, *[f"bytes={36_864 * times}-" for times in range(1, 11)]]


def test_a_server_without_ranges_begins_anew(release, plan):
    folder, registry = release
    plan.cuts, plan.step, plan.ranges = 2, 100_000, False
    assert same(fetch_release("0.1.0", registry), folder)


def test_a_server_that_cuts_off_for_ever_is_given_up_and_resumed_later(release, plan):
    folder, registry = release
    plan.cuts, plan.step = 10**6, 0
    with pytest.raises(ReleaseError, match="could not be fetched: 0 of 400000 bytes came") as error:
        fetch_release("0.1.0", registry)
    assert "try again" in str(error.value)
    plan.step = 1024
    with pytest.raises(ReleaseError, match="61440 of 400000 bytes came"):
        fetch_release("0.1.0", registry)
    assert fetched_releases(["0.1.0"]) == {}
    plan.cuts = 0
    assert same(fetch_release("0.1.0", registry), folder)
    assert plan.requests[-1][1] == "bytes=61440-"


def test_no_range_and_endless_cuts_end(release, plan):
    _, registry = release
    plan.cuts, plan.step, plan.ranges = 10**6, 30_000, False
    with pytest.raises(ReleaseError, match="of 400000 bytes came"):
        fetch_release("0.1.0", registry)


@pytest.mark.parametrize("name", ["manifest.json", BIG])
def test_wrong_bytes_are_refused(release, plan, name):
    _, registry = release
    right = plan.files[name]
    plan.files[name] = bytes([right[0] ^ 1]) + right[1:]
    with pytest.raises(ReleaseError, match=f"{name} is not what the release promises") as error:
        fetch_release("0.1.0", registry)
    for content in (right, plan.files[name]):
        assert hashlib.sha256(content).hexdigest() in str(error.value)
    assert fetched_releases(["0.1.0"]) == {}
    plan.files[name] = right
    fetch_release("0.1.0", registry)


def test_too_long_is_refused(release, plan):
    _, registry = release
    plan.files[BIG] += b"more"
    with pytest.raises(ReleaseError, match="more than the 400000 bytes that it should have"):
        fetch_release("0.1.0", registry)


def test_too_short_is_refused(release, plan):
    _, registry = release
    plan.files[BIG] = plan.files[BIG][:-1]
    with pytest.raises(ReleaseError, match="399999 of 400000 bytes came"):
        fetch_release("0.1.0", registry)


def test_a_length_that_is_not_kept_is_refused(release, plan):
    _, registry = release
    plan.files[BIG] = plan.files[BIG][:100]
    plan.lie = 399_900
    with pytest.raises(ReleaseError, match="could not be fetched"):
        fetch_release("0.1.0", registry)


def test_a_web_page_in_place_of_a_file_is_refused(release, plan):
    _, registry = release
    plan.kind = "text/html; charset=utf-8"
    with pytest.raises(ReleaseError, match="gave a web page"):
        fetch_release("0.1.0", registry)


def test_another_range_than_asked_for_is_not_pieced_in(release, plan):
    _, registry = release
    plan.cuts, plan.step, plan.shift = 10**6, 50_000, 7
    with pytest.raises(ReleaseError, match="another range than asked for"):
        fetch_release("0.1.0", registry)


def test_a_wrong_piece_from_before_is_fetched_anew(release, plan, tmp_path):
    folder, registry = release
    unfinished = tmp_path / "cache" / ".fetching-0.1.0"
    unfinished.mkdir(parents=True)
    (unfinished / f"{BIG}.part").write_bytes(b"x" * 1000)
    (unfinished / "codebook.html.part").write_bytes(b"x" * 1000)
    assert same(fetch_release("0.1.0", registry), folder)


def test_trouble_that_passes(release, plan):
    folder, registry = release
    plan.trouble = [503, 429, 500]
    assert same(fetch_release("0.1.0", registry), folder)


def test_trouble_that_stays(release, plan):
    _, registry = release
    plan.trouble = [503] * 100
    with pytest.raises(ReleaseError, match="it answered 503"):
        fetch_release("0.1.0", registry)
    assert len(plan.requests) == download.IDLE_ATTEMPTS


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_such_file_is_told_at_once(release, plan, status):
    _, registry = release
    plan.trouble = [status]
    with pytest.raises(ReleaseError, match=f"manifest.json cannot be fetched.* {status} "):
        fetch_release("0.1.0", registry)
    assert len(plan.requests) == 1


def test_a_server_that_is_down(release, monkeypatch, plan):
    _, registry = release
    monkeypatch.setenv("BELBIOTECH_RELEASES", "http://127.0.0.1:9")
    with pytest.raises(ReleaseError, match="Check the network and the release address"):
        fetch_release("0.1.0", registry)


def test_a_broken_address(release, monkeypatch, plan):
    _, registry = release
    monkeypatch.setenv("BELBIOTECH_RELEASES", "nowhere")
    with pytest.raises(ReleaseError, match="is no address to fetch from"):
        fetch_release("0.1.0", registry)


def test_no_address(release, monkeypatch, tmp_path):
    monkeypatch.delenv("BELBIOTECH_RELEASES", raising=False)
    monkeypatch.setenv("BELBIOTECH_CACHE", str(tmp_path))
    with pytest.raises(ReleaseError, match="no release address is set; name one in .*RELEASES"):
        fetch_release("0.1.0", release[1])


def test_the_extra_is_asked_for(release, monkeypatch, plan):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    with pytest.raises(ReleaseError, match=r"pip install 'belbiotech\[fetch\]'"):
        fetch_release("0.1.0", release[1])


def test_two_at_a_time_fetch_once(release, plan):
    folder, registry = release
    plan.cuts, plan.step = 5, 60_000
    threads = [threading.Thread(target=fetch_release, args=("0.1.0", registry)) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert same(fetch_release("0.1.0", registry), folder)
    assert len([path for path, _ in plan.requests if path.endswith("manifest.json")]) == 1


def test_the_cache_is_the_platforms_unless_told(monkeypatch, tmp_path):
    monkeypatch.delenv("BELBIOTECH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "belbiotech"
    monkeypatch.setenv("BELBIOTECH_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"address": null, "manifests": {"0.1.0": {}}}'])
def test_a_damaged_registry(tmp_path, text):
    (tmp_path / "registry.json").write_text(text, "utf-8")
    with pytest.raises(ReleaseError, match=r"registry\.json is damaged"):
        read_registry(tmp_path)


def test_a_registry_comes_back_as_it_was_written(release, tmp_path):
    registry = Registry("https://example.org/data", release[1].manifests)
    (tmp_path / "registry.json").write_text(registry_text(registry), "utf-8")
    assert read_registry(tmp_path) == registry
    assert read_registry(tmp_path / "nowhere") == Registry()


FETCH = """
import sys
from pathlib import Path
from belbiotech.dataset.releases.fetch import fetch_release
from belbiotech.dataset.releases.registry import read_registry
registry = read_registry(Path(sys.argv[1]))
print("ready", flush=True)
fetch_release("0.1.0", registry)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("wait", [0.05, 0.3, pytest.param(0.6, marks=pytest.mark.slow)])
def test_a_fetch_that_was_killed_goes_on_and_leaves_nothing(release, plan, tmp_path, wait):
    folder, registry = release
    (tmp_path / REGISTRY).write_text(registry_text(registry), "utf-8")
    plan.pause = 0.01
    command = [sys.executable, "-c", FETCH, tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(wait)
        process.kill()
    plan.pause = 0
    got = fetch_release("0.1.0", registry)
    assert same(got, folder)
    assert os.listdir(tmp_path / "cache") == ["0.1.0"]


def test_what_earlier_versions_left_in_the_cache_is_cleared_without_a_network(
    release, plan, monkeypatch
):
    folder, registry = release
    got = fetch_release("0.1.0", registry)
    (got / "tmpa1b2c3").write_bytes(b"half")
    (got / ".tmp").write_bytes(b"half")
    (got / "folder").mkdir()
    plan.requests.clear()
    monkeypatch.delenv("BELBIOTECH_RELEASES")
    with pytest.warns(BelbiotechWarning, match="damaged .*tmpa1b2c3 is not part of the release"):
        assert fetch_release("0.1.0", registry) == got
    assert same(got, folder)
    assert plan.requests == []


def test_strange_things_where_a_fetch_goes_on_are_removed(release, plan, tmp_path):
    folder, registry = release
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    unfinished = tmp_path / "cache" / ".fetching-0.1.0"
    unfinished.mkdir(parents=True)
    (unfinished / "tmp12345").write_bytes(b"half")
    (unfinished / f"{BIG}.part").symlink_to(victim)
    (unfinished / "manifest.sha256").symlink_to(victim)
    (unfinished / "codebook.html").mkdir()
    assert same(fetch_release("0.1.0", registry), folder)
    assert victim.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../../../victim", "/tmp/victim-of-belbiotech", "a/b"])
def test_a_manifest_that_names_paths_writes_nothing_there(release, plan, tmp_path, name):
    folder, _ = release
    manifest = Manifest("0.1.0", {}, {}, {name: file_entry(folder / BIG)})
    plan.files |= {key: text.encode() for key, text in manifest_texts(manifest).items()}
    content = plan.files["manifest.json"]
    registry = Registry(None, {"0.1.0": content_entry(content)})
    before = set(tmp_path.rglob("*"))
    with pytest.raises(ReleaseError, match="is no name of a file"):
        fetch_release("0.1.0", registry)
    new = {path.name for path in tmp_path.rglob("*") if path not in before}
    assert new <= {"cache", ".fetching-0.1.0", "manifest.json", "manifest.sha256"}
    assert not Path("/tmp/victim-of-belbiotech").exists()


@pytest.mark.parametrize("version", ["../0.1.0", "/tmp/0.1.0", "0.1.0/..", "latest", ""])
def test_a_registry_that_names_paths_is_refused(release, tmp_path, version):
    entry = file_entry(release[0] / BIG)
    (tmp_path / REGISTRY).write_text(registry_text(Registry(None, {version: entry})), "utf-8")
    with pytest.raises(ReleaseError, match=r"registry\.json is damaged .*is no version"):
        read_registry(tmp_path)


def test_another_version_than_asked_for_is_not_used(release, plan):
    registry = Registry(None, {"0.2.0": file_entry(release[0] / "manifest.json")})
    with pytest.raises(ReleaseError, match=r"fetched as version 0\.2\.0 says that it is 0\.1\.0"):
        fetch_release("0.2.0", registry)
    assert fetched_releases(["0.2.0"]) == {}


def test_a_byte_at_a_time_is_given_up(release, plan, monkeypatch):
    _, registry = release
    monkeypatch.setattr(download, "WINDOW", 0.6)
    plan.pause, plan.piece = 0.1, 1
    begin = time.monotonic()
    with pytest.raises(ReleaseError, match=r"it was too slow \(\d+ bytes a second, at least 1,024"):
        fetch_release("0.1.0", registry)
    assert time.monotonic() - begin < 20


def test_headers_that_never_end_are_given_up(release, plan, monkeypatch):
    _, registry = release
    monkeypatch.setattr(download, "WINDOW", 0.6)
    plan.silence = 3
    with pytest.raises(ReleaseError, match="it was too slow"):
        fetch_release("0.1.0", registry)


def test_no_fetch_takes_longer_than_it_may(release, plan, monkeypatch):
    _, registry = release
    monkeypatch.setattr(fetch, "LONGEST", 0.5)
    plan.pause, plan.piece = 0.05, 2048
    with pytest.raises(ReleaseError, match="longer than a fetch may take"):
        fetch_release("0.1.0", registry)


def test_a_full_disk_is_no_matter_of_the_network(release, plan, monkeypatch, tmp_path):
    _, registry = release
    (tmp_path / "cache").touch()
    with pytest.raises(WriteError, match="cannot be used: .*BELBIOTECH_CACHE"):
        fetch_release("0.1.0", registry)
    (tmp_path / "cache").unlink()

    monkeypatch.setattr(download._Attempt, "_opened", full_opened)
    with pytest.raises(WriteError, match="No space left on device; make room"):
        fetch_release("0.1.0", registry)


@contextlib.contextmanager
def full_opened(attempt, begin):
    with download._told_if_full(attempt._part):
        raise OSError(28, "No space left on device")
    yield


@pytest.mark.parametrize("cache", ["~nobody-of-that-name/x", "{file}/x", "/proc/nothing"])
def test_a_cache_that_cannot_be_used(release, plan, monkeypatch, tmp_path, cache):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BELBIOTECH_CACHE", cache.format(file=tmp_path / "file"))
    with pytest.raises(ReleaseError, match="BELBIOTECH_CACHE"):
        fetch_release("0.1.0", release[1])


@pytest.mark.parametrize(
    "address",
    [
        "http://me:hunter2@127.0.0.1:9/data",
        "http://me:hunter2@/data",
        "http://me:hun/ter2hunter2@127.0.0.1:9/data",
        "me:hunter2@127.0.0.1/data",
        "http://me:hunter2@127.0.0.1:9x/data",
        "http://127.0.0.1:9/data?token=hunter2",
    ],
)
def test_a_password_is_not_printed(release, plan, monkeypatch, address):
    monkeypatch.setenv("BELBIOTECH_RELEASES", address)
    with pytest.raises(ReleaseError) as caught:
        fetch_release("0.1.0", release[1])
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    monkeypatch.setenv("BELBIOTECH_RELEASES", os.environ["HERE"].replace("//", "//me:hunter2@"))
    plan.trouble = [404]
    with pytest.raises(ReleaseError) as caught:
        fetch_release("0.1.0", release[1])
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_trouble_at_each_step_of_a_fetch(release, plan, faults, tmp_path):
    """After each, the next fetch goes on, and the cache holds the release and nothing else."""
    folder, registry = release
    cache = tmp_path / "cache"
    for at in itertools.count():
        shutil.rmtree(cache, ignore_errors=True)
        faults.arm(cache, at, OSError(28, "No space left on device"))
        with contextlib.suppress(WriteError):
            fetch_release("0.1.0", registry)
        met = faults.disarm()
        for got in fetched_releases(["0.1.0"]).values():
            assert same(got, folder)
        assert same(fetch_release("0.1.0", registry), folder)
        if not met:
            break
    assert at > 10
    assert os.listdir(cache) == ["0.1.0"]
