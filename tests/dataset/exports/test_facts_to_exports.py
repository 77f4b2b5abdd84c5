"""Mutated facts, built, released and exported: what is written is read back equal, or refused."""

import csv
import json
import math
import shutil
import sqlite3
import sys
import time
import warnings
from contextlib import closing

import duckdb
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest

import belbiotech as bb
from belbiotech.dataset.documents.manifest import read_manifest
from belbiotech.dataset.exports.export import FORMATS
from belbiotech.dataset.releases.release import write_release
from belbiotech.errors import BelbiotechError, BelbiotechWarning

from .facts_cases import write_case

VERSION = "0.0.1"
csv.field_size_limit(2**31 - 1)


def plain(cell):
    """Cells of all libraries alike: blanks None, true 1, whole floats integers."""
    if pd.isna(cell):
        return None
    if isinstance(cell, str):
        return cell
    return int(cell) if cell == int(cell) else float(cell)


def typed(cell, dtype):
    """A cell of a CSV file by the type of its column."""
    if cell == "" or dtype == "string":
        return cell or None
    return {"true": 1, "false": 0}[cell] if "bool" in dtype else plain(float(cell))


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def from_csv(path, entries):
    for name, entry in entries.items():
        head = [column.name for column in entry.columns]
        yield (
            name,
            [
                [typed(row[column.name], column.dtype) for column in entry.columns]
                for row in read_rows(path / f"{name}.csv")
            ],
            head,
        )


def from_statistics(path, entries):
    """Codes are numbers there, and names are cut: what codes.csv and codebook.csv tell."""
    names = {
        (it["table"], it["column"]): it["name_in_file"] for it in read_rows(path / "codebook.csv")
    }
    codes = {}
    for it in read_rows(path / "codes.csv"):
        codes.setdefault((it["table"], it["column"]), {})[int(it["number"])] = it["code"]
    for name, entry in entries.items():
        file = next(path.glob(f"{name}.[ds]*"))
        read = pyreadstat.read_dta if file.suffix == ".dta" else pyreadstat.read_sav
        frame, meta = read(file)
        columns = []
        for column in entry.columns:
            in_file = names[name, column.name]
            assert meta.column_names_to_labels[in_file] == (column.title or None)
            coded = codes.get((name, column.name), {}) if column.dtype == "string" else {}
            cells = [plain(cell) for cell in frame[in_file]]
            columns.append([coded.get(cell, cell) if cell != "" else None for cell in cells])
        yield (
            name,
            [list(row) for row in zip(*columns, strict=True)],
            [c.name for c in entry.columns],
        )


def from_excel(path, entries):
    book = openpyxl.load_workbook(path)
    for name in entries:
        head, *rows = book[name].iter_rows(values_only=True)
        yield name, [[plain(cell) for cell in row] for row in rows], list(head)


def from_base(connection, entries):
    for name in entries:
        found = connection.execute(f'SELECT * FROM "{name}"')
        head = [column[0] for column in found.description]
        yield name, [[plain(cell) for cell in row] for row in found.fetchall()], head


def from_sqlite(path, entries):
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA foreign_key_check").fetchall() == []
        yield from from_base(base, entries)


def from_duckdb(path, entries):
    with duckdb.connect(str(path), read_only=True) as base:
        yield from from_base(base, entries)


READERS = {
    "csv": from_csv,
    "r": from_csv,
    "stata": from_statistics,
    "spss": from_statistics,
    "excel": from_excel,
    "sqlite": from_sqlite,
    "duckdb": from_duckdb,
}


def alike(back, there, digits):
    return back == there or (
        isinstance(there, float) and math.isclose(back, there, rel_tol=10.0**-digits)
    )


def rows_of(frame):
    return [[plain(cell) for cell in row] for row in frame.astype(object).itertuples(index=False)]


