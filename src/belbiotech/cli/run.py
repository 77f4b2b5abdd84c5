"""``belbiotech run``: the main job, from the newest release to fitted models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from belbiotech.cli.console import output, show_table

if TYPE_CHECKING:
    import pandas as pd

    from belbiotech.survival.cox_result import CoxResult

__all__ = ["run"]

OUTCOMES = {"failure": "failure", "acquisition": "acquisition", "exit": "failure or acquisition"}
COVARIATES = "alliances_active_lag1"
STATUS = "active alliance"


def run(
    out: Annotated[Path, typer.Option(help="Folder for figures and tables.")] = Path("out"),
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
) -> None:
    """Describe the sample, and fit survival curves and Cox models to the newest release.

    Rows before a firm's first dated page are left out: what remains is delayed entry.
    """
    import belbiotech as bb

    panel = bb.load_panel(version)
    rows = panel[panel["observed"]]
    out.mkdir(parents=True, exist_ok=True)
    output.print(f"belbiotech {bb.__version__}, data version {panel.attrs['version']}\n")
    _describe(panel, rows, out)
    _survival(rows, out)
    _models(rows, out)
    output.print(f"Tables (CSV) and figures (PNG) are in {out.resolve()}", soft_wrap=True)


def size(rows: pd.DataFrame, outcome: str) -> str:
    """Say N of firms, of firm-years and of events."""
    return (
        f"N = {rows['firm_id'].nunique():,d} firms, {len(rows):,d} firm-years, "
        f"{int(rows[outcome].sum()):,d} events of {OUTCOMES[outcome]}"
    )


def _describe(panel: pd.DataFrame, rows: pd.DataFrame, out: Path) -> None:
    import pandas as pd

    table = pd.DataFrame(
        {
            name: {
                "firms": part["firm_id"].nunique(),
                "firm-years": len(part),
                "firm-years with an active alliance": (part["alliances_active_lag1"] > 0).sum(),
                "alliances signed": part["alliances_new"].sum(),
                "failures": part["failure"].sum(),
                "acquisitions": part["acquisition"].sum(),
                "first listings": part["ipo"].sum(),
            }
            for name, part in {"whole panel": panel, "observed (used below)": rows}.items()
        }
    )
    table = table.rename_axis("count of").reset_index()
    table.to_csv(out / "sample.csv", index=False)
    note = "observed: from the year of the first dated page on a firm"
    show_table(table, f"Sample, {panel['year'].min()} to {panel['year'].max()}", note=note)


def _survival(rows: pd.DataFrame, out: Path) -> None:
    import numpy as np

    import belbiotech as bb
    from belbiotech.plots import save

    status = np.where(rows["alliances_active_lag1"] > 0, STATUS, f"no {STATUS}")
    curves = bb.kaplan_meier(rows.assign(status=status), "exit", by="status")
    curves.table.to_csv(out / "survival_by_alliance.csv", index=False)
    ages = curves.table[curves.table["time"].isin([5, 10, 15, 20])].astype(
        {"time": int, "at_risk": int}
    )
    columns = ["group", "time", "at_risk", "survival", "std_error", "lower", "upper"]
    show_table(
        ages[columns].rename(columns={"time": "age", "survival": "share left"}),
        "Kaplan-Meier: neither failed nor acquired, by alliance status of the firm-year",
        note=f"{size(rows, 'exit')}; log-log intervals, 95%; "
        "status at the end of the year before, so a firm can change group",
    )
    figure = curves.plot(
        title=f"Neither failed nor acquired\n{size(rows, 'exit')}",
        y_label="Share neither failed nor acquired",
        x_label="Age of the firm in years",
    )
    save(figure, out / "survival_by_alliance.png")


def _models(rows: pd.DataFrame, out: Path) -> None:
    import pandas as pd

    import belbiotech as bb
    from belbiotech.plots import forest, save

    lines = []
    for outcome, words in OUTCOMES.items():
        fitted = bb.cox(f"{outcome} ~ {COVARIATES}", rows, cluster="firm_id")
        fitted.summary.to_csv(out / f"cox_{outcome}.csv")
        lines.append(_lines(fitted, words))
        show_table(
            lines[-1].drop(columns="group"),
            f"Cox model of {words}: hazard ratios, 95% interval",
            note=f"{size(rows, outcome)}; Efron ties, errors clustered by firm",
        )
    figure = forest(
        pd.concat(lines, ignore_index=True),
        title=f"Hazard ratios, {rows['firm_id'].nunique()} firms, {len(rows):,d} firm-years",
        x_label="Hazard ratio, 95% interval, errors clustered by firm",
    )
    save(figure, out / "hazard_ratios.png")


def _lines(fitted: CoxResult, words: str) -> pd.DataFrame:
    import pandas as pd

    from belbiotech.dataset.schemas import PROCESSED

    table = fitted.summary
    titles = {name: column.title for name, column in PROCESSED["firm_year"].columns.items()}
    return pd.DataFrame(
        {
            "group": f"{words} ({fitted.n_events} events)",
            "label": [titles.get(name, name) for name in table.index],
            "estimate": table["exp(coef)"].to_numpy(),
            "lower": table["exp(coef) lower 95%"].to_numpy(),
            "upper": table["exp(coef) upper 95%"].to_numpy(),
            "p": table["p"].to_numpy(),
        }
    )
