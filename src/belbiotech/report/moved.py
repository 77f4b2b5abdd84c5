"""Two versions of a table: which numbers moved, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

__all__ = ["Move", "moves"]


@dataclass(frozen=True)
class Move:
    """One difference between two tables.

    Attributes
    ----------
    row : str
        The texts of its row, and which of several rows with these texts it is.
    column : str
        The column; empty where a whole row came or went.
    before, after : object
        The two values.
    """

    row: str
    column: str
    before: object
    after: object

    def __str__(self) -> str:
        if not self.column:
            return f"{self.row}: {self.after}"
        change = ""
        if isinstance(self.before, float) and isinstance(self.after, float):
            step = self.after - self.before
            share = f", {100 * step / abs(self.before):+.1f}%" if self.before else ""
            change = f" ({'+' if step >= 0 else ''}{step:.4g}{share})"
        return f"{self.row}, {self.column}: {_text(self.before)} -> {_text(self.after)}{change}"


def moves(before: pd.DataFrame, after: pd.DataFrame) -> list[Move]:
    """Compare two versions of a tidy table.

    Rows are told by their texts; where several have the same ones, by their order.

    Parameters
    ----------
    before, after : DataFrame
        The two versions.

    Returns
    -------
    list of Move
        Columns and rows that came or went, and every value that differs.

    Examples
    --------
    >>> before = pd.DataFrame({"model": ["a", "b"], "hazard_ratio": [0.8, 1.0]})
    >>> after = pd.DataFrame({"model": ["a", "c"], "hazard_ratio": [0.9, 1.0]})
    >>> for move in moves(before, after):
    ...     print(move)
    a, hazard_ratio: 0.8 -> 0.9 (+0.1, +12.5%)
    b: row gone
    c: row new
    """
    found = [
        Move("all rows", "", None, f"column {name} gone") for name in before if name not in after
    ]
    found += [
        Move("all rows", "", None, f"column {name} new") for name in after if name not in before
    ]
    shared = [str(name) for name in before if name in after]
    texts = [name for name in shared if _is_text(before[name]) and _is_text(after[name])]
    old, new = _by_row(before[shared], texts), _by_row(after[shared], texts)
    for row, values in old.items():
        if row not in new:
            found.append(Move(row, "", None, "row gone"))
            continue
        for column in shared:
            one, other = _value(values[column]), _value(new[row][column])
            if one != other:
                found.append(Move(row, column, one, other))
    return found + [Move(row, "", None, "row new") for row in new if row not in old]


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)


def _by_row(table: pd.DataFrame, texts: list[str]) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = {}
    seen: dict[str, int] = {}
    for record in table.to_dict("records"):
        name = ", ".join(str(record[column]) for column in texts if not pd.isna(record[column]))
        seen[name] = seen.get(name, 0) + 1
        label = name if seen[name] == 1 and name else f"{name} row {seen[name]}".strip()
        rows[label] = {str(column): value for column, value in record.items()}
    return rows


def _value(value: object) -> object:
    """Make numbers floats, and missing values None, which are equal to each other."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    return float(value) if isinstance(value, int | float) else value


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
