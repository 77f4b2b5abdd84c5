from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech import cox, fine_gray, load_panel, simulate_facts, simulate_panel
from belbiotech.dataset.facts.confidence import facts_of, filter_core
from belbiotech.errors import FormulaError, PanelError
from belbiotech.studies.audit.bias import bias_audit


def build(facts, **arguments):
    """Build with the rule that is sound for simulated facts: one page a firm, as a year begins."""
    return belbiotech.build(facts, observation="first_page", **arguments)


FORMULA = "failure ~ alliances_active_lag1 + C(origin)"
FACTS = {"n_firms": 200, "documentation_delay": 2.0, "sighting_rate": 0.4, "seed": 21}


@pytest.fixture(scope="module")
def facts():
    return simulate_facts(**FACTS)


@pytest.fixture(scope="module")
def audited(facts):
    return bias_audit(FORMULA, build(facts), placebo_draws=10, landmarks=(3,))


def lines(audit, step):
    return audit.table[audit.table["step"] == step].reset_index(drop=True)


def equals(line, result, name="alliances_active_lag1"):
    assert line["estimate"] == pytest.approx(result.params[name], rel=1e-9)
    assert line["std_error"] == pytest.approx(result.standard_errors[name], rel=1e-9)
    assert (line["n_rows"], line["n_events"]) == (result.n_rows, result.n_events)


def seen(rows):
    return rows[rows["observed"]]


def fit(rows, formula=FORMULA):
    return cox(formula, rows, cluster="firm_id")


def test_all_steps_in_their_order(audited):
    assert audited.table["step"].is_monotonic_increasing
    assert set(audited.table["step"]) == {*"abcdefghijklm", *(f"d{k}" for k in range(1, 9))}
    assert list(audited.table) == [
        *("step", "design", "estimate", "hazard_ratio", "std_error", "lower", "upper"),
        *("p_value", "n_rows", "n_events", "note"),
    ]
    assert (audited.table["estimate"].notna() | (audited.table["note"] != "")).all()


def test_a_counts_the_alliances_of_the_whole_life(audited, facts):
    panel = build(facts).firm_year
    total = panel.groupby("firm_id")["alliances_new"].transform("sum")
    equals(lines(audited, "a").iloc[0], fit(panel.assign(alliances_active_lag1=total)))


def test_b_counts_the_year_itself(audited, facts):
    panel = build(facts).firm_year
    by = panel.groupby("firm_id")["alliances_new"]
    in_force = sum(by.shift(k).fillna(0) for k in range(5))
    equals(lines(audited, "b").iloc[0], fit(panel.assign(alliances_active_lag1=in_force)))


def test_c_is_the_column_of_the_panel(audited, facts):
    equals(lines(audited, "c").iloc[0], fit(build(facts).firm_year))


def test_d_drops_the_years_before_the_first_page(audited, facts):
    equals(lines(audited, "d").iloc[0], fit(seen(build(facts).firm_year)))
    assert audited.sound == "d"


def test_e_follows_firms_from_the_landmark(audited, facts):
    panel = build(facts).firm_year
    at = panel[panel["age"] == 3].set_index("firm_id")["alliances_active_lag1"]
    alive = seen(panel)[lambda rows: (rows["age"] >= 3) & rows["firm_id"].isin(at.index)]
    rows = alive.assign(alliances_active_lag1=alive["firm_id"].map(at))
    equals(lines(audited, "e").iloc[0], fit(rows))
    competing = fine_gray(FORMULA, rows, "acquisition", cluster="firm_id")
    equals(lines(audited, "h").iloc[2], competing)


def test_f_lags_the_status(audited, facts):
    panel = build(facts).firm_year
    for k, line in zip((2, 3), lines(audited, "f").iloc, strict=True):
        lagged = panel.groupby("firm_id")["alliances_active_lag1"].shift(k - 1).fillna(0)
        equals(line, fit(seen(panel.assign(alliances_active_lag1=lagged))))


def test_g_has_the_windows_of_build(audited, facts):
    for window, line in zip((3, 5, 7, None), lines(audited, "g").iloc, strict=True):
        equals(line, fit(seen(build(facts, alliance_window=window).firm_year)))


def test_h_has_the_other_fate(audited, facts):
    panel = seen(build(facts).firm_year)
    censors, other, _ = lines(audited, "h").iloc
    equals(censors, fit(panel))
    equals(other, fit(panel, FORMULA.replace("failure", "acquisition")))


