"""Another industry has codes of its own."""

import json
import time

import openpyxl
import pytest

import belbiotech as bb
from belbiotech.dataset.facts.confidence import filter_confidence
from belbiotech.dataset.facts.merge import merge_facts
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases.release import write_release
from belbiotech.errors import FactsError

VALUES = "column,value,label\nsegment,payments,Payments\norigin,bank_spinoff,Spin-off of a bank\n"


@pytest.fixture
def fintech(facts_folder):
    facts_folder.add(
        "firms", firm_id="coin", founded="2005", segment="payments", origin="bank_spinoff"
    )
    facts_folder.write()
    facts_folder.text("values", VALUES)
    return facts_folder.path


def problems(path):
    with pytest.raises(FactsError) as caught:
        read_facts(path)
    return caught.value.problems


def test_own_codes_reach_the_panel_and_come_back(fintech):
    facts = read_facts(fintech)
    assert facts.own_codes == {
        "segment": {"payments": "Payments"},
        "origin": {"bank_spinoff": "Spin-off of a bank"},
    }
    tables = build(facts, end_year=2015)
    assert "payments" in set(tables.firm_year["segment"])
    assert tables.parameters["own_codes"] == facts.own_codes
    again = filter_confidence(tables, "A")
    assert build(again, end_year=2015).firm_year.equals(tables.firm_year)
    assert merge_facts(facts, facts).facts.own_codes == facts.own_codes


def test_a_release_tells_own_codes_and_the_regions_that_occur(facts_folder, fintech):
    facts_folder.add("firms", firm_id="isar", name="Isar", founded="2001", region="DE-BY")
    facts_folder.write()
    tables = build(read_facts(fintech), end_year=2015)
    folder = write_release(tables, "0.1.0", fintech / "out")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    for place, table in enumerate(("firm_year", "firms")):
        assert package["resources"][place]["name"] == table
        columns = {column["name"]: column for column in manifest["tables"][table]["columns"]}
        fields = {field["name"]: field for field in package["resources"][place]["schema"]["fields"]}
        assert columns["region"]["allowed"]["DE-BY"] == ""
        assert columns["segment"]["allowed"]["payments"] == "Payments"
        assert columns["origin"]["allowed"]["bank_spinoff"] == "Spin-off of a bank"
        for column in ("region", "segment"):
            enum = fields[column]["constraints"]["enum"]
            assert enum == list(columns[column]["allowed"])
            assert set(getattr(tables, table)[column]) <= set(enum)
        assert {"value": "DE-BY"} in fields["region"]["categories"]
    markdown = (folder / "codebook.md").read_text("utf-8")
    assert "`DE-BY` (1)" in markdown
    assert "`payments` Payments (" in markdown
    assert "DE-BY" in (folder / "codebook.html").read_text("utf-8")


def test_without_the_file_they_are_unknown_and_the_remedy_is_told(fintech):
    (fintech / "values.csv").unlink()
    found = problems(fintech)
    assert len(found) == 2
    assert "'payments' is not an allowed value" in found[1]
    assert all("values.csv" in text for text in found)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("confidence,D,Hearsay", "'confidence' takes no codes"),
        ("partner_type,bank,Bank", "say where such partners stand: upstream"),
        ("segments,x,X", "did you mean 'segment'"),
        ("segment,Pay Ments,P", "'Pay Ments' is no code"),
        ("segment,vaccines,V", "'vaccines' is a value of 'segment' already"),
        ("segment,payments,P", "'payments' is a value of 'segment' already"),
        ("segment,lending,", "has a blank"),
        ("segment,lending", "has 2 cells"),
    ],
)
def test_bad_codes(fintech, line, words):
    (fintech / "values.csv").write_text(VALUES + line + "\n", "utf-8")
    found = problems(fintech)
    assert len(found) == 1
    assert found[0].startswith("values.csv, line 4: ")
    assert words in found[0]


def test_a_file_with_other_columns(fintech):
    (fintech / "values.csv").write_text("segment,label\nx,y\n", "utf-8")
    assert problems(fintech)[0].startswith("values.csv, line 1: column 'column' is missing")


OWN = """column,value,label,means
partner_type,bank,Bank,downstream
alliance_type,white_label,White label,exploitation
alliance_type,talk,Talks,
firm_role,host,Host,
round,token_sale,Sale of tokens,
event,licence_lost,Licence withdrawn,failure
event,licensed,Licence given,
enterprise_number,DE,Handelsregister,"HR[AB] [0-9]{1,6}"
"""
NEXT = OWN.count("\n") + 1  # the line after the last


