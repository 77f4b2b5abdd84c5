"""A tidy table of estimates as a table for people, and both as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.report import formats
from belbiotech.report.blocks import TableBlock
from belbiotech.report.labels import Labels
from belbiotech.survival.inference.latex import latex_escaped

__all__ = ["ESTIMATES", "TITLES", "as_latex", "as_markdown", "table", "write_table"]

TITLES = {
    "group": "Group",
    "outcome": "Outcome",
    "model": "Model",
    "covariate": "Covariate",
    "events": "Events",
    "events_per_parameter": "Events per coefficient",
    "n_firms": "Firms",
    "n_rows": "Firm-years",
    "n_events": "Events",
    "at_risk": "At risk",
    "time": "Age in years",
    "hazard_ratio": "Hazard ratio",
    "odds_ratio": "Odds ratio",
    "subhazard_ratio": "Subdistribution hazard ratio",
    "risk_ratio": "Relative risk ratio",
    "survival": "Share without the event",
    "incidence": "Cumulative incidence",
    "mean": "Mean number",
    "median": "Median age in years",
    "restricted_mean": "Restricted mean in years",
    "difference": "Difference in years",
    "effect": "Percentage points a year",
    "statistic": "Chi-square",
    "df": "Degrees of freedom",
    "p_value": "p",
    "firms": "Firms",
    "firm_years": "Firm-years",
    "failures": "Failures",
    "acquisitions": "Acquisitions",
    "first_listings": "First listings",
    "number": "Number",
    "share": "Share",
    "step": "Step",
    "design": "Design",
    "note": "Note",
    "change": "Change",
    "test": "Test",
    "horizon": "Horizon in years",
    "characteristic": "Characteristic",
    "level": "Value",
}
"""Titles of the columns that estimates usually have."""

ESTIMATES: dict[str, Callable[[float], str]] = {
    "hazard_ratio": formats.ratio,
    "odds_ratio": formats.ratio,
    "subhazard_ratio": formats.ratio,
    "risk_ratio": formats.ratio,
    "survival": formats.percent,
    "incidence": formats.percent,
    "share": formats.percent,
    "p_value": formats.p_value,
    "events_per_parameter": formats.tenths,
}
"""How columns of floats are written; all others with two digits."""

WRAP = 26  # letters of a text in LaTeX before it wraps
PAGE = 40  # rows of a table that fit on a page
LIMITS = ["lower", "upper"]
LEFT_OUT = [*LIMITS, "std_error"]  # they stand in the CSV


def table(
    name: str,
    title: str,
    data: pd.DataFrame,
    labels: Labels,
    *,
    note: str = "",
    estimate: str | None = None,
    titles: Mapping[str, str] | None = None,
) -> TableBlock:
    """Make a table for people from a tidy one.

    Parameters
    ----------
    name : str
        Of its files.
    title : str
        What it shows.
    data : DataFrame
        Tidy. With columns lower and upper the interval stands beside the estimate.
    labels : Labels
        Titles of the columns of the data.
    note : str
        Units, N, events, and how it was made.
    estimate : str, optional
        The column that lower and upper belong to; the first one of `ESTIMATES`, median, mean,
        restricted_mean, difference, effect by default.
    titles : mapping of str to str, optional
        Titles of this table alone.

    Returns
    -------
    TableBlock
        The tidy table, and the one for people beside it.

    Raises
    ------
    PanelError
        A column without a title.
    """
    words = labels.with_more({**TITLES, **(titles or {})})
    estimate = estimate or _estimate(data)
    shown = {}
    for column in data.columns.difference(LEFT_OUT, sort=False):
        heading = words.column(column)
        shown[heading] = _written(column, words.values(column, data[column]), data[column])
        if column == estimate:
            write = ESTIMATES.get(column) or _whole_or_number(
                pd.concat([data[name] for name in (column, *LIMITS)])
            )
            pairs = zip(data["lower"], data["upper"], strict=True)
            shown["95% interval"] = [formats.interval(*pair, write) for pair in pairs]
    return TableBlock(name, title, data, pd.DataFrame(shown, dtype=object), note)


def _estimate(data: pd.DataFrame) -> str | None:
    known = [*ESTIMATES, "median", "mean", "restricted_mean", "difference", "effect"]
    if not set(LIMITS) <= set(data.columns):
        return None
    return next(name for name in data.columns if name in known)


def _written(column: str, words: pd.Series, values: pd.Series) -> list[str]:
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return [
            "" if pd.isna(value) else str(word) for value, word in zip(values, words, strict=True)
        ]
    if column in ESTIMATES or column.startswith("share_"):
        write = ESTIMATES.get(column, formats.percent)
        return [write(float(value)) for value in values]
    if column == "year":
        return [str(value) for value in values]
    write = _whole_or_number(values)
    return [write(value) for value in values]


def _whole_or_number(values: pd.Series) -> Callable[[float], str]:
    """Write numbers without digits after the point where all are whole."""
    return formats.count if (values.dropna() % 1 == 0).all() else formats.number


def write_table(block: TableBlock, folder: Path) -> list[Path]:
    """Write a table as CSV (the tidy one), Markdown and LaTeX (the one for people).

    Parameters
    ----------
    block : TableBlock
        The table.
    folder : Path
        Where to; it is made if need be.

    Returns
    -------
    list of Path
        The three files. Floats in the CSV have six significant digits, so that processors that
        differ in the last bit write the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        ".csv": block.data.to_csv(index=False, float_format="%.6g", lineterminator="\n"),
        ".md": as_markdown(block),
        ".tex": as_latex(block),
    }
    paths = []
    for suffix, text in texts.items():
        path = folder / f"{block.name}{suffix}"
        path.write_text(text, "utf-8", newline="\n")
        paths.append(path)
    return paths


