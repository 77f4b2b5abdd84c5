"""What a version number of the data promises, and whether a release keeps it.

Versions are ``MAJOR.MINOR.PATCH``, and each says what a reader of an older release must expect:

major
    A table or column is gone, or means something else: another type, another unit, a value
    that is no longer allowed, another rule, another window for alliances.
minor
    Firms, years, facts, tables, columns or allowed values were added, or facts corrected. A
    corrected fact moves estimates, so it is never a patch.
patch
    The same values in another package: other descriptions, documents, file settings.

This holds from 0.1.0 on: there is no grace for versions below 1.0.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from belbiotech.dataset.documents.manifest import ColumnEntry, Manifest, TableEntry
from belbiotech.errors import ReleaseError

__all__ = [
    "ANOTHER_RULE",
    "Change",
    "Step",
    "changes_between",
    "check_version",
    "needed_step",
    "next_version",
    "parse_version",
    "previous_version",
]

Step = Literal["major", "minor", "patch"]
STEPS = get_args(Step)
ANOTHER_RULE = "another rule (if it only reads otherwise, say reworded)"
YEARS_ONLY = "end_year"  # a later last year adds rows; every other parameter changes a meaning


@dataclass(frozen=True)
class Change:
    """One difference between two releases, and the step in the number that it needs."""

    step: Step
    what: str


def parse_version(version: str) -> tuple[int, int, int]:
    """Read a version number.

    Parameters
    ----------
    version : str
        Three whole numbers, as in ``0.1.0``.

    Returns
    -------
    tuple of int
        The three numbers; their order is the order of versions.

    Raises
    ------
    ReleaseError
        Not such a number.

    Examples
    --------
    >>> parse_version("0.10.0") > parse_version("0.9.2")
    True
    """
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", str(version), flags=re.ASCII):
        msg = f"{version!r} is no version; write MAJOR.MINOR.PATCH, for example '0.2.0'"
        raise ReleaseError(msg)
    major, minor, patch = (int(part) for part in version.split("."))
    return major, minor, patch


def next_version(version: str, step: Step) -> str:
    """Give the version that follows with a step of this kind.

    Parameters
    ----------
    version : str
        The version before.
    step : {"major", "minor", "patch"}
        The kind of change.

    Returns
    -------
    str
        The next version.

    Examples
    --------
    >>> next_version("0.1.3", "minor")
    '0.2.0'
    """
    major, minor, patch = parse_version(version)
    following = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0)}
    return ".".join(map(str, following.get(step, (major, minor, patch + 1))))


def previous_version(version: str, known: Iterable[str]) -> str | None:
    """Find the release that a new one is compared with: the nearest below it.

    Parameters
    ----------
    version : str
        The new version.
    known : iterable of str
        The versions that exist.

    Returns
    -------
    str or None
        None for the first release of all.

    Raises
    ------
    ReleaseError
        Releases exist, and all of them are later.
    """
    ordered = sorted(known, key=parse_version)
    below = [other for other in ordered if parse_version(other) < parse_version(version)]
    if ordered and not below:
        msg = f"{version} is before the first release, {ordered[0]}; choose a later number"
        raise ReleaseError(msg)
    return below[-1] if below else None


def changes_between(old: Manifest, new: Manifest, *, reworded: bool = False) -> list[Change]:
    """List what differs between two releases, with the step that each difference needs.

    Parameters
    ----------
    old, new : Manifest
        The two releases.
    reworded : bool
        Whether rules that read differently still mean the same. Nobody but a person can know;
        unless told so, another rule is another meaning.

    Returns
    -------
    list of Change
        Empty if values, columns and meaning are the same: a patch.
    """
    found = list(_parameter_changes(old.parameters, new.parameters))
    found += [Change("major", f"table {name} removed") for name in old.tables.keys() - new.tables]
    found += [Change("minor", f"table {name} added") for name in new.tables.keys() - old.tables]
    for name, table in old.tables.items():
        if name in new.tables:
            found += _table_changes(name, table, new.tables[name], reworded=reworded)
    return sorted(found, key=lambda change: (STEPS.index(change.step), change.what))


def needed_step(changes: Iterable[Change]) -> Step:
    """Give the largest step that any of the changes needs.

    Parameters
    ----------
    changes : iterable of Change
        As :func:`changes_between` gives them.

    Returns
    -------
    {"major", "minor", "patch"}
        A patch, if there are none.
    """
    return min((change.step for change in changes), key=STEPS.index, default="patch")


def check_version(
    old: Manifest, new: Manifest, version: str, *, reworded: bool = False
) -> list[Change]:
    """Refuse a version number that promises less than what has changed.

    Parameters
    ----------
    old, new : Manifest
        The release before, and the new one.
    version : str
        The number that the new one shall have.
    reworded : bool
        See :func:`changes_between`.

    Returns
    -------
    list of Change
        What differs.

    Raises
    ------
    ReleaseError
        A number that is not the next of its kind, or too small a step; every change that needs
        a larger one is listed.
    """
    changes = changes_between(old, new, reworded=reworded)
    needed = needed_step(changes)
    allowed = STEPS[: STEPS.index(needed) + 1]
    if version in [next_version(old.version, step) for step in allowed]:
        return changes
    right = next_version(old.version, needed)
    msg = f"{version} does not fit after {old.version}: this is a {needed} change, so {right} does"
    reasons = [f"{change.what} ({change.step})" for change in changes if change.step == needed]
    raise ReleaseError("\n  ".join([msg, *(reasons or ["the values are the same (patch)"])]))


def _parameter_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            step: Step = "minor" if name == YEARS_ONLY else "major"
            yield Change(step, f"{name} was {old.get(name)} and is {new.get(name)}")


def _table_changes(
    name: str, old: TableEntry, new: TableEntry, *, reworded: bool
) -> Iterator[Change]:
    before, after = ({column.name: column for column in table.columns} for table in (old, new))
    for gone in before.keys() - after:
        yield Change("major", f"column {name}.{gone} removed")
    for added in after.keys() - before:
        yield Change("minor", f"column {name}.{added} added")
    for column in before.keys() & after:
        where = f"column {name}.{column}"
        yield from _column_changes(where, before[column], after[column], reworded=reworded)
    if old.content_hash != new.content_hash:
        yield Change("minor", f"values of {name} ({old.rows} rows before, {new.rows} now)")


def _column_changes(
    where: str, old: ColumnEntry, new: ColumnEntry, *, reworded: bool
) -> Iterator[Change]:
    for what in ("dtype", "unit"):
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            yield Change("major", f"{where}: {what} was {before!r} and is {after!r}")
    if old.rule != new.rule and not reworded:
        yield Change("major", f"{where}: {ANOTHER_RULE}")
    if gone := old.allowed.keys() - new.allowed:
        yield Change("major", f"{where}: no longer allowed: {', '.join(sorted(gone))}")
    if added := new.allowed.keys() - old.allowed:
        yield Change("minor", f"{where}: now allowed: {', '.join(sorted(added))}")
