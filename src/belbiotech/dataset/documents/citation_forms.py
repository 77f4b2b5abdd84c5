"""Works as entries of a list of references: BibTeX, APA, RIS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["FORMS", "PAPER", "Work"]


@dataclass(frozen=True)
class Work:
    """A data set, a program or an article.

    Attributes
    ----------
    key : str
        Its name in a BibTeX file.
    kind : {"data", "software", "article"}
        What it is.
    authors : tuple of str
        ``Family, Given``, or the name of a group.
    title : str
        Its title.
    year : str or None
        None if not known.
    version : str
        Of data and programs.
    journal, volume, article, doi : str
        Of articles.
    """

    key: str
    kind: Literal["data", "software", "article"]
    authors: tuple[str, ...]
    title: str
    year: str | None = None
    version: str = ""
    journal: str = ""
    volume: str = ""
    article: str = ""
    doi: str = ""


PAPER = Work(
    key="segers2015",
    kind="article",
    authors=("Segers, Jean-Pierre",),
    title="The interplay between new technology based firms, strategic alliances and open "
    "innovation, within a regional systems of innovation context. The case of the biotechnology "
    "cluster in Belgium",
    year="2015",
    journal="Journal of Global Entrepreneurship Research",
    volume="5",
    article="16",
    doi="10.1186/s40497-015-0034-7",
)
"""The paper whose question the data shall answer."""

BIBTEX_KINDS = {"data": "dataset", "software": "software", "article": "article"}
RIS_KINDS = {"data": "DATA", "software": "COMP", "article": "JOUR"}
APA_KINDS = {"data": "Data set", "software": "Computer software"}


def _bibtex(work: Work) -> str:
    """Write an entry for biblatex; braces keep a group's name and a title's capitals."""
    authors = [name if "," in name else f"{{{name}}}" for name in work.authors]
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{work.title}}}",
        "year": work.year,
        "version": work.version,
        "journal": work.journal,
        "volume": work.volume,
        "number": work.article,
        "doi": work.doi,
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{BIBTEX_KINDS[work.kind]}{{{work.key},", *lines, "}"])


def _apa(work: Work) -> str:
    """Write a reference in the style of the APA, 7th edition."""
    authors = " & ".join(_initials(name) for name in work.authors).removesuffix(".")
    head = f"{authors}. ({work.year or 'n.d.'}). {work.title}"
    if work.kind == "article":
        where = f"{work.journal}, {work.volume}, Article {work.article}"
        return f"{head}. {where}. https://doi.org/{work.doi}"
    return f"{head} (Version {work.version}) [{APA_KINDS[work.kind]}]."


def _initials(name: str) -> str:
    """Shorten given names: ``Segers, Jean-Pierre`` becomes ``Segers, J.-P.``."""
    family, comma, given = name.partition(", ")
    short = " ".join("-".join(f"{part[0]}." for part in word.split("-")) for word in given.split())
    return f"{family}, {short}" if comma else name


def _ris(work: Work) -> str:
    """Write a record that reference managers read: two letters, two blanks, a dash, the value."""
    fields = [
        ("TY", RIS_KINDS[work.kind]),
        *(("AU", name) for name in work.authors),
        ("TI", work.title),
        ("PY", work.year),
        ("ET", work.version),
        ("JO", work.journal),
        ("VL", work.volume),
        ("SP", work.article),
        ("DO", work.doi),
    ]
    return "\n".join([*(f"{tag}  - {value}" for tag, value in fields if value), "ER  - "])


def _joined(form: Callable[[Work], str], between: str) -> Callable[[Iterable[Work]], str]:
    return lambda works: between.join(map(form, works)) + "\n"


FORMS: Mapping[str, Callable[[Iterable[Work]], str]] = {
    "bibtex": _joined(_bibtex, "\n\n"),
    "apa": _joined(_apa, "\n"),
    "ris": _joined(_ris, "\n"),
}
"""Name of a form to the function that writes works in it."""
