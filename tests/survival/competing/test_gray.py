import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import FitError, PanelError, gray_test, logrank_test

patiently = settings(deadline=None, max_examples=40)  # the first call imports


@pytest.fixture
def firms():
    return pd.DataFrame(
        {
            "start": [0, 0, 1, 2, 0, 0, 0, 1, 0, 0],
            "stop": [2, 4, 3, 5, 6, 5, 6, 4, 3, 6],
            "failure": [1, 0, 1, 0, 0, 1, 0, 0, 1, 0],
            "acquisition": [0, 1, 0, 0, 0, 0, 0, 1, 0, 1],
            "relocation": [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
            "allied": ["no", "yes", "no", "yes", "no", "no", "yes", "yes", "yes", "no"],
            "era": ["old", "new"] * 5,
        }
    )


@st.composite
def panels(draw):
    """Two groups with both fates; in each a firm that enters at 0 outlives all."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 6),
                st.integers(1, 4),
                st.sampled_from([0, 1, 2]),
                st.sampled_from("ab"),
            ),
            max_size=25,
        )
    )
    first = [(0, 12, 0, "a"), (0, 12, 0, "b"), (0, 1, 1, "a"), (0, 2, 2, "b"), (0, 3, 1, "b")]
    table = pd.DataFrame([*first, *rows], columns=["start", "length", "fate", "group"])
    return table.assign(
        stop=table["start"] + table["length"],
        failure=(table["fate"] == 1).astype(int),
        acquisition=(table["fate"] == 2).astype(int),
    )


def drawn(rng, group, firms=200):
    """Firms with one incidence of failure in both groups, whatever else differs between them."""
    failure = rng.random(firms) < 0.5
    other = (1.0, 4.0)[group]
    time = np.where(failure, rng.exponential(2.0, firms), rng.exponential(other, firms))
    late = rng.random(firms) < (0.7, 0.3)[group]
    start = np.where(late, rng.uniform(0, (1.5, 3.0)[group], firms), 0.0)
    stop = np.minimum(time, start + 5)
    table = pd.DataFrame({"start": start, "stop": stop, "group": group})
    table["failure"] = (failure & (time == stop)).astype(int)
    table["acquisition"] = (~failure & (time == stop)).astype(int)
    return table[stop > start]


@patiently
@given(panels())
def test_observed_and_expected_add_up_to_the_same(data):
    table = gray_test(data, "failure", "acquisition", "group").table
    assert table["observed"].sum() == data["failure"].sum()
    assert table["observed"].sum() == pytest.approx(table["expected"].sum(), rel=1e-12)


@patiently
@given(panels(), st.integers(1, 9))
def test_cutting_rows_changes_nothing(data, cut):
    long = (data["start"] < cut) & (cut < data["stop"])
    first = data[long].assign(stop=cut, failure=0, acquisition=0)
    pieces = pd.concat([data[~long], first, data[long].assign(start=cut)])
    whole = gray_test(data, "failure", "acquisition", "group")
    cut_up = gray_test(pieces, "failure", "acquisition", "group")
    assert cut_up.statistic == pytest.approx(whole.statistic, rel=1e-10, abs=1e-12)


@patiently
@given(panels())
def test_names_of_groups_do_not_matter(data):
    before = gray_test(data, "failure", "acquisition", "group")
    renamed = data.assign(group=data["group"].map({"a": 2, "b": 1}))
    after = gray_test(renamed, "failure", "acquisition", "group")
    assert after.statistic == pytest.approx(before.statistic, rel=1e-10, abs=1e-12)


def test_with_hardly_any_competing_fate_it_is_the_logrank_test():
    rng = np.random.default_rng(3)
    times = rng.exponential(5, 400)
    rows = pd.DataFrame({"start": 0, "stop": np.minimum(times, 8), "failure": times < 8})
    rows = rows.assign(acquisition=0, allied=np.arange(400) % 2)
    last = rows["stop"].idxmax()
    rows.loc[last, ["stop", "acquisition", "failure"]] = [9, 1, False]
    gray = gray_test(rows, "failure", "acquisition", "allied")
    logrank = logrank_test(rows, "failure", "allied")
    assert gray.table["expected"].tolist() == pytest.approx(logrank.table["expected"].tolist())
    assert gray.statistic == pytest.approx(logrank.statistic, rel=0.05)  # two variances, one test


@pytest.mark.slow
def test_rejects_as_often_as_it_says_with_delayed_entry():
    rng = np.random.default_rng(11)
    repeats = 250
    panels = [pd.concat([drawn(rng, 0), drawn(rng, 1)]) for _ in range(repeats)]
    rejected, naive = (
        np.mean(
            [
                gray_test(
                    panel.assign(start=panel["start"] * kept), "failure", "acquisition", "group"
                ).p_value
                < 0.05
                for panel in panels
            ]
        )
        for kept in (1, 0)
    )
    # 5% give or take three binomial errors; who forgets the entries rejects twice as often.
    assert abs(rejected - 0.05) < 3 * np.sqrt(0.05 * 0.95 / repeats)
    assert naive > rejected


def test_several_competing_fates_are_one(firms):
    merged = firms.assign(other=firms["acquisition"] + firms["relocation"])
    one = gray_test(merged, "failure", "other", "allied")
    two = gray_test(firms, "failure", ["acquisition", "relocation"], "allied")
    assert two.statistic == one.statistic
    assert "failure beside acquisition, relocation by allied" in repr(two)


def test_strata_add_their_observed_and_expected(firms):
    within = gray_test(firms, "failure", "acquisition", "allied", strata="era").table
    assert within["observed"].sum() == pytest.approx(within["expected"].sum())
    assert within["rows"].tolist() == [5, 5]


def test_bad_input_is_refused(firms):
    fates = ("failure", "acquisition")
    with pytest.raises(PanelError, match="no column 'ally'"):
        gray_test(firms, *fates, "ally")
    with pytest.raises(PanelError, match="both 1 in 1 row"):
        gray_test(firms.assign(acquisition=[1, *firms["acquisition"][1:]]), *fates, "allied")
    with pytest.raises(FitError, match="name 'failure' more than once"):
        gray_test(firms, "failure", "failure", "allied")
    with pytest.raises(FitError, match="only one group, 'no', in allied"):
        gray_test(firms.assign(allied="no"), *fates, "allied")
    with pytest.raises(FitError, match="no row has the outcome 'acquisition'"):
        gray_test(firms.assign(acquisition=0), *fates, "allied")
    for rho in (-1, np.nan, np.inf, None, "a"):
        with pytest.raises(FitError, match="rho must not be negative"):
            gray_test(firms, *fates, "allied", rho=rho)
    with pytest.raises(FitError, match="by= must name a column"):
        gray_test(firms, *fates, None)
    gone = pd.DataFrame({"start": [0, 5], "stop": [1, 6], "failure": 1, "allied": "maybe"})
    with pytest.raises(FitError, match="group 'maybe' all at risk at time 1 had a fate"):
        gray_test(pd.concat([firms, gone]).fillna(0), *fates, "allied")
