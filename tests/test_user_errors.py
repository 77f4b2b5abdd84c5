"""Whoever errs is told so by an error of the package, and warnings point to their own line."""

import ast
import inspect
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.errors import BelbiotechError, BelbiotechWarning

FORMULA = "exit ~ alliances_active_lag1"


@pytest.fixture(scope="module")
def panel():
    return bb.load_panel("1.0.0")


@pytest.fixture(scope="module")
def rows(panel):
    return panel[panel["observed"]]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda rows: bb.build("nowhere"), "no such folder"),
        (lambda rows: bb.build(3), "neither facts nor a folder"),
        (lambda rows: bb.refit(FORMULA, [rows]), "panels is a list; give each panel its name"),
        (lambda rows: bb.refit(FORMULA, {}), "give each panel its name"),
        (lambda rows: bb.sources_of("ablynx", "2007"), "year is '2007'"),
        (lambda rows: bb.sources_of("ablynx", 2007, ["exit"]), "no column"),
        (lambda rows: bb.sources_of("ablynx", tables=rows), "what build or load_tables gives"),
        (lambda rows: bb.sources_of("Oxurion"), "that is a name of 'thrombogenics'"),
        (lambda rows: bb.conflicts(tables=rows), "what build or load_tables gives"),
        (lambda rows: bb.export(out="/proc/x"), "another place"),
        (lambda rows: bb.export(out=3), "out is 3"),
        (lambda rows: bb.load_panel(min_confidence=["A"]), "no confidence"),
        (lambda rows: bb.diff("1.0.0", None), "there is no version None (new)"),
        (lambda rows: bb.cite(format=["bibtex"]), "unknown format"),
        (lambda rows: bb.read_facts(None), "no folder"),
        (lambda rows: bb.new_facts(3), "no folder"),
        (lambda rows: bb.new_facts("/proc/x"), "could not be written"),
        (lambda rows: bb.merge_facts(3, 4), "neither facts nor a folder"),
        (lambda rows: bb.merge_with_shipped(3), "neither facts nor a folder"),
    ],
)
def test_errors_are_of_the_package(rows, wrong, told):
    with pytest.raises(BelbiotechError) as caught:
        wrong(rows)
    assert told in str(caught.value)


def test_missing_times_say_how_to_name_or_make_them(rows):
    with pytest.raises(BelbiotechError, match=r"start='\.\.\.', or give start=0"):
        bb.cox(FORMULA, rows.drop(columns="start"))
    with pytest.raises(BelbiotechError, match=r"stop='\.\.\.', or make one"):
        bb.kaplan_meier(rows.drop(columns="stop"), "exit")


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_start_0_is_all_from_0(rows):
    plain = rows.drop(columns="start")
    zeros = rows.assign(start=0)
    assert bb.cox(FORMULA, plain, start=0).params.equals(bb.cox(FORMULA, zeros).params)
    for first, second in (
        (bb.kaplan_meier(plain, "exit", start=0), bb.kaplan_meier(zeros, "exit")),
        (bb.kaplan_meier(rows, "exit", start=0), bb.kaplan_meier(zeros, "exit")),
    ):
        pd.testing.assert_frame_equal(first.table, second.table)
    found = bb.logrank_test(plain, "exit", "listed_lag1", start=0)
    assert found.p_value == bb.logrank_test(zeros, "exit", "listed_lag1").p_value


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_paths_without_id(rows):
    fit = bb.cox(FORMULA, rows, cluster="firm_id")
    two = pd.DataFrame({"alliances_active_lag1": [0, 2], "start": 0, "stop": 20})
    given = fit.predict_survival(two)
    named = fit.predict_survival(two.assign(id=[1, 2]))
    assert np.array_equal(given["estimate"], named["estimate"])
    with pytest.raises(BelbiotechError, match="paths have no column 'start'"):
        fit.predict_survival(two[["alliances_active_lag1"]])
    with pytest.raises(BelbiotechError, match="column 'id'"):
        fit.predict_survival(two.assign(start=[0, 10]))


