"""The counts of the data card, data/README.md, anew from the newest release.

python scripts/data_card.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import belbiotech as bb
from belbiotech.dataset.facts.tables import Tables
from belbiotech.report.labels import data_labels

CARD = Path(__file__).parents[1] / "data" / "README.md"
BEGIN, END = "<!-- counted by scripts/data_card.py -->", "<!-- end of counts -->"
WORDS = data_labels()


def counts() -> str:
    """Write what the newest release holds, in tables."""
    tables = bb.load_tables()
    version = bb.load_panel().attrs["version"]
    parts = [f"Data version {version}.", *(_table(*part) for part in _parts(tables))]
    return "\n\n".join(parts)


def with_counts(text: str, counted: str) -> str:
    """Put the counts between their marks."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{counted}\n\n{END}{after}"


def _parts(tables: Tables) -> Iterator[tuple[str, pd.DataFrame]]:
    panel, firms = tables.firm_year, tables.firms
    observed = panel[panel["observed"]]
    yield "rows of the panel", _sizes({"all": panel, "under observation": observed})
    yield "why firms have no row, or none under observation", _reasons(firms)
    for name in ("region", "segment"):
        yield name, _by_trait(firms, observed, name)
    decade = (firms["founded_year"] // 10 * 10).astype("Int64").astype(str)
    founded = firms.assign(decade=decade.replace("<NA>", "not known"))
    yield "founded in the ten years from", _by_trait(founded, observed, "decade", words=False)
    yield "kind of page", _by_confidence(tables)
    yield "pages published in the ten years from", _pages(tables.sources)


def _sizes(parts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: {
                "firms": rows["firm_id"].nunique(),
                "firm-years": len(rows),
                "failures": rows["failure"].sum(),
                "acquisitions": rows["acquisition"].sum(),
                "first listings": rows["ipo"].sum(),
            }
            for name, rows in parts.items()
        }
    ).T


def _reasons(firms: pd.DataFrame) -> pd.DataFrame:
    both = [WORDS.values(name, firms[name].dropna()) for name in ("out_reason", "never_observed")]
    return pd.concat(both).value_counts().to_frame("firms")


def _by_trait(
    firms: pd.DataFrame, observed: pd.DataFrame, name: str, *, words: bool = True
) -> pd.DataFrame:
    rows = observed.groupby("firm_id").size()
    events = observed.groupby("firm_id")[["failure", "acquisition"]].sum()
    known = firms.assign(years=firms["firm_id"].map(rows).fillna(0))
    for fate in events:
        known[fate] = firms["firm_id"].map(events[fate]).fillna(0)
    key = WORDS.values(name, firms[name]) if words else firms[name]
    grouped = known.groupby(key)
    found = grouped[["in_panel", "years", "failure", "acquisition"]].sum()
    found.insert(0, "firms", grouped.size())
    names = ["firms", "in the panel", "firm-years observed", "failures", "acquisitions"]
    return found.astype(int).set_axis(names, axis=1)


def _by_confidence(tables: Tables) -> pd.DataFrame:
    facts = {name: getattr(tables, name) for name in ("firms", "events", "alliances", "financings")}
    shares = {name: table["confidence"].value_counts() for name, table in facts.items()}
    found = pd.DataFrame(shares).fillna(0).astype(int).sort_index()
    return found.set_axis(WORDS.values("confidence", found.index.to_series()), axis=0)


def _pages(sources: pd.DataFrame) -> pd.DataFrame:
    decade = (sources["published_year"] // 10 * 10).astype("Int64").astype(str)
    decade = decade.replace("<NA>", "no date")
    return decade.value_counts().sort_index().to_frame("pages")


def _table(title: str, counted: pd.DataFrame) -> str:
    """Write a table in Markdown."""
    head = f"| {title} | {' | '.join(map(str, counted.columns))} |"
    rule = "|---" + "|---:" * len(counted.columns) + "|"
    rows = [f"| {name} | {' | '.join(f'{v:,d}' for v in row)} |" for name, *row in _lines(counted)]
    return "\n".join([head, rule, *rows])


def _lines(counted: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    yield from counted.astype(int).itertuples(name=None)


def main() -> None:
    """Write the counts into the card."""
    CARD.write_text(with_counts(CARD.read_text("utf-8"), counts()), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
