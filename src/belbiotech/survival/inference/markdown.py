"""Tables as Markdown, for papers and notebooks."""

from __future__ import annotations

import pandas as pd

from belbiotech.errors import without_commands

__all__ = ["markdown_escaped", "markdown_table"]

MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*<|"} | {"\n": " "})


def markdown_escaped(text: object) -> str:
    r"""Escape what Markdown, or HTML in it, reads as a mark: no tags, no links, no cells.

    Examples
    --------
    >>> print(markdown_escaped("C(size)[T.<b>] | [a](b) of firm_id"))
    C(size)[T.\<b>] \| [a]\(b) of firm_id
    """
    one_line = str(text).replace("\r", " ")
    return without_commands(one_line).translate(MARKS).replace("](", "]\\(")


def markdown_table(table: pd.DataFrame, digits: int = 4) -> str:
    """Write a DataFrame as a Markdown table, without its index.

    Parameters
    ----------
    table : DataFrame
        What to write.
    digits : int
        Significant digits of its floats.

    Returns
    -------
    str
        Numbers to the right, texts to the left.

    Examples
    --------
    >>> import pandas as pd
    >>> print(markdown_table(pd.DataFrame({"group": ["a"], "median": [3.25]})))
    | group | median |
    | :--- | ---: |
    | a | 3.25 |
    """
    numbers = [pd.api.types.is_numeric_dtype(table[name]) for name in table.columns]
    lines = [
        [markdown_escaped(name) for name in table.columns],
        ["---:" if number else ":---" for number in numbers],
        *([_cell(value, digits) for value in row] for row in table.itertuples(index=False)),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(value: object, digits: int) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.{digits}g}"
    return markdown_escaped(value)
