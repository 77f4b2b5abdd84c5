"""What the site holds is what the release holds: its counts, lives, partners and differences."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.explorer.changes import steps
from belbiotech.explorer.curves import example_curve
from belbiotech.explorer.lives import lives
from belbiotech.explorer.partners import partners
from belbiotech.explorer.risk import counted_rows
from belbiotech.explorer.sample import sample
from belbiotech.explorer.states import find_states
from belbiotech.explorer.words import Words


@pytest.fixture(scope="module")
def known(state, words):
    return {life.firm_id: life for life in lives(state, words)}


def counted_table(risk) -> pd.DataFrame:
    """The counted rows as a table, codes in place of their places."""
    table = pd.DataFrame(risk["columns"]).assign(n=risk["n"])
    for trait in risk["traits"]:
        codes = [code for code, _ in trait["values"]]
        table[trait["name"]] = [codes[place] for place in table[trait["name"]]]
    return table


@pytest.mark.filterwarnings("ignore:survival of group .* falls to 0")
@pytest.mark.parametrize("outcome", ["exit", "failure", "acquisition"])
@pytest.mark.parametrize("by", [None, "region", "origin"])
def test_counted_rows_give_the_curves_of_the_panel(state, words, outcome, by):
    counted = counted_table(counted_rows(state, words))
    counted = counted[counted["observed"] == 1]
    panel = state.tables.firm_year
    ours = bb.kaplan_meier(counted, outcome, by=by, weights="n").table
    theirs = bb.kaplan_meier(panel[panel["observed"]], outcome, by=by).table
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-12)


def test_counted_rows_leave_nobody_out(state, words):
    risk = counted_rows(state, words)
    assert sum(risk["n"]) == len(state.tables.firm_year)
    assert len(risk["n"]) < len(state.tables.firm_year)
    assert [trait["name"] for trait in risk["traits"]][:4] == [
        "region",
        "segment",
        "origin",
        "cohort",
    ]


def test_alliance_status_is_of_the_year_before(state, words):
    counted = counted_table(counted_rows(state, words))
    panel = state.tables.firm_year
    allied = int((panel["alliances_active_lag1"] > 0).sum())
    assert counted.loc[counted["allied"] == "1", "n"].sum() == allied


def test_columns_of_later_releases_become_filters_and_choices(state):
    tables = state.tables
    frames = ["press", "register"] * len(tables.firms)
    later = replace(
        state,
        tables=replace(
            tables,
            firms=tables.firms.assign(frame=frames[: len(tables.firms)]),
            firm_year=tables.firm_year.assign(observed_first_page=True),
        ),
    )
    words = Words(later.manifest)
    assert "frame" in [found.name for found in sample(later, words).filters]
    risk = counted_rows(later, words)
    assert [year["name"] for year in risk["years"]] == ["observed", "observed_first_page"]
    assert "frame" in risk["columns"]


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_every_release_gives_its_sample(version):
    state = find_states(version)[-1]
    found = sample(state, Words(state.manifest))
    assert len(found.rows) == len(bb.load_table("firms", version))
    assert sum(row["alliances"] for row in found.rows) == len(bb.load_table("alliances", version))
    assert sum(row["firm_years"] for row in found.rows) == len(bb.load_panel(version))


def test_filters_count_each_firm_once(state, words):
    found = sample(state, words)
    for chosen in found.filters:
        column = found.data["traits"][chosen.name]
        assert set(column) == set(chosen.codes)
    labels = {chosen.name: chosen.codes for chosen in found.filters}
    assert labels["region"]["BE-VLG"] == "Flanders"
    assert "none" in labels["exit_kind"]


def test_a_life_has_every_fact_of_the_firm_and_its_pages(state, known):
    tables = state.tables
    facts = sum(
        (table["firm_id"] == "ablynx").sum()
        for table in (tables.firms, tables.events, tables.alliances, tables.financings)
    )
    life = known["ablynx"]
    assert len(life.facts) == facts
    ids = {page.id for fact in life.facts for page in fact.pages}
    assert ids == set(bb.sources_of("ablynx", version=state.version)["source_id"])
    assert life.fate == "Acquired, 2018"
    assert all(page.is_link for fact in life.facts for page in fact.pages)


def test_what_other_pages_said_stands_beside_the_fact(state, known):
    found = bb.conflicts(state.version)
    told = {(life, other) for life in known for f in known[life].facts for _, other, _ in f.others}
    assert len(found) > 10
    assert told == {(row.firm_id, row.other) for row in found.itertuples()}
    assert "founding date" in {a for f in known["mdxhealth"].facts for a, _, _ in f.others}


def test_the_observed_years_are_marked(state, known):
    panel = state.tables.firm_year
    for firm, rows in list(panel.groupby("firm_id"))[:20]:
        life = known[firm]
        assert life.marked == tuple(rows["observed"])
        assert life.timeline["observed"] == rows.loc[rows["observed"], "year"].tolist()
        listed = rows.loc[rows["listed_lag1"] == 1, "year"] - 1
        assert set(listed) <= set(life.timeline["listed"])
        assert len(life.timeline["listed"]) <= len(listed) + 1
        assert [row[0] for row in life.years] == rows["year"].astype(str).tolist()


def test_a_firm_outside_the_panel_says_why(state, known):
    outside = state.tables.firms.loc[~state.tables.firms["in_panel"], "firm_id"].iloc[0]
    assert known[outside].years == ()
    assert known[outside].out_reason.startswith("No page states")


def test_alliances_in_force_are_those_of_the_panel(state, words):
    network = partners(state, words)
    panel = state.tables.firm_year
    by_name = {node["name"]: k for k, node in enumerate(network["nodes"])}
    for row in panel[panel["year"] == 2016].itertuples():
        place = by_name[row.name]
        own = [link for link in network["links"] if link["firm"] == place]
        active = sum(link["from"] <= 2015 < link["to"] for link in own)
        assert active == row.alliances_active_lag1, row.firm_id


def test_a_partner_that_is_a_firm_of_the_sample_is_that_firm(state, words):
    network = partners(state, words)
    names = [node["name"].casefold() for node in network["nodes"]]
    assert len(names) == len(set(names))
    assert len(network["links"]) == len(state.tables.alliances)
    both = [link for link in network["links"] if network["nodes"][link["partner"]]["file"]]
    assert both


def test_steps_tell_what_a_release_changed():
    newest, first = steps(find_states("0.2.0"))
    told = bb.diff("0.1.0", "0.2.0").summary.set_index("table")
    assert first.before is None
    assert newest.before == "0.1.0"
    for table, added, removed, changed in newest.counts:
        assert (added, removed, changed) == tuple(told.loc[table, ["added", "removed", "changed"]])
    assert len(newest.changes) == told.drop(index="sources").to_numpy().sum()


def test_the_first_curve_is_of_observed_firm_years(state, words):
    panel = state.tables.firm_year
    table = bb.kaplan_meier(panel[panel["observed"]], "exit").table
    assert [row["survival"] for row in example_curve(state, words).rows] == list(table["survival"])


def test_a_panel_without_rows_is_told(state, words):
    empty = replace(state, tables=replace(state.tables, firm_year=state.tables.firm_year.iloc[:0]))
    assert example_curve(empty, words).notes == ("The panel has no firm-years.",)
    assert counted_rows(empty, words)["n"] == []


def test_a_panel_of_unobserved_rows_shows_them_all(state, words):
    panel = state.tables.firm_year.assign(observed=False)
    unseen = replace(state, tables=replace(state.tables, firm_year=panel))
    curve = example_curve(unseen, words)
    assert curve.years == "All firm-years"
    assert curve.rows
