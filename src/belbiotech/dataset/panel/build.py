"""Facts to firm-years: what a firm had at the end of the year before, and what happened next.

A row is one firm in one calendar year, the interval ``(start, stop]`` of its age. Covariates
that can change are as of the end of the year before (``_lag1``), so that nothing is explained by
what came after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, overload

import numpy as np
import pandas as pd

from belbiotech.dataset.facts import codes
from belbiotech.dataset.facts.confidence import facts_of, filter_confidence
from belbiotech.dataset.facts.dates import FIRST_YEAR, LAST_YEAR, date_precision, date_year
from belbiotech.dataset.facts.read import Facts, as_facts
from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.panel.at_scale import PanelFiles, build_at_scale, in_parquet
from belbiotech.dataset.panel.derived import DERIVED
from belbiotech.dataset.panel.firm_years import firm_years
from belbiotech.dataset.panel.lives import firm_lives, observed_lives
from belbiotech.dataset.panel.observation import (
    Evidence,
    Observation,
    ObservationRule,
    observation_rule,
    rule_of,
    signs_of_life,
)
from belbiotech.dataset.panel.readings import (
    Consortia,
    Creditors,
    Funds,
    Liquidation,
    Readings,
    buyers,
    readings_of,
)
from belbiotech.dataset.panel.schemas import PROCESSED, validate_tables
from belbiotech.errors import PanelError, warn

__all__ = [
    "Tables",
    "build",
    "build_arguments",
    "default_end_year",
    "filter_confidence",
    "rebuild",
]

DATES = {
    "firms": ("founded",),
    "events": ("date",),
    "alliances": ("start", "end"),
    "financings": ("date",),
    "sources": ("published",),
}
UNIT = "firm_id"  # whose row it is, for whoever reads the panel
HAPPENED = {"events": "date", "alliances": "start", "financings": "date", "sources": "published"}


@overload
def build(
    facts: Facts | str | Path,
    *,
    to: None = None,
    end_year: int | None = None,
    alliance_window: int | None = 5,
    follow_up: int | None = 3,
    evidence: Evidence = "pages",
    observation: Observation = "follow_up",
    liquidation: Liquidation = "failure",
    creditors: Creditors = "acquisition",
    funds: Funds = "acquisition",
    consortia: Consortia = "partners",
) -> Tables: ...


@overload
def build(
    facts: str | Path,
    *,
    to: str | Path,
    end_year: int | None = None,
    alliance_window: int | None = 5,
    follow_up: int | None = 3,
) -> PanelFiles: ...


def build(
    facts: Facts | str | Path,
    *,
    to: str | Path | None = None,
    end_year: int | None = None,
    alliance_window: int | None = 5,
    follow_up: int | None = 3,
    evidence: Evidence = "pages",
    observation: Observation = "follow_up",
    liquidation: Liquidation = "failure",
    creditors: Creditors = "acquisition",
    funds: Funds = "acquisition",
    consortia: Consortia = "partners",
) -> Tables | PanelFiles:
    """Build the firm-year panel and the processed tables from facts.

    Parameters
    ----------
    facts : Facts, str or Path
        As :func:`belbiotech.read_facts` gives them, or the folder that it would read; with `to`
        a folder of facts in Parquet: firms.parquet, events.parquet, alliances.parquet,
        financings.parquet and sources.parquet, with the columns of the CSV files, and held to the
        same rules.
    to : str or Path, optional
        For registers beyond memory: a folder to be made, into which the panel of facts in Parquet
        is written as Parquet files. DuckDB builds it by queries (``belbiotech[scale]``), by the
        usual rule of observation and the usual readings.
    end_year : int, optional
        The panel's last calendar year. By default the last year that was complete when the facts
        were compiled, see :func:`default_end_year`.
    alliance_window : int or None
        How many year-ends an alliance without a known end is in force, counted from the one of
        its start; None for all that follow.
    follow_up : {1, 2, 3, 5} or None
        A firm is under observation (``observed``) in the years that follow the publication of a
        dated page about it, this many of them; None for ever. Pages that state its exit do not
        count. Without an exit its rows run on as long.
    evidence : {"pages", "facts"}
        ``facts`` takes the years of events, alliances' starts and financings like those of
        pages, also where only later pages tell of them: more years, and less strict, as such a
        firm had to live to be told about.
    observation : {"follow_up", "first_page"}
        ``first_page`` is the rule of data versions 0.x, for comparison: all years from that of
        the first page on, whatever it states, to the exit or the last sighting. It lets firms
        enter through their own end.
    liquidation : {"failure", "closure"}
        What a liquidation or dissolution is; ``closure`` ends a life without failure or
        acquisition, as pages seldom tell whether the firm could pay its debts.
    creditors : {"acquisition", "failure"}
        What it is when creditors take a firm over, by the note of the fact (``buyer`` in
        ``events``).
    funds : {"acquisition", "no_exit"}
        Whether control that passes to a fund is an acquisition, or the firm lives on.
    consortia : {"partners", "projects", "none"}
        Whether a consortium counts as an alliance with each partner, once for each project (one
        firm, year and subject), or not at all.

    Returns
    -------
    Tables
        The panel and the tables beside it, sorted, checked against their schemas.
    PanelFiles
        With `to`: the panel's ``folder``, how many ``firms`` and ``rows`` it has. The folder is
        ``data`` for `cox` and others; it was checked by queries made of the same fields.

    Raises
    ------
    FactsError
        A folder of facts that break a rule, or what are no facts.
    PanelError
        A window below one year, an end year that is no year, a rule of observation or a reading
        that is none, or no firm with a row; with `to` a folder that is there already, other
        readings than the usual ones, a panel that breaks its rules.
    EngineError
        With `to`: a missing extra, or a query that fails; no folder is left then.

    Warns
    -----
    BelbiotechWarning
        No firm-year is observed, as firms are known from their exits alone.

    Examples
    --------
    >>> panel = build("data/raw").firm_year
    >>> life = panel[panel["firm_id"] == "movetis"]
    >>> shown = life[["year", "start", "stop", "listed_lag1", "ipo", "acquisition"]]
    >>> print(shown.to_string(index=False))
    year  start  stop  listed_lag1  ipo  acquisition
    2006      0     1            0    0            0
    2007      1     2            0    0            0
    2008      2     3            0    0            0
    2009      3     4            0    1            0
    2010      4     5            1    0            1

    Facts in Parquet, as a register of millions of firms would be; here those of the package.

    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from belbiotech import cox, read_facts
    >>> with TemporaryDirectory() as folder:
    ...     for name, table in read_facts("data/raw").items():
    ...         table.to_parquet(Path(folder) / f"{name}.parquet")
    ...     made = build(folder, to=Path(folder) / "panel")
    ...     result = cox("exit ~ alliances_active_lag1", made.folder)
    >>> made.firms == panel["firm_id"].nunique(), made.rows == len(panel) == result.n_rows
    (True, True)
    """
    _check_window(alliance_window)
    if to is not None:
        readings = Readings(liquidation, creditors, funds, consortia)
        _refuse_unusual(readings, evidence, observation)
        last = None if end_year is None else _checked_year(end_year)
        window = None if alliance_window is None else int(alliance_window)
        return build_at_scale(
            _parquet_folder(facts), to, end_year=last, alliance_window=window, follow_up=follow_up
        )
    _refuse_parquet_alone(facts)
    rule = observation_rule(observation, follow_up, evidence)
    facts = as_facts(facts)
    last = default_end_year(facts) if end_year is None else _checked_year(end_year)
    readings = Readings(liquidation, creditors, funds, consortia)
    tables = _assembled(facts, last, alliance_window, rule, readings)
    _warn_of_exits_alone(tables.firms, tables.firm_year)
    validate_tables(dict(tables.items()), facts.own_codes, facts.own_means)
    return tables


def _refuse_unusual(readings: Readings, evidence: object, observation: object) -> None:
    """Refuse what the queries do not know: another reading, or rule of observation."""
    asked = readings.parameters()
    asked |= {} if evidence == "pages" else {"evidence": evidence}
    asked |= {} if observation == "follow_up" else {"observation": observation}
    if asked:
        other = ", ".join(f"{name}={value!r}" for name, value in asked.items())
        msg = (
            f"{other}: with to= the panel is built by queries, which know the usual "
            "rule of observation and the usual readings alone; leave these arguments out, or "
            "build in memory"
        )
        raise PanelError(msg)


def _parquet_folder(facts: object) -> str | Path:
    if isinstance(facts, (str, Path)):
        return facts
    msg = (
        "with to= the facts must be a folder of Parquet files; what is in memory is built "
        "without to=: build(facts).firm_year.to_parquet(...)"
    )
    raise PanelError(msg)


def _refuse_parquet_alone(facts: object) -> None:
    if isinstance(facts, (str, Path)) and in_parquet(facts):
        msg = (
            f"the facts in {str(facts)!r} are Parquet files, whose panel is built by queries: say "
            "where it is to be written, build(..., to='panel')"
        )
        raise PanelError(msg)


def rebuild(tables: Tables, facts: Facts | None = None, **changes: Any) -> Tables:
    """Build tables anew, as they were built but for some arguments; nothing is checked again.

    Parameters
    ----------
    tables : Tables
        As built or loaded: their facts were checked.
    facts : Facts, optional
        Some of their facts, in place of all.
    **changes
        Arguments of :func:`build`.

    Returns
    -------
    Tables
        The tables.

    Raises
    ------
    PanelError
        As :func:`build`.

    Examples
    --------
    >>> from belbiotech.dataset.facts.read import read_facts
    >>> tables = build(read_facts("data/raw"))
    >>> years = [rebuild(tables, follow_up=k).firm_year["observed"].sum() for k in (1, 2, 3)]
    >>> bool(years[0] < years[1] < years[2] == tables.firm_year["observed"].sum())
    True
    """
    asked = {**build_arguments(tables.parameters), **changes}
    _check_window(asked["alliance_window"])
    rule = observation_rule(
        asked["observation"], asked.get("follow_up", 3), asked.get("evidence", "pages")
    )
    facts = facts_of(tables) if facts is None else facts
    return _assembled(facts, asked["end_year"], asked["alliance_window"], rule, readings_of(asked))


def _assembled(
    facts: Facts, last: int, window: int | None, rule: ObservationRule, readings: Readings
) -> Tables:
    signs = signs_of_life(facts, rule.evidence)
    lives = firm_lives(facts, signs, rule, last, readings)
    tables = {name: _with_dates(name, table) for name, table in facts.items()}
    tables["firms"] = tables["firms"].join(lives.drop(columns="founded_year"), on="firm_id")
    tables["alliances"] = _with_groups(tables["alliances"], facts.own_means)
    tables["events"] = tables["events"].assign(buyer=buyers(facts.events))
    tables["firms"] = tables["firms"].sort_values("firm_id", ignore_index=True)
    panel = firm_years(tables, signs, rule, window, readings)
    tables["firms"] = tables["firms"].join(observed_lives(tables["firms"], panel, rule))
    processed = {name: _sorted(name, table) for name, table in tables.items()}
    panel.attrs["unit"] = UNIT
    parameters: dict[str, Any] = {"end_year": last, "alliance_window": window}
    parameters |= rule.parameters() | readings.parameters()
    if facts.own_codes:
        parameters["own_codes"] = facts.own_codes
    if facts.own_means:
        parameters["own_means"] = facts.own_means
    if facts.merged_with:
        parameters["merged_with"] = facts.merged_with
    return Tables(firm_year=panel, **processed, parameters=parameters)


def build_arguments(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Read with which arguments tables were built, to build others like them.

    Parameters
    ----------
    parameters : mapping
        ``parameters`` of the tables, or of a release. Releases 0.x say nothing of a rule of
        observation: theirs was that of the first page.

    Returns
    -------
    dict
        Arguments of :func:`build`.

    Examples
    --------
    >>> build_arguments({"end_year": 2025, "alliance_window": 5})
    {'end_year': 2025, 'alliance_window': 5, 'observation': 'first_page'}
    """
    names = ("end_year", "alliance_window")
    asked = {name: parameters[name] for name in names if name in parameters}
    rule, readings = rule_of(parameters), readings_of(parameters)
    return {**asked, **rule.parameters(), **readings.parameters()}


