"""``belbiotech release VERSION``: a new version of the data, in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from belbiotech.cli.console import say, working
from belbiotech.errors import warn

__all__ = ["release"]

FACTS, RELEASES, CHANGELOG = Path("data/raw"), Path("data/processed"), Path("CHANGELOG.md")


def release(
    version: Annotated[str, typer.Argument(help="Number of the version: MAJOR.MINOR.PATCH.")],
    facts: Annotated[Path, typer.Option(help="Folder of the facts.")] = FACTS,
    out: Annotated[Path, typer.Option(help="Folder of the releases.")] = RELEASES,
    reworded: Annotated[
        bool, typer.Option("--reworded", help="Rules that read differently mean the same.")
    ] = False,
    own_data: Annotated[
        bool, typer.Option("--own-data", help="Not belbiotech's data: no makers, no licence.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: build anew, compare with the release.")
    ] = False,
) -> None:
    """Check the facts, build, compare with the version before, and write the release whole.

    A number that promises less than what changed is refused. CHANGELOG.md in the current folder
    gets the list of changes, if the release goes to data/processed.
    Example: belbiotech release 1.1.0
    """
    from belbiotech.dataset.documents.citation import ABOUT, year_in_changelog
    from belbiotech.dataset.releases.publish import check_rebuild, make_release

    if check:
        with working(f"building {version} again, and comparing"):
            compared = check_rebuild(version, facts, out)
        say(f"{version}: {len(compared)} files come out as they were released.")
        return
    changelog = CHANGELOG if out == RELEASES and CHANGELOG.is_file() else None
    text = changelog.read_text("utf-8") if changelog else ""
    about = None if own_data else ABOUT
    with working(f"checking the facts, building and comparing {version}"):
        draft = make_release(
            version, facts, out, changelog=changelog, reworded=reworded, about=about
        )
    if about and year_in_changelog(text, version) is None:
        _warn_of_no_year(version)
    say(draft.section)
    say(f"Written to {out / version}")


def _warn_of_no_year(version: str) -> None:
    msg = (
        f"{version} says nothing of its year, and will be cited without one; to have it there, "
        f"remove the release, write its date into CHANGELOG.md as '## [{version}] - "
        "YEAR-MONTH-DAY', and release it again"
    )
    warn(msg)
