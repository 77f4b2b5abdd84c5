"""The firm-year panel of facts in Parquet, built by queries: for registers beyond memory.

The rules are those of `build`, with the usual readings; firms are expanded to years, and what
counts in each is found by range joins, in the engine.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from belbiotech.dataset.facts.rules import HAPPENED
from belbiotech.dataset.facts.schemas import OwnCodes, allowing
from belbiotech.dataset.panel.facts_at_scale import HeldFacts, held_facts
from belbiotech.dataset.panel.fields import ALLIANCE_GROUPS, FIRM_YEAR
from belbiotech.dataset.panel.listings import listing_spells
from belbiotech.dataset.panel.lives_at_scale import TRAITS, firm_lives, signs_of_life, year_of
from belbiotech.dataset.panel.observation import NO_END, ObservationRule, observation_rule
from belbiotech.errors import (
    BelbiotechError,
    BelbiotechWarning,
    EngineError,
    PanelError,
    warn,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["PanelFiles", "build_at_scale", "in_parquet"]

FIRMS = 150_000  # firms that are expanded at a time, so that memory is bounded


@dataclass(frozen=True)
class PanelFiles:
    """A panel as files: what `build` gives where it writes them.

    Attributes
    ----------
    folder : Path
        A folder of Parquet files, to be read as one table.
    firms, rows : int
        How many there are.
    """

    folder: Path
    firms: int
    rows: int


def in_parquet(facts: str | Path) -> bool:
    """Tell whether a folder has facts in Parquet, and none in CSV.

    Parameters
    ----------
    facts : str or Path
        The folder.

    Returns
    -------
    bool
        Whether firms.parquet is there and firms.csv is not.
    """
    folder = Path(str(facts).replace("\0", ""))
    return (folder / "firms.parquet").exists() and not (folder / "firms.csv").exists()


def build_at_scale(
    facts: str | Path,
    to: str | Path,
    *,
    end_year: int | None = None,
    alliance_window: int | None = 5,
    follow_up: int | None = 3,
) -> PanelFiles:
    """Build the firm-year panel of facts in Parquet, a partitioned Parquet dataset.

    Parameters
    ----------
    facts : str or Path
        Folder with firms.parquet, events.parquet, alliances.parquet, financings.parquet and
        sources.parquet, with the columns of the CSV files, as texts; and perhaps values.csv.
    to : str or Path
        Folder to be made; it must not be there.
    end_year : int, optional
        The panel's last calendar year; by default the last that was complete, as in `build`.
    alliance_window, follow_up
        As in :func:`~belbiotech.dataset.panel.build.build`.

    Returns
    -------
    PanelFiles
        Where it is, and how large.

    Raises
    ------
    FactsError
        Anything that `read_facts` would refuse in CSV files, each with file, column, value, how
        many rows, and the first of them.
    PanelError
        A folder that is there already, no firm with a row, a panel that breaks its rules.
    EngineError
        A missing extra, or an engine that fails; no folder is left then.
    """
    folder = Path(to)
    if folder.exists():
        msg = f"{str(folder)!r} is there already; name a folder to be made"
        raise PanelError(msg)
    _check_numbers(end_year, alliance_window)
    rule = observation_rule("follow_up", follow_up, "pages")
    try:
        held = held_facts(Path(facts))
        folder.mkdir(parents=True)
        last = _last_year(held.tables) if end_year is None else end_year
        return _built(held, folder, rule, last, alliance_window)
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, (BelbiotechError, BelbiotechWarning)):
            raise
        msg = f"DuckDB failed while building the panel: {error}"
        raise EngineError(msg) from error


def _check_numbers(end_year: object, window: object) -> None:
    whole = isinstance(end_year, int) and not isinstance(end_year, bool)
    if not (whole or end_year is None) or (
        window is not None and (not isinstance(window, int) or window < 1)
    ):
        msg = (
            f"end_year is {end_year!r} and alliance_window {window!r}: give a year, and a whole "
            "number of years from 1 or None"
        )
        raise PanelError(msg)


def _last_year(facts: Mapping[str, ir.Table]) -> int:
    """Find the last year that was complete, as `build` does: the one before the latest date."""
    connection = facts["firms"].get_backend()
    found = [
        connection.to_pyarrow(year_of(facts[name][column]).max()).as_py()
        for name, column in HAPPENED.items()
        if name != "firms"
    ]
    years = [year for year in found if year is not None]
    if not years:
        msg = (
            "no event, alliance, financing or page has a date, so there is no last year; "
            "give end_year"
        )
        raise PanelError(msg)
    return int(max(years)) - 1


def _built(
    held: HeldFacts,
    folder: Path,
    rule: ObservationRule,
    end_year: int,
    window: int | None,
) -> PanelFiles:
    import ibis

    facts, exits = held.tables, held.exits
    connection = facts["firms"].get_backend()
    work = folder / "work"
    work.mkdir()
    made: dict[str, Any] = {}

    def keep(name: str, table: ir.Table) -> None:  # written once, as it is read several times
        connection.to_parquet(table, str(work / f"{name}.parquet"))
        made[name] = connection.read_parquet(str(work / f"{name}.parquet"))

    keep("signs", signs_of_life(facts, exits))
    lives = firm_lives(facts, made["signs"], rule, end_year, exits)
    keep("lives", lives.mutate(place=ibis.row_number().over(ibis.window(order_by="firm_id"))))
    keep("alliances", _alliances(held, window))
    events = facts["events"].select("firm_id", "event", "date", "counterparty")
    listings = events.filter(events["event"].isin(["ipo", "delisted"]))
    made["spells"], made["ipos"] = _listings(connection.to_pyarrow(listings).to_pandas())
    made["financings"] = facts["financings"].select(
        "firm_id", at=year_of(facts["financings"]["date"])
    )
    firms = int(
        connection.to_pyarrow(made["lives"].aggregate(n=made["lives"].count()))["n"][0].as_py()
    )
    if not firms:
        msg = "no firm has a founding year up to the end year, so there is no panel"
        raise PanelError(msg)
    for part, first in enumerate(range(0, firms, FIRMS)):
        place = made["lives"]["place"]
        some = made["lives"].filter((place >= first) & (place < first + FIRMS))
        panel = _panel(some, made, rule)
        connection.to_parquet(panel, str(folder / f"part{part:04d}.parquet"))
    rows = _check(connection.read_parquet(str(folder / "part*.parquet")), held.own_codes)
    shutil.rmtree(work)
    return PanelFiles(folder, firms, rows)


def _alliances(held: HeldFacts, window: int | None) -> ir.Table:
    """Give each alliance its years in force, and whether it is of each group."""
    alliances = held.tables["alliances"]
    start, end = year_of(alliances["start"]), year_of(alliances["end"])
    over = start * 0 + NO_END if window is None else start + window
    column = {"partner_group": "partner_type", "purpose": "alliance_type"}
    return alliances.select(
        "firm_id",
        begins=start,
        ends=end.fill_null(over),
        **{
            group: alliances[column[kind]].isin(held.kinds_of(group, column[kind])).cast("int8")
            for group, (kind, _) in ALLIANCE_GROUPS.items()
        },
    )


def _listings(events: pd.DataFrame) -> tuple[Any, Any]:
    """Find spells on exchanges, of which there are few, as `build` does; and first listings."""
    import ibis

    spells = listing_spells(events.reset_index(drop=True))
    first = events[events["event"] == "ipo"].assign(at=lambda t: t["date"].str[:4].astype("int64"))
    ipos = first.groupby("firm_id", as_index=False)["at"].min()
    schema = {"firm_id": "string", "begins": "int64", "ends": "int64"}
    return (
        ibis.memtable(spells, schema=schema),
        ibis.memtable(ipos, schema={"firm_id": "string", "at": "int64"}),
    )


def _panel(lives: ir.Table, made: Mapping[str, Any], rule: ObservationRule) -> ir.Table:
    """Expand firms to years, and count what happened and what is in force in each."""
    import ibis

    last = lives["last_year"] + 1
    years = lives.mutate(year=ibis.range(lives["first_year"], last).unnest())
    rows = years.select("firm_id", "year")
    counted = [
        _of_alliances(rows, made["alliances"]),
        _at(rows, made["financings"], "financing_rounds"),
        _followed(rows, made["signs"], rule),
        _listed(rows, made["spells"]),
    ]
    panel = years
    for table in counted:
        panel = panel.left_join(table, ["firm_id", "year"]).drop("firm_id_right", "year_right")
    ipos = made["ipos"]
    panel = panel.left_join(
        ipos, [panel["firm_id"] == ipos["firm_id"], panel["year"] == ipos["at"]]
    )
    panel = panel.rename(of_ipo="firm_id_right")
    return _columns(panel)


def _columns(panel: ir.Table) -> ir.Table:
    year, age = panel["year"], panel["year"] - panel["first_year"]
    exits = {
        kind: ((panel["exit_kind"] == kind) & (panel["exit_year"] == year))
        .fill_null(False)
        .cast("int64")
        for kind in ("failure", "acquisition")
    }
    documented = (year >= panel["first_documented"]) & (year <= panel["last_seen_year"])
    special = {
        "year": year,
        "age": age,
        "start": age,
        "stop": age + 1,
        "observed": panel["followed"].notnull(),  # noqa: PD004 (Ibis)
        "observed_first_page": documented.fill_null(False),
        "listed_lag1": panel["listed"].notnull().cast("int64"),  # noqa: PD004
        **exits,
        "exit": exits["failure"] + exits["acquisition"],
        "ipo": panel["of_ipo"].notnull().cast("int64"),  # noqa: PD004
    }
    return panel.select(
        **{
            name: special[name]
            if name in special
            else (panel[name] if name in TRAITS else panel[name].fill_null(0).cast("int64"))
            for name in FIRM_YEAR
        }
    )


def _of_alliances(rows: ir.Table, alliances: ir.Table) -> ir.Table:
    """Count alliances signed in the year, before it, and in force at the end of the year before."""
    same = rows["firm_id"] == alliances["firm_id"]
    joined = rows.inner_join(alliances, [same, alliances["begins"] <= rows["year"]])
    year, begins, ends = joined["year"], joined["begins"], joined["ends"]
    new, before = (begins == year).cast("int64"), (begins < year).cast("int64")
    active = ((begins < year) & (year <= ends)).cast("int64")
    sums = {}
    for prefix, of in _prefixes(joined):
        sums[f"{prefix}_new"] = (new * of).sum()
        sums[f"{prefix}_cum_lag1"] = (before * of).sum()
        sums[f"{prefix}_active_lag1"] = (active * of).sum()
    return joined.group_by(["firm_id", "year"]).aggregate(**sums)


def _prefixes(joined: ir.Table) -> Iterator[tuple[str, Any]]:
    yield "alliances", 1
    for group in ALLIANCE_GROUPS:
        yield f"alliances_{group}", joined[group].cast("int64")


def _at(rows: ir.Table, things: ir.Table, prefix: str) -> ir.Table:
    same = rows["firm_id"] == things["firm_id"]
    joined = rows.inner_join(things, [same, things["at"] <= rows["year"]])
    new = (joined["at"] == joined["year"]).cast("int64")
    sums = {f"{prefix}_new": new.sum(), f"{prefix}_cum_lag1": (1 - new).sum()}
    return joined.group_by(["firm_id", "year"]).aggregate(**sums)


def _followed(rows: ir.Table, signs: ir.Table, rule: ObservationRule) -> ir.Table:
    """Give the years that begin while the firm is followed after a sign of life."""
    signs = signs.rename(sign="year")
    within = [rows["firm_id"] == signs["firm_id"], signs["sign"] < rows["year"]]
    if rule.follow_up is not None:
        within.append(rows["year"] <= signs["sign"] + rule.follow_up)
    joined = rows.semi_join(signs, within)
    return joined.mutate(followed=1)


def _listed(rows: ir.Table, spells: ir.Table) -> ir.Table:
    same = rows["firm_id"] == spells["firm_id"]
    within = [same, spells["begins"] < rows["year"], rows["year"] <= spells["ends"]]
    return rows.semi_join(spells, within).mutate(listed=1)


def _check(panel: ir.Table, own_codes: OwnCodes) -> int:
    """Refuse a panel that breaks the rules of its fields: one query; give its number of rows."""
    rules: dict[str, Any] = {}
    for name, field in FIRM_YEAR.items():
        column = panel[name]
        if field.required:
            rules[f"{name!r} is missing"] = column.isnull()  # noqa: PD003
        if field.kind == "count":
            rules[f"{name!r} is below 0"] = column < 0
        if field.kind == "code":
            codes = allowing(name, field, own_codes).values  # noqa: PD011 (not of pandas)
            rules[f"{name!r} is none of its codes"] = column.notin(list(codes))
        if field.kind == "flag":
            rules[f"{name!r} is not 0 or 1"] = column.notin([0, 1])
    rules["start is not the age, or stop not one more"] = (panel["start"] != panel["age"]) | (
        panel["stop"] != panel["age"] + 1
    )
    rules["an exit is both a failure and an acquisition"] = (
        panel["exit"] != panel["failure"] + panel["acquisition"]
    )
    connection = panel.get_backend()
    bad = {f"b{k}": rule.cast("int64").sum() for k, rule in enumerate(rules.values())}
    pairs = panel.select("firm_id", "year").distinct().count()
    observed = panel["observed"].cast("int64").sum()
    asked = panel.aggregate(rows=panel.count(), observed=observed, **bad)
    found = connection.to_pyarrow(asked).to_pylist()[0]
    different = connection.to_pyarrow(pairs).as_py()
    problems = [
        f"{rule} in {found[f'b{k}']:,d} firm-years"
        for k, rule in enumerate(rules)
        if found[f"b{k}"]
    ]
    if different != found["rows"]:
        twice = found["rows"] - different
        problems.append(f"{twice:,d} firm-years are there more than once: facts name a firm twice")
    if problems:
        raise PanelError("\n".join(problems))
    if not found["observed"]:
        warn(
            f"not one of the panel's {found['rows']:,d} firm-years is observed: no dated page on a "
            "firm, but those that state its exit, was published before the panel's last year"
        )
    return int(found["rows"])
