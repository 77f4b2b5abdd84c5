"""A panel of a whole population: everyone in a register, with the alliances that are known.

A firm-year counts (`observed`) because the register saw the firm in it, not because a page was
written: from the day on which its exit would have been seen, to its exit or the last file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from belbiotech.dataset.facts.confidence import facts_of
from belbiotech.dataset.facts.dates import date_year
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.merge import joined_codes
from belbiotech.dataset.facts.read import Facts, read_facts
from belbiotech.dataset.facts.tables import Tables
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.registers.matching import THRESHOLD, match_units, units_of_firms
from belbiotech.dataset.registers.register import RegisterFacts, read_units
from belbiotech.errors import PanelError, heard_warnings

__all__ = ["RegisterPanel", "register_panel", "register_tables"]

Source = str | Path | RegisterFacts
NEVER, EVER = 9999, 0


@dataclass(frozen=True)
class RegisterPanel:
    """A population's panel, and what it was made from.

    Attributes
    ----------
    panel : DataFrame
        The firm-years: the columns of the shipped panel, and ``legal_form`` after them.
    tables : Tables
        The facts behind it.
    matches : DataFrame
        The shipped firms that were found in the register, each with its score and rule.
    """

    panel: pd.DataFrame
    tables: Tables
    matches: pd.DataFrame


def register_panel(
    register: Source,
    *,
    cordis: Source | Sequence[Source] = (),
    gleif: Source | None = None,
    shipped: Facts | str | bool = True,
    end_year: int | None = None,
    alliance_window: int | None = 5,
    whole_years: bool = False,
    threshold: float = THRESHOLD,
) -> pd.DataFrame:
    """Make the firm-year panel of a whole population out of a register.

    Parameters
    ----------
    register : str, Path or RegisterFacts
        What `belbiotech register kbo` (or `sirene`, `gleif`) wrote.
    cordis : the same, or a sequence of them
        What `belbiotech register cordis --firms REGISTER` wrote: alliances and grants.
    gleif : str, Path or RegisterFacts, optional
        What `belbiotech register gleif` wrote: mergers, acquisitions and ends with their day, for
        firms with the same enterprise number.
    shipped : Facts, str or bool
        The shipped facts, their version, or whether they are used. Their alliances, financings
        and listings are laid over the register by enterprise number, else by name and town; a
        firm that is found has its shipped id. Their exits are not used: nobody knows those of
        the firms that were not written about.
    end_year : int, optional
        The last year; by default that of the last file.
    alliance_window : int or None
        As for `build`.
    whole_years : bool
        Leave out the years that the files do not cover from January to December.
    threshold : float
        Lowest score of a match by name.

    Returns
    -------
    DataFrame
        The columns of the shipped panel, so that every model runs on both, and ``legal_form``.
        ``observed`` is true from the year of the firm's start, or, if it began before the first
        file, from the year of the first file that has it (delayed entry); to its exit or the
        last file. A firm that had failed before the first file is never observed.

    Raises
    ------
    FactsError
        A folder that is none, or facts that break a rule.
    PanelError
        No firm has a row.
    """
    return register_tables(
        register,
        cordis=cordis,
        gleif=gleif,
        shipped=shipped,
        end_year=end_year,
        alliance_window=alliance_window,
        whole_years=whole_years,
        threshold=threshold,
    ).panel


def register_tables(
    register: Source,
    *,
    cordis: Source | Sequence[Source] = (),
    gleif: Source | None = None,
    shipped: Facts | str | bool = True,
    end_year: int | None = None,
    alliance_window: int | None = 5,
    whole_years: bool = False,
    threshold: float = THRESHOLD,
) -> RegisterPanel:
    """Do as `register_panel`, and give the facts behind the panel and the matches too.

    Parameters
    ----------
    register, cordis, gleif, shipped, end_year, alliance_window, whole_years, threshold
        As for `register_panel`.

    Returns
    -------
    RegisterPanel
        The panel, the tables, the matches.
    """
    facts, units = read_facts(_folder(register)), read_units(_folder(register))
    if facts.firms.empty:
        msg = f"{_folder(register)} holds no firm; look into its left_out.csv"
        raise PanelError(msg)
    own = _shipped(shipped)
    added = [read_facts(_folder(one)) for one in _several(cordis)]
    if gleif is not None:
        added.append(_by_number(facts, read_facts(_folder(gleif))))
    matches = match_units(
        units_of_firms(own.firms), units_of_firms(facts.firms), threshold=threshold
    )
    names = _found(matches)
    added.append(_laid_over(own, names))
    joined = _renamed(_joined(facts, added), {new: old for old, new in names.items()})
    units = units.assign(firm_id=units["firm_id"].map(lambda i: _swap(names).get(i, i)))
    last = int(date_year(units["last_seen"]).max())
    with heard_warnings():
        # who is observed by pages does not matter here: the register's rule is put in its place
        tables = build(
            joined,
            end_year=last if end_year is None else end_year,
            alliance_window=alliance_window,
        )
    panel = _observed(tables.firm_year, units, whole_years)
    firms = _recounted(tables.firms, panel)
    tables = replace(tables, firm_year=panel[list(tables.firm_year.columns)], firms=firms)
    panel.attrs["unit"] = "firm_id"
    return RegisterPanel(panel, tables, matches)


def _folder(source: Source) -> Path:
    return source.path if isinstance(source, RegisterFacts) else Path(source)


def _several(sources: Source | Sequence[Source]) -> list[Source]:
    return [sources] if isinstance(sources, str | Path | RegisterFacts) else list(sources)


def _shipped(shipped: Facts | str | bool) -> Facts:
    from belbiotech.dataset.releases.release import read_release
    from belbiotech.dataset.releases.store import open_release

    if isinstance(shipped, Facts):
        return shipped
    if shipped is False:
        tables: dict[str, Any] = {
            name: pd.DataFrame(columns=list(fields), dtype=object) for name, fields in FACTS.items()
        }
        return Facts(**tables)
    version = None if shipped is True else str(shipped)
    return facts_of(read_release(open_release(version).folder))


def _found(matches: pd.DataFrame) -> dict[str, str]:
    """Shipped firm to firm of the register; the better of two shipped firms that are one there."""
    good = matches[matches["decision"] == "match"].sort_values(
        ["score", "unit_id"], ascending=[False, True]
    )
    good = good.drop_duplicates("firm_id")
    return dict(zip(good["unit_id"], good["firm_id"], strict=True))


def _swap(names: Mapping[str, str]) -> dict[str, str]:
    return {there: here for here, there in names.items()}


def _laid_over(own: Facts, names: Mapping[str, str]) -> Facts:
    """Take alliances, financings and listings of the firms that are in the register."""
    listings = own.events[own.events["event"].isin(["ipo", "delisted"])]
    some: dict[str, Any] = {
        name: table[table["firm_id"].isin(names)].assign(
            firm_id=lambda rows: rows["firm_id"].map(names)
        )
        for name, table in (
            ("events", listings),
            ("alliances", own.alliances),
            ("financings", own.financings),
        )
    }
    return Facts(firms=own.firms.iloc[:0], sources=own.sources, **some, **_codes_of(own))


def _by_number(facts: Facts, other: Facts) -> Facts:
    """Take the exits of the firms that have the same enterprise number."""
    here = facts.firms[facts.firms["enterprise_number"].notna()]
    ids = dict(zip(here["enterprise_number"], here["firm_id"], strict=True))
    firms = other.firms[other.firms["enterprise_number"].isin(ids)]
    names = {
        firm: ids[number]
        for firm, number in zip(firms["firm_id"], firms["enterprise_number"], strict=True)
    }
    exits = other.events[
        other.events["event"].isin(other.exits) & other.events["firm_id"].isin(names)
    ]
    return Facts(
        firms=other.firms.iloc[:0],
        events=exits.assign(firm_id=exits["firm_id"].map(names)),
        alliances=other.alliances.iloc[:0],
        financings=other.financings.iloc[:0],
        sources=other.sources,
        **_codes_of(other),
    )


def _joined(facts: Facts, added: Sequence[Facts]) -> Facts:
    """Put facts about the register's firms beside its own; the same fact once, only used pages."""
    known = set(facts.firms["firm_id"])
    tables: dict[str, Any] = {"firms": facts.firms}
    for name in ("events", "alliances", "financings"):
        parts = [getattr(one, name) for one in (facts, *added)]
        table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        table = table[table["firm_id"].isin(known)]
        tables[name] = table.drop_duplicates(ignore_index=True)
    pages = {page for ids in facts.firms["source_ids"] for page in ids.split(";")}
    for name in ("events", "alliances", "financings"):
        pages |= set(tables[name]["source_id"])
    sources = pd.concat([one.sources for one in (facts, *added) if len(one.sources)])
    sources = sources[sources["source_id"].isin(pages)]
    tables["sources"] = sources.drop_duplicates("source_id", ignore_index=True)
    own: dict[str, Any] = _codes_of(facts)
    for one in added:
        own = {name: joined_codes(own[name], codes) for name, codes in _codes_of(one).items()}
    return Facts(**tables, **own)


