"""The registry of releases: which versions there are, and the sum of each one's manifest.

It lies beside the releases as ``registry.json`` and travels with the package. A manifest holds
the sums of a release's files, so the registry vouches for all of them, wherever they come from;
and it holds a sum of itself, so that no version changes its entry with another unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from belbiotech.dataset.documents.manifest import FileEntry
from belbiotech.dataset.documents.manifest_form import FormError, file_entries, from_json
from belbiotech.dataset.releases.versioning import parse_version
from belbiotech.errors import ReleaseError, in_words, warn

__all__ = ["REGISTRY", "Registry", "read_registry", "registered", "registry_text", "without"]

REGISTRY = "registry.json"
SUM = "sha256"


@dataclass(frozen=True)
class Registry:
    """The releases that there are.

    Attributes
    ----------
    address : str or None
        Where releases can be fetched: ``<address>/v<version>/<file>``. None if nowhere.
    manifests : mapping of str to FileEntry
        Version to the sum and length of its ``manifest.json``.
    """

    address: str | None = None
    manifests: Mapping[str, FileEntry] = field(default_factory=dict)


def read_registry(folder: Path) -> Registry:
    """Read the registry of a folder of releases.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    Registry
        An empty one if the folder has none.

    Raises
    ------
    ReleaseError
        A registry that cannot be read, names a version that is none, or does not have its sum.
        One without a sum, as earlier versions of the package wrote it, is told of.
    """
    path = folder / REGISTRY
    if not path.exists() and not path.is_symlink():
        return Registry()
    try:
        if not path.is_file():  # a pipe or a device would be read for ever
            msg = "it is no file"
            raise FormError(msg)
        content = from_json(path.read_bytes())
        registry = _registry(content)
    except (FormError, ReleaseError, OSError) as error:
        msg = f"{path} is damaged ({error}); restore it, or install belbiotech again"
        raise ReleaseError(msg) from error
    if SUM not in content:
        msg = f"{path} has no sum of itself, so an entry could have been changed unseen"
        warn(msg)
    return registry


def registered(registry: Registry, version: str, entry: FileEntry) -> Registry:
    """Enter a release.

    Parameters
    ----------
    registry : Registry
        What is known.
    version : str
        The release's number.
    entry : FileEntry
        Sum and length of its manifest.

    Returns
    -------
    Registry
        With the release, the entries in the order of their versions.

    Raises
    ------
    ReleaseError
        The version is known with another manifest.
    """
    known = registry.manifests.get(version)
    if known is not None and known != entry:
        msg = (
            f"{REGISTRY} knows version {version} with another manifest, and released data never "
            "changes; choose the next number. If that one was never given to anybody, "
            f"remove its entry from {REGISTRY} (and the line {SUM}) and try again"
        )
        raise ReleaseError(msg)
    manifests = {**registry.manifests, version: entry}
    ordered = {name: manifests[name] for name in sorted(manifests, key=parse_version)}
    return Registry(registry.address, ordered)


def without(registry: Registry, version: str) -> Registry:
    """Take a version out, which was never released.

    Parameters
    ----------
    registry : Registry
        What is known.
    version : str
        The number.

    Returns
    -------
    Registry
        The others.
    """
    manifests = {name: entry for name, entry in registry.manifests.items() if name != version}
    return Registry(registry.address, manifests)


def registry_text(registry: Registry) -> str:
    """Write out a registry, with the sum of what it says.

    Parameters
    ----------
    registry : Registry
        The releases.

    Returns
    -------
    str
        The text of ``registry.json``.
    """
    content = {**asdict(registry), SUM: _sum(registry)}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _registry(content: Any) -> Registry:
    if not isinstance(content, dict) or not {"address", "manifests"} <= content.keys():
        msg = "it has no address or no manifests"
        raise FormError(msg)
    address = content["address"]
    if address is not None and not isinstance(address, str):
        msg = f"its address is {in_words(address)}"
        raise FormError(msg)
    registry = Registry(address, file_entries(content["manifests"], "manifests", parse_version))
    if SUM in content and content[SUM] != _sum(registry):
        msg = f"it says otherwise than its sum: expected {_sum(registry)}"
        raise FormError(msg)
    return registry


def _sum(registry: Registry) -> str:
    text = json.dumps(asdict(registry), ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
