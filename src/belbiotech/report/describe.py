"""Table 1 of a paper: who is in a panel, by group, and how its columns go together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from belbiotech.dataset.panel.fields import FIRM_YEAR
from belbiotech.errors import stop_at
from belbiotech.report.labels import Labels, data_labels
from belbiotech.survival.inference.printed import INDENT, PrintedTable
from belbiotech.survival.rows.checks import check_rows, no_single_values
from belbiotech.survival.rows.column_names import (
    as_columns,
    check_columns,
    check_each_once,
    check_one_name_or_none,
)
from belbiotech.survival.rows.door import as_table
from belbiotech.survival.rows.number_columns import too_large
from belbiotech.survival.rows.plain import is_single_value, plain_table
from belbiotech.survival.rows.units import unit_of

__all__ = ["Description", "correlations", "describe_panel"]

ALL = "All"
FEW_LEVELS = 12  # a column of texts with more is a name, not a trait
MOST_LEVELS, MOST_GROUPS = 1_000, 100
OUTCOMES = tuple(
    name for name, field in FIRM_YEAR.items() if field.kind == "flag" and "_lag" not in name
)


@dataclass(frozen=True, repr=False)
class Description(PrintedTable):
    """A description of a panel, ready for a paper.

    Attributes
    ----------
    numbers : DataFrame
        The same as numbers: in `describe_panel` group, column, level (missing for numbers), and
        the statistics; in `correlations` the matrix.
    """

    numbers: pd.DataFrame = field(default_factory=pd.DataFrame)


def describe_panel(
    panel: pd.DataFrame,
    columns: Sequence[str] | None = None,
    by: str | None = None,
    *,
    unit: str | None = None,
    outcomes: str | Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    start: str = "start",
    stop: str = "stop",
) -> Description:
    """Describe a panel: units, rows, person-years and events, then each column, by group.

    Parameters
    ----------
    panel : DataFrame
        One row for each interval ``(start, stop]``.
    columns : sequence of str, optional
        What to describe; by default all columns but the unit, the interval, the outcomes, and
        texts of more than twelve values.
    by : str, optional
        Column whose values make the groups; a column for all stands last.
    unit : str, optional
        Column that says whose row it is; by default the panel's own (``panel.attrs["unit"]``),
        else ``firm_id``; without either no units are counted.
    outcomes : str or sequence of str, optional
        Columns of 0/1 whose events are counted; by default those of the shipped panel that are
        there (failure, acquisition, exit, ipo).
    labels : mapping of str to str, optional
        Column to its label; those of the codebook by default.
    start, stop : str
        Columns of the interval.

    Returns
    -------
    Description
        Numbers (whole, real, truth values as 0/1) as mean, SD and quartiles; texts as shares of
        their levels; missing values counted and left out. ``numbers`` has all of it unrounded.

    Raises
    ------
    PanelError
        Rows that are no panel, unknown columns.

    Examples
    --------
    >>> from belbiotech import describe_panel, simulate_panel
    >>> panel = simulate_panel(100, seed=1)
    >>> described = describe_panel(panel, ["alliances_active_lag1", "region"])
    >>> described.numbers.query("column == 'alliances_active_lag1'")[["n", "mean", "sd"]].round(2)
           n  mean    sd
    7  874.0  0.89  1.01
    """
    panel = as_table(panel, "panel")
    check_each_once(panel, "panel")
    panel = plain_table(panel, panel.columns)
    ends = [name for name in OUTCOMES if name in panel.columns]
    ends = ends if outcomes is None else as_columns(outcomes, "outcomes")
    whose, groups = unit_of(panel, unit), as_columns(by)
    chosen = None if columns is None else as_columns(columns, "columns")
    of_units = [] if whose is None else [whose]
    panel = check_rows(panel, ends, start=start, stop=stop, columns=of_units, groups=groups)
    check_one_name_or_none(by=by)
    if chosen is None:
        left_out = {whose, by, start, stop, *ends}
        others = [name for name in panel.columns if name not in left_out]
        check_columns(panel, start=start, stop=stop, columns=others)
        chosen = [name for name in others if _is_trait(panel[name])]
    check_columns(panel, start=start, stop=stop, columns=chosen)
    stop_at(no_single_values(panel, chosen) or too_large(panel, chosen))
    _refuse_many(panel, chosen, by)
    words = data_labels().with_more({} if labels is None else labels)
    parts = dict(_groups(panel, by, words))
    numbers = pd.DataFrame(
        [
            {"group": group, **line}
            for group, rows in parts.items()
            for line in _lines(rows, chosen, ends, whose, start, stop)
        ]
    )
    notes = [_how_to_read(panel[chosen])]
    if whose is None:
        notes.append("Units are not counted, as no column says whose row it is (unit='...').")
    table, size = _printed(numbers, parts, chosen, words)
    return Description(table, tuple(parts), size, tuple(notes), "", numbers)


def correlations(
    panel: pd.DataFrame,
    columns: Sequence[str] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
) -> Description:
    """Give the correlations of a panel's columns of numbers, over its rows.

    Parameters
    ----------
    panel : DataFrame
        The rows.
    columns : sequence of str, optional
        Columns of numbers or truth values; by default all of them that vary.
    labels : mapping of str to str, optional
        Column to its label; those of the codebook by default.

    Returns
    -------
    Description
        Pearson's correlations below the diagonal, over the rows in which both columns have values;
        ``numbers`` is the whole matrix.

    Raises
    ------
    PanelError
        No DataFrame, unknown columns, columns that are no numbers or do not vary.

    Examples
    --------
    >>> from belbiotech import correlations, simulate_panel
    >>> panel = simulate_panel(100, seed=1)
    >>> print(correlations(panel, ["alliances_active_lag1", "listed_lag1"]).numbers.round(2))
                           alliances_active_lag1  listed_lag1
    alliances_active_lag1                   1.00         0.04
    listed_lag1                             0.04         1.00
    """
    panel = as_table(panel, "panel")
    check_each_once(panel, "panel")
    panel = plain_table(panel, panel.columns)
    if columns is None:
        numeric = [name for name in panel.columns if _is_number(panel[name])]
        chosen = [name for name in numeric if _varies(panel[name])]
    else:
        chosen = as_columns(columns, "columns")
    problems = [
        f"column {name!r} {why}"
        for name in chosen
        for why in [
            "is not in the data"
            if name not in panel.columns
            else "holds no numbers"
            if not _is_number(panel[name])
            else "does not vary"
            if not _varies(panel[name])
            else ""
        ]
        if why
    ]
    stop_at(problems or too_large(panel, chosen))
    matrix = panel[chosen].astype(float).corr()
    words = data_labels().with_more({} if labels is None else labels)
    names = [f"({k}) {_name(words, name)}" for k, name in enumerate(chosen, start=1)]
    cells = [
        ["" if j > i else "1" if i == j else f"{value:.2f}" for j, value in enumerate(row)]
        for i, row in enumerate(matrix.to_numpy())
    ]
    heads = tuple(f"({k})" for k in range(1, len(chosen) + 1))
    table = pd.DataFrame(cells, index=names, columns=list(heads), dtype=object)
    note = (
        f"Pearson's correlations over {len(panel):,d} rows; rows of one unit are not independent."
    )
    return Description(table, heads, len(names), (note,), "", matrix)


def _how_to_read(described: pd.DataFrame) -> str:
    """Say what the cells of a description are: only of the kinds of columns that it has."""
    numeric = [_is_number(column) for _, column in described.items()]
    flags = [_is_flag(column) for _, column in described.items()]
    parts = []
    if sum(numeric) > sum(flags):
        parts.append(
            "Numbers: mean (SD) of the rows, and on the line below it median [lower quartile to "
            "upper quartile]."
        )
    if any(flags):
        parts.append("Yes or no: share of the rows that are yes.")
    if not all(numeric):
        parts.append("Kinds: share of the rows.")
    if described.isna().to_numpy().any():
        parts.append('Rows without a value are left out, and counted on the lines "missing".')
    return " ".join(parts)


def _is_flag(column: pd.Series) -> bool:
    if not _is_number(column) or column.isna().all():
        return False
    return set(column.dropna().astype(float).unique()) <= {0.0, 1.0}


def _is_number(column: pd.Series) -> bool:
    if pd.api.types.is_complex_dtype(column):
        return False
    return bool(pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column))


def _varies(column: pd.Series) -> bool:
    values = column.dropna()
    return len(values) > 0 and bool((values != values.iloc[0]).any())


def _is_trait(column: pd.Series) -> bool:
    if _is_number(column):
        return True
    listed = column.dropna().map(is_single_value).all()
    return bool(listed) and column.nunique() <= FEW_LEVELS


def _refuse_many(panel: pd.DataFrame, chosen: Sequence[str], by: str | None) -> None:
    """Refuse texts with very many values, each a line, and very many groups, each a column."""
    counted = [(name, MOST_LEVELS, "a line each") for name in chosen if not _is_number(panel[name])]
    counted += [] if by is None else [(by, MOST_GROUPS, "a column each")]
    stop_at(
        [
            f"column {name!r} has {number:,d} values, {each} in the table; {most:,d} are the most: "
            "merge values, or take a number for them"
            for name, most, each in counted
            if (number := panel[name].nunique()) > most
        ]
    )


def _name(words: Labels, name: str) -> str:
    return words.titles.get(name, name.replace("_", " "))


def _groups(panel: pd.DataFrame, by: str | None, words: Labels) -> list[tuple[str, pd.DataFrame]]:
    everyone = [(ALL, panel)]
    if by is None:
        return everyone
    values = pd.unique(panel[by])
    known = words.codes.get(by, {})
    order = sorted(values, key=str)
    return [(known.get(str(v), str(v)), panel[panel[by] == v]) for v in order] + everyone


def _lines(
    rows: pd.DataFrame,
    columns: Sequence[str],
    outcomes: Sequence[str],
    unit: str | None,
    start: str,
    stop: str,
) -> list[dict[str, object]]:
    """Give the statistics of one group, a line each."""
    years = (rows[stop].astype(float) - rows[start].astype(float)).sum()
    lines: list[dict[str, object]] = []
    if unit is not None:
        lines.append({"column": "(units)", "n": rows[unit].nunique()})
    lines += [{"column": "(rows)", "n": len(rows)}, {"column": "(person-years)", "n": years}]
    lines += [
        {"column": f"(events: {name})", "n": int((rows[name].astype(float) == 1).sum())}
        for name in outcomes
    ]
    for name in columns:
        column, missing = rows[name], int(rows[name].isna().sum())
        if _is_number(column):
            values = column.dropna().astype(float)
            quartiles = values.quantile([0.25, 0.5, 0.75]).tolist() if len(values) else [np.nan] * 3
            spread = dict(zip(("lower", "median", "upper"), quartiles, strict=True))
            size = {"n": len(values), "mean": values.mean(), "sd": values.std(), "missing": missing}
            lines.append({"column": name, **size, **spread})
            continue
        counts, total = column.value_counts(sort=False), int(column.notna().sum())
        for level, n in sorted(counts.items(), key=lambda pair: str(pair[0])) if total else ():
            one = {"level": level, "n": int(n), "share": n / total, "missing": missing}
            lines.append({"column": name, **one})
        if not total:
            lines.append({"column": name, "n": 0, "missing": missing})
    return lines


def _printed(
    numbers: pd.DataFrame,
    parts: Mapping[str, pd.DataFrame],
    columns: Sequence[str],
    words: Labels,
) -> tuple[pd.DataFrame, int]:
    """Lay the numbers out: sizes above the rule, columns below."""
    cells: dict[str, list[str]] = {}
    at = {(line["column"], line["group"]): line for line in numbers.to_dict("records")}
    sizes = [name for name in dict.fromkeys(numbers["column"]) if str(name).startswith("(")]
    for name in sizes:
        label = str(name).strip("()").removeprefix("events: ")
        label = _name(words, label) if ":" in str(name) else label.capitalize()
        cells[label] = [f"{at[name, group]['n']:,.0f}" for group in parts]
    above = len(cells)
    for name in columns:
        mine = numbers[numbers["column"] == name]
        title = _name(words, name)
        if "level" not in mine or mine["level"].isna().all():
            lines = [at[name, group] for group in parts]
            if _is_flag(parts[ALL][name]):
                cells[title] = [_share(line["mean"], line["n"]) for line in lines]
                continue
            cells[title] = [_mean(line) for line in lines]
            cells[f"{INDENT}{title}: median"] = [_median(line) for line in lines]
        else:
            cells[title] = [""] * len(parts)
            known = words.codes.get(name, {})
            for level in sorted(mine["level"].dropna().unique(), key=str):
                here = mine[mine["level"] == level].set_index("group")["share"]
                there = mine.groupby("group")["n"].sum()
                label = f"{INDENT}{known.get(str(level), str(level))}"
                cells[label] = [_share(here.get(group, 0.0), there[group]) for group in parts]
    for name in columns:
        missing = numbers[numbers["column"] == name].groupby("group")["missing"].max()
        if missing.max() > 0:
            label = f"{_name(words, name)}: missing"
            cells[label] = [f"{missing.get(group, 0):,.0f}" for group in parts]
    table = pd.DataFrame.from_dict(cells, orient="index", columns=list(parts), dtype=object)
    return table, above


def _share(share: float, n: float) -> str:
    return "-" if not n else f"{100 * share:.1f}%"


def _mean(row: Mapping[Hashable, Any]) -> str:
    return "-" if not row["n"] else f"{row['mean']:.2f} ({row['sd']:.2f})"


def _median(row: Mapping[Hashable, Any]) -> str:
    return "-" if not row["n"] else f"{row['median']:g} [{row['lower']:g} to {row['upper']:g}]"
