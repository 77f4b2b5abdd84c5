import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

import belbiotech
from belbiotech.dataset.catalog.load import codebook, load_panel, load_table, load_tables
from belbiotech.dataset.documents.manifest import file_entry, read_manifest
from belbiotech.dataset.releases import store
from belbiotech.dataset.releases.registry import REGISTRY, Registry, registry_text
from belbiotech.dataset.releases.release import write_release
from belbiotech.dataset.releases.store import data_folder, open_release, versions
from belbiotech.dataset.releases.verify import verify
from belbiotech.errors import PanelError, ReleaseError

PANEL = pd.DataFrame(
    {
        "firm_id": ["alpha", "alpha", "zeta"],
        "year": [2000, 2001, 2001],
        "region": ["BE-VLG", "BE-VLG", "BE-WAL"],
        "observed": [False, True, True],
    }
)
FIRMS = pd.DataFrame({"firm_id": ["alpha", "zeta"], "founded": ["2000", None]})


@dataclass(frozen=True)
class Small:
    panel: pd.DataFrame
    parameters: dict = field(default_factory=lambda: {"end_year": 2001, "alliance_window": 5})

    def items(self):
        return [("firm_year", self.panel), ("firms", FIRMS)]


@pytest.fixture
def releases(tmp_path, monkeypatch):
    """Three small releases; the first has a row less."""
    folder = tmp_path / "releases"
    write_release(Small(PANEL.head(2)), "0.9.0", folder)
    for version in ("0.10.0", "0.2.0"):
        write_release(Small(PANEL), version, folder)
    monkeypatch.setenv("BELBIOTECH_DATA", str(folder))
    monkeypatch.setenv("BELBIOTECH_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BELBIOTECH_RELEASES", raising=False)
    return folder


def register(releases, version):
    entry = file_entry(releases / version / "manifest.json")
    (releases / REGISTRY).write_text(registry_text(Registry(None, {version: entry})), "utf-8")


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_versions_are_ordered_by_their_numbers(releases):
    (releases / "README.md").write_text("no release")
    (releases / "0.11.0").mkdir()
    (releases / ".unfinished-0.12.0-x").mkdir()
    assert versions() == ["0.2.0", "0.9.0", "0.10.0"]


def test_the_newest_or_the_one_asked_for(releases):
    assert load_panel().attrs["version"] == "0.10.0"
    old = load_panel("0.9.0")
    assert old.attrs == {
        "table": "firm_year",
        "version": "0.9.0",
        "end_year": 2001,
        "alliance_window": 5,
        "unit": "firm_id",
        "min_confidence": None,
    }
    pd.testing.assert_frame_equal(old, PANEL.head(2))
    pd.testing.assert_frame_equal(load_table("firms"), FIRMS)


def test_a_new_table_each_time(releases):
    panel = load_panel()
    panel["year"] = 0
    panel.attrs["version"] = "mine"
    pd.testing.assert_frame_equal(load_panel(), PANEL)
    assert load_panel().attrs["version"] == "0.10.0"


def test_unknown_names_are_answered_with_the_known(releases):
    with pytest.raises(ReleaseError, match=r"no version '0\.3\.0'.* 0\.2\.0, 0\.9\.0, 0\.10\.0"):
        load_panel("0.3.0")
    with pytest.raises(ReleaseError, match=r"has no table 'firm'; did you mean 'firms'"):
        load_table("firm")
    with pytest.raises(ReleaseError, match="has no table 'events'"):
        codebook("events")


@pytest.mark.parametrize(
    "name", ["firm_year.parquet", "firms.parquet", "row_counts.csv", "manifest.json"]
)
def test_one_changed_byte_is_refused_by_load_and_verify(releases, name):
    path = releases / "0.10.0" / name
    expected = file_entry(path).sha256
    damage(path)
    for check in (load_panel, verify, codebook, lambda: load_table("firms")):
        with pytest.raises(ReleaseError) as caught:
            check()
        for word in (name, expected, file_entry(path).sha256):
            assert word in str(caught.value)
    assert len(load_panel("0.9.0")) == 2


def test_files_are_checked_at_the_first_load_of_a_process(releases, monkeypatch):
    checked = []
    check = store.check_files
    monkeypatch.setattr(store, "check_files", lambda *args: checked.append(1) or check(*args))
    for _ in range(3):
        load_panel("0.2.0")
        load_table("firms", "0.2.0")
    assert checked == [1]


def test_a_foreign_file_hinders_no_load_but_verify_tells(releases):
    (releases / "0.10.0" / "notes.txt").write_text("mine")
    assert len(load_panel()) == 3
    with pytest.raises(ReleaseError, match=r"notes\.txt is not part of the release"):
        verify("0.10.0")


def test_a_release_put_in_the_place_of_another_is_refused(releases):
    register(releases, "0.2.0")
    assert len(load_panel("0.2.0")) == 3
    store.open_release.__globals__["_checked"].cache_clear()
    (releases / "0.2.0").rename(releases / "0.0.2")
    write_release(Small(PANEL.head(1)), "0.2.0", releases)
    with pytest.raises(ReleaseError, match="is not the one in the registry: expected SHA-256"):
        load_panel("0.2.0")
    with pytest.raises(ReleaseError, match=r"holds version 0\.2\.0, not 0\.0\.2"):
        load_panel("0.0.2")


