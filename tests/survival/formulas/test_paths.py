import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import PanelError
from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.paths import path_matrix

ROWS = pd.DataFrame({"size": [1.0, 2, 3, 4, 6, 9], "region": list("aabbcc"), "failure": 1})


def fitted(right):
    formula = read_formula(f"failure ~ {right}")
    return formula, design_matrix(formula, ROWS)


def path(size, region="a", **more):
    starts = np.arange(len(size))
    return pd.DataFrame(
        {"start": starts, "stop": starts + 1, "size": size, "region": region, **more}
    )


def asked(right, paths, **options):
    return path_matrix(*fitted(right), paths, start="start", stop="stop", **options)


def test_covariates_as_in_the_fit_in_the_order_of_each_path():
    paths = pd.concat([path([2.0, 4], "b", id="two"), path([1.0], "c", id="one")])
    rows, x = asked("size + C(region)", paths.iloc[[1, 2, 0]])
    assert rows["id"].tolist() == ["two", "two", "one"]
    assert x.tolist() == [[2, 1, 0], [4, 1, 0], [1, 0, 1]]


def test_further_columns_must_be_there_without_gaps():
    with pytest.raises(PanelError, match="no column 'country'"):
        asked("size", path([1.0]), groups=["country"])
    with pytest.raises(PanelError, match="'country' has missing values"):
        asked("size", path([1.0, 2], country=["BE", None]), groups=["country"])


def test_values_beyond_a_spline_are_named_with_their_row_and_the_range():
    with pytest.raises(PanelError, match=r"'size' is 9\.5 in row 1, .* 1 to 9: .*\(2 rows\)"):
        asked("bs(size, df=4)", path([3.0, 9.5, 12]))
    rows, x = asked("bs(size, df=4, extrapolation='extend')", path([3.0, 9.5]))
    assert len(rows) == len(x) == 2


def test_what_the_fit_did_not_see_is_refused():
    with pytest.raises(PanelError, match="'d'"):
        asked("C(region)", path([1.0], "d"))
    with pytest.raises(PanelError, match=r"not in the data: .*log\(size\).* infinite"):
        asked("log(size)", path([0.0]))


def test_rows_of_a_path_follow_on_each_other():
    with pytest.raises(PanelError, match="a gap between 1 and 2"):
        asked("size", path([1.0, 2, 3]).drop(index=1))