@pytest.fixture
def partners(facts_folder):
    """One firm with an alliance of each own type, and one that loses its licence in 2008."""
    facts_folder.add("firms", firm_id="fink", founded="2003", region="DE-BE")
    facts_folder.rows["firms"][-1]["enterprise_number"] = "HRB 12345"
    facts_folder.add("events", firm_id="fink", event="licensed", date="2004")
    facts_folder.add("events", firm_id="fink", event="licence_lost", date="2008")
    facts_folder.add(
        "alliances",
        firm_id="alpha",
        start="2004",
        partner_type="bank",
        alliance_type="white_label",
        firm_role="host",
    )
    facts_folder.add("alliances", firm_id="alpha", start="2005", alliance_type="talk")
    facts_folder.add("financings", firm_id="alpha", date="2004", round="token_sale")
    facts_folder.write()
    facts_folder.text("values", OWN)
    return facts_folder.path


def test_own_kinds_of_partners_and_alliances_are_counted_in_their_group(partners):
    before = build(without_own_rows(partners), end_year=2012).firm_year
    tables = build(partners, end_year=2012)
    one, other = (
        panel[panel["firm_id"] == "alpha"].set_index("year").loc[2006]
        for panel in (tables.firm_year, before)
    )
    more = {
        name: one[f"alliances{name}_cum_lag1"] - other[f"alliances{name}_cum_lag1"]
        for name in ("", "_downstream", "_upstream", "_exploitation", "_exploration")
    }
    assert more == {
        "": 2,
        "_downstream": 2,
        "_upstream": 0,
        "_exploitation": 1,
        "_exploration": 0,
    }
    assert one["financing_rounds_cum_lag1"] == other["financing_rounds_cum_lag1"] + 1


def without_own_rows(folder):
    facts = read_facts(folder)
    own = facts.own_codes
    return filter_rows(
        facts,
        alliances=~facts.alliances["alliance_type"].isin(own["alliance_type"]),
        financings=~facts.financings["round"].isin(own["round"]),
    )


def filter_rows(facts, **masks):
    from dataclasses import replace

    return replace(facts, **{name: getattr(facts, name)[mask] for name, mask in masks.items()})


def test_an_own_event_ends_a_life_by_its_fate(partners):
    tables = build(partners, end_year=2012)
    firm = tables.firms.set_index("firm_id").loc["fink"]
    assert firm[["exit_event", "exit_kind", "exit_year"]].tolist() == [
        "licence_lost",
        "failure",
        2008,
    ]
    life = tables.firm_year[tables.firm_year["firm_id"] == "fink"].set_index("year")
    assert life.index.max() == 2008
    assert life["failure"].tolist() == [0, 0, 0, 0, 0, 1]
    assert tables.exits["licence_lost"] == "failure"
    assert "licensed" not in tables.exits


def test_filters_rebuilds_and_merges_keep_what_codes_mean(partners):
    tables = build(partners, end_year=2012)
    for facts in (filter_confidence(tables, "A"), merge_facts(partners, partners).facts):
        assert facts.own_means == tables.parameters["own_means"]
        assert build(facts, end_year=2012).firm_year.equals(tables.firm_year)


def test_one_code_with_two_meanings_is_not_merged(partners, tmp_path):
    facts = read_facts(partners)
    (partners / "values.csv").write_text(
        OWN.replace("Bank,downstream", "Bank,upstream"), encoding="utf-8"
    )
    told = "'bank' of 'partner_type' means upstream"
    with pytest.raises(FactsError, match=told) as caught:
        merge_facts(facts, partners)
    assert len(caught.value.problems) == 1


