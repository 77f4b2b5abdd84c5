"""KBO/BCE open data: one extract, a series, updates; and every flaw that a real file may have."""

import warnings
import zipfile

import pytest

from belbiotech.dataset.registers.files import archives
from belbiotech.dataset.registers.kbo import KBO, kbo_facts
from belbiotech.errors import BelbiotechWarning, FactsError

from .kbo_zips import HEADERS, Extract, number, read_rows, table

BIOTECH = ["72110"]
MAY = ("02-05-2025", 135, "04-05-2025")
JUNE = ("30-05-2025", 136, "01-06-2025")
JULY = ("04-07-2025", 137, "06-07-2025")


def events_of(written, base):
    firm = f"be{number(base).replace('.', '')}"
    rows = read_rows(written.path / "events.csv")
    return [
        (row["event"], row["date"], row["date_quality"]) for row in rows if row["firm_id"] == firm
    ]


def register_row(written, base):
    rows = read_rows(written.path / "register.csv")
    return next(row for row in rows if row["number"] == number(base))


def problems_of(call):
    with pytest.raises(FactsError) as caught:
        call()
    return list(caught.value.problems)


def test_one_extract_gives_starts_situations_and_a_sighting(tmp_path):
    extract = Extract(*MAY)
    extract.firm(4000001, "Alpha NV", start="09-08-1999", names=(("1", "001", "Alpha SA"),))
    extract.firm(4000002, "Beta", situation="050", zipcode="1348", town="Louvain")
    written = kbo_facts([extract.write(tmp_path)], tmp_path / "out", nace=BIOTECH)
    firms = written.facts.firms.set_index("firm_id")
    assert firms.loc["be0400000185", "founded"] == "1999-08-09"
    assert firms.loc["be0400000185", ["name", "other_names"]].tolist() == ["Alpha NV", "Alpha SA"]
    assert firms["region"].tolist() == ["BE-VLG", "BE-WAL"]
    assert set(firms["confidence"]) == {"A"}
    assert events_of(written, 4000001) == [("observed_active", "2025-05-02", "stated")]
    assert events_of(written, 4000002) == [("bankrupt", "2025-05-02", "inferred")]
    row = register_row(written, 4000002)
    assert (row["entry"], row["exit_after"], row["exit_by"]) == ("", "", "2025-05-02")
    assert "licence" in written.facts.sources.loc[0, "title"]


def test_exits_follow_from_a_row_of_extracts_with_their_interval(tmp_path):
    may = Extract(*MAY).firm(4000001, "Stays").firm(4000002, "Fails").firm(4000003, "Goes")
    june = Extract(*JUNE).firm(4000001, "Stays").firm(4000002, "Fails", situation="050")
    july = Extract(*JULY).firm(4000001, "Stays").firm(4000002, "Fails", situation="053")
    files = [extract.write(tmp_path) for extract in (may, june, july)]
    written = kbo_facts(files, tmp_path / "out", nace=BIOTECH)
    assert events_of(written, 4000002) == [
        ("bankrupt", "2025-05-30", "inferred"),
        ("dissolved", "2025-07-04", "inferred"),
        ("observed_active", "2025-05-02", "stated"),
    ]
    assert ("dissolved", "2025-05-30", "inferred") in events_of(written, 4000003)
    row = register_row(written, 4000003)
    assert (row["exit_event"], row["exit_after"]) == ("dissolved", "2025-05-02")
    assert row["exit_by"] == "2025-05-30"
    assert register_row(written, 4000002)["exit_event"] == "bankrupt"
    assert [row["event"] for row in read_rows(written.path / "events.csv")].count("dissolved") == 2


