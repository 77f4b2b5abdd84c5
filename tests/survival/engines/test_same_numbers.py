"""The same call gives the same numbers, wherever the rows are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech import (
    check_panel,
    cox,
    cox_causes,
    cumulative_incidence,
    discrete_hazard,
    kaplan_meier,
    logrank_test,
)
from belbiotech.errors import BelbiotechWarning, FitError, PanelError
from belbiotech.survival.discrete.causes import discrete_hazard_causes

MODELS = [
    ("failure ~ size + listed", {"cluster": "firm_id"}),
    ("failure ~ size + region", {"strata": "listed", "cluster": ["firm_id", "year"]}),
    ("failure ~ C(size) * listed + log(year)", {"ties": "breslow", "frequency": "copies"}),
    ("failure ~ size", {"weights": "wt", "unit": "firm_id"}),
    ("failure ~ size", {"weights": "wt", "frequency": "copies", "cluster": "firm_id"}),
    (
        "failure ~ round(x, 0) + cut(z, [0, 0.5, 1, 20], include_lowest=True)",
        {"cluster": "firm_id"},
    ),
    ("failure ~ x + round(z, 1) + listed:z", {"strata": ["region", "listed"]}),
    ("failure ~ bs(year, df=4) + center(size)", {"cluster": "region"}),
    ("failure ~ ns(year, df=3) + center(log(size))", {"weights": "wt"}),
    ("failure ~ poly(year, degree=3) + poly(size, 2, raw=True)", {"cluster": "firm_id"}),
    ("failure ~ poly(round(x, 1), 2) + poly(z > 1)", {"frequency": "copies"}),
    ("failure ~ cr(year, df=4, constraints='center') + scale(size)", {"frequency": "copies"}),
    ("failure ~ round(x, 0) + size + tt(size, log) + tt(listed)", {"cluster": "firm_id"}),
    ("acquisition ~ size", {"firth": True}),
    ("failure ~ size", {"frailty": "region"}),
]


def close(one, other):
    if isinstance(one, (pd.DataFrame, pd.Series)):
        assert list(one.index) == list(other.index)
    np.testing.assert_allclose(
        np.asarray(one, dtype=float), np.asarray(other, dtype=float), rtol=1e-9, atol=1e-12
    )


@pytest.mark.filterwarnings("ignore:.*events of.*fewer than")
@pytest.mark.parametrize(("formula", "options"), MODELS, ids=lambda value: str(value)[:40])
def test_cox(panel, ways, formula, options):
    known = cox(formula, panel, **options)
    for name in ("parquet", "relation") if options.get("cluster") else ("polars", "ibis"):
        found = cox(formula, ways[name], **options)
        close(found.params, known.params)
        close(found.variance, known.variance)
        close(found.naive_variance, known.naive_variance)
        close(found.log_likelihood, known.log_likelihood)
        assert (found.n_rows, found.n_events) == (known.n_rows, known.n_events)
        assert found.n_clusters == known.n_clusters
        if not options.get("firth"):
            close(found.score_test.statistic, known.score_test.statistic)
        close(found.concordance, known.concordance)
        close(found.concordance_std_error, known.concordance_std_error)
        if not options.get("frailty") and "tt(" not in formula:
            close(found.test_proportional_hazards(), known.test_proportional_hazards())
        hazard = known.baseline_cumulative_hazard
        assert found.baseline_cumulative_hazard["stratum"].tolist() == hazard["stratum"].tolist()
        close(found.baseline_cumulative_hazard["hazard"], hazard["hazard"])


def test_cox_from_each_source(panel, held):
    known = cox("failure ~ size + region", panel, cluster="firm_id")
    found = cox("failure ~ size + region", held, cluster="firm_id")
    close(found.summary, known.summary)
    assert str(found) == str(known)


def test_competing_causes(panel, held):
    fates = ["failure", "acquisition"]
    known = cox_causes("size + listed", panel, fates, cluster="firm_id")
    found = cox_causes("size + listed", held, fates, cluster="firm_id")
    close(found.params, known.params)
    close(found.variance.to_numpy(), known.variance.to_numpy())
    close(found.test_equal_effects(), known.test_equal_effects())


@pytest.mark.parametrize("options", [{}, {"by": ["region", "listed"]}, {"weights": "wt"}])
def test_kaplan_meier(panel, ways, options):
    known = kaplan_meier(panel, "failure", **options)
    for name in ("parquet", "relation"):
        found = kaplan_meier(ways[name], "failure", **options)
        pd.testing.assert_frame_equal(found.table, known.table, rtol=1e-9)
        pd.testing.assert_frame_equal(found.nelson_aalen, known.nelson_aalen, rtol=1e-9)
        assert str(found) == str(known)


@pytest.mark.filterwarnings("ignore:the variance V1")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cluster": "firm_id"},
        {"by": "region", "cluster": "year"},
        {"cluster": ["firm_id", "year"]},
    ],
)
def test_cumulative_incidence(panel, ways, options):
    fates = ["failure", "acquisition"]
    known = cumulative_incidence(panel, fates, **options)
    found = cumulative_incidence(ways["parquet"], fates, **options)
    pd.testing.assert_frame_equal(found.table, known.table, rtol=1e-9, atol=1e-12)
    pd.testing.assert_frame_equal(found.event_free, known.event_free, rtol=1e-9, atol=1e-12)
    assert found.n_rows == known.n_rows


def test_logrank(panel, held):
    known = logrank_test(panel, "failure", "region", strata="listed", weighting="peto")
    found = logrank_test(held, "failure", "region", strata="listed", weighting="peto")
    close(found.statistic, known.statistic)
    close(found.table.drop(columns="group"), known.table.drop(columns="group"))


@pytest.mark.parametrize(
    "options",
    [
        {"cluster": "firm_id"},
        {"cluster": ["firm_id", "year"], "strata": "listed", "trend": True},
        {"weights": "copies"},
        {"weights": "copies", "cluster": "year"},
        {"weights": "wt", "weighting": "gehan-breslow"},
        {"weights": "wt", "unit": "firm_id"},
    ],
    ids=str,
)
def test_logrank_with_weights_and_clusters(panel, ways, options):
    known = logrank_test(panel, "failure", "region", **options)
    for name in ("parquet", "relation"):
        found = logrank_test(ways[name], "failure", "region", **options)
        close(found.statistic, known.statistic)
        close(found.table.drop(columns="group"), known.table.drop(columns="group"))


def test_logrank_with_broken_weights_and_no_unit(panel, tmp_path):
    alone = panel.drop(columns="firm_id")
    alone.to_parquet(tmp_path / "alone.parquet")
    known = logrank_test(alone, "failure", "region", weights="wt")
    found = logrank_test(tmp_path / "alone.parquet", "failure", "region", weights="wt")
    close(found.statistic, known.statistic)


@pytest.mark.parametrize("options", [{"ridge": "cv"}, {"ridge": "cv", "stream": True}])
def test_folds_need_rows_in_memory(panel, ways, options):
    data = panel if options.get("stream") else ways["parquet"]
    with pytest.raises(FitError, match="needs the rows in memory"):
        cox("failure ~ size", data, **options)


@pytest.mark.filterwarnings("ignore:no failure in the periods", "ignore:.*events of")
@pytest.mark.parametrize(
    "options",
    [
        {"baseline": "log"},
        {"cluster": "firm_id"},
        {"weights": "wt", "cluster": ["firm_id", "year"]},
    ],
)
def test_discrete_hazard(panel, ways, options):
    known = discrete_hazard("failure ~ size + listed", panel, **options)
    found = discrete_hazard("failure ~ size + listed", ways["relation"], **options)
    close(found.params, known.params)
    close(found.variance, known.variance)
    assert str(found) == str(known)


def test_discrete_causes(panel, ways):
    fates = ["failure", "acquisition"]
    known = discrete_hazard_causes("size", panel, fates, baseline="log", cluster="firm_id")
    found = discrete_hazard_causes(
        "size", ways["parquet"], fates, baseline="log", cluster="firm_id"
    )
    close(found.params.to_numpy(), known.params.to_numpy())
    close(found.variance.to_numpy(), known.variance.to_numpy())


def test_check_panel_lists_the_same_faults(panel, tmp_path):
    bad = panel.head(60).reset_index(drop=True)
    bad.loc[3, "stop"] = bad.loc[3, "start"]
    bad.loc[8, "start"] -= 1
    bad.loc[12, "failure"] = 3
    bad.loc[20, "failure"], bad.loc[20, "acquisition"] = 1, True
    bad = pd.concat([bad, bad.iloc[[40]]], ignore_index=True)
    bad.to_parquet(tmp_path / "bad.parquet")
    columns = ["unit", "start", "stop", "fault", "text"]
    known = check_panel(bad, outcome=["failure", "acquisition"])[columns]
    found = check_panel(tmp_path / "bad.parquet", outcome=["failure", "acquisition"])
    key = ["unit", "start", "stop", "fault"]
    pd.testing.assert_frame_equal(
        found[columns].sort_values(key).reset_index(drop=True),
        known.sort_values(key).reset_index(drop=True),
        check_dtype=False,
    )
    assert set(known["fault"]) >= {"zero length", "bad outcome", "two outcomes", "duplicate"}
    assert check_panel(panel, outcome="failure").equals(
        check_panel(panel, unit="firm_id", outcome="failure")
    )


def test_a_clean_panel_has_no_faults(panel, held):
    assert check_panel(held, outcome=["failure", "acquisition"]).empty


KINDS = ["martingale", "deviance", "score", "dfbeta", "schoenfeld", "scaled_schoenfeld"]


@pytest.mark.parametrize("kind", KINDS)
def test_residuals_are_written_out(panel, ways, tmp_path, kind):
    known = cox("failure ~ size + listed", panel, weights="wt").residuals(kind)
    if kind.endswith("schoenfeld"):
        known = known.droplevel("time").rename_axis(None)
    key = ["firm_id", "start"]
    known = panel[key].join(pd.DataFrame(known), how="inner").sort_values(key)
    for name in ("parquet", "polars", "relation"):
        result = cox("failure ~ size + listed", ways[name], weights="wt", unit="firm_id")
        with pytest.raises(FitError, match="to='residuals.parquet'"):
            result.residuals(kind)
        assert result.residuals(kind, to=tmp_path / "r.parquet") is None
        found = pd.read_parquet(tmp_path / "r.parquet").sort_values(key)
        names = known.columns[2:]
        values = found[[f"{n} ({kind})" if f"{n} ({kind})" in found else n for n in names]]
        close(values.to_numpy(), known[names].to_numpy())


@pytest.mark.parametrize("fit", [cox, discrete_hazard])
def test_a_level_without_an_event_is_told_with_all_its_rows(fit, panel, tmp_path):
    failed = (panel["failure"] == 1) & (panel["region"] == "WAL")
    quiet = panel.assign(region=panel["region"].where(~failed, "BRU"))
    files = tmp_path / "quiet.parquet"
    quiet.to_parquet(files)
    told = []
    for data in (quiet, files):
        with pytest.warns(BelbiotechWarning, match="no event with") as warned:
            fit("failure ~ C(region)", data)
        told.append([str(one.message) for one in warned])
    assert told[0] == told[1]


@pytest.mark.parametrize("way", ["parquet", "polars", "relation"])
def test_broken_weights_cluster_by_the_usual_unit(way, panel, ways):
    known = kaplan_meier(panel, "failure", by="region", weights="wt")
    close(
        kaplan_meier(ways[way], "failure", by="region", weights="wt").table.iloc[:, 1:],
        known.table.iloc[:, 1:],
    )
    fates = ["failure", "acquisition"]
    known = cumulative_incidence(panel, fates, weights="wt")
    found = cumulative_incidence(ways[way], fates, weights="wt")
    numbers = ["incidence", "std_error"]
    close(found.table[numbers], known.table[numbers])


def test_the_usual_unit_is_looked_at_where_weights_are_broken(panel, tmp_path):
    twice = pd.concat([panel, panel.head(1)], ignore_index=True)
    files = tmp_path / "twice.parquet"
    twice.to_parquet(files)
    for data in (twice, files):
        kaplan_meier(data, "failure", weights="copies")  # whole: nobody asks whose row it is
        with pytest.raises(PanelError, match="overlap in time"):
            kaplan_meier(data, "failure", weights="wt")
