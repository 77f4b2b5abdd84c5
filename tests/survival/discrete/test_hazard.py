import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import belbiotech
from belbiotech.errors import BelbiotechWarning, FitError, PanelError

COVARIATES = "alliances + C(segment) + size"
FORMULA = f"failure ~ {COVARIATES}"
NAMES = ["alliances", "C(segment)[T.medtech]", "C(segment)[T.therapeutics]", "size"]


def quietly(*args, **options):
    """Fit where periods without events are known of."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no .* in the periods that start", BelbiotechWarning)
        return belbiotech.discrete_hazard(*args, **options)


@pytest.fixture
def years(reference_data):
    return reference_data("years")


def row_level(years, baseline, link, weights=None, steps=200):
    """Fit statsmodels' GLM to the rows themselves, iterated until nothing moves."""
    import statsmodels.api as sm
    from statsmodels.genmod.families import links

    x = np.column_stack(
        [
            years["alliances"],
            years["segment"] == "medtech",
            years["segment"] == "therapeutics",
            years["size"],
        ]
    ).astype(float)
    if baseline == "log":
        time = np.column_stack([np.ones(len(years)), np.log(years["stop"])])
    else:
        time = pd.get_dummies(years["start"]).to_numpy(dtype=float)
    family = sm.families.Binomial(links.CLogLog() if link == "cloglog" else links.Logit())
    model = sm.GLM(years["failure"], np.hstack([x, time]), family, freq_weights=weights)
    fit = model.fit(tol=1e-12, tol_criterion="params", maxiter=steps)
    return model.fit(start_params=fit.params, tol=0, maxiter=3, tol_criterion="params")


def with_events(years):
    """Keep the rows of periods in which somebody failed."""
    return years[years.groupby("start")["failure"].transform("max") == 1]


@pytest.mark.parametrize("link", ["cloglog", "logit"])
@pytest.mark.parametrize("baseline", ["dummies", "log"])
def test_counted_rows_give_the_same_as_all_rows(years, baseline, link):
    rows = years if baseline == "log" else with_events(years)
    expected = row_level(rows, baseline, link)
    result = quietly(FORMULA, years, link=link, baseline=baseline)
    np.testing.assert_allclose(result.params, expected.params, rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors, expected.bse, rtol=1e-8)
    assert result.log_likelihood == pytest.approx(expected.llf, rel=1e-12)


def test_clusters_are_those_of_the_rows_sandwich(years):
    expected = row_level(years, "log", "logit")
    # For the logit the observed and the expected information are the same.
    robust = expected.model.fit(
        start_params=expected.params,
        maxiter=0,
        cov_type="cluster",
        cov_kwds={"groups": pd.factorize(years["firm"])[0], "use_correction": False},
    )
    result = belbiotech.discrete_hazard(
        FORMULA, years, link="logit", baseline="log", cluster="firm"
    )
    np.testing.assert_allclose(result.standard_errors, robust.bse, rtol=1e-8)
    np.testing.assert_allclose(result.naive_standard_errors, expected.bse, rtol=1e-8)
    assert result.n_clusters == years["firm"].nunique()


def test_two_clusters_are_the_sum_less_their_pairs(years):
    def variance(cluster, data=years):
        return belbiotech.discrete_hazard(FORMULA, data, baseline="log", cluster=cluster).variance

    pair = years.assign(pair=years["firm"] + years["year"].astype(str))
    expected = variance("firm") + variance("year") - variance("pair", pair)
    pd.testing.assert_frame_equal(variance(["firm", "year"]), expected, rtol=1e-9)


def test_the_likelihood_is_bernoullis_of_the_predicted_hazards(years):
    result = belbiotech.discrete_hazard(FORMULA, years, baseline="spline")
    hazard = result.predict_hazard(years.assign(id=years.index))["estimate"].to_numpy()
    failed = years["failure"].to_numpy()
    log_likelihood = np.log(np.where(failed == 1, hazard, 1 - hazard)).sum()
    assert result.log_likelihood == pytest.approx(log_likelihood, rel=1e-12)


