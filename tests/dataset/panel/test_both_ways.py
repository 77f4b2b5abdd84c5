"""The same facts as CSV files and as Parquet: the same panel, or refused for the same reasons."""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
import warnings
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from belbiotech import build
from belbiotech.dataset.facts.checks import text_checks
from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import read_facts
from belbiotech.dataset.panel import rules_at_scale
from belbiotech.dataset.panel.facts_at_scale import held_facts
from belbiotech.dataset.panel.values_at_scale import SURE, surely_fine
from belbiotech.errors import FactsError

ibis = pytest.importorskip("ibis")

PLACE = re.compile(r"(\w+)\.parquet, rows? ([\d, ]+?)(?: and ([\d,]+) more)?: (.*)", re.DOTALL)
LINE = re.compile(r"(\w+)\.csv, line (\d+): (.*)", re.DOTALL)
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes a second
FIRMS = ("alpha", "beta", "gamma", "delta", "epsilon")
QUALITY = {"confidence": "A", "date_quality": "stated"}
OWN = """column,value,label,means
partner_type,payments,Payments,downstream
alliance_type,pilot,Pilot,exploration
event,licence_lost,Licence lost,failure
segment,fintech,Fintech,
enterprise_number,DE,Handelsregister,"HR[AB] [0-9]{1,6}"
"""


def usual() -> dict[str, list[dict[str, str]]]:
    """Facts that keep all rules, with an odd but allowed value here and there."""
    firms = [
        {
            "firm_id": firm,
            "name": f"Société {firm}",
            "founded": f"200{k}",
            "region": ("BE-VLG", "DE-BY", "BE-WAL")[k % 3],
            "origin": "independent",
            "segment": "therapeutics",
            "source_ids": "s1;s2" if k else "s0",
            **QUALITY,
        }
        for k, firm in enumerate(FIRMS)
    ]
    firms[0] |= {"enterprise_number": "0882.251.820", "other_names": "Ἄλφα;Alfa", "note": "ﬁ"}
    events = [
        ("alpha", "ipo", "2003", "Euronext"),
        ("alpha", "delisted", "2006-05", "EURONEXT"),
        ("alpha", "acquired", "2010-12-31", "Big"),
        ("beta", "ipo", "2005-02-28", ""),
        ("beta", "delisted", "2008", "Nasdaq"),
        ("beta", "renamed", "2009", "Bêta"),
        ("gamma", "bankrupt", "2012", ""),
        ("gamma", "dissolved", "2013-01", ""),
        ("delta", "observed_active", "2015", ""),
    ]
    alliances = [
        ("alpha", "university", "2003", "2006", "licence_in"),
        ("alpha", "large_pharma", "2004-02-29", "", "consortium"),
        ("beta", "biotech", "2006", "2099", "option"),
        ("delta", "hospital", "2007-07", "2007", "unspecified"),
        ("epsilon", "agri_chem", "2011", "", "service"),
    ]
    return {
        "firms": firms,
        "events": [
            {"firm_id": a, "event": b, "date": c, "counterparty": d, "source_id": "s1", **QUALITY}
            for a, b, c, d in events
        ],
        "alliances": [
            {
                "firm_id": a,
                "partner": f"Partner {k}",
                "partner_type": b,
                "start": c,
                "end": d,
                "alliance_type": e,
                "firm_role": "mutual",
                "upfront_million": "1.5" if k else "",
                "currency": "EUR" if k else "",
                "source_id": f"s{k % 4}",
                **QUALITY,
            }
            for k, (a, b, c, d, e) in enumerate(alliances)
        ],
        "financings": [
            {
                "firm_id": firm,
                "date": f"201{k}",
                "round": "seed",
                "amount_million": f"{k}.25",
                "currency": "BEF",
                "source_id": "s2",
                **QUALITY,
            }
            for k, firm in enumerate(FIRMS[1:])
        ],
        "sources": [
            {
                "source_id": f"s{k}",
                "url": f"https://example.org/{k}",
                "title": "Страница",
                "publisher": "De Tijd",
                "published": published,
                "language": "nl",
            }
            for k, published in enumerate(["2001", "2008-01-01", "", "2014-02-29"[:7]])
        ],
    }


