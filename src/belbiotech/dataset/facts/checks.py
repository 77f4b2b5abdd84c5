"""The rules that single values must keep, by kind of column, and how a breach is told.

Each rule's text follows the value in a message: ``'2019-13' is no date; write ...``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

import pandas as pd
import pandera.pandas as pa

from belbiotech.dataset.facts.dates import FIRST_YEAR, LAST_YEAR, is_date
from belbiotech.dataset.facts.iso import COUNTRIES, CURRENCIES, FORMER_CURRENCIES, LANGUAGES

__all__ = [
    "AMOUNT",
    "ENTERPRISE",
    "ID",
    "MISSING",
    "NOT_PLAIN",
    "UNKNOWN",
    "is_plain",
    "text_checks",
    "typed_checks",
]

MISSING = "not_nullable"  # pandera's name for this check
NOT_PLAIN = (
    "has a sign that cannot be seen, or a letter built from parts (not Unicode NFC); retype it"
)
UNKNOWN = "is not an allowed value"
ID = r"[A-Za-z0-9][A-Za-z0-9._-]*"
AMOUNT = r"-?[0-9]{1,9}(\.[0-9]{1,6})?"
ENTERPRISE = r"[01][0-9]{3}\.[0-9]{3}\.[0-9]{3}"

Test = Callable[[pd.Series], pd.Series]
Rule = tuple[Test, str]


def text_checks(kind: str, values: Mapping[str, str]) -> list[pa.Check]:
    """Give the checks for a column of texts.

    Parameters
    ----------
    kind : str
        The column's kind, as in :class:`~belbiotech.dataset.facts.fields.Field`.
    values : mapping
        Its allowed codes, if it is a ``code``.

    Returns
    -------
    list of pandera.Check
        In the order in which they should be told.
    """
    rules = [*PLAIN, *TEXT_RULES.get(kind, [])]
    if kind == "code":
        rules.append((lambda texts: texts.isin(list(values)), UNKNOWN))
    return [_check(test, rule) for test, rule in rules]


def typed_checks(kind: str) -> list[pa.Check]:
    """Give the checks for a column of numbers, or for one of booleans.

    Parameters
    ----------
    kind : str
        ``amount``, ``year``, ``count``, ``flag`` or ``bool``.

    Returns
    -------
    list of pandera.Check
        None for booleans: their type says all.
    """
    return [_check(test, rule) for test, rule in TYPED_RULES[kind]]


def _check(test: Test, rule: str) -> pa.Check:
    """Make a check that looks at each different value once."""

    def passes(column: pd.Series) -> pd.Series:
        different = column.drop_duplicates()
        bad = different[~test(different).astype(bool)]
        return ~column.isin(bad) if len(bad) else pd.Series(True, index=column.index)

    return pa.Check(passes, error=rule)


def is_plain(text: str) -> bool:
    r"""Tell whether all signs can be seen, a blank aside, and no letter is built from parts.

    Parameters
    ----------
    text : str
        A cell of the facts.

    Returns
    -------
    bool
        False for control characters, signs that are none in Unicode, and what is not NFC.

    Examples
    --------
    >>> is_plain("Li\u00e8ge"), is_plain("Lie\u0300ge"), is_plain("\x1b[31mred")
    (True, False, False)
    """
    return text.isprintable() and unicodedata.is_normalized("NFC", text)


def _check_digits(numbers: pd.Series) -> pd.Series:
    # KBO/BCE: the last two of the ten digits are 97 minus the first eight modulo 97.
    digits = numbers.str.replace(".", "", regex=False)
    base, last = digits.str[:8], digits.str[8:]
    known = digits.str.fullmatch("[0-9]{10}")
    expected = 97 - pd.to_numeric(base.where(known)) % 97
    return pd.to_numeric(last.where(known)) == expected


def _is_region(codes: pd.Series) -> pd.Series:
    belgian = codes.isin(["BE-VLG", "BE-WAL", "BE-BRU"])
    shaped = codes.str.fullmatch("[A-Z]{2}-[A-Z0-9]{1,3}")
    abroad = codes.str[:2].isin(COUNTRIES) & ~codes.str.startswith("BE")
    return belgian | (shaped & abroad)


def _parts_are_clean(lists: pd.Series) -> pd.Series:
    parts = lists.str.split(";")
    return parts.map(lambda names: all(name and name == name.strip() for name in names))


def _parts_differ(lists: pd.Series) -> pd.Series:
    return lists.str.split(";").map(lambda names: len(set(names)) == len(names))


PLAIN: list[Rule] = [
    (lambda texts: texts == texts.str.strip(), "has blanks at its ends; take them away"),
    (
        lambda texts: texts.map(is_plain),
        NOT_PLAIN,
    ),
]

TEXT_RULES: dict[str, list[Rule]] = {
    "id": [
        (
            lambda texts: texts.str.fullmatch(ID),
            "is no id; use letters, digits, '-', '_' and '.', beginning with a letter or digit",
        )
    ],
    "list": [
        (_parts_are_clean, "is no list; write the parts with ';' between them, without blanks"),
        (_parts_differ, "names a part twice"),
    ],
    "date": [
        (is_date, "is no date; write YYYY, YYYY-MM or YYYY-MM-DD, of a day that exists"),
    ],
    "amount": [
        (
            lambda texts: texts.str.fullmatch(AMOUNT),
            "is no number; write millions with digits and a point, like 12.5",
        ),
        (
            lambda texts: ~texts.str.startswith("-"),
            "is negative; amounts are zero or more",
        ),
    ],
    "country": [
        (lambda texts: texts.isin(COUNTRIES), "is no country; write ISO 3166-1 alpha-2, like BE")
    ],
    "currency": [
        (
            lambda texts: texts.isin([*CURRENCIES, *FORMER_CURRENCIES]),
            "is no currency; write ISO 4217, like EUR",
        )
    ],
    "region": [
        (
            _is_region,
            "is no region; write BE-VLG, BE-WAL or BE-BRU, or ISO 3166-2 for another country",
        )
    ],
    "enterprise": [
        (
            lambda texts: texts.str.fullmatch(ENTERPRISE),
            "is no enterprise number; write NNNN.NNN.NNN, beginning with 0 or 1",
        ),
        (
            _check_digits,
            "is no enterprise number: its last two digits must be 97 minus the first eight "
            "modulo 97; look for a mistyped digit",
        ),
    ],
    "url": [
        (
            lambda texts: texts.str.fullmatch(r"https?://\S+\.\S+"),
            "is no address; write it in full, from http:// or https:// on",
        )
    ],
    "language": [(lambda texts: texts.isin(LANGUAGES), "is no language; write ISO 639-1, like nl")],
}

TYPED_RULES: dict[str, list[Rule]] = {
    "amount": [(lambda numbers: numbers >= 0, "is negative; amounts are zero or more")],
    "year": [
        (
            lambda years: years.between(FIRST_YEAR, LAST_YEAR),
            f"is no year from {FIRST_YEAR} to {LAST_YEAR}",
        )
    ],
    "count": [(lambda numbers: numbers >= 0, "is negative; a count is zero or more")],
    "flag": [(lambda numbers: numbers.isin([0, 1]), "is neither 0 nor 1")],
    "bool": [],
}
