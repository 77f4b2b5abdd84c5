"""The rules that hold between cells, rows and tables of facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

import pandas as pd

from belbiotech.dataset.facts.dates import is_before, is_date
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.firm_names import firms_nearby
from belbiotech.dataset.facts.texts import Problem, RawTable
from belbiotech.errors import nearest_names

__all__ = [
    "AMOUNTS",
    "DATED",
    "FACT_KEYS",
    "HAPPENED",
    "UNIQUE",
    "Says",
    "broken_rules",
    "in_future",
    "never_listed",
]

RawTables = Mapping[str, RawTable]
Rule = Callable[[RawTables], Iterator[Problem]]

# Two rows that agree in these state the same fact, whatever their pages, confidence and notes.
NOT_THE_FACT = {
    "source_id",
    "source_ids",
    "confidence",
    "date_quality",
    "note",
    "other_names",
    "frame",
}
FACT_KEYS: dict[str, list[str]] = {
    **{
        table: [name for name in FACTS[table] if name not in NOT_THE_FACT]
        for table in ("events", "alliances", "financings")
    },
    "firms": [name for name in FACTS["firms"] if name not in {*NOT_THE_FACT, "firm_id"}],
}
UNIQUE = {"firms": ["firm_id", "enterprise_number"], "sources": ["source_id"]}
AMOUNTS = {
    "events": ["amount_million"],
    "alliances": ["upfront_million", "total_million"],
    "financings": ["amount_million"],
}
NEAR_ID = 0.65  # of difflib's ratio: ids are short, two letters off is near
HINTS = 50  # different unknown ids of a file that get their nearest names: looking takes time
FEW = 5  # ids that are shown where none is like the unknown one
DATED = {"events": "date", "alliances": "start", "financings": "date"}
HAPPENED = {"firms": "founded", "sources": "published", **DATED}


class Says:
    """What is said of a breach, whoever found it: to follow the place where it is."""

    @staticmethod
    def taken(column: str, value: object, place: str) -> str:
        """Of a value that another row has."""
        return f"column {column!r}: {value!r} is already on {place}; each row has its own"

    @staticmethod
    def again(cells: Mapping[str, object], place: str) -> str:
        """Of a fact that another row states, by the cells that are not blank."""
        known = {column: value for column, value in cells.items() if value is not None}
        same = ", ".join(f"{column} {value!r}" for column, value in known.items())
        return f"states the same fact as {place}: {same}; keep one row, with the better page"

    @staticmethod
    def no_currency(amount: str, value: object) -> str:
        """Of an amount in nothing."""
        return (
            f"column 'currency': {amount} is {value!r}, and no currency is given; add it, like EUR"
        )

    @staticmethod
    def backwards(end: object, start: object) -> str:
        """Of an end before the start."""
        return f"column 'end': {end!r} is before the start, {start!r}; correct one of them"

    @staticmethod
    def early(column: str, value: object, founded: object) -> str:
        """Of a fact from before its firm."""
        text = f"column {column!r}: {value!r} is before the firm was founded, {founded}"
        return f"{text}; correct one of them"

    @staticmethod
    def late(column: str, value: object) -> str:
        """Of a fact that cannot have happened yet."""
        return f"column {column!r}: {value!r} is in the future; facts have happened: correct it"


def broken_rules(tables: RawTables) -> list[Problem]:
    """List the breaches of all rules between cells.

    Parameters
    ----------
    tables : mapping of str to RawTable
        What could be read. A rule whose tables or columns are not there is not looked at.

    Returns
    -------
    list of Problem
        In no order.
    """
    rules: Sequence[Rule] = (
        _unique,
        _repeated,
        _unresolved,
        _no_currency,
        _end,
        _too_early,
        _too_late,
        never_listed,
    )
    return [problem for rule in rules for problem in rule(tables)]


def _has(tables: RawTables, table: str, *columns: str) -> bool:
    return table in tables and set(columns) <= set(tables[table].frame.columns)


def _cells(column: pd.Series) -> Iterator[tuple[int, str]]:
    """Position and text of each cell."""
    yield from zip(column.index.tolist(), column.tolist(), strict=True)


def _first_lines(table: RawTable, keys: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Rows whose keys an earlier row has: their position, and that row's place."""
    again = keys.duplicated()
    if not again.any():
        return
    first = keys[~again].reset_index(names="_first")
    pairs = keys[again].reset_index(names="_row").merge(first, on=list(keys.columns))
    for row, before in zip(pairs["_row"], pairs["_first"], strict=True):
        yield int(row), table.place(int(before))


