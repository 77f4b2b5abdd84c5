"""Every public function that takes a table: in threads, and with whatever a user may give it.

One good call of each is below; a public function of tables that has none fails the first test. The
fuzz changes the table, an argument or both: whatever comes in, out comes a result that can be
shown, or an error of the package, no longer than a screen. A case is its seed.
"""

from __future__ import annotations

import contextlib
import inspect
import random
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.errors import heard_warnings, warn


def panel() -> pd.DataFrame:
    """Make 40 firms of up to four years each, some seen late, with their pages of dates."""
    random = np.random.default_rng(5)
    rows = [
        (firm, age, age + 1)
        for firm in range(40)
        for age in range(firm % 3, firm % 3 + 1 + random.integers(4))
    ]
    table = pd.DataFrame(rows, columns=["firm_id", "start", "stop"])
    last = ~table.duplicated("firm_id", keep="last")
    fate = random.integers(3, size=40)[table["firm_id"]]
    return table.assign(
        year=2000 + table["firm_id"] % 7 + table["stop"],
        failure=(last & (fate == 1)).astype(int),
        exit=(last & (fate == 2)).astype(int),
        rounds=random.integers(3, size=len(table)),
        alliances=random.integers(2, size=len(table)),
        alliances_active_lag1=random.integers(2, size=len(table)),
        alliances_new=random.integers(2, size=len(table)),
        alliances_cum_lag1=table["start"],
        size=random.normal(size=40).round(3)[table["firm_id"]],
        moves=random.normal(size=len(table)).round(3),
        region=np.array(["BRU", "VLG", "WAL"])[table["firm_id"] % 3],
        segment=random.integers(1, 3, size=40)[table["firm_id"]],
        w=random.integers(1, 4, size=40)[table["firm_id"]],
        state=np.where(last & (fate == 1), "failed", np.where(last & (fate == 2), "sold", None)),
        spell=range(len(table)),
        until=2001 + table["firm_id"] % 7 + table["stop"],
    )


PANEL = panel()
CHANGES = pd.DataFrame({"firm_id": [0, 1, 1], "time": [1.0, 1.0, 2.0], "grants": [1, 2, 3]})
Call = dict[str, Any]
DATA = "data"  # the table's argument, where it is not called otherwise


def _curve(data: Any, **options: Any) -> Any:
    return bb.specification_curve(data, processes=1, progress=False, **options)


def _standardised(data: Any, **options: Any) -> Any:
    return bb.standardised_survival(bb.cox("failure ~ alliances + size", PANEL), data, **options)


def _without_times(data: Any) -> Any:
    if not isinstance(data, pd.DataFrame):
        return data
    return data.loc[:, [name not in ("start", "stop", "exit") for name in data.columns]]


def _flat(table: Any, **options: Any) -> Any:
    return bb.from_flat(_without_times(table), **options)


def _spells(table: Any, **options: Any) -> Any:
    return bb.from_spells(_without_times(table), **options)


def _accuracy(data: Any, **options: Any) -> Any:
    return bb.prediction_accuracy(bb.cox("failure ~ alliances + size", PANEL), data, **options)


def _refitted(data: Any, **options: Any) -> Any:
    return bb.refit(panels={"a": data}, **options)


