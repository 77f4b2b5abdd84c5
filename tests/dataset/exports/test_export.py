"""A release for other programs: what comes back equals what went out, labels included."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pyreadstat
import pytest

import belbiotech as bb
from belbiotech.dataset.documents.manifest import ColumnEntry, TableEntry
from belbiotech.dataset.exports.content import Content, content
from belbiotech.dataset.exports.databases import write_duckdb, write_sqlite
from belbiotech.dataset.exports.excel import write_excel
from belbiotech.dataset.exports.statistics import short_name, write_spss, write_stata
from belbiotech.dataset.exports.text import write_csv, write_r
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases.release import write_release
from belbiotech.errors import ReleaseError

TABLES = ("firm_year", "firms", "events", "alliances", "financings", "sources")
NASTY = [
    "=1+1",
    "+32 2 555",
    "-",
    "@cmd",
    "NA",
    "#N/A",
    'say "x", then',
    "two\nlines",
    "Liège €",
    None,
    "'quoted",
    "0012",
]


@pytest.fixture
def nasty():
    """A table with every kind of column, and texts that programs take for something else."""
    rows = len(NASTY)
    frame = pd.DataFrame(
        {
            "text": pd.Series(NASTY, dtype=object),
            "code": pd.Series((["b", None, "a"] * rows)[:rows], dtype=object),
            "flag": pd.Series(([0, 1] * rows)[:rows], dtype="int64"),
            "whole": pd.array(([1, None, 30_000] * rows)[:rows], dtype="Int64"),
            "amount": ([0.1, np.nan, 1e-300, 123456.789] * rows)[:rows],
            "stated": pd.Series(([True, False] * rows)[:rows]),
            "alliances_exploitation_active_lag1": range(rows),
        }
    )
    known = {"code": {"a": "Ä label", "b": "Bee"}, "flag": {"0": "No", "1": "Yes"}}
    columns = tuple(
        ColumnEntry(
            name,
            "string" if frame[name].dtype == object else str(frame[name].dtype),
            int(frame[name].isna().sum()),
            title=f"Title of {name}",
            description="It's described.",
            allowed=known.get(name, {}),
        )
        for name in frame
    )
    entry = TableEntry("things.parquet", rows, "", "Things", columns)
    return Content("0.1.0", {"things": frame}, {"things": entry}, "A note.\n")


def decoded(frame, table):
    """Turn numbers of Stata and SPSS back, by the rules that the readme beside them tells."""
    back = {}
    for column in table.columns:
        values = frame[short_name(column.name, 32) if column.name not in frame else column.name]
        if column.dtype == "string" and column.allowed:
            codes = dict(enumerate(column.allowed, start=1))
            values = values.map(codes).astype(object).where(values.notna(), None)
        elif column.dtype == "string":
            values = values.astype(object).where(values != "", None)
        else:
            values = values.astype("float64" if column.dtype == "float64" else "Int64")
            values = values.astype(column.dtype)
        back[column.name] = values
    return pd.DataFrame(back)


def check_labels(meta, table):
    for column in table.columns:
        name = column.name if column.name in meta.column_names else short_name(column.name, 32)
        assert meta.column_names_to_labels[name] == column.title
        if column.allowed:
            labels = list(meta.variable_value_labels[name].values())
            assert labels == list(column.allowed.values())


PROGRAMS = {
    "stata": (write_stata, pyreadstat.read_dta, "dta"),
    "spss": (write_spss, pyreadstat.read_sav, "sav"),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_stata_and_spss_give_back_values_and_labels(program, nasty, tmp_path):
    write, read, suffix = PROGRAMS[program]
    write(nasty, tmp_path / "out")
    frame, meta = read(tmp_path / "out" / f"things.{suffix}")
    table = nasty.entries["things"]
    pd.testing.assert_frame_equal(decoded(frame, table), nasty.tables["things"])
    check_labels(meta, table)
    assert meta.variable_value_labels["stated"] == {0: "No", 1: "Yes"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_stata_and_spss_hold_the_whole_release(program, tmp_path):
    _, read, suffix = PROGRAMS[program]
    folder = bb.export(to=program, out=tmp_path / "out")
    what = content(None)
    for name in TABLES:
        frame, meta = read(folder / f"{name}.{suffix}")
        back = decoded(frame, what.entries[name])
        pd.testing.assert_frame_equal(back, what.tables[name], check_exact=True)
        check_labels(meta, what.entries[name])
        assert meta.file_label == f"belbiotech {what.version}: {name}"


def test_stata_names_are_short_and_told(tmp_path):
    folder = bb.export(to="stata", out=tmp_path / "out", tables=["firm_year"])
    names = pd.read_stata(folder / "firm_year.dta", convert_categoricals=False).columns
    assert max(map(len, names)) <= 32
    told = pd.read_csv(folder / "codebook.csv")
    assert told["name_in_file"].tolist() == names.tolist()
    assert told["column"].tolist() == bb.load_panel().columns.tolist()


def test_another_reader_of_stata_files_agrees(tmp_path):
    folder = bb.export(to="stata", out=tmp_path / "out", tables=["firm_year"])
    frame = pd.read_stata(folder / "firm_year.dta")
    panel = bb.load_panel()
    assert frame["region"].astype(str).value_counts()["Flanders"] == (
        (panel["region"] == "BE-VLG").sum()
    )
    assert frame["year"].tolist() == panel["year"].tolist()


def test_a_long_text_is_whole_in_stata_and_refused_for_spss(nasty, tmp_path):
    nasty.tables["things"].loc[0, "text"] = "é" * 20_000
    write_stata(nasty, tmp_path / "stata")
    frame, _ = pyreadstat.read_dta(tmp_path / "stata" / "things.dta")
    assert frame["text"][0] == "é" * 20_000
    with pytest.raises(ReleaseError, match=r"'text': a text is longer than the 32,767 bytes"):
        write_spss(nasty, tmp_path / "spss")


def with_columns(what, *columns):
    entry = what.entries["things"]
    frame = pd.DataFrame({column.name: [1] for column in columns})
    changed = TableEntry(entry.file, 1, "", "", columns)
    return Content("0.1.0", {"things": frame}, {"things": changed}, "")


def test_labels_that_would_be_cut_are_refused(nasty, tmp_path):
    long = ColumnEntry("x", "int64", 0, title="T" * 81)
    with pytest.raises(ReleaseError, match="label is longer than the 80 bytes that Stata holds"):
        write_stata(with_columns(nasty, long), tmp_path / "a")
    value = ColumnEntry("x", "int64", 0, allowed={"1": "L" * 121})
    with pytest.raises(ReleaseError, match="label of a value is longer than the 120 bytes"):
        write_spss(with_columns(nasty, value), tmp_path / "b")


def test_names_that_become_the_same_are_refused(nasty, tmp_path):
    rest = "_exploitation_active_of_the_year"
    columns = [ColumnEntry(f"a{end}{rest}", "int64", 0) for end in "bc"]
    with pytest.raises(ReleaseError, match="become the same in Stata"):
        write_stata(with_columns(nasty, *columns), tmp_path / "out")


def test_csv_comes_back_as_it_was(nasty, tmp_path):
    write_csv(nasty, tmp_path / "out")
    frame = pd.read_csv(
        tmp_path / "out" / "things.csv",
        keep_default_na=False,
        na_values=[""],
        dtype={"text": object, "code": object, "whole": "Int64"},
        float_precision="round_trip",
    )
    for name in ("text", "code"):
        frame[name] = frame[name].where(frame[name].notna(), None)
    pd.testing.assert_frame_equal(frame, nasty.tables["things"])
    codes = pd.read_csv(tmp_path / "out" / "codes.csv")
    assert codes[["column", "number", "label"]].to_numpy().tolist() == [
        ["code", 1, "Ä label"],
        ["code", 2, "Bee"],
        ["flag", 0, "No"],
        ["flag", 1, "Yes"],
    ]


R_CHECK = """
source("load.R")
for (locale in c("C", "C.UTF-8")) {
  Sys.setlocale("LC_ALL", locale)
  t <- read_belbiotech(".")$things
  n <- nrow(t)
  stopifnot(
    n == 12, is.na(t$text[10]), sum(is.na(t$text)) == 1, t$text[5] == "NA",
    t$text[8] == "two\\nlines",
    t$text[1] == "=1+1", t$text[12] == "0012", t$text[9] == "Li\\u00e8ge \\u20ac",
    identical(levels(t$code), c("a", "b")), identical(as.character(t$code[1:3]), c("b", NA, "a")),
    is.integer(t$flag), sum(t$flag) == 6, is.integer(t$whole), is.na(t$whole[2]),
    is.numeric(t$amount), t$amount[4] == 123456.789, t$amount[3] == 1e-300, is.na(t$amount[2]),
    is.logical(t$stated), sum(t$stated) == 6, attr(t$amount, "label") == "Title of amount"
  )
  labelled <- read_belbiotech(".", labels = TRUE)$things
  stopifnot(identical(levels(labelled$code), c("\\u00c4 label", "Bee")))
}
"""


@pytest.mark.live_r
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_r_reads_types_levels_and_labels(nasty, tmp_path):
    write_r(nasty, tmp_path / "out")
    script = tmp_path / "check.R"
    script.write_text(R_CHECK, "utf-8")
    done = subprocess.run(
        ["Rscript", "--vanilla", script], cwd=tmp_path / "out", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


R_WHOLE = """
source("load.R")
tables <- read_belbiotech(".")
cat(sapply(tables, nrow), "\\n")
p <- tables$firm_year
cat(sum(p$failure), sum(p$alliances_active_lag1), sum(p$observed), nlevels(p$segment), "\\n")
cat(sum(is.na(tables$firms$founded_year)), sum(tables$financings$amount_million, na.rm = TRUE))
"""


@pytest.mark.live_r
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_r_reads_the_whole_release(tmp_path):
    folder = bb.export(to="r", out=tmp_path / "out")
    (tmp_path / "check.R").write_text(R_WHOLE, "utf-8")
    done = subprocess.run(
        ["Rscript", "--vanilla", tmp_path / "check.R"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows, sums, firms = done.stdout.splitlines()
    assert rows.split() == [str(len(bb.load_table(name))) for name in TABLES]
    panel = bb.load_panel()
    expected = [panel["failure"].sum(), panel["alliances_active_lag1"].sum()]
    expected += [panel["observed"].sum(), 11]
    assert sums.split() == [str(value) for value in expected]
    missing, total = firms.split()
    assert int(missing) == bb.load_table("firms")["founded_year"].isna().sum()
    assert float(total) == pytest.approx(bb.load_table("financings")["amount_million"].sum(), 1e-6)


def test_sqlite_gives_back_every_value(nasty, tmp_path):
    write_sqlite(nasty, tmp_path / "out.sqlite")
    with closing(sqlite3.connect(tmp_path / "out.sqlite")) as base:
        rows = base.execute("SELECT * FROM things").fetchall()
    expected = nasty.tables["things"].astype(object).where(nasty.tables["things"].notna(), None)
    assert sorted(rows, key=repr) == sorted(map(tuple, expected.to_numpy().tolist()), key=repr)


def test_sqlite_has_types_keys_references_and_indexes(tmp_path):
    path = bb.export(to="sqlite", out=tmp_path / "out.sqlite")
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("PRAGMA foreign_key_check").fetchall() == []
        assert base.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        types = {row[1]: row[2:4] for row in base.execute("PRAGMA table_info(events)")}
        assert types["date_year"] == ("INTEGER", 1)
        assert types["amount_million"] == ("REAL", 0)
        links = {row[2:5] for row in base.execute("PRAGMA foreign_key_list(alliances)")}
        assert links == {("firms", "firm_id", "firm_id"), ("sources", "source_id", "source_id")}
        indexed = {row[1] for row in base.execute("PRAGMA index_list(alliances)")}
        assert indexed == {"alliances_firm_id", "alliances_source_id"}
        for name in TABLES:
            count = base.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            assert count == len(bb.load_table(name))
        pages = bb.load_table("firms")["source_ids"].str.split(";").map(len).sum()
        assert base.execute("SELECT count(*) FROM firm_sources").fetchone()[0] == pages
        with pytest.raises(sqlite3.IntegrityError):
            base.execute("INSERT INTO firm_year SELECT * FROM firm_year LIMIT 1")


def test_one_table_alone_refers_to_nothing(tmp_path):
    for to in ("sqlite", "duckdb"):
        bb.export(to=to, out=tmp_path / to, tables=["events"])
    with closing(sqlite3.connect(tmp_path / "sqlite")) as base:
        assert base.execute("PRAGMA foreign_key_list(events)").fetchall() == []
        names = {row[0] for row in base.execute("SELECT name FROM sqlite_master")}
    assert names >= {"events", "codebook", "codes", "about"}
    assert not names & {"firms", "firm_sources"}


def test_duckdb_gives_back_every_value(nasty, tmp_path):
    write_duckdb(nasty, tmp_path / "out.duckdb")
    with duckdb.connect(str(tmp_path / "out.duckdb")) as base:
        rows = base.execute("SELECT * FROM things").fetchall()
    expected = nasty.tables["things"].astype(object).where(nasty.tables["things"].notna(), None)
    assert sorted(rows, key=repr) == sorted(map(tuple, expected.to_numpy().tolist()), key=repr)


def test_duckdb_has_types_keys_and_comments(tmp_path):
    path = bb.export(to="duckdb", out=tmp_path / "out.duckdb")
    with duckdb.connect(str(path), read_only=True) as base:
        kinds = "SELECT constraint_type, count(*) FROM duckdb_constraints() GROUP BY ALL"
        found = dict(base.execute(kinds).fetchall())
        assert (found["PRIMARY KEY"], found["FOREIGN KEY"]) == (4, 9)
        told = dict(
            base.execute(
                "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'firm_year'"
            ).fetchall()
        )
        assert told["age"] == "Age. Age of the firm in the year; 0 in its founding year."
        panel = base.execute("SELECT * FROM firm_year").df()
    pd.testing.assert_frame_equal(panel, bb.load_panel(), check_dtype=False)


def test_excel_keeps_texts_as_texts(nasty, tmp_path):
    write_excel(nasty, tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    assert book.sheetnames == ["things", "codebook", "codes", "about"]
    cells = [row[0] for row in book["things"].iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == NASTY
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert [bool(cell.quotePrefix) for cell in cells[:6]] == [True] * 4 + [False] * 2


def test_excel_gives_back_every_value(nasty, tmp_path):
    write_excel(nasty, tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx")["things"]
    head, *rows = sheet.iter_rows(values_only=True)
    frame = nasty.tables["things"]
    assert list(head) == list(frame)
    expected = frame.astype(object).where(frame.notna(), None)
    assert [list(row) for row in rows] == expected.to_numpy().tolist()
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width > 5


def test_excel_has_the_codebook(tmp_path):
    path = bb.export(to="excel", out=tmp_path / "out.xlsx", tables=["firm_year"])
    book = openpyxl.load_workbook(path, read_only=True)
    told = [row[1] for row in book["codebook"].iter_rows(min_row=2, values_only=True)]
    assert told == bb.load_panel().columns.tolist()


@pytest.mark.parametrize(
    ("text", "words"), [("x" * 32_768, "Excel holds 32,767"), ("bell \x07", "cannot hold")]
)
def test_excel_refuses_what_it_cannot_hold(nasty, tmp_path, text, words):
    nasty.tables["things"].loc[2, "text"] = text
    with pytest.raises(ReleaseError, match=rf"row 4, column 'text'.*{words}"):
        write_excel(nasty, tmp_path / "out.xlsx")


@pytest.mark.parametrize("to", ["csv", "sqlite"])
def test_what_is_there_is_kept_unless_told(to, tmp_path):
    out = tmp_path / "out"
    bb.export(to=to, out=out, tables=["firms"])
    before = everything(tmp_path)
    with pytest.raises(ReleaseError, match="exists already"):
        bb.export(to=to, out=out, tables=["events"])
    assert everything(tmp_path) == before
    bb.export(to=to, out=out, tables=["firms"], overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("to", ["csv", "sqlite"])
def test_a_folder_with_other_things_is_never_replaced(to, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.docx").write_text("years of work")
    with pytest.raises(ReleaseError, match=r"thesis\.docx"):
        bb.export(to=to, out=out, overwrite=True)
    assert (out / "thesis.docx").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_, **__):
        msg = "disk full"
        raise OSError(msg)

    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    with pytest.raises(OSError, match="disk full"):
        bb.export(to="csv", out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_unknown_names_are_told_with_the_known_ones(tmp_path):
    with pytest.raises(ReleaseError, match="did you mean 'stata'"):
        bb.export(to="statta", out=tmp_path / "out")
    with pytest.raises(ReleaseError, match="no table firm_years; did you mean 'firm_year'"):
        bb.export(to="csv", out=tmp_path / "out", tables=["firm_years"])
    with pytest.raises(ReleaseError, match="known versions are"):
        bb.export("9.9.9", "csv", tmp_path / "out")


def test_codes_of_another_country_are_not_lost(facts_folder, tmp_path, monkeypatch):
    facts_folder.rows["firms"][0]["region"] = "NL-NH"
    write_release(build(facts_folder.read()), "0.1.0", tmp_path / "data")
    monkeypatch.setenv("BELBIOTECH_DATA", str(tmp_path / "data"))
    folder = bb.export(to="stata", out=tmp_path / "out", tables=["firms"])
    frame = pd.read_stata(folder / "firms.dta")
    assert dict(zip(frame["firm_id"], frame["region"], strict=True)) == {
        "alpha": "NL-NH",
        "beta": "Wallonia",
    }
    assert "built from facts of one's own" in (folder / "README.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("to", "library"), [("stata", "pyreadstat"), ("spss", "pyreadstat"), ("excel", "openpyxl")]
)
def test_a_library_that_is_not_there_is_named(to, library, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ReleaseError, match=rf"{library}: pip install 'belbiotech\[export\]'"):
        bb.export(to=to, out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_usual_place_names_the_version(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    version = bb.versions()[-1]
    assert bb.export(to="csv", tables=["firms"]) == Path(f"belbiotech-{version}-csv")
    assert bb.export(to="sqlite", tables=["firms"]) == Path(f"belbiotech-{version}.sqlite")
