import numpy as np
import pytest

from belbiotech.errors import FormulaError, PanelError
from belbiotech.studies.simulation.panel import simulate_panel
from belbiotech.studies.specification import specification_curve
from belbiotech.survival.cox.estimate import cox

CHOSEN = {
    "outcomes": ["failure", "exit"],
    "exposures": ["alliances_active_lag1", "I(1 * (alliances_cum_lag1 > 0))"],
    "controls": ["", "C(region) + year"],
    "progress": False,
}


@pytest.fixture(scope="module")
def firms():
    return simulate_panel(300, effect=-0.4, documentation_delay=1, seed=2)


@pytest.fixture(scope="module")
def curve(firms):
    return specification_curve(firms, **CHOSEN)


def test_every_combination_once(curve):
    assert len(curve.table) == 2 * 2 * 2 * 2
    assert not curve.table.duplicated(["outcome", "exposure", "controls", "design"]).any()
    assert curve.table["estimate"].notna().all()


def test_a_line_is_the_fit_of_its_formula(curve, firms):
    line = curve.table[
        (curve.table["outcome"] == "exit")
        & (curve.table["exposure"] == "alliances_active_lag1")
        & (curve.table["controls"] == "C(region) + year")
        & (curve.table["design"] == "under observation")
    ].iloc[0]
    formula = "exit ~ alliances_active_lag1 + C(region) + year"
    result = cox(formula, firms[firms["observed"]], cluster="firm_id")
    assert line["estimate"] == result.params["alliances_active_lag1"]
    assert line["std_error"] == result.standard_errors["alliances_active_lag1"]
    assert line["n_rows"] == firms["observed"].sum()


def test_two_processes_give_the_same(curve, firms):
    again = specification_curve(firms, **CHOSEN, processes=2)
    assert again.table.equals(curve.table)


def test_summary(curve):
    numbers = curve.summary
    estimates = curve.table["estimate"]
    assert numbers["specifications"] == numbers["fitted"] == 16
    assert numbers["median_hazard_ratio"] == pytest.approx(np.exp(estimates.median()))
    assert numbers["share_below_1"] == (estimates < 0).mean()
    assert numbers["share_below_1"] + numbers["share_above_1"] == 1


def test_names_for_people(firms):
    curve = specification_curve(
        firms,
        outcomes={"Failure": "failure"},
        exposures={"Alliances in force": "alliances_active_lag1"},
        controls={"No controls": "", "Region": "C(region)"},
        designs={"By segment": {"rows": "year > 2000", "strata": "segment", "ties": "breslow"}},
        progress=False,
    )
    assert curve.table["controls"].tolist() == ["No controls", "Region"]
    late = firms[firms["year"] > 2000]
    result = cox("failure ~ alliances_active_lag1", late, strata="segment", ties="breslow")
    assert curve.table["estimate"].iloc[0] == result.params["alliances_active_lag1"]


def test_failures_are_kept_with_their_reason(firms):
    curve = specification_curve(
        firms.assign(never=0),
        outcomes=["failure", "never"],
        exposures=["alliances_active_lag1"],
        progress=False,
    )
    failed = curve.table[curve.table["outcome"] == "never"]
    assert failed["estimate"].isna().all()
    assert failed["note"].str.contains("never happens").all()
    assert curve.summary["fitted"] == 2
    assert "Not fitted (2)" in repr(curve)


def test_sound_and_unsound_designs_are_told_apart(curve):
    """By default all firm-years are there to show what they do, and not as a sound design."""
    marked = curve.table.groupby("design")["sound"].unique().map(list).to_dict()
    assert marked == {"under observation": [True], "all firm-years": [False]}
    parts = curve.by_soundness
    sound = curve.table[curve.table["sound"]]
    assert parts.loc["fitted"].to_dict() == {"sound": 8, "unsound": 8}
    assert parts.loc["median_hazard_ratio", "sound"] == pytest.approx(
        np.exp(sound["estimate"].median())
    )
    for name, word, how in (("n_rows", "least", min), ("n_events", "most", max)):
        assert parts.loc[f"{word}_{name}", "sound"] == how(sound[name])
    figure = curve.plot()
    assert {text.get_text() for text in figure.axes[0].texts} == {
        "Sound designs (8)",
        "Unsound designs (8)",
    }
    assert "8 of 8 unsound specifications" in figure.axes[0].get_title(loc="left")


def test_several_panels(firms):
    late = firms[firms["year"] > 2005]
    designs = {"as told": "observed", "late": {"rows": "observed", "data": "late"}}
    designs["late, all"] = {"data": "late", "sound": False}
    chosen = {**CHOSEN, "outcomes": ["exit"], "controls": [""]}
    curve = specification_curve({"all": firms, "late": late}, **chosen, designs=designs)
    rows = curve.table.groupby("design")["n_rows"].first()
    assert rows["as told"] == firms["observed"].sum()
    assert rows["late"] == late["observed"].sum()
    assert rows["late, all"] == len(late)
    with pytest.raises(PanelError, match="no panel 'early'; did you mean"):
        specification_curve(
            {"all": firms, "early_": late}, **chosen, designs={"x": {"data": "early"}}
        )
    with pytest.raises(PanelError, match="there is no panel"):
        specification_curve({}, **chosen)


def test_plot_has_two_panels(curve):
    figure = curve.plot()
    assert len(figure.axes) == 2
    assert "16 of 16 specifications" in figure.axes[0].get_title(loc="left")


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"outcomes": []}, PanelError, "outcome: the list is empty"),
        ({"outcomes": "failure"}, PanelError, "give a list"),
        ({"outcomes": ["failed"]}, PanelError, "failure"),
        ({"exposures": ["alliances"]}, PanelError, "no column 'alliances'"),
        ({"exposures": ["year + age"]}, FormulaError, "one term of one column"),
        ({"exposures": ["year"], "controls": ["year:age"]}, FormulaError, "one coefficient"),
        ({"controls": ["C(regoin)"]}, PanelError, "region"),
        ({"designs": {"x": "yaer > 2000"}}, PanelError, "no query"),
        ({"designs": {"x": "@__import__('os').system('x')"}}, FormulaError, "no query"),
        ({"designs": {"x": {"rows": ["observed"]}}}, PanelError, "text of a condition"),
        ({"designs": {"x": 3}}, PanelError, "design 'x' is an int"),
        ({"designs": {"x": "year > 3000"}}, PanelError, "keeps no row"),
        ({"designs": {"x": {"strat": "region"}}}, PanelError, "strata"),
        ({"designs": {"x": {"strata": "regoin"}}}, PanelError, "region"),
        ({"designs": {"x": {"sound": "yes"}}}, PanelError, "sound is 'yes'"),
        ({"designs": {}}, PanelError, "design: the list is empty"),
        ({"cluster": "firm"}, PanelError, "firm_id"),
        ({"processes": 0}, PanelError, "1 or more"),
    ],
)
def test_bad_input(firms, wrong, error, words):
    with pytest.raises(error, match=words):
        specification_curve(firms, **{**CHOSEN, **wrong})
