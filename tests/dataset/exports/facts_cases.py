"""Mutated sets of facts: files of a folder, most of them valid, some hostile on purpose."""

import csv
import io
import random
from pathlib import Path

from belbiotech.dataset.facts.fields import FACTS

ONES = {"confidence": "A", "date_quality": "stated"}
FACT = {"source_id": "s1", **ONES}
BASE = {
    "firms": [
        {
            "firm_id": name,
            "name": name.title(),
            "founded": founded,
            "region": region,
            "origin": "independent",
            "segment": "therapeutics",
            "source_ids": "s1;s2",
            **ONES,
        }
        for name, founded, region in (("alpha", "2000", "BE-VLG"), ("beta", "2003-05", "BE-WAL"))
    ],
    "events": [
        {"firm_id": "alpha", "event": "acquired", "date": "2009-03", "counterparty": "Big", **FACT},
        {"firm_id": "beta", "event": "ipo", "date": "2006-01-31", **FACT},
    ],
    "alliances": [
        {
            "firm_id": "alpha",
            "partner": "Partner",
            "partner_type": "large_pharma",
            "start": "2003-01-15",
            "end": "2006",
            "alliance_type": "licence_out",
            "firm_role": "provider",
            "subject": "a molecule",
            **FACT,
        }
    ],
    "financings": [
        {
            "firm_id": "beta",
            "date": "2005",
            "round": "seed",
            "amount_million": "2.5",
            "currency": "EUR",
            **FACT,
        }
    ],
    "sources": [
        {
            "source_id": name,
            "url": f"https://example.org/{name}",
            "title": "A page",
            "publisher": "A paper",
            "published": published,
            "language": "en",
        }
        for name, published in (("s1", "2004-02-01"), ("s2", "2007"))
    ],
    "values": [
        {"column": "event", "value": "sold_twice", "label": "Sold twice", "means": "acquisition"},
        {"column": "segment", "value": "plants", "label": "Plants", "means": ""},
    ],
}
FREE = {"name", "counterparty", "partner", "subject", "title", "publisher", "notes"}
COLUMNS = {name: list(fields) for name, fields in FACTS.items()}
COLUMNS["values"] = ["column", "value", "label", "means"]

