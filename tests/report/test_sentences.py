import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech import FitError, cox, simulate_panel
from belbiotech.report.sentences import Estimate, estimate_of, evidence, sentence

FEW = Estimate(4.83, 0.45, 665.3, 0.226, 105, 606, 4, 1)


def test_few_events_are_called_few():
    text = sentence(FEW, "an active alliance", "failure")
    assert "With 4 events for one coefficient" in text
    assert "wide" in text
    assert "4 events" in text
    assert "606 firm-years" in text


@given(p=st.floats(0, 1), ratio=st.floats(0.1, 10))
def test_nothing_is_called_significant_or_an_effect(p, ratio):
    found = Estimate(ratio, ratio / 2, ratio * 2, p, 100, 1000, 50, 2)
    text = sentence(found, "an alliance", "failure")
    assert not re.search(r"significant|effect|cause|because|due to", text)
    if p >= 0.1:
        assert "lower or a higher" in text
        assert text.startswith("There is little or no evidence")
    else:
        assert f"goes with a {'lower' if ratio < 1 else 'higher'} hazard" in text


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0009, "very strong evidence"),
        (0.009, "strong evidence"),
        (0.049, "moderate evidence"),
        (0.05, "weak evidence"),
        (0.1, "little or no evidence"),
        (1.0, "little or no evidence"),
    ],
)
def test_words_change_at_the_limits_of_muff_and_others(p, words):
    assert evidence(p) == words


def test_an_estimate_is_that_of_the_model():
    panel = simulate_panel(200, effect=-0.3, seed=4)
    result = cox("failure ~ alliances_active_lag1", panel, cluster="firm_id")
    found = estimate_of(result, "alliances_active_lag1", panel)
    row = result.summary.loc["alliances_active_lag1"]
    assert found.ratio == pytest.approx(row["exp(coef)"], rel=1e-12)
    assert found.lower == pytest.approx(row["exp(coef) lower 95%"], rel=1e-12)
    assert found.upper == pytest.approx(row["exp(coef) upper 95%"], rel=1e-12)
    assert (found.n_firms, found.n_events) == (panel["firm_id"].nunique(), panel["failure"].sum())
    with pytest.raises(FitError, match="alliances_cum_lag1"):
        estimate_of(result, "alliances_cum_lag1", pd.DataFrame({"firm_id": []}))
