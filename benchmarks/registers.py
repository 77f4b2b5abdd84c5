"""How long registers take at their full size: made-up files in the published layout.

Run it with ``make bench-registers`` or ``python benchmarks/registers.py``. Options: ``--share``
(of the full size), ``--extracts`` (how many monthly ones), ``--folder`` (where the files are made;
they stay there and are used again), ``--output``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import platform
import resource
import shutil
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

ENTERPRISES, ESTABLISHMENTS, ACTIVITIES = 2_000_000, 3_000_000, 30_000_000
PROJECTS, PARTICIPATIONS = 35_000, 180_000
ENTITIES, RELATIONS = 500_000, 100_000  # of GLEIF: a fifth of the world's, a tenth of them Belgian
UNITS = 1_000_000  # of SIRENE: a thirtieth of the French
CODES = 700  # of each version of NACE

SITUATIONS = {
    "000": "Situation normale",
    "012": "Dissolution anticipée - Liquidation (dissolution volontaire)",
    "050": "Ouverture de faillite",
    "053": "Clôture de faillite",
    "091": "Réorganisation judiciaire",
}
DOTTED = "format('{{:04d}}.{{:03d}}.{{:03d}}', {0} // 1000000, ({0} // 1000) % 1000, {0} % 1000)"
PLACE = (
    "format('{{:d}}.{{:03d}}.{{:03d}}.{{:03d}}', {0} // 1000000000, ({0} // 1000000) % 1000, "
    "({0} // 1000) % 1000, {0} % 1000)"
)


def copied(connection: Any, select: str, path: Path, delimiter: str = ",") -> None:
    """Write a query as a CSV file, texts between quotes."""
    connection.execute(
        f"copy ({select}) to '{path}' (format csv, header true, delimiter '{delimiter}', "
        "force_quote *)"
    )


def zipped(folder: Path, path: Path) -> None:
    """Put all CSV files of a folder into a zip, and take them away."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        for file in sorted(folder.glob("*.csv")):
            archive.write(file, file.name)
            file.unlink()


def made_up_register(connection: Any, share: float, extracts: int) -> None:
    """Enterprises with the month in which each comes and goes, in the tables of a database."""
    count, places = int(ENTERPRISES * share), int(ESTABLISHMENTS * share)
    connection.execute(f"""
        create or replace table firms as
        with drawn as (
            select 2000000 + i as base, hash(i, 1) % 1000 / 1000.0 as kind,
                hash(i, 2) % 1000 / 1000.0 as fate, hash(i, 3) % 20000 as age, i
            from range({count}) as t(i))
        select base * 100 + 97 - base % 97 as number, i,
            case when kind < 0.4 then '1' else '2' end as kind,
            case when kind < 0.4 then null else '014' end as form,
            date '2024-12-01' - cast(age as integer) as start,
            case when fate < 0.005 * {extracts} then 1 + hash(i, 4) % {extracts}
                else 999 end as gone,
            case when fate > 0.97 then hash(i, 5) % {extracts} else 999 end as fails
        from drawn;
        create or replace table places as
        select 2000000000 + i * 99 as number, (hash(i, 6) % {count}) as firm
        from range({places}) as t(i);
        """)


def kbo_extract(connection: Any, nth: int, base: Path, folder: Path, work: Path) -> Path:
    """Write one full extract of a made-up KBO: who is there, and the rest as in the first."""
    day = dt.date(2025, 1, 3) + dt.timedelta(days=30 * nth)
    path = folder / f"KboOpenData_{131 + nth:04d}_{day:%Y_%m}_Full.zip"
    if path.exists():
        return path
    meta = f"""select * from (values ('SnapshotDate', '{day:%d-%m-%Y}'),
        ('ExtractTimestamp', '{day + dt.timedelta(days=2):%d-%m-%Y} 07:00:00'),
        ('ExtractType', 'full'), ('ExtractNumber', '{131 + nth}'), ('Version', '1.0.0'))
        as t("Variable", "Value")"""
    copied(connection, meta, work / "meta.csv")
    copied(
        connection,
        f"""select {DOTTED.format("number")} as "EnterpriseNumber", 'AC' as "Status",
        case when fails + 2 <= {nth} then '053' when fails <= {nth} then '050' else '000' end
            as "JuridicalSituation", kind as "TypeOfEnterprise", form as "JuridicalForm",
        null as "JuridicalFormCAC", strftime(start, '%d-%m-%Y') as "StartDate"
        from firms where gone > {nth} order by number""",
        work / "enterprise.csv",
    )
    shutil.copyfile(base, path.with_suffix(".part"))
    zipped(work, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)
    return path


