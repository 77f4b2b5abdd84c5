"""Rows read in batches give the numbers of rows in memory, whatever the order of batches."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import cox, cox_causes
from belbiotech.errors import FitError, FormulaError
from belbiotech.survival.cox.streams import fitting
from belbiotech.survival.cox.streams.totals import totals_at
from belbiotech.survival.engines.batches import FrameBatches, ParquetBatches, Part
from belbiotech.survival.engines.exact_sums import ExactSums

from .conftest import make_panel

MODELS = [
    ("failure ~ x + z", {}),
    ("failure ~ x * z + region + C(size)", {"strata": "listed", "cluster": "firm_id"}),
    ("failure ~ x + log(z)", {"weights": "wt", "frequency": "copies", "ties": "breslow"}),
    ("failure ~ x + round(z, 1)", {"cluster": ["firm_id", "year"], "start": "late"}),
    ("failure ~ x + listed", {"weights": "wt", "stop": "long", "cluster": "region"}),
    ("failure ~ x + offset(log(z)) + offset(size / 9)", {"strata": "region", "cluster": "firm_id"}),
]


@pytest.fixture(scope="module")
def rows(panel):
    rng = np.random.default_rng(8)
    return panel.assign(
        late=panel["start"] + rng.random(len(panel)) / 2,
        long=panel["stop"] + rng.integers(0, 6, len(panel)),
    )


def close(one, other, rtol=1e-9):
    np.testing.assert_allclose(
        np.asarray(one, dtype=float), np.asarray(other, dtype=float), rtol=rtol, atol=1e-11
    )


@pytest.mark.filterwarnings("ignore:.*events of")
@pytest.mark.parametrize(("formula", "options"), MODELS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("where", ["memory", "parquet", "parquet by time"])
def test_streamed_as_counted(rows, tmp_path, formula, options, where):
    known = cox(formula, rows, **options, overlap="allow")
    mixed = rows.sample(frac=1, random_state=1)
    if where == "parquet by time":
        mixed = mixed.sort_values(["start", "stop"])
    mixed.to_parquet(tmp_path / "rows.parquet", row_group_size=700)
    data = rows if where == "memory" else tmp_path / "rows.parquet"
    found = cox(formula, data, **options, overlap="allow", stream=True)
    close(found.params, known.params)
    close(found.variance, known.variance)
    close(found.naive_variance, known.naive_variance)
    close(found.log_likelihood, known.log_likelihood)
    close(found.log_likelihood_null, known.log_likelihood_null)
    close(found.score_test.statistic, known.score_test.statistic)
    assert (found.n_rows, found.n_events) == (known.n_rows, known.n_events)
    for transform in ("km", "rank", "identity"):
        tests = (fit.test_proportional_hazards(transform) for fit in (found, known))
        close(*tests, rtol=1e-8)
    hazard = known.baseline_cumulative_hazard
    at = found.baseline_cumulative_hazard.merge(hazard, on=["stratum", "time"])
    assert len(at) == len(found.baseline_cumulative_hazard)
    close(at["hazard_x"], at["hazard_y"])


@pytest.mark.parametrize("formula", ["failure ~ x + z", "failure ~ x + offset(log(z))"])
@pytest.mark.parametrize("kind", ["martingale", "deviance", "score", "dfbeta", "schoenfeld"])
def test_residuals_of_a_stream(rows, tmp_path, kind, formula):
    known = cox(formula, rows).residuals(kind)
    if kind == "schoenfeld":
        known = known.droplevel("time").rename_axis(None)
    known = pd.DataFrame(known).sort_index()
    result = cox(formula, rows, stream=True)
    with pytest.raises(FitError, match="to='residuals.parquet'"):
        result.residuals(kind)
    result.residuals(kind, to=tmp_path / "r.parquet")
    found = pd.read_parquet(tmp_path / "r.parquet")
    names = [name for name in found if kind in name]
    close(found[names].to_numpy(), known.to_numpy(), rtol=1e-8)


def test_late_entries_after_a_large_hazard(rows, tmp_path):
    """An early row of little risk fails: what follows is little beside the hazard then."""
    rows = rows.assign(start=rows["start"] + 9.0, stop=rows["stop"] + 9.0)
    early = rows.head(2).assign(start=0.0, stop=[1.0, 2.0], failure=1, x=[-30.0, -31.0])
    rows = pd.concat([early, rows.assign(x=rows["x"] / 9 + rows["failure"] / 4)], ignore_index=True)
    options = {"cluster": "year", "overlap": "allow"}
    known, found = (
        cox("failure ~ x", rows, **options),
        cox("failure ~ x", rows, **options, stream=True),
    )
    assert found.baseline_cumulative_hazard["hazard"].iloc[-1] > 1e15
    close(found.variance, known.variance)
    for kind in ("martingale", "dfbeta"):
        found.residuals(kind, to=tmp_path / "r.parquet")
        written = pd.read_parquet(tmp_path / "r.parquet").filter(like=kind).to_numpy()
        close(written, pd.DataFrame(known.residuals(kind)).to_numpy())


def test_prediction_of_a_stream(rows):
    known, found = cox("failure ~ x", rows), cox("failure ~ x", rows, stream=True)
    path = pd.DataFrame({"start": [0, 4], "stop": [4, 9], "x": [0.5, -0.5]})
    table = known.predict_survival(path)
    close(found.predict_survival(path)["std_error"], table["std_error"])


def test_prediction_with_an_offset(rows):
    formula = "failure ~ x + offset(log(z))"
    counts = {"frequency": "copies", "overlap": "allow"}
    known, found = cox(formula, rows, **counts), cox(formula, rows, **counts, stream=True)
    path = pd.DataFrame({"start": [0, 4], "stop": [4, 9], "x": [0.5, -0.5], "z": [2.0, 0.3]})
    for name in ("estimate", "std_error"):
        close(found.predict_survival(path)[name], known.predict_survival(path)[name])
        for kind in ("lp", "risk"):
            told = (fit.predict(kind, path, reference="zero")[name] for fit in (found, known))
            close(*told)


def test_offsets_that_are_no_numbers_or_alone(rows):
    with pytest.raises(FormulaError, match="the offset is missing or infinite where x = -"):
        cox("failure ~ z + offset(log(x))", rows, stream=True)
    one, other = (cox("failure ~ offset(x)", rows, stream=stream) for stream in (True, False))
    close(one.log_likelihood, other.log_likelihood)
    close(*(fit.baseline_cumulative_hazard["hazard"].iloc[-1] for fit in (one, other)))


@pytest.mark.parametrize("method", ["concordance", "concordance_std_error"])
def test_what_needs_counted_rows_says_so(rows, method):
    result = cox("failure ~ x", rows, stream=True)
    assert "concordance" not in str(result)
    with pytest.raises(FitError, match="without stream=True"):
        getattr(result, method)


def test_terms_and_options_that_need_all_rows(rows):
    with pytest.raises(FormulaError, match="looks at all rows"):
        cox("failure ~ bs(x, df=4)", rows, stream=True)
    with pytest.raises(FitError, match=r"frailty= needs.*\n|firth=True needs"):
        cox("failure ~ x", rows, firth=True, stream=True)
    with pytest.raises(FitError, match="stream must be True or False"):
        cox("failure ~ x", rows, stream="yes")
    with pytest.raises(FitError, match="never happens"):
        cox("failure ~ x", rows.assign(failure=0), stream=True)
    with pytest.raises(FitError, match="'wt' is 0 in 1 row .*it must be above 0"):
        cox("failure ~ x", rows.assign(wt=np.arange(len(rows))), weights="wt", stream=True)
    with pytest.raises(FitError, match="'x' is constant"):
        cox("failure ~ x + z", rows.assign(x=1.0), stream=True)
    with pytest.raises(FitError, match="collinear"):
        cox("failure ~ x + z", rows.assign(z=2 * rows["x"] + 1), stream=True)
    with pytest.raises(FitError, match="no maximum"):
        cox("failure ~ x", rows.assign(x=rows["failure"] * 1.0), stream=True)


def test_strata_of_several_types(rows):
    mixed = rows.assign(both=[1 if firm % 2 else "1" for firm in rows["firm_id"]])
    known, found = (cox("failure ~ x", mixed, strata="both", stream=s) for s in (False, True))
    close(found.params, known.params)
    close(found.variance, known.variance)


def test_competing_causes_of_a_stream(rows):
    fates = ["failure", "acquisition"]
    known = cox_causes("x + z", rows, fates)
    found = cox_causes("x + z", rows, fates, stream=True)
    close(found.params, known.params)
    close(found.variance.to_numpy(), known.variance.to_numpy())
    clustered = cox_causes("x + z", rows, fates, stream=True, cluster="firm_id")
    with pytest.raises(FitError, match="leave out stream=True"):
        clustered.test_equal_effects()
    shown = cox_causes("x + z", rows, fates, cluster="firm_id").table
    close(clustered.table, shown.drop(columns=("equal effects", "p")))
    assert "Rows read in batches, with clusters: no test of equal effects" in repr(clustered)
    assert "equal" not in repr(clustered).splitlines()[2].lower()
    assert len(clustered.to_latex()) > 0


def test_reading_waits_for_what_is_slower(tmp_path):
    rows, groups = 1 << 14, 40
    table = pa.table({"x": np.random.default_rng(3).random(rows * groups)})
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=rows)
    table = None
    before, most = pa.total_allocated_bytes(), 0
    batches = ParquetBatches(rows * groups, (str(tmp_path / "rows.parquet"),), ("x",), size=rows)
    for frame in batches.frames("Reading"):
        del frame
        time.sleep(0.005)
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 5 * 8 * rows


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(1, 500), st.integers(1, 300))
def test_shares_of_files_hold_each_row_once(groups, size, share):
    rows = 997
    table = pa.table({"x": np.arange(rows) + 1.0})
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        paths = tuple(str(Path(folder) / f"{name}.parquet") for name in ("one", "two", "none"))
        pq.write_table(table, paths[0], row_group_size=groups)
        pq.write_table(table, paths[1])
        pq.write_table(table[:0], paths[2])
        patch.setattr("belbiotech.survival.engines.batches.SHARE", share)
        batches = ParquetBatches(2 * rows, paths, ("x",)).sized(size)
        seen = list(batches.frames("Reading"))
        part = batches.total(lambda frame: Part(np.array([frame["x"].sum(), len(frame)])), "")
    assert max(len(frame) for frame in seen) <= size
    read = np.concatenate([frame["x"] for frame in seen])
    assert np.array_equal(read, np.tile(table["x"], 2))
    assert part.sums.tolist() == [rows * (rows + 1), 2 * rows]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 300), st.booleans(), st.booleans())
def test_runs_of_rows_are_added_up_as_rows_are(seed, piece, sort, late):
    rows = make_panel(80, 3).sample(frac=1, random_state=seed)
    rng = np.random.default_rng(seed)
    rows["stop"] += rng.integers(0, 4, len(rows)) * (rng.random(len(rows)) < 0.05)
    if late:
        rows["start"] += rng.choice([0.0, 0.0, 0.25, 0.5], len(rows))
    if sort:
        rows = rows.sort_values(["start", "stop"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("belbiotech.survival.cox.streams.adding.PIECE", piece)
        found = cox("failure ~ x + z", rows, weights="wt", stream=True, overlap="allow")
    known = cox("failure ~ x + z", rows, weights="wt", overlap="allow")
    close(found.params, known.params)
    close(found.naive_variance, known.naive_variance)
    close(found.log_likelihood, known.log_likelihood)


STORAGES = [("int8", -100), ("uint8", 0), ("int16", 0), ("Int16", 0), ("float32", 1000)]


@pytest.mark.parametrize(("dtype", "shift"), [*STORAGES, ("uint64", 2**52)])
def test_times_in_any_storage(rows, dtype, shift):
    begin = rows["year"] - rows["year"].min() + rows["firm_id"] % 3 * 60
    known = cox("failure ~ x", rows.assign(start=begin, stop=begin + 1))
    start, stop = ((times + shift).astype(dtype) for times in (begin, begin + 1))
    close(cox("failure ~ x", rows.assign(start=start, stop=stop), stream=True).params, known.params)


def test_more_coefficients_than_memory_holds(rows, tmp_path):
    many = pd.concat([rows.assign(firm=rows["firm_id"] + 1000 * k) for k in range(40)])
    many.to_parquet(tmp_path / "rows.parquet")
    for data in (many, tmp_path / "rows.parquet"):
        for formula in ("failure ~ C(firm)", "failure ~ C(firm_id):C(year)", "failure ~ C(z)"):
            with pytest.raises(FitError, match="coefficients and .* use covariates with fewer"):
                cox(formula, data, stream=True, overlap="allow")


@pytest.mark.parametrize("more", [0, 1])
def test_as_many_coefficients_as_are_held(rows, monkeypatch, more):
    """Covariates with levels are looked at before they are made, and do not count for more."""
    times = rows["stop"][rows["failure"] == 1].nunique()
    p = 1 + 3 + 2 + 4  # x, sizes, regions, sizes of the listed
    numbers = (1 + p + p * (p + 1) // 2) * (2 * 2 ** int(np.ceil(np.log2(times))) + times)
    monkeypatch.setattr(fitting, "MOST", numbers + p * times - more)
    if not more:
        result = cox("failure ~ x + C(size) + region + C(size):listed", rows, stream=True)
        assert len(result.params) == p
        return
    with pytest.raises(FitError, match=f"about {p} coefficients and {times} event times need"):
        cox("failure ~ x + C(size) + region + C(size):listed", rows, stream=True)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 400))
def test_the_order_of_batches_changes_nothing(seed, size):
    rows = make_panel(60, 2)
    model = cox("failure ~ x + z", rows, stream=True).fit.streamed
    order = np.random.default_rng(seed).permutation(range(0, len(rows), size))
    mixed = pd.concat([rows.iloc[a : a + size] for a in order])
    sizes = [len(rows.iloc[a : a + size]) for a in order]
    beta = np.array([0.3, -0.2])

    def totals(table, lengths):
        bounds = np.cumsum([0, *lengths])
        batches = _Given([table.iloc[a:z] for a, z in zip(bounds, bounds[1:], strict=False)])
        return totals_at(replace(model, stream=_Stream(batches)), beta, "")[0].likelihood()

    one = totals(rows, [min(size, len(rows) - a) for a in range(0, len(rows), size)])
    other = totals(mixed, sizes)
    assert one.value == other.value  # to the last bit
    assert np.array_equal(one.score, other.score)
    assert np.array_equal(one.information, other.information)


class _Stream:
    def __init__(self, batches):
        self.batches = batches


class _Given(FrameBatches):
    """Batches as they are given."""

    def __init__(self, frames):
        super().__init__(sum(map(len, frames)), pd.concat(frames))
        object.__setattr__(self, "frames_given", frames)

    def _shares(self):
        yield lambda: iter(self.frames_given)


@given(st.lists(st.floats(-1e20, 1e20), min_size=1, max_size=30), st.randoms())
def test_exact_sums(values, random):
    from math import fsum

    def total(numbers):
        sums = ExactSums(1)
        for value in numbers:
            sums.add(np.array([value]))
        return sums.total()[0]

    mixed = values[:]
    random.shuffle(mixed)
    assert total(values) == total(mixed) == fsum(values)
