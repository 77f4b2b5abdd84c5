"""What a user gives (tables, a version, a panel) read as a sample that designs can work on."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from belbiotech.errors import FormulaError, PanelError, stop_at
from belbiotech.studies.agreements import Agreements, check_window, stock
from belbiotech.studies.designs import Sample
from belbiotech.studies.origins import tables_behind
from belbiotech.survival.formulas.formula import read_formula
from belbiotech.survival.rows.checks import check_rows
from belbiotech.survival.rows.column_names import check_columns
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.number_columns import not_numbers
from belbiotech.survival.rows.plain import plain_table
from belbiotech.survival.rows.units import needed_unit

if TYPE_CHECKING:
    from belbiotech.dataset.facts.tables import Tables

__all__ = ["read_sample"]

FATES = ("failure", "acquisition", "exit")
LONGEST = 31  # windows of up to thirty years are tried


def read_sample(
    formula: str,
    data: Tables | pd.DataFrame | str | None,
    exposure: str,
    *,
    window: int | None,
    unit: str | None = None,
    start: str = "start",
    stop: str = "stop",
) -> tuple[str, Sample]:
    """Read a formula and its data.

    Parameters
    ----------
    formula : str
        ``outcome ~ covariates``. It may name the exposure (``alliances_active_lag1``,
        ``alliances_cum_lag1`` or ``alliances``); else whether there is any is added to it.
    data : Tables, DataFrame, str or None
        Tables of `build`, a panel, a version of the shipped data, or None for the newest.
    exposure : str
        ``alliances``, or one group of them: ``alliances_upstream`` and so on.
    window : int or None
        Years that an alliance without a known end is in force.
    unit : str, optional
        Column that says whose row it is; by default the panel's own, else ``firm_id``.
    start, stop : str
        Columns of the panel.

    Returns
    -------
    str
        The formula, with the exposure in it.
    Sample
        The rows and the alliances behind them.

    Raises
    ------
    FormulaError
        A formula with the exposure twice, or as of the same year.
    PanelError
        Rows that are no yearly panel, or columns that are missing.
    """
    check_window(window)
    read = read_formula(formula)
    named = _named_exposure(read.columns, exposure)
    column = named or f"any_{exposure}"
    window = None if column.endswith("_cum_lag1") else window
    data = as_table(data) if _is_table(data) else data
    built_with = data.attrs if isinstance(data, pd.DataFrame) else {}
    panel, tables, unit = _panel_of(data, exposure, unit, start)
    others = tuple(name for name in read.columns if name not in (column, read.outcome))
    columns = [*others, unit]
    known = [name for name in (*FATES, "year", "observed") if name in panel]
    check_columns(panel, [read.outcome], start=start, stop=stop, columns=[*columns, *known])
    panel = check_rows(panel, [read.outcome], start=start, stop=stop, columns=columns, unit=unit)
    panel = _in_order(panel, unit, start)
    stop_at(not_numbers(panel, [name for name in known if name != "observed"]))
    _check_yearly(panel, unit, start, stop)
    silent, end_year = _silence(panel, tables, read.outcome, unit, start)
    plain = Sample(
        rows=panel,
        agreements=_agreements(panel, tables, exposure, unit, start),
        column=column,
        any_=named is None,
        window=window,
        covariates=others,
        outcome=read.outcome,
        unit=unit,
        start=start,
        stop=stop,
        silent=silent,
        end_year=end_year,
        tables=tables,
    )
    sample = plain if tables is not None else _with_its_own_column(plain, exposure, built_with)
    return (formula if named else f"{formula} + {column}"), sample


def _is_table(data: object) -> bool:
    """Tell rows from the tables of a release, a version's name, and nothing."""
    return data is not None and not isinstance(data, str) and not hasattr(data, "firm_year")


