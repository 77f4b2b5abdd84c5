import warnings

import pytest

from belbiotech.errors import BelbiotechWarning
from belbiotech.survival.inference.few_events import warn_of_few_events


@pytest.mark.parametrize(
    ("events", "coefficients", "words"),
    [
        (
            12,
            3,
            "12 events of 'exit' for 3 coefficients (4.0 each, fewer than 10): estimates",
        ),
        (29, 3, "29 events of 'exit' for 3 coefficients (9.7 each, fewer than 10)"),
        (9, 1, "9 events of 'exit' for 1 coefficient (fewer than 10)"),
        (1, 2, "1 event of 'exit' for 2 coefficients (0.5 each, fewer than 10)"),
    ],
)
def test_few_events_are_told_where_the_caller_stands(events, coefficients, words):
    with pytest.warns(BelbiotechWarning) as told:
        warn_of_few_events(events, "exit", coefficients, "fewer covariates")
    assert str(told[0].message).startswith(words)
    assert str(told[0].message).endswith("may be far off; think of fewer covariates")
    assert told[0].filename == __file__


@pytest.mark.parametrize(("events", "coefficients"), [(30, 3), (0, 0), (10, 1)])
def test_enough_events_or_nothing_to_estimate(events, coefficients):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_few_events(events, "exit", coefficients, "fewer covariates")
