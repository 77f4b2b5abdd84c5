"""The codes that facts may hold, each with its label for people, and how codes are grouped."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ALLIANCE_TYPES",
    "CONFIDENCE",
    "DATE_QUALITY",
    "EVENTS",
    "EXITS",
    "FATES",
    "FIRM_ROLES",
    "FRAMES",
    "ORIGINS",
    "PARTNER_GROUPS",
    "PARTNER_TYPES",
    "PRECISIONS",
    "PURPOSES",
    "REGIONS",
    "ROUNDS",
    "SEGMENTS",
    "Codes",
    "exit_kinds",
]

Codes = Mapping[str, str]

REGIONS: Codes = {"BE-VLG": "Flanders", "BE-WAL": "Wallonia", "BE-BRU": "Brussels"}

SEGMENTS: Codes = {
    "therapeutics": "Therapeutics",
    "cell_gene_therapy": "Cell and gene therapy",
    "vaccines": "Vaccines",
    "diagnostics": "Diagnostics",
    "agri_biotech": "Agricultural biotechnology",
    "industrial_biotech": "Industrial biotechnology",
    "animal_health": "Animal health",
    "medical_device": "Medical devices with biotechnology at the core",
    "tools_services": "Research tools and services",
    "cdmo": "Contract development and manufacturing",
    "nutrition": "Nutrition",
}

ORIGINS: Codes = {
    "university_spinoff": "Spin-off of a university",
    "institute_spinoff": "Spin-off of a research institute",
    "corporate_spinoff": "Spin-off of a company",
    "independent": "Independent start",
    "unknown": "Not stated",
}

FRAMES: Codes = {
    "core": "Within the frame",
    "borderline": "Main business arguably not biotechnology, or seat arguably not Belgian",
}

EVENTS: Codes = {
    "ipo": "First or further listing on an exchange",
    "delisted": "Taken off an exchange",
    "acquired": "Acquired (control sold)",
    "merged": "Merged into or with another firm",
    "bankrupt": "Declared bankrupt",
    "liquidated": "Put into liquidation",
    "dissolved": "Dissolved or closed",
    "asset_sale": "Sale of a part or of assets",
    "relocated": "Head office moved abroad",
    "renamed": "Renamed",
    "judicial_reorganisation": "Protection from creditors",
    "observed_active": "Seen operating",
}

# Which events end a firm's life in the panel, and how. The order decides between events whose
# dates do not (see `lives`): assets are sold out of a bankruptcy, but a firm that was bought or
# merged is often wound up afterwards.
EXITS: Codes = {
    "bankrupt": "failure",
    "acquired": "acquisition",
    "merged": "acquisition",
    "liquidated": "failure",
    "dissolved": "failure",
    "relocated": "relocation",
}

FATES: Codes = {
    "failure": "Failed (bankrupt, liquidated or dissolved)",
    "acquisition": "Acquired or merged",
    "relocation": "Head office moved abroad",
    "closure": "Wound up, where that is not counted as a failure",
}


def exit_kinds(own_means: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """List the events that end a firm's life, each with how.

    Parameters
    ----------
    own_means : mapping
        What codes of one's own mean, by column.

    Returns
    -------
    dict
        The usual ones, then those of one's own: the order decides where dates do not.

    Examples
    --------
    >>> list(exit_kinds({"event": {"licence_lost": "failure"}}))[-2:]
    ['relocated', 'licence_lost']
    """
    return {**EXITS, **own_means.get("event", {})}


PARTNER_TYPES: Codes = {
    "large_pharma": "Large pharmaceutical company",
    "biotech": "Biotechnology firm",
    "agri_chem": "Agrochemical or seed company",
    "diagnostics": "Diagnostics company",
    "university": "University",
    "research_institute": "Research institute",
    "hospital": "Hospital",
    "public_body": "Public body",
    "cdmo_cro": "Contract manufacturer or research organisation",
    "other_company": "Other company",
}

PARTNER_GROUPS: Mapping[str, tuple[str, ...]] = {
    "upstream": ("university", "research_institute", "hospital", "public_body"),
    "horizontal": ("biotech", "diagnostics", "cdmo_cro"),
    "downstream": ("large_pharma", "agri_chem", "other_company"),
}

ALLIANCE_TYPES: Codes = {
    "licence_out": "Licence given",
    "licence_in": "Licence taken",
    "rd_collaboration": "Research and development collaboration",
    "co_development": "Joint development",
    "supply_manufacturing": "Supply or manufacturing",
    "distribution": "Distribution",
    "joint_venture": "Joint venture",
    "consortium": "Consortium",
    "option": "Option",
    "service": "Service",
    "unspecified": "Not specified",
}

PURPOSES: Mapping[str, tuple[str, ...]] = {
    "exploration": ("rd_collaboration", "co_development", "option", "consortium"),
    "exploitation": (
        "licence_out",
        "licence_in",
        "supply_manufacturing",
        "distribution",
        "service",
        "joint_venture",
    ),
}

FIRM_ROLES: Codes = {
    "provider": "The firm provides (technology, product, service)",
    "recipient": "The firm receives",
    "mutual": "Both provide",
    "unknown": "Not stated",
}

ROUNDS: Codes = {
    "seed": "Seed",
    "series_a": "Series A",
    "series_b": "Series B",
    "series_c": "Series C",
    "series_d_plus": "Series D or later",
    "venture_unspecified": "Venture capital, round not named",
    "public_offering": "Public offering",
    "private_placement": "Private placement",
    "grant": "Grant",
    "debt": "Debt",
    "other": "Other",
}

CONFIDENCE: Codes = {
    "A": "Registry, gazette, exchange filing or own release",
    "B": "Business or trade press",
    "C": "Directory, wiki or secondary list",
}

DATE_QUALITY: Codes = {
    "stated": "The page states the date",
    "inferred": "The year follows from context",
}

PRECISIONS: Codes = {"year": "Year", "month": "Month", "day": "Day"}
