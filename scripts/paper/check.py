"""Compare the paper's tables with those committed: which numbers moved, and by how much."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import pandas as pd
from common import OUT, VERSION

from belbiotech.report.moved import moves

EXPECTED = Path(__file__).parent / "expected"
SUMS = EXPECTED / "SHA256SUMS"
MOST = 15  # moves shown of a table


def main() -> None:
    """Compare, or accept the tables as they are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the paper")
    parser.add_argument("--accept", action="store_true", help="make these tables the expected ones")
    asked = parser.parse_args()
    tables = asked.out / "tables"
    if not list(tables.glob("*.csv")):
        sys.exit(f"No tables in {tables}: make the paper first, with make paper")
    if asked.accept:
        print(accept(tables))
    else:
        sys.exit(compare(tables))


def sums(folder: Path) -> dict[str, str]:
    """Hash every table of a folder."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.suffix in {".csv", ".md", ".tex"}
    }


def accept(tables: Path) -> str:
    """Keep the CSV files, which say what moved, and the hashes of all tables."""
    for old in EXPECTED.glob("*.csv"):
        old.unlink()
    EXPECTED.mkdir(exist_ok=True)
    for path in sorted(tables.glob("*.csv")):
        shutil.copyfile(path, EXPECTED / path.name)
    found = sums(tables)
    lines = [f"{digest}  {name}" for name, digest in found.items()]
    SUMS.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    return f"{len(found)} tables of data version {VERSION} are now the expected ones"


def compare(tables: Path) -> int:
    """Say what differs; give the exit code."""
    lines = (line.split("  ", 1) for line in SUMS.read_text("utf-8").splitlines())
    expected, found = {name: digest for digest, name in lines}, sums(tables)
    different = sorted(name for name in expected | found if expected.get(name) != found.get(name))
    if not different:
        print(f"All {len(found)} tables are the expected ones (data version {VERSION})")
        return 0
    print(f"{len(different)} of {len(expected | found)} tables differ (data version {VERSION}):")
    for name in different:
        print(f"\n{name}: {difference(name, tables, expected, found)}")
    print("\nIf that was meant: make paper-expected")
    return 1


def difference(name: str, tables: Path, expected: dict[str, str], found: dict[str, str]) -> str:
    """Say how one file differs."""
    if name not in found:
        return "is not made any more"
    if name not in expected:
        return "is new"
    if not name.endswith(".csv"):
        return "differs"
    moved = moves(pd.read_csv(EXPECTED / name), pd.read_csv(tables / name))
    shown = [f"  {move}" for move in moved[:MOST]]
    rest = [f"  and {len(moved) - MOST} more"] if len(moved) > MOST else []
    return "\n".join([f"{len(moved)} differences", *shown, *rest])


if __name__ == "__main__":
    main()
