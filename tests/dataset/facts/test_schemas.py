"""The schemas say of every column what it is; and dates and codes keep their rules."""

from pathlib import Path

import pandas as pd
import pytest

from belbiotech.dataset.facts import codes
from belbiotech.dataset.facts.dates import date_precision, date_year, is_before, is_date
from belbiotech.dataset.facts.new import facts_codebook
from belbiotech.dataset.facts.schemas import RAW
from belbiotech.dataset.facts.tables import TABLE_NAMES
from belbiotech.dataset.panel.schemas import PROCESSED

COLUMNS = [
    (kind, table, name, column)
    for kind, schemas in (("raw", RAW), ("processed", PROCESSED))
    for table, schema in schemas.items()
    for name, column in schema.columns.items()
]


def test_the_tables():
    assert list(RAW) == ["firms", "events", "alliances", "financings", "sources"]
    assert tuple(PROCESSED) == TABLE_NAMES
    for table, schema in RAW.items():
        assert set(schema.columns) <= set(PROCESSED[table].columns)
    for schema in (*RAW.values(), *PROCESSED.values()):
        assert schema.description
        assert schema.strict


@pytest.mark.parametrize(
    "column", [line[3] for line in COLUMNS], ids=[".".join(line[:3]) for line in COLUMNS]
)
def test_every_column_is_explained(column):
    assert column.title
    assert column.description.endswith(".")
    assert set(column.metadata) == {"unit", "rule", "since", "values"}
    assert column.metadata["since"]
    assert column.metadata["rule"]
    if str(column.dtype) in ("int64", "Int64", "float64") and not column.metadata["values"]:
        assert column.metadata["unit"]


def test_titles_are_different_in_the_panel():
    titles = [column.title for column in PROCESSED["firm_year"].columns.values()]
    assert len(set(titles)) == len(titles)


def test_every_code_has_its_group():
    grouped = [kind for kinds in codes.PARTNER_GROUPS.values() for kind in kinds]
    assert sorted(grouped) == sorted(codes.PARTNER_TYPES)
    purposes = [kind for kinds in codes.PURPOSES.values() for kind in kinds]
    assert sorted([*purposes, "unspecified"]) == sorted(codes.ALLIANCE_TYPES)
    assert set(codes.EXITS) <= set(codes.EVENTS)


def test_the_codebook_of_the_shipped_facts_is_that_of_the_schemas():
    text = Path("data/raw/README.md").read_text("utf-8")
    assert facts_codebook().strip() in text


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2019", True),
        ("2019-12", True),
        ("2020-02-29", True),
        ("2019-02-29", False),
        ("2019-00", False),
        ("2019-1", False),
        ("20190101", False),
        ("2019-12-", False),
        ("1799", False),
        ("2101", False),
        ("٢٠١٩", False),
        ("2019 ", False),
        ("", False),
    ],
)
def test_dates(text, good):
    assert is_date(pd.Series([text])).tolist() == [good]


def test_no_dates_at_all():
    blank = pd.Series([None, None], dtype=object)
    assert date_year(blank).isna().all()
    assert date_precision(blank).tolist() == [None, None]
    assert is_before(blank, blank).tolist() == [False, False]
    nothing = pd.Series([], dtype=object)
    assert len(date_year(nothing)) == len(is_date(nothing)) == len(is_before(nothing, nothing)) == 0
