"""Growth: first listing, and financing rounds as recurrent events."""

from __future__ import annotations

import pandas as pd
from common import MODELS, Sample, labels, on_page, run, size
from models import Fit, coefficient_table, cox
from propositions import ACTIVE, MAX_ORDER, RIGHT, graded, not_listed, round_rows

import belbiotech as bb
from belbiotech.report.blocks import Block, FigureBlock, Finding, Heading, Text

WORDS = labels()
GROWTH = ("Any alliance", "Number, linear", "Breadth", "Region")


def rounds(rows: pd.DataFrame) -> list[Fit]:
    """Fit financing rounds as recurrent events: any round, and each round in its turn."""
    cut = round_rows(rows)
    gap = {"strata": "order", "start": "gap_start", "stop": "gap_stop", "overlap": "allow"}
    ways = {"Andersen-Gill": {}, "Prentice-Williams-Peterson, age": {"strata": "order"}}
    ways["Prentice-Williams-Peterson, time since the last"] = gap
    chosen = {name: RIGHT[name] for name in GROWTH}
    return [
        cox(f"{way}: {name.lower()}", "round", right, cut, **options)
        for way, options in ways.items()
        for name, right in chosen.items()
    ]


def blocks(sample: Sample) -> list[Block]:
    """Fit listing and financing rounds."""
    rows = sample.observed
    at_risk = not_listed(rows)
    listing = {name: cox(name, "ipo", RIGHT[name], at_risk) for name in GROWTH}
    recurrent = rounds(rows)
    by_name = {fit.name: fit for fit in recurrent}
    made = int(rows["financing_rounds_new"].sum())
    grouped = rows.assign(status=WORDS.values("status", rows["status"]))
    mean = bb.mean_cumulative_function(grouped, "financing_rounds_new", by="status")
    drawn = mean.plot(y_label="Mean number of rounds", x_label="Age of the firm in years")
    on_page(drawn, height=3.6)

    def listed(model: str, term: str, what: str) -> str:
        return listing[model].says(term, what, "a first listing")

    def financed(model: str, term: str, what: str) -> str:
        return by_name[f"Andersen-Gill: {model}"].says(term, what, "a financing round")

    region = "C(region_group)[T.wallonia_brussels]"
    seat = "a seat in Wallonia or Brussels, against Flanders,"
    rounds_note = (
        f"N = {rows['firm_id'].nunique():,d} firms, {len(rows):,d} firm-years, {made:,d} rounds; a "
        "year with several rounds is cut into as many rows. Errors clustered by firm."
    )
    return [
        Text(
            "Growth is seen in two outcomes: the first listing on an exchange, among firms not "
            f"listed ({size(at_risk, 'ipo')}), and financing rounds, which a firm can have again "
            f"and again ({made:,d} rounds in the observed firm-years)."
        ),
        Text(MODELS["reads"]),
        Heading("First listing"),
        coefficient_table(
            "listing",
            "Cox models of the first listing",
            listing.values(),
            WORDS,
            note=f"{size(at_risk, 'ipo')}. {MODELS['reads']}",
        ),
        Heading("Financing rounds"),
        FigureBlock(
            "rounds",
            "Mean number of financing rounds by age and alliance status",
            drawn,
            note=f"{rounds_note} A firm changes group with its status.",
        ),
        coefficient_table(
            "rounds",
            "Cox models of financing rounds",
            recurrent,
            WORDS,
            note=f"{rounds_note} Andersen and Gill: one baseline for all rounds. Prentice, "
            f"Williams and Peterson: one for each round in turn, from {MAX_ORDER} on together.",
        ),
        Text(graded()),
        Finding(
            "Proposition 1b: strategic partnering helps new biotechnology firms grow.",
            (
                listed("Any alliance", "allied", "having an active alliance the year before"),
                listed("Number, linear", ACTIVE, "one more active alliance the year before"),
                financed("any alliance", "allied", "having an active alliance the year before"),
                financed("number, linear", ACTIVE, "one more active alliance the year before"),
            ),
        ),
        Finding(
            "Proposition 3b: open innovation is how small firms grow. (Openness is taken as "
            "breadth, as above.)",
            (
                listed("Breadth", "breadth", "one more kind of partner"),
                financed("breadth", "breadth", "one more kind of partner"),
            ),
        ),
        Finding(
            "Proposition 4b: the regional cluster matters for growth.",
            (listed("Region", region, seat), financed("region", region, seat)),
        ),
    ]


if __name__ == "__main__":
    run("05_growth", "Growth", blocks)