def kbo_base(connection: Any, share: float, folder: Path, work: Path) -> Path:
    """Write what is the same in all extracts: everything but who is there."""
    path = folder / "base.zip"
    if path.exists():
        return path
    number = DOTTED.format("number")
    codes = "('10' || lpad(cast(hash(i, k, 8) % 700 as varchar), 3, '0'))"
    rows = int(ACTIVITIES * share)
    count = int(ENTERPRISES * share)
    said = ", ".join(f"('JuridicalSituation', '{c}', 'FR', '{w}')" for c, w in SITUATIONS.items())
    nace = " union all ".join(
        f"select 'Nace{version}', '10' || lpad(cast(i as varchar), 3, '0'), 'FR', 'Activité ' || i "
        f"from range({CODES}) as t(i)"
        for version in (2003, 2008, 2025)
    )
    copied(
        connection,
        f"""select * from (values {said}, ('JuridicalForm', '014', 'FR', 'Société anonyme'))
        as t("Category", "Code", "Language", "Description") union all {nace}""",
        work / "code.csv",
    )
    copied(
        connection,
        f"""select {PLACE.format("places.number")} as "EstablishmentNumber",
        '01-01-2010' as "StartDate", {DOTTED.format("firms.number")} as "EnterpriseNumber"
        from places join firms on firm = i order by places.number""",
        work / "establishment.csv",
    )
    copied(
        connection,
        f"""select {number} as "EntityNumber", '2' as "Language", '001' as "TypeOfDenomination",
        'Onderneming ' || i || ' voor diensten en handel' as "Denomination" from firms
        union all select {number}, '1', '001', 'Entreprise ' || i || ' de services'
        from firms where i % 2 = 0""",
        work / "denomination.csv",
    )
    address = """{0} as "EntityNumber", '{1}' as "TypeOfAddress", null as "CountryNL",
        null as "CountryFR", cast(1000 + hash(i, 9) % 8999 as varchar) as "Zipcode",
        'Gemeente ' || i % 581 as "MunicipalityNL", 'Commune ' || i % 581 as "MunicipalityFR",
        'Lange Nieuwstraat' as "StreetNL", 'Rue Longue' as "StreetFR",
        cast(i % 300 as varchar) as "HouseNumber", null as "Box", null as "ExtraAddressInfo",
        null as "DateStrikingOff" """
    copied(
        connection,
        f"""select {address.format(number, "REGO")} from firms where kind = '2'
        union all select {address.format(PLACE.format("places.number"), "BAET")}
        from places join firms on firm = i""",
        work / "address.csv",
    )
    per_firm = max(rows // count * 7 // 10, 1)
    per_place = max((rows - per_firm * count) // max(int(ESTABLISHMENTS * share), 1), 1)
    version = "(['2003', '2008', '2025'])[1 + cast(k % 3 as integer)]"
    copied(
        connection,
        f"""select {number} as "EntityNumber", '001' as "ActivityGroup", {version} as "NaceVersion",
        {codes} as "NaceCode", case when k < 3 then 'MAIN' else 'SECO' end as "Classification"
        from firms, range({per_firm}) as t(k)
        union all select {PLACE.format("places.number")}, '006', {version}, {codes}, 'MAIN'
        from places join firms on firm = i, range({per_place}) as t(k)""",
        work / "activity.csv",
    )
    copied(
        connection,
        f"""select {number} as "EntityNumber", 'ENT' as "EntityContact", 'WEB' as "ContactType",
        'www.example.org' as "Value" from firms where i % 3 = 0""",
        work / "contact.csv",
    )
    copied(
        connection,
        f"""select format('9.000.{{:03d}}.{{:03d}}', i // 1000, i % 1000) as "Id", '01-01-2010'
        as "StartDate", {number} as "EnterpriseNumber" from firms where i < 7000""",
        work / "branch.csv",
    )
    zipped(work, path)
    return path


def cordis_zip(connection: Any, share: float, folder: Path, work: Path, firms: Path) -> Path:
    """Write a made-up data set of CORDIS, of the size of Horizon 2020, with some of the firms."""
    path = folder / "cordis-h2020projects-csv.zip"
    path.unlink(missing_ok=True)
    connection.execute(
        "create or replace table known as select name, city, "
        "replace(enterprise_number, '.', '') as number, "
        "row_number() over (order by firm_id) as nth "
        f"from read_csv('{firms}', all_varchar = true)"
    )
    projects, parts = int(PROJECTS * share), int(PARTICIPATIONS * share)
    copied(
        connection,
        f"""select 600000 + i as id, 'ACRO' || i as acronym, 'CLOSED' as status,
        'A project on things number ' || i as title, '2015-01-01' as "startDate",
        '2018-12-31' as "endDate", '1000000' as "totalCost", '900000,5' as "ecMaxContribution",
        'H2020' as "legalBasis", 'TOPIC' as topics, '2014-11-11' as "ecSignatureDate",
        'H2020' as "frameworkProgramme", 'CALL' as "masterCall", 'CALL' as "subCall",
        'RIA' as "fundingScheme", null as nature,
        repeat('Words of the objective; ', 60) as objective,
        '2020-01-01 10:00:00' as "contentUpdateDate", i as rcn, null as "grantDoi"
        from range({projects}) as t(i)""",
        work / "project.csv",
        ";",
    )
    copied(
        connection,
        f"""select 600000 + i % {projects} as "projectID",
        'ACRO' || i % {projects} as "projectAcronym",
        900000000 + org as "organisationID",
        case when org % 40 = 0 then 'BE' || number end as "vatNumber",
        coalesce(upper(known.name) || ' NV', 'Organisation ' || org) as name,
        'ON' || org as "shortName",
        'false' as "SME", (['HES', 'REC', 'PRC', 'PUB', 'OTH'])[1 + cast(org % 5 as integer)]
            as "activityType", 'Straat' as street, '9000' as "postCode",
        coalesce(known.city, 'Berlin') as city,
        case when org % 20 = 0 then 'BE' else 'DE' end as country, 'BE234' as "nutsCode",
        '51.0,3.7' as geolocation, null as "organizationURL", null as "contactForm",
        '2020-01-01 10:00:00' as "contentUpdateDate", org as rcn, 1 + i // {projects} as "order",
        case when i < {projects} then 'coordinator' else 'participant' end as role,
        '250000,25' as "ecContribution", '250000,25' as "netEcContribution",
        '300000' as "totalCost",
        'false' as "endOfParticipation", null as active
        from (select i, cast(hash(i, 11) % 40000 as bigint) as org from range({parts}) as t(i))
            left join known on org % 20 = 0
                and nth = 1 + (org // 20) % (select greatest(count(*), 1) from known)""",
        work / "organization.csv",
        ";",
    )
    zipped(work, path)
    return path


def gleif_zips(connection: Any, share: float, folder: Path, work: Path) -> list[Path]:
    """Write level 1 and level 2 of a made-up GLEIF: all columns that are read, and forty others."""
    from belbiotech.dataset.registers.parts.gleif_layout import LEI2
    from belbiotech.dataset.registers.parts.gleif_layout import RELATIONS as LEVEL2

    first, second = folder / "gleif-lei2.csv.zip", folder / "gleif-rr.csv.zip"
    if first.exists() and second.exists():
        return [first, second]
    # only digits: the check digits are 98 minus a hundred times the number modulo 97
    lei = (
        "lpad(cast({0} as varchar), 18, '0') || lpad(cast(98 - {0} * 100 % 97 as varchar), 2, '0')"
    )
    cells = {
        "LEI": lei.format("i"),
        "Entity.LegalName": "'Société ' || i || ' NV'",
        "Entity.LegalAddress.City": "'Gent'",
        "Entity.LegalAddress.Country": "case when i % 10 = 0 then 'BE' else 'FR' end",
        "Entity.LegalAddress.PostalCode": "'9000'",
        "Entity.RegistrationAuthority.RegistrationAuthorityID": "'RA000025'",
        "Entity.EntityCategory": "case when i % 50 = 1 then 'SOLE_PROPRIETOR' else 'GENERAL' end",
        "Entity.LegalForm.EntityLegalFormCode": "'R85P'",
        "Entity.EntityStatus": "case when i % 7 = 0 then 'INACTIVE' else 'ACTIVE' end",
        "Entity.EntityCreationDate": "'2006-06-01T00:00:00+01:00'",
        "Entity.EntityExpirationDate": "case when i % 7 = 0 then '2020-05-05T00:00:00Z' end",
        "Entity.SuccessorEntity.1.SuccessorLEI": (
            f"case when i % 14 = 0 then {lei.format('(i + 1)')} end"
        ),
        "Registration.InitialRegistrationDate": "'2013-01-01T00:00:00.000Z'",
        "Registration.LastUpdateDate": "'2025-03-04T10:20:30Z'",
        "Registration.RegistrationStatus": "'ISSUED'",
    }
    names = [*LEI2.columns, *LEI2.optional, *(f"Entity.Other.{n}" for n in range(40))]
    chosen = ", ".join(f'{cells.get(name, "null")} as "{name}"' for name in names)
    rows = f"select {chosen} from range({int(ENTITIES * share)}) as t(i)"
    copied(connection, rows, work / "lei2.csv")
    zipped(work, first)
    cells = {
        "Relationship.StartNode.NodeID": lei.format("i"),
        "Relationship.EndNode.NodeID": lei.format("(i + 3)"),
        "Relationship.RelationshipType": "'IS_DIRECTLY_CONSOLIDATED_BY'",
        "Relationship.RelationshipStatus": "'ACTIVE'",
        "Registration.RegistrationStatus": "'PUBLISHED'",
        "Relationship.Period.1.startDate": "'2015-01-01T00:00:00Z'",
        "Relationship.Period.1.periodType": "'RELATIONSHIP_PERIOD'",
    }
    names = [*LEVEL2.columns, *LEVEL2.optional]
    chosen = ", ".join(f'{cells.get(name, "null")} as "{name}"' for name in names)
    rows = f"select {chosen} from range({int(RELATIONS * share)}) as t(i)"
    copied(connection, rows, work / "rr.csv")
    zipped(work, second)
    return [first, second]


def sirene_zips(connection: Any, share: float, folder: Path, work: Path) -> list[Path]:
    """Write the three stock files of a made-up SIRENE: two periods a unit, one seat."""
    from belbiotech.dataset.registers.parts.sirene_layout import FILES

    digit = "(i // {0}) % 10"
    doubled = "(case when {0} > 4 then 2 * ({0}) - 9 else 2 * ({0}) end)"
    places = [10**n for n in range(8)]
    total = " + ".join(
        (doubled if n % 2 == 0 else "{0}").format(digit.format(place))
        for n, place in enumerate(places)
    )
    siren = f"lpad(cast(i as varchar), 8, '0') || ((10 - ({total}) % 10) % 10)"
    ceased = "i % 3 = 0"
    cells = {
        "siren": siren,
        "dateCreationUniteLegale": "'2001-02-03'",
        "dateDernierTraitementUniteLegale": "'2025-03-01T10:20:30'",
        "etatAdministratifUniteLegale": f"case when {ceased} then 'C' else 'A' end",
        "denominationUniteLegale": "'SOCIÉTÉ ' || i",
        "categorieJuridiqueUniteLegale": "case when i % 180 < 90 then '1000' else '5710' end",
        "activitePrincipaleUniteLegale": "lpad(cast(i % 90 as varchar), 2, '0') || '.11Z'",
        "nomenclatureActivitePrincipaleUniteLegale": "'NAFRev2'",
        "statutDiffusionUniteLegale": "'O'",
        "etablissementSiege": "'true'",
        "codeCommuneEtablissement": "'75056'",
        "libelleCommuneEtablissement": "'PARIS'",
    }
    paths = []
    for name, layout in FILES.items():
        path = folder / f"{name}_utf8.zip"
        paths.append(path)
        if path.exists():
            continue
        names = [*layout.columns, *layout.optional]
        selects = []
        spans = (("'2001-02-03'", "'2015-12-31'", "'A'"), ("'2016-01-01'", "null", None))
        for begins, ends, state in spans if name.endswith("historique") else spans[1:]:
            own = {**cells, "dateDebut": begins, "dateFin": ends}
            own["etatAdministratifUniteLegale"] = state or cells["etatAdministratifUniteLegale"]
            chosen = ", ".join(f'{own.get(column, "null")} as "{column}"' for column in names)
            selects.append(f"select {chosen} from range({int(UNITS * share)}) as t(i)")
        copied(connection, " union all ".join(selects), work / f"{name}_utf8.csv")
        zipped(work, path)
    return paths


Measured = tuple[str, float, float, float, str]


def measured(name: str, work: Callable[[], Any]) -> Measured:
    """Run something in a process of its own: seconds, those of the processor, GB, what it gave."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(work, theirs))
    process.start()
    seconds, busy, gigabytes, result = ours.recv()
    process.join()
    print(f"{name}: {seconds:.1f} s ({busy:.1f} s busy), {gigabytes:.2f} GB, {result}", flush=True)
    return name, seconds, busy, gigabytes, result


def _child(work: Callable[[], Any], pipe: Any) -> None:
    warnings.simplefilter("ignore")
    begun = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    pipe.send((seconds, time.process_time(), most, result))


@dataclass
class Kbo:
    """Extracts to facts; can be sent to another process."""

    files: list[Path]
    out: Path
    nace: tuple[str, ...]

    def __call__(self) -> str:
        """Do it, and say what came of it."""
        from belbiotech.dataset.registers.kbo import kbo_facts

        written = kbo_facts(self.files, self.out, nace=self.nace)
        return f"{written.rows['firms']:,d} firms, {written.rows['events']:,d} events"


@dataclass
class Cordis:
    """A data set of CORDIS to alliances of the firms of a folder."""

    file: Path
    out: Path
    firms: Path

    def __call__(self) -> str:
        """Do it, and say what came of it."""
        from belbiotech.dataset.registers.cordis import cordis_facts

        written = cordis_facts([self.file], self.out, firms=self.firms)
        return f"{written.rows['alliances']:,d} alliances, {written.rows['financings']:,d} grants"


@dataclass
class Gleif:
    """Levels 1 and 2 to facts of the Belgian entities."""

    files: list[Path]
    out: Path

    def __call__(self) -> str:
        """Do it, and say what came of it."""
        from belbiotech.dataset.registers.gleif import gleif_facts

        written = gleif_facts(self.files, self.out)
        return f"{written.rows['firms']:,d} firms, {written.rows['events']:,d} events"


@dataclass
class Sirene:
    """Stock files to facts of the units of one activity."""

    files: list[Path]
    out: Path
    nace: tuple[str, ...]

    def __call__(self) -> str:
        """Do it, and say what came of it."""
        from belbiotech.dataset.registers.sirene import sirene_facts

        written = sirene_facts(self.files, self.out, nace=self.nace)
        return f"{written.rows['firms']:,d} firms, {written.rows['events']:,d} events"


def others(share: float, folder: Path, work: Path, results: Path) -> list[Measured]:
    """Make the files of GLEIF and SIRENE, and time them."""
    connection = duckdb.connect()
    connection.execute("set memory_limit = '2GB'; set preserve_insertion_order = false")
    levels = gleif_zips(connection, share, folder, work)
    stock = sirene_zips(connection, share, folder, work)
    connection.close()
    entities, units = int(ENTITIES * share), int(UNITS * share)
    return [
        measured(f"GLEIF, {entities:,d} entities", Gleif(levels, results / "e")),
        measured(f"SIRENE, {units:,d} units, one division", Sirene(stock, results / "f", ("72",))),
    ]


def main() -> None:
    """Make the files, read them, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--extracts", type=int, default=12)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--others", action="store_true", help="GLEIF and SIRENE only, no table")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent / "results/registers.md"
    )
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="registers-"))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        work, results = Path(scratch) / "csv", Path(scratch) / "facts"
        work.mkdir()
        results.mkdir()
        if options.others:
            others(options.share, folder, work, results)
            return
        connection = duckdb.connect(str(Path(scratch) / "made.duckdb"))
        connection.execute("set memory_limit = '2GB'; set preserve_insertion_order = false")
        made_up_register(connection, options.share, options.extracts)
        base = kbo_base(connection, options.share, folder, work)
        files = []
        for nth in range(options.extracts):
            files.append(kbo_extract(connection, nth, base, folder, work))
            print(f"made {files[-1].name}: {files[-1].stat().st_size / 1e6:,.0f} MB", flush=True)
        one = [files[0]]
        rows = [measured("KBO, one extract, one activity", Kbo(one, results / "a", ("10001",)))]
        h2020 = cordis_zip(connection, options.share, folder, work, results / "a" / "firms.csv")
        connection.close()
        rows += [
            measured("KBO, one extract, all legal persons", Kbo(one, results / "b", ())),
            measured("CORDIS, one programme", Cordis(h2020, results / "d", results / "a")),
        ]
        if options.extracts > 1:
            name = f"KBO, {options.extracts} extracts, one activity"
            rows.append(measured(name, Kbo(files, results / "c", ("10001",))))
        rows += others(options.share, folder, work, results)
        with zipfile.ZipFile(files[0]) as archive:
            size = sum(entry.file_size for entry in archive.infolist()) / 1e9
        write_table(rows, options, size)