@pytest.mark.parametrize(
    ("situation", "event"),
    [
        ("012", "liquidated"),
        ("014", "dissolved"),
        ("021", "merged"),
        ("030", "judicial_reorganisation"),
        ("091", "judicial_reorganisation"),
        ("050", "bankrupt"),
        ("000", None),
    ],
)
def test_situations_are_read_by_their_words(tmp_path, situation, event):
    may = Extract(*MAY).firm(4000001, "One")
    june = Extract(*JUNE).firm(4000001, "One", situation=situation)
    written = kbo_facts([may.write(tmp_path), june.write(tmp_path)], tmp_path / "out", nace=BIOTECH)
    found = [name for name, *_ in events_of(written, 4000001) if name != "observed_active"]
    assert found == ([event] if event else [])


def test_a_bankruptcy_that_was_withdrawn_ends_no_life(tmp_path):
    extracts = [
        Extract(*month).firm(4000001, "One", situation=code)
        for month, code in zip((MAY, JUNE, JULY), ("000", "050", "000"), strict=True)
    ]
    written = kbo_facts([e.write(tmp_path) for e in extracts], tmp_path / "out", nace=BIOTECH)
    assert events_of(written, 4000001) == [("observed_active", "2025-07-04", "stated")]
    assert written.left_out["reason"].str.startswith("proceedings withdrawn").any()


def test_a_new_number_is_no_death(tmp_path):
    may = Extract(*MAY).firm(4000001, "One", situation="006").firm(4000002, "Two")
    june = Extract(*JUNE).firm(4000002, "Two")
    written = kbo_facts([may.write(tmp_path), june.write(tmp_path)], tmp_path / "out", nace=BIOTECH)
    assert register_row(written, 4000001)["exit_event"] == ""


def test_a_new_name_is_an_event_and_the_old_one_stays_known(tmp_path):
    may = Extract(*MAY).firm(4000001, "Old Name NV")
    june = Extract(*JUNE).firm(4000001, "New Name NV")
    written = kbo_facts([may.write(tmp_path), june.write(tmp_path)], tmp_path / "out", nace=BIOTECH)
    facts = written.facts
    assert facts.firms.loc[0, ["name", "other_names"]].tolist() == ["New Name NV", "Old Name NV"]
    renamed = facts.events[facts.events["event"] == "renamed"]
    assert renamed["counterparty"].tolist() == ["New Name NV"]


def test_an_update_changes_the_extract_before_it(tmp_path):
    full = Extract(*MAY).firm(4000001, "Stays").firm(4000002, "Goes").firm(4000003, "Moves")
    full.firm(4000004, "Fails")
    update = Extract(*JUNE, kind="update")
    update.firm(4000005, "Comes", start="20-05-2025")
    update.rows["enterprise"].append([number(4000004), "AC", "050", "2", "014", None, "01-02-2010"])
    update.deleted["enterprise"] = [number(4000002), number(4000004)]
    update.deleted["denomination"] = [number(4000002), number(4000003)]
    update.rows["denomination"].append([number(4000003), "2", "001", "Moved"])
    update.deleted["address"] = [number(4000003)]
    update.rows["address"].append(
        [number(4000003), "REGO", None, None, "4000", "Luik", "Liège", "", "", "", "", "", None]
    )
    files = [full.write(tmp_path), update.write(tmp_path)]
    written = kbo_facts(files, tmp_path / "out", nace=BIOTECH)
    firms = written.facts.firms.set_index("enterprise_number")
    assert len(firms) == 5
    assert firms.loc[number(4000003), ["name", "region", "city"]].tolist() == [
        "Moved",
        "BE-WAL",
        "Liège",
    ]
    assert register_row(written, 4000002)["exit_event"] == "dissolved"
    assert register_row(written, 4000004)["exit_event"] == "bankrupt"
    assert register_row(written, 4000005)["entry"] == "2025-05-20"
    assert register_row(written, 4000001)["exit_event"] == ""


