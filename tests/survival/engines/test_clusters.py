"""Errors by clusters of rows in files: summed in an array of this process, or by the engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech import cox
from belbiotech.errors import PanelError
from belbiotech.survival.engines import local_sums

pytestmark = pytest.mark.filterwarnings("ignore:.*events of.*fewer than")


def same(found, known):
    for one, other in (
        (found.params, known.params),
        (found.variance, known.variance),
        (found.naive_variance, known.naive_variance),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert (found.n_rows, found.n_clusters) == (known.n_rows, known.n_clusters)


def thinned(panel, tmp_path, **columns):
    """The panel with other columns, in a file, and the same as a DataFrame."""
    rows = panel.assign(**columns).sample(frac=1, random_state=2)
    rows.to_parquet(tmp_path / "rows.parquet")
    return rows, str(tmp_path / "rows.parquet")


FORMULA = "failure ~ size + listed + C(region)"


@pytest.mark.parametrize(
    "ids",
    [
        lambda firm: firm,  # close together: summed in an array
        lambda firm: firm - 1_000,  # negative ones
        lambda firm: firm * 1_000_003,  # far apart: summed by the engine
        lambda firm: firm.map("BE{:010d}".format),  # texts
    ],
    ids=["close", "negative", "sparse", "texts"],
)
@pytest.mark.parametrize("options", [{}, {"weights": "wt"}, {"frequency": "copies"}], ids=str)
def test_clusters_by_any_kind_of_number(panel, tmp_path, ids, options):
    rows, path = thinned(panel, tmp_path, firm_id=ids(panel["firm_id"]))
    same(
        cox(FORMULA, path, cluster="firm_id", **options),
        cox(FORMULA, rows, cluster="firm_id", **options),
    )


def test_clusters_by_two_columns_of_numbers(panel, tmp_path):
    rows, path = thinned(panel, tmp_path)
    for pair in (["firm_id", "year"], ["year", "size"]):
        same(cox(FORMULA, path, cluster=pair), cox(FORMULA, rows, cluster=pair))


@pytest.mark.parametrize(("held", "batch"), [(700, 1 << 17), (1 << 25, 131), (4_000, 50)])
def test_sums_by_part_of_the_clusters(panel, tmp_path, monkeypatch, held, batch):
    rows, path = thinned(panel, tmp_path)
    expected = cox(FORMULA, rows, cluster="firm_id")
    monkeypatch.setattr(local_sums, "HELD", held)
    monkeypatch.setattr(local_sums, "BATCH", batch)
    same(cox(FORMULA, path, cluster="firm_id"), expected)


@pytest.mark.parametrize("region", ["text", "number"])
@pytest.mark.parametrize("codes", [0, 1 << 25])
def test_distinct_rows_are_found_by_code_or_by_key(panel, tmp_path, monkeypatch, region, codes):
    number = panel["region"].map({"BRU": 1, "VLG": 2, "WAL": 3})
    rows, path = thinned(panel, tmp_path, **({} if region == "text" else {"region": number}))
    monkeypatch.setattr(local_sums, "CODES", codes)
    same(cox(FORMULA, path, cluster="firm_id"), cox(FORMULA, rows, cluster="firm_id"))


@pytest.mark.parametrize("years", [3, 49, 50, 51, 99, 120, 399, 400, 1_000])
@pytest.mark.parametrize("overlap", [0, 1])
def test_overlaps_are_found_while_scores_are_summed(tmp_path, years, overlap):
    rng = np.random.default_rng(years)
    n = 60
    first = pd.DataFrame({"firm_id": range(n), "start": 0, "stop": rng.integers(1, years, n)})
    second = first.assign(start=first["stop"], stop=years)
    second.loc[17, "start"] -= overlap
    rows = pd.concat([first, second], ignore_index=True)
    rows["age"] = rng.integers(0, 5, 2 * n)
    rows["failure"] = rng.random(2 * n) < 0.4
    rows.to_parquet(tmp_path / "rows.parquet")
    path = str(tmp_path / "rows.parquet")
    if not overlap:
        same(
            cox("failure ~ age", path, cluster="firm_id"),
            cox("failure ~ age", rows, cluster="firm_id"),
        )
        return
    told = "rows of one 'firm_id' overlap in time: 1 row of 1 of 60 units"
    with pytest.raises(PanelError, match=told):
        cox("failure ~ age", path, cluster="firm_id")