def test_i_deals_the_alliances_to_others(audited):
    after, naive, sound = lines(audited, "i").iloc
    assert "not estimable" in after["note"]
    assert naive["hazard_ratio"] < 0.9
    assert sound["lower"] < 1 < sound["upper"]
    assert "central 95% of 10 deals" in sound["note"]


@pytest.mark.parametrize(("line", "event"), [(0, "observed_active"), (1, "bankrupt")])
def test_j_is_what_build_makes_of_such_facts(audited, facts, line, event):
    """Best and worst case, by another route: facts that say so, and a new panel."""
    firms = build(facts).firms
    silent = firms[firms["exit_kind"].isna() & (firms["last_seen_year"] < 2025)]
    when = (
        silent["last_seen_year"] + 1 if event == "bankrupt" else silent["last_seen_year"] * 0 + 2025
    )
    page = silent["source_ids"]
    said = pd.DataFrame(
        {"firm_id": silent["firm_id"], "event": event, "date": when.astype(str), "source_id": page}
    )
    more = pd.concat([facts.events, said.assign(confidence="B", date_quality="stated")])
    guessed = build(replace(facts, events=more.reset_index(drop=True)))
    row = lines(audited, "j").iloc[line]
    equals(row, fit(seen(guessed.firm_year)))
    assert f"{len(silent)} silent firms" in row["note"]


def test_k_leaves_out_segments_and_firms(audited, facts):
    panel = seen(build(facts).firm_year)
    left = lines(audited, "k")
    segments = sorted(panel["segment"].unique())
    for segment, line in zip(segments, left.iloc, strict=False):
        equals(line, fit(panel[panel["segment"] != segment]))
    first = audited.without_each.iloc[0]
    equals(first, fit(panel[panel["firm_id"] != first["firm_id"]]))
    name = panel.loc[panel["firm_id"] == first["firm_id"], "name"].iloc[0]
    assert left.iloc[len(segments)]["design"] == f"Without {name}"
    assert len(audited.without_each) == panel["firm_id"].nunique()
    assert audited.without_each["shift"].abs().is_monotonic_decreasing


def test_of_many_firms_the_most_influential_are_left_out(facts, audited, monkeypatch):
    monkeypatch.setattr("belbiotech.studies.audit.fits.REFITS", 20)
    few = bias_audit(FORMULA, build(facts), placebo_draws=2, landmarks=(3,))
    assert len(few.without_each) == 20
    assert few.without_each["firm_id"].iloc[0] == audited.without_each["firm_id"].iloc[0]
    assert few.table["note"].str.contains("20 most influential of").any()


def test_the_naive_design_is_off_and_the_sound_one_is_not():
    panel = simulate_panel(400, 0.0, immortal_years=2, documentation_delay=2, seed=1)
    audit = bias_audit("failure ~ 1", panel, placebo_draws=20, landmarks=(5,))
    naive, sound = lines(audit, "a").iloc[0], lines(audit, "d").iloc[0]
    assert naive["upper"] < 0.5
    assert abs(sound["estimate"]) < 3 * sound["std_error"]
    assert lines(audit, "i")["hazard_ratio"].iloc[1] < 0.5
    assert audit.e_value is not None
    assert audit.e_value.common


def test_a_panel_alone_says_which_steps_it_cannot_have(facts):
    ended = facts.alliances.copy()
    ended["end"] = ended["start"]
    panel = build(replace(facts, alliances=ended)).firm_year
    audit = bias_audit("failure ~ 1", panel, placebo_draws=2, landmarks=(3,))
    missing = audit.table[audit.table["note"].str.contains("does not tell when alliances ended")]
    assert set(missing["step"]) == {"g", "i", "j"}
    read_off = audit.table[audit.table["note"].str.contains("read off the panel")]
    assert set(read_off["step"]) == {"b"}  # two years before, nothing was in force
    assert lines(audit, "a")["estimate"].notna().all()


def test_without_documentation_the_sound_design_is_c():
    panel = simulate_panel(150, seed=1).drop(columns=["observed", "segment", "acquisition"])
    audit = bias_audit("failure ~ 1", panel, placebo_draws=2, landmarks=(3,))
    assert audit.sound == "c"
    assert "no column 'observed'" in lines(audit, "d")["note"].iloc[0]
    assert "no column 'segment'" in lines(audit, "k")["note"].iloc[0]
    assert "no column 'acquisition'" in lines(audit, "h")["note"].iloc[1]


