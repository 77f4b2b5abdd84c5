"""Cumulative incidence against R's multi-state survfit."""

from __future__ import annotations

import numpy as np
import pytest

from belbiotech.survival.competing.cumulative_incidence import cumulative_incidence

pytestmark = pytest.mark.reference

TWO = ["failure", "acquisition"]
CASES = {
    "years/all/none": ("years", TWO, None, None),
    "years/all/firm": ("years", TWO, None, "firm"),
    "years/segment/none": ("years", TWO, "segment", None),
    "years/segment/firm": ("years", TWO, "segment", "firm"),
    "days/all/none": ("days", ["death", "transplant"], None, None),
    "days/arm/patient": ("days", ["death", "transplant"], "arm", "patient"),
    "fixed/all/none": ("fixed", TWO, None, None),
    "fixed/all/firm": ("fixed", TWO, None, "firm"),
    "from_zero/all/none": ("fixed", TWO, None, None),
    "fixed_years/segment/none": ("fixed_years", TWO, "segment", None),
    "fixed_years/segment/firm": ("fixed_years", TWO, "segment", "firm"),
}


def close(actual, expected):
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=1e-8, atol=1e-14
    )


@pytest.fixture(scope="module")
def tables(reference_data):
    made = {}

    def table(case):
        if case not in made:
            data, outcomes, by, cluster = CASES[case]
            rows = reference_data(data)
            if case.startswith("from_zero"):
                rows["start"] = 0
            made[case] = cumulative_incidence(rows, outcomes, by=by, cluster=cluster).table
        return made[case]

    return table


@pytest.mark.parametrize("case", CASES)
def test_every_time_and_number_at_risk(case, tables, reference_values):
    """R leaves out the times at which rows only go on, where it knows the unit."""
    expected = reference_values("cumulative_incidence")[case]
    table = tables(case)
    for outcome in CASES[case][1]:
        own = table[table["outcome"] == outcome]
        if case.endswith("/none"):
            assert len(own) == expected["n_times"]
        rows = lookup(own, expected)
        close(rows["time"], expected["time"])
        close(rows["at_risk"], expected["at_risk"])


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("column", ["incidence", "std_error", "lower", "upper"])
def test_incidence(case, column, tables, reference_values):
    expected = reference_values("cumulative_incidence")[case]
    for outcome in CASES[case][1]:
        own = tables(case)[tables(case)["outcome"] == outcome]
        wanted = np.array(expected["outcomes"][outcome][column], float)
        actual = lookup(own, expected)[column].to_numpy()
        known = np.array(expected["outcomes"][outcome]["incidence"]) > 0
        close(actual[known], wanted[known])


def lookup(table, expected):
    """The rows at R's groups and times."""
    groups = np.array(expected["group"])
    table = table.assign(group=table["group"].astype(str))
    if (groups == "").all():
        groups = np.repeat(table["group"].iloc[0], len(groups))
    keys = list(zip(groups, expected["time"], strict=True))
    return table.set_index(["group", "time"], drop=False).loc[keys]