TEXTS = [
    *("=1+1", "+32 2", "-", "@cmd", "NA", "NULL", "nan", "None", "#N/A", "0012", "1e5", "TRUE"),
    *("'", '"', '""', '"a","b"', "a;b", "a,b", "a\tb", "a\nb", "a\r\nb", "a\rb", "\\N", "\\", "|"),
    *("$x$", "_x0041_", "_x000D_", "_", "__", "%s %d", "{0}", "[/bold]", "<script>x</script>"),
    *("&amp;", "]]>", "--", "'); DROP TABLE firms; --", "`", "${HOME}", "\u00e9", "e\u0301"),
    *("\u05d0\u05d1", "\u202eabc", "\u200b", "\U0001f9ec", "\U0001f9ec" * 40, "\ufeffx", "\xa0"),
    *("\ufffe", "\uffff", "\ufdd0", "\U0010ffff", "\ud800", "a\udfffb", "\ufffd", "\xad"),
    *("\0", "a\0b", "\x01", "\x0b", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", " ", " x ", ""),
    *("x" * 80, "x" * 81, "x" * 120, "x" * 121, "x" * 160, "\u20ac" * 42, "\u20ac" * 120),
    *("x" * 2045, "x" * 2046, "x" * 32767, "x" * 32768, "\u20ac" * 11000, "x" * 100_000),
    *("x" * 131_072, "x" * 140_000),
]
ODD = {
    "date": ["1700", "2999", "0000", "2000-13", "2001-02-30", "20010101", "2001-1-1", "2004-02-29"],
    "amount": ["0", "-0", "-1", "1e9", "999999999.999999", "1000000000", "12,5", "inf", "0.000001"],
    "id": ["../x", "a" * 200, "A", "a", "con", "\u00e4", ".", "-a", "select", "a.b-c_d", "0"],
    "list": ["s1", "s1;s1", "s1;", ";", "s2;s1", "a;" * 400 + "z", "s3"],
    "country": ["BE", "XX", "NA", "be"],
    "currency": ["EUR", "BEF", "XXX", "eur"],
    "region": ["BE-BRU", "FR-75", "NA-KH", "BE-XXX", "FR", "ZZ-Z"],
    "url": ["http://a.b", "javascript:x.y", "https://a.b/" + "x" * 5000, "https://a.b/'\"<x>"],
    "language": ["nl", "xx"],
    "code": ["", "other", "NA", "acquired", "sold_twice", "plants", "relocated"],
    "enterprise": ["0403.053.608", "0403.053.609", "0", "x"],
}


def write_case(folder: Path, seed: int, *, gentle: bool = False) -> None:
    """Write the facts with some cells, rows or bytes changed; seed 0 changes nothing.

    Gentle ones pass the checks of facts as a rule, so that the exports have to do with them.
    """
    choose = random.Random(seed)
    rows = {name: [dict(row) for row in table] for name, table in BASE.items()}
    for _ in range(choose.randint(1, 4) if seed and not gentle else 0):
        choose.choices(MUTATIONS, [12, 5, 2, 1, 1, 2])[0](choose, rows)
    for _ in range(choose.randint(2, 8) if gentle else 0):
        gentle_cell(choose, rows)
    for name, table in rows.items():
        if name != "values" or table:
            data = as_csv(name, table, choose.choice(["\n", "\n", "\r\n"]))
            if seed and not gentle and choose.random() < 0.03:
                data = broken(choose, data)
            (folder / f"{name}.csv").write_bytes(data)


def as_csv(name: str, rows: list[dict[str, str]], end: str) -> bytes:
    """A file of a table; surrogates that stand alone are written as if they could be."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS[name], lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogatepass")


def broken(choose: random.Random, data: bytes) -> bytes:
    """Change, drop or add some bytes of a file."""
    at = choose.randrange(len(data) + 1)
    byte = bytes([choose.randrange(256)])
    return choose.choice(
        [data[:at] + byte + data[at + 1 :], data[:at], data[:at] + byte * 3 + data[at:], b"", byte]
    )


def gentle_cell(choose, rows):
    """Put a strange text that breaks no rule where people write freely."""
    name = choose.choice([name for name in rows if rows[name] and name != "values"])
    places = [c for c in COLUMNS[name] if c in FREE]
    if places:
        texts = [t for t in TEXTS if t == t.strip() != "" and t.isprintable() and len(t) < 2_000]
        parts = choose.sample(texts, choose.randint(1, 3))
        choose.choice(rows[name])[choose.choice(places)] = " ".join(parts)


def text_cell(choose, rows):
    """Put a hostile text where texts may stand."""
    name = choose.choice([name for name in rows if rows[name]] or ["firms"])
    kinds = ("text", "list", "id", "url")
    places = [c for c in COLUMNS[name] if name == "values" or FACTS[name][c].kind in kinds]
    places = [c for c in places if name == "values" or FACTS[name][c].kind == "text"] * 4 + places
    text = choose.choice(TEXTS)
    if choose.random() < 0.3:
        text = f"{choose.choice(TEXTS)}{text}"
    if rows[name]:
        choose.choice(rows[name])[choose.choice(places)] = text


def odd_cell(choose, rows):
    """Put a value into a column of a kind that may be none of that kind."""
    name = choose.choice([name for name in FACTS if rows[name]] or ["firms"])
    column = choose.choice([c for c in COLUMNS[name] if FACTS[name][c].kind in ODD])
    for row in choose.sample(rows[name], min(len(rows[name]), choose.choice([1, 9]))):
        row[column] = choose.choice(ODD[FACTS[name][column].kind])


def blank_column(choose, rows):
    """Empty a whole column that may be empty."""
    name = choose.choice(list(FACTS))
    column = choose.choice([c for c, field in FACTS[name].items() if not field.required])
    for row in rows[name]:
        row.pop(column, None)


def empty_table(choose, rows):
    """Leave no rows of a table; without firms nothing is left that is about one."""
    name = choose.choice(list(rows))
    rows[name].clear()
    if name == "firms":
        for other in ("events", "alliances", "financings"):
            rows[other].clear()


def one_firm(choose, rows):
    """Keep the facts of one firm."""
    for name in ("firms", "events", "alliances", "financings"):
        rows[name] = [row for row in rows[name] if row["firm_id"] == "beta"]


def more_rows(choose, rows):
    """Add a copy of a row under another name, or with nothing changed."""
    name = choose.choice([name for name in rows if rows[name]] or ["firms"])
    if not rows[name]:
        return
    row = dict(choose.choice(rows[name]))
    key = {"firms": "firm_id", "sources": "source_id", "values": "value"}.get(name, "note")
    row[key] = choose.choice(["gamma", "Alpha", "end", "more", row.get(key, "")])
    if name == "firms":
        row["name"] = choose.choice(["Gamma", "ALPHA", "end"])
    if name in ("events", "alliances", "financings"):
        row[{"alliances": "start"}.get(name, "date")] = choose.choice(["2004", "2005-06", "2008"])
    rows[name].append(row)


MUTATIONS = [text_cell, odd_cell, blank_column, empty_table, one_firm, more_rows]
