"""``belbiotech new-facts DIR``: an empty set of facts to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from belbiotech.cli.console import say

__all__ = ["new_facts"]


def new_facts(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist, or is empty.")],
) -> None:
    """Write an empty, valid, documented set of facts files to fill in.

    Example: belbiotech new-facts my_facts
    """
    from belbiotech.dataset.facts.new import new_facts as write

    written = write(folder)
    say(f"{written}: fill in the CSV files as README.md there says.")
