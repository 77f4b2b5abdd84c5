"""From participations to alliances and grants: each project and partner of a firm is one."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import pandas as pd

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.iso import COUNTRIES
from belbiotech.dataset.registers.files.numbers import belgian_number
from belbiotech.dataset.registers.matching import Unit
from belbiotech.dataset.registers.names import is_hospital
from belbiotech.dataset.registers.parts.cordis_read import Participation, Project
from belbiotech.dataset.registers.register import Licence

__all__ = ["alliances_and_grants", "clean", "organisations"]

KINDS = {
    "HES": "university",
    "REC": "research_institute",
    "PRC": "other_company",
    "PUB": "public_body",
    "OTH": "public_body",
}
"""Activity types of CORDIS as kinds of partner; hospitals are told by their names, firms of the
facts are biotechnology firms. OTH are associations and foundations for the most part."""

ISO = {"EL": "GR", "UK": "GB"}
PROGRAMMES = {"FP7": "FP7", "H2020": "Horizon 2020", "HORIZON": "Horizon Europe"}


def organisations(parts: Sequence[Participation], countries: frozenset[str]) -> list[Unit]:
    """Give the organisations of some countries, with all their names and towns.

    Parameters
    ----------
    parts : sequence of Participation
        Of all programmes.
    countries : frozenset of str
        Where the firms are, ISO 3166-1.

    Returns
    -------
    list of Unit
        Sorted by id. Universities and public bodies have a number, but no name: they are a firm
        only if a number says so.
    """
    names: dict[str, Counter[str]] = defaultdict(Counter)
    towns: dict[str, set[str]] = defaultdict(set)
    numbers: dict[str, str | None] = {}
    for part in parts:
        if country_of(part.country) not in countries:
            continue
        if part.activity in ("PRC", "OTH", "REC"):
            names[part.organisation][clean(part.name)] += 1
        else:
            names.setdefault(part.organisation, Counter())
        if part.city:
            towns[part.organisation].add(part.city)
        numbers[part.organisation] = belgian_number(part.vat) or numbers.get(part.organisation)
    return [
        Unit(key, tuple(sorted(names[key])), tuple(sorted(towns[key])), numbers[key])
        for key in sorted(names)
    ]


def country_of(code: str | None) -> str | None:
    """Give the ISO code of a country of CORDIS, None if there is none."""
    iso = ISO.get(code or "", code)
    return iso if iso in COUNTRIES else None


def clean(text: str) -> str:
    """Take away what facts do not take: signs that cannot be seen, letters built from parts."""
    text = unicodedata.normalize("NFC", text)
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(plain.split())


def alliances_and_grants(
    projects: Mapping[str, Project],
    parts: Sequence[Participation],
    firm_of: Mapping[str, str],
    founded: Mapping[str, str | None],
    licence: Licence,
) -> tuple[dict[str, pd.DataFrame], Counter[str]]:
    """Make the facts of all firms.

    Parameters
    ----------
    projects : mapping of str to Project
        By number.
    parts : sequence of Participation
        All of them.
    firm_of : mapping of str to str
        Organisation to firm.
    founded : mapping of str to str or None
        When each firm was founded.
    licence : Licence
        The terms, which stand in each page.

    Returns
    -------
    tables : dict of str to DataFrame
        ``alliances``, ``financings`` and ``sources``, texts.
    left_out : Counter
        Reason to number of participations.
    """
    by_project: dict[str, list[Participation]] = defaultdict(list)
    for part in parts:
        by_project[part.project].append(part)
    rows: dict[str, list[dict[str, object]]] = {"alliances": [], "financings": [], "sources": []}
    left: Counter[str] = Counter()
    ours = sorted({part.project for part in parts if part.organisation in firm_of})
    last = _written_on(projects)
    for key in ours:
        project, used = projects[key], False
        mine: dict[str, list[Participation]] = defaultdict(list)
        for part in by_project[key]:
            if part.organisation in firm_of:
                mine[firm_of[part.organisation]].append(part)
        for firm, own in sorted(mine.items()):
            reason = _unusable(project, founded.get(firm), last)
            if reason:
                left[reason] += 1
                continue
            used = True
            others = [p for p in by_project[key] if firm_of.get(p.organisation) != firm]
            rows["alliances"] += _alliances(project, firm, own, others, firm_of)
            rows["financings"] += _grant(project, firm, own)
        if used:
            rows["sources"].append(_page(project, licence))
    tables = {
        name: pd.DataFrame(some, columns=list(FACTS[name]), dtype=object)
        for name, some in rows.items()
    }
    return tables, left


def _written_on(projects: Mapping[str, Project]) -> str:
    """Give the last day that the files know: the same files say the same on any day."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    for days in ([p.updated for p in projects.values()], [p.signed for p in projects.values()]):
        known = [day for day in days if day]
        if known:
            return min(max(known), today)
    return today


