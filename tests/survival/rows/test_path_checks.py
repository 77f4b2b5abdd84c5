import pandas as pd
import pytest

from belbiotech.errors import PanelError
from belbiotech.survival.rows.path_checks import ordered_paths

PATHS = pd.DataFrame(
    {"id": ["b", "b", "a"], "start": [2, 0, 5], "stop": [4, 2, 6], "x": [1.0, 0.0, 3.0]}
)


def ordered(paths):
    return ordered_paths(paths, ["x"], start="start", stop="stop")


def test_paths_come_in_the_order_of_their_first_row_and_of_time():
    assert ordered(PATHS).index.tolist() == [1, 0, 2]


def test_without_id_all_rows_are_one_path():
    assert ordered(PATHS.head(2).drop(columns="id"))["id"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("starts", "words"), [([3, 0, 5], "'b' has a gap"), ([1, 0, 5], "'b' has an overlap")]
)
def test_rows_that_do_not_follow_are_named(starts, words):
    with pytest.raises(PanelError, match=words):
        ordered(PATHS.assign(start=starts))


def test_missing_values_and_columns_are_named():
    with pytest.raises(PanelError, match="'x' has missing values"):
        ordered(PATHS.assign(x=[1.0, None, 2.0]))
    with pytest.raises(PanelError, match="no column 'x'"):
        ordered(PATHS.drop(columns="x"))


def test_numbers_of_numpy_are_plain_in_messages():
    paths = pd.DataFrame({"id": [3, 3], "start": [0, 2], "stop": [1, 3]})
    with pytest.raises(PanelError, match=r"path 3 has a gap"):
        ordered_paths(paths, [], start="start", stop="stop")
