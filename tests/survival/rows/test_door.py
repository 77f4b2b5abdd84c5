"""Tables come in by one door, and their columns are plain behind it."""

from __future__ import annotations

import datetime
import enum
import re

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from pyarrow.dataset import dataset

from belbiotech import (
    FormulaError,
    PanelError,
    correlations,
    cox,
    describe_panel,
    exposure_weights,
    from_flat,
    gray_test,
    kaplan_meier,
    marginal_structural_cox,
    merge_timeline,
    negative_control,
    pseudo_values,
    refit,
    split_at,
)
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.plain import plain_table, plain_value

ROWS = pd.DataFrame(
    {
        "start": 0,
        "stop": [k % 7 + 1 for k in range(40)],
        "failure": [k % 2 for k in range(40)],
        "size": [k * k % 11 for k in range(40)],
    }
)
Arm = enum.Enum("Arm", "A B")
Grade = enum.IntEnum("Grade", "LOW HIGH")
Region = enum.StrEnum("Region", {"BRUSSELS": "BRU", "FLANDERS": "VLG"})


def test_a_pandas_table_is_taken_as_it_is():
    rows = ROWS.assign(
        size=pd.Categorical(ROWS["size"]),
        day=pd.date_range("2000", periods=40, tz="UTC"),
        month=pd.period_range("2000", periods=40, freq="M"),
    )
    assert as_table(rows) is rows


def test_a_plain_table_is_not_copied():
    assert plain_table(ROWS, ROWS.columns, groups=["size"]) is ROWS


def test_foreign_byte_order_is_the_machines():
    taken = as_table(ROWS.astype({"size": ">i4"}))
    assert taken["size"].dtype == np.dtype("int32")
    assert taken["size"].tolist() == ROWS["size"].tolist()


def test_codes_without_an_order_are_texts():
    table = polars.DataFrame({"region": ["b", "a", "b"]})
    codes = as_table(table.with_columns(polars.col("region").cast(polars.Categorical)))
    assert codes["region"].tolist() == ["b", "a", "b"]
    assert codes["region"].dtype == object
    ordered = as_table(table.with_columns(polars.col("region").cast(polars.Enum(["b", "a"]))))
    assert ordered["region"].cat.categories.tolist() == ["b", "a"]


def test_decimals_and_dates_of_arrow_are_floats_and_dates():
    day = datetime.date(2020, 1, 2)
    table = as_table(pa.table({"w": pa.array([1, 2]).cast(pa.decimal128(30, 2)), "day": [day] * 2}))
    assert table["w"].tolist() == [1.0, 2.0]
    assert table["day"].dtype.kind == "M"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([1], "must be a pandas DataFrame, not list"),
        (ROWS["size"], "pandas Series; give data.to_frame"),
        (duckdb.connect(), r"DuckDBPyConnection; give a table of it, such as data.table\('rows'\)"),
        (dataset(pa.Table.from_pandas(ROWS)), "InMemoryDataset; give data.to_table"),
        (ROWS.set_axis(pd.MultiIndex.from_product([["a"], ROWS]), axis=1), "columns have 2 levels"),
    ],
    ids=["list", "Series", "DuckDB", "dataset of Arrow", "levels"],
)
def test_what_is_no_table_is_refused_with_a_remedy(data, words):
    with pytest.raises(PanelError, match=words):
        kaplan_meier(data, "failure")


def test_a_lazy_frame_is_refused_where_rows_are_joined_in_memory():
    with pytest.raises(PanelError, match="polars LazyFrame; give data.collect"):
        gray_test(polars.LazyFrame({"start": [0]}), "failure", "exit", by="start")


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([("BE", k % 2) for k in range(40)], ["BE, 0", "BE, 1"]),
        ([list(Arm)[k % 2] for k in range(40)], ["Arm.A", "Arm.B"]),
        ([list(Grade)[k % 2] for k in range(40)], [1, 2]),
        ([list(Region)[k % 2] for k in range(40)], ["BRU", "VLG"]),
        ([float(k % 2) for k in range(40)], [0, 1]),
    ],
    ids=["tuples", "enumeration", "numbers with names", "texts with names", "whole floats"],
)
def test_values_that_name_groups(values, labels):
    curve = kaplan_meier(ROWS.assign(cell=values), "failure", by="cell")
    assert curve.summary["group"].tolist() == labels