def _unique(tables: RawTables) -> Iterator[Problem]:
    for name, columns in UNIQUE.items():
        for column in columns:
            if not _has(tables, name, column):
                continue
            table = tables[name]
            keys = table.frame[[column]].dropna()
            for row, place in _first_lines(table, keys):
                yield table.problem(row, Says.taken(column, keys[column][row], place))


def _repeated(tables: RawTables) -> Iterator[Problem]:
    for name, columns in FACT_KEYS.items():
        if not _has(tables, name, *columns):
            continue
        table = tables[name]
        keys = table.frame[columns].copy()
        for amount in AMOUNTS.get(name, []):
            numbers = pd.to_numeric(keys[amount], errors="coerce")
            keys[amount] = numbers.astype(object).where(numbers.notna(), keys[amount])
        keys = keys.astype(object).where(keys.notna(), "").astype(str)  # no text is blank
        for row, place in _first_lines(table, keys):
            cells = {column: table.frame[column].iloc[row] for column in columns}
            yield table.problem(row, Says.again(cells, place))


def _unresolved(tables: RawTables) -> Iterator[Problem]:
    for name, table in tables.items():
        for column, home, key in (
            ("firm_id", "firms", "firm_id"),
            ("source_id", "sources", "source_id"),
            ("source_ids", "sources", "source_id"),
        ):
            if home != name and _has(tables, name, column) and _has(tables, home, key):
                yield from _dangling(table, column, home, key, tables[home].frame)


def _dangling(
    table: RawTable, column: str, home: str, key: str, owners: pd.DataFrame
) -> Iterator[Problem]:
    known = set(owners[key].dropna())
    named = home == "firms" and {"name", "other_names"} <= set(owners.columns)
    names = table.frame[column].dropna().str.split(";").explode()
    names = names[(names != "") & ~names.isin(known)]
    hints: dict[str, str] = {}
    for row, value in _cells(names):
        if value not in hints and len(hints) < HINTS:
            told = firms_nearby(owners, value) if named else ""
            if not told or told.startswith("no name"):
                told = _near(value, sorted(known), home)
            hints[value] = f"; {told}"
        text = f"column {column!r}: {value!r} is not in {home}.csv{hints.get(value, '')}"
        yield table.problem(row, text)


def _near(value: str, known: Sequence[str], home: str) -> str:
    """Offer the ids most like an unknown one; of very different ones only a few."""
    if not known:
        return f"{home}.csv has no rows"
    close = get_close_matches(value, known, n=3, cutoff=NEAR_ID)
    if close:
        return nearest_names(value, close)
    if len(known) <= FEW:
        return f"the ids are {', '.join(map(repr, known))}"
    some = ", ".join(map(repr, known[:FEW]))
    return f"add it there, or use one of its {len(known)} ids, like {some}"


def _no_currency(tables: RawTables) -> Iterator[Problem]:
    for name, amounts in AMOUNTS.items():
        for amount in amounts:
            if not _has(tables, name, amount, "currency"):
                continue
            frame = tables[name].frame
            bad = frame[frame[amount].notna() & frame["currency"].isna()]
            for row, value in _cells(bad[amount]):
                yield tables[name].problem(row, Says.no_currency(amount, value))


