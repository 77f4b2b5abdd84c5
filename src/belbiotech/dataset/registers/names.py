"""Names of firms made comparable: without legal forms, accents, signs and common abbreviations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

__all__ = ["LEGAL_FORMS", "is_hospital", "plain_name", "plain_town", "words_of"]

# Belgian forms in three languages, then those of the neighbours and of common partners.
FORMS_TEXT = """
nv sa ag bv srl gmbh bvba sprl pgmbh cv sc cvba scrl comm comv scs scri snc vof vzw asbl vog
ivzw aisbl se sce esv gie eeig maatschap ltd limited llc llp inc incorporated corp corporation
plc co company cie kg kgaa ohg ev sas sasu sarl eurl spa srls sl slu ab oy oyj as aps kft zrt
sro spzoo ehf ebvba ebv
"""

LEGAL_FORMS = frozenset(FORMS_TEXT.split())
LONG_FORMS = (
    "naamloze vennootschap",
    "societe anonyme",
    "besloten vennootschap met beperkte aansprakelijkheid",
    "societe privee a responsabilite limitee",
    "besloten vennootschap",
    "societe a responsabilite limitee",
    "vereniging zonder winstoogmerk",
    "association sans but lucratif",
    "aktiengesellschaft",
    "gesellschaft mit beschrankter haftung",
    "public limited company",
)
ABBREVIATIONS: Mapping[str, str] = {
    "pharma": "pharmaceuticals",
    "pharmaceutical": "pharmaceuticals",
    "farma": "pharmaceuticals",
    "biotech": "biotechnology",
    "biotechnologies": "biotechnology",
    "lab": "laboratories",
    "labs": "laboratories",
    "laboratory": "laboratories",
    "laboratoire": "laboratories",
    "laboratoires": "laboratories",
    "laboratoria": "laboratories",
    "tech": "technologies",
    "technology": "technologies",
    "intl": "international",
    "int": "international",
    "univ": "university",
    "dev": "development",
    "dx": "diagnostics",
    "diagnostic": "diagnostics",
    "therapeutic": "therapeutics",
    "tx": "therapeutics",
    "sys": "systems",
    "system": "systems",
    "grp": "group",
    "groep": "group",
    "groupe": "group",
    "vaccine": "vaccines",
    "science": "sciences",
    "solution": "solutions",
    "en": "and",
    "et": "and",
    "und": "and",
}
TOWNS: Mapping[str, str] = {
    "ghent": "gent",
    "gand": "gent",
    "antwerp": "antwerpen",
    "anvers": "antwerpen",
    "leuven louvain": "leuven",
    "louvain": "leuven",
    "brussel": "brussels",
    "bruxelles": "brussels",
    "luik": "liege",
    "luttich": "liege",
    "bruges": "brugge",
    "mechlin": "mechelen",
    "malines": "mechelen",
    "courtrai": "kortrijk",
    "namen": "namur",
    "bergen": "mons",
    "mont st guibert": "mont saint guibert",
    "louvain la neuve": "ottignies louvain la neuve",
}
HOSPITAL = re.compile(
    r"\b(hospital\w*|hopita\w*|ziekenhui\w*|klini\w*|cliniq\w*|clinic\w*|krankenhaus\w*|ospedal\w*|"
    r"chu|chr|uz|sint jans?|charite|medisch centrum|centre hospitalier)\b"
)
SPLIT = re.compile(r"[^a-z0-9]+")


def folded(text: str) -> str:
    """Small letters without accents."""
    text = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").casefold())
    return "".join(sign for sign in text if not unicodedata.combining(sign))


def words_of(name: str) -> tuple[str, ...]:
    """Give the words of a name that tell firms apart.

    Parameters
    ----------
    name : str
        As any source writes it.

    Returns
    -------
    tuple of str
        In their order; legal forms are left out wherever they stand, unless nothing else is left.

    Examples
    --------
    >>> words_of("ABLYNX N.V."), words_of("S.A. Étude & Pharma")
    (('ablynx',), ('etude', 'and', 'pharmaceuticals'))
    >>> words_of("Société anonyme Galapagos") == words_of("galapagos NV")
    True
    """
    text = folded(name).replace("&", " and ").replace("+", " and ").replace("'", "")
    text = re.sub(r"\b((?:[a-z]\.){2,}[a-z]?)(?![a-z])", lambda m: m[1].replace(".", ""), text)
    text = SPLIT.sub(" ", text).strip()
    for form in LONG_FORMS:
        text = re.sub(rf"\b{form}\b", " ", text)
    words = text.split()
    left = [ABBREVIATIONS.get(word, word) for word in words if word not in LEGAL_FORMS]
    return tuple(left or words)


def plain_name(name: str) -> str:
    """Write a name in its comparable form.

    Examples
    --------
    >>> plain_name("Bio-Tech Labs (Belgium) BVBA")
    'bio technologies laboratories belgium'
    """
    return " ".join(words_of(name))


def plain_town(town: str | None) -> str:
    """Write a town in its comparable form: one name for each in all languages.

    Examples
    --------
    >>> plain_town("GAND"), plain_town("9052 Gent (Zwijnaarde)"), plain_town(None)
    ('gent', 'gent zwijnaarde', '')
    """
    text = SPLIT.sub(" ", folded(town or "")).strip()
    text = re.sub(r"\b([0-9]{4}|b|be|cedex)\b", " ", text)
    text = " ".join(text.split())
    return TOWNS.get(text, text)


def is_hospital(names: Iterable[str | None]) -> bool:
    """Tell whether one of a partner's names says that it is a hospital.

    Examples
    --------
    >>> is_hospital(["UZ Gent"]), is_hospital(["Universiteit Gent", None])
    (True, False)
    """
    return any(HOSPITAL.search(SPLIT.sub(" ", folded(name))) for name in names if name)
