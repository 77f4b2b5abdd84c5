"""What a release tells machines, and how it is cited."""

import json
from dataclasses import replace
from pathlib import Path

import mlcroissant as mlc
import pytest
import yaml

import belbiotech as bb
from belbiotech.dataset.catalog.cite import cite
from belbiotech.dataset.documents.citation import ABOUT, about_release, year_in_changelog
from belbiotech.dataset.documents.citation_forms import FORMS, PAPER, Work
from belbiotech.dataset.documents.manifest import read_manifest
from belbiotech.dataset.facts.keys import KEYS, REFERENCES
from belbiotech.dataset.panel.build import build
from belbiotech.dataset.releases.publish import check_rebuild, make_release
from belbiotech.dataset.releases.release import write_release
from belbiotech.errors import ReleaseError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def released(facts_folder, tmp_path):
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## [0.1.0] - 2026-11-24\n", "utf-8")
    make_release(
        "0.1.0", facts_folder.write(), tmp_path / "out", changelog=tmp_path / "CHANGELOG.md"
    )
    return tmp_path / "out" / "0.1.0"


@pytest.fixture
def own(facts_folder, tmp_path):
    return write_release(build(facts_folder.read()), "0.1.0", tmp_path / "own")


def read(folder, name):
    return json.loads((folder / name).read_text("utf-8"))


def test_datapackage_describes_files_and_columns(released):
    package, manifest = read(released, "datapackage.json"), read_manifest(released)
    assert (package["version"], package["licenses"][0]["name"]) == ("0.1.0", "CC-BY-4.0")
    for resource in package["resources"]:
        table = manifest.tables[resource["name"]]
        entry = manifest.files[resource["path"]]
        assert (resource["hash"], resource["bytes"]) == (f"sha256:{entry.sha256}", entry.bytes)
        names = [field["name"] for field in resource["schema"]["fields"]]
        assert names == [column.name for column in table.columns]


