import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.dataset.documents.manifest import (
    check_files,
    file_entry,
    manifest_texts,
    read_manifest,
    refuse_damaged,
    write_sum,
)
from belbiotech.dataset.documents.texts import row_counts
from belbiotech.dataset.releases.parquet import (
    content_hash,
    dtype_name,
    read_table,
    typed_table,
    write_table,
)
from belbiotech.dataset.releases.release import write_release
from belbiotech.dataset.releases.staging import replace_text, staged, sweep
from belbiotech.errors import ReleaseError


@dataclass(frozen=True)
class Small:
    """Two small tables, as a build gives them."""

    firm_year: pd.DataFrame
    events: pd.DataFrame
    parameters: dict = field(default_factory=lambda: {"end_year": 2002, "alliance_window": 5})

    def items(self):
        return [("firm_year", self.firm_year), ("events", self.events)]


PANEL = pd.DataFrame(
    {
        "firm_id": ["zeta", "alpha", "alpha"],
        "year": [2001, 2001, 2000],
        "share": [0.1, 1 / 3, -2.0],
        "observed": [True, False, True],
    }
)
EVENTS = pd.DataFrame(
    {
        "firm_id": ["é", "zeta", "alpha"],
        "date": ["2001", None, "2001-02"],
        "date_year": pd.array([2001, None, 2001], dtype="Int64"),
        "amount_million": [1.5, np.nan, 0.0],
        "stated": pd.array([True, None, False], dtype="boolean"),
    }
)
TABLES = Small(PANEL, EVENTS)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_a_release_holds(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "firms.csv").write_bytes(b"firm_id\r\nzeta\r\n")
    (raw / "README.md").write_text("not a fact")
    folder = write_release(TABLES, "0.1.0", tmp_path / "out", raw=raw)
    assert folder == tmp_path / "out" / "0.1.0"
    assert {path.name for path in folder.parent.iterdir()} == {"0.1.0", "registry.json"}
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["version"] == "0.1.0"
    assert manifest["parameters"] == {"end_year": 2002, "alliance_window": 5}
    assert list(manifest["tables"]) == ["firm_year", "events"]
    assert manifest["raw"] == {
        "firms.csv": {"sha256": sha256(b"firm_id\r\nzeta\r\n").hexdigest(), "bytes": 15}
    }
    listed = set(manifest["files"]) | {"manifest.json", "manifest.sha256"}
    assert listed == {path.name for path in folder.iterdir()}
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert entry == {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
    events = manifest["tables"]["events"]
    assert (events["file"], events["rows"]) == ("events.parquet", 3)
    assert {c["name"]: (c["dtype"], c["missing"]) for c in events["columns"]} == {
        "firm_id": ("string", 0),
        "date": ("string", 1),
        "date_year": ("Int64", 1),
        "amount_million": ("float64", 1),
        "stated": ("boolean", 1),
    }


def test_the_schemas_words_are_in_the_manifest(tmp_path):
    manifest = read_manifest(write_release(TABLES, "0.1.0", tmp_path))
    columns = {column.name: column for column in manifest.tables["firm_year"].columns}
    assert columns["year"].unit == "year"
    assert columns["year"].description == "Calendar year of the row."
    assert columns["year"].since == "0.1.0"
    assert columns["share"].description == ""


def test_the_sum_of_the_manifest_is_as_sha256sum_reads_it(tmp_path):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    done = subprocess.run(["sha256sum", "-c", "manifest.sha256"], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_the_order_of_rows_and_the_index_change_no_byte(tmp_path):
    shuffled = Small(PANEL.iloc[[2, 0, 1]], EVENTS.iloc[::-1].set_index(pd.Index([7, 7, 7])))
    one = write_release(TABLES, "0.1.0", tmp_path / "one")
    other = write_release(shuffled, "0.1.0", tmp_path / "other")
    assert contents(one) == contents(other)


def test_rows_are_sorted_and_types_come_back(tmp_path):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    events = read_manifest(folder).tables["events"]
    back = read_table(folder / "events.parquet", events.dtypes())
    assert back["firm_id"].tolist() == ["alpha", "zeta", "é"]
    expected = EVENTS.iloc[[2, 1, 0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(back, expected)
    assert back["date"].tolist() == ["2001-02", None, "2001"]


def test_the_file_holds_no_traces(tmp_path):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    metadata = pq.read_metadata(folder / "firm_year.parquet")
    assert metadata.metadata is None
    assert metadata.row_group(0).column(0).compression == "ZSTD"
    for content in contents(folder).values():
        assert str(tmp_path).encode() not in content
        assert time.strftime("%Y-%m-%d").encode() not in content


BUILD = """
import sys, random
sys.path.insert(0, sys.argv[2])
import pandas as pd
import sample
from belbiotech.dataset.releases.release import write_release
write_release(sample.tables(), "0.1.0", sys.argv[1])
"""
SAMPLE = """
import pandas as pd
class Tables:
    parameters = {"end_year": 2002, "alliance_window": None}
    def items(self):
        firms = {"zulte", "Ähre", "aalst", "Zelzate", "éupen", "i", "I", "ı"}
        return [("firms", pd.DataFrame({"firm_id": list(firms)}).assign(x=1.1))]
tables = Tables
"""


@pytest.mark.parametrize("hash_seed", ["1", "77"])
def test_same_bytes_in_other_folders_zones_locales_and_hash_seeds(tmp_path, hash_seed):
    (tmp_path / "sample.py").write_text(SAMPLE, "utf-8")
    found = []
    for place, zone, locale in [("a", "Pacific/Kiritimati", "C"), ("b/c", "UTC", "tr_TR.UTF-8")]:
        where = tmp_path / place
        where.mkdir(parents=True)
        settings = {"TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": hash_seed, "PYTHONUTF8": "0"}
        hash_seed += "3"
        command = [sys.executable, "-c", BUILD, where / "out", tmp_path]
        subprocess.run(command, env={**os.environ, **settings}, cwd=where, check=True)
        found.append(contents(where / "out" / "0.1.0"))
    assert found[0] == found[1]
    assert set(found[0]) > {"firms.parquet", "manifest.json", "row_counts.csv"}


VALUES = {
    "string": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    "Int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "float64": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "boolean": st.none() | st.booleans(),
}


def by_hand(rows, dtypes):
    """The content hash as its definition says, without Arrow or pandas."""
    kinds = dict.fromkeys(["int64", "Int64"], "integer") | dict.fromkeys(
        ["bool", "boolean"], "boolean"
    )
    kinds |= {"string": "text", "float64": "number"}
    rows = [
        tuple(0.0 if value == 0.0 and type(value) is float else value for value in row)
        for row in rows
    ]
    rows.sort(key=lambda row: [(True, 0) if value is None else (False, value) for value in row])
    total = sha256()
    for position, dtype in enumerate(dtypes):
        column = [f"c{position}", kinds[dtype], [row[position] for row in rows]]
        line = json.dumps(column, ensure_ascii=False, separators=(",", ":"))
        total.update((line + "\n").encode())
    return total.hexdigest()


@given(st.data())
def test_the_content_hash_is_what_its_definition_says(tmp_path_factory, data):
    dtypes = data.draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3))
    rows = data.draw(st.lists(st.tuples(*[VALUES[dtype] for dtype in dtypes]), max_size=6))
    frame = pd.DataFrame(
        {
            f"c{position}": pd.Series(
                [row[position] for row in rows], dtype=object if dtype == "string" else dtype
            )
            for position, dtype in enumerate(dtypes)
        }
    )
    assert content_hash(typed_table(frame)) == by_hand(rows, dtypes)
    path = tmp_path_factory.mktemp("table") / "table.parquet"
    write_table(typed_table(frame), path)
    named = {f"c{position}": dtype for position, dtype in enumerate(dtypes)}
    back = read_table(path, named)
    assert {name: dtype_name(back[name]) for name in back} == named
    assert content_hash(typed_table(back)) == by_hand(rows, dtypes)


def test_the_content_hash_survives_another_writer(tmp_path):
    table = typed_table(EVENTS)
    pq.write_table(table, tmp_path / "other.parquet", compression="none", version="1.0")
    dtypes = {name: dtype_name(EVENTS[name]) for name in EVENTS}
    back = read_table(tmp_path / "other.parquet", dtypes)
    assert content_hash(typed_table(back)) == content_hash(table)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pd.Series(["a", 1]), "column 'x' mixes types"),
        (pd.Series([1.0, -np.inf]), "column 'x' has infinite values"),
        (pd.to_datetime(pd.Series(["2001-01-01"])), "column 'x' has type datetime64"),
        (pd.Series(["a"], dtype="category"), "column 'x' has type category"),
    ],
)
def test_a_column_that_a_release_does_not_hold(tmp_path, column, words):
    tables = Small(pd.DataFrame({"x": column}), EVENTS)
    with pytest.raises(ReleaseError, match=f"table 'firm_year' cannot be released: {words}"):
        write_release(tables, "0.1.0", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_version_that_exists_is_refused_and_left(tmp_path):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    before = contents(folder)
    with pytest.raises(ReleaseError, match="exists already, and released data never changes"):
        write_release(Small(PANEL.head(1), EVENTS), "0.1.0", tmp_path)
    assert contents(folder) == before
    assert {path.name for path in tmp_path.iterdir()} == {"0.1.0", "registry.json"}


def test_no_version_number(tmp_path):
    with pytest.raises(ReleaseError, match="'latest' is no version"):
        write_release(TABLES, "latest", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def fill(target, interrupt):
    with staged(target) as folder:
        (folder / "file").write_text("half")
        interrupt()


def test_an_error_on_the_way_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError):
        fill(tmp_path / "0.1.0", lambda: 1 / 0)
    assert list(tmp_path.iterdir()) == []


def test_two_at_a_time_one_wins(tmp_path):
    target = tmp_path / "out" / "0.1.0"
    first = write_release(TABLES, "0.1.0", tmp_path / "elsewhere")
    with pytest.raises(ReleaseError, match="exists already"):
        fill(target, lambda: first.rename(target))
    assert (target / "manifest.json").is_file()
    assert [path.name for path in target.parent.iterdir()] == ["0.1.0"]


def test_a_run_whose_folder_was_swept_away_releases_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        fill(tmp_path / "0.1.0", lambda: sweep(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_killed_runs_left_is_removed(tmp_path):
    left = tmp_path / ".unfinished-0.1.0-abc"
    left.mkdir()
    (left / "half.parquet").write_bytes(b"PAR1")
    write_release(TABLES, "0.1.0", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"0.1.0", "registry.json"}


def test_a_text_is_replaced_whole(tmp_path):
    replace_text(tmp_path / "registry.json", "one\n")
    replace_text(tmp_path / "registry.json", "zwö\n")
    assert (tmp_path / "registry.json").read_bytes() == "zwö\n".encode()
    assert len(list(tmp_path.iterdir())) == 1


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "name", ["firm_year.parquet", "events.parquet", "row_counts.csv", "manifest.json"]
)
def test_one_changed_byte_is_named_with_both_sums(tmp_path, name):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    expected = file_entry(folder / name).sha256
    damage(folder / name)
    with pytest.raises(ReleaseError) as caught:
        refuse_damaged(folder, check_files(folder, read_manifest(folder)))
    for word in (name, expected, file_entry(folder / name).sha256):
        assert word in str(caught.value)


@pytest.mark.parametrize("position", range(0, 80, 7))
def test_a_changed_sum_of_the_manifest(tmp_path, position):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    content = bytearray((folder / "manifest.sha256").read_bytes())
    content[position % len(content)] ^= 1
    (folder / "manifest.sha256").write_bytes(content)
    with pytest.raises(ReleaseError, match=r"manifest\.json was changed, or manifest\.sha256"):
        read_manifest(folder)


def test_missing_and_foreign_files_are_all_named(tmp_path):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    (folder / "events.parquet").unlink()
    (folder / "notes.txt").write_text("mine")
    (folder / ".DS_Store").write_text("hidden")
    with pytest.raises(ReleaseError) as caught:
        refuse_damaged(folder, check_files(folder, read_manifest(folder)))
    assert "events.parquet is missing" in str(caught.value)
    assert "notes.txt is not part of the release" in str(caught.value)
    assert "DS_Store" not in str(caught.value)


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sha256"])
def test_no_manifest(tmp_path, name):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    (folder / name).unlink()
    with pytest.raises(ReleaseError, match=f"{name} is missing: the release is damaged"):
        read_manifest(folder)


def test_a_manifest_of_another_form(tmp_path):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    text = (folder / "manifest.json").read_text("utf-8").replace('"rows":', '"lines":')
    (folder / "manifest.json").write_text(text, "utf-8")
    write_sum(folder)
    with pytest.raises(ReleaseError, match="written by another version of belbiotech: .*lines"):
        read_manifest(folder)


def test_a_manifest_comes_back_as_it_was_written(tmp_path):
    folder = write_release(TABLES, "0.1.0", tmp_path)
    manifest = read_manifest(folder)
    assert manifest_texts(manifest)["manifest.json"] == (folder / "manifest.json").read_text(
        "utf-8"
    )
    assert manifest.tables["firm_year"].dtypes()["share"] == "float64"


def test_rows_are_counted_by_year():
    assert row_counts(TABLES.items()).splitlines() == [
        "table,year,rows",
        "firm_year,2000,1",
        "firm_year,2001,2",
        "events,2001,2",
        "events,,1",
    ]
    assert row_counts([("pages", pd.DataFrame({"url": ["a"]}))]).splitlines()[1:] == ["pages,,1"]
