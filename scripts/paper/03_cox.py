"""Cox models of failure, acquisition and exit, and what they say of the propositions."""

from __future__ import annotations

import pandas as pd
from common import MODELS, OUTCOMES, Sample, labels, run, size, today
from models import WIDEST, Fit, coefficient_table, coefficients, cox, forest_lines
from propositions import ACTIVE, RIGHT, graded

from belbiotech.plots import forest
from belbiotech.report.blocks import Block, FigureBlock, Finding, Heading, Text
from belbiotech.report.tables import table

WORDS = labels()
CONTROLS = f"{ACTIVE} + C(region_group) + C(segment_group, Treatment('medicines'))"
MOST = 8  # influential firms shown
PARTNERS = {
    "upstream": "universities, institutes, hospitals and public bodies",
    "downstream": "pharmaceutical, agrochemical and other companies",
}


def fitted(rows: pd.DataFrame) -> dict[tuple[str, str], Fit]:
    """Fit every model to every outcome; failure has too few events for controls."""
    chosen = {(name, outcome): right for outcome in OUTCOMES for name, right in RIGHT.items()}
    chosen |= {("Number, controls", outcome): CONTROLS for outcome in ("acquisition", "exit")}
    return {key: cox(*key, right, rows) for key, right in chosen.items()}


def proportional(fits: dict[tuple[str, str], Fit]) -> pd.DataFrame:
    """Test proportional hazards of every model without penalty."""
    lines = []
    for (name, outcome), fit in fits.items():
        if fit.result is None or fit.result.firth is not None:
            continue
        row = fit.result.test_proportional_hazards().loc["GLOBAL"]
        numbers = {"statistic": row["statistic"], "df": int(row["df"]), "p_value": row["p_value"]}
        lines.append({"model": name, "outcome": outcome, **numbers})
    return pd.DataFrame(lines)


def influential(fit: Fit, term: str) -> pd.DataFrame:
    """Find the firms that move a coefficient the most, by dfbeta, and fit without each."""
    shifts = fit.result.residuals("dfbeta")[term].groupby(fit.rows["firm_id"]).sum()
    strongest = shifts.abs().sort_values(ascending=False, kind="stable").index[:MOST]
    firms = fit.rows.groupby("firm_id").agg(
        name=("name", "first"), firm_years=("year", "size"), events=(fit.outcome, "sum")
    )
    without = [refit(fit, term, firm) for firm in strongest]
    firms["name"] = today(fit.rows)
    found = firms.loc[strongest].reset_index(drop=True)
    return pd.concat([found, pd.DataFrame(without)], axis=1)


def refit(fit: Fit, term: str, firm: str) -> dict[str, float]:
    """Fit a model of one covariate without one firm."""
    rows = fit.rows[fit.rows["firm_id"] != firm]
    found = cox(fit.name, fit.outcome, term, rows).estimate(term)
    return {"hazard_ratio": found.ratio, "lower": found.lower, "upper": found.upper}


def findings(fits: dict[tuple[str, str], Fit]) -> list[Block]:
    """Put the propositions on survival to the models."""

    def says(model: str, term: str, what: str, outcomes: list[str]) -> tuple[str, ...]:
        return tuple(fits[model, name].says(term, what, OUTCOMES[name]) for name in outcomes)

    every, fates = list(OUTCOMES), ["failure", "acquisition"]
    region = "C(region_group)[T.wallonia_brussels]"
    seat = "a seat in Wallonia or Brussels, against Flanders,"
    more = "one more active alliance with {}, the other kinds held equal,"
    return [
        Text(graded()),
        Finding(
            "Proposition 1a: strategic partnering helps new biotechnology firms survive.",
            says("Any alliance", "allied", "having an active alliance the year before", every)
            + says("Number, linear", ACTIVE, "one more active alliance the year before", every),
        ),
        Finding(
            "Proposition 2: universities and large firms matter as partners. (The panel groups "
            "partners: universities with other research bodies, large firms with other customers.)",
            tuple(
                text
                for kind, who in PARTNERS.items()
                for text in says(
                    "Kind of partner", f"alliances_{kind}_active_lag1", more.format(who), fates
                )
            ),
        ),
        Finding(
            "Proposition 3a: open innovation is how small firms survive. (Openness is taken as "
            "breadth: with how many of three kinds of partner, research, peers and customers, the "
            "firm has an active alliance. The size of the firms is not in the panel.)",
            says("Breadth", "breadth", "one more kind of partner", fates),
        ),
        Finding(
            "Proposition 4a: the regional cluster matters for survival.",
            says("Region", region, seat, fates),
        ),
    ]


def blocks(sample: Sample) -> list[Block]:
    """Fit the models, and say what they say."""
    rows = sample.observed
    fits = fitted(rows)
    simple = [fit for (name, _), fit in fits.items() if name not in ("Dose", "Number, controls")]
    linear = fits["Number, linear", "acquisition"]
    note = f"{size(rows, *OUTCOMES)}. {MODELS['reads']}"
    return [
        Text(
            "Hazard ratios compare firms of the same age. An alliance counts from the year after "
            f"it was signed, and for {rows.attrs['alliance_window']} years where its end is not "
            "known. These are associations in a sample of firms that were written about: a partner "
            "may choose the firms that would have lasted anyway."
        ),
        Text(MODELS["reads"]),
        Heading("Hazard ratios"),
        FigureBlock(
            "cox",
            "Hazard ratios of alliances, partners, breadth and region",
            forest(forest_lines(coefficients(simple, WORDS)), title=size(rows)),
            note=f"{note} Lines of one outcome come from several models: see the table. Intervals "
            f"beyond {1 / WIDEST:g} and {WIDEST:g} are cut there.",
        ),
        coefficient_table(
            "cox",
            "Cox models",
            fits.values(),
            WORDS,
            note=f"{note} The dose is against no alliance, the region against Flanders, the "
            "segment against medicines.",
        ),
        Heading("Checks"),
        table(
            "cox_proportional",
            "Proportional hazards: do hazard ratios change with age?",
            proportional(fits),
            WORDS,
            note="Score test of Grambsch and Therneau (1994), all covariates together, time on the "
            "Kaplan-Meier scale. Not made for models with Firth's penalty.",
        ),
        table(
            "cox_influential",
            "Acquisition and the number of alliances, without each of the most influential firms",
            influential(linear, ACTIVE),
            WORDS,
            titles={
                "name": "Without",
                "events": "Its acquisitions",
                "firm_years": "Its firm-years",
            },
            note=f"With all firms the hazard ratio is {linear.estimate(ACTIVE).ratio:.2f}. "
            f"{size(rows, 'acquisition')}.",
        ),
        *findings(fits),
    ]


if __name__ == "__main__":
    run("03_cox", "Cox models", blocks)
