"""What columns, levels and groups are called where a person reads.

Words come from the user (``labels=``), else from the codebook of the package's own data, which is
told to this room from above (`tell_codebook`): statistics know no firms. What has no words is
written with spaces for underscores.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from belbiotech.errors import FitError, PanelError, a_type_of
from belbiotech.survival.inference.levels import TIMES, column_of, factor_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEVEL", "Labels", "tell_codebook", "words_with"]

FACTOR = re.compile(r"^(?:C\()?(?P<column>\w+)(?:,.*)?\)?\[(?:T\.)?(?P<level>.+)\]$")
LEVEL = re.compile(r"(?:.*\[T\.|\[)(.*)\]$")  # the last: cut(x, [0, 5]) has brackets, too
RAW_FACTOR = re.compile(r"'?C\(\w+[^\[\]]*?\)\[T\.[^\]]+\]'?")
RAW_QUOTED = re.compile(r"(?<!\[)'(\w+)'")  # not in code: data['start']
RAW_COMPARED = re.compile(r"\b[a-z]\w*(?= (?:=|below|above) )")
RAW_NAME = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
POSITIVE = re.compile(r"^I\((?P<column>\w+) > 0\)$")
BLANK = "(blank)"  # what stands for a name without any letter, as on figures
YES_NO = {"True": "yes", "False": "no"}
ONE_ZERO = {"1": "yes", "0": "no"}


@dataclass(frozen=True)
class Labels:
    """What columns and codes are called where a person reads.

    Attributes
    ----------
    titles : mapping of str to str
        Column to its title.
    codes : mapping of str to mapping
        Column to its codes, each with its label.
    own : mapping of str to str
        What the user gave: columns, and values of any column, in the place of all others.
    """

    titles: Mapping[str, str]
    codes: Mapping[str, Mapping[str, str]]
    own: Mapping[str, str] = field(default_factory=dict)

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
        if not isinstance(titles, Mapping):
            msg = f"labels is a mapping such as {{'size': 'Employees'}}, not {a_type_of(titles)}"
            raise PanelError(msg)
        return Labels({**self.titles, **titles}, {**self.codes, **(codes or {})}, self.own)

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
        if name in self.own:
            return self.own[name]
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
        >>> from belbiotech.report.labels import data_labels
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

    def title(self, name: str) -> str:
        """Give a column's title, or its name with spaces for underscores.

        Examples
        --------
        >>> Labels({"size": "Employees"}, {}).title("size"), Labels({}, {}).title("n_firms")
        ('Employees', 'n firms')
        """
        plain = name.strip("`")
        return self.own.get(plain) or self.titles.get(plain, plain.replace("_", " "))

    def level(self, column: str, value: object) -> str:
        """Give a value of a column its label, or what it is.

        Examples
        --------
        >>> Labels({}, {"region": {"BE-WAL": "Wallonia"}}).level("region", "BE-WAL")
        'Wallonia'
        """
        text = str(value)
        known = self.codes.get(column, {}).get(text, YES_NO.get(text, text))
        return self.own.get(text, known if known.strip() else BLANK)

    def coefficient(self, name: str, times: str = " x ") -> str:
        """Say what a coefficient belongs to, an interaction with all its parts.

        Parameters
        ----------
        name : str
            A coefficient's name.
        times : str
            Between the parts of an interaction.

        Returns
        -------
        str
            Words, whatever the name is.

        Examples
        --------
        >>> Labels({"size": "Employees"}, {}).coefficient("C(region)[T.BE-WAL]:size")
        'region: BE-WAL x Employees'
        """
        return times.join(self._part(part).strip() or BLANK for part in TIMES.split(name))

    def _part(self, part: str) -> str:
        factor, found = factor_of(part), LEVEL.search(part)
        if factor is not None and found is not None:
            column = column_of(factor)
            return f"{self.title(column)}: {self.level(column, found[1])}"
        if column_of(part) != part:  # a factor by itself
            return self.title(column_of(part))
        if part.strip("`") in self.own:
            return self.own[part.strip("`")]
        if positive := POSITIVE.match(part):
            return f"Any: {self.title(positive['column'])}"
        try:
            return self.term(part)
        except PanelError:
            if part.strip("`").replace(" ", "_").isidentifier():
                return self.title(part)
            return RAW_NAME.sub(lambda found: self.title(found[0]), part)

    def groups(self, columns: Sequence[str], groups: Sequence[Hashable]) -> dict[Hashable, str]:
        """Name groups of rows: a text by its label, a number or a yes and no with its column.

        Parameters
        ----------
        columns : sequence of str
            What makes the groups.
        groups : sequence
            Values of a single column; texts such as ``a=1, b=x`` of several.

        Returns
        -------
        dict of group to str
            In the order given.

        Examples
        --------
        >>> Labels({}, {}).groups(["listed"], [False, True])
        {False: 'listed: no', True: 'listed: yes'}
        >>> Labels({}, {}).groups(["size", "era"], ["size=2, era=late"])
        {'size=2, era=late': 'size: 2, late'}
        """
        if len(columns) == 1:
            return {group: self._group(columns[0], group) for group in groups}
        pattern = ", ".join(f"{re.escape(name)}=(.*)" for name in columns)
        found = {group: re.fullmatch(pattern, str(group)) for group in groups} if columns else {}
        named = {}
        for group in groups:
            match = found.get(group)
            parts = zip(columns, match.groups(), strict=True) if match else ()
            named[group] = self.own.get(str(group)) or ", ".join(
                self._group(column, value) for column, value in parts
            )
        return {group: name or str(group) for group, name in named.items()}

    def _group(self, column: str, value: object) -> str:
        text = str(value)
        if text in self.own:
            return self.own[text]
        codes = self.codes.get(column, {})
        if text in YES_NO or set(codes) == set(ONE_ZERO) and text in ONE_ZERO:
            return f"{self.title(column)}: {(YES_NO | ONE_ZERO)[text]}"
        if text in codes or not _is_number(text):
            return self.level(column, value)
        return f"{self.title(column)}: {text}"

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
        >>> from belbiotech.report.labels import data_labels
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


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _Codebook:
    """The place where the package puts its codebook, once, when it is imported."""

    read: Callable[[], Labels] = staticmethod(lambda: Labels({}, {}))


def tell_codebook(read: Callable[[], Labels]) -> None:
    """Say where words come from by default; read at their first use, as that takes a second."""
    _Codebook.read = staticmethod(read)


def words_with(labels: Mapping[str, str] | None = None) -> Labels:
    """Give the codebook's words, and the user's in place of them.

    Parameters
    ----------
    labels : mapping of str to str, optional
        A column, or a value of one, to what is written for it.

    Returns
    -------
    Labels
        Both.

    Raises
    ------
    FitError
        Something else than a mapping of texts.

    Examples
    --------
    >>> words_with({"size": "Employees"}).title("size")
    'Employees'
    """
    if labels is not None and not isinstance(labels, Mapping):
        msg = f"labels is a mapping such as {{'size': 'Employees'}}, not {a_type_of(labels)}"
        raise FitError(msg)
    own = {str(name): str(text) for name, text in (labels or {}).items()}
    return replace(_Codebook.read(), own=own)
