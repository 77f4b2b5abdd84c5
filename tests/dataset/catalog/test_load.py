import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest

import belbiotech
from belbiotech.dataset.catalog.load import codebook, load_panel, load_table, load_tables
from belbiotech.dataset.documents.manifest import (
    file_entry,
    manifest_texts,
    read_manifest,
    write_sum,
)
from belbiotech.dataset.releases import store
from belbiotech.dataset.releases.registry import REGISTRY, Registry, registry_text
from belbiotech.dataset.releases.release import write_release
from belbiotech.dataset.releases.store import data_folder, open_release, versions
from belbiotech.dataset.releases.verify import verify
from belbiotech.errors import BelbiotechWarning, PanelError, ReleaseError

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


def register(releases, *versions):
    """Write a registry that knows these versions and no other."""
    entries = {name: file_entry(releases / name / "manifest.json") for name in versions}
    (releases / REGISTRY).write_text(registry_text(Registry(None, entries)), "utf-8")


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_versions_are_ordered_by_their_numbers(releases):
    (releases / "README.md").write_text("no release")
    (releases / "0.11.0-draft").mkdir()
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
    (releases / "0.2.0" / "row_counts.csv").touch()
    load_panel("0.2.0")
    assert checked == [1, 1]


def other_version_in_its_place(releases):
    """Another version's file, as old and as long as the one it replaces."""
    path, other = (releases / version / "firm_year.parquet" for version in ("0.10.0", "0.9.0"))
    before = path.stat()
    path.write_bytes(other.read_bytes().ljust(before.st_size, b"\0")[: before.st_size])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_file_that_changes_after_the_first_load_is_refused(releases):
    assert len(load_panel()) == 3
    other_version_in_its_place(releases)
    with pytest.raises(ReleaseError, match=r"firm_year\.parquet was changed"):
        load_panel()


def test_a_file_that_changes_between_check_and_reading_is_refused(releases, monkeypatch):
    check = store.check_files

    def check_and_swap(*args):
        checked = check(*args)
        other_version_in_its_place(releases)
        return checked

    monkeypatch.setattr(store, "check_files", check_and_swap)
    with pytest.raises(ReleaseError, match=r"firm_year\.parquet was changed"):
        load_panel()


@pytest.mark.parametrize("broken", ["no manifest", "empty folder", "a file"])
def test_a_damaged_newest_release_is_not_passed_over(releases, broken):
    newest = releases / "0.10.0"
    if broken == "no manifest":
        (newest / "manifest.json").unlink()
    else:
        shutil.rmtree(newest)
        newest.mkdir() if broken == "empty folder" else newest.touch()
    assert versions()[-1] == "0.10.0"
    for check in (load_panel, verify, codebook, load_tables, open_release):
        with pytest.raises(ReleaseError, match=r"manifest\.json is missing"):
            check()
    assert len(load_panel("0.9.0")) == 2
    (releases / REGISTRY).unlink()
    with pytest.raises(ReleaseError, match=r"manifest\.json is missing"):
        write_release(Small(PANEL), "0.10.1", releases)


def altered_as_one(releases, version="0.10.0"):
    """Other values, with all sums of the release's folder as they should be."""
    shutil.rmtree(releases / version)
    write_release(Small(PANEL.assign(year=1999)), version, releases.parent / "elsewhere")
    (releases.parent / "elsewhere" / version).rename(releases / version)


def test_a_release_altered_as_one_is_refused(releases):
    altered_as_one(releases)
    for check in (load_panel, verify):
        with pytest.raises(ReleaseError, match="is not the one in the registry"):
            check()


def test_an_altered_release_under_another_key_is_refused(releases):
    altered_as_one(releases)
    text = (releases / REGISTRY).read_text("utf-8")
    (releases / REGISTRY).write_text(text.replace('"0.10.0"', '"0.10.1"'), "utf-8")
    with pytest.raises(ReleaseError, match=r"registry\.json is damaged .*otherwise than its sum"):
        load_panel()
    register(releases, "0.2.0", "0.9.0")
    for check in (load_panel, verify):
        with pytest.raises(ReleaseError, match=r"0\.10\.0 is not in .*registry\.json"):
            check()


