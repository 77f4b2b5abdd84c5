"""The meaning of a firm-year, on facts written out here, and as properties of any facts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from belbiotech.dataset.facts.codes import EVENTS, EXITS, PARTNER_GROUPS, PURPOSES
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.facts.tables import TABLE_NAMES
from belbiotech.dataset.panel.build import build, default_end_year
from belbiotech.dataset.panel.schemas import PROCESSED, validate_tables
from belbiotech.errors import FactsError, PanelError

END = 2020


def firm(name="a", founded="2000", **more):
    return {"firm_id": name, "founded": founded, **more}


def event(kind, date, name="a", **more):
    return {"firm_id": name, "event": kind, "date": date, **more}


def alliance(start, end=None, name="a", **more):
    return {"firm_id": name, "start": start, "end": end, "partner": f"P {start} {end}", **more}


def money(date, name="a", **more):
    return {"firm_id": name, "date": date, **more}


@pytest.fixture
def life(make_facts):
    """Rows of the one firm of these facts, by year; its page has no date, so none is observed."""

    def rows(*, window=5, end_year=END, founded="2000", **facts):
        tables = build(
            make_facts(firms=[firm(founded=founded)], sources=[{"source_id": "s1"}], **facts),
            end_year=end_year,
            alliance_window=window,
        )
        return tables.firm_year.set_index("year")

    return rows


def years_where(column):
    return column.index[column.astype(bool)].tolist()


def test_rows_run_from_founding_to_exit(life):
    rows = life(events=[event("acquired", "2003-05")])
    assert rows.index.tolist() == [2000, 2001, 2002, 2003]
    assert rows["start"].tolist() == [0, 1, 2, 3]
    assert rows["stop"].tolist() == [1, 2, 3, 4]
    assert rows["age"].tolist() == [0, 1, 2, 3]
    assert rows["acquisition"].tolist() == [0, 0, 0, 1]
    assert rows["exit"].tolist() == [0, 0, 0, 1]
    assert rows["failure"].sum() == 0


def test_an_exit_in_the_founding_year_is_one_row(life):
    rows = life(events=[event("dissolved", "2000-12")])
    assert rows[["start", "stop", "failure"]].to_numpy().tolist() == [[0, 1, 1]]


@pytest.mark.parametrize("kind", EXITS)
def test_each_exit_is_of_its_kind(life, kind):
    rows = life(events=[event(kind, "2002"), event("observed_active", "2010")])
    last = rows.loc[2002]
    assert len(rows) == 3
    expected = {"failure": (1, 0, 1), "acquisition": (0, 1, 1), "relocation": (0, 0, 0)}
    assert (last["failure"], last["acquisition"], last["exit"]) == expected[EXITS[kind]]


@pytest.mark.parametrize("kind", [name for name in EVENTS if name not in EXITS])
def test_every_other_event_shows_the_firm_operating(life, kind):
    rows = life(events=[event(kind, "2004")])
    assert rows.index.max() == 2004
    assert rows["exit"].sum() == 0


def test_alliances_and_financings_show_it_operating(life):
    assert life(alliances=[alliance("2006", "2015")]).index.max() == 2006
    assert life(financings=[money("2007")]).index.max() == 2007


def test_nothing_but_the_founding_is_one_row(life):
    assert life().index.tolist() == [2000]


def test_never_past_the_end_year(life):
    rows = life(end_year=2003, events=[event("observed_active", "2010")])
    assert rows.index.max() == 2003


def test_an_exit_after_the_end_year_is_not_an_exit_yet(life, make_facts):
    events = [event("acquired", "2010"), event("observed_active", "2002")]
    rows = life(end_year=2005, events=events)
    assert rows.index.max() == 2005
    assert rows["exit"].sum() == 0
    undated = [{"source_id": "s1"}]
    firms = build(make_facts(firms=[firm()], events=events, sources=undated), end_year=2005).firms
    assert firms["exit_kind"].tolist() == [None]
    assert firms["last_seen_year"].tolist() == [2010]


def test_the_first_exit_counts_and_the_later_stay_in_events(make_facts):
    events = [event("bankrupt", "2008"), event("acquired", "2005-03"), event("ipo", "2009")]
    undated = [{"source_id": "s1"}]
    tables = build(make_facts(firms=[firm()], events=events, sources=undated), end_year=END)
    assert tables.firms[["exit_event", "exit_kind", "exit_year"]].to_numpy().tolist() == [
        ["acquired", "acquisition", 2005]
    ]
    assert len(tables.events) == 3
    assert tables.firm_year["ipo"].sum() == 0


@pytest.mark.parametrize(
    ("dates", "kind", "doubtful"),
    [
        ({"acquired": "2005-03", "bankrupt": "2005-02"}, "failure", False),
        ({"acquired": "2005-03", "bankrupt": "2005-04"}, "acquisition", False),
        ({"acquired": "2005", "bankrupt": "2005-04"}, "failure", True),
        ({"acquired": "2005-04-20", "liquidated": "2005-04"}, "acquisition", True),
        ({"acquired": "2005-04-20", "liquidated": "2005-04-19"}, "failure", False),
        ({"merged": "2005", "dissolved": "2005"}, "acquisition", True),
        ({"bankrupt": "2005", "liquidated": "2005-01"}, "failure", False),
        ({"relocated": "2005", "dissolved": "2005"}, "failure", True),
        ({"relocated": "2005-01", "dissolved": "2005-02"}, "relocation", False),
        # The year alone is before neither; of the other two, May is after March.
        ({"relocated": "2005", "bankrupt": "2005-05", "acquired": "2005-03"}, "acquisition", True),
    ],
)
def test_exits_of_one_year(make_facts, dates, kind, doubtful):
    events = [event(name, date) for name, date in dates.items()]
    for order in (events, events[::-1]):
        undated = [{"source_id": "s1"}]
        facts = make_facts(firms=[firm()], events=order, sources=undated)
        firms = build(facts, end_year=END).firms
        assert firms["exit_kind"].tolist() == [kind]
        assert firms["exit_doubtful"].tolist() == [doubtful]


def test_an_alliance_counts_from_the_year_after_it_was_signed(life):
    rows = life(
        alliances=[alliance("2002-01-01")], events=[event("observed_active", "2012")], window=3
    )
    assert years_where(rows["alliances_new"]) == [2002]
    assert years_where(rows["alliances_cum_lag1"]) == list(range(2003, 2013))
    assert years_where(rows["alliances_active_lag1"]) == [2003, 2004, 2005]


def test_the_default_window_is_five_year_ends(life):
    rows = life(alliances=[alliance("2002")], events=[event("observed_active", "2012")])
    assert years_where(rows["alliances_active_lag1"]) == [2003, 2004, 2005, 2006, 2007]


def test_without_a_window_it_lasts(life):
    rows = life(
        alliances=[alliance("2002")], events=[event("observed_active", "2012")], window=None
    )
    assert rows["alliances_active_lag1"].tolist() == rows["alliances_cum_lag1"].tolist()


@pytest.mark.parametrize(
    ("end", "active"),
    [
        ("2002-12-31", []),
        ("2003-01-01", [2003]),
        ("2011", list(range(2003, 2012))),
        ("2015", list(range(2003, 2013))),
    ],
)
def test_a_known_end_rules_over_the_window(life, end, active):
    rows = life(alliances=[alliance("2002", end)], events=[event("observed_active", "2012")])
    assert years_where(rows["alliances_active_lag1"]) == active


def test_kinds_of_partners_and_types(make_facts):
    rows = [
        alliance("2001", partner_type=kind, partner=kind, alliance_type=purpose)
        for kind in sum(PARTNER_GROUPS.values(), ())
        for purpose in (*sum(PURPOSES.values(), ()), "unspecified")
    ]
    tables = build(
        make_facts(firms=[firm()], alliances=rows, events=[event("renamed", "2002")]),
        end_year=2002,
    )
    last = tables.firm_year.iloc[-1]
    for group, kinds in PARTNER_GROUPS.items():
        assert last[f"alliances_{group}_cum_lag1"] == len(kinds) * 11
        assert last[f"alliances_{group}_active_lag1"] == len(kinds) * 11
    for group, purposes in PURPOSES.items():
        assert last[f"alliances_{group}_cum_lag1"] == len(purposes) * 10
    assert last["alliances_cum_lag1"] == 110
    unspecified = tables.alliances["alliance_type"] == "unspecified"
    assert tables.alliances["purpose"].isna().tolist() == unspecified.tolist()


def test_financing_rounds(life):
    rows = life(financings=[money("2001"), money("2001-05"), money("2003")])
    assert rows["financing_rounds_new"].tolist() == [0, 2, 0, 1]
    assert rows["financing_rounds_cum_lag1"].tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize(
    ("listings", "listed"),
    [
        (["ipo 2002"], [2003, 2004, 2005, 2006, 2007, 2008, 2009, 2010]),
        (["ipo 2002", "delisted 2004"], [2003, 2004]),
        (["ipo 2002", "ipo 2003", "delisted 2005"], [2003, 2004, 2005]),
        (["ipo 2002", "delisted 2004-07", "delisted 2006"], [2003, 2004]),
        (["ipo 2002 X", "ipo 2003 Y", "delisted 2005 X"], [2003, 2004, 2005, *range(2006, 2011)]),
        (
            ["ipo 2002 X", "ipo 2003 Y", "delisted 2005 X", "delisted 2007 y"],
            list(range(2003, 2008)),
        ),
        (["ipo 2002 X", "ipo 2003 Y", "delisted 2005"], [2003, 2004, 2005]),
        (["ipo 2002", "ipo 2003 Y", "delisted 2005 X"], list(range(2003, 2011))),
        (["ipo 2002", "delisted 2005 X"], [2003, 2004, 2005]),
        (["ipo 2002 X", "ipo 2004 X", "delisted 2005 X"], [2003, 2004, 2005]),
        (["ipo 2002 X", "delisted 2004 X", "ipo 2006 X"], [2003, 2004, *range(2007, 2011)]),
        (["ipo 2002", "delisted 2004", "ipo 2007"], [2003, 2004, 2008, 2009, 2010]),
        (["ipo 2002", "delisted 2004", "ipo 2006", "delisted 2008"], [2003, 2004, 2007, 2008]),
        (["delisted 2004", "ipo 2006"], [2007, 2008, 2009, 2010]),
        (["delisted 2004"], []),
        (["ipo 2003-01", "delisted 2003-05"], []),
        (["ipo 2003", "delisted 2003"], []),
        (["ipo 2001", "delisted 2003-02", "ipo 2003-06"], list(range(2002, 2011))),
    ],
)
def test_listed(life, listings, listed):
    parts = [text.split() for text in listings]
    events = [event(*part[:2], counterparty=part[2] if part[2:] else None) for part in parts]
    rows = life(events=[*events, event("observed_active", "2010")])
    assert years_where(rows["listed_lag1"]) == listed
    assert rows["listed_lag1"].max() <= 1


def test_the_first_ipo_is_the_outcome(life):
    rows = life(events=[event("ipo", "2005"), event("ipo", "2003-04"), event("delisted", "2004")])
    assert years_where(rows["ipo"]) == [2003]


def test_an_ipo_in_the_year_of_the_exit_counts(life):
    rows = life(events=[event("ipo", "2003"), event("acquired", "2003-11")])
    assert rows.loc[2003, ["ipo", "acquisition", "listed_lag1"]].tolist() == [1, 1, 0]


def test_by_the_rule_of_0_x_observed_from_the_first_dated_page_behind_any_fact(make_facts):
    sources = [
        {"source_id": "s1"},
        {"source_id": "s2", "published": "2009-03"},
        {"source_id": "s3", "published": "2004"},
        {"source_id": "s4", "published": "2001"},
    ]
    facts = make_facts(
        firms=[firm("a", source_ids="s1;s2"), firm("b", source_ids="s1"), firm("c")],
        events=[event("renamed", "2010", name) for name in "abc"],
        alliances=[alliance("2003", name="a", source_id="s3")],
        sources=sources,
    )
    tables = build(facts, end_year=END, observation="first_page")
    assert tables.firms["first_documented"].astype(object).where(
        lambda x: x.notna(), None
    ).tolist() == [
        2004,
        None,
        None,
    ]
    seen = tables.firm_year.groupby("firm_id")["observed"]
    assert seen.sum().tolist() == [7, 0, 0]
    assert tables.firm_year.query("firm_id == 'a' and observed")["year"].min() == 2004


def test_firms_that_are_not_in_the_panel_are_in_firms_with_the_reason(make_facts):
    firms = [firm("a"), firm("b", founded=None), firm("c", founded="2019-02")]
    undated = [{"source_id": "s1"}]
    facts = make_facts(firms=firms, events=[event("ipo", "2003", "b")], sources=undated)
    tables = build(facts, end_year=2010)
    assert tables.firms["in_panel"].tolist() == [True, False, False]
    assert tables.firms["out_reason"].tolist() == [
        None,
        "no_founding_year",
        "founded_after_end_year",
    ]
    assert tables.firms["rows"].tolist() == [1, 0, 0]
    assert tables.firm_year["firm_id"].unique().tolist() == ["a"]


def test_dates_keep_their_precision(make_facts):
    facts = make_facts(
        firms=[firm(founded="2000-05-31")],
        alliances=[alliance("2001-02", "2003"), alliance("2002-02-03")],
        events=[event("renamed", "2001")],
    )
    tables = build(facts, end_year=END)
    firms = tables.firms[["founded", "founded_precision", "founded_year"]]
    assert firms.to_numpy().tolist() == [["2000-05-31", "day", 2000]]
    assert tables.alliances["start_precision"].tolist() == ["month", "day"]
    assert tables.alliances["end"].tolist() == ["2003", None]
    assert tables.alliances["end_precision"].tolist() == ["year", None]
    assert tables.alliances["end_year"].isna().tolist() == [False, True]
    assert tables.events[["date", "date_precision", "date_year"]].to_numpy().tolist() == [
        ["2001", "year", 2001]
    ]


def test_the_end_year_is_the_last_complete_one(make_facts):
    sources = [{"source_id": "s1", "published": "2019-03"}]
    facts = make_facts(firms=[firm()], sources=sources, events=[event("renamed", "2018")])
    assert default_end_year(facts) == 2018
    later = make_facts(firms=[firm()], sources=sources, alliances=[alliance("2021")])
    assert default_end_year(later) == 2020
    assert build(facts).parameters == {
        "end_year": 2018,
        "alliance_window": 5,
        "observation": "follow_up",
        "follow_up": 3,
        "evidence": "pages",
    }
    old = build(facts, alliance_window=None, observation="first_page").parameters
    assert old == {"end_year": 2018, "alliance_window": None, "observation": "first_page"}


def test_planned_ends_and_foundings_move_no_end_year(make_facts):
    sources = [{"source_id": "s1", "published": "2019-03"}]
    planned = make_facts(
        firms=[firm(), firm("b", "2024")], sources=sources, alliances=[alliance("2018", "2040")]
    )
    assert default_end_year(planned) == 2018


def test_the_end_year_of_the_shipped_facts():
    assert default_end_year(read_facts("data/raw")) == 2025


def test_listings_of_the_shipped_facts():
    panel = build(read_facts("data/raw")).firm_year
    listed = panel[panel["listed_lag1"] == 1].groupby("firm_id")["year"].agg(list)
    assert listed["celyad"] == list(range(2014, 2026))
    assert listed["mdxhealth"] == list(range(2007, 2026))
    assert listed["innogenetics"] == list(range(1997, 2009))
    assert listed["devgen"] == list(range(2006, 2013))


def test_types_and_order(make_facts):
    facts = make_facts(
        firms=[firm("b"), firm("a"), firm("B")],
        events=[event("renamed", "2002", "b")],
        sources=[{"source_id": "s1"}],
    )
    tables = build(facts, end_year=END)
    panel = tables.firm_year
    assert [name for name, _ in tables.items()] == list(PROCESSED) == list(TABLE_NAMES)
    assert panel[["firm_id", "year"]].to_numpy().tolist() == [
        ["B", 2000],
        ["a", 2000],
        ["b", 2000],
        ["b", 2001],
        ["b", 2002],
    ]
    assert panel.notna().all(axis=None)
    kinds = {str(panel[name].dtype) for name in panel}
    assert kinds == {"object", "int64", "bool"}
    assert panel.index.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("window", [0, -1, 2.5, True, "5"])
def test_a_window_that_is_none(make_facts, window):
    with pytest.raises(PanelError, match="alliance_window is .* whole number of years"):
        build(make_facts(firms=[firm()]), alliance_window=window)


@pytest.mark.parametrize("year", [20, 2020.5, "2020", True])
def test_an_end_year_that_is_none(make_facts, year):
    with pytest.raises(PanelError, match="end_year is .* must be a year"):
        build(make_facts(firms=[firm()]), end_year=year)


def test_no_firm_no_panel(make_facts):
    with pytest.raises(PanelError, match="no firm has a founding year up to the end year"):
        build(make_facts(firms=[firm(founded=None)]))
    with pytest.raises(PanelError, match="no firm has a founding year"):
        build(make_facts(firms=[firm()]), end_year=1999)
    with pytest.raises(PanelError, match="no event, alliance, financing or page has a date"):
        build(make_facts(sources=[]))


def test_a_known_bad_table_fails():
    """The canary: if pandera let everything pass, this test would see it."""
    tables = build(read_facts("data/raw"))
    bad = tables.firm_year.assign(failure=2, age=tables.firm_year["age"] + 1, name=1)
    with pytest.raises(PanelError, match="neither 0 nor 1") as caught:
        validate_tables({"firm_year": bad})
    assert "start is the age" in str(caught.value)
    assert "column 'name'" in str(caught.value)


def test_each_broken_rule_is_a_line_with_its_first_rows_and_their_number():
    panel = build(read_facts("data/raw")).firm_year
    bad = panel.assign(failure=2, acquisition=0, exit=0)
    with pytest.raises(PanelError) as caught:
        validate_tables({"firm_year": bad.set_axis([0] * len(bad))})
    more = f"and {len(bad) - 3:,d} more"
    assert str(caught.value).splitlines() == [
        f"firm_year, column 'failure': {len(bad):,d} rows break the rule 'is neither 0 nor 1': "
        f"row 0 (failure 2), row 1 (failure 2), row 2 (failure 2) {more}",
        f"firm_year: {len(bad):,d} rows break the rule 'an exit is a failure or an acquisition, "
        "not both': "
        + ", ".join(f"row {row} (exit 0, failure 2, acquisition 0)" for row in range(3))
        + f" {more}",
    ]
    one = panel.head(5).assign(ipo=[0, 0, 0, 0, 9]).drop(columns="region")
    with pytest.raises(PanelError) as caught:
        validate_tables({"firm_year": one})
    assert str(caught.value).splitlines() == [
        "firm_year, column 'ipo': 1 row breaks the rule 'is neither 0 nor 1': row 4 (ipo 9)",
        "firm_year: breaks the rule 'column_in_dataframe': 'region'",
    ]


def test_the_build_refuses_when_pandera_lets_everything_pass(make_facts, monkeypatch):
    from pandera.config import CONFIG

    monkeypatch.setattr(CONFIG, "validation_enabled", False)
    with pytest.raises(FactsError, match="PANDERA_VALIDATION_ENABLED"):
        build(make_facts(firms=[firm()]), end_year=END)


def test_the_shipped_panel():
    tables = build(read_facts("data/raw"))
    assert tables.parameters["end_year"] == 2025
    panel, firms = tables.firm_year, tables.firms.set_index("firm_id")
    assert len(panel) == firms["rows"].sum()
    ablynx = panel[panel["firm_id"] == "ablynx"].set_index("year")
    assert years_where(ablynx["listed_lag1"]) == list(range(2008, 2019))
    assert years_where(ablynx["ipo"]) == [2007]
    innogenetics = panel[panel["firm_id"] == "innogenetics"].set_index("year")
    assert years_where(innogenetics["listed_lag1"]) == list(range(1997, 2009))
    assert innogenetics.index.max() == 2008


dates = st.builds(
    lambda year, month, day, precision: f"{year}-{month:02d}-{day:02d}"[: (4, 7, 10)[precision]],
    st.integers(2000, 2012),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 2),
)
names = st.sampled_from("abc")
some_firms = st.fixed_dictionaries(
    {name: st.one_of(st.none(), st.sampled_from(["2000", "2000-07"])) for name in "bc"}
)
some_facts = st.fixed_dictionaries(
    {
        "events": st.lists(st.builds(event, st.sampled_from(list(EVENTS)), dates, names)),
        "alliances": st.lists(
            st.builds(
                alliance,
                dates,
                st.one_of(st.none(), st.integers(2013, 2020).map(str)),
                names,
                partner_type=st.sampled_from(sum(PARTNER_GROUPS.values(), ())),
                alliance_type=st.sampled_from([*PURPOSES["exploration"], "unspecified"]),
            )
        ),
        "financings": st.lists(st.builds(money, dates, names)),
    }
)
any_facts = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def by_hand(facts, panel, window):
    """The panel's counts, one row at a time, as the design tells them."""
    for row in panel.itertuples():
        signed = facts.alliances[facts.alliances["firm_id"] == row.firm_id]
        start = signed["start"].str[:4].astype(int)
        end = signed["end"].str[:4].astype(float).fillna(start + window)
        before = row.year - 1
        rounds = facts.financings[facts.financings["firm_id"] == row.firm_id]["date"].str[:4]
        yield (
            (start == row.year).sum(),
            (start <= before).sum(),
            ((start <= before) & (end > before)).sum(),
            (rounds.astype(int) <= before).sum(),
        )


