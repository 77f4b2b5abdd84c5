"""``belbiotech verify [VERSION]``: whether the data is what was released."""

from __future__ import annotations

from typing import Annotated

import typer

from belbiotech.cli.console import as_json, say, working

__all__ = ["verify"]


def verify(
    version: Annotated[str | None, typer.Argument(help="Data version; all if none.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the sums as JSON.")] = False,
) -> None:
    """Check each file and each value of the releases against the sums they were released with.

    Example: belbiotech verify 1.0.0
    """
    import belbiotech as bb

    with working(f"reading every file and value of {version or 'all versions'}"):
        report = bb.verify(version)
    if json:
        as_json(report)
        return
    for row in report.itertuples(index=False):
        say(f"{row.version}  {row.sha256}  {row.file}")
    count = report["version"].nunique()
    say(
        f"{len(report)} files of {count} version{'s' if count != 1 else ''}: all as released.",
    )
