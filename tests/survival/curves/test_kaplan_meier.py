import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.exceptions import StatisticalWarning

from belbiotech import BelbiotechWarning, FitError, PanelError, kaplan_meier

patiently = settings(deadline=None)  # the first call imports
KINDS = ["log-log", "log", "plain", "arcsine"]


@pytest.fixture
def firms():
    """Eight firms; two enter late, one of them at the time of another's failure."""
    return pd.DataFrame(
        {
            "start": [0, 0, 1, 2, 0, 3, 4, 1],
            "stop": [2, 3, 3, 5, 1, 5, 6, 2],
            "failure": [1, 0, 1, 1, 0, 0, 1, 0],
            "region": ["VLG", "WAL", "VLG", "WAL", "VLG", "WAL", "VLG", "WAL"],
            "listed": [0, 1, 0, 0, 0, 0, 1, 1],
            "weight": [2, 1, 1, 1, 3, 1, 1, 1],
        }
    )


@pytest.fixture
def regions(firms):
    """The same with a firm in each group that outlives the rest."""
    last = firms.iloc[[0, 1, 5, 6]].assign(start=0, stop=7, failure=0)
    return pd.concat([firms, last], ignore_index=True)


@st.composite
def panels(draw):
    """Rows with small whole times, so that entries, ends and events tie often."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 6), st.integers(1, 4), st.booleans(), st.integers(1, 3)),
            min_size=1,
            max_size=25,
        )
    )
    table = pd.DataFrame(rows, columns=["start", "length", "event", "weight"])
    # One long row keeps the curve above 0, where it would warn.
    table.loc[len(table)] = [0, 12, False, 1]
    return table.assign(stop=table["start"] + table["length"], event=table["event"].astype(bool))


def by_definition(data, time):
    """Survival and Greenwood's error at a time, row by row."""
    survival, greenwood = 1.0, 0.0
    for t in sorted(data.loc[data["event"], "stop"].unique()):
        if t <= time:
            n = ((data["start"] < t) & (t <= data["stop"])).sum()
            d = (data["event"] & (data["stop"] == t)).sum()
            survival *= 1 - d / n
            greenwood += d / (n * (n - d))
    return survival, survival * np.sqrt(greenwood)


def test_each_row_end_has_its_row(firms):
    table = kaplan_meier(firms, "failure").table
    assert table["time"].tolist() == [1, 2, 3, 5, 6]
    assert table["at_risk"].tolist() == [3, 4, 3, 3, 1]  # entry at 2 is not at risk at 2
    assert table["events"].tolist() == [0, 1, 1, 1, 1]
    assert table["survival"].tolist() == pytest.approx([1, 3 / 4, 1 / 2, 1 / 3, 0], rel=1e-14)


@patiently
@given(panels())
def test_equals_the_definition(data):
    table = kaplan_meier(data, "event").table
    for row in table.itertuples():
        survival, error = by_definition(data, row.time)
        assert row.survival == pytest.approx(survival, rel=1e-12)
        assert row.std_error == pytest.approx(error, rel=1e-9, abs=1e-14)


@patiently
@given(panels(), st.integers(1, 9))
def test_cutting_rows_changes_no_estimate(data, cut):
    long = (data["start"] < cut) & (cut < data["stop"])
    first = data[long].assign(stop=cut, event=False)
    second = data[long].assign(start=cut)
    pieces = pd.concat([data[~long], first, second])
    whole, cut_up = (kaplan_meier(rows, "event") for rows in (data, pieces))
    kept = cut_up.table["time"].isin(whole.table["time"])
    pd.testing.assert_frame_equal(whole.table, cut_up.table[kept].reset_index(drop=True))
    hazards = cut_up.nelson_aalen[kept].reset_index(drop=True)
    pd.testing.assert_frame_equal(whole.nelson_aalen, hazards)


@patiently
@given(panels(), st.randoms())
def test_order_of_rows_changes_nothing(data, random):
    order = list(range(len(data)))
    random.shuffle(order)
    shuffled = kaplan_meier(data.iloc[order], "event").table
    pd.testing.assert_frame_equal(kaplan_meier(data, "event").table, shuffled, check_exact=True)


@patiently
@given(panels())
def test_whole_weights_are_copies(data):
    copies = data.loc[data.index.repeat(data["weight"].astype(int))]
    weighted = kaplan_meier(data, "event", weights="weight")
    copied = kaplan_meier(copies, "event")
    pd.testing.assert_frame_equal(weighted.table, copied.table)
    pd.testing.assert_frame_equal(weighted.nelson_aalen, copied.nelson_aalen)


@patiently
@given(panels())
def test_scaled_weights_change_no_curve(data):
    plain = kaplan_meier(data, "event", weights="weight").table
    scaled = kaplan_meier(data.assign(weight=data["weight"] * 0.3), "event", weights="weight").table
    assert np.allclose(plain["survival"], scaled["survival"], rtol=1e-12)
    # Equal weights make the robust error Greenwood's, where every row is a firm of its own.
    alone = data.assign(start=0, weight=0.3)
    robust = kaplan_meier(alone, "event", weights="weight").table["std_error"]
    assert np.allclose(robust, kaplan_meier(alone, "event").table["std_error"], atol=1e-12)


