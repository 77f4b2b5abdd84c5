"""The register's words for a firm's situation, read as events of a life.

Each extract brings the list of its codes (code.csv); the words there are read, not the numbers,
which have been reused and are described differently by those who copied them.
"""

from __future__ import annotations

import unicodedata

__all__ = ["EVENTS_BY_WORDS", "RENUMBERED", "event_of_situation"]

# The first that is found in the French, Dutch or German words counts. None: no event.
EVENTS_BY_WORDS: tuple[tuple[tuple[str, ...], str | None], ...] = (
    (("situation normale", "normale toestand", "gewohnlicher zustand"), None),
    (("creation juridique", "juridische oprichting", "juristische grundung"), None),
    (("remplacement du n", "vervanging van het ondernemingsnummer"), None),
    (("rapport de", "retractation", "intrekking", "revocation", "herroeping"), None),
    (("ouverture de faillite", "opening faillissement", "cloture de faillite"), "bankrupt"),
    (
        ("reorganisation judiciaire", "gerechtelijke reorganisatie", "gerichtliche reorg"),
        "judicial_reorganisation",
    ),
    (("concordat", "akkoord", "vergleich"), "judicial_reorganisation"),
    (("sursis", "opschorting", "aufschub"), "judicial_reorganisation"),
    (("sous autorite de justice", "onder gerechtelijk gezag"), "judicial_reorganisation"),
    (("faillite", "faillissement", "konkurs"), "bankrupt"),
    (("fusion", "fusie", "absorption", "opslorping", "overneming", "verschmelzung"), "merged"),
    (("scission", "splitsing", "spaltung"), "merged"),
    (("transfert du siege", "zetelverplaatsing", "verplaatsing van de zetel"), "relocated"),
    (
        (
            "cloture de liquidation",
            "cloture de la liquidation",
            "sluiting van de vereffening",
            "sluiting van vereffening",
            "sluiting vereffening",
        ),
        "dissolved",
    ),
    (("dissolution judiciaire", "gerechtelijke ontbinding", "nullite", "nietigheid"), "dissolved"),
    (("de plein droit", "van rechtswege", "von rechts wegen"), "dissolved"),
    (("liquidation", "vereffening"), "liquidated"),
    (("dissolution", "ontbinding", "auflosung"), "dissolved"),
    (("cessation", "stopzetting"), "dissolved"),
    (("prorogation", "verlenging", "verlangerung"), None),
    (("annule", "geannuleerd"), None),
)
CLOSED = ("cloture", "sluiting", "gesloten", "beendigung", "abschluss")
RENUMBERED = ("remplacement du n", "vervanging van het ondernemingsnummer")


def _plain(words: str) -> str:
    parts = unicodedata.normalize("NFKD", words.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def event_of_situation(words: str) -> tuple[str | None, bool, bool]:
    """Read a situation.

    Parameters
    ----------
    words : str
        The register's words, in one or more of its languages.

    Returns
    -------
    event : str or None
        The event of the facts, None if the situation is none.
    closed : bool
        Whether the proceedings are over: the firm has been wound up.
    known : bool
        Whether the words have a meaning here; if not, they are taken as no event, and told.

    Examples
    --------
    >>> event_of_situation("Ouverture de faillite")
    ('bankrupt', False, True)
    >>> event_of_situation("Sluiting van het faillissement")
    ('bankrupt', True, True)
    >>> event_of_situation("Dissolution anticipée - Liquidation (dissolution volontaire)")
    ('liquidated', False, True)
    >>> event_of_situation("Fusie door overneming"), event_of_situation("Normale toestand")
    (('merged', False, True), (None, False, True))
    """
    plain = _plain(words)
    for signs, event in EVENTS_BY_WORDS:
        if any(sign in plain for sign in signs):
            closed = event in ("bankrupt", "dissolved") and any(sign in plain for sign in CLOSED)
            return event, closed, True
    return None, False, False


def is_renumbered(words: str) -> bool:
    """Tell whether a firm lives on under another number."""
    return any(sign in _plain(words) for sign in RENUMBERED)
