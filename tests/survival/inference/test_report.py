from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FitError
from belbiotech.survival.inference.report import Report, coefficient_table, errors_of, ratio_plot
from belbiotech.survival.inference.test_result import TestResult


@pytest.fixture
def table():
    index = pd.Index(["x_1", "C(region)[T.b]"], name="covariate")
    params, errors = pd.Series([0.5, -1.0], index), pd.Series([0.25, 0.5], index)
    return coefficient_table(params, errors, errors / 2, "odds ratio")


def test_table_by_hand(table):
    line = table.loc["x_1"]
    assert line["odds ratio"] == pytest.approx(np.exp(0.5))
    assert line["z"] == 2
    assert line["p"] == pytest.approx(0.0455002639)
    assert line["coef lower 95%"] == pytest.approx(0.5 - 1.9599639845 * 0.25)
    assert line["odds ratio upper 95%"] == pytest.approx(np.exp(0.5 + 1.9599639845 * 0.25))
    assert line["naive se(coef)"] == 0.125


def test_level_of_the_intervals():
    one = pd.Series([1.0], ["x"])
    assert "coef lower 90%" in coefficient_table(one, one, one, "ratio", 0.9)
    with pytest.raises(FitError, match="conf_level"):
        coefficient_table(one, one, one, "ratio", 90)


def test_errors_are_roots_of_the_diagonal():
    variance = pd.DataFrame([[4.0, 1.0], [1.0, 9.0]], ["a", "b"], ["a", "b"])
    assert errors_of(variance).to_dict() == {"a": 2.0, "b": 3.0}


def test_a_report_in_both_forms(table):
    report = Report("Model: y ~ x_1", table, ("N = 5 rows & more", "100%"))
    for form in (report.text(), unescape(report.html())):
        for part in ("Model: y ~ x_1", "N = 5 rows & more", "x_1", "1.649"):
            assert part in form
    empty = Report("Model", table.head(0), ())
    assert "(no covariates)" in empty.text()


def test_labels_of_a_plot_with_two_levels(table):
    both = pd.concat({"failure": table, "acquisition": table})
    axes = ratio_plot(both, "odds ratio", references={}).axes[0]
    assert axes.get_yticklabels()[0].get_text() == "failure: x 1"
    assert axes.get_xlabel() == "Odds ratio, 95% interval"


def test_a_test_as_latex():
    plain = TestResult.chi2(4.0, 1, "Test of a_b & c")
    assert plain.to_latex() == r"Test of a\_b \& c: chi-square 4 on 1 df, p = 0.0455"
    table = pd.DataFrame({"group": ["a_b"], "observed": [3.0]})
    text = replace(plain, table=table).to_latex()
    assert r"a\_b & 3 \\" in text
    assert r"\caption{Test of a\_b \& c: chi-square 4 on 1 df, p = 0.0455}" in text


HOSTILE = ["<script>alert(1)</script>", "a|b", "[x](javascript:alert(1))", "`", "*"]


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_are_texts_in_every_form(table, name):
    named = table.rename(index={"x_1": name})
    report = Report(f"Model: {name}", named, (f"by {name}",))
    assert "<script" not in report.html()
    assert unescape(report.html()).count(name) == 3
