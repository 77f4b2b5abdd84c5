"""Whose row it is: what is given, what the panel says of itself, what it is called as a rule."""

import pandas as pd
import pytest

import belbiotech
from belbiotech.errors import BelbiotechWarning, PanelError
from belbiotech.survival.rows.units import (
    joining_unit,
    needed_unit,
    refuse_overlaps,
    unit_of,
    unit_to_check,
)

ROWS = pd.DataFrame(
    {
        "company": list("aabbccdd"),
        "region": list("xxxxyyyy"),
        "start": [0, 1] * 4,
        "stop": [1, 2] * 4,
        "failure": [0, 1, 0, 0, 0, 1, 0, 1],
        "size": [1, 2, 3, 5, 4, 2, 1, 6],
    }
)
TWICE = pd.concat([ROWS, ROWS.iloc[[7]]], ignore_index=True)


def named(rows, unit="company"):
    rows = rows.copy()
    rows.attrs["unit"] = unit
    return rows


def test_the_order_of_the_rule():
    usual = ROWS.assign(firm_id=ROWS["company"])
    assert unit_of(ROWS) is None
    assert unit_of(usual) == "firm_id"
    assert unit_of(named(usual)) == "company"
    assert unit_of(named(usual), "region") == "region"
    assert unit_of(named(usual, "gone")) == "firm_id"
    assert unit_of([1, 2]) is None


@pytest.mark.parametrize("own", [3, ["company"]])
def test_a_panel_that_says_what_is_no_name(own):
    with pytest.raises(PanelError, match=r"data.attrs\['unit'\]"):
        unit_of(named(ROWS, own))


def test_where_there_must_be_one():
    assert needed_unit(named(ROWS)) == "company"
    with pytest.raises(PanelError, match="unit='...'; the columns are 'company', 'region'"):
        needed_unit(ROWS)


def test_what_is_looked_at():
    usual = ROWS.assign(firm_id=ROWS["company"])
    assert unit_to_check(usual, None, ()) is None
    assert unit_to_check(usual, None, "region") is None
    assert unit_to_check(usual, None, ["region", "firm_id"]) == "firm_id"
    assert unit_to_check(usual, "company", ()) == "company"


def test_overlaps():
    refuse_overlaps(TWICE, None, "start", "stop")
    refuse_overlaps(ROWS, "company", "start", "stop")
    with pytest.raises(PanelError, match=r"'company' overlap in time: 1 row \(8\)") as caught:
        refuse_overlaps(TWICE, "company", "start", "stop")
    assert "overlap='allow'" not in str(caught.value)
    with pytest.raises(PanelError, match="overlap='allow'"):
        refuse_overlaps(TWICE, "company", "start", "stop", overlap_offered=True)


FITS = {
    "cox": lambda rows, **more: belbiotech.cox("failure ~ size", rows, firth=True, **more),
    "discrete": lambda rows, **more: belbiotech.discrete_hazard(
        "failure ~ 1", rows.assign(failure=rows["failure"] * (rows["size"] < 6)), **more
    ),
    "incidence": lambda rows, **more: belbiotech.cumulative_incidence(rows, ["failure"], **more),
}


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_the_unit_is_refused_where_it_overlaps_and_a_cluster_is_not(fit):
    fit(ROWS, unit="company")
    fit(TWICE)
    with pytest.raises(PanelError, match="'company' overlap"):
        fit(TWICE, unit="company")


@pytest.mark.parametrize(
    "call",
    [
        lambda rows, **more: belbiotech.check_panel(rows, **more),
        lambda rows, **more: belbiotech.recurrent_rows(rows, "failure", **more),
        lambda rows, **more: belbiotech.mean_cumulative_function(rows, "failure", **more),
    ],
)
def test_a_panel_with_a_word_of_its_own_needs_no_argument(call):
    pd.testing.assert_frame_equal(
        pd.DataFrame(getattr(call(named(ROWS)), "table", call(named(ROWS)))),
        pd.DataFrame(getattr(call(ROWS, unit="company"), "table", call(ROWS, unit="company"))),
    )
    with pytest.raises(PanelError, match="unit="):
        call(ROWS)


def test_the_panels_of_this_package_say_it():
    assert belbiotech.load_panel("0.2.0").attrs["unit"] == "firm_id"
    assert belbiotech.simulate_panel(20, seed=1).attrs["unit"] == "firm_id"


def test_a_unit_that_is_named_and_gone_is_told_where_rows_are_joined():
    gone = named(ROWS.rename(columns={"company": "venture"}))
    with pytest.warns(BelbiotechWarning, match="'company' names its units"):
        alone = belbiotech.pseudo_values(gone, "failure", times=1)
    assert len(alone) == len(ROWS)
    assert joining_unit(gone, "venture") == "venture"
    assert len(belbiotech.pseudo_values(gone, "failure", times=1, unit="venture")) == 4
