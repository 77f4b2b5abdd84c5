"""LaTeX tables: what is escaped, and whether LaTeX takes them."""

import shutil
import subprocess

import pytest

import belbiotech as bb
from belbiotech.survival.inference.latex import latex_escaped

FATES = ["failure", "acquisition"]
ALLIED = "alliances_active_lag1"
ODD = (
    "100% & $x_1$ #~^\\ {\u00e9} <b> \u201cq\u201d \u2013 \u03b1 \u2265 \u03b2\u00b2 \u2212\u03a9|"
)


@pytest.fixture(scope="module")
def tables():
    panel = bb.simulate_panel(200, effect=-0.3, seed=2)
    fit = bb.cox(f"failure ~ {ALLIED} + C(origin)", panel, cluster="firm_id")
    causes = bb.cox_causes(ALLIED, panel, FATES, cluster="firm_id")
    return {
        "regression": bb.regression_table([fit, causes], labels={ALLIED: ODD}, title=ODD),
        "stars": bb.regression_table([fit], names=[ODD], stars=True, below="error"),
        "description": bb.describe_panel(panel, by="region"),
        "correlations": bb.correlations(panel, [ALLIED, "listed_lag1"]),
        "one model": fit,
        "fates": causes,
        "fine_gray": bb.fine_gray("failure ~ C(origin)", panel, "acquisition"),
        "discrete": bb.discrete_hazard(f"failure ~ {ALLIED}", panel, baseline="log"),
        "aft": bb.aft("failure ~ C(origin)", panel),
        "curve": bb.kaplan_meier(panel, "failure", by="region"),
        "incidence": bb.cumulative_incidence(panel, FATES, cluster="firm_id"),
        "test": bb.logrank_test(panel, "failure", by="region"),
    }


def test_signs_that_latex_does_not_know_become_mathematics():
    assert latex_escaped("\u03b1 \u2265 \u03bb") == r"$\alpha$ $\geq$ $\lambda$"
    assert latex_escaped("\u0394 \u2212 \u00e9") == r"$\Delta$ $-$ " + "\u00e9"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_takes_every_table(tables, tmp_path):
    text = "\n\\clearpage\n".join(table.to_latex() for table in tables.values())
    page = f"\\documentclass{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{text}\n"
    (tmp_path / "tables.tex").write_text(page + "\\end{document}\n", "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-1500:]
    assert "Missing character" not in done.stdout
    assert f"({len(tables)} pages" in done.stdout
