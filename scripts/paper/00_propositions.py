"""All propositions in one table and one figure, and what can be concluded."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from common import CODES, MODELS, Sample, labels, run, size, today
from models import forest_lines
from propositions import STATED, Models, Tested, options_of

import belbiotech as bb
from belbiotech.plots import forest
from belbiotech.report.blocks import Block, FigureBlock, TableBlock, Text
from belbiotech.report.formats import interval, p_value, ratio
from belbiotech.studies.small_samples import leave_one_out

WORDS = labels()
DRAWS = 499  # deals of each permutation test
LEVEL = 0.05
HALF, TWICE = 0.5, 2.0  # a hazard ratio that would matter
WORDED = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
WORDED += ["eleven", "twelve"]
MAIN = ("1a", "exit", "allied")  # the proposition's plainest test: it is put into words


def tests(rows: pd.DataFrame) -> pd.DataFrame:
    """Test every coefficient of the propositions: a line each."""
    models = Models(rows)
    names = today(rows)

    @cache
    def dealt(model: str, outcome: str) -> pd.Series:
        options = options_of(models.of(model, outcome))
        return bb.permutation_test(**options, draws=DRAWS).p_values

    @cache
    def without(model: str, outcome: str) -> pd.DataFrame:
        fit = models.of(model, outcome)
        return leave_one_out(fit.result, fit.rows["firm_id"])

    @cache
    def penalised(model: str, outcome: str) -> Any:
        fit = models.of(model, outcome)
        return fit.result if fit.result.firth else bb.cox(**options_of(fit), firth=True)

    def line(test: Tested) -> dict[str, object]:
        fit, key = test.fit, (test.fit.name, test.outcome)
        found = fit.estimate(test.term)
        firth = penalised(*key).summary.loc[test.term]
        left = np.exp(without(*key)[test.term])
        far = (np.log(left) - np.log(found.ratio)).abs()
        return {
            "proposition": test.proposition,
            "covariate": WORDS.term(test.term),
            "outcome": test.outcome,
            "hazard_ratio": found.ratio,
            "lower": found.lower,
            "upper": found.upper,
            "n_firms": found.n_firms,
            "n_rows": found.n_rows,
            "n_events": found.n_events,
            "p_value": found.p_value,
            "p_dealt": dealt(*key)[test.term],
            "without_lower": left.min(),
            "without_upper": left.max(),
            "without_firm": names[far.idxmax()],
            "firth": np.exp(firth["coef"]),
            "firth_lower": firth["exp(coef) lower 95%"],
            "firth_upper": firth["exp(coef) upper 95%"],
        }

    return adjusted(pd.DataFrame([line(test) for test in models.tested()]))


def adjusted(found: pd.DataFrame) -> pd.DataFrame:
    """Adjust the p-values for their number: Holm's, and Benjamini and Hochberg's."""
    from statsmodels.stats.multitest import multipletests

    place = found.columns.get_loc("p_dealt") + 1
    for name, method in (("p_bh", "fdr_bh"), ("p_holm", "holm")):
        found.insert(place, name, multipletests(found["p_value"], method=method)[1])
    return found


def opening(found: pd.DataFrame, rows: pd.DataFrame) -> TableBlock:
    """Make the table that the report opens with."""
    shown = {
        "": found["proposition"],
        "Covariate": found["covariate"],
        "Outcome": found["outcome"].map(CODES["outcome"]),
        "Hazard ratio, 95% interval": _with_limits(found, "hazard_ratio", "lower", "upper"),
        "Firms": found["n_firms"].map("{:,d}".format),
        "Events": found["n_events"].map("{:,d}".format),
        "p": found["p_value"].map(p_value),
        "p, dealt": found["p_dealt"].map(p_value),
        "p, Holm": found["p_holm"].map(p_value),
        "p, B-H": found["p_bh"].map(p_value),
        "Without any one firm": _limits(found, "without_lower", "without_upper"),
        "Firth, 95% interval": _with_limits(found, "firth", "firth_lower", "firth_upper"),
    }
    stated = " ".join(f"{name}: {text}" for name, text in STATED.items())
    note = (
        f"{stated} {size(rows)}. {MODELS['reads']} p, dealt: the firms' histories of covariates "
        f"dealt anew {DRAWS} times among those of the same decade of founding and the same age "
        f"(none can be under {1 / (DRAWS + 1):g}). Holm, B-H (Benjamini and Hochberg): adjusted "
        f"for all {len(found)} tests. Without any one firm: the range of hazard ratios when each "
        "firm is left out in turn. Firth: with the penalised likelihood and its profile."
    )
    return TableBlock(
        "propositions", "All propositions, and all tests of them", found,
        pd.DataFrame(shown, dtype=object), note,
    )  # fmt: skip


def _limits(found: pd.DataFrame, lower: str, upper: str) -> list[str]:
    return [interval(*pair) for pair in zip(found[lower], found[upper], strict=True)]


def _with_limits(found: pd.DataFrame, name: str, lower: str, upper: str) -> list[str]:
    limits = _limits(found, lower, upper)
    return [f"{ratio(x)} ({both})" for x, both in zip(found[name], limits, strict=True)]


def conclusions(found: pd.DataFrame) -> str:
    """Say what follows, in numbers."""
    number = len(found)
    small = int((found["p_value"] < LEVEL).sum())
    least = found.loc[found["p_value"].idxmin()]
    wide = int(((found["lower"] < HALF) | (found["upper"] > TWICE)).sum())
    kept = {name: int((found[name] < LEVEL).sum()) for name in ("p_holm", "p_bh", "p_dealt")}
    crossed = int(((found["without_lower"] < 1) & (found["without_upper"] > 1)).sum())
    main = found[(found["proposition"] == MAIN[0]) & (found["outcome"] == MAIN[1])]
    main = main[main["covariate"] == WORDS.term(MAIN[2])].iloc[0]
    apart = (found["p_value"] - found["p_dealt"]).abs().max()
    return (
        f"{_of(small, number)} {'has a p-value' if small == 1 else 'have p-values'} under "
        f"{LEVEL:g}, where {number * LEVEL:.1f} would be expected if nothing mattered; by "
        f"histories dealt anew {_number(kept['p_dealt'])}, after Holm's adjustment "
        f"{_number(kept['p_holm'])}, after Benjamini and Hochberg's {_number(kept['p_bh'])}. The "
        "smallest belongs to "
        f"{_lower(least['covariate'])} and {_lower(CODES['outcome'][least['outcome']])}: "
        f"{_found(least)}, p {_p(least['p_value'])}, by histories dealt anew "
        f"p {_p(least['p_dealt'])}, after Holm's adjustment p {_p(least['p_holm'])}; without any "
        f"one firm the ratio is between {ratio(least['without_lower'])} and "
        f"{ratio(least['without_upper'])}, and the firm that moves it most is "
        f"{least['without_firm']}. The plainest question, whether firms with any "
        f"active alliance fail or are acquired more or less often, is answered by a "
        f"{_found(main)}, p {_p(main['p_value'])}, by histories dealt anew "
        f"p {_p(main['p_dealt'])}, on {main['n_events']:,d} events of {main['n_firms']:,d} "
        f"firms; without any one firm {ratio(main['without_lower'])} to "
        f"{ratio(main['without_upper'])}. {_of(wide, number)} "
        f"{'has an interval' if wide == 1 else 'have intervals'} that "
        f"reach{'es' if wide == 1 else ''} under {HALF:g} or over {TWICE:g}: there the data "
        "do not exclude that the hazard is halved or doubled. "
        f"In {_of(crossed, number).lower()} the ratio passes from one side of 1 to the other when "
        f"a single firm is left out. The two kinds of p-value differ by {apart:.2f} at most. "
        f"{_after(found)}"
    )  # fmt: skip


def _after(found: pd.DataFrame) -> str:
    """Say which propositions are left after the adjustment for the number of tests."""
    left = found[found["p_holm"] < LEVEL]
    head = "After adjustment for the number of tests (Holm)"
    if left.empty:
        return f"{head} no test speaks for or against any of the {len(STATED)} propositions."
    stands = [
        f"{line['proposition']} ({_lower(line['covariate'])}, "
        f"{_lower(CODES['outcome'][line['outcome']])}), of which histories dealt anew "
        f"{'say the same' if line['p_dealt'] < LEVEL else 'are less sure'} "
        f"(p {_p(line['p_dealt'])})"
        for _, line in left.iterrows()
    ]
    return f"{head} there is evidence on {'; '.join(stands)}; and on no other proposition."


def _of(some: int, number: int) -> str:
    return f"{_number(some).capitalize()} of the {number} tests"


def _number(value: int) -> str:
    return dict(enumerate(WORDED)).get(value, str(value))


def _found(line: pd.Series[Any]) -> str:
    limits = interval(line["lower"], line["upper"])
    return f"hazard ratio {ratio(line['hazard_ratio'])} (95% interval {limits})"


def _p(value: float) -> str:
    text = p_value(value)
    return text if text.startswith("<") else f"= {text}"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def blocks(sample: Sample) -> list[Block]:
    """Open the report."""
    rows = sample.observed
    found = tests(rows)
    lines = forest_lines(found.assign(covariate=found["proposition"] + ": " + found["covariate"]))
    order = {name: k for k, name in enumerate(CODES["outcome"])}
    lines = lines.iloc[found["outcome"].map(order).argsort(kind="stable")]
    return [
        opening(found, rows),
        FigureBlock(
            "propositions",
            "All propositions: hazard ratios with 95% intervals",
            forest(lines.reset_index(drop=True), title=size(rows)),
            note=f"The tests of the table above. {MODELS['reads']}",
        ),
        Text(conclusions(found)),
        Text(
            "The sentences on each proposition stand in the sections below. The word that each "
            "begins with grades the evidence by its p-value, not adjusted, after Muff and others "
            "(2022): little or no (0.1 and more), weak (under 0.1), moderate (0.05), strong "
            "(0.01), very strong (0.001). Little or no evidence is not evidence of no difference."
        ),
    ]


if __name__ == "__main__":
    run("00_propositions", "What the data say", blocks)
