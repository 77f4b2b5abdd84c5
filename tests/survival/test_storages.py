"""The same table in any storage, index, order and container gives the same numbers."""

from __future__ import annotations

import inspect

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import belbiotech as bb
from belbiotech.survival.rows.door import as_table

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
    table = table.assign(
        failure=(last & (fate == 1)).astype(int),
        acquisition=(last & (fate == 2)).astype(int),
        rounds=random.integers(3, size=len(table)),
        size=random.normal(size=30).round(3)[table["firm_id"]],
        listed=(random.random(30) < 0.5)[table["firm_id"]],
        segment=random.integers(1, 3, size=30)[table["firm_id"]],
        region=np.array(["BRU", "VLG", "WAL"])[table["firm_id"] % 3],
        w=random.integers(1, 4, size=30)[table["firm_id"]],
        year=2000 + table["firm_id"] % 4 + table["start"],
        founded=2000 + table["firm_id"] % 4,
        to=np.select([last & (fate == 1), last & (fate == 2)], ["failed", "sold"], None),
    )
    new = (random.random(len(table)) < 0.35).astype(int)
    signed = pd.Series(new).groupby(table["firm_id"]).cumsum()
    allied = (signed > 0).astype(int)
    return table.assign(
        allied=allied,
        observed=table["start"] > 0,
        silent=(last & (fate == 0) & (table["firm_id"] % 2 == 0)).astype(int),
        alliances_new=new,
        alliances_cum_lag1=signed - new,
    )


PANEL = panel()
WHOLE = ["start", "stop", "failure", "acquisition", "rounds", "segment", "w", "allied", "silent"]
WHOLE += ["year", "founded", "alliances_new", "alliances_cum_lag1", "firm_id"]
TRUTHS = ["failure", "acquisition", "allied", "silent", "listed", "observed"]
FACTS = pd.DataFrame({"firm_id": [3, 3, 7, 9], "time": [1, 2, 1, 3], "capital": [5, 2, 4, 1]})


def arrow(table):
    return table.convert_dtypes(dtype_backend="pyarrow")