def _unusable(project: Project, founded: str | None, last: str) -> str:
    start = project.start or project.signed
    if start is None:
        return "participation: the project has no day of start and none of signature"
    if start > last:
        return "participation: the project begins after the last day that the files know"
    if founded and start[:4] < founded[:4]:
        return "participation: the project began before the firm was founded"
    return ""


def _said(part: Participation) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", part.role).lower()
    return f"{words}, left before the project's end" if part.left_early else words


def _alliances(
    project: Project,
    firm: str,
    own: Sequence[Participation],
    others: Sequence[Participation],
    firm_of: Mapping[str, str],
) -> list[dict[str, object]]:
    """One row for each partner; the same name twice in a project is one partner."""
    found: dict[tuple[object, ...], dict[str, object]] = {}
    start = project.start or project.signed
    for other in others:
        kind = KINDS[other.activity]
        if other.organisation in firm_of:
            kind = "biotech"
        elif kind != "other_company" and is_hospital([other.name]):
            kind = "hospital"
        row: dict[str, object] = {
            "firm_id": firm,
            "partner": clean(other.name),
            "partner_type": kind,
            "partner_country": country_of(other.country),
            "start": start,
            "end": project.end if project.end and str(project.end) >= str(start) else None,
            "alliance_type": "consortium",
            "firm_role": "mutual",
            "subject": _subject(project),
            "source_id": f"cordis-{project.key}",
            "confidence": "A",
            "date_quality": "stated",
            "note": f"Firm: {_said(own[0])}. Partner: {_said(other)}.",
        }
        found.setdefault((row["partner"], kind, row["partner_country"]), row)
    return list(found.values())


def _subject(project: Project) -> str:
    programme = PROGRAMMES.get(project.programme, project.programme)
    return clean(f"{project.acronym} ({programme} {project.key}): {project.title}")[:300].strip()


def _grant(project: Project, firm: str, own: Sequence[Participation]) -> list[dict[str, object]]:
    given = sum(part.contribution or 0.0 for part in own)
    if given <= 0:
        return []
    programme = PROGRAMMES.get(project.programme, project.programme)
    return [
        {
            "firm_id": firm,
            "date": project.start or project.signed,
            "round": "grant",
            "amount_million": f"{given / 1e6:.6f}".rstrip("0").rstrip("."),
            "currency": "EUR",
            "lead_investor": f"European Union ({clean(programme)} {project.key})",
            "source_id": f"cordis-{project.key}",
            "confidence": "A",
            "date_quality": "stated",
            "note": f"Contribution to {clean(project.acronym)}, as {_said(own[0])}.",
        }
    ]


def _page(project: Project, licence: Licence) -> dict[str, object]:
    return {
        "source_id": f"cordis-{project.key}",
        "url": f"https://cordis.europa.eu/project/id/{project.key}",
        "title": f"{_subject(project)}; licence: {licence.name}",
        "publisher": "CORDIS, Publications Office of the European Union",
        "published": project.updated,
        "language": "en",
    }
