"""Streams whose files change, whose sums overflow, whose user stops them; what they write."""

from __future__ import annotations

import decimal
import os
import signal
import threading
import warnings

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from belbiotech import cox
from belbiotech.errors import BelbiotechWarning, EngineError, FitError
from belbiotech.survival.engines.batches import FrameBatches, ParquetBatches, Part
from belbiotech.survival.engines.engine import the_error
from belbiotech.survival.engines.sources import open_engine

from .conftest import make_panel


@pytest.fixture
def rows():
    return make_panel(300, 11)


@pytest.fixture
def files(rows, tmp_path):
    folder = tmp_path / "rows"
    folder.mkdir()
    for k in range(3):
        rows.iloc[k::3].to_parquet(folder / f"{k}.parquet", row_group_size=100)
    return folder


def before_pass(number, change):
    """Do something before a pass over files, the first being 1."""
    made, passes = ParquetBatches.total, []

    def total(self, adding, label):
        passes.append(label)
        if len(passes) == number:
            change()
        return made(self, adding, label)

    return total


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (os.remove, "Parquet failed while reading a batch: .*No such file"),
        (lambda path: os.truncate(path, 3000), "1.parquet' has changed since"),
        (lambda path: make_panel(5, 1).to_parquet(path), "1.parquet' has changed since"),
    ],
    ids=["gone", "damaged", "other rows"],
)
@pytest.mark.parametrize("number", [1, 3])
def test_files_that_change_while_they_are_read(files, monkeypatch, change, words, number):
    path = files / "1.parquet"
    monkeypatch.setattr(ParquetBatches, "total", before_pass(number, lambda: change(path)))
    with pytest.raises(EngineError, match=words):
        cox("failure ~ x + z", files, stream=True)


def test_files_that_have_changed_after_the_fit(files, tmp_path):
    result = cox("failure ~ x", files, stream=True)
    make_panel(5, 1).to_parquet(files / "1.parquet")
    with pytest.raises(EngineError, match="has changed since"):
        result.residuals("martingale", to=tmp_path / "r.parquet")
    assert not (tmp_path / "r.parquet").exists()


@pytest.mark.parametrize("stream", [True, False])
def test_residuals_do_not_take_the_place_of_the_rows(files, stream):
    result = cox("failure ~ x", files, stream=stream)
    path = files / "1.parquet"
    known = path.read_bytes()
    with pytest.raises(FitError, match="1.parquet' holds the model's rows, which would be lost"):
        result.residuals("martingale", to=files / ".." / "rows" / "1.parquet")
    assert path.read_bytes() == known


def test_batches_without_an_event_among_those_that_are_written(rows, tmp_path):
    rows = rows.sort_values(["failure", "firm_id"]).reset_index(drop=True)
    rows["k"] = pd.array(rows["size"], dtype="Int64")
    rows.to_parquet(tmp_path / "rows.parquet", row_group_size=50)
    result = cox("failure ~ x + k + region", tmp_path / "rows.parquet", stream=True)
    sized = FrameBatches(len(rows), rows[list(result.fit.streamed.stream.reading.used)], 50)
    held = result.fit.streamed.stream
    known = cox("failure ~ x + k + region", rows).residuals("schoenfeld").droplevel("time")
    for batches in (sized, held.batches.sized(50)):
        object.__setattr__(held, "batches", batches)
        result.residuals("schoenfeld", to=tmp_path / "r.parquet")
        found = pd.read_parquet(tmp_path / "r.parquet")
        assert found["failure"].eq(1).all()
        assert set(found["region"]) == set(rows["region"][rows["failure"] == 1])
        np.testing.assert_allclose(
            found.filter(like="schoenfeld"), known.sort_index(), rtol=1e-9, atol=1e-11
        )


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("failure ~ x + tenth", {}),
        ("failure ~ x + C(tenth)", {}),
        ("failure ~ x", {"strata": "tenth", "cluster": "tenth"}),
        ("failure ~ x", {"start": "from", "stop": "to"}),
    ],
)
def test_decimals_are_the_floats_next_to_them(rows, tmp_path, formula, options):
    """0.3 of a file is the 0.3 of an engine, not the float beside it."""
    tenths = {
        "tenth": rows["size"] + 2,
        "from": 10 * rows["start"] + 1,
        "to": 10 * rows["stop"] + 3,
    }
    known = rows.assign(**{name: values / 10 for name, values in tenths.items()})
    table = pa.Table.from_pandas(rows)
    for name, values in tenths.items():
        exact = [decimal.Decimal(int(value)).scaleb(-1) for value in values]
        table = table.append_column(name, pa.array(exact, pa.decimal128(6, 1)))
    pq.write_table(table, tmp_path / "rows.parquet")
    one = cox(formula, known, **options, overlap="allow")
    found = cox(formula, tmp_path / "rows.parquet", **options, overlap="allow", stream=True)
    pd.testing.assert_series_equal(found.params, one.params, rtol=1e-9)
    pd.testing.assert_frame_equal(found.variance, one.variance, rtol=1e-9)


