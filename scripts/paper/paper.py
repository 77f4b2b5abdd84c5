"""The whole paper: every script in turn, then the report as a web page and a PDF."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from common import VERSION, folder, followed, read_sample, size
from rich.console import Console
from rich.progress import track

import belbiotech as bb
from belbiotech.report.pages import write_report

HERE = Path(__file__).parent
TITLE = "Alliances, survival and growth of Belgian biotechnology firms"
RUN_AGAIN = ["make paper", "make paper-check"]  # made, and compared with what was committed
AT_ONCE = 2  # scripts: each uses one core most of the time
LONGEST = "06_robustness.py"  # begun first
REFERENCES = [
    "Andersen, P. K., Gill, R. D. (1982). Cox's regression model for counting processes. Annals of "
    "Statistics 10, 1100-1120.",
    "Fine, J. P., Gray, R. J. (1999). A proportional hazards model for the subdistribution of a "
    "competing risk. Journal of the American Statistical Association 94, 496-509.",
    "Geskus, R. B. (2011). Cause-specific cumulative incidence estimation and the Fine and Gray "
    "model under both left truncation and right censoring. Biometrics 67, 39-49.",
    "Grambsch, P. M., Therneau, T. M. (1994). Proportional hazards tests and diagnostics based on "
    "weighted residuals. Biometrika 81, 515-526.",
    "Heinze, G., Schemper, M. (2001). A solution to the problem of monotone likelihood in Cox "
    "regression. Biometrics 57, 114-119.",
    "Lunn, M., McNeil, D. (1995). Applying Cox regression to competing risks. Biometrics 51, "
    "524-532.",
    "Muff, S., Nilsen, E. B., O'Hara, R. B., Nater, C. R. (2022). Rewriting results sections in "
    "the language of evidence. Trends in Ecology and Evolution 37, 203-210.",
    "Prentice, R. L., Williams, B. J., Peterson, A. V. (1981). On the regression analysis of "
    "multivariate failure time data. Biometrika 68, 373-379.",
    "Segers, J.-P. (2015). The interplay between new technology based firms, strategic alliances "
    "and open innovation, within a regional systems of innovation context. Journal of Global "
    "Entrepreneurship Research 5:16.",
    "Simonsohn, U., Simmons, J. P., Nelson, L. D. (2020). Specification curve analysis. Nature "
    "Human Behaviour 4, 1208-1214.",
    "Suissa, S. (2008). Immortal time bias in pharmacoepidemiology. American Journal of "
    "Epidemiology 167, 492-499.",
    "VanderWeele, T. J., Ding, P. (2017). Sensitivity analysis in observational research: "
    "introducing the E-value. Annals of Internal Medicine 167, 268-274.",
]


def main() -> None:
    """Run all scripts, and write the report."""
    out = folder()
    console = Console(stderr=True)
    scripts = sorted(HERE.glob("[0-9][0-9]_*.py"), key=lambda path: path.name != LONGEST)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = pool.map(partial(make, out), scripts)
        total = len(scripts)
        list(track(made, "Paper", total=total, console=console, disable=not console.is_terminal))
    page, print_out = report(out)
    print(f"Report: {page.resolve()}\n        {print_out.resolve()}")


def make(out: Path, script: Path) -> None:
    """Run one script in a process of its own."""
    command = [sys.executable, str(script), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{script.name}: {done.stderr}")


def commit() -> str:
    """Name the commit that the report is made from."""
    asked = ["git", "-C", str(HERE), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:
        return "not known (no git)"
    return done.stdout.strip() or "not known (no git checkout)"


def report(out: Path) -> tuple[Path, Path]:
    """Put the sections together."""
    sample = read_sample()
    rows, window = sample.observed, sample.panel.attrs["alliance_window"]
    events = size(rows, "failure", "acquisition", "ipo")
    facts = {
        "Commit": commit(),
        "belbiotech": bb.__version__,
        "Data version": VERSION,
        "To be cited as": bb.cite(VERSION, "apa").splitlines()[0],
        "Years": f"{sample.panel['year'].min()} to {sample.panel['year'].max()}",
        "Alliances without a known end": f"in force for {window} years",
        "Rows used": events,
    }
    return write_report(
        out,
        title=TITLE,
        summary=[
            "Segers (2015) states from case studies that strategic partnering helps new "
            "biotechnology firms survive and grow, that universities and large firms matter as "
            "partners, that open innovation is how small firms get there, and that the regional "
            f"cluster matters. Here these propositions are put to a panel of Belgian firms: "
            f"{events}, in the years for which {followed(sample.panel)}. All ratios are "
            "associations."
        ],
        facts=facts,
        run_again=RUN_AGAIN,
        references=REFERENCES,
    )


if __name__ == "__main__":
    main()
