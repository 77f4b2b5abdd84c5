"""Draw the figure of the README: the same firms and question, four designs."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pandas as pd

import belbiotech as bb
from belbiotech.plots import forest

matplotlib.use("Agg")

PLACE = Path(__file__).parents[1] / "docs" / "front.png"
VERSION = "1.0.0"


def designs(panel: pd.DataFrame) -> dict[str, tuple[str, pd.DataFrame]]:
    """Give the exposure and the rows of each design, from naive to sound."""
    signed = panel["alliances_cum_lag1"] + panel["alliances_new"]
    panel["ever"] = (signed.groupby(panel["firm_id"]).transform("max") > 0).astype(int)
    panel["allied"] = (panel["alliances_active_lag1"] > 0).astype(int)
    return {
        "Ever allied, fixed over life": ("ever", panel),
        "As of the year before, all years": ("allied", panel),
        "From the year of the first page": ("allied", panel[panel["observed_first_page"]]),
        "Known to be followed when the year begins": ("allied", panel[panel["observed"]]),
    }


def estimates(panel: pd.DataFrame) -> pd.DataFrame:
    """Estimate the hazard ratio of acquisition by each design."""
    rows = []
    for label, (exposure, some) in designs(panel).items():
        fit = bb.cox(f"acquisition ~ {exposure}", some, cluster="firm_id")
        row = fit.summary.loc[exposure]
        limits = {"lower": row["exp(coef) lower 95%"], "upper": row["exp(coef) upper 95%"]}
        rows.append({"label": label, "estimate": row["exp(coef)"], **limits})
    return pd.DataFrame(rows)


def main() -> None:
    """Write the figure."""
    title = "Are allied firms acquired sooner? The same firms, four designs"
    figure = forest(estimates(bb.load_panel(VERSION)), title=title)
    figure.savefig(PLACE, dpi=110, bbox_inches="tight", metadata={"Software": None})


if __name__ == "__main__":
    main()
