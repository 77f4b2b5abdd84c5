from dataclasses import replace

import pytest

from belbiotech.dataset.panel import build
from belbiotech.errors import FitError, FormulaError, PanelError
from belbiotech.studies import designs
from belbiotech.studies.samples import read_sample
from belbiotech.studies.simulated_facts import simulate_facts

GROUPS = ["", "_upstream", "_horizontal", "_downstream", "_exploration", "_exploitation"]


def with_an_end():
    """Let one alliance end early, in the tables and in the panel."""
    facts = simulate_facts(60, seed=2)
    facts.alliances.loc[0, "end"] = facts.alliances.loc[0, "start"]
    return build(facts)


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
    _, sample = read_sample("failure ~ alliances_active_lag1", build(facts), "alliances", window=5)
    other = build(facts, alliance_window=window).firm_year["alliances_active_lag1"]
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
    for lag, window in ((0, 5), (2, 5), (1, 3)):
        with pytest.raises(FitError, match="does not tell when alliances ended"):
            designs.as_of(sample, lag=lag, window=window)


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
