"""State occupation against R's multi-state survfit."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from belbiotech.survival.states.multi_state import multi_state

pytestmark = pytest.mark.reference

CASES = {
    "years/all": ("years", "firm", None, None),
    "years/segment": ("years", "firm", "segment", None),
    "years/all/region": ("years", "firm", None, "region"),
    "mixed/all": ("mixed", "firm", None, None),
    "days/all": ("days", "patient", None, None),
}


def close(actual, expected):
    np.testing.assert_allclose(
        np.asarray(actual, float), np.asarray(expected, float), rtol=1e-8, atol=1e-14
    )


def at(table, expected):
    """The rows at R's groups and times: R leaves out those at which rows only go on."""
    groups = expected["group"] if expected["group"][0] else ["all"] * len(expected["time"])
    wanted = pd.MultiIndex.from_arrays([groups, np.array(expected["time"], float)])
    own = pd.MultiIndex.from_frame(table[["group", "time"]])
    assert wanted.isin(own).all()
    return table[own.isin(wanted)]


def without_gaps(rows, unit):
    ordered = rows.sort_values([unit, "start"])
    gap = ordered["start"] > ordered.groupby(unit)["stop"].shift()
    return rows[~rows[unit].isin(ordered.loc[gap, unit])]


@pytest.fixture(scope="module")
def results(reference_data):
    years = reference_data("years")
    years["to"] = np.select(
        [years["failure"] == 1, years["acquisition"] == 1, years["ipo"] == 1],
        ["failed", "acquired", "listed"],
        None,
    )
    years["to"] = pd.Categorical(years["to"], ["listed", "acquired", "failed"])
    mixed = reference_data("states")
    mixed["to"] = pd.Categorical(mixed["to"], ["listed", "acquired", "failed"])
    days = without_gaps(reference_data("days"), "patient")
    days["to"] = np.select(
        [days["death"] == 1, days["transplant"] == 1], ["dead", "transplanted"], None
    )
    days["to"] = pd.Categorical(days["to"], ["transplanted", "dead"])
    tables = {"years": (years, "private"), "mixed": (mixed, "state"), "days": (days, "waiting")}
    made = {}

    def result(case):
        if case not in made:
            name, unit, by, cluster = CASES[case]
            data, initial = tables[name]
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="group 'medtech' never moves")
                made[case] = multi_state(
                    data, "to", initial=initial, by=by, unit=unit, cluster=cluster
                )
        return made[case]

    return result


@pytest.mark.parametrize("case", CASES)
def test_probabilities_errors_and_limits(case, results, reference_values):
    expected, result = reference_values("multi_state")[case], results(case)
    assert list(result.states) == expected["states"]
    table = at(result.table, expected)
    close(table["probability"], np.ravel(expected["share"]))
    close(table["std_error"], np.ravel(expected["std_error"]))
    close(at(result.at_risk, expected)["at_risk"], np.ravel(expected["at_risk"]))


@pytest.mark.parametrize("case", ["years/all", "years/segment", "days/all"])
def test_plain_errors_and_limits_where_all_begin_in_one_state(case, results, reference_values):
    expected, table = reference_values("multi_state")[case], results(case).table
    table = at(table, expected)
    close(table["std_error"], np.ravel(expected["plain_error"]))
    for limit in ("lower", "upper"):
        own, theirs = table[limit], np.ravel(np.array(expected[limit], float))
        known = np.isfinite(theirs)
        close(own[known], theirs[known])
        assert own[~known].isna().all()


@pytest.mark.parametrize("case", CASES)
def test_cumulated_hazards(case, results, reference_values):
    expected, hazards = reference_values("multi_state")[case], results(case).hazards
    states = expected["states"]
    for k, pair in enumerate(expected["transitions"]):
        origin, target = (states[int(code) - 1] for code in pair.split("."))
        own = at(hazards[hazards["transition"] == f"{origin} -> {target}"], expected)
        close(own["cumulative_hazard"], np.array(expected["cumulative_hazard"])[:, k])


@pytest.mark.parametrize("case", [case for case in CASES if not case.endswith("region")])
def test_time_spent_in_each_state(case, results, reference_values):
    expected = reference_values("multi_state")[case]
    spent = results(case).expected_time(expected["horizon"])
    by_state = spent.sort_values(
        "state", key=lambda s: s.map(expected["states"].index), kind="stable"
    )
    close(by_state["time"], expected["spent"])
    close(by_state["std_error"], expected["spent_error"])
