import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.survival.competing.subdistribution import weighted_rows


def at_risk(rows, spell, time):
    """Weight that a spell has in the risk set at a time."""
    here = (rows.spell == spell) & (rows.start < time) & (time <= rows.stop)
    return rows.weight[here].sum()


def weights(start, stop, kind):
    return weighted_rows(np.array(start, float), np.array(stop, float), np.array(kind))


def test_without_censoring_or_entry_a_competing_event_stays_with_weight_one():
    rows = weights([0, 0, 0], [1, 2, 3], [2, 1, 1])
    assert at_risk(rows, 0, 2) == at_risk(rows, 0, 3) == 1


def test_censoring_by_hand():
    # At 2 one of the three still at risk is censored: G falls to 2/3 after 2.
    rows = weights([0] * 5, [1, 2, 2, 3, 4], [2, 0, 1, 1, 1])
    assert at_risk(rows, 0, 2) == 1
    # The event at 2 comes before the censoring, so that three were at risk of being censored.
    assert at_risk(rows, 0, 3) == pytest.approx(2 / 3)
    assert at_risk(rows, 0, 4) == pytest.approx(2 / 3)


def test_late_entry_by_hand():
    # One of the three at risk just after 2 entered at 2: H is 2/3 before, 1 after.
    rows = weights([0, 0, 0, 2], [1, 3, 4, 5], [2, 1, 1, 1])
    assert at_risk(rows, 0, 3) == pytest.approx(1 / (2 / 3))


def test_entry_at_the_first_time_that_a_unit_leaves_counts_too():
    rows = weights([0, 0, 0, 1], [1, 3, 4, 5], [2, 1, 1, 1])
    assert at_risk(rows, 0, 3) == pytest.approx(1 / (2 / 3))


def test_the_event_itself_is_in_its_own_spell_only():
    rows = weights([0, 0, 1], [1, 2, 3], [2, 1, 0])
    assert rows.event.tolist() == [0, 1, 0, 0]
    assert rows.spell.tolist() == [0, 1, 2, 0]


def test_nobody_to_link_before_and_after_ends_the_weights():
    """Of those seen up to 2 nobody is seen later: the competing event at 1 stays until then."""
    rows = weights([0, 0, 0, 2, 2, 2], [1, 1.5, 2, 3, 4, 5], [2, 1, 1, 2, 1, 0])
    assert at_risk(rows, 0, 1.5) == at_risk(rows, 0, 2) == 1
    assert at_risk(rows, 0, 4) == 0
    assert at_risk(rows, 3, 4) == 1
    assert rows.unlinked.tolist() == [1.0]


def test_all_censored_before_a_new_stretch_begins():
    """G is 0 after 2; those who enter later have one of their own."""
    rows = weights([0, 0, 3, 3, 3], [1, 2, 4, 5, 6], [2, 0, 2, 1, 1])
    assert at_risk(rows, 2, 5) == at_risk(rows, 2, 6) == 1


def test_event_times_of_others_may_be_asked_for():
    start, stop, kind = np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([2, 1, 0])
    assert at_risk(weighted_rows(start, stop, kind), 0, 3) == 0
    assert at_risk(weighted_rows(start, stop, kind, np.array([2.0, 3.0])), 0, 3) == 1


@given(st.integers(0, 10**6))
def test_own_risk_sets_stay_and_weights_are_of_competing_events_only(seed):
    random = np.random.default_rng(seed)
    n = 30
    start = np.where(random.random(n) < 0.7, 0, random.integers(0, 3, n)).astype(float)
    start[:10] = 0
    stop = start + random.integers(1, 8, n)
    stop[:3] = 20  # somebody to link all times
    kind = random.integers(0, 3, n)
    kind[3] = 1
    rows = weighted_rows(start, stop, kind)
    assert (rows.stop > rows.start).all()
    assert (rows.weight > 0).all()
    np.testing.assert_array_equal(rows.start[:n], start)
    np.testing.assert_array_equal(rows.stop[:n], stop)
    assert np.isin(rows.spell[n:], np.flatnonzero(kind == 2)).all()
    for spell in np.flatnonzero(kind == 2):
        pieces = np.flatnonzero(rows.spell == spell)
        np.testing.assert_array_equal(rows.start[pieces][1:], rows.stop[pieces][:-1])