def test_who_belongs_to_the_population(tmp_path):
    extract = Extract(*MAY)
    extract.firm(4000001, "Main")
    extract.firm(4000002, "Second", nace=("2008:56101:MAIN", "2008:72110:SECO"))
    extract.firm(4000003, "Old code", nace=("2003:73100:MAIN",))
    extract.firm(4000004, "Newer code", nace=("2025:72101:MAIN", "2008:72110:MAIN"))
    extract.firm(4000005, "Person", kind="1", form=None)
    extract.firm(4000006, "Abroad", zipcode="62000", country="Frankrijk")
    extract.firm(4000007, "Early", start="01-06-2031")
    path = extract.write(tmp_path)

    def names(out, **options):
        facts = kbo_facts([path], tmp_path / out, **options).facts
        return set(facts.firms["name"])

    assert names("a", nace=BIOTECH) == {"Main", "Newer code"}
    assert names("b", nace=BIOTECH, secondary=True) == {"Main", "Second", "Newer code"}
    assert names("c", nace=["2003:73.10"]) == {"Old code"}
    everyone = names("d")
    assert everyone == {"Main", "Second", "Old code", "Newer code"}
    left = read_rows(tmp_path / "a" / "left_out.csv")
    assert {row["reason"]: row["units"] for row in left} == {
        "natural person": "1",
        "no Belgian postal code": "1",
        "starts after the last extract": "1",
    }
    persons = kbo_facts([path], tmp_path / "e", nace=BIOTECH, natural_persons=True).facts.firms
    assert "Enterprise 0400.000.581" in set(persons["name"])


def test_no_name_of_a_person_is_in_anything_written(tmp_path):
    extract = (
        Extract(*MAY)
        .firm(4000001, "Firm")
        .firm(
            4000002, "Jeanne Persoon", kind="1", form=None, names=(("2", "003", "Atelier Persoon"),)
        )
    )
    extract.rows["contact"].append([number(4000001), "ENT", "EMAIL", "jeanne.persoon@example.org"])
    path = extract.write(tmp_path)
    written = kbo_facts([path], tmp_path / "out", natural_persons=True)
    for file in written.path.iterdir():
        assert "persoon" not in file.read_text("utf-8").casefold()


def test_a_place_from_the_oldest_establishment_where_the_seat_has_none(tmp_path):
    extract = Extract(*MAY).firm(4000001, "One", zipcode="")
    for est, start, code in (
        ("2.000.000.339", "01-11-1999", "5000"),
        ("2.000.000.438", "01-11-1974", "1000"),
    ):
        extract.rows["establishment"].append([est, start, number(4000001)])
        extract.rows["address"].append(
            [est, "BAET", None, None, code, "Town", "Ville", "", "", "", "", "", None]
        )
    facts = kbo_facts([extract.write(tmp_path)], tmp_path / "out", nace=BIOTECH).facts
    assert facts.firms.loc[0, "region"] == "BE-BRU"


def test_the_same_files_give_the_same_bytes(tmp_path):
    extract = Extract(*MAY)
    for base in range(4000001, 4000400):
        extract.firm(base, f"Firm {base}", names=(("1", "001", f"Firme {base}"),))
    path = extract.write(tmp_path)
    one, two = (kbo_facts([path], tmp_path / name, nace=BIOTECH).path for name in ("a", "b"))
    for file in one.iterdir():
        assert file.read_bytes() == (two / file.name).read_bytes()


def test_names_with_signs_that_facts_do_not_take_are_mended(tmp_path):
    name = 'Odd;  "Name"\u00a0of\u200b\nAll, e\u0301tude'
    facts = kbo_facts([Extract(*MAY).firm(4000001, name).write(tmp_path)], tmp_path / "out").facts
    assert facts.firms.loc[0, "name"] == 'Odd, "Name" of All, étude'


def test_a_situation_without_a_meaning_is_told(tmp_path):
    path = Extract(*MAY).firm(4000001, "One", situation="777").write(tmp_path)
    with pytest.warns(BelbiotechWarning, match="situation 777 .*Quelque chose de neuf"):
        written = kbo_facts([path], tmp_path / "out")
    assert "777" in (written.path / "LICENCE.md").read_text("utf-8")


