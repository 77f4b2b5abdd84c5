"""Predictions along covariate paths: R's values, definitions, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from belbiotech import cox, simulate_panel
from belbiotech.errors import BelbiotechWarning, FitError, PanelError

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")

MODELS = {
    "years": ("failure ~ alliances + C(segment) + size", ["region", "era"], "firm"),
    "days": ("death ~ age + C(arm) + marker", ["site", "sex"], "patient"),
}
STRATA = {"none": 0, "one": 1, "two": 2}
BEYOND = "ignore:path .* runs"


def fitted(case, reference_data):
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


@pytest.fixture
def years(reference_data):
    return reference_data("years")


def signs(**changed):
    """A firm that signs its second alliance at age 6."""
    rows = {"start": [0, 6], "stop": [6, 12], "alliances": [1, 2], "size": [0.1, 0.4]}
    return pd.DataFrame({**rows, **changed})


@pytest.mark.reference
@pytest.mark.filterwarnings(BEYOND)
def test_paths_as_in_r(reference_values, reference_data):
    """Curves are survfit's; errors those of the delta method, see cox_paths.R."""
    values = reference_values("cox_paths")
    cases = [name for name in values if name.count("/") == 4]
    assert len(cases) >= 16
    for case in cases:
        result = fitted(case, reference_data)
        paths = pd.DataFrame(values["paths"][case.split("/")[0]]).rename(columns={"path": "id"})
        hazards = result.predict_cumulative_hazard(paths)
        survival = result.predict_survival(paths)
        for name, expected in values[case].items():
            if name == "fixed":
                continue
            hazard, curve = (t[t["id"] == name] for t in (hazards, survival))
            assert len(hazard) == expected["n_times"]
            hazard, curve = (t.iloc[expected["positions"]] for t in (hazard, curve))
            for column, ours in (
                ("time", hazard["time"]),
                ("cumulative_hazard", hazard["estimate"]),
                ("std_error_hazard", hazard["std_error"]),
                ("survival", curve["estimate"]),
                ("lower", curve["lower"]),
                ("upper", curve["upper"]),
            ):
                np.testing.assert_allclose(ours, expected[column], rtol=1e-8, err_msg=case)
            np.testing.assert_allclose(
                curve["std_error"], curve["estimate"] * hazard["std_error"], rtol=1e-12
            )


@pytest.mark.filterwarnings(BEYOND)
def test_the_error_is_the_slope_in_the_coefficients(years):
    """By small changes of each coefficient, with the baseline that belongs to it."""
    result = cox("failure ~ alliances + size", years, cluster="firm")
    paths = signs()
    tables = []
    for k in range(2):
        for change in (1e-6, -1e-6):
            params = result.params.copy()
            params.iloc[k] += change
            moved = replace(result, fit=replace(result.fit, params=params))
            tables.append(moved.predict_cumulative_hazard(paths))
    slope = np.column_stack(
        [(tables[2 * k]["estimate"] - tables[2 * k + 1]["estimate"]) / 2e-6 for k in range(2)]
    )
    without_error = replace(result.fit, variance=0 * result.variance)
    certain = replace(result, fit=without_error).predict_cumulative_hazard(paths)
    variance = certain["std_error"] ** 2
    variance += np.einsum("tp,pq,tq->t", slope, result.variance.to_numpy(), slope)
    error = result.predict_cumulative_hazard(paths)["std_error"]
    np.testing.assert_allclose(error, np.sqrt(variance), rtol=1e-7)


def test_covariates_at_zero_give_the_baseline(years):
    result = cox("failure ~ alliances + size", years, strata="region")
    base = result.baseline_cumulative_hazard
    for label, rows in base.groupby("stratum"):
        last = rows["time"].max()
        zero = pd.DataFrame({"start": [0], "stop": [last], "alliances": [0], "size": [0.0]})
        path = zero.assign(region=label.split("=")[1])
        table = result.predict_cumulative_hazard(path)
        np.testing.assert_allclose(table["estimate"], rows["hazard"], rtol=1e-10)


def test_cut_paths_are_the_same_path(years):
    result = cox("failure ~ alliances + size", years)
    cut = signs(start=[0, 6]).loc[[0, 0, 1]].assign(start=[0, 2.5, 6], stop=[2.5, 6, 12])
    pd.testing.assert_frame_equal(
        result.predict_survival(cut.sample(frac=1, random_state=3)),
        result.predict_survival(signs()),
    )


