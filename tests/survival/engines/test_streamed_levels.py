"""Levels without an event: out of a stream as out of a fit of rows in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech import cox, cox_causes
from belbiotech.errors import BelbiotechWarning, FitError, PanelError

pytestmark = pytest.mark.filterwarnings("ignore:.*events of")

SECTORS = np.array(["agro", "bio", "medtech", "tools"])


@pytest.fixture
def rows(panel):
    """Rows with sectors, and numbers that are 0 in nearly all."""
    rng = np.random.default_rng(4)
    sector = SECTORS[rng.integers(0, 4, len(panel))]
    return panel.assign(sector=sector, rare=(rng.random(len(panel)) < 0.1) * 1.0)


def quiet(rows, outcome, **levels):
    """Take the events of some levels away."""
    here = np.logical_and.reduce([rows[name] == value for name, value in levels.items()])
    return rows.assign(**{outcome: rows[outcome].where(~here, 0).astype(rows[outcome].dtype)})


def close(one, other):
    np.testing.assert_allclose(
        np.asarray(one, dtype=float), np.asarray(other, dtype=float), rtol=1e-9, atol=1e-11
    )


MODELS = [
    ("failure ~ x + sector", {"sector": "bio"}, {"cluster": "firm_id"}),
    ("failure ~ rare + sector + C(size)", {"sector": "agro"}, {}),  # the reference level
    ("failure ~ sector * x", {"sector": "tools"}, {"weights": "wt", "frequency": "copies"}),
    ("failure ~ region * sector + z:x", {"sector": "bio", "region": "VLG"}, {"strata": "listed"}),
    ("failure ~ sector + offset(log(z))", {"sector": "medtech"}, {"ties": "breslow"}),
]


@pytest.mark.parametrize(("formula", "levels", "options"), MODELS, ids=lambda v: str(v)[:30])
@pytest.mark.parametrize("where", ["memory", "parquet"])
def test_levels_without_an_event(rows, tmp_path, formula, levels, options, where):
    data = rows = quiet(rows, "failure", **levels)
    if where == "parquet":
        data = tmp_path / "rows.parquet"
        rows.to_parquet(data, row_group_size=300)
    options = {**options, "overlap": "allow"}
    with pytest.warns(BelbiotechWarning, match="^no event with") as told:
        known = cox(formula, rows, **options)
    with pytest.warns(BelbiotechWarning, match="^no event with") as heard:
        found = cox(formula, data, **options, stream=True)
    one, other = ([str(w.message).partition("; give")[0] for w in ws] for ws in (told, heard))
    assert one == other
    assert list(found.params.index) == list(known.params.index)
    close(found.params.replace(-np.inf, -99), known.params.replace(-np.inf, -99))
    assert (found.params == -np.inf).any() or "reference" in one[0]
    close(found.variance, known.variance)
    close(found.log_likelihood, known.log_likelihood)
    close(found.log_likelihood_null, known.log_likelihood_null)
    assert (found.n_rows, found.n_events) == (known.n_rows, known.n_events)
    found.residuals("dfbeta", to=tmp_path / "r.parquet")
    written = pd.read_parquet(tmp_path / "r.parquet").filter(like="dfbeta")
    close(written, known.residuals("dfbeta"))
    lp, same = (fit.predict("lp", rows, reference="zero")["estimate"] for fit in (found, known))
    out = np.logical_and.reduce([rows[name] == value for name, value in levels.items()])
    assert np.isfinite(same[~out]).all()
    assert (same[out] == -np.inf).all()
    close(lp[~out], same[~out])


@pytest.mark.parametrize("formula", ["sector + listed + log(z)", "sector * listed + x:log(z)"])
def test_what_only_their_rows_tell(rows, formula):
    rows = quiet(rows, "failure", sector="bio")
    rows["listed"] &= rows["sector"] == "bio"
    with pytest.warns(BelbiotechWarning, match="no event with sector = bio"):
        known = cox(f"failure ~ {formula}", rows)
    with pytest.warns(BelbiotechWarning, match="no event with sector = bio"):
        found = cox(f"failure ~ {formula}", rows, stream=True)
    assert np.isnan(known.params["listed"])
    pd.testing.assert_series_equal(found.params, known.params, rtol=1e-9)
    pd.testing.assert_frame_equal(found.variance, known.variance, rtol=1e-9)


@pytest.mark.parametrize("formula", ["sector * log(z)", "cut(z, [0, 2, 99])"])
def test_levels_that_stay(rows, formula):
    """What is computed from numbers is not counted before the first pass."""
    rows = quiet(quiet(rows, "failure", sector="bio"), "failure", z=rows["z"].where(rows["z"] > 2))
    with pytest.raises(FitError, match="the likelihood has no maximum"):
        cox(f"failure ~ x + {formula}", rows, stream=True)


def test_more_combinations_than_are_looked_at(rows, tmp_path, monkeypatch):
    rows = quiet(rows, "failure", sector="bio")
    rows.to_parquet(tmp_path / "rows.parquet")
    monkeypatch.setattr("belbiotech.survival.cox.streams.quiet.CELLS", 6)
    for data in (rows, tmp_path / "rows.parquet"):
        with pytest.raises(FitError, match=r"no maximum: .*'sector\[T.bio\]'"):
            cox("failure ~ sector", data, stream=True)


def test_fates_of_a_stream(rows, tmp_path):
    path, fates = tmp_path / "rows.parquet", ["failure", "acquisition"]
    rows = quiet(rows, "acquisition", sector="bio")
    rows.to_parquet(path)
    with pytest.warns(BelbiotechWarning, match="no event with sector = bio"):
        known = cox_causes("x + sector", rows, fates)
    with pytest.warns(BelbiotechWarning, match="no event with sector = bio"):
        found = cox_causes("x + sector", path, fates, stream=True)
    close(found.params.replace(-np.inf, -99), known.params.replace(-np.inf, -99))
    close(found.variance, known.variance)
    rows.loc[rows.index[:2], fates] = 1, True
    rows.to_parquet(path)
    with pytest.raises(PanelError, match="'failure' and 'acquisition' are both 1 in 2 rows"):
        cox_causes("x + sector", path, fates, stream=True)