def test_periods_without_an_event_are_told_and_cost_nothing(years):
    with pytest.warns(BelbiotechWarning, match=r"no failure in the periods that start at 16, 19"):
        result = belbiotech.discrete_hazard(FORMULA, years)
    alone = belbiotech.discrete_hazard(FORMULA, with_events(years))
    pd.testing.assert_series_equal(result.params, alone.params, rtol=1e-10)
    assert result.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-13)
    assert set(result.baseline.certain.values()) == {0.0}
    assert result.n_rows == len(years)
    assert "more periods, from 16, 19" in repr(result)
    table = result.baseline_hazard.set_index("start")
    assert table.loc[16, "hazard"] == 0
    assert np.isnan(table.loc[16, "std_error"])
    # R's glm and statsmodels run their coefficients down to about -25 instead, to the same end.
    diverged = row_level(years, "dummies", "cloglog", steps=25)
    np.testing.assert_allclose(result.params[NAMES], diverged.params[:4], rtol=1e-6)
    assert result.aic == pytest.approx(-2 * diverged.llf + 2 * len(diverged.params), rel=1e-9)


def test_a_period_that_nobody_survives_is_told(years):
    last = years["start"] == years["start"].max()
    doomed = years.assign(failure=np.where(last, 1, years["failure"]))
    with pytest.warns(BelbiotechWarning) as told:
        result = belbiotech.discrete_hazard(FORMULA, doomed)
    assert any(
        "nothing but failure in the periods that start at 31" in str(w.message) for w in told
    )
    path = doomed[last].head(1)
    assert result.predict_survival(path)["estimate"].tolist() == [0.0]


def test_nobody_lives_on_after_a_period_that_nobody_survives():
    rows = pd.DataFrame({"start": [0] * 8 + [1] * 4 + [2] * 8, "size": [0.0, 1, 2, 3] * 5})
    rows["stop"] = rows["start"] + 1
    rows["failure"] = [1, 0, 0, 1, 0, 1, 0, 0] + [1] * 4 + [0, 0, 1, 0, 1, 0, 0, 1]
    with pytest.warns(BelbiotechWarning):
        result = belbiotech.discrete_hazard("failure ~ size", rows)
    table = result.predict_survival(pd.DataFrame({"start": [0], "stop": [3], "size": [1.0]}))
    assert 0 < table["estimate"][0] < 1
    assert table["estimate"].tolist()[1:] == [0, 0]
    assert table["std_error"].tolist()[1:] == [0, 0]


def test_long_rows_stand_for_one_row_a_period(reference_data):
    spells = reference_data("fixed_years")
    length = spells["stop"] - spells["start"]
    years = spells.loc[spells.index.repeat(length)].reset_index(drop=True)
    years["start"] += years.groupby("firm").cumcount()
    years["stop"] = years["start"] + 1
    years["failure"] *= ~years.duplicated("firm", keep="last")
    formula = "failure ~ university + capital"
    one, other = (
        belbiotech.discrete_hazard(formula, data, baseline="log", cluster="firm")
        for data in (spells, years)
    )
    pd.testing.assert_series_equal(one.params, other.params, rtol=1e-10)
    pd.testing.assert_frame_equal(one.variance, other.variance, rtol=1e-9)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)
    assert one.n_periods == other.n_periods == len(years)
    assert one.n_rows == len(spells)
    assert f"{len(years):,d} periods" in repr(one)


def test_a_weight_of_three_is_three_rows(years):
    weighted = quietly(FORMULA, years, weights="wt_int")
    copies = years.loc[years.index.repeat(years["wt_int"])]
    copied = quietly(FORMULA, copies)
    pd.testing.assert_series_equal(weighted.params, copied.params, rtol=1e-9)
    pd.testing.assert_frame_equal(weighted.variance, copied.variance, rtol=1e-9)
    assert weighted.log_likelihood == pytest.approx(copied.log_likelihood, rel=1e-12)


def test_real_weights_are_those_of_the_rows(years):
    expected = row_level(years, "log", "cloglog", years["wt_real"].to_numpy())
    result = belbiotech.discrete_hazard(FORMULA, years, baseline="log", weights="wt_real")
    np.testing.assert_allclose(result.params, expected.params, rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors, expected.bse, rtol=1e-8)


