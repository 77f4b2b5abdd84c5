"""Hold a release's metadata against the standards' own checkers: Frictionless and DataCite.

They need libraries that belbiotech cannot share (pandera pins an old Frictionless), so this runs
in an environment of its own, without belbiotech: ``make check-metadata``.

The data are handed to Frictionless as CSV: its own reader of Parquet turns missing whole numbers
into ``nan`` and then refuses them, and does not count bytes. Sums are checked here instead.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from datacite import schema45
from frictionless import Package
from pyarrow import csv


def main(folder: Path) -> int:
    """Print every problem found in a release, and return how many there are."""
    problems = [*frictionless_problems(folder), *datacite_problems(folder)]
    for problem in problems:
        print(problem)
    print(f"{folder}: {len(problems)} problems in datapackage.json and datacite.json")
    return len(problems)


def frictionless_problems(folder: Path) -> list[str]:
    """Check descriptor, sums, types, allowed values, keys and references of all rows."""
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    found = [error.message for error in Package.metadata_validate(package)]
    with tempfile.TemporaryDirectory() as name:
        for resource in package["resources"]:
            path = folder / resource["path"]
            found += file_problems(path, resource)
            csv.write_csv(pq.read_table(path), Path(name) / f"{resource['name']}.csv")
            resource |= {
                "path": f"{resource['name']}.csv",
                "format": "csv",
                "mediatype": "text/csv",
            }
            del resource["bytes"], resource["hash"]
        report = Package.from_descriptor(package, basepath=name).validate()
    return found + [
        f"{task.name}: {error.message}" for task in report.tasks for error in task.errors
    ]


def file_problems(path: Path, resource: dict[str, object]) -> list[str]:
    """Compare a file with its length and sum."""
    data = path.read_bytes()
    sums = {"bytes": len(data), "hash": f"sha256:{hashlib.sha256(data).hexdigest()}"}
    return [f"{path.name}: {key} is {it}" for key, it in sums.items() if resource[key] != it]


def datacite_problems(folder: Path) -> list[str]:
    """Check the DataCite record. It needs a DOI that is still to come: one is lent for this."""
    record = json.loads((folder / "datacite.json").read_text("utf-8"))
    lent = {"doi": "10.5072/example", "prefix": "10.5072", "suffix": "example"}
    errors = schema45.validator.iter_errors({**lent, **record})
    return [f"datacite.json: {error.message} at {list(error.path)}" for error in errors]


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1])) else 0)
