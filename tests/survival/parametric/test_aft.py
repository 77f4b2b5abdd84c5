from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech.errors import BelbiotechWarning, FitError, PanelError

DISTRIBUTIONS = ["weibull", "lognormal", "loglogistic"]
FORMULA = "failure ~ university + capital + C(segment)"


@pytest.fixture
def fixed(reference_data):
    return reference_data("fixed")


def as_years(spells):
    """Cut spells at whole times."""
    rows = []
    for spell in spells.to_dict("records"):
        inner = np.arange(np.floor(spell["start"]) + 1, np.ceil(spell["stop"]))
        cuts = [spell["start"], *inner, spell["stop"]]
        for begin, end in zip(cuts[:-1], cuts[1:], strict=True):
            last = end == spell["stop"]
            rows.append({**spell, "start": begin, "stop": end, "failure": spell["failure"] * last})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_yearly_rows_are_joined_first(fixed, distribution):
    one = belbiotech.aft(FORMULA, fixed, distribution, unit="firm", cluster="incubator")
    years = as_years(fixed).sample(frac=1, random_state=1)
    other = belbiotech.aft(FORMULA, years, distribution, unit="firm", cluster="incubator")
    np.testing.assert_allclose(one.params, other.params, rtol=1e-9)
    np.testing.assert_allclose(one.variance, other.variance, rtol=1e-8, atol=1e-12)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-12)
    assert (other.n_rows, other.n_spells, other.n_events) == (len(years), 240, one.n_events)


def test_a_gap_changes_only_what_was_not_seen(fixed):
    years = as_years(fixed)
    inside = years.index[years.duplicated("firm") & years.duplicated("firm", keep="last")]
    result = belbiotech.aft("failure ~ capital", years.drop(index=inside[::3]), unit="firm")
    pieces = years.drop(index=inside[::3])
    alone = belbiotech.aft("failure ~ capital", pieces, unit=None)
    np.testing.assert_allclose(result.params, alone.params, rtol=1e-9)
    assert result.n_spells < alone.n_spells


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_lifelines_is_near(fixed, distribution):
    import lifelines

    kind = {
        "weibull": lifelines.WeibullAFTFitter,
        "lognormal": lifelines.LogNormalAFTFitter,
        "loglogistic": lifelines.LogLogisticAFTFitter,
    }[distribution]
    columns = ["university", "capital", "start", "stop", "failure"]
    theirs = kind().fit(fixed[columns], "stop", "failure", entry_col="start")
    ours = belbiotech.aft("failure ~ university + capital", fixed, distribution, unit=None)
    # lifelines stops a little below the maximum.
    assert 0 <= ours.log_likelihood - theirs.log_likelihood_ < 1e-4
    place = theirs.params_.index[0][0]
    for name in ("university", "capital", "Intercept"):
        assert ours.params[name] == pytest.approx(theirs.params_[place, name], abs=5e-3)


def late_lives(seed):
    """Make lives of which half are seen only if they last to 3; all are censored at 9."""
    random = np.random.default_rng(seed)
    life = random.weibull(1.5, 5000) * 6
    entry = np.where(random.random(len(life)) < 0.5, 0.0, 3.0)
    data = pd.DataFrame({"start": entry, "stop": np.minimum(life, 9)})
    return data.assign(failure=(life <= 9).astype(int))[life > entry]


def test_late_entry_is_conditioned_on():
    truth = np.array([np.log(6), -np.log(1.5)])
    misses, naive_misses = [], []
    for seed in range(8):
        data = late_lives(seed)
        for start, into in ((data["start"], misses), (0, naive_misses)):
            fit = belbiotech.aft("failure ~ 1", data.assign(start=start), unit=None)
            into.append((fit.params - truth) / fit.standard_errors)
    # The mean of eight standard normals; without the condition, lives look longer.
    assert (np.abs(np.mean(misses, axis=0)) < 3 / np.sqrt(8)).all()
    assert np.mean(naive_misses, axis=0)[0] > 5


def test_weights_are_copies(fixed):
    weighted = belbiotech.aft(FORMULA, fixed, unit="firm", weights="wt_int")
    copies = fixed.loc[fixed.index.repeat(fixed["wt_int"])]
    copied = belbiotech.aft(FORMULA, copies, unit=None)
    np.testing.assert_allclose(weighted.params, copied.params, rtol=1e-9)
    np.testing.assert_allclose(weighted.variance, copied.variance, rtol=1e-8, atol=1e-12)


