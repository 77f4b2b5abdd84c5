"""Rows that are not in memory: time and memory beside the bare queries, and how they grow.

Run as ``make bench-scale``, or with what is wanted: ``python benchmarks/scale.py rows stream``.
``billion`` is asked for by name, as it takes some 8 GB of disk. Results go to
``benchmarks/results/scale.md`` and ``scale.png``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ibis
import numpy as np

RESULTS = Path(__file__).parent / "results"
YEARS = 30
SIZES = {"1e5": 3_400, "1e6": 34_000, "1e7": 340_000, "6.3e7": 2_100_000}
BILLION = {"1e9": 33_400_000}
REPEATS = 3
BASE = {"1e5", "1e7"}  # the sizes from which the others are predicted
STREAMED = 670_000  # firms of 30 years: 20 million rows
READ = "read the columns with pyarrow"
AGAIN = "read them again"

COX = "failure ~ C(region) + C(sector) + allied + listed"
BARE = (
    "select count(*) from (select start, stop, failure, region, sector, allied, listed, "
    "count(*) from '{files}' group by all)"
)
BARE_FIRM = "select count(*), max(n) from (select firm_id, count(*) n from '{files}' group by 1)"


def make(folder: Path, firms: int, *, continuous: bool = False) -> str:
    """Write a register, a file for each year: every firm once in each, generated in the engine."""
    connection = ibis.duckdb.connect()
    for year in range(YEARS):
        firm = ibis.range(0, firms).unnest().name("firm_id").as_table()
        number = firm["firm_id"]
        chance = (number * 7919 + year * 104_729).hash().abs() % 10_000
        mixed = (number * 31 + year * 977).hash().abs()
        rows = firm.mutate(
            start=ibis.literal(year, "int16"),
            stop=ibis.literal(year + 1, "int16"),
            failure=(chance < 200 + 40 * (number % 7)).cast("int8"),
            region=(number % 3).cast("int8"),
            sector=(number % 8).cast("int8"),
            allied=(mixed % 6).cast("int8"),
            listed=((number % 5 == 0) & (year > 10)).cast("int8"),
        )
        if continuous:
            rows = rows.mutate(
                size=(mixed % 1_000_003) / 250_000.0,
                growth=((mixed // 1_000_003) % 1_000_003) / 500_000.0 - 1.0,
            )
        connection.to_parquet(rows, str(folder / f"year{year:02d}.parquet"))
    return str(folder / "*.parquet")


TASKS = {
    "bare count": "import duckdb; duckdb.sql({bare!r}).fetchall()",
    "cox": "import belbiotech; belbiotech.cox({cox!r}, {files!r})",
    "bare group-by of firm": "import duckdb; duckdb.sql({bare_firm!r}).fetchall()",
    "cox, clustered": "import belbiotech; belbiotech.cox({cox!r}, {files!r}, cluster='firm_id')",
}

MEASURE = """
import json, sys, time
sys.path.insert(0, {here!r})
from resident import resident
passes = []
import numpy, pandas, pyarrow, duckdb, ibis, belbiotech, formulaic, scipy.special
from belbiotech.survival.cox import estimate
begin, used = time.perf_counter(), time.process_time()
{task}
end, after = time.perf_counter(), time.process_time()
peak = resident("VmHWM") / 1e3
print(json.dumps([end - begin, after - used, peak, *passes]))
"""


def measured(task: str) -> list[float]:
    """Run a task in a process of its own: wall time, processor time and peak memory (GB).

    After these three the wall and processor time of each pass, where the task tells them.
    """
    script = MEASURE.format(task=task, here=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return [float(number) for number in json.loads(done.stdout.strip().splitlines()[-1])]


def rows(sizes: dict[str, int]) -> list[list[object]]:
    """Measure counting and clustering at each size."""
    table = []
    for name, firms in sizes.items():
        with tempfile.TemporaryDirectory(prefix="scale-") as folder:
            files = make(Path(folder), firms)
            words = {
                "cox": COX,
                "files": files,
                "bare": BARE.format(files=files),
                "bare_firm": BARE_FIRM.format(files=files),
            }
            for task, code in TASKS.items():
                repeats = REPEATS if firms <= SIZES["1e7"] else 1
                wall, cpu, peak = min(measured(code.format(**words)) for _ in range(repeats))
                table.append([name, firms * YEARS, task, wall, cpu, peak])
                print(*table[-1], flush=True)
    return table


CLOCK = """
def clocked(work):
    begin, used = time.perf_counter(), time.process_time()
    made = work()
    passes.extend([time.perf_counter() - begin, time.process_time() - used])
    return made
"""
TWICE = """
import pyarrow.dataset as ds
def read():
    names = ['start', 'stop', 'failure', 'size', 'growth']
    scanner = ds.dataset({folder!r}).scanner(columns=names, batch_size=1 << 16)
    return sum(len(batch) for batch in scanner.to_batches())
