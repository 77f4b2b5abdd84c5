"""Whose rows errors are clustered by: looked at for overlaps where it matters, and only there."""

import pandas as pd
import pytest

from belbiotech import cumulative_incidence, kaplan_meier, multi_state, rates
from belbiotech.errors import FitError, PanelError

OVERLAP = pd.DataFrame(
    {
        "firm_id": ["a", "a", "b", "c"],
        "start": [0.0, 1.0, 0.0, 0.0],
        "stop": [2.0, 3.0, 4.0, 5.0],
        "failure": [0, 1, 1, 0],
        "whole": [1, 2, 1, 3],
        "broken": [1.0, 0.5, 1.0, 1.5],
    }
)
FUNCTIONS = {
    "kaplan_meier": lambda data, **options: kaplan_meier(data, "failure", **options).table,
    "cumulative_incidence": lambda data, **options: (
        cumulative_incidence(data, ["failure"], **options).table
    ),
    "rates": lambda data, **options: rates(data, "failure", **options),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_own_unit_is_refused_where_errors_are_clustered_by_it(name):
    with pytest.raises(PanelError, match="overlap"):
        FUNCTIONS[name](OVERLAP, weights="broken")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_missing_own_unit_is_refused_where_errors_are_clustered_by_it(name):
    with pytest.raises(PanelError, match="firm_id"):
        FUNCTIONS[name](OVERLAP.assign(firm_id=["a", None, "b", "c"]), weights="broken")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whole_weights_count_as_that_many_rows_and_ask_for_no_unit(name):
    repeated = OVERLAP.loc[OVERLAP.index.repeat(OVERLAP["whole"])].reset_index(drop=True)
    weighted = FUNCTIONS[name](OVERLAP, weights="whole")
    pd.testing.assert_frame_equal(weighted, FUNCTIONS[name](repeated), rtol=1e-12)


def test_states_take_one_column_of_clusters_and_say_so():
    rows = OVERLAP.drop(index=1).assign(to=["failure", "failure", None], region=["x", "y", "y"])
    with pytest.raises(FitError, match="one column"):
        multi_state(rows, "to", initial="alive", cluster=["firm_id", "region"])
