import pandas as pd
import pytest

from belbiotech.errors import FitError, PanelError
from belbiotech.survival.rows.fates import check_fates, check_outcome_names

ROWS = pd.DataFrame({"a": [0, 1, 0, 0], "b": [False, False, True, False], "c": [0, 1, 1, 0]})


def test_names_come_back_as_a_list():
    assert check_outcome_names(("a", "b")) == ["a", "b"]
    assert check_outcome_names(["a"], 1) == ["a"]


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [("a", "must be a list"), (["a"], "at least 2"), (["a", "b", "a"], "'a' more than once")],
)
def test_what_is_no_list_of_fates_is_refused(outcomes, words):
    with pytest.raises(FitError, match=words):
        check_outcome_names(outcomes)


def test_fates_that_exclude_each_other_pass():
    check_fates(ROWS, ["a", "b"])


def test_a_row_with_two_fates_is_named_each_pair():
    with pytest.raises(PanelError, match=r"(?s)'a' and 'c'.*1 row \(1\).*'b' and 'c'.*1 row \(2\)"):
        check_fates(ROWS, ["a", "b", "c"])


def test_a_fate_that_never_happens_is_named():
    with pytest.raises(FitError, match="'d'"):
        check_fates(ROWS.assign(d=0), ["a", "d"])
