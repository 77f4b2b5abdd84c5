import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech.errors import BelbiotechWarning, FitError


@pytest.fixture
def years(reference_data):
    return reference_data("years")


def mean_hazard(result, data):
    """Mean hazard of all rows, in percentage points."""
    return 100 * result.predict_hazard(data.assign(id=data.index))["estimate"].mean()


def numeric_error(result, ask):
    beta = result.params.to_numpy()
    slope = []
    for j in range(len(beta)):
        step = np.eye(len(beta))[j] * 1e-4
        above, below = (
            ask(replace(result, fit=replace(result.fit, params=pd.Series(b, result.params.index))))
            for b in (beta + step, beta - step)
        )
        slope.append((above - below) / 2e-4)
    slope = np.array(slope)
    return np.sqrt(slope @ result.variance.to_numpy() @ slope)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
@pytest.mark.parametrize(
    "right",
    ["size * alliances", "size + I(size**2)", "bs(size, df=4)", "np.exp(size)"],
)
def test_a_number_has_the_slope_of_the_mean_hazard(years, link, right):
    result = belbiotech.discrete_hazard(
        f"failure ~ {right}", years, link=link, baseline="log", cluster="firm"
    )
    line = result.average_marginal_effects().set_index("variable").loc["size"]
    ends = (years["size"].min(), years["size"].max()) if "bs" in right else (None, None)
    above, below = ((years["size"] + d).clip(*ends) for d in (1e-5, -1e-5))
    gap = (above - below).to_numpy()

    def slope(fit):
        hazards = [
            fit.predict_hazard(years.assign(id=years.index, size=moved))["estimate"].to_numpy()
            for moved in (above, below)
        ]
        return 100 * ((hazards[0] - hazards[1]) / gap).mean()

    assert line["estimate"] == pytest.approx(slope(result), rel=1e-6)
    assert line["std_error"] == pytest.approx(numeric_error(result, slope), rel=1e-5)
    assert line["change"] == "per unit"


@pytest.mark.parametrize(
    ("right", "base"),
    [
        ("C(segment) + size", "agro"),
        ("segment * size", "agro"),
        ("C(segment, Treatment('medtech')) + size", "medtech"),
    ],
)
def test_a_factor_has_the_differences_of_mean_hazards(years, right, base):
    result = belbiotech.discrete_hazard(f"failure ~ {right}", years, baseline="spline")
    table = result.average_marginal_effects()
    lines = table[table["variable"] == "segment"].set_index("change")
    others = sorted(set(years["segment"]) - {base})
    assert list(lines.index) == [f"{other} against {base}" for other in others]
    for other in others:

        def change(fit, other=other):
            at = [mean_hazard(fit, years.assign(segment=level)) for level in (other, base)]
            return at[0] - at[1]

        line = lines.loc[f"{other} against {base}"]
        assert line["estimate"] == pytest.approx(change(result), rel=1e-9)
        assert line["std_error"] == pytest.approx(numeric_error(result, change), rel=1e-6)


def test_categories_bool_and_coded_numbers_are_factors(years):
    data = years.assign(
        segment=pd.Categorical(years["segment"], ["therapeutics", "agro", "medtech", "none"]),
        big=years["size"] > 0,
        code=(years["alliances"] > 1).astype(int),
    )
    result = belbiotech.discrete_hazard(
        "failure ~ segment + big + C(code)", data, baseline="log", link="logit"
    )
    changes = result.average_marginal_effects().groupby("variable")["change"].apply(list)
    assert changes["segment"] == ["agro against therapeutics", "medtech against therapeutics"]
    assert changes["big"] == ["True against False"]
    assert changes["code"] == ["1 against 0"]


def test_periods_without_events_count_in_the_mean(years):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        result = belbiotech.discrete_hazard("failure ~ C(segment) + size", years)
    table = result.average_marginal_effects().set_index("change")

    at = [mean_hazard(result, years.assign(segment=level)) for level in ("medtech", "agro")]
    assert table.loc["medtech against agro", "estimate"] == pytest.approx(at[0] - at[1], rel=1e-9)


def test_intervals_are_the_estimate_and_its_error(years):
    result = belbiotech.discrete_hazard("failure ~ size", years, baseline="log")
    line = result.average_marginal_effects(conf_level=0.9).iloc[0]
    assert line["upper"] - line["estimate"] == pytest.approx(1.6448536 * line["std_error"])
    assert line["z"] == pytest.approx(line["estimate"] / line["std_error"])
    with pytest.raises(FitError, match="conf_level"):
        result.average_marginal_effects(conf_level=2)


def test_a_term_without_a_slope_is_named(years):
    data = years.assign(zero=np.abs(years["size"]) * (years["size"] > 0))
    result = belbiotech.discrete_hazard("failure ~ np.sqrt(zero)", data, baseline="log")
    effects = result.average_marginal_effects()
    assert np.isfinite(effects["estimate"]).all()