def default_end_year(facts: Facts) -> int:
    """Last calendar year that was complete when the facts were compiled.

    It follows what has happened or been published: events, starts of alliances, financings and
    pages. Ends of alliances may be planned ones, and do not count; nor do founding dates.

    Parameters
    ----------
    facts : Facts
        The facts.

    Returns
    -------
    int
        The year before the latest of these dates.

    Raises
    ------
    PanelError
        None of them has a date.
    """
    years = pd.concat(
        [date_year(getattr(facts, name)[column]) for name, column in HAPPENED.items()]
    )
    if years.isna().all():
        msg = (
            "no event, alliance, financing or page has a date, so there is no last year; "
            "fill in such facts, or give end_year"
        )
        raise PanelError(msg)
    return int(years.max()) - 1


def _with_dates(name: str, facts: pd.DataFrame) -> pd.DataFrame:
    """Add precision and year of each date, with the types that the schema wants."""
    added: dict[str, pd.Series] = {}
    for column in DATES[name]:
        added[f"{column}_precision"] = date_precision(facts[column])
        years = date_year(facts[column])
        always = DERIVED[name][f"{column}_year"].required
        added[f"{column}_year"] = years.astype("int64") if always else years
    return facts.assign(**added)


def _with_groups(alliances: pd.DataFrame, own: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    """Add the position of the partner and the purpose."""
    position = {kind: group for group, kinds in codes.PARTNER_GROUPS.items() for kind in kinds}
    purpose = {kind: group for group, kinds in codes.PURPOSES.items() for kind in kinds}
    position |= own.get("partner_type", {})
    purpose |= own.get("alliance_type", {})
    return alliances.assign(
        partner_group=alliances["partner_type"].map(position).astype(object),
        purpose=pd.Series(
            [purpose.get(kind) for kind in alliances["alliance_type"]], alliances.index, object
        ),
    )


def _sorted(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Put columns in the schema's order and rows in the order of their values."""
    columns = list(PROCESSED[name].columns)
    return table[columns].sort_values(columns, ignore_index=True)


def _warn_of_exits_alone(firms: pd.DataFrame, panel: pd.DataFrame) -> None:
    """Warn where nothing can be studied, as only their ends made firms known."""
    alone = int((firms["never_observed"] == "only_its_exit").sum())
    if not alone or panel["observed"].any():
        return
    fates = ", ".join(
        f"{int(panel[name].sum())} with {name} 1" for name in ("failure", "acquisition")
    )
    msg = (
        f"{alone} of the panel's {panel['firm_id'].nunique()} firms are known from their exits "
        "alone: every dated page about them states it, and such pages open no observation. The "
        f"panel holds {len(panel)} firm-years ({fates}), and not one of them is observed; add "
        "pages that were published before, or build with observation='first_page' to compare"
    )
    warn(msg)


def _check_window(window: int | None) -> None:
    if window is None:
        return
    if isinstance(window, bool) or not isinstance(window, int | np.integer) or window < 1:
        msg = f"alliance_window is {window!r}; it must be a whole number of years from 1, or None"
        raise PanelError(msg)


def _checked_year(year: int) -> int:
    whole = isinstance(year, int | np.integer) and not isinstance(year, bool)
    if whole and FIRST_YEAR <= year <= LAST_YEAR:
        return int(year)
    msg = f"end_year is {year!r}; it must be a year from {FIRST_YEAR} to {LAST_YEAR}"
    raise PanelError(msg)
