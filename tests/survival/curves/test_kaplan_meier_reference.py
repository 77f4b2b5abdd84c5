"""Kaplan-Meier and its company against R's survfit."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

import belbiotech

pytestmark = pytest.mark.reference

CURVES = {
    "years/all": ("years", "failure", None),
    "years/segment": ("years", "failure", "segment"),
    "years/acquisition": ("years", "acquisition", "region"),
    "days/all": ("days", "death", None),
    "days/arm": ("days", "death", "arm"),
}
GRID = [f"{curve}/{weights}" for curve in CURVES for weights in ("none", "int", "real")]
GRID.append("freireich/arm/none")
LIMITS = {"log-log": "log-log", "log": "log", "plain": "plain", "arcsin": "arcsine"}


def arguments(case):
    *curve, weights = case.split("/")
    curve = "/".join(curve)
    data, outcome, by = CURVES.get(curve, ("freireich", "relapse", "arm"))
    return data, {
        "outcome": outcome,
        "by": by,
        "weights": None if weights == "none" else f"wt_{weights}",
    }


def close(actual, expected):
    """Equal to 1e-8; a number that is nothing but rounding (1e-16 for 0) is 0."""
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=1e-8, atol=1e-14
    )


def by_group(table):
    """In R's order: groups sorted by name, times within."""
    return table.assign(group=table["group"].astype(str)).sort_values(
        ["group", "time"], ignore_index=True
    )


@pytest.fixture
def read(reference_data, reference_values):
    def case(name, **options):
        data, kwargs = arguments(name)
        return (
            reference_values("kaplan_meier")[name],
            lambda **more: belbiotech.kaplan_meier(reference_data(data), **kwargs, **more),
        )

    return case


def test_the_grid_is_whole(reference_values):
    assert sorted(GRID) == sorted(set(reference_values("kaplan_meier")) - {"made_with"})


@pytest.mark.parametrize("case", GRID)
class TestGrid:
    def test_table(self, case, read):
        expected, run = read(case)
        table = by_group(run().table)
        assert len(table) == expected["n_times"]
        table = table.iloc[expected["positions"]]
        wanted = pd.DataFrame(expected["table"])
        if arguments(case)[1]["by"] is not None:
            assert table["group"].tolist() == wanted["group"].tolist()
        for column in ("time", "at_risk", "events", "survival"):
            close(table[column], wanted[column])
        ends = wanted["survival"].to_numpy() < 1e-15  # R: 0 times infinity; no error is defined
        close(table["std_error"][~ends], wanted["std_error"][~ends])

    @pytest.mark.parametrize("kind", LIMITS)
    def test_limits(self, case, kind, read):
        expected, run = read(case)
        table = by_group(run(conf_type=LIMITS[kind]).table).iloc[expected["positions"]]
        close(table["lower"], expected["limits"][kind]["lower"])
        close(table["upper"], expected["limits"][kind]["upper"])

    def test_nelson_aalen(self, case, read):
        expected, run = read(case)
        table = by_group(run().nelson_aalen).iloc[expected["positions"]]
        close(table["hazard"], expected["nelson_aalen"]["hazard"])
        close(table["std_error"], expected["nelson_aalen"]["std_error"])

    @pytest.mark.parametrize("kind", LIMITS)
    def test_quantiles(self, case, kind, read):
        expected, run = read(case)
        wanted = expected["quantiles"][kind]
        table = run(conf_type=LIMITS[kind]).quantiles(wanted["probs"])
        for number, share in enumerate(wanted["probs"]):
            rows = table[np.isclose(table["p"], share)]
            rows = rows.assign(group=rows["group"].astype(str)).sort_values("group")
            for column in ("quantile", "lower", "upper"):
                close(rows[column], np.array(wanted[column])[:, number])

    @pytest.mark.parametrize("kind", LIMITS)
    def test_medians_as_print_shows_them(self, case, kind, read):
        expected, run = read(case)
        table = run(conf_type=LIMITS[kind]).median
        table = table.assign(group=table["group"].astype(str)).sort_values("group")
        for column, wanted in expected["medians"][kind].items():
            close(table[column], wanted)

    def test_restricted_mean(self, case, read, reference_data):
        expected, _ = read(case)
        data, kwargs = arguments(case)
        real = pytest.warns(belbiotech.BelbiotechWarning, match="not whole numbers")
        for wanted in expected["restricted_mean"]:
            with real if case.endswith("/real") else nullcontext():
                table = belbiotech.restricted_mean(
                    reference_data(data),
                    kwargs["outcome"],
                    wanted["horizon"],
                    by=kwargs["by"],
                    weights=kwargs["weights"],
                )
            table = table.assign(group=table["group"].astype(str)).sort_values("group")
            close(table["estimate"], wanted["estimate"])
            close(table["std_error"], wanted["std_error"])


@pytest.mark.parametrize("kind", LIMITS)
def test_limits_that_rise_again(kind, reference_values):
    """R's print() has an interval that holds the median, its quantile() need not."""
    expected = reference_values("median_rising")
    result = belbiotech.kaplan_meier(pd.DataFrame(expected["rows"]), "died", conf_type=LIMITS[kind])
    for column, wanted in expected["medians"][kind].items():
        close(result.median[column], wanted)
    wanted = expected["quantiles"][kind]
    found, lower = result.quantiles(wanted["probs"]), np.array(wanted["lower"][0])
    outside = lower > np.array(wanted["quantile"][0])
    assert outside.any() == (kind in ("log-log", "arcsin"))
    close(found["quantile"], wanted["quantile"][0])
    close(found["upper"], wanted["upper"][0])
    close(found.loc[~outside, "lower"], lower[~outside])
    assert (found.loc[outside, "lower"] <= found.loc[outside, "quantile"]).all()
