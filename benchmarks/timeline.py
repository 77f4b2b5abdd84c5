"""Alliances brought into the lives of firms, and lives cut into years: ours, R and lifelines.

Run as ``python benchmarks/timeline.py``, with the number of firms if it is another. Each firm has
three alliances. R's `tmerge` and `survSplit` take all firms; lifelines'
`add_covariate_to_timeline`, which goes through firms one by one, the first thousand. All have to
give the same rows. Results go to ``benchmarks/results/timeline.md``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import belbiotech as bb

HERE = Path(__file__).parent
YEARS = 25
REPEATS = 5
FEW = 1_000  # firms that lifelines gets
KEYS = ["firm_id", "start"]


def lives(firms: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make up firms, a row each, and the alliances that they sign, by age."""
    rng = np.random.default_rng(1)
    age = rng.integers(3, YEARS + 1, firms)
    failed = (rng.random(firms) < 0.3).astype(int)
    rows = pd.DataFrame({"firm_id": range(firms), "start": 0, "stop": age, "failure": failed})
    of = np.repeat(np.arange(firms), 3)
    return rows, pd.DataFrame({"firm_id": of, "time": rng.integers(0, age[of])})


def best(work: Callable[[], pd.DataFrame], repeats: int = REPEATS) -> tuple[float, pd.DataFrame]:
    """Give the shortest time of some runs, after a first one, and what came out."""
    made, taken = work() if repeats > 1 else pd.DataFrame(), []
    for _ in range(repeats):
        begin = time.perf_counter()
        made = work()
        taken.append(time.perf_counter() - begin)
    return min(taken), made


def merged(rows: pd.DataFrame, signed: pd.DataFrame) -> pd.DataFrame:
    """Bring the alliances in, our way."""
    return bb.merge_timeline(rows, signed, {"alliances": "count"}, outcomes="failure")


def by_r(rows: pd.DataFrame, signed: pd.DataFrame) -> tuple[dict[str, float], pd.DataFrame]:
    """Let R do both."""
    with tempfile.TemporaryDirectory(prefix="timeline-") as folder:
        firms, alliances, to = (Path(folder) / f"{name}.csv" for name in ("firms", "signed", "to"))
        rows.to_csv(firms, index=False)
        signed.to_csv(alliances, index=False)
        script = ["Rscript", "--vanilla", HERE / "timeline.R"]
        call = [*script, firms, alliances, str(YEARS), str(REPEATS), to]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
        made = pd.read_csv(to).rename(columns={"tstart": "start", "tstop": "stop"})
    return json.loads(done.stdout), made


def by_lifelines(rows: pd.DataFrame, signed: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """Let lifelines bring the alliances in."""
    from lifelines.utils import add_covariate_to_timeline, to_long_format

    alone = rows.drop(columns="start").rename(columns={"stop": "age"})
    base = to_long_format(alone, "age")
    counts = signed.assign(alliances=1).groupby(["firm_id", "time"], as_index=False).sum()
    return best(
        lambda: add_covariate_to_timeline(
            base,
            counts,
            "firm_id",
            "time",
            "failure",
            cumulative_sum=True,
            cumulative_sum_prefix="",
        ),
        repeats=1,
    )


def the_same(one: pd.DataFrame, other: pd.DataFrame, who: str) -> None:
    """Stop where two tables differ."""
    columns = [*KEYS, "stop", "failure", "alliances"]
    tables = [table[columns].astype(float).sort_values(KEYS).to_numpy() for table in (one, other)]
    if not np.array_equal(*tables):
        msg = f"{who} gives other rows than ours"
        raise SystemExit(msg)


def measured(firms: int) -> list[list[object]]:
    """Time all: tool, what it does, firms, rows that come out, seconds, our seconds for that."""
    rows, signed = lives(firms)
    merging, pieces = best(lambda: merged(rows, signed))
    cuts = list(range(1, YEARS + 1))
    splitting, years = best(lambda: bb.split_at(pieces, cuts, outcomes="failure"))
    few, early = rows[:FEW], signed[signed["firm_id"] < FEW]
    merging_few, pieces_few = best(lambda: merged(few, early))
    table: list[list[object]] = []
    if shutil.which("Rscript"):
        told, theirs = by_r(rows, signed)
        the_same(years, theirs, "R")
        table += [
            ["R `tmerge`", "`merge_timeline`", firms, len(pieces), told["merging"], merging],
            ["R `survSplit`", "`split_at`", firms, len(years), told["splitting"], splitting],
        ]
    taken, theirs = by_lifelines(few, early)
    the_same(pieces_few, theirs, "lifelines")
    name = "lifelines `add_covariate_to_timeline`"
    table.append([name, "`merge_timeline`", len(few), len(pieces_few), taken, merging_few])
    return table


def main(firms: int) -> None:
    """Measure, and write it down."""
    load = os.getloadavg()[0]
    lines = [
        "# Facts on a time line, and lives in years",
        "",
        f"Measured {time.strftime('%Y-%m-%d')} by `benchmarks/timeline.py` on {os.cpu_count()} "
        f"cores under a load of {load:.0f} when it began; the shortest of {REPEATS} runs "
        "(lifelines: one). All give the same rows.",
        "",
        "| theirs | ours | firms | rows that come out | their seconds | our seconds | times |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for theirs, ours, number, out, taken, own in measured(firms):
        ratio = float(str(taken)) / float(str(own))
        lines.append(
            f"| {theirs} | {ours} | {number:,d} | {out:,d} | {taken:.3f} | {own:.3f} "
            f"| {ratio:.1f} |"
        )
    text = "\n".join([*lines, ""])
    (HERE / "results" / "timeline.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
