"""An empty, valid, documented set of facts to start from, and the columns in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from belbiotech.dataset.facts.fields import FACTS, TABLES, Field
from belbiotech.errors import FactsError, WriteError, in_words

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
- Another industry or country has codes of its own: see `values.csv` below.
- Where pages disagree, choose one, and write the other value and its page into the note.

## What makes a firm-year count: published, entry, observed

Three cells decide which firm-years an estimate may use. Fill them with care.

- `published` in sources.csv is when the page came out, not when you read it, and not when the
  fact happened. In the panel, `observed` is true in a year if a dated page about the firm was
  published in one of the three years before it (`--follow-up` changes the three). A page without
  a date opens nothing: a firm with undated pages alone has rows, and none of them observed.
- Entry: a firm enters the risk set in its first observed year, at the age that it has then, and
  not at its founding. It had to live until somebody wrote about it; the years before would be
  years in which it could not die. So write down the *earliest* page about each firm, too, and
  not only the page on its end: a page that states an exit opens no observation.
- A firm that nobody writes about for three years goes out of observation, alive or dead, and
  comes back with the next page. An event `observed_active` (seen operating) with a dated page keeps
  a quiet firm in.
- `founded` gives the age. A firm without it is in `firms` and not in the panel.

## Codes of your own: values.csv

A sixth file, if you need it, adds codes to those that are listed below:

    column,value,label,means
    segment,payments,Payments,
    origin,bank_spinoff,Spin-off of a bank,
    partner_type,bank,Bank,downstream
    alliance_type,white_label,White label,exploitation
    event,licence_lost,Licence withdrawn,failure
    round,token_sale,Sale of tokens,
    enterprise_number,DE,Handelsregister,"HR[AB] [0-9]{1,6}"

`column` is segment, origin, partner_type, alliance_type, firm_role, event, round or
enterprise_number; `value` is the code, in small letters, digits and `_`; `label` is what tables
and figures print. `means` is what the panel does with it:

- of a partner_type where such partners stand: upstream, horizontal or downstream (must);
- of an alliance_type what it is for: exploration or exploitation; blank counts in neither;
- of an event how it ends a firm's life: failure, acquisition, relocation (the firm goes on
  elsewhere) or closure (an end that is none of these); blank: life goes on;
- of an enterprise_number, whose `value` is a country, a regular expression that the whole number
  of each firm of that country must fit. Numbers must differ between countries, too: put the
  country's letters into them where they might not;
- blank for the rest.

confidence, date_quality and frame take no codes: filters of the panel are made of theirs.

No pages at all, but a list of firms with start, end and fate? That needs no facts folder:
`belbiotech.from_spells(firms, events)` makes yearly rows of it.

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
        A folder that is not empty, or none; nothing is written then.
    WriteError
        A place that cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     sorted(path.name for path in new_facts(folder).iterdir())
    ['README.md', 'alliances.csv', 'events.csv', 'financings.csv', 'firms.csv', 'sources.csv']
    """
    if not isinstance(folder, str | Path) or "\0" in str(folder):
        raise FactsError([f"{in_words(folder)} is no folder; give a path"])
    target = Path(folder)
    if target.exists() and not target.is_dir():
        raise FactsError([f"{target}: is a file; name a folder"])
    if target.is_dir() and (held := sorted(path.name for path in target.iterdir())):
        some = ", ".join(held[:3])
        raise FactsError(
            [f"{target}: is not empty (it holds {some}); name a folder that is, or a new one"]
        )
    texts = {f"{name}.csv": ",".join(fields) + "\n" for name, fields in FACTS.items()}
    texts["README.md"] = README + facts_codebook()
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (target / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        msg = f"{target}: could not be written ({error.strerror}); name another folder"
        raise WriteError(msg) from error
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
