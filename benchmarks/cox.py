"""How long a Cox model of a large panel takes, and how much memory: ours beside the others.

``python benchmarks/cox.py`` makes a firm-year panel and fits the same models with each tool, each
in a process of its own, one after the other. The table goes to ``benchmarks/results/cox.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resident import resident

HERE = Path(__file__).parent
COVARIATES = {
    "discrete": ["alliances", "listed", "spinoff", "size"],
    "continuous": ["alliances", "listed", "spinoff", "log_capital"],
}
TOOLS = ["belbiotech", "lifelines", "surpyval", "surpyval arrays", "statsmodels", "R"]
PEERS = ["survival (PyPI)", "H2O"]  # in an environment of their own: what they need is not pinned
INTERVAL = ["start", "stop", "failure"]
OURS = {  # what else is timed with our own: covariates, options of cox(), changes to the panel
    "clustered by firm": ("discrete", {"cluster": "firm"}, None),
    "clustered by firm, continuous": ("continuous", {"cluster": "firm"}, None),
    "clustered by firm and year": ("discrete", {"cluster": ["firm", "year"]}, None),
    "stratified by region": ("discrete", {"strata": "region"}, None),
    "Breslow": ("discrete", {"ties": "breslow"}, None),
    "a factor, C(region)": ("factor", {}, None),
    "region as category": ("factor", {}, "category"),
    "rows in random order": ("discrete", {}, "shuffled"),
    "rows in random order, clustered": ("discrete", {"cluster": "firm"}, "shuffled"),
    "all columns as floats": ("discrete", {}, "floats"),
    "small integers (int8, bool)": ("discrete", {}, "small"),
    "3,000 rows": ("discrete", {}, "head"),
    "3,000 rows, clustered": ("discrete", {"cluster": "firm"}, "head"),
}


def firm_years(rows: int, seed: int = 2015) -> pd.DataFrame:
    """Make firms' lives, year by year: entry, alliances signed, listing, failure."""
    draw = np.random.default_rng(seed)
    firms = rows // 6
    entry = np.where(draw.random(firms) < 0.3, draw.integers(1, 8, firms), 0)
    firm = np.arange(firms)
    alliances, listed = draw.poisson(0.5 * (entry > 0)), np.zeros(firms, dtype=np.int64)
    spinoff, size = draw.integers(0, 2, firms), draw.integers(0, 4, firms)
    region, founded = (
        draw.choice([0, 1, 2], firms, p=[0.5, 0.3, 0.2]),
        draw.integers(1985, 2015, firms),
    )
    capital, age, years = draw.normal(size=firms), entry.copy(), []
    while len(firm) and sum(map(len, years)) < 2 * rows:
        f = firm
        rate = 0.06 * np.exp(
            -0.15 * alliances[f]
            - 0.4 * listed[f]
            - 0.2 * spinoff[f]
            - 0.1 * size[f]
            - 0.2 * capital[f]
        )
        failure = draw.random(len(f)) < 1 - np.exp(-rate)
        years.append(
            pd.DataFrame(
                {
                    "firm": f,
                    "year": founded[f] + age[f],
                    "start": age[f],
                    "stop": age[f] + 1,
                    "failure": failure.astype(np.int64),
                    "alliances": np.minimum(alliances[f], 8),
                    "listed": listed[f],
                    "spinoff": spinoff[f],
                    "size": size[f],
                    "log_capital": capital[f],
                    "region": np.array(["BE-VLG", "BE-WAL", "BE-BRU"], dtype=object)[region[f]],
                }
            )
        )
        age[f] += 1
        alliances[f] += draw.poisson(0.3, len(f))
        listed[f] |= draw.random(len(f)) < 0.02
        capital[f] += draw.normal(0, 0.2, len(f))
        firm = f[~failure & (draw.random(len(f)) > 0.05) & (age[f] < 30)]
    panel = pd.concat(years).sort_values(["firm", "start"], kind="stable", ignore_index=True)
    return panel.iloc[:rows]


