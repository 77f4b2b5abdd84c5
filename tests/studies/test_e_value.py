import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.errors import FitError
from belbiotech.studies.e_value import e_value


@pytest.mark.parametrize(
    ("ratios", "estimate", "limit"),
    [
        # Vignette of the R package EValue: smoking and lung cancer.
        ((10.73, 8.02, 14.36), 20.94777, 15.52336),
        # VanderWeele and Ding (2017): bottle feeding and respiratory death.
        ((3.9, 1.8, 8.7), 7.263034, 3.0),
    ],
)
def test_published_values(ratios, estimate, limit):
    value = e_value(*ratios, common=False)
    assert value.estimate == pytest.approx(estimate, abs=5e-6)
    assert value.limit == pytest.approx(limit, abs=5e-6)


def test_a_common_outcome_by_hand():
    """A hazard ratio of 4 is a risk ratio of (1 - 0.25) / (1 - 0.5^0.5)."""
    ratio = 0.75 / (1 - 0.5**0.5)
    value = e_value(4.0, 4.0, 4.0, common=True)
    assert value.estimate == pytest.approx(ratio + (ratio * (ratio - 1)) ** 0.5)
    assert value.estimate < e_value(4.0, 4.0, 4.0, common=False).estimate


def test_an_interval_with_one_needs_no_confounder():
    assert e_value(0.8, 0.5, 1.2).limit == 1.0


def test_an_open_interval():
    """A profile likelihood that never falls far enough has an infinite limit."""
    assert e_value(3.0, 0.5, float("inf")).limit == 1.0
    assert e_value(3.0, 2.0, float("inf"), common=False).limit == pytest.approx(2 + 2**0.5)


@given(ratio=st.floats(0.01, 100), width=st.floats(1, 3), common=st.booleans())
def test_the_same_for_a_ratio_and_its_inverse(ratio, width, common):
    there = e_value(ratio, ratio / width, ratio * width, common=common)
    back = e_value(1 / ratio, 1 / ratio / width, 1 / ratio * width, common=common)
    assert there.estimate == pytest.approx(back.estimate)
    assert there.limit == pytest.approx(back.limit)
    assert there.estimate >= there.limit >= 1


@pytest.mark.parametrize(
    "wrong",
    [(0.0, 0.0, 1.0), (-1.0, -2.0, 1.0), (0.5, 0.6, 0.8), (float("inf"), 1.0, float("inf"))],
)
def test_bad_ratios(wrong):
    with pytest.raises(FitError, match="within its interval"):
        e_value(*wrong)


@pytest.mark.parametrize("values", [("a", 1, 2), (1, None, 2), (1, 1, "2")])
def test_texts_are_no_ratios(values):
    with pytest.raises(FitError, match="positive, finite hazard ratio"):
        e_value(*values)
