"""The files of a site: whole, safe without a browser's help, and told apart from other folders."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import belbiotech
from belbiotech.dataset.facts.tables import TABLE_NAMES
from belbiotech.dataset.releases.release import write_release
from belbiotech.dataset.releases.store import data_folder
from belbiotech.errors import BelbiotechError, ReleaseError
from belbiotech.explorer import build_site
from belbiotech.explorer.corrections import correction_link, issues_address
from belbiotech.explorer.partners import partners
from belbiotech.explorer.serve import local_server
from belbiotech.explorer.states import find_states
from belbiotech.explorer.words import Words

STATIC = Path(belbiotech.__file__).parent / "explorer" / "static"


class Reader(HTMLParser):
    """Collects tags, links and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data):
        self.text += data

    def values(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.tags if name in attrs]


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def data(site: Path, name: str) -> dict:
    text = (site / "data" / f"{name}.js").read_text("utf-8")
    return json.loads(text.split(f"belbiotech.{name}=", 1)[1].removesuffix(";\n"))


def test_every_firm_has_its_page(site, state):
    names = {path.stem for path in (site / "firm").iterdir()}
    assert names == set(state.tables.firms["firm_id"])


def test_every_link_inside_leads_to_a_file_and_outside_to_the_web(site):
    for page in [*site.glob("*.html"), *pages(site)[::7]]:
        reader = Reader(page.read_text("utf-8"))
        for link in [*reader.values("href"), *reader.values("src")]:
            if re.match(r"https?://", link):
                continue
            path, _, _ = link.partition("#")
            assert ":" not in path, f"{page.name}: {link}"
            assert not path or (page.parent / path).resolve().is_file(), f"{page.name}: {link}"


def test_no_page_has_a_script_style_or_handler_of_its_own(site, hostile):
    for page in [*site.glob("*.html"), *pages(hostile)]:
        reader = Reader(page.read_text("utf-8"))
        for tag, attrs in reader.tags:
            assert tag not in ("style", "iframe", "object", "embed", "base"), page.name
            assert "style" not in attrs, page.name
            assert not [name for name in attrs if name.startswith("on")], page.name
            if tag == "script":
                assert attrs.get("src") or attrs.get("type") == "application/json", page.name
        assert any("default-src 'none'" in value for value in reader.values("content")), page.name


def test_hostile_names_are_text(hostile, hostile_names):
    index = Reader((hostile / "index.html").read_text("utf-8"))
    for firm, name in hostile_names.items():
        assert name in Reader((hostile / "firm" / f"{firm}.html").read_text("utf-8")).text
        assert name in index.text
    assert "<script>alert" not in (hostile / "data" / "sample.js").read_text("utf-8")
    assert set(hostile_names.values()) <= {firm[1] for firm in data(hostile, "sample")["firms"]}
    for page in pages(hostile):
        links = Reader(page.read_text("utf-8")).values("href")
        assert not [link for link in links if link.startswith("javascript")], page.name


def test_tables_are_there_without_scripts(site, state):
    index = Reader((site / "index.html").read_text("utf-8"))
    rows = [tag for tag, _ in index.tags if tag == "tr"]
    assert len(rows) == len(state.tables.firms) + 1
    partners = Reader((site / "partners.html").read_text("utf-8"))
    assert len([tag for tag, _ in partners.tags if tag == "tr"]) == len(state.tables.alliances) + 1
    survival = Reader((site / "survival.html").read_text("utf-8"))
    assert len([tag for tag, _ in survival.tags if tag == "tr"]) > 20


def test_the_first_page_is_light(site):
    for name, limit in (("index.html", 0.4e6), ("partners.html", 2e6), ("firm/ablynx.html", 2e6)):
        page = site / name
        reader = Reader(page.read_text("utf-8"))
        linked = [*reader.values("src"), *[h for h in reader.values("href") if h.endswith(".css")]]
        weight = page.stat().st_size + sum((page.parent / f).stat().st_size for f in linked)
        assert weight < limit, f"{name}: {weight:,d} bytes"


