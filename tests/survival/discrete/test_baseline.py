import numpy as np
import pytest

from belbiotech.errors import FitError
from belbiotech.survival.discrete.baseline import make_baseline

START = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5], dtype=float)
EVENTS = np.array([1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0], dtype=float)
ONE = np.ones(len(START))


@pytest.mark.parametrize("kind", ["dummies", "spline", "log"])
def test_columns_add_up_to_one(kind):
    baseline = make_baseline(kind, START, EVENTS, ONE, ONE)
    known = START[~np.isin(START, list(baseline.certain))]
    columns = baseline.columns(known)
    assert columns.shape == (len(known), len(baseline.names))
    np.testing.assert_allclose(columns @ baseline.ones, 1)


def test_periods_that_are_certain_have_no_coefficient():
    baseline = make_baseline("dummies", START, EVENTS, ONE, ONE)
    assert baseline.certain == {1.0: 0.0, 5.0: 0.0, 2.0: 1.0}
    assert baseline.names == ("C(start)[0]", "C(start)[3]", "C(start)[4]")
    assert baseline.unknown(np.array([0.0, 1.0, 2.0])).size == 0


def test_rows_without_weight_do_not_make_a_period_uncertain():
    weight = np.where(START == 0, EVENTS, 1.0)
    baseline = make_baseline("dummies", START, EVENTS, weight, ONE)
    assert baseline.certain[0.0] == 1.0


@pytest.mark.parametrize(
    ("kind", "unknown"), [("dummies", [-1, 6]), ("spline", [-1, 6]), ("log", [-1])]
)
def test_periods_that_the_data_cannot_tell_of(kind, unknown):
    baseline = make_baseline(kind, START, EVENTS, ONE, ONE)
    asked = np.array([6.0, -1.0, 3.0])
    assert baseline.unknown(asked).tolist() == unknown


def test_knots_are_quantiles_of_all_periods_not_of_the_distinct_ones():
    number = np.where(START == 0, 50.0, 1.0)
    few, many = (make_baseline("spline", START, EVENTS, ONE, n) for n in (ONE, number))
    repeated = np.repeat(START, number.astype(int))
    one = np.ones(len(repeated))
    same = make_baseline("spline", repeated, one, one, one)
    np.testing.assert_allclose(many.columns(START), same.columns(START))
    assert not np.allclose(many.columns(START), few.columns(START))


@pytest.mark.parametrize(
    ("kind", "start", "words"),
    [
        ("dummy", START, "did you mean 'dummies'"),
        ("spline", START[:6], "needs 5 different periods"),
        ("log", START[:2], "needs 2 different periods"),
        ("log", START - 1, "starts at -1"),
    ],
)
def test_what_cannot_be_a_baseline(kind, start, words):
    one = np.ones(len(start))
    with pytest.raises(FitError, match=words):
        make_baseline(kind, start, one, one, one)
