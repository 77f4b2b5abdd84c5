from dataclasses import replace

import pytest

from belbiotech.dataset.catalog.load import load_panel
from belbiotech.dataset.panel.build import build
from belbiotech.errors import BelbiotechWarning, FitError, FormulaError, PanelError
from belbiotech.studies import designs
from belbiotech.studies.samples import read_sample
from belbiotech.studies.simulation.facts import simulate_facts
from belbiotech.studies.simulation.panel import simulate_panel

WORLD = {"documentation_delay": 2.0, "sighting_rate": 0.5, "quiet_failures": 0.2, "seed": 11}

GROUPS = ["", "_upstream", "_horizontal", "_downstream", "_exploration", "_exploitation"]


def with_an_end():
    """Let one alliance end early, in the tables and in the panel."""
    facts = simulate_facts(60, seed=2)
    facts.alliances.loc[0, "end"] = facts.alliances.loc[0, "start"]
    return build(facts, observation="first_page")


@pytest.mark.parametrize("group", GROUPS)
def test_tables_give_the_columns_of_build(tables, group):
    """The designs count alliances on their own; build() must agree, for every group."""
    name = f"alliances{group}"
    for stock, window in (("active_lag1", 5), ("cum_lag1", None)):
        _, sample = read_sample(f"failure ~ {name}_{stock}", tables, name, window=5)
        rows = designs.as_of(sample, window=window)
        assert (rows[f"{name}_{stock}"] == tables.firm_year[f"{name}_{stock}"]).all()


@pytest.mark.parametrize("window", [1, 3, None])
def test_other_windows_are_those_of_build(window):
    facts = simulate_facts(60, seed=2)
    facts.alliances.loc[::3, "end"] = [
        str(int(start) + 1) for start in facts.alliances.loc[::3, "start"]
    ]
    _, sample = read_sample(
        "failure ~ alliances_active_lag1",
        build(facts, observation="first_page"),
        "alliances",
        window=5,
    )
    other = build(facts, alliance_window=window, observation="first_page").firm_year[
        "alliances_active_lag1"
    ]
    assert (designs.as_of(sample, window=window)["alliances_active_lag1"] == other).all()


def test_a_panel_alone_gives_the_same_as_its_tables(tables, panel):
    """Without known ends, the counts of a panel tell when all was signed."""
    one = read_sample("failure ~ 1", tables, "alliances", window=5)[1]
    other = read_sample("failure ~ 1", panel, "alliances", window=5)[1]
    assert other.ends_known
    assert other.silent == one.silent
    for lag in (0, 1, 2, 3):
        for window in (3, 5, None):
            first, second = (designs.as_of(s, lag=lag, window=window) for s in (one, other))
            assert (first["any_alliances"] == second["any_alliances"]).all()


def test_a_panel_alone_says_what_it_cannot_know():
    panel = with_an_end().firm_year
    sample = read_sample("failure ~ alliances_active_lag1", panel, "alliances", window=5)[1]
    assert not sample.ends_known
    own = designs.as_of(sample, window=5)["alliances_active_lag1"]
    assert (own == panel["alliances_active_lag1"]).all()
    designs.as_of(sample, lag=2, window=None)
    with pytest.raises(FitError, match=r"does not tell when alliances ended.*load_tables"):
        designs.as_of(sample, lag=1, window=3)


def test_other_lags_are_read_off_the_panel_though_ends_are_not_known():
    """Only in the last rows of firms is anything supposed, and the note says so."""
    built = with_an_end()
    alone, known = (
        read_sample("failure ~ alliances_active_lag1", data, "alliances", window=5)[1]
        for data in (built.firm_year, built)
    )
    last = ~built.firm_year["firm_id"].duplicated(keep="last")
    for lag, kept in ((0, ~last), (2, slice(None)), (3, slice(None))):
        one, other = (designs.as_of(sample, lag=lag, window=5) for sample in (alone, known))
        name = "alliances_active_lag1"
        assert (one[name][kept] == other[name][kept]).all()
        assert "read off" in designs.read_off_note(alone, lag=lag, window=5)
        assert designs.read_off_note(known, lag=lag, window=5) == ""


