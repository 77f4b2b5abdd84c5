"""Numbers by which registers identify firms: their forms and their check digits."""

from __future__ import annotations

import re

__all__ = [
    "belgian_number",
    "enterprise_check",
    "enterprise_digits",
    "is_lei",
    "is_siren",
    "written_number",
]


def enterprise_digits(column: str) -> str:
    """Write in SQL: a Belgian enterprise number as a whole number, whatever stands between digits.

    Parameters
    ----------
    column : str
        An expression of SQL, a text.

    Returns
    -------
    str
        An expression, NULL where the text has other than nine or ten digits. Numbers from before
        2005 had nine; a zero goes before them.
    """
    digits = f"regexp_replace({column}, '[^0-9]', '', 'g')"
    return (
        f"case when regexp_full_match({column}, ' *[0-9. -]{{9,14}} *') "
        f"and length({digits}) in (9, 10) then cast({digits} as bigint) end"
    )


def enterprise_check(column: str) -> str:
    """Write in SQL: whether the check digits of a whole number are right.

    Parameters
    ----------
    column : str
        An expression of SQL, a whole number.

    Returns
    -------
    str
        An expression, a truth value.
    """
    # KBO/BCE: the last two of the ten digits are 97 minus the first eight modulo 97.
    return f"({column} < 2000000000 and 97 - ({column} // 100) % 97 = {column} % 100)"


def belgian_number(text: str | None) -> str | None:
    """Read a Belgian enterprise or VAT number.

    Parameters
    ----------
    text : str or None
        As people write it: ``BE0882251820``, ``BE 0882.251.820``, ``882.251.820``.

    Returns
    -------
    str or None
        ``NNNN.NNN.NNN``; None if it is no such number, or its check digits are wrong.

    Examples
    --------
    >>> belgian_number("BE0882251820"), belgian_number("BE 882.251.820")
    ('0882.251.820', '0882.251.820')
    >>> belgian_number("BE0882251821") is None
    True
    """
    digits = re.sub(r"[^0-9]", "", text or "")
    shaped = re.fullmatch(r"\s*(BE)?[\s.-]*[0-9][0-9.\s-]*", text or "", re.IGNORECASE)
    if not shaped or len(digits) not in (9, 10):
        return None
    number = int(digits)
    right = number < 2_000_000_000 and 97 - number // 100 % 97 == number % 100
    return written_number(number) if right else None


def written_number(number: int) -> str:
    """Write an enterprise number as the register does.

    Examples
    --------
    >>> written_number(882251820)
    '0882.251.820'
    """
    digits = f"{number:010d}"
    return f"{digits[:4]}.{digits[4:7]}.{digits[7:]}"


def is_lei(text: str | None) -> bool:
    """Tell whether a text is a legal entity identifier: ISO 17442, check digits of ISO 7064.

    Examples
    --------
    >>> is_lei("5493001KJTIIGC8Y1R12"), is_lei("5493001KJTIIGC8Y1R13")
    (True, False)
    """
    if not re.fullmatch(r"[A-Z0-9]{18}[0-9]{2}", text or ""):
        return False
    return int("".join(str(int(sign, 36)) for sign in str(text))) % 97 == 1


def is_siren(text: str | None) -> bool:
    """Tell whether a text is a SIREN: nine digits, Luhn's sum a multiple of ten.

    Examples
    --------
    >>> is_siren("552100554"), is_siren("552100555")
    (True, False)
    """
    if not re.fullmatch(r"[0-9]{9}", text or ""):
        return False
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(str(text)))]
    return sum(d if d < 10 else d - 9 for d in doubled) % 10 == 0
