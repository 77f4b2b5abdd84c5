"""The same table in any storage, index, order and container gives the same numbers."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import belbiotech as bb

pytestmark = pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")


def panel():
    """30 firms of up to 4 years each, some seen late; a truth value, whole numbers, texts."""
    random = np.random.default_rng(5)
    rows = [
        (firm, age, age + 1)
        for firm in range(30)
        for age in range(firm % 3, firm % 3 + 1 + random.integers(4))
    ]
    table = pd.DataFrame(rows, columns=["firm_id", "start", "stop"])
    last = ~table.duplicated("firm_id", keep="last")
    fate = random.integers(3, size=30)[table["firm_id"]]
    return table.assign(
        failure=(last & (fate == 1)).astype(int),
        acquisition=(last & (fate == 2)).astype(int),
        rounds=random.integers(3, size=len(table)),
        size=random.normal(size=30).round(3)[table["firm_id"]],
        listed=(random.random(30) < 0.5)[table["firm_id"]],
        segment=random.integers(1, 3, size=30)[table["firm_id"]],
        region=np.array(["BRU", "VLG", "WAL"])[table["firm_id"] % 3],
        w=random.integers(1, 4, size=30)[table["firm_id"]],
    )


PANEL = panel()
WHOLE = ["start", "stop", "failure", "acquisition", "rounds", "segment", "w", "firm_id"]


def arrow(table):
    return table.convert_dtypes(dtype_backend="pyarrow")


STORAGES = {
    "plain": lambda t: t,
    "truth values": lambda t: t.astype({"failure": bool, "acquisition": bool}),
    "objects": lambda t: t.astype({"listed": object, "region": object}),
    "outcomes as objects": lambda t: t.astype({"failure": bool}).astype({"failure": object}),
    "floats": lambda t: t.astype(dict.fromkeys(WHOLE, float)),
    "small integers": lambda t: t.astype(dict.fromkeys(WHOLE, "int8")),
    "big-endian": lambda t: t.astype({**dict.fromkeys(WHOLE, ">i4"), "size": ">f8"}),
    "nullable": lambda t: t.convert_dtypes(),
    "nullable floats": lambda t: t.astype({**dict.fromkeys(WHOLE, "Float64"), "size": "Float64"}),
    "Arrow": arrow,
    "Arrow decimals": lambda t: arrow(t).astype(
        {name: pd.ArrowDtype(pa.decimal128(30, 3)) for name in [*WHOLE[:-1], "size"]}
    ),
    "Arrow dictionary": lambda t: t.astype(
        {"region": pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))}
    ),
    "categories": lambda t: t.assign(
        listed=pd.Categorical(t["listed"], categories=[False, True]),
        region=pd.Categorical(t["region"], categories=["BRU", "none", "VLG", "WAL"]),
        failure=pd.Categorical(t["failure"]),
        acquisition=pd.Categorical(t["acquisition"]),
        firm_id=pd.Categorical(t["firm_id"], categories=range(-1, 40)),
    ),
    "sparse": lambda t: t.astype({"rounds": pd.SparseDtype(int, 0), "w": pd.SparseDtype(int, 0)}),
}
INDEXES = {
    "numbers": lambda t: t,
    "named like a column": lambda t: t.set_index("firm_id", drop=False),
    "of two levels": lambda t: t.set_index(["firm_id", "start"], drop=False),
    "duplicates": lambda t: t.set_axis([0] * len(t)),
    "dates": lambda t: t.set_axis(pd.date_range("2000-01-01", periods=len(t), name="stop")),
    "texts": lambda t: t.set_axis([f"row {k}" for k in range(len(t))]),
}
CONTAINERS = {
    "pandas": lambda t: t,
    "polars": lambda t: polars.from_arrow(pa.Table.from_pandas(t, preserve_index=False)),
    "pyarrow": lambda t: pa.Table.from_pandas(t, preserve_index=False),
    "batch": lambda t: pa.RecordBatch.from_pandas(t, preserve_index=False),
    "duckdb": lambda t: duckdb.from_arrow(pa.Table.from_pandas(t, preserve_index=False)),
}
PATH = pd.DataFrame(
    {
        "start": [0, 2, 1],
        "stop": [2, 4, 3],
        "size": [0.1, -0.4, 0.3],
        "listed": [True, True, False],
        "segment": [1, 1, 2],
        "region": ["BRU", "BRU", "VLG"],
        "id": [1, 1, 2],
        "firm_id": [1, 1, 2],
    }
)


def numbers(table):
    """All numbers of a table, in order; what names rows is left out."""
    kept = table.drop(columns=["row", "id", "unit"], errors="ignore")
    kept = kept.select_dtypes(["number", "bool"])
    return kept.to_numpy(dtype=float).ravel()


def fit(name, *arguments, **options):
    return numbers(getattr(bb, name)(*arguments, **options).summary)


FUNCTIONS = {
    "kaplan_meier": lambda t, p: numbers(
        bb.kaplan_meier(t, "failure", by=["segment", "listed"], weights="w").table
    ),
    "logrank_test": lambda t, p: [
        bb.logrank_test(t, "failure", "listed", strata="segment").statistic
    ],
    "pairwise_logrank": lambda t, p: numbers(bb.pairwise_logrank(t, "failure", "region")),
    "restricted_mean": lambda t, p: numbers(
        bb.restricted_mean(t, "failure", 3, by="listed", weights="w")
    ),
    "restricted_mean_difference": lambda t, p: numbers(
        bb.restricted_mean_difference(t, "failure", 3, "segment", reference=2)
    ),
    "mean_cumulative_function": lambda t, p: numbers(
        bb.mean_cumulative_function(t, "rounds", by="listed").table
    ),
    "cumulative_incidence": lambda t, p: numbers(
        bb.cumulative_incidence(t, ["failure", "acquisition"], by="region", cluster="firm_id").table
    ),
    "gray_test": lambda t, p: [
        bb.gray_test(t, "failure", "acquisition", "listed", strata="segment").statistic
    ],
    "cox": lambda t, p: fit(
        "cox",
        "failure ~ size + listed + region",
        t,
        strata="segment",
        weights="w",
        cluster="firm_id",
    ),
    "cox, predicted": lambda t, p: numbers(
        bb.cox("failure ~ size + listed", t, strata="segment").predict_survival(p)
    ),
    "cox, over time": lambda t, p: fit(
        "cox", "failure ~ size + tt(listed) + tt(size, log1p)", t, weights="w", cluster="firm_id"
    ),
    "choose_ridge": lambda t, p: numbers(
        bb.choose_ridge("failure ~ size + listed", t, strengths=[1, 10], folds="segment").curve
    ),
    "prediction_accuracy": lambda t, p: numbers(
        bb.prediction_accuracy(bb.cox("failure ~ size", t), t, [2, 3], repetitions=0).table
    ),
    "cox_causes": lambda t, p: fit("cox_causes", "size + listed", t, ["failure", "acquisition"]),
    "fine_gray": lambda t, p: fit("fine_gray", "failure ~ size + listed", t, "acquisition"),
    "fine_gray, predicted": lambda t, p: numbers(
        bb.fine_gray("failure ~ size + listed", t, "acquisition").predict_incidence(p)
    ),
    "discrete_hazard": lambda t, p: fit(
        "discrete_hazard", "failure ~ size + listed", t, baseline="log", weights="w"
    ),
    "discrete_hazard, effects": lambda t, p: numbers(
        bb.discrete_hazard("failure ~ size + listed", t, baseline="log").average_marginal_effects()
    ),
    "discrete_hazard, predicted": lambda t, p: numbers(
        bb.discrete_hazard("failure ~ size + listed", t, baseline="log").predict_survival(p)
    ),
    "discrete_hazard_causes": lambda t, p: fit(
        "discrete_hazard_causes", "size", t, ["failure", "acquisition"], baseline="log"
    ),
    "aft": lambda t, p: fit("aft", "failure ~ size + listed", t, weights="w", cluster="firm_id"),
    "aft, predicted": lambda t, p: numbers(
        bb.aft("failure ~ size + listed", t).predict_survival(p, [1, 2])
    ),
    "compare_distributions": lambda t, p: numbers(
        bb.compare_distributions("failure ~ size", t, ["weibull", "lognormal"])
    ),
    "recurrent_rows": lambda t, p: numbers(
        bb.recurrent_rows(t, "rounds")[["start", "stop", "event", "order", "gap_stop"]]
    ),
    "check_panel": lambda t, p: numbers(
        bb.check_panel(t, outcome=["failure", "acquisition"])[["start", "stop"]]
    ),
}
WANTED: dict[str, object] = {}


def wanted(function):
    if function not in WANTED:
        WANTED[function] = FUNCTIONS[function](PANEL, PATH)
    return WANTED[function]


def stored(storage, index, order, container):
    """Give the panel and the paths in this dress; paths have only those columns that they have."""
    rows = np.random.default_rng(order).permutation(len(PANEL)) if order else np.arange(len(PANEL))
    table = STORAGES[storage](PANEL.iloc[rows])
    path = PATH.astype({"listed": object}) if storage == "objects" else PATH
    path = arrow(path) if storage == "Arrow" else path
    table = INDEXES[index](table)
    if container != "pandas" and storage == "sparse":
        container = "pandas"  # Arrow knows no sparse columns
    if container == "duckdb" and storage == "nullable":
        container = "polars"
    if container != "pandas":
        table = table.assign(failure=table["failure"].astype(float))
        table = table.astype(
            {n: "=f8" for n in table if getattr(table[n].dtype, "str", "")[:1] == ">"}
        )
        if isinstance(table["acquisition"].dtype, pd.CategoricalDtype):
            table = table.astype({"acquisition": int, "firm_id": int, "listed": bool})
    return CONTAINERS[container](table), CONTAINERS[container](INDEXES[index](path))


def agrees(function, *dress):
    found = FUNCTIONS[function](*stored(*dress))
    np.testing.assert_allclose(found, wanted(function), rtol=1e-6, atol=1e-9, err_msg=str(dress))


@pytest.mark.parametrize("storage", STORAGES)
def test_every_storage_gives_cox_and_kaplan_meier_the_same(storage):
    for function in ("cox", "kaplan_meier"):
        agrees(function, storage, "numbers", 0, "pandas")


@pytest.mark.parametrize("function", FUNCTIONS)
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    storage=st.sampled_from(sorted(STORAGES)),
    index=st.sampled_from(sorted(INDEXES)),
    order=st.integers(0, 3),
    container=st.sampled_from(sorted(CONTAINERS)),
)
def test_no_dress_of_a_table_changes_a_number(function, storage, index, order, container):
    agrees(function, storage, index, order, container)
