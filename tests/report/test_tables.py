import pandas as pd
import pytest

from belbiotech import PanelError
from belbiotech.report.labels import data_labels
from belbiotech.report.tables import as_latex, as_markdown, table, write_table

WORDS = data_labels()
ESTIMATES = pd.DataFrame(
    {
        "covariate": ["Any alliance", "Share of 5% & more"],
        "hazard_ratio": [0.8412, 1234.5],
        "lower": [0.5, 0.0004],
        "upper": [1.414, float("inf")],
        "p_value": [0.51, 0.0004],
        "n_events": [34, 4],
    }
)


def made(data=ESTIMATES, **options):
    return table("cox", "Cox models", data, WORDS, note="N = 105 firms_x", **options)


def test_people_see_the_interval_beside_the_estimate():
    shown = made().shown
    assert list(shown) == ["Covariate", "Hazard ratio", "95% interval", "p", "Events"]
    assert shown.loc[0].tolist() == ["Any alliance", "0.84", "0.50 to 1.41", "0.510", "34"]
    assert shown.loc[1, "95% interval"] == "under 0.001 to over 1,000"
    assert shown.loc[1, "p"] == "<0.001"


def test_machines_get_the_tidy_table(tmp_path):
    write_table(made(), tmp_path)
    again = pd.read_csv(tmp_path / "cox.csv")
    assert list(again) == list(ESTIMATES)
    pd.testing.assert_frame_equal(again, ESTIMATES, rtol=1e-5)


def test_a_column_without_a_title_does_not_reach_a_reader():
    with pytest.raises(PanelError, match="raw_name"):
        made(ESTIMATES.assign(raw_name=1))
    assert "My title" in made(ESTIMATES.assign(raw_name=1), titles={"raw_name": "My title"}).shown


def test_titles_of_the_schema_are_used():
    shown = table("t", "T", pd.DataFrame({"segment": ["cdmo"]}), WORDS).shown
    assert shown.iloc[0].tolist() == ["Contract development and manufacturing"]


def test_latex_has_the_rules_of_booktabs_and_escapes_marks():
    text = as_latex(made())
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert text.count(rule) == 1
    assert text.count("&") - text.count(r"\&") == 4 * 3  # five columns, head and two rows
    assert r"Share of 5\% \& more" in text
    assert r"105 firms\_x" in text
    assert r"\begin{tabular}{lrrrr}" in text
    assert r"\textless{}0.001" in text


def test_a_long_table_runs_over_pages_in_latex():
    rows = pd.DataFrame({"segment": ["cdmo"] * 60, "number": range(60)})
    text = as_latex(table("t", "T", rows, WORDS))
    assert r"\begin{longtable}" in text
    assert "longtable" in text.splitlines()[0]


def test_markdown_has_title_table_and_note():
    lines = as_markdown(made()).splitlines()
    assert lines[0] == "**Cox models**"
    assert lines[3] == "| :--- | ---: | ---: | ---: | ---: |"
    assert lines[-1] == "N = 105 firms_x"


def test_years_with_and_without_halves():
    data = pd.DataFrame({"group": ["a", "b"], "median": [13.0, 9.0], "lower": [6.0, 2.0]})
    whole = table("t", "T", data.assign(upper=[17.0, float("nan")]), WORDS).shown
    assert whole["95% interval"].tolist() == ["6 to 17", "2 to -"]
    halves = table("t", "T", data.assign(upper=[17.5, 20.0]), WORDS).shown
    assert halves["95% interval"].tolist() == ["6.00 to 17.50", "2.00 to 20.00"]
