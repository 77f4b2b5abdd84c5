"""How an estimate moves from the naive design to the sound one, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FitError, on_screen
from belbiotech.studies.agreements import check_window
from belbiotech.studies.arguments import check_counts
from belbiotech.studies.audit.causal import causal_lines, causal_table
from belbiotech.studies.audit.causal_task import CausalTask, check_causal_options
from belbiotech.studies.audit.fits import (
    Model,
    estimate_of,
    influential,
    left_out,
    placebos,
    step_row,
)
from belbiotech.studies.audit.rules import Rebuilt, observation_steps, reading_steps
from belbiotech.studies.audit.steps import GROUPS, base_sample, sound_letter, steps
from belbiotech.studies.designs import Sample
from belbiotech.studies.e_value import RARE, EValue, e_value
from belbiotech.studies.estimates import COLUMNS, failed, html, one_line, tally
from belbiotech.studies.samples import read_sample
from belbiotech.studies.seeds import check_seed
from belbiotech.studies.workers import run
from belbiotech.survival.inference.markdown import markdown_escaped
from belbiotech.survival.rows.column_names import (
    as_list,
    check_one_name,
    check_one_name_or_none,
    check_truth_values,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from belbiotech.dataset.facts.tables import Tables
    from belbiotech.plots.palette import Palette

__all__ = ["BiasAuditResult", "bias_audit"]


@dataclass(frozen=True)
class BiasAuditResult:
    """An audit, step by step.

    Attributes
    ----------
    table : DataFrame
        One row for each design: step (a to m, d1 to d8), design, estimate (log hazard ratio),
        hazard_ratio, std_error, lower, upper (of the ratio, 95%), p_value, n_rows, n_events,
        note. A design that could not be fitted has NaN, and the reason in its note.
    without_each : DataFrame
        The same for each firm left out, the most influential first, with the column shift: how
        far the log hazard ratio moves.
    causal : DataFrame
        One row for each causal method (step m): method, estimate (log hazard ratio of a first
        alliance), std_error, difference (of the incidence at the horizon) with its limits, n_rows,
        n_events, carries, note. Where positivity, the weights or the number of events do not
        carry an estimate there is none, and the note says why.
    e_value : EValue or None
        Of the sound estimate; None if there is no such estimate.
    formula : str
        The formula fitted.
    sound : str
        The letter of the sound design: d, or c where documentation is not known.
    warnings : tuple of str
        What the fits warned of, each text once.
    """

    table: pd.DataFrame
    without_each: pd.DataFrame
    causal: pd.DataFrame
    e_value: EValue | None
    formula: str
    sound: str
    warnings: tuple[str, ...]

    def plot(
        self,
        *,
        labels: Mapping[str, str] | None = None,
        ax: Axes | None = None,
        title: str | None = None,
        palette: Palette = None,
    ) -> Figure:
        """Draw all estimates with their intervals, by step.

        Parameters
        ----------
        labels : mapping of str to str, optional
            What is written for a line.
        ax : matplotlib Axes, optional
            Where to draw; by default a figure is made.
        title : str, optional
            By default the formula, and the size of the sound step.
        palette : str or list of str, optional
            The first colour is that of the estimates.

        Returns
        -------
        matplotlib Figure
            A line for each step.
        """
        from belbiotech.plots import forest

        lines = pd.DataFrame(
            {
                "group": self.table["step"].map(GROUPS),
                "label": self.table["step"] + "  " + self.table["design"],
                "estimate": self.table["hazard_ratio"],
                "lower": self.table["lower"],
                "upper": self.table["upper"],
            }
        )
        best = self.table[self.table["step"] == self.sound].iloc[0]
        counts = f"step {self.sound}: {best['n_rows']:,} firm-years, {best['n_events']} events"
        options: dict[str, Any] = {"labels": labels, "ax": ax, "palette": palette}
        return forest(lines, title=title or f"{self.formula}\n{counts}", **options)

    def to_markdown(self) -> str:
        """Write the table for people, the E-value and the warnings below it."""
        lines = ["| step | design | hazard ratio | 95% interval | p | rows | events | note |"]
        lines.append("|---|---|---|---|---|---|---|---|")
        lines += [_markdown_line(row) for _, row in self.table.iterrows()]
        if self.e_value is not None:
            lines += ["", f"{self.e_value} of step {self.sound}."]
        if self.warnings:
            lines += ["", *(f"Warning: {markdown_escaped(text)}  " for text in self.warnings)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return html(f"Bias audit of {self.formula}", self.table, self.warnings)

    def __repr__(self) -> str:
        return on_screen(f"Bias audit of {self.formula}\n\n{self.to_markdown()}")


def bias_audit(
    formula: str,
    data: Tables | pd.DataFrame | str | None = None,
    exposure: str = "alliances",
    *,
    landmarks: Sequence[int] = (3, 5),
    lags: Sequence[int] = (2, 3),
    windows: Sequence[int | None] = (3, 5, 7, None),
    alliance_window: int | None = 5,
    competing: str | None = None,
    segment: str = "segment",
    placebo_draws: int = 100,
    confounders: str | None = None,
    horizon: int = 5,
    bootstrap: int = 0,
    seed: int = 0,
    cluster: str | None = "unit",
    firth: bool | None = False,
    progress: bool = True,
    unit: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> BiasAuditResult:
    """Show how the estimate for alliances moves from the naive design to the sound one.

    The formula stays, the design changes: (a) ever allied, fixed over life, which counts the
    years before the first alliance as time in which allied firms did not fail (immortal time);
    (b) allied, counted in the same year; (c) as of the end of the year before; (d) with delayed
    entry and gaps, in the years under observation: the sound design, from which all others
    depart, and beside it (d1 to d8) what other rules of observation give: from the year of the
    first page, from the year after, pages on the exit left out, followed for 1, 2, 3 and 5
    years, facts in place of pages;
    (e) landmarks; (f) longer lags; (g) other windows; (h) the competing fate; (i) placebos;
    (j) best and worst case for the firms that fell silent; (k) without each segment, and without
    each single firm; (l) outcomes, frame, facts and consortia that can be read otherwise; (m) what
    a first alliance did, by methods that take off what moves both signing and outcome: firms
    weighted by how likely their history was, emulated trials of signing now or not, lives
    simulated with and without. Of a panel alone, without its facts, d1 to d8 and l are not
    possible.

    For an estimate of step m to be an effect, the confounders must have all that moves both, as of
    before the signing; firms of each kind must sign and not sign; and the models must be right.
    Where fewer than 10 firms have the event, or 5 with or without an alliance (Vittinghoff and
    McCulloch 2007), where more than a tenth of the rows are in cells of the confounders in which
    all firms sign or none do, where the mean weight is further than 0.2 from 1 or one firm has
    more than a tenth of all weight, no estimate is given.

    Parameters
    ----------
    formula : str
        ``"failure ~ C(region)"`` follows whether there is any alliance (0/1).
        ``"failure ~ alliances_active_lag1 + C(region)"`` follows each one more, and
        ``I(alliances_active_lag1 > 0)`` or ``log(1 + alliances_active_lag1)`` what they say:
        every design gives the column of that name its own values. A column ``_cum_lag1`` counts
        all signed so far, without a window.
    data : Tables, DataFrame, str or None
        Tables of ``build()``, a version, or None for the newest version; or a panel. One of
        ``load_panel()``, or some of its rows, is taken with the tables of its version. Another
        does not tell when alliances ended: where its counts show that some ended otherwise than
        by a window, the steps that need to know say so.
    exposure : str
        ``alliances``, or one group: ``alliances_upstream``, ``_horizontal``, ``_downstream``,
        ``_exploration``, ``_exploitation``.
    landmarks : sequence of int
        Ages at which status and covariates are fixed (Anderson, Cain and Gelber 1983).
    lags : sequence of int
        Years, 2 or more.
    windows : sequence of int or None
        Years that an alliance without a known end is in force; None for ever.
    alliance_window : int or None
        The window of all other steps. Of a panel in which some alliances ended otherwise, only
        the window that it was built with can be counted.
    competing : str, optional
        The other fate; by default acquisition for failure, and failure for acquisition. Its
        Fine-Gray regression needs covariates that are fixed, so it follows firms from the first
        landmark on: to be compared with step e.
    segment : str
        Column of the segments that are left out one by one.
    placebo_draws : int
        How often the alliances are dealt anew to other firms of the same age.
    confounders : str, optional
        Right side of a formula: what moves both signing and outcome, known by the end of the year
        before, beside the formula's own covariates. By default the panel's ``listed_lag1`` and
        ``log1p(financing_rounds_cum_lag1)``.
    horizon : int
        Years of follow-up at which step m compares incidences.
    bootstrap : int
        Draws of the firms for intervals of weighted and simulated incidences; 0 for none.
    seed : int
        Of all chance.
    cluster : str, optional
        Column of the clusters of the standard errors; "unit": whose row it is, by the panel's own
        word (``data.attrs["unit"]``), else ``firm_id``; None: no clusters.
    firth : bool or None
        Whether all Cox fits have Firth's penalty: for few events, where a design without it has
        no estimate at all. Their intervals are from the profile likelihood, without clusters.
        None: each fit with fewer than ten events a coefficient has it, and no other.
    progress : bool
        Whether to show a bar, on a terminal or in a notebook.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``data.attrs["unit"]``),
        else ``firm_id``.
    start, stop : str
        Columns of the panel.

    Returns
    -------
    BiasAuditResult
        The table, the E-value, every warning once, and ``plot()``.

    Raises
    ------
    FormulaError
        A formula that names the exposure twice, as of the same year, or with several
        coefficients.
    PanelError
        Rows that are no yearly panel, a landmark after which nobody is left, a window below one
        year, a lag below two.

    References
    ----------
    Suissa, S. (2008). Immortal time bias in pharmacoepidemiology. American Journal of
    Epidemiology 167, 492-499.

    Tsiatis, A. (1975). A nonidentifiability aspect of the problem of competing risks.
    Proceedings of the National Academy of Sciences 72, 20-22.

    Hernan, M. A., Robins, J. M. (2016). Using big data to emulate a target trial when a randomized
    trial is not available. American Journal of Epidemiology 183, 758-764.

    Vittinghoff, E., McCulloch, C. E. (2007). Relaxing the rule of ten events per variable in
    logistic and Cox regression. American Journal of Epidemiology 165, 710-718.

    VanderWeele, T. J., Ding, P. (2017). Sensitivity analysis in observational research:
    introducing the E-value. Annals of Internal Medicine 167, 268-274.

    Examples
    --------
    >>> from belbiotech import simulate_panel
    >>> panel = simulate_panel(400, effect=0.0, documentation_delay=2, seed=5)
    >>> audit = bias_audit("failure ~ 1", panel, placebo_draws=20)
    >>> audit.table.loc[audit.table["step"].isin(["a", "d"]), ["design", "hazard_ratio"]].round(2)
                              design  hazard_ratio
    0  Ever allied, fixed over life          0.26
    3         and under observation          1.07
    """
    check_one_name(exposure=exposure)
    check_one_name_or_none(competing=competing, segment=segment)
    windows = as_list(windows, "windows", [3, 5, None])
    for window in windows:
        check_window(window)
    check_counts(2, placebo_draws=placebo_draws)
    check_truth_values(progress=progress)
    check_seed(seed)
    check_causal_options(horizon, bootstrap)
    read = partial(
        read_sample, exposure=exposure, window=alliance_window, unit=unit, start=start, stop=stop
    )
    given = formula
    formula, sample = read(given, data)
    tables = _tables_of(sample)
    rebuilt = None if tables is None else Rebuilt(tables, lambda other: read(given, other)[1])
    check_truth_values(firth=False if firth is None else firth)
    if isinstance(cluster, str) and cluster == "unit":
        cluster = sample.unit
    model = Model(formula, sample.column, cluster, firth, sample.unit, start, stop)
    base, sound = base_sample(sample), sound_letter(sample)
    heard: list[str] = []
    listed = [
        *steps(
            sample,
            landmarks=landmarks,
            lags=lags,
            windows=windows,
            competing=competing,
            segment=segment,
        ),
        *observation_steps(rebuilt),
        *reading_steps(rebuilt),
    ]
    rows = run(
        lambda _, step: step_row(model, step, heard),
        None,
        listed,
        processes=1,
        progress=progress,
        what="Designs",
    )
    table = pd.DataFrame(rows)
    deals = placebos(model, sample, table, draws=placebo_draws, seed=seed, heard=heard)
    without_each = left_out(model, base, estimate_of(table, sound), heard)
    causal, last = _causal(
        base, formula, confounders, horizon=horizon, bootstrap=bootstrap, seed=seed, heard=heard
    )
    table = pd.concat([table, deals, influential(without_each, base), last], ignore_index=True)
    table = table.sort_values("step", kind="stable", ignore_index=True)
    return BiasAuditResult(
        table=table[["step", "design", *COLUMNS]],
        without_each=without_each,
        causal=causal,
        e_value=_e_value(table, sound, base),
        formula=formula,
        sound=sound,
        warnings=tally(heard),
    )


def _causal(
    base: Sample, formula: str, confounders: str | None, *, heard: list[str], **chosen: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the causal estimates, and their lines."""
    try:
        task = CausalTask.of(base, formula, confounders, **chosen)
    except FitError as error:
        head = {"step": "m", "design": "What a first alliance did"}
        return pd.DataFrame(), pd.DataFrame([head | failed(one_line(error))])
    table = causal_table(task, heard)
    return table, causal_lines(table)


