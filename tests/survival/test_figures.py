"""What the figures of fits show: who is at risk, which level a line is of, what was cut off."""

import pandas as pd
import pytest

from belbiotech.survival.cox.estimate import cox
from belbiotech.survival.curves.kaplan_meier import kaplan_meier
from belbiotech.survival.inference.report import ratio_plot


@pytest.fixture(scope="module")
def years(reference_data):
    return reference_data("years")


def lines(figure):
    """Names of a forest plot's lines, from above."""
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def ratios(*names):
    """A table of hazard ratios, all the same."""
    row = {"hazard ratio": 2.0, "hazard ratio lower 95%": 1.0, "hazard ratio upper 95%": 4.0}
    return pd.DataFrame([row] * len(names), index=list(names))


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


def test_a_factor_begins_with_its_reference_level(years):
    figure = cox("failure ~ size + C(segment) * alliances", years).plot()
    assert lines(figure) == [
        "size",
        "Segment: agro (reference)",
        "Segment: medtech",
        "Segment: Therapeutics",
        "alliances",
        "Segment: medtech × alliances",
        "Segment: Therapeutics × alliances",
    ]
    (mark,) = (line for line in figure.axes[0].lines if line.get_markerfacecolor() == "white")
    assert (list(mark.get_xdata()), list(mark.get_ydata())) == ([1.0], [1])


def test_a_chosen_reference_level_is_the_one_named(years):
    figure = cox("failure ~ C(segment, Treatment('medtech')) + size", years).plot()
    assert lines(figure) == [
        "Segment: medtech (reference)",
        "Segment: agro",
        "Segment: Therapeutics",
        "size",
    ]


def test_each_outcome_has_its_reference_level():
    names = [(fate, f"C(era)[T.{era}]") for fate in ("failure", "exit") for era in ("b", "c")]
    figure = ratio_plot(ratios(*names), "hazard ratio", references={"C(era)": "a"})
    assert lines(figure) == [
        f"{fate}: era: {level}"
        for fate in ("failure", "exit")
        for level in ("a (reference)", "b", "c")
    ]


def test_other_names_stay_as_they_are():
    names = ["size", "bs(age, df=3)[1]", "I(a == b)"]
    assert lines(ratio_plot(ratios(*names), "hazard ratio", references={})) == names
