import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import FitError, PanelError, kaplan_meier, mean_cumulative_function

patiently = settings(deadline=None, max_examples=50)


@pytest.fixture
def panel():
    return pd.DataFrame(
        {
            "firm_id": ["a", "a", "b", "b", "c", "d", "d"],
            "start": [0, 1, 0, 1, 1, 1, 2],
            "stop": [1, 2, 1, 2, 2, 2, 3],
            "rounds": [1, 2, 0, 1, 0, 0, 1],
            "region": ["VLG", "VLG", "VLG", "VLG", "WAL", "WAL", "WAL"],
        }
    )


@st.composite
def panels(draw):
    firms = draw(
        st.lists(
            st.tuples(st.integers(0, 4), st.lists(st.integers(0, 3), min_size=1, max_size=5)),
            min_size=1,
            max_size=8,
        )
    )
    rows = [
        (k, start + j, start + j + 1, count)
        for k, (start, counts) in enumerate(firms)
        for j, count in enumerate(counts)
    ]
    return pd.DataFrame(rows, columns=["firm_id", "start", "stop", "rounds"])


def by_definition(data, time):
    """Mean, and Lawless and Nadeau's sum over firms of squared sums over times."""
    mean, of_firm = 0.0, dict.fromkeys(data["firm_id"], 0.0)
    for t in sorted(set(data["stop"][data["stop"] <= time])):
        here = data[(data["start"] < t) & (t <= data["stop"])]
        counts = here["rounds"].where(here["stop"] == t, 0)
        rate = counts.sum() / len(here)
        mean += rate
        for firm, count in zip(here["firm_id"], counts, strict=True):
            of_firm[firm] += (count - rate) / len(here)
    return mean, np.sqrt(sum(value**2 for value in of_firm.values()))


@patiently
@given(panels())
def test_equals_the_definition(data):
    for row in mean_cumulative_function(data, "rounds").table.itertuples():
        mean, error = by_definition(data, row.time)
        assert row.mean == pytest.approx(mean, rel=1e-12)
        assert row.std_error == pytest.approx(error, rel=1e-9, abs=1e-12)


def test_without_censoring_it_is_the_mean_of_counts():
    rng = np.random.default_rng(5)
    counts = rng.poisson(1.5, (40, 4))
    data = pd.DataFrame(
        {
            "firm_id": np.repeat(np.arange(40), 4),
            "start": np.tile(np.arange(4), 40),
            "stop": np.tile(np.arange(1, 5), 40),
            "rounds": counts.ravel(),
        }
    )
    last = mean_cumulative_function(data, "rounds").table.iloc[-1]
    totals = counts.sum(axis=1)
    assert last["mean"] == pytest.approx(totals.mean(), rel=1e-12)
    assert last["std_error"] == pytest.approx(totals.std() / np.sqrt(40), rel=1e-12)


def test_events_that_come_once_add_up_as_nelson_aalen(panel):
    once = panel.assign(rounds=[1, 0, 0, 1, 0, 0, 1])
    hazard = kaplan_meier(once.iloc[[0, 2, 3, 4, 5, 6]], "rounds").nelson_aalen
    table = mean_cumulative_function(once.iloc[[0, 2, 3, 4, 5, 6]], "rounds").table
    assert np.allclose(table["mean"], hazard["hazard"], rtol=1e-14)


def test_limits_are_around_the_mean_and_groups_are_their_rows(panel):
    both = mean_cumulative_function(panel, "rounds", by="region").table
    for region, rows in panel.groupby("region"):
        alone = mean_cumulative_function(rows, "rounds").table.drop(columns="group")
        found = both[both["group"] == region].drop(columns="group").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, alone)
    seen = both[both["mean"] > 0]
    assert ((seen["lower"] <= seen["mean"]) & (seen["mean"] <= seen["upper"])).all()
    assert both.loc[both["mean"] == 0, ["lower", "upper"]].isna().all(axis=None)


def test_texts_and_figure(panel):

    result = mean_cumulative_function(panel, "rounds", by="region")
    assert "rounds by region, 4 units, 5 events" in repr(result)
    assert result.to_markdown().startswith("| group | events | time | mean |")
    assert "rounds by region" in result.to_latex()
    assert "<table" in result._repr_html_()
    assert len(result.plot().axes) == 2


def test_bad_input_is_refused(panel):
    with pytest.raises(PanelError, match="whole numbers of events"):
        mean_cumulative_function(panel.assign(rounds=-1), "rounds")
    with pytest.raises(PanelError, match="rows of one 'firm_id' overlap"):
        mean_cumulative_function(panel.assign(start=0), "rounds")
    with pytest.raises(PanelError, match="no column 'firm'"):
        mean_cumulative_function(panel, "rounds", "firm")
    with pytest.raises(PanelError, match="'region' has missing values"):
        mean_cumulative_function(panel.assign(region=None), "rounds", by="region")
    with pytest.raises(FitError, match="conf_level"):
        mean_cumulative_function(panel, "rounds", conf_level=0)
