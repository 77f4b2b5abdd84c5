"""How long a large panel takes: facts of 100,000 made-up firms with 300,000 alliances.

Run it with ``python benchmarks/panel.py``; the numbers of firms and alliances may follow.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from belbiotech.dataset.facts.codes import ALLIANCE_TYPES, PARTNER_TYPES
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import Facts
from belbiotech.dataset.panel.build import build


def table(name: str, rows: int, /, **columns: object) -> pd.DataFrame:
    """Facts of one table: the columns given, and blanks in the others."""
    frame = pd.DataFrame(columns, index=range(rows))
    for column, field in FACTS[name].items():
        if column not in frame:
            blank = np.nan if field.kind == "amount" else None
            frame[column] = pd.Series(blank, frame.index, "float64" if blank else object)
    return frame[list(FACTS[name])]


def made_up_facts(firms: int, alliances: int, seed: int = 1) -> Facts:
    """Facts of firms founded from 1985 on, with as many events, and half as many financings."""
    draw = np.random.default_rng(seed)
    names = np.array([f"firm-{number:06d}" for number in range(firms)], dtype=object)
    founded = draw.integers(1985, 2015, firms)
    quality = {"source_id": "page", "confidence": "A", "date_quality": "stated"}

    def dated(number: int, after: int = 0) -> tuple[np.ndarray, np.ndarray]:
        firm = draw.integers(0, firms, number)
        years = founded[firm] + after + draw.integers(0, 12, number)
        return names[firm], years.astype(str).astype(object)

    kinds = ["observed_active", "ipo", "acquired", "bankrupt", "renamed"]
    event_firm, event_date = dated(firms, after=3)
    partner_firm, partner_date = dated(alliances)
    round_firm, round_date = dated(firms // 2)
    return Facts(
        firms=table(
            "firms",
            firms,
            firm_id=names,
            name=names,
            founded=founded.astype(str).astype(object),
            region="BE-VLG",
            origin="unknown",
            segment="therapeutics",
            source_ids="page",
            confidence="A",
            date_quality="stated",
        ),
        events=table(
            "events",
            firms,
            firm_id=event_firm,
            event=draw.choice(kinds, firms).astype(object),
            date=event_date,
            **quality,
        ),
        alliances=table(
            "alliances",
            alliances,
            firm_id=partner_firm,
            partner=names[draw.integers(0, firms, alliances)],
            partner_type=draw.choice(list(PARTNER_TYPES), alliances).astype(object),
            start=partner_date,
            alliance_type=draw.choice(list(ALLIANCE_TYPES), alliances).astype(object),
            firm_role="mutual",
            **quality,
        ),
        financings=table(
            "financings", firms // 2, firm_id=round_firm, date=round_date, round="seed", **quality
        ),
        sources=table(
            "sources",
            1,
            source_id="page",
            url="https://example.org/page",
            title="A page",
            publisher="A paper",
            published="2026-03",
            language="en",
        ),
    )


def main() -> None:
    """Build the panel and print how long each part took."""
    sizes = [int(text) for text in sys.argv[1:3]] or [100_000, 300_000]
    facts = made_up_facts(*sizes)
    began = time.perf_counter()
    tables = build(facts)
    seconds = time.perf_counter() - began
    print(f"{sizes[0]:,} firms, {sizes[1]:,} alliances: {len(tables.firm_year):,} firm-years")
    print(f"built and checked in {seconds:.1f} s")


if __name__ == "__main__":
    main()
