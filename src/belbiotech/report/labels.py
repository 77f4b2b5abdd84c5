"""Words for columns and for the terms of a model, from the schemas of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from belbiotech.dataset.panel.schemas import PROCESSED
from belbiotech.errors import PanelError

__all__ = ["Labels", "data_labels"]

FACTOR = re.compile(r"^(?:C\()?(?P<column>\w+)(?:,.*)?\)?\[(?:T\.)?(?P<level>.+)\]$")
RAW_FACTOR = re.compile(r"'?C\(\w+[^\[\]]*?\)\[T\.[^\]]+\]'?")
RAW_QUOTED = re.compile(r"(?<!\[)'(\w+)'")  # not in code: data['start']
RAW_COMPARED = re.compile(r"\b[a-z]\w*(?= (?:=|below|above) )")
RAW_NAME = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
POSITIVE = re.compile(r"^I\((?P<column>\w+) > 0\)$")


@dataclass(frozen=True)
class Labels:
    """What columns and codes are called where a person reads.

    Attributes
    ----------
    titles : mapping of str to str
        Column to its title.
    codes : mapping of str to mapping
        Column to its codes, each with its label.
    """

    titles: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]]

    def with_more(
        self,
        titles: Mapping[str, str],
        codes: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Labels:
        """Add columns of one's own.

        Parameters
        ----------
        titles : mapping of str to str
            Column to its title.
        codes : mapping of str to mapping, optional
            Column to its codes with their labels.

        Returns
        -------
        Labels
            With the new ones beside, or in place of, the old ones.
        """
        return Labels({**self.titles, **titles}, {**self.codes, **(codes or {})})

    def column(self, name: str) -> str:
        """Give a column's title.

        Parameters
        ----------
        name : str
            The column.

        Returns
        -------
        str
            Its title.

        Raises
        ------
        PanelError
            A column without one: a raw name must not reach a reader.
        """
        if name not in self.titles:
            msg = f"column {name!r} has no title; give it one with Labels.with_more"
            raise PanelError(msg)
        return self.titles[name]

    def values(self, name: str, values: pd.Series) -> pd.Series:
        """Give codes their labels.

        Parameters
        ----------
        name : str
            The column.
        values : Series
            Its codes.

        Returns
        -------
        Series of str
            Labels; a value that is no code stays as it is.
        """
        known = self.codes.get(name, {})
        return values.map(lambda value: known.get(str(value), str(value)))

    def term(self, name: str) -> str:
        """Say what a coefficient belongs to.

        Parameters
        ----------
        name : str
            A coefficient's name: ``alliances_active_lag1``, ``C(region)[T.BE-WAL]``,
            ``I(alliances_active_lag1 > 0)``.

        Returns
        -------
        str
            ``Active alliances, year before``; ``Region: Wallonia``; ``Any: ...``.

        Raises
        ------
        PanelError
            A column without a title.

        Examples
        --------
        >>> data_labels().term("alliances_active_lag1")
        'Active alliances, year before'
        >>> data_labels().term("C(region)[T.BE-WAL]")
        'Region: Wallonia'
        """
        if found := FACTOR.match(name):
            column, level = found["column"], found["level"]
            return f"{self.column(column)}: {self.codes.get(column, {}).get(level, level)}"
        if found := POSITIVE.match(name):
            return f"Any: {self.column(found['column'])}"
        return self.column(name)

    def in_words(self, text: str) -> str:
        """Put titles in the place of raw names: in a warning, or the reason of a failed fit.

        Parameters
        ----------
        text : str
            With coefficients, columns in quotes, compared with a value, or with an
            underscore.

        Returns
        -------
        str
            With what they are called.

        Examples
        --------
        >>> data_labels().in_words("4 events of 'failure', none with C(region)[T.BE-VLG] = 1")
        '4 events of failure, none with "Region: Flanders" = 1'
        """
        text = RAW_FACTOR.sub(lambda found: self._quoted(found[0]), text)
        text = RAW_QUOTED.sub(lambda found: self._plain(found[1], found[0]), text)
        text = RAW_COMPARED.sub(lambda found: self._quoted(found[0]), text)
        return RAW_NAME.sub(lambda found: self._quoted(found[0]), text)

    def _quoted(self, name: str) -> str:
        try:
            return f'"{self.term(name.strip(chr(39)))}"'
        except PanelError:
            return name

    def _plain(self, name: str, otherwise: str) -> str:
        label = self.codes.get("outcome", {}).get(name, self.titles.get(name))
        return otherwise if label is None else label[0].lower() + label[1:]


def data_labels() -> Labels:
    """Collect the titles and codes of all tables of a release.

    Returns
    -------
    Labels
        Those of the panel first.
    """
    titles: dict[str, str] = {}
    codes: dict[str, Mapping[str, str]] = {}
    for schema in PROCESSED.values():
        for name, column in schema.columns.items():
            titles.setdefault(name, str(column.title))
            codes.setdefault(name, dict((column.metadata or {}).get("values", {})))
    return Labels(titles, codes)
