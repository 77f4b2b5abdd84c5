"""The files of KBO/BCE open data as its cookbook describes them (versions to R018, 2025)."""

from __future__ import annotations

from belbiotech.dataset.registers.files.streams import Layout

__all__ = ["CODE", "FILES", "KEYS", "META"]

META = Layout(("Variable", "Value"))
CODE = Layout(("Category", "Code", "Language", "Description"))

FILES: dict[str, Layout] = {
    "enterprise": Layout(
        (
            "EnterpriseNumber",
            "Status",
            "JuridicalSituation",
            "TypeOfEnterprise",
            "JuridicalForm",
            "StartDate",
        ),
        optional=("JuridicalFormCAC",),  # since the Code of Companies and Associations, 2019
    ),
    "establishment": Layout(("EstablishmentNumber", "StartDate", "EnterpriseNumber")),
    "denomination": Layout(("EntityNumber", "Language", "TypeOfDenomination", "Denomination")),
    "address": Layout(
        (
            "EntityNumber",
            "TypeOfAddress",
            "CountryNL",
            "Zipcode",
            "MunicipalityNL",
            "MunicipalityFR",
            "DateStrikingOff",
        ),
        known=("CountryFR", "StreetNL", "StreetFR", "HouseNumber", "Box", "ExtraAddressInfo"),
    ),
    "activity": Layout(
        ("EntityNumber", "ActivityGroup", "NaceVersion", "NaceCode", "Classification")
    ),
    "contact": Layout(("EntityNumber",), known=("EntityContact", "ContactType", "Value")),
    "branch": Layout(("Id", "EnterpriseNumber"), known=("StartDate",)),
}
"""What is read of each file. Of contact.csv (telephones and addresses of persons) no row is read;
of address.csv no street and number."""

KEYS = {
    "enterprise": "EnterpriseNumber",
    "establishment": "EstablishmentNumber",
    "denomination": "EntityNumber",
    "address": "EntityNumber",
    "activity": "EntityNumber",
    "contact": "EntityNumber",
    "branch": "Id",
}
"""The column by which an update deletes rows: `NAME_delete.csv` has no other."""
