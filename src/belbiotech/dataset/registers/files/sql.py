"""Pieces of SQL that several readers use."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["blank_rows", "clean", "firm_name", "national_number"]


def clean(column: str) -> str:
    """Write in SQL: a text as facts take it.

    Parameters
    ----------
    column : str
        An expression of SQL, a text.

    Returns
    -------
    str
        An expression: signs that can be seen, one blank between words, letters not built from
        parts, and no semicolon, since lists of names are written with it.
    """
    return (
        f"nfc_normalize(trim(regexp_replace(replace({column}, ';', ','), "
        "'[\\p{C}\\p{Z}]+', ' ', 'g')))"
    )


def firm_name(column: str, forms: Iterable[str]) -> str:
    """Write in SQL: a name that has a legal form among its words, NULL for any other.

    Parameters
    ----------
    column : str
        An expression of SQL, a text.
    forms : iterable of str
        Legal forms, small letters without points.

    Returns
    -------
    str
        An expression.
    """
    listed = ", ".join(f"'{form}'" for form in sorted(forms))
    words = f"string_split(regexp_replace(lower({column}), '[.,()]', '', 'g'), ' ')"
    return f"case when list_has_any({words}, [{listed}]) then {column} end"


def national_number(column: str) -> str:
    """Write in SQL: a whole number as a Belgian enterprise number, NNNN.NNN.NNN."""
    return (
        f"format('{{:04d}}.{{:03d}}.{{:03d}}', {column} // 1000000, ({column} // 1000) % 1000, "
        f"{column} % 1000)"
    )


def blank_rows(columns: Iterable[str]) -> str:
    """Write in SQL: a table of texts without rows."""
    return "select " + ", ".join(f"null::varchar as {name}" for name in columns) + " where false"
