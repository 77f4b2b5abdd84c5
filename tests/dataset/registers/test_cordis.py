"""CORDIS: participations become alliances and grants; what is wrong with a file is told."""

import pytest

from belbiotech.dataset.registers.cordis import cordis_facts
from belbiotech.errors import BelbiotechWarning, FactsError

from .cordis_zips import ORGANISATION, Programme, as_csv
from .kbo_zips import read_rows


@pytest.fixture
def firms(make_facts):
    return make_facts(
        firms=[
            {
                "firm_id": "alpha",
                "name": "Alpha Therapeutics",
                "enterprise_number": "0882.251.820",
                "founded": "2006",
                "city": "Ghent",
            },
            {"firm_id": "beta", "name": "Betagenix", "founded": "2010", "city": "Liège"},
        ]
    )


@pytest.fixture
def h2020():
    data = Programme().project("600001").project("600002", startDate="", endDate="2019-06-30")
    data.organisation(
        "600001", "1", "ALPHA THERAPEUTICS NV", vatNumber="BE0882251820", role="coordinator"
    )
    data.organisation("600001", "2", "UNIVERSITEIT GENT", activityType="HES")
    data.organisation("600001", "3", "UZ GENT", activityType="HES")
    data.organisation(
        "600001", "4", "Athens Institute", activityType="REC", country="EL", city="Athina"
    )
    data.organisation("600001", "5", "BETAGENIX SA", city="LIEGE", endOfParticipation="true")
    data.organisation(
        "600002", "5", "BETAGENIX SA", city="LIEGE", netEcContribution="0", ecContribution="0"
    )
    data.organisation("600002", "6", "Big Pharma plc", country="UK", role="associatedPartner")
    return data


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_each_project_and_partner_is_an_alliance(tmp_path, firms, h2020, kind):
    written = cordis_facts([h2020.write(tmp_path, kind)], tmp_path / "out", firms=firms)
    facts = written.facts
    alpha = facts.alliances[facts.alliances["firm_id"] == "alpha"].set_index("partner")
    assert alpha["partner_type"].to_dict() == {
        "UNIVERSITEIT GENT": "university",
        "UZ GENT": "hospital",
        "Athens Institute": "research_institute",
        "BETAGENIX SA": "biotech",
    }
    assert set(alpha["alliance_type"]) == {"consortium"}
    assert alpha.loc["Athens Institute", "partner_country"] == "GR"
    assert alpha.loc["UZ GENT", ["start", "end"]].tolist() == ["2015-01-01", "2018-12-31"]
    assert "Firm: coordinator." in alpha.loc["UZ GENT", "note"]
    assert "left before the project's end" in alpha.loc["BETAGENIX SA", "note"]
    beta = facts.alliances[facts.alliances["firm_id"] == "beta"].set_index("partner")
    assert beta.loc["Big Pharma plc", ["start", "partner_country"]].tolist() == ["2014-11-11", "GB"]
    assert "associated partner" in beta.loc["Big Pharma plc", "note"]
    grants = facts.financings.set_index("firm_id")
    assert grants["amount_million"].to_dict() == {"alpha": 0.200001, "beta": 0.200001}
    assert set(facts.sources["publisher"]) >= {"CORDIS, Publications Office of the European Union"}
    assert facts.sources["title"].str.contains("CC BY 4.0").any()
    assert written.rows["alliances"] == 9


def test_matches_are_kept_and_a_person_decides(tmp_path, firms, h2020):
    path = h2020.write(tmp_path)
    first = cordis_facts([path], tmp_path / "one", firms=firms)
    rows = read_rows(first.path / "matches.csv")
    assert [(row["unit_id"], row["firm_id"], row["rule"], row["score"]) for row in rows] == [
        ("1", "alpha", "number", "1.0"),
        ("5", "beta", "name and town", "0.99"),
    ]
    text = (first.path / "matches.csv").read_text("utf-8")
    decided = tmp_path / "matches.csv"
    line = next(line for line in text.splitlines() if line.startswith("5,"))
    decided.write_text(text.replace(line, line.replace(",match", ",no")), encoding="utf-8")
    second = cordis_facts([path], tmp_path / "two", firms=firms, matches=decided)
    assert set(second.facts.alliances["firm_id"]) == {"alpha"}
    rows = read_rows(second.path / "matches.csv")
    assert rows[1]["rule"] == "a person's decision"
    decided.write_text(text.replace(",beta,", ",gamma,"), encoding="utf-8")
    with pytest.raises(FactsError, match=r"matches\.csv, line 3: column 'firm_id': 'gamma'"):
        cordis_facts([path], tmp_path / "three", firms=firms, matches=decided)


