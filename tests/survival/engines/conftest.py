"""A small panel with everything that a register may hold, and the ways to hand it over."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

ibis = pytest.importorskip("ibis")
polars = pytest.importorskip("polars")


def make_panel(firms: int, seed: int) -> pd.DataFrame:
    """Firm-years with late entries, two fates, covariates of all kinds, weights, frequencies."""
    rng = np.random.default_rng(seed)
    entry, years = rng.integers(0, 6, firms), rng.integers(1, 9, firms)
    firm = np.repeat(np.arange(firms), years)
    age = np.concatenate([np.arange(a, a + n) for a, n in zip(entry, years, strict=True)])
    n = len(firm)
    rows = pd.DataFrame({"firm_id": firm * 7 + 3, "start": age, "stop": age + 1})
    rows["year"] = 2000 + (rows["start"] + firm % 5)
    rows["region"] = np.array(["BRU", "VLG", "WAL"])[firm % 3]
    rows["size"] = rng.integers(1, 5, n)
    rows["listed"] = rng.random(n) < 0.3
    rows["x"] = rng.normal(size=n)
    rows["z"] = rng.exponential(size=n)
    rows["wt"] = rng.integers(1, 9, n) / 4
    rows["copies"] = rng.integers(1, 4, n)
    last = np.r_[firm[1:] != firm[:-1], True]
    hazard = np.exp(-0.6 + 0.2 * rows["size"] - 0.4 * rows["listed"])
    fate = np.where(last & (rng.random(n) < np.minimum(hazard, 0.9)), rng.integers(1, 3, n), 0)
    rows["failure"], rows["acquisition"] = (fate == 1).astype(int), fate == 2
    return rows


@pytest.fixture(scope="session")
def panel() -> pd.DataFrame:
    return make_panel(400, 5)


WAYS = ["parquet", "folder", "csv", "relation", "polars", "ibis"]


@pytest.fixture(scope="session")
def ways(panel, tmp_path_factory):
    """The same rows, not in order, in files and in engines."""
    folder = tmp_path_factory.mktemp("rows")
    mixed = panel.sample(frac=1, random_state=3)
    parts = folder / "parts"
    parts.mkdir()
    for k in range(3):
        mixed.iloc[k::3].to_parquet(parts / f"part{k}.parquet", row_group_size=200)
    mixed.to_parquet(folder / "all.parquet")
    mixed.to_csv(folder / "all.csv", index=False)
    connection = duckdb.connect()
    connection.register("held", mixed)
    yield {  # the connection lives on: not every DuckDB keeps a relation's
        "parquet": str(parts / "*.parquet"),
        "folder": parts,
        "csv": str(folder / "all.csv"),
        "relation": connection.sql("select * from held"),
        "polars": polars.from_pandas(mixed).lazy(),
        "ibis": ibis.duckdb.connect().read_parquet(str(folder / "all.parquet")),
    }
    connection.close()


@pytest.fixture(params=WAYS)
def held(request, ways):
    """The rows, in each way."""
    return ways[request.param]
