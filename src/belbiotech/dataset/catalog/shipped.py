"""Facts of one's own on top of those of a release."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from belbiotech.dataset.facts.confidence import facts_of
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.merge import Merged, Prefer, merge_facts
from belbiotech.dataset.facts.read import Facts
from belbiotech.dataset.releases.release import read_release
from belbiotech.dataset.releases.store import open_release

__all__ = ["merge_with_shipped"]


def merge_with_shipped(
    own: Facts | str | Path, version: str | None = None, *, prefer: Prefer = "base"
) -> Merged:
    """Put facts of one's own on top of the shipped ones.

    Parameters
    ----------
    own : Facts, str or Path
        As :func:`belbiotech.read_facts` gives them, or their folder.
    version : str, optional
        The shipped data version; the newest if not given.
    prefer : {"base", "own", "both"}
        See :func:`merge_facts`; ``base`` are the shipped facts.

    Returns
    -------
    Merged
        The facts, the conflicts, and what was added. The facts know what they were put on top
        of, and so does a release that is built from them.
    """
    shipped = open_release(version)
    merged = merge_facts(facts_of(read_release(shipped.folder)), own, prefer=prefer)
    content = {name: shipped.manifest.tables[name].content_hash for name in FACTS}
    told = {"version": shipped.version, "prefer": prefer, "content": content}
    return replace(merged, facts=replace(merged.facts, merged_with=told))
