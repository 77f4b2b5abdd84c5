"""The rule for few events, and fits without each unit."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from belbiotech import BelbiotechWarning, FitError, PanelError, cox, load_panel
from belbiotech.studies.small_samples import cox_by_events, leave_one_out


@pytest.fixture(scope="module")
def rows():
    panel = load_panel("1.0.0")
    return panel[panel["observed"]].reset_index(drop=True)


@pytest.fixture(autouse=True)
def few_events_are_known():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BelbiotechWarning)
        yield


ACTIVE = "alliances_active_lag1"
KINDS = "alliances_upstream_active_lag1 + alliances_downstream_active_lag1"


@pytest.mark.parametrize(
    ("formula", "few"),
    [
        (f"exit ~ {ACTIVE}", False),
        (f"failure ~ {ACTIVE}", True),
        (f"exit ~ {KINDS}", False),
        (f"exit ~ {KINDS} + listed_lag1", True),  # 26 events for three
    ],
)
def test_ten_events_a_coefficient(rows, formula, few):
    found = cox_by_events(formula, rows)
    expected = cox(formula, rows, **({"firth": True} if few else {"cluster": "firm_id"}))
    assert (found.firth is not None) == few
    pd.testing.assert_frame_equal(found.summary, expected.summary)


def test_bad_rows_are_refused_as_by_cox(rows):
    with pytest.raises(PanelError, match="missing values"):
        cox_by_events("exit ~ size", rows.assign(size=np.nan))


@pytest.mark.parametrize("options", [{}, {"ties": "breslow"}, {"firth": True}])
def test_without_a_unit_is_the_model_without_its_rows(rows, options):
    formula = f"acquisition ~ {KINDS}"
    without = leave_one_out(cox(formula, rows, **options), rows["firm_id"])
    assert len(without) == rows["firm_id"].nunique()
    acquired = rows.loc[rows["acquisition"] == 1, "firm_id"].iloc[0]
    for firm in ("galapagos", acquired):
        expected = cox(formula, rows[rows["firm_id"] != firm], **options).params
        np.testing.assert_allclose(without.loc[firm], expected, rtol=1e-6)


def test_no_estimate_without_the_only_unit_that_tells():
    rows = pd.DataFrame(
        {"firm_id": list("abcd"), "start": 0, "stop": [1, 2, 3, 4], "failure": [1, 1, 1, 0]}
    ).assign(size=[0, 1, 0, 1])
    without = leave_one_out(cox("failure ~ size", rows), rows["firm_id"])["size"]
    assert without.isna().any()
    assert without.notna().any()


def test_models_that_it_is_not_made_for(rows):
    weighted = cox(f"exit ~ {ACTIVE}", rows.assign(w=2.0), weights="w")
    with pytest.raises(FitError, match="without weights"):
        leave_one_out(weighted, rows["firm_id"])
    with pytest.raises(FitError, match="without frailty"):
        leave_one_out(cox(f"exit ~ {ACTIVE}", rows, ridge=1.0), rows["firm_id"])
    with pytest.raises(FitError, match="has 3 values"):
        leave_one_out(cox(f"exit ~ {ACTIVE}", rows), rows["firm_id"].head(3))
