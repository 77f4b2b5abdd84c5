"""Columns of any name, in every place where a name may stand, give the numbers of plain ones."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import polars
import pytest

import belbiotech as bb
from belbiotech.survival.formulas.texts import quoted, renamed

pytestmark = pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")

PLAIN = [
    "start",
    "stop",
    "failure",
    "sold",
    "size",
    "age",
    "listed",
    "region",
    "w",
    "firm",
    "to",
    "rounds",
]
OFTEN_MISREAD = {
    "blanks and signs": ["a b", "a:b", "y ~ x", "2nd", "a+b", "a*b", "(x)", "a|b", " ", "-", "%",
        "&"],
    "quotes": ["it's", 'say "yes"', "a`b", "a\\", "'", '"', "`", "\\`", "''", "a\nb", "\t", ","],
    "functions": ["log", "bs", "ns", "tt", "offset", "C", "I", "np", "exp", "l", "poly", "cut"],
    "calls": ["log(x)", "C(x)", "x[1]", "{x}", "I(x)", "x.y", "x[T.a]", "a=b", "#", "1", "0",
        "-1"],
    "words": ["if", "None", "in", "__x__", "_quoted0_", "_", "nan", "true", "False", "x", ".",
        "self"],
    "Unicode": ["dose_\xb5M", "dose_\u03bcM", "cafe\u0301", "caf\xe9", "\xc5", "\u212b",
        "\ufb01rm", "\U0001f600", "\u65e5\u672c", "A\u030a", "\xe9t\xe9", "\xdf"],
    "SQL": ["select", "rowid", "count", "sum", "--", ";", "a.b", "main", "null", "order", "group",
        "table"],
    "results": ["coef", "estimate", "hazard", "time", "weight", "number", "stratum", "event",
        "n_rows", "index", "level_0", "row"],
    "made inside": ["(event)", "(unit)", "(row)", "(number)", "(to)", "(stop)", "(from)", "(entry)",
        "(start)", "(rows)", "(length)", "((to))"],
    "inside each other": ["x y", "y", "x", "x:y", "x y z", "log x", "log", "y z", "z", "a", "a a",
        "z a"],
}  # fmt: skip


def panel():
    random = np.random.default_rng(3)
    rows = [
        (firm, age, age + 1)
        for firm in range(40)
        for age in range(firm % 3, firm % 3 + 1 + random.integers(5))
    ]
    table = pd.DataFrame(rows, columns=["firm", "start", "stop"])
    last = ~table.duplicated("firm", keep="last")
    fate = random.integers(3, size=40)[table["firm"]]
    return table.assign(
        failure=(last & (fate == 1)).astype(int),
        sold=(last & (fate == 2)).astype(int),
        size=random.uniform(1, 9, size=len(table)).round(2),
        age=random.integers(1, 9, size=40)[table["firm"]],
        listed=random.random(len(table)) < 0.5,
        region=np.array(["b", "v", "w"])[table["firm"] % 3],
        w=random.integers(1, 4, size=40)[table["firm"]],
        rounds=random.integers(3, size=len(table)),
        to=np.select([last & (fate == 1), last & (fate == 2)], ["failed", "sold"], None),
    )


PANEL = panel()
NEW = PANEL.iloc[[3, 30, 50]]


class Names:
    """Plain names into others: alone, or all in a formula."""

    def __init__(self, names):
        self.of = dict(zip(PLAIN, names, strict=True))

    def __call__(self, name):
        return self.of[name]

    def formula(self, text):
        # by way of names that stand in no other's text, so that none is renamed twice
        for k, name in enumerate(PLAIN):
            text = renamed(text, name, f"column_{k}_")
        for k, name in enumerate(PLAIN):
            text = text.replace(f"column_{k}_", "`" + quoted(self.of[name] + " ")[1:-2] + "`")
        return text

    @property
    def interval(self):
        return {"start": self("start"), "stop": self("stop")}


def numbers(table):
    return table.select_dtypes(["number", "bool"]).to_numpy(dtype=float).ravel()


def cox(t, new, n):
    fit = bb.cox(
        n.formula("failure ~ ns(size, df=3) + listed*age + C(region) + offset(age / 10)"),
        t,
        weights=n("w"),
        cluster=n("firm"),
        **n.interval,
    )
    return [
        *numbers(fit.summary),
        *numbers(fit.predict("lp", new)),
        *numbers(fit.residuals("dfbeta")),
        *numbers(fit.test_proportional_hazards()),
    ]


def cox_stratified(t, new, n):
    fit = bb.cox(
        n.formula("failure ~ log(size) + I(age**2) + poly(size, 2)"),
        t,
        strata=[n("region"), n("listed")],
        cluster=n("firm"),
        **n.interval,
    )
    return [*numbers(fit.summary), *numbers(fit.predict("expected", new))]


def over_time(t, new, n):
    fit = bb.cox(n.formula("failure ~ size + tt(size, log1p)"), t, cluster=n("firm"), **n.interval)
    return numbers(fit.summary)


def shared_frailty(t, new, n):
    fit = bb.cox(n.formula("failure ~ size + listed"), t, frailty=n("firm"), **n.interval)
    return numbers(fit.summary)


def penalised(t, new, n):
    fit = bb.cox(n.formula("failure ~ size:listed + region"), t, firth=True, **n.interval)
    return numbers(fit.summary)


def several_fates(t, new, n):
    fit = bb.cox_causes(n.formula("size + region"), t, [n("failure"), n("sold")], **n.interval)
    return [*numbers(fit.summary), *numbers(fit.test_equal_effects())]


def fine_gray(t, new, n):
    fit = bb.fine_gray(
        n.formula("failure ~ age + w"),
        t,
        n("sold"),
        unit=n("firm"),
        strata=n("region"),
        weights=n("w"),
        **n.interval,
    )
    return numbers(fit.summary)


def discrete(t, new, n):
    fit = bb.discrete_hazard(
        n.formula("failure ~ size + C(region) + bs(age, df=3)"),
        t,
        baseline="log",
        cluster=n("firm"),
        **n.interval,
    )
    effects = fit.average_marginal_effects().set_index("variable")
    order = [n("size"), n("region"), n("age")]
    return [*numbers(fit.summary), *numbers(effects.loc[order])]


def discrete_causes(t, new, n):
    fit = bb.discrete_hazard_causes(
        n.formula("size"), t, [n("failure"), n("sold")], baseline="log", **n.interval
    )
    return numbers(fit.summary)


def aft(t, new, n):
    fit = bb.aft(n.formula("failure ~ log(size) + region"), t, cluster=n("firm"), **n.interval)
    return [*numbers(fit.summary), *numbers(fit.predict_survival(new, [5, 6]))]


def piecewise(t, new, n):
    fit = bb.piecewise_exponential(
        n.formula("failure ~ size + region"), t, [2], weights=n("w"), **n.interval
    )
    return numbers(fit.summary)


def states(t, new, n):
    fit = bb.cox_states(
        n.formula("size + listed"),
        t,
        n("to"),
        initial="private",
        unit=n("firm"),
        strata=n("region"),
        **n.interval,
    )
    return numbers(fit.summary)


def curves(t, new, n):
    both = [n("failure"), n("sold")]
    by = {"by": n("region"), "weights": n("w"), "cluster": n("firm"), **n.interval}
    return [
        *numbers(bb.kaplan_meier(t, n("failure"), **by).table),
        *numbers(bb.cumulative_incidence(t, both, **by).table),
        bb.logrank_test(t, n("failure"), n("listed"), strata=n("region"), **n.interval).statistic,
        bb.gray_test(t, *both, n("region"), **n.interval).statistic,
        *numbers(bb.rates(t, both, by=n("region"), cuts=[2], unit=n("firm"), **n.interval)),
    ]


def standardised(t, new, n):
    fit = bb.cox(n.formula("failure ~ size + listed"), t, cluster=n("firm"), **n.interval)
    return numbers(bb.standardised_survival(fit, t, n("listed"), [True, False], times=[2, 3]).table)


def controls(t, new, n):
    asked = {"exposure": n("size"), **n.interval}
    formula = n.formula("failure ~ size + log(size):listed + C(region)")
    return [
        *numbers(bb.negative_control(formula, t, outcome=n("sold"), **asked).table),
        *numbers(bb.negative_control(formula, t, instead=n("age"), **asked).table),
    ]


def specifications(t, new, n):
    made = bb.specification_curve(
        t,
        outcomes=[n("failure"), n("sold")],
        exposures=[n.formula("size"), n.formula("log(age)")],
        controls=["", n.formula("C(region) + listed")],
        designs={"all": n.formula("age > 2")},
        cluster=n("firm"),
        progress=False,
        processes=1,
        **n.interval,
    )
    return numbers(made.table)


def weighted(t, new, n):
    made = bb.exposure_weights(
        t, n("listed"), n.formula("size + C(region)"), "1", unit=n("firm"), entry="given",
        **n.interval,
    )  # fmt: skip
    return list(made.weights)


def lives(t, new, n):
    made = bb.g_formula(
        t,
        outcome=n("failure"),
        outcome_model=n.formula("listed + rounds"),
        exposure=n("listed"),
        exposure_model=n.formula("age"),
        covariates={n("rounds"): n.formula("age + region")},
        simulations=50,
        horizon=3,
        unit=n("firm"),
        **n.interval,
    )
    return [*made.models.fates[n("failure")].params, *made.models.covariates[n("listed")].params]


FUNCTIONS = [
    cox, cox_stratified, over_time, shared_frailty, penalised, several_fates, fine_gray, discrete,
    discrete_causes, aft, piecewise, states, curves, standardised, controls, specifications,
    weighted, lives,
]  # fmt: skip
WANTED: dict[object, object] = {}


def with_names(tried):
    """Pair each with all names: a third for any day, the others with the slow tests."""
    return [
        pytest.param(one, names, marks=[pytest.mark.slow] if (j + k) % 3 else [])
        for j, one in enumerate(tried)
        for k, names in enumerate(OFTEN_MISREAD)
    ]


@pytest.mark.parametrize(("function", "names"), with_names(FUNCTIONS))
def test_no_name_changes_a_number(function, names):
    if function not in WANTED:
        WANTED[function] = function(PANEL, NEW, Names(PLAIN))
    named = Names(OFTEN_MISREAD[names])
    found = function(PANEL.rename(columns=named.of), NEW.rename(columns=named.of), named)
    np.testing.assert_allclose(found, WANTED[function], rtol=1e-9, atol=1e-12)


def relation(table, folder):
    return duckdb.from_df(table)


def parquet(table, folder):
    table.to_parquet(folder / "rows.parquet")
    return folder / "rows.parquet"


ENGINES = {
    "parquet": parquet,
    "duckdb": relation,
    "lazy": lambda table, folder: polars.from_pandas(table).lazy(),
}


def held(t, n):
    fit = bb.cox(
        n.formula("failure ~ size + listed:age + C(region)"),
        t,
        weights=n("w"),
        cluster=n("firm"),
        **n.interval,
    )
    strata = bb.cox(n.formula("failure ~ I(age**2)"), t, strata=n("region"), **n.interval)
    return [
        *numbers(fit.summary),
        *numbers(strata.summary),
        *numbers(bb.kaplan_meier(t, n("failure"), by=n("region"), **n.interval).table),
    ]


@pytest.mark.parametrize(("engine", "names"), with_names(ENGINES))
def test_no_name_changes_a_number_in_an_engine(engine, names, tmp_path):
    pytest.importorskip("ibis", reason="the extra scale")
    named = Names(OFTEN_MISREAD[names])
    table = PANEL.rename(columns=named.of)
    found = held(ENGINES[engine](table, tmp_path), named)
    np.testing.assert_allclose(found, held(PANEL, Names(PLAIN)), rtol=1e-9, atol=1e-12)