def test_releases_without_a_registry_are_told_of(releases, monkeypatch):
    altered_as_one(releases)
    (releases / REGISTRY).unlink()
    for check in (load_panel, verify, codebook):
        with pytest.warns(BelbiotechWarning, match=r"has no registry\.json"):
            check()
    monkeypatch.delenv("BELBIOTECH_DATA")
    monkeypatch.setattr(store, "data_folder", lambda: releases)
    with pytest.raises(ReleaseError, match="install belbiotech again"):
        load_panel()


def test_a_registry_without_its_sum_is_told_of(releases):
    told = json.loads((releases / REGISTRY).read_text("utf-8"))
    del told["sha256"]
    (releases / REGISTRY).write_text(json.dumps(told), "utf-8")
    with pytest.warns(BelbiotechWarning, match="has no sum of itself"):
        load_panel()


def test_a_newer_version_that_is_not_here_is_told_of(releases):
    (releases / "0.10.0").rename(releases.parent / "gone")
    with pytest.warns(BelbiotechWarning, match=r"0\.10\.0 is in the registry, but not here"):
        assert load_panel().attrs["version"] == "0.9.0"
    assert load_panel("0.9.0").attrs["version"] == "0.9.0"


def test_a_wrong_length_in_manifest_or_registry_is_refused(releases):
    entry = file_entry(releases / "0.10.0" / "manifest.json")
    longer = Registry(None, {"0.10.0": replace(entry, bytes=entry.bytes + 1)})
    (releases / REGISTRY).write_text(registry_text(longer), "utf-8")
    with pytest.raises(ReleaseError, match="is not the one in the registry"):
        load_panel("0.10.0")
    manifest = read_manifest(releases / "0.10.0")
    name = "row_counts.csv"
    wrong = replace(manifest.files[name], bytes=7)
    rewrite(releases / "0.10.0", replace(manifest, files={**manifest.files, name: wrong}))
    for check in (load_panel, verify):
        with pytest.raises(ReleaseError, match=r"row_counts\.csv has another length"):
            check("0.10.0")


def rewrite(folder, manifest):
    """Another manifest, with its sum and its place in the registry as they should be."""
    for name, text in manifest_texts(manifest).items():
        (folder / name).write_text(text, "utf-8")
    register(folder.parent, folder.name)


HOSTILE = ["../out", "/etc/out", "a/../../out", "..", ".", "", ".hidden", "a\\b", "c:d", "nul",
           "a\nb", "x.part", "manifest.json", "Registry.json", "é", "a" * 300, "-rf"]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["files", "file of a table", "table"])
def test_names_that_are_paths_are_refused_before_anything_is_done(releases, name, place):
    folder = releases / "0.10.0"
    manifest = read_manifest(folder)
    entry = manifest.files["firm_year.parquet"]
    table = manifest.tables["firm_year"]
    if place == "table":
        hostile = replace(manifest, tables={name: table})
    else:
        hostile = replace(manifest, files={**manifest.files, name: entry})
    if place == "file of a table":
        hostile = replace(hostile, tables={"firm_year": replace(table, file=name)})
    rewrite(folder, hostile)
    for use in (load_panel, verify, lambda _: belbiotech.export("0.10.0", "csv", releases / "x")):
        with pytest.raises(ReleaseError, match="is no name of a (file|table)"):
            use("0.10.0")
    assert not (releases / "x").exists()


def test_a_table_whose_file_has_no_sum_is_refused(releases):
    manifest = read_manifest(releases / "0.10.0")
    files = {name: manifest.files[name] for name in manifest.files if name != "firms.parquet"}
    rewrite(releases / "0.10.0", replace(manifest, files=files))
    with pytest.raises(ReleaseError, match=r"firms\.parquet is not among the files"):
        load_panel("0.10.0")


