"""``belbiotech validate DIR``: check facts of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from belbiotech.cli.console import say

__all__ = ["validate"]


def validate(
    folder: Annotated[Path, typer.Argument(help="Folder with firms.csv, events.csv, ...")],
) -> None:
    """Check facts and list every problem in them, with file, line, column and value."""
    from belbiotech.dataset.facts.read import read_facts

    facts = read_facts(folder)
    tables = ("firms", "events", "alliances", "financings", "sources")
    sizes = ", ".join(f"{len(getattr(facts, name)):,d} {name}" for name in tables)
    say(f"No problems found in {folder}: {sizes}.")
