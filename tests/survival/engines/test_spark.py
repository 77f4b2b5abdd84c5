"""The same numbers from a Spark session, of which only counts leave."""

from __future__ import annotations

import os
import shutil
import sys

import numpy as np
import pytest

from belbiotech import check_panel, cox, kaplan_meier

pyspark = pytest.importorskip("pyspark", reason="needs PySpark: pip install 'belbiotech[spark]'")
ibis = pytest.importorskip("ibis", reason="needs Ibis: pip install 'belbiotech[scale]'")

PYTHONS = ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON")

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17 or later"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def session():
    from pyspark.sql import SparkSession

    before = {name: os.environ.get(name) for name in PYTHONS}
    os.environ.update(dict.fromkeys(PYTHONS, sys.executable))  # of the workers, read at the start

    builder = SparkSession.builder.master("local[2]").appName("belbiotech")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "1g",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    for name, value in before.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def table(session, panel, tmp_path_factory):
    path = tmp_path_factory.mktemp("spark") / "rows.parquet"
    panel.to_parquet(path)
    return ibis.pyspark.connect(session).read_parquet(str(path))


def close(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("failure ~ size + listed", {"cluster": "firm_id"}),
        ("failure ~ round(x, 0) + cut(z, [0, 0.5, 20]) + region", {"weights": "wt"}),
    ],
)
def test_cox_on_spark(table, panel, formula, options):
    known, found = cox(formula, panel, **options), cox(formula, table, **options)
    close(found.params, known.params)
    close(found.variance, known.variance)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("failure ~ x + z", {"cluster": "firm_id"}),
        ("failure ~ x + region + offset(log(z))", {"strata": "listed", "weights": "wt"}),
    ],
)
def test_a_stream_on_spark(table, panel, formula, options):
    known, found = cox(formula, panel, **options), cox(formula, table, **options, stream=True)
    close(found.params, known.params)
    close(found.variance, known.variance)


def test_curves_and_checks_on_spark(table, panel):
    close(
        kaplan_meier(table, "failure").table["survival"],
        kaplan_meier(panel, "failure").table["survival"],
    )
    assert check_panel(table, outcome="failure").empty


def test_only_counts_travel_and_nothing_is_left(table, session):
    held = cox("failure ~ size", table, cluster="firm_id").fit.rows.held
    views = [view.name for view in session.catalog.listTables()]
    assert [name for name in views if "memtable" in name] == []
    from belbiotech.survival.engines.counting import _query

    query = table.get_backend().compile(_query(held.engine.table, held.reading))
    plan = session.sql(str(query))._jdf.queryExecution().toString()
    assert "HashAggregate" in plan
    assert "partial_count" in plan  # counted in each partition before anything is exchanged
    assert plan.index("HashAggregate") < plan.index("FileScan")
