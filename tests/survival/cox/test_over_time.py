"""Effects that vary with time: equal to R's, and to rows that are cut at every event time."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import (
    aft,
    choose_ridge,
    cox,
    cox_causes,
    discrete_hazard,
    fine_gray,
    piecewise_exponential,
    split_at,
    standardised_survival,
)
from belbiotech.errors import BelbiotechWarning, FitError, FormulaError
from belbiotech.survival.rows import interval_sums

SETS = {
    "years": ("failure ~ alliances + {} + segment + size", "alliances", "firm", "region"),
    "days": ("death ~ {} + age + arm + marker", "marker", "patient", "site"),
}
FATES = ["failure", "acquisition"]
FUNCTIONS = {"log": np.log, "log1p": np.log1p, "log2": np.log2, "log10": np.log10}
FUNCTIONS |= {"sqrt": np.sqrt, "square": np.square, "exp": np.exp}
CASES = [
    f"{data}/{function}/{ties}/{weights}/{strata}/{cluster}"
    for data in SETS
    for function in ("log", "identity", "sqrt", "log1p")
    for ties in ("efron", "breslow")
    for weights in ("none", "int", "real")
    for strata in ("none", "strata")
    for cluster in ("none", "cluster")
    if weights != "real" or cluster == "cluster"
    if function == "log" or (ties == "efron" and weights != "int")
]


def effect(x, function):
    return f"tt({x})" if function == "identity" else f"tt({x}, {function})"


@pytest.mark.reference
@pytest.mark.parametrize("case", CASES)
def test_as_r(reference_values, reference_data, case):
    theirs = reference_values("cox_over_time")["cases"][case]
    data, function, ties, weights, strata, cluster = case.split("/")
    formula, x, unit, stratum = SETS[data]
    fit = cox(
        formula.format(effect(x, function)),
        reference_data(data),
        ties=ties,
        weights=None if weights == "none" else f"wt_{weights}",
        strata=None if strata == "none" else stratum,
        cluster=None if cluster == "none" else unit,
    )
    np.testing.assert_allclose(fit.params, theirs["params"], rtol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, theirs["errors"], rtol=1e-8)
    both = [fit.log_likelihood_null, fit.log_likelihood]
    np.testing.assert_allclose(both, theirs["log_likelihood"], rtol=1e-10)
    assert fit.wald_test.statistic == pytest.approx(theirs["wald"], rel=1e-7)
    assert fit.score_test.statistic == pytest.approx(
        theirs.get("rscore", theirs["score"]), rel=1e-8
    )
    assert fit.concordance == pytest.approx(theirs["concordance"], rel=1e-8)


@pytest.mark.reference
def test_two_such_effects_beside_a_spline(reference_values, reference_data):
    theirs = reference_values("cox_over_time")["two"]
    formula = "failure ~ tt(alliances, log) + ns(size, df=3) + alliances + tt(size)"
    fit = cox(formula, reference_data("years"))
    assert [name for name in fit.params.index if "tt" in name] == [
        "tt(alliances, log)",
        "tt(size)",
    ]
    np.testing.assert_allclose(fit.params, theirs["params"], rtol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, theirs["errors"], rtol=1e-8)
    assert fit.log_likelihood == pytest.approx(theirs["log_likelihood"][1], rel=1e-10)


@st.composite
def panels(draw):
    """Units of several rows, some late; few or many values of the covariates."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = draw(st.integers(40, 70))
    begin = rng.integers(0, 4, n)
    number = rng.integers(1, 4, n)
    unit = np.repeat(np.arange(n), number)
    length, clock = rng.integers(1, 4, len(unit)), draw(st.sampled_from([1, 2, 7]))
    ends = pd.Series(length).groupby(unit).cumsum().to_numpy() + begin[unit] * clock
    last = np.r_[unit[1:] != unit[:-1], True]
    x = rng.integers(0, 3, len(unit)) if draw(st.booleans()) else rng.normal(size=len(unit))
    return pd.DataFrame(
        {
            "unit": unit,
            "start": (ends - length) / clock,
            "stop": ends / clock,
            "event": (last & (rng.random(len(unit)) < 0.7)).astype(int),
            "x": x,
            "z": rng.integers(0, 2, len(unit)),
            "group": rng.choice(["a", "b"], n)[unit],
            "weight": rng.integers(1, 9, len(unit)) / 4,
            "copies": rng.integers(0, 3, len(unit)),
        }
    )


