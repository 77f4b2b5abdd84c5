"""What is no panel, or no engine, is told in words that help: what, how often, where."""

from __future__ import annotations

import sys

import duckdb
import pandas as pd
import pytest

from belbiotech import check_panel, cox, cumulative_incidence, discrete_hazard, kaplan_meier
from belbiotech.errors import BelbiotechError, EngineError, FitError, FormulaError, PanelError
from belbiotech.survival.engines import counting
from belbiotech.survival.engines.batches import SparkBatches

ibis = pytest.importorskip("ibis")


@pytest.fixture
def saved(panel, tmp_path):
    """Write changed rows, as one file or as many."""

    def save(*changes, **columns):
        for k, change in enumerate(changes or (lambda rows: rows.assign(**columns),)):
            change(panel.copy()).to_parquet(tmp_path / f"part{k}.parquet")
        return str(tmp_path / "part*.parquet")

    return save


def with_nulls(rows):
    rows = rows.astype({"size": float})
    rows.loc[rows.index[:7], "size"] = None
    return rows


def test_a_partition_with_nulls(saved):
    data = saved(lambda rows: rows.astype({"size": float}), with_nulls)
    words = (
        r"column 'size' has missing values in 7 rows \(start=\d+, stop=\d+, failure=\d; .*\.\.\."
    )
    with pytest.raises(PanelError, match=words):
        cox("failure ~ size", data)


def test_all_faults_at_once(saved, panel):
    data = saved(
        x=panel["x"].where(panel.index != 4, float("inf")),
        stop=panel["stop"].where(panel.index != 5, panel["start"]),
        failure=panel["failure"].where(panel.index != 6, 3),
        wt=panel["wt"].where(panel.index != 7, -1.0),
    )
    with pytest.raises(PanelError) as told:
        cox("failure ~ x", data, weights="wt")
    for words in (
        "column 'x' has infinite values in 1 row",
        "'stop' must be after 'start'; it is not in 1 row",
        "outcome 'failure' must be 0 or 1; it is not in 1 row",
        "column 'wt' is negative in 1 row",
    ):
        assert words in str(told.value)


def test_numbers_whose_squares_are_none(saved):
    data = saved(lambda panel: panel.assign(x=panel["x"].where(panel.index != 3, 1e200)))
    words = r"column 'x' has numbers beyond 1e\+100 in 1 row.*; count in larger units"
    with pytest.raises(PanelError, match=words):
        cox("failure ~ x", data)


def test_values_that_are_no_numbers_are_told_once(panel):
    connection = duckdb.connect()
    connection.register("held", panel)
    held = connection.sql(
        "select * replace (case when start = 2 then 'nan'::double when start = 3 then "
        "'-inf'::double else x end as x) from held"
    )
    with pytest.raises(PanelError) as told:
        cox("failure ~ x", held)
    known = [(panel["start"] == k).sum() for k in (2, 3)]
    assert [line.partition(" (")[0] for line in str(told.value).splitlines()] == [
        f"column 'x' has missing values in {known[0]} rows",
        f"column 'x' has infinite values in {known[1]} rows",
    ]


@pytest.mark.parametrize("function", ["bs", "ns", "scale", "poly"])
def test_texts_in_functions_of_numbers(panel, saved, function):
    words = rf"region holds no numbers such as '\w+', and {function}\(\) takes numbers"
    for data in (panel, saved()):
        with pytest.raises(FormulaError, match=words):
            cox(f"failure ~ {function}(region)", data)


def test_overlapping_rows_of_a_unit(saved, panel):
    double = pd.concat([panel, panel.iloc[:2]])
    data = saved(lambda _: double)
    words = r"rows of one 'firm_id' overlap in time: \d rows? of \d of 400 units \(firm_id="
    with pytest.raises(PanelError, match=words):
        cox("failure ~ size", data, cluster="firm_id")
    assert cox("failure ~ size", data, cluster="firm_id", overlap="allow").n_rows == len(double)
    broken = double.assign(stop=double["stop"] - 0.25)
    with pytest.raises(PanelError, match="overlap in time"):
        cox("failure ~ size", saved(lambda _: broken), unit="firm_id")


def test_files_that_differ(saved, tmp_path, panel):
    data = saved(lambda rows: rows, lambda rows: rows.drop(columns="size"))
    with pytest.raises(PanelError, match=r"column 'size' is int64 in .* and missing in"):
        cox("failure ~ size", data)
    data = saved(lambda rows: rows, lambda rows: rows.astype({"size": str}))
    with pytest.raises(PanelError, match=r"(?s)column 'size' is int64 in .*all files must have"):
        cox("failure ~ size", data)
    assert kaplan_meier(data, "failure").table["events"].sum() == 2 * panel["failure"].sum()
    panel.head(3).to_csv(tmp_path / "part2.csv")
    with pytest.raises(PanelError, match="not all Parquet"):
        cox("failure ~ size", str(tmp_path / "part*"))


