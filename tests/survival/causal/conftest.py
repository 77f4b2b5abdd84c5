"""Lives with a known truth: listing raises alliances and survival, alliances raise listing."""

from __future__ import annotations

import pytest

from belbiotech.studies.simulation.confounded import conditional_lives


@pytest.fixture(scope="session")
def firms():
    """Firm-years with `capital`, another word for listing here."""
    return conditional_lives(1500, seed=0).rename(columns={"listed": "capital"})