def test_an_outcome_that_ends_nothing_has_its_placebo():
    panel = simulate_panel(300, ipo_hazard=0.1, seed=1)
    audit = bias_audit("ipo ~ 1", panel, placebo_draws=2, landmarks=(3,))
    assert np.isfinite(lines(audit, "i")["estimate"].iloc[0])
    assert "no outcome is known to compete" in lines(audit, "h")["note"].iloc[0]


def test_a_panel_of_one_segment():
    panel = simulate_panel(150, seed=1).assign(segment="therapeutics")
    audit = bias_audit("failure ~ 1", panel, placebo_draws=2, landmarks=(3,))
    assert "no rows are left" in lines(audit, "k")["note"].iloc[0]


def test_exit_shows_both_fates(facts):
    audit = bias_audit("exit ~ 1", build(facts), placebo_draws=2, landmarks=(3,))
    assert lines(audit, "h")["design"].tolist() == [
        "On the hazard of failure",
        "On the hazard of acquisition",
    ]


def test_separation_is_told_and_firth_helps():
    panel = simulate_panel(100, seed=3)
    panel.loc[panel["alliances_active_lag1"] > 0, "failure"] = 0
    bare = bias_audit("failure ~ 1", panel, placebo_draws=5, landmarks=(3,))
    assert lines(bare, "d")["note"].str.contains("no maximum").all()
    assert bare.e_value is None
    helped = bias_audit("failure ~ 1", panel, placebo_draws=5, landmarks=(3,), firth=True)
    sound = lines(helped, "d").iloc[0]
    result = cox(
        "failure ~ any", panel.assign(any=(panel["alliances_active_lag1"] > 0) * 1), firth=True
    )
    assert sound["estimate"] == pytest.approx(result.params["any"])
    assert np.log(sound["upper"]) == pytest.approx(result.firth.intervals.loc["any", "upper"])


def test_firth_by_the_number_of_events_of_each_fit():
    panel = belbiotech.load_panel("1.0.0")
    audit = bias_audit("acquisition ~ 1", panel, placebo_draws=2, landmarks=(3,), firth=None)
    rows = seen(panel).assign(allied=lambda rows: (rows["alliances_active_lag1"] > 0).astype(int))
    equals(lines(audit, "d").iloc[0], fit(rows, "acquisition ~ allied"), "allied")  # 21 events
    with pytest.warns(belbiotech.BelbiotechWarning, match="5 events"):
        failure = cox("failure ~ allied", rows, firth=True)
    other = lines(audit, "h").set_index("design").loc["On the hazard of failure"]
    equals(other, failure, "allied")
    assert other["upper"] == pytest.approx(np.exp(failure.firth.intervals.loc["allied", "upper"]))


def test_warnings_come_once_in_the_result():
    panel = simulate_panel(60, hazard=0.01, seed=3)
    audit = bias_audit("failure ~ 1", panel, placebo_draws=5, landmarks=(3,))
    assert len(set(audit.warnings)) == len(audit.warnings)
    assert any("fewer than 10" in text and "fits)" in text for text in audit.warnings)


def test_the_shipped_version_by_its_name():
    audit = bias_audit("acquisition ~ 1", "0.1.0", placebo_draws=2)
    assert lines(audit, "d")["n_events"].iloc[0] > 20


def test_the_rules_of_observation_and_the_readings_are_those_of_build():
    """Each step is the panel that `build` makes, fitted."""
    tables = belbiotech.load_tables("1.0.0")
    facts = facts_of(tables)
    formula = "exit ~ alliances_active_lag1"
    audit = bias_audit(formula, tables, placebo_draws=2, landmarks=(3,))
    steps = audit.table.set_index("step")
    rules = {
        "d": {},
        "d1": {"observation": "first_page"},
        "d4": {"follow_up": 1},
        "d7": {"follow_up": 5},
        "d8": {"evidence": "facts"},
    }
    for step, rule in rules.items():
        panel = belbiotech.build(facts, **rule).firm_year
        equals(steps.loc[step], fit(seen(panel), formula))
    assert steps.loc["d6", "estimate"] == steps.loc["d", "estimate"]
    old = belbiotech.build(facts, observation="first_page")
    first = old.firm_year["firm_id"].map(old.firms.set_index("firm_id")["first_documented"])
    after = seen(old.firm_year)[lambda rows: rows["year"] > first.reindex(rows.index)]
    equals(steps.loc["d2"], fit(after, formula))
    lined = lines(audit, "l").set_index("design")
    closed = belbiotech.build(facts, liquidation="closure").firm_year
    equals(lined.loc["Wound up is no failure, only bankrupt is"], fit(seen(closed), formula))
    without = belbiotech.build(facts, consortia="none").firm_year
    equals(lined.loc["Consortia do not count"], fit(seen(without), formula))
    projects = belbiotech.build(facts, consortia="projects").firm_year
    equals(lined.loc["A consortium counts once a project"], fit(seen(projects), formula))
    assert lined["estimate"].round(6).loc["Consortia do not count"] != round(
        steps.loc["d", "estimate"], 6
    )
    core = belbiotech.build(filter_core(facts)).firm_year
    equals(lined.loc["Without firms on the edge of the frame"], fit(seen(core), formula))
    assert lined["estimate"].notna().all()