@settings(
    deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(shift=st.integers(0, 40), seed=st.integers(0, 10**6))
def test_order_of_rows_and_origin_of_time_change_nothing(years, shift, seed):
    moved = years.sample(frac=1, random_state=seed)
    moved = moved.assign(start=moved["start"] + shift, stop=moved["stop"] + shift)
    one, other = quietly(FORMULA, years, cluster="firm"), quietly(FORMULA, moved, cluster="firm")
    np.testing.assert_allclose(one.params, other.params, rtol=1e-9)
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-9)


def test_units_of_a_covariate_change_its_coefficient_only(years):
    one = belbiotech.discrete_hazard("failure ~ size", years, baseline="log")
    euro = years.assign(size=years["size"] * 1e8 + 2e9)
    other = belbiotech.discrete_hazard("failure ~ size", euro, baseline="log")
    assert other.params["size"] * 1e8 == pytest.approx(one.params["size"], rel=1e-9)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-12)


def test_cloglog_estimates_the_cox_models_hazard_ratios():
    # A known hazard, times seen in years only: both must find the coefficient, and each other.
    random = np.random.default_rng(11)
    n = 6000
    x = random.normal(size=n)
    years = np.ceil(random.exponential(1 / (0.1 * np.exp(0.5 * x))))
    data = pd.DataFrame({"start": 0, "stop": np.minimum(years, 10), "x": x})
    data["failure"] = (years <= 10).astype(int)
    result = belbiotech.discrete_hazard("failure ~ x", data)
    assert abs(result.params["x"] - 0.5) < 3 * result.standard_errors["x"]
    cox = belbiotech.cox("failure ~ x", data)
    assert result.params["x"] == pytest.approx(cox.params["x"], abs=0.02)
    odds = belbiotech.discrete_hazard("failure ~ x", data, link="logit")
    assert odds.params["x"] > result.params["x"]


def test_without_covariates_the_hazards_are_the_shares(years):
    result = quietly("failure ~ 1", years)
    table = result.baseline_hazard
    np.testing.assert_allclose(table["hazard"], table["events"] / table["at_risk"], rtol=1e-9)
    assert result.log_likelihood == result.log_likelihood_null
    assert "(no covariates)" in repr(result)


def test_likelihood_ratio_and_wald_tests(years):
    result = belbiotech.discrete_hazard(FORMULA, years, baseline="log")
    alone = belbiotech.discrete_hazard("failure ~ 1", years, baseline="log")
    test = result.likelihood_ratio_test
    assert test.statistic == pytest.approx(2 * (result.log_likelihood - alone.log_likelihood))
    assert test.df == result.wald_test.df == 4
    assert result.wald_test.statistic == pytest.approx(test.statistic, rel=0.2)


# ---- predictions ------------------------------------------------------------------------------


def numeric_errors(result, ask):
    """Delta method with derivatives by differences."""
    beta = result.params.to_numpy()
    columns = []
    for j in range(len(beta)):
        step = np.zeros(len(beta))
        step[j] = 1e-5
        above, below = (
            ask(replace(result, fit=replace(result.fit, params=pd.Series(b, result.params.index))))
            for b in (beta + step, beta - step)
        )
        columns.append((above - below) / 2e-5)
    slopes = np.column_stack(columns)
    return np.sqrt(np.einsum("ij,jk,ik->i", slopes, result.variance.to_numpy(), slopes))


@pytest.mark.parametrize("link", ["cloglog", "logit"])
@pytest.mark.parametrize("baseline", ["dummies", "spline", "log"])
def test_survival_is_the_product_of_the_hazards_with_delta_errors(years, link, baseline):
    result = quietly(FORMULA, years, link=link, baseline=baseline, cluster="firm")
    paths = years[years["firm"].isin(["f002", "f005"])].assign(id=lambda t: t["firm"])
    hazard, survival = result.predict_hazard(paths), result.predict_survival(paths)
    product = (1 - hazard["estimate"]).groupby(hazard["id"]).cumprod()
    np.testing.assert_allclose(survival["estimate"], product, rtol=1e-12)
    assert survival["time"].tolist() == paths.sort_values(["id", "start"])["stop"].tolist()
    for predict in ("predict_hazard", "predict_survival"):
        table = getattr(result, predict)(paths)
        numeric = numeric_errors(result, lambda r, p=predict: getattr(r, p)(paths)["estimate"])
        np.testing.assert_allclose(table["std_error"].fillna(0), numeric, rtol=1e-5, atol=1e-12)
        known = table["std_error"].notna()
        assert (table["lower"] <= table["estimate"])[known].all()
        assert (table["upper"] >= table["estimate"])[known].all()


