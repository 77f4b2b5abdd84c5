"""Names that are code elsewhere, on every figure and in every text that a result shows."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import belbiotech as bb
from belbiotech.survival.inference.latex import MARKS

pytestmark = pytest.mark.filterwarnings("ignore::belbiotech.errors.BelbiotechWarning")

OBEYED = {"\x1b", "\u202e", "\r", "\x00"}
TEXTS = ("_repr_html_", "to_markdown", "to_latex")
# Bases of others, and what matplotlib makes.
NO_RESULTS = {
    "Curves",
    "Shown",
    "Fitted",
    "FittedBeside",
    "FittedOfOne",
    "PrintedTable",
    "Reported",
    "Coefficients",
    "Ratios",
    "Listed",
    "NotebookFigure",
    # of facts, whose names have no such signs
    "Facts",
    "Tables",
    "Merged",
    "Difference",
}
# (column of the exposure, a covariate, a column of groups), the levels of the groups, the states
DRESSES = {
    "long": (
        ("x" * 160, "word " * 31 + "_end", "$g$"),
        ["_low", "$\\alpha_{$", "y" * 160],
        ["<b>f", "_s"],
    ),
    "marked": (
        ("<script>alert(1)</script>", "[/bold] $a|b$ `c`", "_g & 100%"),
        ["", "\u05d0\u05d1\u05d2 \u202eabc", "a\nb\x1b[31m"],
        ["x" * 160, "{0} \\textbf{x}"],
    ),
}


def dressed(names: list[str], levels: list[str], states: list[str]) -> pd.DataFrame:
    """40 firms of up to four years, with hostile columns, groups and fates."""
    random = np.random.default_rng(5)
    rows = [
        (firm, age, age + 1)
        for firm in range(40)
        for age in range(firm % 3, firm % 3 + 1 + random.integers(4))
    ]
    table = pd.DataFrame(rows, columns=["firm_id", "start", "stop"])
    last = ~table.duplicated("firm_id", keep="last")
    fate = random.integers(3, size=40)[table["firm_id"]]
    exposure, covariate, group = names
    return table.assign(
        failure=(last & (fate == 1)).astype(int),
        exit=(last & (fate == 2)).astype(int),
        year=2000 + table["firm_id"] % 7 + table["stop"],
        rounds=random.integers(3, size=len(table)),
        state=np.where(
            last & (fate == 1), states[0], np.where(last & (fate == 2), states[1], None)
        ),
        alliances_active_lag1=random.integers(2, size=len(table)),
        alliances_new=random.integers(2, size=len(table)),
        alliances_cum_lag1=table["start"],
        **{
            exposure: random.integers(2, size=len(table)),
            covariate: random.normal(size=40).round(3)[table["firm_id"]],
            group: np.array(levels, dtype=object)[table["firm_id"] % 3],
            f"failure {states[0]}": (last & (fate == 1)).astype(int),
            f"exit {states[1]}": (last & (fate == 2)).astype(int),
        },
    )


def results(dress: str) -> dict[str, Callable[[], Any]]:
    """Everything that can be drawn or written, made of a dressed table."""
    names, levels, states = DRESSES[dress]
    data = dressed(names, levels, states)
    exposure, covariate, group = names
    x, z, g = (f"Q({name!r})" for name in names)
    fates = [f"failure {states[0]}", f"exit {states[1]}"]
    failure = "failure"
    cox = functools.cache(lambda: bb.cox(f"{failure} ~ {x} + {g} + {z}", data))
    new = data.drop_duplicates(group).head(3)
    causal = {"exposure": exposure, "denominator": z, "unit": "firm_id"}
    g_formula = functools.cache(
        lambda: bb.g_formula(
            data=data,
            outcome="failure",
            outcome_model=f"{x} + {z}",
            exposure=exposure,
            exposure_model=z,
            simulations=50,
            horizon=3,
            unit="firm_id",
        )
    )
    trials = functools.cache(
        lambda: bb.sequential_trials(
            f"{failure} ~ {x} + {z}", data, exposure=exposure, unit="firm_id"
        )
    )
    marginal = functools.cache(
        lambda: bb.marginal_structural_cox(f"{failure} ~ {x}", data, **causal)
    )
    return {
        "cox": cox,
        "prediction": lambda: cox().predict_survival(new.assign(id=levels)),
        "fine_gray": lambda: bb.fine_gray(
            f"{failure} ~ {z} + {g}", data, competing=["exit"], unit="firm_id"
        ),
        "cox_causes": lambda: bb.cox_causes(f"{z} + {g}", data, outcomes=["failure", "exit"]),
        "discrete_hazard": lambda: bb.discrete_hazard(
            f"{failure} ~ {z} + {g}", data, baseline="log"
        ),
        "discrete_causes": lambda: bb.discrete_hazard_causes(
            f"{z} + {g}", data, outcomes=fates, baseline="log"
        ),
        "piecewise": lambda: bb.piecewise_exponential(f"{failure} ~ {z} + {g}", data, cuts=[2]),
        "aft": lambda: bb.aft(f"{failure} ~ {z} + {g}", data),
        "kaplan_meier": lambda: bb.kaplan_meier(data, fates[0], by=group),
        "cumulative_incidence": lambda: bb.cumulative_incidence(data, fates, by=group),
        "mean_cumulative": lambda: bb.mean_cumulative_function(
            data, "rounds", by=group, unit="firm_id"
        ),
        "multi_state": lambda: bb.multi_state(
            data, "state", initial="alive <i>", by=group, unit="firm_id"
        ),
        "cox_states": lambda: bb.cox_states(
            z, data, to="state", initial="alive <i>", unit="firm_id"
        ),
        "logrank": lambda: bb.logrank_test(data, fates[0], by=group),
        "describe": lambda: bb.describe_panel(data, columns=[covariate, group, exposure], by=group),
        "regression_table": lambda: bb.regression_table([cox(), cox()], names=[covariate, "[b] $"]),
        "specification_curve": lambda: bb.specification_curve(
            data,
            outcomes=["failure"],
            exposures=[z, x],
            controls=["", g],
            designs={"<i>all $": "", covariate[:50]: {"rows": "start > 0"}},
            processes=1,
            progress=False,
        ),
        "bias_audit": lambda: bb.bias_audit(
            f"{failure} ~ {z}",
            data,
            exposure="alliances",
            landmarks=(2,),
            lags=(2,),
            windows=(3,),
            placebo_draws=4,
        ),
        "permutation": lambda: bb.permutation_test(
            f"{failure} ~ {z}", data, draws=19, unit="firm_id"
        ),
        "power": lambda: bb.power(1.5, n_firms=[30], repetitions=2, processes=1, progress=False),
        "bias surface": lambda: bb.bias_surface(1.5, 1.1, 2.0),
        "negative_control": lambda: bb.negative_control(
            f"{failure} ~ plain + {g}",
            data.assign(plain=data[exposure]),
            exposure="plain",
            outcome="exit",
        ),
        "weights": lambda: bb.exposure_weights(data, **causal),
        "marginal": marginal,
        "marginal curves": lambda: marginal().curves(),
        "trials": trials,
        "g_formula": g_formula,
    }


def shown_classes() -> set[str]:
    """Name the classes that draw themselves, or show themselves as a table."""
    found = set()
    for module in pkgutil.walk_packages(bb.__path__, "belbiotech."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            own = inspect.isclass(kind) and kind.__module__ == module.name
            if own and any(hasattr(kind, text) for text in (*TEXTS, "plot")):
                found.add(name)
    return found - NO_RESULTS


def covariate_of(result: Any) -> str:
    """The one covariate of a model of states."""
    known = {f"Q({names[1]!r})": names[1] for names, *_ in DRESSES.values()}
    return next(name for term, name in known.items() if term in result.covariates)


def figures(result: Any) -> Iterator[tuple[str, Any]]:
    """Draw all that a result can draw of itself."""
    for name in dir(type(result)):
        if name == "plot_occupation":
            path = pd.DataFrame({"start": [0], "stop": [4], covariate_of(result): [0.5]})
            yield name, result.plot_occupation(path)
        elif name.startswith("plot"):
            yield name, getattr(result, name)()


def check_figure(figure: Any, where: str) -> set[str]:
    """No text is beyond the edges or read as mathematics; all are given back."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    found = set()
    for text in figure.findobj(Text):
        words = text.get_text()
        if not any(mark.isalpha() for mark in words):
            continue  # numbers of an axis, some of which are beyond its ends and not drawn
        assert not ("$" in words and text.get_parse_math()), where
        box = text.get_window_extent(canvas.get_renderer())
        inside = min(box.x0, box.y0, width - box.x1, height - box.y1) >= -1
        assert inside, (where, words, box.extents, width, height)
        found.add("".join(words.split()))
    return found


