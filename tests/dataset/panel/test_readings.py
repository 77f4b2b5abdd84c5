"""Exits and consortia that can be read in two ways, each by a switch of the build."""

import pytest

from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build, build_arguments
from belbiotech.dataset.panel.readings import buyers
from belbiotech.errors import PanelError

UNDATED = [{"source_id": "s1"}]


@pytest.fixture
def fate(make_facts):
    """Exit kind, year, and outcomes of a firm with these events."""

    def found(*events, **readings):
        rows = [{"firm_id": "a", **event} for event in events]
        firm = {"firm_id": "a", "founded": "2000"}
        tables = build(
            make_facts(firms=[firm], events=rows, sources=UNDATED), end_year=2015, **readings
        )
        life, panel = tables.firms.iloc[0], tables.firm_year
        return life["exit_kind"], panel["year"].max(), *panel[["failure", "acquisition"]].sum()

    return found


WOUND_UP = {"event": "liquidated", "date": "2004"}
BANKRUPT = {"event": "bankrupt", "date": "2004"}
TO_CREDITORS = {"event": "acquired", "date": "2004", "note": "Creditor-owned entity takes it over"}
TO_A_FUND = {"event": "acquired", "date": "2004", "note": "An investment firm took a majority"}
TO_A_FIRM = {"event": "acquired", "date": "2006", "note": "Price not stated"}


@pytest.mark.parametrize(
    ("events", "readings", "expected"),
    [
        ([WOUND_UP], {}, ("failure", 2004, 1, 0)),
        ([WOUND_UP], {"liquidation": "closure"}, ("closure", 2004, 0, 0)),
        ([{**WOUND_UP, "event": "dissolved"}], {"liquidation": "closure"}, ("closure", 2004, 0, 0)),
        ([BANKRUPT], {"liquidation": "closure"}, ("failure", 2004, 1, 0)),
        ([TO_CREDITORS], {}, ("acquisition", 2004, 0, 1)),
        ([TO_CREDITORS], {"creditors": "failure"}, ("failure", 2004, 1, 0)),
        ([TO_CREDITORS], {"funds": "no_exit"}, ("acquisition", 2004, 0, 1)),
        ([TO_A_FUND, TO_A_FIRM], {}, ("acquisition", 2004, 0, 1)),
        ([TO_A_FUND, TO_A_FIRM], {"funds": "no_exit"}, ("acquisition", 2006, 0, 1)),
        ([TO_A_FUND], {"funds": "no_exit"}, (None, 2004, 0, 0)),
        ([TO_A_FIRM], {"funds": "no_exit", "creditors": "failure"}, ("acquisition", 2006, 0, 1)),
    ],
)
def test_exits_that_can_be_questioned(fate, events, readings, expected):
    assert fate(*events, **readings) == expected


@pytest.mark.parametrize(
    ("consortia", "count"), [("partners", [4, 2]), ("projects", [3, 1]), ("none", [1, 0])]
)
def test_consortia(make_facts, consortia, count):
    partner = {"firm_id": "a", "start": "2001", "alliance_type": "consortium", "subject": "one"}
    alliances = [
        {**partner, "partner": "P", "partner_type": "university"},
        {**partner, "partner": "Q", "partner_type": "hospital"},
        {**partner, "partner": "R", "partner_type": "biotech", "subject": None},
        {**partner, "partner": "S", "partner_type": "biotech", "alliance_type": "option"},
    ]
    facts = make_facts(
        firms=[{"firm_id": "a", "founded": "2000"}], alliances=alliances, sources=UNDATED
    )
    tables = build(facts, end_year=2015, consortia=consortia)
    last = tables.firm_year.iloc[-1]
    assert last[["alliances_new", "alliances_upstream_new"]].tolist() == count
    assert len(tables.alliances) == 4  # no fact is lost


def test_what_the_shipped_notes_say_of_buyers():
    events = read_facts("data/raw").events
    told = events.assign(buyer=buyers(events)).dropna(subset="buyer")
    assert told[["firm_id", "date", "buyer"]].to_numpy().tolist() == [
        ["biocartis", "2023-11", "creditors"],
        ["histogenex", "2019-07", "fund"],
        ["xpress-biologics", "2021-10-05", "fund"],
    ]


def test_tables_say_how_they_were_read_only_where_it_is_not_as_usual(make_facts):
    facts = make_facts(firms=[{"firm_id": "a", "founded": "2000"}], sources=UNDATED)
    plain = build(facts, end_year=2015).parameters
    assert not {"liquidation", "creditors", "funds", "consortia"} & set(plain)
    asked = {"end_year": 2015, "alliance_window": 3, "follow_up": None, "evidence": "facts"}
    asked |= {"observation": "follow_up", "funds": "no_exit", "consortia": "none"}
    assert build_arguments(build(facts, **asked).parameters) == asked


def test_readings_that_are_none_are_told_at_once(make_facts):
    facts = make_facts(firms=[{"firm_id": "a", "founded": "2000"}])
    with pytest.raises(PanelError) as caught:
        build(facts, liquidation="solvent", creditors="x", funds="exit", consortia=1)
    lines = str(caught.value).splitlines()
    assert [line.split(" is ")[0] for line in lines] == [
        "liquidation",
        "creditors",
        "funds",
        "consortia",
    ]
    assert "the names are 'failure', 'closure'" in lines[0]
