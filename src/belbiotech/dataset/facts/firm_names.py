"""Firms by any of their names: the id, the best known name, earlier, later and legal ones."""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches

import pandas as pd

__all__ = ["NEAR", "firm_named", "firms_nearby", "plain_text"]

NEAR = 0.75  # of difflib's ratio: below it, names are different, not mistyped


def plain_text(text: str) -> str:
    """Take away accents and the difference of capitals, for comparing.

    Examples
    --------
    >>> plain_text("Lièges BIOTECH")
    'lieges biotech'
    """
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if not unicodedata.combining(sign)).casefold()


def _names(firms: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Map each plain name to the firm's id and the name as it stands; ids and names come first."""
    found: dict[str, tuple[str, str]] = {}
    others = firms["other_names"].map(lambda it: it.split(";") if isinstance(it, str) else [])
    lists = [firms["firm_id"].map(lambda it: [it]), firms["name"].map(lambda it: [it]), others]
    for names in lists:
        for firm_id, some in zip(firms["firm_id"], names, strict=True):
            for name in some:
                if isinstance(name, str) and isinstance(firm_id, str):
                    found.setdefault(plain_text(name), (firm_id, name))
    return found


def firm_named(firms: pd.DataFrame, name: str) -> str | None:
    """Find the id of the firm that has a name.

    Parameters
    ----------
    firms : DataFrame
        The table of firms.
    name : str
        Its id or one of its names; accents and capitals make no difference.

    Returns
    -------
    str or None
        The id; None if no firm is called so.

    Examples
    --------
    >>> from belbiotech import load_table
    >>> firm_named(load_table("firms", "1.0.0"), "Oxurion")
    'thrombogenics'
    """
    return _names(firms).get(plain_text(name), (None, ""))[0]


def firms_nearby(firms: pd.DataFrame, name: object) -> str:
    """Say which firm may be meant, as the end of an error's sentence.

    Parameters
    ----------
    firms : DataFrame
        The table of firms.
    name : object
        What was asked for.

    Returns
    -------
    str
        The firm that is called so, those whose names are nearly so, or how to look for it.

    Examples
    --------
    >>> from belbiotech import load_table
    >>> firms = load_table("firms", "1.0.0")
    >>> firms_nearby(firms, "Oxurion"), firms_nearby(firms, "ablinx")
    ("that is a name of 'thrombogenics'", "did you mean 'ablynx'?")
    """
    names, asked = _names(firms), plain_text(str(name))
    if asked in names:
        return f"that is a name of {names[asked][0]!r}"
    close = get_close_matches(asked, names, n=3, cutoff=NEAR)
    if not close:
        return f"no name of the {len(firms)} firms is like it"
    meant = dict.fromkeys(_told(*names[text]) for text in close)
    return f"did you mean {', '.join(meant)}?"


def _told(firm_id: str, name: str) -> str:
    alike = plain_text(name).replace(" ", "-") == firm_id
    return repr(firm_id) if alike else f"{firm_id!r} ({name})"
