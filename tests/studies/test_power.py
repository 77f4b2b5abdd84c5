import numpy as np
import pytest

from belbiotech.errors import FitError, FormulaError, PanelError
from belbiotech.studies.power import power

QUIET = {"progress": False, "processes": 1}


@pytest.fixture(scope="module")
def result():
    return power(-0.5, repetitions=60, exposure="any_alliance_active", seed=3, **QUIET)


def test_power_grows_with_the_number_of_firms(result):
    table = result.table
    assert table["n_firms"].is_monotonic_increasing
    assert table["power"].iloc[-1] > table["power"].iloc[0] + 0.2
    assert (table["lower"] < table["power"]).all()
    assert (table["power"] < table["upper"]).all()
    assert table["std_error"].to_numpy() == pytest.approx(
        np.sqrt(table["power"] * (1 - table["power"]) / 60)
    )


def test_the_number_needed_has_the_power_wanted(result):
    number, low, high = result.needed
    assert low < number < high
    again = power(
        -0.5, n_firms=number, repetitions=200, exposure="any_alliance_active", seed=4, **QUIET
    )
    assert again.table["power"].iloc[0] == pytest.approx(0.8, abs=0.1)
    assert again.needed is None


def test_the_true_effect_is_found(result):
    line = result.table.iloc[-1]
    assert line["mean_estimate"] == pytest.approx(-0.5, abs=0.1)
    assert line["coverage"] > 0.85
    assert line["not_fitted"] == 0


def test_no_effect_is_found_at_the_level():
    level = power(0.0, n_firms=200, repetitions=200, seed=1, **QUIET).table["power"].iloc[0]
    assert level < 0.12  # 0.05 and four Monte Carlo errors


def test_the_same_seed_gives_the_same_with_any_number_of_processes():
    one = power(-0.5, n_firms=[60, 90], repetitions=8, seed=2, **QUIET)
    two = power(-0.5, n_firms=[60, 90], repetitions=8, seed=2, progress=False, processes=2)
    assert one.table.equals(two.table)


def test_failed_fits_are_told_and_find_nothing():
    few = power(-0.5, n_firms=5, repetitions=30, hazard=0.01, seed=1, **QUIET)
    line = few.table.iloc[0]
    assert line["not_fitted"] > 0
    assert line["power"] <= 1 - line["not_fitted"] / 30
    assert few.warnings


def test_plot_and_text(result):
    figure = result.plot()
    assert figure.axes[0].get_xlabel() == "Firms"
    assert f"{result.needed[0]} firms give a power of 80%" in repr(result)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"effect": 0.0}, FitError, "effect of 0"),
        ({"effect": float("nan")}, PanelError, "finite log hazard ratio"),
        ({"target": 1.0}, PanelError, "between 0 and 1"),
        ({"alpha": 0}, PanelError, "between 0 and 1"),
        ({"repetitions": 1}, PanelError, "repetitions"),
        ({"n_firms": [1]}, PanelError, "n_firms"),
        ({"exposure": "alliances"}, PanelError, "any_alliance_ever"),
        ({"formula": "failure ~ C(region)"}, FormulaError, "alliances_active_lag1"),
        ({"hazard": 0.0}, FitError, "cannot be fitted"),
        ({"hazard": -1.0, "n_firms": 50}, PanelError, "hazard"),
    ],
)
def test_bad_input(wrong, error, words):
    with pytest.raises(error, match=words):
        power(**{"effect": -0.5, **QUIET, **wrong})
