"""What a report is made of: text, tables, figures, findings, and what the fits warned of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Block", "FigureBlock", "Finding", "Heading", "TableBlock", "Text", "Warned"]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class TableBlock:
    """A table.

    Attributes
    ----------
    name : str
        Of its files.
    title : str
        What it shows.
    data : DataFrame
        Tidy, for machines: this is written as CSV.
    shown : DataFrame
        For people: every cell a text, every column with its title.
    note : str
        Units, N, events, and how it was made.
    """

    name: str
    title: str
    data: pd.DataFrame
    shown: pd.DataFrame
    note: str = ""


@dataclass(frozen=True)
class FigureBlock:
    """A figure.

    Attributes
    ----------
    name : str
        Of its files.
    title : str
        What it shows.
    figure : matplotlib Figure
        The figure itself.
    note : str
        Units, N, events, and how it was made.
    """

    name: str
    title: str
    figure: Figure
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """A proposition, and what the data say of it.

    Attributes
    ----------
    proposition : str
        As stated.
    sentences : tuple of str
        What was found, with numbers.
    """

    proposition: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Warned:
    """What the fits of a section warned of."""

    texts: tuple[str, ...]


Block = Heading | Text | TableBlock | FigureBlock | Finding | Warned
