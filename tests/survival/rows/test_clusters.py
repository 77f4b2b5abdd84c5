import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FitError, PanelError
from belbiotech.survival.rows.clusters import as_cluster_columns, check_units, cluster_codes

ROWS = pd.DataFrame(
    {
        "firm": ["a", "a", "b", "b"],
        "region": ["x", "x", "x", "x"],
        "start": [0, 1, 0, 1],
        "stop": [1, 2, 1, 2],
        "failure": [0, 1, 0, 0],
    }
)


def test_columns_of_clusters():
    assert as_cluster_columns(None) == ()
    assert as_cluster_columns("firm") == ("firm",)
    assert as_cluster_columns(["firm", "year"]) == ("firm", "year")
    with pytest.raises(FitError, match="one column or two, not 3"):
        as_cluster_columns(["a", "b", "c"])


def test_codes():
    firm, age = cluster_codes(ROWS, ["firm", "start"])
    assert firm.tolist() == [0, 0, 1, 1]
    assert age.tolist() == [0, 1, 0, 1]
    with pytest.raises(FitError, match="cluster column 'region' has one value only, 'x'"):
        cluster_codes(ROWS, ["firm", "region"])


def test_overlaps_of_a_unit_are_refused():
    check_units(ROWS, ["firm"], "start", "stop")
    check_units(ROWS, [], "start", "stop")
    twice = pd.concat([ROWS, ROWS.head(1)], ignore_index=True)
    with pytest.raises(PanelError, match="'firm' overlap"):
        check_units(twice, ["firm"], "start", "stop")


def test_a_cluster_of_many_units_may_overlap():
    many = pd.concat([ROWS.assign(firm=f"{k}") for k in range(3)], ignore_index=True)
    assert check_units(many, ["region"], "start", "stop") == ("region",)
    assert check_units(ROWS, ["firm"], "start", "stop") == ()


@pytest.mark.parametrize("length", [1, 1.5])
def test_a_cluster_longer_at_risk_than_there_is_time_is_no_unit(length):
    """Three firms in each region, one after the other and together: 5 years of risk in 3."""
    rows = pd.DataFrame({"start": [0, 0, 1, 1, 2] * 2, "region": list("aaaaabbbbb")})
    rows = rows.assign(stop=rows["start"] + length)
    assert check_units(rows, ["region"], "start", "stop") == ("region",)
    with pytest.raises(PanelError, match="'firm_id' overlap"):
        check_units(rows.rename(columns={"region": "firm_id"}), ["firm_id"], "start", "stop")


def test_each_column_of_clusters_may_be_the_unit():
    """A year holds many firms; the firm behind it has the rows that overlap."""
    rows = pd.concat([ROWS.assign(year=ROWS["stop"])] * 2, ignore_index=True)
    firms = ["a", "a", "b", "b", "c", "c", "d", "d"]
    apart = rows.assign(firm=firms)
    check_units(apart, ["year", "firm"], "start", "stop")
    twice = apart.assign(start=apart["start"].where(apart.index != 7, 0))
    with pytest.raises(PanelError, match=r"'firm' overlap in time: 1 row \(7\)") as caught:
        check_units(twice, ["year", "firm"], "start", "stop")
    assert "overlap='allow'" not in str(caught.value)
    with pytest.raises(PanelError, match="overlap='allow'"):
        check_units(twice, ["year", "firm"], "start", "stop", overlap_offered=True)


def test_firm_id_is_always_the_unit():
    """A whole panel put below itself: most firms overlap, and that is the fault."""
    twice = pd.concat([ROWS, ROWS], ignore_index=True)
    check_units(twice, ["firm"], "start", "stop")
    with pytest.raises(PanelError, match="'firm_id' overlap"):
        check_units(twice.rename(columns={"firm": "firm_id"}), ["firm_id"], "start", "stop")


@pytest.mark.parametrize("kind", ["int8", "int16", "int64", "float64"])
def test_times_of_any_type_show_overlaps(kind):
    """From -100 to 100 is further than an int8 holds."""
    rows = pd.DataFrame({"unit": list("aabbcc"), "start": -100, "stop": 100})
    rows["start"] = [-100, 99, -100, 0, -100, 0]
    rows["stop"] = [99, 100, 0, 100, 0, 100]
    clean = rows.astype({"start": kind, "stop": kind})
    assert check_units(clean, ["unit"], "start", "stop") == ()
    overlapping = clean.assign(start=np.array([-100, 98, -100, 0, -100, 0], dtype=kind))
    with pytest.raises(PanelError, match="'unit' overlap in time"):
        check_units(overlapping, ["unit"], "start", "stop")


def test_a_single_cluster_is_shown_as_the_user_wrote_it():
    with pytest.raises(FitError, match="one value only, 1: errors"):
        cluster_codes(ROWS.assign(k=1), ["k"])
