import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import (
    BelbiotechWarning,
    FitError,
    PanelError,
    cumulative_incidence,
    kaplan_meier,
)

patiently = settings(deadline=None, max_examples=40)  # the first call imports
FATES = ["failure", "acquisition"]


@pytest.fixture
def firms():
    """Ten firms, three of which enter late; two fates at time 3."""
    return pd.DataFrame(
        {
            "start": [0, 0, 1, 2, 0, 3, 0, 1, 0, 0],
            "stop": [2, 4, 3, 5, 1, 5, 6, 4, 3, 7],
            "failure": [1, 0, 1, 0, 0, 1, 0, 0, 0, 0],
            "acquisition": [0, 0, 0, 1, 0, 0, 0, 1, 1, 0],
            "region": ["BRU", "VLG", "BRU", "VLG", "VLG", "VLG", "BRU", "BRU", "VLG", "BRU"],
            "firm_id": list("abcdefghij"),
        }
    )


@st.composite
def panels(draw, late=True):
    """Firms with a fate or none, small whole times; both fates happen, one firm outlives all."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 6 if late else 0), st.integers(1, 5), st.sampled_from([0, 1, 2])
            ),
            max_size=20,
        )
    )
    rows = [(0, 2, 1), (0, 3, 2), (0, 12, 0), *rows]
    table = pd.DataFrame(rows, columns=["start", "length", "fate"])
    return table.assign(
        stop=table["start"] + table["length"],
        failure=(table["fate"] == 1).astype(int),
        acquisition=(table["fate"] == 2).astype(int),
        firm_id=range(len(table)),
    )


def in_pieces(data, cut):
    """Cut the rows that span a time in two; the fate stays with the second piece."""
    long = (data["start"] < cut) & (cut < data["stop"])
    first = data[long].assign(stop=cut, failure=0, acquisition=0)
    return pd.concat([data[~long], first, data[long].assign(start=cut)])


def wide(table):
    return table.pivot_table(index="time", columns="outcome", values="incidence")


def by_jackknife(data, outcome, time):
    """The robust variance by definition: the derivative in each firm's weight, numerically."""
    weights = np.ones(len(data))

    def incidence(weights):
        survival, total = 1.0, 0.0
        for t in sorted(set(data["stop"])):
            if t > time:
                break
            n = weights[(data["start"] < t) & (t <= data["stop"])].sum()
            here = (data["stop"] == t).to_numpy()
            total += survival * weights[here & (data[outcome] == 1)].sum() / n
            survival *= 1 - weights[here & (data["fate"] > 0)].sum() / n
        return total

    step = 1e-6
    slopes = []
    for k in range(len(data)):
        up, down = weights.copy(), weights.copy()
        up[k] += step
        down[k] -= step
        slopes.append((incidence(up) - incidence(down)) / (2 * step))
    return np.sqrt(np.sum(np.square(slopes)))


def test_by_hand(firms):
    table = wide(cumulative_incidence(firms, FATES).table)
    # At risk at 2: seven, one fails; at 3: seven, one fails and one is bought.
    assert table.loc[2].tolist() == pytest.approx([0, 1 / 7], rel=1e-14)
    left = 6 / 7
    assert table.loc[3].tolist() == pytest.approx([left / 7, 1 / 7 + left / 7], rel=1e-14)


@patiently
@given(panels())
def test_fates_and_survival_add_up_to_one(data):
    result = cumulative_incidence(data, FATES)
    shares = wide(result.table).sum(axis=1).to_numpy() + result.event_free["survival"].to_numpy()
    assert np.allclose(shares, 1, rtol=0, atol=1e-14)
    either = data.assign(exit=data["failure"] + data["acquisition"])
    curve = kaplan_meier(either, "exit").table
    assert np.allclose(curve["survival"], result.event_free["survival"], rtol=1e-13)
    assert np.allclose(curve["std_error"], result.event_free["std_error"], atol=1e-13)


@patiently
@given(panels())
def test_one_fate_alone_is_kaplan_meier(data):
    result = cumulative_incidence(data, ["failure"]).table
    curve = kaplan_meier(data, "failure").table
    assert np.allclose(1 - result["incidence"], curve["survival"], rtol=1e-12)
    assert np.allclose(result["std_error"], curve["std_error"], atol=1e-13)


