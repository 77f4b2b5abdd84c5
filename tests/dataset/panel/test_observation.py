"""Who is under observation: known before the year begins, whatever the year brings."""

import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from belbiotech.dataset.catalog.load import load_panel, load_tables
from belbiotech.dataset.facts.codes import EXITS
from belbiotech.dataset.facts.confidence import facts_of, filter_confidence, filter_stated
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.errors import BelbiotechWarning, PanelError

END = 2015


def pages(*published):
    return [{"source_id": f"p{k}", "published": date} for k, date in enumerate(published)]


def cited(sources):
    return ";".join(page["source_id"] for page in sources)


@pytest.fixture
def observed(make_facts):
    """Years under observation of a firm founded in 2000 that these pages tell of."""

    def years(published, events=(), *, founded="2000", end_year=END, **rules):
        sources = [*pages(*published), {"source_id": "exit", "published": rules.pop("exit", None)}]
        firm = {"firm_id": "a", "founded": founded, "source_ids": cited(sources)}
        rows = [{"firm_id": "a", "source_id": "exit", **event} for event in events]
        facts = make_facts(firms=[firm], events=rows, sources=sources)
        panel = build(facts, end_year=end_year, **rules).firm_year
        return panel.loc[panel["observed"], "year"].tolist(), panel["year"].max()

    return years


SOLD = {"event": "acquired", "date": "2006-05"}


@pytest.mark.parametrize(
    ("published", "years"),
    [
        (["2003-01-01"], [2004, 2005, 2006]),
        (["2003-12-31"], [2004, 2005, 2006]),
        (["2003"], [2004, 2005, 2006]),
        (["2003", "2004-06"], [2004, 2005, 2006, 2007]),
        (["2003", "2008"], [2004, 2005, 2006, 2009, 2010, 2011]),
        (["1998"], [2000, 2001]),
        (["1999"], [2000, 2001, 2002]),
        (["2000"], [2001, 2002, 2003]),
        (["1996"], []),
        (["2014"], [2015]),
        (["2015"], []),
        ([None], []),
        ([], []),
    ],
)
def test_a_page_opens_the_three_years_after_its_own(observed, published, years):
    assert observed(published)[0] == years


@pytest.mark.parametrize(
    ("follow_up", "years"),
    [(1, [2004]), (2, [2004, 2005]), (5, list(range(2004, 2009))), (None, list(range(2004, 2016)))],
)
def test_followed_for_so_many_years(observed, follow_up, years):
    assert observed(["2003"], follow_up=follow_up) == (years, years[-1])


def test_the_year_of_the_exit_counts_if_the_years_before_say_so(observed):
    assert observed(["2003"], [SOLD]) == ([2004, 2005, 2006], 2006)
    assert observed(["2001"], [SOLD]) == ([2002, 2003, 2004], 2006)


@pytest.mark.filterwarnings("ignore:1 of the panel's 1 firms")
def test_a_page_on_the_exit_opens_nothing_not_even_one_before_it(observed):
    assert observed([], [SOLD], exit="2006-05") == ([], 2006)
    assert observed([], [SOLD], exit="2005-12") == ([], 2006)
    later = {"event": "bankrupt", "date": "2009"}
    assert observed(["2003"], [SOLD, later], exit="2005") == ([2004, 2005, 2006], 2006)


def test_a_page_on_the_exit_of_one_firm_is_a_page_on_another(make_facts):
    firms = [{"firm_id": name, "founded": "2000", "source_ids": "s1"} for name in "ab"]
    facts = make_facts(
        firms=firms,
        events=[{"firm_id": "a", "event": "merged", "date": "2004"}],
        sources=[{"source_id": "s1", "published": "2003"}],
    )
    panel = build(facts, end_year=END).firm_year
    assert panel[panel["observed"]].groupby("firm_id")["year"].agg(list).to_dict() == {
        "b": [2004, 2005, 2006]
    }


def test_with_an_exit_and_without_by_the_same_years(observed):
    sold, _ = observed(["2002", "2005"], [{"event": "acquired", "date": "2009"}])
    silent, last = observed(["2002", "2005"])
    assert sold == silent == [2003, 2004, 2005, 2006, 2007, 2008]
    assert last == 2008


