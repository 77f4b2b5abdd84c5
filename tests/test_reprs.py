"""What a result shows of itself is no longer than a screen, whatever it holds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import belbiotech as bb

SOURCE = Path(__file__).parents[1] / "src" / "belbiotech"
pytestmark = pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")

PANEL = bb.simulate_panel(120, effect=-0.3, hazard=0.1, seed=1).assign(
    to=lambda d: d["failure"].map({1: "failed", 0: None})
)
FIXED = {"controls.py"}  # two rows, and a sentence
FATES = ["failure", "acquisition"]
BY_FIRM = {
    "kaplan_meier": lambda: bb.kaplan_meier(PANEL, "failure", by="firm_id"),
    "cumulative_incidence": lambda: bb.cumulative_incidence(PANEL, FATES, by="firm_id"),
    "mean_cumulative_function": lambda: bb.mean_cumulative_function(
        PANEL, "alliances_new", by="firm_id"
    ),
    "logrank_test": lambda: bb.logrank_test(PANEL, "failure", "firm_id"),
    "multi_state": lambda: bb.multi_state(PANEL, "to", initial="private", by="firm_id"),
    "cox": lambda: bb.cox("failure ~ C(year)", PANEL),
    "frailty": lambda: bb.cox("failure ~ alliances_active_lag1", PANEL, frailty="firm_id").frailty,
    "describe_panel": lambda: bb.describe_panel(PANEL),
}


@pytest.mark.parametrize("name", BY_FIRM)
def test_no_result_shows_more_than_a_screen(name):
    shown = repr(BY_FIRM[name]())
    assert 0 < len(shown.splitlines()) <= 40
    assert max(map(len, shown.splitlines())) < 1000


def test_every_repr_of_its_own_is_cut_to_a_screen():
    whole = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
                text = ast.unparse(node)
                grows = "to_string" in text or "join" in text or "markdown" in text
                cut = "on_screen" in text or ".head(" in text or path.name in FIXED
                if grows and not cut:
                    whole.append(f"{path.name}:{node.lineno}")
    assert not whole
