import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from belbiotech import (
    BelbiotechWarning,
    FitError,
    PanelError,
    kaplan_meier,
    restricted_mean,
    restricted_mean_difference,
)

patiently = settings(deadline=None)  # the first call imports


@pytest.fixture
def firms():
    return pd.DataFrame(
        {
            "start": [0, 0, 1, 2, 0, 3, 0, 1],
            "stop": [2, 6, 3, 7, 1, 5, 6, 7],
            "failure": [1, 0, 1, 0, 1, 1, 1, 0],
            "allied": ["no", "yes", "no", "no", "yes", "yes", "no", "yes"],
        }
    )


@st.composite
def panels(draw):
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 6), st.integers(1, 4), st.integers(0, 1)),
            max_size=25,
        )
    )
    table = pd.DataFrame([(0, 1, 1), (0, 12, 0), *rows], columns=["start", "length", "event"])
    return table.assign(stop=table["start"] + table["length"])


def test_without_censoring_it_is_the_mean_of_times_cut_at_the_horizon():
    times = np.array([1, 2, 2, 5, 7, 9])
    rows = pd.DataFrame({"start": 0, "stop": times, "failure": 1})
    table = restricted_mean(rows, "failure", 6)
    cut = np.minimum(times, 6)
    assert table["estimate"].tolist() == pytest.approx([cut.mean()], rel=1e-14)
    # Then the variance is that of a mean: the sum of squares over n squared.
    assert table["std_error"].tolist() == pytest.approx([cut.std() / np.sqrt(len(cut))], rel=1e-12)


@patiently
@given(panels(), st.floats(1, 12))
def test_it_is_the_area_under_the_curve(data, horizon):
    curve = kaplan_meier(data, "event").table
    grid = np.linspace(0, horizon, 4001)
    middle = (grid[1:] + grid[:-1]) / 2
    position = np.searchsorted(curve["time"], middle, side="right")
    area = np.r_[1.0, curve["survival"]][position].mean() * horizon
    estimate = restricted_mean(data, "event", horizon)["estimate"].item()
    assert estimate == pytest.approx(area, abs=len(curve) * horizon / 4000)


@patiently
@given(panels(), st.integers(1, 10), st.integers(1, 12))
def test_cutting_rows_changes_nothing(data, cut, horizon):
    long = (data["start"] < cut) & (cut < data["stop"])
    first = data[long].assign(stop=cut, event=0)
    pieces = pd.concat([data[~long], first, data[long].assign(start=cut)])
    pd.testing.assert_frame_equal(
        restricted_mean(data, "event", horizon), restricted_mean(pieces, "event", horizon)
    )


def test_interval_is_symmetric_and_wider_with_more_confidence(firms):
    table = restricted_mean(firms, "failure", 6, by="allied")
    wide = restricted_mean(firms, "failure", 6, by="allied", conf_level=0.99)
    assert np.allclose(table["lower"] + table["upper"], 2 * table["estimate"])
    assert (wide["upper"] > table["upper"]).all()
    assert table["group"].tolist() == ["no", "yes"]


def test_difference_is_that_of_the_means(firms):
    means = restricted_mean(firms, "failure", 6, by="allied").set_index("group")
    row = restricted_mean_difference(firms, "failure", 6, "allied").iloc[0]
    assert (row["group"], row["reference"]) == ("yes", "no")
    assert row["estimate"] == means.loc["yes", "estimate"] - means.loc["no", "estimate"]
    assert row["std_error"] ** 2 == pytest.approx((means["std_error"] ** 2).sum(), rel=1e-12)
    turned = restricted_mean_difference(firms, "failure", 6, "allied", reference="yes").iloc[0]
    assert turned["estimate"] == -row["estimate"]
    assert turned["p_value"] == row["p_value"]
    assert (turned["lower"], turned["upper"]) == pytest.approx((-row["upper"], -row["lower"]))


