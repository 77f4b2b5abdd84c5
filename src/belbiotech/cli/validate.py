"""``belbiotech validate DIR``: check facts of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from belbiotech.cli.console import as_json, complain, say, working
from belbiotech.errors import FactsError

__all__ = ["validate"]


def validate(
    folder: Annotated[Path, typer.Argument(help="Folder with firms.csv, events.csv, ...")],
    everything: Annotated[
        bool, typer.Option("--all", help="List every problem, not each kind of them.")
    ] = False,
    csv: Annotated[
        Path | None, typer.Option(help="Also write every problem to this CSV file.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the problems as JSON.")] = False,
) -> None:
    """Check facts, and tell each kind of problem with its number, first places and remedy.

    Example: belbiotech validate data/raw --csv problems.csv
    """
    from belbiotech.dataset.facts.texts import problem_kinds, problem_table

    tables = ("firms", "events", "alliances", "financings", "sources")
    try:
        with working(f"reading and checking {folder}"):
            from belbiotech.dataset.facts.read import read_facts

            facts = read_facts(folder)
    except FactsError as error:
        problems = list(error.problems)
        if csv is not None:
            problem_table(problems).to_csv(csv, index=False)
        if json:
            shown = problem_table(problems) if everything else problem_kinds(problems)
            as_json(shown, folder=str(folder), problems=len(problems))
        else:
            _tell(problems, everything=everything)
            if not everything:
                complain("Error", _summary(problems, csv))
        raise typer.Exit(1) from error
    sizes = {name: len(getattr(facts, name)) for name in tables}
    if json:
        as_json(problem_table([]), folder=str(folder), problems=0, sizes=sizes)
        return
    told = ", ".join(f"{size:,d} {name}" for name, size in sizes.items())
    say(f"No problems found in {folder}: {told}.")


def _tell(problems: list[str], *, everything: bool) -> None:
    from belbiotech.dataset.facts.texts import problem_kinds

    if everything:
        for problem in problems:
            say(problem)
        return
    for kind in problem_kinds(problems).to_dict("records"):
        column = f"column {kind['column']!r}: " if kind["column"] else ""
        count = f" - {kind['count']:,d} times" if kind["count"] > 1 else ""
        where = f", {kind['places']}" if kind["places"] else ""
        remedy = f"; {kind['remedy']}" if kind["remedy"] else ""
        say(f"{kind['file']}{where}: {column}{kind['problem']}{count}{remedy}")


def _summary(problems: list[str], csv: Path | None) -> str:
    from belbiotech.dataset.facts.texts import problem_kinds

    kinds = len(problem_kinds(problems))
    told = f"{len(problems):,d} problem{'s' if len(problems) != 1 else ''} of {kinds} kind"
    told += f"{'s' if kinds != 1 else ''} in the facts; nothing was written"
    if csv is not None:
        told = told.replace("nothing was written", f"all of them are in {csv}")
    elif len(problems) > kinds:
        told += " (--all lists every one, --csv FILE writes them)"
    return told