def write_table(rows: list[Measured], options: argparse.Namespace, size: float) -> None:
    """Write the results with the machine and the versions."""
    import pyarrow

    lines = [
        "# Registers at full size",
        "",
        f"Made-up files in the published layout, {options.share:.0%} of the full size: "
        f"{int(ENTERPRISES * options.share):,d} enterprises, "
        f"{int(ESTABLISHMENTS * options.share):,d} establishments, "
        f"{int(ACTIVITIES * options.share):,d} activities, {size:.2f} GB of CSV an extract; "
        f"{int(PROJECTS * options.share):,d} projects with "
        f"{int(PARTICIPATIONS * options.share):,d} participations.",
        "",
        "| what | seconds | of the processor | wall to processor | largest memory, GB | gave |",
        "| :--- | ---: | ---: | ---: | ---: | :--- |",
        *(
            f"| {n} | {s:.1f} | {busy:.1f} | {s / busy:.1f} | {gb:.2f} | {gave} |"
            for n, s, busy, gb, gave in rows
        ),
        "",
        f"{platform.machine()}, {multiprocessing.cpu_count()} cores, Python "
        f"{platform.python_version()}, DuckDB {duckdb.__version__}, PyArrow {pyarrow.__version__}, "
        f"NumPy {np.__version__}. Made by `make bench-registers`. Memory is that of the whole "
        "process, from its start; each line was run in a process of its own.",
        "",
    ]
    options.output.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