@patiently
@given(panels())
def test_lifelines_has_the_same_curve(data):
    result = kaplan_meier(data, "event")
    fitter = result.fitters["all"]
    theirs = fitter.survival_function_at_times(result.table["time"]).to_numpy()
    assert np.allclose(theirs, result.table["survival"], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_limits_hold_the_curve(firms, kind):
    table = kaplan_meier(firms, "failure", conf_type=kind).table
    inner = table[(table["survival"] > 0) & (table["survival"] < 1)]
    assert ((inner["lower"] >= 0) & (inner["lower"] < inner["survival"])).all()
    assert ((inner["survival"] < inner["upper"]) & (inner["upper"] <= 1)).all()
    wide = kaplan_meier(firms, "failure", conf_type=kind, conf_level=0.99).table
    assert (wide["lower"] <= table["lower"]).sum() >= len(inner)


@pytest.mark.parametrize(
    ("kind", "at_one", "at_zero"),
    [
        ("log-log", np.nan, np.nan),
        ("log", 1, np.nan),
        ("plain", 1, np.nan),
        ("arcsine", *[np.nan] * 2),
    ],
)
def test_no_limits_where_r_has_none(firms, kind, at_one, at_zero):
    table = kaplan_meier(firms, "failure", conf_type=kind).table
    first, last = table.iloc[0], table.iloc[-1]
    assert np.array_equal([first["lower"], first["upper"]], [at_one] * 2, equal_nan=True)
    assert np.array_equal([last["lower"], last["upper"]], [at_zero] * 2, equal_nan=True)
    assert first["std_error"] == 0
    assert np.isnan(last["std_error"])


def test_groups_are_curves_of_their_rows(regions):
    both = kaplan_meier(regions, "failure", by="region").table
    for region, rows in regions.groupby("region"):
        alone = kaplan_meier(rows, "failure").table.drop(columns="group")
        found = both[both["group"] == region].drop(columns="group").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, alone)


def test_several_columns_make_groups(regions):
    result = kaplan_meier(regions, "failure", by=["region", "listed"])
    names = result.table["group"].unique().tolist()
    assert names == [
        "region=VLG, listed=0",
        "region=VLG, listed=1",
        "region=WAL, listed=0",
        "region=WAL, listed=1",
    ]
    assert "by region, listed, 12 rows, 4 events" in repr(result)


def test_median_is_in_the_middle_of_a_flat_half(firms):
    assert kaplan_meier(firms, "failure").median["median"].tolist() == [4.0]  # 1/2 from 3 to 5


def test_quantiles_not_reached_are_nan(firms):
    early = firms[firms["stop"] <= 3]
    table = kaplan_meier(early, "failure").quantiles([0, 0.1, 0.9])
    assert table["quantile"].isna().tolist() == [False, False, True]
    assert table["quantile"].iloc[0] == 0


def test_survival_at_chosen_times(firms):
    table = kaplan_meier(firms[firms["stop"] < 6], "failure").survival_at([4, 0.5, 2, 99])
    assert table["survival"].tolist()[:3] == [0.5, 1.0, 0.75]
    assert table.loc[3, ["survival", "std_error", "upper"]].isna().all()
    assert table["at_risk"].tolist() == [2, 3, 4, 0]
    to_zero = kaplan_meier(firms, "failure").survival_at(99)
    assert to_zero["survival"].tolist() == [0]


def test_nelson_aalen_adds_up_hazards(firms):
    table = kaplan_meier(firms, "failure").nelson_aalen
    assert table["hazard"].tolist() == pytest.approx(np.cumsum([0, 1 / 4, 1 / 3, 1 / 3, 1]))
    assert table["std_error"].iloc[-1] == pytest.approx(np.sqrt(1 / 16 + 1 / 9 + 1 / 9 + 1))
    assert (table["lower"][1:] > 0).all()


def test_zero_before_others_enter_warns():
    rows = pd.DataFrame({"start": [0, 0, 3, 4], "stop": [1, 2, 5, 6], "failure": [1, 1, 1, 0]})
    with pytest.warns(
        BelbiotechWarning, match="falls to 0 at time 2, where the only one .* up to 2 are at risk"
    ):
        result = kaplan_meier(rows, "failure")
    assert result.table["survival"].tolist() == [0.5, 0, 0, 0]
    with pytest.raises(FitError, match="refuses the rows of group 'all': nobody .* from 2 to 3,"):
        assert result.fitters


def test_a_group_with_nobody_at_risk_for_a_time_is_left_out_of_lifelines_in_words():
    """lifelines takes a gap between late entries for the curve's end; ours goes on."""
    rows = pd.DataFrame(
        {
            "region": ["a", "a", "a", "b", "b"],
            "start": [1, 5, 5, 0, 0],
            "stop": [4, 7, 9, 3, 6],
            "failure": [0, 1, 0, 1, 0],
        }
    )
    result = kaplan_meier(rows, "failure", by="region")
    with pytest.warns(BelbiotechWarning, match="group 'a': nobody of it is at risk from 4 to 5"):
        fitters = result.fitters
    assert list(fitters) == ["b"]
    assert fitters["b"].predict(4) == pytest.approx(0.5)
    assert result.survival_at(8)["survival"].tolist()[0] == pytest.approx(0.5)


