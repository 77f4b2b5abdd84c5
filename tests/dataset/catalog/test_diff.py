"""What changed between two states, told as facts, and traced to the rows that it moved."""

import io
import json

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from belbiotech.dataset.catalog.diff import diff
from belbiotech.dataset.documents.traces import UNTRACED
from belbiotech.dataset.facts.matching import match_facts
from belbiotech.dataset.panel.build import build

BEFORE = {
    "firms": [
        {"firm_id": "a", "founded": "2000", "source_ids": "s1"},
        {"firm_id": "b", "founded": None},
        {"firm_id": "gone", "founded": "2002"},
    ],
    "events": [
        {"firm_id": "a", "event": "observed_active", "date": "2005", "source_id": "s1"},
        {"firm_id": "b", "event": "observed_active", "date": "2006"},
    ],
    "alliances": [
        {"firm_id": "a", "partner": "P", "start": "2001", "subject": "x"},
        {"firm_id": "a", "partner": "Q", "start": "2003", "end": "2004"},
    ],
    "financings": [
        {"firm_id": "a", "date": "2002", "amount_million": 5.0, "currency": "EUR"},
    ],
    "sources": [
        {"source_id": "s1", "published": "2006"},
        {"source_id": "s2", "published": "2004"},
        {"source_id": "s3"},
    ],
}


@pytest.fixture
def changed(make_facts):
    """The difference that an edit of the facts above makes."""

    def edited(edit=lambda facts: None, *, window=5, end_year=2010):
        after = json.loads(json.dumps(BEFORE))
        edit(after)
        rule = {"observation": "first_page"}  # rows end with the last sighting
        old = build(make_facts(**BEFORE), end_year=2010, **rule)
        new = build(make_facts(**after), end_year=end_year, alliance_window=window, **rule)
        return diff(old, new)

    return edited


@pytest.fixture
def followed(make_facts):
    """The same, built by the rule of observation; with other rules for the new state."""

    def edited(edit=lambda facts: None, **rules):
        after = json.loads(json.dumps(BEFORE))
        edit(after)
        old = build(make_facts(**BEFORE), end_year=2010)
        return diff(old, build(make_facts(**after), end_year=2010, **rules)).firm_years

    return edited


def lines(table, *columns):
    return table[list(columns)].to_numpy().tolist()


def test_nothing_changed(changed):
    same = changed()
    assert same.empty
    assert same.to_markdown() == "Nothing changed from old to new.\n"
    assert same.summary[["added", "removed", "changed"]].to_numpy().sum() == 0
    assert json.loads(same.to_json())["facts"] == []


def test_the_order_of_rows_is_no_change(changed):
    assert changed(lambda facts: [rows.reverse() for rows in facts.values()]).empty


def test_whole_numbers_stay_whole_when_rows_come_and_go(changed):
    def edit(facts):
        facts["firms"].append({"firm_id": "new", "founded": "2003"})
        facts["financings"].append({"firm_id": "a", "date": "2003"})
        facts["sources"][0]["published"] = "2003"

    found = changed(edit)
    cells = found.firm_years[found.firm_years["change"] == "changed"]
    rounds = cells[cells["column"] == "financing_rounds_new"]
    assert rounds[["old", "new"]].iloc[0].tolist() == ["0", "1"]
    assert set(cells.loc[cells["column"] == "observed", "new"]) == {"True"}
    told = json.loads(found.to_json())["firm_years"]
    line = next(row for row in told if row["column"] == "financing_rounds_new")
    assert json.dumps([line["old"], line["new"]]) == "[0, 1]"
    assert {row["new"] is True for row in told if row["column"] == "observed"} == {True}


def test_every_table_can_be_kept_in_a_file(changed):
    def edit(facts):
        facts["firms"][0] |= {"founded": "1999", "region": "BE-BRU"}
        facts["financings"][0].update(amount_million=6.0)
        facts["sources"][0]["published"] = "2003"

    found = changed(edit, window=2)
    assert set(found.firm_years["column"].dropna()) >= {"age", "region", "alliances_active_lag1"}
    for name, table in found.items():
        file = io.BytesIO()
        table.to_parquet(file)
        read = pd.read_parquet(file)
        pd.testing.assert_frame_equal(read, table, check_dtype=False, obj=name)


