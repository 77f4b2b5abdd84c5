"""Where a reader says that a fact is wrong: an issue form that is filled in already."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from urllib.parse import urlencode

from belbiotech.errors import BelbiotechError
from belbiotech.explorer.words import is_web_link

__all__ = ["FORM", "correction_link", "issues_address"]

FORM = "correct-a-fact.yml"  # in .github/ISSUE_TEMPLATE; its fields have the names used here
ISSUES = ("issues", "issue tracker", "bug tracker", "tracker", "bugs")
REPOSITORY = ("repository", "source", "source code", "code", "github")


def issues_address(given: str | None = None) -> str | None:
    """Give the address of the project's issues: the one given, or the package's own.

    Parameters
    ----------
    given : str, optional
        An address of http or https.

    Returns
    -------
    str or None
        Without a slash at its end; None where the package's metadata names none.

    Raises
    ------
    BelbiotechError
        An address that is not of http or https.

    Examples
    --------
    >>> issues_address("https://example.org/project/issues/")
    'https://example.org/project/issues'
    """
    if given is not None and not is_web_link(given):
        msg = f"the address of the issues must begin with https:// or http://; it is {given!r}"
        raise BelbiotechError(msg)
    address = given or _of_the_package()
    return address.rstrip("/") if address else None


def _of_the_package() -> str | None:
    try:
        entries = metadata("belbiotech").get_all("Project-URL") or []
    except PackageNotFoundError:  # run from the sources, without an installation
        return None
    named = dict(entry.split(", ", 1) for entry in entries if ", " in entry)
    urls: dict[str, str] = {k.casefold(): url for k, url in named.items() if is_web_link(url)}
    for name in ISSUES:
        if name in urls:
            return urls[name]
    for name in REPOSITORY:
        if name in urls:
            return f"{urls[name].rstrip('/')}/issues"
    return None


def correction_link(fields: Mapping[str, str], issues: str | None, root: str = "") -> str:
    """Give the link of "Correct this fact".

    Parameters
    ----------
    fields : mapping of str to str
        ``title``, ``version``, ``firm``, ``fact``, ``page``: what the form is filled in with.
    issues : str, optional
        As :func:`issues_address` gives it. Without one the link leads to the site's own form,
        whose text can be copied.
    root : str
        The way from the page to the site's root.

    Returns
    -------
    str
        An address.

    Examples
    --------
    >>> correction_link({"firm": "ablynx"}, None, "../")
    '../correct.html#firm=ablynx'
    >>> correction_link({"firm": "ablynx"}, "https://example.org/issues")
    'https://example.org/issues/new?template=correct-a-fact.yml&firm=ablynx'
    """
    if issues is None:
        return f"{root}correct.html#{urlencode(fields)}"
    return f"{issues}/new?{urlencode({'template': FORM, **fields})}"