def _panel_of(
    data: Tables | pd.DataFrame | str | None, exposure: str, unit: str | None, start: str
) -> tuple[pd.DataFrame, Tables | None, str]:
    if isinstance(data, pd.DataFrame):
        unit = needed_unit(data, unit)
        return _bare(data), tables_behind(data, exposure, unit, start), unit
    if data is None or isinstance(data, str):
        from belbiotech.dataset.catalog.load import load_tables

        data = load_tables(data)
    return _bare(data.firm_year), data, needed_unit(data.firm_year, unit)


def _bare(panel: pd.DataFrame) -> pd.DataFrame:
    """Drop what is attached to a panel: pandas copies it whenever a column is read."""
    bare = panel.copy(deep=False)
    bare.attrs = {}
    return bare


def _in_order(panel: pd.DataFrame, unit: str, start: str) -> pd.DataFrame:
    """Make all columns plain and sort the rows: no result depends on how they came."""
    once = panel.columns[~panel.columns.duplicated(keep=False)]
    years = [name for name in ("year", "failure", "acquisition", "exit") if name in once]
    return plain_table(panel, once, numbers=years).sort_values([unit, start], kind="stable")


def _named_exposure(columns: Sequence[str], exposure: str) -> str | None:
    """Find the column by which a formula names the exposure."""
    if f"{exposure}_new" in columns:
        msg = (
            f"{exposure}_new counts the year itself, in which an exit may be the cause and not "
            f"the effect; name {exposure}_active_lag1 or {exposure}_cum_lag1"
        )
        raise FormulaError(msg)
    pattern = re.compile(re.escape(exposure) + "(_active_lag1|_cum_lag1)?")
    found = [name for name in columns if pattern.fullmatch(name)]
    if len(found) > 1:
        msg = f"the formula names the exposure {len(found)} times: {', '.join(found)}; keep one"
        raise FormulaError(msg)
    return found[0] if found else None


def _check_yearly(panel: pd.DataFrame, unit: str, start: str, stop: str) -> None:
    begins, ends = panel[start], panel[stop]
    whole = (begins == np.floor(begins)) & (ends - begins == 1)
    after = panel.sort_values([unit, start]).groupby(unit)[start].diff().fillna(1)
    problems = []
    if not whole.all():
        problems.append(
            f"the designs need one row a year, with whole numbers in {start!r} and {stop!r} one "
            f"more; not so in {int((~whole).sum())} rows, the first is row {panel.index[~whole][0]}"
        )
    if (after != 1).any():
        first = after.index[after != 1][0]
        problems.append(
            f"years are missing in the middle of {int((after != 1).sum())} lives, the first "
            f"before row {first} of {panel[unit].loc[first]!r}; add those rows"
        )
    if problems:
        raise PanelError("\n".join(problems))


def _agreements_in(panel: pd.DataFrame, exposure: str, unit: str, start: str) -> Agreements:
    """Read signings back from the counts of a panel: without their ends."""
    new, before = f"{exposure}_new", f"{exposure}_cum_lag1"
    missing = [name for name in (new, before) if name not in panel]
    if missing:
        raise PanelError(_no_exposure(exposure, panel, missing))
    first = panel.sort_values(start).groupby(unit).head(1)
    signings = pd.DataFrame(
        {
            "unit": [*panel[unit], *first[unit]],
            "age": [*panel[start], *(first[start] - 1)],
            "count": [*panel[new], *first[before]],
        }
    )
    each = signings.loc[signings.index.repeat(signings["count"].astype(int))]
    units = pd.Index(panel[unit].unique())
    ended = np.full(len(each), np.nan)
    return Agreements(
        units, units.get_indexer(pd.Index(each["unit"])), each["age"].to_numpy(float), ended
    )


def _no_exposure(exposure: str, panel: pd.DataFrame, missing: Sequence[str] = ()) -> str:
    """Say what an exposure is, and which ones there are."""
    news = [name.removesuffix("_new") for name in panel.columns if name.endswith("_new")]
    known = [name for name in news if f"{name}_cum_lag1" in panel]
    lacks = f" (no column {' and '.join(missing)})" if missing else ""
    return (
        f"there is no exposure {exposure!r}{lacks}; exposure= names what is counted, the first "
        f"part of the columns NAME_new and NAME_cum_lag1: {', '.join(known) or 'none is here'}"
    )