def changed(panel: pd.DataFrame, how: str | None) -> pd.DataFrame:
    """Give the panel in another form: other types, another order, a part."""
    if how == "category":
        return panel.assign(region=panel["region"].astype("category"))
    if how == "shuffled":
        return panel.sample(frac=1, random_state=1).reset_index(drop=True)
    if how == "floats":
        return panel.astype(dict.fromkeys([*INTERVAL, *COVARIATES["discrete"]], float))
    if how == "small":
        small = {
            "failure": bool,
            "listed": bool,
            "spinoff": bool,
            "alliances": np.int8,
            "size": np.int8,
        }
        return panel.astype({**small, "start": np.int8, "stop": np.int8})
    return panel.iloc[:3000] if how == "head" else panel


def fitter(tool: str, panel: pd.DataFrame, covariates: list[str]) -> Callable[[], np.ndarray]:
    """Give the fit of one tool as a function of no arguments that returns the coefficients."""
    if tool == "belbiotech":
        from belbiotech import cox

        text = "failure ~ " + " + ".join(covariates)
        return lambda: cox(text, panel).params.to_numpy()
    if tool == "lifelines":
        from lifelines import CoxTimeVaryingFitter

        rows = panel[["firm", *INTERVAL, *covariates]]
        return lambda: (
            CoxTimeVaryingFitter()
            .fit(rows, id_col="firm", event_col="failure", start_col="start", stop_col="stop")
            .params_.to_numpy()
        )
    start, stop, failure = (panel[name].to_numpy(dtype=float) for name in INTERVAL)
    x = panel[covariates].to_numpy(dtype=float)
    if tool == "surpyval":  # its way for start-stop rows, which it checks as we do
        from surpyval import CoxPH

        firm = panel["firm"].to_numpy()
        return lambda: CoxPH.fit_tvc(firm, start, stop, 1 - failure, x, tie_method="efron").beta
    if tool == "survival (PyPI)":
        from survival import coxph

        text = f"Surv(start, stop, failure) ~ {' + '.join(covariates)}"
        return lambda: np.asarray(coxph(text, data=panel).coefficients)
    if tool == "H2O":
        return h2o_fitter(panel, covariates)
    if tool == "surpyval arrays":  # rows as if each were another firm, unchecked
        from surpyval import CoxPH

        return lambda: CoxPH.fit(stop, x, c=1 - failure, tl=start, tie_method="efron").beta
    from statsmodels.duration.hazard_regression import PHReg

    # Its entry counts as at risk at the time itself; moved by a little, it does not.
    return lambda: PHReg(stop, x, status=failure, entry=start + 1e-6, ties="efron").fit().params


def h2o_fitter(panel: pd.DataFrame, covariates: list[str]) -> Callable[[], np.ndarray]:
    """Give H2O's fit: its server is started, and the columns sent to it, outside of the time."""
    import h2o
    from h2o.estimators import H2OCoxProportionalHazardsEstimator as Estimator

    if h2o.connection() is None:
        h2o.init(verbose=False)
    h2o.no_progress()
    frame = h2o.H2OFrame(panel[[*INTERVAL, *covariates]])

    def fit() -> np.ndarray:
        model = Estimator(start_column="start", stop_column="stop", ties="efron")
        model.train(x=covariates, y="failure", training_frame=frame)
        coefficients = model.coef()
        return np.array([coefficients[name] for name in covariates])

    return fit


def working(tool: str) -> str:
    """Give the process whose memory a tool takes: this one, or a server in Java that it started."""
    if tool != "H2O":
        return "self"
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return next(pid for pid in children if "java" in Path(f"/proc/{pid}/cmdline").read_text())


def measured(fit: Callable[[], Any], repeats: int, process: str = "self") -> dict[str, Any]:
    """Wall times of a fit after a first one, what all add to the memory, and the result."""
    before = resident("VmRSS", process)
    result, seconds = fit(), []
    for _ in range(repeats):
        begin = time.perf_counter()
        result = fit()
        seconds.append(time.perf_counter() - begin)
    return {
        "best": min(seconds),
        "median": float(np.median(seconds)),
        "added": resident("VmHWM", process) - before,
        "result": np.asarray(result).tolist(),
    }


