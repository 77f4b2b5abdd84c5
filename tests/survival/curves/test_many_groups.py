"""Very many groups: refused in words and at once, or computed; never a full memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.errors import FitError

N = 100_000
DRAWN = np.random.default_rng(5)
ROWS = pd.DataFrame({"start": 0, "stop": DRAWN.integers(1, 12, N), "group": np.arange(N)})
ROWS["failure"] = DRAWN.integers(0, 2, N)
ROWS["sale"] = (1 - ROWS["failure"]) * DRAWN.integers(0, 2, N)
ROWS["firm_id"] = ROWS["group"]
ROWS["to"] = ROWS["failure"].map({1: "failed"})

CALLS = {
    "kaplan_meier": lambda: bb.kaplan_meier(ROWS, "failure", by="group"),
    "cumulative_incidence": lambda: bb.cumulative_incidence(ROWS, ["failure", "sale"], by="group"),
    "logrank_test": lambda: bb.logrank_test(ROWS, "failure", by="group"),
    "pairwise_logrank": lambda: bb.pairwise_logrank(ROWS, "failure", by="group"),
    "gray_test": lambda: bb.gray_test(ROWS, "failure", "sale", by="group"),
    "mean_cumulative_function": lambda: bb.mean_cumulative_function(
        ROWS, "failure", unit="firm_id", by="group"
    ),
    "restricted_mean": lambda: bb.restricted_mean(ROWS, "failure", horizon=5, by="group"),
    "restricted_mean_difference": lambda: bb.restricted_mean_difference(
        ROWS, "failure", horizon=5, by="group"
    ),
    "multi_state": lambda: bb.multi_state(ROWS, "to", initial="alive", by="group"),
}


@pytest.mark.parametrize("name", CALLS)
def test_as_many_groups_as_rows_are_refused_with_their_number(name):
    with pytest.raises(FitError, match="'group' make 100,000 groups, and .* are the most"):
        CALLS[name]()


def test_as_many_groups_as_rows_have_rates():
    assert len(bb.rates(ROWS, "failure", by="group")) == N


def test_as_many_pairs_as_nobody_reads_are_refused():
    rows = ROWS.head(1000).assign(group=ROWS["group"] % 150)
    with pytest.raises(FitError, match="150 groups, and 100 are the most"):
        bb.pairwise_logrank(rows, "failure", by="group")


def test_groups_at_times_that_fill_the_memory_are_refused():
    rows = ROWS.head(5_000).assign(stop=np.arange(5_000) + 1.5, group=ROWS["group"] % 100)
    with pytest.raises(FitError, match="100 groups at .* times are more than Gray's test"):
        bb.gray_test(rows, "failure", "sale", by="group")


def test_a_stratum_without_events_adds_nothing_to_grays_test():
    rows = pd.DataFrame({"start": 0, "stop": range(1, 9), "group": list("abababab")})
    rows["failure"] = [1, 0, 1, 0, 0, 1, 0, 0]
    rows["sale"] = [0, 1, 0, 1, 0, 0, 0, 0]
    rows["stratum"] = [1, 1, 1, 1, 1, 1, 2, 2]
    first = bb.gray_test(rows[rows["stratum"] == 1], "failure", "sale", by="group")
    both = bb.gray_test(rows, "failure", "sale", by="group", strata="stratum")
    assert both.statistic == first.statistic
    assert both.table["rows"].tolist() == [4, 4]
