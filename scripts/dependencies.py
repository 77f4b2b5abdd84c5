"""Hold docs/dependencies.md against the libraries that pyproject.toml names."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dependencies.md"


def named() -> set[str]:
    """Libraries that the project asks for, in any group."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
        project["build-system"]["requires"],
    ]
    return {re.split(r"[\[<>=!~; ]", line)[0] for group in groups for line in group}


def explained() -> set[str]:
    """Libraries that the page has a line for."""
    return set(re.findall(r"^\| `([^`]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE))


def main() -> int:
    """Tell the differences; 1 if there are any."""
    for name in sorted(named() - explained()):
        print(f"{name} has no line in {PAGE.relative_to(ROOT)}: say what it is for")
    for name in sorted(explained() - named()):
        print(f"{name} has a line in {PAGE.relative_to(ROOT)}, but nothing asks for it")
    return int(named() != explained())


if __name__ == "__main__":
    sys.exit(main())
