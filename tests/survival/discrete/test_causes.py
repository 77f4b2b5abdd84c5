from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech.errors import BelbiotechWarning, FitError, PanelError
from belbiotech.survival.discrete.multinomial import fate_probabilities

RIGHT = "alliances + C(segment) + size"
FATES = ["failure", "acquisition"]
QUIET = pytest.mark.filterwarnings("ignore:no .* in the periods that start")


@pytest.fixture
def years(reference_data):
    return reference_data("years")


def row_level(years, fates=FATES, times="log", **options):
    """Fit statsmodels' MNLogit to the rows themselves."""
    import statsmodels.api as sm

    fate = sum((k * years[name] for k, name in enumerate(fates, start=1)), start=0)
    time = [np.ones(len(years)), np.log(years["stop"])]
    if times == "dummies":
        time = list((years["start"].to_numpy()[:, None] == np.unique(years["start"])).T)
    medtech, therapeutics = (years["segment"] == name for name in ("medtech", "therapeutics"))
    x = [years["alliances"], medtech, therapeutics, years["size"], *time]
    model = sm.MNLogit(fate.to_numpy(), np.column_stack(x).astype(float))
    return model.fit(method="newton", tol=1e-13, maxiter=100, disp=0, **options)


def test_counted_rows_give_the_same_as_statsmodels_on_all_rows(years):
    expected = row_level(years)
    result = belbiotech.discrete_hazard_causes(RIGHT, years, FATES, baseline="log")
    np.testing.assert_allclose(result.params, expected.params.T.ravel(), rtol=1e-9)
    np.testing.assert_allclose(result.standard_errors, expected.bse.T.ravel(), rtol=1e-9)
    assert result.log_likelihood == pytest.approx(expected.llf, rel=1e-12)
    assert result.aic == pytest.approx(expected.aic, rel=1e-12)


def test_clusters_are_those_of_statsmodels_without_correction(years):
    groups = pd.factorize(years["firm"])[0]
    options = {"cov_type": "cluster", "cov_kwds": {"groups": groups, "use_correction": False}}
    expected = row_level(years, **options)
    result = belbiotech.discrete_hazard_causes(RIGHT, years, FATES, baseline="log", cluster="firm")
    np.testing.assert_allclose(result.standard_errors, expected.bse.T.ravel(), rtol=1e-9)
    assert result.n_clusters == 300


def test_three_fates(years):
    fates = [*FATES, "round"]
    free = (years[FATES].sum(axis=1) == 0).astype(int)
    data = years.assign(round=years["round"] * free)
    expected = row_level(data, fates)
    result = belbiotech.discrete_hazard_causes(RIGHT, data, fates, baseline="log")
    np.testing.assert_allclose(result.params, expected.params.T.ravel(), rtol=1e-8)
    tests = result.test_equal_effects()
    assert tests.loc["size", "df"] == 2
    assert tests.loc["OVERALL", "df"] == 8


def test_periods_without_some_fate_end_where_statsmodels_runs_away(years):
    with pytest.warns(BelbiotechWarning) as told:
        result = belbiotech.discrete_hazard_causes(RIGHT, years, FATES)
    assert "no failure in the periods that start at 16, 19" in str(told[0].message)
    assert "no acquisition in the periods that start at 2, 11" in str(told[1].message)
    # Only coefficients of periods without a fate run away there; the likelihood ends the same.
    import statsmodels.tools.sm_exceptions as statsmodels_warnings

    kept = years[years["start"] <= 15]
    with pytest.warns(statsmodels_warnings.ConvergenceWarning):
        diverged = row_level(kept, times="dummies", skip_hessian=True)
    with pytest.warns(BelbiotechWarning, match="no acquisition"):
        same = belbiotech.discrete_hazard_causes(RIGHT, kept, FATES)
    assert same.log_likelihood == pytest.approx(diverged.llf, rel=1e-9)
    covariates = same.params[[name in same.covariates for _, name in same.params.index]]
    np.testing.assert_allclose(covariates, diverged.params[:4].T.ravel(), rtol=1e-6)
    assert ("acquisition", "C(start)[2]") not in result.params.index
    assert ("failure", "C(start)[2]") in result.params.index


