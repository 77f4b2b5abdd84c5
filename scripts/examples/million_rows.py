"""A Parquet file of a million rows: read only the columns that the model needs."""

import sys
import tempfile
from pathlib import Path

import duckdb
import pandas as pd

import belbiotech as bb

n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
with tempfile.TemporaryDirectory() as folder:
    file = str(Path(folder) / "panel.parquet")
    few = bb.simulate_panel(2_000, effect=-0.2, seed=1)  # then copied, each copy with its own firms
    times = n_rows // len(few) + 1
    duckdb.sql(
        "copy (select * replace (firm_id || '-' || copy as firm_id) "  # nosec B608
        f"from few, range({times}) t(copy) limit {n_rows}) to '{file}' (format parquet)"
    )
    columns = "firm_id, start, stop, failure, alliances_active_lag1"
    panel: pd.DataFrame = duckdb.sql(f"select {columns} from '{file}'").df()  # nosec B608
result = bb.cox("failure ~ alliances_active_lag1", panel, cluster="firm_id")
print(f"{len(panel):,} rows, {result.n_events:,} events")
print(result.summary[["exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%"]].round(4))
