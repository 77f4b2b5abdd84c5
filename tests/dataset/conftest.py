"""Small facts to build upon: a folder of CSV files, and facts made from rows."""

import csv
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import Facts, read_facts

USUAL = {
    "firms": {
        "region": "BE-VLG",
        "origin": "independent",
        "segment": "therapeutics",
        "source_ids": "s1",
        "confidence": "A",
        "date_quality": "stated",
    },
    "events": {"source_id": "s1", "confidence": "A", "date_quality": "stated"},
    "alliances": {
        "partner": "Partner",
        "partner_type": "large_pharma",
        "alliance_type": "licence_out",
        "firm_role": "provider",
        "source_id": "s1",
        "confidence": "A",
        "date_quality": "stated",
    },
    "financings": {
        "round": "seed",
        "source_id": "s1",
        "confidence": "A",
        "date_quality": "stated",
    },
    "sources": {"title": "A page", "publisher": "A paper", "language": "en"},
}


def completed(table: str, row: dict[str, object]) -> dict[str, object]:
    row = {**USUAL[table], **row}
    if table == "firms":
        row.setdefault("name", row["firm_id"])
    if table == "sources":
        row.setdefault("url", f"https://example.org/{row['source_id']}")
    return row


class FactsFolder:
    """A folder of facts; each table can be written anew from rows, text or bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = {name: [] for name in FACTS}

    def add(self, table: str, **row: object) -> "FactsFolder":
        self.rows[table].append(completed(table, row))
        return self

    def write(self) -> Path:
        for table, rows in self.rows.items():
            with (self.path / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
                writer = csv.DictWriter(stream, list(FACTS[table]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        return self.path

    def text(self, table: str, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        (self.path / f"{table}.csv").write_bytes(data)

    def read(self) -> Facts:
        return read_facts(self.write())


@pytest.fixture
def facts_folder(tmp_path):
    """Two firms, one of each kind of fact, two pages."""
    folder = FactsFolder(tmp_path)
    folder.add("firms", firm_id="alpha", name="Alpha", founded="2000", source_ids="s1;s2")
    folder.add("firms", firm_id="beta", name="Beta", founded="2004-05", region="BE-WAL")
    folder.add("events", firm_id="alpha", event="acquired", date="2010-03", counterparty="Big")
    folder.add("events", firm_id="beta", event="observed_active", date="2012")
    folder.add("alliances", firm_id="alpha", start="2003-01-15", end="2006")
    folder.add("financings", firm_id="beta", date="2005", amount_million="2.5", currency="EUR")
    folder.add("sources", source_id="s1", published="2008-01-01")
    folder.add("sources", source_id="s2", published="2012")
    return folder


@pytest.fixture
def empty_folder(tmp_path):
    """No facts yet but one page."""
    return FactsFolder(tmp_path).add("sources", source_id="s1", published="2001")


@pytest.fixture
def make_facts():
    """Facts from rows, without the way over files: ``make_facts(firms=[...], events=[...])``."""

    def make(**rows: list[dict[str, object]]) -> Facts:
        rows.setdefault("sources", [{"source_id": "s1", "published": "2001"}])
        tables = {}
        for name, fields in FACTS.items():
            frame = pd.DataFrame(
                [completed(name, row) for row in rows.get(name, [])], columns=list(fields)
            )
            for column, field in fields.items():
                if field.kind == "amount":
                    frame[column] = frame[column].astype("float64")
                else:
                    texts = frame[column].astype(object).replace({np.nan: None})
                    frame[column] = texts
            tables[name] = frame
        return Facts(**tables)

    return make


class Faults:
    """Let the n-th step that changes something below a folder fail; steps are counted from 0.

    Steps are what Python tells its audit hooks of (files opened to be written, renames, removals,
    new folders, modes) and ``fsync``. A hook cannot be taken away, so there is one for all tests.
    """

    def __init__(self) -> None:
        self.folder, self.at, self.error, self.lasting = None, 0, OSError(), False
        self.count = 0

    def arm(self, folder: Path, at: int, error: BaseException, *, lasting: bool = False) -> None:
        """Begin to count; a lasting fault is a full disk: only renames and removals work then."""
        self.at, self.error, self.lasting, self.count = at, error, lasting, 0
        self.folder = os.fspath(folder)

    def disarm(self) -> bool:
        """End; was the step reached?"""
        self.folder = None
        return self.count > self.at

    def step(self, *, needs_space: bool) -> None:
        here, self.count = self.count, self.count + 1
        if here == self.at or (self.lasting and here > self.at and needs_space):
            raise self.error

    def hook(self, event: str, args: tuple) -> None:
        if self.folder is None or event not in STEPS:
            return
        if event == "open" and not (isinstance(args[2], int) and args[2] & WRITING):
            return
        if isinstance(args[0], str | os.PathLike) and os.fspath(args[0]).startswith(self.folder):
            self.step(needs_space=event in ("open", "os.mkdir"))


STEPS = {"open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
FAULTS = Faults()
sys.addaudithook(FAULTS.hook)


@pytest.fixture
def faults(monkeypatch):
    """What lets a step fail; see Faults."""
    fsync = os.fsync

    def counted(descriptor):
        if FAULTS.folder is not None:
            FAULTS.step(needs_space=True)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", counted)
    yield FAULTS
    FAULTS.disarm()