def run_here(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job in this process."""
    panel = pd.read_parquet(job["panel"])
    if job["tool"] == "limits":
        return limits(panel)
    if job["tool"] == "ours":
        from belbiotech import cox

        kind, options, how = OURS[job["model"]]
        names = [*COVARIATES["discrete"][:3], "C(region)"] if kind == "factor" else COVARIATES[kind]
        panel = changed(panel, how)
        text = "failure ~ " + " + ".join(names)
        cox(text, panel.iloc[:2000], **options)  # imports what it needs
        return measured(lambda: cox(text, panel, **options).params, job["repeats"])
    covariates = COVARIATES[job["model"]]
    fitter(job["tool"], panel.iloc[:2000], covariates)()  # imports what it needs
    fit = fitter(job["tool"], panel, covariates)
    return measured(fit, job["repeats"], working(job["tool"]))


def limits(panel: pd.DataFrame) -> dict[str, Any]:
    """Time what nobody can be faster than: reading the columns once, counting equal rows."""
    import duckdb

    names = [*INTERVAL, *COVARIATES["discrete"]]
    rows = panel[names]
    counted = f"select {', '.join(names)}, count(*) from rows group by all"  # nosec B608
    connection = duckdb.connect()
    connection.register("rows", rows)
    return {
        "numpy": measured(lambda: [rows[name].to_numpy().sum() for name in names], 7),
        "duckdb": measured(lambda: [len(connection.execute(counted).fetchnumpy()["start"])], 7),
        "data": float(rows.memory_usage(index=False).sum() / 2**20),
        "panel": float(panel.memory_usage(index=False).sum() / 2**20),
        "events": int(panel["failure"].sum()),
    }


def run_r(panel: pd.DataFrame, model: str, repeats: int, folder: Path) -> dict[str, Any]:
    """Fit with R's coxph: the columns go through a binary file, which is not timed."""
    names = [*INTERVAL, *COVARIATES[model]]
    panel[names].to_numpy(dtype="<f8").T.tofile(folder / "columns.bin")
    call = [
        "Rscript",
        "--vanilla",
        HERE / "cox.R",
        folder / "columns.bin",
        str(len(panel)),
        str(repeats),
        *names,
    ]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def run_apart(job: dict[str, Any], python: str = sys.executable) -> dict[str, Any]:
    """Do one job in a process of its own."""
    call = [python, "-W", "ignore", __file__, "--job", json.dumps(job)]
    done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return {"best": float("nan"), "median": float("nan"), "added": float("nan"), "result": []}
    told = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return json.loads(told[-1])  # H2O has words of its own when it ends


def machine(peers: str | None) -> list[str]:
    """Describe the machine and the versions."""
    chip = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if "model name" in line]
        chip = names[0].split(": ")[1] if names else chip
    packages = ["numpy", "pandas", "formulaic", "duckdb", "lifelines", "surpyval", "statsmodels"]
    lines = [
        f"- {platform.system()} on {chip}, {os.cpu_count()} cores",
        f"- Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in packages),
    ]
    if shutil.which("Rscript"):
        told = "cat(R.version.string, ', survival ', format(packageVersion('survival')), sep = '')"
        found = subprocess.run(["Rscript", "-e", told], capture_output=True, text=True)
        lines.append(f"- {found.stdout}")
    if peers:
        told = "from importlib.metadata import version as v; print(v('survival'), v('h2o'))"
        found = subprocess.run([peers, "-c", told], capture_output=True, text=True, check=True)
        ported, server = found.stdout.split()
        lines.append(f"- survival {ported} (PyPI), H2O {server} (its server's memory is told)")
    return lines


def head(panel: pd.DataFrame, floor: dict[str, Any], peers: str | None) -> list[str]:
    """Say what was measured, on what, and how."""
    return [
        "# Cox models of a firm-year panel",
        "",
        f"{len(panel):,d} firm-years of {panel['firm'].nunique():,d} firms, "
        f"{floor['events']:,d} failures. Made by `benchmarks/cox.py`; see `benchmarks/README.md`.",
        "",
        *machine(peers),
        f"- Load average at the start {os.getloadavg()[0]:.1f}",
        "",
        "Seconds are the best of several fits after a first one, in several rounds, each tool in a "
        "process of its own. Memory is what the fits add to the process at its highest, after "
        "imports; the "
        f"model's columns take {floor['data']:.0f} MB, the panel {floor['panel']:.0f} MB.",
    ]


