import pytest

from belbiotech import PanelError
from belbiotech.report.labels import data_labels
from belbiotech.survival.inference.words import words_with

WORDS = data_labels().with_more({"dose": "Dose"}, {"dose": {"2-3": "two or three"}})


@pytest.mark.parametrize(
    ("term", "label"),
    [
        ("C(dose)[T.2-3]", "Dose: two or three"),
        ("C(region, Treatment('BE-VLG'))[T.BE-BRU]", "Region: Brussels"),
        ("I(alliances_active_lag1 > 0)", "Any: Active alliances, year before"),
        ("listed_lag1", "Listed, year before"),
    ],
)
def test_terms_get_words(term, label):
    assert WORDS.term(term) == label


def test_a_raw_name_is_refused():
    with pytest.raises(PanelError, match="has no title"):
        WORDS.term("beta_one")


def test_warnings_lose_their_raw_names():
    text = "no event of 'exit' where C(dose)[T.2-3] = 1 or alliances_active_lag1 is 0; firth=True"
    shown = WORDS.in_words(text)
    assert "_" not in shown
    assert '"Dose: two or three" = 1' in shown
    assert shown.endswith("firth=True")
    text = "no failure among 9 rows with listed_lag1 = 0; start later: data[data['start'] >= 24]"
    shown = WORDS.in_words(text)
    assert shown.startswith('no failure among 9 rows with "Listed, year before" = 0')
    assert shown.endswith("data[data['start'] >= 24]")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cut(size, [0, 2, 99])[T.(2,99]]", "cut(size, [0, 2, 99]): (2,99]"),
        ("cut(size, [0, 9], labels=['a', 'b'])[T.b]", "cut(size, [0, 9], labels=['a', 'b']): b"),
        ("C(g)[T. ]", "g: (blank)"),
        ("C(g)[T.]", "g: (blank)"),
        ("` `", "(blank)"),
    ],
)
def test_levels_beside_other_brackets_and_blank_ones(name, words):
    assert words_with({}).coefficient(name) == words