def test_the_reader_says_what_it_reads():
    assert "JuridicalFormCAC" in KBO.reads["enterprise.csv"]
    assert "Value" not in KBO.reads["contact.csv"]


# What a real file may have


def test_an_unknown_column_is_told_and_passed_over_a_missing_one_refused(tmp_path):
    extract = Extract(*MAY).firm(4000001, "One")
    extract.headers["enterprise"] += " Turnover"
    extract.rows["enterprise"] = [[*row, "12"] for row in extract.rows["enterprise"]]
    with pytest.warns(BelbiotechWarning, match=r"enterprise\.csv: passed over.*Turnover"):
        kbo_facts([extract.write(tmp_path)], tmp_path / "out")
    extract.headers["enterprise"] = HEADERS["enterprise"].replace("JuridicalSituation", "Situation")
    extract.rows["enterprise"] = [row[:-1] for row in extract.rows["enterprise"]]
    found = problems_of(lambda: kbo_facts([extract.write(tmp_path)], tmp_path / "two"))
    assert any("line 1: column 'JuridicalSituation' is missing" in text for text in found)
    assert not (tmp_path / "two").exists()


def test_an_old_extract_without_the_new_legal_form_is_read(tmp_path):
    extract = Extract(*MAY).firm(4000001, "One")
    extract.headers["enterprise"] = HEADERS["enterprise"].replace(" JuridicalFormCAC", "")
    extract.rows["enterprise"] = [[*row[:5], row[6]] for row in extract.rows["enterprise"]]
    written = kbo_facts([extract.write(tmp_path)], tmp_path / "out")
    assert register_row(written, 4000001)["legal_form"] == "014"


def test_all_problems_at_once_with_their_lines_and_nothing_written(tmp_path):
    extract = Extract(*MAY).firm(4000001, "One").firm(4000002, "Two\nlines")
    good = number(4000003)
    extract.rows["enterprise"] += [
        ["0400.000.999", "AC", "000", "2", "014", None, "01-02-2010"],
        ["x", "AC", "000", "2", "014", None, "01-02-2010"],
        [good, "AC", "000", "2", "014", None, "31-02-2010"],
        [good, "AC", "000", "2", "014", None, "2010-02-01"],
        [good, "AC", "000", "9", "014", None, "01/02/2010"],
    ]
    extract.rows["activity"] += [[good, "001", "1999", "72110", "MAIN"]]
    extract.rows["activity"] += [
        [good, "001", "2008", "72a", "MAIN"],
        [good, "001", "2008", "72110", "?"],
    ]
    names = extract.files()["denomination.csv"] + f'"{good}","2","001"\n'
    found = problems_of(
        lambda: kbo_facts([extract.write(tmp_path, denomination=names)], tmp_path / "out")
    )
    text = "\n".join(found)
    file = "KboOpenData_0135_2025_05_Full.zip"
    for line, words in (
        (4, "wrong check digits"),
        (5, "'x' is no enterprise number"),
        (6, "'31-02-2010' is no day"),
        (7, "is there already"),
        (8, "'9' is none of 0, 1 and 2"),
    ):
        assert any(f"{file}/enterprise.csv, line {line}: " in t and words in t for t in found), text
    assert f"{file}/denomination.csv, line 5: has 3 cells, and the header 4" in text
    for line, words in ((4, "'1999'"), (5, "'72a'"), (6, "'?'")):
        assert any(f"activity.csv, line {line}: " in t and words in t for t in found), text
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_dates_in_other_forms_are_read(tmp_path):
    extract = Extract(*MAY)
    for base, start in zip(
        range(4000001, 4000005), ("2010-02-01", "01/02/2010", "20100201", "01.02.2010"), strict=True
    ):
        extract.firm(base, f"Firm {base}", start=start)
    facts = kbo_facts([extract.write(tmp_path)], tmp_path / "out").facts
    assert set(facts.firms["founded"]) == {"2010-02-01"}


