"""The whole paper: every script in turn, then the report as a web page and a PDF."""

from __future__ import annotations

import contextlib
import io
import runpy
from pathlib import Path

from common import VERSION, folder, followed, read_sample, size
from rich.console import Console
from rich.progress import track

import belbiotech as bb
from belbiotech.report.pages import write_report

HERE = Path(__file__).parent
TITLE = "Alliances, survival and growth of Belgian biotechnology firms"
RUN_AGAIN = [
    "git clone <this repository> && cd belbiotech",
    "make paper         # tables, figures and this report, into out/paper",
    "make paper-check   # which numbers moved against those committed",
    "python scripts/paper/03_cox.py   # one script alone",
]
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
    scripts = sorted(HERE.glob("[0-9][0-9]_*.py"))
    shown = track(scripts, "Paper", console=console, disable=not console.is_terminal)
    for script in shown:
        with contextlib.redirect_stdout(io.StringIO()):
            runpy.run_path(str(script), run_name="__main__")
    page, print_out = report(out)
    print(f"Report: {page.resolve()}\n        {print_out.resolve()}")


def report(out: Path) -> tuple[Path, Path]:
    """Put the sections together."""
    sample = read_sample()
    rows, window = sample.observed, sample.panel.attrs["alliance_window"]
    events = size(rows, "failure", "acquisition", "ipo")
    facts = {
        "Data version": str(sample.panel.attrs["version"]),
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
            f"cluster matters. This report puts these propositions to data version {VERSION} of "
            f"belbiotech {bb.__version__}: {events}, in the years under observation: those for "
            f"which {followed(sample.panel)}.",
            "Events are few, failures above all, so that intervals are wide and models small. The "
            "word before each result grades the evidence by its p-value, after Muff and others "
            "(2022): little or no (0.1 and more), weak (under 0.1), moderate (0.05), strong "
            "(0.01), very strong (0.001). Little or no evidence is not evidence of no difference. "
            "All ratios are associations.",
        ],
        facts=facts,
        run_again=RUN_AGAIN,
        references=REFERENCES,
    )


if __name__ == "__main__":
    main()
