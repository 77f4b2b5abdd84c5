"""Facts of one's own on top of others: the same firms found again, conflicts told, none hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.merge_rows import Table, merge_events, merge_named
from belbiotech.dataset.facts.read import Facts, as_facts, facts_from_texts
from belbiotech.dataset.facts.schemas import OwnCodes
from belbiotech.dataset.facts.tables import Listed
from belbiotech.dataset.facts.texts import RawTable
from belbiotech.errors import FactsError, PanelError, nearest_names

__all__ = ["Merged", "Prefer", "joined_codes", "merge_facts"]

Prefer = Literal["base", "own", "both"]
WORDS = ("base", "own", "both")
CONFLICTS = ["table", "firm_id", "column", "base", "own", "kept"]


@dataclass(frozen=True, repr=False)
class Merged(Listed):
    """Facts put together.

    Attributes
    ----------
    facts : Facts
        Both, checked.
    conflicts : DataFrame
        Where they state the same thing differently: ``table``, ``firm_id`` (or the page's id),
        ``column`` (missing for a whole fact), ``base``, ``own``, ``kept`` (base, own or both).
    added : DataFrame
        What the own facts brought: ``table``, ``rows`` (new ones), ``same`` (there already),
        ``filled`` (blank cells that they filled).
    """

    facts: Facts
    conflicts: pd.DataFrame
    added: pd.DataFrame

    def _shown(self) -> tuple[str, pd.DataFrame, list[str]]:
        number = len(self.conflicts)
        notes = ["No conflicts"]
        if number:
            by_table = self.conflicts["table"].value_counts(sort=False)
            where = ", ".join(f"{name} {count}" for name, count in by_table.items())
            kept = self.conflicts["kept"].value_counts(sort=False)
            told = ", ".join(f"{word} {count}" for word, count in kept.items())
            notes = [f"Conflicts: {number:,} ({where}); kept: {told}; each stands in .conflicts"]
        notes.append("Both together: .facts")
        return f"Merged facts on {len(self.facts.firms):,} firms", self.added, notes


def merge_facts(
    base: Facts | str | Path, own: Facts | str | Path, *, prefer: Prefer = "base"
) -> Merged:
    """Put two sets of facts together.

    Firms are the same by enterprise number, or else by ``firm_id``; pages by address. A blank
    cell of a firm or page is filled from the other set, and a firm's pages and other names are
    joined. Facts are the same if they agree in all but page, confidence and note. Two facts of
    one firm tell of the same thing if they are the same kind of event in one year or with one
    counterparty (sightings aside), alliances with one partner of one year, rounds of one kind
    and year, or of one date and amount; if they differ, that is a conflict.

    Parameters
    ----------
    base : Facts, str or Path
        The facts to build upon, or their folder.
    own : Facts, str or Path
        The facts to add, or their folder.
    prefer : {"base", "own", "both"}
        What stays where they conflict. ``both`` keeps two facts beside each other; of two values
        in one cell of a firm or page it keeps the one of the base.

    Returns
    -------
    Merged
        The facts, every conflict, and what was added.

    Raises
    ------
    FactsError
        One id for two firms or pages, one code with two meanings, or facts that break a rule
        together: each with its set, file and row.
    PanelError
        Another word for ``prefer``.
    """
    if not isinstance(prefer, str) or prefer not in WORDS:
        msg = f"prefer is {prefer!r}; {nearest_names(str(prefer), WORDS)}"
        raise PanelError(msg)
    base, own = as_facts(base, "base"), as_facts(own, "own")
    pages, page_problems = _same(base.sources, own.sources, "source_id", "url")
    firms, firm_problems = _same(base.firms, own.firms, "firm_id", "enterprise_number")
    problems = [*_torn(base, own), *page_problems, *firm_problems]
    if problems:
        raise FactsError(problems)
    renamed = _renamed(own, firms, pages)
    done = {
        name: (
            merge_named(name, table, getattr(renamed, name), prefer)
            if name in ("firms", "sources")
            else merge_events(name, table, getattr(renamed, name), prefer)
        )
        for name, table in base.items()
    }
    texts = {name: _texts(name, table) for name, table in done.items()}
    facts = facts_from_texts(
        texts,
        own_codes=joined_codes(base.own_codes, own.own_codes),
        own_means=joined_codes(base.own_means, own.own_means),
    )
    conflicts = [line for table in done.values() for line in table.conflicts]
    added = [(name, table.new, table.same, table.filled) for name, table in done.items()]
    return Merged(
        facts,
        pd.DataFrame(conflicts, columns=CONFLICTS, dtype=object),
        pd.DataFrame(added, columns=["table", "rows", "same", "filled"]),
    )


def _same(
    base: pd.DataFrame, own: pd.DataFrame, key: str, number: str
) -> tuple[dict[str, str], list[str]]:
    """Map each own id to the id of the same thing in the base, by number or address, or by id."""
    home = "firms" if key == "firm_id" else "sources"
    numbers = {value: name for name, value in zip(base[key], base[number], strict=True) if value}
    known = dict(zip(base[key], base[number], strict=True))
    found, problems = {}, []
    for name, value in zip(own[key], own[number], strict=True):
        found[name] = numbers.get(value, name) if value else name
        other = known.get(name)
        if name in known and (found[name] != name or (value and other and value != other)):
            problems.append(
                f"own {home}.csv: {key} {name!r} with {number} {value!r} is taken: in the base it "
                f"has {other!r}; choose another id"
            )
    return found, problems


def _renamed(own: Facts, firms: Mapping[str, str], pages: Mapping[str, str]) -> Facts:
    """Give firms and pages the ids that they have in the base."""
    columns = {"firm_id": firms, "source_id": pages}

    def changed(table: pd.DataFrame) -> pd.DataFrame:
        ids = {name: table[name].map(known) for name, known in columns.items() if name in table}
        return table.assign(**ids)

    lists = [
        ";".join(dict.fromkeys(pages[page] for page in ids.split(";")))
        for ids in own.firms["source_ids"]
    ]
    return Facts(
        changed(own.firms).assign(source_ids=pd.Series(lists, own.firms.index, dtype=object)),
        changed(own.events),
        changed(own.alliances),
        changed(own.financings),
        changed(own.sources),
    )


def _torn(base: Facts, own: Facts) -> list[str]:
    """Codes that both sets declare, with different meanings."""
    there = {(name, code) for name, codes in base.own_codes.items() for code in codes}
    both = [
        (name, code)
        for name, codes in own.own_codes.items()
        for code in codes
        if (name, code) in there
    ]
    found = []
    for name, code in both:
        old, new = (facts.own_means.get(name, {}).get(code) for facts in (base, own))
        if old != new:
            found.append(
                f"own values.csv: column 'means': {code!r} of {name!r} means {new or 'nothing'}, "
                f"and in the base {old or 'nothing'}; choose another code, or one meaning"
            )
    return found


def joined_codes(base: OwnCodes, own: OwnCodes) -> dict[str, dict[str, str]]:
    """Put codes together; a label of the base stays."""
    return {column: {**own.get(column, {}), **base.get(column, {})} for column in {**base, **own}}


def _texts(name: str, table: Table) -> RawTable:
    """Turn facts back into texts, so that all rules are looked at again."""
    frame = table.frame.copy()
    for column, field in FACTS[name].items():
        if field.kind == "amount":
            amounts = [
                None if pd.isna(value) else f"{value:.6f}".rstrip("0").rstrip(".")
                for value in frame[column]
            ]
            frame[column] = pd.Series(amounts, frame.index, dtype=object)
    files = tuple(f"{side} {name}.csv" for side, _ in table.places)
    return RawTable(f"{name}.csv", frame, tuple(row for _, row in table.places), files)