@pytest.mark.parametrize(
    ("encoding", "words"),
    [("latin-1", r"line 3: holds the byte 0xe9.*no UTF-8"), ("utf-16", "is UTF-16")],
)
def test_other_encodings_are_refused_with_the_line(tmp_path, encoding, words):
    extract = Extract(*MAY).firm(4000001, "One").firm(4000002, "Étude Liégeoise")
    text = extract.files()["denomination.csv"].replace("É", "e").encode(encoding)
    path = extract.write(tmp_path, denomination=text)
    with pytest.raises(FactsError, match=words):
        kbo_facts([path], tmp_path / "out")


def test_a_byte_order_mark_is_fine(tmp_path):
    extract = Extract(*MAY).firm(4000001, "One")
    text = "\ufeff" + extract.files()["enterprise.csv"]
    assert (
        kbo_facts([extract.write(tmp_path, enterprise=text)], tmp_path / "out").rows["firms"] == 1
    )


def test_a_series_out_of_order_twice_in_a_month_or_with_a_gap_is_refused(tmp_path):
    may, june = (Extract(*m).firm(4000001, "One").write(tmp_path) for m in (MAY, JUNE))
    with pytest.raises(FactsError, match="before .*give the extracts in the order of their days"):
        kbo_facts([june, may], tmp_path / "out")
    with pytest.raises(FactsError, match="is the same extract as"):
        kbo_facts([may, may], tmp_path / "out")
    again = Extract("09-05-2025", 1135, "11-05-2025").firm(4000001, "One").write(tmp_path)
    with pytest.raises(FactsError, match="the same month as"):
        kbo_facts([may, again], tmp_path / "out")
    update = Extract(*JULY, kind="update").firm(4000002, "Two").write(tmp_path)
    with pytest.raises(FactsError, match="without its full extract"):
        kbo_facts([update], tmp_path / "out")
    with pytest.raises(FactsError, match="number 136 is not there"):
        kbo_facts([may, update], tmp_path / "out")
    same = Extract(*MAY, kind="update").firm(4000002, "Two").write(tmp_path)
    with pytest.raises(FactsError, match="has its changes already"):
        kbo_facts([may, same], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_zip_with_another_layout_is_refused(tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("companies.csv", "a,b\n1,2\n")
    with pytest.raises(FactsError, match=r"has no meta\.csv.*companies\.csv"):
        kbo_facts([path], tmp_path / "out")
    extract = Extract(*MAY).firm(4000001, "One")
    found = problems_of(
        lambda: kbo_facts([extract.write(tmp_path, branch=None, address=None)], tmp_path / "out")
    )
    assert [text.split(": ")[1].split(",")[0] for text in found] == [
        "has no address.csv",
        "has no branch.csv",
    ]
    semicolons = extract.files()["activity.csv"].replace(",", ";")
    with pytest.raises(FactsError, match="has ';' between its cells"):
        kbo_facts([extract.write(tmp_path, activity=semicolons)], tmp_path / "out")


def test_a_zip_that_names_paths_outside_or_says_less_than_it_holds_is_refused(tmp_path):
    path = tmp_path / "outside.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../meta.csv", "x")
        archive.writestr("/etc/code.csv", "x")
    found = problems_of(lambda: kbo_facts([path], tmp_path / "out"))
    assert len(found) == 2
    assert all("names a path outside of it" in text for text in found)

    path = Extract(*MAY).firm(4000001, "One").write(tmp_path)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("enterprise.csv").file_size
    at = data.rfind(b"enterprise.csv") - 46  # its entry in the directory at the end
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (size - 20).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FactsError, match=r"enterprise\.csv: is damaged, or unpacks to other"):
        kbo_facts([path], tmp_path / "out")
    path.write_bytes(bytes(data[:-40]))
    with pytest.raises(FactsError, match="is no zip, or was cut short"):
        kbo_facts([path], tmp_path / "out")


