"""Every cell leads back to its facts and pages."""

import pytest

from belbiotech.dataset.catalog.provenance import sources_of
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.panel.fields import FIRM_YEAR
from belbiotech.errors import PanelError


@pytest.fixture
def tables(make_facts):
    facts = make_facts(
        firms=[
            {"firm_id": "a", "founded": "2000", "source_ids": "s1;s2aaaaaaa"},
            {"firm_id": "nobody", "founded": None},
        ],
        events=[
            {"firm_id": "a", "event": "ipo", "date": "2003", "source_id": "s3"},
            {"firm_id": "a", "event": "ipo", "date": "2005", "source_id": "s3"},
            {"firm_id": "a", "event": "renamed", "date": "2004"},
            {
                "firm_id": "a",
                "event": "acquired",
                "date": "2008-02",
                "counterparty": "Big",
                "counterparty_country": "US",
                "amount_million": 12.5,
                "currency": "USD",
                "note": "price from s2aaaaaaa, not s9zzzzzzz",
            },
        ],
        alliances=[
            {"firm_id": "a", "start": "2001", "end": "2003", "subject": "a drug"},
            {"firm_id": "a", "start": "2002", "alliance_type": "unspecified"},
        ],
        financings=[{"firm_id": "a", "date": "2002-05"}],
        sources=[
            {"source_id": "s1"},
            {"source_id": "s2aaaaaaa", "published": "2002-02"},
            {"source_id": "s3", "published": "2006"},
        ],
    )
    return build(facts, end_year=2015)


def facts(tables, *cell):
    return sources_of(*cell, tables=tables)["fact"].tolist()


def test_a_firm_has_all_its_facts_and_pages(tables):
    found = sources_of("a", tables=tables)
    assert found[["table", "date", "source_id", "role"]].to_numpy().tolist() == [
        ["firms", "2000", "s1", "states the fact"],
        ["firms", "2000", "s2aaaaaaa", "states the fact"],
        ["alliances", "2001", "s1", "states the fact"],
        ["alliances", "2002", "s1", "states the fact"],
        ["financings", "2002-05", "s1", "states the fact"],
        ["events", "2003", "s3", "states the fact"],
        ["events", "2004", "s1", "states the fact"],
        ["events", "2005", "s3", "states the fact"],
        ["events", "2008-02", "s1", "states the fact"],
        ["events", "2008-02", "s2aaaaaaa", "named in the note"],
    ]
    assert found["url"].tolist()[1] == "https://example.org/s2aaaaaaa"
    assert found["fact"].tolist()[-1] == "acquired, Big (US), 12.5 million USD"


def test_a_firm_out_of_the_panel_has_facts_and_no_columns(tables):
    found = sources_of("nobody", tables=tables)
    assert found["fact"].str.startswith("founding not stated").all()
    assert found["columns"].tolist() == [""]


@pytest.mark.parametrize(
    ("year", "column", "expected"),
    [
        (2002, "alliances_new", ["unspecified"]),
        (2002, "alliances_active_lag1", ["licence_out"]),
        (2003, "alliances_active_lag1", ["licence_out", "unspecified"]),
        (2004, "alliances_active_lag1", ["unspecified"]),
        (2004, "alliances_cum_lag1", ["licence_out", "unspecified"]),
        (2004, "alliances_downstream_cum_lag1", ["licence_out", "unspecified"]),
        (2004, "alliances_exploitation_cum_lag1", ["licence_out"]),
        (2004, "alliances_upstream_cum_lag1", []),
        (2007, "alliances_active_lag1", ["unspecified"]),
        (2008, "alliances_active_lag1", []),
        (2002, "financing_rounds_new", ["seed"]),
        (2002, "financing_rounds_cum_lag1", []),
        (2003, "financing_rounds_cum_lag1", ["seed"]),
        (2003, "ipo", ["ipo"]),
        (2005, "ipo", []),
        (2004, "listed_lag1", ["ipo"]),
        (2006, "listed_lag1", ["ipo", "ipo"]),
        (2008, "acquisition", ["acquired", "acquired"]),
        (2008, "exit", ["acquired", "acquired"]),
        (2007, "exit", []),
        (2008, "failure", []),
        (2000, "region", ["founded 2000", "founded 2000"]),
        (2002, "observed", []),
        (2003, "observed", ["founded 2000"]),
        (2005, "observed", ["founded 2000"]),
        (2006, "observed", []),
        (2007, "observed", ["ipo", "ipo"]),
        (2000, "observed_first_page", ["founded 2000"]),
    ],
)
def test_a_cell_has_its_facts(tables, year, column, expected):
    words = [text.split(",")[0].split(" with")[0] for text in facts(tables, "a", year, column)]
    assert words == expected


def test_a_year_has_the_facts_of_its_row_and_those_dated_in_it(tables):
    found = sources_of("a", 2004, tables=tables)
    assert found["date"].tolist() == ["2000", "2000", "2001", "2002", "2002-05", "2003", "2004"] + [
        "2008-02",
        "2008-02",
    ]
    by_date = found.drop_duplicates("date").set_index("date")["columns"]
    assert by_date["2004"] == ""
    assert by_date["2008-02"] == "year"
    assert by_date["2003"] == "listed_lag1"


def test_without_an_exit_the_last_sighting_is_behind_the_rows(make_facts):
    rows = [{"firm_id": "a", "event": "observed_active", "date": date} for date in ("2003", "2005")]
    tables = build(
        make_facts(
            firms=[{"firm_id": "a", "founded": "2000"}],
            events=rows,
            sources=[{"source_id": "s1"}],
        ),
        end_year=2010,
    )
    found = sources_of("a", 2000, tables=tables)
    assert found[["date", "columns"]].to_numpy().tolist()[-1] == ["2005", "year"]
    assert "2003" not in found["date"].tolist()


def test_every_count_of_the_shipped_panel_has_as_many_facts():
    tables = build(read_facts("data/raw"))
    panel = tables.firm_year
    counted = [name for name in FIRM_YEAR if name.startswith(("alliances", "financing"))]
    counted += ["failure", "acquisition", "exit", "ipo"]
    for firm in ("galapagos", "ablynx", "tibotec", "mithra", "vesale-pharma"):
        rows = panel[panel["firm_id"] == firm]
        for row in rows.iloc[[0, len(rows) // 2, -1]].to_dict("records"):
            found = sources_of(firm, row["year"], tables=tables)
            found = found[found["role"] == "states the fact"]
            for name in counted:
                behind = found["columns"].str.split(", ").map(lambda names, n=name: n in names)
                assert behind.sum() == row[name], (firm, row["year"], name)


def test_unknown_names_are_refused(tables):
    with pytest.raises(PanelError, match="no firm 'nobdy'; did you mean 'nobody'"):
        sources_of("nobdy", tables=tables)
    with pytest.raises(PanelError, match="no column 'failures'; did you mean 'failure'"):
        sources_of("a", 2001, "failures", tables=tables)
    with pytest.raises(PanelError, match="a has rows from 2000 to 2008, and none for 2009"):
        sources_of("a", 2009, tables=tables)
    with pytest.raises(PanelError, match="nobody has no rows in the panel: no_founding_year"):
        sources_of("nobody", 2009, tables=tables)