def test_a_long_path_is_cut_into_periods(years):
    result = belbiotech.discrete_hazard("failure ~ size", years, baseline="log")
    long = pd.DataFrame({"start": [0], "stop": [40], "size": [0.5]})
    cut = pd.DataFrame({"start": range(40), "stop": range(1, 41), "size": 0.5})
    pd.testing.assert_frame_equal(result.predict_survival(long), result.predict_survival(cut))


def test_paths_that_cannot_be_predicted(years):
    result = quietly(FORMULA, years)
    path = years[years["firm"] == "f002"]
    with pytest.raises(PanelError, match="gap"):
        result.predict_survival(path.drop(index=path.index[3]))
    with pytest.raises(FitError, match=r"periods that start at 40.*baseline='log'"):
        result.predict_survival(path.tail(1).assign(start=40, stop=41))
    with pytest.raises(PanelError, match="whole"):
        result.predict_survival(path.head(1).assign(stop=path["stop"].iloc[0] + 0.5))
    with pytest.raises(FitError, match="conf_level"):
        result.predict_survival(path, conf_level=95)
    bent = quietly("failure ~ bs(size, df=4)", years)
    with pytest.raises(PanelError, match=r"'size' is 99 in row .*, outside the fitted range"):
        bent.predict_hazard(path.assign(size=99.0))


def test_a_result_offers_what_a_user_wants_and_holds_the_rest_in_its_fit(years):
    result = belbiotech.discrete_hazard("failure ~ size", years, baseline="log", cluster="firm")
    offered = {name for name in dir(result) if not name.startswith("_")}
    assert not offered & {"rows", "matrix", "formula", "groups", "cluster"}
    assert {"params", "summary", "baseline", "link", "predict_survival", "plot"} <= offered
    assert result.params is result.fit.params
    assert result.n_clusters == years["firm"].nunique()


# ---- bad input --------------------------------------------------------------------------------


@pytest.fixture
def separated(reference_data):
    return reference_data("separation")


@pytest.mark.parametrize("link", ["cloglog", "logit"])
@pytest.mark.parametrize("baseline", ["dummies", "log"])
def test_separation_names_covariate_and_rows(separated, link, baseline):
    rows = int((separated["spinoff"] == 1).sum())
    with pytest.raises(FitError, match=rf"no failure among the {rows} rows with spinoff = 1"):
        quietly("failure ~ spinoff + size", separated, link=link, baseline=baseline)


def test_separation_by_a_combination_names_all_of_it(separated):
    with pytest.raises(FitError, match="'spinoff' and 'spinoff:size'"):
        quietly("failure ~ spinoff * size", separated, baseline="log")


def test_a_group_in_which_all_fail_is_separation_too(years):
    doomed = years.assign(z=((years["failure"] == 1) & (years.index % 7 == 0)).astype(int))
    rows = int(doomed["z"].sum())
    with pytest.raises(FitError, match=f"failure in all of the {rows} rows with z = 1"):
        belbiotech.discrete_hazard("failure ~ z + size", doomed, baseline="log")


def bad(**columns):
    return lambda years: years.assign(**columns)


