"""The Cox model: what changes nothing, what others say, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from belbiotech.errors import BelbiotechWarning, FitError, FormulaError, PanelError
from belbiotech.survival.cox.estimate import cox

FORMULA = "failure ~ alliances + C(segment) + size"


@pytest.fixture(scope="module")
def years(reference_data):
    return reference_data("years")


def agree(one, other, tolerance=1e-9):
    """Two fits say the same."""
    np.testing.assert_allclose(one.params, other.params, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(one.variance, other.variance, rtol=tolerance, atol=1e-12)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-11)


# ---- what changes nothing ----------------------------------------------------------------------


def made_up(seed, rows=150):
    """A small panel with delayed entry and enough events for any split."""
    draw = np.random.default_rng(seed)
    start = draw.integers(0, 6, rows)
    x, z = draw.integers(0, 3, rows), draw.normal(size=rows).round(1)
    rate = 0.4 * np.exp(0.3 * x - 0.4 * z)
    return pd.DataFrame(
        {
            "unit": np.arange(rows),
            "start": start,
            "stop": start + draw.integers(1, 5, rows),
            "failure": draw.random(rows) < 1 - np.exp(-rate),
            "x": x,
            "z": z,
            "group": draw.choice(["a", "b"], rows),
            "wt": draw.choice([0.5, 1.0, 2.0], rows),
        }
    )


SEED = st.integers(0, 5_000)
TIES = st.sampled_from(["efron", "breslow"])


@settings(max_examples=15, deadline=None)
@given(SEED, TIES, st.floats(0.01, 0.99))
def test_cut_rows_change_nothing(seed, ties, where):
    data = made_up(seed)
    at = data["start"] + where * (data["stop"] - data["start"])
    halves = [data.assign(stop=at, failure=False), data.assign(start=at)]
    cut = pd.concat(halves, ignore_index=True)
    options = {"ties": ties, "strata": "group", "weights": "wt", "cluster": "unit"}
    agree(cox("failure ~ x + z", data, **options), cox("failure ~ x + z", cut, **options))


@settings(max_examples=15, deadline=None)
@given(SEED, TIES)
def test_the_order_of_rows_changes_nothing(seed, ties):
    data = made_up(seed)
    mixed = data.sample(frac=1, random_state=seed)
    one, other = (
        cox("failure ~ C(x) + z", rows, ties=ties, cluster="unit") for rows in (data, mixed)
    )
    agree(one, other)
    residuals = one.residuals("martingale")
    np.testing.assert_allclose(
        other.residuals("martingale")[residuals.index], residuals, atol=1e-10
    )


@settings(max_examples=15, deadline=None)
@given(SEED, TIES, st.sampled_from([None, "wt"]))
def test_copies_are_a_frequency(seed, ties, weights):
    data = made_up(seed).assign(copies=lambda d: d["unit"] % 4)
    copies = data.loc[data.index.repeat(data["copies"])].reset_index(drop=True)
    one = cox("failure ~ x + z", data, ties=ties, weights=weights, frequency="copies")
    other = cox("failure ~ x + z", copies, ties=ties, weights=weights)
    agree(one, other)
    assert (one.n_rows, one.n_events) == (other.n_rows, other.n_events)
    assert one.score_test.statistic == pytest.approx(other.score_test.statistic, rel=1e-9)


@settings(max_examples=10, deadline=None)
@given(SEED, TIES, st.integers(-30, 2000))
def test_a_shift_of_all_times_changes_no_coefficient(seed, ties, shift):
    data = made_up(seed)
    later = data.assign(start=data["start"] + shift, stop=data["stop"] + shift)
    agree(cox("failure ~ x + z", data, ties=ties), cox("failure ~ x + z", later, ties=ties))


@settings(max_examples=10, deadline=None)
@given(SEED, TIES)
def test_names_of_strata_change_nothing(seed, ties):
    data = made_up(seed)
    renamed = data.assign(group=data["group"].map({"a": "z", "b": "k"}))
    one, other = (cox("failure ~ x + z", d, ties=ties, strata="group") for d in (data, renamed))
    agree(one, other)
    hazards = [
        fit.baseline_cumulative_hazard.groupby("stratum")["hazard"].max() for fit in (one, other)
    ]
    np.testing.assert_allclose(hazards[0].to_numpy(), hazards[1].to_numpy()[::-1], rtol=1e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("strata", [None, "g"])
def test_counting_or_not_changes_nothing(ties, strata, monkeypatch):
    """A large panel whose rows nearly all differ is not counted; here it is, too."""
    draw = np.random.default_rng(11)
    n = 70_000
    start = draw.integers(0, 12, n)
    data = pd.DataFrame(
        {
            "unit": np.arange(n) // 3,
            "start": start,
            "stop": start + 1,
            "x": draw.normal(size=n),
            "k": draw.integers(0, 3, n),
            "g": draw.choice(["a", "b"], n),
        }
    )
    data["failure"] = draw.random(n) < 0.01 * np.exp(0.5 * data["x"])
    fit = cox("failure ~ x + C(k)", data, ties=ties, strata=strata, cluster="unit", overlap="allow")
    assert fit.fit.rows.counts is None
    monkeypatch.setattr("belbiotech.survival.rows.counts.counting_pays", lambda columns: True)
    counted = cox(
        "failure ~ x + C(k)", data, ties=ties, strata=strata, cluster="unit", overlap="allow"
    )
    assert counted.fit.rows.counts is not None
    agree(fit, counted)
    assert fit.score_test.statistic == pytest.approx(counted.score_test.statistic, rel=1e-8)
    np.testing.assert_allclose(
        fit.baseline_cumulative_hazard["hazard"],
        counted.baseline_cumulative_hazard["hazard"],
        rtol=1e-9,
    )


def test_types_of_columns_change_nothing(years):
    fit = cox(FORMULA, years, cluster="firm", strata="region")
    other = years.assign(
        start=years["start"].astype(float),
        stop=years["stop"].astype("int16"),
        failure=years["failure"].astype(bool),
        alliances=years["alliances"].astype("Int64"),
        segment=pd.Categorical(years["segment"]),
        firm=pd.Categorical(years["firm"]),
        region=years["region"].astype("string[pyarrow]"),
    )
    agree(cox(FORMULA, other, cluster="firm", strata="region"), fit, 1e-12)


THREADS = """
import numpy as np, pandas as pd
from belbiotech import cox
draw = np.random.default_rng(1)
n = 80_000
start = draw.integers(0, 9, n)
data = pd.DataFrame({f"x{j}": draw.normal(size=n) for j in range(9)} | {"start": start})
data = data.assign(stop=start + 1, failure=draw.random(n) < 0.05, firm=np.arange(n) // 4)
few = data.assign(**{f"x{j}": data[f"x{j}"].round() for j in range(9)})
for rows in (data, few, data[:9000]):
    fit = cox("failure ~ " + " + ".join(f"x{j}" for j in range(9)), rows, cluster="firm",
              overlap="allow")
    numbers = [fit.params, fit.variance, fit.naive_variance, fit.log_likelihood,
               fit.baseline_cumulative_hazard["hazard"], fit.score_test.statistic]
    print([np.asarray(number).tobytes().hex() for number in numbers])
"""


def test_threads_and_repetition_change_no_bit():
    def run(threads):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, str(threads))}
        return subprocess.run(
            [sys.executable, "-c", THREADS],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    one = run(1)
    assert one.count("[") == 3
    assert run(2) == one
    assert run(1) == one


# ---- what others say ---------------------------------------------------------------------------


def test_second_opinions(years):
    from lifelines import CoxTimeVaryingFitter
    from statsmodels.duration.hazard_regression import PHReg

    CoxPH = pytest.importorskip("surpyval", reason="the group bench of pyproject.toml").CoxPH

    fit = cox("failure ~ alliances + size", years, cluster="firm")
    x = years[["alliances", "size"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lifelines = CoxTimeVaryingFitter().fit(
            years[["firm", "start", "stop", "failure", "alliances", "size"]],
            id_col="firm",
            event_col="failure",
            start_col="start",
            stop_col="stop",
        )
        surpyval = CoxPH.fit(
            years["stop"], x.to_numpy(float), c=1 - years["failure"], tl=years["start"]
        )
        statsmodels = PHReg(
            years["stop"], x, status=years["failure"], entry=years["start"] + 1e-6, ties="efron"
        ).fit()
    np.testing.assert_allclose(lifelines.params_, fit.params, rtol=1e-6)
    np.testing.assert_allclose(lifelines.standard_errors_, fit.naive_standard_errors, rtol=1e-6)
    np.testing.assert_allclose(surpyval.beta, fit.params, rtol=1e-8)
    by_firm = surpyval.robust_covariance(years["firm"].to_numpy())
    np.testing.assert_allclose(by_firm, fit.variance, rtol=1e-7)
    np.testing.assert_allclose(statsmodels.params, fit.params, rtol=1e-6)
    np.testing.assert_allclose(statsmodels.bse, fit.naive_standard_errors, rtol=1e-6)


def test_two_ways_of_clustering_are_three_of_one(years):
    both = years["firm"] + years["year"].astype(str)
    one, two, pairs = (
        cox(FORMULA, years.assign(pair=both), cluster=name, overlap="allow").variance
        for name in ("firm", "year", "pair")
    )
    fit = cox(FORMULA, years, cluster=["firm", "year"])
    np.testing.assert_allclose(fit.variance, one + two - pairs, rtol=1e-10)
    assert fit.n_clusters == years["firm"].nunique()
    counted = f"({years['firm'].nunique()} and {years['year'].nunique()} clusters)"
    assert counted in repr(fit)


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_pairs_of_clusters_that_hold_several_rows(years):
    """Two rows of a firm in a decade: the pairs' sums are not those of the rows."""
    data = years.assign(decade=years["year"] // 10)
    both = data["firm"] + data["decade"].astype(str)
    one, two, pairs = (
        cox(FORMULA, data.assign(pair=both), cluster=name, weights="wt_int").variance
        for name in ("firm", "decade", "pair")
    )
    fit = cox(FORMULA, data, cluster=["firm", "decade"], weights="wt_int")
    np.testing.assert_allclose(fit.variance, one + two - pairs, rtol=1e-10)


def test_as_few_clusters_as_coefficients_have_no_test_of_all(years):
    """The scores of three regions add up to zero: their variance has rank two."""
    fit = cox(FORMULA + " + era", years, cluster="region")
    assert len(fit.params) >= years["region"].nunique() == fit.n_clusters
    assert np.isnan(fit.wald_test.statistic)
    assert np.isnan(fit.wald_test.p_value)
    assert np.isnan(fit.score_test.statistic)
    assert (fit.standard_errors > 0).all()
    for words in ("they are few, and the errors likely too small", "no test of all coefficients"):
        assert words in repr(fit)
    assert "nan" not in repr(fit)
    with pytest.raises(FitError, match="'country' has one value only, 'BE'"):
        cox(FORMULA, years.assign(country="BE"), cluster="country")


# ---- what a fit tells --------------------------------------------------------------------------


def test_the_summary_has_the_names_of_lifelines(years):
    summary = cox(FORMULA, years, cluster="firm").summary
    assert list(summary.index) == [
        "alliances",
        "C(segment)[T.medtech]",
        "C(segment)[T.therapeutics]",
        "size",
    ]
    for name in (
        "coef",
        "exp(coef)",
        "se(coef)",
        "z",
        "p",
        "coef lower 95%",
        "exp(coef) upper 95%",
    ):
        assert name in summary
    assert (summary["naive se(coef)"] != summary["se(coef)"]).all()


def test_a_fit_in_words(years):
    fit = cox(FORMULA, years, cluster="firm", strata=["region", "era"])
    for text in (repr(fit), fit._repr_html_(), fit.to_markdown()):
        assert "alliances" in text
        assert f"{len(years):,d} rows" in text
        assert "firm" in text
        assert "Efron" in text
    assert r"\begin{tabular}" in fit.to_latex()
    assert repr(cox("failure ~ 1", years)).count("no covariates") == 1


def test_the_plot_has_a_line_for_each_coefficient(years):
    figure = cox(FORMULA, years).plot()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert sum("Segment" in label for label in labels) == 3  # the reference level has one


def test_nested_models_are_compared(years):
    small, large = cox("failure ~ alliances", years), cox(FORMULA, years)
    test = large.compare(small)
    assert test.statistic == pytest.approx(2 * (large.log_likelihood - small.log_likelihood))
    assert test.df == 3
    with pytest.raises(FitError, match="different rows"):
        large.compare(cox("failure ~ alliances", years[:-5]))
    with pytest.raises(FitError, match="terms that the larger has not"):
        large.compare(cox("failure ~ era", years))
    with pytest.raises(FitError, match="'size' has other values in the larger model"):
        large.compare(cox("failure ~ size", years.assign(size=years["size"] + years["alliances"])))
    with pytest.raises(FitError, match="other strata"):
        large.compare(cox("failure ~ alliances", years, strata="region"))


def test_comparisons_that_say_nothing_are_refused(years):
    small, large = cox("failure ~ alliances", years), cox(FORMULA, years)
    with pytest.raises(FitError, match="same terms"):
        small.compare(cox("failure ~ alliances", years))
    with pytest.raises(FitError, match="not with str"):
        small.compare("x")
    for options in ({"cluster": "firm"}, {"weights": "wt_real"}):
        robust = cox("failure ~ alliances", years, **options)
        with pytest.raises(FitError, match="robust errors"):
            robust.compare(cox(FORMULA, years, **options))
        with pytest.raises(FitError, match="robust errors"):
            large.compare(robust)
    with pytest.raises(FitError, match="one of the models has Firth's penalty"):
        large.compare(cox("failure ~ alliances", years, firth=True))
    with pytest.raises(FitError, match="differ in their frailty"):
        large.compare(cox("failure ~ alliances", years, frailty="region"))


def test_latex_has_its_notes_below(years):
    text = cox(FORMULA.replace("size", "I(size**2)"), years, cluster="firm").to_latex()
    caption = next(line for line in text.splitlines() if line.startswith(r"\caption"))
    assert caption == r"\caption{Cox model: failure}"
    below = text[text.index(r"\end{tabular}") :]
    assert "Efron" in below
    assert "clustered by firm" in below
    assert below.rstrip().endswith(r"\end{table}")
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    assert text.count("%") == text.count(r"\%")


def test_nothing_to_draw(years):
    with pytest.raises(FitError, match="nothing to draw"):
        cox("failure ~ 1", years).plot()


def test_no_covariates(years):
    fit = cox("failure ~ 1", years)
    assert len(fit.params) == 0
    assert fit.log_likelihood == fit.log_likelihood_null
    assert fit.baseline_cumulative_hazard["hazard"].is_monotonic_increasing


def test_clusters_without_covariates_are_counted(years):
    fit = cox("failure ~ 1", years, cluster="firm")
    assert fit.n_clusters == years["firm"].nunique()
    assert f"{fit.n_clusters:,d} clusters" in repr(fit)


def test_odd_names_of_columns(years):
    odd = years.rename(columns={"failure": "my failure", "size": "my size"})
    fit = cox("`my failure` ~ Q('my size') + alliances", odd, cluster="firm")
    agree(fit, cox("failure ~ size + alliances", years, cluster="firm"), 1e-12)


def test_the_data_is_left_as_it_was(years):
    before = years.copy()
    cox(FORMULA, years, strata="region", weights="wt_real", cluster="firm")
    pd.testing.assert_frame_equal(years, before)


# ---- what is refused ---------------------------------------------------------------------------


REFUSED = {
    "missing": (
        lambda d: d.assign(size=d["size"].where(d.index != 7)),
        {},
        PanelError,
        r"'size' has missing values in 1 row \(7\)",
    ),
    "infinite": (
        lambda d: d.assign(size=d["size"].where(d.index != 7, np.inf)),
        {},
        PanelError,
        r"'size' has infinite values in 1 row \(7\)",
    ),
    "backwards": (
        lambda d: d.assign(stop=d["stop"].where(d.index != 3, 0)),
        {},
        PanelError,
        r"'stop' must be after 'start'.*\(3\)",
    ),
    "outcome": (
        lambda d: d.assign(failure=d["failure"].where(d.index != 5, 2)),
        {},
        PanelError,
        r"must be 0 or 1; it is 2 in 1 row \(5\)",
    ),
    "negative weight": (
        lambda d: d.assign(wt_real=-d["wt_real"]),
        {"weights": "wt_real"},
        PanelError,
        "'wt_real' is negative",
    ),
    "weight of nothing": (
        lambda d: d.assign(wt_real=d["wt_real"].where(d.index != 6, 0)),
        {"weights": "wt_real"},
        FitError,
        r"'wt_real' is 0 in 1 row \(6\)",
    ),
    "broken frequency": (lambda d: d, {"frequency": "wt_real"}, PanelError, "whole numbers"),
    "unknown column": (
        lambda d: d.rename(columns={"size": "sizes"}),
        {},
        FormulaError,
        "no column 'size'; did you mean 'sizes'",
    ),
    "unknown stratum": (
        lambda d: d,
        {"strata": "regions"},
        PanelError,
        "no column 'regions'; did you mean 'region'",
    ),
    "unknown cluster": (lambda d: d, {"cluster": "firms"}, PanelError, "did you mean 'firm'"),
    "missing cluster": (
        lambda d: d.assign(firm=d["firm"].where(d.index != 9)),
        {"cluster": "firm"},
        PanelError,
        r"'firm' has missing values in 1 row \(9\)",
    ),
    "overlap": (
        lambda d: pd.concat([d, d.iloc[[4]]], ignore_index=True),
        {"unit": "firm"},
        PanelError,
        "overlap in time",
    ),
    "no rows": (lambda d: d[:0], {}, PanelError, "no rows"),
    "no events": (lambda d: d.assign(failure=0), {}, FitError, "never happens"),
    "constant": (lambda d: d.assign(size=3.5), {}, FitError, "'size' is constant"),
    "collinear": (
        lambda d: d.assign(size=2 * d["alliances"] + (d["segment"] == "medtech")),
        {},
        FitError,
        r"'size' is collinear with 'alliances', 'C\(segment\)\[T.medtech\]'",
    ),
    "constant at risk": (
        lambda d: d.assign(size=d["stop"] * 1.0),
        {},
        FitError,
        "does not vary among rows that are at risk together",
    ),
    "ties": (lambda d: d, {"ties": "exact"}, FitError, "'efron' or 'breslow'"),
    "three clusters": (
        lambda d: d,
        {"cluster": ["firm", "year", "region"]},
        FitError,
        "one column or two",
    ),
    "frailty and firth": (lambda d: d, {"frailty": "firm", "firth": True}, FitError, "choose one"),
    "strata as values": (
        lambda d: d,
        {"strata": pd.Series([1, 2])},
        PanelError,
        "strata is a Series",
    ),
    "cluster as a number": (lambda d: d, {"cluster": 3}, PanelError, "cluster is an int"),
    "overlap of the usual unit": (
        lambda d: pd.concat([d, d.iloc[[4]]], ignore_index=True).rename(
            columns={"firm": "firm_id"}
        ),
        {"cluster": ["year", "firm_id"]},
        PanelError,
        "'firm_id' overlap in time.*overlap='allow'",
    ),
    "no table": (lambda d: d.to_dict(), {}, PanelError, "must be a pandas DataFrame"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_words(case, years):
    change, options, error, words = REFUSED[case]
    with pytest.raises(error, match=words):
        cox(FORMULA, change(years), **options)


def test_all_problems_are_told_at_once(years):
    broken = years.assign(
        size=years["size"].where(years.index != 7),
        failure=years["failure"].where(years.index != 5, 2),
        stop=years["stop"].where(years.index != 3, -1),
    )
    with pytest.raises(PanelError) as caught:
        cox(FORMULA, broken)
    assert len(str(caught.value).splitlines()) == 3


def test_a_formula_is_refused_before_the_data(years):
    with pytest.raises(FormulaError, match="shifts rows"):
        cox("failure ~ lag(alliances)", years)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_level_without_an_event_is_left_out(years, ties):
    safe = years["segment"] == "medtech"
    data = years.assign(failure=years["failure"].where(~safe, 0))
    rows = rf"no event among the {safe.sum():,d} rows with segment = medtech"
    with pytest.warns(BelbiotechWarning, match="no event with segment = medtech.*firth=True"):
        result = cox(FORMULA, data, ties=ties)
    name = "C(segment)[T.medtech]"
    assert result.params[name] == -np.inf
    apart = cox(FORMULA, data[~safe], ties=ties)
    others = result.params.drop(name)
    np.testing.assert_allclose(others, apart.params[others.index], rtol=1e-9)
    with pytest.raises(FitError, match=rows):  # a penalty has an estimate, and no limit
        cox(FORMULA, data, ties=ties, ridge=0.0)


def test_separation_of_the_reference_level_and_by_a_number(years):
    safe = years["segment"] == "agro"
    data = years.assign(failure=years["failure"].where(~safe, 0))
    rows = rf"no event among the {safe.sum():,d} rows with segment = agro \(the reference level\)"
    with pytest.raises(FitError, match=rows):
        cox(FORMULA, data, ridge=0.0)
    with pytest.warns(BelbiotechWarning, match="reference level.*firth=True without cluster"):
        cox(FORMULA, data, cluster="firm")
    data = years.assign(score=np.where(years["failure"] == 1, 3, years["alliances"] % 3))
    calm = int((years["failure"] == 0).sum())
    with pytest.raises(FitError, match=f"no event among the {calm:,d} rows with score below 3"):
        cox("failure ~ score", data)


def test_separation_by_an_order_names_where_the_events_are():
    """At each event the largest of those at risk: no value stands apart, yet no maximum."""
    data = pd.DataFrame({"start": 0, "stop": range(1, 41), "failure": [1] * 20 + [0] * 20})
    data["x"] = 50.0 - data["stop"]
    words = "of 'x' grows without bound.*x is 30 to 49 in rows with an event, 11 to 49 in all"
    with pytest.raises(FitError, match=words):
        cox("failure ~ x", data.assign(x=data["x"].where(data.index != 39, 29.5)))


def test_firth_is_advised_only_where_it_is_an_answer(years):
    few = years.assign(failure=years["failure"].where(years["failure"].cumsum() <= 6, 0))
    with pytest.warns(BelbiotechWarning, match=r"1 coefficient \(fewer than 10.*firth=True"):
        cox("failure ~ size", few)
    with pytest.warns(BelbiotechWarning, match="think of fewer covariates"):
        cox("failure ~ size", few, firth=True)
    safe = years.assign(failure=years["failure"].where(years["segment"] != "agro", 0))
    with pytest.raises(FitError, match="segment = agro") as caught:
        cox("failure ~ C(segment)", safe, frailty="firm")
    assert "firth" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_rows_in_the_order_of_their_failures_are_separation():
    """Risks grow to 1e300 before the likelihood is flat to its last digit."""
    rows = pd.DataFrame({"start": 0, "stop": [1, 2, 3, 4], "failure": 1})
    rows["x"] = [3.735, 1.328, 1.297, -0.018]
    with pytest.raises(FitError, match="no maximum: the coefficient of 'x' grows") as caught:
        cox("failure ~ x", rows)
    assert "firth=True" in str(caught.value)


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
@pytest.mark.parametrize("seed", [2, 17, 32])
def test_a_maximum_far_out_is_found(seed):
    """Nearly separated within strata: hazard ratios of 1e30, at which the score is zero."""
    draw = np.random.default_rng(seed)
    rows = pd.DataFrame({"start": draw.integers(0, 3, 60), "x": draw.normal(size=60)})
    rows["region"] = draw.choice(list("abcd"), 60)
    rows["stop"] = rows["start"] + draw.exponential(2, 60).round(3) + 0.01
    rows["failure"] = (rows["x"] > 1.1).astype(int)
    result = cox("failure ~ x", rows, strata="region")
    assert result.params["x"] > 10
    score = 0.0
    for event in rows[rows["failure"] == 1].itertuples():
        at_risk = rows[(rows["region"] == event.region) & (rows["start"] < event.stop)]
        x = at_risk["x"][at_risk["stop"] >= event.stop]
        score += event.x - np.average(x, weights=np.exp((x - x.max()) * result.params["x"]))
    assert abs(score) * result.standard_errors["x"] < 1e-6


def test_an_outlier_is_no_separation(years):
    """A value far out moves a linear predictor far with a small step."""
    data = years.assign(turnover=np.where(years.index == 3, 1e6, years["size"] * 10))
    assert np.isfinite(cox("failure ~ turnover + alliances", data).params).all()


def test_a_stratum_without_events_is_told_and_contributes_nothing(years):
    data = years.assign(failure=years["failure"].where(years["region"] != "WAL", 0))
    with pytest.warns(BelbiotechWarning, match="no event in stratum region=WAL"):
        fit = cox("failure ~ alliances + size", data, strata="region")
    others = cox("failure ~ alliances + size", data[data["region"] != "WAL"], strata="region")
    np.testing.assert_allclose(fit.params, others.params, rtol=1e-9)
    assert fit.log_likelihood == pytest.approx(others.log_likelihood, rel=1e-12)


def test_few_events_are_told(years):
    few = years.assign(failure=years["failure"].where(years["failure"].cumsum() <= 25, 0))
    with pytest.warns(BelbiotechWarning, match="25 events of 'failure' for 4 coefficients"):
        fit = cox(FORMULA, few)
    assert fit.events_per_parameter == pytest.approx(25 / 4)


def test_a_frequency_of_zero_is_no_row(years):
    copies = (years["segment"] != "agro").astype(int)
    fit = cox(FORMULA, years.assign(copies=copies), frequency="copies")
    agree(fit, cox(FORMULA, years[copies > 0]))
    few = cox(FORMULA, years[copies > 0])
    for kind in ("martingale", "deviance", "score", "dfbeta"):
        values, alone = fit.residuals(kind), few.residuals(kind)
        assert values.index.equals(years.index)
        np.testing.assert_allclose(values[copies > 0], alone, rtol=1e-9, atol=1e-12)
        assert np.isnan(values[copies == 0]).all(axis=None)
    assert len(fit.residuals("schoenfeld")) == fit.n_events


def test_arguments_that_cannot_be(years):
    with pytest.raises(PanelError, match="frailty is a list: give one column's name"):
        cox(FORMULA, years, frailty=["firm"])
    with pytest.raises(FitError, match="column 'copies' makes .* events.*ties='breslow'"):
        cox(FORMULA, years.assign(copies=10**12), frequency="copies")
    many = cox(FORMULA, years.assign(copies=10**12), frequency="copies", ties="breslow")
    one = cox(FORMULA, years, ties="breslow")
    np.testing.assert_allclose(many.params, one.params, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_the_advice_can_be_followed(years):
    few = years[years["failure"].cumsum() < 9]
    with pytest.warns(BelbiotechWarning, match="think of firth=True without cluster"):
        cox("failure ~ size", few, cluster="firm")
    with pytest.warns(BelbiotechWarning, match="think of firth=True$"):
        cox("failure ~ size", few)
    with pytest.raises(FitError, match="does not vary among rows") as caught:
        cox("failure ~ bs(age, df=4)", years.assign(age=years["start"]))
    assert str(caught.value).count("it tells the time, which the baseline holds") == 4
    with pytest.raises(
        FitError, match="'era' does not vary .* at an event: it is constant within each stratum"
    ):
        cox("failure ~ era", years.assign(era=years["era"] == "late"), strata="era")


@pytest.mark.parametrize("phase", [0.351, -3.7, -0.1, 1e6 + 0.3])
def test_whole_distances_between_broken_times(phase):
    """-2.7 + 3 is less than 0.3 for a computer: the event must stay in its own risk set."""
    draw = np.random.default_rng(1)
    n = 20_000
    year, x = draw.integers(0, 12, n), draw.normal(size=n)
    rows = pd.DataFrame({"start": year, "stop": year + 1, "x": x})
    rows["failure"] = (draw.random(n) < 0.05 * np.exp(0.5 * x)).astype(int)
    times = np.round(np.arange(14) + phase, 3)
    shifted = rows.assign(start=times[year], stop=times[year + 1])
    agree(cox("failure ~ x", rows), cox("failure ~ x", shifted))


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
@pytest.mark.parametrize("top", [2, 5, 20, 200])
def test_separation_reached_in_one_step(top):
    """The first step leads where the likelihood has no curvature left, and no slope."""
    rows = pd.DataFrame({"start": 0, "stop": 1, "x": [*np.linspace(-1, 1, 299), top]})
    rows["failure"] = (rows["x"] == top).astype(int)
    with pytest.raises(
        FitError, match=f"no maximum: no event among the 299 rows with x below {top}"
    ):
        cox("failure ~ x", rows)


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_separation_by_two_covariates_names_both():
    rows = pd.DataFrame({"x": [2.0, 0, 0, 1, 2, 0, 0], "z": [0.0, 1, 2, 2, 1, 0, 0]})
    rows = rows.assign(start=[1, 1, 0, 1, 0, 0, 0], stop=[2, 2, 1, 2, 1, 1, 1], failure=0)
    rows.loc[0, "failure"] = 1
    with pytest.raises(FitError, match="x below 2\n.*no maximum: .*z above 0"):
        cox("failure ~ x + z", rows)


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_a_risk_of_nothing_is_no_separation():
    """A censored row whose risk is exp(-1400) might as well not be there."""
    rows = pd.DataFrame({"start": 0, "x": [*np.linspace(0.1, 2, 39), 400.0]})
    rows = rows.assign(stop=np.arange(40) % 4 + 1, failure=0)
    rows.loc[[0, 3, 5, 9, 12], "failure"] = 1
    whole, without = cox("failure ~ x", rows), cox("failure ~ x", rows[:-1])
    np.testing.assert_allclose(whole.params, without.params, rtol=1e-7)
    np.testing.assert_allclose(whole.standard_errors, without.standard_errors, rtol=1e-7)


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_clusters_that_all_add_up_to_nothing():
    rows = pd.DataFrame({"start": 0, "stop": 1, "failure": [1, 1, 0, 0], "x": [0.0, 1, 0, 1]})
    twice = pd.concat([rows.assign(pair=1), rows.assign(pair=2)], ignore_index=True)
    fit = cox("failure ~ x", twice, cluster="pair", ties="breslow", overlap="allow")
    assert np.isnan(fit.wald_test.statistic)
    assert np.isnan(fit.score_test.statistic)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e9])
def test_the_scale_of_weights_changes_no_estimate(years, scale):
    data = years.assign(w=1.0 + years.index % 3, small=(1.0 + years.index % 3) * scale)
    one, other = cox(FORMULA, data, weights="w"), cox(FORMULA, data, weights="small")
    np.testing.assert_allclose(other.params, one.params, rtol=1e-8)
    np.testing.assert_allclose(other.fit.naive_variance * scale, one.fit.naive_variance, rtol=1e-7)


def test_firth_takes_weights_relative_to_their_mean(years):
    data = years.assign(w=1.0 + years.index % 3, many=100 * (1.0 + years.index % 3), same=7.0)
    one, other = (cox(FORMULA, data, weights=name, firth=True) for name in ("w", "many"))
    pd.testing.assert_series_equal(one.params, other.params, rtol=1e-8)
    pd.testing.assert_frame_equal(one.firth.intervals, other.firth.intervals, rtol=1e-6)
    plain, equal = cox(FORMULA, data, firth=True), cox(FORMULA, data, weights="same", firth=True)
    pd.testing.assert_series_equal(plain.params, equal.params, rtol=1e-8)


def test_a_covariate_that_is_constant_within_strata_does_not_tell_the_time(years):
    with pytest.raises(FitError, match="it is constant within each stratum"):
        cox(
            "failure ~ of_region",
            years.assign(of_region=years["region"].factorize()[0]),
            strata="region",
        )


def test_a_covariate_that_strata_hold_is_told_for_many_strata():
    """A stratum a row: whether each holds it is looked up once, not once a stratum."""
    n = 60_000
    rows = pd.DataFrame({"stop": np.arange(n) % 8 + 1, "failure": 1, "x": np.arange(n) / n})
    data = rows.assign(start=0, firm=np.arange(n))
    with pytest.raises(FitError, match="constant within each stratum"):
        cox("failure ~ x", data, strata="firm")
