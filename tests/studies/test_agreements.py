import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.errors import PanelError
from belbiotech.studies.agreements import Agreements, check_window, signed_by, stock

NAN = float("nan")
TWO = Agreements(
    units=pd.Index(["a", "b"]),
    unit=np.array([0, 0, 1]),
    signed=np.array([1.0, 2.0, -1.0]),
    ended=np.array([NAN, 3.0, NAN]),
)


@pytest.mark.parametrize(
    ("window", "a", "b"),
    [
        # In force at the end of ages 0 to 4; the second alliance of a ends at age 3.
        (2, [0, 1, 2, 0, 0], [1, 0, 0, 0, 0]),
        (3, [0, 1, 2, 1, 0], [1, 1, 0, 0, 0]),
        (None, [0, 1, 2, 1, 1], [1, 1, 1, 1, 1]),
    ],
)
def test_in_force(window, a, b):
    ages = np.arange(5)
    assert stock(TWO, np.zeros(5), ages, window).tolist() == a
    assert stock(TWO, np.ones(5), ages, window).tolist() == b


def test_signed():
    assert signed_by(TWO, [0, 0, 0, 1], [0, 1, 9, -2]).tolist() == [0, 1, 2, 0]


def test_a_known_end_rules_over_the_window():
    long = Agreements(pd.Index(["a"]), np.array([0]), np.array([0.0]), np.array([9.0]))
    assert stock(long, [0, 0], [8, 9], 2).tolist() == [1, 0]


def test_an_alliance_that_ends_in_the_year_of_its_signing_is_never_in_force():
    short = Agreements(pd.Index(["a"]), np.array([0]), np.array([2.0]), np.array([2.0]))
    assert stock(short, [0, 0, 0], [1, 2, 3], 5).tolist() == [0, 0, 0]


def test_nobody_has_signed():
    none = Agreements(pd.Index(["a"]), np.array([], dtype=int), np.array([]), np.array([]))
    assert stock(none, [0, 0], [0, 5], 5).tolist() == [0, 0]


@given(
    facts=st.lists(
        st.tuples(st.integers(0, 3), st.integers(-5, 30), st.one_of(st.none(), st.integers(0, 9))),
        max_size=20,
    ),
    window=st.one_of(st.none(), st.integers(1, 12)),
)
def test_counting_equals_asking_each_alliance(facts, window):
    unit = np.array([f[0] for f in facts], dtype=int)
    signed = np.array([f[1] for f in facts], dtype=float)
    ended = np.array([NAN if f[2] is None else f[1] + f[2] for f in facts], dtype=float)
    agreements = Agreements(pd.Index(list("wxyz")), unit, signed, ended)
    firm, age = (grid.ravel() for grid in np.meshgrid(np.arange(4), np.arange(-6, 45)))
    expected = []
    for u, y in zip(firm, age, strict=True):
        over = np.where(np.isnan(ended), signed + (window or np.inf), ended)
        expected.append(((unit == u) & (signed <= y) & (y < over)).sum())
    assert stock(agreements, firm, age, window).tolist() == expected


@pytest.mark.parametrize("window", [0, -1, 2.5, True])
def test_bad_windows(window):
    with pytest.raises(PanelError, match="one year or more"):
        check_window(window)