def _codes_of(facts: Facts) -> dict[str, Any]:
    return {"own_codes": facts.own_codes, "own_means": facts.own_means}


def _renamed(facts: Facts, ids: Mapping[str, str]) -> Facts:
    """Give firms that are shipped too their shipped ids."""
    tables: dict[str, Any] = {
        name: getattr(facts, name).assign(
            firm_id=lambda rows: rows["firm_id"].map(lambda one: ids.get(one, one))
        )
        for name in ("firms", "events", "alliances", "financings")
    }
    return replace(facts, **tables)


def _observed(panel: pd.DataFrame, units: pd.DataFrame, whole_years: bool) -> pd.DataFrame:
    """Say which firm-years the register saw, and add the legal form."""
    table = units.set_index("firm_id")
    first = date_year(table["entry"]).fillna(NEVER).astype(int)
    last = date_year(table["last_seen"]).fillna(EVER).astype(int)
    gone = date_year(table["exit_by"])
    last = last.where(gone.isna(), gone.fillna(EVER).astype(int).clip(lower=last))
    if whole_years:
        first, last = _whole(table, first, last)
    here, year = panel["firm_id"], panel["year"]
    ended = panel["failure"].eq(1) | panel["acquisition"].eq(1)
    seen = (year >= here.map(first)) & ((year <= here.map(last)) | ended)
    form = table["legal_form_label"].where(table["legal_form_label"].notna(), table["legal_form"])
    return panel.assign(observed=seen.astype(bool), legal_form=here.map(form).astype(object))


def _recounted(firms: pd.DataFrame, panel: pd.DataFrame) -> pd.DataFrame:
    """Count each firm's observed rows anew; why none is, where some are, is no question."""
    rows = panel.groupby("firm_id")["observed"].sum()
    count = firms["firm_id"].map(rows).fillna(0).astype("int64")
    pairs = zip(firms["never_observed"], count, strict=True)
    why = [None if some else reason for reason, some in pairs]
    return firms.assign(
        observed_rows=count, never_observed=pd.Series(why, firms.index, dtype=object)
    )


def _whole(units: pd.DataFrame, first: pd.Series, last: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Leave out years of which the files cover a part: before the first, after the last."""
    begins, ends = units["first_seen"].dropna().min(), units["last_seen"].dropna().max()
    delayed = (units["entry"] == units["first_seen"]) & (units["entry"].str[5:] > "01-31")
    first = first + delayed.astype(int)
    full = int(str(ends)[:4]) - (0 if str(ends)[5:] >= "12-01" else 1)
    if str(begins)[5:] > "01-31":
        first = first.clip(lower=int(str(begins)[:4]) + 1)
    return first, last.clip(upper=full)
