"""What a table tells of its columns' types is heeded where it is: levels' order, odd types."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from belbiotech import cox, fine_gray, kaplan_meier
from belbiotech.errors import PanelError

pytest.importorskip("ibis")

ORDER = ["none", "WAL", "BRU", "VLG"]  # not that of the alphabet; nobody is in the first


@pytest.fixture(scope="module")
def told(panel):
    """The panel with regions in an order of their own."""
    return panel.assign(region=pd.Categorical(panel["region"], ORDER))


@pytest.fixture(scope="module")
def sources(told, tmp_path_factory):
    """The same in an engine, beside the table in memory that it must be equal to."""
    folder = tmp_path_factory.mktemp("told")
    told.to_parquet(folder / "pandas.parquet", row_group_size=150)
    told.astype({"region": pd.CategoricalDtype(ORDER, ordered=True)}).to_parquet(
        folder / "ordered.parquet"
    )
    parts = folder / "parts"
    parts.mkdir()
    for k in range(3):
        told.iloc[k::3].to_parquet(parts / f"{k}.parquet")
    enum = pl.from_pandas(told.astype({"region": str})).with_columns(
        pl.col("region").cast(pl.Enum(ORDER))
    )
    enum.write_parquet(folder / "polars.parquet")
    connection = duckdb.connect()
    connection.register("held", told.astype({"region": str}))
    connection.sql(f"create type regions as enum ({', '.join(map(repr, ORDER))})")
    connection.sql("create table told as select * replace (region::regions as region) from held")
    yield {
        "pandas": (str(folder / "pandas.parquet"), told),
        "ordered": (folder / "ordered.parquet", pd.read_parquet(folder / "ordered.parquet")),
        "folder": (parts, told),
        "polars file": (folder / "polars.parquet", enum),
        "lazy": (enum.lazy(), enum),
        "relation": (connection.sql("from told"), connection.sql("from told").df()),
    }
    connection.close()


SOURCES = ["pandas", "ordered", "folder", "polars file", "lazy", "relation"]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("options", [{"cluster": "firm_id"}, {"stream": True}])
def test_the_order_of_levels(sources, source, options):
    held, table = sources[source]
    found = cox("failure ~ region + size", held, **options)
    known = cox("failure ~ region + size", table, **options)
    assert list(found.params.index) == ["region[T.BRU]", "region[T.VLG]", "size"]
    pd.testing.assert_frame_equal(found.summary, known.summary, rtol=1e-8)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("options", [{}, {"stream": True}])
def test_the_order_of_strata_and_groups(sources, source, options):
    held, table = sources[source]
    found = cox("failure ~ size", held, strata=["region", "listed"], **options)
    known = cox("failure ~ size", table, strata=["region", "listed"])
    pd.testing.assert_series_equal(found.params, known.params, rtol=1e-8)
    strata, others = (
        list(dict.fromkeys(fit.baseline_cumulative_hazard["stratum"])) for fit in (found, known)
    )
    assert strata == others
    assert strata[0] == "region=WAL, listed=False"
    curves = kaplan_meier(held, "failure", by="region").table
    pd.testing.assert_frame_equal(curves, kaplan_meier(table, "failure", by="region").table)
    assert list(dict.fromkeys(curves["group"])) == ORDER[1:]


def test_clusters_of_an_enum(sources):
    held, table = sources["relation"]
    found = cox("failure ~ size + region", held, cluster=["firm_id", "region"], overlap="allow")
    known = cox("failure ~ size + region", table, cluster=["firm_id", "region"], overlap="allow")
    pd.testing.assert_frame_equal(found.variance, known.variance, rtol=1e-8)


def test_an_enum_where_rows_are_brought_in(sources, panel):
    held, table = sources["relation"]
    found = fine_gray("failure ~ region", held, "acquisition", unit="firm_id")
    known = fine_gray("failure ~ region", table, "acquisition", unit="firm_id")
    pd.testing.assert_series_equal(found.params, known.params)


def test_codes_without_an_order_are_texts(told, tmp_path):
    """A dictionary that pandas did not write is in the order in which values came."""
    table = pa.table({name: told[name].array for name in ("start", "stop", "failure")})
    region = pa.array(told["region"].astype(str)).dictionary_encode()
    table = table.append_column("region", region)
    pq.write_table(table, tmp_path / "codes.parquet")
    for data in (table, tmp_path / "codes.parquet"):
        found = cox("failure ~ region", data)
        assert list(found.params.index) == ["region[T.VLG]", "region[T.WAL]"]


def test_a_categorical_in_a_file_without_dictionaries(told, tmp_path):
    """Its order is not in the file: that in which levels come is what pandas gives it."""
    rows = told.iloc[::-1]
    rows.to_parquet(tmp_path / "bare.parquet", use_dictionary=False, row_group_size=200)
    known = cox("failure ~ region", pd.read_parquet(tmp_path / "bare.parquet"))
    found = cox("failure ~ region", tmp_path / "bare.parquet")
    pd.testing.assert_series_equal(found.params, known.params, rtol=1e-8)


ODD = {
    "INTERVAL": "INTERVAL 1 DAY",
    "UNION": "union_value(a := 1)",
    "binary": "'\\xAA'::BLOB",
    "time": "TIME '12:00:00'",
    "array": "[1]",
}


@pytest.mark.parametrize(("kind", "odd"), ODD.items())
def test_odd_types_matter_where_they_are_read(panel, kind, odd):
    connection = duckdb.connect()
    connection.register("held", panel)
    held = connection.sql(f"select *, {odd} as odd from held")
    known = cox("failure ~ size", panel, cluster="firm_id")
    found = cox("failure ~ size", held, cluster="firm_id")
    pd.testing.assert_frame_equal(found.summary, known.summary, rtol=1e-8)
    words = rf"column 'odd' must hold a number, a text or .*, not {kind}.*CAST\(odd AS VARCHAR\)"
    with pytest.raises(PanelError, match=words):
        kaplan_meier(held, "failure", by="odd")
    text = connection.sql(f"select *, CAST({odd} AS VARCHAR) as odd from held")
    assert len(set(kaplan_meier(text, "failure", by="odd").table["group"])) == 1


def test_what_is_no_number_is_told_with_a_way_to_make_it_one(panel):
    connection = duckdb.connect()
    connection.register("held", panel)
    held = connection.sql(
        "select * replace (DATE '2001-01-01' + start::integer as start) from held"
    )
    with pytest.raises(
        PanelError, match=r"'start' must hold numbers, not date; .*date_diff\('day'"
    ):
        cox("failure ~ size", held)
    held = connection.sql("select * replace (failure::varchar as failure) from held")
    with pytest.raises(PanelError, match=r"0 and 1, not string; .*CAST\(failure AS INTEGER\)"):
        cox("failure ~ size", held)


@pytest.mark.parametrize("stream", [False, True])
def test_two_ways_of_clustering_are_told_as_of_a_table(panel, ways, stream):
    cluster = ["firm_id", "region"]
    held = cox("failure ~ size", ways["parquet"], cluster=cluster, stream=stream)
    known = cox("failure ~ size", panel, cluster=cluster)
    told = "errors clustered by firm_id and region (400 and 3 clusters); by region they are few"
    assert told in repr(known)
    assert told in repr(held)
    assert (held.n_clusters, held.fit.clusters) == (400, (400, 3))