def test_the_same_release_gives_the_same_site(small, tmp_path):
    one, two = (build_site(small, tmp_path / name).parent for name in ("one", "two"))
    files = [path for path in sorted(one.rglob("*")) if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes(), path.name


def test_libraries_are_as_published():
    for folder in (STATIC / "vendor", Path(__file__).parent / "vendor"):
        for line in (folder / "SHA256SUMS").read_text().splitlines():
            total, name = line.split()
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == total, name
        assert list(folder.glob("*LICENSE"))


def test_a_site_is_replaced_and_another_folder_is_not(small, tmp_path):
    target = build_site(small, tmp_path / "site").parent
    (target / "old.html").touch()
    build_site(small, target)
    assert not (target / "old.html").exists()
    other = tmp_path / "letters"
    other.mkdir()
    (other / "to-keep.txt").write_text("mine")
    with pytest.raises(BelbiotechError, match="something else than a site"):
        build_site(small, other)
    assert [path.name for path in other.iterdir()] == ["to-keep.txt"]


def test_a_folder_of_releases_gives_the_newest_after_the_others(tmp_path):
    for version in ("0.1.0", "0.2.0"):
        shutil.copytree(data_folder() / version, tmp_path / version)
    assert [found.version for found in find_states(tmp_path)] == ["0.1.0", "0.2.0"]
    assert [found.version for found in find_states(tmp_path / "0.1.0")] == ["0.1.0"]
    assert [found.version for found in find_states("0.2.0")] == ["0.1.0", "0.2.0"]


@pytest.mark.parametrize("name", ["financings.parquet", "manifest.json", "manifest.sha256"])
def test_a_release_without_a_file_it_needs_is_told(tmp_path, name):
    folder = Path(shutil.copytree(data_folder() / "0.1.0", tmp_path / "0.1.0"))
    (folder / name).unlink()
    with pytest.raises(ReleaseError, match="belbiotech verify") as told:
        build_site(folder, tmp_path / "site")
    assert name in str(told.value)
    assert not (tmp_path / "site").exists()


def test_a_release_without_a_table_is_told(tmp_path):
    from belbiotech.dataset.documents.manifest import write_sum

    folder = Path(shutil.copytree(data_folder() / "0.1.0", tmp_path / "0.1.0"))
    content = json.loads((folder / "manifest.json").read_text("utf-8"))
    del content["tables"]["financings"], content["files"]["financings.parquet"]
    (folder / "manifest.json").write_text(json.dumps(content), "utf-8")
    (folder / "financings.parquet").unlink()
    write_sum(folder)
    with pytest.raises(ReleaseError, match=r"no table financings(.|\n)*belbiotech verify"):
        build_site(folder, tmp_path / "site")


@pytest.mark.parametrize("empty", [("alliances", "financings"), TABLE_NAMES])
def test_a_release_without_facts_still_makes_a_site(state, tmp_path, empty):
    kept = {name: table[:0] for name, table in state.tables.items() if name in empty}
    release = write_release(replace(state.tables, **kept), "0.0.1", tmp_path)
    if "firms" in empty:
        site = build_site(release, tmp_path / "site").parent
        assert "0 firms" in Reader((site / "index.html").read_text("utf-8")).text
        assert not (site / "firm").exists()
    assert partners(find_states(release)[-1], Words(state.manifest))["links"] == []


def test_an_unknown_place_is_told(tmp_path):
    with pytest.raises(ReleaseError, match=r"no folder 'nowhere'.*0\.1\.0"):
        find_states("nowhere")
    with pytest.raises(ReleaseError, match=r"no version '9\.9\.9'.*0\.1\.0"):
        find_states("9.9.9")
    with pytest.raises(ReleaseError, match="holds no release"):
        find_states(tmp_path)


def test_a_correction_goes_to_the_issues_that_are_named(small, tmp_path):
    page = build_site(small, tmp_path / "site", issues="https://example.org/issues/")
    links = Reader((page.parent / "firm" / "ablynx.html").read_text("utf-8")).values("href")
    forms = [link for link in links if link.startswith("https://example.org/issues/new?")]
    assert len(forms) > 20
    assert all("template=correct-a-fact.yml" in link and "firm=ablynx" in link for link in forms)


def test_without_an_address_a_correction_is_a_text_to_copy(site, monkeypatch):
    links = Reader((site / "firm" / "ablynx.html").read_text("utf-8")).values("href")
    if issues_address() is None:
        assert len([link for link in links if link.startswith("../correct.html#")]) > 20
    assert correction_link({"firm": "a&b=c"}, None) == "correct.html#firm=a%26b%3Dc"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "example.org", "file:///etc", ""])
def test_issues_anywhere_else_than_on_the_web_are_refused(address):
    with pytest.raises(BelbiotechError, match="https://"):
        issues_address(address)


def test_project_addresses_are_read_from_the_metadata(monkeypatch):
    from email.message import Message

    from belbiotech.explorer import corrections

    told = Message()
    told["Project-URL"] = "Repository, https://example.org/project/"
    monkeypatch.setattr(corrections, "metadata", lambda name: told)
    assert issues_address() == "https://example.org/project/issues"
    told["Project-URL"] = "Issues, https://example.org/bugs"
    assert issues_address() == "https://example.org/bugs"


@pytest.fixture
def served(site):
    with local_server(site, 8760) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_local_server_gives_pages_with_strict_headers(served):
    with urllib.request.urlopen(f"{served}/") as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert b"The firms of the sample" in answer.read()


def test_an_unknown_page_offers_the_nearest_firms(served):
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(f"{served}/firm/ablinx.html")
    with told.value as answer:
        text = answer.read().decode()
    assert answer.code == 404
    assert '<a href="/firm/ablynx.html">ablynx</a>' in text
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(f"{served}/firm/%3Cscript%3E.html")
    with told.value as answer:
        assert "<script>" not in answer.read().decode()


@pytest.mark.parametrize("path", ["firm/", "static/", "firm/%00.html", "%2e%2e/%2e%2e/etc/passwd"])
def test_what_is_no_page_is_told_without_a_list_or_a_traceback(served, path, capfd):
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(f"{served}/{path}")
    with told.value as answer:
        text = answer.read().decode()
    assert answer.code == 404
    assert "There is no page" in text
    assert capfd.readouterr().err == ""


def test_a_reader_who_leaves_early_is_no_fault(served, site, capfd):
    address = ("127.0.0.1", int(served.rsplit(":", 1)[1]))
    large = site / "static" / "large.js"
    large.write_bytes(b" " * 20_000_000)
    try:
        with socket.create_connection(address) as reader:
            reader.sendall(b"GET /static/large.js HTTP/1.0\r\n\r\n")
            reader.recv(10)
        with urllib.request.urlopen(f"{served}/correct.html") as answer:
            assert answer.status == 200
        time.sleep(0.3)
    finally:
        large.unlink()
    assert capfd.readouterr().err == ""


def test_a_port_in_use_gives_the_next_one(site, served):
    taken = int(served.rsplit(":", 1)[1])
    with local_server(site, taken) as server:
        assert server.server_address[1] > taken


@pytest.mark.parametrize("port", [0, -1, 70000])
def test_a_number_that_is_no_port_is_refused(site, port):
    with pytest.raises(BelbiotechError, match="1 to 65535"):
        local_server(site, port)
