"""The data section of a version in the changelog, written by the release and by nobody else."""

from __future__ import annotations

import re

__all__ = ["with_data_section"]

HEADING = "### Data"
VERSION_HEADING = re.compile(r"^## \[?\d", re.MULTILINE)


def with_data_section(text: str, version: str, section: str) -> str:
    """Put the data section of a version into a changelog; one that is there is replaced.

    What people wrote in other sections, of this version or another, is left as it is.

    Parameters
    ----------
    text : str
        A changelog with a heading ``## [VERSION]`` for each version, newest first.
    version : str
        The version; it gets a heading above the others if it has none.
    section : str
        What stands below the heading ``### Data``; its own headings become the fourth level.

    Returns
    -------
    str
        The new changelog.

    Examples
    --------
    >>> print(with_data_section("# Changelog", "0.1.0", "First release."))
    # Changelog
    <BLANKLINE>
    ## [0.1.0]
    <BLANKLINE>
    ### Data
    <BLANKLINE>
    First release.
    <BLANKLINE>
    """
    section = re.sub(r"^#+ ", "#### ", section, flags=re.MULTILINE)
    begin, end = _version_block(text, version)
    block = text[begin:end] or f"## [{version}]\n"
    parts = re.split(r"^(?=### )", block, flags=re.MULTILINE)
    kept = [part.strip() for part in parts if part.split("\n")[0].strip() != HEADING]
    blocks = [text[:begin].strip(), *kept, f"{HEADING}\n\n{section.strip()}", text[end:].strip()]
    return "\n\n".join(part for part in blocks if part) + "\n"


def _version_block(text: str, version: str) -> tuple[int, int]:
    """Find where a version's part begins and ends: both the same place, if there is none yet."""
    heading = re.compile(rf"^## \[?{re.escape(version)}(?![\w.]).*$", re.MULTILINE)
    found = heading.search(text)
    if found is None:
        first = VERSION_HEADING.search(text)
        place = first.start() if first else len(text)
        return place, place
    following = re.compile(r"^(## |\[[^\]]+\]: )", re.MULTILINE).search(text, found.end())
    return found.start(), following.start() if following else len(text)
