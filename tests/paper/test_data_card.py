"""The counts in the data card are those of the newest release."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(ROOT / "scripts" / "data_card.py"))


def test_the_counts_of_the_card_are_those_of_the_release(script):
    text = (ROOT / "data" / "README.md").read_text("utf-8")
    assert script["with_counts"](text, script["counts"]()) == text


def test_what_stands_outside_of_the_marks_is_left_as_it_is(script):
    text = f"before\n{script['BEGIN']}\nold\n{script['END']}\nafter\n"
    again = script["with_counts"](text, "new")
    assert again == f"before\n{script['BEGIN']}\n\nnew\n\n{script['END']}\nafter\n"
