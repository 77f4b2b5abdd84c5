"""Folders that a user names in the environment, and addresses as they may be shown."""

from __future__ import annotations

import re
from pathlib import Path

from belbiotech.errors import ReleaseError, in_words

__all__ = ["shown_address", "user_path"]

SECRET = re.compile(r"(?<=//)[^\s'\"]*@|[^\s'\"/:@]+:(?!//)[^\s'\"]*@")
QUERY = re.compile(r"(?<=[\w/])\?[^\s'\"]*")


def user_path(text: str, variable: str) -> Path:
    """Read a path that a user wrote.

    Parameters
    ----------
    text : str
        The path; ``~`` is the user's home.
    variable : str
        The environment variable that it stands in, for the message.

    Returns
    -------
    Path
        From the root on.

    Raises
    ------
    ReleaseError
        No path that this system knows.
    """
    try:
        return Path(text).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        msg = f"{variable} is {in_words(text)}, which is no folder here: {error}"
        raise ReleaseError(msg) from error


def shown_address(text: str) -> str:
    """Take user names, passwords and queries out of the addresses in a text.

    Parameters
    ----------
    text : str
        An address, or a message with addresses in it.

    Returns
    -------
    str
        The same without what is not for everybody's eyes.

    Examples
    --------
    >>> shown_address("https://me:secret@example.org/data?token=1 is down")
    'https://example.org/data is down'
    """
    return QUERY.sub("", SECRET.sub("", text))
