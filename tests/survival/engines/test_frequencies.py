"""A row with a frequency of 0 is no row, wherever the rows are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech import cox, cox_causes

FATES = ["failure", "acquisition"]


@pytest.fixture(scope="module")
def rows(panel):
    """A third of the rows count nothing; a whole region and some firms are among them."""
    copies = panel["copies"].where(panel["firm_id"] % 3 > 0, 0)
    return panel.assign(copies=copies, region=panel["region"].where(copies > 0, "none"))


@pytest.fixture(scope="module")
def files(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("frequencies") / "rows.parquet"
    rows.sample(frac=1, random_state=2).to_parquet(path)
    return path


def close(one, other):
    np.testing.assert_allclose(
        np.asarray(one, dtype=float), np.asarray(other, dtype=float), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("formula", ["failure ~ size + region", "failure ~ round(x, 1)"])
@pytest.mark.parametrize("cluster", ["firm_id", ["firm_id", "year"], "region"])
@pytest.mark.parametrize("stream", [False, True])
def test_clusters_without_a_row_that_counts(rows, files, formula, cluster, stream):
    known = cox(formula, rows, frequency="copies", cluster=cluster)
    found = cox(formula, files, frequency="copies", cluster=cluster, stream=stream)
    assert list(found.params.index) == list(known.params.index)
    close(found.variance, known.variance)
    assert (found.n_rows, found.n_clusters) == (known.n_rows, known.n_clusters)
    assert cluster == "region" or found.n_clusters < rows["firm_id"].nunique()


def test_clusters_that_the_engine_sums(rows, files):
    named = rows.assign(name="BE" + rows["firm_id"].astype(str))
    named.to_parquet(files.with_name("named.parquet"))
    known = cox_causes("size", named, FATES, frequency="copies", cluster="name")
    found = cox_causes(
        "size", files.with_name("named.parquet"), FATES, frequency="copies", cluster="name"
    )
    close(found.variance, known.variance)


@pytest.mark.parametrize("kind", ["martingale", "dfbeta", "schoenfeld"])
@pytest.mark.parametrize("stream", [False, True])
def test_residuals(rows, files, tmp_path, kind, stream):
    known = cox("failure ~ size", rows, frequency="copies", weights="wt").residuals(kind)
    result = cox("failure ~ size", files, frequency="copies", weights="wt", stream=stream)
    result.residuals(kind, to=tmp_path / "r.parquet")
    found = pd.read_parquet(tmp_path / "r.parquet")
    values = found[[name for name in found if kind in name]].to_numpy()[:, 0]
    assert len(values) == len(known)
    close(np.sort(values), np.sort(np.asarray(known, dtype=float).ravel()))
    if kind != "schoenfeld":
        assert np.array_equal(np.isnan(values), found["copies"] == 0)
