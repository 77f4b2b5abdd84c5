import pandas as pd
import pytest

from belbiotech.errors import PanelError
from belbiotech.survival.discrete.periods import check_whole_times, cut_into_periods
from belbiotech.survival.rows.counts import count_rows

ROWS = pd.DataFrame({"start": [0, 2, 0], "stop": [3, 3, 3], "failure": [1, 0, 1], "x": [5, 6, 5]})


def test_a_long_row_is_one_period_a_unit_with_its_event_in_the_last():
    counts = count_rows(ROWS, ["failure"], ["x"])
    periods = cut_into_periods(counts)
    table = pd.DataFrame(
        {
            "x": counts.columns["x"].to_numpy()[periods.row],
            "start": periods.start,
            "event": periods.event,
            "number": periods.number,
        }
    ).sort_values(["x", "start"], ignore_index=True)
    expected = pd.DataFrame(
        {
            "x": [5, 5, 5, 6],
            "start": [0.0, 1.0, 2.0, 2.0],
            "event": [0, 0, 1, 0],
            "number": [2.0, 2.0, 2.0, 1.0],
        }
    )
    pd.testing.assert_frame_equal(table, expected)


def test_times_between_periods_are_named_with_the_remedy():
    check_whole_times(ROWS, "start", "stop")
    broken = ROWS.assign(start=[0, 0.5, 0], stop=[3.0, 3.0, 3.25])
    with pytest.raises(PanelError, match=r"(?s)'start'.*row \(1\).*0\.5.*'stop'.*3\.25.*cox\(\)"):
        check_whole_times(broken, "start", "stop")