def test_columns_that_are_not_in_the_file(releases):
    manifest = read_manifest(releases / "0.10.0")
    table = manifest.tables["firm_year"]
    for changed in ({"name": "nothing"}, {"dtype": "complex"}, {"dtype": "bool"}):
        columns = (replace(table.columns[0], **changed), *table.columns[1:])
        other = {**manifest.tables, "firm_year": replace(table, columns=columns)}
        rewrite(releases / "0.10.0", replace(manifest, tables=other))
        with pytest.raises(ReleaseError, match="does not hold the columns"):
            load_panel("0.10.0")


DEEP = "[" * 100_000
TEXTS = ["", "{", "null", "[]", '"text"', "1e999", "NaN", DEEP, '{"a": "\\ud800"}', "\x00", "é" * 9]
TEXTS += ['{"version": "1.0.0", "version": "0.1.0"}', '{"files": {"a": {}, "a": {}}}']


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_broken_json_is_told_in_words(releases, text):
    folder = releases / "0.10.0"
    (folder / "manifest.json").write_text(text, "utf-8")
    write_sum(folder)
    register(releases, "0.10.0")
    with pytest.raises(ReleaseError, match=r"manifest\.json was written by another version"):
        load_panel("0.10.0")
    (releases / REGISTRY).write_text(text, "utf-8")
    for use in (load_panel, verify, versions):
        with pytest.raises(ReleaseError, match=r"registry\.json is damaged"):
            use()


def test_what_is_said_twice_is_refused_though_all_sums_fit(releases):
    """Readers of JSON differ in which of the two they take."""
    path = releases / "0.10.0" / "manifest.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"parameters"', '"version": "0.1.0", "parameters"', 1), "utf-8")
    write_sum(path.parent)
    register(releases, "0.10.0")
    with pytest.raises(ReleaseError, match="'version' stands there twice"):
        load_panel("0.10.0")
    registry = (releases / REGISTRY).read_text("utf-8")
    twice = registry.replace('"address"', '"address": "x", "address"', 1)
    (releases / REGISTRY).write_text(twice, "utf-8")
    with pytest.raises(ReleaseError, match="'address' stands there twice"):
        versions()


def test_a_registry_that_is_a_pipe_is_not_waited_for(releases):
    (releases / REGISTRY).unlink()
    os.mkfifo(releases / REGISTRY)
    for use in (load_panel, verify, versions):
        with pytest.raises(ReleaseError, match="it is no file"):
            use()


@pytest.mark.parametrize(
    "parameters", [{"end_year": "x", "alliance_window": 5}, {"alliance_window": [1]}]
)
def test_what_a_release_was_built_with_is_told(releases, parameters):
    manifest = read_manifest(releases / "0.10.0")
    rewrite(releases / "0.10.0", replace(manifest, parameters=parameters))
    with pytest.raises(ReleaseError, match="end_year or alliance_window is no whole number"):
        load_panel("0.10.0")


def test_verify_counts(releases):
    manifest = read_manifest(releases / "0.10.0")
    table = manifest.tables["firm_year"]
    for changed in ({"rows": table.rows + 1}, {"columns": table.columns[:-1]}):
        other = {**manifest.tables, "firm_year": replace(table, **changed)}
        rewrite(releases / "0.10.0", replace(manifest, tables=other))
        with pytest.raises(ReleaseError, match="counts other rows|gives other values"):
            verify("0.10.0")


def test_verify_and_folders_tell_of_a_newer_version(releases):
    shutil.rmtree(releases / "0.10.0")
    for use in (load_panel, verify, lambda: load_panel(releases)):
        with pytest.warns(BelbiotechWarning, match="0.10.0 is in the registry, but not here"):
            use()