def written(rows, *, own: bool) -> tuple[Path, Path]:
    """Write the same texts as CSV files and as Parquet files."""
    folder = Path(tempfile.mkdtemp(prefix="both-ways-"))
    for kind in ("csv", "parquet"):
        (folder / kind).mkdir()
        if own:
            (folder / kind / "values.csv").write_text(OWN, "utf-8")
    for name, fields in FACTS.items():
        table = pd.DataFrame(rows[name], columns=list(fields), dtype=object)
        table = table.where(table.notna() & (table != ""), None)
        table.to_csv(folder / "csv" / f"{name}.csv", index=False, quoting=csv.QUOTE_ALL)
        table.to_parquet(folder / "parquet" / f"{name}.parquet", index=False)
    return folder / "csv", folder / "parquet"


def kind_of(text: str) -> str:
    """Give what is said of a breach without its values, places and remedy."""
    column = re.match(r"column '\w+': ", text)
    head = column[0] if column else ""
    said = QUOTED.sub("''", text[len(head) :])
    said = re.sub(r"(line|row) \d+|\.csv|\.parquet", "", said)
    said = re.sub(r"states the same fact as.*", "again", said, flags=re.DOTALL)
    said = re.sub(r"before the facts list.*|no listing is before.*", "", said)
    return head + re.sub(r"\d+", "0", said.partition(";")[0])


def reasons(problems) -> tuple[dict[tuple[str, str], int], set[tuple[str, str]]]:
    """Count the rows that break each rule; and name columns of which not all is told."""
    lines, counts, cut = defaultdict(set), defaultdict(int), set()
    for problem in problems:
        if found := LINE.fullmatch(problem):
            lines[found[1], kind_of(found[3])].add(found[2])
        elif found := PLACE.fullmatch(problem):
            number = len(found[2].split(",")) + int((found[3] or "0").replace(",", ""))
            counts[found[1], kind_of(found[4])] += number
        else:
            found = re.fullmatch(r"(\w+)\.parquet: column '(\w+)': .* more values .*", problem)
            assert found, problem
            cut.add((found[1], found[2]))
    return {**counts, **{key: len(some) for key, some in lines.items()}}, cut


def refused(read, folder) -> tuple[str, ...]:
    try:
        read(folder)
    except FactsError as error:
        return error.problems
    return ()


def held_alike(rows, *, own: bool = False) -> tuple[str, ...]:
    """Hold that both ways refuse the same rows for the same reasons; give what was said."""
    texts, parquet = written(rows, own=own)
    try:
        known, _ = reasons(refused(read_facts, texts))
        told = refused(held_facts, parquet)
        found, cut = reasons(told)
    finally:
        shutil.rmtree(texts.parent)

    def whole(some):
        return {
            key: number
            for key, number in some.items()
            if not any(key[0] == name and f"'{column}'" in key[1] for name, column in cut)
        }

    assert whole(found) == whole(known)
    for name, column in cut:
        assert any(key[0] == name and f"'{column}'" in key[1] for key in known)
    return told


ODD = [
    *("", " x", "x ", "a  b", "é", "e\u0301", "\u200b", "\t", "a\nb", "None", "nan", "'", '"', ","),
    *("2001", "2000-02-29", "2001-02-29", "2001-13", "2001-1", "1799", "2100", "2098-12-31"),
    *("1999-12-31", "0", "0.25", "0.250", "-1", "1e3", "1234567890", ".5", "12.1234567", "inf"),
    *("BE", "UK", "NA", "EUR", "Euro", "XX", "nl", "xx", "BE-VLG", "DE-BY", "BE-X", "FR"),
    *("s1", "s1;s1", "s1;", ";", "s1;s2", "s9", "s9;s8", "alpha", "Alpha", "nobody", "A", "a"),
    *("ipo", "delisted", "acquired", "licence_lost", "payments", "pilot", "fintech", "HRB 12"),
    *("Nasdaq", "NASDAQ", "STRASSE", "Straße", "İ", "i\u0307", "I", "http://x.y", "http://x y.z"),
    *("0882.251.820", "0882.251.821", "1000.000.062", "ftp://a.b", "https://é.be", "ﬁ", "\ufeff"),
]
CELLS = [(name, column) for name, fields in FACTS.items() for column in fields]
CHANGES = st.tuples(
    st.sampled_from(CELLS), st.integers(0, 8), st.sampled_from(ODD) | st.text(max_size=3)
)
COPIES = st.tuples(st.sampled_from(list(FACTS)), st.integers(0, 8), st.integers(0, 8))
LISTINGS = st.tuples(
    st.sampled_from(FIRMS),
    st.sampled_from(["ipo", "delisted"]),
    st.sampled_from(["2004", "2005-06", "2005-06-07", "2007"]),
    st.sampled_from(["", "Nasdaq", "NASDAQ", "Straße", "STRASSE", "İ", "I"]),
)


