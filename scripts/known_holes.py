"""Ask pip-audit for known holes in the pinned libraries; fail on one, say so where it cannot tell.

pip-audit ends with 1 both where it found holes and where it could not reach its database. What it
writes tells them apart: a report in JSON only where it has asked for every library.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHOWN = 5  # libraries that were not checked, by name


def judged(report: str, errors: str) -> tuple[int, str]:
    """Say what pip-audit found, and whether that is a failure.

    Parameters
    ----------
    report, errors : str
        What it wrote, in JSON, and what it said beside.

    Returns
    -------
    int, str
        1 where a library has a known hole, 0 where none has or nothing could be asked; and words.
    """
    try:
        found = json.loads(report)["dependencies"]
    except (json.JSONDecodeError, KeyError, TypeError):
        last = (errors.strip().splitlines() or ["no words"])[-1]
        return 0, f"NOT CHECKED for known holes: pip-audit gave no report ({last[:200]})"
    holes = [
        f"{one['name']} {one['version']}: {hole['id']}, mended in "
        f"{', '.join(hole['fix_versions']) or 'no version yet'}"
        for one in found
        for hole in one.get("vulns", [])
    ]
    skipped = [
        f"{one['name']}: not checked, {one['skip_reason']}" for one in found if "skip_reason" in one
    ]
    checked = len(found) - len(skipped)
    told = [*holes, *skipped[:SHOWN]]
    if len(skipped) > SHOWN:
        told.append(f"... and {len(skipped) - SHOWN} more that were not checked")
    told.append(f"{checked} libraries checked, {len(holes)} known holes")
    if not checked:
        told.append(f"NOT CHECKED for known holes: none of {len(found)} libraries")
    return int(bool(holes)), "\n".join(told)


def main() -> int:
    """Run the pip-audit of the given path on constraints.txt; 1 where it found a hole."""
    pins = str(ROOT / "constraints.txt")
    options = ["--requirement", pins, "--no-deps", "--disable-pip", "--format", "json"]
    run = subprocess.run(
        [sys.argv[1], *options, "--progress-spinner", "off", "--timeout", "15"],
        capture_output=True,
        text=True,
        check=False,
    )
    code, words = judged(run.stdout, run.stderr)
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main())