def test_each_part_of_a_manifest_is_checked_for_its_type(releases):
    folder = releases / "0.10.0"
    whole = json.loads((folder / "manifest.json").read_text("utf-8"))
    for path in list(paths(whole)):
        for wrong in (None, 1.5, True, [], {"x": []}, "\x00x"):
            changed = json.loads(json.dumps(whole))
            *inner, last = path
            part = changed
            for step in inner:
                part = part[step]
            part[last] = wrong
            (folder / "manifest.json").write_text(json.dumps(changed), "utf-8")
            write_sum(folder)
            try:
                read_manifest(folder)
            except ReleaseError:
                continue
            kind = type(wrong), type(original(whole, path))
            assert kind[0] is kind[1] or "parameters" in path, (path, wrong)


def paths(content, before=()):
    """Places in nested lists and dicts, but of the first column of each table alone."""
    steps = content.items() if isinstance(content, dict) else list(enumerate(content))[:1]
    for step, inner in steps:
        yield (*before, step)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*before, step))


def original(whole, path):
    for step in path:
        whole = whole[step]
    return whole


@pytest.mark.parametrize(
    "version", [["0.1.0"], ("0.1.0",), 0.1, {"a"}, b"0.1.0", True, "x" * 10**6]
)
def test_no_version_at_all(releases, version):
    for use in (load_panel, verify, codebook, load_tables, belbiotech.cite, belbiotech.export):
        args = ("firms", version) if use is codebook else (version,)
        with pytest.raises(ReleaseError, match="there is no version|is no version") as caught:
            use(*args)
        assert len(str(caught.value)) < 1000
    with pytest.raises(ReleaseError, match="there is no version"):
        belbiotech.diff(version, "0.9.0")


def test_a_foreign_file_hinders_no_load_but_verify_tells(releases):
    (releases / "0.10.0" / "notes.txt").write_text("mine")
    assert len(load_panel()) == 3
    with pytest.raises(ReleaseError, match=r"notes\.txt is not part of the release"):
        verify("0.10.0")


def test_a_release_put_in_the_place_of_another_is_refused(releases):
    assert len(load_panel("0.2.0")) == 3
    (releases / "0.2.0").rename(releases / "0.0.2")
    with pytest.raises(ReleaseError, match="knows version 0.2.0 with another manifest"):
        write_release(Small(PANEL.head(1)), "0.2.0", releases)
    elsewhere = releases.parent / "elsewhere"
    write_release(Small(PANEL.head(1)), "0.2.0", elsewhere).rename(releases / "0.2.0")
    with pytest.raises(ReleaseError, match="is not the one in the registry: expected SHA-256"):
        load_panel("0.2.0")
    with pytest.raises(ReleaseError, match=r"0\.0\.2 is not in .*registry\.json"):
        load_panel("0.0.2")
    register(releases, "0.0.2")
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
    """But for one firm's listings in 0.x, whose facts do not say which exchange it left first."""
    key = ["firm_id", "year"]
    for version in versions():
        released = load_panel(version)
        rebuilt = load_panel(version, min_confidence="C")
        moved = released["listed_lag1"] != rebuilt["listed_lag1"]
        left_one_of_two = [["innogenetics", year] for year in range(2004, 2009)]
        before = version.startswith("0.")
        assert released.loc[moved, key].to_numpy().tolist() == (left_one_of_two if before else [])
        assert released.loc[moved, "listed_lag1"].eq(1).all()
        same = rebuilt.assign(listed_lag1=released["listed_lag1"])
        pd.testing.assert_frame_equal(same[released.columns], released)
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
    told = ("end_year", "alliance_window", "observation", "follow_up", "evidence")
    assert tables.parameters == {key: load_panel().attrs[key] for key in told}
    old = versions()[0]
    assert load_tables(old).parameters == {
        key: load_panel(old).attrs[key] for key in ("end_year", "alliance_window")
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
