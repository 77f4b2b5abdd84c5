"""Facts of one's own on top of others."""

import pandas as pd
import pytest

from belbiotech.dataset.catalog.shipped import merge_with_shipped
from belbiotech.dataset.facts.confidence import filter_confidence
from belbiotech.dataset.facts.merge import merge_facts
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases.release import read_release, write_release
from belbiotech.dataset.releases.store import find_release
from belbiotech.errors import FactsError, PanelError

NUMBER = "0882.251.820"


@pytest.fixture
def base(make_facts):
    return make_facts(
        firms=[
            {"firm_id": "a", "name": "Alpha", "enterprise_number": NUMBER},
            {"firm_id": "b", "name": "Beta", "founded": "2001", "city": "Ghent"},
        ],
        events=[
            {"firm_id": "b", "event": "acquired", "date": "2010", "counterparty": "Big"},
            {"firm_id": "b", "event": "observed_active", "date": "2008"},
        ],
        alliances=[{"firm_id": "b", "partner": "P", "start": "2003-05", "subject": "x"}],
        financings=[{"firm_id": "b", "date": "2002", "amount_million": 2.5, "currency": "EUR"}],
        sources=[{"source_id": "s1", "url": "https://example.org/one"}],
    )


@pytest.fixture
def merged(base, make_facts):
    """Merge own facts, their one page at the address of the base's page."""

    def merge(*, prefer="base", **rows):
        rows.setdefault("sources", [{"source_id": "p", "url": "https://example.org/one"}])
        for name, table in rows.items():
            page = {"source_ids": "p"} if name == "firms" else {"source_id": "p"}
            rows[name] = [{**page, **row} for row in table]
        return merge_facts(base, make_facts(**rows), prefer=prefer)

    return merge


def conflicts(done):
    return done.conflicts.to_numpy().tolist()


def test_with_nothing_or_itself_it_stays(base, make_facts):
    for own in (make_facts(sources=[]), base):
        done = merge_facts(base, own)
        assert done.conflicts.empty
        assert done.added["rows"].sum() == 0
        for name, table in base.items():
            pd.testing.assert_frame_equal(getattr(done.facts, name), table)


def test_the_same_firm_by_its_number_and_blanks_filled(merged):
    done = merged(
        firms=[
            {
                "firm_id": "my-alpha",
                "name": "Alpha",
                "enterprise_number": NUMBER,
                "founded": "2006",
                "other_names": "A",
                "confidence": "B",
                "date_quality": "inferred",
                "source_ids": "p;q",
                "note": "own note",
            }
        ],
        events=[{"firm_id": "my-alpha", "event": "renamed", "date": "2007"}],
        sources=[
            {"source_id": "p", "url": "https://example.org/one"},
            {"source_id": "q", "published": "2010"},
        ],
    )
    firm = done.facts.firms.iloc[0]
    columns = ["firm_id", "founded", "other_names", "source_ids", "confidence", "date_quality"]
    assert firm[columns].tolist() == ["a", "2006", "A", "s1;q", "B", "inferred"]
    assert firm["note"] == "own note"
    assert done.conflicts.empty
    assert done.facts.events.iloc[-1][["firm_id", "source_id"]].tolist() == ["a", "s1"]
    assert done.added.to_numpy().tolist() == [
        ["firms", 0, 1, 1],
        ["events", 1, 0, 0],
        ["alliances", 0, 0, 0],
        ["financings", 0, 0, 0],
        ["sources", 1, 1, 0],
    ]
    assert build(done.facts, end_year=2015).firm_year["firm_id"].unique().tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("prefer", "city"), [("base", "Ghent"), ("own", "Leuven"), ("both", "Ghent")]
)
def test_a_conflict_in_a_cell_is_told(merged, prefer, city):
    firm = {"firm_id": "b", "name": "Beta", "city": "Leuven"}
    done = merged(firms=[firm], prefer=prefer)
    assert done.facts.firms["city"].tolist() == [None, city]
    kept = "own" if prefer == "own" else "base"
    assert conflicts(done) == [["firms", "b", "city", "Ghent", "Leuven", kept]]


@pytest.mark.parametrize(
    ("prefer", "dates"),
    [("base", ["2010", "2008"]), ("own", ["2008", "2011"]), ("both", ["2010", "2008", "2011"])],
)
def test_a_fact_told_otherwise_is_told(merged, prefer, dates):
    firm = {"firm_id": "b", "name": "Beta"}
    event = {"firm_id": "b", "event": "acquired", "date": "2011", "counterparty": "Big"}
    done = merged(firms=[firm], events=[event], prefer=prefer)
    assert done.facts.events["date"].tolist() == dates
    assert conflicts(done) == [
        ["events", "b", None, "acquired, Big, 2010 [s1]", "acquired, Big, 2011 [s1]", prefer]
    ]


