"""Dates as registers write them, in SQL: several forms in, one form out."""

from __future__ import annotations

__all__ = ["FORMS", "day"]

FORMS = (
    "%d-%m-%Y",
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%Y%m%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
)


def day(column: str) -> str:
    """Write in SQL: the day that a text states.

    Parameters
    ----------
    column : str
        An expression of SQL, a text; a time after the day, and a zone, are passed over.

    Returns
    -------
    str
        An expression of type date; NULL if no form fits, or there is no such day. A day before a
        month: Belgian files write 04-05-2020 for the fourth of May.
    """
    forms = ", ".join(f"'{form}'" for form in FORMS)
    plain = f"regexp_replace(trim({column}), '(\\.[0-9]+)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?$', '')"
    cut = f"case when length(trim({column})) > 10 then {plain} else trim({column}) end"
    found = f"cast(try_strptime({cut}, [{forms}]) as date)"
    # %Y takes years of two digits too: of 01-02-10 nobody knows which is the year
    return f"case when {found} >= date '0100-01-01' then {found} end"