def cut(table, function):
    """Cut the rows at all event times, and write the product as a column."""
    times = table.loc[table["event"] == 1, "stop"].unique()
    parts = split_at(table.reset_index(names="row"), times, outcomes="event")
    with np.errstate(over="ignore"):
        parts["product"] = parts["x"] * FUNCTIONS[function](parts["stop"])
    return parts


@settings(max_examples=25, deadline=None)
@given(
    panels(),
    st.sampled_from(["log", "log1p", "log2", "log10", "sqrt", "square"]),
    st.sampled_from(["efron", "breslow"]),
    st.sampled_from([None, "group"]),
    st.sampled_from([None, "weight"]),
    st.sampled_from([None, "copies"]),
)
def test_as_rows_that_are_cut_at_all_events(table, function, ties, strata, weights, frequency):
    options = {"ties": ties, "strata": strata, "weights": weights, "frequency": frequency}
    options |= {"cluster": "unit"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        fit = cox(f"event ~ z + tt(x, {function}) + x", table, **options)
        other = cox("event ~ z + product + x", cut(table, function), **options)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, other.standard_errors, rtol=1e-8)
    np.testing.assert_allclose(fit.naive_standard_errors, other.naive_standard_errors, rtol=1e-8)
    assert fit.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-10)
    assert fit.score_test.statistic == pytest.approx(other.score_test.statistic, rel=1e-8)
    assert fit.concordance == pytest.approx(other.concordance, rel=1e-12)
    assert fit.concordance_std_error == pytest.approx(other.concordance_std_error, rel=1e-8)
    for kind in ("martingale", "deviance", "score", "dfbeta"):
        one, two = (f.residuals(kind, collapse="unit") for f in (fit, other))
        np.testing.assert_allclose(one, two, atol=1e-7)
    for kind in ("schoenfeld", "scaled_schoenfeld"):
        one, two = fit.residuals(kind), other.residuals(kind)
        assert one.index.get_level_values("time").equals(two.index.get_level_values("time"))
        np.testing.assert_allclose(one.sum(), two.sum(), atol=1e-6)
    hazards = other.baseline_cumulative_hazard.merge(
        fit.baseline_cumulative_hazard, on=["stratum", "time"], suffixes=("", "_fit")
    )
    assert len(hazards) == len(fit.baseline_cumulative_hazard)
    np.testing.assert_allclose(hazards["hazard"], hazards["hazard_fit"], rtol=1e-7)


def test_residuals_are_those_of_the_data_s_rows(reference_data):
    years = reference_data("years").set_index("firm", append=True)
    fit = cox("failure ~ size + tt(size, log)", years)
    parts = cut(
        years.reset_index(drop=True).rename(columns={"failure": "event", "size": "x"}), "log"
    )
    other = cox("event ~ x + product", parts)
    by_row = other.residuals("martingale").groupby(parts["row"].to_numpy()).sum()
    found = fit.residuals("martingale")
    assert found.index.equals(years.index)
    np.testing.assert_allclose(found, by_row, atol=1e-9)
    events = fit.residuals("schoenfeld")
    assert len(events) == years["failure"].sum()
    assert fit.n_rows == len(years)


def test_broken_weights_take_each_row_of_the_data_as_one(reference_data):
    years = reference_data("years").rename(columns={"failure": "event", "size": "x"})
    fit = cox("event ~ x + tt(x, sqrt)", years, weights="wt_real")
    other = cox("event ~ x + product", cut(years, "sqrt"), weights="wt_real", cluster="row")
    np.testing.assert_allclose(fit.standard_errors, other.standard_errors, rtol=1e-8)


@pytest.mark.parametrize("option", [{"firth": True}, {"ridge": 3.0}])
def test_with_a_penalty(reference_data, option):
    years = reference_data("years").rename(columns={"failure": "event", "size": "x"})
    fit = cox("event ~ x + tt(x, log)", years, **option)
    other = cox("event ~ x + product", cut(years, "log"), **option)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, other.standard_errors, rtol=1e-8)


