import pandas as pd
import pytest

from belbiotech.errors import FitError, PanelError
from belbiotech.studies import designs
from belbiotech.studies.samples import read_sample


@pytest.fixture
def sample(small):
    return read_sample("failure ~ C(region)", small, "alliances", window=2)[1]


def by_firm(sample, rows):
    return rows.groupby(sample.unit, sort=False)[sample.column].agg(list).to_dict()


def test_ever_allied_from_the_first_row_on(sample):
    status = by_firm(sample, designs.ever(sample))
    assert status == {"one": [1] * 5, "two": [0] * 3, "three": [1] * 4}


def test_lags(sample):
    assert by_firm(sample, designs.as_of(sample, lag=0, window=2)) == {
        "one": [0, 1, 1, 1, 0],
        "two": [0, 0, 0],
        "three": [1, 1, 0, 0],
    }
    assert by_firm(sample, designs.as_of(sample, lag=1, window=2))["one"] == [0, 0, 1, 1, 1]
    assert by_firm(sample, designs.as_of(sample, lag=2, window=2))["one"] == [0, 0, 0, 1, 1]
    assert by_firm(sample, designs.as_of(sample, lag=1, window=1))["one"] == [0, 0, 1, 1, 0]


def test_counts_where_the_formula_names_the_column(small):
    formula, sample = read_sample("failure ~ alliances_cum_lag1", small, "alliances", window=2)
    assert formula == "failure ~ alliances_cum_lag1"
    assert sample.window is None
    assert by_firm(sample, designs.as_of(sample, window=None))["one"] == [0, 0, 1, 2, 2]
    assert by_firm(sample, designs.ever(sample))["one"] == [2] * 5


def test_the_years_after(sample):
    assert by_firm(sample, designs.signed_after(sample))["one"] == [1, 1, 0, 0, 0]
    assert by_firm(sample, designs.signed_after(sample, years=1))["one"] == [1, 1, 0, 0, 0]


def test_documented_rows(sample):
    rows = designs.documented(sample).rows
    assert rows.groupby("firm_id")["start"].min().to_dict() == {"one": 0, "two": 0, "three": 2}
    assert len(sample.rows) == 12


def test_documented_needs_its_column(small):
    bare = read_sample("failure ~ 1", small.drop(columns="observed"), "alliances", window=2)[1]
    with pytest.raises(FitError, match="no column 'observed'"):
        designs.documented(bare)
    never = read_sample("failure ~ 1", small.assign(observed=False), "alliances", window=2)[1]
    with pytest.raises(FitError, match="no row is observed"):
        designs.documented(never)


def test_a_landmark_fixes_status_and_covariates(small):
    changing = small.assign(listed_lag1=(small["age"] > 2).astype(int))
    sample = read_sample("failure ~ listed_lag1", changing, "alliances", window=2)[1]
    rows = designs.landmark(sample, 2)
    assert by_firm(sample, rows) == {"one": [1, 1, 1], "two": [0], "three": [1, 1]}
    assert (rows["start"] >= 2).all()
    assert (rows["listed_lag1"] == 0).all()


def test_a_landmark_after_which_nobody_is_left(sample):
    with pytest.raises(PanelError, match=r"nobody is left at the landmark, age 9.*0 to 4"):
        designs.check_landmark(sample, 9)


def test_silent_firms_live_on_or_fail(sample):
    """The data ends in 2005: two was last seen in 2003."""
    assert sample.silent == ("two",)
    best, note = designs.prolonged(sample, worst=False)
    assert "1 silent firms, 2 firm-years added" in note
    two = best.rows[best.rows["firm_id"] == "two"]
    assert two["year"].tolist() == [2001, 2002, 2003, 2004, 2005]
    assert two["stop"].tolist() == [1, 2, 3, 4, 5]
    assert best.rows["failure"].sum() == 1
    worst, _ = designs.prolonged(sample, worst=True)
    last = worst.rows[worst.rows["firm_id"] == "two"].iloc[-1]
    assert (last["year"], last["failure"]) == (2004, 1)


def test_the_worst_case_is_no_acquisition(small):
    sample = read_sample("acquisition ~ 1", small, "alliances", window=2)[1]
    worst, _ = designs.prolonged(sample, worst=True)
    assert len(worst.rows) == len(small) + 1
    assert worst.rows["acquisition"].sum() == 1


def test_alliances_run_out_in_the_years_added(small):
    late = small.copy()
    late.loc[(late["firm_id"] == "two") & (late["age"] == 2), "alliances_new"] = 1
    sample = read_sample("failure ~ 1", late, "alliances", window=1)[1]
    best, _ = designs.prolonged(sample, worst=False)
    assert by_firm(best, designs.as_of(best, window=1))["two"] == [0, 0, 0, 1, 0]


def test_what_is_carried_forward_is_said(small):
    sample = read_sample(
        "failure ~ rounds + age", small.assign(rounds=small["age"]), "alliances", window=2
    )[1]
    _, note = designs.prolonged(sample, worst=False)
    assert note.endswith("carried forward: rounds")


def test_nobody_is_silent(small):
    seen = small[small["firm_id"] != "two"]
    sample = read_sample("failure ~ 1", seen, "alliances", window=2)[1]
    with pytest.raises(FitError, match="every firm has an exit or was seen in 2005"):
        designs.prolonged(sample, worst=True)
    bare = read_sample("failure ~ 1", small.drop(columns="year"), "alliances", window=2)[1]
    with pytest.raises(FitError, match="no column 'year'"):
        designs.prolonged(bare, worst=True)


def test_the_data_is_left_alone(small):
    before = small.copy()
    sample = read_sample("failure ~ C(region)", small, "alliances", window=2)[1]
    designs.ever(sample)
    designs.landmark(sample, 2)
    designs.prolonged(sample, worst=True)
    pd.testing.assert_frame_equal(small, before)


def test_ages_that_no_firm_links_are_left_out(small):
    """At age 3 a firm enters while nobody else is at risk: nothing weighs one part for another."""
    rows = small[(small["firm_id"] == "two") | ((small["firm_id"] == "one") & (small["age"] > 2))]
    sample = read_sample("failure ~ alliances_cum_lag1", small, "alliances", window=5)[1]
    kept, why = designs.linked(sample, rows)
    assert set(kept["firm_id"]) == {"one"}
    assert "ages 3 to 5 only" in why
    assert "0 events, 3 firm-years" in why
    same, nothing = designs.linked(sample, small)
    assert same is small
    assert nothing == ""


def test_first_spells_end_at_the_first_gap():
    rows = pd.DataFrame(
        {
            "firm_id": ["a", "b", "a", "a", "b", "a"],
            "start": [0, 3, 2, 1, 4, 5],
            "stop": [1, 4, 3, 2, 5, 6],
        }
    )
    kept = designs.first_spells(rows)
    assert kept.index.tolist() == [0, 1, 2, 3, 4]
    assert designs.first_spells(kept).equals(kept)
