"""Matching: how many matches are right, and how many firms are found, on a truth made up."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from belbiotech.dataset.registers.files.numbers import belgian_number, is_lei, is_siren
from belbiotech.dataset.registers.matching import Unit, match_units
from belbiotech.dataset.registers.matching import _edits as edits
from belbiotech.dataset.registers.names import words_of

STEMS_TEXT = """
ab cel gen bio vir neo im lu ox tar pro ga mi se no va re qu di fe zo ka to pha
"""
STEMS = STEMS_TEXT.split()
ENDS = ["gen", "genix", "cure", "zyme", "med", "ria", "tis", "vax", "lab", "sys", "nova", "cyte"]
FIELDS = [
    "Therapeutics",
    "Pharmaceuticals",
    "Diagnostics",
    "Biotechnology",
    "Technologies",
    "Laboratories",
    "Sciences",
    "Vaccines",
    "Genomics",
    "Systems",
    "",
]
SHORT = {
    "Pharmaceuticals": "Pharma",
    "Biotechnology": "Biotech",
    "Technologies": "Tech",
    "Laboratories": "Labs",
    "Diagnostics": "Diagnostic",
    "Vaccines": "Vaccine",
}
TOWNS = {
    "Gent": "GAND",
    "Leuven": "Louvain",
    "Liège": "Luik",
    "Antwerpen": "Antwerp",
    "Bruxelles": "BRUSSEL",
    "Mechelen": "Malines",
    "Namur": "Namen",
    "Brugge": "Bruges",
}
FORMS = ["NV", "SA", "BV", "BVBA", "SPRL", "SRL", "N.V.", "S.A.", "S.R.L.", "naamloze vennootschap"]
ACCENTS = {"e": "é", "o": "ö", "a": "à", "u": "ü", "i": "ï"}


def made_up_name(draw):
    stem = "".join(draw.choices(STEMS, k=draw.randint(1, 2))) + draw.choice(ENDS)
    field = draw.choice(FIELDS)
    return f"{stem.capitalize()} {field}".strip()


def worn(name, draw):
    """A name as another source has it: forms, capitals, accents, abbreviations, one slip."""
    if draw.random() < 0.3:
        for long, short in SHORT.items():
            name = name.replace(long, short)
    if draw.random() < 0.2:
        at = draw.randrange(len(name))
        name = name[:at] + ACCENTS.get(name[at], name[at]) + name[at + 1 :]
    if draw.random() < 0.1 and len(name) > 9:
        at = draw.randrange(2, len(name) - 2)
        name = draw.choice(
            [
                name[:at] + name[at + 1 :],
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                name[:at] + draw.choice("aeioust") + name[at + 1 :],
            ]
        )
    if draw.random() < 0.7:
        form = draw.choice(FORMS)
        name = f"{form} {name}" if draw.random() < 0.1 else f"{name} {form}"
    if draw.random() < 0.15:
        name = name.replace(" ", "-", 1)
    return name.upper() if draw.random() < 0.4 else name


def truth(seed, number=1500):
    """Firms, units that are firms (by key), and as many that are none, with names like theirs."""
    draw = random.Random(seed)
    names = list(dict.fromkeys(made_up_name(draw) for _ in range(3 * number)))
    ours, strangers = names[:number], names[number : 2 * number]
    firms, units, right = [], [], {}
    for at, name in enumerate(ours):
        town = draw.choice(list(TOWNS))
        old = made_up_name(draw) if draw.random() < 0.15 else None
        number_of = f"n{at}" if draw.random() < 0.4 else None
        firms.append(Unit(f"f{at}", tuple(filter(None, (name, old))), (town,), number_of))
        called = old if old and draw.random() < 0.5 else name
        if draw.random() < 0.03:
            called = made_up_name(draw)  # renamed, and nobody wrote it down
        there = TOWNS[town] if draw.random() < 0.3 else town
        there = None if draw.random() < 0.1 else there
        there = draw.choice(list(TOWNS)) if draw.random() < 0.08 else there
        known = number_of if draw.random() < 0.5 else None
        units.append(Unit(f"u{at}", (worn(called, draw),), (there,) if there else (), known))
        right[f"u{at}"] = f"f{at}"
    for at, name in enumerate(strangers):
        near = draw.choice(ours)
        if draw.random() < 0.3 and " " in near:  # shares a word with one of ours
            name = f"{near.split()[0]} {draw.choice([f for f in FIELDS if f and f not in near])}"
            if name in names:
                continue
        units.append(Unit(f"s{at}", (worn(name, draw),), (draw.choice(list(TOWNS)),)))
    return firms, units, right


def measured(seed):
    firms, units, right = truth(seed)
    found = match_units(units, firms)
    found = found[found["decision"] == "match"]
    pairs = list(zip(found["unit_id"], found["firm_id"], strict=True))
    good = sum(right.get(unit) == firm for unit, firm in pairs)
    return good / len(pairs), good / len(right)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_precision_is_99_of_100_at_the_default_threshold(seed):
    precision, recall = measured(seed)
    assert precision >= 0.99
    assert recall >= 0.85


def rows(units, firms):
    found = match_units(units, firms)
    return [(r.unit_id, r.firm_id, r.decision) for r in found.itertuples()]


def test_what_is_a_match_and_what_is_not():
    firms = [
        Unit("a", ("Biogenix Therapeutics",), ("Gent",)),
        Unit("b", ("Biogenix Diagnostics",), ("Gent",)),
        Unit("c", ("Fund 2",), ("Gent",)),
        Unit("d", ("Ace",), ("Leuven",)),
        Unit("e", ("Acme Sciences",), ("Gent",), "n1"),
    ]
    assert rows([Unit("1", ("BIOGENIX THERAPEUTIC NV",), ("GAND",))], firms) == [
        ("1", "a", "match")
    ]
    assert rows([Unit("1", ("Biogenix",), ("Gent",))], firms) == []
    assert rows([Unit("1", ("Fund 3",), ("Gent",))], firms) == []
    assert [d for *_, d in rows([Unit("1", ("Ace SA",), ("Liège",))], firms)] == ["below"]
    assert rows([Unit("1", ("Ace SA",), ("Louvain",))], firms) == [("1", "d", "match")]
    assert rows([Unit("1", ("Other",), (), "n1")], firms) == [("1", "e", "match")]
    assert rows([Unit("1", ("Acme Sciences",), ("Gent",), "n2")], firms) == []
    twins = [Unit("x", ("Alpha Genomics",), ("Gent",)), Unit("y", ("Alpha Genomics",), ("Gent",))]
    assert [d for *_, d in rows([Unit("1", ("Alpha Genomics",), ("Gent",))], twins)] == ["unsure"]


@given(st.text("abcd", max_size=8), st.text("abcd", max_size=8))
def test_edits_are_a_distance(one, two):
    assert edits(one, two) == edits(two, one)
    assert (edits(one, two) == 0) == (one == two)
    assert edits(one, two) >= min(4, abs(len(one) - len(two)))


@given(st.text(max_size=30))
def test_any_name_can_be_read(text):
    assert words_of(" ".join(words_of(text))) == words_of(" ".join(words_of(text)))
    assert all(word.isascii() and word for word in words_of(text))


def test_numbers():
    assert belgian_number("BE 0882.251.820") == "0882.251.820"
    assert [belgian_number(t) for t in ("", None, "FR0882251820", "12", "BE9999999999")] == [
        None
    ] * 5
    assert is_lei("5493001KJTIIGC8Y1R12")
    assert not is_lei("5493001kjtiigc8y1r12")
    assert is_siren("732829320")
    assert not is_siren("73282932")
