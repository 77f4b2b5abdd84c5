"""A release from the facts: checked, built, compared with the one before, written, recorded."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from belbiotech.dataset.documents.citation import ABOUT, About, about_release, year_in_changelog
from belbiotech.dataset.documents.difference import compare_tables
from belbiotech.dataset.documents.manifest import (
    MANIFEST,
    Manifest,
    check_files,
    file_entry,
)
from belbiotech.dataset.releases.changelog import with_data_section
from belbiotech.dataset.releases.lock import locked
from belbiotech.dataset.releases.registry import REGISTRY, registered, registry_text
from belbiotech.dataset.releases.release import (
    draft_manifest,
    fill_release,
    new_release,
    raw_entries,
    read_release,
)
from belbiotech.dataset.releases.staging import sweep, to_disk
from belbiotech.dataset.releases.store import installed_releases, known_registry, release_in
from belbiotech.dataset.releases.versioning import (
    ANOTHER_RULE,
    Change,
    Step,
    check_version,
    needed_step,
    parse_version,
    previous_version,
)
from belbiotech.errors import ReleaseError

if TYPE_CHECKING:
    from belbiotech.dataset.facts.tables import Tables

__all__ = ["Draft", "check_rebuild", "draft_release", "make_release"]

CHANGES = "CHANGES.md"


@dataclass(frozen=True)
class Draft:
    """A release that is ready to be written, and fits its number.

    Attributes
    ----------
    version : str
        Its number.
    previous : str or None
        The release that it was compared with; None for the first.
    step : {"major", "minor", "patch"} or None
        The step in the number that the changes need; None for the first.
    changes : tuple of Change
        What differs from the release before.
    section : str
        The changelog's data section, as Markdown.
    tables : Tables
        What was built.
    manifest : Manifest
        What the release will hold; no files yet.
    """

    version: str
    previous: str | None
    step: Step | None
    changes: tuple[Change, ...]
    section: str
    tables: Tables
    manifest: Manifest


def draft_release(
    version: str, facts: Path | str, releases: Path | str, *, reworded: bool = False
) -> Draft:
    """Check the facts, build the tables, and hold them against the release before.

    Parameters
    ----------
    version : str
        The number of the release.
    facts : Path or str
        The folder of the facts.
    releases : Path or str
        The folder of the releases.
    reworded : bool
        Whether rules that read differently in the codebook still mean the same.

    Returns
    -------
    Draft
        Nothing is written yet.

    Raises
    ------
    FactsError
        Facts that break a rule.
    ReleaseError
        A number that does not fit the changes.
    """
    from belbiotech.dataset.facts.read import read_facts
    from belbiotech.dataset.panel.build import build

    parse_version(version)
    known = installed_releases(Path(releases)) if Path(releases).is_dir() else {}
    if version in known:  # built anew, and held against what there was then
        known = {
            name: known[name] for name in known if parse_version(name) < parse_version(version)
        }
    previous = previous_version(version, known)
    tables = build(read_facts(facts))
    manifest = draft_manifest(tables, version, facts)
    if previous is None:
        return Draft(version, None, None, (), _first_section(manifest), tables, manifest)
    old = release_in(Path(releases), previous).manifest
    changes = tuple(check_version(old, manifest, version, reworded=reworded))
    section = _section(old, manifest, changes, read_release(known[previous]), tables)
    return Draft(version, previous, needed_step(changes), changes, section, tables, manifest)


def make_release(
    version: str,
    facts: Path | str,
    releases: Path | str,
    *,
    changelog: Path | str | None = None,
    reworded: bool = False,
    about: About | None = ABOUT,
) -> Draft:
    """Make a release, all or nothing: its folder, its line in the registry, its changelog.

    One process at a time does so in a folder; others wait, and are told for whom. The folder
    comes last, by one rename: a release that is there has its records. After a run that was
    killed, the same run again does all of it anew.

    Parameters
    ----------
    version : str
        The number of the release.
    facts : Path or str
        The folder of the facts.
    releases : Path or str
        The folder of the releases.
    changelog : Path or str, optional
        The changelog whose data section shall be written. The year of the release is that of
        the date behind its heading, ``## [0.1.0] - 2026-11-24``; it has none without.
    reworded : bool
        Whether rules that read differently in the codebook still mean the same.
    about : About, optional
        What the release says of itself; None leaves creators and licence out.

    Returns
    -------
    Draft
        What was released.

    Raises
    ------
    FactsError
        Facts that break a rule.
    ReleaseError
        A version that exists, here or elsewhere, a number that does not fit the changes, or
        another process that makes a release there and takes too long.
    WriteError
        A place that cannot be written to. Folder, registry and changelog are as before then.
    """
    target = Path(releases) / str(version)
    parse_version(version)
    with ExitStack() as stack:
        if changelog is not None:  # held until all of the release stands, or is undone
            log = Path(changelog).resolve()
            stack.enter_context(locked(log.with_name(f".{log.name}.lock"), f"release {version}"))
            sweep(log.parent, log.name)
        folder, records = stack.enter_context(new_release(target, f"release {version}"))
        draft = draft_release(version, facts, releases, reworded=reworded)
        text = "" if changelog is None else _changelog_text(Path(changelog))
        dated = replace(about, year=year_in_changelog(text, version)) if about else None
        texts = {CHANGES: _changes_text(draft)}
        fill_release(folder, draft.tables, draft.manifest, texts, about=dated)
        known = known_registry(target.parent)
        registry = registered(known, version, file_entry(folder / MANIFEST))
        to_disk(folder)
        if changelog is not None:
            records.replace(Path(changelog), with_data_section(text, version, draft.section))
        records.replace(target.parent / REGISTRY, registry_text(registry))
    return draft


def check_rebuild(version: str, facts: Path | str, releases: Path | str) -> pd.DataFrame:
    """Build a release anew from its facts, and hold each file against the released one.

    Parameters
    ----------
    version : str
        A release.
    facts : Path or str
        The folder of the facts that it was built from.
    releases : Path or str
        The folder of the releases.

    Returns
    -------
    DataFrame
        ``file`` and ``sha256`` of all files, which are the same in both.

    Raises
    ------
    ReleaseError
        Facts that are not those of the release, or a file that comes out otherwise; of each
        such table it is told whether its values are the same.
    """
    parse_version(version)
    released = Path(releases) / version
    manifest = release_in(Path(releases), version).manifest
    if raw_entries(facts) != manifest.raw:
        msg = f"the facts in {facts} are not those that {version} was built from"
        raise ReleaseError(msg)
    changes = released / CHANGES
    told = changes.read_text("utf-8") if changes.is_file() else ""
    # a release whose changes name other rules was made without the word that they only read so
    draft = draft_release(version, facts, releases, reworded=ANOTHER_RULE not in told)
    with tempfile.TemporaryDirectory() as name:
        folder, texts = Path(name), {CHANGES: _changes_text(draft)}
        about = about_release(released)
        fill_release(folder, draft.tables, draft.manifest, texts, about=about)
        checked = check_files(folder, manifest)
        one, other = (file_entry(place / MANIFEST) for place in (released, folder))
    line = [MANIFEST, one.sha256, other.sha256, one.bytes, other.bytes]
    manifests = pd.DataFrame([line], columns=checked.columns, dtype=object)
    checked = pd.concat([checked, manifests], ignore_index=True)
    differing = checked[checked["expected"] != checked["found"]]
    if len(differing):
        lines = [_told(file, manifest, draft.manifest) for file in differing["file"]]
        msg = f"{version} comes out otherwise when it is built anew:"
        raise ReleaseError("\n  ".join([msg, *lines]))
    return checked[["file", "expected"]].rename(columns={"expected": "sha256"})


def _told(file: str, released: Manifest, rebuilt: Manifest) -> str:
    before, after = (
        next((entry for entry in manifest.tables.values() if entry.file == file), None)
        for manifest in (released, rebuilt)
    )
    if before is None or after is None:
        return file
    if before.content_hash == after.content_hash:
        return f"{file}: the values are the same; another version of pyarrow wrote it"
    return f"{file}: other values"


def _changelog_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except ValueError as error:
        msg = f"{path} is no text in UTF-8 ({error}); save it as UTF-8"
        raise ReleaseError(msg) from error


def _changes_text(draft: Draft) -> str:
    return f"# Data, version {draft.version}\n\n{draft.section.strip()}\n"


def _first_section(manifest: Manifest) -> str:
    rows = [f"- {name}: {entry.rows} rows" for name, entry in manifest.tables.items()]
    return "\n".join(["First release.", "", *rows])


def _section(
    old: Manifest, new: Manifest, changes: tuple[Change, ...], before: Tables, after: Tables
) -> str:
    """Write what changed: what the number rests on, then every firm and fact."""
    lines = [f"Compared with {old.version}, a {needed_step(changes)} change.", ""]
    lines += [f"- {change.what} ({change.step})" for change in changes]
    difference = compare_tables(before, after, old=old.version, new=new.version)
    return "\n".join([*lines, "", difference.to_markdown()])
