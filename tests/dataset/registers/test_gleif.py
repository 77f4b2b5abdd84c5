"""GLEIF: ends with their day and reason, parents, and what is wrong with a file."""

import csv
import io
import zipfile

import pytest

from belbiotech.dataset.registers.gleif import gleif_facts
from belbiotech.dataset.registers.parts.gleif_layout import LEI2, RELATIONS
from belbiotech.errors import BelbiotechWarning, FactsError

from .kbo_zips import number, read_rows


def lei(text):
    """An LEI with right check digits."""
    base = f"{text:0<18}".upper()
    digits = int("".join(str(int(sign, 36)) for sign in base + "00"))
    return f"{base}{98 - digits % 97:02d}"


def as_csv(columns, rows):
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


# Between the columns that are read stand hundreds that are not.
LEVEL1 = [*LEI2.columns, *LEI2.optional, "Entity.LegalName.xmllang", "Registration.ManagingLOU"]
LEVEL2 = [*RELATIONS.columns, *RELATIONS.optional, "Registration.ValidationSources"]


def entity(key, name, **cells):
    usual = {
        "LEI": lei(key),
        "Entity.LegalName": name,
        "Entity.LegalAddress.City": "Gent",
        "Entity.LegalAddress.Country": "BE",
        "Entity.LegalAddress.PostalCode": "9000",
        "Entity.RegistrationAuthority.RegistrationAuthorityID": "RA000025",
        "Entity.EntityCategory": "GENERAL",
        "Entity.LegalForm.EntityLegalFormCode": "R85P",
        "Entity.EntityStatus": "ACTIVE",
        "Entity.EntityCreationDate": "2006-06-01T00:00:00+01:00",
        "Registration.InitialRegistrationDate": "2013-01-01T00:00:00.000Z",
        "Registration.LastUpdateDate": "2025-03-04T10:20:30Z",
        "Registration.RegistrationStatus": "ISSUED",
    }
    short = {
        "status": "Entity.EntityStatus",
        "end": "Entity.EntityExpirationDate",
        "reason": "Entity.EntityExpirationReason",
        "category": "Entity.EntityCategory",
        "successor": "Entity.SuccessorEntity.1.SuccessorLEI",
        "country": "Entity.LegalAddress.Country",
        "zip": "Entity.LegalAddress.PostalCode",
        "number": "Entity.RegistrationAuthority.RegistrationAuthorityEntityID",
        "created": "Entity.EntityCreationDate",
        "other": "Entity.OtherEntityNames.OtherEntityName.1",
    }
    return {**usual, **{short.get(name, name): value for name, value in cells.items()}}


def relation(child, parent, since, kind="IS_DIRECTLY_CONSOLIDATED_BY"):
    return {
        "Relationship.StartNode.NodeID": lei(child),
        "Relationship.EndNode.NodeID": lei(parent),
        "Relationship.RelationshipType": kind,
        "Relationship.RelationshipStatus": "ACTIVE",
        "Registration.RegistrationStatus": "PUBLISHED",
        "Relationship.Period.1.periodType": "ACCOUNTING_PERIOD",
        "Relationship.Period.1.startDate": "2024-01-01T00:00:00Z",
        "Relationship.Period.2.periodType": "RELATIONSHIP_PERIOD",
        "Relationship.Period.2.startDate": since,
    }


@pytest.fixture
def write(tmp_path):
    def make(rows, name="lei2", columns=LEVEL1, text=None):
        path = tmp_path / f"20250305-gleif-goldencopy-{name}.csv.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"20250305-{name}.csv", text or as_csv(columns, rows))
        return path

    return make


def test_ends_successors_and_parents(tmp_path, write):
    rows = [
        entity("A", "Alpha NV", number=number(4000001), other="Alpha; Labs"),
        entity("B", "Beta", status="INACTIVE", end="2019-05-06T00:00:00Z", reason="DISSOLVED"),
        entity(
            "C",
            "Gamma",
            status="INACTIVE",
            end="2020-02-03T00:00:00Z",
            reason="CORPORATE_ACTION",
            successor=lei("X"),
        ),
        entity("D", "Delta", zip="B-1348"),
        entity("E", "Fund", category="FUND"),
        entity("F", "Jan Persoon", category="SOLE_PROPRIETOR"),
        entity("G", "Nowhere", zip=""),
        entity("X", "Big Pharma plc", country="GB", zip="SW1"),
        entity("H", "French", country="FR"),
    ]
    level2 = [
        relation("D", "X", "2015-07-08T00:00:00Z"),
        relation("A", "X", "2006-07-08T00:00:00Z"),
    ]
    level2.append(relation("D", "X", "2015-07-08T00:00:00Z", "IS_ULTIMATELY_CONSOLIDATED_BY"))
    files = [write(rows), write(level2, "rr", LEVEL2)]
    written = gleif_facts(files, tmp_path / "out")
    facts = written.facts
    firms = facts.firms.set_index("name")
    assert set(firms.index) == {"Alpha NV", "Beta", "Gamma", "Delta"}
    assert firms.loc["Alpha NV", "enterprise_number"] == number(4000001)
    assert firms.loc["Alpha NV", ["other_names", "founded"]].tolist() == [
        "Alpha, Labs",
        "2006-06-01",
    ]
    assert firms.loc["Delta", "region"] == "BE-WAL"
    names = facts.firms.set_index("firm_id")["name"]
    events = facts.events[facts.events["event"] != "observed_active"]
    found = {(names[r.firm_id], r.event, r.date, r.counterparty) for r in events.itertuples()}
    assert found == {
        ("Beta", "dissolved", "2019-05-06", None),
        ("Gamma", "merged", "2020-02-03", "Big Pharma plc"),
        ("Delta", "acquired", "2015-07-08", "Big Pharma plc"),
    }
    parents = read_rows(written.path / "parents.csv")
    assert [(row["kind"], row["parent"], row["since"]) for row in parents] == [
        ("direct", "Big Pharma plc", "2006-07-08"),
        ("direct", "Big Pharma plc", "2015-07-08"),
        ("ultimate", "Big Pharma plc", "2015-07-08"),
    ]
    assert dict(zip(written.left_out["reason"], written.left_out["units"], strict=True)) == {
        "branch or fund": 1,
        "natural person": 1,
        "no region": 1,
    }
    for file in written.path.iterdir():
        assert "persoon" not in file.read_text("utf-8").casefold()


