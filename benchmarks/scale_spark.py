"""PySpark beside pandas: the same Cox model of 1.5 million firm-years gives the same numbers.

Run as ``make bench-spark``; it needs Java 17 or later. Spark's start is not counted. The page goes
to ``benchmarks/results/scale_spark.md``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
from pyspark.sql import SparkSession

from belbiotech import CoxResult, cox
from scale import COX, make

RESULTS = Path(__file__).parent / "results"
FIRMS = 50_000  # of thirty years
CALLS: dict[str, dict[str, str]] = {
    "no clusters": {},
    '`cluster="firm_id"`': {"cluster": "firm_id"},
}


def session() -> SparkSession:
    """Start Spark on two cores of this machine, quietly."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    started = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.memory", "2g")
        .getOrCreate()
    )
    started.sparkContext.setLogLevel("ERROR")
    return started


def timed(fit: Callable[[], CoxResult]) -> tuple[float, CoxResult]:
    """Time a second fit: the first one imports, and Spark compiles, what is needed."""
    fit()
    begin = time.perf_counter()
    result = fit()
    return time.perf_counter() - begin, result


def difference(one: object, other: object) -> str:
    """Give the largest relative difference of numbers."""
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    return f"{np.max(np.abs(a - b) / np.abs(a)):.0e}"


def main() -> None:
    """Make the rows, fit both ways, write the page."""
    load = os.getloadavg()[0]
    lines = []
    with tempfile.TemporaryDirectory(prefix="spark-") as folder:
        files = make(Path(folder), FIRMS)
        rows = pd.concat(map(pd.read_parquet, sorted(Path(folder).glob("*.parquet"))))
        started = session()
        table = ibis.pyspark.connect(started).read_parquet(files)
        for name, options in CALLS.items():
            own, known = timed(lambda options=options: cox(COX, rows, **options))
            seconds, found = timed(lambda options=options: cox(COX, table, **options))
            told = [
                difference(known.params, found.params),
                difference(np.diag(known.variance), np.diag(found.variance)),
                difference(known.log_likelihood, found.log_likelihood),
            ]
            lines.append(f"| {name} | {own:.2f} | {seconds:.1f} | {', '.join(told)} |")
            print(lines[-1], flush=True)
        started.stop()
    head = [
        "# PySpark beside pandas",
        "",
        f"Measured {time.strftime('%Y-%m-%d')} by `make bench-spark`: `cox` with four discrete "
        f"covariates on {len(rows):,d} rows ({FIRMS:,d} firms in thirty Parquet files, as "
        "`benchmarks/scale.py` makes them), PySpark `local[2]` through Ibis beside the same call "
        f"on a DataFrame; a second fit, on {os.cpu_count()} cores under a load of {load:.0f} when "
        "it began. Spark's start is not counted.",
        "",
        "| call | pandas, seconds | Spark, seconds | largest relative difference: coefficients, "
        "variances, log likelihood |",
        "|---|---:|---:|---|",
    ]
    (RESULTS / "scale_spark.md").write_text("\n".join([*head, *lines, ""]))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