@pytest.mark.parametrize(
    ("formula", "change", "options", "error", "words"),
    [
        ("failure ~ size", bad(), {"link": "probit"}, FitError, "did you mean 'logit'"),
        ("failure ~ size", bad(), {"baseline": "dummy"}, FitError, "did you mean 'dummies'"),
        ("failure ~ size", bad(failure=0), {}, FitError, "no row has the outcome 'failure'"),
        ("failure ~ size", bad(failure=2), {}, PanelError, "must be 0 or 1"),
        ("failure ~ size + one", bad(one=3), {}, FitError, "'one' is constant"),
        ("failure ~ size + start", bad(), {}, FitError, "'start' is a function of 'start' alone"),
        (
            "failure ~ size + start",
            bad(),
            {"baseline": "spline"},
            FitError,
            "'start' is a function of 'start' alone",
        ),
        (
            "failure ~ size + twice",
            lambda t: t.assign(twice=2 * t["size"]),
            {},
            FitError,
            "'twice' is collinear with 'size'",
        ),
        ("failure ~ size", lambda t: t.assign(stop=t["stop"] + 0.5), {}, PanelError, "whole"),
        ("failure ~ size", lambda t: t.assign(stop=t["start"]), {}, PanelError, "must be after"),
        ("failure ~ size", bad(size=np.nan), {}, PanelError, "'size' has missing values"),
        ("failure ~ sizes", bad(), {}, belbiotech.BelbiotechError, "did you mean 'size'"),
        ("failure ~ size", bad(w=-1), {"weights": "w"}, PanelError, "'w' is negative"),
        (
            "failure ~ size",
            lambda t: pd.concat([t, t.head(2)]),
            {"unit": "firm"},
            PanelError,
            "'firm' overlap",
        ),
        ("failure ~ size", bad(), {"cluster": ["a", "b", "c"]}, FitError, "one column or two"),
        ("failure ~ size", bad(failure=1), {}, FitError, "every period"),
    ],
)
@pytest.mark.filterwarnings("ignore:.* in the periods that start")
def test_bad_input_is_named(years, formula, change, options, error, words):
    with pytest.raises(error, match=words):
        belbiotech.discrete_hazard(formula, change(years), **options)


def test_few_events_are_told_with_their_number(years):
    few = years.assign(failure=years["failure"] * (years.index % 4 == 0))
    events = int(few["failure"].sum())
    with pytest.warns(BelbiotechWarning, match=f"{events} events of 'failure' for 4 coefficients"):
        result = belbiotech.discrete_hazard(FORMULA, few, baseline="log")
    assert result.events_per_parameter == pytest.approx(events / 4)


# ---- what a person sees -----------------------------------------------------------------------


def test_tables_name_the_ratio(years):
    hazard = belbiotech.discrete_hazard(FORMULA, years, baseline="log", cluster="firm")
    odds = belbiotech.discrete_hazard(FORMULA, years, baseline="log", link="logit")
    assert list(hazard.summary.index) == NAMES
    np.testing.assert_allclose(hazard.summary["hazard ratio"], np.exp(hazard.params[NAMES]))
    assert "odds ratio" in odds.summary
    wide = hazard.summary_at(0.99)
    assert (wide["hazard ratio upper 99%"] > hazard.summary["hazard ratio upper 95%"]).all()
    for text in (repr(hazard), hazard.to_markdown(), hazard.to_latex(), hazard._repr_html_()):
        assert "2,619 rows, 97 events" in text
        assert "300 clusters" in text
        assert "alliances" in text


def test_plot_has_a_line_for_each_covariate(years):
    figure = belbiotech.discrete_hazard(FORMULA, years, baseline="log").plot()
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [
        "alliances",
        "Segment: agro (reference)",
        "Segment: medtech",
        "Segment: Therapeutics",
        "size",
    ]


def test_overlaps_may_be_allowed(years):
    twice = pd.concat([years, years.head(50)], ignore_index=True)
    result = quietly("failure ~ size", twice, cluster="firm", overlap="allow")
    assert result.n_rows == len(years) + 50
    with pytest.raises(FitError, match="overlap must be"):
        belbiotech.discrete_hazard("failure ~ size", twice, overlap="yes")


def test_the_text_tells_what_aic_counts(years):
    result = quietly("failure ~ size", years)
    k = len(result.baseline.certain)
    assert k > 0
    assert f"counts {len(result.params)} coefficients and {k} certain periods" in repr(result)
    assert result.aic == -2 * result.log_likelihood + 2 * (len(result.params) + k)


def test_a_term_that_looks_at_all_rows_sees_all_rows():
    """The mean of x is that of the rows, not of the distinct ones."""
    rows = pd.DataFrame({"start": 0, "stop": 1, "failure": [0, 1] * 15, "x": [0.0, 0, 1] * 10})
    by_hand = rows.assign(centred=rows["x"] - rows["x"].mean())
    options = {"baseline": "dummies"}
    known = belbiotech.discrete_hazard("failure ~ centred", by_hand, **options)
    found = belbiotech.discrete_hazard("failure ~ center(x)", rows, **options)
    assert found.params.to_numpy() == pytest.approx(known.params.to_numpy(), rel=1e-8)
