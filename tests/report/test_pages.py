import pandas as pd
import pytest

from belbiotech import BelbiotechError
from belbiotech.plots import bars
from belbiotech.report.blocks import FigureBlock, Finding, Heading, Text, Warned
from belbiotech.report.labels import data_labels
from belbiotech.report.pages import write_report
from belbiotech.report.sections import read_sections, write_section
from belbiotech.report.tables import table

WORDS = data_labels()
TITLES = {"facts": {"Data version": "0.1.0"}, "run_again": ["make <paper>"]}


@pytest.fixture
def folder(tmp_path):
    data = pd.DataFrame({"segment": ["cdmo", "vaccines"], "firms": [3, 4]})
    blocks = [
        Heading("A heading"),
        Text('Five < six & #hash $dollar *star* _under_ \\back "quotes"'),
        table("firms", "Firms", data, WORDS, note="N = 7"),
        FigureBlock("bars", "Bars", bars(data, category="segment", value="firms"), "N = 7"),
        Warned(("4 events are few",)),
    ]
    write_section(tmp_path, "02_more", "More", [Finding("Proposition 1a: b", ("Sentence 1a.",))])
    write_section(
        tmp_path, "01_first", "First", [*blocks, Finding("Proposition 2: c", ("Sentence 2.",))]
    )
    return tmp_path


def test_sections_are_read_in_order_and_numbered(folder):
    sections = read_sections(folder)
    assert [section["title"] for section in sections] == ["First", "More"]
    (shown,) = [b for b in sections[0]["blocks"] if b["kind"] == "table"]
    assert (shown["number"], shown["left"]) == (1, [True, False])


def test_the_page_holds_everything_and_needs_no_network(folder):
    page, printed = write_report(folder, title="T & T", summary=["S"], **TITLES)
    text = page.read_text("utf-8")
    for piece in ("T &amp; T", "Five &lt; six", "Table 1. Firms", "data:image/png;base64", "N = 7"):
        assert piece in text
    assert "4 events are few" in text
    assert "make &lt;paper&gt;" in text
    assert text.count("Sentence 1a.") == text.count("Sentence 2.") == 1  # each in its section
    assert text.index("Sentence 2.") < text.index("Sentence 1a.")
    assert "http" not in text
    assert printed.read_bytes().startswith(b"%PDF")


def test_the_same_sections_give_the_same_bytes(folder):
    before = [path.read_bytes() for path in write_report(folder, title="T", summary=[], **TITLES)]
    after = [path.read_bytes() for path in write_report(folder, title="T", summary=[], **TITLES)]
    assert before == after


def test_a_report_without_sections_is_refused(tmp_path):
    with pytest.raises(BelbiotechError, match="run the paper's scripts first"):
        write_report(tmp_path, title="T", summary=[], **TITLES)


def test_figures_and_texts_are_written_to_be_compared(folder):
    shown = pd.read_csv(folder / "figures" / "bars.csv")
    bars_drawn = shown[shown["kind"] == "bar"]
    lengths = bars_drawn.groupby("item")[["x", "y"]].agg(lambda corners: corners.max())
    assert {3.0, 4.0} <= set(lengths.to_numpy().ravel())
    assert {"cdmo", "vaccines"} <= set(shown["text"].dropna())
    said = (folder / "texts" / "01_first.txt").read_text("utf-8").splitlines()
    assert said[:2] == ["First", "A heading"]
    assert {"Firms", "N = 7", "4 events are few", "Proposition 2: c", "Sentence 2."} <= set(said)
    write_report(folder, title="T", summary=["S"], **TITLES)
    assert (folder / "texts" / "report.txt").read_text("utf-8") == "T\nS\n"
