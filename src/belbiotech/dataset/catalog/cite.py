"""How a release of the data is cited, with this package and the paper whose question it is."""

from __future__ import annotations

from importlib import metadata
from typing import Literal

from belbiotech.dataset.documents.citation import ABOUT, about_release, data_work
from belbiotech.dataset.documents.citation_forms import FORMS, PAPER, Work
from belbiotech.dataset.releases.store import open_release
from belbiotech.errors import ReleaseError, in_words

__all__ = ["CitationFormat", "cite"]

CitationFormat = Literal["bibtex", "apa", "ris"]


def cite(version: str | None = None, format: CitationFormat = "bibtex") -> str:
    """Say how to cite a release of the data, this package, and the paper whose question it is.

    Parameters
    ----------
    version : str, optional
        The version of the data; the newest one that needs no network, if not given.
    format : {"bibtex", "apa", "ris"}
        The form.

    Returns
    -------
    str
        Three entries: the data, the package, Segers (2015).

    Raises
    ------
    ReleaseError
        An unknown version or format, or a version that does not say who made it.

    References
    ----------
    Segers, J.-P. (2015). The interplay between new technology based firms, strategic alliances
    and open innovation, within a regional systems of innovation context. Journal of Global
    Entrepreneurship Research, 5, 16.

    Examples
    --------
    >>> import belbiotech
    >>> print(belbiotech.cite("0.1.0", "apa").splitlines()[0])
    The belbiotech developers. (2026). belbiotech: a sourced panel of Belgian biotechnology firms
    (Version 0.1.0) [Data set].
    """
    if not isinstance(format, str) or format not in FORMS:
        msg = f"unknown format {in_words(format)} of a citation; the formats are {', '.join(FORMS)}"
        raise ReleaseError(msg)
    release = open_release(version)
    about = about_release(release.folder)
    if about is None:
        msg = (
            f"version {release.version} does not say who made it: it was built from facts of "
            "one's own; cite it as your own data"
        )
        raise ReleaseError(msg)
    return FORMS[format]([data_work(about, release.version), _package(), PAPER])


def _package() -> Work:
    """Name this package; an installed package does not know in which year it was published."""
    return Work(
        key="belbiotech",
        kind="software",
        authors=ABOUT.creators,
        title="belbiotech: survival statistics for panels of firms",
        version=metadata.version("belbiotech"),
    )
