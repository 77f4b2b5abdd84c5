"""Facts: what is read, and every kind of bad input, told with file, line, column and value."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import read_facts
from belbiotech.errors import FactsError


def problems(path) -> tuple[str, ...]:
    with pytest.raises(FactsError) as caught:
        read_facts(path)
    return caught.value.problems


def only_problem(path) -> str:
    found = problems(path)
    assert len(found) == 1, found
    return found[0]


def test_reads_what_stands_there(facts_folder):
    facts = facts_folder.read()
    assert facts.firms["founded"].tolist() == ["2000", "2004-05"]
    assert facts.firms["city"].tolist() == [None, None]
    assert facts.financings["amount_million"].tolist() == [2.5]
    assert facts.events["amount_million"].isna().all()
    assert str(facts.events["amount_million"].dtype) == "float64"
    assert facts.path == facts_folder.path


def test_reads_the_shipped_facts():
    facts = read_facts("data/raw")
    for name, table in facts.items():
        assert len(table) == Path(f"data/raw/{name}.csv").read_bytes().count(b"\n") - 1


def test_headers_alone_are_facts(empty_folder):
    empty_folder.rows["sources"] = []
    assert [len(table) for _, table in empty_folder.read().items()] == [0, 0, 0, 0, 0]


def test_namibia_is_no_missing_value(facts_folder):
    facts_folder.add("alliances", firm_id="beta", start="2006", partner_country="NA")
    assert facts_folder.read().alliances["partner_country"].tolist() == [None, "NA"]


def test_byte_order_mark_and_windows_line_ends_are_fine(facts_folder):
    plain = facts_folder.read()
    for name in FACTS:
        path = facts_folder.path / f"{name}.csv"
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    marked = read_facts(facts_folder.path)
    for name, table in plain.items():
        assert table.equals(getattr(marked, name))


def test_columns_in_another_order_are_fine(facts_folder):
    plain = facts_folder.read().sources
    cells = plain[plain.columns[::-1]].fillna("").to_numpy().tolist()
    rows = [",".join(row) for row in [plain.columns[::-1], *cells]]
    facts_folder.text("sources", "\n".join(rows))
    assert read_facts(facts_folder.path).sources.equals(plain)


def test_a_quoted_line_break_keeps_the_line_numbers(facts_folder):
    facts_folder.add("events", firm_id="beta", event="renamed", date="2006", note="two\nlines")
    facts_folder.add("events", firm_id="beta", event="renamed", date="2007-13")
    found = problems(facts_folder.write())
    assert found[0].startswith("events.csv, line 4: column 'note': 'two\\nlines' has a sign")
    assert found[1].startswith("events.csv, line 6: column 'date': '2007-13' is no date")


@pytest.mark.parametrize(
    ("table", "row", "line", "column", "words"),
    [
        ("events", {"event": "ipoo", "date": "2005"}, 4, "event", "'ipoo' .*did you mean 'ipo'"),
        ("events", {"event": "ipo", "date": "2019-13"}, 4, "date", "'2019-13' is no date"),
        ("events", {"event": "ipo", "date": "19"}, 4, "date", "'19' is no date"),
        ("events", {"event": "ipo", "date": "2019-02-30"}, 4, "date", "'2019-02-30' is no date"),
        ("events", {"event": "ipo", "date": "2019/02"}, 4, "date", "YYYY-MM-DD"),
        ("events", {"event": "ipo", "date": "0219"}, 4, "date", "'0219' is no date"),
        ("events", {"event": "ipo"}, 4, "date", "is blank"),
        ("events", {"event": " ipo", "date": "2005"}, 4, "event", "blanks at its ends"),
        ("events", {"event": "ipo", "date": "2005", "note": "a\u200bb"}, 4, "note", "cannot be s"),
        ("events", {"event": "ipo", "date": "2005", "note": "e\u0301"}, 4, "note", "NFC"),
        ("events", {"event": "ipo", "date": "2005", "confidence": "D"}, 4, "confidence", "'D'"),
        ("events", {"event": "ipo", "date": "1999"}, 4, "date", "before the firm was founded"),
        (
            "events",
            {"event": "acquired", "date": "2005", "counterparty_country": "UK"},
            4,
            "counterparty_country",
            "'UK' is no country",
        ),
        (
            "events",
            {"event": "ipo", "date": "2005", "amount_million": "12"},
            4,
            "currency",
            "'12', and no currency",
        ),
        (
            "financings",
            {"date": "2005", "amount_million": "about 5", "currency": "EUR"},
            3,
            "amount_million",
            "'about 5' is no number",
        ),
        (
            "financings",
            {"date": "2005", "amount_million": "1,5", "currency": "EUR"},
            3,
            "amount_million",
            "'1,5' is no number",
        ),
        (
            "financings",
            {"date": "2005", "amount_million": "inf", "currency": "EUR"},
            3,
            "amount_million",
            "'inf' is no number",
        ),
        (
            "financings",
            {"date": "2005", "amount_million": "-3", "currency": "EUR"},
            3,
            "amount_million",
            "'-3' is negative",
        ),
        (
            "financings",
            {"date": "2005", "amount_million": "3", "currency": "Euro"},
            3,
            "currency",
            "'Euro' is no currency",
        ),
        ("financings", {"date": "1998"}, 3, "date", "'1998' is before .* 2000"),
        ("alliances", {"start": "1999-12"}, 3, "start", "'1999-12' is before .* 2000"),
        ("alliances", {"start": "2005", "end": "2004"}, 3, "end", "'2004' is before the start"),
        ("alliances", {"start": "2005-06", "end": "2005-05-31"}, 3, "end", "before the start"),
        ("alliances", {"start": "2005", "partner": None}, 3, "partner", "is blank"),
        ("alliances", {"start": "2005", "firm_id": "alfa"}, 3, "firm_id", "did you mean 'alpha'"),
        ("alliances", {"start": "2005", "source_id": "s3"}, 3, "source_id", "'s3' is not in sou"),
    ],
)
def test_a_bad_cell(facts_folder, table, row, line, column, words):
    facts_folder.add(table, **{"firm_id": "alpha", **row})
    text = only_problem(facts_folder.write())
    assert text.startswith(f"{table}.csv, line {line}: column '{column}'")
    with pytest.raises(FactsError, match=words):
        read_facts(facts_folder.path)


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ({"enterprise_number": "0882.251.821"}, "enterprise_number", "modulo 97"),
        ({"enterprise_number": "882.251.820"}, "enterprise_number", "NNNN.NNN.NNN"),
        ({"region": "BE-XXX"}, "region", "is no region"),
        ({"region": "Flanders"}, "region", "is no region"),
        ({"segment": "biotech"}, "segment", "is not an allowed value"),
        ({"source_ids": "s1;"}, "source_ids", "is no list"),
        ({"source_ids": "s1;s1"}, "source_ids", "names a part twice"),
        ({"source_ids": "s1; s2"}, "source_ids", "is no list"),
        ({"source_ids": None}, "source_ids", "is blank"),
        ({"source_ids": "s1;s9"}, "source_ids", "'s9' is not in sources.csv"),
        ({"firm_id": "Al pha"}, "firm_id", "is no id"),
        ({"firm_id": "alpha"}, "firm_id", "already on line 2"),
    ],
)
def test_a_bad_firm(facts_folder, row, column, words):
    facts_folder.add("firms", **{"firm_id": "gamma", "name": "Gamma", **row})
    found = [text for text in problems(facts_folder.write()) if f"column '{column}'" in text]
    assert found
    assert all(text.startswith("firms.csv, line 4: ") for text in found)
    with pytest.raises(FactsError, match=words):
        read_facts(facts_folder.path)


def test_other_countries_have_regions_too(facts_folder):
    facts_folder.add("firms", firm_id="gamma", region="DE-BY")
    assert facts_folder.read().firms["region"].tolist()[-1] == "DE-BY"


def test_two_ids_may_share_an_address(facts_folder):
    facts_folder.rows["sources"][1]["url"] = facts_folder.rows["sources"][0]["url"]
    assert facts_folder.read().sources["url"].duplicated().any()


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("events", {"event": "ipo", "date": "2098"}, "date"),
        ("events", {"event": "ipo", "date": "2098-01-01"}, "date"),
        ("alliances", {"start": "2098-03"}, "start"),
        ("financings", {"date": "2098"}, "date"),
    ],
)
def test_a_fact_of_the_future(facts_folder, table, row, column):
    facts_folder.add(table, firm_id="alpha", **row)
    text = only_problem(facts_folder.write())
    line = 1 + len(facts_folder.rows[table])
    assert text.startswith(f"{table}.csv, line {line}: column '{column}': '{row[column]}' is in")


def test_a_firm_founded_in_the_future(facts_folder):
    facts_folder.add("firms", firm_id="gamma", founded="2098")
    assert "firms.csv, line 4: column 'founded': '2098'" in only_problem(facts_folder.write())


def test_facts_later_than_all_dated_pages_are_fine(facts_folder):
    """A page without a date may state what no dated page knows yet."""
    facts_folder.add("events", firm_id="beta", event="ipo", date="2020-12-31")
    assert len(facts_folder.read().events) == 3


def test_a_planned_end_is_fine(facts_folder):
    facts_folder.add("alliances", firm_id="alpha", start="2012", end="2098")
    assert facts_folder.read().alliances["end"].notna().any()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"url": "example.org"}, "is no address"),
        ({"language": "English"}, "is no language"),
        ({"language": "xx"}, "'xx' is no language"),
    ],
)
def test_a_bad_page(facts_folder, row, words):
    facts_folder.add("sources", **{"source_id": "s3", **row})
    assert words in only_problem(facts_folder.write())


def test_an_end_within_the_year_of_a_known_start_is_fine(facts_folder):
    facts_folder.add("alliances", firm_id="alpha", start="2005-06-30", end="2005")
    facts_folder.add("alliances", firm_id="alpha", start="2005", end="2005-01")
    assert len(facts_folder.read().alliances) == 3


def test_facts_of_the_founding_year_are_fine(facts_folder):
    facts_folder.add("alliances", firm_id="beta", start="2004-01", alliance_type="licence_in")
    assert len(facts_folder.read().alliances) == 2


@pytest.mark.parametrize("table", ["events", "alliances", "financings"])
def test_the_same_fact_twice_whatever_its_page(facts_folder, table):
    again = {**facts_folder.rows[table][-1], "source_id": "s2", "confidence": "C", "note": "again"}
    facts_folder.rows[table].append(again)
    text = only_problem(facts_folder.write())
    lines = len(facts_folder.rows[table]) + 1
    assert text.startswith(f"{table}.csv, line {lines}: states the same fact as line {lines - 1}")
    for column in {*again} - {"source_id", "confidence", "date_quality", "note"}:
        assert f"{column} {again[column]!r}" in text


def test_the_same_amount_written_otherwise_is_the_same_fact(facts_folder):
    again = {**facts_folder.rows["financings"][0], "amount_million": "2.50"}
    facts_folder.rows["financings"].append(again)
    assert "states the same fact" in only_problem(facts_folder.write())


def test_the_same_firm_under_another_id_is_the_same_fact(facts_folder):
    facts_folder.add("firms", firm_id="alpha-2", name="Alpha", founded="2000")
    assert "firms.csv, line 4: states the same fact as line 2" in only_problem(facts_folder.write())


def test_all_problems_at_once_in_the_order_of_files_and_lines(facts_folder):
    facts_folder.add("events", firm_id="alpha", event="gone", date="2019-13")
    facts_folder.add("events", firm_id="nobody", event="ipo", date="19")
    facts_folder.add("sources", source_id="s4", language="xyz")
    facts_folder.add("firms", firm_id="gamma", segment="x")
    found = problems(facts_folder.write())
    assert [text.split(":")[0] for text in found] == [
        "firms.csv, line 4",
        "events.csv, line 4",
        "events.csv, line 4",
        "events.csv, line 5",
        "events.csv, line 5",
        "sources.csv, line 4",
    ]


def test_a_missing_file(facts_folder):
    facts_folder.write()
    (facts_folder.path / "events.csv").rename(facts_folder.path / "event.csv")
    text = only_problem(facts_folder.path)
    assert text.startswith("events.csv: there is no such file; did you mean 'event.csv'")


def test_a_missing_file_is_no_other_table(facts_folder):
    (facts_folder.write() / "firms.csv").unlink()
    text = only_problem(facts_folder.path)
    assert text.startswith("firms.csv: there is no such file; write one")
    assert "financings" not in text


def test_an_id_like_no_other_shows_few_names(facts_folder):
    for number in range(40):
        facts_folder.add("sources", source_id=f"p{number:02d}")
    facts_folder.add("events", firm_id="beta", event="renamed", date="2006", source_id="zzzzzzzz")
    text = only_problem(facts_folder.write())
    assert "'zzzzzzzz' is not in sources.csv; add it there, or use one of its 42 ids" in text
    assert text.count("'p") == 5


def test_a_folder_that_is_not_there(tmp_path):
    assert "no such folder" in only_problem(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    assert "no such folder" in only_problem(tmp_path / "file")


def test_a_missing_column_and_one_too_many(facts_folder):
    path = facts_folder.write() / "sources.csv"
    path.write_text(path.read_text("utf-8").replace("language", "languages"), "utf-8")
    found = problems(facts_folder.path)
    assert found == (
        "sources.csv, line 1: column 'language' is missing",
        "sources.csv, line 1: there is no column 'languages' in these facts; "
        "did you mean 'language'?",
    )


def test_a_column_twice(facts_folder):
    path = facts_folder.write() / "sources.csv"
    rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([rows[0] + ",title", *(row + ",x" for row in rows[1:])]), "utf-8")
    assert only_problem(facts_folder.path) == "sources.csv, line 1: column 'title' is there twice"


def test_broken_files_do_not_hide_other_problems(facts_folder):
    facts_folder.add("events", firm_id="alpha", event="ipo", date="19")
    path = facts_folder.write() / "sources.csv"
    path.write_text(path.read_text("utf-8").replace("language", "speech"), "utf-8")
    assert [text.split(":")[0] for text in problems(facts_folder.path)] == [
        "events.csv, line 4",
        "sources.csv, line 1",
        "sources.csv, line 1",
    ]


def test_no_utf8(facts_folder):
    path = facts_folder.write() / "firms.csv"
    data = path.read_bytes().replace(b"Beta", "Bêta".encode("latin-1"))
    path.write_bytes(data)
    text = only_problem(facts_folder.path)
    assert text.startswith("firms.csv, line 3: byte 7 of the line is 0xea, which is no UTF-8")


def test_a_whole_file_that_is_no_utf8_is_one_problem(facts_folder):
    path = facts_folder.write() / "firms.csv"
    text = path.read_text("utf-8").replace("Alpha", "Alphé").replace("Beta", "Bêta")
    path.write_bytes(text.encode("latin-1"))
    found = only_problem(facts_folder.path)
    assert found.startswith("firms.csv, line 2: byte 11 of the line is 0xe9, which is no UTF-8")
    assert "(2 lines have such bytes); save the file as UTF-8" in found


def test_utf16(facts_folder):
    path = facts_folder.write() / "firms.csv"
    path.write_bytes(path.read_text("utf-8").encode("utf-16"))
    assert "firms.csv, line 1: is UTF-16; save it as UTF-8" in problems(facts_folder.path)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
def test_an_empty_file(facts_folder, text):
    facts_folder.write()
    facts_folder.text("financings", text)
    assert "financings.csv: is empty; its first line must be firm_id," in only_problem(
        facts_folder.path
    )


def test_rows_with_too_many_or_too_few_cells(facts_folder):
    facts_folder.write()
    path = facts_folder.path / "sources.csv"
    path.write_text(path.read_text("utf-8") + "s5,https://example.org/5\n", "utf-8")
    text = only_problem(facts_folder.path)
    assert text.startswith("sources.csv, line 4: has 2 cells, and the header 6")


@pytest.mark.parametrize("commas", [5, 2, 9])
def test_lines_of_commas_alone_are_one_problem(facts_folder, commas):
    facts_folder.write()
    path = facts_folder.path / "sources.csv"
    path.write_text(path.read_text("utf-8") + 2 * ("," * commas + "\n"), "utf-8")
    text = only_problem(facts_folder.path)
    assert text.startswith("sources.csv, line 4: is blank but for its commas, as 2 lines up to 5")


def test_a_quote_that_is_not_closed(facts_folder):
    facts_folder.write()
    path = facts_folder.path / "sources.csv"
    path.write_text(path.read_text("utf-8") + 's5,"https://example.org/5\n', "utf-8")
    assert only_problem(facts_folder.path).startswith("sources.csv, line 4: is no CSV from here on")


def test_semicolons_between_the_cells(facts_folder):
    path = facts_folder.write() / "sources.csv"
    path.write_text(path.read_text("utf-8").replace(",", ";"), "utf-8")
    assert "sources.csv, line 1: has semicolons between its cells; save it with commas" in problems(
        facts_folder.path
    )


@pytest.mark.parametrize(
    "setting",
    [{"PANDERA_VALIDATION_ENABLED": "False"}, {"PANDERA_VALIDATION_DEPTH": "SCHEMA_ONLY"}],
)
def test_refuses_when_pandera_lets_everything_pass(setting):
    """Older versions of pandera do not heed PANDERA_VALIDATION_ENABLED: they check all the same."""
    script = (
        "import pandas as pd\n"
        "from belbiotech.dataset.facts.read import read_facts\n"
        "from belbiotech.dataset.facts.schemas import RAW\n"
        "try:\n"
        "    RAW['firms'].validate(pd.DataFrame(dict.fromkeys(RAW['firms'].columns, ['?'])), "
        "lazy=True)\n"
        "    print('nothing is checked')\n"
        "except Exception:\n    print('all is checked')\n"
        "try:\n    read_facts('data/raw')\nexcept Exception as error:\n    print(error)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **setting},
        capture_output=True,
        text=True,
        check=True,
    )
    checked, told = shown.stdout.partition("\n")[::2]
    unheeded = checked == "all is checked" and "PANDERA_VALIDATION_ENABLED" in setting
    assert "PANDERA_VALIDATION_ENABLED" in told or unheeded


def test_a_frame_and_a_delisting_that_cannot_be_are_told_at_once(facts_folder):
    facts_folder.rows["firms"][1]["frame"] = "edge"
    listed = {"firm_id": "alpha", "event": "ipo", "date": "2005", "counterparty": "Euronext"}
    facts_folder.add("events", **listed)
    facts_folder.add("events", **{**listed, "event": "delisted", "date": "2008"})
    facts_folder.add(
        "events", **{**listed, "event": "delisted", "date": "2009", "counterparty": "Nasdaq"}
    )
    first, second = problems(facts_folder.write())
    assert re.search(r"firms\.csv, line 3.*column 'frame'.*'edge'.*'core', 'borderline'", first)
    assert re.search(
        r"events\.csv, line 6.*column 'counterparty': the firm was never listed on 'Nasdaq'; "
        r"before it the facts list the firm on 'Euronext'",
        second,
    )