def test_a_label_of_several_levels_is_told_in_plain_numbers():
    rows = ROWS.assign(firm=np.arange(40)).set_index(["firm", "stop"], drop=False)
    fit = cox("failure ~ size", rows)
    with pytest.raises(PanelError, match=re.escape("(row (7, 1)); each row must start where")):
        fit.predict_survival(rows.iloc[[6, 7]].assign(start=[0, 3], stop=[7, 8]))


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}], ids=["lists", "dicts"])
def test_what_is_no_single_value_is_not_described(value):
    rows = ROWS.assign(cell=[value] * 40)
    with pytest.raises(PanelError, match=r"'cell' holds a (list|dict) in 40 rows"):
        describe_panel(rows, ["size", "cell"])
    assert "cell" not in describe_panel(rows).numbers["column"].tolist()


def test_tables_whose_columns_have_one_name_are_refused():
    rows = pd.DataFrame({"firm": ["a", "a"], "year": [2001, 2002], "size": [1, 2]})
    twice = pd.concat([rows, rows[["size"]]], axis=1)
    with pytest.raises(PanelError, match="table has several columns 'size'; rename all but one"):
        from_flat(twice, unit="firm", levels="size")
    with pytest.raises(PanelError, match="panel has several columns 'size'"):
        correlations(twice)


def test_tuples_among_other_values_are_refused():
    mixed = [("BE", 1), "BE"] * 20
    with pytest.raises(PanelError, match=r"'cell' holds a tuple in 20 rows"):
        kaplan_meier(ROWS.assign(cell=mixed), "failure", by="cell")


@pytest.mark.parametrize("store", [lambda d: d, lambda d: d.dt.date, lambda d: d.dt.to_period("D")])
def test_dates_are_no_covariates_however_they_are_stored(store):
    dates = pd.Series(pd.date_range("2001-01-01", periods=40))
    with pytest.raises(FormulaError, match="'founded' holds dates"):
        cox("failure ~ founded", ROWS.assign(founded=store(dates)))


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
@pytest.mark.parametrize(
    "store",
    [lambda d: d, lambda d: d.dt.date, lambda d: d.dt.to_period("D"), lambda d: d.astype("string")],
)
def test_dates_are_a_factor_where_the_formula_says_so(store):
    rows = ROWS.assign(founded=store(pd.Series(pd.to_datetime(["2001-01-01", "2002-05-07"] * 20))))
    rows["failure"] = [int(k % 3 > 0) for k in range(40)]
    fit = cox("failure ~ C(founded)", rows)
    number = cox("failure ~ later", rows.assign(later=[0, 1] * 20))
    assert fit.params.iloc[0] == pytest.approx(number.params["later"], rel=1e-12)
    assert "2002-05-07" in fit.params.index[0]


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
def test_new_rows_have_their_offset_however_they_are_stored():
    rows = ROWS.assign(known=np.arange(40) % 3, hired=np.arange(40) % 2)
    fit = cox("failure ~ size + offset(known * hired)", rows, strata="known")
    new = rows.head(6).assign(hired=[True, False] * 3)
    for kind in ("lp", "risk", "expected"):
        wanted = fit.predict(kind, new)
        for stored in (
            new.astype({"hired": object}),
            new.convert_dtypes(),
            polars.from_pandas(new),
        ):
            pd.testing.assert_frame_equal(fit.predict(kind, stored), wanted, check_index_type=False)


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
def test_rows_that_can_be_read_once_are_read_once():
    rows = ROWS.assign(older=np.arange(40) % 3)

    def once():
        return pa.Table.from_pandas(rows).to_reader()

    fits = [refit("failure ~ size", {"own": given}, cluster=None) for given in (once(), rows)]
    pd.testing.assert_frame_equal(*fits)
    control = {"exposure": "size", "instead": "older"}
    read, wanted = (negative_control("failure ~ size", d, **control) for d in (once(), rows))
    pd.testing.assert_frame_equal(read.table, wanted.table)


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
def test_a_stratum_is_matched_by_value_and_not_by_its_text():
    rows = ROWS.assign(listed=[int(k % 3 == 0) for k in range(40)])
    fit = cox("failure ~ size", rows, strata="listed")
    path = pd.DataFrame({"start": [0], "stop": [5], "size": [2]})
    wanted = fit.predict_survival(path.assign(listed=1))
    for value in (1.0, True, np.int8(1)):
        pd.testing.assert_frame_equal(fit.predict_survival(path.assign(listed=value)), wanted)
    for value in ("1", 2):
        with pytest.raises(PanelError, match="no stratum"):
            fit.predict_survival(path.assign(listed=value))


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
def test_the_index_comes_back_on_residuals():
    rows = ROWS.assign(firm=range(40), time=1.5)
    indexed = rows.set_index(["firm", "time"], drop=False)
    fit = cox("failure ~ size", indexed)
    assert fit.residuals("martingale").index.equals(indexed.index)
    assert fit.residuals("martingale").index.names == ["firm", "time"]
    assert fit.residuals("schoenfeld").index.names == ["time", "firm", "row time"]