def test_a_panel_without_its_facts_says_what_is_not_possible():
    audit = bias_audit("failure ~ 1", simulate_panel(80, seed=1), placebo_draws=2, landmarks=(3,))
    for step in ("d1", "l"):
        assert "give the tables of build()" in lines(audit, step)["note"].iloc[0]


def test_for_people(audited):
    text = repr(audited)
    assert "| a | All alliances, fixed over life |" in text
    assert "E-value" in text
    figure = audited.plot()
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert "d  and under observation" in labels
    assert audited.plot(title="Alliances").axes[0].get_title(loc="left") == "Alliances"


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"landmarks": (3, 60)}, PanelError, "nobody is left at the landmark, age 60"),
        ({"windows": (3, 0)}, PanelError, "one year or more"),
        ({"alliance_window": 0}, PanelError, "one year or more"),
        ({"lags": (1,)}, PanelError, "2 or more whole years"),
        ({"placebo_draws": 1}, PanelError, "placebo_draws"),
        (
            {"formula": "failure ~ alliances_active_lag1 * C(origin)"},
            FormulaError,
            "one coefficient",
        ),
        ({"formula": "failure ~ alliances_new"}, FormulaError, "the year itself"),
        ({"formula": "failure ~ C(regoin)"}, PanelError, "region"),
        ({"exposure": "patents"}, PanelError, "alliances"),
        ({"competing": "aquisition"}, PanelError, "acquisition"),
        ({"cluster": "firm"}, PanelError, "firm_id"),
    ],
)
def test_bad_input(facts, wrong, error, words):
    asked = {"formula": "failure ~ 1", "data": build(facts), "placebo_draws": 2, **wrong}
    with pytest.raises(error, match=words):
        bias_audit(**asked)


def test_a_shipped_panel_has_every_step():
    """Only what no data could tell is without an estimate."""
    audit = bias_audit(
        "failure ~ alliances_active_lag1", load_panel(), landmarks=(3,), placebo_draws=3
    )
    none = audit.table[audit.table["estimate"].isna()]
    none = none[none["step"] != "m"]
    assert list(none["design"]) == ["Alliances signed in the two years after"]
    fine = lines(audit, "h").iloc[-1]
    assert "no firm at risk links them" in fine["note"]


def test_the_unit_is_the_one_that_the_panel_names():
    panel = simulate_panel(200, effect=0.0, documentation_delay=2, seed=5)
    other = panel.rename(columns={"firm_id": "company"})
    options = {"placebo_draws": 4, "landmarks": (3,)}
    expected = bias_audit("failure ~ 1", panel, **options).table
    given = bias_audit("failure ~ 1", other, cluster="company", unit="company", **options).table
    other.attrs["unit"] = "company"
    named = bias_audit("failure ~ 1", other, cluster="company", **options).table
    pd.testing.assert_frame_equal(given, expected)
    pd.testing.assert_frame_equal(named, expected)


def test_a_panel_that_names_no_unit_is_asked_for_it():
    panel = simulate_panel(50, effect=0.0, seed=5).rename(columns={"firm_id": "company"})
    panel.attrs = {}
    with pytest.raises(PanelError, match="unit='...'"):
        bias_audit("failure ~ 1", panel, cluster="company")


@pytest.mark.parametrize(
    "year", [pd.Timestamp("2001"), 1j, "2001", b"2001", pd.Period("2001", "Y")]
)
def test_years_that_are_no_numbers_are_told(year):
    panel = simulate_panel(30, seed=3)
    years = pd.Series([year] * len(panel), index=panel.index, dtype=object)
    with pytest.raises(PanelError, match="'year' must hold numbers"):
        bias_audit("failure ~ 1", panel.assign(year=years), placebo_draws=2)