def test_level_one_alone_and_other_countries(tmp_path, write):
    rows = [entity("A", "Alpha", country="FR", **{"Entity.LegalAddress.Region": "FR-IDF"})]
    written = gleif_facts([write(rows)], tmp_path / "out", countries=["FR"])
    assert written.facts.firms["region"].tolist() == ["FR-IDF"]
    assert written.rows["parents"] == 0


def test_all_problems_at_once_with_their_lines(tmp_path, write):
    rows = [
        entity("A", "Alpha"),
        entity("A", "Alpha"),
        {**entity("B", "Beta"), "LEI": lei("B")[:-2] + "00"},
        entity("C", "", created="2006-13-01"),
        entity("D", "Delta", status="GONE"),
    ]
    text = as_csv(LEVEL1, rows) + '"few","cells"\n'
    with pytest.raises(FactsError) as caught:
        gleif_facts([write([], text=text)], tmp_path / "out")
    found = "\n".join(caught.value.problems)
    for line, words in (
        (3, "is there already"),
        (4, "is no LEI"),
        (5, "LegalName'' is blank".replace("''", "'")),
        (5, "'2006-13-01' is no day"),
        (6, "'GONE' is neither"),
        (7, "has 2 cells"),
    ):
        assert any(f"line {line}: " in t and words in t for t in caught.value.problems), found
    assert not (tmp_path / "out").exists()


def test_layouts(tmp_path, write):
    missing = [name for name in LEVEL1 if name != "Entity.EntityStatus"]
    with pytest.raises(FactsError, match="column 'Entity.EntityStatus' is missing"):
        gleif_facts([write([], columns=missing)], tmp_path / "out")
    with pytest.warns(BelbiotechWarning, match="passed over .*Mood"):
        gleif_facts([write([entity("A", "Alpha")], columns=[*LEVEL1, "Mood"])], tmp_path / "out")
    with pytest.raises(FactsError, match="'XX' is no country"):
        gleif_facts([write([])], tmp_path / "two", countries=["XX"])
    with pytest.raises(FactsError, match="give the file of level 1"):
        gleif_facts([], tmp_path / "two")
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.xml", "")
    with pytest.raises(FactsError, match="must hold one CSV file"):
        gleif_facts([path], tmp_path / "two")


def test_corrections(tmp_path, write):
    rows = tmp_path / "corrections.csv"
    head = "register,file,key,column,expect,value,why,from,to\n"
    rows.write_text(
        head + f"gleif,lei2,{lei('A')},Entity.EntityCreationDate,x,2001-02-03,gazette,,\n"
    )
    path = write([entity("A", "Alpha", created="x")])
    facts = gleif_facts([path], tmp_path / "out", corrections=rows).facts
    assert facts.firms["founded"].tolist() == ["2001-02-03"]


def test_no_person_is_named_as_a_successor(tmp_path, write):
    name = "Entity.SuccessorEntity.1.SuccessorEntityName"
    rows = [
        entity(
            "A", "One", status="INACTIVE", end="2021-02-03", successor=lei("P"), **{name: "Jo P"}
        ),
        entity("P", "Jo P", category="SOLE_PROPRIETOR"),
        entity("B", "Two", status="INACTIVE", end="2021-02-03", **{name: "Jo Q"}),
        entity("C", "Three", status="INACTIVE", end="2021-02-03", **{name: "Other N.V."}),
    ]
    written = gleif_facts([write(rows)], tmp_path / "out")
    ends = written.facts.events.set_index("firm_id")["counterparty"].to_dict()
    found = [ends[lei(key).lower()] for key in "ABC"]
    assert found == [None, None, "Other N.V."]
    assert all("Jo " not in file.read_text("utf-8") for file in written.path.iterdir())


def test_annulled_relationships_are_none_and_bad_days_are_told(tmp_path, write):
    rows = [entity("A", "One"), entity("C", "Parent")]
    annulled = {**relation("A", "C", "2015-01-01"), "Registration.RegistrationStatus": "ANNULLED"}
    files = [write(rows), write([annulled], "rr", LEVEL2)]
    assert read_rows(gleif_facts(files, tmp_path / "out").path / "parents.csv") == []
    rows.append(entity("D", "Ended", status="INACTIVE"))
    written = gleif_facts([write(rows)], tmp_path / "two")
    assert written.left_out.to_numpy().tolist() == [["inactive, without a day of its end", 1]]
    with pytest.raises(FactsError, match=r"rr\.csv, line 2: .*'soon' is no day"):
        gleif_facts(
            [write(rows), write([relation("A", "C", "soon")], "rr", LEVEL2)], tmp_path / "3"
        )
    rows[0] |= {"Registration.LastUpdateDate": "late", "Registration.InitialRegistrationDate": "x"}
    rows[1]["Entity.LegalName"] = "\u200b"
    with pytest.raises(FactsError) as caught:
        gleif_facts([write(rows)], tmp_path / "4")
    for words in ("LastUpdateDate': 'late' is no day", "RegistrationDate': 'x' is no day"):
        assert words in str(caught.value)
    assert "line 3: column 'Entity.LegalName' is blank" in str(caught.value)
