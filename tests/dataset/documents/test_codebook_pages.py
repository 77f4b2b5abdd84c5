"""The codebook as pages, and the charts in it."""

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.dataset.documents.codebook_pages import codebook_html, codebook_markdown
from belbiotech.dataset.documents.distribution import Distribution, distribution
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases.release import draft_manifest


@pytest.fixture
def released(facts_folder):
    tables = build(facts_folder.read(), end_year=2012)
    return tables, draft_manifest(tables, "0.1.0")


def rows_of(text, table):
    """Cells of a table's rows in Markdown, by column."""
    part = text.split(f"\n## {table}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    cells = [re.split(r"(?<!\\) ?\| ?", line)[1:-1] for line in lines]
    return {row[0].strip("`"): row for row in cells}


def test_every_column_of_every_table_has_a_row(released):
    tables, manifest = released
    text = codebook_markdown(tables, manifest)
    for name, frame in tables.items():
        rows = rows_of(text, name)
        assert list(rows) == list(frame)
        assert {len(cells) for cells in rows.values()} == {7}


def test_a_row_tells_meaning_values_missing_and_spread(released):
    text = codebook_markdown(*released)
    region = rows_of(text, "firms")["region"]
    assert "**Region.** Region of the head office" in region[1]
    assert "text: `BE-VLG` Flanders (1); `BE-WAL` Wallonia (1); `BE-BRU` Brussels (0)" in region[2]
    assert region[3:5] == ["none", "`██·` 2 of 3 values occur"]
    assert region[6] == "0.1.0"
    events = rows_of(text, "events")
    assert events["counterparty"][3] == "50.0%"
    assert events["amount_million"][4] == "no values"
    assert events["date_year"][4].endswith("2010 to 2012, median 2011, mean 2011")


def test_the_page_needs_nothing_else_and_is_well_formed(released):
    page = codebook_html(*released)
    assert not re.search(r"(src|href)=.https?:|<script|@import|url\(", page)
    open_tags = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag != "meta":
                open_tags.append(tag)

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

    Reader().feed(page)
    assert open_tags == []
    assert page.count("<tr id=") == sum(frame.shape[1] for _, frame in released[0].items())


def test_the_page_shows_texts_as_they_are(facts_folder):
    facts_folder.rows["firms"][0]["name"] = "A & <b>Sons</b>"
    tables = build(facts_folder.read())
    manifest = draft_manifest(tables, "0.1.0")
    page = codebook_html(tables, manifest)
    assert "<b>Sons" not in page
    assert "(start, stop]" in page


def test_the_same_pages_for_rows_in_another_order(released):
    tables, manifest = released
    turned = {name: frame.iloc[::-1] for name, frame in tables.items()}
    assert codebook_html(turned, manifest) == codebook_html(tables, manifest)
    assert codebook_markdown(turned, manifest) == codebook_markdown(tables, manifest)


def test_codes_are_counted_in_their_order():
    column = pd.Series(["b", None, "a", "b"])
    found = distribution(column, {"b": "Bee", "a": "", "c": "Sea"})
    assert found == Distribution(("b", "a", "c"), (2, 1, 0), "2 of 3 values occur")
    flags = distribution(pd.Series([0, 1, 1]), {"0": "No", "1": "Yes"})
    assert flags.counts == (1, 2)


def test_whole_numbers_get_bars_of_equal_width():
    found = distribution(pd.Series(range(1990, 2020)), {})
    assert found.labels[:2] == ("1990 to 1992", "1993 to 1995")
    assert found.counts == (3,) * 10
    assert distribution(pd.Series([7, 7]), {}).labels == ("7",)


def test_amounts_get_bars_by_powers_of_ten():
    found = distribution(pd.Series([0.5, 1.0, 9.99, 10.0, 2500.0, np.nan]), {})
    assert found.labels == (
        "0.1 to below 1",
        "1 to below 10",
        "10 to below 100",
        "100 to below 1000",
        "1000 to below 10000",
    )
    assert found.counts == (1, 2, 1, 0, 1)
    assert found.blocks() == "▄█▄·▄"
    assert distribution(pd.Series([-1.0, 0.0, 3.0]), {}).labels[0] == "0 or less"


@given(
    st.lists(st.floats(-1e12, 1e12), min_size=1)
    | st.lists(st.integers(-(10**6), 10**6), min_size=1)
    | st.lists(st.booleans(), min_size=1)
)
def test_every_value_is_in_one_bar(values):
    found = distribution(pd.Series(values), {})
    assert sum(found.counts) == len(values)
    assert len(found.labels) == len(found.counts)


def test_texts_are_only_told_apart():
    assert distribution(pd.Series(["x", "y", None, "x"]), {}).summary == "2 distinct texts"
    assert distribution(pd.Series([], dtype="Int64"), {}).summary == "no values"
