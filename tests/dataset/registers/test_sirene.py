"""SIRENE: the fourth reader, which proves that the interface holds."""

import csv
import io
import zipfile

import pytest

from belbiotech.dataset.catalog.register_panel import register_panel
from belbiotech.dataset.registers.known import registers
from belbiotech.dataset.registers.parts.sirene_layout import FILES
from belbiotech.dataset.registers.sirene import sirene_facts
from belbiotech.errors import FactsError


def siren(base):
    """A SIREN with its check digit, from eight digits."""
    total = sum(
        d if at % 2 == 0 else (2 * d if d < 5 else 2 * d - 9)
        for at, d in enumerate(int(sign) for sign in f"{base:08d}")
    )
    return f"{base:08d}{-total % 10}"


def as_csv(columns, rows):
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


class Stock:
    def __init__(self):
        self.rows = {name: [] for name in FILES}

    def unit(self, base, name, state="A", commune="75056", periods=(), **cells):
        usual = {
            "siren": siren(base),
            "dateCreationUniteLegale": "2001-02-03",
            "dateDernierTraitementUniteLegale": "2025-03-01T10:20:30",
            "dateDebut": "2015-01-01",
            "etatAdministratifUniteLegale": state,
            "denominationUniteLegale": name,
            "categorieJuridiqueUniteLegale": "5710",
            "activitePrincipaleUniteLegale": "72.11Z",
            "nomenclatureActivitePrincipaleUniteLegale": "NAFRev2",
            "statutDiffusionUniteLegale": "O",
        }
        self.rows["stockunitelegale"].append({**usual, **cells})
        self.rows["stocketablissement"].append(
            {
                "siren": siren(base),
                "etablissementSiege": "true",
                "codeCommuneEtablissement": commune,
                "libelleCommuneEtablissement": "VILLE",
            }
        )
        for begins, ends, was, called in periods:
            self.rows["stockunitelegalehistorique"].append(
                {
                    "siren": siren(base),
                    "dateDebut": begins,
                    "dateFin": ends,
                    "etatAdministratifUniteLegale": was,
                    "denominationUniteLegale": called,
                }
            )
        return self

    def write(self, folder, *names, **changed):
        paths = []
        for name in names or FILES:
            layout = FILES[name]
            extra = ("nomUniteLegale", "prenom1UniteLegale") if name == "stockunitelegale" else ()
            columns = [*layout.columns, *layout.optional, *extra]
            path = folder / f"{name}_utf8.zip"
            with zipfile.ZipFile(path, "w") as archive:
                text = changed.get(name) or as_csv(columns, self.rows[name])
                archive.writestr(f"{name}_utf8.csv", text)
            paths.append(path)
        return paths


@pytest.fixture
def stock():
    made = Stock().unit(10000001, "VIVANTE", commune="69123")
    made.unit(
        10000002,
        "MORTE",
        "C",
        periods=[
            ("2001-02-03", "2005-12-31", "A", "ANCIENNE"),
            ("2006-01-01", "2010-06-30", "C", "ANCIENNE"),
            ("2010-07-01", "2014-12-31", "A", "MORTE"),
            ("2015-01-01", "2019-12-31", "C", "MORTE"),
            ("2020-01-01", "", "C", "MORTE"),
        ],
    )
    made.unit(10000003, "", categorieJuridiqueUniteLegale="1000", nomUniteLegale="PERSONNE")
    made.unit(10000004, "AUTRE", activitePrincipaleUniteLegale="56.10A")
    made.unit(10000005, "[ND]", statutDiffusionUniteLegale="P")
    return made


def test_a_unit_ends_where_its_last_ceased_run_begins(tmp_path, stock):
    written = sirene_facts(stock.write(tmp_path), tmp_path / "out", nace=["7211"])
    facts = written.facts
    firms = facts.firms.set_index("name")
    assert set(firms.index) == {"VIVANTE", "MORTE"}
    assert firms.loc["VIVANTE", ["region", "segment"]].tolist() == ["FR-ARA", "nafrev2_7211z"]
    assert firms.loc["MORTE", "other_names"] == "ANCIENNE"
    events = {(r.event, r.date, r.date_quality) for r in facts.events.itertuples()}
    assert events == {
        ("observed_active", "2025-03-01", "stated"),
        ("dissolved", "2015-01-01", "stated"),
        ("renamed", "2010-07-01", "stated"),
    }
    assert written.left_out["reason"].tolist() == ["natural person", "not for publication"]
    for file in written.path.iterdir():
        assert "PERSONNE" not in file.read_text("utf-8")


