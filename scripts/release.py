"""Make a release of the data from data/raw, or check that one comes out the same again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from belbiotech.dataset.publish import check_rebuild, make_release
from belbiotech.errors import BelbiotechError

ROOT = Path(__file__).resolve().parents[1]
FACTS, RELEASES, CHANGELOG = ROOT / "data/raw", ROOT / "data/processed", ROOT / "CHANGELOG.md"


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="MAJOR.MINOR.PATCH")
    parser.add_argument("--check", action="store_true", help="build anew and compare the sums")
    parser.add_argument("--reworded", action="store_true", help="other rules mean the same")
    asked = parser.parse_args()
    try:
        if asked.check:
            print(check_rebuild(asked.version, FACTS, RELEASES).to_string(index=False))
        else:
            draft = make_release(
                asked.version, FACTS, RELEASES, changelog=CHANGELOG, reworded=asked.reworded
            )
            print(draft.section)
    except BelbiotechError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