def test_another_window_than_that_of_the_panel(panel):
    """The signings tell which window made the column; the one asked for is counted."""
    sample = read_sample("failure ~ alliances_active_lag1", panel, "alliances", window=3)[1]
    assert (sample.given_window, sample.ends_known) == (5, True)
    three = simulate_panel(150, alliance_window=3, **WORLD)["alliances_active_lag1"]
    assert (designs.as_of(sample, window=3)["alliances_active_lag1"] == three).all()


@pytest.mark.parametrize("confidence", [None, "B"])
def test_a_shipped_panel_brings_its_tables(confidence):
    shipped = load_panel(min_confidence=confidence)
    sample = read_sample("failure ~ alliances_active_lag1", shipped, "alliances", window=5)[1]
    assert sample.given is None
    assert (
        designs.as_of(sample, window=5)["alliances_active_lag1"] == shipped["alliances_active_lag1"]
    ).all()
    designs.as_of(sample, lag=0, window=3)


def test_some_rows_of_a_shipped_panel():
    """Firms whose lives the user cut are not silent."""
    shipped = load_panel()
    young = shipped[shipped["age"] < 10]
    sample = read_sample("failure ~ 1", young, "alliances", window=5)[1]
    every = read_sample("failure ~ 1", shipped, "alliances", window=5)[1]
    assert sample.given is None
    assert set(sample.silent) < set(every.silent)


def test_a_panel_that_was_changed_is_no_shipped_panel():
    shipped = load_panel()
    doubled = shipped.assign(alliances_new=2 * shipped["alliances_new"])
    sample = read_sample("failure ~ 1", doubled, "alliances", window=5)[1]
    assert sample.given == "alliances_active_lag1"


def test_a_panel_of_a_version_that_is_not_there(panel):
    panel = panel.copy()
    panel.attrs["version"] = "no version"
    with pytest.warns(BelbiotechWarning, match="cannot be read"):
        read_sample("failure ~ 1", panel, "alliances", window=5)


def test_all_signed_so_far_are_counted_whether_they_ended_or_not():
    shipped = load_panel()
    sample = read_sample("failure ~ alliances_cum_lag1", shipped, "alliances", window=5)[1]
    counted = designs.as_of(sample, window=None)["alliances_cum_lag1"]
    assert (counted == shipped["alliances_cum_lag1"]).all()


def test_relocated_firms_are_not_silent(tables):
    gone = read_sample("failure ~ 1", tables, "alliances", window=5)[1].silent[0]
    firms = tables.firms.copy()
    firms.loc[firms["firm_id"] == gone, "exit_kind"] = "relocation"
    sample = read_sample("failure ~ 1", replace(tables, firms=firms), "alliances", window=5)[1]
    assert gone not in sample.silent


@pytest.mark.parametrize(
    ("formula", "exposure", "error", "words"),
    [
        ("failure ~ alliances_new", "alliances", FormulaError, "counts the year itself"),
        (
            "failure ~ alliances_active_lag1 + alliances_cum_lag1",
            "alliances",
            FormulaError,
            "names the exposure 2 times",
        ),
        ("failure ~ 1", "alliances_upsteam", PanelError, "alliances_upstream"),
        ("failure ~ 1", "foo", PanelError, "exposure= names what is counted.*alliances_upstream"),
        ("failure ~ C(regoin)", "alliances", PanelError, "region"),
        ("failed ~ 1", "alliances", PanelError, "failure"),
    ],
)
def test_bad_questions(tables, panel, formula, exposure, error, words):
    for data in (tables, panel):
        with pytest.raises(error, match=words):
            read_sample(formula, data, exposure, window=5)


@pytest.mark.parametrize("window", [0, -3, 1.5])
def test_bad_windows(panel, window):
    with pytest.raises(PanelError, match="one year or more"):
        read_sample("failure ~ 1", panel, "alliances", window=window)


def test_rows_that_are_not_yearly(small):
    with pytest.raises(PanelError, match="one row a year"):
        read_sample("failure ~ 1", small.assign(stop=small["stop"] - 0.5), "alliances", window=5)
    holes = small.drop(index=2)
    with pytest.raises(PanelError, match=r"years are missing.*row 3 of 'one'"):
        read_sample("failure ~ 1", holes, "alliances", window=5)