def broken(changes, copies, listings):
    rows = usual()
    for firm, event, date, place in listings:
        same = {"firm_id": firm, "event": event, "date": date, "counterparty": place}
        rows["events"].append({**rows["events"][-1], **same})
    for (name, column), k, value in changes:
        rows[name][k % len(rows[name])][column] = value
    for name, k, to in copies:
        some = rows[name]
        some.insert(to % len(some), dict(some[k % len(some)]))
    return rows


@settings(max_examples=8, phases=QUICK)
@given(
    st.lists(CHANGES, max_size=10),
    st.lists(COPIES, max_size=2),
    st.lists(LISTINGS, max_size=4, unique=True),
    st.booleans(),
)
def test_both_ways_refuse_the_same(changes, copies, listings, own):
    held_alike(broken(changes, copies, listings), own=own)


def test_the_usual_facts_keep_all_rules():
    assert held_alike(usual()) == ()


def test_every_rule_is_broken_once_and_told_alike():
    rows = usual()
    for name, some in rows.items():
        some += [dict(row) for row in some for _ in FACTS[name]]
        for k, (column, field) in enumerate(FACTS[name].items()):
            wrong = {"text": "e\u0301", "list": "a;a", "amount": "-1"}.get(field.kind, "?")
            some[-1 - k][column] = wrong
    told = held_alike(rows)
    for name, column in CELLS:
        assert any(f"{name}.parquet" in text and f"column '{column}'" in text for text in told)
    said = "\n".join(told)
    assert said.count("states the same fact as row 1: ") == 4
    assert "sources.parquet, rows 5, 6, 7 and" in said
    rows = usual()
    rows["events"] += [{**rows["events"][k], "date": "1999"} for k in (0, 8)]
    rows["events"].append({**rows["events"][1], "counterparty": "Nasdaq"})
    rows["alliances"][0] |= {"end": "2002", "total_million": "2"}
    rows["financings"][0] |= {"date": "2098", "currency": ""}
    rows["sources"][0] |= {"source_id": ""}
    told = held_alike(rows)
    assert [(text.split(",")[0], kind_of(text.partition(": ")[2])) for text in told] == [
        ("firms.parquet", "column 'source_ids': '' is not in sources"),
        ("events.parquet", "column 'date': '' is before the firm was founded, 0"),
        ("events.parquet", "column 'counterparty': the firm was never listed on ''"),
        ("alliances.parquet", "column 'currency': total_million is '', and no currency is given"),
        ("alliances.parquet", "column 'end': '' is before the start, ''"),
        ("alliances.parquet", "column 'source_id': '' is not in sources"),
        ("financings.parquet", "column 'date': '' is in the future"),
        ("financings.parquet", "column 'currency': amount_million is '', and no currency is given"),
        ("sources.parquet", told[-1].partition(": ")[2]),
    ]


@settings(max_examples=3, phases=QUICK)
@given(
    listings=st.lists(LISTINGS, max_size=6, unique=True),
    window=st.integers(0, 2),
    own=st.booleans(),
)
@example(listings=[], window=0, own=True)
def test_both_ways_make_the_same_panel(listings, window, own):
    rows = usual()
    for firm, event, date, place in listings:
        same = {"firm_id": firm, "event": event, "date": date, "counterparty": place}
        rows["events"].append({**rows["events"][-1], **same})
    if own:
        rows["alliances"][0] |= {"partner_type": "payments", "alliance_type": "pilot"}
        rows["events"][-1] |= {"event": "licence_lost", "firm_id": "delta", "date": "2015"}
        rows["firms"][1] |= {"segment": "fintech", "enterprise_number": "HRB 12"}
    texts, parquet = written(rows, own=own)
    try:
        said = refused(read_facts, texts)
        assert bool(said) == bool(refused(held_facts, parquet))
        assert listings or not said
        if said:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            known = build(texts, alliance_window=window or None).firm_year
            made = build(parquet, to=parquet / "panel", alliance_window=window or None)
        found = pd.read_parquet(made.folder).sort_values(["firm_id", "year"], ignore_index=True)
    finally:
        shutil.rmtree(texts.parent)
    pd.testing.assert_frame_equal(found, known.reset_index(drop=True), check_dtype=False)