def test_facts_are_evidence_only_if_asked_for_and_if_no_page_of_an_exit_tells_them(make_facts):
    def years(page, **rules):
        facts = make_facts(
            firms=[{"firm_id": "a", "founded": "2000"}],
            events=[{"firm_id": "a", "event": "acquired", "date": "2012", "source_id": "end"}],
            alliances=[{"firm_id": "a", "start": "2004", "source_id": page}],
            sources=[
                {"source_id": "s1", "published": "2010"},
                {"source_id": "late", "published": "2011"},
                {"source_id": "end", "published": "2012"},
            ],
        )
        panel = build(facts, end_year=END, **rules).firm_year
        return panel.loc[panel["observed"], "year"].tolist()

    assert years("late") == [2011, 2012]
    assert years("late", evidence="facts") == [2005, 2006, 2007, 2011, 2012]
    assert years("end", evidence="facts") == [2011, 2012]


def test_why_a_firm_is_never_observed(make_facts):
    sources = [{"source_id": "none"}, *pages("2004", "2010", "2015")]
    firms = [
        {"firm_id": "no", "founded": "2000", "source_ids": "none"},
        {"firm_id": "end", "founded": "2000", "source_ids": "p0;none"},
        {"firm_id": "late", "founded": "2000", "source_ids": "p2"},
        {"firm_id": "out", "founded": None, "source_ids": "p1"},
        {"firm_id": "seen", "founded": "2000", "source_ids": "p1"},
    ]
    events = [{"firm_id": "end", "event": "acquired", "date": "2006", "source_id": "p0"}]
    tables = build(make_facts(firms=firms, events=events, sources=sources), end_year=END)
    told = tables.firms.set_index("firm_id")[["never_observed", "observed_rows", "last_sign_year"]]
    assert told.astype(object).where(told.notna(), None).to_numpy().tolist() == [
        ["only_its_exit", 0, None],
        ["out_of_reach", 0, 2015],
        ["no_dated_page", 0, None],
        [None, 0, 2010],
        [None, 3, 2010],
    ]


def test_firms_known_from_their_exits_alone_are_told(make_facts):
    firms = [{"firm_id": name, "founded": "2000"} for name in "abc"]
    events = [{"firm_id": name, "event": "acquired", "date": "2002"} for name in "abc"]
    facts = make_facts(firms=firms, events=events)
    told = (
        r"3 of the panel's 3 firms are known from their exits alone.*9 firm-years \(0 with "
        "failure 1, 3 with acquisition 1\\), and not one of them is observed"
    )
    with pytest.warns(BelbiotechWarning, match=told):
        panel = build(facts, end_year=END).firm_year
    assert not panel["observed"].any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert build(facts, end_year=END, observation="first_page").firm_year["observed"].any()


@pytest.mark.parametrize("follow_up", [0, 4, -1, 2.5, 3.0, True, "3", [3]])
def test_a_follow_up_that_is_none(make_facts, follow_up):
    with pytest.raises(PanelError, match=r"follow_up is .*; firms are followed for 1, 2, 3 or 5"):
        build(make_facts(firms=[{"firm_id": "a", "founded": "2000"}]), follow_up=follow_up)


def test_all_that_is_wrong_with_a_rule_at_once(make_facts):
    with pytest.raises(PanelError) as caught:
        build(make_facts(), follow_up=4, evidence="page", observation="first")
    assert [line.split(";")[0] for line in str(caught.value).splitlines()] == [
        "follow_up is 4",
        "evidence is 'page'",
        "observation is 'first'",
    ]
    assert "did you mean 'pages'?" in str(caught.value)


dates = st.one_of(st.none(), st.integers(1998, 2014).map(str))
some_pages = st.lists(dates, min_size=1, max_size=6)
some_events = st.lists(
    st.fixed_dictionaries(
        {
            "event": st.sampled_from(["observed_active", "renamed", *EXITS]),
            "date": st.integers(2000, 2014).map(str),
            "page": st.integers(0, 5),
        }
    ),
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    some_pages,
    some_events,
    st.sampled_from([1, 2, 3, 5, None]),
    st.sampled_from(["pages", "facts"]),
)
@pytest.mark.filterwarnings("ignore:1 of the panel's 1 firms")
def test_every_year_observed_has_its_reason_in_the_years_before(
    make_facts, published, events, follow_up, evidence
):
    sources = pages(*published)
    rows = [
        {**event, "firm_id": "a", "source_id": f"p{event['page'] % len(sources)}"}
        for event in events
    ]
    firm = {"firm_id": "a", "founded": "2000", "source_ids": cited(sources)}
    facts = make_facts(firms=[firm], events=rows, sources=sources)
    tables = build(facts, end_year=END, follow_up=follow_up, evidence=evidence)
    ends = {row["source_id"] for row in rows if row["event"] in EXITS}
    signs = {int(p["published"]) for p in sources if p["published"] and p["source_id"] not in ends}
    if evidence == "facts":
        signs |= {int(row["date"]) for row in rows if row["source_id"] not in ends}
    panel = tables.firm_year.set_index("year")["observed"]
    before = {year: [s for s in signs if s < year] for year in panel.index}
    expected = {
        year: bool(some) and (follow_up is None or max(some) >= year - follow_up)
        for year, some in before.items()
    }
    assert panel.to_dict() == expected
    if not any(row["event"] in EXITS for row in rows) and signs:
        until = END if follow_up is None else min(END, max(signs) + follow_up)
        assert panel.index.max() >= until  # nobody leaves before the rule lets them go