@patiently
@given(panels(), st.integers(1, 9))
def test_cutting_rows_changes_nothing(data, cut):
    pieces = in_pieces(data, cut)
    for cluster in (None, "firm_id"):
        whole = cumulative_incidence(data, FATES, cluster=cluster).table
        cut_up = cumulative_incidence(pieces, FATES, cluster=cluster).table
        kept = cut_up["time"].isin(whole["time"])
        pd.testing.assert_frame_equal(whole, cut_up[kept].reset_index(drop=True))


@patiently
@given(panels(late=False))
def test_without_late_entries_both_variances_are_one(data):
    plain = cumulative_incidence(data, FATES).table
    robust = cumulative_incidence(data, FATES, cluster="firm_id").table
    assert np.allclose(plain["std_error"], robust["std_error"], rtol=1e-10, atol=1e-12)


@patiently
@given(panels())
def test_clustered_variance_is_the_jackknife_of_firms(data):
    table = cumulative_incidence(data, FATES, cluster="firm_id").table
    row = table[(table["outcome"] == "acquisition") & (table["time"] <= 7)].iloc[-1]
    expected = by_jackknife(data, "acquisition", row["time"])
    assert row["std_error"] == pytest.approx(expected, rel=1e-6, abs=1e-8)


def test_a_cluster_of_triplets_counts_as_one(firms):
    firms = firms.rename(columns={"firm_id": "mother"})
    triplets = pd.concat([firms] * 3, ignore_index=True)
    one = cumulative_incidence(firms, FATES, cluster="mother").table["std_error"]
    three = cumulative_incidence(triplets, FATES, cluster="mother").table["std_error"]
    assert np.allclose(one, three, rtol=1e-12)
    apart = cumulative_incidence(triplets, FATES).table["std_error"]
    single = cumulative_incidence(firms, FATES).table["std_error"]
    assert np.allclose(apart, single / np.sqrt(3), rtol=1e-12)


def test_groups_are_their_rows(firms):
    both = cumulative_incidence(firms, FATES, by="region", cluster="firm_id").table
    for region, rows in firms.groupby("region"):
        alone = cumulative_incidence(rows, FATES, cluster="firm_id").table
        found = both[both["group"] == region].reset_index(drop=True)
        pd.testing.assert_frame_equal(found.drop(columns="group"), alone.drop(columns="group"))


def test_chosen_times(firms):
    table = cumulative_incidence(firms, FATES).incidence_at([0.5, 3.5, 99])
    failure = table[table["outcome"] == "failure"].set_index("time")["incidence"]
    assert failure[0.5] == 0
    assert failure[3.5] == pytest.approx(1 / 7 + 6 / 49)
    assert np.isnan(failure[99])


def test_a_fate_that_a_group_never_has_warns(firms):
    rows = firms[(firms["region"] == "VLG") | (firms["acquisition"] == 0)]
    with pytest.warns(BelbiotechWarning, match="group 'BRU' never has 'acquisition'"):
        table = cumulative_incidence(rows, FATES, by="region").table
    never = table[(table["group"] == "BRU") & (table["outcome"] == "acquisition")]
    assert never["incidence"].eq(0).all()


def names_in_legend(figure):
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    return [text.get_text() for legend in legends if legend for text in legend.get_texts()]


def test_texts_and_figures(firms):

    result = cumulative_incidence(firms, FATES, by="region")
    assert "failure, acquisition by region, 10 rows, 6 events" in repr(result)
    assert "| group | outcome | events |" in result.to_markdown()
    assert "<table" in result._repr_html_()
    labels = names_in_legend(result.plot())
    assert labels == [f"{fate}, {region}" for region in ("BRU", "VLG") for fate in FATES]
    assert len(result.plot(at_risk_table=False).axes) == 1
    one = names_in_legend(result.plot(outcome="failure"))
    assert one == ["BRU", "VLG"]
    with pytest.raises(FitError, match="no outcome 'failures' here; did you mean 'failure'"):
        result.plot(outcome="failures")
    assert len(result.plot(stacked=True).axes) == 4


