"""``belbiotech validate DIR``: check facts of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from belbiotech.cli.console import say
from belbiotech.errors import FactsError

__all__ = ["validate"]


def validate(
    folder: Annotated[Path, typer.Argument(help="Folder with firms.csv, events.csv, ...")],
    everything: Annotated[
        bool, typer.Option("--all", help="List every problem, not a screen of them.")
    ] = False,
) -> None:
    """Check facts and list the problems in them, with file, line, column and value."""
    from belbiotech.dataset.facts.read import read_facts

    try:
        facts = read_facts(folder)
    except FactsError as error:
        if not everything:
            raise
        for problem in error.problems:
            say(problem)
        raise typer.Exit(1) from error
    tables = ("firms", "events", "alliances", "financings", "sources")
    sizes = ", ".join(f"{len(getattr(facts, name)):,d} {name}" for name in tables)
    say(f"No problems found in {folder}: {sizes}.")