def test_years_or_days_change_the_intercept_only(fixed):
    days = fixed.assign(start=fixed["start"] * 365, stop=fixed["stop"] * 365)
    one, other = (
        belbiotech.aft(FORMULA, data, "loglogistic", unit="firm") for data in (fixed, days)
    )
    shift = pd.Series(0.0, one.params.index)
    shift["Intercept"] = np.log(365)
    np.testing.assert_allclose(one.params + shift, other.params, rtol=1e-8)
    expected = one.log_likelihood - one.n_events * np.log(365)
    assert other.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_a_weibull_model_has_proportional_hazards(fixed):
    result = belbiotech.aft(FORMULA, fixed, unit="firm")
    table = result.hazard_ratios
    np.testing.assert_allclose(table["coef"], -result.params[result.covariates] / result.scale)
    # The hazard ratio is the ratio of cumulative hazards, at any time.
    rows = fixed.head(1).loc[[0, 0]].assign(capital=[0.0, 1.0]).reset_index(drop=True)
    logs = np.log(result.predict_survival(rows, [2, 20])["estimate"].to_numpy().reshape(2, 2))
    np.testing.assert_allclose(logs[1] / logs[0], table.loc["capital", "hazard ratio"])
    cox = belbiotech.cox(FORMULA, fixed)
    np.testing.assert_allclose(table["coef"], cox.params, atol=0.15)
    with pytest.raises(FitError, match="change with time"):
        _ = belbiotech.aft(FORMULA, fixed, "lognormal", unit="firm").hazard_ratios


def test_the_wald_test_of_one_coefficient_is_its_z_squared(fixed):
    result = belbiotech.aft("failure ~ capital", fixed, unit="firm", cluster="incubator")
    z = result.params["capital"] / result.standard_errors["capital"]
    assert result.wald_test.statistic == pytest.approx(z**2, rel=1e-12)
    assert result.wald_test.df == 1


def test_distributions_side_by_side(fixed):
    table = belbiotech.compare_distributions(FORMULA, fixed, unit="firm")
    assert sorted(table["distribution"]) == sorted(DISTRIBUTIONS)
    assert table["aic"].is_monotonic_increasing
    assert table["difference"].iloc[0] == 0
    for _, line in table.iterrows():
        fit = belbiotech.aft(FORMULA, fixed, line["distribution"], unit="firm")
        assert line["aic"] == fit.aic
        assert line["parameters"] == len(fit.params) == 6
        assert fit.aic == pytest.approx(12 - 2 * fit.log_likelihood)


def numeric_error(result, ask):
    theta = result.params.to_numpy()
    columns = []
    for j in range(len(theta)):
        step = np.eye(len(theta))[j] * 1e-5
        above, below = (
            ask(replace(result, fit=replace(result.fit, params=pd.Series(t, result.params.index))))
            for t in (theta + step, theta - step)
        )
        columns.append((above - below) / 2e-5)
    slopes = np.column_stack(columns)
    return np.sqrt(np.einsum("ij,jk,ik->i", slopes, result.variance.to_numpy(), slopes))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_predictions_agree_with_each_other_and_have_delta_errors(fixed, distribution):
    result = belbiotech.aft(FORMULA, fixed, distribution, unit="firm", cluster="incubator")
    rows = fixed.head(3)
    median = result.predict_quantile(rows)
    for (_, row), at in zip(rows.iterrows(), median["estimate"], strict=True):
        there = result.predict_survival(row.to_frame().T.infer_objects(), at)
        assert there["estimate"].iloc[0] == pytest.approx(0.5)
    survival = result.predict_survival(rows, [0, 3, 60])
    assert survival["id"].tolist() == np.repeat(rows.index, 3).tolist()
    assert (survival.loc[survival["time"] == 0, "estimate"] == 1).all()
    for table, ask in (
        (median, lambda fit: fit.predict_quantile(rows)["estimate"]),
        (survival, lambda fit: fit.predict_survival(rows, [0, 3, 60])["estimate"]),
    ):
        np.testing.assert_allclose(table["std_error"], numeric_error(result, ask), rtol=1e-5)
        inside = table["lower"].isna() | (table["lower"] < table["estimate"])
        assert inside.all()


