"""How much memory each estimator takes, by the number of rows: a table for docs/promises.md.

Run it with ``python benchmarks/memory.py``; it writes ``benchmarks/results/memory.md``. Each
estimate is made in a process of its own, on firm-years with delayed entry (ages 0 to 40, firms of
about ten rows each), and what Python and NumPy hold for it at its highest is taken, the panel and
the imports aside.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "memory.md"
ROWS = (10_000, 100_000, 1_000_000)
COUNTED = "failure ~ alliances + spinoff"
UNLIKE = "failure ~ alliances + capital"
CALLS = {
    "kaplan_meier": "bb.kaplan_meier(rows, 'failure', by='spinoff')",
    "cumulative_incidence": "bb.cumulative_incidence(rows, ['failure', 'sale'])",
    "logrank_test": "bb.logrank_test(rows, 'failure', by='spinoff')",
    "gray_test": "bb.gray_test(rows, 'failure', 'sale', 'spinoff')",
    "cox, 22 different rows of covariates": f"bb.cox('{COUNTED}', rows)",
    "cox, clusters": f"bb.cox('{COUNTED}', rows, cluster='firm_id')",
    "cox, all rows different": f"bb.cox('{UNLIKE}', rows)",
    "cox, all rows different, clusters": f"bb.cox('{UNLIKE}', rows, cluster='firm_id')",
    "cox_causes": "bb.cox_causes('alliances + spinoff', rows, ['failure', 'sale'])",
    "fine_gray": "bb.fine_gray('failure ~ origin + spinoff', rows, ['sale'])",
    "discrete_hazard": f"bb.discrete_hazard('{UNLIKE}', rows)",
    "aft, Weibull": "bb.aft('failure ~ origin + wealth', rows, 'weibull')",
}
PROGRAM = """
import sys, tracemalloc, warnings
import numpy as np, pandas as pd
import belbiotech as bb
warnings.simplefilter("ignore")
def panel(n, seed=1):
    draw = np.random.default_rng(seed)
    firm = np.repeat(np.arange(n // 10 + 1), 10)[:n]
    start = draw.integers(0, 30, n // 10 + 1)[firm] + np.arange(n) % 10
    last = np.arange(n) % 10 == 9
    fate = draw.random(n)
    wealth = draw.normal(size=n // 10 + 1)
    return pd.DataFrame({
        "firm_id": firm, "start": start, "stop": start + 1,
        "failure": (last & (fate < 0.2)).astype(int),
        "sale": (last & (fate > 0.8)).astype(int),
        "alliances": draw.integers(0, 11, n), "spinoff": firm % 2, "origin": firm % 11,
        "wealth": wealth[firm],
        "capital": draw.normal(size=n),
    })
rows = panel(2_000)
call = sys.argv[2]
eval(call)  # imports, and what is made once
rows = panel(int(sys.argv[1]))
tracemalloc.start()
eval(call)
print(tracemalloc.get_traced_memory()[1] / 2**20)
"""


def megabytes(rows: int, call: str) -> str:
    """Memory of one estimate, or why there is none."""
    command = [sys.executable, "-c", PROGRAM, str(rows), call]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{call}: {done.stderr}")  # noqa: EM102
    return f"{float(done.stdout.split()[-1]):,.0f}"


def main() -> None:
    """Measure all and write the table."""
    head = " | ".join(f"{rows:,d} rows" for rows in ROWS)
    lines = [
        "# Memory by rows",
        "",
        "Megabytes that Python and NumPy hold for an estimate at its highest, beside the panel (10 "
        "columns, 80 bytes a row). Made by `benchmarks/memory.py`.",
        "",
        f"| estimate | {head} |",
        f"| :--- | {' | '.join('---:' for _ in ROWS)} |",
    ]
    for name, call in CALLS.items():
        told = [megabytes(rows, call) for rows in ROWS]
        print(name, *told)
        lines.append(f"| {name} | {' | '.join(told)} |")
    RESULTS.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
