"""A panel of a million firms built by queries from facts in Parquet: time, memory, rows.

Run as ``python benchmarks/scale_panel.py``, with the number of firms if it is another. The facts
are made up by the engine: three alliances for each firm, a financing for each second one, an exit
for each tenth. Results go to ``benchmarks/results/scale_panel.md``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from belbiotech import build
from belbiotech.dataset.facts.codes import EXITS, PARTNER_GROUPS, PURPOSES
from belbiotech.dataset.panel.fields import FIRM_YEAR
from resident import resident

RESULTS = Path(__file__).parent / "results"
END_YEAR = 2024
YEARS = 25  # firms are founded in so many years before it

FACTS = {
    "firms": """select 'f' || i firm_id, 'Firm ' || i as name,
        ({first} + i % {years})::text founded,
        {region} region, {segment} segment, {origin} origin, 's' || i source_ids
        from range({firms}) t(i)""",
    "events": """select 'f' || (i * 10) firm_id, {event} as event,
        ({end} - i % 13)::text as date, null::text counterparty, 'e' || i source_id
        from range({firms} // 10) t(i)""",
    "alliances": """select 'f' || (hash(i) % {firms}) firm_id,
        ({first} + hash(i + 7) % {years})::text as start,
        case when i % 4 = 0 then ({first} + 5 + hash(i + 7) % {years})::text end as "end",
        {partner} partner_type, {purpose} alliance_type, 's' || (hash(i) % {firms}) source_id
        from range(3 * {firms}) t(i)""",
    "financings": """select 'f' || (hash(i * 3) % {firms}) firm_id,
        ({first} + hash(i) % {years})::text as date, 's' || (hash(i * 3) % {firms}) source_id
        from range({firms} // 2) t(i)""",
    "sources": """select 's' || i source_id, ({first} + i % {years})::text published
        from range({firms}) t(i)
        union all select 'e' || i, ({end} - i % 13)::text from range({firms} // 10) t(i)""",
}


def one_of(values: list[str]) -> str:
    """Write an expression that goes through values by turns."""
    return "[" + ", ".join(repr(str(value)) for value in values) + f"][1 + i % {len(values)}]"


def make(folder: Path, firms: int) -> None:
    """Write the facts."""
    words = {
        "firms": firms,
        "end": END_YEAR,
        "first": END_YEAR - YEARS + 1,
        "years": YEARS,
        "event": one_of(list(EXITS)),
        "partner": one_of([kind for kinds in PARTNER_GROUPS.values() for kind in kinds]),
        "purpose": one_of([kind for kinds in PURPOSES.values() for kind in kinds]),
    }
    for name in ("region", "segment", "origin"):
        words[name] = one_of(list(FIRM_YEAR[name].values))  # noqa: PD011 (not of pandas)
    for name, query in FACTS.items():
        made = query.format(**words)
        duckdb.sql(made).write_parquet(str(folder / f"{name}.parquet"))


def measured(folder: str) -> None:
    """Build, in this process, and print what it took."""
    begin, used = time.perf_counter(), time.process_time()
    made = build(folder, to=Path(folder) / "panel", end_year=END_YEAR)
    wall, cpu = time.perf_counter() - begin, time.process_time() - used
    peak = resident("VmHWM") / 1e3
    print(json.dumps([made.firms, made.rows, wall, cpu, peak]))


def main(firms: int) -> None:
    """Measure in a process of its own, and write it down."""
    with tempfile.TemporaryDirectory(prefix="scale-panel-") as folder:
        make(Path(folder), firms)
        load = os.getloadavg()[0]
        done = subprocess.run(
            [sys.executable, __file__, "build", folder], capture_output=True, text=True, check=True
        )
    known, rows, wall, cpu, peak = json.loads(done.stdout.splitlines()[-1])
    text = f"""# A panel built by queries

Measured {time.strftime("%Y-%m-%d")} by `python benchmarks/scale_panel.py`, in a process of its
own, on {os.cpu_count()} cores under a load of {load:.0f} when it began: where others work at the
same time, wall time is that of a share of the cores; processor time is not.

| firms | alliances | firm-years | seconds | processor seconds | peak memory, GB |
|---:|---:|---:|---:|---:|---:|
| {known:,d} | {3 * firms:,d} | {rows:,d} | {wall:.0f} | {cpu:.0f} | {peak:.2f} |
"""
    (RESULTS / "scale_panel.md").write_text(text)
    print(text)


if __name__ == "__main__":
    asked = sys.argv[1:]
    if asked[:1] == ["build"]:
        measured(asked[1])
    else:
        main(int(asked[0]) if asked else 1_000_000)