COUNTED = {"exposure": "alliances", "denominator": "rounds", "unit": "firm_id"}
CALLS: dict[str, Call] = {
    "aft": {"formula": "failure ~ size", "cluster": "firm_id"},
    "bias_audit": {
        "formula": "failure ~ alliances",
        "landmarks": (2,),
        "lags": (2,),
        "windows": (3, None),
        "segment": None,
        "placebo_draws": 4,
    },
    "calendar_placebo": {"formula": "failure ~ alliances", "exposure": "alliances", "draws": 3},
    "censoring_weights": {
        "censored": "exit",
        "denominator": "size",
        "outcomes": ["failure"],
        "unit": "firm_id",
    },
    "check_panel": {"unit": "firm_id", "outcome": ["failure", "exit"]},
    "choose_ridge": {
        "formula": "failure ~ size + moves",
        "strengths": [1, 10],
        "folds": 3,
        "unit": "firm_id",
    },
    "compare_distributions": {"formula": "failure ~ size", "distributions": ["weibull"]},
    "correlations": {"panel": DATA, "columns": ["size", "rounds"]},
    "cox": {
        "formula": "failure ~ size + region",
        "strata": "segment",
        "weights": "w",
        "cluster": "firm_id",
    },
    "cox_causes": {"right_side": "size", "outcomes": ["failure", "exit"]},
    "cox_states": {"right_side": "size", "to": "state", "initial": "alive", "unit": "firm_id"},
    "cumulative_incidence": {
        "outcomes": ["failure", "exit"],
        "by": "region",
        "cluster": "firm_id",
    },
    "describe_panel": {"panel": DATA, "columns": ["size", "region"], "by": "segment"},
    "discrete_hazard": {"formula": "failure ~ size", "baseline": "log", "cluster": "firm_id"},
    "discrete_hazard_causes": {
        "right_side": "size",
        "outcomes": ["failure", "exit"],
        "baseline": "log",
    },
    "exposure_weights": dict(COUNTED),
    "fine_gray": {"formula": "failure ~ size", "competing": ["exit"], "unit": "firm_id"},
    "from_flat": {"table": DATA, "counts": "rounds", "levels": ["size"]},
    "from_spells": {
        "table": DATA,
        "unit": "spell",
        "start": "year",
        "end": "until",
        "fate": "state",
    },
    "g_formula": {
        "outcome": "failure",
        "outcome_model": "alliances + size",
        "exposure": "alliances",
        "exposure_model": "size",
        "simulations": 50,
        "horizon": 3,
        "unit": "firm_id",
    },
    "gray_test": {"outcome": "failure", "competing": ["exit"], "by": "region", "strata": "segment"},
    "kaplan_meier": {"outcome": "failure", "by": ["region"], "weights": "w"},
    "logrank_test": {"outcome": "failure", "by": "region", "strata": "segment"},
    "marginal_structural_cox": {"formula": "failure ~ alliances", **COUNTED},
    "marginal_structural_discrete": {
        "formula": "failure ~ alliances",
        **COUNTED,
        "baseline": "log",
    },
    "mean_cumulative_function": {"count": "rounds", "unit": "firm_id", "by": "region"},
    "merge_timeline": {
        "changes": CHANGES,
        "columns": {"grants": "last"},
        "outcomes": ["failure"],
        "unit": "firm_id",
        "initial": {"grants": 0},
    },
    "multi_state": {"to": "state", "initial": "alive", "by": "segment", "unit": "firm_id"},
    "negative_control": {
        "formula": "failure ~ alliances",
        "exposure": "alliances",
        "outcome": "exit",
    },
    "pairwise_logrank": {"outcome": "failure", "by": "region"},
    "permutation_test": {"formula": "failure ~ size", "draws": 19, "unit": "firm_id"},
    "piecewise_exponential": {"formula": "failure ~ size", "cuts": [2], "cluster": "firm_id"},
    "prediction_accuracy": {"times": [2, 3], "unit": "firm_id", "repetitions": 0},
    "pseudo_values": {"outcome": "failure", "times": [2, 3], "unit": "firm_id"},
    "rates": {"outcomes": ["failure"], "by": "region", "cuts": [2]},
    "recurrent_rows": {"count": "rounds", "unit": "firm_id"},
    "refit": {"formula": "failure ~ size", "cluster": "firm_id"},
    "restricted_mean": {"outcome": "failure", "horizon": 3, "by": "segment"},
    "restricted_mean_difference": {"outcome": "failure", "horizon": 3, "by": "segment"},
    "sequential_trials": {
        "formula": "failure ~ alliances + size",
        "exposure": "alliances",
        "unit": "firm_id",
    },
    "specification_curve": {
        "outcomes": ["failure"],
        "exposures": ["size"],
        "controls": ["", "region"],
        "designs": {"all": "", "late": {"rows": "start > 0", "strata": "segment"}},
    },
    "split_at": {"cuts": [0.5, 1.5], "outcomes": ["failure"]},
    "standardised_survival": {"exposure": "alliances", "values": [0, 1], "times": [2, 3]},
}
OF_OTHERS = {
    "coverage": "takes register_panel's result, and reads a release",
}
THROUGH: dict[str, Callable[..., Any]] = {
    "from_flat": _flat,
    "from_spells": _spells,
    "prediction_accuracy": _accuracy,
    "specification_curve": _curve,
    "standardised_survival": _standardised,
    "refit": _refitted,
}


