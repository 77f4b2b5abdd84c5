"""Belgian postal codes to regions, in SQL."""

from __future__ import annotations

__all__ = ["RANGES", "belgian_region"]

RANGES = (
    (1000, 1299, "BE-BRU"),
    (1300, 1499, "BE-WAL"),
    (1500, 3999, "BE-VLG"),
    (4000, 7999, "BE-WAL"),
    (8000, 9999, "BE-VLG"),
)
"""First and last postal code, and the region that all between them belong to."""


def belgian_region(column: str) -> str:
    """Write in SQL: the region of a postal code.

    Parameters
    ----------
    column : str
        An expression of SQL, a text.

    Returns
    -------
    str
        An expression, NULL for other than four digits from 1000 on.
    """
    shape = "^ *(?:[Bb][Ee]? *-? *)?([0-9]{4}) *$"
    code = f"try_cast(regexp_extract({column}, '{shape}', 1) as integer)"
    cases = " ".join(
        f"when {code} between {first} and {last} then '{region}'" for first, last, region in RANGES
    )
    return f"case {cases} end"