def test_one_fate_is_the_logit(years):
    both = belbiotech.discrete_hazard_causes(
        RIGHT, years.assign(never=years["acquisition"]), FATES, baseline="log"
    )
    alone = belbiotech.discrete_hazard(
        f"failure ~ {RIGHT}", years[years["acquisition"] == 0], baseline="log", link="logit"
    )
    # Begg and Gray: fitting each fate alone, against nothing, is nearly the same.
    np.testing.assert_allclose(
        both.params["failure"], alone.params, atol=3 * alone.standard_errors.max() / 10
    )


def test_a_weight_of_three_is_three_rows(years):
    weighted = belbiotech.discrete_hazard_causes(
        RIGHT, years, FATES, baseline="log", weights="wt_int"
    )
    copies = years.loc[years.index.repeat(years["wt_int"])]
    copied = belbiotech.discrete_hazard_causes(RIGHT, copies, FATES, baseline="log")
    pd.testing.assert_series_equal(weighted.params, copied.params, rtol=1e-9)
    pd.testing.assert_frame_equal(weighted.variance, copied.variance, rtol=1e-9)


@QUIET
@pytest.mark.parametrize("baseline", ["dummies", "log"])
def test_incidences_and_survival_add_up_to_one_with_delta_errors(years, baseline):
    result = belbiotech.discrete_hazard_causes(
        RIGHT, years, FATES, baseline=baseline, cluster="firm"
    )
    paths = years[years["firm"].isin(["f002", "f005"])].assign(id=lambda t: t["firm"])
    table = result.predict_incidence(paths)
    wide = table.pivot_table("estimate", index=["id", "time"], columns="outcome")
    hazard = wide.groupby("id").diff().fillna(wide).sum(axis=1)
    left = 1 - wide.sum(axis=1)
    before = (left.groupby("id").shift().fillna(1)).to_numpy()
    np.testing.assert_allclose(left, before - hazard, rtol=1e-12)
    beta = result.params.to_numpy()
    columns = []
    for j in range(len(beta)):
        step = np.eye(len(beta))[j] * 1e-5
        above, below = (
            replace(
                result, fit=replace(result.fit, params=pd.Series(b, result.params.index))
            ).predict_incidence(paths)
            for b in (beta + step, beta - step)
        )
        columns.append((above["estimate"] - below["estimate"]) / 2e-5)
    slopes = np.column_stack(columns)
    numeric = np.sqrt(np.einsum("ij,jk,ik->i", slopes, result.variance.to_numpy(), slopes))
    np.testing.assert_allclose(table["std_error"], numeric, rtol=1e-5, atol=1e-12)


@QUIET
def test_a_fate_without_events_in_a_period_adds_nothing_there(years):
    result = belbiotech.discrete_hazard_causes("size", years, FATES)
    path = pd.DataFrame({"start": [0], "stop": [18], "size": 0.2})
    incidence = result.predict_incidence(path).set_index(["outcome", "time"])["estimate"]
    assert incidence["acquisition", 3] == incidence["acquisition", 2]
    assert incidence["failure", 17] == incidence["failure", 16]
    assert incidence["failure", 3] > incidence["failure", 2]


@QUIET
def test_a_period_that_nobody_survives_is_certain(years):
    last = years["start"] == years["start"].max()
    doomed = years.assign(failure=np.where(last, 1, years["failure"]))
    result = belbiotech.discrete_hazard_causes("size", doomed, FATES)
    path = doomed[last].head(1)
    ended = result.predict_incidence(path).set_index("outcome")["estimate"]
    assert ended.to_dict() == {"failure": 1.0, "acquisition": 0.0}


