"""A set of facts to start from."""

import pytest

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.new import facts_codebook, new_facts
from belbiotech.dataset.facts.read import read_facts
from belbiotech.errors import FactsError


def test_an_empty_set_is_valid(tmp_path):
    folder = new_facts(tmp_path / "deep" / "facts")
    assert all(table.empty for _, table in read_facts(folder).items())
    text = (folder / "README.md").read_text("utf-8")
    assert "any other country any\n  of its codes (DE-BY, FR-IDF)" in text
    for name, fields in FACTS.items():
        assert f"## {name}.csv" in text
        for column, field in fields.items():
            assert f"| {column} | " in text
            assert field.description in text


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "events.csv").write_text("mine")
    with pytest.raises(FactsError, match=r"is not empty \(it holds events\.csv\)"):
        new_facts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"]
    with pytest.raises(FactsError, match="is a file"):
        new_facts(tmp_path / "events.csv")


def test_every_allowed_value_is_in_the_codebook():
    text = facts_codebook()
    for fields in FACTS.values():
        for field in fields.values():
            for code, label in field.values.items():
                assert f"{code} ({label})" in text
