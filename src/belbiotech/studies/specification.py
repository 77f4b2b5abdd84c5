"""Many specifications, sound and unsound, fitted and shown together (Simonsohn et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import (
    BelbiotechError,
    FormulaError,
    PanelError,
    a_type_of,
    in_words,
    nearest_names,
    on_screen,
)
from belbiotech.studies.estimates import COLUMNS, estimated, html, tally
from belbiotech.studies.small_samples import cox_or_firth
from belbiotech.studies.whose import clusters_of
from belbiotech.studies.workers import run
from belbiotech.survival.formulas.conditions import rows_where
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.formulas.texts import quoted
from belbiotech.survival.rows.column_names import (
    as_columns,
    as_list,
    check_columns,
    check_mapping,
    check_names,
    check_one_name,
    check_text,
)
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.plain import plain_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.plots.palette import Palette

__all__ = ["SpecificationCurveResult", "specification_curve"]

CHOICES = ("outcome", "exposure", "controls", "design")
OPTIONS = ("rows", "ties", "strata", "weights", "frequency", "firth")
BESIDE = ("sound", "data")  # what a design says beside the rows and the arguments of cox

Design = str | Mapping[str, Any]
Terms = Sequence[str] | Mapping[str, str]


@dataclass(frozen=True)
class SpecificationCurveResult:
    """All specifications, one row each.

    Attributes
    ----------
    table : DataFrame
        outcome, exposure, controls, design (the choices), then estimate (log hazard ratio),
        hazard_ratio, std_error, lower, upper (of the ratio, 95%), p_value, n_rows, n_events,
        note, and sound (whether its design is marked as sound). One that could not be fitted has
        NaN, and the reason in its note.
    warnings : tuple of str
        What the fits warned of, each text once.
    """

    table: pd.DataFrame
    warnings: tuple[str, ...]

    @property
    def summary(self) -> pd.Series:
        """Counts, shares of sign and significance, and the median, over what could be fitted."""
        return self._counted(self.table)

    @property
    def by_soundness(self) -> pd.DataFrame:
        """The summary of sound and of unsound designs, a column each, with the range of their N."""
        parts = {
            words: self.table[self.table["sound"] == sound]
            for words, sound in (("sound", True), ("unsound", False))
        }
        return pd.DataFrame(
            {words: self._counted(part, ranges=True) for words, part in parts.items() if len(part)}
        )

    @staticmethod
    def _counted(table: pd.DataFrame, *, ranges: bool = False) -> pd.Series:
        good = table[np.isfinite(table["estimate"])]
        below, apart = good["estimate"] < 0, good["p_value"] < 0.05
        numbers = {
            f"{word}_{name}": getattr(good[name], how)()
            for name in ("n_rows", "n_events")
            for word, how in (("least", "min"), ("most", "max"))
        }
        return pd.Series(
            {
                "specifications": len(table),
                "fitted": len(good),
                "median_hazard_ratio": np.exp(good["estimate"].median()),
                "share_below_1": below.mean(),
                "share_above_1": (~below).mean(),
                "share_below_1_significant": (below & apart).mean(),
                "share_above_1_significant": (~below & apart).mean(),
                **(numbers if ranges else {}),
            }
        )

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Sequence[Axes] | None = None,
        title: str | None = None,
        palette: Palette = None,
    ) -> Figure:
        """Draw the estimates in order, those of unsound designs apart, and the choices below.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for a choice.
        ax : two matplotlib Axes, optional
            Where to draw estimates and choices; by default a figure is made.
        title : str, optional
            By default how many there are, and what is in the middle of them.
        palette : str or list of str, optional
            The first colour is that of estimates whose interval does not hold 1.

        Returns
        -------
        matplotlib Figure
            Two panels.
        """
        from belbiotech.plots import specification_curve as curve

        numbers, parts = self.summary, self.by_soundness
        head = f"{numbers['fitted']:.0f} of {numbers['specifications']:.0f} specifications fitted"
        head += f", median hazard ratio {numbers['median_hazard_ratio']:.2f}"
        if len(parts.columns) > 1:
            head = "\n".join([head, *(_told(str(words), parts[words]) for words in parts)])
        varied = [name for name in CHOICES if len(set(self.table[name])) > 1]
        options: dict[str, Any] = {"labels": labels, "ax": ax, "palette": palette}
        options["title"] = head if title is None else title
        return curve(self.table, choices=varied or ["exposure"], sound="sound", **options)

    def _repr_html_(self) -> str:
        return html("Specification curve", self.table, self.warnings)

    def __repr__(self) -> str:
        lines = [f"Specification curve\n{self.summary.round(3).to_string()}"]
        failed = self.table.loc[self.table["estimate"].isna(), "note"].value_counts()
        lines += [f"Not fitted ({count}): {note}" for note, count in failed.items()]
        return on_screen("\n".join([*lines, *(f"Warning: {text}" for text in self.warnings)]))


def specification_curve(
    data: pd.DataFrame | Mapping[str, pd.DataFrame],
    *,
    outcomes: Terms,
    exposures: Terms,
    controls: Terms = ("",),
    designs: Mapping[str, Design] | None = None,
    cluster: str | None = "unit",
    processes: int | None = None,
    progress: bool = True,
    start: str = "start",
    stop: str = "stop",
) -> SpecificationCurveResult:
    """Fit a Cox model for every combination of outcome, exposure, controls and design.

    Parameters
    ----------
    data : DataFrame or mapping of str to DataFrame
        The panel; or several by name, of which the first is that of designs that name none.
    outcomes : sequence of str
        Columns of 0/1. Here and below a mapping gives each its name in table and plot:
        ``{"Failure": "failure"}``.
    exposures : sequence of str
        Terms of a formula with one coefficient each: ``"alliances_active_lag1"``,
        ``"I(alliances_cum_lag1 > 0)"``, ``"log(1 + alliances_cum_lag1)"``.
    controls : sequence of str
        Sets of controls: ``""`` for none, ``"C(region) + C(origin)"`` for two together.
    designs : mapping, optional
        Names of designs, each with the rows that it keeps, as a condition (``"observed"``,
        ``"year >= 2000 and region in ['Flanders']"``, ``""`` for all; it is read as formulas
        are, and no part of it is run), or a mapping of ``rows`` and arguments of `cox`:
        ``{"rows": "observed", "strata": "segment"}``, ``{"firth": True}`` (which knows no
        clusters; None: each fit with fewer than ten events a coefficient has it). ``"sound":
        False`` marks one that is there to show what it does, and is kept apart; ``"data"`` names
        one of several panels. By default the rows under observation, where the data says which,
        and, marked as unsound, all.
    cluster : str, optional
        Column of the clusters of the standard errors; "unit": whose row it is, by the panel's own
        word (``data.attrs["unit"]``), else ``firm_id``; None: no clusters.
    processes : int, optional
        How many at once; by default one a core.
    progress : bool
        Whether to show a bar.
    start, stop : str
        Columns of the panel.

    Returns
    -------
    SpecificationCurveResult
        The table, its summary, and ``plot()``.

    Raises
    ------
    FormulaError
        A term that names unknown columns, an exposure without its one coefficient, or a design
        whose rows are no condition.
    PanelError
        Nothing to combine, an unknown outcome or column, a design that keeps no row.

    References
    ----------
    Simonsohn, U., Simmons, J. P., Nelson, L. D. (2020). Specification curve analysis. Nature
    Human Behaviour 4, 1208-1214.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> curve = specification_curve(
    ...     simulate_panel(300, effect=-0.4, seed=2),
    ...     outcomes=["failure", "exit"],
    ...     exposures=["alliances_active_lag1", "alliances_cum_lag1"],
    ...     controls=["", "C(region)"],
    ...     progress=False,
    ... )
    >>> curve.summary.round(2)
    specifications               16.00
    fitted                       16.00
    median_hazard_ratio           0.79
    share_below_1                 1.00
    share_above_1                 0.00
    share_below_1_significant     1.00
    share_above_1_significant     0.00
    dtype: float64
    """
    given = data if isinstance(data, Mapping) else {"": data}
    panels = {name: _plain(as_table(panel)) for name, panel in given.items()}
    if not panels:
        msg = "data: there is no panel, so that there is nothing to fit"
        raise PanelError(msg)
    first = next(iter(panels.values()))
    check_names(cluster=cluster)
    check_one_name(start=start, stop=stop)
    check_mapping(designs, "designs", {"all": ""})
    cluster = clusters_of(first, cluster)
    designs = _default_designs(first) if designs is None else designs
    plans = {name: _plan(name, design) for name, design in designs.items()}
    named = [
        _named(name, terms)
        for name, terms in zip(CHOICES[:3], (outcomes, exposures, controls), strict=True)
    ]
    _check_choices([*named, plans])
    columns = _columns_of(*(list(terms.values()) for terms in named))
    _check_panels(panels, plans)
    for panel in panels.values():
        asked = [*columns, *_named_by(plans), *as_columns(cluster, "cluster")]
        _check_columns(panel, asked, start, stop)
    panels = {name: panel.reset_index(drop=True) for name, panel in panels.items()}
    for panel in panels.values():
        panel.attrs = {}  # pandas copies it whenever a column is read
    _check_rows_kept(panels, plans)
    shared = _Shared(panels, named, plans, {"cluster": cluster, "start": start, "stop": stop})
    tasks = list(product(*named, plans))
    lines = run(_one, shared, tasks, processes=processes, progress=progress, what="Fits")
    table = pd.DataFrame([line for line, _ in lines])
    heard = [text for _, texts in lines for text in texts]
    table["sound"] = [bool(plans[name].get("sound", True)) for name in table["design"]]
    return SpecificationCurveResult(table[[*CHOICES, *COLUMNS, "sound"]], tally(heard))


@dataclass(frozen=True)
class _Shared:
    """What every fit reads: panels, terms and plans by name, the arguments of all fits."""

    panels: Mapping[str, pd.DataFrame]
    named: Sequence[Mapping[str, str]]
    plans: Mapping[str, Mapping[str, Any]]
    arguments: Mapping[str, Any]


def _one(shared: _Shared, task: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
    """Fit one specification."""
    outcome, exposure, controls = (
        terms[name] for terms, name in zip(shared.named, task[:3], strict=True)
    )
    plan = shared.plans[task[3]]
    formula = " + ".join(filter(None, (f"{quoted(outcome)} ~ {exposure}", controls.strip())))
    column = read_formula(f"{quoted(outcome)} ~ {exposure}").columns[0]
    beside = read_formula(formula).columns
    heard: list[str] = []

    def fit() -> tuple[Any, str]:
        options = {name: value for name, value in plan.items() if name not in ("rows", *BESIDE)}
        rows = _kept(_panel(shared.panels, plan), plan["rows"])
        return cox_or_firth(formula, rows, **{"firth": False, **shared.arguments, **options}), ""

    return dict(zip(CHOICES, task, strict=True)) | estimated(fit, column, heard, beside), heard


def _told(words: str, numbers: pd.Series) -> str:
    """Say how many specifications were fitted, to how much."""
    text = f"{numbers['fitted']:.0f} of {numbers['specifications']:.0f} {words} specifications"
    if not numbers["fitted"]:
        return f"{text} fitted"
    text += f" fitted: median hazard ratio {numbers['median_hazard_ratio']:.2f}"
    ranges = [
        f"{numbers[f'least_{name}']:,.0f} to {numbers[f'most_{name}']:,.0f} {what}"
        for name, what in (("n_rows", "rows"), ("n_events", "events"))
    ]
    return f"{text}, {', '.join(ranges)}"


def _plain(panel: pd.DataFrame) -> pd.DataFrame:
    """Make all columns plain, so that designs keep the same rows however they are stored."""
    return plain_table(panel, panel.columns[~panel.columns.duplicated(keep=False)])


def _panel(panels: Mapping[str, pd.DataFrame], plan: Mapping[str, Any]) -> pd.DataFrame:
    """Give the panel that a design names, or the first."""
    return panels[plan.get("data", next(iter(panels)))]


def _kept(data: pd.DataFrame, rows: str) -> pd.DataFrame:
    return data[rows_where(data, rows)] if rows.strip() else data


def _named(choice: str, terms: Terms) -> dict[str, str]:
    """Give every term its name: its own, if it has no other."""
    if isinstance(terms, str):
        msg = f"{choice}: give a list, not the text {terms!r}"
        raise PanelError(msg)
    if isinstance(terms, Mapping):
        for term in terms.values():
            check_text(term, choice, "age")
        return dict(terms)
    texts = as_list(terms, choice, ["age"])
    for term in texts:
        check_text(term, choice, "age")
    return {term.strip() or "none": term for term in texts}


def _default_designs(data: pd.DataFrame) -> dict[str, Design]:
    if "observed" not in data:
        return {"all firm-years": ""}
    return {"under observation": "observed", "all firm-years": {"sound": False}}


def _plan(name: str, design: Design) -> dict[str, Any]:
    """Write a design out as rows and arguments of cox."""
    if not isinstance(design, (str, Mapping)):
        msg = (
            f"design {name!r} is {a_type_of(design)}; it must be the text of a condition on rows, "
            "or a mapping"
        )
        raise PanelError(msg)
    plan = {"rows": design} if isinstance(design, str) else {"rows": "", **design}
    if not isinstance(plan["rows"], str):
        given = a_type_of(plan["rows"])
        msg = f"design {name!r}: rows is {given}; it must be the text of a condition"
        raise PanelError(msg)
    known = (*OPTIONS, *BESIDE)
    unknown = [option for option in plan if option not in known]
    if unknown:
        msg = f"design {name!r} has {unknown[0]!r}; {nearest_names(unknown[0], known)}"
        raise PanelError(msg)
    if not isinstance(plan.get("sound", True), bool):
        msg = f"design {name!r}: sound is {plan['sound']!r}; it must be True or False"
        raise PanelError(msg)
    return plan


def _check_choices(choices: Sequence[Mapping[str, Any]]) -> None:
    empty = [name for name, terms in zip(CHOICES, choices, strict=True) if not terms]
    if empty:
        msg = f"{', '.join(empty)}: the list is empty, so that there is nothing to fit"
        raise PanelError(msg)


def _columns_of(
    outcomes: Sequence[str], exposures: Sequence[str], controls: Sequence[str]
) -> list[str]:
    """List the columns that the terms read, and refuse an exposure with several."""
    columns = list(outcomes)
    for exposure in exposures:
        read = read_formula(f"{quoted(outcomes[0])} ~ {exposure}").columns
        if len(read) != 1:
            msg = (
                f"exposure {exposure!r} must be one term of one column, it reads "
                f"{len(read)}: {', '.join(read)}; put the others into controls"
            )
            raise FormulaError(msg)
        columns += read
    for control in controls:
        if control.strip():
            columns += read_formula(f"{quoted(outcomes[0])} ~ {control}").columns
    return columns


def _named_by(plans: Mapping[str, Mapping[str, Any]]) -> list[str]:
    named: list[str] = []
    for plan in plans.values():
        for option in ("strata", "weights", "frequency"):
            value = plan.get(option)
            named += [value] if isinstance(value, str) else list(value or [])
    return named


def _check_panels(
    panels: Mapping[str, pd.DataFrame], plans: Mapping[str, Mapping[str, Any]]
) -> None:
    lines = [
        f"design {name!r}: no panel {plan['data']!r}; {nearest_names(plan['data'], panels)}"
        for name, plan in plans.items()
        if plan.get("data", next(iter(panels))) not in panels
    ]
    if lines:
        raise PanelError("\n".join(lines))


def _check_columns(data: pd.DataFrame, columns: Sequence[str], start: str, stop: str) -> None:
    missing = [name for name in dict.fromkeys([*columns, start, stop]) if name not in data]
    if missing:
        lines = (f"there is no column {n!r}; {nearest_names(n, data.columns)}" for n in missing)
        raise PanelError("\n".join(lines))
    check_columns(data, start=start, stop=stop, columns=columns)


def _check_rows_kept(
    panels: Mapping[str, pd.DataFrame], plans: Mapping[str, Mapping[str, Any]]
) -> None:
    for name, plan in plans.items():
        try:
            kept = _kept(_panel(panels, plan), plan["rows"])
        except BelbiotechError as error:
            msg = f"design {name!r}: {in_words(plan['rows'])} is no query of this data: {error}"
            raise type(error)(msg) from error
        if kept.empty:
            msg = f"design {name!r} keeps no row: {plan['rows']!r}"
            raise PanelError(msg)
