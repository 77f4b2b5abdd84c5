"""Hold the places where SQL is put together from parts against those that were looked at.

Run by ``make audit``: ``python scripts/sql_places.py BANDIT``. A place is a function of a file;
what its parts are is written beside it. A place that is not listed fails, and so does a line for a
place that is none any more.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOOKED_INTO = ("src", "scripts", "benchmarks")
REGISTERS = "src/belbiotech/dataset/registers/"
OWN = "constants of the module, and expressions that it writes itself"
COUNTS = "whole numbers that were counted"
LICENCE = f"{OWN}; days as DuckDB writes dates; the name of a licence of ours"
PLACES = {
    "benchmarks/registers.py: made_up_register": COUNTS,
    "benchmarks/registers.py: kbo_extract": f"{OWN}; dates and {COUNTS}",
    "benchmarks/registers.py: kbo_base": f"{OWN}; {COUNTS}",
    "benchmarks/registers.py: cordis_zip": COUNTS,
    "benchmarks/registers.py: gleif_zips": COUNTS,
    "benchmarks/registers.py: sirene_zips": COUNTS,
    f"{REGISTERS}corrections.py: apply": "columns of CORRECTABLE, tables of the callers; all "
    "values are parameters",
    f"{REGISTERS}files/streams.py: tell_faults": "tables and conditions of the callers",
    f"{REGISTERS}gleif.py: _check": OWN,
    f"{REGISTERS}parts/gleif_facts.py: _firms": OWN,
    f"{REGISTERS}parts/gleif_facts.py: _events": OWN,
    f"{REGISTERS}parts/gleif_facts.py: _rest": LICENCE,
    f"{REGISTERS}parts/gleif_layout.py: the module": OWN,
    f"{REGISTERS}parts/kbo_facts.py: _units": COUNTS,
    f"{REGISTERS}parts/kbo_facts.py: _events": OWN,
    f"{REGISTERS}parts/kbo_facts.py: _tables": OWN,
    f"{REGISTERS}parts/kbo_series.py: load_series": "True or False",
    f"{REGISTERS}parts/kbo_series.py: _load_extract": f"{OWN}; {COUNTS}",
    f"{REGISTERS}parts/kbo_series.py: _remember_names": f"{OWN}; {COUNTS}",
    f"{REGISTERS}parts/kbo_series.py: _remember_places": OWN,
    f"{REGISTERS}parts/kbo_tables.py: the module": OWN,
    f"{REGISTERS}parts/kbo_tables.py: apply_file": "tables of KEYS",
    f"{REGISTERS}parts/kbo_tables.py: _stage": OWN,
    f"{REGISTERS}parts/kbo_tables.py: _repeated": OWN,
    f"{REGISTERS}parts/kbo_tables.py: read_activities": f"{OWN}; codes of activities, which "
    "read_prefixes lets be digits alone",
    f"{REGISTERS}parts/sirene_facts.py: _firms": OWN,
    f"{REGISTERS}parts/sirene_facts.py: _events": LICENCE,
    f"{REGISTERS}parts/sirene_facts.py: _rest": LICENCE,
    f"{REGISTERS}sirene.py: _load": f"{OWN}; codes of activities, digits alone",
    f"{REGISTERS}sirene.py: _check": OWN,
    f"{REGISTERS}writing.py: _copy": "columns of the facts' schemas; the path, its quotes doubled",
}


def place_of(file: str, line: int) -> str:
    """Name the innermost function around a line."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    inner = max(around, key=lambda node: node.lineno, default=None)
    return f"{file}: {inner.name if inner else 'the module'}"


def judged(found: set[str]) -> list[str]:
    """Say which places nobody has looked at, and which lines have none."""
    new = [f"{place} puts SQL together: look at it, and list it" for place in found - set(PLACES)]
    gone = [f"{place} is listed, and puts no SQL together" for place in set(PLACES) - found]
    return sorted(new) + sorted(gone)


def main(bandit: str) -> int:
    """Run bandit, and tell."""
    command = [bandit, "--quiet", "--recursive", "--tests", "B608", "--format", "json"]
    done = subprocess.run(
        [*command, *LOOKED_INTO], cwd=ROOT, capture_output=True, text=True, check=False
    )
    results = json.loads(done.stdout)["results"]
    problems = judged({place_of(one["filename"], one["line_number"]) for one in results})
    print("\n".join(problems or [f"SQL is put together in {len(PLACES)} places, each looked at."]))
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
