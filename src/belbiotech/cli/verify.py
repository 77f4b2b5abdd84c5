"""``belbiotech verify [VERSION]``: whether the data is what was released."""

from __future__ import annotations

from typing import Annotated

import typer

from belbiotech.cli.console import output

__all__ = ["verify"]


def verify(
    version: Annotated[str | None, typer.Argument(help="Data version; all if none.")] = None,
) -> None:
    """Check each file and each value of the releases against the sums they were released with."""
    import belbiotech as bb

    report = bb.verify(version)
    for row in report.itertuples(index=False):
        output.print(f"{row.version}  {row.sha256}  {row.file}", soft_wrap=True, markup=False)
    count = report["version"].nunique()
    output.print(
        f"{len(report)} files of {count} version{'s' if count != 1 else ''}: all as released.",
        soft_wrap=True,
    )