def test_bad_questions_to_a_fit(fixed):
    result = belbiotech.aft("failure ~ capital", fixed, unit="firm")
    with pytest.raises(FitError, match="between 0 and 1"):
        result.predict_quantile(fixed, 50)
    with pytest.raises(FitError, match="from 0 on"):
        result.predict_survival(fixed, -1)
    with pytest.raises(PanelError, match="'capital' has missing values"):
        result.predict_survival(fixed.assign(capital=np.nan), 1)


def late(table):
    return table.assign(start=table["stop"] * 0.999)


def same_times(table):
    return table.assign(start=0, stop=5.0, failure=1)


@pytest.mark.parametrize(
    ("formula", "change", "options", "error", "words"),
    [
        ("failure ~ capital", {}, {"distribution": "weibul"}, FitError, "did you mean 'weibull'"),
        ("failure ~ capital", {"failure": 0}, {}, FitError, "'failure' never happens"),
        ("failure ~ capital", {"start": -1.0}, {}, PanelError, "'start' is below 0"),
        ("failure ~ capital + one", {"one": 2}, {}, FitError, "'one' is constant"),
        ("failure ~ capital", {}, {"unit": "firm_id"}, PanelError, "no column 'firm_id'"),
        ("failure ~ capital", same_times, {}, FitError, "weibull distribution cannot be fitted"),
        ("failure ~ capital", late, {}, FitError, "weibull distribution cannot be fitted"),
        (
            "failure ~ capital + twice",
            lambda t: t.assign(twice=2 * t["capital"]),
            {},
            FitError,
            "'twice' is collinear with 'capital'",
        ),
        ("failure ~ capital", lambda t: pd.concat([t, t.head(1)]), {}, PanelError, "overlap"),
    ],
)
def test_bad_input_is_named(fixed, formula, change, options, error, words):
    data = change(fixed) if callable(change) else fixed.assign(**change)
    with pytest.raises(error, match=words):
        belbiotech.aft(formula, data, **{"unit": "firm", **options})


def test_a_covariate_that_changes_over_time_is_named_with_the_reason(reference_data):
    words = r"(?s)'alliances' changes over time.*firm 'f002'.*'size' changes.*at entry.*cox\(\)"
    with pytest.raises(FitError, match=words):
        belbiotech.aft(
            "failure ~ alliances + size + C(region)", reference_data("years"), unit="firm"
        )


def test_a_group_without_events_is_named(fixed):
    alive = fixed.assign(z=((fixed["failure"] == 0) & (fixed.index % 3 == 0)).astype(int))
    with pytest.raises(FitError, match=f"no failure among the {alive['z'].sum()} rows with z = 1"):
        belbiotech.aft("failure ~ z", alive, unit="firm")


def test_a_comparison_tells_of_what_cannot_be_fitted(fixed):
    # All die at the same time but for noise that only a heavy tail takes: none can be fitted.
    with pytest.raises(FitError, match="cannot be fitted"):
        belbiotech.compare_distributions("failure ~ capital", same_times(fixed), unit="firm")


def falls_fast(seed):
    """Make 60 spells in calendar years: soon after entry many die, and few later."""
    rng = np.random.default_rng(seed)
    x, entry = rng.normal(size=60), rng.uniform(100, 200, 60)
    death = entry * (1 + np.expm1(0.2 * rng.exponential(size=60)) * np.exp(x / 2))
    stop = np.minimum(death, 300)
    return pd.DataFrame({"start": entry, "stop": stop, "failure": (death < 300) * 1, "x": x})


def test_a_likelihood_without_a_maximum_is_told_as_such():
    rows = falls_fast(2)
    for distribution, why in [
        ("weibull", "its scale grows without end"),
        ("lognormal", "its scale grows without end"),
        ("loglogistic", "its typical time falls to 0 without end"),
    ]:
        with pytest.raises(FitError, match=rf"has no maximum; it rises as {why}.*own start"):
            belbiotech.aft("failure ~ 1", rows, distribution)
    own = rows.assign(start=0, stop=rows["stop"] - rows["start"])
    assert belbiotech.compare_distributions("failure ~ 1", own).notna().all(axis=None)