STORAGES = {
    "plain": lambda t: t,
    "truth values": lambda t: t.astype(
        dict.fromkeys(["failure", "acquisition", "allied", "silent"], bool)
    ),
    "objects": lambda t: t.astype(
        dict.fromkeys(["listed", "region", "observed", "firm_id"], object)
    ),
    "outcomes as objects": lambda t: t.astype({"failure": bool}).astype({"failure": object}),
    "truth values and 0": lambda t: t.assign(
        **{n: t[n].astype(int).map({0: 0, 1: True}).astype(object) for n in TRUTHS}
    ),
    "numbers as objects": lambda t: t.astype(dict.fromkeys(["failure", "acquisition"], object)),
    "floats": lambda t: t.astype(dict.fromkeys(WHOLE, float)),
    "small integers": lambda t: t.astype(
        {**dict.fromkeys(WHOLE, "int8"), "year": "int16", "founded": "int16"}
    ),
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
        allied=pd.Categorical(t["allied"]),
        observed=pd.Categorical(t["observed"]),
        to=pd.Categorical(t["to"], categories=["failed", "none", "sold"]),
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


def in_order(table, columns):
    """Numbers of some columns, by unit and time."""
    ordered = table.reset_index(drop=True).sort_values(["firm_id", "start"])
    return numbers(ordered[columns].astype(float))


def moves(right, t, **options):
    result = bb.cox_states(right, t, "to", initial="private", unit="firm_id", **options)
    return numbers(result.summary)


def marginal(name, t, **options):
    model = {"exposure": "allied", "denominator": "size + start", "numerator": "start"}
    return fit(name, "failure ~ allied", t, entry="given", **model, **options)


def audited(t):
    audit = bb.bias_audit(
        "failure ~ 1", t, landmarks=[2], lags=[2], windows=[3], placebo_draws=2, unit="firm_id"
    )
    return numbers(audit.table[audit.table["step"].isin(["a", "b", "c"])][["estimate", "n_rows"]])


def covered(t):
    return bb.coverage(t, PANEL[PANEL["firm_id"] % 2 == 0], formula="failure ~ size")


def lives(t):
    result = bb.g_formula(
        t,
        outcome="failure",
        outcome_model="allied + size",
        exposure="allied",
        exposure_model="start",
        simulations=200,
        horizon=3,
        unit="firm_id",
    )
    # which unit a life begins as is chance, and depends on the order of the rows
    fates = result.models.fates["failure"].params
    return [*fates, *result.models.covariates["allied"].params]


def as_kind_of(t, rows, change):
    """Change rows in pandas, in the machine's byte order; polars gets polars back."""
    made = change(as_table(rows))
    return polars.from_pandas(made) if isinstance(t, polars.DataFrame) else made


def lived(t):
    """Firms from their last rows, dated events from all rows with an alliance."""

    def firms(rows):
        names, ends = rows["firm_id"].to_numpy(int), rows["stop"].to_numpy(float)
        order = np.lexsort([ends, names])
        last = order[np.append(np.diff(names[order]) != 0, True)]
        return rows.iloc[last][["firm_id", "founded", "year", "to", "size", "listed"]]

    def deals(rows):
        return rows[rows["alliances_new"].astype(int) == 1][["firm_id", "year", "region"]]

    panel = bb.from_spells(
        as_kind_of(t, t, firms),
        as_kind_of(t, t, deals),
        unit="firm_id",
        start="founded",
        end="year",
        fate="to",
        date="year",
        kind="region",
    )
    return in_order(panel, ["start", "failed", "sold", "size", "VLG_cum_lag1", "WAL_active_lag1"])


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
    "cox, risks of new rows": lambda t, p: numbers(
        bb.cox("failure ~ size + listed", t, strata="segment").predict("risk", p)
    ),
    "rates": lambda t, p: numbers(
        bb.rates(t, ["failure", "acquisition"], by=["segment", "listed"], cuts=[2], unit="firm_id")
    ),
    "rates, weighted": lambda t, p: numbers(bb.rates(t, "failure", by="region", weights="w")),
    "pseudo_values": lambda t, p: numbers(bb.pseudo_values(t, "failure", [1, 3], unit="firm_id")),
    "standardised_survival": lambda t, p: numbers(
        bb.standardised_survival(
            bb.cox("failure ~ size + listed", t, strata="segment", cluster="firm_id"),
            t,
            "listed",
            [True, False],
            times=[2, 3],
            weights="w",
        ).table
    ),
    "standardised_survival, of a stratum": lambda t, p: numbers(
        bb.standardised_survival(
            bb.cox("failure ~ size", t, strata="segment"), t, "segment", [1, 2.0], times=3
        ).table
    ),
    "piecewise_exponential": lambda t, p: fit(
        "piecewise_exponential",
        "failure ~ size + listed + region",
        t,
        [2],
        weights="w",
        cluster="firm_id",
    ),
    "piecewise_exponential, predicted": lambda t, p: numbers(
        bb.piecewise_exponential("failure ~ size + listed", t, [2]).predict_survival(p)
    ),
    "split_at": lambda t, p: in_order(
        bb.split_at(t, [0.5, 2.5], outcomes=["failure", "acquisition"], episode="k"),
        ["start", "stop", "failure", "acquisition", "k"],
    ),
    "merge_timeline": lambda t, p: in_order(
        bb.merge_timeline(
            t,
            polars.from_pandas(FACTS) if isinstance(t, polars.DataFrame) else FACTS,
            {"capital": "sum", "facts": "count"},
            outcomes="failure",
            unit="firm_id",
        ),
        ["start", "stop", "failure", "capital", "facts"],
    ),
    "multi_state": lambda t, p: numbers(
        bb.multi_state(t, "to", initial="private", by="segment", unit="firm_id").table
    ),
    "multi_state, clustered": lambda t, p: numbers(
        bb.multi_state(t, "to", initial="private", unit="firm_id", cluster="region").table
    ),
    "cox_states": lambda t, p: moves("size + listed", t, strata="segment"),
    "exposure_weights": lambda t, p: np.sort(
        bb.exposure_weights(
            t, "allied", "size + listed + start", "start", unit="firm_id", entry="given"
        ).weights
    ),
    "censoring_weights": lambda t, p: np.sort(
        bb.censoring_weights(
            t, "silent", "size + listed", outcomes=["failure", "acquisition"], unit="firm_id"
        ).weights
    ),
    "marginal_structural_cox": lambda t, p: marginal("marginal_structural_cox", t, unit="firm_id"),
    "marginal_structural_discrete": lambda t, p: marginal(
        "marginal_structural_discrete", t, baseline="log", unit="firm_id"
    ),
    "sequential_trials": lambda t, p: fit(
        "sequential_trials",
        "failure ~ allied + size",
        t,
        exposure="allied",
        estimand="per protocol",
        denominator="size + start",
        followup="followup",
        horizon=2,
        unit="firm_id",
    ),
    "g_formula": lambda t, p: lives(t),
    "negative_control": lambda t, p: numbers(
        bb.negative_control(
            "failure ~ size + listed", t, exposure="size", outcome="acquisition"
        ).table
    ),
    "calendar_placebo": lambda t, p: [
        bb.calendar_placebo("failure ~ allied", t, exposure="allied", draws=2, unit="firm_id").real
    ],
    "choose_ridge": lambda t, p: numbers(
        bb.choose_ridge(
            "failure ~ size + listed", t, strengths=[1.0, 9.0], folds="segment", unit="firm_id"
        ).curve
    ),
    "prediction_accuracy": lambda t, p: numbers(
        bb.prediction_accuracy(
            bb.cox("failure ~ size + listed", t), t, [2], unit="firm_id", repetitions=2
        ).table[["time", "estimate"]]
    ),
    "permutation_test": lambda t, p: numbers(
        bb.permutation_test("failure ~ size", t, unit="firm_id", draws=2).summary[["score"]]
    ),
    "refit": lambda t, p: numbers(bb.refit("failure ~ size + listed", {"a": t})),
    "specification_curve": lambda t, p: numbers(
        bb.specification_curve(
            t,
            outcomes=["failure"],
            exposures=["size"],
            controls=["", "C(region)"],
            designs={"seen": "observed", "later": "year >= 2002"},
            progress=False,
            processes=1,
        ).table
    ),
    "bias_audit": lambda t, p: audited(t),
    "describe_panel": lambda t, p: numbers(
        bb.describe_panel(t, ["size", "listed", "region"], by="segment", unit="firm_id").numbers
    ),
    "correlations": lambda t, p: numbers(
        bb.correlations(t, ["size", "listed", "rounds", "w"]).numbers
    ),
    "coverage": lambda t, p: numbers(covered(t).shares),
    "from_flat": lambda t, p: in_order(
        bb.from_flat(
            as_kind_of(t, t, lambda rows: rows.drop(columns=["start", "stop"])),
            unit="firm_id",
            counts=["rounds"],
            levels=["size", "segment"],
        ),
        ["start", "stop", "rounds_cum_lag1", "size_lag1", "segment_lag1"],
    ),
    "from_spells": lambda t, p: lived(t),
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
    if container != "pandas" and storage in ("sparse", "truth values and 0"):
        container = "pandas"  # Arrow knows no such columns
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


def takes_a_table(function):
    """Whether some argument may be a DataFrame."""
    hints = inspect.signature(function).parameters.values()
    return any("DataFrame" in str(parameter.annotation) for parameter in hints)


def test_every_public_function_that_takes_a_table_is_tried_here():
    public = {name: getattr(bb, name) for name in bb.__all__}
    asked = {n for n, f in public.items() if inspect.isfunction(f) and takes_a_table(f)}
    assert len(asked) > 30
    assert asked == {name.partition(",")[0] for name in FUNCTIONS}