def as_drawn(name: str) -> str:
    """A name without what has no shape, and without breaks of lines."""
    return "".join(mark for mark in name if mark.isprintable() and not mark.isspace())


BY_GROUP = {"kaplan_meier", "cumulative_incidence", "mean_cumulative", "multi_state", "prediction"}
OF_COVARIATE = {"cox", "aft", "piecewise", "fine_gray", "cox_causes", "discrete_hazard"}
CASES = [(dress, name) for dress in DRESSES for name in results(dress)]
MADE: set[str] = set()


@pytest.mark.parametrize(("dress", "name"), CASES)
def test_any_name_is_text_on_every_figure_and_in_every_table(dress, name):
    names, levels, _ = DRESSES[dress]
    result = results(dress)[name]()
    MADE.add(type(result).__name__)
    if type(result) is not pd.DataFrame:  # which pandas shows
        assert not set(repr(result)) & OBEYED
    drawn = set()
    for figure_name, figure in figures(result):
        drawn |= check_figure(figure, f"{name}.{figure_name}")
    if name in BY_GROUP:
        for level in levels:
            assert any((as_drawn(level) or "(blank)") in text for text in drawn), level
    if name in OF_COVARIATE:
        assert any(as_drawn(names[1]) in text for text in drawn)
    for text in TEXTS:
        if hasattr(result, text) and type(result) is not pd.DataFrame:
            check_text(text, getattr(result, text)())


