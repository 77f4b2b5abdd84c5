"""Codes as the words that a release gives them, and values as people read them."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Hashable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from belbiotech.dataset.documents.manifest import Manifest
from belbiotech.dataset.facts.wording import fact_text

__all__ = ["Row", "Words", "file_stem", "is_web_link", "shown"]

PLAIN_ID = re.compile(r"(?!x_)[a-z0-9][a-z0-9_-]{0,99}")  # one file a name, also where case is lost
Row = Mapping[Hashable, Any]


class Words:
    """The labels of one release.

    Parameters
    ----------
    manifest : Manifest
        What the release says of its columns.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._codes = {
            (name, column.name): column.allowed
            for name, table in manifest.tables.items()
            for column in table.columns
        }
        self._titles = {
            (name, column.name): column.title or column.name
            for name, table in manifest.tables.items()
            for column in table.columns
        }

    def codes(self, table: str, column: str) -> dict[str, str]:
        """Give a column's codes with their labels, a code without one as it is."""
        allowed = self._codes.get((table, column), {})
        return {code: label or code for code, label in allowed.items()}

    def label(self, table: str, column: str, value: object) -> str:
        """Say a code in words; any other value as people read it."""
        return self.codes(table, column).get(str(value)) or shown(value)

    def title(self, table: str, column: str) -> str:
        """Give the label of a column."""
        return self._titles.get((table, column), column)

    def fate(self, firm: Row) -> str:
        """Say how a firm left the panel, and when."""
        if not isinstance(firm["exit_kind"], str):
            return "No exit recorded"
        label = self.label("firms", "exit_event", firm["exit_event"]).split(" (")[0]
        return f"{label}, {shown(firm['exit_year'])}"

    def fact(self, table: str, row: Row) -> str:
        """Say what a fact states, its codes in words."""
        told = {
            name: self.label(table, str(name), value)
            if isinstance(value, str) and self.codes(table, str(name))
            else value
            for name, value in row.items()
        }
        return fact_text(table, told)


def shown(value: object) -> str:
    """Write a value for people: nothing where it is missing, yes and no, no empty decimals.

    Parameters
    ----------
    value : object
        A cell of a table.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> shown(None), shown(True), shown(12.0), shown(0.5), shown("Ghent")
    ('', 'yes', '12', '0.5', 'Ghent')
    """
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def file_stem(name: str) -> str:
    """Give the name of an id's file: the id itself where that is plain, else a sum of it.

    Parameters
    ----------
    name : str
        The id of a firm.

    Returns
    -------
    str
        Letters, digits, hyphens and underscores only; different for different ids.

    Examples
    --------
    >>> file_stem("ablynx"), file_stem("../a")
    ('ablynx', 'x_61b4c98bfb92bdc9')
    """
    if PLAIN_ID.fullmatch(name):
        return name
    return f"x_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def is_web_link(address: object) -> bool:
    """Tell whether an address leads to a page of the web, and not to a script or a file.

    Parameters
    ----------
    address : object
        As the facts have it.

    Returns
    -------
    bool
        True for http and https with a host.

    Examples
    --------
    >>> is_web_link("https://example.org/a"), is_web_link("javascript:alert(1)")
    (True, False)
    """
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
