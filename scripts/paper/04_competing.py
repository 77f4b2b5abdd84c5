"""Failure and acquisition as competing fates: by cause, in discrete time, and by incidence."""

from __future__ import annotations

import pandas as pd
from common import FATES, OUTCOMES, Sample, labels, run, size
from models import Fit, attempt, coefficient_table

import belbiotech as bb
from belbiotech.report.blocks import Block, Heading, Text
from belbiotech.report.formats import p_value
from belbiotech.report.sentences import FEW
from belbiotech.report.tables import table
from belbiotech.studies.designs import first_spells

WORDS = labels()
ACTIVE = "alliances_active_lag1"
OLDEST = 30
UNPENALISED = (
    f"Without a penalty: with fewer than {FEW} events a coefficient an estimate may be far off, "
    "and the Cox models above, which then have one, are the ones to read."
)
FIXED = {
    "Region": "C(region_group)",
    "Origin": "C(origin_group)",
    "Segment": "C(segment_group, Treatment('medicines'))",
}


def by_cause(rows: pd.DataFrame) -> tuple[list[Fit], pd.DataFrame]:
    """Fit both fates with the same covariate, and test whether the ratios are equal."""
    result = bb.cox_causes(ACTIVE, rows, FATES, cluster="firm_id")
    fits = [Fit("By cause", fate, rows, fit) for fate, fit in result.results.items()]
    equal = result.test_equal_effects().drop(index="OVERALL").reset_index(names="covariate")
    return fits, equal.assign(covariate=equal["covariate"].map(WORDS.term))


def discrete(rows: pd.DataFrame) -> list[Fit]:
    """Fit the yearly hazard of each outcome, with a smooth course over age."""
    return [
        attempt(
            name,
            outcome,
            rows,
            lambda formula=f"{outcome} ~ {right}": bb.discrete_hazard(
                formula, rows, baseline="log", cluster="firm_id"
            ),
        )
        for name, right in {"Any alliance": "allied", "Number, linear": ACTIVE}.items()
        for outcome in OUTCOMES
    ]


def marginal(fits: list[Fit]) -> pd.DataFrame:
    """Give average marginal effects in percentage points of the yearly hazard."""
    return pd.DataFrame(
        [
            {
                "outcome": fit.outcome,
                "covariate": WORDS.term(effect.variable),
                "share": fit.rows[fit.outcome].mean(),
                "effect": effect.estimate,
                "lower": effect.lower,
                "upper": effect.upper,
                "p_value": effect.p,
            }
            for fit in fits
            if fit.result is not None
            for effect in fit.result.average_marginal_effects().itertuples()
        ]
    )


def multinomial(rows: pd.DataFrame) -> pd.DataFrame:
    """Fit both fates at once, against going on as before."""
    result = bb.discrete_hazard_causes(ACTIVE, rows, FATES, baseline="log", cluster="firm_id")
    found = result.summary.reset_index()
    return pd.DataFrame(
        {
            "outcome": found["outcome"],
            "covariate": found["covariate"].map(WORDS.term),
            "risk_ratio": found["relative risk ratio"],
            "lower": found["relative risk ratio lower 95%"],
            "upper": found["relative risk ratio upper 95%"],
            "p_value": found["p"],
            "n_events": found["outcome"].map(lambda name: int(rows[name].sum())),
        }
    )


def subdistribution(rows: pd.DataFrame) -> list[Fit]:
    """Fit the incidence of acquisition to what is fixed at entry; failure has too few events.

    The weights for late entry need somebody under observation at each age, and one entry a firm:
    rows end at `OLDEST`, and at the first gap in a firm's observation.
    """
    return [
        attempt(
            name,
            "acquisition",
            rows,
            lambda formula=f"acquisition ~ {right}": bb.fine_gray(formula, rows, "failure"),
        )
        for name, right in FIXED.items()
    ]


def blocks(sample: Sample) -> list[Block]:
    """Set the two fates side by side."""
    rows = sample.observed
    causes, equal = by_cause(rows)
    yearly = discrete(rows)
    smallest = equal["p_value"].min()
    followed = first_spells(rows[rows["stop"] <= OLDEST]).reset_index(drop=True)
    both, every = size(rows, *FATES), size(rows, *OUTCOMES)
    return [
        Text(
            "A firm can fail or be bought, and which one it is matters. In a model by cause the "
            "other fate ends the time at risk. A test asks whether the association with the number "
            f"of alliances is the same for both: p-value {p_value(smallest)} ({both})."
        ),
        Heading("By cause"),
        coefficient_table(
            "causes",
            "Cox models by cause, the same covariate",
            causes,
            WORDS,
            note=f"{both}. Errors clustered by firm; no penalty, so that both can be compared.",
        ),
        table(
            "causes_equal",
            "Is the hazard ratio the same for failure and acquisition?",
            equal,
            WORDS,
            note=f"Wald test of Lunn and McNeil (1995), clustered by firm. {both}.",
        ),
        Heading("In discrete time"),
        Text(
            "The panel is yearly, so that the hazard of a year can be modelled itself. With the "
            "complementary log-log link the coefficients are log hazard ratios, to be compared "
            "with those of the Cox models; the marginal effects put them in percentage points."
        ),
        coefficient_table(
            "discrete",
            "Yearly hazard (complementary log-log, log of age)",
            yearly,
            WORDS,
            note=f"{every}. Errors clustered by firm. {UNPENALISED}",
        ),
        table(
            "discrete_effects",
            "Average difference in the yearly hazard, in percentage points",
            marginal(yearly),
            WORDS,
            titles={"share": "Yearly hazard", "effect": "Difference in points"},
            estimate="effect",
            note=f"{every}. Slope of the hazard by the covariate, averaged over firm-years.",
        ),
        table(
            "discrete_causes",
            "Both fates at once (multinomial logit, log of age)",
            multinomial(rows),
            WORDS,
            note=f"{both}. Against going on as before; errors clustered by firm. {UNPENALISED}",
        ),
        Heading("Incidence, given what is fixed at entry"),
        Text(
            "Fine and Gray's model keeps a firm that met the other fate at risk, and so would need "
            "its covariates after that. The alliances of a firm that no longer exists have no "
            "value, so the model is fitted only to what is fixed at entry: region, origin, "
            f"segment. Firms are followed to age {OLDEST}: beyond it there are ages at which "
            "nobody is under observation, and late entry cannot be weighted."
        ),
        coefficient_table(
            "fine_gray",
            "Incidence of acquisition by region, origin and segment",
            subdistribution(followed),
            WORDS,
            ratio="subhazard_ratio",
            note=f"{size(followed, *FATES)}, up to age {OLDEST}. Errors clustered by firm. "
            f"{UNPENALISED}",
        ),
    ]


if __name__ == "__main__":
    run("04_competing", "Competing fates", blocks)
