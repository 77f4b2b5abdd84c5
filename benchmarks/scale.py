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
from pathlib import Path

import ibis

RESULTS = Path(__file__).parent / "results"
YEARS = 30
SIZES = {"1e5": 3_400, "1e6": 34_000, "1e7": 340_000, "6.3e7": 2_100_000}
BILLION = {"1e9": 33_400_000}
STREAMED = 670_000  # firms of 30 years: 20 million rows
READ = "read the columns with pyarrow"

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
import json, resource, sys, time
passes = []
import numpy, pandas, pyarrow, duckdb, ibis, belbiotech, formulaic, scipy.special
from belbiotech.survival.cox import estimate
begin, used = time.perf_counter(), time.process_time()
{task}
end, after = time.perf_counter(), time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps([end - begin, after - used, peak, *passes]))
"""


def measured(task: str) -> list[float]:
    """Run a task in a process of its own: wall time, processor time and peak memory (GB).

    After these three the wall and processor time of each pass, where the task tells them.
    """
    script = MEASURE.format(task=task)
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
                wall, cpu, peak = measured(code.format(**words))
                table.append([name, firms * YEARS, task, wall, cpu, peak])
                print(*table[-1], flush=True)
    return table


def stream() -> list[list[object]]:
    """Measure 20 million rows with two continuous covariates, a pass beside reading them."""
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        files = make(Path(folder), STREAMED, continuous=True)
        read = (
            "import pyarrow.dataset as ds; "
            f"s = ds.dataset({folder!r}).scanner(columns=['start', 'stop', 'failure', 'size', "
            "'growth'], batch_size=1 << 16); [len(b) for b in s.to_batches()]"
        )
        fit = (
            "import belbiotech.survival.engines.batches as b; whole = b._Local.total\n"
            "def total(self, *given):\n"
            "    start, used = time.perf_counter(), time.process_time()\n"
            "    made = whole(self, *given)\n"
            "    passes.extend([time.perf_counter() - start, time.process_time() - used])\n"
            "    return made\n"
            "b._Local.total = total\n"
            f"belbiotech.cox('failure ~ size + growth', {files!r}, stream=True)"
        )
        table = []
        for task, code in ((READ, read), ("cox, streamed", fit)):
            wall, cpu, peak, *passes = measured(code)
            rows = STREAMED * YEARS
            table.append(["2e7", rows, task, wall, cpu, peak])
            pairs = zip(passes[::2], passes[1::2], strict=True)
            table += [["2e7", rows, f"pass {k}", *pair, peak] for k, pair in enumerate(pairs, 1)]
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
        "starts. Wall time depends on what else the machine does; processor time less so.",
        "",
        "| rows | task | seconds | processor seconds | peak memory, GB |",
        "|---:|---|---:|---:|---:|",
    ]
    for _, number, task, wall, cpu, peak in table:
        lines.append(f"| {number:,d} | {task} | {wall:.2f} | {cpu:.2f} | {peak:.2f} |")
    lines += ["", *ratios(table), ""]
    return "\n".join(lines)


def ratios(table: list[list[object]]) -> list[str]:
    """Say how long each fit takes beside its bare query, by processor time."""
    cpu = {(row[0], row[2]): float(str(row[4])) for row in table}
    pairs = [
        ("cox", "bare count"),
        ("cox, clustered", "bare group-by of firm"),
        *((f"pass {k}", READ) for k in range(1, 20)),
    ]
    return [
        f"- {name} rows: `{ours}` takes {cpu[name, ours] / cpu[name, bare]:.1f} times the "
        f"processor time of the {bare}."
        for name in dict.fromkeys(str(row[0]) for row in table)
        for ours, bare in pairs
        if (name, ours) in cpu
    ]


def drawn(table: list[list[object]], to: Path) -> None:
    """Draw how time grows with rows."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    for task in TASKS:
        points = [(row[1], row[3]) for row in table if row[2] == task]
        if points:
            axes.loglog(*zip(*points, strict=True), marker="o", label=task)
    axes.set(xlabel="rows", ylabel="seconds")
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(to, dpi=120)


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
