"""Lives with a known truth: their shape, their seeds, and that the truth is one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import PanelError
from belbiotech.studies.simulation.confounded import (
    conditional_lives,
    marginal_lives,
    true_incidence,
)
from belbiotech.survival.rows.checks import check_rows


@pytest.mark.parametrize("lives", [conditional_lives, marginal_lives])
def test_rows_are_a_panel_and_seeds_are_kept(lives):
    rows = lives(50, seed=3)
    check_rows(rows, ["failure", "allied", "listed"], unit="firm_id")
    assert rows["firm_id"].nunique() == 50
    assert (rows.groupby("firm_id")["allied"].diff().dropna() >= 0).all()
    assert rows.groupby("firm_id")["failure"].sum().max() == 1
    pd.testing.assert_frame_equal(rows, lives(50, seed=3))
    with pytest.raises(PanelError, match="seed"):
        lives(50, seed="three")


def test_the_first_year_s_truth_by_hand():
    """Four in ten are listed at the beginning."""
    hazard = np.exp(-1.9) * np.array([1.0, np.exp(-1.2)])
    expected = 1 - np.array([0.6, 0.4]) @ np.exp(-hazard)
    assert true_incidence(0, years=1)[0] == pytest.approx(expected, abs=1e-3)
    assert (np.diff(true_incidence(1, years=4)) > 0).all()


def test_firms_that_never_sign_fail_as_the_marginal_hazard_says():
    """Where alliances do nothing, all fail at the hazard of 0.12 a year."""
    rows = marginal_lives(20_000, 0.0, seed=1)
    first = rows[rows["start"] == 0]
    assert first["failure"].mean() == pytest.approx(1 - np.exp(-0.12), abs=0.01)
