"""The registry of releases: which versions there are, and the sum of each one's manifest.

It lies beside the releases as ``registry.json`` and travels with the package. A manifest holds
the sums of a release's files, so the registry vouches for all of them, wherever they come from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from belbiotech.dataset.documents.manifest import FileEntry
from belbiotech.errors import ReleaseError

__all__ = ["REGISTRY", "Registry", "read_registry", "registry_text"]

REGISTRY = "registry.json"


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
        A registry that cannot be read.
    """
    path = folder / REGISTRY
    if not path.is_file():
        return Registry()
    try:
        content = json.loads(path.read_text("utf-8"))
        manifests = {name: FileEntry(**entry) for name, entry in content["manifests"].items()}
        return Registry(content["address"], manifests)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{path} is damaged ({error}); restore it, or install belbiotech again"
        raise ReleaseError(msg) from error


def registry_text(registry: Registry) -> str:
    """Write out a registry.

    Parameters
    ----------
    registry : Registry
        The releases.

    Returns
    -------
    str
        The text of ``registry.json``.
    """
    return json.dumps(asdict(registry), ensure_ascii=False, indent=1) + "\n"