def as_markdown(block: TableBlock) -> str:
    """Write the table for people as Markdown, its title above and its note below."""
    from belbiotech.survival.inference.markdown import markdown_table

    lines = markdown_table(block.shown).splitlines()
    sides = [":---" if left else "---:" for left in _texts(block)]
    lines[1] = f"| {' | '.join(sides)} |"
    return "\n".join([f"**{block.title}**", "", *lines, "", block.note, ""])


def as_latex(block: TableBlock) -> str:
    """Write the table for people as LaTeX, with the rules of booktabs."""
    sides = "".join(
        _latex_side(block.shown[name], left)
        for name, left in zip(block.shown, _texts(block), strict=True)
    )
    style = block.shown.style.hide(axis="index").format(latex_escaped)
    style = style.format_index(latex_escaped, axis="columns")
    caption = latex_escaped(f"{block.title}. {block.note}" if block.note else block.title)
    long = len(block.shown) > PAGE
    packages = "booktabs, longtable" if long else "booktabs"
    options: dict[str, Any] = {"environment": "longtable"} if long else {"position": "htbp"}
    text = style.to_latex(
        hrules=True, column_format=sides, caption=caption, label=f"tab:{block.name}", **options
    )
    return f"% \\usepackage{{{packages}}}\n{text}"


def left_columns(block: TableBlock) -> list[bool]:
    """Say which columns hold texts, and stand to the left."""
    return _texts(block)


def _texts(block: TableBlock) -> list[bool]:
    numbers = {"95% interval"}
    for name in block.shown.columns:
        cells = block.shown[name]
        if all(cell == formats.NOTHING or not cell or _is_number(cell) for cell in cells):
            numbers.add(name)
    return [name not in numbers for name in block.shown.columns]


def _is_number(cell: str) -> bool:
    return cell.lstrip("<-").replace(",", "").replace(".", "").rstrip("%").isdigit() or (
        cell.startswith(("over ", "under "))
    )


def _latex_side(cells: pd.Series, left: bool) -> str:
    """Give a column of long texts a width at which they wrap."""
    if not left:
        return "r"
    longest = int(cells.str.len().max()) if len(cells) else 0
    return "l" if longest <= WRAP else f"p{{{WRAP // 2}em}}"
