import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from belbiotech.survival.inference.paths import cumulated_along

NUMBERS = st.floats(0, 5, allow_subnormal=False)


def test_two_paths_by_hand():
    path, hazard = np.array(["a", "a", "b"]), np.array([0.1, 0.2, 0.4])
    slopes = np.array([[1.0, 0], [1, 2], [0, 3]])
    variance = np.array([[0.04, 0.01], [0.01, 0.09]])
    total, error = cumulated_along(path, hazard, slopes, variance, np.array([0.5, 0.25, 0.1]))
    assert total == pytest.approx([0.1, 0.3, 0.4])
    # q = (1, 0), (2, 2) and (0, 3): q'Vq = 0.04, 0.16 + 0.08 + 0.36, 0.81
    assert error**2 == pytest.approx([0.5 + 0.04, 0.75 + 0.6, 0.1 + 0.81])


def test_an_infinite_hazard_ends_its_path_and_no_other():
    path, hazard = np.array(["a", "a", "b"]), np.array([np.inf, 0.2, 0.4])
    total, error = cumulated_along(path, hazard, np.zeros((3, 1)), np.eye(1))
    assert total.tolist() == [np.inf, np.inf, 0.4]
    assert error.tolist() == [0, 0, 0]


@given(arrays(float, (6, 3), elements=NUMBERS), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_each_path_as_if_alone(numbers, codes):
    path = np.sort(np.array(codes))
    hazard, slopes, variance = numbers[:, 0], numbers[:, 1:], np.array([[2.0, 1], [1, 3]])
    total, error = cumulated_along(path, hazard, slopes, variance, hazard)
    for code in np.unique(path):
        here = path == code
        alone = cumulated_along(path[here], hazard[here], slopes[here], variance, hazard[here])
        np.testing.assert_allclose(total[here], alone[0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(error[here], alone[1], rtol=1e-12, atol=1e-12)
        assert alone[0][-1] == pytest.approx(hazard[here].sum())
