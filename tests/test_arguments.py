"""One thing has one name, one kind of default and one way to be given in all public functions."""

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from pathlib import Path

import pytest

import belbiotech

LIST = Path(__file__).parents[1] / "docs" / "arguments.md"
# What is never an argument, and what it is called here.
SYNONYMS = {
    **dict.fromkeys(["id", "ids", "firm", "subject", "units", "by_unit"], "unit"),
    **dict.fromkeys(["group", "groups", "groupby"], "by"),
    **dict.fromkeys(["level", "ci", "ci_level", "confidence", "alpha"], "conf_level"),
    **dict.fromkeys(["clusters", "cluster_col", "robust"], "cluster"),
    **dict.fromkeys(["weight", "weights_col", "case_weights"], "weights"),
    **dict.fromkeys(["stratum", "stratify"], "strata"),
    **dict.fromkeys(["label", "names_of"], "labels"),
    **dict.fromkeys(["axis", "axes"], "ax"),
    **dict.fromkeys(["random_state", "rng"], "seed"),
    **dict.fromkeys(["begin", "duration", "t0", "t1", "stops", "starts"], "start, stop"),
    **dict.fromkeys(["df", "frame"], "data"),
    **dict.fromkeys(["color", "colors", "colours", "cmap"], "palette"),
    **dict.fromkeys(["n_jobs", "workers"], "processes"),
    **dict.fromkeys(["n_boot", "resamples"], "bootstrap"),
}
KEPT = {("power", "alpha")}  # the level of a test, with no interval beside it


def classes() -> dict[str, type]:
    found = {}
    for module in pkgutil.walk_packages(belbiotech.__path__, "belbiotech."):
        if not module.name.endswith("__main__"):
            things = vars(importlib.import_module(module.name)).values()
            own = (thing for thing in things if inspect.isclass(thing))
            found |= {c.__name__: c for c in own if c.__module__.startswith("belbiotech")}
    return found


def returned(function, known) -> list[type]:
    told = str(function.__annotations__.get("return", ""))
    return [known[word] for word in re.findall(r"\w+", told) if word in known]


def public_calls():
    """Give every public function, and every public method of what these return."""
    known, todo, seen = classes(), [], set()
    for name in belbiotech.__all__:
        thing = getattr(belbiotech, name)
        if inspect.isclass(thing):
            todo.append(thing)
        elif inspect.isfunction(thing):
            todo += returned(thing, known)
            yield name, list(inspect.signature(thing).parameters.values())
    while todo:
        result = todo.pop()
        if result in seen or issubclass(result, Exception):
            continue
        seen.add(result)
        for name in dir(result):
            method = inspect.getattr_static(result, name)
            own = getattr(method, "__module__", "") or ""
            if name[0] != "_" and inspect.isfunction(method) and own.startswith("belbiotech"):
                todo += returned(method, known)
                parameters = list(inspect.signature(method).parameters.values())[1:]
                yield f"{result.__name__}.{name}", parameters


@pytest.fixture(scope="module")
def used():
    found = defaultdict(list)
    for name, parameters in public_calls():
        for parameter in parameters:
            found[parameter.name].append((name, parameter))
    return found


@pytest.fixture(scope="module")
def listed():
    lines = re.findall(r"(?m)^\| `(\w+)` \| (.*?) \| ([\w ]+) \| (.+) \|$", LIST.read_text("utf-8"))
    assert len({name for name, *_ in lines}) == len(lines), "listed twice"
    return {name: (default, given) for name, default, given, _ in lines}


def default_of(parameter) -> str:
    if parameter.kind is parameter.VAR_KEYWORD:
        return "any"
    if parameter.default is parameter.empty:
        return "required"
    named = callable(parameter.default)
    return f"the function `{parameter.default.__name__}`" if named else f"`{parameter.default!r}`"


def given_of(parameters) -> str:
    by_name = {p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in parameters}
    return "either" if len(by_name) == 2 else "by name" if by_name == {True} else "in place"


def test_all_public_functions_and_results_are_looked_at(used):
    names = {name for calls in used.values() for name, _ in calls}
    assert {"cox", "export", "CoxResult.plot", "FineGrayResult.predict_incidence"} <= names
    assert {"StandardisedCurves.plot", "MultiStateResult.plot", "Prediction.plot"} <= names


def test_the_list_has_every_argument_and_no_other(used, listed):
    assert set(listed) == set(used)


def test_defaults_and_ways_to_give_are_as_listed(used, listed):
    for name, calls in used.items():
        default, given = listed[name]
        assert set(default.split(", ")) == set(
            ", ".join(default_of(parameter) for _, parameter in calls).split(", ")
        ), name
        assert given == given_of([parameter for _, parameter in calls]), name


@pytest.mark.parametrize("name", ["cluster", "start", "stop", "strata", "weights", "labels", "ax"])
def test_options_are_given_by_name(name, used):
    kept = {"regression_table"}  # labels, as in its tables' order of use
    wrong = [f for f, p in used[name] if p.kind is not p.KEYWORD_ONLY and f not in kept]
    assert not wrong


@pytest.mark.parametrize("name", ["unit", "conf_level", "by"])
def test_options_that_are_not_needed_are_given_by_name(name, used):
    alone = {"summary_at"}  # its only argument
    kept = {"mean_cumulative_function", "describe_panel"}
    for function, parameter in used[name]:
        if function in kept or function.rpartition(".")[2] in alone:
            continue
        required = parameter.default is parameter.empty
        assert parameter.kind is parameter.KEYWORD_ONLY or required, function


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        ("unit", {None}),
        ("cluster", {None, "unit"}),
        ("weights", {None}),
        ("strata", {None}),
        ("conf_level", {0.95}),
        ("labels", {None}),
        ("ax", {None}),
        ("title", {None}),
        ("palette", {None}),
        ("start", {"start"}),
        ("stop", {"stop"}),
        ("seed", {0, None}),
    ],
)
def test_one_name_has_one_default(name, defaults, used):
    assert {parameter.default for _, parameter in used[name]} == defaults


def test_only_made_up_data_are_new_each_time(used):
    new = {name for name, parameter in used["seed"] if parameter.default is None}
    assert new == {"simulate_facts", "simulate_panel"}


def test_no_other_word_for_the_same(used):
    found = [
        f"{function}({name}=): say {SYNONYMS[name]}"
        for name in SYNONYMS.keys() & used.keys()
        for function, _ in used[name]
        if (function, name) not in KEPT
    ]
    assert not found
