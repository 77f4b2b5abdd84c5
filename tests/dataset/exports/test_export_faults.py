"""Exports of odd tables and to full disks: what comes back is what went out, or words why not."""

import math
import os
import resource
import signal
import sqlite3
from contextlib import closing

import duckdb
import openpyxl
import pandas as pd
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import belbiotech as bb
from belbiotech.dataset.documents.manifest import ColumnEntry, TableEntry
from belbiotech.dataset.exports.content import Content, content
from belbiotech.dataset.exports.databases import write_duckdb, write_sqlite
from belbiotech.dataset.exports.excel import write_excel
from belbiotech.dataset.exports.export import FORMATS
from belbiotech.dataset.exports.statistics import write_spss, write_stata
from belbiotech.dataset.exports.text import write_csv
from belbiotech.dataset.releases.release import write_release
from belbiotech.errors import ReleaseError, WriteError

TEXT = st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")  # refused before
KINDS = {
    "text": st.none() | st.text(TEXT, min_size=1, max_size=6),
    "code": st.none() | st.sampled_from(["a", "b"]),
    "whole": st.integers(-(2**63), 2**63 - 1),
    "maybe": st.none() | st.integers(-5, 5),
    "number": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "stated": st.booleans(),
}
TYPES = {"text": object, "code": object, "maybe": "Int64", "number": "float64"}


def table_of(rows):
    """A table with a column of each kind, as a release holds it."""
    frame = pd.DataFrame(
        {
            name: pd.Series([row[place] for row in rows], dtype=TYPES.get(name))
            for place, name in enumerate(KINDS)
        }
    ).astype({"whole": "int64", "stated": "bool"})
    kinds = {"text": "string", "code": "string"}
    columns = tuple(
        ColumnEntry(
            name,
            kinds.get(name, str(frame[name].dtype)),
            int(frame[name].isna().sum()),
            title=name,
            allowed={"a": "One", "b": "Two"} if name == "code" else {},
        )
        for name in frame
    )
    entry = TableEntry("things.parquet", len(frame), "", "Things", columns)
    return Content("0.1.0", {"things": frame}, {"things": entry}, "A note.\n")


DIGITS = {"excel": 15}  # openpyxl writes 16; what is lost is told in its docstring


def values(frame):
    return [
        tuple(None if cell is None or cell is pd.NA or cell != cell else cell for cell in row)
        for row in frame.astype(object).itertuples(index=False)
    ]


def from_csv(path):
    frame = pd.read_csv(
        path / "things.csv",
        keep_default_na=False,
        na_values=[""],
        dtype={"text": object, "code": object, "maybe": "Int64", "whole": "int64"},
        float_precision="round_trip",
    )
    return values(frame.astype({"stated": "bool"}))


def from_statistics(path):
    read = pyreadstat.read_dta if (path / "things.dta").exists() else pyreadstat.read_sav
    frame, _ = read(next(path.glob("things.*")))
    back = frame.assign(
        text=frame["text"].map(lambda text: text or None),
        code=frame["code"].map({1: "a", 2: "b"}),
    )
    return values(back)


def from_excel(path):
    book = openpyxl.load_workbook(path.rename(path.with_suffix(".xlsx")))
    _, *rows = book["things"].iter_rows(values_only=True)
    return list(rows)


def from_sqlite(path):
    with closing(sqlite3.connect(path)) as base:
        return base.execute("SELECT * FROM things").fetchall()


def from_duckdb(path):
    with duckdb.connect(str(path)) as base:
        return base.execute("SELECT * FROM things").fetchall()


WAYS = {
    "csv": (write_csv, from_csv),
    "stata": (write_stata, from_statistics),
    "spss": (write_spss, from_statistics),
    "excel": (write_excel, from_excel),
    "sqlite": (write_sqlite, from_sqlite),
    "duckdb": (write_duckdb, from_duckdb),
}


def as_sorted(rows):
    return sorted(rows, key=lambda row: [(cell is None, str(type(cell)), cell) for cell in row])


def same(back, rows, digits):
    if len(back) != len(rows):
        return False
    pairs = zip(as_sorted(rows), as_sorted(back), strict=True)
    return all(
        a == b or (isinstance(a, float) and digits and math.isclose(a, b, rel_tol=10**-digits))
        for row, other in pairs
        for a, b in zip(row, other, strict=True)
    )