@pytest.mark.parametrize(
    ("pages", "words"),
    [
        ("s1;s3", "- Pages added: **a**, a [now s3]"),
        ("s2", "- Pages changed: **a**, a [no longer s1; now s2]"),
    ],
)
def test_a_firm_of_which_only_the_pages_changed(changed, pages, words):
    text = changed(lambda facts: facts["firms"][0].update(source_ids=pages)).to_markdown()
    assert words in text.splitlines()
    assert "- Changed: **a**, a" not in text


def test_a_later_sighting(changed):
    def edit(facts):
        facts["events"][0] |= {"date": "2007-03", "source_id": "s3"}

    found = changed(edit)
    assert lines(found.facts, "table", "change", "firm_id", "column", "old", "new") == [
        ["events", "changed", "a", "date", "2005", "2007-03"],
        ["events", "changed", "a", "source_id", "s1", "s3"],
    ]
    assert lines(found.facts, "old_source", "new_source")[0] == ["s1", "s3"]
    assert lines(found.firm_years, "firm_id", "year", "change") == [
        ["a", 2006, "added"],
        ["a", 2007, "added"],
    ]
    assert found.firm_years["through"].unique().tolist() == [
        "events: observed_active, 2007-03 (date 2005 -> 2007-03)"
    ]


def test_an_alliance_more(changed):
    def edit(facts):
        facts["alliances"].append({"firm_id": "a", "partner": "R", "start": "2004"})

    found = changed(edit)
    assert lines(found.facts, "change", "fact", "date", "old_source", "new_source") == [
        ["added", "licence_out with R (large_pharma)", "2004", None, "s1"]
    ]
    moved = found.firm_years[found.firm_years["column"] == "alliances_cum_lag1"]
    assert lines(moved, "year", "old", "new") == [[2005, "2", "3"]]
    new = found.firm_years[found.firm_years["column"] == "alliances_new"]
    assert lines(new, "year", "old", "new") == [[2004, "0", "1"]]
    assert found.firm_years["through"].str.contains("with R").all()


def test_a_corrected_amount_moves_no_row(changed):
    found = changed(lambda facts: facts["financings"][0].update(amount_million=6.0))
    assert lines(found.facts, "table", "column", "old", "new") == [
        ["financings", "amount_million", "5.0", "6.0"]
    ]
    assert found.firm_years.empty


def test_a_corrected_end(changed):
    found = changed(lambda facts: facts["alliances"][1].update(end="2005"))
    assert lines(found.facts, "column", "old", "new") == [["end", "2004", "2005"]]
    active = found.firm_years[found.firm_years["column"] == "alliances_active_lag1"]
    assert lines(active, "year", "old", "new") == [[2005, "1", "2"]]


def test_a_founding_year_found_and_one_corrected(changed):
    def edit(facts):
        facts["firms"][1] |= {"founded": "2005", "source_ids": "s2"}
        facts["firms"][0] |= {"founded": "1999"}

    found = changed(edit)
    assert lines(found.firms, "change", "firm_id", "column", "old", "new") == [
        ["changed", "a", "founded", "2000", "1999"],
        ["changed", "b", "founded", None, "2005"],
        ["changed", "b", "source_ids", "s1", "s2"],
    ]
    rows = found.firm_years[found.firm_years["change"] == "added"]
    assert lines(rows, "firm_id", "year") == [["a", 1999], ["b", 2005], ["b", 2006]]
    ages = found.firm_years[found.firm_years["column"] == "age"]
    assert lines(ages, "firm_id", "year", "old", "new")[0] == ["a", 2000, "0", "1"]
    assert ages["through"].str.contains(r"founded 2000 -> 1999").all()


def test_a_firm_less(changed):
    found = changed(lambda facts: facts["firms"].pop())
    assert lines(found.firms, "change", "firm_id", "new_source") == [["removed", "gone", None]]
    assert lines(found.firm_years, "firm_id", "year", "change") == [["gone", 2002, "removed"]]


def test_an_exit_found(changed):
    def edit(facts):
        facts["events"].append({"firm_id": "a", "event": "bankrupt", "date": "2003"})

    found = changed(edit)
    gone = found.firm_years[found.firm_years["change"] == "removed"]
    assert gone["year"].tolist() == [2004, 2005]
    assert gone["through"].unique().tolist() == ["events: bankrupt, 2003 (added)"]
    outcome = found.firm_years[found.firm_years["column"].isin(["failure", "exit"])]
    assert lines(outcome, "year", "old", "new") == [[2003, "0", "1"], [2003, "0", "1"]]