def test_columns(saved):
    with pytest.raises(PanelError, match="there is no column 'sise'; did you mean 'size'"):
        cox("failure ~ sise", saved())
    with pytest.raises(PanelError, match="column 'failure' must hold 0 and 1, not string"):
        cox("failure ~ size", saved(failure="yes"))
    with pytest.raises(PanelError, match="column 'start' must hold numbers, not string"):
        cox("failure ~ size", saved(start="0"))
    with pytest.raises(PanelError, match="column 'size' must hold a number, a text"):
        cox("failure ~ size", saved(size=lambda rows: [[1]] * len(rows)))


def test_no_rows_and_no_files(saved, tmp_path):
    with pytest.raises(PanelError, match="data has no rows"):
        cox("failure ~ size", saved(lambda rows: rows.head(0)))
    with pytest.raises(PanelError, match=r"no file matches '.*none\*\.parquet'"):
        cox("failure ~ size", str(tmp_path / "none*.parquet"))
    (tmp_path / "part9.parquet").write_text("no Parquet")
    with pytest.raises(EngineError, match="failed while opening"):
        kaplan_meier(str(tmp_path / "part9.parquet"), "failure")


def test_an_engine_that_fails_in_the_middle(panel):
    connection = duckdb.connect()
    connection.register("rows", panel)
    relation = connection.sql("select *, cast(region as integer) as broken from rows")
    words = "DuckDB failed while looking at the first rows: .*(BRU|WAL|VLG)"
    with pytest.raises(EngineError, match=words):
        cox("failure ~ broken", relation)
    assert connection.sql("show tables").fetchall() == [("rows",)]


def test_nothing_is_left_in_the_engine(panel):
    engine = ibis.duckdb.connect()
    engine.con.register("rows", panel)
    before = engine.con.sql("select view_name from duckdb_views() where not internal").fetchall()
    result = cox("failure ~ size", engine.table("rows"), cluster="firm_id")
    assert result.n_clusters == panel["firm_id"].nunique()
    after = engine.con.sql("select view_name from duckdb_views() where not internal").fetchall()
    assert after == before


def test_an_engine_whose_rows_change(panel):
    connection = duckdb.connect()
    connection.sql("create table rows as select * from panel")
    result = cox("failure ~ size", connection.sql("from rows"), cluster="firm_id")
    connection.sql("delete from rows where size = 1")
    with pytest.raises(EngineError, match="the table changes while the model is fitted"):
        _ = result.score_test


def test_too_fine_covariates_offer_what_to_do(saved, monkeypatch):
    monkeypatch.setattr(counting, "MOST", 300)
    words = r"about 1,\d\d\d of them differ.*round\(x, 1\).*stream=True"
    with pytest.raises(FitError, match=words):
        cox("failure ~ x", saved())
    monkeypatch.setattr(counting, "HEAD", 50)
    with pytest.raises(FitError, match="too fine"):
        cox("failure ~ x", saved())
    assert len(cox("failure ~ round(x, 0)", saved()).params) == 1


def test_options_of_models(saved, panel):
    data = saved(start=panel["start"] + 0.5)
    with pytest.raises(PanelError, match="column 'start' is not a whole number in"):
        discrete_hazard("failure ~ size", data)
    both = panel["failure"] == 1
    data = saved(acquisition=panel["acquisition"] | both)
    with pytest.raises(PanelError, match="'failure' and 'acquisition' are both 1 in"):
        cumulative_incidence(data, ["failure", "acquisition"])
    with pytest.raises(FitError, match="has one value only"):
        cox("failure ~ size", saved(group=1), cluster="group")
    with pytest.raises(PanelError, match="weight 'wt' is 0 in"):
        cox("failure ~ size", saved(wt=panel["wt"].where(panel.index > 3, 0.0)), weights="wt")


def test_a_missing_extra(monkeypatch, saved):
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(EngineError, match=r"pip install 'belbiotech\[scale\]'"):
        cox("failure ~ size", saved())


def test_ibis_without_duckdb(monkeypatch, saved):
    def missing(*_):
        msg = "Failed to import the duckdb backend.\n\nYou can conda install it:"
        raise ImportError(msg)

    monkeypatch.setattr(ibis.duckdb, "connect", missing)
    words = r"^DuckDB did not start while .*: Failed to import .* backend; pip .*\[scale\]'$"
    with pytest.raises(EngineError, match=words):
        cox("failure ~ size", saved())


@pytest.mark.parametrize("data", [3, None, [1], {"a": 1}])
def test_what_is_no_table(data):
    for call in (lambda: cox("failure ~ size", data), lambda: check_panel(data)):
        with pytest.raises(BelbiotechError, match="DataFrame"):
            call()


def test_residuals_to_nowhere(saved, tmp_path):
    result = cox("failure ~ size", saved())
    with pytest.raises(FitError, match="in a folder that is there"):
        result.residuals(to=tmp_path / "none" / "r.parquet")
    with pytest.raises(FitError, match="to is 3: give the path"):
        result.residuals(to=3)
    for name in ("r.csv", "r.CSV.gz"):
        with pytest.raises(FitError, match="would be a Parquet file: name it so"):
            result.residuals(to=tmp_path / name)
        assert not (tmp_path / name).exists()


