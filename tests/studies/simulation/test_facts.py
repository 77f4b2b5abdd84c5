import pandas as pd
import pytest

from belbiotech.dataset.panel.build import build
from belbiotech.errors import PanelError
from belbiotech.studies.simulation.facts import simulate_facts
from belbiotech.studies.simulation.panel import simulate_panel

RULES = [
    {},
    {"documentation_delay": 3.0, "alliance_window": 3},
    {"sighting_rate": 0.3, "quiet_failures": 0.5, "alliance_window": None},
]


@pytest.mark.parametrize("rules", RULES)
def test_facts_build_the_simulated_panel(rules):
    """Two ways to the same panel: row by row from facts, and laid out from lives."""
    laid_out = simulate_panel(120, effect=-0.3, seed=9, **rules)
    window = rules.get("alliance_window", 5)
    facts = simulate_facts(120, -0.3, seed=9, **rules)
    built = build(facts, alliance_window=window, observation="first_page").firm_year
    pd.testing.assert_frame_equal(built, laid_out, check_dtype=False, check_column_type=False)
    assert list(built) == list(laid_out)


def test_bad_rules():
    with pytest.raises(PanelError, match="hazard"):
        simulate_facts(10, hazard=-1)