@pytest.fixture(scope="module")
def shipped():
    return read_facts("data/raw")


@pytest.mark.parametrize("rules", [{}, {"follow_up": 1}, {"follow_up": None}])
def test_the_shipped_panel_keeps_what_codebook_and_readme_say(shipped, rules):
    """No year without a page in the years before; no page of an exit; one rule for all firms."""
    tables = build(shipped, **rules)
    follow_up = tables.parameters["follow_up"] or 9999
    published = shipped.sources.set_index("source_id")["published"].dropna().str[:4].astype(int)
    tables_of_facts = (shipped.events, shipped.alliances, shipped.financings)
    own = shipped.firms.assign(source_id=shipped.firms["source_ids"].str.split(";"))
    about = pd.concat(
        [t[["firm_id", "source_id"]] for t in (own.explode("source_id"), *tables_of_facts)]
    )
    exits = shipped.events[shipped.events["event"].isin(EXITS)]
    ends = set(zip(exits["firm_id"], exits["source_id"], strict=True))
    years: dict[str, set[int]] = {}
    for firm, page in about.itertuples(index=False):
        if page in published.index and (firm, page) not in ends:
            years.setdefault(firm, set()).add(published[page])
    for row in tables.firm_year.itertuples():
        reasons = [y for y in years.get(row.firm_id, ()) if row.year - follow_up <= y < row.year]
        assert row.observed == bool(reasons), (row.firm_id, row.year)


def test_the_rule_of_0_x_gives_the_panels_of_0_x():
    """Built anew from the facts of 0.2.0, but for the listings, which are by exchange now."""
    released = load_panel("0.2.0")
    built = build(facts_of(load_tables("0.2.0")), observation="first_page").firm_year
    same = [name for name in released if name != "listed_lag1"]
    released.attrs = {}
    pd.testing.assert_frame_equal(built[same], released[same])
    assert built["observed_first_page"].equals(built["observed"])


def test_the_years_of_the_rule_of_0_x_stay_in_their_column(shipped):
    new, old = build(shipped).firm_year, build(shipped, observation="first_page").firm_year
    key = ["firm_id", "year"]
    kept = new[new["observed_first_page"]].drop(columns="observed").reset_index(drop=True)
    before = old[old["observed"]].drop(columns="observed").reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)
    assert not new.duplicated(key).any()


@pytest.mark.filterwarnings("ignore:1 of the panel's")
@pytest.mark.parametrize(
    ("quality", "filtered"),
    [
        ({"confidence": "C"}, lambda facts: filter_confidence(facts, "B")),
        ({"date_quality": "inferred"}, filter_stated),
    ],
)
def test_the_page_of_an_exit_that_is_left_out_shows_no_life(make_facts, quality, filtered):
    facts = make_facts(
        firms=[
            {"firm_id": "a", "founded": "2000", "source_ids": "p0;p1"},
            {"firm_id": "b", "founded": "2000", "source_ids": "p1"},
        ],
        events=[
            {"firm_id": name, "event": "acquired", "date": "2006", "source_id": "p1", **quality}
            for name in "ab"
        ],
        sources=pages("2003", "2006"),
    )
    left = filtered(facts)
    assert left.firms[["firm_id", "source_ids"]].to_numpy().tolist() == [["a", "p0"]]
    panel = build(left, end_year=END).firm_year
    assert panel.loc[panel["observed"], "year"].tolist() == [2004, 2005, 2006]
    assert panel["exit"].sum() == 0