def test_a_value_has_one_form():
    forms = [plain_value(value) for value in (1, 1.0, True, np.int8(1), np.float64(1))]
    assert forms == [1] * 5
    assert {type(form) for form in forms} == {int}
    assert plain_value("1") == "1"


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
def test_labels_come_back_from_weights_pieces_and_pseudo_values():
    rows = ROWS.assign(firm=range(40), time=1.5, arm=[list(Arm)[k % 2] for k in range(40)])
    indexed = rows.set_index(["firm", "time"], drop=False)
    indexed["allied"] = indexed["size"] % 2
    model = {"exposure": "allied", "denominator": "size", "unit": "firm"}
    for marked in (
        exposure_weights(indexed, **model).weights,
        marginal_structural_cox("failure ~ allied", indexed, **model).weights,
        pseudo_values(indexed, "failure", 3),
        split_at(indexed, [99], outcomes="failure"),
    ):
        assert marked.index.equals(indexed.index)
        assert marked.index.names == ["firm", "time"]
    assert set(split_at(indexed, [2], outcomes="failure")["arm"]) == set(Arm)


def test_units_that_are_members_of_an_enumeration_come_back_from_a_time_line():
    rows = pd.DataFrame({"firm_id": list(Arm), "start": 0, "stop": 4, "failure": [True, False]})
    facts = pd.DataFrame({"firm_id": [Arm.B], "time": [1]}).convert_dtypes()
    pieces = merge_timeline(rows, facts, {"facts": "count"}, outcomes="failure")
    assert pieces["firm_id"].tolist() == [Arm.A, Arm.B, Arm.B]
    assert pieces["facts"].tolist() == [0, 0, 1]
    assert pieces["failure"].tolist() == [True, False, False]


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
def test_whole_floats_name_groups_as_integers_where_an_engine_holds_the_rows(tmp_path):
    rows = ROWS.assign(era=np.arange(40) // 20 + 1.0)
    path = tmp_path / "rows.parquet"
    rows.to_parquet(path)
    new = rows.head(1)
    for data, options in ((rows, {}), (path, {}), (path, {"stream": True})):
        fit = cox("failure ~ size", data, strata="era", **options)
        assert fit.fit.rows.stratum_labels == ("era=1", "era=2")
        wanted = fit.predict_survival(new)
        pd.testing.assert_frame_equal(fit.predict_survival(new.astype({"era": int})), wanted)
    for data in (rows, path):
        assert kaplan_meier(data, "failure", by="era").summary["group"].tolist() == [1, 2]


def test_times_to_the_nanosecond_and_codes_of_one_value_or_none_are_taken():
    times = pa.array([1, 2], pa.time64("ns"))
    twice = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", "a"]))
    none = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None]))
    table = as_table(pa.table({"time": times, "twice": twice, "none": none}))
    assert table["twice"].tolist() == ["a", "a"]
    assert table["none"].tolist() == ["a", None]
    assert table["time"].notna().all()


def test_the_column_that_cannot_be_taken_is_named():
    odd = polars.DataFrame({"start": [0], "odd": polars.Series([1], dtype=polars.Int128)})
    with pytest.raises(PanelError, match="column 'odd': (.|\\n)*leave that column out, or make it"):
        as_table(odd)
    tagged = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(PanelError, match="a pyarrow Table (.|\\n)*column 'odd': "):
        as_table(pa.table({"start": [0], "odd": tagged}))