def test_another_number_is_another_firm(tmp_path, firms):
    data = (
        Programme()
        .project("1")
        .organisation("1", "1", "Alpha Therapeutics", vatNumber="BE0400000185")
    )
    written = cordis_facts([data.write(tmp_path)], tmp_path / "out", firms=firms)
    assert written.rows["financings"] == 0


def test_what_cannot_be_a_fact_is_counted(tmp_path, firms):
    data = Programme().project("1", startDate="2001-01-01").project("2", startDate="2090-01-01")
    data.project("3", startDate="", ecSignatureDate="")
    for key in "123":
        data.organisation(key, "1", "Alpha Therapeutics")
    written = cordis_facts([data.write(tmp_path)], tmp_path / "out", firms=firms)
    assert written.left_out["units"].tolist() == [1, 1, 1]
    assert written.rows["alliances"] == 0


def test_the_same_name_twice_in_a_project_is_one_partner(tmp_path, firms):
    data = Programme().project("1").organisation("1", "1", "Alpha Therapeutics")
    for key in "234":
        data.organisation("1", key, "Fraunhofer", activityType="REC", country="DE")
    written = cordis_facts([data.write(tmp_path)], tmp_path / "out", firms=firms)
    assert written.facts.alliances["partner"].tolist() == ["Fraunhofer"]


def test_the_shipped_firms_are_looked_for_if_no_others_are_given(tmp_path):
    data = Programme().project("1").organisation("1", "1", "ABLYNX NV", city="Gent (Zwijnaarde)")
    data.organisation("1", "2", "KU Leuven", activityType="HES", city="Leuven")
    written = cordis_facts([data.write(tmp_path)], tmp_path / "out")
    assert written.facts.alliances["firm_id"].tolist() == ["ablynx"]


def test_the_same_files_give_the_same_bytes(tmp_path, firms, h2020):
    path = h2020.write(tmp_path)
    one, two = (cordis_facts([path], tmp_path / name, firms=firms).path for name in "ab")
    for file in one.iterdir():
        assert file.read_bytes() == (two / file.name).read_bytes()


def test_all_problems_at_once_with_their_lines(tmp_path, firms, h2020):
    h2020.project("600003", startDate="soon").project("600001")
    h2020.organisation("600009", "7", "Nowhere")
    h2020.organisation("600001", "8", "Odd", activityType="XYZ")
    h2020.organisation("600001", "9", "Odd", ecContribution="much", netEcContribution="")
    rows = [{n: r.get(n, "") for n in ORGANISATION} for r in h2020.organisations]
    text = as_csv(ORGANISATION, rows) + "too;few;cells\n"
    with pytest.raises(FactsError) as caught:
        cordis_facts([h2020.write(tmp_path, organization=text)], tmp_path / "out", firms=firms)
    found = "\n".join(caught.value.problems)
    file = "cordis-H2020projects-csv.zip"
    # each objective goes over two lines
    assert f"{file}/project.csv, line 6: column 'startDate': 'soon' is no day" in found
    assert f"{file}/project.csv, line 8: column 'id': '600001' is there already" in found
    assert f"{file}/organization.csv, line 9: column 'projectID': '600009'" in found
    assert f"{file}/organization.csv, line 10: column 'activityType': 'XYZ'" in found
    assert f"{file}/organization.csv, line 11: column 'ecContribution': 'much'" in found
    assert f"{file}/organization.csv, line 12: has 3 cells, and the header 25" in found
    assert not (tmp_path / "out").exists()


def test_other_layouts_and_encodings(tmp_path, firms, h2020):
    def told(**changed):
        kind = changed.pop("kind", "csv")
        with pytest.raises(FactsError) as caught:
            cordis_facts([h2020.write(tmp_path, kind, **changed)], tmp_path / "out", firms=firms)
        return "\n".join(caught.value.problems)

    assert "has neither organization.csv nor organization.json" in told(organization=None)
    assert "column 'role' is missing" in told(organization="projectID;organisationID;name\n1;2;3\n")
    commas = ",".join(ORGANISATION) + "\n"
    assert "has ',' between its cells" in told(organization=commas)
    text = as_csv(ORGANISATION, [dict.fromkeys(ORGANISATION, "é")]).encode("latin-1")
    assert "line 2: holds the byte 0xe9" in told(organization=text)
    assert "is no JSON" in told(kind="json", organization="[{")
    assert "is no list of objects" in told(kind="json", organization='{"a": 1}')
    assert "no object has 'role'" in told(kind="json", organization='[{"projectID": 1}]')
    path = h2020.write(tmp_path)
    with pytest.raises(FactsError, match="has projects of a file before it"):
        cordis_facts([path, path], tmp_path / "out", firms=firms)
    with pytest.raises(FactsError, match="no file was given"):
        cordis_facts([], tmp_path / "out", firms=firms)
    with pytest.raises(FactsError, match="threshold is 2"):
        cordis_facts([path], tmp_path / "out", firms=firms, threshold=2)