def test_the_same_fact_is_there_once_and_other_facts_are_added(merged):
    done = merged(
        firms=[{"firm_id": "b", "name": "Beta"}],
        events=[
            {
                "firm_id": "b",
                "event": "acquired",
                "date": "2010",
                "counterparty": "Big",
                "note": "n",
            },
            {"firm_id": "b", "event": "observed_active", "date": "2008-07"},
            {"firm_id": "b", "event": "renamed", "date": "2008"},
        ],
        alliances=[
            {"firm_id": "b", "partner": "P", "start": "2004"},
            {"firm_id": "b", "partner": "P", "start": "2003-06"},
        ],
        financings=[
            {"firm_id": "b", "date": "2002", "amount_million": 2.5, "currency": "EUR"},
            {
                "firm_id": "b",
                "date": "2002",
                "round": "grant",
                "amount_million": 1.0,
                "currency": "EUR",
            },
        ],
    )
    assert done.facts.events["event"].tolist() == [
        "acquired",
        "observed_active",
        "observed_active",
        "renamed",
    ]
    assert done.facts.alliances["start"].tolist() == ["2003-05", "2004"]
    assert done.facts.financings["amount_million"].tolist() == [2.5, 1.0]
    assert [line[:3] for line in conflicts(done)] == [["alliances", "b", None]]


def test_a_namesake_is_pointed_out_and_kept(merged):
    done = merged(firms=[{"firm_id": "beta-2", "name": "BETA", "founded": "2003"}])
    assert conflicts(done) == [["firms", "beta-2", "name", "b", "beta-2", "both"]]
    assert len(done.facts.firms) == 3


def test_one_id_for_two_firms_or_pages(merged):
    with pytest.raises(FactsError, match="own firms.csv: firm_id 'a' .* is taken") as caught:
        merged(
            firms=[{"firm_id": "a", "name": "Other", "enterprise_number": "0817.285.772"}],
            sources=[{"source_id": "s1", "url": "https://example.org/other"}],
        )
    assert "own sources.csv: source_id 's1'" in str(caught.value)
    with pytest.raises(FactsError, match="firm_id 'b' .* is taken"):
        merged(firms=[{"firm_id": "b", "name": "Alpha", "enterprise_number": NUMBER}])


def test_rules_hold_together(merged):
    firm = {"firm_id": "b", "name": "Beta"}
    with pytest.raises(
        FactsError, match=r"own events.csv, line 3: column 'date': '1999' is before"
    ):
        merged(
            firms=[firm],
            events=[
                {"firm_id": "b", "event": "renamed", "date": "2005"},
                {"firm_id": "b", "event": "ipo", "date": "1999"},
            ],
        )


def test_an_unknown_preference(base):
    with pytest.raises(PanelError, match="prefer is 'mine'; the names are 'base', 'own', 'both'"):
        merge_facts(base, base, prefer="mine")


def test_on_top_of_the_shipped_facts():
    facts = read_facts("data/raw")
    done = merge_facts(facts, facts)
    for name, table in facts.items():
        pd.testing.assert_frame_equal(getattr(done.facts, name), table)


def test_a_release_tells_the_shipped_facts_below_it(make_facts, tmp_path):
    own = make_facts(
        firms=[{"firm_id": "own-firm", "founded": "2001"}],
        sources=[{"source_id": "s1", "url": "https://example.org/own"}],
    )
    facts = merge_with_shipped(own, "0.1.0", prefer="own").facts
    shipped = find_release("0.1.0").manifest.tables
    told = {
        "version": "0.1.0",
        "prefer": "own",
        "content": {
            name: shipped[name].content_hash
            for name in ("firms", "events", "alliances", "financings", "sources")
        },
    }
    folder = write_release(build(facts), "1.0.0", tmp_path)
    again = read_release(folder)
    assert again.parameters["merged_with"] == told
    assert "shipped facts 0.1.0 (prefer = own)" in (folder / "codebook.md").read_text("utf-8")
    better = filter_confidence(again, "B")
    assert build(better, end_year=2025).parameters["merged_with"] == told
    assert "merged_with" not in build(merge_facts(own, own).facts, end_year=2025).parameters