def test_what_the_engine_lets_pass_keeps_the_rules():
    """Each letter that it takes, alone and after another: what is put together stays as it is."""
    letters = [chr(k) for k in range(0x20, 0x260)]
    texts = [*ODD, *letters, *(f"e{a}" for a in letters), *(f"{a};e{a}" for a in letters)]
    texts += [f"0882.251.{k:03d}" for k in range(1000)] + [f"https://a{a}.be" for a in letters]
    cells = pd.Series(list(dict.fromkeys(texts)), dtype=object)
    table = ibis.memtable({"cell": cells})
    asked = table.select("cell", **{kind: surely_fine(table["cell"], kind) for kind in SURE})
    found = ibis.duckdb.connect().to_pyarrow(asked).to_pandas()
    for kind in SURE:
        sure = found.loc[found[kind], "cell"].astype(object).reset_index(drop=True)
        assert len(sure) > 9, kind
        for check in text_checks(kind, {}):
            assert check._check_fn(sure).all(), (kind, check.error)


def test_columns_are_those_of_the_csv_files(tmp_path):
    def told(**changed):
        for name, table in {**tables, **changed}.items():
            table.to_parquet(tmp_path / f"{name}.parquet")
        return refused(held_facts, tmp_path)

    texts, _ = written(usual(), own=False)
    tables = {name: pd.read_csv(texts / f"{name}.csv", dtype=object) for name in FACTS}
    shutil.rmtree(texts.parent)
    events = tables["events"]
    assert told(events=events[events.columns[::-1]]) == ()
    assert told(firms=tables["firms"].drop(columns="frame")) == ()
    assert told(events=events.iloc[[2, 0, 1]]) == ()  # pandas writes the labels of these rows
    assert told(events=events.drop(columns="note"), firms=tables["firms"].assign(age=3)) == (
        "firms.parquet: there is no column 'age' in these facts; did you mean 'name', 'frame'?",
        "events.parquet: column 'note' is missing",
    )
    # DuckDB would call the second Date_1 in silence, and read either by both names.
    for columns in (["date", "Date"], ["Date", "date"]):
        both = events.drop(columns="date").assign(**dict.fromkeys(columns, events["date"]))
        (said,) = told(events=both)
        assert said == (
            "events.parquet: there is no column 'Date' in these facts; did you mean 'date', 'note'?"
        )
    (said,) = told(events=events.assign(note=[[1]] * len(events)))
    assert "column 'note': is of the type list<element: int64>; write texts" in said
    amounts = {"amount_million": 12.5, "currency": "EUR"}
    assert told(events=events.assign(**amounts)) == ()
    (said,) = told(events=events.assign(**amounts | {"amount_million": -12.5}))
    assert "rows 1, 2, 3 and 6 more: column 'amount_million': '-12.5' is negative" in said


def test_delistings_are_looked_at_in_parts(monkeypatch):
    rows = usual()
    rows["events"][1]["counterparty"] = "Eurönext"
    rows["events"][0]["counterparty"] = "EURÖNEXT"
    for k in range(3):
        rows["events"].append(
            {**rows["events"][1], "counterparty": "Nasdaq", "date": f"200{k + 6}"}
        )
    monkeypatch.setattr(rules_at_scale, "LOOKED_AT", 1)
    texts, parquet = written(rows, own=False)
    (said,) = refused(held_facts, parquet)
    shutil.rmtree(texts.parent)
    assert said == (
        "events.parquet, row 10 (2 delistings were not looked at): column 'counterparty': the firm "
        "was never listed on 'Nasdaq'; before it the facts list the firm on 'EURÖNEXT': add the "
        "listing, or correct the name"
    )


def test_codes_of_ones_own_that_are_none(tmp_path):
    texts, parquet = written(usual(), own=True)
    (parquet / "values.csv").write_text(OWN + "event,Sold,Sold,\n", "utf-8")
    (said,) = refused(held_facts, parquet)
    shutil.rmtree(texts.parent)
    assert said.startswith("values.csv, line 7: column 'value': 'Sold' is no code")