@any_facts
@given(some_firms, some_facts, st.integers(1, 8), st.randoms(use_true_random=False))
def test_properties_of_any_panel(make_facts, founded, rows, window, random):
    firms = [firm("a"), *(firm(name, date) for name, date in founded.items())]
    rows["sources"] = [{"source_id": "s1"}]
    facts = make_facts(firms=firms, **rows)
    tables = build(facts, end_year=2010, alliance_window=window)
    panel = tables.firm_year

    known = tables.firms[tables.firms["in_panel"]].set_index("firm_id")
    last = known["exit_year"].fillna(known["last_seen_year"].clip(upper=2010))
    assert panel.groupby("firm_id").size().tolist() == (last - known["founded_year"] + 1).tolist()
    assert (panel["stop"] - panel["start"] == 1).all()
    assert panel.groupby("firm_id")["exit"].sum().max() <= 1
    assert (panel["year"] <= 2010).all()
    ends = panel[panel["exit"] == 1]
    assert ends["year"].tolist() == ends["firm_id"].map(known["exit_year"]).tolist()

    counts = ["new", "cum_lag1", "active_lag1"]
    columns = [*(f"alliances_{name}" for name in counts), "financing_rounds_cum_lag1"]
    assert panel[columns].to_numpy().tolist() == [
        list(row) for row in by_hand(facts, panel, window)
    ]
    for name in counts:
        groups = [f"alliances_{group}_{name}" for group in PARTNER_GROUPS]
        assert (panel[groups].sum(axis=1) == panel[f"alliances_{name}"]).all()

    shuffled = {
        name: [*random.sample(some, len(some))] for name, some in {**rows, "firms": firms}.items()
    }
    again = build(make_facts(**shuffled), end_year=2010, alliance_window=window)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, getattr(again, name))


@any_facts
@given(some_facts)
def test_no_firm_is_allied_before_it_has_signed(make_facts, rows):
    facts = make_facts(firms=[firm(name) for name in "abc"], sources=[{"source_id": "s1"}], **rows)
    panel = build(facts, end_year=2010).firm_year
    signed_before = panel.groupby("firm_id")["alliances_new"].cumsum() - panel["alliances_new"]
    assert np.array_equal(panel["alliances_cum_lag1"], signed_before)
    assert (panel["alliances_active_lag1"] <= panel["alliances_cum_lag1"]).all()
