"""What errors say of a value and of the names that are near it."""

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import in_words, nearest_names


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("faliure", ["failure", "listing"], "did you mean 'failure'?"),
        ("q", ["failure", "listing"], "the names are 'failure', 'listing'"),
        ("0", [0, 1], "did you mean 0 (int, not str)?"),
        (0, ["0", "1"], "did you mean '0' (str, not int)?"),
        (7, [0, 1], "the names are 0, 1"),
        (None, ["log", "plain"], "the names are 'log', 'plain'"),
        ("x", np.array(["x1", "b"]), "did you mean 'x1'?"),
        ("a", range(40), f"the names are {', '.join(map(str, range(30)))}, ..."),
    ],
)
def test_nearest_names(name, known, words):
    assert nearest_names(name, known) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "0.5"),
        ("a", "'a'"),
        (None, "None"),
        (pd.Series([1, 2]), "a Series"),
        (np.arange(999.0), "a ndarray"),
        ({"x" * 99: 1}, "a dict"),
    ],
)
def test_long_values_are_told_by_what_they_are(value, words):
    assert in_words(value) == words
