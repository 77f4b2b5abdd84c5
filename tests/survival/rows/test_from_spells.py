"""Units with start, end and fate, and dated events, as yearly rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import belbiotech as bb
from belbiotech.errors import PanelError

FIRMS = pd.DataFrame(
    {
        "company": ["a", "b", "c"],
        "born": ["2001-05", "2002", "2003-01-31"],
        "gone": ["2004", None, "2005-12"],
        "how": ["failed", None, "sold to a rival"],
        "city": ["Ghent", "Liege", "Leuven"],
    }
)
DEALS = pd.DataFrame(
    {
        "company": ["a", "a", "b", "c", "c"],
        "date": ["2001", "2003-04", "2002-12-31", "2005", "2003"],
        "kind": ["R&D", "licence", "R&D", "R&D", "licence"],
        "end": [None, None, "2004", None, None],
    }
)
NAMES = {"unit": "company", "start": "born", "end": "gone", "fate": "how"}


def made(**changes):
    return bb.from_spells(FIRMS, DEALS, **(NAMES | {"window": 2, "end_year": 2006} | changes))


def test_rows_fates_and_lagged_counts():
    rows = made().set_index(["company", "year"])
    a = rows.loc["a"]
    assert a.index.tolist() == [2001, 2002, 2003, 2004]
    assert a["start"].tolist() == [0, 1, 2, 3]
    assert a["stop"].tolist() == [1, 2, 3, 4]
    assert a["failed"].tolist() == a["exit"].tolist() == [0, 0, 0, 1]
    assert a["events_new"].tolist() == [1, 0, 1, 0]
    assert a["events_cum_lag1"].tolist() == [0, 1, 1, 2]
    assert a["events_active_lag1"].tolist() == [0, 1, 1, 1]  # of 2001 to the end of 2002
    assert a["R_D_cum_lag1"].tolist() == [0, 1, 1, 1]
    assert a["licence_cum_lag1"].tolist() == [0, 0, 0, 1]
    b = rows.loc["b"]
    assert b.index.tolist() == [2002, 2003, 2004, 2005, 2006]
    assert b["exit"].sum() == 0
    assert b["events_active_lag1"].tolist() == [0, 1, 1, 0, 0]  # a known end rules
    c = rows.loc["c"]
    assert c["sold_to_a_rival"].tolist() == [0, 0, 1]
    assert c["events_cum_lag1"].tolist() == [0, 1, 1]  # that of the year of the sale never counts
    assert set(rows.loc["c", "city"]) == {"Leuven"}
    assert made().attrs["unit"] == "company"


def test_files_give_the_same(tmp_path):
    FIRMS.to_csv(tmp_path / "firms.csv", index=False)
    DEALS.to_csv(tmp_path / "deals.csv", index=False)
    read = bb.from_spells(
        tmp_path / "firms.csv", str(tmp_path / "deals.csv"), **NAMES, window=2, end_year=2006
    )
    pd.testing.assert_frame_equal(read, made(), check_dtype=False)


def test_it_counts_as_the_panel_of_the_facts():
    tables = bb.load_tables("1.0.0")
    firms = tables.firms[tables.firms["in_panel"]].copy()
    firms["last"] = firms["founded_year"] + firms["rows"] - 1
    deals = tables.alliances[tables.alliances["firm_id"].isin(firms["firm_id"])]
    deals = deals[
        deals["start_year"] >= deals["firm_id"].map(firms.set_index("firm_id")["founded_year"])
    ]
    deals = pd.DataFrame(
        {"firm_id": deals["firm_id"], "date": deals["start_year"], "end": deals["end_year"]}
    )
    gone = firms["exit_kind"].isin(["failure", "acquisition"]) & (firms["exit_year"] <= 2025)
    spells = firms[["firm_id", "founded_year", "last"]].assign(fate=firms["exit_kind"].where(gone))
    rows = bb.from_spells(spells, deals, start="founded_year", end="last", end_year=2025)
    panel = tables.firm_year
    assert rows["firm_id"].tolist() == panel["firm_id"].tolist()
    for ours, theirs in (
        ("events_cum_lag1", "alliances_cum_lag1"),
        ("events_active_lag1", "alliances_active_lag1"),
        ("events_new", "alliances_new"),
        ("exit", "exit"),
        ("failure", "failure"),
        ("start", "start"),
    ):
        assert rows[ours].tolist() == panel[theirs].tolist(), ours


def test_entry_leaves_out_what_was_not_seen_and_keeps_what_was_before():
    firms = FIRMS.assign(seen=["2003", None, None])
    rows = bb.from_spells(firms, DEALS, **NAMES, entry="seen", end_year=2006)
    a = rows[rows["company"] == "a"]
    assert a["year"].tolist() == [2003, 2004]
    assert a["start"].tolist() == [2, 3]
    assert a["events_cum_lag1"].tolist() == [1, 2]


def test_fates_that_are_no_end():
    firms = FIRMS.assign(how=["failed", "alive", "failed"])
    rows = bb.from_spells(firms, **NAMES, censored="alive", end_year=2006)
    assert rows["failed"].sum() == 2
    assert "alive" not in rows
    with pytest.raises(PanelError, match="censored"):
        bb.from_spells(firms, **NAMES)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"born": ["2001", "05/2002", "2003"]}, "'05/2002' is no date"),
        ({"born": ["2001", None, "2003"]}, "blank in row 1"),
        ({"gone": ["1999", None, "2005"]}, "before the start"),
        ({"company": ["a", "a", "c"]}, "each unit needs a name and one row"),
        ({"how": ["exit", None, None]}, "would make the column 'exit'"),
        ({"year": 1}, "'year', which the panel makes"),
    ],
)
def test_what_is_wrong_with_the_units(changes, told):
    with pytest.raises(PanelError, match=told):
        bb.from_spells(FIRMS.assign(**changes), **NAMES)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"company": ["a", "a", "B", "c", "c"]},
            "'B' is not in the table; the names are 'a', 'b', 'c'",
        ),
        ({"date": ["1999", "2003", "2003", "2003", "2003"]}, "before the unit's start"),
        ({"date": ["x", "2003", "2003", "2003", "2003"]}, "'x' is no date"),
        ({"kind": ["x", None, "x", "x", "x"]}, "give each event its kind"),
    ],
)
def test_what_is_wrong_with_the_events(changes, told):
    with pytest.raises(PanelError, match=told):
        bb.from_spells(FIRMS, DEALS.assign(**changes), **NAMES)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"unit": None}, "whose row is it"),
        ({"start": "begin"}, "no column 'begin'"),
        ({"window": 0}, "window is 0"),
        ({"end_year": 1990}, "no unit has a year"),
        ({"end_year": "x"}, "end_year is 'x'"),
        ({"entry": "seen"}, "no column 'seen'"),
    ],
)
def test_wrong_arguments(arguments, told):
    with pytest.raises(PanelError, match=told):
        made(**arguments)


@pytest.mark.parametrize("what", [None, 3, "nowhere.csv"])
def test_what_is_no_table(what):
    with pytest.raises(PanelError, match="table"):
        bb.from_spells(what, **NAMES)
    with pytest.raises(PanelError, match="table"):
        bb.from_flat(what)


@given(st.data())
def test_lags_never_look_at_the_year_itself(data):
    years = data.draw(st.lists(st.integers(2000, 2010), min_size=1, max_size=8))
    firms = pd.DataFrame({"firm_id": ["a"], "start": [2000], "end": [2010], "fate": ["sold"]})
    deals = pd.DataFrame({"firm_id": "a", "date": years})
    rows = bb.from_spells(firms, deals)
    told = np.array(years)
    for year, so_far, new in zip(
        rows["year"], rows["events_cum_lag1"], rows["events_new"], strict=True
    ):
        assert so_far == (told < year).sum()
        assert new == (told == year).sum()


FLAT = pd.DataFrame(
    {
        "company": ["b", "a", "a", "a"],
        "year": [2005, 2003, 2002, 2005],
        "deals": [1, 2, 1, 0],
        "staff": [9, 6, 5, 8],
        "failed": [0, 0, 0, 1],
    }
)


def test_a_flat_table_gets_intervals_and_lags():
    rows = bb.from_flat(FLAT, unit="company", counts="deals", levels=["staff"])
    assert rows["company"].tolist() == ["a", "a", "a", "b"]
    assert rows["start"].tolist() == [0, 1, 3, 0]
    assert rows["stop"].tolist() == [1, 2, 4, 1]
    assert rows["deals_cum_lag1"].tolist() == [0, 1, 3, 0]
    assert rows["staff_lag1"].fillna(-1).tolist() == [-1, 5, -1, -1]  # 2004 is not there
    assert rows.attrs["unit"] == "company"


@pytest.mark.parametrize(
    ("changes", "arguments", "told"),
    [
        ({"year": [2005, 2003, 2003, 2005]}, {}, "has a row of 2003 already"),
        ({"year": [2005, 2003, "soon", 2005]}, {}, "'soon' is no date"),
        ({"born": 2004}, {"founded": "born"}, "before the unit was founded"),
        ({"deals": [1, None, 1, 0]}, {"counts": "deals"}, "a count is a number"),
        ({"deals": "x"}, {"counts": "deals"}, "a count is a number"),
        ({"deals": 1j}, {"counts": "deals"}, "complex numbers"),
        ({"start": 1}, {}, "'start', which is to be made"),
        ({}, {"counts": "deal"}, "no column 'deal'; did you mean 'deals'"),
        ({}, {"unit": None}, "whose row is it"),
    ],
)
def test_what_is_wrong_with_a_flat_table(changes, arguments, told):
    with pytest.raises(PanelError, match=told):
        bb.from_flat(FLAT.assign(**changes), **({"unit": "company"} | arguments))


def test_rows_are_ready_for_a_fit():
    rows = made()
    curve = bb.kaplan_meier(rows, "exit")
    assert curve.table["at_risk"].iloc[0] == 3


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"company;start\nA;2001\n", "no commas between its cells; save it with commas"),
        ("company,start\n\xe9,2001\n".encode("latin-1"), "save it as UTF-8"),
    ],
)
def test_files_from_a_spreadsheet_say_how_to_save_them(tmp_path, data, told):
    (tmp_path / "firms.csv").write_bytes(data)
    with pytest.raises(PanelError, match=told):
        bb.from_spells(tmp_path / "firms.csv", unit="company", start="start")


def test_a_name_with_a_blank_at_its_end_is_found_as_such():
    firms = pd.DataFrame({"company": ["Fin 4 ", "Fin 5"], "start": [2001, 2001]})
    firms = firms.assign(end=[2004, None], fate=["failed", None])
    deals = pd.DataFrame({"company": ["Fin 4"], "date": [2003]})
    with pytest.raises(PanelError, match="the table has 'Fin 4 ': take the blanks"):
        bb.from_spells(firms, deals, unit="company", start="start")


def test_a_file_that_is_not_there_is_told_with_where_it_was_sought(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(bb.PanelError) as told:
        bb.from_spells("firms.csv", unit="company")
    assert str(told.value) == f"table: there is no file {tmp_path / 'firms.csv'}"