def table(title: str, columns: list[str], rows: list[list[str]]) -> list[str]:
    """Write a table in Markdown."""
    lines = ["", f"## {title}", "", f"| {' | '.join(columns)} |"]
    lines.append("|" + " :--- |" + " ---: |" * (len(columns) - 1))
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows)]


def timed(
    tool: str, model: str, options: argparse.Namespace, panel: pd.DataFrame, path: Path
) -> dict[str, Any]:
    """Time one model with one tool, once."""
    if tool == "R":
        return run_r(panel, model, options.others, path.parent)
    repeats = options.repeats if tool == "belbiotech" else options.others
    job = {"tool": tool, "model": model, "panel": str(path), "repeats": repeats}
    return run_apart(job, options.peers) if tool in PEERS else run_apart(job)


def beside_others(
    model: str, options: argparse.Namespace, panel: pd.DataFrame, path: Path
) -> list[list[str]]:
    """Time one model with each tool, in turn, in several rounds; keep each one's best."""
    tools = [tool for tool in options.tools if tool != "R" or shutil.which("Rscript")]
    tools += PEERS if options.peers else []
    best: dict[str, dict[str, Any]] = {}
    for _ in range(options.rounds):
        for tool in tools:
            found = timed(tool, model, options, panel, path)
            if tool not in best or found["best"] < best[tool]["best"]:
                best[tool] = found
            print(tool, found["best"], flush=True)
    ours, rows = best[tools[0]], []
    for tool, found in best.items():
        off = np.abs(np.subtract(found["result"], ours["result"])).max()
        ratio = found["best"] / ours["best"]
        rows.append(
            [tool, f"{found['best']:.3f}", f"{ratio:.1f}", f"{found['added']:.0f}", f"{off:.0e}"]
        )
    return rows


def in_other_ways(options: argparse.Namespace, path: Path) -> list[list[str]]:
    """Time our own fits with options, other types of columns and other orders of rows."""
    rows = []
    for what in OURS:
        job = {"tool": "ours", "model": what, "panel": str(path), "repeats": options.repeats}
        found = run_apart(job)
        row = [what, *(f"{1000 * found[key]:.1f}" for key in ("best", "median"))]
        rows.append([*row, f"{found['added']:.0f}"])
        print(*rows[-1], flush=True)
    return rows


def compare(options: argparse.Namespace, panel: pd.DataFrame, folder: Path) -> list[str]:
    """Time everything and write it up."""
    path = folder / "panel.parquet"
    panel.to_parquet(path)
    floor = run_apart({"tool": "limits", "panel": str(path)})
    lines = head(panel, floor, options.peers)
    columns = ["tool", "seconds", "times the first", "MB added", "largest difference"]
    for model, covariates in COVARIATES.items():
        rows = beside_others(model, options, panel, path)
        lines += table(f"failure ~ {' + '.join(covariates)}", columns, rows)
    limits = [
        [what, f"{1000 * floor[key]['best']:.1f}", f"{1000 * floor[key]['median']:.1f}"]
        for what, key in (
            ("numpy reads the seven columns of the first model once", "numpy"),
            ("DuckDB counts the equal rows of the first model, no more", "duckdb"),
        )
    ]
    lines += table("The limit", ["what", "best, ms", "median, ms"], limits)
    ways = in_other_ways(options, path)
    return lines + table(
        "belbiotech in other ways", ["what", "best, ms", "median, ms", "MB added"], ways
    )


def main() -> None:
    """Read the options, make the panel, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument(
        "--repeats", type=int, default=9, help="fits with ours; one more is not timed"
    )
    parser.add_argument("--others", type=int, default=3, help="fits with each other tool")
    parser.add_argument("--rounds", type=int, default=2, help="how often all tools have their turn")
    parser.add_argument("--tools", nargs="+", default=TOOLS, choices=TOOLS)
    parser.add_argument("--output", type=Path, default=HERE / "results" / "cox.md")
    parser.add_argument("--peers", help="a Python that has survival and h2o, to time these, too")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print(json.dumps(run_here(json.loads(options.job))))
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = compare(options, firm_years(options.rows), Path(folder))
    options.output.parent.mkdir(exist_ok=True)
    options.output.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
