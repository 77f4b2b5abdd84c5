"""A panel of a million firms built by queries from facts in Parquet: time, memory, rows.

Run as ``python benchmarks/scale_panel.py``, with the number of firms if it is another. The facts
are made up by the engine, with all their columns: three alliances for each firm, a financing for
each second one, an exit for each tenth. Results go to ``benchmarks/results/scale_panel.md``.
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

STATED = "'A' confidence, 'stated' date_quality, null::text note"
FOUNDED = "({first} + {firm} % {years})"  # of a firm, by its number
LATER = "(" + FOUNDED + " + hash(i + {salt}) % ({end} + 1 - " + FOUNDED + "))"

FACTS = {
    "firms": """select 'f' || i firm_id, 'Firm ' || i as name, null::text other_names,
        lpad((40000 + i // 100)::text, 6, '0') || lpad((i % 100)::text, 2, '0') digits,
        digits[1:4] || '.' || digits[5:7] || '.' || digits[8:8] ||
            lpad((97 - digits::bigint % 97)::text, 2, '0') enterprise_number,
        {of_i}::text founded, {region} region, 'Town ' || i % 500 city, {origin} origin,
        null::text parent, {segment} segment, 'core' frame, 's' || i source_ids, {stated}
        from range({firms}) t(i)""",
    "events": """select 'f' || (i * 10) firm_id, {event} as event, {of_event}::text as date,
        'Buyer ' || i counterparty, null::text counterparty_country, null::text amount_million,
        null::text currency, 'e' || i source_id, {stated} from range({firms} // 10) t(i)""",
    "alliances": """select 'f' || (hash(i) % {firms}) firm_id, 'Partner ' || i % 50000 partner,
        {partner} partner_type, 'BE' partner_country, {of_alliance}::text as start,
        case when i % 4 = 0 then ({of_alliance} + 5)::text end as "end", {purpose} alliance_type,
        'mutual' firm_role, case when i % 9 = 0 then ((i % 1000) / 10)::text end upfront_million,
        null::text total_million, case when i % 9 = 0 then 'EUR' end currency,
        'Project ' || i subject, 's' || (hash(i) % {firms}) source_id, {stated}
        from range(3 * {firms}) t(i)""",
    "financings": """select 'f' || (hash(i * 3) % {firms}) firm_id, {of_round}::text as date,
        'seed' round, ((i % 1000) / 10)::text amount_million, 'EUR' currency,
        'Investor ' || i lead_investor, 's' || (hash(i * 3) % {firms}) source_id, {stated}
        from range({firms} // 2) t(i)""",
    "sources": """select 's' || i source_id, 'https://example.org/' || source_id url,
        'Page ' || i title, 'Paper ' || i % 300 publisher, {of_i}::text published, 'en' as language
        from range({firms}) t(i)
        union all select 'e' || i, 'https://example.org/e' || i, 'Page ' || i,
        'Paper ' || i % 300, {of_event}::text, 'nl' from range({firms} // 10) t(i)""",
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
    words |= {"stated": STATED, "of_i": FOUNDED.format(firm="i", **words)}
    numbers = {"event": "i * 10", "alliance": "hash(i)", "round": "hash(i * 3)"}
    for salt, (name, number) in enumerate(numbers.items(), start=7):
        firm = f"({number} % {firms})"
        words[f"of_{name}"] = LATER.format(firm=firm, salt=salt, **words)
    for name, query in FACTS.items():
        made = duckdb.sql(query.format(**words))
        made = made.select("* exclude (digits)") if "digits" in made.columns else made
        made.write_parquet(str(folder / f"{name}.parquet"))


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