def functions_of_tables() -> set[str]:
    """Name the public functions that take a table."""
    found = set()
    for name in bb.__all__:
        thing = getattr(bb, name)
        if inspect.isclass(thing) or not callable(thing):
            continue
        kinds = [str(p.annotation) for p in inspect.signature(thing).parameters.values()]
        if any("DataFrame" in kind for kind in kinds):
            found.add(name)
    return found


def make(name: str, data: Any, options: Call) -> Any:
    """Call a function with a table and arguments."""
    function = THROUGH.get(name) or getattr(bb, name)
    place = next((key for key, value in CALLS[name].items() if value is DATA), DATA)
    return function(**{**options, place: data})


HOSTILE_TEXTS = [
    "",
    " ",
    "no column",
    "a\x00b",
    "__class__",
    "{open('x')}",
    "$x$",
    "<b>",
    "ä" * 9,
    "=1+1",
]
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    3,
    1.5,
    float("nan"),
    float("inf"),
    10**30,
    1e308,
    b"size",
    object(),
    len,
    [],
    (),
    {},
    set(),
    [None],
    [[]],
    ["size"],
    ["size", "size"],
    ["no column"],
    [1, 2],
    [-1.0],
    [float("nan")],
    {"size": 1},
    {1: "size"},
    np.array([1.0]),
    np.array(["size"]),
    np.float64(2),
    pd.Series([1.0]),
    PANEL,
    "size",
    "region",
    "start",
    "failure",
    "failure ~ 1",
    "size + moves",
    "x" * 100_000,
    [f"c{k}" for k in range(3_000)],
    pd.NaT,
    pd.NA,
    1j,
    range(3),
    "2",
    slice(1),
    *HOSTILE_TEXTS,
]
CELLS: list[Any] = [
    None,
    float("nan"),
    float("inf"),
    -1,
    0,
    1,
    2,
    0.5,
    1e308,
    -1e308,
    5e-324,
    "a",
    "",
    "<b>",
    pd.NA,
    pd.NaT,
    pd.Timestamp("2001-01-01"),
    [1],
    {},
    (1, 2),
    b"x",
    10**30,
    True,
    1j,
    object(),
]
USED = [
    "start",
    "stop",
    "failure",
    "exit",
    "size",
    "region",
    "segment",
    "w",
    "firm_id",
    "state",
    "rounds",
    "alliances",
    "year",
]


def _cell(table, draw):
    name = draw.choice(USED)
    values = table[name].astype(object).tolist()
    for _ in range(draw.choice([1, 1, 3, len(values)])):
        values[draw.randrange(len(values))] = draw.choice(CELLS)
    return table.assign(**{name: pd.Series(values, dtype=object, index=table.index)})


def _whole(table, draw):
    name, value = draw.choice(USED), draw.choice(CELLS)
    return table.assign(**{name: pd.Series([value] * len(table), index=table.index)})


def _typed(table, draw):
    name = draw.choice(USED)
    kind = draw.choice(
        [
            ">f8",
            "Int64",
            "string",
            "category",
            "float16",
            "complex",
            "bool",
            "int8",
            object,
            "Float32",
            "datetime64[ns]",
            "timedelta64[ns]",
            "uint64",
        ]
    )
    try:
        return table.astype({name: kind})
    except (TypeError, ValueError):
        return table


