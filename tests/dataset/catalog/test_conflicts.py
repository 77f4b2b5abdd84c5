"""Facts on which pages disagree: in notes, between mirrored rows, and in what came after what."""

import pytest

from belbiotech.dataset.catalog.conflicts import conflicts
from belbiotech.dataset.facts.clauses import other_values
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build


@pytest.mark.parametrize(
    ("note", "about", "value", "who"),
    [
        ("Spin-off; another page says founded 2015", "founded", "2015", "another page"),
        ("RTBF 2021 gives 2011; immune therapy", "date", "2011", "RTBF 2021"),
        ("De Tijd (sea857f06) gives EUR 130m, RTBF USD 130m", "amount", "EUR 130m", "sea857f06"),
        ("USD 74m in s33cdbf22", "amount", "USD 74m", "s33cdbf22"),
        ("sd01e6a32 states 280 million", "amount", "280 million", "sd01e6a32"),
        ("one source has founding 2002-11", "founded", "2002-11", "one source"),
        ("March 2021 (The Journal says 2020). Later sold.", "date", "2020", "The Journal"),
        ("one paper (sa7e2fe12) names ULB as origin", "parent", "ULB as origin", "sa7e2fe12"),
    ],
)
def test_what_another_page_says(note, about, value, who):
    found = list(other_values(note))
    assert [(other.about, other.value, other.who) for other in found] == [(about, value, who)]


@pytest.mark.parametrize(
    "note",
    [
        "Announced; 500 upfront plus up to 300 in milestones",
        "date from sc510ab62",
        "Page of July 2020 says two years already.",
        "Source gives dollars; L'Echo confirms the year, not the amount",
        "research term extended 2015-03 and 2016-10, to 2018-09 (sebfe8911)",
    ],
)
def test_no_other_value(note):
    assert list(other_values(note)) == []


@pytest.fixture
def found(make_facts):
    def rows(**facts):
        facts.setdefault("firms", [{"firm_id": "a", "founded": "2000"}])
        return conflicts(tables=build(make_facts(**facts), end_year=2015))

    return rows


def lines(table):
    return table[["firm_id", "table", "about", "chosen", "other", "found_by"]].to_numpy().tolist()


def test_a_note_that_agrees_is_no_conflict(found):
    firms = [{"firm_id": "a", "founded": "2000-05", "note": "De Tijd says founded 2000"}]
    rounds = [
        {
            "firm_id": "a",
            "date": "2001",
            "amount_million": 1300.0,
            "currency": "EUR",
            "note": "De Tijd gives EUR 1.3bn; L'Echo gives USD 1.3bn",
        }
    ]
    assert lines(found(firms=firms, financings=rounds)) == [
        ["a", "financings", "amount", "EUR 1300 million", "USD 1.3bn", "note"]
    ]


def test_a_value_where_none_was_chosen_is_no_conflict(found):
    firms = [
        {"firm_id": "a", "founded": "2000"},
        {"firm_id": "b", "note": "De Tijd says founded 2001"},
    ]
    assert found(firms=firms).empty


def test_mirrored_alliances(found):
    firms = [
        {"firm_id": "a", "name": "Alpha", "founded": "2000"},
        {"firm_id": "b", "name": "Beta", "other_names": "Beta Two;Bee", "founded": "2000"},
    ]
    alliances = [
        {
            "firm_id": "a",
            "partner": "BEE",
            "start": "2003-02",
            "end": "2008",
            "total_million": 5.0,
            "currency": "EUR",
        },
        {
            "firm_id": "b",
            "partner": "Alpha",
            "start": "2003",
            "end": "2007-05",
            "alliance_type": "licence_in",
            "total_million": 6.0,
            "currency": "EUR",
        },
        {"firm_id": "b", "partner": "Alpha", "start": "2010"},
    ]
    assert lines(found(firms=firms, alliances=alliances)) == [
        ["a", "alliances", "end", "2008", "2007-05", "mirror"],
        ["a", "alliances", "total_million", "5.0", "6.0", "mirror"],
    ]


def test_a_listing_and_its_offering(found):
    money = {"currency": "EUR", "firm_id": "a"}
    table = found(
        events=[{**money, "event": "ipo", "date": "2005-03", "amount_million": 30.0}],
        financings=[
            {**money, "date": "2005", "round": "public_offering", "amount_million": 33.0},
            {**money, "date": "2005", "round": "series_a", "amount_million": 3.0},
        ],
    )
    assert lines(table) == [
        ["a", "events", "amount", "EUR 30 million", "EUR 33 million", "offering"]
    ]


def test_alive_after_its_failure_and_an_order_in_doubt(found):
    exits = [("bankrupt", "2005"), ("acquired", "2005-06"), ("dissolved", "2008")]
    events = [
        {"firm_id": "a", "event": event, "date": date, "source_id": "s2"} for event, date in exits
    ]
    events.append({"firm_id": "a", "event": "observed_active", "date": "2007"})
    pages = [{"source_id": "s1", "published": "2001"}, {"source_id": "s2", "published": "2009"}]
    assert lines(found(events=events, sources=pages)) == [
        ["a", "events", "failure", "bankrupt 2005", "2007", "sequence"],
        ["a", "firms", "exit", "bankrupt 2005", "another exit of the year", "sequence"],
    ]


def test_the_shipped_facts_have_conflicts_that_a_person_can_follow():
    facts = read_facts("data/raw")
    table = conflicts(tables=build(facts))
    assert set(table["found_by"]) <= {"note", "mirror", "offering", "sequence"}
    notes = set().union(
        *(set(part["note"].dropna()) for _, part in facts.items() if "note" in part)
    )
    for words in table.loc[table["found_by"] == "note", "words"]:
        assert any(words in note for note in notes)
    assert (table["chosen"] != table["other"]).all()