def test_zero_of_several_before_one_enters_warns():
    rows = pd.DataFrame({"start": [0, 0, 3], "stop": [2, 2, 5], "failure": [1, 1, 1]})
    with pytest.warns(BelbiotechWarning, match="where all 2 at risk had .* up to 1 is at risk"):
        kaplan_meier(rows, "failure")


@given(
    entry=st.lists(st.integers(0, 8), min_size=3, max_size=14),
    seed=st.integers(0, 10**6),
    kind=st.sampled_from(["log-log", "log", "plain", "arcsine"]),
)
def test_an_interval_holds_its_estimate(entry, seed, kind):
    rng = np.random.default_rng(seed)
    start = np.array(entry)
    rows = pd.DataFrame({"start": start, "stop": start + rng.integers(1, 9, len(start))})
    rows["failure"] = rng.integers(0, 2, len(start))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)  # no event; none left too early
        result = kaplan_meier(rows, "failure", conf_type=kind)
    median = result.median.rename(columns={"median": "quantile"})
    for found in (median, result.quantiles([0.1, 0.25, 0.5, 0.75, 0.9])):
        assert not (found["lower"] > found["quantile"]).any()
        assert not (found["upper"] < found["quantile"]).any()


def test_texts_and_figure(regions):

    result = kaplan_meier(regions, "failure", by="region")
    assert result.to_markdown().startswith("| group | rows | events | median |")
    assert "<table" in result._repr_html_()
    figure = result.plot(title="Survival")
    assert len(figure.axes) == 2
    assert len(result.plot(at_risk_table=False).axes) == 1


def test_bad_input_is_refused(firms):
    with pytest.raises(PanelError, match="did you mean 'failure'"):
        kaplan_meier(firms, "failures")
    with pytest.raises(PanelError, match="'weight' is negative in 1 row"):
        kaplan_meier(firms.assign(weight=[-1, *[1] * 7]), "failure", weights="weight")
    with pytest.raises(PanelError, match="'region' has missing values in 1 row"):
        kaplan_meier(firms.assign(region=[None, *["VLG"] * 7]), "failure", by="region")
    with pytest.raises(PanelError, match="must be after"):
        kaplan_meier(firms.assign(start=9), "failure")
    with pytest.raises(FitError, match="did you mean 'log-log'"):
        kaplan_meier(firms, "failure", conf_type="loglog")
    with pytest.raises(FitError, match="conf_level must be between 0 and 1"):
        kaplan_meier(firms, "failure", conf_level=95)


@pytest.mark.parametrize("kind", [None, 3, ["log"], np.array(["log"]), pd.Series(["log"] * 9)])
def test_kinds_of_limits(firms, kind):
    with pytest.raises(FitError, match="conf_type .* is unknown"):
        kaplan_meier(firms, "failure", conf_type=kind)


@pytest.mark.parametrize("p", [50, -0.1, "a", [], [0.5, None], [[0.5]], np.nan, {"p": 1}])
def test_shares(firms, p):
    with pytest.raises(FitError, match="p must be shares between 0 and 1"):
        kaplan_meier(firms, "failure").quantiles(p)


@pytest.mark.parametrize("times", ["a", None, np.nan, [1, "a"], [1, None], [[1]], {"t": 1}])
def test_times(firms, times):
    with pytest.raises(FitError, match="times must be numbers"):
        kaplan_meier(firms, "failure").survival_at(times)


def test_what_is_no_column(firms):
    with pytest.raises(PanelError, match="by is an int: give the column's name"):
        kaplan_meier(firms, "failure", by=3)
    with pytest.raises(PanelError, match="weights is a Series: .* data.assign"):
        kaplan_meier(firms, "failure", weights=firms["weight"])


def test_a_row_of_weight_nothing_counts_for_nothing(firms):
    none = firms.iloc[:3].assign(weight=0)
    one = kaplan_meier(pd.concat([firms, none], ignore_index=True), "failure", weights="weight")
    other = kaplan_meier(firms, "failure", weights="weight")
    pd.testing.assert_frame_equal(one.table, other.table)


def test_latex(regions):
    text = kaplan_meier(regions, "failure", by="region").to_latex()
    assert "toprule" in text
    assert "VLG" in text


def test_what_lifelines_warns_of(regions):
    """Its errors suppose weights that count rows; ours do not."""
    weighted = regions.assign(weight=regions["weight"] + 0.5)
    result = kaplan_meier(weighted, "failure", weights="weight")
    with (
        pytest.warns(StatisticalWarning, match="not integers"),
        pytest.warns(BelbiotechWarning, match="lifelines on group 'all'.*weights"),
    ):
        assert result.fitters