def test_a_bomb_is_not_opened():
    entry = zipfile.ZipInfo("enterprise.csv")
    entry.file_size, entry.compress_size = 10 * 2**30, 10 * 2**20
    (told,) = archives._bad_entries("bomb.zip", [entry])
    assert "'enterprise.csv' unpacks to 1,024 times its size" in told.text
    entry.compress_size = 2**30
    assert list(archives._bad_entries("real.zip", [entry])) == []


def test_what_is_asked_for_must_make_sense(tmp_path):
    path = Extract(*MAY).firm(4000001, "One").write(tmp_path)
    with pytest.raises(FactsError, match="'biotech': is no code of NACE") as caught:
        kbo_facts([path], tmp_path / "out", nace=["biotech", "99999"])
    assert len(caught.value.problems) == 2
    with pytest.raises(FactsError, match="'99999': no code in the extracts"):
        kbo_facts([path], tmp_path / "out", nace=["99999"])
    with pytest.raises(FactsError, match="no such file"):
        kbo_facts([tmp_path / "none.zip"], tmp_path / "out")
    with pytest.raises(FactsError, match="no extract was given"):
        kbo_facts([], tmp_path / "out")
    (tmp_path / "out").mkdir()
    with pytest.raises(FactsError, match="is there already"):
        kbo_facts([path], tmp_path / "out")


CORRECTION = "register,file,key,column,expect,value,why,from,to\n"


def test_corrections_are_rows_that_fail_once_the_source_is_mended(tmp_path):
    may, june = Extract(*MAY).firm(4000001, "One", start="01-01-0201"), Extract(*JUNE)
    june.firm(4000001, "One", start="01-01-2010")
    files = [may.write(tmp_path), june.write(tmp_path)]
    rows = tmp_path / "corrections.csv"
    line = f"kbo,enterprise,{number(4000001)},StartDate,01-01-0201,01-01-2010,a slip,135,135\n"
    rows.write_text(CORRECTION + line)
    facts = kbo_facts(files[:1], tmp_path / "a", corrections=rows).facts
    assert facts.firms.loc[0, "founded"] == "2010-01-01"
    assert kbo_facts(files, tmp_path / "b", corrections=rows).rows["firms"] == 1
    rows.write_text(CORRECTION + line.replace("135,135", ","))
    with pytest.raises(FactsError, match=r"corrections\.csv, line 2: expects '01-01-0201'.*mended"):
        kbo_facts(files, tmp_path / "c", corrections=rows)
    assert not (tmp_path / "c").exists()


def test_a_wrong_file_of_corrections_is_told_whole(tmp_path):
    path = Extract(*MAY).firm(4000001, "One").write(tmp_path)
    rows = tmp_path / "corrections.csv"
    rows.write_text(
        CORRECTION + "kob,enterprise,1,StartDate,a,b,c,,\nkbo,contact,1,Value,a,b,c,,\n"
        "kbo,enterprise,1,Start,a,b,c,,\nkbo,enterprise,1,StartDate,a,a,c,,\n"
        "kbo,enterprise,1,StartDate,a,b,,,\nkbo,enterprise,1,StartDate,a,b,c,may,\n"
    )
    found = problems_of(lambda: kbo_facts([path], tmp_path / "out", corrections=rows))
    assert [text.split(": ")[0] for text in found] == [
        f"corrections.csv, line {line}" for line in range(2, 8)
    ]