clocked(read); clocked(read)
"""
FIT = """
import belbiotech.survival.engines.batches as b; whole = b._Local.total
b._Local.total = lambda *given: clocked(lambda: whole(*given))
belbiotech.cox('failure ~ size + growth', {folder!r}, stream=True)
"""


def stream() -> list[list[object]]:
    """Measure 20 million rows with two continuous covariates, a pass beside reading them.

    Rows are in order of time, a file for each year, or a firm's after the other's, in one file.
    """
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        by_year, by_firm = Path(folder) / "year", Path(folder) / "firm"
        by_year.mkdir()
        by_firm.mkdir()
        rows = ibis.duckdb.connect().read_parquet(make(by_year, STREAMED, continuous=True))
        rows.order_by("firm_id", "start").to_parquet(by_firm / "rows.parquet")
        return [*passes(by_year, ""), *passes(by_firm, ", rows by firm")]


def passes(folder: Path, how: str) -> list[list[object]]:
    """Measure passes over the files of a folder.

    The first reading in a process waits for memory, as the first pass does; the second does not.
    """
    read, fit = (CLOCK + code.format(folder=str(folder)) for code in (TWICE, FIT))
    _, _, peak, *twice = min(measured(read) for _ in range(REPEATS))
    timed = [(READ, *twice[:2], peak), (AGAIN, *twice[2:], peak)]
    wall, cpu, peak, *each = min(measured(fit) for _ in range(REPEATS))
    pairs = zip(each[::2], each[1::2], strict=True)
    timed += [("cox, streamed", wall, cpu, peak)]
    timed += [(f"pass {k}", *pair, peak) for k, pair in enumerate(pairs, 1)]
    table: list[list[object]] = [["2e7", STREAMED * YEARS, t + how, *m] for t, *m in timed]
    for row in table:
        print(*row, flush=True)
    return table


def written(table: list[list[object]]) -> str:
    """Make the page of results."""
    lines = [
        "# Rows that are not in memory",
        "",
        f"Measured {time.strftime('%Y-%m-%d')} by `make bench-scale`: a register of {YEARS} files, "
        "one a year, each task in a process of its own, libraries imported before the clock "
        f"starts; the streamed one, and up to 1e7 rows, the shortest of {REPEATS}. Wall time "
        "depends on what else the machine does; processor time less so. What is predicted is a "
        "line through the seconds at 1e5 and 1e7 rows.",
        "",
        "| rows | task | seconds | predicted | processor seconds | peak memory, GB |",
        "|---:|---|---:|---:|---:|---:|",
    ]
    for name, number, task, wall, cpu, peak in table:
        known = points(table, str(task))
        other = name not in BASE and known.keys() >= BASE
        expected = f"{predicted(table, str(task))(number):.2f}" if other else ""
        lines.append(f"| {number:,d} | {task} | {wall:.2f} | {expected} | {cpu:.2f} | {peak:.2f} |")
    lines += ["", *ratios(table), ""]
    return "\n".join(lines)


def ratios(table: list[list[object]]) -> list[str]:
    """Say how long each fit takes beside its bare query, and how time grows with rows."""
    taken = {(row[0], row[2]): (float(str(row[3])), float(str(row[4]))) for row in table}
    pairs = [
        ("cox", "bare count", "the bare count"),
        ("cox, clustered", "bare group-by of firm", "the bare group-by of firm"),
        *(
            (f"pass {k}{how}", (READ if k == 1 else AGAIN) + how, words)
            for how in ("", ", rows by firm")
            for k in range(1, 20)
            for words in [f"reading its columns with pyarrow{'' if k == 1 else ' again'}"]
        ),
    ]
    lines = []
    for name in dict.fromkeys(str(row[0]) for row in table):
        for ours, bare, words in pairs:
            if (name, ours) in taken:
                wall, cpu = np.divide(taken[name, ours], taken[name, bare])
                lines.append(
                    f"- {name} rows: `{ours}` takes {wall:.1f} times as long as {words}, and "
                    f"{cpu:.1f} times the processor time."
                )
    return lines


def points(table: list[list[object]], task: str) -> dict[str, tuple[int, float]]:
    """Give the rows and seconds of a task at each size."""
    return {str(row[0]): (int(str(row[1])), float(str(row[3]))) for row in table if row[2] == task}


def predicted(table: list[list[object]], task: str) -> Callable[[float], float]:
    """Give the seconds at any number of rows, from two sizes."""
    known = points(table, task)
    (few, short), (many, long) = known["1e5"], known["1e7"]
    each = (long - short) / (many - few)
    return lambda rows: short + each * (rows - few)


def drawn(table: list[list[object]], to: Path) -> None:
    """Draw how time grows with rows, measured and as it is predicted from two sizes."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for task in TASKS:
        known = points(table, task)
        if not known:
            continue
        (line,) = axes.loglog(*zip(*known.values(), strict=True), marker="o", ls="", label=task)
        if known.keys() >= BASE:
            rows = np.geomspace(1e5, max(rows for rows, _ in known.values()))
            axes.loglog(rows, predicted(table, task)(rows), color=line.get_color(), lw=1)
    axes.set(xlabel="rows", ylabel="seconds")
    axes.set_title(
        "Points: measured. Lines: predicted from 1e5 and 1e7 rows.", loc="left", fontsize="medium"
    )
    axes.legend(frameon=False)
    figure.savefig(to, dpi=120)
    plt.close(figure)


def main(asked: list[str]) -> None:
    """Measure what is asked for, and write it down."""
    table: list[list[object]] = []
    if "rows" in asked:
        table += rows(SIZES)
    if "billion" in asked:
        table += rows(BILLION)
    if "stream" in asked:
        table += stream()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "scale.md").write_text(written(table))
    drawn(table, RESULTS / "scale.png")


if __name__ == "__main__":
    main(sys.argv[1:] or ["rows", "stream"])
