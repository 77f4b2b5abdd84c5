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


def test_a_report_in_all_forms(table):
    report = Report("Model: y ~ x_1", table, ("N = 5 rows & more", "100%"))
    for form in (report.text(), unescape(report.html()), report.markdown()):
        for part in ("Model: y ~ x_1", "N = 5 rows & more", "x_1", "1.649"):
            assert part in form
    latex = report.latex()
    for part in (r"y $\sim$ x\_1", r"5 rows \& more", r"100\%", r"95\% interval", r"\toprule"):
        assert part in latex
    empty = Report("Model", table.head(0), ())
    assert "(no covariates)" in empty.text()


def test_labels_of_a_plot_with_two_levels(table):
    both = pd.concat({"failure": table, "acquisition": table})
    axes = ratio_plot(both, "odds ratio", references={}).axes[0]
    assert axes.get_yticklabels()[0].get_text() == "failure: x_1"
    assert axes.get_xlabel() == "Odds ratio, 95% interval"


def test_a_test_as_latex():
    plain = TestResult.chi2(4.0, 1, "Test of a_b & c")
    assert plain.to_latex() == r"Test of a\_b \& c: chi-square 4 on 1 df, p = 0.0455"
    table = pd.DataFrame({"group": ["a_b"], "observed": [3.0]})
    text = replace(plain, table=table).to_latex()
    assert r"a\_b & 3 \\" in text
    assert r"\caption{Test of a\_b \& c: chi-square 4 on 1 df, p = 0.0455}" in text


def test_what_latex_takes_for_a_command():
    index = pd.Index(["C(g)[T.50% & $5 ~^\\ {x}]", "[0, 5)"], name="covariate")
    table = pd.DataFrame({"exp(coef)": [1.0, 2.0]}, index)
    text = Report("y ~ (x + z)^2", table, ()).latex()
    assert r"g: 50\% \& \$5 $\sim$\textasciicircum{}\textbackslash{} \{x\} & 1" in text
    assert "\n{}[0, 5) & 2" in text
    assert r"\caption{y $\sim$ (x + z)\textasciicircum{}2}" in text


def test_limits_are_one_interval_in_latex(table):
    one = table.drop(columns=["coef lower 95%", "coef upper 95%", "naive se(coef)"])
    text = Report("y ~ x_1", one, ()).latex()
    assert " & coef & odds ratio & se(coef) & 95\\% interval & z & p \\\\\n" in text
    assert "\\footnotesize\n\\begin{tabular}{lrrrrrr}" in text
    assert r"region: b & -1 & 0.3679 & 0.5 & 0.138 to 0.98 & -2 & 0.0455 \\" in text
    both = Report("y ~ x_1", table, ()).latex()
    assert r"& coef, 95\% interval & odds ratio, 95\% interval &" in both


HOSTILE = ["<script>alert(1)</script>", "a|b", "[x](javascript:alert(1))", "`", "*"]


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_are_texts_in_every_form(table, name):
    named = table.rename(index={"x_1": name})
    report = Report(f"Model: {name}", named, (f"by {name}",))
    html, markdown = report.html(), report.markdown()
    assert "<script" not in html
    assert unescape(html).count(name) == 3
    assert "<script" not in markdown.replace(r"\<", "")
    assert "](javascript" not in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len({line.replace(r"\|", "").count("|") for line in rows}) == 1