def test_verify_reports_every_file_of_every_version(releases):
    report = verify()
    assert report["version"].unique().tolist() == ["0.2.0", "0.9.0", "0.10.0"]
    one = report[report["version"] == "0.9.0"].set_index("file")
    assert set(one.index) == {path.name for path in (releases / "0.9.0").iterdir()} - {
        "manifest.sha256"
    }
    path = releases / "0.9.0" / "firms.parquet"
    assert one.loc["firms.parquet", "sha256"] == file_entry(path).sha256
    assert one.loc["firms.parquet", "bytes"] == path.stat().st_size
    manifest = read_manifest(releases / "0.9.0")
    assert one.loc["firms.parquet", "content_hash"] == manifest.tables["firms"].content_hash


def test_the_codebook_tells_what_the_release_was_told(releases):
    book = codebook().set_index("column")
    assert book.index.tolist() == ["firm_id", "year", "region", "observed"]
    assert book.loc["region", "allowed_values"] == (
        "BE-VLG (Flanders); BE-WAL (Wallonia); BE-BRU (Brussels)"
    )
    assert book.loc["year", ["type", "unit", "since"]].tolist() == ["int64", "year", "0.1.0"]
    assert codebook("firms").set_index("column").loc["founded", "share_missing"] == 0.5


def test_no_folder_of_releases(tmp_path, monkeypatch):
    monkeypatch.setenv("BELBIOTECH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ReleaseError, match="no folder of releases at .*nowhere.*BELBIOTECH_DATA"):
        versions()


def test_a_folder_without_releases(tmp_path, monkeypatch):
    monkeypatch.setenv("BELBIOTECH_DATA", str(tmp_path))
    assert versions() == []
    with pytest.raises(ReleaseError, match="there is no release in"):
        load_panel()
    with pytest.raises(ReleaseError, match="there is no release to check"):
        verify()
    with pytest.raises(ReleaseError, match=r"known versions are \(none\)"):
        load_panel("0.1.0")


def test_a_version_of_the_registry_alone_needs_an_address(releases):
    register(releases, "0.2.0")
    (releases / "0.2.0").rename(releases / "elsewhere")
    assert versions() == ["0.9.0", "0.10.0"]
    with pytest.raises(ReleaseError, match=r"version 0\.2\.0 is not in this package"):
        open_release("0.2.0")


def test_a_version_fetched_before_is_found_without_a_network(releases, tmp_path):
    register(releases, "0.2.0")
    (tmp_path / "cache").mkdir()
    (releases / "0.2.0").rename(tmp_path / "cache" / "0.2.0")
    assert versions() == ["0.2.0", "0.9.0", "0.10.0"]
    assert len(load_panel("0.2.0")) == 3
    assert load_panel().attrs["version"] == "0.10.0"
    damage(tmp_path / "cache" / "0.2.0" / "firms.parquet")
    with pytest.raises(ReleaseError, match=r"firms\.parquet was changed"):
        verify()


def test_loading_is_light(releases):
    heavy = "lifelines statsmodels matplotlib pandera scipy duckdb pooch requests formulaic"
    script = (
        "import sys; from belbiotech.dataset.catalog.load import load_panel, codebook; "
        "load_panel(); "
        f"codebook(); print([name for name in {heavy.split()!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_shipped_data_is_found_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("BELBIOTECH_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert data_folder() == Path(belbiotech.__file__).parents[2] / "data" / "processed"


@pytest.fixture
def shipped(monkeypatch):
    """The repository's own releases."""
    monkeypatch.delenv("BELBIOTECH_DATA", raising=False)


def test_every_shipped_version_is_what_its_own_facts_give(shipped):
    for version in versions():
        released = load_panel(version)
        rebuilt = load_panel(version, min_confidence="C")
        pd.testing.assert_frame_equal(rebuilt[released.columns], released)
        assert rebuilt.attrs == released.attrs | {"min_confidence": "C"}


def test_better_confidence_leaves_fewer_facts(shipped):
    rows = [len(load_panel(min_confidence=letter)) for letter in "CBA"]
    alliances = [load_panel(min_confidence=letter)["alliances_new"].sum() for letter in "CBA"]
    assert rows == sorted(rows, reverse=True)
    assert alliances == sorted(alliances, reverse=True)
    assert alliances[0] > alliances[2] > 0
    with pytest.raises(PanelError, match="'D' is no confidence"):
        load_panel(min_confidence="D")


def test_all_tables_at_once(shipped):
    tables = load_tables()
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, load_table(name))
    assert tables.parameters == {
        key: load_panel().attrs[key] for key in ("end_year", "alliance_window")
    }


def test_shipped_rows_are_in_order_and_complete(shipped):
    for version in versions():
        panel = load_panel(version)
        assert panel.equals(panel.sort_values(["firm_id", "year"], ignore_index=True))
        assert not panel.isna().any(axis=None)


@pytest.mark.slow
def test_the_wheel_alone_loads_the_data_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("BELBIOTECH_DATA", raising=False)
    root = Path(belbiotech.__file__).parents[2]
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    script = (
        "import belbiotech as bb; print(bb.__file__); bb.verify(); "
        "print(bb.versions(), len(bb.load_panel()), bb.load_panel().attrs['version'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
    )
    place, told = done.stdout.splitlines()
    assert Path(place).parent == tmp_path / "installed" / "belbiotech", done.stderr
    shipped = versions()
    assert told == f"{shipped} {len(load_panel())} {shipped[-1]}"
