"""Each example runs as it stands, and says what it promises."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "scripts" / "examples"


# Older versions of matplotlib call pyparsing by names that its newer versions deprecate.
QUIET = [
    argument
    for module in ("matplotlib._fontconfig_pattern", "matplotlib._mathtext")
    for argument in ("-W", f"ignore::DeprecationWarning:{module}")
]


def run(name, *arguments):
    command = [sys.executable, "-W", "error", *QUIET, str(EXAMPLES / f"{name}.py"), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=EXAMPLES.parents[1]
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_own_facts_become_a_panel_without_faults():
    shown = run("own_facts")
    assert re.search(r"^\d+ firms, \d+,?\d* firm-years, to 2020$", shown, re.MULTILINE)
    assert "0 faults of the panel" in shown


def test_own_panel_with_its_own_columns_is_fitted():
    shown = run("own_panel")
    assert "60 clusters" in shown
    assert "bank_partners" in shown


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="no Rscript here")
def test_r_gives_the_same_coefficients():
    shown = run("shipped_panel_to_r")
    assert float(re.search(r"largest difference (\S+)", shown)[1]) < 1e-8


def test_the_file_for_stata_gives_the_same_coefficients():
    shown = run("shipped_panel_to_stata")
    lines = [line.split() for line in shown.splitlines() if line.startswith(("alli", "listed"))]
    assert len(lines) == 2
    for _, here, back in lines:
        assert here == back
    assert "Active alliances, year before" in shown


def test_more_firms_have_more_power():
    lines = run("power_of_a_design", "30").splitlines()[1:]
    powers = [float(line.split()[1]) for line in lines]
    assert powers[0] < powers[-1]


def test_a_parquet_file_is_fitted_from_the_columns_it_needs():
    assert re.search(r"^1,000,000 rows, [\d,]+ events$", run("million_rows"), re.MULTILINE)


def test_curves_by_listing_and_their_test(tmp_path):
    shown = run("survival_curves", str(tmp_path))
    assert "Log-rank test of exit by listed_lag1" in shown
    assert (tmp_path / "survival_curves.png").stat().st_size > 10_000


def test_cox_models_side_by_side_as_word(tmp_path):
    shown = run("cox_to_word", str(tmp_path))
    assert "Active alliances, year before" in shown
    assert (tmp_path / "cox.docx").stat().st_size > 10_000


def test_proportional_hazards_are_tested_and_drawn(tmp_path):
    assert "GLOBAL" in run("proportional_hazards", str(tmp_path))
    assert (tmp_path / "proportional_hazards.png").stat().st_size > 10_000


def test_competing_fates_are_told_apart(tmp_path):
    assert "Active alliances, year before" in run("competing_risks", str(tmp_path))
    assert (tmp_path / "incidence.png").stat().st_size > 10_000


def test_an_alliance_at_age_five_is_followed(tmp_path):
    shown = run("alliance_at_five", str(tmp_path))
    assert "signs at 5" in shown
    assert (tmp_path / "alliance_at_five.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "name",
    [
        "survival_curves",
        "cox_to_word",
        "proportional_hazards",
        "competing_risks",
        "alliance_at_five",
    ],
)
def test_the_five_tasks_of_a_paper_take_fifteen_lines(name):
    lines = (EXAMPLES / f"{name}.py").read_text("utf-8").splitlines()
    assert sum(1 for line in lines if line.strip()) <= 15


def test_every_example_is_run_here():
    text = Path(__file__).read_text("utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f'run("{path.stem}"' in text, path.stem