def test_nothing_is_told_of_a_plain_extract(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kbo_facts([Extract(*MAY).firm(4000001, "One").write(tmp_path)], tmp_path / "out")
    assert table("A B", [["x", None]]) == '"A","B"\n"x",\n'


@pytest.mark.parametrize("member", ["establishment", "branch", "denomination", "address"])
def test_a_file_that_is_not_there_or_lacks_a_column_is_told(tmp_path, member):
    may = Extract("02-05-2025", 135, "04-05-2025").firm(4000001, "One")
    with pytest.raises(FactsError, match=rf"has no {member}\.csv, which a full extract holds"):
        kbo_facts([may.write(tmp_path, **{member: None})], tmp_path / "out")
    text = may.files()[f"{member}.csv"].replace('"EnterpriseNumber"', '"Enterprise"')
    text = text.replace('"EntityNumber"', '"Entity"')
    with pytest.raises(FactsError, match=rf"{member}\.csv, line 1: column 'Ent\w+' is missing"):
        kbo_facts([may.write(tmp_path, **{member: text})], tmp_path / "out")


def test_wrong_check_digits_are_told_in_every_file(tmp_path):
    may = Extract("02-05-2025", 135, "04-05-2025").firm(4000001, "One")
    wrong = "0400.000.199"
    may.rows["establishment"].append(["2.000.000.339", "45-01-2010", number(4000001)])
    may.rows["establishment"].append(["2.000.000.438", "01-01-2010", wrong])
    may.rows["branch"].append(["9.000.000.437", "01-01-2010", "none"])
    for name in ("denomination", "address", "activity"):
        may.rows[name].append([wrong, *may.rows[name][0][1:]])
    with pytest.raises(FactsError) as caught:
        kbo_facts([may.write(tmp_path)], tmp_path / "out")
    said = str(caught.value)
    for place in ("denomination", "address", "activity"):
        assert f"{place}.csv, line 3: column 'EntityNumber': '{wrong}' has wrong check" in said
    assert f"establishment.csv, line 3: column 'EnterpriseNumber': '{wrong}' has wrong" in said
    assert "establishment.csv, line 2: column 'StartDate': '45-01-2010' is no day" in said
    assert "branch.csv, line 2: column 'EnterpriseNumber': 'none' is no enterprise number" in said
    assert not (tmp_path / "out").exists()


def test_a_year_of_two_digits_is_no_year(tmp_path):
    may = Extract("02-05-2025", 135, "04-05-2025").firm(4000001, "One", start="01-02-10")
    with pytest.raises(FactsError, match=r"enterprise\.csv, line 2: .*'01-02-10' is no day"):
        kbo_facts([may.write(tmp_path)], tmp_path / "out")


def test_an_enterprise_that_is_not_active_is_counted(tmp_path):
    may = Extract("02-05-2025", 135, "04-05-2025").firm(4000001, "One").firm(4000002, "Two")
    may.rows["enterprise"][1][1] = "ST"
    written = kbo_facts([may.write(tmp_path)], tmp_path / "out")
    assert written.left_out.to_numpy().tolist() == [["never active (AC)", 1]]


def test_broken_lines_of_small_files_are_told(tmp_path):
    may = Extract("02-05-2025", 135, "04-05-2025").firm(4000001, "One")
    meta = may.files()["meta.csv"] + '"Contact"\n'
    code = may.files()["code.csv"] + '"Nace2008","72111","FR","Not closed\n'
    with pytest.raises(FactsError) as caught:
        kbo_facts([may.write(tmp_path, meta=meta, code=code)], tmp_path / "out")
    assert "meta.csv, line 7: has 1 cells, and the header 2" in str(caught.value)
    last = code.count("\n")
    assert f"code.csv, line {last}: has a quote that is never closed" in str(caught.value)


@pytest.mark.parametrize("at", [0, 1, 3])
def test_a_quote_that_is_never_closed_swallows_nothing(tmp_path, at):
    may = Extract("02-05-2025", 135, "04-05-2025")
    for base in range(4000001, 4000009):
        may.firm(base, f"Firm {base}")
    lines = may.files()["denomination.csv"].split("\n")
    cells = lines[4].split(",")
    cells[at] = cells[at].removesuffix('"')
    lines[4] = ",".join(cells)
    with pytest.raises(FactsError, match=r"denomination\.csv"):
        kbo_facts([may.write(tmp_path, denomination="\n".join(lines))], tmp_path / "out")
    assert not (tmp_path / "out").exists()