def test_datapackage_tells_types_values_keys_and_references(released):
    schemas = {
        resource["name"]: resource["schema"]
        for resource in read(released, "datapackage.json")["resources"]
    }
    fields = {field["name"]: field for field in schemas["firm_year"]["fields"]}
    assert fields["failure"]["type"] == "integer"
    assert fields["failure"]["constraints"] == {"required": True, "enum": [0, 1]}
    assert fields["region"]["categories"][0] == {"value": "BE-VLG", "label": "Flanders"}
    assert fields["observed"]["type"] == "boolean"
    assert schemas["firm_year"]["primaryKey"] == ["firm_id", "year"]
    assert schemas["events"]["foreignKeys"][1] == {
        "fields": ["source_id"],
        "reference": {"resource": "sources", "fields": ["source_id"]},
    }
    amounts = {field["name"]: field for field in schemas["events"]["fields"]}
    assert "required" not in amounts["amount_million"].get("constraints", {})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_croissant_is_valid_and_reads_every_row(released):
    dataset = mlc.Dataset(str(released / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    manifest = read_manifest(released)
    for name, table in manifest.tables.items():
        records = list(dataset.records(name))
        assert len(records) == table.rows
        assert list(records[0]) == [f"{name}/{column.name}" for column in table.columns]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_croissant_checker_refuses_a_broken_one(released):
    broken = read(released, "croissant.json")
    broken["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "nothing.parquet"
    (released / "croissant.json").write_text(json.dumps(broken), "utf-8")
    with pytest.raises(mlc.ValidationError, match=r"nothing\.parquet"):
        mlc.Dataset(str(released / "croissant.json"))


def test_datacite_holds_what_is_known_and_no_address(released):
    told = read(released, "datacite.json")
    assert told["publicationYear"] == "2026"
    assert told["version"] == "0.1.0"
    assert told["rightsList"][0]["rightsIdentifier"] == "CC-BY-4.0"
    assert not {"doi", "url", "identifiers"} & set(told)
    assert about_release(released) == replace(ABOUT, year="2026")


def test_without_a_date_there_is_no_year(facts_folder, tmp_path):
    make_release("0.1.0", facts_folder.write(), tmp_path / "out")
    folder = tmp_path / "out" / "0.1.0"
    assert "publicationYear" not in read(folder, "datacite.json")
    assert "datePublished" not in read(folder, "croissant.json")
    assert year_in_changelog("## [0.1.0]\n", "0.1.0") is None
    assert year_in_changelog("## [0.1.0] - 2026-11-24\n## [0.2.0] - 2027-01-02\n", "0.2.0") == (
        "2027"
    )


def test_a_rebuild_knows_the_year_of_the_release(released, facts_folder):
    checked = check_rebuild("0.1.0", facts_folder.path, released.parent)
    assert {"datacite.json", "croissant.json", "codebook.html"} <= set(checked["file"])


def test_own_data_is_not_said_to_be_ours(own, monkeypatch):
    assert not (own / "datacite.json").exists()
    for name in ("datapackage.json", "croissant.json"):
        text = (own / name).read_text("utf-8")
        assert "developers" not in text
        assert "creativecommons" not in text
    monkeypatch.setenv("BELBIOTECH_DATA", str(own.parent))
    with pytest.raises(ReleaseError, match="cite it as your own data"):
        cite("0.1.0")


def test_keys_and_references_hold_in_the_shipped_data():
    tables = {name: bb.load_table(name) for name in KEYS.keys() | REFERENCES.keys()}
    for name, columns in KEYS.items():
        assert not tables[name].duplicated(list(columns)).any()
    for name, links in REFERENCES.items():
        for column, other in links.items():
            assert tables[name][column].isin(tables[other][column]).all()


def test_every_released_version_has_its_year():
    for version in bb.versions():
        told = read(ROOT / "data" / "processed" / version, "datacite.json")
        assert told["publicationYear"].isdigit(), f"no date in CHANGELOG.md for {version}"


def test_cite_names_data_package_and_paper():
    version = bb.versions()[-1]
    text = bb.cite(version)
    assert text.count("\n@") == 2
    assert f"@dataset{{belbiotech_data_{version}," in text
    assert "@article{segers2015," in text
    assert text.count("{") == text.count("}")
    assert bb.cite(version, "apa").count("\n") == 3
    assert bb.cite() == text


def test_ris_records_begin_with_their_type_and_end():
    records = bb.cite(format="ris").split("ER  - \n")
    assert [record.split("\n")[0] for record in records[:3]] == [
        "TY  - DATA",
        "TY  - COMP",
        "TY  - JOUR",
    ]
    assert records[3] == ""


def test_authors_are_shortened_as_the_apa_does():
    work = Work("k", "data", ("Segers, Jean-Pierre", "Doe, Jane Ann"), "Data", "2020", "1.0.0")
    assert FORMS["apa"]([work]) == (
        "Segers, J.-P. & Doe, J. A. (2020). Data (Version 1.0.0) [Data set].\n"
    )
    assert "author = {Segers, Jean-Pierre and Doe, Jane Ann}" in FORMS["bibtex"]([work])
    assert FORMS["apa"]([PAPER]).endswith(
        "5, Article 16. https://doi.org/10.1186/s40497-015-0034-7\n"
    )


def test_unknown_formats_and_versions_are_told_with_the_known_ones():
    with pytest.raises(ReleaseError, match="bibtex, apa, ris"):
        bb.cite(format="word")
    with pytest.raises(ReleaseError, match=r"known versions are 0\.1\.0"):
        bb.cite("9.9.9")


def test_the_citation_file_has_what_its_standard_requires():
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(told)
    assert told["version"] == bb.__version__
    assert told["license"] == "MIT"
    assert told["references"][0]["doi"] == PAPER.doi


def test_other_creators_can_be_named(facts_folder, tmp_path):
    mine = replace(ABOUT, title="Mine", creators=("Me",))
    make_release("0.1.0", facts_folder.write(), tmp_path / "out", about=mine)
    assert read(tmp_path / "out" / "0.1.0", "datapackage.json")["title"] == "Mine"