def test_the_strength_of_a_ridge_by_folds_of_units(reference_data):
    years = reference_data("years").rename(columns={"failure": "event", "size": "x"})
    years["fold"] = pd.factorize(years["firm"])[0] % 3
    given = {"strengths": [1, 10], "folds": "fold", "unit": "firm"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        found = choose_ridge("event ~ x + tt(x, log)", years, **given)
        other = choose_ridge("event ~ x + product", cut(years, "log"), **given)
    np.testing.assert_allclose(found.curve, other.curve, rtol=1e-9)


def test_a_level_without_an_event(reference_data):
    years = reference_data("years").rename(columns={"failure": "event", "size": "x"})
    years.loc[years["region"] == "VLG", "event"] = 0
    with pytest.warns(BelbiotechWarning, match="no event with region = VLG"):
        fit = cox("event ~ x + region + tt(x, log)", years)
    with pytest.warns(BelbiotechWarning, match="no event with region = VLG"):
        other = cox("event ~ x + region + product", cut(years, "log"))
    assert list(fit.params.index) == ["x", "region[T.VLG]", "region[T.WAL]", "tt(x, log)"]
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-8)
    assert fit.n_rows == len(years)


def test_the_effect_is_tested_against_the_model_without_it(reference_data):
    years = reference_data("years")
    without = cox("failure ~ size + alliances", years)
    fit = cox("failure ~ size + alliances + tt(size, log)", years)
    test = fit.compare(without)
    assert test.df == 1
    assert test.statistic == pytest.approx(
        2 * (fit.log_likelihood - without.log_likelihood), rel=1e-12
    )
    assert fit.anova().loc["tt(size, log)", "statistic"] == pytest.approx(test.statistic)
    both = cox("failure ~ size + alliances + tt(size, log) + tt(alliances)", years)
    assert both.compare(fit).df == 1
    with pytest.raises(FitError, match=r"tt\(size, log\).*other values"):
        cox("failure ~ size + tt(size, log) + alliances", years.assign(size=years["size"] * 2)
            ).compare(cox("failure ~ tt(size, log)", years))  # fmt: skip


@pytest.mark.parametrize("index", [None, "firm"])
def test_any_order_of_rows(reference_data, index):
    years = reference_data("years")
    mixed = years.sample(frac=1, random_state=1)
    mixed = mixed if index is None else mixed.set_index(index, drop=False)
    one = cox("failure ~ size + tt(size, log)", years, cluster="firm")
    two = cox("failure ~ size + tt(size, log)", mixed, cluster="firm")
    pd.testing.assert_frame_equal(one.summary, two.summary, rtol=1e-9)


def test_truth_values_are_numbers_and_expressions_are_computed(reference_data):
    years = reference_data("years")
    years["late"] = years["era"] == "late"
    fit = cox("failure ~ late + tt(late, log) + tt(I(size * alliances), sqrt)", years)
    other = cox(
        "failure ~ late + tt(late, np.log) + tt(both, sqrt)",
        years.assign(late=years["late"].astype(int), both=years["size"] * years["alliances"]),
    )
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-10)


FORMULAS = {
    "failure ~ tt(segment, log)": r"tt\(segment, log\) needs numbers.*levels such as 'agro'.*0/1",
    "failure ~ tt(C(year))": "a factor stands by itself",
    "failure ~ log(tt(size))": r"tt\(\) inside a function or a product",
    "failure ~ I(size * tt(size))": r"tt\(\) inside a function or a product",
    "failure ~ tt(tt(size))": r"tt\(\) inside a function",
    "failure ~ tt(size, log):alliances": r"in a product.*tt\(a \* b, log\)",
    "failure ~ tt(size, lgo)": r"'lgo' as its function of time.*'?log",
    "failure ~ tt(size, lambda t: t)": "as its function of time.*split_at",
    "failure ~ tt(size, 'log')": "as its function of time",
    "failure ~ tt(size, log(t))": "as its function of time",
    "failure ~ tt(size, log, sqrt)": r"write tt\(x\) for x times t",
    "failure ~ tt()": r"write tt\(x\) for x times t",
    "failure ~ tt(size, f=log)": r"write tt\(x\) for x times t",
    "failure ~ tt(center(size))": r"center\(\) inside tt\(\)",
    "failure ~ tt(ns(size, df=3))": r"ns\(\) inside a function",
    "failure ~ tt(sise, log)": "sise.*size",
    "failure ~ size + tt(log(alliances), log)": r"infinite where alliances = 0",
}