TABLES = {
    "as it is": lambda t, d: t,
    "cell": _cell,
    "cell again": _cell,
    "whole": _whole,
    "typed": _typed,
    "not a table": lambda t, d: d.choice(VALUES),
    "levels": lambda t, d: t.set_axis(pd.MultiIndex.from_product([t.columns, ["x"]]), axis=1),
    "twice": lambda t, d: pd.concat([t, t[[d.choice(USED)]]], axis=1),
    "empty": lambda t, d: t.head(0),
    "one row": lambda t, d: t.sample(1, random_state=d.randrange(99)),
    "few rows": lambda t, d: t.sample(d.randrange(2, 9), random_state=d.randrange(99)),
    "no columns": lambda t, d: t[[]],
    "one column fewer": lambda t, d: t.drop(columns=d.choice(USED)),
    "odd names": lambda t, d: t.rename(
        columns={d.choice(USED): d.choice([1, None, ("a", 1), 2.5, pd.NaT])}
    ),
    "more odd names": lambda t, d: t.assign(**{}).set_axis(
        [*t.columns[:-1], d.choice([0, None, (1, 2)])], axis=1
    ),
    "twice the rows": lambda t, d: pd.concat([t, t]),
    "index twice": lambda t, d: t.set_axis([0] * len(t)),
    "no events": lambda t, d: t.assign(failure=0, exit=0),
    "all events": lambda t, d: t.assign(failure=1),
    "turned": lambda t, d: t.assign(start=t["stop"], stop=t["start"]),
    "transposed": lambda t, d: t.T,
    "far times": lambda t, d: t.assign(start=t["start"] * 1e300, stop=t["stop"] * 1e300),
    "near times": lambda t, d: t.assign(start=t["start"] * 1e-300, stop=t["stop"] * 1e-300),
    "late": lambda t, d: t.assign(start=t["start"] + 1e15, stop=t["stop"] + 1e15),
    "no firm": lambda t, d: t.drop(columns="firm_id"),
}
LONGEST, MOST_LINES = 6_200, 45
CASES = 200  # in CI; the others are for the long run


def case(seed):
    """Draw a call: a function, a table, its arguments."""
    draw = random.Random(seed)
    name = draw.choice(sorted(CALLS))
    options = dict(CALLS[name])
    kind = draw.choice(sorted(TABLES)) if draw.random() < 0.6 else "as it is"
    changed = []
    if kind == "as it is" or draw.random() < 0.3:
        known = inspect.signature(getattr(bb, name)).parameters
        free = [
            key
            for key, p in known.items()
            if key
            not in (
                "data",
                "panel",
                "panels",
                "table",
                "fit",
                "fits",
                "processes",
                "progress",
                "draws",
                "placebo_draws",
                "bootstrap",
                "repetitions",
                "simulations",
                "options",
            )
            and p.kind is not p.VAR_KEYWORD
        ]
        for key in draw.sample(free, 1 if draw.random() < 0.8 else min(2, len(free))):
            value = draw.choice(VALUES)
            options[key] = value
            changed.append((key, value))
    return name, kind, changed, options, TABLES[kind](PANEL, draw)


def fault(seed):
    """Make a call; say what is wrong with how it ends, if anything."""
    name, kind, changed, options, data = case(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", bb.BelbiotechWarning)
        try:
            found = make(name, data, options)
            if isinstance(found, pd.DataFrame):
                return None  # pandas itself warns of the half floats of a user's column
            repr(found)
            if hasattr(found, "_repr_html_"):
                found._repr_html_()
            return None
        except bb.BelbiotechError as error:
            text = str(error)
            if len(text) <= LONGEST and text.count("\n") <= MOST_LINES and text.strip():
                return None
            return f"{seed}: {name}, {kind}, {str(changed)[:200]}: message of {len(text)}"
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)
            own = [f for f in place if "/belbiotech/" in f.filename]
            where = " < ".join(
                f"{f.filename.rpartition('belbiotech/')[2]}:{f.lineno}" for f in own[::-1][:3]
            )
            call = f"{seed}: {name}, {kind}, {str(changed)[:120]}"
            return f"{call}: {type(error).__name__} {str(error)[:160]} at {where}"


def told(name: str, data: Any) -> str:
    """Make a call, and write down what it gives or says."""
    with heard_warnings() as heard:
        try:
            found = make(name, data, CALLS[name])
            text = found.to_csv() if isinstance(found, pd.DataFrame) else repr(found)
        except bb.BelbiotechError as error:
            text = f"{type(error).__name__}: {error}"
    return f"{text}\n{sorted(heard)}"


def test_every_public_function_of_tables_has_a_call():
    assert functions_of_tables() == set(CALLS) | set(OF_OTHERS)


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
@pytest.mark.parametrize("name", CALLS)
def test_the_good_call_gives_a_result(name):
    assert make(name, PANEL, CALLS[name]) is not None


def test_good_and_bad_calls_in_threads_give_what_they_give_alone():
    tables = {"good": PANEL, "short": PANEL.head(6), "bad": PANEL.drop(columns="start")}
    work = [(name, kind) for name in CALLS for kind in tables]
    alone = {key: told(key[0], tables[key[1]]) for key in work}
    shuffled = work * 2
    random.Random(3).shuffle(shuffled)
    before = (list(warnings.filters), warnings.showwarning, np.geterr())
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda key: told(key[0], tables[key[1]]), shuffled))
    assert (list(warnings.filters), warnings.showwarning, np.geterr()) == before
    for key, found in zip(shuffled, together, strict=True):
        assert found == alone[key], key