def test_a_page_dated_moves_the_first_observed_year(changed):
    found = changed(lambda facts: facts["sources"][0].update(published="2003"))
    assert lines(found.sources, "change", "source_id", "column", "old", "new") == [
        ["changed", "s1", "published", "2006", "2003"]
    ]
    assert set(found.firm_years["column"]) == {"observed", "observed_first_page"}
    assert found.firm_years["through"].unique().tolist() == ["page s1 (published 2006 -> 2003)"]


def test_a_page_dated_anew_moves_the_years_in_which_a_firm_is_followed(followed):
    found = followed(lambda facts: facts["sources"][0].update(published="2003"))
    of_a = found[found["firm_id"] == "a"]
    cells = of_a[of_a["column"] == "observed"]
    assert lines(cells, "year", "old", "new") == [[y, "False", "True"] for y in (2004, 2005, 2006)]
    assert set(of_a["through"]) == {"page s1 (published 2006 -> 2003)"}
    assert lines(of_a[of_a["change"] == "removed"], "year")[-1] == [2009]


def test_an_exit_takes_its_page_out_of_the_evidence(followed):
    """A page that comes to state an exit opens no observation any more."""
    exit_ = {"firm_id": "gone", "event": "acquired", "date": "2009", "source_id": "s1"}
    found = followed(lambda facts: facts["events"].append(exit_))
    cells = found[(found["firm_id"] == "gone") & (found["column"] == "observed")]
    assert lines(cells, "year", "old", "new") == [[y, "True", "False"] for y in (2007, 2008, 2009)]
    assert cells["through"].unique().tolist() == ["events: acquired, 2009 (added)"]


def test_another_rule_of_observation_is_told_as_the_cause(followed):
    found = followed(follow_up=1)
    assert not found.empty
    assert set(found["through"]) == {"follow_up 3 -> 1"}


def test_another_window_is_told_as_the_cause(changed):
    found = changed(window=2)
    assert lines(found.parameters, "parameter", "old", "new") == [["alliance_window", "5", "2"]]
    assert found.facts.empty
    assert not found.firm_years.empty
    assert found.firm_years["through"].unique().tolist() == ["alliance_window 5 -> 2"]
    assert "alliance_window: 5 -> 2" in found.to_markdown()


def test_markdown_and_json_hold_all(changed):
    def edit(facts):
        facts["events"][0]["date"] = "2007"
        facts["alliances"].pop(0)
        facts["firms"][2]["region"] = "BE-BRU"

    found = changed(edit)
    text = found.to_markdown()
    for words in (
        "| alliances | 0 | 1 | 0 |",
        '- Changed: **gone**, gone (region "BE-VLG" -> "BE-BRU") [same pages]',
        "- Removed: **a**, licence_out with P (large_pharma), x, 2001 [s1]",
        "- Added: **a** 2006-2007, through events: observed_active, 2007 (date 2005 -> 2007)",
        "2 rows added, 0 rows removed, 6 rows changed (",
    ):
        assert words in text
    read = json.loads(found.to_json())
    for name, table in found.items():
        assert len(read[name]) == len(table)


def test_an_unknown_version():
    from belbiotech.errors import ReleaseError

    with pytest.raises(ReleaseError, match="9.9.9"):
        diff("9.9.9", "9.9.9")


def test_a_fate_that_takes_the_place_of_another_is_traced(make_facts):
    """Of two exits in one year the failure counts: the acquisition ends nothing any more."""
    sold = {"firm_id": "a", "event": "acquired", "date": "2004", "source_id": "s1"}
    bankrupt = {**sold, "event": "bankrupt"}
    firms = [{"firm_id": "a", "founded": "2000", "source_ids": "s2"}]
    one = build(make_facts(firms=firms, events=[sold], sources=BEFORE["sources"]), end_year=2010)
    both = make_facts(firms=firms, events=[sold, bankrupt], sources=BEFORE["sources"])
    for pair in ((one, build(both, end_year=2010)), (build(both, end_year=2010), one)):
        found = diff(*pair).firm_years
        assert found["column"].tolist() == ["failure", "acquisition"]
        assert found["through"].str.startswith("events: bankrupt, 2004 (").all()