def test_own_codes_are_in_the_codebook_the_exports_and_come_back(partners, tmp_path):
    folder = write_release(build(partners, end_year=2012), "0.1.0", tmp_path / "out")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    columns = {
        (table, column["name"]): column
        for table, entry in manifest["tables"].items()
        for column in entry["columns"]
    }
    for table, name, code, label in (
        ("alliances", "partner_type", "bank", "Bank"),
        ("alliances", "alliance_type", "white_label", "White label"),
        ("alliances", "firm_role", "host", "Host"),
        ("financings", "round", "token_sale", "Sale of tokens"),
        ("events", "event", "licensed", "Licence given"),
        ("firms", "exit_event", "licence_lost", "Licence withdrawn"),
    ):
        assert columns[table, name]["allowed"][code] == label
        assert f"`{code}` {label} (" in (folder / "codebook.md").read_text("utf-8")
    assert "licensed" not in columns["firms", "exit_event"]["allowed"]
    assert "bank (downstream)" in columns["alliances", "partner_group"]["rule"]
    assert "white_label (exploitation)" in columns["alliances", "purpose"]["rule"]
    assert "licence_lost (failure)" in columns["firms", "exit_event"]["rule"]
    assert "HR[AB] [0-9]{1,6}" in columns["firms", "enterprise_number"]["description"]
    assert not columns["firms", "enterprise_number"]["allowed"]
    tables = bb.load_tables(folder)
    assert tables.parameters["own_means"]["event"] == {"licence_lost": "failure"}
    assert build(filter_confidence(tables, "A"), end_year=2012).firm_year.equals(tables.firm_year)
    book = bb.export(folder, "excel", out=tmp_path / "book.xlsx")
    cells = [
        [str(cell) for cell in row]
        for sheet in openpyxl.load_workbook(book)
        for row in sheet.iter_rows(values_only=True)
    ]
    assert any("bank" in row and "Bank" in row for row in cells)


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("partner_type,fund,Fund,sideways", "means", "'sideways' is nothing that codes of"),
        ("event,fined,Fined,death", "means", "write failure or acquisition or relocation"),
        ("segment,lending,Lending,upstream", "means", "codes of 'segment' mean nothing"),
        (
            "partner_type,hospital,Hospital,upstream",
            "value",
            "'partner_type' already",
        ),
        ("event,ipo,Listing,", "value", "is a value of 'event' already"),
        ("event,licensed,Licence,", "value", "is a value of 'event' already"),
        (
            "enterprise_number,DE,Register,[0-9]",
            "value",
            "'enterprise_number' already",
        ),
        ("enterprise_number,BE,KBO,[0-9]", "value", "has its rule already"),
        ("enterprise_number,XX,Register,[0-9]", "value", "is no country"),
        ("enterprise_number,FR,SIREN,", "means", "is blank; write a regular expression"),
        ("enterprise_number,FR,SIREN,[0-9", "means", "is no regular expression"),
        ("enterprise_number,FR,SIREN,[0-9]*", "means", "fits a blank"),
        ("enterprise_number,FR,SIREN,([0-9]+)+x", "means", "repeats a group"),
        ("enterprise_number,FR,SIREN,(0|00){20}x", "means", "repeats a group"),
        ("enterprise_number,FR,SIREN,0*0*0*0*0*x", "means", "more than 10,000 ways"),
        ("enterprise_number,FR,SIREN,(?:0|1)x", "means", "has a group with '(?'"),
        ("enterprise_number,FR,SIREN,(0+)\\1x", "means", "refers back to a group"),
        ('enterprise_number,FR,SIREN,"0{1,9}0{1,9}0{1,9}0{1,9}0{1,9}x"', "means", "more than"),
    ],
)
def test_bad_meanings(partners, line, column, words):
    (partners / "values.csv").write_text(OWN + line + "\n", "utf-8")
    (told,) = problems(partners)
    assert told.startswith(f"values.csv, line {NEXT}: column {column!r}: ")
    assert words in told


def test_numbers_are_checked_by_their_country(partners, facts_folder):
    rows = facts_folder.rows["firms"]
    rows[-1]["enterprise_number"] = "HRC 12345"
    facts_folder.add("firms", firm_id="gall", founded="2003", region="FR-IDF")
    rows[-1]["enterprise_number"] = "732 829 320"
    facts_folder.add("firms", firm_id="kust", founded="2003", enterprise_number="HRB 12345")
    facts_folder.write()
    facts_folder.text("values", OWN)
    german, french, belgian = problems(partners)
    assert "'HRC 12345' is no number of DE; by values.csv it is written as HR[AB]" in german
    assert french.endswith("or declare in values.csv how FR writes its numbers")
    assert belgian.endswith("is no enterprise number; write NNNN.NNN.NNN, beginning with 0 or 1")
    facts_folder.text("values", OWN.replace("DE,Handelsregister", "IT,Registro"))
    assert sum("how DE writes" in text for text in problems(partners)) == 1


def test_a_number_abroad_without_a_pattern_says_where_it_belongs(facts_folder):
    facts_folder.add("firms", firm_id="gall", founded="2003", region="FR-IDF")
    facts_folder.rows["firms"][-1]["enterprise_number"] = "732 829 320"
    facts_folder.write()
    (told,) = problems(facts_folder.path)
    assert told.endswith("or declare in values.csv how FR writes its numbers")


@pytest.mark.parametrize("pattern", ["[0-9]*[0-9]*x", "(HRA|HRB|GnR|PR|VR) [0-9]{1,6}( [A-Z])?"])
def test_patterns_that_pass_take_no_time(partners, facts_folder, pattern):
    facts_folder.rows["firms"][-1]["enterprise_number"] = "0" * 64
    facts_folder.write()
    facts_folder.text("values", OWN.replace("HR[AB] [0-9]{1,6}", pattern))
    began = time.process_time()
    (told,) = problems(partners)
    assert "is no number of DE" in told
    assert time.process_time() - began < 5
