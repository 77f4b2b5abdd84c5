"""Models side by side: numbers of the models, words of the codebook, texts as texts."""

import re
import subprocess
from shutil import which

import numpy as np
import pandas as pd
import pytest

import belbiotech
from belbiotech import regression_table
from belbiotech.errors import BelbiotechError, FitError


@pytest.fixture(scope="module")
def panel():
    return belbiotech.simulate_panel(300, seed=1)


@pytest.fixture(scope="module")
def models(panel):
    return {
        "plain": belbiotech.cox("failure ~ alliances_active_lag1", panel),
        "factor": belbiotech.cox(
            "failure ~ alliances_active_lag1 * C(origin)", panel, cluster="firm_id"
        ),
        "firth": belbiotech.cox("failure ~ listed_lag1", panel, firth=True),
        "causes": belbiotech.cox_causes("C(region)", panel, ["failure", "acquisition"]),
        "fine_gray": belbiotech.fine_gray("failure ~ C(origin)", panel, "acquisition"),
        "discrete": belbiotech.discrete_hazard("failure ~ C(region)", panel, baseline="log"),
        "discrete_causes": belbiotech.discrete_hazard_causes(
            "alliances_active_lag1", panel, ["failure", "acquisition"], baseline="log"
        ),
        "aft": belbiotech.aft("failure ~ C(region)", panel),
    }


def test_all_kinds_side_by_side(models):
    table = regression_table(list(models.values()))
    assert len(table.heads) == 10
    assert table.table.shape[1] == 10
    events = table.table.loc["Events"].tolist()
    assert events[0] == f"{models['plain'].n_events:,d}"
    assert not any("_" in str(name) for name in table.table.index)
    assert not any("[T." in str(name) for name in table.table.index)
    assert "Wallonia" in " ".join(table.table.index)


@pytest.mark.parametrize("conf_level", [0.9, 0.95])
def test_the_numbers_are_those_of_the_model(models, conf_level):
    fit = models["plain"]
    cell = regression_table(fit, conf_level=conf_level, digits=6).table.iloc[0, 0]
    estimate, lower, upper = (float(part) for part in re.findall(r"[0-9.]+", cell))
    z = {0.9: 1.6448536269514722, 0.95: 1.959963984540054}[conf_level]
    b, se = fit.params.iloc[0], fit.standard_errors.iloc[0]
    np.testing.assert_allclose(
        [estimate, lower, upper], np.exp([b, b - z * se, b + z * se]), atol=1e-6
    )


def test_profile_intervals_of_firth(models):
    cell = regression_table(models["firth"], digits=4).table.iloc[0, 0]
    limits = np.exp(models["firth"].firth.intervals.iloc[0])
    assert f"({limits['lower']:.4f} to {limits['upper']:.4f})" in cell
    with pytest.raises(FitError, match="leave conf_level at 0.95"):
        regression_table(models["firth"], conf_level=0.9)


def test_coefficients_errors_and_stars(models):
    table = regression_table(models["factor"], exponentiate=False, below="error", stars=True)
    assert "Coefficients, standard errors" in table.notes[0]
    assert table.notes[-1].startswith("* p < 0.05")
    assert "0" in table.table.iloc[2].tolist()  # the reference level
    bare = regression_table(models["plain"], below="none").table.iloc[0, 0]
    assert re.fullmatch(r"[0-9.]+", bare)


def test_names_and_labels_of_ones_own(models):
    table = regression_table(
        [models["plain"], models["plain"]],
        {"alliances_active_lag1": "Partners"},
        ["Model A", "Model B"],
        title="Two models",
    )
    assert table.heads == ("Model A", "Model B")
    assert table.table.index[0] == "Partners"
    assert "Two models" in repr(table)


def test_texts_are_texts_in_every_form(models):
    hostile = "<script>a|b</script>"
    table = regression_table(models["plain"], {"alliances_active_lag1": hostile}, [hostile])
    assert "<script" not in table._repr_html_()
    assert "<script" not in table.to_markdown().replace("\\<", "")
    assert r"\textless{}script" in table.to_latex()


