"""Residuals of Cox models: R's values, and what must hold on any data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import cox
from belbiotech.errors import FitError

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")

KINDS = ["martingale", "deviance", "score", "dfbeta", "schoenfeld", "scaled_schoenfeld"]
MODELS = {
    "years": ("failure ~ alliances + C(segment) + size", ["region", "era"], "firm"),
    "days": ("death ~ age + C(arm) + marker", ["site", "sex"], "patient"),
}
STRATA = {"none": 0, "one": 1, "two": 2}


def close(actual, expected, tolerance=1e-10):
    """Equal but for rounding, relative to the largest value."""
    expected = np.asarray(expected, float)
    size = np.abs(expected).max()
    np.testing.assert_allclose(np.asarray(actual, float), expected, rtol=0, atol=tolerance * size)


@pytest.fixture
def years(reference_data):
    return reference_data("years")


@pytest.fixture
def refit(reference_data):
    def fit(case):
        name, ties, weights, strata, cluster = case.split("/")
        formula, columns, unit = MODELS[name]
        return cox(
            formula,
            reference_data(name),
            ties=ties,
            weights=None if weights == "none" else f"wt_{weights}",
            strata=columns[: STRATA[strata]] or None,
            cluster=None if cluster == "none" else unit,
        )

    return fit


@pytest.mark.reference
class TestAgainstR:
    def test_by_event(self, reference_values, refit, reference_data):
        cases = {k: v for k, v in reference_values("cox_residuals").items() if "/" in k}
        assert len(cases) >= 16
        for case, expected in cases.items():
            result, data = refit(case), reference_data(case.split("/")[0])
            plain = result.residuals("schoenfeld")
            close(plain, expected["schoenfeld"])
            close(result.residuals("scaled_schoenfeld"), expected["scaled_schoenfeld"])
            assert plain.index.names == ["time", "row"]
            rows = data.index[expected["positions"]]
            assert plain.index.get_level_values("row").tolist() == rows.tolist()
            close(plain.index.get_level_values("time"), expected["times"])

    @pytest.mark.parametrize("kind", ["martingale", "deviance", "score", "dfbeta"])
    def test_by_row(self, kind, reference_values, refit):
        cases = {k: v for k, v in reference_values("cox_residuals").items() if kind in v}
        assert cases
        for case, expected in cases.items():
            close(refit(case).residuals(kind), expected[kind])


def panel(seed, n=60, width=3):
    """Units with a few rows each, delayed entry, tied whole times."""
    rng = np.random.default_rng(seed)
    rows = []
    for unit in range(n):
        start = int(rng.integers(0, 4))
        for _ in range(int(rng.integers(1, width + 1))):
            stop = start + int(rng.integers(1, 4))
            event = int(rng.random() < 0.3)
            rows.append((unit, start, stop, event, rng.normal(), int(rng.integers(0, 3))))
            if event:
                break
            start = stop
    columns = ["unit", "start", "stop", "event", "x", "k"]
    data = pd.DataFrame(rows, columns=columns)
    return data.assign(w=rng.integers(1, 4, len(data)) + 0.5)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), ties=st.sampled_from(["efron", "breslow"]))
def test_residuals_add_up_to_nothing(seed, ties):
    data = panel(seed)
    result = cox("event ~ x + k", data, ties=ties, weights="w")
    assert abs(data["w"] @ result.residuals("martingale")) < 1e-10
    assert np.abs(data["w"] @ result.residuals("score")).max() < 1e-8
    events = data.loc[data["event"] == 1, "w"]
    schoenfeld = result.residuals("schoenfeld").droplevel("time").loc[events.index]
    assert np.abs(events @ schoenfeld).max() < 1e-8


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), ties=st.sampled_from(["efron", "breslow"]))
def test_cut_rows_add_up_to_the_whole(seed, ties):
    data = panel(seed)
    middle = (data["start"] + data["stop"]) / 2
    first = data.assign(stop=middle, event=0)
    both = pd.concat([first, data.assign(start=middle)], keys=["first", "last"])
    whole, cut = (cox("event ~ x + k", rows, ties=ties) for rows in (data, both))
    for kind in ("martingale", "score"):
        pieces = cut.residuals(kind)
        close(pieces.loc["first"] + pieces.loc["last"], whole.residuals(kind), 1e-8)


def test_dfbeta_is_what_leaving_a_row_out_does():
    data = panel(3, n=150)
    result = cox("event ~ x + k", data)
    predicted = result.residuals("dfbeta")
    rows = predicted["x"].abs().nlargest(12).index
    for row in rows:
        without = cox("event ~ x + k", data.drop(index=row))
        moved = result.params - without.params
        assert moved["x"] * predicted.loc[row, "x"] > 0
        assert np.abs(moved - predicted.loc[row]).max() < 0.25 * np.abs(moved).max()


def test_dfbeta_by_cluster_gives_the_robust_variance(years):
    result = cox("failure ~ alliances + size", years, weights="wt_real", cluster="firm")
    sums = result.residuals("dfbeta").groupby(years["firm"]).sum()
    close(sums.T @ sums, result.variance)


@pytest.mark.parametrize("kind", KINDS)
def test_a_frequency_is_that_many_rows(kind):
    data = panel(5).assign(times=lambda d: d["k"] + 1)
    counted = cox("event ~ x", data, frequency="times").residuals(kind)
    repeated = data.loc[data.index.repeat(data["times"])].reset_index(names="of")
    each = cox("event ~ x", repeated).residuals(kind)
    if kind.endswith("schoenfeld"):
        of = repeated["of"].loc[each.index.get_level_values("row")].to_numpy()
        each = each.set_axis(of)
        counted = counted.droplevel("time")
    else:
        each = each.set_axis(repeated["of"])
    each = each[~each.index.duplicated()]
    close(each.loc[counted.index], counted, 1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_order_of_rows_changes_nothing(kind):
    data = panel(8).set_axis([f"row {k}" for k in range(len(panel(8)))])
    shuffled = data.sample(frac=1, random_state=1)
    result, other = (cox("event ~ x", rows, strata="k") for rows in (data, shuffled))
    one, two = result.residuals(kind), other.residuals(kind)
    close(two.loc[one.index], one, 1e-8)


def test_a_model_without_covariates():
    result = cox("event ~ 1", panel(1))
    assert abs(result.residuals("martingale").sum()) < 1e-10
    assert result.residuals("score").shape == (len(panel(1)), 0)


def test_an_unknown_kind_is_refused_with_the_known_ones(years):
    result = cox("failure ~ size", years)
    with pytest.raises(FitError, match=r"no residuals 'martingal'.*'martingale'"):
        result.residuals("martingal")


@pytest.mark.reference
@pytest.mark.parametrize(
    "case", ["years/efron/none/none", "years/breslow/real/one", "days/efron/int/one"]
)
def test_collapsed_by_unit_they_are_those_of_r(refit, reference_values, reference_data, case):
    expected = reference_values("cox_collapse")[case]
    result, unit = refit(f"{case}/none"), MODELS[case.split("/")[0]][2]
    units = reference_data(case.split("/")[0])[unit]
    for kind in ("martingale", "deviance", "score", "dfbeta"):
        ours = result.residuals(kind, collapse=units)
        assert ours.index.tolist() == expected["units"]
        assert ours.index.name == unit
        close(ours, expected[kind])


def test_a_collapsed_column_is_named_where_the_fit_knows_it(years):
    by_cluster = cox("failure ~ size", years, cluster="firm")
    by_unit = cox("failure ~ size", years, unit="firm", cluster="region")
    own = cox("failure ~ size", years.rename(columns={"firm": "firm_id"}))
    expected = own.residuals("score").groupby(years["firm"].to_numpy()).sum()
    close(own.residuals("score", collapse="firm_id"), expected)
    close(by_unit.residuals("score", collapse="firm"), expected)
    close(by_cluster.residuals("score", collapse="firm"), expected)
    assert len(by_unit.residuals("martingale", collapse="region")) == years["region"].nunique()


def test_collapsed_frequencies_count_rows(years):
    counted = years.assign(n=np.arange(len(years)) % 3)
    repeated = years.loc[years.index.repeat(counted["n"])]
    one = cox("failure ~ size", counted, frequency="n", unit="firm")
    other = cox("failure ~ size", repeated, unit="firm", overlap="allow")
    for kind in ("martingale", "deviance", "score", "dfbeta"):
        pd.testing.assert_index_equal(
            one.residuals(kind, collapse="firm").index, other.residuals(kind, collapse="firm").index
        )
        for collapse in ("firm", counted["firm"]):
            close(one.residuals(kind, collapse=collapse), other.residuals(kind, collapse="firm"))


def test_collapsed_deviance_of_several_events_is_never_missing(years):
    """N = 3 events where M = 1: sign(M) sqrt(-2 (1 + 3 log(2 / 3))) by hand."""
    from belbiotech.survival.cox.residuals import deviance

    ours = deviance(np.array([1.0, -0.5, 0.0]), np.array([3.0, 0.0, 2.0]))
    close(ours, [np.sqrt(-2 * (1 + 3 * np.log(2 / 3))), -1.0, 0.0])


def test_bad_collapse_is_refused_in_words(years):
    result = cox("failure ~ size", years, unit="firm")
    with pytest.raises(FitError, match="does not know column 'frim' .it knows 'firm'"):
        result.residuals("score", collapse="frim")
    with pytest.raises(FitError, match="nothing to collapse"):
        result.residuals("schoenfeld", collapse="firm")
    with pytest.raises(FitError, match="one value for each row"):
        result.residuals("score", collapse=years["firm"].iloc[1:])
    with pytest.raises(FitError, match="missing in 1 rows"):
        result.residuals("score", collapse=years["firm"].where(years.index > 0))
    with pytest.raises(FitError, match="a column's name or a Series, not int"):
        result.residuals("score", collapse=3)