def check_text(kind: str, text: str) -> None:
    """No tag of a name in HTML or Markdown, no command in LaTeX, nothing that is obeyed."""
    assert not set(text) & OBEYED, kind
    tags = re.findall(r"(?<!\\)<(?:script|i|b)\b[^>]*>", text)
    if kind == "_repr_html_":
        assert set(tags) <= {"<b>"}, tags
    elif kind == "to_markdown":
        assert not tags
    else:
        check_latex(text)


def check_latex(text: str) -> None:
    """Signs that LaTeX obeys are the table's own: one fewer ``&`` in each row than columns."""
    for own in (mark for mark in MARKS.values() if "$" in mark):  # \\leq and the like
        text = text.replace(own, "")
    columns = len(re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)[1])
    inside = False
    for line in text.splitlines():
        signs = re.findall(r"\\[A-Za-z]+|\\.|.", line)  # commands, escapes, letters
        assert not {"$", "%", "#", "^", "_", "~", "\\alpha", "\\textbf"} & set(signs), line
        row = inside and signs[-2:] == [" ", "\\\\"] and "&" in signs
        assert signs.count("&") == (columns - 1 if row else 0), line
        inside = (inside or "\\toprule" in signs) and "\\bottomrule" not in signs


def test_every_class_that_shows_itself_is_among_them():
    """Runs last, after the results above; alone, it makes them all."""
    for dress, name in CASES:
        if dress == "long" and not shown_classes() <= MADE:
            MADE.add(type(results(dress)[name]()).__name__)
    assert shown_classes() <= MADE