def check_export(to, release, folder, old):
    """Export over an old one: equal values come back, or the old one stays as it was."""
    folder.mkdir()
    out = folder / ("out.sqlite" if to == "sqlite" else "out.xlsx" if to == "excel" else "out")
    (shutil.copytree if old.is_dir() else shutil.copy)(old, out)
    before = contents(folder)
    manifest = read_manifest(release)
    try:
        bb.export(release, to, out, overwrite=True)
    except BelbiotechError as error:
        check_words(error)
        assert contents(folder) == before
        return False
    assert {path.name for path in folder.iterdir()} <= {out.name, f".{out.name}.lock"}
    for name, back, head in READERS[to](out, manifest.tables):
        frame = bb.load_table(name, release)
        assert head == list(frame.columns)
        there = rows_of(frame)
        assert len(back) == len(there)
        for one, other in zip(back, there, strict=True):
            assert all(map(alike, one, other, [15 if to == "excel" else 17] * len(one))), (
                one,
                other,
            )
    return True


def contents(folder):
    """All files and what is in them, locks aside."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".lock")
    }


def check_words(error):
    """A message for people: short, in words, of this package."""
    text = str(error)
    assert len(text) <= 8_000
    assert len(text.splitlines()) <= 45
    assert text.isprintable() or all(c.isprintable() or c == "\n" for c in text), ascii(text)


def run_case(seed, folder, old, formats=tuple(FORMATS), *, gentle=False):
    """One set of facts on its way: how far it comes is returned."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    write_case(raw, seed, gentle=gentle)
    before = contents(raw)
    try:
        facts = bb.read_facts(raw)
    except BelbiotechError as error:
        check_words(error)
        return "refused"
    finally:
        assert contents(raw) == before
    for name, table in facts.items():  # nothing is dropped, filled or corrected
        assert len(table) == len(
            [row for row in read_rows(raw / f"{name}.csv") if any(row.values())]
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", BelbiotechWarning)
            tables = bb.build(facts)
    except BelbiotechError as error:
        check_words(error)
        return "not built"
    repr(facts), repr(tables), tables._repr_html_()
    release = write_release(tables, VERSION, folder / "data", raw=raw)
    for name, table in tables.items():
        assert pq.read_table(release / f"{name}.parquet").num_rows == len(table)
        back = bb.load_table(name, release)
        assert sorted(map(repr, rows_of(back))) == sorted(map(repr, rows_of(table)))
    for path in release.glob("*.json"):
        json.loads(path.read_text("utf-8"))
    same = bb.diff(tables, release)
    assert same.empty
    done = [check_export(to, release, folder / to, old[to]) for to in formats]
    return f"{sum(done)} of {len(done)}"


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """An export of unchanged facts in every format, which others are written over."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "raw").mkdir()
    write_case(folder / "raw", 0)
    release = write_release(bb.build(folder / "raw"), VERSION, folder / "data")
    return {to: bb.export(release, to, folder / to) for to in FORMATS}


def test_unchanged_facts_come_through_every_format(old, tmp_path):
    assert run_case(0, tmp_path / "case", old) == f"{len(FORMATS)} of {len(FORMATS)}"


@pytest.mark.parametrize("seed", range(1, 31))
def test_mutated_facts_come_back_or_are_refused(seed, old, tmp_path):
    formats = list(FORMATS)
    some = [formats[(seed + step) % len(formats)] for step in (0, 3)]
    run_case(seed, tmp_path / "case", old, some)


def test_strange_texts_that_pass_the_checks_come_back(old, tmp_path):
    """Most of them reach the exports."""
    formats, ends = list(FORMATS), []
    for seed in range(1, 8):  # each format once
        some = [formats[seed % len(formats)]]
        ends.append(run_case(seed, tmp_path / str(seed), old, some, gentle=True))
    assert sum(end == "1 of 1" for end in ends) >= 5, ends


def test_cases_reach_every_end(old, tmp_path):
    """The fuzz is not of refusals alone."""
    ends = {run_case(seed, tmp_path / str(seed), old, ["csv"]) for seed in range(31, 45)}
    assert {"refused", "1 of 1"} <= ends


@pytest.mark.slow
def test_ten_minutes_of_mutated_facts(old, tmp_path):
    begin, seed = time.monotonic(), 1_000
    while time.monotonic() - begin < 600:
        seed += 1
        try:
            run_case(seed, tmp_path / "case", old, gentle=seed % 2 == 0)
        except Exception:
            print("seed", seed, file=sys.stderr)  # noqa: T201
            raise
        shutil.rmtree(tmp_path / "case")