@pytest.mark.parametrize("seed", [31293, 32525, 33652, 33833, 34849, 39805])
def test_cases_that_once_ended_otherwise(seed):
    assert fault(seed) is None


def test_whatever_is_given_ends_in_a_result_or_in_words():
    assert [found for seed in range(CASES) if (found := fault(seed))] == []


FAR = ["start", "stop", "size", "moves", "w", "rounds", "alliances"]


@pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")
@pytest.mark.parametrize("value", [1.7e308, 1e101, 1e99, 1e-300])
@pytest.mark.parametrize("name", ["aft", "cox", "describe_panel", "kaplan_meier", "recurrent_rows"])
def test_very_large_and_small_numbers_end_in_a_result_or_in_words(name, value):
    for column in FAR:
        own = PANEL[column].astype(float)
        for values in (own.where(PANEL.index != 4, value), own * value):
            data = PANEL.assign(**{column: values})
            with contextlib.suppress(bb.BelbiotechError):
                repr(make(name, data, CALLS[name]))


@pytest.mark.slow
def test_ten_minutes_of_whatever_is_given():
    end, seed, found = time.monotonic() + 600, CASES, []
    while time.monotonic() < end:
        found += filter(None, [fault(seed)])
        seed += 1
    assert found == [], f"{len(found)} of {seed - CASES}"


PACKAGE = str(Path(bb.__file__).parent)


def blamed(call: Callable[[], Any]) -> set[str]:
    """Warn once from each function of the package that a call enters: the files that are blamed."""
    seen = set()

    def enter(frame: Any, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE) and code not in seen:
            seen.add(code)
            warn("as if from here")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()  # so that all is imported
        before = sys.getprofile()
        sys.setprofile(enter)
        try:
            call()
        finally:
            sys.setprofile(before)
    own = [told for told in caught if issubclass(told.category, bb.BelbiotechWarning)]
    assert len(seen) > 1
    assert own
    return {told.filename for told in own}


@pytest.mark.parametrize("name", CALLS)
def test_a_warning_from_anywhere_inside_points_to_the_users_line(name):
    """Whatever a function warns of, and however deep: the line that called it is the one named."""
    assert blamed(lambda: make(name, PANEL, CALLS[name])) == {__file__}


@pytest.fixture(scope="module")
def facts():
    return bb.simulate_facts(20, seed=1)


OTHER_CALLS: dict[str, Callable[[Any, Path], Any]] = {
    "build": lambda facts, _: bb.build(facts),
    "cite": lambda *_: bb.cite("0.1.0"),
    "codebook": lambda *_: bb.codebook(version="0.1.0"),
    "conflicts": lambda *_: bb.conflicts("0.1.0"),
    "export": lambda _, place: bb.export("0.1.0", "csv", place / "out", overwrite=True),
    "load_panel": lambda *_: bb.load_panel("0.1.0"),
    "load_table": lambda *_: bb.load_table("firms", "0.1.0"),
    "power": lambda *_: bb.power(-0.3, n_firms=[30], repetitions=2, processes=1, progress=False),
    "simulate_panel": lambda *_: bb.simulate_panel(20, seed=1),
    "sources_of": lambda *_: bb.sources_of("ablynx", 2007, version="0.1.0"),
    "verify": lambda *_: bb.verify("0.1.0"),
    "a Cox model's methods": lambda *_: [
        bb.regression_table([fit := bb.cox("failure ~ size", PANEL, cluster="firm_id")]),
        fit.predict_survival(PANEL.head(2)).plot(),
        fit.test_proportional_hazards(),
        fit.residuals("dfbeta"),
        repr(fit),
    ],
    "a curve's methods": lambda *_: [
        (curve := bb.kaplan_meier(PANEL, "failure", by="region")).plot(),
        curve.survival_at([1, 2]),
        repr(curve),
    ],
}


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
@pytest.mark.parametrize("name", OTHER_CALLS)
def test_so_does_one_from_inside_what_takes_no_table(name, facts, tmp_path):
    assert blamed(lambda: OTHER_CALLS[name](facts, tmp_path)) == {__file__}
    plt.close("all")
