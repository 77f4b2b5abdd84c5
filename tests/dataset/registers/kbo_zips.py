"""Extracts of KBO/BCE open data in the published layout, made up: a few firms, any flaw."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

HEADERS = {
    "enterprise": "EnterpriseNumber Status JuridicalSituation TypeOfEnterprise JuridicalForm "
    "JuridicalFormCAC StartDate",
    "establishment": "EstablishmentNumber StartDate EnterpriseNumber",
    "denomination": "EntityNumber Language TypeOfDenomination Denomination",
    "address": "EntityNumber TypeOfAddress CountryNL CountryFR Zipcode MunicipalityNL "
    "MunicipalityFR StreetNL StreetFR HouseNumber Box ExtraAddressInfo DateStrikingOff",
    "activity": "EntityNumber ActivityGroup NaceVersion NaceCode Classification",
    "contact": "EntityNumber EntityContact ContactType Value",
    "branch": "Id StartDate EnterpriseNumber",
}
KEYS = {name: header.split()[0] for name, header in HEADERS.items()}
SITUATIONS = {
    "000": ("Situation normale", "Normale toestand"),
    "006": (
        "Arrêt pour remplacement du numéro d'entreprise",
        "Stopzetting wegens vervanging van het ondernemingsnummer",
    ),
    "012": (
        "Dissolution anticipée - Liquidation (dissolution volontaire)",
        "Vervroegde ontbinding - Vereffening (vrijwillige ontbinding)",
    ),
    "014": ("Clôture de liquidation", "Sluiting van vereffening"),
    "021": ("Fusion par absorption", "Fusie door overneming"),
    "030": ("Concordat avant faillite", "Gerechtelijk akkoord"),
    "050": ("Ouverture de faillite", "Opening faillissement"),
    "053": ("Clôture de faillite", "Sluiting faillissement"),
    "091": ("Réorganisation judiciaire", "Gerechtelijke reorganisatie"),
    "777": ("Quelque chose de neuf", "Iets nieuws"),
}


def number(base: int) -> str:
    """An enterprise number with right check digits, from its first eight digits."""
    digits = f"{base:08d}{97 - base % 97:02d}"
    return f"{digits[:4]}.{digits[4:7]}.{digits[7:]}"


def cell(value: object) -> str:
    return "" if value is None else '"' + str(value).replace('"', '""') + '"'


def table(header: str, rows: list[list[object]]) -> str:
    """As KBO writes: quotes around texts, blanks as nothing, dates without quotes."""
    lines = [",".join(f'"{name}"' for name in header.split())]
    lines += [",".join(cell(value) for value in row) for row in rows]
    return "\n".join(lines) + "\n"


class Extract:
    """The rows of one extract; firms are added, then it is written as a zip."""

    def __init__(self, day: str, extract: int, made: str | None = None, kind: str = "full") -> None:
        self.day, self.number, self.kind = day, extract, kind
        self.made = made or day
        self.rows: dict[str, list[list[object]]] = {name: [] for name in HEADERS}
        self.deleted: dict[str, list[str]] = {name: [] for name in HEADERS}
        self.headers = dict(HEADERS)
        self.situations = dict(SITUATIONS)

    def firm(
        self,
        base: int,
        name: str = "",
        *,
        start: str = "01-02-2010",
        situation: str = "000",
        zipcode: str | None = "9000",
        town: str = "Gent",
        nace: tuple[str, ...] = ("2008:72110:MAIN",),
        kind: str = "2",
        form: str | None = "014",
        cac: str | None = None,
        names: tuple[tuple[str, str, str], ...] = (),
        country: str | None = None,
    ) -> Extract:
        """Add a firm as the register has it."""
        firm = number(base)
        self.rows["enterprise"].append([firm, "AC", situation, kind, form, cac, start])
        if name:
            self.rows["denomination"].append([firm, "2", "001", name])
        self.rows["denomination"] += [[firm, *one] for one in names]
        if zipcode or country:
            self.rows["address"].append(
                [
                    firm,
                    "REGO",
                    country,
                    country,
                    zipcode,
                    town,
                    town,
                    "Straat",
                    "Rue",
                    1,
                    "",
                    "",
                    None,
                ]
            )
        for one in nace:
            version, code, rank = one.split(":")
            self.rows["activity"].append([firm, "001", version, code, rank])
        return self

    def files(self) -> dict[str, str]:
        """Every member's text."""
        meta = [["SnapshotDate", self.day], ["ExtractTimestamp", f"{self.made} 07:07:49"]]
        meta += [["ExtractType", self.kind], ["ExtractNumber", self.number], ["Version", "1.0.0"]]
        codes = [
            ["JuridicalSituation", code, language, words]
            for code, both in self.situations.items()
            for language, words in zip(("FR", "NL"), both, strict=True)
        ]
        codes += [["JuridicalForm", "014", "FR", "Société anonyme"]]
        codes += [["JuridicalForm", "014", "NL", "Naamloze vennootschap"]]
        for version, code in (("2008", "72110"), ("2025", "72101"), ("2003", "73100")):
            codes.append([f"Nace{version}", code, "FR", "Recherche en biotechnologie"])
        codes.append(["Nace2008", "21201", "FR", "Fabrication de médicaments"])
        codes.append(["Nace2008", "56101", "FR", "Restauration"])
        files = {
            "meta.csv": table("Variable Value", meta),
            "code.csv": table("Category Code Language Description", codes),
        }
        for name, header in self.headers.items():
            if self.kind == "full":
                files[f"{name}.csv"] = table(header, self.rows[name])
            else:
                files[f"{name}_delete.csv"] = table(KEYS[name], [[n] for n in self.deleted[name]])
                files[f"{name}_insert.csv"] = table(header, self.rows[name])
        return files

    def write(self, folder: Path, **changed: str | bytes | None) -> Path:
        """Write the zip; members may be changed (``enterprise=text``), None leaves one out."""
        year, month = self.made.split("-")[2], self.made.split("-")[1]
        kind = "Full" if self.kind == "full" else "Update"
        path = folder / f"KboOpenData_{self.number:04d}_{year}_{month}_{kind}.zip"
        files: dict[str, str | bytes | None] = dict(self.files())
        files |= {f"{name}.csv": text for name, text in changed.items()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                if text is not None:
                    archive.writestr(name, text)
        return path


def read_rows(path: Path) -> list[dict[str, str]]:
    with io.StringIO(path.read_text("utf-8"), newline="") as text:
        return list(csv.DictReader(text))