def test_a_panel_comes_of_it_as_of_any_register(tmp_path, stock):
    written = sirene_facts(stock.write(tmp_path), tmp_path / "out", nace=["7211"])
    panel = register_panel(written, shipped=False)
    rows = panel[panel["name"] == "MORTE"]
    assert rows["year"].tolist() == list(range(2001, 2016))
    assert rows["observed"].all()
    assert rows["failure"].sum() == 1
    assert panel.loc[panel["name"] == "VIVANTE", "year"].max() == 2025


def test_without_the_history_the_last_period_is_taken(tmp_path, stock):
    files = stock.write(tmp_path, "stockunitelegale", "stocketablissement")
    facts = sirene_facts(files, tmp_path / "out", nace=["7211"]).facts
    ends = facts.events[facts.events["event"] == "dissolved"]
    assert ends[["date", "date_quality"]].values.tolist() == [["2015-01-01", "inferred"]]


def test_bad_input(tmp_path, stock):
    stock.unit(10000006, "X", siren="123456789").unit(10000007, "Y", siren="12")
    stock.unit(10000008, "Z", dateCreationUniteLegale="2001-02-30")
    stock.unit(10000009, "W", state="Z").unit(10000001, "VIVANTE")
    with pytest.raises(FactsError) as caught:
        sirene_facts(stock.write(tmp_path), tmp_path / "out", nace=["7211"])
    for line, words in (
        (7, "wrong check digit"),
        (8, "'12' is no SIREN"),
        (9, "'2001-02-30' is no day"),
        (10, "'Z' is neither A nor C"),
        (11, "is there already"),
    ):
        found = caught.value.problems
        assert any(f"line {line}: " in t and words in t for t in found), "\n".join(found)
    with pytest.raises(FactsError, match="stocketablissement: is needed"):
        sirene_facts(stock.write(tmp_path, "stockunitelegale"), tmp_path / "out")
    text = "siren,dateCreation\n"
    with pytest.raises(FactsError, match="column 'dateCreationUniteLegale' is missing"):
        sirene_facts(stock.write(tmp_path, stockunitelegale=text), tmp_path / "out")
    with pytest.raises(FactsError, match="no file was given"):
        sirene_facts([], tmp_path / "out")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n")
    with pytest.raises(FactsError, match="is none of stockunitelegale"):
        sirene_facts([other], tmp_path / "out")


def test_all_readers_share_the_interface():
    for name, register in registers().items():
        assert register.name == name
        assert register.licence.name
        assert register.licence.attribution
        assert register.reads
        assert set(register.gives) <= {"firms", "events", "alliances", "financings", "sources"}
        assert callable(register.facts)


def test_a_code_of_an_older_nomenclature_is_another_activity(tmp_path):
    stock = Stock().unit(10000001, "RECHERCHE")
    stock.unit(
        10000002,
        "INFORMATIQUE",
        "C",
        activitePrincipaleUniteLegale="72.1Z",
        nomenclatureActivitePrincipaleUniteLegale="NAFRev1",
    )
    files = stock.write(tmp_path)
    found = [sirene_facts(files, tmp_path / "a", nace=["72"]).facts.firms["name"].tolist()]
    found.append(sirene_facts(files, tmp_path / "b", nace=["2003:72"]).facts.firms["name"].tolist())
    found.append(sirene_facts(files, tmp_path / "c", nace=["72.11Z"]).facts.firms["name"].tolist())
    assert found == [["RECHERCHE"], ["INFORMATIQUE"], ["RECHERCHE"]]


def test_groups_without_a_legal_person_are_nameless(tmp_path):
    stock = Stock().unit(10000001, "INDIVISION DUPONT", categorieJuridiqueUniteLegale="2110")
    written = sirene_facts(stock.unit(10000002, "SA").write(tmp_path), tmp_path / "out")
    assert written.left_out.to_numpy().tolist() == [["natural person", 1]]
    assert all("DUPONT" not in file.read_text("utf-8") for file in written.path.iterdir())


def test_bad_days_are_told_in_every_column(tmp_path, stock):
    stock.rows["stockunitelegale"][0] |= {
        "dateDebut": "x",
        "dateDernierTraitementUniteLegale": "never",
    }
    stock.rows["stockunitelegalehistorique"][1]["dateFin"] = "soon"
    with pytest.raises(FactsError) as caught:
        sirene_facts(stock.write(tmp_path), tmp_path / "out")
    said = str(caught.value)
    assert "stockunitelegale_utf8.csv, line 2: column 'dateDebut': 'x' is no day" in said
    assert "'dateDernierTraitementUniteLegale': 'never' is no day" in said
    assert "historique_utf8.csv, line 3: column 'dateFin': 'soon' is no day" in said