def test_bad_input_is_refused(firms):
    with pytest.raises(PanelError, match=r"both 1 in 1 row \(0\)"):
        cumulative_incidence(firms.assign(acquisition=firms["failure"]).iloc[:2], FATES)
    with pytest.raises(FitError, match="must be a list of columns"):
        cumulative_incidence(firms, "failure")
    with pytest.raises(FitError, match="at least 1 column"):
        cumulative_incidence(firms, None)
    with pytest.raises(FitError, match="name 'failure' more than once"):
        cumulative_incidence(firms, ["failure", "failure"])
    with pytest.raises(PanelError, match="no column 'merger'"):
        cumulative_incidence(firms, ["failure", "merger"])
    with pytest.raises(PanelError, match="'region' has missing values in 10 rows"):
        cumulative_incidence(firms.assign(region=None), FATES, by="region")
    with pytest.raises(PanelError, match="'firm_id' has missing values"):
        cumulative_incidence(firms.assign(firm_id=[None, *"bcdefghij"]), FATES, cluster="firm_id")
    with pytest.raises(PanelError, match="overlap in time"):
        cumulative_incidence(firms.assign(firm_id=list("aacdefghij")), FATES, cluster="firm_id")
    with pytest.raises(FitError, match="conf_level"):
        cumulative_incidence(firms, FATES, conf_level=95)


def test_two_clusters(firms):
    """V1 + V2 - V12, where a pair of firm and region is a firm."""
    rows = pd.concat([firms, firms.assign(firm_id=firms["firm_id"] + "2")], ignore_index=True)
    rows["pair"] = rows["firm_id"] + rows["region"]

    def variance(cluster):
        return cumulative_incidence(rows, FATES, cluster=cluster).table["std_error"] ** 2

    both = variance(["firm_id", "region"])
    expected = variance("firm_id") + variance("region") - variance("pair")
    assert np.allclose(both, expected, rtol=1e-9, atol=1e-15)
    assert "firm_id and region" in repr(
        cumulative_incidence(rows, FATES, cluster=["firm_id", "region"])
    )


def test_a_negative_variance_of_two_clusters_is_said(firms):
    """Two firms of a region and two of a year that take turns: the pairs vary, the sums do not."""
    rows = firms.iloc[[0] * 4].reset_index(drop=True)
    rows = rows.assign(failure=[1, 0, 0, 1], acquisition=0, row=[0, 0, 1, 1], column=[0, 1, 0, 1])
    with pytest.warns(BelbiotechWarning, match="negative"):
        result = cumulative_incidence(rows, ["failure"], cluster=["row", "column"])
    assert result.table["std_error"].isna().all()


def test_three_clusters(firms):
    with pytest.raises(FitError, match="one column or two"):
        cumulative_incidence(firms, FATES, cluster=["firm_id", "region", "start"])


@pytest.mark.parametrize("level", ["a", None, True, 95])
def test_levels(firms, level):
    with pytest.raises(FitError, match="between 0 and 1"):
        cumulative_incidence(firms, FATES, conf_level=level)


def test_latex(firms):
    text = cumulative_incidence(firms, FATES, cluster="firm_id").to_latex()
    assert "toprule" in text
    assert r"std\_error" in text


def test_numbers_at_risk_stand_once_for_each_group(firms):

    figure = cumulative_incidence(firms, FATES, by="region").plot()
    shown = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert sorted(shown) == ["BRU", "VLG"]


def test_where_all_have_had_a_fate_the_error_is_zero_and_nothing_is_warned_of():
    rng = np.random.default_rng(3)
    n = 60
    rows = pd.DataFrame({"start": rng.integers(0, 4, n), "fate": rng.integers(1, 3, n)})
    rows["stop"] = rows["start"] + rng.integers(1, 9, n)
    rows = rows.assign(failure=(rows["fate"] == 1) * 1, acquisition=(rows["fate"] == 2) * 1)
    table = cumulative_incidence(rows, FATES).table
    assert np.isfinite(table["std_error"]).all()
    assert (table["std_error"] >= 0).all()
