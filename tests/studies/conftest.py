import pandas as pd
import pytest

from belbiotech.dataset.panel.build import build
from belbiotech.studies.simulation.facts import simulate_facts
from belbiotech.studies.simulation.panel import simulate_panel

WORLD = {"documentation_delay": 2.0, "sighting_rate": 0.5, "quiet_failures": 0.2, "seed": 11}


@pytest.fixture(scope="session")
def tables():
    """Tables built from simulated facts: late pages, silent firms, no effect."""
    return build(simulate_facts(150, **WORLD), observation="first_page")


@pytest.fixture(scope="session")
def panel():
    """The same panel, without the tables."""
    return simulate_panel(150, **WORLD)


@pytest.fixture
def small():
    """Three firms.

    one signs at ages 1 and 2 and fails at 4; two never signs, is seen until 2003 and then no
    more; three signs at age 0, is acquired at age 3, and is first documented at age 2.
    """
    lives = {"one": (2000, 5), "two": (2001, 3), "three": (2002, 4)}
    rows = pd.DataFrame(
        [
            {"firm_id": firm, "year": founded + age, "age": age, "start": age, "stop": age + 1}
            for firm, (founded, years) in lives.items()
            for age in range(years)
        ]
    )
    rows["region"] = rows["firm_id"].map({"one": "N", "two": "S", "three": "N"})
    rows["observed"] = (rows["firm_id"] != "three") | (rows["age"] >= 2)
    signed = {("one", 1): 1, ("one", 2): 1, ("three", 0): 1}
    key = list(zip(rows["firm_id"], rows["age"], strict=True))
    rows["alliances_new"] = [signed.get(k, 0) for k in key]
    total = rows.groupby("firm_id")["alliances_new"].cumsum()
    rows["alliances_cum_lag1"] = total - rows["alliances_new"]
    rows["failure"] = [int(k == ("one", 4)) for k in key]
    rows["acquisition"] = [int(k == ("three", 3)) for k in key]
    return rows