def test_probabilities_of_extreme_predictors_stay_finite():
    x = np.array([[1.0], [1.0]])
    beta = np.array([[800.0], [-800.0]])
    possible = np.array([[True, True], [False, True]])
    np.testing.assert_allclose(fate_probabilities(x, beta, possible), [[1, 0], [0, 0]])


def test_wald_test_of_equal_effects_by_hand(years):
    result = belbiotech.discrete_hazard_causes("size", years, FATES, baseline="log", cluster="firm")
    one, other = (result.params[name, "size"] for name in FATES)
    pair = result.variance.loc[[(n, "size") for n in FATES], [(n, "size") for n in FATES]]
    spread = np.array([1, -1]) @ pair.to_numpy() @ np.array([1, -1])
    test = result.test_equal_effects().loc["size"]
    assert test["statistic"] == pytest.approx((one - other) ** 2 / spread, rel=1e-10)


@pytest.mark.parametrize(
    ("right", "change", "outcomes", "error", "words"),
    [
        ("size", {}, "failure", FitError, "must be a list"),
        ("size", {}, ["failure"], FitError, "at least 2"),
        ("size", {"acquisition": 0}, FATES, FitError, "no row has the outcome 'acquisition'"),
        ("size + one", {"one": 1}, FATES, FitError, "'one' is constant"),
        ("size + start", {}, FATES, FitError, "'start' is a function of 'start' alone"),
        ("size", {"size": np.inf}, FATES, PanelError, "infinite"),
        ("size", {"failure": 1, "acquisition": 0}, FATES, FitError, "'acquisition'"),
    ],
)
@QUIET
def test_bad_input_is_named(years, right, change, outcomes, error, words):
    with pytest.raises(error, match=words):
        belbiotech.discrete_hazard_causes(right, years.assign(**change), outcomes)


def test_a_row_with_two_fates_is_named(years):
    both = years.assign(acquisition=years["failure"])
    with pytest.raises(PanelError, match=r"both 1 in 97 rows .*one fate at most"):
        belbiotech.discrete_hazard_causes("size", both, FATES)


@QUIET
def test_a_period_that_ends_all_in_different_ways_is_refused(years):
    last = years["start"] >= 30
    ends = np.arange(len(years)) % 2
    mixed = years.assign(
        start=years["start"].clip(upper=30),
        stop=years["stop"].clip(upper=31),
        failure=np.where(last, ends, years["failure"]),
        acquisition=np.where(last, 1 - ends, years["acquisition"]),
    )
    with pytest.raises(FitError, match="starts at 30 every row ends with one fate or another"):
        belbiotech.discrete_hazard_causes("size", mixed, FATES)


def test_separation_names_the_fate_and_the_rows(reference_data):
    data = reference_data("separation")
    data["acquisition"] = ((data.index % 5 == 0) & (data["failure"] == 0)).astype(int)
    rows = int((data["spinoff"] == 1).sum())
    with pytest.raises(FitError, match=f"no failure among the {rows} rows with spinoff = 1"):
        belbiotech.discrete_hazard_causes("spinoff + size", data, FATES, baseline="log")


def test_few_events_of_one_fate_are_told(years):
    few = years.assign(acquisition=years["acquisition"] * (years.index % 3 == 0))
    with pytest.warns(BelbiotechWarning, match="events of 'acquisition' for 4 coefficients"):
        belbiotech.discrete_hazard_causes(RIGHT, few, FATES, baseline="log")


def test_tables_name_both_fates(years):
    result = belbiotech.discrete_hazard_causes(RIGHT, years, FATES, baseline="log", cluster="firm")
    assert list(result.params["failure"].index[:2]) == ["alliances", "C(segment)[T.medtech]"]
    for text in (repr(result), result.to_markdown(), result.to_latex(), result._repr_html_()):
        assert "97 failure, 51 acquisition" in text
        assert "relative risk ratio" in text.lower()
    labels = [text.get_text() for text in result.plot().axes[0].get_yticklabels()]
    assert "acquisition: size" in labels
