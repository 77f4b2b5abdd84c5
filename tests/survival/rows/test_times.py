"""Times that differ by rounding alone; values of R 4.2.2, survival 3.5-3, by rounding.R."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import belbiotech as bb
from belbiotech.survival.rows.times import tie_times

ROWS = pd.DataFrame(
    {
        "start": [0, 0, 0, 0.1 + 0.2, 0],
        "stop": [0.3, 0.1 + 0.2, 0.5, 0.6, 0.7],
        "failure": [1, 1, 1, 0, 1],
        "x": [1.0, 0, 0, 1, 1],
    }
)


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore:.*events.*:belbiotech.errors.BelbiotechWarning")
def test_rounding_does_not_break_ties(reference_values):
    known = reference_values("rounding")
    result = bb.cox("failure ~ x", ROWS)
    assert result.params["x"] == pytest.approx(known["coef"], rel=1e-7)
    assert result.log_likelihood == pytest.approx(known["log_likelihood"], rel=1e-8)
    curve = bb.kaplan_meier(ROWS, "failure").table
    assert len(curve) == len(known["survival"])
    assert curve["survival"].tolist() == pytest.approx(known["survival"], rel=1e-8)
    assert curve["at_risk"].tolist() == known["at_risk"]


def test_rows_that_touch_do_not_overlap():
    steps = np.array([0.1, 0.1 + 0.2, 0.7])
    rows = pd.DataFrame({"start": [0, 0.1, 0.3], "stop": steps, "firm_id": "a"})
    assert bb.check_panel(rows).empty


def test_an_interval_of_no_length_but_rounding_is_refused():
    rows = ROWS.assign(start=[0, 0.3, 0, 0.1 + 0.2, 0])
    with pytest.raises(bb.PanelError, match="less than rounding"):
        bb.cox("failure ~ x", rows)


@given(st.lists(st.integers(0, 400), min_size=2, max_size=30, unique=True), st.floats(1e-3, 1e3))
def test_times_apart_stay_apart(whole, unit):
    times = np.sort(np.array(whole, dtype=float)) * unit
    start, stop = tie_times(times[:-1], times[1:])
    assert (start < stop).all()
    noisy = times[1:] * (1 + 1e-14)
    tied_start, tied_stop = tie_times(times[:-1], noisy)
    assert np.array_equal(tied_stop[:-1], tied_start[1:])
