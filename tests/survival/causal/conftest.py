"""Lives with a known truth: capital raises alliances and survival, alliances raise capital."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


def lives(n=1500, effect=-0.7, seed=0, years=8):
    """Firm-years: `capital` moves `allied` and `failure`, and is moved by `allied`."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["BRU", "VLG"], n)
    capital, allied = (rng.random(n) < 0.4).astype(int), np.zeros(n, int)
    alive, parts = np.ones(n, bool), []
    for age in range(years):
        starts = rng.random(n) < 1 / (1 + np.exp(2.2 - 1.5 * capital))
        allied = np.where(allied == 1, 1, starts)
        hazard = np.exp(-1.9 - 1.2 * capital + effect * allied)
        failure = (rng.random(n) < 1 - np.exp(-hazard)).astype(int)
        firm = np.flatnonzero(alive)
        table = {"firm_id": firm, "start": age, "stop": age + 1, "region": region[firm]}
        table |= {"capital": capital[firm], "allied": allied[firm], "failure": failure[firm]}
        parts.append(pd.DataFrame(table))
        alive &= failure == 0
        capital = (rng.random(n) < 1 / (1 + np.exp(1.2 - 1.6 * capital - 0.9 * allied))).astype(int)
    return pd.concat(parts).sort_values(["firm_id", "start"], ignore_index=True)


@pytest.fixture(scope="session")
def firms():
    return lives()