def test_several_paths_and_a_late_start(years):
    result = cox("failure ~ alliances + size", years)
    one, late = signs().assign(id="whole"), signs().iloc[1:].assign(id="late")
    table = result.predict_cumulative_hazard(pd.concat([late, one], ignore_index=True))
    assert table["id"].unique().tolist() == ["late", "whole"]
    whole = table[table["id"] == "whole"].set_index("time")["estimate"]
    end = table[table["id"] == "late"].set_index("time")["estimate"]
    np.testing.assert_allclose(end, whole.loc[end.index] - whole.loc[6], rtol=1e-12)


def test_survival_and_hazard_agree(years):
    result = cox("failure ~ alliances + size", years)
    hazard = result.predict_cumulative_hazard(signs(), conf_level=0.9)
    survival = result.predict_survival(signs(), conf_level=0.9)
    np.testing.assert_allclose(np.exp(-hazard["estimate"]), survival["estimate"])
    np.testing.assert_allclose(np.exp(-hazard["upper"]), survival["lower"])
    np.testing.assert_allclose(np.exp(-hazard["lower"]), survival["upper"])
    wider = result.predict_survival(signs(), conf_level=0.99)
    assert (wider["lower"] < survival["lower"]).all()


def test_with_a_penalty_and_functions(years):
    for formula in ("failure ~ exp(size / 2) + alliances:size", "failure ~ bs(size, df=4)"):
        result = cox(formula, years)
        assert result.predict_survival(signs())["estimate"].between(0, 1).all()
    penalised = cox("failure ~ size + alliances", years, firth=True)
    assert penalised.predict_survival(signs())["std_error"].gt(0).all()


class TestRefused:
    def test_a_gap(self, years):
        paths = signs(start=[0, 7]).assign(id="b42")
        with pytest.raises(PanelError, match=r"'b42' has a gap between 6 and 7"):
            cox("failure ~ alliances + size", years).predict_survival(paths)

    def test_an_overlap(self, years):
        with pytest.raises(PanelError, match="an overlap between 6 and 5"):
            cox("failure ~ alliances + size", years).predict_survival(signs(start=[0, 5]))

    def test_a_missing_column_and_a_missing_value(self, years):
        result = cox("failure ~ alliances + size", years)
        with pytest.raises(PanelError, match="no column 'size'"):
            result.predict_survival(signs().drop(columns="size"))
        with pytest.raises(PanelError, match="'size' has missing values"):
            result.predict_survival(signs(size=[0.1, None]))

    def test_a_level_that_was_not_in_the_data(self, years):
        result = cox("failure ~ C(segment)", years)
        with pytest.raises(PanelError, match="not in the data"):
            result.predict_survival(signs().assign(segment="space travel"))

    def test_a_value_beyond_the_knots_of_a_spline(self, years):
        result = cox("failure ~ bs(size, df=4)", years)
        with pytest.raises(PanelError, match="bs.size, df=4"):
            result.predict_survival(signs(size=[0.1, 99.0]))

    def test_a_stratum_that_was_not_in_the_data(self, years):
        result = cox("failure ~ size", years, strata="region")
        with pytest.raises(PanelError, match="no stratum 'region=VLX'.*'region=VLG'"):
            result.predict_survival(signs().assign(region="VLX"))

    def test_a_level_of_confidence_in_percent(self, years):
        with pytest.raises(FitError, match="conf_level"):
            cox("failure ~ size", years).predict_survival(signs(), conf_level=95)

    def test_a_frailty(self, reference_data):
        result = cox("failure ~ capital", reference_data("fixed"), frailty="incubator")
        with pytest.raises(FitError, match="no prediction with a frailty"):
            result.predict_survival(signs().assign(capital=1.0))

    def test_a_path_beyond_the_data_is_told(self, years):
        result = cox("failure ~ alliances + size", years)
        with pytest.warns(BelbiotechWarning, match="runs after"):
            table = result.predict_survival(signs(stop=[6, 999]))
        assert table["time"].max() == years["stop"].max()
        late = cox("failure ~ alliances + size", years[years["start"] >= 2])
        with pytest.warns(BelbiotechWarning, match="runs before 2"):
            late.predict_survival(signs())


def test_beyond_the_knots_of_a_spline():
    rows = simulate_panel(200, seed=1)
    rows["size"] = rows["firm_id"].str[-2:].astype(float)
    result = cox("failure ~ bs(size, df=4)", rows)
    path = pd.DataFrame({"start": [0, 1], "stop": [1, 3], "size": [40.0, 300.0]})
    with pytest.raises(PanelError, match=r"'size' is 300 in row 1, outside the fitted range"):
        result.predict_survival(path)
    assert len(result.predict_survival(path.iloc[:1])) == 1