def _end(tables: RawTables) -> Iterator[Problem]:
    if not _has(tables, "alliances", "start", "end"):
        return
    table = tables["alliances"]
    dates = table.frame[["start", "end"]].dropna()
    dates = dates[is_date(dates["start"]) & is_date(dates["end"])]
    wrong = dates[is_before(dates["end"], dates["start"])]
    for (row, end), start in zip(_cells(wrong["end"]), wrong["start"], strict=True):
        yield table.problem(row, Says.backwards(end, start))


def _too_early(tables: RawTables) -> Iterator[Problem]:
    if not _has(tables, "firms", "firm_id", "founded"):
        return
    firms = tables["firms"].frame[["firm_id", "founded"]].dropna()
    firms = firms[is_date(firms["founded"])].drop_duplicates("firm_id")
    founded = firms.set_index("firm_id")["founded"].str[:4]
    for name, column in DATED.items():
        if not _has(tables, name, "firm_id", column):
            continue
        table = tables[name]
        dates = table.frame[column].dropna()
        dates = dates[is_date(dates)]
        years = table.frame["firm_id"].map(founded).reindex(dates.index)
        early = is_before(dates, years)
        for (row, value), year in zip(_cells(dates[early]), years[early], strict=True):
            yield table.problem(row, Says.early(column, value, year))


def _too_late(tables: RawTables) -> Iterator[Problem]:
    """Find facts and pages from the future: a mistyped year, or a plan. Planned ends are fine."""
    for name, column in HAPPENED.items():
        if not _has(tables, name, column):
            continue
        dates = tables[name].frame[column].dropna()
        dates = dates[is_date(dates)]
        for row, value in _cells(dates[in_future(dates)]):
            yield tables[name].problem(row, Says.late(column, value))


def in_future(dates: pd.Series) -> pd.Series:
    """Tell which dates have not come yet.

    The one rule that looks at the clock; what passes it once passes it for ever.

    Parameters
    ----------
    dates : Series of str
        Dates that exist, of any precision.

    Returns
    -------
    Series of bool
        On the same index.

    Examples
    --------
    >>> in_future(pd.Series(["1999", "2099-01"])).tolist()
    [False, True]
    """
    today = str(datetime.now(UTC).date() + timedelta(days=1))  # somewhere it is tomorrow already
    late = [value > today[: len(value)] for value in dates]
    return pd.Series(late, index=dates.index, dtype=bool)


def never_listed(tables: RawTables) -> Iterator[Problem]:
    """Find delistings from an exchange that no listing of the firm before can have been on.

    Parameters
    ----------
    tables : mapping of str to RawTable
        With the events; nothing is found without them.

    Yields
    ------
    Problem
        One for each such row.
    """
    if not _has(tables, "events", "firm_id", "event", "date", "counterparty"):
        return
    table = tables["events"]
    dated = table.frame[is_date(table.frame["date"].fillna(""))]
    listings = dict(iter(dated[dated["event"] == "ipo"].groupby("firm_id")))
    left = dated[(dated["event"] == "delisted") & dated["counterparty"].notna()]
    for (row, exchange), firm, date in zip(
        _cells(left["counterparty"]), left["firm_id"], left["date"], strict=True
    ):
        own = listings.get(firm, dated.iloc[:0])
        before = own.loc[~is_before(pd.Series(date, own.index), own["date"]), "counterparty"]
        if not (before.isna() | (before.str.casefold() == exchange.casefold())).any():
            yield table.problem(row, _not_there(exchange, before))


def _not_there(exchange: str, known: pd.Series) -> str:
    names = ", ".join(map(repr, dict.fromkeys(known)))
    told = f"before it the facts list the firm on {names}" if names else "no listing is before it"
    text = f"column 'counterparty': the firm was never listed on {exchange!r}; {told}"
    return f"{text}: add the listing, or correct the name"