@pytest.mark.skipif(which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(models, tmp_path):
    text = regression_table(list(models.values())).to_latex()
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}"
    (tmp_path / "t.tex").write_text(head + text + "\\end{document}", "utf-8")
    run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)


def test_a_word_document_holds_every_cell(models, tmp_path):
    docx = pytest.importorskip("docx")
    table = regression_table([models["plain"], models["factor"]], title="Failure")
    path = table.to_word(tmp_path / "table.docx")
    grid = docx.Document(str(path)).tables[0]
    cells = [[cell.text for cell in row.cells] for row in grid.rows]
    assert cells[0] == ["", *table.heads]
    assert [row[1:] for row in cells[1:]] == table.table.to_numpy().tolist()
    with pytest.raises(BelbiotechError, match=r"must end in .docx"):
        table.to_word(tmp_path / "table.doc")
    with pytest.raises(BelbiotechError, match=r"cannot be written: No such file"):
        table.to_word(tmp_path / "nowhere" / "table.docx")


def test_signs_that_word_cannot_hold_are_marked(models, tmp_path):
    docx = pytest.importorskip("docx")
    labels = {"alliances_active_lag1": "a\x0b\x00\ud800 & <b> \U0001f600"}
    path = regression_table(models["plain"], labels).to_word(tmp_path / "table.docx")
    shown = docx.Document(str(path)).tables[0].rows[1].cells[0].text
    assert shown == "a\ufffd\ufffd\ufffd & <b> \U0001f600"


@pytest.mark.parametrize(
    ("models_of", "options", "words"),
    [
        ([], {}, "at least one fitted model"),
        ([3], {}, "takes fitted models.* not an int"),
        (pd.DataFrame(), {}, "not a DataFrame"),
        (None, {"names": ["a", "b"]}, "names has 2 for 1 columns"),
        (None, {"below": "errors"}, "did you mean 'error'"),
        (None, {"conf_level": 95}, "between 0 and 1"),
    ],
)
def test_bad_input_is_named(models, models_of, options, words):
    given = models["plain"] if models_of is None else models_of
    with pytest.raises(FitError, match=words):
        regression_table(given, **options)


def test_a_single_result_is_printed_by_the_same_code(models):
    fit = models["plain"]
    own = regression_table(fit, {"alliances_active_lag1": "Partners"}, conf_level=0.9, digits=3)
    kept = {"labels": {"alliances_active_lag1": "Partners"}, "conf_level": 0.9, "digits": 3}
    pd.testing.assert_frame_equal(fit.printed(**kept).table, own.table)
    for form in ("to_latex", "to_markdown", "to_html"):
        text = getattr(fit, form)(**kept)
        assert own.table.iloc[0, 0] in text
        assert "Partners" in text
        assert "90" in text
    assert "Hazard ratios" not in fit.to_latex(exponentiate=False)
    assert f"{fit.params.iloc[0]:.2f} (" in fit.to_latex(exponentiate=False)


def test_no_raw_name_reaches_print(models):
    for fit in models.values():
        for text in (fit.to_latex(), fit.to_markdown(), fit.to_html()):
            assert not re.search(r"(lag1|listed|alliances)\\?_|_lag1|firm\\?_id", text), text


def test_a_single_result_as_word(models, tmp_path):
    docx = pytest.importorskip("docx")
    path = models["factor"].to_word(tmp_path / "one.docx", stars=True)
    grid = docx.Document(str(path)).tables[0]
    assert grid.rows[1].cells[0].text == "Active alliances, year before"


def test_p_values_behind_the_estimates(models):
    fit = models["plain"]
    cell = regression_table(fit, below="p").table.iloc[0, 0]
    assert cell.endswith(f"(p = {fit.summary['p'].iloc[0]:.3f})")


def test_models_of_every_kind_have_columns(panel):
    fits = [
        belbiotech.piecewise_exponential("failure ~ alliances_active_lag1", panel, [3]),
        belbiotech.sequential_trials(
            "failure ~ allied",
            panel.assign(allied=panel["alliances_active_lag1"].gt(0) * 1),
            exposure="allied",
            horizon=3,
        ),
    ]
    table = regression_table(fits)
    assert table.table.shape[1] == 2
    assert table.notes[0].startswith("Hazard ratios")
