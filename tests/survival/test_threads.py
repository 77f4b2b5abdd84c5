"""Threads: mixed good and bad calls give what they give alone, and leave Python's warnings be."""

from __future__ import annotations

import random
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.errors import heard_warnings

ROWS = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(84)]})
ROWS["failure"] = [k % 2 for k in range(84)]
ROWS["sale"] = [int(k % 4 == 2) for k in range(84)]
ROWS["size"] = [1.0 + k * k % 11 for k in range(84)]
ROWS["g"] = ["abc"[k % 3] for k in range(84)]
ROWS["firm"] = range(84)
QUIET = ROWS.assign(failure=ROWS["failure"] * (ROWS["g"] != "b"))
PATH = pd.DataFrame({"start": [0], "stop": [5], "size": [2.0], "g": ["a"]})


def fitted(model="cox", formula="failure ~ C(g) + size", rows=ROWS, **options):
    with heard_warnings() as heard:
        result = getattr(bb, model)(formula, rows, **options)
    return np.asarray(result.params, dtype=float).round(12).tolist(), heard


def predicted(paths):
    with heard_warnings() as heard:
        result = bb.cox("failure ~ C(g) + size", ROWS)
    return str(result.predict_survival(paths)), heard


def table(name, *arguments, **options):
    with heard_warnings() as heard:
        result = getattr(bb, name)(*arguments, **options)
    shown = result if isinstance(result, pd.DataFrame) else getattr(result, "table", result)
    return str(shown), heard


CALLS = {
    "cox": fitted,
    "cox with a bad level": lambda: fitted(formula="failure ~ C(g, levels=['a', 'b'])"),
    "cox with all levels": lambda: fitted(formula="failure ~ C(g, levels=['c', 'a', 'b'])"),
    "cox by firms": lambda: fitted(cluster="firm"),
    "cox with few events": lambda: fitted(rows=ROWS.head(12)),
    "cox with splines": lambda: fitted(formula="failure ~ ns(size, df=3) + bs(size, df=4)"),
    "cox with code": lambda: fitted(formula="failure ~ I(__import__('os'))"),
    "cox with nan": lambda: fitted(formula="failure ~ log(size - 5)"),
    "cox with a quiet level": lambda: fitted(rows=QUIET),
    "firth": lambda: fitted(firth=True),
    "frailty": lambda: fitted(formula="failure ~ size", frailty="g"),
    "prediction": lambda: predicted(PATH),
    "prediction of a new level": lambda: predicted(PATH.assign(g="q")),
    "discrete": lambda: fitted("discrete_hazard", baseline="log"),
    "separated": lambda: fitted("discrete_hazard", "failure ~ sale", baseline="log"),
    "aft": lambda: fitted("aft", "failure ~ size", distribution="weibull"),
    "cox over time": lambda: fitted(formula="failure ~ size + tt(size, log)"),
    "cox over time of a factor": lambda: fitted(formula="failure ~ tt(g, log)"),
    "ridge by folds": lambda: table("choose_ridge", "failure ~ size", ROWS, folds=3),
    "ridge of no fold": lambda: table("choose_ridge", "failure ~ size", ROWS, folds="nothing"),
    "accuracy": lambda: table(
        "prediction_accuracy", bb.cox("failure ~ size", ROWS), ROWS, [2, 4], repetitions=5
    ),
    "discrete causes": lambda: table(
        "discrete_hazard_causes", "size", ROWS, ["failure", "sale"], baseline="log"
    ),
    "cox causes": lambda: table("cox_causes", "size", ROWS, ["failure", "sale"]),
    "fine gray": lambda: fitted("fine_gray", "failure ~ size", ROWS, competing="sale", unit="firm"),
    "kaplan meier": lambda: table("kaplan_meier", ROWS, "failure", by="g"),
    "kaplan meier of nothing": lambda: table("kaplan_meier", ROWS, "nothing"),
    "incidence": lambda: table("cumulative_incidence", ROWS, ["failure", "sale"]),
    "logrank": lambda: table("logrank_test", ROWS, "failure", by="g"),
    "gray": lambda: table("gray_test", ROWS, "failure", "sale", by="g"),
    "mean": lambda: table("restricted_mean", ROWS, "failure", horizon=5),
    "check": lambda: table("check_panel", ROWS, unit="firm"),
    "simulate": lambda: str(bb.simulate_panel(30, seed=4)),
    "refit": lambda: str(bb.refit("failure ~ size", {"a": ROWS}, cluster="firm")),
    "curve": lambda: table(
        "specification_curve",
        ROWS,
        outcomes=["failure"],
        exposures=["size"],
        controls=["", "C(g)"],
        cluster="firm",
        processes=1,
        progress=False,
    ),
    "e value": lambda: str(bb.e_value(0.7, 0.5, 0.9)),
}


def outcome(name):
    try:
        return CALLS[name]()
    except bb.BelbiotechError as error:
        return type(error).__name__, str(error)
    except TypeError as error:  # a call that this version writes otherwise: not what is tested
        return "TypeError", str(error)


def test_calls_in_threads_give_what_they_give_alone():
    alone = {name: outcome(name) for name in CALLS}
    assert not [name for name, found in alone.items() if found[0] == "TypeError"]
    names = [*CALLS] * 6
    random.Random(7).shuffle(names)
    before = (list(warnings.filters), warnings.showwarning, sys.modules["__main__"], np.geterr())
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(outcome, names))
    for name, found in zip(names, together, strict=True):
        assert found == alone[name], name
    after = (list(warnings.filters), warnings.showwarning, sys.modules["__main__"], np.geterr())
    assert after == before


def test_warnings_are_heard_where_they_are_listened_to():
    with heard_warnings() as heard:
        with ThreadPoolExecutor(1) as pool, pytest.warns(bb.BelbiotechWarning, match="fewer than"):
            pool.submit(bb.cox, "failure ~ size", ROWS.head(12)).result()
        assert not heard
        bb.cox("failure ~ size", ROWS.head(12))
    assert len(heard) == 1