def test_residuals_by_unit_of_rows_that_an_engine_holds(saved):
    result = cox("failure ~ size", saved(), cluster="firm_id")
    with pytest.raises(FitError, match=r"to='residuals.parquet'\), and sum them by unit there$"):
        result.residuals("martingale", collapse="firm_id")


def test_what_a_python_on_the_workers_of_spark_says():
    """Spark gives the calls that led there, as many lines as there are."""
    said = (
        "An exception was thrown from the Python worker:\n"
        "Traceback (most recent call last):\n"
        '  File "worker.py", line 4207, in invoke_udf\n'
        "    func = read_udfs(\n"
        "           ^^^^^^^^^^\n"
        "{}"
    )

    class Broken:
        def mapInArrow(self, *_):
            raise RuntimeError(said.format(self.last))

    frame = Broken()
    words = r"^Spark failed while passing over the rows \(Step 2\): "
    frame.last = "ModuleNotFoundError: No module named 'belbiotech'\n"
    with pytest.raises(EngineError, match=rf"{words}ModuleNotFoundError: .*; the workers need"):
        SparkBatches(frame, None).total(len, "Step 2")
    frame.last = "ValueError: no number\nin row 3\n\nJVM stacktrace:\norg.apache.spark"
    with pytest.raises(EngineError, match=f"{words}ValueError: no number in row 3$"):
        SparkBatches(frame, None).total(len, "Step 2")


def test_all_from_zero_where_rows_are(panel, ways):
    known = kaplan_meier(panel, "failure", start=0).table
    found = kaplan_meier(ways["ibis"], "failure", start=0).table
    pd.testing.assert_frame_equal(found, known, rtol=1e-9)
    for way in ("parquet", "folder", "polars"):
        with pytest.raises(PanelError, match="column of zeros"):
            kaplan_meier(ways[way], "failure", start=0)


SMALL = pd.DataFrame({"start": 0, "stop": [k % 5 + 1.5 for k in range(120)]})
SMALL["failure"] = [k % 2 for k in range(120)]
SMALL["size"] = [float(k * k % 11) for k in range(120)]


@pytest.mark.parametrize("name", ["a[1]/x.parquet", "st*r.parquet", "q?x.parquet", "[x].csv"])
def test_what_is_there_by_that_very_name_is_no_pattern(name, tmp_path):
    """And none for DuckDB: rows of star.parquet are not counted, nor those of a1."""
    for other in ("a1", "a[1]"):
        (tmp_path / other).mkdir()
    for other in ("a1/x.parquet", "star.parquet", "qux.parquet"):
        SMALL.to_parquet(tmp_path / other)
    write = SMALL.to_csv if name.endswith("csv") else SMALL.to_parquet
    write(tmp_path / name)
    given = tmp_path / name if "/" not in name else (tmp_path / name).parent
    assert cox("failure ~ size", str(given)).n_rows == 120


def test_a_local_folder_named_like_an_address_is_local(tmp_path, monkeypatch):
    (tmp_path / "s3:" / "bucket").mkdir(parents=True)
    SMALL.to_parquet(tmp_path / "s3:" / "bucket" / "x.parquet")
    monkeypatch.chdir(tmp_path)
    for stream in (False, True):
        fit = cox("failure ~ size", "s3://bucket/x.parquet", stream=stream)
        assert fit.params["size"] == pytest.approx(cox("failure ~ size", SMALL).params["size"])


def test_a_folder_that_gives_a_column_another_value_is_told(tmp_path):
    (tmp_path / "size=3").mkdir()
    SMALL.to_parquet(tmp_path / "size=3" / "x.parquet")
    with pytest.raises(PanelError, match="'size' and lies in a folder that gives it another value"):
        cox("failure ~ size", str(tmp_path))
    assert cox("failure ~ 1", str(tmp_path)).n_rows == 120


@pytest.mark.parametrize("path", ["", "a" * 5000 + ".parquet", "a\0b.parquet"])
def test_no_path(path):
    with pytest.raises(PanelError, match="no file matches|cannot be looked for"):
        cox("failure ~ size", path)


@pytest.mark.parametrize(
    "right", ["bs(size, extrapolation='x')", "cr(size, df=4, constraints='x')"]
)
def test_options_that_a_spline_does_not_know(right, tmp_path):
    SMALL.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(FormulaError, match="cannot be computed: .* gives ValueError"):
        cox(f"failure ~ {right}", str(tmp_path / "x.parquet"))


def test_as_many_intervals_as_formulas_may_have(tmp_path):
    SMALL.to_parquet(tmp_path / "x.parquet")
    edges = list(range(-1, 998))
    right = f"cut(size, {edges})"
    both = [cox(f"failure ~ {right}", rows).params for rows in (SMALL, str(tmp_path / "x.parquet"))]
    pd.testing.assert_series_equal(*both)