def _tables_of(sample: Sample) -> Tables | None:
    """Give the tables behind a sample, if all their rows and no columns beside theirs are in it."""
    tables = sample.tables
    if tables is None or len(tables.firm_year) != len(sample):
        return None
    return tables if {*sample.covariates, sample.outcome} <= set(tables.firm_year) else None


def _e_value(table: pd.DataFrame, sound: str, base: Sample) -> EValue | None:
    """Give the E-value of the sound estimate; the outcome is common from 15% of firms on."""
    row = table[table["step"] == sound].iloc[0]
    if not np.isfinite(row["estimate"]):
        return None
    share = base.rows.groupby(base.unit)[base.outcome].max().mean()
    limits = (float(row[name]) for name in ("hazard_ratio", "lower", "upper"))
    return e_value(*limits, common=bool(share >= RARE))


def _markdown_line(row: pd.Series) -> str:
    cells = [row["step"], markdown_escaped(row["design"])]
    if np.isfinite(row["estimate"]):
        p_value = "" if np.isnan(row["p_value"]) else f"{row['p_value']:.3f}"
        interval = f"{row['lower']:.2f} to {row['upper']:.2f}"
        cells += [f"{row['hazard_ratio']:.2f}", interval, p_value]
        cells += [f"{row['n_rows']:,}", f"{row['n_events']:,}"]
    else:
        cells += ["-"] * 5
    return f"| {' | '.join([*cells, markdown_escaped(row['note'])])} |"
