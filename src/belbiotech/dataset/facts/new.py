"""An empty, valid, documented set of facts to start from, and the columns in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from belbiotech.dataset.facts.fields import FACTS, TABLES, Field
from belbiotech.errors import FactsError

__all__ = ["facts_codebook", "new_facts"]

README = """# Facts

One row, one fact, one page that states it. Five files in UTF-8, with commas between the cells;
a text that holds a comma stands between quotes. A cell is filled only if a page says so; blank
means not stated. Check them with `belbiotech validate` and this folder, build a panel of them
with `belbiotech build`.

- Dates are YYYY, YYYY-MM or YYYY-MM-DD: as precise as the page, and no more.
- Amounts are in millions, with a point, in the currency of the page; never converted.
- Countries are ISO 3166-1 alpha-2 (BE), currencies ISO 4217 (EUR).
- Regions are ISO 3166-2: for Belgium the three that are listed below, for any other country any
  of its codes (DE-BY, FR-IDF); nothing needs to be declared.
- Another industry may have segments and origins of its own: list them in a file `values.csv`
  with the columns column (segment or origin), value (the code) and label.
- Where pages disagree, choose one, and write the other value and its page into the note.

"""


def new_facts(folder: str | Path) -> Path:
    """Write an empty set of facts to start from: five files with headers, and their codebook.

    Parameters
    ----------
    folder : str or Path
        Where to; it is made if it is not there.

    Returns
    -------
    Path
        The folder. :func:`belbiotech.read_facts` reads it: no facts yet, and no problem.

    Raises
    ------
    FactsError
        A file of one of these names is there already; nothing is written then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     sorted(path.name for path in new_facts(folder).iterdir())
    ['README.md', 'alliances.csv', 'events.csv', 'financings.csv', 'firms.csv', 'sources.csv']
    """
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise FactsError([f"{target}: is a file; name a folder"])
    texts = {f"{name}.csv": ",".join(fields) + "\n" for name, fields in FACTS.items()}
    texts["README.md"] = README + facts_codebook()
    there = [name for name in texts if (target / name).exists()]
    if there:
        raise FactsError(
            [f"{target / name}: is there already; name another folder" for name in there]
        )
    target.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8", newline="\n")
    return target


def facts_codebook() -> str:
    """Write the columns of the facts in words.

    Returns
    -------
    str
        Markdown: a section for each file, with a row for each column.

    Examples
    --------
    >>> facts_codebook().splitlines()[0]
    '## firms.csv'
    """
    return "\n".join(line for name in FACTS for line in _section(name))


def _section(name: str) -> Iterator[str]:
    yield from (f"## {name}.csv", "", f"{TABLES[name]}.", "")
    yield from ("| column | must | what | values |", "|---|---|---|---|")
    for column, field in FACTS[name].items():
        must = "yes" if field.required else ""
        yield f"| {column} | {must} | {field.description} | {_values(field)} |"
    yield ""


def _values(field: Field) -> str:
    if field.values:
        return "; ".join(f"{code} ({label})" for code, label in field.values.items())
    words = {"date": "date", "list": "texts between semicolons", "currency": "ISO 4217"}
    words |= {"amount": "millions", "country": "ISO 3166-1", "url": "http(s) address"}
    words |= {"id": "letters, digits, - _ .", "enterprise": "NNNN.NNN.NNN", "language": "ISO 639-1"}
    return words.get(field.kind, "text")