def test_a_test_of_many_groups_warns(rows):
    with pytest.warns(BelbiotechWarning, match="113 groups|115 groups"):
        bb.logrank_test(rows, "exit", "firm_id")


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_fine_gray_on_observed_rows_says_what_works(rows):
    with pytest.raises(BelbiotechError, match=r"cox_causes\(\)"):
        bb.fine_gray("acquisition ~ alliances_active_lag1", rows, "failure")
    with pytest.raises(BelbiotechError, match="cox_causes"):
        bb.fine_gray("acquisition ~ listed_lag1", rows.assign(listed_lag1=1), "failure")
    last = rows["start"].gt(rows.groupby("firm_id")["stop"].shift()).groupby(rows["firm_id"])
    after = rows[last.cumsum() == last.transform("sum")]
    first = after.groupby("firm_id")["alliances_active_lag1"].transform("first")
    fixed = after.assign(alliances_active_lag1=first)
    assert bb.fine_gray("acquisition ~ alliances_active_lag1", fixed, "failure").n_events > 10


@pytest.mark.filterwarnings("ignore::belbiotech.BelbiotechWarning")
def test_studies_cluster_by_whose_row_it_is(rows):
    own = rows.rename(columns={"firm_id": "company"})
    own.attrs["unit"] = "company"
    ours = bb.refit(FORMULA, {"x": rows})
    pd.testing.assert_frame_equal(bb.refit(FORMULA, {"x": own}), ours)
    curve = bb.specification_curve(
        own, outcomes=["exit"], exposures=["alliances_active_lag1"], progress=False, processes=1
    )
    assert curve.table["estimate"].notna().all()
    own.attrs = {}
    with pytest.raises(BelbiotechError, match=r"cluster='\.\.\.'"):
        bb.refit(FORMULA, {"x": own})


def test_a_description_without_units_says_so(rows):
    own = rows.drop(columns="firm_id").assign()
    own.attrs = {}
    assert any("Units are not counted" in note for note in bb.describe_panel(own).notes)


WARNING_CALLS = {
    "cox": lambda rows: bb.cox("failure ~ alliances_active_lag1", rows),
    "discrete_hazard": lambda rows: bb.discrete_hazard("failure ~ alliances_active_lag1", rows),
    "piecewise_exponential": lambda rows: bb.piecewise_exponential(
        "failure ~ alliances_active_lag1", rows, cuts=[10]
    ),
    "logrank_test": lambda rows: bb.logrank_test(rows, "exit", "firm_id"),
    "cox, strata": lambda rows: bb.cox(
        "acquisition ~ alliances_active_lag1", rows, strata="segment"
    ),
    "cox_causes": lambda rows: bb.cox_causes(
        "alliances_active_lag1", rows, ["failure", "acquisition"]
    ),
    "restricted_mean": lambda rows: bb.restricted_mean(rows, "exit", 60),
}


@pytest.mark.parametrize("name", WARNING_CALLS)
def test_warnings_point_to_the_users_own_line(rows, name):
    call = WARNING_CALLS[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(rows)
    ours = [it for it in caught if issubclass(it.category, BelbiotechWarning)]
    lines, first = inspect.getsourcelines(call)
    assert ours
    for it in ours:
        assert Path(it.filename) == Path(__file__)
        assert first <= it.lineno <= first + len(lines) + 1


def test_all_warnings_of_the_package_take_the_one_way_to_the_users_line():
    """Whatever public function warns, `errors.warn` finds the line: so nobody warns otherwise."""
    package = Path(bb.__file__).parent
    otherwise = [
        f"{path.relative_to(package)}, line {node.lineno}"
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("warnings.warn", "warnings.warn_explicit")
    ]
    assert [place.split(",")[0] for place in otherwise] == ["errors.py"], otherwise


@pytest.mark.parametrize("odd", [None, pd.NA, 3, ["logit"], pd.Series(["logit"]), pd.DataFrame()])
def test_what_is_no_word_is_told_where_one_is_asked_for(rows, odd):
    fit = bb.cox("exit ~ alliances_active_lag1", rows)
    calls = [
        lambda: bb.discrete_hazard("exit ~ alliances_active_lag1", rows, link=odd),
        lambda: bb.aft("exit ~ alliances_active_lag1", rows, distribution=odd),
        lambda: fit.residuals(odd),
        lambda: fit.anova(test=odd),
        lambda: bb.regression_table(fit, below=odd),
        lambda: bb.pseudo_values(rows, "exit", times=5, method=odd),
        lambda: bb.standardised_survival(
            fit, rows, exposure="alliances_active_lag1", values=[[]], times=5
        ),
    ]
    words = r"give a text|unknown|no residuals|must be|there is no|did you mean|the names are"
    for call in calls:
        with pytest.raises(BelbiotechError, match=words):
            call()
