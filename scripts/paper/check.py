"""Compare the paper's tables, figures and texts with those committed: what moved, by how much.

Of a figure the numbers and words that it shows are compared, not its pixels.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from difflib import unified_diff
from pathlib import Path

import pandas as pd
from common import OUT, VERSION

from belbiotech.report.moved import moves

EXPECTED = Path(__file__).parent / "expected"
SUMS = EXPECTED / "SHA256SUMS"
MOST = 15  # moves shown of a file
FILES = "tables, figures and texts"
COMPARED = {"tables": (".csv", ".md", ".tex"), "figures": (".csv",), "texts": (".txt",)}
KEPT = {".csv", ".txt"}


def main() -> None:
    """Compare, or accept all as it is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the paper")
    parser.add_argument("--accept", action="store_true", help="make these tables the expected ones")
    asked = parser.parse_args()
    if not list((asked.out / "tables").glob("*.csv")):
        sys.exit(f"No tables in {asked.out / 'tables'}: make the paper first, with make paper")
    if asked.accept:
        print(accept(asked.out))
    else:
        sys.exit(compare(asked.out))


def made(folder: Path) -> dict[str, Path]:
    """Find every table, every figure's numbers, and every text of a paper."""
    kinds = [(kind, ending) for kind, endings in COMPARED.items() for ending in endings]
    paths = [path for kind, ending in kinds for path in (folder / kind).glob(f"*{ending}")]
    return {f"{path.parent.name}/{path.name}": path for path in sorted(paths)}


def sums(folder: Path) -> dict[str, str]:
    """Hash all that is compared."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in made(folder).items()
    }


def accept(out: Path) -> str:
    """Keep the CSV files and texts, which say what moved, and the hashes of all."""
    for kind in COMPARED:
        shutil.rmtree(EXPECTED / kind, ignore_errors=True)
        (EXPECTED / kind).mkdir(parents=True)
    for name, path in made(out).items():
        if path.suffix in KEPT:
            shutil.copyfile(path, EXPECTED / name)
    found = sums(out)
    lines = [f"{digest}  {name}" for name, digest in found.items()]
    SUMS.write_text("\n".join(lines) + "\n", "utf-8", newline="\n")
    return f"{len(found)} {FILES} of data version {VERSION} are now the expected ones"


def compare(out: Path) -> int:
    """Say what differs; give the exit code."""
    lines = (line.split("  ", 1) for line in SUMS.read_text("utf-8").splitlines())
    expected, found = {name: digest for digest, name in lines}, sums(out)
    different = sorted(name for name in expected | found if expected.get(name) != found.get(name))
    if not different:
        print(f"All {len(found)} {FILES} are the expected ones (data version {VERSION})")
        return 0
    print(f"{len(different)} of {len(expected | found)} differ (data version {VERSION}):")
    for name in different:
        print(f"\n{name}: {difference(name, out, expected, found)}")
    print("\nIf that was meant: make paper-expected")
    return 1


def difference(name: str, out: Path, expected: dict[str, str], found: dict[str, str]) -> str:
    """Say how one file differs."""
    if name not in found:
        return "is not made any more"
    if name not in expected:
        return "is new"
    if name.endswith(".csv"):
        moved = moves(pd.read_csv(EXPECTED / name), pd.read_csv(out / name))
    elif name.endswith(".txt"):
        before, after = ((folder / name).read_text("utf-8") for folder in (EXPECTED, out))
        told = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        moved = [line for line in told if line[:1] in ("-", "+")][2:]
    else:
        return "differs"
    shown = [f"  {move}" for move in moved[:MOST]]
    rest = [f"  and {len(moved) - MOST} more"] if len(moved) > MOST else []
    return "\n".join([f"{len(moved)} differences", *shown, *rest])


if __name__ == "__main__":
    main()
