"""Files as a user finds them: in folders, empty, of a spreadsheet; what differs is told by file."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from belbiotech import cox, kaplan_meier, logrank_test
from belbiotech.errors import EngineError, PanelError

ibis = pytest.importorskip("ibis")


@pytest.fixture
def saved(tmp_path):
    """Write tables, a file each."""

    def save(*tables, kind="parquet"):
        for k, table in enumerate(tables):
            path = tmp_path / f"part{k}.{kind}"
            table.to_parquet(path) if kind == "parquet" else table.to_csv(path, index=False)
        return str(tmp_path / f"part*.{kind}")

    return save


def close(one, other):
    pd.testing.assert_frame_equal(one.summary, other.summary, rtol=1e-9)
    assert one.n_rows == other.n_rows


@pytest.mark.parametrize("stream", [False, True])
def test_columns_in_the_names_of_folders(panel, tmp_path, stream):
    rows = panel.assign(first=pd.to_datetime("2001-01-01") + pd.to_timedelta(panel["size"], "D"))
    rows["first"] = rows["first"].dt.date
    rows.to_parquet(tmp_path / "register", partition_cols=["region", "first", "year"])
    options = {"strata": "region", "cluster": ["firm_id", "year"], "stream": stream}
    found = cox("failure ~ listed + C(first) + year", tmp_path / "register", **options)
    close(found, cox("failure ~ listed + C(first) + year", rows, **options))


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("stream", [False, True])
def test_a_file_without_rows_among_others(panel, saved, kind, first, stream):
    none = panel.head(0).assign(region=None, size=None)
    data = saved(*([none, panel] if first else [panel, none]), kind=kind)
    known = cox("failure ~ region + size", panel, stream=stream)
    close(cox("failure ~ region + size", data, stream=stream), known)


def test_csv_files_with_other_columns_beside(panel, saved):
    one, two = panel.head(900), panel.iloc[900:]
    data = saved(
        one, two.drop(columns="z").assign(x="text")[two.columns[::-1].drop("z")], kind="csv"
    )
    known = cox("failure ~ size + listed", panel, cluster="firm_id")
    close(cox("failure ~ size + listed", data, cluster="firm_id"), known)


def test_numbers_that_are_whole_in_one_csv_file(panel, saved):
    half = panel["size"].where(panel.index < 900, panel["size"] + 0.5)
    data = saved(panel.head(900), panel.assign(size=half).iloc[900:], kind="csv")
    close(cox("failure ~ size", data), cox("failure ~ size", panel.assign(size=half)))


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_lacks_all_values_of_a_column(panel, saved, kind, first):
    none = panel.tail(90).assign(region=None)
    data = saved(*([none, panel] if first else [panel, none]), kind=kind)
    words = rf"'region' has missing values in (all )?90 rows .*part{1 - first}.{kind}'; fill"
    with pytest.raises(PanelError, match=words):
        cox("failure ~ region", data)
    with pytest.raises(PanelError, match="'region' has missing values in (all|90) rows"):
        kaplan_meier(data.replace("part*", f"part{1 - first}"), "failure", by="region")


def test_the_files_of_faulty_rows_are_named(panel, saved):
    bad = panel.assign(size=panel["size"].astype(float))
    bad.loc[[3, 4, 1000], "size"] = np.nan
    bad.loc[5, "stop"] = bad.loc[5, "start"]
    with pytest.raises(PanelError) as told:
        cox("failure ~ size", saved(bad.iloc[900:], bad.head(900)))
    assert "missing values in 3 rows (" in str(told.value)
    assert "), 1 in '" in str(told.value)
    assert "part0.parquet', 2 in '" in str(told.value)
    words = (
        r"it is not in 1 row \(start=\d+, stop=\d+, failure=\d\), all in '.*part1.parquet'; mend"
    )
    with pytest.raises(PanelError, match=words):
        logrank_test(saved(bad.iloc[900:], bad.head(900)), "failure", "region")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_no_rows_whatever_the_types(panel, saved, kind):
    with pytest.raises(PanelError, match="^data has no rows$"):
        logrank_test(saved(panel.head(0), kind=kind), "failure", "region")


def test_paths_that_are_none(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel.to_parquet("rows.parquet")
    with pytest.raises(PanelError, match="no file matches ''"):
        kaplan_meier("", "failure")
    (tmp_path / "tables").mkdir()
    with pytest.raises(PanelError, match=r"no Parquet file .* in the folder 'tables'.*\*\.csv"):
        kaplan_meier("tables", "failure")
    with pytest.raises(PanelError, match=r"is an address.*connect\(\).read_parquet\('s3://a/b'"):
        kaplan_meier("s3://a/b", "failure")


def test_what_an_engine_says_without_its_query(tmp_path):
    (tmp_path / "rows.parquet").write_bytes(b"")
    with pytest.raises(EngineError, match="too small to be a Parquet file$"):
        kaplan_meier(tmp_path / "rows.parquet", "failure")


def alike(how, panel, folder):
    """Rows whose size stands in a second column too, called Size, with other values."""
    rows = panel.assign(Size=panel["size"] * 3)
    if how == "folder":
        rows = rows.assign(Size=rows["Size"] % 2)
        rows.to_parquet(folder / "parts", partition_cols=["Size"])
        return str(folder / "parts")
    if how in ("parquet", "csv"):
        path = folder / f"rows.{how}"
        rows.to_parquet(path) if how == "parquet" else rows.to_csv(path, index=False)
        return str(path)
    if how == "polars":
        return pytest.importorskip("polars").from_pandas(rows).lazy()
    if how == "relation":
        return duckdb.from_df(panel).project('*, size * 3 as "Size"')
    panel.to_parquet(folder / "rows.parquet")
    held = ibis.duckdb.connect().read_parquet(folder / "rows.parquet")
    return held.mutate(Size=held["size"] * 3)


@pytest.mark.parametrize("how", ["parquet", "csv", "folder", "relation", "ibis", "polars"])
def test_columns_whose_names_differ_in_capitals_only(how, panel, tmp_path):
    """DuckDB calls the second Size_1, or reads either for the other."""
    data = alike(how, panel, tmp_path)
    said = "has the columns '[sS]ize' and '[sS]ize': DuckDB does not tell .* rename one of them"
    with pytest.raises(PanelError, match=said):
        cox("failure ~ size + Size", data)
    if how != "polars":  # which writes the columns that are used, and no others
        with pytest.raises(PanelError, match=said):
            cox("failure ~ size", data)
    close(cox("failure ~ listed", data), cox("failure ~ listed", panel))


def test_a_column_that_is_called_as_duckdb_would_call_a_twin(panel, tmp_path):
    rows = panel.assign(Size=1, size_1=panel["size"] + panel["listed"])
    path = tmp_path / "rows.parquet"
    rows[[*panel.columns, "size_1"]].to_parquet(path)  # no twins: a name as any other
    close(cox("failure ~ size_1", path), cox("failure ~ size_1", rows))
    rows[[*panel.columns, "size_1"]].to_csv(tmp_path / "rows.csv", index=False)
    close(cox("failure ~ size_1", tmp_path / "rows.csv"), cox("failure ~ size_1", rows))
    rows.to_parquet(path)
    with pytest.raises(PanelError, match="has the columns 'size' and 'Size'"):
        cox("failure ~ size_1", path)