def test_a_new_column_is_told(tmp_path, firms, h2020):
    names = [*ORGANISATION, "gender"]
    rows = [{n: r.get(n, "") for n in names} for r in h2020.organisations]
    path = h2020.write(tmp_path, organization=as_csv(names, rows))
    with pytest.warns(BelbiotechWarning, match="passed over .*gender"):
        cordis_facts([path], tmp_path / "out", firms=firms)


def test_corrections(tmp_path, firms, h2020):
    path = h2020.write(tmp_path)
    rows = tmp_path / "corrections.csv"
    head = "register,file,key,column,expect,value,why,from,to\n"
    rows.write_text(head + "cordis,project,600001,endDate,2018-12-31,2017-12-31,its report,,\n")
    facts = cordis_facts([path], tmp_path / "a", firms=firms, corrections=rows).facts
    assert "2017-12-31" in set(facts.alliances["end"])
    rows.write_text(head + "cordis,project,600001,endDate,2016-12-31,2017-12-31,its report,,\n")
    with pytest.raises(FactsError, match="line 2: expects '2016-12-31'.*mended"):
        cordis_facts([path], tmp_path / "b", firms=firms, corrections=rows)


def test_two_faults_of_one_cell_are_both_corrected(tmp_path, firms, h2020):
    h2020.organisation("600002", "1", "ALPHA", vatNumber="BE0882251821")
    h2020.organisations[0]["vatNumber"] = "BE0882251822"
    rows = tmp_path / "corrections.csv"
    rows.write_text(
        "register,file,key,column,expect,value,why,from,to\n"
        "cordis,organization,1,vatNumber,BE0882251821,BE0882251820,check digits,,\n"
        "cordis,organization,1,vatNumber,BE0882251822,BE0882251820,check digits,,\n"
    )
    path = h2020.write(tmp_path)
    facts = cordis_facts([path], tmp_path / "a", firms=firms, corrections=rows).facts
    assert (facts.financings["firm_id"] == "alpha").sum() == 2


def test_what_begins_later_depends_on_the_files_not_on_the_day(tmp_path, firms):
    late = Programme().project("7", startDate="2022-06-01", contentUpdateDate="2022-01-01 10:00:00")
    late.organisation("7", "1", "ALPHA THERAPEUTICS NV", vatNumber="BE0882251820")
    late.organisation("7", "2", "OTHER")
    written = cordis_facts([late.write(tmp_path)], tmp_path / "out", firms=firms)
    assert written.rows["alliances"] == 0
    reason = "participation: the project begins after the last day that the files know"
    assert written.left_out.to_numpy().tolist() == [[reason, 1]]


def test_a_person_adds_a_match_and_is_told_of_one_that_is_nowhere(tmp_path, firms, h2020):
    path = h2020.write(tmp_path)
    matches = tmp_path / "matches.csv"
    matches.write_text(
        "unit_id,unit_name,unit_town,unit_number,firm_id,firm_name,score,rule,decision\n"
        "2,UNIVERSITEIT GENT,,,beta,,1,mine,match\n999,Nobody,,,alpha,,1,mine,match\n"
    )
    with pytest.warns(BelbiotechWarning, match=r"matches\.csv: organisations .*: 999"):
        written = cordis_facts([path], tmp_path / "out", firms=firms, matches=matches)
    row = {row["unit_id"]: row for row in read_rows(written.path / "matches.csv")}["2"]
    assert (row["firm_id"], row["rule"], row["decision"]) == (
        "beta",
        "a person's decision",
        "match",
    )


def test_days_in_other_forms_and_a_quote_that_is_never_closed(tmp_path, firms, h2020):
    h2020.projects[0] |= {"startDate": "01.02.2015", "endDate": "20180630"}
    facts = cordis_facts([h2020.write(tmp_path)], tmp_path / "out", firms=firms).facts
    of_one = facts.alliances["source_id"] == "cordis-600001"
    assert set(facts.alliances.loc[of_one, "start"]) == {"2015-02-01"}
    assert set(facts.alliances.loc[of_one, "end"]) == {"2018-06-30"}
    rows = [{name: row.get(name, "") for name in ORGANISATION} for row in h2020.organisations]
    lines = as_csv(ORGANISATION, rows).rstrip().split("\n")
    lines[-2] = lines[-2].removesuffix('"')
    lines[-1] = lines[-1].replace('"', "")
    text = "\n".join(lines) + "\n"
    path = h2020.write(tmp_path, organization=text)
    with pytest.raises(FactsError, match=r"organization\.csv, line 7: has a quote that is never"):
        cordis_facts([path], tmp_path / "two", firms=firms)
