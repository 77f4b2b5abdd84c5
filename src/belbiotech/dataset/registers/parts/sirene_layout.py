"""The stock files of SIRENE (INSEE), as published each month."""

from __future__ import annotations

from belbiotech.dataset.registers.files.streams import Layout

__all__ = ["FILES", "region_of_commune"]

UNIT_TEXT = """
unitePurgeeUniteLegale sigleUniteLegale sexeUniteLegale prenom1UniteLegale prenom2UniteLegale
prenom3UniteLegale prenom4UniteLegale prenomUsuelUniteLegale pseudonymeUniteLegale
identifiantAssociationUniteLegale trancheEffectifsUniteLegale anneeEffectifsUniteLegale
nombrePeriodesUniteLegale categorieEntreprise anneeCategorieEntreprise nomUniteLegale
nomUsageUniteLegale denominationUsuelle2UniteLegale denominationUsuelle3UniteLegale
nicSiegeUniteLegale economieSocialeSolidaireUniteLegale societeMissionUniteLegale
caractereEmployeurUniteLegale activitePrincipaleNAF25UniteLegale
"""

HISTORY_TEXT = """
nomUniteLegale nomUsageUniteLegale denominationUsuelle1UniteLegale
denominationUsuelle2UniteLegale denominationUsuelle3UniteLegale categorieJuridiqueUniteLegale
activitePrincipaleUniteLegale nomenclatureActivitePrincipaleUniteLegale nicSiegeUniteLegale
economieSocialeSolidaireUniteLegale societeMissionUniteLegale caractereEmployeurUniteLegale
"""

SEAT_TEXT = """
nic siret statut date tranche annee activite nombre complement numero indice dernier type
libelle code distribution identifiant coordonnee etat enseigne denomination nomenclature
caractere
"""

UNIT = Layout(
    (
        "siren",
        "dateCreationUniteLegale",
        "dateDernierTraitementUniteLegale",
        "dateDebut",
        "etatAdministratifUniteLegale",
        "denominationUniteLegale",
        "denominationUsuelle1UniteLegale",
        "categorieJuridiqueUniteLegale",
        "activitePrincipaleUniteLegale",
        "nomenclatureActivitePrincipaleUniteLegale",
    ),
    optional=("statutDiffusionUniteLegale",),
    known=tuple(UNIT_TEXT.split()),
)
HISTORY = Layout(
    ("siren", "dateFin", "dateDebut", "etatAdministratifUniteLegale", "denominationUniteLegale"),
    families=("changement",),
    known=tuple(HISTORY_TEXT.split()),
)
ESTABLISHMENT = Layout(
    ("siren", "etablissementSiege", "codeCommuneEtablissement", "libelleCommuneEtablissement"),
    families=tuple(SEAT_TEXT.split()),
)
FILES = {
    "stockunitelegale": UNIT,
    "stockunitelegalehistorique": HISTORY,
    "stocketablissement": ESTABLISHMENT,
}

# ISO 3166-2 of the regions since 2016, with their departments.
REGIONS = {
    "FR-ARA": "01 03 07 15 26 38 42 43 63 69 73 74",
    "FR-BFC": "21 25 39 58 70 71 89 90",
    "FR-BRE": "22 29 35 56",
    "FR-CVL": "18 28 36 37 41 45",
    "FR-20R": "2A 2B 20",
    "FR-GES": "08 10 51 52 54 55 57 67 68 88",
    "FR-HDF": "02 59 60 62 80",
    "FR-IDF": "75 77 78 91 92 93 94 95",
    "FR-NOR": "14 27 50 61 76",
    "FR-NAQ": "16 17 19 23 24 33 40 47 64 79 86 87",
    "FR-OCC": "09 11 12 30 31 32 34 46 48 65 66 81 82",
    "FR-PDL": "44 49 53 72 85",
    "FR-PAC": "04 05 06 13 83 84",
    "FR-971": "971",
    "FR-972": "972",
    "FR-973": "973",
    "FR-974": "974",
    "FR-976": "976",
}


def region_of_commune(column: str) -> str:
    """Write in SQL: the region of a commune, by its INSEE code.

    Parameters
    ----------
    column : str
        An expression of SQL, a text.

    Returns
    -------
    str
        An expression, NULL for no commune of France.
    """
    department = f"case when {column} like '97%' then left({column}, 3) else left({column}, 2) end"
    cases = " ".join(
        f"when '{one}' then '{region}'" for region, some in REGIONS.items() for one in some.split()
    )
    return f"case {department} {cases} end"
