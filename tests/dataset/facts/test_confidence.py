"""Facts come back out of tables whole, and can be kept by confidence."""

import pandas as pd
import pytest

from belbiotech.dataset.facts.confidence import facts_of, filter_confidence
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.errors import PanelError


def test_facts_come_back_whole():
    facts = read_facts("data/raw")
    back = facts_of(build(facts))
    for name, table in facts.items():
        columns = list(FACTS[name])
        expected = table.sort_values(columns, ignore_index=True)
        pd.testing.assert_frame_equal(getattr(back, name), expected)
    again = build(back)
    for name, table in build(facts).items():
        pd.testing.assert_frame_equal(table, getattr(again, name))


@pytest.fixture
def facts(make_facts):
    return make_facts(
        firms=[
            {"firm_id": "a", "founded": "2000", "confidence": "B"},
            {"firm_id": "c", "founded": "2001", "confidence": "C"},
        ],
        events=[
            {
                "firm_id": "a",
                "event": "bankrupt",
                "date": "2005",
                "source_id": "s2",
                "confidence": "C",
            },
            {"firm_id": "a", "event": "renamed", "date": "2004", "confidence": "A"},
            {"firm_id": "c", "event": "renamed", "date": "2004", "confidence": "A"},
        ],
        sources=[
            {"source_id": "s1", "published": "2001"},
            {"source_id": "s2", "published": "2010"},
        ],
    )


def test_keeps_that_confidence_and_better(facts):
    kept = filter_confidence(facts, "B")
    assert kept.firms["firm_id"].tolist() == ["a"]
    assert kept.events["event"].tolist() == ["renamed"]
    assert len(kept.sources) == 2
    panel = build(kept).firm_year
    assert panel["year"].tolist() == [2000, 2001, 2002, 2003, 2004]
    assert panel["failure"].sum() == 0


def test_the_lowest_keeps_all_and_tables_do_as_facts(facts):
    tables = build(facts)
    for name, table in filter_confidence(tables, "C").items():
        pd.testing.assert_frame_equal(table, getattr(facts_of(tables), name))
    assert filter_confidence(tables, "B").events["event"].tolist() == ["renamed"]


def test_an_unknown_confidence(facts):
    with pytest.raises(PanelError, match="'D' is no confidence; the names are 'A', 'B', 'C'"):
        filter_confidence(facts, "D")
