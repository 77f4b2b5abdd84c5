"""Standardised survival: R's mean curves, errors by two other routes, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from belbiotech import cox, kaplan_meier, standardised_survival
from belbiotech.errors import FitError, PanelError

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")
FORMULA = "failure ~ alliances + C(segment) + size"


@pytest.fixture
def years(reference_data):
    return reference_data("years")


@pytest.fixture
def sample(years):
    return years.drop_duplicates("firm")


@pytest.mark.reference
@pytest.mark.parametrize(
    ("ties", "formula"), [("efron", FORMULA), ("breslow", "failure ~ alliances * size")]
)
def test_estimates_are_the_means_of_rs_curves(reference_values, years, sample, ties, formula):
    values = reference_values("standardised")
    fit = cox(formula, years, ties=ties)
    table = standardised_survival(fit, sample, "alliances", [0, 3], times=values["times"]).table
    assert table["exposure"].tolist() == [0, 0, 0, 3, 3, 3]
    np.testing.assert_allclose(table["estimate"], np.concatenate(values[ties]), rtol=1e-9)


def test_of_one_member_it_is_the_prediction_with_its_error(years, sample):
    fit = cox(FORMULA, years)
    one = sample.iloc[[7]]
    path = one.assign(start=0, stop=9, alliances=2)
    expected = fit.predict_survival(path)
    ours = standardised_survival(fit, one, "alliances", [2], times=expected["time"]).table
    np.testing.assert_allclose(ours["estimate"], expected["estimate"], rtol=1e-12)
    np.testing.assert_allclose(ours["std_error"], expected["std_error"], rtol=1e-9)


def test_with_the_exposure_as_strata_alone_it_is_each_groups_curve(years):
    fit = cox("failure ~ 1", years, strata="region", ties="breslow")
    values = ["BRU", "WAL"]
    ours = standardised_survival(fit, years.iloc[:5], "region", values, times=[4, 8])
    hazards = kaplan_meier(years, "failure", by="region").nelson_aalen
    for value in values:
        mine = hazards[hazards["group"] == value].set_index("time").loc[[4.0, 8.0]]
        table = ours.table[ours.table["exposure"] == value]
        np.testing.assert_allclose(table["estimate"], np.exp(-mine["hazard"]), rtol=1e-10)
        error = mine["std_error"] * np.exp(-mine["hazard"])
        np.testing.assert_allclose(table["std_error"], error, rtol=1e-10)
    gap = ours.differences["std_error"].to_numpy() ** 2
    square = (ours.table["std_error"] ** 2).to_numpy().reshape(2, 2).sum(axis=0)
    np.testing.assert_allclose(gap, square, rtol=1e-10)


@pytest.mark.parametrize("options", [{"ties": "efron"}, {"ties": "breslow", "strata": "era"}])
def test_robust_errors_are_those_of_moving_each_clusters_weight(years, options):
    few = years[years["firm"] < "f040"]
    sample = few.drop_duplicates("firm")

    def curves(weights, **more):
        fit = cox(
            "failure ~ alliances + size", few.assign(w=weights), weights="w", **options, **more
        )
        return standardised_survival(fit, sample, "alliances", [0, 3], times=[3, 6, 10])

    ones, step = np.ones(len(few)), 1e-4
    squares = 0.0
    for firm in few["firm"].unique():
        moved = step * (few["firm"] == firm).to_numpy()
        high, low = curves(ones + moved), curves(ones - moved)
        parts = [np.r_[one.table["estimate"], one.differences["estimate"]] for one in (high, low)]
        squares = squares + ((parts[0] - parts[1]) / (2 * step)) ** 2
    ours = curves(ones, cluster="firm")
    errors = np.r_[ours.table["std_error"], ours.differences["std_error"]]
    np.testing.assert_allclose(errors, np.sqrt(squares), rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"cluster": "firm"},
        {"cluster": ["firm", "segment"], "strata": "era"},
        {"weights": "broken"},
        {"weights": "broken", "cluster": "segment"},
        {},
    ],
)
def test_errors_are_the_same_where_an_engine_holds_the_rows(years, sample, tmp_path, options):
    years = years.assign(broken=1 + years["size"].rank() / len(years))
    years.to_parquet(tmp_path / "years.parquet")
    fits = [
        cox("failure ~ alliances + size", rows, **options)
        for rows in (years, tmp_path / "years.parquet")
    ]
    here, there = (standardised_survival(fit, sample, "alliances", [0, 3]) for fit in fits)
    pd.testing.assert_frame_equal(here.table, there.table, rtol=1e-9)
    pd.testing.assert_frame_equal(here.differences, there.differences, rtol=1e-9)


def test_rows_read_in_batches_are_refused(years, sample, tmp_path):
    years.to_parquet(tmp_path / "years.parquet")
    fit = cox("failure ~ alliances", tmp_path / "years.parquet", stream=True)
    with pytest.raises(FitError, match="no standardised survival of a model whose rows were read"):
        standardised_survival(fit, sample, "alliances", [0, 3])


def test_a_cluster_bootstrap_agrees_with_the_delta_method(years, sample):
    data = years[["firm", "start", "stop", "failure", "alliances", "size"]]
    codes, firms = pd.factorize(data["firm"])
    rng = np.random.default_rng(5)
    drawn = []
    for _ in range(100):
        often = np.bincount(rng.integers(0, len(firms), len(firms)), minlength=len(firms))
        again = data.assign(n=often[codes])
        fit = cox("failure ~ alliances + size", again, frequency="n")
        made = standardised_survival(fit, sample, "alliances", [0, 3], times=[4, 9])
        drawn.append(np.r_[made.table["estimate"], made.differences["estimate"]])
    fit = cox("failure ~ alliances + size", data, cluster="firm")
    ours = standardised_survival(fit, sample, "alliances", [0, 3], times=[4, 9])
    errors = np.r_[ours.table["std_error"], ours.differences["std_error"]]
    # The error of a standard deviation of 100 draws is 7%: three of them.
    np.testing.assert_allclose(np.std(drawn, axis=0), errors, rtol=0.21)


def test_weights_of_the_sample_count_members(years, sample):
    fit = cox(FORMULA, years)
    weighted = sample.head(6).assign(w=[1, 0, 2, 0, 3, 1])
    repeated = weighted.loc[weighted.index.repeat(weighted["w"])]
    pd.testing.assert_frame_equal(
        standardised_survival(fit, weighted, "alliances", [1], weights="w").table,
        standardised_survival(fit, repeated, "alliances", [1]).table,
    )


def test_bad_input_is_refused_in_words(years, sample):
    fit = cox(FORMULA, years)
    with pytest.raises(FitError, match="'region' is not in the model"):
        standardised_survival(fit, sample, "region", ["VLG"])
    with pytest.raises(FitError, match="times must be numbers up to"):
        standardised_survival(fit, sample, "alliances", [0], times=1000)
    with pytest.raises(FitError, match="values must be a list"):
        standardised_survival(fit, sample, "alliances", [])
    with pytest.raises(FitError, match="takes a fit of cox"):
        standardised_survival(sample, sample, "alliances", [0])
    with pytest.raises(PanelError, match="was not in the data"):
        standardised_survival(fit, sample, "segment", ["none"])
    with pytest.raises(PanelError, match="missing"):
        standardised_survival(fit, sample.assign(size=np.nan), "alliances", [0])
