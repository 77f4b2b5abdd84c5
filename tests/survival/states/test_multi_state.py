"""State occupation: by hand, against simpler estimators, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech.errors import BelbiotechWarning, FitError, PanelError
from belbiotech.survival.competing.cumulative_incidence import cumulative_incidence
from belbiotech.survival.curves.kaplan_meier import kaplan_meier
from belbiotech.survival.states.multi_state import multi_state


def firms(**columns):
    table = {
        "firm_id": ["a", "a", "b", "c", "c", "d"],
        "start": [0, 2, 0, 1, 3, 0],
        "stop": [2, 5, 3, 3, 4, 4],
        "to": ["listed", "failed", "failed", "listed", None, None],
    }
    return pd.DataFrame({**table, **columns})


def probability(result, time, state):
    table = result.occupation_at(time)
    return table.loc[table["state"] == state, "probability"].item()


def test_shares_by_hand():
    """At 2 one of four private firms is listed; at 3 one of three fails and one is listed."""
    result = multi_state(firms(), "to", initial="private")
    assert result.states == ("private", "failed", "listed")
    assert result.transitions == ("private -> failed", "private -> listed", "listed -> failed")
    assert probability(result, 2, "private") == pytest.approx(3 / 4)
    assert probability(result, 3, "private") == pytest.approx(1 / 4)
    assert probability(result, 3, "failed") == pytest.approx(1 / 4)
    assert probability(result, 5, "failed") == pytest.approx(3 / 4)  # the listed half fails at 5
    assert result.moves.loc["private", "listed"] == 2
    assert result.at_risk.query("time == 3 and state == 'private'")["at_risk"].item() == 3


def test_errors_of_a_hazard_by_hand():
    """At 2 one of a, b, c, d is listed, at 3 c of b, c, d: the influence of each on the sum."""
    hazards = multi_state(firms(), "to", initial="private").hazards.set_index("transition")
    listed = hazards.loc["private -> listed"].set_index("time")
    first = np.array([3, -1, -1, -1]) / 16
    second = np.array([0, -1, 2, -1]) / 9
    assert listed.loc[2, "std_error"] == pytest.approx(np.sqrt((first**2).sum()))
    assert listed.loc[3, "std_error"] == pytest.approx(np.sqrt(((first + second) ** 2).sum()))
    assert listed.loc[3, "cumulative_hazard"] == pytest.approx(1 / 4 + 1 / 3)
    assert listed.loc[3, "lower"] < 7 / 12 < listed.loc[3, "upper"]


def test_time_spent_by_hand():
    """Private: 2 years all, 1 year 3/4, 1 year 1/4."""
    spent = multi_state(firms(), "to", initial="private").expected_time(4)
    private = spent[spent["state"] == "private"]
    assert private["time"].item() == pytest.approx(2 + 3 / 4 + 1 / 4)
    assert spent["time"].sum() == pytest.approx(4)


def lives(seed, n=40):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 4, n)
    stop = start + rng.integers(1, 6, n)
    fate = rng.choice(["failed", "acquired", None], n, p=[0.4, 0.3, 0.3])
    return pd.DataFrame({"firm_id": np.arange(n), "start": start, "stop": stop, "to": fate})


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_competing_fates_are_a_special_case(seed):
    rows = lives(seed)
    rows["failed"] = (rows["to"] == "failed").astype(int)
    rows["acquired"] = (rows["to"] == "acquired").astype(int)
    if not rows[["failed", "acquired"]].sum().all():
        return
    own = multi_state(rows, "to", initial="private").table
    other = cumulative_incidence(rows, ["failed", "acquired"], cluster="firm_id").table
    for name in ("failed", "acquired"):
        one, two = own[own["state"] == name], other[other["outcome"] == name]
        np.testing.assert_allclose(one["probability"], two["incidence"], atol=1e-12)
        np.testing.assert_allclose(one["std_error"], two["std_error"], atol=1e-12)


def test_one_fate_is_kaplan_meier():
    rows = lives(3).assign(to=lambda t: t["to"].where(t["to"] == "failed"))
    rows["failure"] = rows["to"].notna().astype(int)
    own = multi_state(rows, "to", initial="private").table
    other = kaplan_meier(rows, "failure").table
    alive = own[own["state"] == "private"]
    np.testing.assert_allclose(alive["probability"], other["survival"], rtol=1e-12)


@given(st.integers(0, 10_000), st.randoms())
@settings(max_examples=15)
def test_neither_order_nor_cuts_matter(seed, random):
    rows = lives(seed)
    if rows["to"].isna().all():
        return
    whole = multi_state(rows, "to", initial="private")
    cut = rows[rows["stop"] - rows["start"] > 1].assign(stop=lambda t: t["start"] + 1, to=None)
    rest = rows.assign(start=rows["start"] + (rows["stop"] - rows["start"] > 1))
    parts = pd.concat([cut, rest]).sample(frac=1, random_state=random.randrange(1000))
    again = multi_state(parts, "to", initial="private")
    times = whole.estimates[0].time
    pd.testing.assert_frame_equal(whole.occupation_at(times), again.occupation_at(times))
    shares = again.table.groupby("time")["probability"].sum()
    np.testing.assert_allclose(shares, 1.0)


def test_a_column_of_states_says_the_same_as_its_beginning():
    named = multi_state(firms(), "to", initial="private")
    states = ["private", "listed", "private", "private", "listed", "private"]
    column = multi_state(firms(state=states), "to", initial="state")
    pd.testing.assert_frame_equal(named.table, column.table)


def test_who_begins_elsewhere_counts_there():
    rows = firms(state=["private", "listed", "private", "listed", "listed", "private"])
    rows.loc[3, "to"] = None
    result = multi_state(rows, "to", initial="state")
    begun = result.initial.set_index("state")
    assert begun.loc["listed", "probability"] == pytest.approx(1 / 4)
    assert begun.loc["listed", "std_error"] == pytest.approx(np.sqrt(3 / 4 * 1 / 4 / 4))


def test_unit_by_its_attribute_and_each_row_alone():
    rows = firms().rename(columns={"firm_id": "company"})
    rows.attrs["unit"] = "company"
    assert multi_state(rows, "to", initial="private").unit == "company"
    rows.attrs.clear()
    alone = multi_state(rows, "to", initial="private")
    assert alone.unit is None
    assert "listed -> failed" not in alone.transitions  # each row begins anew


def test_figure_and_texts():
    result = multi_state(firms(group=list("xxxyyy")), "to", initial="private")
    assert len(result.plot().axes) == 1
    assert "3 states, 4 moves" in repr(result)
    assert "\\toprule" in result.to_latex()
    assert "| group |" in result.to_markdown()


def test_a_move_that_a_group_never_makes_is_told():
    rows = firms(group=list("xxxyyy"))
    with pytest.warns(BelbiotechWarning, match="group 'y' never moves private -> failed"):
        result = multi_state(rows, "to", initial="private", by="group")
    assert result.table["group"].unique().tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"to": [None] * 6}, {}, "names no state in any row"),
        ({"to": ["listed", "listed", None, None, None, None]}, {}, "in already"),
        ({"to": ["listed", "failed", " ", None, None, None]}, {}, "empty texts"),
        ({"start": [0, 1, 0, 1, 3, 0]}, {}, "overlap"),
        ({}, {"to": "went"}, "no column 'went'"),
        ({}, {"initial": 3}, "initial is 3"),
        ({}, {"unit": "firm"}, "no column 'firm'"),
        ({}, {"conf_level": 2}, "between 0 and 1"),
        ({"state": list("pppppp")}, {"initial": "state"}, "do not follow on each other"),
    ],
)
def test_bad_input(columns, options, words):
    options = {"to": "to", "initial": "private", **options}
    with pytest.raises((PanelError, FitError), match=words):
        multi_state(firms(**columns), **options)


def test_a_horizon_that_nobody_reaches_is_refused():
    result = multi_state(firms(), "to", initial="private")
    with pytest.raises(FitError, match="followed to 5 only"):
        result.expected_time(8)
    with pytest.raises(FitError, match="horizon must be a time"):
        result.expected_time("eight")
