import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import BelbiotechWarning, FitError, PanelError, logrank_test, pairwise_logrank

patiently = settings(deadline=None)  # the first call imports
WEIGHTINGS = ["logrank", "gehan-breslow", "tarone-ware", "peto"]


@pytest.fixture
def firms():
    """Ten firms, three of which enter late."""
    return pd.DataFrame(
        {
            "start": [0, 0, 1, 2, 0, 3, 0, 1, 0, 0],
            "stop": [2, 4, 3, 5, 1, 5, 6, 4, 3, 6],
            "failure": [1, 0, 1, 0, 0, 1, 0, 1, 1, 0],
            "region": ["BRU", "VLG", "BRU", "VLG", "WAL", "WAL", "VLG", "BRU", "WAL", "BRU"],
            "era": ["old", "old", "new", "new", "old", "new", "new", "old", "new", "old"],
        }
    )


@st.composite
def panels(draw):
    """Three groups that are at risk together at the first event."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 6), st.integers(1, 4), st.booleans(), st.sampled_from("abc")),
            max_size=25,
        )
    )
    first = [(0, 1, 1, "a"), (0, 8, 0, "a"), (0, 8, 0, "b"), (0, 8, 1, "b"), (0, 9, 0, "c")]
    table = pd.DataFrame([*first, *rows], columns=["start", "length", "event", "group"])
    return table.assign(stop=table["start"] + table["length"], event=table["event"].astype(int))


def test_two_groups_by_hand(firms):
    rows = firms[firms["region"] != "WAL"]
    result = logrank_test(rows, "failure", "region")
    # BRU and VLG at risk at 2: 4 and 2 (the entry at 2 is not); at 3: 3 and 3; at 4: 2 and 3
    shares = np.array([4 / 6, 3 / 6, 2 / 5])
    assert result.table["expected"].tolist() == pytest.approx([shares.sum(), 3 - shares.sum()])
    assert result.table["observed"].tolist() == [3, 0]
    variance = (shares * (1 - shares)).sum()
    assert result.statistic == pytest.approx((3 - shares.sum()) ** 2 / variance, rel=1e-12)
    assert result.df == 1


@patiently
@given(panels(), st.sampled_from(WEIGHTINGS))
def test_observed_and_expected_add_up_to_the_same(data, weighting):
    result = logrank_test(data, "event", "group", weighting=weighting)
    table = result.table
    assert table["observed"].sum() == pytest.approx(table["expected"].sum(), rel=1e-12)
    assert 0 <= result.p_value <= 1
    assert result.df == 2


@patiently
@given(panels(), st.integers(1, 8), st.sampled_from(WEIGHTINGS))
def test_cutting_rows_changes_nothing(data, cut, weighting):
    long = (data["start"] < cut) & (cut < data["stop"])
    first = data[long].assign(stop=cut, event=0)
    pieces = pd.concat([data[~long], first, data[long].assign(start=cut)])
    whole = logrank_test(data, "event", "group", weighting=weighting)
    cut_up = logrank_test(pieces, "event", "group", weighting=weighting)
    assert cut_up.statistic == pytest.approx(whole.statistic, rel=1e-12, abs=1e-14)


@patiently
@given(panels())
def test_names_of_groups_and_strata_do_not_matter(data):
    data = data.assign(side=np.where(data["length"] > 2, "long", "short"))
    renamed = data.assign(
        group=data["group"].map({"a": "z", "b": "x", "c": "y"}),
        side=data["side"].map({"long": 1, "short": 2}),
    )
    before = logrank_test(data, "event", "group", strata="side")
    after = logrank_test(renamed, "event", "group", strata="side")
    assert after.statistic == pytest.approx(before.statistic, rel=1e-10)
    assert after.df == before.df


@patiently
@given(panels())
def test_no_weights_is_fleming_harrington_0_0(data):
    plain = logrank_test(data, "event", "group")
    special = logrank_test(data, "event", "group", weighting="fleming-harrington")
    assert special.statistic == plain.statistic


@pytest.mark.parametrize("weighting", ["logrank", "peto", "fleming-harrington"])
def test_a_stratum_without_an_event_counts_for_nothing(firms, weighting):
    options = {"weighting": weighting, "strata": "part"}
    if weighting == "fleming-harrington":
        options["rho"] = 1.0
    quiet = firms.assign(part="quiet", failure=0)
    both = pd.concat([firms.assign(part="loud"), quiet], ignore_index=True)
    found = logrank_test(both, "failure", "region", **options)
    alone = logrank_test(firms.assign(part="loud"), "failure", "region", **options)
    assert found.statistic == pytest.approx(alone.statistic, rel=1e-12)
    assert found.df == alone.df


def test_strata_add_their_observed_and_expected(firms):
    within = logrank_test(firms, "failure", "region", strata="era").table
    by_hand = sum(
        logrank_test(rows, "failure", "region").table.set_index("group")[["observed", "expected"]]
        for _, rows in firms.groupby("era")
    )
    assert within["expected"].tolist() == pytest.approx(by_hand["expected"].tolist())
    assert within["observed"].tolist() == by_hand["observed"].tolist()


def test_trend_over_two_groups_is_the_test_itself(firms):
    rows = firms[firms["region"] != "WAL"]
    plain = logrank_test(rows, "failure", "region")
    for trend in (True, {"BRU": 10, "VLG": -3}):
        result = logrank_test(rows, "failure", "region", trend=trend)
        assert result.statistic == pytest.approx(plain.statistic, rel=1e-12)
    assert "test for trend" in repr(result)


def test_a_group_never_at_risk_beside_others_counts_for_nothing(firms):
    late = pd.DataFrame(
        {"start": [50], "stop": [51], "failure": [1], "region": "LUX", "era": "new"}
    )
    with_late = logrank_test(pd.concat([firms, late]), "failure", "region")
    without = logrank_test(firms, "failure", "region")
    assert (with_late.statistic, with_late.df) == (pytest.approx(without.statistic), 2)


def test_pairs_are_tests_of_two_with_holms_correction(firms):
    table = pairwise_logrank(firms, "failure", "region")
    assert list(zip(table["group_1"], table["group_2"], strict=True)) == [
        ("BRU", "VLG"),
        ("BRU", "WAL"),
        ("VLG", "WAL"),
    ]
    for row in table.itertuples():
        rows = firms[firms["region"].isin([row.group_1, row.group_2])]
        alone = logrank_test(rows, "failure", "region")
        assert row.statistic == pytest.approx(alone.statistic, rel=1e-12)
    ordered = np.sort(table["p_value"])
    holm = np.minimum(np.maximum.accumulate(ordered * [3, 2, 1]), 1)
    assert np.sort(table["p_holm"]) == pytest.approx(holm)


def test_a_pair_that_is_never_at_risk_together_is_nan_and_the_others_go_on(firms):
    early = pd.DataFrame({"start": [0, 0], "stop": [3, 2], "failure": 1, "region": "LUX"})
    late = pd.DataFrame({"start": [4, 4], "stop": [6, 5], "failure": 1, "region": "NAM"})
    rows = pd.concat([firms[firms["region"] != "WAL"], early, late])
    for weighting in WEIGHTINGS:
        with pytest.warns(BelbiotechWarning, match=r"for 'LUX' and 'NAM'; Holm's") as caught:
            table = pairwise_logrank(rows, "failure", "region", weighting=weighting)
        assert caught[0].filename == __file__
        apart = (table["group_1"] == "LUX") & (table["group_2"] == "NAM")
        assert table.loc[apart, "df"].tolist() == [0]
        assert table.loc[apart, ["statistic", "p_value", "p_holm"]].isna().all(axis=None)
        others = table[~apart]
        assert others["df"].eq(1).all()
        ordered = others.sort_values("p_value")
        steps = np.arange(len(others), 0, -1)
        holm = np.minimum(np.maximum.accumulate(ordered["p_value"] * steps), 1)
        assert ordered["p_holm"].tolist() == pytest.approx(holm.tolist())


def test_of_many_pairs_that_cannot_be_compared_a_few_are_named():
    k = np.arange(5)
    apart = pd.DataFrame({"start": 10 * k, "stop": 10 * k + 1, "failure": 1, "group": k})
    both = pd.DataFrame({"start": 0, "stop": [1, 2], "failure": [0, 1], "group": [0, 9]})
    rows = pd.concat([apart, both])
    with pytest.warns(BelbiotechWarning, match="for 0 and 1, 0 and 2, .*, and 9 more"):
        table = pairwise_logrank(rows, "failure", "group")
    assert table["df"].sum() == 1


def test_groups_one_after_the_other_cannot_be_compared_whatever_the_rounding():
    rng = np.random.default_rng(4)
    stop = rng.integers(1, 40, 300)
    rows = pd.DataFrame({"start": 0, "stop": stop, "failure": rng.integers(0, 2, 300), "group": 0})
    later = rows.assign(start=50, stop=stop + 50, group=1)
    for weighting in WEIGHTINGS:
        with pytest.raises(FitError, match="nothing to compare"):
            logrank_test(pd.concat([rows, later]), "failure", "group", weighting=weighting)


def test_scores_as_a_series(firms):
    scores = {"BRU": 1, "VLG": 2.5, "WAL": 4}
    wanted = logrank_test(firms, "failure", "region", trend=scores)
    found = logrank_test(firms, "failure", "region", trend=pd.Series(scores))
    assert found.statistic == wanted.statistic
    ordered = logrank_test(firms, "failure", "region", trend=np.bool_(True))
    assert ordered.statistic == pytest.approx(wanted.statistic)
    twice = pd.Series([1, 2, 3, 4], index=["BRU", "VLG", "WAL", "WAL"])
    with pytest.raises(FitError, match="more than one score for 'WAL'"):
        logrank_test(firms, "failure", "region", trend=twice)


@pytest.mark.parametrize("trend", [None, 1, 0, "BRU", ["BRU", "VLG", "WAL"]])
def test_what_is_no_trend(firms, trend):
    with pytest.raises(FitError, match="trend must be True, False or the groups' scores"):
        logrank_test(firms, "failure", "region", trend=trend)


@pytest.mark.parametrize("score", ["x", "3", None, np.nan, np.inf])
def test_what_is_no_score(firms, score):
    with pytest.raises(FitError, match="finite numbers that differ"):
        logrank_test(firms, "failure", "region", trend={"BRU": 1, "VLG": 2, "WAL": score})


@pytest.mark.parametrize("power", [None, "a", -1, np.nan, np.inf, [1], pd.Series([1, 2])])
@pytest.mark.parametrize("name", ["rho", "gamma"])
def test_what_is_no_power(firms, name, power):
    for weighting in ("logrank", "fleming-harrington"):
        with pytest.raises(FitError, match=f"{name} must not be negative nor infinite"):
            logrank_test(firms, "failure", "region", weighting=weighting, **{name: power})


@pytest.mark.parametrize("weighting", [None, 1, ["logrank"], np.array(["logrank"])])
def test_what_is_no_weighting(firms, weighting):
    for test in (logrank_test, pairwise_logrank):
        with pytest.raises(FitError, match="weighting .* is unknown"):
            test(firms, "failure", "region", weighting=weighting)


@pytest.mark.parametrize("by", [None, []])
def test_groups_are_asked_for(firms, by):
    for test in (logrank_test, pairwise_logrank):
        with pytest.raises(FitError, match="by= must name a column whose values make the groups"):
            test(firms, "failure", by)


def test_texts(firms):
    result = logrank_test(firms, "failure", "region", weighting="tarone-ware", strata="era")
    assert "Tarone-Ware test of failure by region within era" in repr(result)
    assert "| group | rows | observed | expected |" in result.to_markdown()
    assert "<table" in result._repr_html_()


def test_bad_input_is_refused(firms):
    with pytest.raises(PanelError, match="did you mean 'region'"):
        logrank_test(firms, "failure", "regions")
    with pytest.raises(PanelError, match="'era' has missing values"):
        logrank_test(firms.assign(era=None), "failure", "region", strata="era")
    with pytest.raises(FitError, match="only one group, 'BRU', in region"):
        logrank_test(firms[firms["region"] == "BRU"], "failure", "region")
    with pytest.raises(FitError, match="did you mean 'tarone-ware'"):
        logrank_test(firms, "failure", "region", weighting="tarone")
    with pytest.raises(FitError, match="belong to weighting='fleming-harrington'"):
        logrank_test(firms, "failure", "region", rho=1)
    with pytest.raises(FitError, match="must not be negative"):
        logrank_test(firms, "failure", "region", weighting="fleming-harrington", rho=-1)
    with pytest.raises(FitError, match=r"without one: \['WAL'\], not a group: \['LUX'\]"):
        logrank_test(firms, "failure", "region", trend={"BRU": 1, "VLG": 2, "LUX": 3})
    with pytest.raises(FitError, match="numbers that differ"):
        logrank_test(firms, "failure", "region", trend={"BRU": 1, "VLG": 1, "WAL": 1})
    with pytest.raises(FitError, match="no event while two of the groups"):
        logrank_test(firms.assign(failure=0), "failure", "region")
    with pytest.raises(FitError, match="two of the 3 groups .'BRU', 'VLG', 'WAL'. are at risk"):
        pairwise_logrank(firms.assign(failure=0), "failure", "region")
