"""``belbiotech cite [VERSION]``: how to cite the data."""

from __future__ import annotations

from typing import Annotated

import typer

from belbiotech.cli.console import say
from belbiotech.dataset.catalog.cite import CitationFormat

__all__ = ["cite"]


def cite(
    version: Annotated[str | None, typer.Argument(help="Data version; the newest if none.")] = None,
    form: Annotated[CitationFormat, typer.Option("--format", help="Form of the entries.")] = (
        "bibtex"
    ),
) -> None:
    """Say how to cite a release of the data, the package, and the paper behind both.

    Example: belbiotech cite 1.0.0 --format apa
    """
    import belbiotech as bb

    say(bb.cite(version, form), end="")