@pytest.mark.parametrize("held", [True, False])
def test_strata_without_an_event_are_told(rows, tmp_path, held):
    quiet = rows["region"].eq("VLG") & rows["listed"]
    rows = rows.assign(failure=rows["failure"].where(~quiet, 0))
    rows.to_parquet(tmp_path / "rows.parquet")
    data = tmp_path / "rows.parquet" if held else rows
    told = []
    for stream in (True, False):
        with pytest.warns(BelbiotechWarning, match="no event in stratum") as heard:
            cox("failure ~ x", data, strata=["region", "listed"], stream=stream)
        told.append([str(one.message) for one in heard])
    assert (
        told[0]
        == told[1]
        == ["no event in stratum region=VLG, listed=True: its rows contribute nothing"]
    )


def test_a_step_that_is_too_long_says_nothing(tmp_path):
    """What a sample says of a covariate may take a row that is not in it beyond all floats."""
    rng = np.random.default_rng(2)
    n = 1 << 17
    rows = pd.DataFrame({"start": 0, "stop": rng.integers(1, 9, n), "x": rng.normal(size=n)})
    rows["failure"] = rng.random(n) < 0.1 * np.exp(0.3 * rows["x"])
    rows.loc[n - 1, "x"] = 1e5
    known = cox("failure ~ x", rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = cox("failure ~ x", rows, stream=True)
    np.testing.assert_allclose(found.params, known.params, rtol=1e-9)
    np.testing.assert_allclose(found.variance, known.variance, rtol=1e-9)


def test_a_thread_that_fails_stops_the_others():
    added = []

    def adding(frame):
        if frame["x"].iloc[0] == 0:
            raise ZeroDivisionError
        added.append(len(frame))
        return Part(np.zeros(1))

    batches = FrameBatches(1 << 24, pd.DataFrame({"x": np.arange(1 << 24)}), 1 << 14)
    with pytest.raises(ZeroDivisionError):
        batches.total(adding, "")
    assert len(added) < 1 << 9


def test_an_interrupt_in_an_engine_is_one():
    with pytest.raises(KeyboardInterrupt):
        raise the_error("DuckDB", "checking rows", RuntimeError("Query interrupted"))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job may ignore it
    stop = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    stop.start()
    try:
        with pytest.raises(RuntimeError, match=r"^Query interrupted$"):
            duckdb.sql(
                "select sum(a.range * b.range % 7) from range(199999) a, range(199999) b"
            ).df()
    finally:
        stop.join()
        signal.signal(signal.SIGINT, before)


def test_an_engine_of_files_reads_no_group_of_rows_beforehand(files):
    """Which may be all rows of a file: of 20 million with nine columns it held 1.0 GB, now 0.2."""
    backend = open_engine(str(files), ("x",)).table.get_backend()
    found = backend.con.sql("select current_setting('disable_parquet_prefetching')").fetchall()
    assert found == [(True,)]


def test_groups_of_more_rows_than_a_share_are_not_held_whole(tmp_path):
    rows = (1 << 20) + 1
    table = pa.table({"x": np.random.default_rng(3).random(rows)})
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=rows, use_dictionary=False)
    total, table = table["x"].to_numpy().sum(), None
    before, most, found = pa.total_allocated_bytes(), 0, 0.0
    batches = ParquetBatches(rows, (str(tmp_path / "rows.parquet"),), ("x",), size=1 << 14)
    for frame in batches.frames("Reading"):
        found += frame["x"].sum()
        del frame
        most = max(most, pa.total_allocated_bytes() - before)
    assert np.isclose(found, total)
    assert most < 8 * rows / 2
