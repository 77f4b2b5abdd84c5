"""``belbiotech run``: the main job, from the newest release to fitted models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from belbiotech.cli.console import as_json, records, say, show_table, working
from belbiotech.errors import heard_warnings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["run"]

OUTCOMES = {"failure": "failure", "acquisition": "acquisition", "exit": "failure or acquisition"}
# One model for each right side: few events bear few covariates.
MODELS = {
    "alliances in force": "alliances_active_lag1",
    "alliances so far": "alliances_cum_lag1",
    "in force, by kind of partner": (
        "alliances_upstream_active_lag1 + alliances_horizontal_active_lag1"
        " + alliances_downstream_active_lag1"
    ),
    "in force, by purpose": (
        "alliances_exploration_active_lag1 + alliances_exploitation_active_lag1"
    ),
}
STATUS = "active alliance"


def run(
    out: Annotated[Path, typer.Option(help="Folder for figures and tables.")] = Path("out"),
    version: Annotated[str | None, typer.Option(help="Data version; the newest if none.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print all tables as JSON.")] = False,
) -> None:
    """Describe the sample, and fit survival curves and Cox models to the newest release.

    Only firm-years under observation count: by a rule that is known before the year begins. What
    remains is delayed entry, and gaps. Example: belbiotech run --out results
    """
    import belbiotech as bb

    panel = bb.load_panel(version)
    rows = panel[panel["observed"]]
    out.mkdir(parents=True, exist_ok=True)
    if not json:
        say(f"belbiotech {bb.__version__}, data version {panel.attrs['version']}\n")
    sample = _describe(panel, rows, out, quiet=json)
    survival = _survival(rows, out, quiet=json)
    models = _models(rows, out, quiet=json)
    if json:
        about = {"code": bb.__version__, "version": panel.attrs["version"], "out": str(out)}
        as_json(models, **about, sample=records(sample), survival=records(survival))
        return
    say(f"Tables (CSV) and figures (PNG) are in {out.resolve()}")


def _rule(panel: pd.DataFrame) -> str:
    """Say when a firm-year is observed, by what the panel was built with."""
    if panel.attrs.get("observation", "first_page") == "first_page":
        return "observed: from the year of the first dated page on a firm (the rule of 0.x)"
    years, evidence = panel.attrs["follow_up"], panel.attrs["evidence"]
    after = "any year before" if years is None else f"the {years} years before"
    sign = "a dated page on the firm" if evidence == "pages" else "a dated page or fact"
    return f"observed: {sign} in {after}, none on its exit"


def size(rows: pd.DataFrame, outcome: str) -> str:
    """Say N of firms, of firm-years and of events."""
    return (
        f"N = {rows['firm_id'].nunique():,d} firms, {len(rows):,d} firm-years, "
        f"{int(rows[outcome].sum()):,d} events of {OUTCOMES[outcome]}"
    )


def _describe(panel: pd.DataFrame, rows: pd.DataFrame, out: Path, *, quiet: bool) -> pd.DataFrame:
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
    if not quiet:
        note = _rule(panel)
        show_table(table, f"Sample, {panel['year'].min()} to {panel['year'].max()}", note=note)
    return table


def _survival(rows: pd.DataFrame, out: Path, *, quiet: bool) -> pd.DataFrame:
    import numpy as np

    import belbiotech as bb
    from belbiotech.plots import save

    status = np.where(rows["alliances_active_lag1"] > 0, STATUS, f"no {STATUS}")
    with working("Kaplan-Meier curves"):
        curves = bb.kaplan_meier(rows.assign(status=status), "exit", by="status")
    counted: dict[str, Any] = {"outcome": OUTCOMES["exit"], "firms": rows["firm_id"].nunique()}
    counted |= {"firm_years": len(rows), "events_in_all": int(rows["exit"].sum())}
    curves.table.assign(**counted).to_csv(out / "survival_by_alliance.csv", index=False)
    ages = curves.table[curves.table["time"].isin([5, 10, 15, 20])].astype(
        {"time": int, "at_risk": int}
    )
    columns = ["group", "time", "at_risk", "survival", "std_error", "lower", "upper"]
    if not quiet:
        show_table(
            ages[columns].rename(columns={"time": "age, years", "survival": "share left"}),
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
    return curves.table


def _models(rows: pd.DataFrame, out: Path, *, quiet: bool) -> pd.DataFrame:
    import pandas as pd

    from belbiotech.plots import forest, save
    from belbiotech.studies.small_samples import RULE

    parts, tables = [], []
    for outcome, words in OUTCOMES.items():
        with working(f"Cox models of {words}"):
            lines = [_lines(rows, outcome, name) for name in MODELS]
        table = pd.concat(lines, ignore_index=True)
        table.to_csv(out / f"cox_{outcome}.csv", index=False)
        tables.append(table)
        if not quiet:
            show_table(
                table[["model", "label", "estimate", "lower", "upper", "p", "remark"]],
                f"Cox models of {words}: hazard ratios for one alliance more, 95% interval",
                note=f"{size(rows, outcome)}; Efron ties. {RULE}",
            )
        group = f"{words} ({int(rows[outcome].sum())} events)"
        parts.append(table[table["model"] == next(iter(MODELS))].assign(group=group))
    figure = forest(
        pd.concat(parts, ignore_index=True),
        title=f"Hazard ratios, {rows['firm_id'].nunique()} firms, {len(rows):,d} firm-years",
        x_label="Hazard ratio for one alliance more, 95% interval",
    )
    save(figure, out / "hazard_ratios.png")
    return pd.concat(tables, ignore_index=True)


def _lines(rows: pd.DataFrame, outcome: str, model: str) -> pd.DataFrame:
    """Fit a model and give its coefficients, or a line with the reason why it has none."""
    import pandas as pd

    import belbiotech as bb
    from belbiotech.dataset.panel.schemas import PROCESSED
    from belbiotech.studies.small_samples import cox_by_events

    about = {
        "outcome": OUTCOMES[outcome],
        "model": model,
        "firms": rows["firm_id"].nunique(),
        "firm_years": len(rows),
        "events": int(rows[outcome].sum()),
    }
    with heard_warnings() as told:
        try:
            fitted = cox_by_events(f"{outcome} ~ {MODELS[model]}", rows)
        except bb.FitError as error:
            return pd.DataFrame(
                [about | {"label": "not estimated", "remark": str(error).splitlines()[0]}]
            ).reindex(columns=[*about, "label", "estimate", "lower", "upper", "p", "remark"])
    table = fitted.summary
    titles = {name: column.title for name, column in PROCESSED["firm_year"].columns.items()}
    return pd.DataFrame(
        about
        | {
            "label": [titles.get(name, name) for name in table.index],
            "estimate": table["exp(coef)"].to_numpy(),
            "lower": table["exp(coef) lower 95%"].to_numpy(),
            "upper": table["exp(coef) upper 95%"].to_numpy(),
            "p": table["p"].to_numpy(),
            "remark": "; ".join([*(["Firth"] if fitted.firth else []), *_remarks(told)]),
        }
    )


def _remarks(told: list[str]) -> list[str]:
    """Shorten what a fit warned of, for a cell of a table."""
    return [text.split(":")[0] for text in told]
