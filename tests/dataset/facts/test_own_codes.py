"""Another industry has segments of its own."""

import json

import pytest

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
        ("event,sold,Sold", "'event' takes no codes"),
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