@pytest.mark.parametrize("distribution", ["weibull", "lognormal"])
def test_where_only_covariates_give_a_maximum_the_null_is_its_limit(distribution):
    rows = falls_fast(9)
    with pytest.raises(FitError, match="no maximum"):
        belbiotech.aft("failure ~ 1", rows, distribution)
    result = belbiotech.aft("failure ~ x", rows, distribution)
    # A hazard c/t: events are Poisson of mean c log(exit / entry).
    span = np.log(rows["stop"] / rows["start"])
    c = rows["failure"].sum() / span.sum()
    events = rows["failure"] * np.log(c / rows["stop"])
    assert result.fit.log_likelihood_null == pytest.approx(
        events.sum() - (c * span).sum(), abs=1e-8
    )
    assert result.likelihood_ratio_test.statistic > 15


def test_few_events_are_told(fixed):
    few = fixed.assign(failure=fixed["failure"] * (fixed.index % 3 == 0))
    events = int(few["failure"].sum())
    with pytest.warns(BelbiotechWarning, match=f"{events} events of 'failure' for 4 coefficients"):
        belbiotech.aft(FORMULA, few, unit="firm")


def test_tables_name_the_time_ratio(fixed):
    result = belbiotech.aft(FORMULA, fixed, unit="firm", cluster="incubator")
    for text in (repr(result), result.to_markdown(), result.to_latex(), result._repr_html_()):
        assert "time ratio" in text.lower()
        assert "240 rows joined to 240 spells" in text
        assert "30 clusters" in text
    labels = [text.get_text() for text in result.plot().axes[0].get_yticklabels()]
    levels = ["Segment: agro (reference)", "Segment: medtech", "Segment: Therapeutics"]
    assert labels == ["university", "capital", *levels]
    assert result.likelihood_ratio_test.df == 4


def test_weights_of_nothing_are_refused_as_in_r(reference_data):
    data = reference_data("fixed_years").assign(weight=1.0)
    data.loc[data.index[0], "weight"] = 0.0
    with pytest.raises(FitError, match="weight 'weight' is 0 in .* must be above 0"):
        belbiotech.aft("failure ~ capital", data, unit="firm", weights="weight")


LATE = ["simulated", "channing", "aids"]


@pytest.mark.reference
@pytest.mark.parametrize("distribution", ["weibull", "lognormal", "loglogistic"])
@pytest.mark.parametrize("name", LATE)
def test_all_enter_late(reference_values, name, distribution):
    """R's optimisers stop at six digits; the likelihood is lower there by no more than rounding."""
    values = reference_values("aft_late")[name]
    data, theirs = pd.DataFrame(values["data"]), values[distribution]
    ours = belbiotech.aft("event ~ 1", data, distribution, start="entry", stop="exit")
    assert ours.log_likelihood - theirs["log_likelihood"] > -1e-9 * abs(ours.log_likelihood)
    np.testing.assert_allclose(ours.log_likelihood, theirs["log_likelihood"], rtol=1e-8)
    np.testing.assert_allclose(ours.params, theirs["theta"], rtol=1e-4)


@pytest.mark.reference
@pytest.mark.parametrize("name", LATE)
def test_all_distributions_have_numbers_where_all_enter_late(reference_values, name):
    data = pd.DataFrame(reference_values("aft_late")[name]["data"])
    table = belbiotech.compare_distributions("event ~ 1", data, start="entry", stop="exit")
    assert table["aic"].notna().all()


@pytest.mark.parametrize("scale", [1e-8, 1e-6, 1e6])
def test_times_in_another_unit_move_the_intercept_alone(fixed, scale):
    """Weibull, log-normal and log-logistic times stay so when they are stretched."""
    stretched = fixed.assign(start=fixed["start"] * scale, stop=fixed["stop"] * scale)
    for distribution in ("weibull", "lognormal", "loglogistic"):
        one = belbiotech.aft(FORMULA, fixed, distribution, unit="firm")
        other = belbiotech.aft(FORMULA, stretched, distribution, unit="firm")
        moved = one.params + np.log(scale) * (one.params.index == "Intercept")
        np.testing.assert_allclose(other.params, moved, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(other.standard_errors, one.standard_errors, rtol=1e-6)