def check_way(name, rows, folder):
    write, read = WAYS[name]
    what = table_of(rows)
    place = folder / f"{name}-{len(os.listdir(folder))}"
    try:
        write(what, place)
    except ReleaseError as error:
        assert not isinstance(error, WriteError) or "could not" in str(error)  # noqa: PT017
        return
    expected = values(what.tables["things"])
    if name in ("stata", "spss", "excel", "sqlite"):  # true is 1 there
        expected = [tuple(int(c) if isinstance(c, bool) else c for c in row) for row in expected]
    back = [tuple(int(c) if isinstance(c, bool) else c for c in row) for row in read(place)]
    expected = [tuple(int(c) if isinstance(c, bool) else c for c in row) for row in expected]
    if name == "spss":  # ends of texts are filled up with blanks there
        back, expected = (
            [
                tuple(c.rstrip(" ") or None if isinstance(c, str) else c for c in row)
                for row in table
            ]
            for table in (back, expected)
        )
    assert same(normal(back), normal(expected), DIGITS.get(name)), (back, expected)


def normal(rows):
    """Whole floats and integers are one; minus zero is zero."""
    return [tuple(as_one(cell) for cell in row) for row in rows]


def as_one(cell):
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and math.isfinite(cell) and cell == int(cell) and abs(cell) <= 2**53:
        return int(cell)
    return cell


@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*KINDS.values()), max_size=4))
def test_any_table_comes_back_or_is_refused(name, rows, tmp_path):
    check_way(name, rows, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(*KINDS.values()), max_size=6))
def test_many_tables_come_back_or_are_refused(name, rows, tmp_path):
    check_way(name, rows, tmp_path)


@pytest.mark.parametrize("sign", ["\ufffe", "\uffff", "\x00", "\x1f", "\x0b"])
def test_signs_that_make_a_workbook_unreadable_are_refused(sign, tmp_path):
    row = (f"a{sign}b", "a", 1, 1, 0.5, True)
    with pytest.raises(ReleaseError, match="row 2, column 'text'.*cannot hold"):
        write_excel(table_of([row]), tmp_path / "out.xlsx")


@pytest.mark.parametrize("text", ["_x0041_", "a_x000D_b", "_x0041_x0042_", "_xAbCd_"])
def test_texts_that_excel_reads_as_a_sign_are_refused(text, tmp_path):
    with pytest.raises(ReleaseError, match="row 2, column 'text': Excel reads '_x.* as the sign"):
        write_excel(table_of([(text, "a", 1, 1, 0.5, True)]), tmp_path / "out.xlsx")
    write_excel(table_of([(text.replace("_", "x"), "a", 1, 1, 0.5, True)]), tmp_path / "2.xlsx")


def test_excel_counts_a_letter_beyond_65536_twice(tmp_path):
    row = ("\U0001f9ec" * 16_384, "a", 1, 1, 0.5, True)
    with pytest.raises(ReleaseError, match="32,768 letters; Excel holds 32,767"):
        write_excel(table_of([row]), tmp_path / "out.xlsx")


def test_whole_numbers_that_would_be_rounded_are_refused(tmp_path):
    row = ("a", "a", 2**53 + 1, 1, 0.5, True)
    for write in (write_stata, write_spss, write_excel):
        with pytest.raises(ReleaseError, match="'whole': a number of more than 15 digits"):
            write(table_of([row]), tmp_path / write.__name__)


@pytest.mark.parametrize("sign", ["\0", "\r"])
def test_a_text_that_programs_would_cut_is_refused(tmp_path, monkeypatch, sign):
    class Tables:
        parameters: dict = {}

        def items(self):
            return [("things", pd.DataFrame({"text": [f"a{sign}b"]}))]

    write_release(Tables(), "0.1.0", tmp_path)
    monkeypatch.setenv("BELBIOTECH_DATA", str(tmp_path))
    with pytest.raises(ReleaseError, match="'text', row 0: a text with a sign"):
        content("0.1.0")


@pytest.fixture
def small_disk():
    """No file of this process may be longer than 2,000 bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("to", sorted(set(FORMATS) - {"excel"}))
def test_a_full_disk_is_told_and_leaves_the_old_export(to, tmp_path, request):
    out = tmp_path / "out"
    bb.export("0.1.0", to, out, ["firms"])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    request.getfixturevalue("small_disk")
    with pytest.raises(WriteError, match="(could not|could not be) writ(e|ten)"):
        bb.export("0.1.0", to, out, ["firms"], overwrite=True)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_the_readme_says_what_becomes_of_formulas(tmp_path):
    folder = bb.export("0.1.0", "csv", tmp_path / "out", ["firms"])
    told = (folder / "README.txt").read_text("utf-8")
    assert "begin with =, +, - or @" in told
    assert "import all columns as text" in told


@pytest.mark.parametrize("tables", ["nothing", ["nothing"], [1], 5, [["firms"]], [], ()])
def test_no_such_tables(tables, tmp_path):
    with pytest.raises(ReleaseError, match="has no table"):
        bb.export("0.1.0", "csv", tmp_path / "out", tables)


@pytest.mark.parametrize("to", [["csv"], None, 5, "CSV "])
def test_no_such_format(to, tmp_path):
    with pytest.raises(ReleaseError, match="unknown format"):
        bb.export("0.1.0", to, tmp_path / "out")
