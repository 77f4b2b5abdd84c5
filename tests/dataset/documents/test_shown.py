"""What holds several tables shows their sizes on a screen: never all rows, and always HTML too."""

import pytest

import belbiotech as bb


@pytest.fixture(scope="module")
def held():
    facts = bb.simulate_facts(40, seed=3)
    tables = bb.build(facts)
    return {
        "facts": facts,
        "tables": tables,
        "merged": bb.merge_facts(facts, facts),
        "difference": bb.diff("0.2.0", "1.0.0"),
        "same": bb.diff(tables, tables),
    }


KINDS = ["facts", "tables", "merged", "difference", "same"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_fits_on_a_screen(kind, held):
    lines = repr(held[kind]).splitlines()
    assert 3 <= len(lines) <= 20
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_shows_the_same_as_a_table(kind, held):
    html, title = held[kind]._repr_html_(), repr(held[kind]).splitlines()[0]
    assert title in html
    assert html.count("<table") == 1


def test_sizes_are_told(held):
    tables = held["tables"]
    text = repr(tables)
    assert f"Tables of 40 firms, {len(tables.firm_year):,} firm-years" in text
    assert "alliance_window 5" in text
    assert f"{len(tables.sources)} " in text


def test_a_difference_counts_firm_years_not_cells(held):
    found = held["difference"]
    moved = found.firm_years.drop_duplicates(["firm_id", "year"])
    changed = (moved["change"] == "changed").sum()
    assert f"{changed:,} changed" in repr(found)
    assert "From 0.2.0 to 1.0.0" in repr(found)
    assert "none moved" in repr(held["same"])


def test_conflicts_are_counted():
    base = bb.simulate_facts(10, seed=1)
    base.firms.loc[0, "city"] = "Here"
    other = bb.simulate_facts(10, seed=1)
    other.firms.loc[0, "city"] = "Elsewhere"
    merged = bb.merge_facts(base, other)
    assert len(merged.conflicts) == 1
    assert "Conflicts: 1 (firms 1); kept: base 1" in repr(merged)


def test_an_unknown_table_is_told_which_there_are():
    names = "firm_year.*firms.*sources"
    with pytest.raises(bb.ReleaseError, match=f"no table 'patents'.*{names}"):
        bb.load_table("patents", "1.0.0")
    with pytest.raises(bb.ReleaseError, match=f"did you mean 'firms'.*Its tables: .*{names}"):
        bb.load_table("firm", "1.0.0")
