"""What a fitted Cox model shows a user, and what it keeps inside."""

import inspect

import pandas as pd
import pytest

from belbiotech import FitError, cox, fine_gray
from belbiotech.survival.cox.fit import CoxFit
from belbiotech.survival.cox.residuals import residuals
from belbiotech.survival.cox.result import CoxResult

INSIDE = {
    *("as_known", "centre", "design", "groups", "linear_predictor", "matrix"),
    *("naive_score_statistic", "of", "risk", "rows", "sets", "with_clusters"),
}


@pytest.fixture
def rows():
    table = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    return table.assign(
        failure=[k % 2 for k in range(40)],
        other=[int(k % 4 == 0) for k in range(40)],
        size=[k * k % 11 for k in range(40)],
    )


def test_nothing_inside_is_offered(rows):
    result = cox("failure ~ size", rows)
    offered = [name for name in dir(result) if not name.startswith("_")]
    assert not INSIDE & set(offered)
    assert {"fit", "params", "summary", "residuals", "predict_survival", "plot"} <= set(offered)


def test_the_fit_is_data_that_functions_take(rows):
    result = cox("failure ~ size", rows)
    assert isinstance(result.fit, CoxFit)
    pd.testing.assert_series_equal(result.residuals("deviance"), residuals(result.fit, "deviance"))
    own = [name for name in vars(CoxFit) if not name.startswith("__")]
    assert not [name for name in own if callable(getattr(CoxFit, name))]  # no methods


def test_a_method_has_the_page_of_its_function():
    assert CoxResult.residuals.__doc__ == residuals.__doc__
    assert list(inspect.signature(CoxResult.residuals).parameters)[1:] == ["kind", "collapse", "to"]


@pytest.mark.parametrize("other", [3, None, "fine_gray"])
@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
def test_only_another_fit_of_cox_is_compared(rows, other):
    if other == "fine_gray":
        alone = rows.assign(other=rows["other"] * (1 - rows["failure"]))
        other = fine_gray("failure ~ size", alone, "other", unit=None)
    with pytest.raises(FitError, match=f"another fit of cox.*{type(other).__name__}"):
        cox("failure ~ size", rows).compare(other)