@pytest.mark.parametrize(("formula", "words"), FORMULAS.items())
def test_formulas_that_are_refused(reference_data, formula, words):
    with pytest.raises(FormulaError, match=words):
        cox(formula, reference_data("years"))


@pytest.mark.parametrize(
    ("function", "shift", "words"),
    [
        ("log", -3, r"log\(t\) is .* at the event time -?\d.*tt\(x, log1p\)"),
        ("sqrt", -5, r"sqrt\(t\) is nan at the event time -"),
        ("exp", 800, r"exp\(t\) is inf at the event time 8\d\d; write tt\(x, sqrt\)"),
    ],
)
def test_functions_that_are_not_defined_at_an_event(reference_data, function, shift, words):
    years = reference_data("years")
    years[["start", "stop"]] += shift
    with pytest.raises(FormulaError, match=words):
        cox(f"failure ~ size + tt(size, {function})", years)


def test_products_that_are_infinite(reference_data):
    years = reference_data("years")
    years["size"] *= 1e90
    with pytest.raises(FormulaError, match=r"tt\(size, exp\) is infinite; rescale"):
        cox(
            "failure ~ tt(size, exp)",
            years.assign(start=years["start"] + 600, stop=years.stop + 600),
        )


def test_two_coefficients_of_one_name(reference_data):
    years = reference_data("years").rename(columns={"alliances": "tt(size)"})
    with pytest.raises(FormulaError, match=r"two coefficients would be called tt\(size\)"):
        cox("failure ~ `tt(size)` + tt(size)", years)


def test_more_pieces_than_fit(reference_data, monkeypatch):
    monkeypatch.setattr(interval_sums, "MOST_PIECES", 100)
    with pytest.raises(FitError, match=r"tt\(\) needs the covariates.*100 are the most.*split_at"):
        cox("failure ~ tt(size, log)", reference_data("years"))


def test_no_events_at_all(reference_data):
    with pytest.raises(FitError, match="never happens"):
        cox("failure ~ tt(size, log)", reference_data("years").assign(failure=0))


def test_what_such_a_fit_does_not_give(reference_data):
    years = reference_data("years")
    fit = cox("failure ~ size + tt(size, log)", years)
    asked = [
        lambda: fit.predict("lp"),
        lambda: fit.predict("survival", years),
        lambda: fit.predict_survival(years.head(1)),
        lambda: fit.predict_cumulative_hazard(years.head(1)),
        lambda: standardised_survival(fit, years, "size", [0, 1]),
    ]
    for ask in asked:
        with pytest.raises(FitError, match=r"no prediction with tt\(size, log\).*split_at"):
            ask()
    for ask in (fit.test_proportional_hazards, fit.plot_proportional_hazards):
        with pytest.raises(FitError, match=r"has tt\(size, log\) already"):
            ask()
    with pytest.raises(FitError, match=r"frailty does not go with tt\(size, log\).*split_at"):
        cox("failure ~ size + tt(size, log)", years, frailty="firm")


@pytest.mark.parametrize(
    "fit",
    [
        discrete_hazard,
        aft,
        lambda formula, data: piecewise_exponential(formula, data, [3]),
        lambda formula, data: fine_gray(formula, data, "acquisition", unit="firm"),
        lambda formula, data: cox_causes(formula.partition("~")[2], data, FATES),
    ],
)
def test_other_models_refuse_it(reference_data, fit):
    with pytest.raises(FormulaError, match=r"terms of cox\(\) alone.*x:log\(stop\)"):
        fit("failure ~ size + tt(size, log)", reference_data("years"))