def test_a_listing_before_the_first_is_traced(make_facts):
    """The column `ipo` tells the first listing: an earlier one moves it away from the later."""
    later = {"firm_id": "a", "event": "ipo", "date": "2004", "source_id": "s1"}
    firms = [{"firm_id": "a", "founded": "2000"}]
    events = [later, {**later, "date": "2003"}]
    one = build(make_facts(firms=firms, events=[later], sources=BEFORE["sources"]), end_year=2010)
    both = build(make_facts(firms=firms, events=events, sources=BEFORE["sources"]), end_year=2010)
    found = diff(one, both).firm_years.query("column == 'ipo'")
    assert lines(found, "year", "old", "new") == [[2003, "0", "1"], [2004, "1", "0"]]
    assert set(found["through"]) == {"events: ipo, 2003 (added)"}


events = st.lists(
    st.fixed_dictionaries(
        {
            "firm_id": st.sampled_from("ab"),
            "event": st.sampled_from(["ipo", "delisted", "acquired", "bankrupt", "renamed"]),
            "date": st.sampled_from(["2003", "2003-05", "2004", "2005-02-03"]),
            "source_id": st.sampled_from(["s1", "s2", "s3"]),
        }
    ),
    max_size=6,
)
alliances = st.lists(
    st.fixed_dictionaries(
        {
            "firm_id": st.sampled_from("ab"),
            "partner": st.sampled_from("PQ"),
            "start": st.sampled_from(["2001", "2002", "2002-03"]),
            "end": st.sampled_from([None, "2004"]),
            "source_id": st.sampled_from(["s1", "s2"]),
        }
    ),
    max_size=6,
)
firms = st.tuples(*(st.sampled_from([None, "2000", "2001"]) for _ in "ab"))
states = st.fixed_dictionaries({"founded": firms, "events": events, "alliances": alliances})


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(states, states)
@example(  # an earlier listing, and two ends of one year
    {
        "founded": ("2001", "2000"),
        "events": [
            {"firm_id": "a", "event": "acquired", "date": "2004", "source_id": "s1"},
            {"firm_id": "b", "event": "ipo", "date": "2004", "source_id": "s2"},
        ],
        "alliances": [],
    },
    {
        "founded": ("2001", "2000"),
        "events": [
            {"firm_id": "a", "event": "acquired", "date": "2004", "source_id": "s3"},
            {"firm_id": "a", "event": "bankrupt", "date": "2004", "source_id": "s1"},
            {"firm_id": "a", "event": "acquired", "date": "2005-02-03", "source_id": "s1"},
            {"firm_id": "b", "event": "ipo", "date": "2004", "source_id": "s2"},
            {"firm_id": "b", "event": "ipo", "date": "2003", "source_id": "s2"},
        ],
        "alliances": [],
    },
)
def test_every_moved_row_is_traced_to_a_changed_fact(make_facts, before, after):
    def tables(state):
        rows = [
            {"firm_id": name, "founded": date}
            for name, date in zip("abz", (*state["founded"], "2000"), strict=True)
        ]
        facts = make_facts(
            firms=rows,
            events=state["events"],
            alliances=state["alliances"],
            sources=BEFORE["sources"],
        )
        return build(facts, end_year=2010)

    old, new = tables(before), tables(after)
    found = diff(old, new)
    assert UNTRACED not in set(found.firm_years["through"])
    back = diff(new, old)
    assert found.summary["added"].tolist() == back.summary["removed"].tolist()
    assert found.summary["changed"].tolist() == back.summary["changed"].tolist()
    for name in ("events", "alliances"):
        pairs = match_facts(name, getattr(old, name), getattr(new, name))
        for side, state in (("old", old), ("new", new)):
            there = pairs[side].dropna().sort_values().tolist()
            assert there == list(range(len(getattr(state, name))))


def test_equal_rows_are_paired_before_near_ones():
    rows = {"firm_id": "a", "event": "ipo", "source_id": "s1", "confidence": "A"}
    columns = ["firm_id", "event", "date", "counterparty", "counterparty_country"]
    columns += ["amount_million", "currency", "source_id", "confidence", "date_quality", "note"]
    old = pd.DataFrame([{**rows, "date": "2001"}, {**rows, "date": "2002"}], columns=columns)
    new = pd.DataFrame([{**rows, "date": "2002"}, {**rows, "date": "2003"}], columns=columns)
    pairs = match_facts("events", old, new)
    assert sorted(pairs.to_numpy().tolist()) == [[0, 1], [1, 0]]