def test_a_horizon_that_the_data_does_not_reach_warns(firms):
    with pytest.warns(BelbiotechWarning, match="followed up to 7 only, .* held flat"):
        table = restricted_mean(firms, "failure", 9)
    seven = restricted_mean(firms, "failure", 7)["estimate"].item()
    last = kaplan_meier(firms, "failure").table["survival"].iloc[-1]
    assert table["estimate"].item() == pytest.approx(seven + 2 * last, rel=1e-12)
    with pytest.warns(BelbiotechWarning, match="'no' has no 'failure' by the horizon 1"):
        restricted_mean(firms, "failure", 1, by="allied")


def test_a_group_is_warned_of_once_at_the_line_that_asked(firms):
    quiet = firms.assign(failure=firms["failure"] * (firms["allied"] == "yes"))
    with pytest.warns(BelbiotechWarning) as caught:
        restricted_mean(quiet, "failure", 9, by="allied")
    with pytest.warns(BelbiotechWarning) as of_difference:
        restricted_mean_difference(quiet, "failure", 9, "allied")
    texts = [str(warning.message) for warning in caught]
    assert [text.split()[1] for text in texts] == ["'no'", "'yes'"]
    assert "held flat up to the horizon 9, and has no 'failure' by the horizon 9" in texts[0]
    assert [str(warning.message) for warning in of_difference] == texts
    assert {warning.filename for warning in [*caught, *of_difference]} == {__file__}


def test_weights_that_are_not_whole_warn_and_change_the_error_with_their_scale(firms):
    """The numbers are R's: summary(survfit(Surv(start, stop, failure) ~ 1, weights), rmean = 6)."""
    firms = firms.assign(share=[0.5, 1.5, 2.25, 0.7, 1.1, 0.3, 0.9, 1.4])
    with pytest.warns(BelbiotechWarning, match="'share' are not whole numbers.*[Ss]cale them"):
        table = restricted_mean(firms, "failure", 6, weights="share")
    assert table["estimate"].item() == pytest.approx(3.7060671, abs=1e-7)
    assert table["std_error"].item() == pytest.approx(0.9347447, abs=1e-7)
    with pytest.warns(BelbiotechWarning, match="not whole numbers"):
        restricted_mean_difference(firms, "failure", 5, "allied", weights="share")
    whole = restricted_mean(firms.assign(share=2.0), "failure", 6, weights="share")
    plain = restricted_mean(firms, "failure", 6)
    assert whole["estimate"].item() == pytest.approx(plain["estimate"].item())


@pytest.mark.parametrize(
    ("groups", "reference", "words"),
    [
        ([0, 1], "0", r"no group '0'; did you mean 0 \(int, not str\)"),
        (["0", "1"], 0, r"no group 0; did you mean '0' \(str, not int\)"),
        ([0, 1], 7, "no group 7; the names are 0, 1"),
        ([0, 1], pd.Series([0, 1]), "no group a Series"),
        ([0, 1], [0], r"no group \[0\]"),
    ],
)
def test_a_reference_that_looks_like_a_group(firms, groups, reference, words):
    rows = firms.assign(allied=firms["allied"].map(dict(zip(["no", "yes"], groups, strict=True))))
    with pytest.raises(FitError, match=words):
        restricted_mean_difference(rows, "failure", 5, "allied", reference=reference)


def test_groups_are_asked_for(firms):
    with pytest.raises(FitError, match="by= must name a column whose values make the groups"):
        restricted_mean_difference(firms, "failure", 5, None)


def test_bad_input_is_refused(firms):
    with pytest.raises(FitError, match=r"before the first time at which a row ends, 1"):
        restricted_mean(firms, "failure", 0.5)
    for horizon in ("10", None, np.nan):
        with pytest.raises(FitError, match="horizon must be a time"):
            restricted_mean(firms, "failure", horizon)
    with pytest.raises(PanelError, match="did you mean 'failure'"):
        restricted_mean(firms, "failed", 5)
    with pytest.raises(FitError, match="conf_level must be between"):
        restricted_mean(firms, "failure", 5, conf_level=1.5)
    with pytest.raises(FitError, match="no group 'yess'; did you mean 'yes'"):
        restricted_mean_difference(firms, "failure", 5, "allied", reference="yess")
    with pytest.raises(FitError, match="only one group, 'no', in allied"):
        restricted_mean_difference(firms[firms["allied"] == "no"], "failure", 3, "allied")