def _agreements_of(
    tables: Tables, panel: pd.DataFrame, exposure: str, unit: str, start: str
) -> Agreements:
    """Put the alliances that count in the tables on the clocks of the firms in the panel."""
    from belbiotech.dataset.panel.fields import ALLIANCE_GROUPS
    from belbiotech.dataset.panel.readings import counted_alliances, readings_of

    alliances = tables.alliances
    group = exposure.removeprefix("alliances").removeprefix("_")
    if group and group not in ALLIANCE_GROUPS:
        raise PanelError(_no_exposure(exposure, panel))
    if group:
        alliances = alliances[alliances[ALLIANCE_GROUPS[group][0]] == group]
    alliances = counted_alliances(alliances, readings_of(tables.parameters))
    zero = (panel["year"] - panel[start]).groupby(panel[unit]).first()
    alliances = alliances[alliances[unit].isin(zero.index)]
    founded = zero.reindex(alliances[unit]).to_numpy(dtype=float)
    signed, ended = (
        alliances[name].to_numpy(dtype=float, na_value=np.nan) - founded
        for name in ("start_year", "end_year")
    )
    return Agreements(zero.index, zero.index.get_indexer(pd.Index(alliances[unit])), signed, ended)


def _with_its_own_column(
    sample: Sample, exposure: str, built_with: Mapping[Hashable, Any]
) -> Sample:
    """Use the panel's own column of the exposure, and find the window that it was built with.

    Where the signings and some window give the column again, no alliance ended otherwise, and
    all windows can be counted. Else the column stands for the window that the panel says, or
    that the user does.
    """
    if sample.column.endswith("_cum_lag1"):
        return replace(sample, given=sample.column)
    name = f"{exposure}_active_lag1"
    if name not in sample.rows:
        return sample
    said = built_with.get("alliance_window", sample.window)
    for window in dict.fromkeys([said, sample.window, *range(1, LONGEST), None]):
        if _gives(sample, name, window):
            return replace(sample, given=name, given_window=window)
    return replace(sample, given=name, given_window=said, ends_known=False)


def _gives(sample: Sample, name: str, window: int | None) -> bool:
    codes = sample.agreements.codes(sample.rows[sample.unit])
    age = sample.rows[sample.start].to_numpy() - 1
    again = stock(sample.agreements, codes, age, window)
    return bool((again == sample.rows[name].to_numpy()).all())


def _agreements(
    panel: pd.DataFrame, tables: Tables | None, exposure: str, unit: str, start: str
) -> Agreements:
    if tables is None:
        return _agreements_in(panel, exposure, unit, start)
    return _agreements_of(tables, panel, exposure, unit, start)


def _silence(
    panel: pd.DataFrame, tables: Tables | None, outcome: str, unit: str, start: str
) -> tuple[tuple[str, ...], int | None]:
    """Name the firms that had no exit and were not seen until the last year."""
    if "year" not in panel:
        return (), None
    end_year = int(tables.parameters["end_year"] if tables else panel["year"].max())
    fates = [name for name in FATES if name in panel] or [outcome]
    last = panel.sort_values(start).groupby(unit).tail(1)
    if tables is not None:  # a user may have cut the lives of some
        whole = tables.firm_year.groupby(unit)["year"].max().reindex(last[unit])
        last = last[last["year"].to_numpy() == whole.to_numpy()]
    silent = last[(last["year"] < end_year) & (last[fates] == 0).all(axis=1)]
    names = silent[unit]
    if tables is not None:
        left = tables.firms.set_index(unit)["exit_kind"].reindex(names)
        names = names[left.isna().to_numpy()]
    return tuple(names), end_year
