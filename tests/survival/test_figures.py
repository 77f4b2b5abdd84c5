"""What the figures of fits show: who is at risk, which level a line is of, what was cut off."""

import pandas as pd
import pytest

from belbiotech.survival.curves import kaplan_meier


@pytest.mark.parametrize("weight", [1.0, 2.0])
def test_numbers_at_risk_of_late_entries_are_those_of_their_ticks(weight):
    late = pd.DataFrame({"start": [0, 0, 3, 3, 6], "stop": [2, 10, 4, 10, 9], "failure": 1})
    result = kaplan_meier(late.assign(weight=weight), "failure", weights="weight")
    axes, below = result.plot().axes
    numbers = {text.get_position()[0]: float(text.get_text()) for text in below.texts}
    for tick, number in numbers.items():
        rows = (late["start"] < tick) & (tick <= late["stop"])
        if tick == 0:  # nobody has a time at risk that ends there
            rows = late["start"] == 0
        assert number == weight * rows.sum(), tick
    assert set(numbers) == {tick for tick in axes.get_xticks() if tick <= 10.5}
    assert numbers[0] == 2 * weight
